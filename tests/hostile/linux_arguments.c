#define _GNU_SOURCE
#include "linux_arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "random.h"

#define STOCK_BYTES 4096u
#define KEPT 16
#define FIRST_DESCRIPTOR 3
#define DESCRIPTORS 40
#define PAGE 4096u

enum kind {
	NOTHING, K_INT, K_UINT, K_LONG, K_ULONG, K_SIZE, K_OFF, K_FD, K_DIRFD, K_PID, K_UID, K_GID, K_SIG, K_CLOCK, K_MODE,
	K_DEV, K_WHENCE, K_OFLAGS, K_ATFLAGS, K_ACCESS, K_PROT, K_MAPFLAGS, K_CLONEFLAGS, K_WAITFLAGS, K_MSGFLAGS, K_IOCTL,
	K_FCNTL, K_FUTEXOP, K_PATH, K_STR, K_INBUF, K_OUTBUF, K_IOVEC, K_POLLFDS, K_STRV, K_SIGSET, K_TIMESPEC, K_TIMEVAL,
	K_STAT, K_FDPAIR, K_PTR,
};

struct argument {
	enum kind kind;
	const char *name;
};

/* From the table that the kernel's dispatch is made of. */
static const struct argument table[LINUX_NUMBERS][LINUX_ARGUMENTS] = {
#define SYSCALL(nr, name, run, owner, args...) [nr] = { args },
#define INT(x) { K_INT, #x }
#define UINT(x) { K_UINT, #x }
#define LONG(x) { K_LONG, #x }
#define ULONG(x) { K_ULONG, #x }
#define SIZE(x) { K_SIZE, #x }
#define OFF(x) { K_OFF, #x }
#define FD(x) { K_FD, #x }
#define DIRFD(x) { K_DIRFD, #x }
#define PID(x) { K_PID, #x }
#define UID(x) { K_UID, #x }
#define GID(x) { K_GID, #x }
#define SIG(x) { K_SIG, #x }
#define CLOCK(x) { K_CLOCK, #x }
#define MODE(x) { K_MODE, #x }
#define DEV(x) { K_DEV, #x }
#define WHENCE(x) { K_WHENCE, #x }
#define OFLAGS(x) { K_OFLAGS, #x }
#define ATFLAGS(x) { K_ATFLAGS, #x }
#define ACCESS(x) { K_ACCESS, #x }
#define PROT(x) { K_PROT, #x }
#define MAPFLAGS(x) { K_MAPFLAGS, #x }
#define CLONEFLAGS(x) { K_CLONEFLAGS, #x }
#define WAITFLAGS(x) { K_WAITFLAGS, #x }
#define MSGFLAGS(x) { K_MSGFLAGS, #x }
#define IOCTL(x) { K_IOCTL, #x }
#define FCNTL(x) { K_FCNTL, #x }
#define FUTEXOP(x) { K_FUTEXOP, #x }
#define PATH(x) { K_PATH, #x }
#define STR(x) { K_STR, #x }
#define INBUF(x, len) { K_INBUF, #x }
#define OUTBUF(x, len) { K_OUTBUF, #x }
#define IOVEC(x, count) { K_IOVEC, #x }
#define POLLFDS(x, count) { K_POLLFDS, #x }
#define STRV(x) { K_STRV, #x }
#define SIGSET(x) { K_SIGSET, #x }
#define TIMESPEC(x) { K_TIMESPEC, #x }
#define TIMEVAL(x) { K_TIMEVAL, #x }
#define STAT(x) { K_STAT, #x }
#define FDPAIR(x) { K_FDPAIR, #x }
#define PTR(x) { K_PTR, #x }
#include <linux/syscalls.def>
};
#undef SYSCALL

static uint64_t *random_state;
static const char *const *path_names;
static uint64_t npath_names;

/* One piece for each argument's structure. */
static char stock[LINUX_ARGUMENTS][STOCK_BYTES] __attribute__((aligned(64)));

/* What calls returned. */
static uint64_t descriptors[KEPT], addresses[KEPT], ids[KEPT];

static uint64_t pick(uint64_t count)
{
	return random_next(random_state) % count;
}

static uint64_t one_of(const uint64_t *values, size_t count)
{
	return values[pick(count)];
}

#define ONE_OF(...) one_of((const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* Some of the bits. */
static uint64_t some_of(uint64_t bits)
{
	return bits & random_next(random_state) & (pick(2) ? ~0ull : random_next(random_state));
}

void linux_arguments_begin(uint64_t *state, const char *const *paths, uint64_t npaths)
{
	random_state = state;
	path_names = paths;
	npath_names = npaths;
	for (size_t i = 0; i < KEPT; i++)
		descriptors[i] = FIRST_DESCRIPTOR + i;
}

/* ---- Numbers ---- */

static uint64_t descriptor(void)
{
	return pick(3) ? FIRST_DESCRIPTOR + pick(DESCRIPTORS) : descriptors[pick(KEPT)];
}

static const char *path(void)
{
	return path_names[pick(npath_names)];
}

static uint64_t process(void)
{
	return pick(3) ? (uint64_t)getpid() : ONE_OF(0, 1, 0x40000000);
}

static uint64_t size(void)
{
	return pick(4) ? ONE_OF(0, 1, 4, 8, 16, 24, 32, 64, 88, 104, 112, 128, 144, 256, 512, 4096) : pick(3 * PAGE);
}

static uint64_t fcntl_command(void)
{
	return pick(4) ? pick(17) : 1024 + pick(15);
}

static uint64_t ioctl_request(void)
{
	return ONE_OF(0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x5409, 0x540a, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411, 0x5413, 0x5414, 0x541b,
		0x5421, 0x5422, 0x5429, 0x5450, 0x5451, 0x5452, 0x80045430, 0x40045431, 0x5441, 0x80086601, 0x1268, 0x80081272,
		0x8910, 0x8912, 0x8927, 0x80045439);
}

/* INT, UINT and their kin mean what their name says. */
static const struct named_number {
	const char *name;
	uint64_t values[14];	/* up to a 0 behind the first */
} named_numbers[] = {
	{ "domain", { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK } },
	{ "family", { AF_UNIX, AF_INET, AF_INET6 } },
	{ "type", { 1, 2, 5, 3, SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, SOCK_SEQPACKET | SOCK_NONBLOCK } },
	{ "level", { 0, SOL_SOCKET, 6, 41 } },
	{ "optname", { 1, 2, 3, 4, 7, 8, 9, 13, 15, 16, 17, 20, 21, 39 } },
	{ "backlog", { 0, 1, 5, 128 } },
	{ "option", { 1, 2, 3, 4, 15, 16, 22, 23, 24, 36, 38, 39, 47, 53 } },
	{ "resource", { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15 } },
	{ "cmd", { 0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 17, 8, 9, 256 } },
	{ "advice", { 0, 1, 2, 3, 4, 8, 9, 10, 12, 14, 16, 17, 20, 21 } },
	{ "timeout_ms", { 0, 1, 5, (uint64_t)-1 } },
	{ "nfds", { 0, 1, 4, 16, 64 } },
	{ "iovcnt", { 0, 1, 2, 4, 8, 1024, 1025 } },
	{ "maxevents", { 0, 1, 4, 64 } },
	{ "key", { 0, 1, 2, 77 } },
	{ "code", { 0x1001, 0x1002, 0x1003, 0x1004, 0x1011, 0x1012 } },
	{ "nsops", { 0, 1, 2, 3 } },
	{ "nsems", { 0, 1, 3, 300 } },
	{ "policy", { 0, 1, 2, 3, 5, 6 } },
	{ "how", { 0, 1, 2, 3 } },
	{ "val", { 0, 1, 2, 0x7fffffff } },
};

static bool named_number(const char *name, uint64_t *out)
{
	for (size_t i = 0; i < sizeof(named_numbers) / sizeof(named_numbers[0]); i++) {
		const struct named_number *n = &named_numbers[i];
		size_t count = sizeof(n->values) / sizeof(n->values[0]);

		if (strcmp(n->name, name))
			continue;
		while (count > 1 && !n->values[count - 1])
			count--;
		*out = n->values[pick(count)];
		return true;
	}
	return false;
}

/* An id of System V's, a watch, a timer, a key. */
static bool is_id(const char *name)
{
	size_t len = strlen(name);

	return !strcmp(name, "wd") || !strcmp(name, "pkey") || (len > 2 && !strcmp(name + len - 2, "id"));
}

static uint64_t plain_number(const char *name)
{
	uint64_t value;

	if (named_number(name, &value))
		return value;
	if (is_id(name))
		return pick(3) ? ids[pick(KEPT)] : pick(8);
	if (strstr(name, "flags") || !strcmp(name, "mask"))
		return pick(3) ? some_of(0xfff) : 1ull << pick(32);
	if (strstr(name, "fd"))
		return descriptor();
	if (strstr(name, "addr"))
		return addresses[pick(KEPT)];
	return pick(4) ? pick(32) : ONE_OF(64, 4096, 0x7fffffff, (uint64_t)-1, 1ull << 32);
}

/* ---- Structures ---- */

static uint64_t make_words(char *at)
{
	uint64_t *words = (uint64_t *)at;

	for (size_t i = 0; i < 32; i++)
		words[i] = pick(4) ? pick(64) : random_size(random_state);
	return (uint64_t)at;
}

static uint64_t make_iovec(char *at)
{
	struct iovec *iov = (struct iovec *)at;

	for (size_t i = 0; i < 16; i++)
		iov[i] = (struct iovec){ at + 1024 + pick(1024), pick(8) ? pick(512) : random_size(random_state) };
	return (uint64_t)at;
}

static uint64_t make_pollfds(char *at)
{
	struct pollfd *fds = (struct pollfd *)at;

	for (size_t i = 0; i < 64; i++)
		fds[i] = (struct pollfd){ (int)descriptor(), (short)some_of(0x3ff), 0 };
	return (uint64_t)at;
}

static uint64_t make_strings(char *at)
{
	const char **strings = (const char **)at;
	size_t n = pick(6);

	for (size_t i = 0; i < n; i++)
		strings[i] = path();
	strings[n] = NULL;
	return (uint64_t)at;
}

static uint64_t make_mask(char *at)
{
	uint64_t *mask = (uint64_t *)at;

	for (size_t i = 0; i < 16; i++)
		mask[i] = pick(2) ? random_next(random_state) : 1ull << pick(64);
	return (uint64_t)at;
}

/* Two of them, as some calls want: short, or now and then what is no time. */
static uint64_t make_time(char *at)
{
	struct timespec *time = (struct timespec *)at;

	for (size_t i = 0; i < 2; i++) {
		time[i] = (struct timespec){ 0, (long)pick(2000000) };
		if (!pick(8))
			time[i].tv_nsec = (long)ONE_OF(0x3fffffff, 0x3ffffffe, 1000000000, (uint64_t)-1);
		if (!pick(8))
			time[i].tv_sec = (long)random_size(random_state);
	}
	return (uint64_t)at;
}

static uint64_t make_timer(char *at)
{
	make_time(at);
	return make_time(at + sizeof(struct timespec)) - sizeof(struct timespec);
}

static uint64_t make_socket_address(char *at)
{
	struct sockaddr_un *address = (struct sockaddr_un *)at;

	memset(address, 0, sizeof(*address));
	address->sun_family = (sa_family_t)(pick(8) ? AF_UNIX : pick(20));
	if (pick(2))
		strncpy(address->sun_path, path(), sizeof(address->sun_path) - 1);
	else
		strcpy(address->sun_path + 1, "hostile");
	return (uint64_t)at;
}

static uint64_t make_message(char *at)
{
	struct msghdr *msg = (struct msghdr *)at;
	struct cmsghdr *control = (struct cmsghdr *)(at + 2048);
	int *fds = (int *)CMSG_DATA(control);

	*msg = (struct msghdr){ .msg_iov = (struct iovec *)(at + 512), .msg_iovlen = pick(4), .msg_control = control,
		.msg_controllen = pick(4) ? CMSG_SPACE(4 * sizeof(int)) : random_size(random_state) };
	for (size_t i = 0; i < 4; i++)
		msg->msg_iov[i] = (struct iovec){ at + 1024, pick(900) };
	*control = (struct cmsghdr){ .cmsg_len = pick(4) ? CMSG_LEN((1 + pick(4)) * sizeof(int)) : random_size(random_state),
		.cmsg_level = SOL_SOCKET, .cmsg_type = pick(4) ? SCM_RIGHTS : SCM_CREDENTIALS };
	for (size_t i = 0; i < 4; i++)
		fds[i] = (int)descriptor();
	if (pick(2))
		msg->msg_control = NULL;
	return (uint64_t)at;
}

static uint64_t make_messages(char *at)
{
	struct mmsghdr *messages = (struct mmsghdr *)at;

	make_message(at);
	for (size_t i = 1; i < 4; i++)
		messages[i] = messages[0];
	return (uint64_t)at;
}

static uint64_t make_action(char *at)
{
	/* As the kernel has it: handler, flags, restorer, mask. */
	uint64_t *action = (uint64_t *)at;

	action[0] = ONE_OF((uint64_t)SIG_IGN, (uint64_t)SIG_DFL);
	action[1] = some_of(0xfc000007);
	action[2] = 0;
	action[3] = random_next(random_state);
	return (uint64_t)at;
}

static uint64_t make_epoll_events(char *at)
{
	struct epoll_event *events = (struct epoll_event *)at;

	for (size_t i = 0; i < 64; i++) {
		events[i].events = (uint32_t)some_of(0xf800203f);
		events[i].data.u64 = descriptor();
	}
	return (uint64_t)at;
}

static uint64_t make_limit(char *at)
{
	struct rlimit *limit = (struct rlimit *)at;

	limit->rlim_cur = pick(4) ? 64ull << 20 : random_size(random_state);
	limit->rlim_max = pick(4) ? 512ull << 20 : random_size(random_state);
	return (uint64_t)at;
}

static uint64_t make_signal_event(char *at)
{
	struct sigevent *event = (struct sigevent *)at;

	memset(event, 0, sizeof(*event));
	event->sigev_notify = (int)ONE_OF(SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD, 4, 9);
	event->sigev_signo = (int)ONE_OF(SIGALRM, SIGUSR1, 0, 64, 65);
	event->_sigev_un._tid = getpid();
	return (uint64_t)at;
}

static uint64_t make_operations(char *at)
{
	struct sembuf *operations = (struct sembuf *)at;

	for (size_t i = 0; i < 8; i++)
		operations[i] = (struct sembuf){ (unsigned short)pick(4), (short)(pick(5) - 2), (short)(IPC_NOWAIT | some_of(SEM_UNDO)) };
	return (uint64_t)at;
}

static uint64_t make_capabilities(char *at)
{
	uint32_t *words = (uint32_t *)at;

	words[0] = (uint32_t)ONE_OF(_LINUX_CAPABILITY_VERSION_1, _LINUX_CAPABILITY_VERSION_2, _LINUX_CAPABILITY_VERSION_3, 0);
	words[1] = (uint32_t)(pick(2) ? 0 : getpid());
	for (size_t i = 2; i < 8; i++)
		words[i] = (uint32_t)random_next(random_state);
	return (uint64_t)at;
}

static uint64_t make_way_to_open(char *at)
{
	struct open_how *how = (struct open_how *)at;

	memset(how, 0, 64);
	how->flags = some_of(O_RDWR | O_CREAT | O_EXCL | O_DIRECTORY | O_PATH | O_CLOEXEC);
	how->mode = how->flags & O_CREAT ? 0644 : 0;
	how->resolve = pick(2) ? 0 : some_of(0x3f);
	return (uint64_t)at;
}

static uint64_t make_scheduling(char *at)
{
	uint32_t *attr = (uint32_t *)at;

	memset(attr, 0, 64);
	attr[0] = (uint32_t)ONE_OF(48, 56, 0, 4096);
	attr[1] = (uint32_t)pick(7);
	attr[4] = (uint32_t)pick(20);
	attr[5] = (uint32_t)pick(100);
	return (uint64_t)at;
}

static uint64_t make_stack(char *at)
{
	*(stack_t *)at = (stack_t){ .ss_sp = at + 2048, .ss_size = pick(2) ? 2048 : MINSIGSTKSZ, .ss_flags = (int)some_of(3) };
	return (uint64_t)at;
}

static uint64_t make_clone(char *at)
{
	uint64_t *args = (uint64_t *)at;

	memset(args, 0, 128);
	args[0] = some_of(CLONE_VFORK | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID);
	args[2] = args[3] = (uint64_t)(at + 256);
	args[4] = pick(2) ? SIGCHLD : pick(66);
	return (uint64_t)at;
}

static uint64_t make_waiters(char *at)
{
	for (size_t i = 0; i < 8; i++) {
		uint64_t *waiter = (uint64_t *)(at + 24 * i);

		waiter[0] = 0;
		waiter[1] = (uint64_t)(at + 1024 + 4 * i);
		waiter[2] = pick(4) ? 2 : pick(256);
	}
	return (uint64_t)at;
}

static uint64_t make_size(char *at)
{
	*(uint32_t *)at = (uint32_t)(pick(4) ? ONE_OF(0, 2, 4, 16, 110, 128) : random_size(random_state));
	return (uint64_t)at;
}

static uint64_t make_offset(char *at)
{
	*(uint64_t *)at = pick(3) ? pick(3 * PAGE) : random_size(random_state);
	return pick(2) ? (uint64_t)at : 0;
}

static uint64_t make_nothing(char *at)
{
	(void)at;
	return 0;
}

static uint64_t make_address(char *at)
{
	return pick(3) ? addresses[pick(KEPT)] + pick(4) * PAGE : (uint64_t)at;
}

static const struct structure {
	const char *name;
	uint64_t (*make)(char *at);
} structures[] = {
	{ "act", make_action }, { "addrlen", make_size }, { "optlen", make_size }, { "events", make_epoll_events },
	{ "event", make_epoll_events }, { "attr", make_scheduling }, { "rlim", make_limit }, { "new_limit", make_limit },
	{ "new_value", make_timer }, { "value", make_timer }, { "sevp", make_signal_event }, { "msg", make_message },
	{ "msgvec", make_messages }, { "sops", make_operations }, { "hdrp", make_capabilities }, { "datap", make_mask },
	{ "how", make_way_to_open }, { "times", make_time }, { "tp", make_time }, { "tv", make_time }, { "ss", make_stack },
	{ "args", make_clone }, { "waiters", make_waiters }, { "readfds", make_mask }, { "writefds", make_mask },
	{ "exceptfds", make_mask }, { "sigmask", make_mask }, { "off_in", make_offset }, { "off_out", make_offset },
	{ "offset", make_offset }, { "src_addr", make_socket_address }, { "shmaddr", make_nothing }, { "stack", make_nothing },
	{ "old_address", make_address }, { "new_address", make_address }, { "pages", make_address },
};

static bool is_about_sockets(unsigned int number)
{
	switch (number) {
	case SYS_bind: case SYS_connect: case SYS_accept: case SYS_accept4: case SYS_sendto: case SYS_recvfrom:
	case SYS_getsockname: case SYS_getpeername:
		return true;
	default:
		return false;
	}
}

static uint64_t make_structure(unsigned int number, const char *name, char *at)
{
	if (!strcmp(name, "addr"))
		return is_about_sockets(number) ? make_socket_address(at) : make_address(at);
	for (size_t i = 0; i < sizeof(structures) / sizeof(structures[0]); i++)
		if (!strcmp(structures[i].name, name))
			return structures[i].make(at);
	/* What is filled, or looked at in many ways: memory, or nothing. */
	return pick(6) ? make_words(at) : 0;
}

uint64_t linux_argument(unsigned int number, unsigned int index)
{
	const struct argument *argument = &table[number][index];
	char *at = stock[index];

	switch (argument->kind) {
	case NOTHING: return 0;
	case K_INT: case K_UINT: case K_LONG: case K_ULONG: return plain_number(argument->name);
	case K_SIZE: return is_about_sockets(number) ? ONE_OF(2, 10, 16, 110, 128) : size();
	case K_OFF: return pick(4) ? pick(4) * PAGE : random_size(random_state);
	case K_FD: return descriptor();
	case K_DIRFD: return pick(3) ? (uint64_t)AT_FDCWD : descriptor();
	case K_PID: return process();
	case K_UID: case K_GID: return ONE_OF(0, 65534, 1000, (uint64_t)-1, getuid());
	case K_SIG: return pick(66);
	case K_CLOCK: return pick(4) ? pick(12) : (uint64_t)(~(int64_t)getpid() << 3 | 2);
	case K_MODE: return ONE_OF(0644, 0755, 0, 0777, 07777, S_IFREG | 0600, S_IFIFO | 0600, S_IFSOCK | 0600);
	case K_DEV: return ONE_OF(0, 0x103, 0x501, random_next(random_state));
	case K_WHENCE: return pick(6);
	case K_OFLAGS: return some_of(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | O_PATH | O_CLOEXEC | O_NOFOLLOW |
		O_TMPFILE | O_DIRECT) | O_NONBLOCK | O_NOCTTY;
	case K_ATFLAGS: return pick(2) ? 0 : some_of(0x7f00);
	case K_ACCESS: return pick(8);
	case K_PROT: return pick(4) ? pick(8) : some_of(0x0300000f);
	case K_MAPFLAGS: return ONE_OF(MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE) | some_of(MAP_ANONYMOUS | MAP_POPULATE | MAP_NORESERVE |
		MAP_STACK | MAP_LOCKED | MAP_GROWSDOWN | MAP_32BIT);
	case K_CLONEFLAGS: return SIGCHLD | some_of(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_IO | CLONE_UNTRACED);
	case K_WAITFLAGS: return WNOHANG | some_of(WUNTRACED | WCONTINUED | WEXITED | WNOWAIT | __WALL);
	case K_MSGFLAGS: return MSG_DONTWAIT | some_of(MSG_PEEK | MSG_TRUNC | MSG_WAITALL | MSG_NOSIGNAL | MSG_OOB | MSG_CMSG_CLOEXEC);
	case K_IOCTL: return ioctl_request();
	case K_FCNTL: return fcntl_command();
	case K_FUTEXOP: return pick(14) | some_of(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	case K_PATH: case K_STR: return (uint64_t)path();
	case K_INBUF: case K_OUTBUF: return make_words(at);
	case K_IOVEC: return make_iovec(at);
	case K_POLLFDS: return make_pollfds(at);
	case K_STRV: return make_strings(at);
	case K_SIGSET: return make_mask(at);
	case K_TIMESPEC: case K_TIMEVAL: return pick(8) ? make_time(at) : 0;
	case K_STAT: case K_FDPAIR: return (uint64_t)at;
	case K_PTR: return make_structure(number, argument->name, at);
	}
	return 0;
}

void linux_arguments_learn(unsigned int number, long result)
{
	switch (number) {
	case SYS_mmap: case SYS_mremap: case SYS_shmat: case SYS_brk:
		addresses[pick(KEPT)] = (uint64_t)result;
		break;
	case SYS_shmget: case SYS_semget: case SYS_msgget: case SYS_inotify_add_watch: case SYS_pkey_alloc:
		ids[pick(KEPT)] = (uint64_t)result;
		break;
	default:
		/* Whatever it is: a number like this may be a descriptor. */
		if (result >= FIRST_DESCRIPTOR && result < 256)
			descriptors[pick(KEPT)] = (uint64_t)result;
		break;
	}
}
