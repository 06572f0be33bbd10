/* tests/linux/errors_descriptors.c: every call that takes a descriptor, with each kind that it may not like. */
#include "common.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

/* Stands for the descriptor in a call's arguments. */
#define THE_FD 0x66646664
#define BUFFER ((uintptr_t)buffer)
#define VECTOR ((uintptr_t)&vector)

static char buffer[4096];
static struct iovec vector = { buffer, 1 };
static struct epoll_event event;
static struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
static struct mmsghdr messages = { .msg_hdr = { .msg_iov = &vector, .msg_iovlen = 1 } };
static struct itimerspec timer;
static struct timespec no_time;
static struct timeval no_timeout;
static int length = sizeof(buffer);

struct descriptor_call {
	const char *name;
	long number;
	uintptr_t args[6];
};

/* Calls whose answer to a descriptor does not depend on what was done with it before. */
static const struct descriptor_call calls[] = {
	{ "read nothing", SYS_read, { THE_FD, BUFFER, 0 } },
	{ "write nothing", SYS_write, { THE_FD, BUFFER, 0 } },
	{ "pread64", SYS_pread64, { THE_FD, BUFFER, 0, 0 } },
	{ "pwrite64", SYS_pwrite64, { THE_FD, BUFFER, 0, 0 } },
	{ "pread64 at -1", SYS_pread64, { THE_FD, BUFFER, 1, -1 } },
	{ "pwrite64 at -1", SYS_pwrite64, { THE_FD, BUFFER, 1, -1 } },
	{ "readv nothing", SYS_readv, { THE_FD, VECTOR, 0 } },
	{ "writev nothing", SYS_writev, { THE_FD, VECTOR, 0 } },
	{ "preadv", SYS_preadv, { THE_FD, VECTOR, 0, 0 } },
	{ "pwritev", SYS_pwritev, { THE_FD, VECTOR, 0, 0 } },
	{ "preadv at -2", SYS_preadv, { THE_FD, VECTOR, 1, -2 } },
	{ "pwritev at -2", SYS_pwritev, { THE_FD, VECTOR, 1, -2 } },
	{ "preadv2", SYS_preadv2, { THE_FD, VECTOR, 0, 0 } },
	{ "pwritev2", SYS_pwritev2, { THE_FD, VECTOR, 0, 0 } },
	{ "lseek", SYS_lseek, { THE_FD, 0, SEEK_CUR } },
	{ "lseek of no kind", SYS_lseek, { THE_FD, 0, 9 } },
	{ "fcntl", SYS_fcntl, { THE_FD, F_GETFD } },
	{ "fcntl F_GETFL", SYS_fcntl, { THE_FD, F_GETFL } },
	{ "dup", SYS_dup, { THE_FD } },
	{ "dup2", SYS_dup2, { THE_FD, 50 } },
	{ "dup3", SYS_dup3, { THE_FD, 50, 0 } },
	{ "fsync", SYS_fsync, { THE_FD } },
	{ "fdatasync", SYS_fdatasync, { THE_FD } },
	{ "syncfs", SYS_syncfs, { THE_FD } },
	{ "ftruncate", SYS_ftruncate, { THE_FD, 1 } },
	{ "fallocate", SYS_fallocate, { THE_FD, 0, 0, 1 } },
	{ "fadvise64", SYS_fadvise64, { THE_FD, 0, 0, 0 } },
	{ "readahead", SYS_readahead, { THE_FD, 0, 1 } },
	{ "sync_file_range", SYS_sync_file_range, { THE_FD, 0, 0, 0 } },
	{ "fstat", SYS_fstat, { THE_FD, BUFFER } },
	{ "fstatfs", SYS_fstatfs, { THE_FD, BUFFER } },
	{ "fchdir", SYS_fchdir, { THE_FD } },
	{ "fchmod", SYS_fchmod, { THE_FD, 0600 } },
	{ "fchown", SYS_fchown, { THE_FD, -1, -1 } },
	{ "utimensat", SYS_utimensat, { THE_FD, 0, 0, 0 } },
	{ "getdents", SYS_getdents, { THE_FD, BUFFER, 8 } },
	{ "getdents64", SYS_getdents64, { THE_FD, BUFFER, 8 } },
	{ "sendfile", SYS_sendfile, { THE_FD, 40, 0, 1 } },
	{ "sendfile from it", SYS_sendfile, { 40, THE_FD, 0, 1 } },
	{ "copy_file_range", SYS_copy_file_range, { THE_FD, 0, 40, 0, 1, 0 } },
	{ "copy_file_range to it", SYS_copy_file_range, { 40, 0, THE_FD, 0, 1, 0 } },
	{ "ioctl", SYS_ioctl, { THE_FD, 0x5401, BUFFER } },
	{ "mmap", SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, THE_FD, 4095 } },
	{ "epoll_ctl on it", SYS_epoll_ctl, { THE_FD, EPOLL_CTL_ADD, 40, (uintptr_t)&event } },
	{ "epoll_wait", SYS_epoll_wait, { THE_FD, BUFFER, 1, 0 } },
	{ "epoll_pwait", SYS_epoll_pwait, { THE_FD, BUFFER, 1, 0, 0, 8 } },
	{ "epoll_pwait2", SYS_epoll_pwait2, { THE_FD, BUFFER, 1, (uintptr_t)&no_time, 0, 8 } },
	{ "timerfd_gettime", SYS_timerfd_gettime, { THE_FD, BUFFER } },
	{ "timerfd_settime", SYS_timerfd_settime, { THE_FD, 0, (uintptr_t)&timer, 0 } },
	{ "signalfd4", SYS_signalfd4, { THE_FD, BUFFER, 8, 0 } },
	{ "sendto", SYS_sendto, { THE_FD, BUFFER, 1, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0 } },
	{ "recvfrom", SYS_recvfrom, { THE_FD, BUFFER, 1, MSG_DONTWAIT | MSG_PEEK, 0, 0 } },
	{ "sendmsg", SYS_sendmsg, { THE_FD, (uintptr_t)&message, MSG_DONTWAIT | MSG_NOSIGNAL } },
	{ "recvmsg", SYS_recvmsg, { THE_FD, (uintptr_t)&message, MSG_DONTWAIT } },
	{ "getsockname", SYS_getsockname, { THE_FD, BUFFER, (uintptr_t)&length } },
	{ "getpeername", SYS_getpeername, { THE_FD, BUFFER, (uintptr_t)&length } },
	{ "getsockopt", SYS_getsockopt, { THE_FD, SOL_SOCKET, SO_TYPE, BUFFER, (uintptr_t)&length } },
	{ "setsockopt", SYS_setsockopt, { THE_FD, SOL_SOCKET, SO_RCVTIMEO, (uintptr_t)&no_timeout, sizeof(no_timeout) } },
	{ "accept", SYS_accept, { THE_FD, 0, 0 } },
	{ "accept4", SYS_accept4, { THE_FD, 0, 0, 0 } },
	{ "bind", SYS_bind, { THE_FD, BUFFER, 1 } },
	{ "connect", SYS_connect, { THE_FD, BUFFER, 1 } },
	{ "recvmmsg", SYS_recvmmsg, { THE_FD, (uintptr_t)&messages, 1, MSG_DONTWAIT, 0 } },
	{ "sendmmsg", SYS_sendmmsg, { THE_FD, (uintptr_t)&messages, 1, MSG_DONTWAIT | MSG_NOSIGNAL } },
	{ "listen", SYS_listen, { THE_FD, 1 } },
	{ "shutdown", SYS_shutdown, { THE_FD, 9 } },
};

static void try_call(const struct descriptor_call *call, int fd)
{
	uintptr_t a[6];

	for (int i = 0; i < 6; i++)
		a[i] = call->args[i] == THE_FD ? (uintptr_t)(long)fd : call->args[i];
	length = sizeof(buffer);
	report_ok(call->name, syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* Linux's answers to these calls changed with its versions. */
static bool differs(const char *kind, const char *call)
{
	static const char *const of_nameless[] = { "fchmod", "fchown", "utimensat", "ioctl" };

	if (!strcmp(kind, "folder"))
		return !strcmp(call, "sendfile from it");
	for (size_t i = 0; i < COUNT_OF(of_nameless); i++)
		if (!strcmp(kind, "nameless") && !strcmp(call, of_nameless[i]))
			return true;
	return false;
}

/* Descriptor 40 is a file, which the calls with two may use. */
static void try_kind(int fd, const char *kind)
{
	make_file("other", "xyz");
	need(dup2(need(open("other", O_RDWR)), 40));
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (!differs(kind, calls[i].name))
			try_call(&calls[i], fd);
}

static void try_all(int fd)
{
	try_kind(fd, "");
}

TEST(closed_descriptor)
{
	try_all(99);
	report("close", close(99));
	report("flock", syscall(SYS_flock, 99, 6));
	report("flistxattr", syscall(SYS_flistxattr, 99, buffer, 1));
}

TEST(descriptor_of_a_path)
{
	make_file("file", "x");
	try_all(need(open("file", O_PATH)));
}

TEST(file_for_reading)
{
	make_file("file", "x");
	try_all(need(open("file", O_RDONLY)));
}

TEST(file_for_writing)
{
	make_file("file", "x");
	try_all(need(open("file", O_WRONLY)));
}

TEST(folder)
{
	need(mkdir("folder", 0755));
	make_file("folder/x", "");
	try_kind(need(open("folder", O_RDONLY)), "folder");
}

TEST(reader_of_a_pipe)
{
	int fds[2];

	need(pipe(fds));
	try_all(fds[0]);
}

TEST(writer_of_a_pipe)
{
	int fds[2];

	need(pipe(fds));
	try_all(fds[1]);
}

TEST(socket_of_a_pair)
{
	int fds[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	try_all(fds[0]);
}

TEST(epoll_instance)
{
	try_kind(need(epoll_create1(0)), "nameless");
}

TEST(event_counter)
{
	try_kind(need(eventfd(0, EFD_NONBLOCK)), "nameless");
}
