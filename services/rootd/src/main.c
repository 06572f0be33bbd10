/* rootd: start what the manifest lists, then supervise it. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <albireo/services.h>
#include <nucleus/nucleus.h>

#include "restart.h"
#include "rootd.h"

#define MANIFEST_PATH "boot-manifest.tsv"

/* Two calls of the Linux table that every process has (DECISIONS 18). */
#define SYS_NANOSLEEP 35
#define SYS_EXIT_GROUP 231

#define NSEC_PER_SEC 1000000000ull

static char manifest[8192];
static struct boot_service services[MANIFEST_MAX_SERVICES];
static struct restart restarts[MANIFEST_MAX_SERVICES];
static int nservices;

void rootd_main(void) __attribute__((noreturn));

/* The machine is over: the kernel panics when rootd ends. */
static void give_up(void) __attribute__((noreturn));
static void give_up(void)
{
	for (;;)
		nucleus_syscall1(SYS_EXIT_GROUP, 1);
}

static void pause_ns(uint64_t ns)
{
	struct { int64_t sec, nsec; } time = { (int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC) };

	nucleus_syscall2(SYS_NANOSLEEP, (unsigned long)&time, 0);
}

/* Services with an id hold the system together; others (initd) are what it is there for. */
static bool is_foundation(const struct boot_service *service)
{
	return service->service_ids[0];
}

static void load_manifest(void)
{
	long len = bundle_read(MANIFEST_PATH, manifest, sizeof(manifest));
	unsigned int line;

	if (len < 0) {
		rootd_log(NUCLEUS_LOG_FATAL, "cannot read " MANIFEST_PATH ": error %ld", -len);
		give_up();
	}
	nservices = manifest_parse(manifest, (size_t)len, services, &line);
	if (nservices < 0) {
		rootd_log(NUCLEUS_LOG_FATAL, MANIFEST_PATH ":%u is damaged", line);
		give_up();
	}
}

/* The manifest lists them in order; nobody waits for anybody, for callers park until the
 * service that they call has registered. Some wait for their first caller. */
static void start_all(void)
{
	for (int i = 0; i < nservices; i++)
		if (services[i].order && !services[i].is_on_demand && spawn_service(&services[i], false))
			give_up();
}

static bool serves(const struct boot_service *service, uint32_t id)
{
	for (int i = 0; i < MANIFEST_MAX_IDS; i++)
		if (service->service_ids[i] == id)
			return true;
	return false;
}

static int find_service(uint32_t pid)
{
	for (int i = 0; i < nservices; i++)
		if (services[i].order && services[i].pid == pid)
			return i;
	return -1;
}

/* Never gives up: without this service nothing else can be put right. */
static void restart(int index)
{
	uint64_t wait_ns = restart_note(&restarts[index], nucleus_clock());

	for (;;) {
		if (wait_ns)
			pause_ns(wait_ns);
		if (!spawn_service(&services[index], true))
			return;
		wait_ns = RESTART_PAUSE_NS;
	}
}

/* Somebody calls a service for the first time. An id that no service has is its caller's mistake. */
static void start_wanted(uint32_t id)
{
	for (int i = 0; i < nservices; i++) {
		if (!services[i].is_on_demand || !serves(&services[i], id))
			continue;
		services[i].is_on_demand = false;
		if (spawn_service(&services[i], true))
			restart(i);
	}
}

static void take_death(const struct proc_exit *end)
{
	int index = find_service(end->pid);
	uint32_t signal = end->status & 0x7f;

	if (index < 0) {
		rootd_log(NUCLEUS_LOG_WARN, "pid %u, which is no service, ended", end->pid);
		return;
	}
	if (!is_foundation(&services[index])) {
		rootd_log(NUCLEUS_LOG_FATAL, "%s ended with status 0x%x: the machine is over", services[index].id,
			  end->status);
		give_up();
	}
	if (signal)
		rootd_log(NUCLEUS_LOG_WARN, "%s was killed by signal %u, starting it again", services[index].id, signal);
	else
		rootd_log(NUCLEUS_LOG_WARN, "%s exited with status %u, starting it again", services[index].id,
			  end->status >> 8 & 0xff);
	restart(index);
}

void rootd_main(void)
{
	struct proc_exit end;
	int err;

	load_manifest();
	start_all();
	for (;;) {
		err = nucleus_proc_wait(&end);
		if (!err && end.pid) {
			take_death(&end);
		} else if (!err) {
			start_wanted(end.wanted);
		} else if (err != -EINTR) {
			rootd_log(NUCLEUS_LOG_FATAL, "cannot wait for services: error %d", -err);
			give_up();
		}
	}
}
