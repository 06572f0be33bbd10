/* tests/machine/service_work.c: one round of what asks a certain service, each answer checked. Leaves nothing behind.
 *
 *   service-work identity               syscalld: who a program becomes, and what it may no more
 *   service-work sockets                netd: names of sockets, in the working folder
 *   service-work input DEVICE           inputd: opens DEVICE again and again, as root and as nobody
 *   service-work key DEVICE             the same, and prints "press" until a key's event comes
 *   service-work partitions DISK        storaged: writes partition tables on DISK and uses what they hold
 */
#include "counters.h"
#include "socket_work.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/input.h>

#define NOBODY 65534
#define OPENS 50
#define SECTOR 512
#define MAX_PARTITIONS 4
#define PARTITION_SECTORS 64
#define GAP_SECTORS 2048

static void demand(bool claim, const char *what)
{
	if (!claim)
		die("%s", what);
}

/* @work in a process of its own, which must end well. */
static void in_a_child(void (*work)(const char *), const char *argument)
{
	pid_t child = (pid_t)need(fork());
	int status;

	if (!child) {
		work(argument);
		_exit(0);
	}
	need(waitpid(child, &status, 0));
	if (status)
		die("a child ended with status %#x", status);
}

/* ---- identity ---- */

static void become_nobody(const char *unused)
{
	const gid_t groups[] = { 5, 7 };
	gid_t got[8];
	uid_t real, effective, saved;

	(void)unused;
	need(setgroups(2, groups));
	need(setgid(NOBODY));
	need(setuid(NOBODY));
	need(getresuid(&real, &effective, &saved));
	demand(real == NOBODY && effective == NOBODY && saved == NOBODY, "setuid does not set all three");
	demand(getgroups(8, got) == 2 && got[0] == 5 && got[1] == 7, "other groups than were set");
	demand(setuid(0) == -1 && errno == EPERM, "nobody became root");
	demand(setgroups(0, NULL) == -1 && errno == EPERM, "nobody gave up groups");
}

static void lower_limits(const char *unused)
{
	struct rlimit limit = { 100, 200 };

	(void)unused;
	need(setrlimit(RLIMIT_NOFILE, &limit));
	need(setuid(NOBODY));
	limit.rlim_max = 300;
	demand(setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == EPERM, "nobody raised a limit");
	need(getrlimit(RLIMIT_NOFILE, &limit));
	demand(limit.rlim_cur == 100 && limit.rlim_max == 200, "other limits than were set");
}

static void use_identity(void)
{
	in_a_child(become_nobody, NULL);
	in_a_child(lower_limits, NULL);
}

/* ---- input ---- */

static int open_device(const char *path)
{
	struct input_id id;
	int fd = (int)need(open(path, O_RDONLY | O_CLOEXEC));

	need(ioctl(fd, EVIOCGID, &id));
	return fd;
}

static void open_as_nobody(const char *path)
{
	need(setgroups(0, NULL));
	need(setgid(NOBODY));
	need(setuid(NOBODY));
	demand(open(path, O_RDONLY) == -1 && errno == EACCES, "nobody reads the keyboard");
}

static void use_input(const char *path)
{
	for (int i = 0; i < OPENS; i++)
		close(open_device(path));
	in_a_child(open_as_nobody, path);
}

/* A key that was pressed before the file was open is lost: so this asks again. */
static void await_key(const char *path)
{
	struct pollfd poller = { .fd = open_device(path), .events = POLLIN };
	struct input_event event = { .type = EV_SYN };

	do {
		printf("press\n");
		fflush(stdout);
	} while (!need(poll(&poller, 1, 1000)));
	while (event.type != EV_KEY)
		if (need(read(poller.fd, &event, sizeof(event))) != sizeof(event))
			die("a short event");
	close(poller.fd);
}

/* ---- partitions ---- */

struct partition_record {
	uint8_t status, first[3], type, last[3];
	uint32_t start, sectors;
};

/* A DOS table of @count partitions: (UEFI 2.10, 5.2.1). */
static void write_table(int disk, unsigned int count)
{
	uint8_t sector[SECTOR] = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		struct partition_record record = { .type = 0x83, .start = GAP_SECTORS * (i + 1), .sectors = PARTITION_SECTORS };

		memcpy(sector + 446 + i * sizeof(record), &record, sizeof(record));
	}
	sector[510] = 0x55;
	sector[511] = 0xaa;
	demand(pwrite(disk, sector, SECTOR, 0) == SECTOR, "the table was cut");
	need(fsync(disk));
	need(ioctl(disk, BLKRRPART));
}

/* The table is read when the call has come back, whoever died meanwhile. */
static void demand_nodes(const char *disk, unsigned int count)
{
	char path[64];

	for (unsigned int i = 1; i <= MAX_PARTITIONS; i++) {
		bool wanted = i <= count;

		snprintf(path, sizeof(path), "%s%u", disk, i);
		if ((access(path, F_OK) == 0) != wanted)
			die("%s is %s", path, wanted ? "not there" : "still there");
	}
}

static void use_partition(const char *disk, unsigned int number)
{
	char path[64], bytes[SECTOR], got[SECTOR];
	int fd;

	snprintf(path, sizeof(path), "%s%u", disk, number);
	snprintf(bytes, sizeof(bytes), "partition %u, %llu", number, (unsigned long long)now_ns());
	fd = (int)need(open(path, O_RDWR | O_CLOEXEC));
	demand(lseek(fd, 0, SEEK_END) == PARTITION_SECTORS * SECTOR, "a partition of another size");
	demand(pwrite(fd, bytes, SECTOR, 0) == SECTOR, "a write was cut");
	need(fsync(fd));
	close(fd);
	fd = (int)need(open(disk, O_RDONLY | O_CLOEXEC));
	demand(pread(fd, got, SECTOR, (off_t)GAP_SECTORS * number * SECTOR) == SECTOR, "a read was cut");
	demand(!memcmp(bytes, got, SECTOR), "the disk holds other bytes than its partition was given");
	close(fd);
}

static void use_partitions(const char *disk)
{
	for (unsigned int count = 1; count <= MAX_PARTITIONS; count++) {
		int fd = (int)need(open(disk, O_RDWR | O_CLOEXEC));

		write_table(fd, count);
		close(fd);
		demand_nodes(disk, count);
		use_partition(disk, count);
	}
}

int main(int argc, char **argv)
{
	const char *job = argc > 1 ? argv[1] : "", *path = argc > 2 ? argv[2] : NULL;

	if (!strcmp(job, "identity"))
		use_identity();
	else if (!strcmp(job, "sockets"))
		use_sockets();
	else if (!strcmp(job, "input") && path)
		use_input(path);
	else if (!strcmp(job, "key") && path)
		await_key(path);
	else if (!strcmp(job, "partitions") && path)
		use_partitions(path);
	else
		die("usage: %s identity | sockets | input DEVICE | key DEVICE | partitions DISK", argv[0]);
	return 0;
}
