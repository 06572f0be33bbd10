/* kernel/compat/src/linux/strace.c: calls as strace(1) prints them, from the typed arguments of syscalls.def.
 *
 * What a call reads is taken before it runs, what it fills after; the line is
 * written when it has its result. A call that does not return shows " = ?".
 */
#include <asm/stat.h>
#include <linux/poll.h>
#include <linux/uio.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#include "dispatch.h"
#include "strace_text.h"

#define MAX_ARGS 6
#define STRING_MAX 32u		/* strace -s */
#define PATH_MAX_SHOWN 200u
#define VECTOR_MAX 32u
#define NR_RT_SIGRETURN 15
#define NR_EXIT 60
#define NR_EXIT_GROUP 231

enum arg_kind {
	ARG_NONE, ARG_INT, ARG_UINT, ARG_LONG, ARG_ULONG, ARG_SIZE, ARG_OFF, ARG_FD, ARG_DIRFD, ARG_PID, ARG_UID, ARG_GID,
	ARG_SIG, ARG_CLOCK, ARG_MODE, ARG_DEV, ARG_WHENCE, ARG_OFLAGS, ARG_ATFLAGS, ARG_ACCESS, ARG_PROT, ARG_MAPFLAGS,
	ARG_CLONEFLAGS, ARG_WAITFLAGS, ARG_MSGFLAGS, ARG_IOCTL, ARG_FCNTL, ARG_FUTEXOP, ARG_PATH, ARG_STR, ARG_INBUF,
	ARG_OUTBUF, ARG_IOVEC, ARG_POLLFDS, ARG_STRV, ARG_SIGSET, ARG_TIMESPEC, ARG_TIMEVAL, ARG_STAT, ARG_FDPAIR, ARG_PTR,
};
struct arg { uint8_t kind; const char *name, *length; };
struct signature { struct arg args[MAX_ARGS]; };

#define INT(n) { ARG_INT, #n, NULL }
#define UINT(n) { ARG_UINT, #n, NULL }
#define LONG(n) { ARG_LONG, #n, NULL }
#define ULONG(n) { ARG_ULONG, #n, NULL }
#define SIZE(n) { ARG_SIZE, #n, NULL }
#define OFF(n) { ARG_OFF, #n, NULL }
#define FD(n) { ARG_FD, #n, NULL }
#define DIRFD(n) { ARG_DIRFD, #n, NULL }
#define PID(n) { ARG_PID, #n, NULL }
#define UID(n) { ARG_UID, #n, NULL }
#define GID(n) { ARG_GID, #n, NULL }
#define SIG(n) { ARG_SIG, #n, NULL }
#define CLOCK(n) { ARG_CLOCK, #n, NULL }
#define MODE(n) { ARG_MODE, #n, NULL }
#define DEV(n) { ARG_DEV, #n, NULL }
#define WHENCE(n) { ARG_WHENCE, #n, NULL }
#define OFLAGS(n) { ARG_OFLAGS, #n, NULL }
#define ATFLAGS(n) { ARG_ATFLAGS, #n, NULL }
#define ACCESS(n) { ARG_ACCESS, #n, NULL }
#define PROT(n) { ARG_PROT, #n, NULL }
#define MAPFLAGS(n) { ARG_MAPFLAGS, #n, NULL }
#define CLONEFLAGS(n) { ARG_CLONEFLAGS, #n, NULL }
#define WAITFLAGS(n) { ARG_WAITFLAGS, #n, NULL }
#define MSGFLAGS(n) { ARG_MSGFLAGS, #n, NULL }
#define IOCTL(n) { ARG_IOCTL, #n, NULL }
#define FCNTL(n) { ARG_FCNTL, #n, NULL }
#define FUTEXOP(n) { ARG_FUTEXOP, #n, NULL }
#define PATH(n) { ARG_PATH, #n, NULL }
#define STR(n) { ARG_STR, #n, NULL }
#define INBUF(n, l) { ARG_INBUF, #n, #l }
#define OUTBUF(n, l) { ARG_OUTBUF, #n, #l }
#define IOVEC(n, l) { ARG_IOVEC, #n, #l }
#define POLLFDS(n, l) { ARG_POLLFDS, #n, #l }
#define STRV(n) { ARG_STRV, #n, NULL }
#define SIGSET(n) { ARG_SIGSET, #n, NULL }
#define TIMESPEC(n) { ARG_TIMESPEC, #n, NULL }
#define TIMEVAL(n) { ARG_TIMEVAL, #n, NULL }
#define STAT(n) { ARG_STAT, #n, NULL }
#define FDPAIR(n) { ARG_FDPAIR, #n, NULL }
#define PTR(n) { ARG_PTR, #n, NULL }
static const struct signature signatures[LINUX_NCALLS] = {
#define SYSCALL(nr, name, run, owner, ...) [nr] = { { __VA_ARGS__ } },
#include "linux/syscalls.def"
#undef SYSCALL
};

struct strace_line {
	struct strace_text text;
	uint64_t nr;
	uint64_t a[MAX_ARGS];
	int next;		/* first argument that is not written yet */
};
HEAP_CACHE(line_cache, "strace-line", sizeof(struct strace_line));

static void add_pointer(struct strace_text *t, uint64_t address)
{
	if (address)
		strace_add(t, "%#llx", (unsigned long long)address);
	else
		strace_add(t, "NULL");
}

static void add_user_string(struct strace_text *t, uint64_t address, size_t max)
{
	char buf[PATH_MAX_SHOWN];
	int64_t n;

	max = MIN(max, sizeof(buf));
	n = address ? strncpy_from_user(buf, user_ptr(address), max) : -EFAULT;
	if (n == -EFAULT)
		add_pointer(t, address);
	else
		strace_add_string(t, buf, n < 0 ? max : (size_t)n, n < 0);
}

static void add_user_bytes(struct strace_text *t, uint64_t address, uint64_t len)
{
	char buf[STRING_MAX];
	size_t n = MIN(len, sizeof(buf));

	if (!address || copy_from_user(buf, user_ptr(address), n))
		add_pointer(t, address);
	else
		strace_add_string(t, buf, n, len > n);
}

/* argv: every string; envp: only how many, as strace does. */
static void add_string_vector(struct strace_text *t, uint64_t address, bool count_only)
{
	uint64_t string;
	uint32_t n;

	if (!address) {
		strace_add(t, "NULL");
		return;
	}
	if (!count_only)
		strace_add(t, "[");
	for (n = 0; !copy_from_user(&string, user_ptr(address + 8ull * n), sizeof(string)) && string; n++) {
		if (count_only)
			continue;
		if (n == VECTOR_MAX) {
			strace_add(t, ", ...");
			break;
		}
		strace_add(t, n ? ", " : "");
		add_user_string(t, string, STRING_MAX);
	}
	if (count_only)
		strace_add(t, "%#llx /* %u var%s */", (unsigned long long)address, n, n == 1 ? "" : "s");
	else
		strace_add(t, "]");
}

static void add_time(struct strace_text *t, uint64_t address, const char *part)
{
	struct { int64_t sec, part; } time;

	if (!address || copy_from_user(&time, user_ptr(address), sizeof(time)))
		add_pointer(t, address);
	else
		strace_add(t, "{tv_sec=%lld, %s=%lld}", (long long)time.sec, part, (long long)time.part);
}

static void add_user_sigset(struct strace_text *t, uint64_t address)
{
	uint64_t set;

	if (!address || copy_from_user(&set, user_ptr(address), sizeof(set)))
		add_pointer(t, address);
	else
		strace_add_sigset(t, set);
}

static void add_iovec(struct strace_text *t, uint64_t address, uint64_t count)
{
	struct { uint64_t base, len; } v;

	if (!address) {
		strace_add(t, "NULL");
		return;
	}
	strace_add(t, "[");
	for (uint64_t i = 0; i < count && i < VECTOR_MAX; i++) {
		if (copy_from_user(&v, user_ptr(address + i * sizeof(v)), sizeof(v)))
			break;
		strace_add(t, "%s{iov_base=", i ? ", " : "");
		add_user_bytes(t, v.base, v.len);
		strace_add(t, ", iov_len=%llu}", (unsigned long long)v.len);
	}
	strace_add(t, count > VECTOR_MAX ? ", ...]" : "]");
}

static void add_poll_events(struct strace_text *t, uint32_t events)
{
	static const struct strace_flag flags[] = {
		{ POLLIN, "POLLIN" }, { POLLPRI, "POLLPRI" }, { POLLOUT, "POLLOUT" }, { POLLERR, "POLLERR" },
		{ POLLHUP, "POLLHUP" }, { POLLNVAL, "POLLNVAL" }, { POLLRDNORM, "POLLRDNORM" },
		{ POLLWRNORM, "POLLWRNORM" }, { POLLRDHUP, "POLLRDHUP" },
	};

	strace_add_flags(t, events, flags, ARRAY_SIZE(flags), "0");
}

static void add_pollfds(struct strace_text *t, uint64_t address, uint64_t count)
{
	struct pollfd p;

	if (!address) {
		strace_add(t, "NULL");
		return;
	}
	strace_add(t, "[");
	for (uint64_t i = 0; i < count && i < VECTOR_MAX; i++) {
		if (copy_from_user(&p, user_ptr(address + i * sizeof(p)), sizeof(p)))
			break;
		strace_add(t, "%s{fd=%d, events=", i ? ", " : "", p.fd);
		add_poll_events(t, (uint16_t)p.events);
		if (p.revents) {
			strace_add(t, ", revents=");
			add_poll_events(t, (uint16_t)p.revents);
		}
		strace_add(t, "}");
	}
	strace_add(t, "]");
}

static void add_stat(struct strace_text *t, uint64_t address)
{
	static const char *const types[16] = {
		[1] = "S_IFIFO", [2] = "S_IFCHR", [4] = "S_IFDIR", [6] = "S_IFBLK", [8] = "S_IFREG", [10] = "S_IFLNK",
		[12] = "S_IFSOCK",
	};
	struct stat st;

	if (copy_from_user(&st, user_ptr(address), sizeof(st))) {
		add_pointer(t, address);
		return;
	}
	strace_add(t, "{st_mode=%s|%#03o, ", types[st.st_mode >> 12 & 15] ? types[st.st_mode >> 12 & 15] : "0",
		   st.st_mode & 07777);
	if ((st.st_mode >> 12 & 15) == 2 || (st.st_mode >> 12 & 15) == 6)
		strace_add(t, "st_rdev=%#llx, ...}", (unsigned long long)st.st_rdev);
	else
		strace_add(t, "st_size=%llu, ...}", (unsigned long long)st.st_size);
}

static void add_fd_pair(struct strace_text *t, uint64_t address)
{
	int32_t fds[2];

	if (copy_from_user(fds, user_ptr(address), sizeof(fds)))
		add_pointer(t, address);
	else
		strace_add(t, "[%d, %d]", fds[0], fds[1]);
}

/* The value of the argument that holds the length of another. */
static uint64_t length_of(const struct strace_line *l, const struct arg *arg)
{
	const struct signature *s = &signatures[l->nr];

	for (int i = 0; i < MAX_ARGS; i++) {
		if (s->args[i].name && arg->length && !strcmp(s->args[i].name, arg->length))
			return l->a[i];
	}
	return 0;
}

static void add_number(struct strace_text *t, enum arg_kind kind, uint64_t v)
{
	switch (kind) {
	case ARG_INT:
	case ARG_FD:
	case ARG_PID:
		strace_add(t, "%d", (int)v);
		break;
	case ARG_UINT:
		strace_add(t, "%u", (unsigned)v);
		break;
	case ARG_UID:
	case ARG_GID:
		strace_add(t, "%d", (int)v);
		break;
	case ARG_LONG:
	case ARG_OFF:
		strace_add(t, "%lld", (long long)v);
		break;
	case ARG_ULONG:
	case ARG_DEV:
	case ARG_MSGFLAGS:
		strace_add(t, v ? "%#llx" : "0", (unsigned long long)v);
		break;
	default:
		strace_add(t, "%llu", (unsigned long long)v);
		break;
	}
}

static bool add_word(struct strace_text *t, enum arg_kind kind, uint64_t v)
{
	switch (kind) {
	case ARG_DIRFD:
		strace_add_dirfd(t, (int)v);
		return true;
	case ARG_SIG:
		strace_add_signal(t, (int)v);
		return true;
	case ARG_CLOCK:
		strace_add_clock(t, (int)v);
		return true;
	case ARG_MODE:
		strace_add_mode(t, v);
		return true;
	case ARG_WHENCE:
		strace_add_whence(t, (int)v);
		return true;
	case ARG_OFLAGS:
		strace_add_open_flags(t, (uint32_t)v);
		return true;
	case ARG_ATFLAGS:
		strace_add_at_flags(t, v);
		return true;
	case ARG_ACCESS:
		strace_add_access(t, v);
		return true;
	case ARG_PROT:
		strace_add_prot(t, v);
		return true;
	case ARG_MAPFLAGS:
		strace_add_map_flags(t, v);
		return true;
	case ARG_CLONEFLAGS:
		strace_add_clone_flags(t, v);
		return true;
	case ARG_WAITFLAGS:
		strace_add_wait_flags(t, v);
		return true;
	case ARG_IOCTL:
		strace_add_ioctl(t, (uint32_t)v);
		return true;
	case ARG_FCNTL:
		strace_add_fcntl(t, (int)v);
		return true;
	case ARG_FUTEXOP:
		strace_add_futex_op(t, (uint32_t)v);
		return true;
	default:
		return false;
	}
}

static bool is_output(enum arg_kind kind)
{
	return kind == ARG_OUTBUF || kind == ARG_STAT || kind == ARG_FDPAIR || kind == ARG_POLLFDS;
}

/* What a call filled; @ret < 0: nothing, so only where it should have gone. */
static void add_output(struct strace_line *l, const struct arg *arg, uint64_t v, int64_t ret)
{
	struct strace_text *t = &l->text;

	if (ret < 0)
		add_pointer(t, v);
	else if (arg->kind == ARG_OUTBUF)
		add_user_bytes(t, v, MIN((uint64_t)ret, length_of(l, arg)));
	else if (arg->kind == ARG_STAT)
		add_stat(t, v);
	else if (arg->kind == ARG_FDPAIR)
		add_fd_pair(t, v);
	else
		add_pollfds(t, v, length_of(l, arg));
}

static void add_argument(struct strace_line *l, int i, int64_t ret)
{
	const struct arg *arg = &signatures[l->nr].args[i];
	struct strace_text *t = &l->text;
	uint64_t v = l->a[i];

	strace_add(t, i ? ", " : "");
	if (add_word(t, arg->kind, v))
		return;
	switch (arg->kind) {
	case ARG_PATH:
		add_user_string(t, v, PATH_MAX_SHOWN);
		break;
	case ARG_STR:
		add_user_string(t, v, STRING_MAX);
		break;
	case ARG_INBUF:
		add_user_bytes(t, v, length_of(l, arg));
		break;
	case ARG_IOVEC:
		add_iovec(t, v, length_of(l, arg));
		break;
	case ARG_STRV:
		add_string_vector(t, v, !strcmp(arg->name, "envp"));
		break;
	case ARG_SIGSET:
		add_user_sigset(t, v);
		break;
	case ARG_TIMESPEC:
		add_time(t, v, "tv_nsec");
		break;
	case ARG_TIMEVAL:
		add_time(t, v, "tv_usec");
		break;
	case ARG_PTR:
		add_pointer(t, v);
		break;
	default:
		if (is_output(arg->kind))
			add_output(l, arg, v, ret);
		else
			add_number(t, arg->kind, v);
		break;
	}
}

/* Without O_CREAT there is no mode to show. */
static bool is_left_out(const struct strace_line *l, int i)
{
	const struct signature *s = &signatures[l->nr];

	return s->args[i].kind == ARG_MODE && i && s->args[i - 1].kind == ARG_OFLAGS && !(l->a[i - 1] & 0100);
}

static void add_arguments(struct strace_line *l, bool is_over, int64_t ret)
{
	const struct signature *s = &signatures[l->nr];

	for (; l->next < MAX_ARGS && s->args[l->next].kind != ARG_NONE; l->next++) {
		if (!is_over && is_output(s->args[l->next].kind))
			return;
		if (!is_left_out(l, l->next))
			add_argument(l, l->next, ret);
	}
}

static void write_line(struct strace_line *l)
{
	log_raw("strace: [%u] %s\n", current_thread()->tid, l->text.buf);
}

struct strace_line *strace_begin(uint64_t nr, const uint64_t a[6])
{
	struct strace_line *l = heap_cache_alloc(&line_cache, 0);
	const char *name = linux_call_name(nr);

	if (!l)
		return NULL;
	l->nr = name ? nr : LINUX_NCALLS - 1;	/* a number without a call has no arguments to show */
	memcpy(l->a, a, sizeof(l->a));
	if (name)
		strace_add(&l->text, "%s(", name);
	else
		strace_add(&l->text, "syscall_%#llx(", (unsigned long long)nr);
	add_arguments(l, false, 0);
	if (nr != NR_EXIT && nr != NR_EXIT_GROUP && nr != NR_RT_SIGRETURN)
		return l;
	strace_add(&l->text, ") = ?");
	write_line(l);
	heap_cache_free(&line_cache, l);
	return NULL;
}

static bool returns_address(uint64_t nr)
{
	return nr == 9 || nr == 12 || nr == 25;	/* mmap, brk, mremap */
}

void strace_end(struct strace_line *l, int64_t ret)
{
	if (!l)
		return;
	add_arguments(l, true, ret);
	strace_add(&l->text, ") = ");
	strace_add_result(&l->text, ret, returns_address(l->nr));
	write_line(l);
	heap_cache_free(&line_cache, l);
}

void strace_signal(const struct signal_info *info)
{
	struct strace_line *l = heap_cache_alloc(&line_cache, 0);

	if (!l)
		return;
	strace_add(&l->text, "--- ");
	strace_add_signal(&l->text, info->signo);
	strace_add(&l->text, " {si_signo=");
	strace_add_signal(&l->text, info->signo);
	strace_add(&l->text, ", si_code=%d} ---", info->code);
	write_line(l);
	heap_cache_free(&line_cache, l);
}
