#define _GNU_SOURCE	/* struct ucred, pidfd */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtimed.h"

#define LOOK_NS 50000000ull		/* between looks at what is left of a session */
#define DESPAIR_NS 5000000000ull	/* what SIGKILL does not end in this time is left alone */
#define SECOND_NS 1000000000ull
#define MAX_PENDING_KILLS 32
#define ERRNO_MAX 4095		/* of system calls */

struct program programs[RUNTIME_MAX_PROGRAMS];
uint64_t next_session = 1;

/* One process that was asked to end, and is killed at a time. */
static struct pending_kill {
	int pidfd;		/* 0: a free place */
	uint64_t at_ns;
} pending_kills[MAX_PENDING_KILLS];

static unsigned int index_of(const struct program *program)
{
	return (unsigned int)(program - programs);
}

/* ---- finding ---- */

struct program *program_slot(void)
{
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (!programs[i].is_used) {
			memset(&programs[i], 0, sizeof(programs[i]));
			programs[i].pidfd = programs[i].report_fd = programs[i].ready_fd = programs[i].output.fd = -1;
			programs[i].client = NO_CLIENT;
			return &programs[i];
		}
	return NULL;
}

struct program *program_of_session(uint64_t session)
{
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used && programs[i].session == session)
			return &programs[i];
	return NULL;
}

struct program *program_of_pid(pid_t pid)
{
	pid_t leader = getsid(pid);

	if (leader < 0)
		return NULL;
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used && programs[i].pid == leader)
			return &programs[i];
	return NULL;
}

unsigned int program_count(enum runtime_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		n += programs[i].is_used && programs[i].kind == kind;
	return n;
}

unsigned int program_count_of(uid_t uid)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		n += programs[i].is_used && programs[i].kind == RUNTIME_SESSION && programs[i].uid == uid;
	return n;
}

/* ---- the end ---- */

static void release(struct program *program)
{
	output_take(&program->output, program->name, true);
	output_close(&program->output, program->session);
	drop_fd(&program->pidfd);
	drop_fd(&program->report_fd);
	drop_fd(&program->ready_fd);
	program->is_used = false;
}

/* Nothing of it is left. */
static void finish(struct program *program)
{
	struct program copy;

	if (program->client != NO_CLIENT) {
		request_launched(program->client, program, program->exec_error ? program->exec_error : -ESRCH);
		program->client = NO_CLIENT;
	}
	release(program);
	copy = *program;
	if (copy.kind == RUNTIME_SERVICE)
		services_ended(&copy);
	state_save();
}

static void begin_stopping(struct program *program)
{
	if (program->phase == PROGRAM_STOPPING)
		return;
	program->phase = PROGRAM_STOPPING;
	program->act_at_ns = now_ns() + program->stop_seconds * SECOND_NS;
	program->look_at_ns = 0;
	procfs_signal_session(program->pid, SIGTERM);
}

void program_stop(struct program *program)
{
	begin_stopping(program);
	state_save();
}

/* The leader has ended: a session does not outlive it. */
static void lose_leader(struct program *program)
{
	program->is_leader_gone = true;
	drop_fd(&program->pidfd);
	drop_fd(&program->ready_fd);
	if (!procfs_signal_session(program->pid, 0)) {
		finish(program);
		return;
	}
	begin_stopping(program);
}

/* What the child told before it ended may still lie in the pipe. */
static void take_report(struct program *program)
{
	int err;
	ssize_t len;

	if (program->report_fd < 0)
		return;
	len = read(program->report_fd, &err, sizeof(err));
	if (len < 0)
		return;
	drop_fd(&program->report_fd);
	if (len == (ssize_t)sizeof(err)) {
		program->exec_error = err > 0 && err <= ERRNO_MAX ? -err : -EIO;
		return;
	}
	if (program->phase == PROGRAM_EXECUTING)
		program->phase = PROGRAM_RUNNING;
	if (program->kind == RUNTIME_SERVICE)
		services_executed(program);
	if (program->client != NO_CLIENT)
		request_launched(program->client, program, 0);
	program->client = NO_CLIENT;
}

void program_child_ended(pid_t pid, int status)
{
	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++) {
		struct program *program = &programs[i];

		if (!program->is_used || program->pid != pid || !program->is_child || program->is_leader_gone)
			continue;
		program->status = status;
		program->is_status_known = true;
		take_report(program);
		lose_leader(program);
		return;
	}
}

/* ---- the beginning ---- */

static int watch_program(struct program *program)
{
	unsigned int index = index_of(program);
	int err = watch(program->output.fd, EPOLLIN, SOURCE_OUTPUT, index);

	if (!err && program->report_fd >= 0)
		err = watch(program->report_fd, EPOLLIN, SOURCE_REPORT, index);
	if (!err && program->ready_fd >= 0)
		err = watch(program->ready_fd, EPOLLIN, SOURCE_READY, index);
	return err;
}

static void fill(struct program *program, const struct launch *launch)
{
	program->is_used = true;
	program->is_child = true;
	program->is_ready = !launch->wants_ready;
	program->kind = launch->kind;
	program->unit = launch->unit;
	program->uid = launch->uid;
	program->gid = launch->gid;
	program->session = next_session++;
	program->start_ns = now_ns();
	program->stop_seconds = launch->stop_seconds;
	program->client = launch->client;
	strncpy(program->desktop_id, launch->desktop_id, sizeof(program->desktop_id) - 1);
	strncpy(program->name, launch->name, sizeof(program->name) - 1);
}

/* A name becomes a file's. */
static void clean_name(char *name)
{
	if (*name == '.')
		*name = '_';
	for (; *name; name++)
		if (*name == '/')
			*name = '_';
}

/* Written down first, let go then: there is no moment in which it runs and a successor would not know. */
static int let_go(struct program *program, const struct spawned *spawned)
{
	int err;

	program->pid = spawned->pid;
	program->report_fd = spawned->report_fd;
	program->ready_fd = spawned->ready_fd;
	program->start_ticks = procfs_start_ticks(spawned->pid);
	err = watch_program(program);
	if (!err)
		err = state_save() ? -EIO : 0;
	if (!err && write(spawned->go_fd, "", 1) != 1)
		err = -EIO;
	return err;
}

struct program *program_start(const struct launch *launch, int *err)
{
	struct program *program = program_slot();
	struct spawned spawned;

	*err = -EAGAIN;
	if (!program)
		return NULL;
	fill(program, launch);
	clean_name(program->name);
	*err = output_open(&program->output, program->session);
	if (!*err)
		*err = spawn(launch, program->session, &spawned);
	if (*err) {
		release(program);
		return NULL;
	}
	*err = let_go(program, &spawned);
	close(spawned.go_fd);
	if (!*err)
		return program;
	/* The child ends by itself now; it is a stranger when it does. */
	release(program);
	return NULL;
}

void program_adopt(struct program *program)
{
	int err = output_open(&program->output, program->session);

	if (!err)
		err = watch_program(program);
	if (err)
		report("%s: cannot read what it writes: error %d", program->name, -err);
	/* The number is still its own if it started when the predecessor saw it start, now that a
	 * descriptor holds it. */
	program->pidfd = (int)syscall(SYS_pidfd_open, program->pid, 0);
	if (program->pidfd < 0 || procfs_start_ticks(program->pid) != program->start_ticks ||
	    watch(program->pidfd, EPOLLIN, SOURCE_PIDFD, index_of(program)))
		lose_leader(program);
}

/* ---- single processes ---- */

static int signal_pidfd(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) ? -errno : 0;
}

static struct pending_kill *free_pending_kill(void)
{
	for (unsigned int i = 0; i < MAX_PENDING_KILLS; i++)
		if (!pending_kills[i].pidfd)
			return &pending_kills[i];
	return NULL;
}

static void end_pending_kill(struct pending_kill *pending)
{
	close(pending->pidfd);
	pending->pidfd = 0;
}

static int stop_one(struct program *program, pid_t pid)
{
	struct pending_kill *pending = free_pending_kill();
	int pidfd, err;

	if (!pending)
		return -EAGAIN;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	/* Ask again, now that the number cannot become somebody else's. */
	err = program_of_pid(pid) == program ? signal_pidfd(pidfd, SIGTERM) : -ESRCH;
	if (!err)
		err = watch(pidfd, EPOLLIN, SOURCE_PENDING_KILL, (unsigned int)(pending - pending_kills));
	if (err) {
		close(pidfd);
		return err;
	}
	pending->pidfd = pidfd;
	pending->at_ns = now_ns() + STOP_SECONDS * SECOND_NS;
	return 0;
}

int program_stop_process(struct program *program, pid_t pid)
{
	if (pid != program->pid)
		return stop_one(program, pid);
	if (program->kind == RUNTIME_SERVICE)
		services_stop(program);
	else
		program_stop(program);
	return 0;
}

/* ---- events ---- */

static void take_ready(struct program *program)
{
	char bytes[64];
	ssize_t len = program->ready_fd < 0 ? -1 : read(program->ready_fd, bytes, sizeof(bytes));

	if (len < 0)
		return;
	if (len > 0 && !memchr(bytes, '\n', (size_t)len))
		return;
	/* The end of the file without a line: it never will be ready, and its time limit sees to it. */
	drop_fd(&program->ready_fd);
	if (!len)
		return;
	program->is_ready = true;
	services_ready(program);
	state_save();
}

void program_event(enum source source, unsigned int index)
{
	struct program *program = &programs[index];

	if (source == SOURCE_PENDING_KILL) {
		if (pending_kills[index].pidfd)
			end_pending_kill(&pending_kills[index]);
		return;
	}
	if (!program->is_used)
		return;
	if (source == SOURCE_OUTPUT)
		output_take(&program->output, program->name, false);
	else if (source == SOURCE_REPORT)
		take_report(program);
	else if (source == SOURCE_READY)
		take_ready(program);
	else if (source == SOURCE_PIDFD && program->pidfd >= 0 && !procfs_start_ticks(program->pid))
		lose_leader(program);
}

/* ---- time ---- */

static uint64_t soonest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Returns: false when it is over. */
static bool press(struct program *program, uint64_t now)
{
	int signal = 0;

	if (now >= program->act_at_ns) {
		if (program->is_killed) {
			report("%s: session %llu does not end", program->name, (unsigned long long)program->session);
			/* Not a second one beside it. */
			if (program->kind == RUNTIME_SERVICE)
				schedule_stopping(&schedule, (unsigned int)program->unit, true);
			finish(program);
			return false;
		}
		report("%s: killing session %llu, which did not end in time", program->name,
		       (unsigned long long)program->session);
		program->is_killed = true;
		program->act_at_ns = now + DESPAIR_NS;
	}
	if (program->is_killed)
		signal = SIGKILL;
	program->look_at_ns = now + LOOK_NS;
	if (!procfs_signal_session(program->pid, signal) && program->is_leader_gone) {
		finish(program);
		return false;
	}
	return true;
}

static uint64_t tick_one(struct program *program, uint64_t now)
{
	if (program->phase != PROGRAM_STOPPING)
		return SCHEDULE_NEVER;
	if (now >= soonest(program->look_at_ns, program->act_at_ns) && !press(program, now))
		return SCHEDULE_NEVER;
	return soonest(program->look_at_ns, program->act_at_ns);
}

uint64_t program_tick(uint64_t now)
{
	uint64_t next = SCHEDULE_NEVER;

	for (unsigned int i = 0; i < RUNTIME_MAX_PROGRAMS; i++)
		if (programs[i].is_used)
			next = soonest(next, tick_one(&programs[i], now));
	for (unsigned int i = 0; i < MAX_PENDING_KILLS; i++) {
		struct pending_kill *pending = &pending_kills[i];

		if (pending->pidfd && now >= pending->at_ns) {
			signal_pidfd(pending->pidfd, SIGKILL);
			pending->at_ns = SCHEDULE_NEVER;
		}
		if (pending->pidfd)
			next = soonest(next, pending->at_ns);
	}
	return next;
}
