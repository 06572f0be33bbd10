/* runtime-control/registries.h: the registries that say what is started and launched.
 *
 * Staging writes them from package.toml (docs/packages.md) and config/system.toml. A line that
 * cannot be used is skipped and counted, so that one damaged record stops no other program.
 * What the readers return is theirs until runtime_registry_free().
 */
#ifndef RUNTIME_CONTROL_REGISTRIES_H
#define RUNTIME_CONTROL_REGISTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <runtime-control/protocol.h>

#define DEFAULT_APPLICATIONS_DIR "/usr/share/applications"
#define DEFAULT_AUTOSTART_DIR "/etc/xdg/autostart"
#define DEFAULT_STARTUP_REGISTRY_PATH "/system/registry/system/startup-programs.tsv"
#define DEFAULT_DESKTOP_REGISTRY_PATH "/system/registry/system/desktop-programs.tsv"
#define DEFAULT_RUNTIME_LAUNCH_REGISTRY_PATH "/system/registry/system/runtime-launch-programs.tsv"
#define DEFAULT_RUNTIME_ENV_REGISTRY_PATH "/system/registry/system/runtime-env.tsv"

#define RUNTIME_REGISTRY_MAX_BYTES (1 << 20)
#define RUNTIME_PATH_BYTES 256
#define RUNTIME_WORDS_MAX 16		/* arguments, variables or dependencies of one program */

enum runtime_startup { RUNTIME_STARTUP_INIT, RUNTIME_STARTUP_SESSION, RUNTIME_STARTUP_DESKTOP };

enum runtime_starter { RUNTIME_BY_ROOTD, RUNTIME_BY_INITD, RUNTIME_BY_RUNTIMED };

enum runtime_restart { RUNTIME_RESTART_NEVER, RUNTIME_RESTART_ON_FAILURE, RUNTIME_RESTART_ALWAYS };

/* When those that depend on a program may start. */
enum runtime_readiness {
	RUNTIME_READY_STARTED,		/* once it was executed */
	RUNTIME_READY_NOTIFY,		/* once it has written a line to the descriptor that READY_FD names */
};

struct runtime_words {
	unsigned int n;
	char *word[RUNTIME_WORDS_MAX + 1];	/* NULL behind the last */
};

/* A line of startup-programs.tsv. */
struct runtime_startup_program {
	char id[RUNTIME_ID_BYTES];
	char exec[RUNTIME_PATH_BYTES];
	enum runtime_startup startup;
	enum runtime_starter started_by;
	enum runtime_restart restart;
	enum runtime_readiness ready;
	uint32_t limit;			/* restarts within the window, then it is given up */
	uint32_t window_seconds;
	uint32_t ready_seconds;
	uint32_t stop_seconds;
	struct runtime_words deps, args, env;
};

/* A line of desktop-programs.tsv or runtime-launch-programs.tsv. */
struct runtime_launch_program {
	char id[RUNTIME_ID_BYTES];
	char display_name[RUNTIME_NAME_BYTES];
	char exec[RUNTIME_PATH_BYTES];
	uint32_t weight_micros;
	bool logical_admin;
	bool console_hosted;
	struct runtime_words args, env;
};

/* A line of runtime-env.tsv as `KEY=value`. */
struct runtime_variable {
	bool is_for_init;		/* scope=init; else scope=runtime */
	char *text;
};

struct runtime_registry {
	char *text;			/* what the words lie in */
	size_t n;
	unsigned int nskipped;		/* lines that could not be used */
	unsigned int first_skipped;	/* the number of the first of them */
	union {
		struct runtime_startup_program *startup;
		struct runtime_launch_program *launch;
		struct runtime_variable *variables;
	};
};

/* Parse @len bytes at @text.
 * Returns: 0; -ENOMEM; -EFBIG beyond RUNTIME_REGISTRY_MAX_BYTES. */
int runtime_startup_parse(const char *text, size_t len, struct runtime_registry *registry);
int runtime_launch_parse(const char *text, size_t len, struct runtime_registry *registry);
int runtime_env_parse(const char *text, size_t len, struct runtime_registry *registry);

/* Parse the file at @path. Returns: as the parsers; what open() and read() gave. */
int runtime_registry_load(const char *path, int (*parse)(const char *, size_t, struct runtime_registry *),
			  struct runtime_registry *registry);

/* Release what a reader returned; a zeroed registry is fine. */
void runtime_registry_free(struct runtime_registry *registry);

/* The program with @id; a ".desktop" behind @id does not count. Returns: NULL if there is none. */
const struct runtime_launch_program *runtime_launch_find(const struct runtime_registry *registry, const char *id);

#endif
