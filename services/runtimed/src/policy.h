/* services/runtimed/src/policy.h: who may have what done.
 *
 * Root may everything. Others may look at all that runs, launch programs that run as they
 * themselves do, and end what runs as they do and was launched so. The UI server is a
 * service: only root's processes, and services of ours, may say that it is ready.
 */
#ifndef RUNTIMED_POLICY_H
#define RUNTIMED_POLICY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <runtime-control/protocol.h>

/* Who asks: from SO_PEERCRED, and what runtimed knows of that pid. */
struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	bool is_service;	/* belongs to a service that runtimed started */
};

/* What the request is about. */
struct policy_object {
	enum runtime_kind kind;		/* of the program to end */
	uid_t uid;			/* as whom it runs */
	bool is_admin;			/* the program to launch is for root only */
};

/* @own_uid: as whom runtimed runs; without root's rights it can start programs only as itself.
 * @object may be NULL for operations without one. Returns: 0 or -EPERM. */
int policy_check(const struct peer *peer, enum runtime_operation operation, const struct policy_object *object,
		 uid_t own_uid);

#endif
