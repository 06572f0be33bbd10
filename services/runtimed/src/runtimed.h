/* services/runtimed/src/runtimed.h: the service manager and launch broker.
 *
 *	main		options, the loop, signals, shutdown
 *	schedule	which service starts when, and when again; needs no machine
 *	policy		who may have what done; needs no machine
 *	services	runs what the schedule says
 *	programs	everything that runs: each program a session, from its start to its last process
 *	spawn		from fork to execve
 *	procfs		what /proc knows of processes
 *	output		what programs write, and what runtimed has to say
 *	state		what a successor must know
 *	server		connections; requests: what they ask for
 *
 * One thread and one epoll set. Nothing waits for a client, a program or a pipe: whatever
 * can be slow is a descriptor in the set, or has a time limit in program_tick().
 */
#ifndef RUNTIMED_RUNTIMED_H
#define RUNTIMED_RUNTIMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <runtime-control/protocol.h>
#include <runtime-control/registries.h>

#include "policy.h"
#include "schedule.h"

#define MAX_SESSIONS (RUNTIME_MAX_PROGRAMS - SCHEDULE_MAX_UNITS)
#define MAX_SESSIONS_OF_USER 64
#define STOP_SECONDS 5			/* from SIGTERM to SIGKILL, of launched programs */
#define LINE_BYTES 240
#define LOG_FILE_BYTES 32768		/* then it becomes NAME.old */
#define NO_UNIT -1
#define NO_CLIENT UINT64_MAX

/* What an event of the epoll set is about; the slot's index lies above it. */
enum source { SOURCE_LISTENER, SOURCE_SIGNALS, SOURCE_CLIENT, SOURCE_PIDFD, SOURCE_REPORT, SOURCE_READY, SOURCE_OUTPUT,
	SOURCE_PENDING_KILL };

struct options {
	const char *run_dir;		/* of the socket, the state and the logs */
	const char *registry_dir;
	const char *log;		/* a file in the place of the kernel's log; NULL */
};

extern struct options options;

/* ---- main.c ---- */

/* CLOCK_BOOTTIME: a successor reads the same clock. */
uint64_t now_ns(void);

/* Watch @fd for @events. Returns: 0; negative errno. */
int watch(int fd, uint32_t events, enum source source, unsigned int index);
int rewatch(int fd, uint32_t events, enum source source, unsigned int index);

/* Put a path below the run folder together. Returns: @buf. */
const char *run_path(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Close *@fd unless it is -1, and make it -1. */
void drop_fd(int *fd);

/* ---- output.c ---- */

/* What a program writes, until it is a line. */
struct output {
	int fd;				/* the FIFO; -1 */
	size_t len;
	char line[LINE_BYTES];
	uint64_t second;		/* lines told to the kernel's log in this second */
	unsigned int ntold, nuntold;
};

void output_begin(void);

/* One line of runtimed's own. */
void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Make, or open again, the FIFO that the program of @session writes to. Both sides open it for
 * reading and writing, so that a program outlives the death of runtimed without SIGPIPE.
 * Returns: 0; negative errno. */
int output_open(struct output *output, uint64_t session);

/* Take what there is and pass on whole lines, under @name. With @is_last, all of it, and the rest as a line. */
void output_take(struct output *output, const char *name, bool is_last);

/* Close and unlink. */
void output_close(struct output *output, uint64_t session);

/* ---- programs.c ---- */

enum program_phase {
	PROGRAM_EXECUTING,		/* between fork and execve */
	PROGRAM_RUNNING,
	PROGRAM_STOPPING,
};

struct program {
	bool is_used;
	bool is_ready;			/* has said so, or need not */
	bool is_child;			/* ours to wait for; else adopted */
	bool is_leader_gone;
	bool is_killed;
	bool is_status_known;
	enum program_phase phase;
	enum runtime_kind kind;
	int unit;			/* of a service; else NO_UNIT */
	int status;			/* as of waitpid() */
	int exec_error;			/* why execve failed */
	pid_t pid;
	uid_t uid;
	gid_t gid;
	uint64_t session;
	uint64_t start_ns;
	uint64_t start_ticks;		/* from /proc: tells a pid from its next owner */
	uint64_t act_at_ns;		/* while stopping: SIGKILL, and after that despair */
	uint64_t look_at_ns;		/* for processes left */
	uint32_t stop_seconds;
	uint64_t client;		/* who waits for the launch; NO_CLIENT */
	int pidfd, report_fd, ready_fd;
	struct output output;
	char desktop_id[RUNTIME_ID_BYTES];
	char name[RUNTIME_NAME_BYTES];
};

extern struct program programs[RUNTIME_MAX_PROGRAMS];
extern uint64_t next_session;

/* What to start. */
struct launch {
	enum runtime_kind kind;
	int unit;
	const char *desktop_id, *name, *exec;
	const struct runtime_words *args, *env;
	uid_t uid;
	gid_t gid;
	bool wants_ready;		/* it is ready when it says so */
	uint32_t stop_seconds;
	uint64_t client;
};

/* Start a program in a session of its own. That it was executed, or why not, is told later.
 * Returns: the program, or NULL and *@err: -EAGAIN without room, -EIO if its state could not be kept, ... */
struct program *program_start(const struct launch *launch, int *err);

/* Take over a program that runs since before us; its slot is filled in but for descriptors. */
void program_adopt(struct program *program);

/* A free slot, for program_adopt(). NULL without one. */
struct program *program_slot(void);

/* Ask every process of it to end. */
void program_stop(struct program *program);

/* End the process @pid of @program: the whole program if it is the leader.
 * Returns: 0; negative errno: -ESRCH, -EAGAIN. */
int program_stop_process(struct program *program, pid_t pid);

/* The program in whose session @pid runs; NULL. */
struct program *program_of_pid(pid_t pid);
struct program *program_of_session(uint64_t session);

/* The child @pid has ended with @status; strangers are of no interest. */
void program_child_ended(pid_t pid, int status);

void program_event(enum source source, unsigned int index);

/* Do what is due. Returns: when to call again. */
uint64_t program_tick(uint64_t now);

unsigned int program_count(enum runtime_kind kind);
unsigned int program_count_of(uid_t uid);

/* ---- spawn.c ---- */

struct spawned {
	pid_t pid;
	int go_fd;		/* a byte lets the child go on; closing it makes it exit */
	int report_fd;		/* an int, the errno, if execve fails; the end of file if it does not */
	int ready_fd;		/* -1, or where the program says that it is ready */
};

/* Fork a child that waits; its output goes where output_open() has made the place of @session.
 * Returns: 0; negative errno. */
int spawn(const struct launch *launch, uint64_t session, struct spawned *spawned);

/* ---- procfs.c ---- */

/* Returns: when @pid started, in the kernel's ticks; 0 if there is none or it has ended. */
uint64_t procfs_start_ticks(pid_t pid);

/* Send @signal to every living process of the session that @leader leads or led; 0 sends none.
 * Returns: how many there are. */
unsigned int procfs_signal_session(pid_t leader, int signal);

/* ---- services.c ---- */

extern struct schedule schedule;
extern struct runtime_registry launch_registry, env_registry;

/* Read the registries and build the schedule. */
void services_begin(void);

/* Start what is to start, end what is overdue, stop what is to stop. Returns: when to call again. */
uint64_t services_tick(uint64_t now);

void services_executed(struct program *program);
void services_ready(struct program *program);
void services_ended(struct program *program);

/* Have @program, a service, ended and not started again. */
void services_stop(struct program *program);

void services_ui_ready(void);

/* Begin to shut down. */
void services_close(void);
bool services_are_over(void);

/* ---- state.c ---- */

/* Write down what runs. Returns: 0; negative errno, reported. */
int state_save(void);

/* Find what a predecessor left running. */
void state_load(void);

void state_remove(void);

/* ---- server.c ---- */

/* Returns: 0; negative errno, reported. */
int server_begin(void);
void server_event(enum source source, unsigned int index, uint32_t events);

/* Send the answer to the client that waits for it, if it still does; records follow it. */
void server_answer(uint64_t client, const struct runtime_response *response,
		   const struct runtime_running_program *records);
void server_end(void);

/* ---- requests.c ---- */

/* Do what @request asks for and answer @client, now or later. */
void request_serve(uint64_t client, const struct peer *peer, const struct runtime_request *request);

/* The launch that @client waits for has come to @status. */
void request_launched(uint64_t client, const struct program *program, int status);

#endif
