/* The input is a life of runtimed: requests of clients, children that end, descriptors that become ready
 * and time that goes by (feigned/feigned.h has the bytes). Its connections and child processes are feigned; what
 * it decides is its own. */
#include <errno.h>
#include <stdarg.h>

#include "data.h"
#include "feigned.h"
#include "runtimed.h"

#define FIRST_PID 100
#define STRANGER 99
#define MAX_EVENTS 400

enum event { REQUEST, CHILD_ENDED, READY, TICK, CLOSE, EVENTS };

struct options options = { "/run", "/registry", NULL };

static const char startup[] =
	"id=vfsd\tstartup=init\tstarted_by=rootd\texec=/system/vfsd\n"
	"id=one\tstartup=session\texec=/bin/one\trestart=always\tready=notify\tlimit=3\tready_seconds=2\n"
	"id=two\tstartup=session\texec=/bin/two\truntime_deps=one,vfsd\tstop_seconds=1\n"
	"id=three\tstartup=desktop\texec=/bin/three\truntime_deps=two,four\trestart=never\n"
	"id=four\tstartup=desktop\texec=/bin/four\truntime_deps=four\n";
static const char launch[] =
	"id=shell.desktop\tdisplay_name=Shell\texec=/bin/sh\tlogical_admin=false\tconsole_hosted=true\targs=-c,true\n"
	"id=admin\tdisplay_name=Admin\texec=/bin/admin\tlogical_admin=true\tconsole_hosted=false\tenv=A=b\n";
static const char variables[] = "scope=runtime\tkey=PATH\tvalue=/bin\n";

static uint64_t time_ns;
static pid_t last_pid;
static uint64_t next_client;
static struct runtime_registry *startup_registry;	/* runtimed's; it keeps it for good */

/* ---- what runtimed asks of the host ---- */

int feigned_registry_load(const char *path, int (*parse)(const char *, size_t, struct runtime_registry *),
			  struct runtime_registry *registry);
pid_t feigned_getsid(pid_t pid);
uid_t feigned_geteuid(void);
long feigned_syscall(long number, ...);
ssize_t feigned_read(int fd, void *buf, size_t len);
ssize_t feigned_write(int fd, const void *buf, size_t len);
int feigned_close(int fd);

int feigned_registry_load(const char *path, int (*parse)(const char *, size_t, struct runtime_registry *),
			  struct runtime_registry *registry)
{
	const char *text = strstr(path, "startup") ? startup : strstr(path, "launch") ? launch : variables;

	if (text == startup)
		startup_registry = registry;
	return parse(text, strlen(text), registry);
}

/* Every process leads its session, but for those with odd numbers. */
pid_t feigned_getsid(pid_t pid)
{
	if (pid < FIRST_PID || pid > last_pid) {
		errno = ESRCH;
		return -1;
	}
	return pid & ~1;
}

uid_t feigned_geteuid(void)
{
	return 0;
}

/* pidfd_open and pidfd_send_signal. */
long feigned_syscall(long number, ...)
{
	(void)number;
	if (feigned_answer_byte() < 0xf0)
		return 7;
	errno = ESRCH;
	return -1;
}

ssize_t feigned_read(int fd, void *buf, size_t len)
{
	size_t most = feigned_answer_byte();

	(void)fd;
	if (most == 0xff) {
		errno = EAGAIN;
		return -1;
	}
	if (len > most)
		len = most;
	feigned_answer_bytes(buf, len);
	return (ssize_t)len;
}

ssize_t feigned_write(int fd, const void *buf, size_t len)
{
	(void)fd;
	touch(buf, len);
	return feigned_answer_byte() == 0xff ? -1 : (ssize_t)len;
}

int feigned_close(int fd)
{
	REQUIRE(fd >= 0);
	return 0;
}

/* ---- its other parts ---- */

uint64_t now_ns(void)
{
	return time_ns;
}

int watch(int fd, uint32_t events, enum source source, unsigned int index)
{
	(void)events;
	(void)source;
	(void)index;
	REQUIRE(fd >= 0);
	return feigned_answer_byte() == 0xff ? -ENOMEM : 0;
}

int rewatch(int fd, uint32_t events, enum source source, unsigned int index)
{
	return watch(fd, events, source, index);
}

void drop_fd(int *fd)
{
	*fd = -1;
}

void report(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
}

int output_open(struct output *output, uint64_t session)
{
	(void)session;
	*output = (struct output){ .fd = 5 };
	return feigned_answer_byte() == 0xff ? -EMFILE : 0;
}

void output_take(struct output *output, const char *name, bool is_last)
{
	(void)output;
	(void)is_last;
	REQUIRE(*name != '.' && !strchr(name, '/') && strlen(name) < RUNTIME_NAME_BYTES);
}

void output_close(struct output *output, uint64_t session)
{
	(void)session;
	output->fd = -1;
}

int spawn(const struct launch *program, uint64_t session, struct spawned *spawned)
{
	(void)session;
	touch(program->exec, strlen(program->exec));
	if (feigned_answer_byte() == 0xff)
		return -EAGAIN;
	last_pid += 2;
	*spawned = (struct spawned){ .pid = last_pid, .go_fd = 4, .report_fd = 5, .ready_fd = program->wants_ready ? 6 : -1 };
	return 0;
}

uint64_t procfs_start_ticks(pid_t pid)
{
	return pid <= last_pid ? (uint64_t)pid : 0;
}

unsigned int procfs_signal_session(pid_t leader, int signal)
{
	(void)leader;
	(void)signal;
	return feigned_answer_byte() % 2;
}

int state_save(void)
{
	return feigned_answer_byte() == 0xff ? -ENOSPC : 0;
}

void server_answer(uint64_t client, const struct runtime_response *response, const struct runtime_running_program *records)
{
	REQUIRE(client < next_client);
	REQUIRE(response->magic == RUNTIME_RESPONSE_MAGIC && response->nprograms <= RUNTIME_MAX_PROGRAMS);
	REQUIRE(response->status <= 0);
	for (uint32_t i = 0; i < response->nprograms; i++) {
		REQUIRE(memchr(records[i].desktop_id, 0, sizeof(records[i].desktop_id)));
		REQUIRE(memchr(records[i].name, 0, sizeof(records[i].name)));
		feigned_give(records[i].session);
		feigned_give(records[i].pid);
	}
}

/* ---- the events ---- */

/* As server.c hands it on: the text has an end, the operation is one. */
static void make_request(void)
{
	static const uid_t users[] = { 0, 1000, 1001, 65534 };
	unsigned int who = feigned_byte();
	struct peer peer = { .pid = STRANGER, .uid = users[who % 4], .gid = users[who % 4], .is_service = who & 128 };
	struct runtime_request request = { .operation = RUNTIME_SNAPSHOT + feigned_byte() % RUNTIME_UI_READY };
	size_t len = feigned_byte();

	request.argument = feigned_word();
	feigned_bytes(request.text, len < sizeof(request.text) ? len : sizeof(request.text) - 1);
	request_serve(next_client++, &peer, &request);
}

static void become_ready(void)
{
	static const enum source sources[] = { SOURCE_REPORT, SOURCE_READY, SOURCE_OUTPUT, SOURCE_PIDFD, SOURCE_PENDING_KILL };
	enum source source = sources[feigned_byte() % 5];

	program_event(source, feigned_byte() % (source == SOURCE_PENDING_KILL ? 32 : RUNTIME_MAX_PROGRAMS));
}

static void pass_time(void)
{
	uint64_t programs_next, services_next;

	time_ns += (uint64_t)feigned_byte() * 100000000;
	services_next = services_tick(time_ns);
	programs_next = program_tick(time_ns);
	REQUIRE(services_next && programs_next);
}

static void happen(enum event event)
{
	switch (event) {
	case REQUEST:
		make_request();
		break;
	case CHILD_ENDED:
		program_child_ended((pid_t)(FIRST_PID + 2 * (feigned_byte() % 64)), (int)feigned_byte() << 8 | (int)feigned_byte() % 128);
		break;
	case READY:
		become_ready();
		break;
	case CLOSE:
		services_close();
		break;
	default:
		pass_time();
		break;
	}
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	feigned_data_restore();
	feigned_open_input(data, size);
	time_ns = 1000000000;
	last_pid = FIRST_PID;
	next_client = 0;
	services_begin();
	for (unsigned int n = 0; feigned_has_input() && n < MAX_EVENTS; n++)
		happen(feigned_byte() % EVENTS);
	runtime_registry_free(startup_registry);
	runtime_registry_free(&launch_registry);
	runtime_registry_free(&env_registry);
	return 0;
}
