/* services/initd/src/request.h: the exec request, parsed (albireo/exec_request.h).
 *
 * The request comes from the host, which is trusted, but a request of another
 * version or a damaged one must not be half obeyed: any doubt refuses it all.
 */
#ifndef INITD_REQUEST_H
#define INITD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAX_MOUNTS 64
#define REQUEST_MAX_GROUPS 64	/* CRED_MAX_GROUPS */
#define REQUEST_MAX_HOST 64	/* sethostname's bound */

struct request_mount {
	const char *tag;
	const char *target;
	bool is_readonly;
};

/* Strings point into the request's bytes. */
struct exec_request {
	char **argv;		/* NULL-terminated, one element at least */
	char **envp;
	const char *cwd;
	const char *id;		/* "" without one */
	const char *host;	/* "" where it is not told */
	uint32_t uid, gid;
	uint32_t ngroups;
	uint32_t groups[REQUEST_MAX_GROUPS];
	uint32_t umask;
	uint64_t time_ns;	/* 0: not told */
	bool has_tty;
	uint16_t rows, cols;
	bool is_run;		/* an interactive machine */
	bool has_strace;
	bool has_home_tmpfs;
	unsigned int nmounts;
	struct request_mount mounts[REQUEST_MAX_MOUNTS];
	char why[80];		/* after -EINVAL: what is wrong */
};

/* Parse @data, which is cut into strings in place and must outlive @request.
 * Returns: 0, and request_free() is owed; -EINVAL; -ENOMEM. */
int request_parse(char *data, size_t len, struct exec_request *request);
void request_free(struct exec_request *request);

#endif
