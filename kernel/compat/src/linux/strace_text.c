#include "strace_text.h"

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <errno.h>
#include <format/format.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/time.h>
#include <linux/wait.h>
#include <string.h>

#include "strace_names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void strace_add(struct strace_text *t, const char *fmt, ...)
{
	va_list args;
	size_t room = sizeof(t->buf) - t->len, n;

	va_start(args, fmt);
	n = fmt_vsnprintf(t->buf + t->len, room, fmt, args);
	va_end(args);
	t->len += n < room ? n : room - 1;
}

static const char *short_escape(unsigned char c)
{
	switch (c) {
	case '\n':
		return "\\n";
	case '\t':
		return "\\t";
	case '\r':
		return "\\r";
	case '\v':
		return "\\v";
	case '\f':
		return "\\f";
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	default:
		return NULL;
	}
}

/* Octal, as short as the next character lets it be. */
static void add_octal(struct strace_text *t, unsigned char c, bool digit_follows)
{
	strace_add(t, digit_follows ? "\\%03o" : "\\%o", c);
}

void strace_add_string(struct strace_text *t, const char *bytes, size_t len, bool is_cut)
{
	strace_add(t, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		const char *escape = short_escape(c);

		if (escape)
			strace_add(t, "%s", escape);
		else if (c >= ' ' && c < 0x7f)
			strace_add(t, "%c", c);
		else
			add_octal(t, c, i + 1 < len && bytes[i + 1] >= '0' && bytes[i + 1] <= '7');
	}
	strace_add(t, is_cut ? "\"..." : "\"");
}

void strace_add_flags(struct strace_text *t, uint64_t value, const struct strace_flag *flags, size_t n, const char *none)
{
	const char *separator = "";

	if (!value) {
		strace_add(t, "%s", none);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if ((value & flags[i].bits) != flags[i].bits)
			continue;
		strace_add(t, "%s%s", separator, flags[i].name);
		separator = "|";
		value &= ~flags[i].bits;
	}
	if (value)
		strace_add(t, "%s%#llx", separator, (unsigned long long)value);
}

void strace_add_open_flags(struct strace_text *t, uint64_t value)
{
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE" };
	static const struct strace_flag flags[] = {
		{ O_CREAT, "O_CREAT" }, { O_EXCL, "O_EXCL" }, { O_NOCTTY, "O_NOCTTY" }, { O_TRUNC, "O_TRUNC" },
		{ O_APPEND, "O_APPEND" }, { O_NONBLOCK, "O_NONBLOCK" }, { O_SYNC, "O_SYNC" }, { O_DSYNC, "O_DSYNC" },
		{ O_DIRECT, "O_DIRECT" }, { 0100000, "O_LARGEFILE" }, { O_NOFOLLOW, "O_NOFOLLOW" },
		{ O_NOATIME, "O_NOATIME" }, { O_CLOEXEC, "O_CLOEXEC" }, { O_PATH, "O_PATH" },
		{ O_TMPFILE, "O_TMPFILE" }, { O_DIRECTORY, "O_DIRECTORY" },
	};

	strace_add(t, "%s", access[value & O_ACCMODE]);
	value &= ~(uint64_t)O_ACCMODE;
	if (!value)
		return;
	strace_add(t, "|");
	strace_add_flags(t, value, flags, COUNT(flags), "");
}

void strace_add_prot(struct strace_text *t, uint64_t value)
{
	static const struct strace_flag flags[] = {
		{ PROT_READ, "PROT_READ" }, { PROT_WRITE, "PROT_WRITE" }, { PROT_EXEC, "PROT_EXEC" },
		{ PROT_GROWSDOWN, "PROT_GROWSDOWN" }, { PROT_GROWSUP, "PROT_GROWSUP" },
	};

	strace_add_flags(t, value, flags, COUNT(flags), "PROT_NONE");
}

void strace_add_map_flags(struct strace_text *t, uint64_t value)
{
	static const char *const types[] = { "0", "MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE" };
	static const struct strace_flag flags[] = {
		{ MAP_FIXED, "MAP_FIXED" }, { MAP_ANONYMOUS, "MAP_ANONYMOUS" }, { 0x40, "MAP_32BIT" },
		{ MAP_GROWSDOWN, "MAP_GROWSDOWN" }, { MAP_DENYWRITE, "MAP_DENYWRITE" }, { MAP_LOCKED, "MAP_LOCKED" },
		{ MAP_NORESERVE, "MAP_NORESERVE" }, { MAP_POPULATE, "MAP_POPULATE" }, { MAP_NONBLOCK, "MAP_NONBLOCK" },
		{ MAP_STACK, "MAP_STACK" }, { MAP_HUGETLB, "MAP_HUGETLB" },
		{ MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE" },
	};

	strace_add(t, "%s", types[value & 3]);
	value &= ~3ull;
	if (!value)
		return;
	strace_add(t, "|");
	strace_add_flags(t, value, flags, COUNT(flags), "");
}

void strace_add_clone_flags(struct strace_text *t, uint64_t value)
{
	static const struct strace_flag flags[] = {
		{ CLONE_VM, "CLONE_VM" }, { CLONE_FS, "CLONE_FS" }, { CLONE_FILES, "CLONE_FILES" },
		{ CLONE_SIGHAND, "CLONE_SIGHAND" }, { CLONE_PIDFD, "CLONE_PIDFD" }, { CLONE_VFORK, "CLONE_VFORK" },
		{ CLONE_PARENT, "CLONE_PARENT" }, { CLONE_THREAD, "CLONE_THREAD" }, { CLONE_NEWNS, "CLONE_NEWNS" },
		{ CLONE_SYSVSEM, "CLONE_SYSVSEM" }, { CLONE_SETTLS, "CLONE_SETTLS" },
		{ CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID" }, { CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID" },
		{ CLONE_DETACHED, "CLONE_DETACHED" }, { CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID" },
	};
	int sig = value & CSIGNAL;

	strace_add_flags(t, value & ~(uint64_t)CSIGNAL, flags, COUNT(flags), "");
	if (!sig)
		return;
	if (value & ~(uint64_t)CSIGNAL)
		strace_add(t, "|");
	strace_add_signal(t, sig);
}

void strace_add_wait_flags(struct strace_text *t, uint64_t value)
{
	static const struct strace_flag flags[] = {
		{ WNOHANG, "WNOHANG" }, { WSTOPPED, "WSTOPPED" }, { WEXITED, "WEXITED" }, { WCONTINUED, "WCONTINUED" },
		{ WNOWAIT, "WNOWAIT" }, { __WALL, "__WALL" }, { __WCLONE, "__WCLONE" },
	};

	strace_add_flags(t, (uint32_t)value, flags, COUNT(flags), "0");
}

void strace_add_at_flags(struct strace_text *t, uint64_t value)
{
	static const struct strace_flag flags[] = {
		{ AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW" }, { AT_REMOVEDIR, "AT_REMOVEDIR" },
		{ AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW" }, { AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT" },
		{ AT_EMPTY_PATH, "AT_EMPTY_PATH" },
	};

	strace_add_flags(t, (uint32_t)value, flags, COUNT(flags), "0");
}

void strace_add_access(struct strace_text *t, uint64_t value)
{
	static const struct strace_flag flags[] = { { 4, "R_OK" }, { 2, "W_OK" }, { 1, "X_OK" } };

	strace_add_flags(t, value, flags, COUNT(flags), "F_OK");
}

void strace_add_signal(struct strace_text *t, int sig)
{
	const char *name = strace_signal_name(sig);

	if (name)
		strace_add(t, "SIG%s", name);
	else if (sig >= 32 && sig <= 64)
		strace_add(t, "SIGRT_%d", sig - 32);
	else
		strace_add(t, "%d", sig);
}

void strace_add_sigset(struct strace_text *t, uint64_t set)
{
	bool inverted = __builtin_popcountll(set) > 32;
	const char *separator = "";

	if (inverted)
		set = ~set;
	strace_add(t, inverted ? "~[" : "[");
	for (int sig = 1; sig <= 64; sig++) {
		const char *name = strace_signal_name(sig);

		if (!(set >> (sig - 1) & 1))
			continue;
		if (name)
			strace_add(t, "%s%s", separator, name);
		else
			strace_add(t, "%sRT_%d", separator, sig - 32);
		separator = " ";
	}
	strace_add(t, "]");
}

void strace_add_mode(struct strace_text *t, uint64_t mode)
{
	static const char *const types[16] = {
		[1] = "S_IFIFO|", [2] = "S_IFCHR|", [4] = "S_IFDIR|", [6] = "S_IFBLK|", [8] = "S_IFREG|", [10] = "S_IFLNK|",
		[12] = "S_IFSOCK|",
	};
	const char *type = types[mode >> 12 & 15];

	strace_add(t, "%s%#03o", type ? type : "", (unsigned)mode & 07777);
}

void strace_add_dirfd(struct strace_text *t, int fd)
{
	if (fd == AT_FDCWD)
		strace_add(t, "AT_FDCWD");
	else
		strace_add(t, "%d", fd);
}

void strace_add_futex_op(struct strace_text *t, uint32_t op)
{
	static const char *const names[] = {
		"FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_FD", "FUTEX_REQUEUE", "FUTEX_CMP_REQUEUE", "FUTEX_WAKE_OP",
		"FUTEX_LOCK_PI", "FUTEX_UNLOCK_PI", "FUTEX_TRYLOCK_PI", "FUTEX_WAIT_BITSET", "FUTEX_WAKE_BITSET",
		"FUTEX_WAIT_REQUEUE_PI", "FUTEX_CMP_REQUEUE_PI", "FUTEX_LOCK_PI2",
	};
	uint32_t cmd = op & FUTEX_CMD_MASK;

	if (cmd < COUNT(names))
		strace_add(t, "%s", names[cmd]);
	else
		strace_add(t, "%#x", cmd);
	if (op & FUTEX_PRIVATE_FLAG)
		strace_add(t, "_PRIVATE");
	if (op & FUTEX_CLOCK_REALTIME)
		strace_add(t, "|FUTEX_CLOCK_REALTIME");
}

static void add_named(struct strace_text *t, uint32_t value, const struct strace_flag *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (names[i].bits == value) {
			strace_add(t, "%s", names[i].name);
			return;
		}
	}
	strace_add(t, "%#x", value);
}

void strace_add_whence(struct strace_text *t, int whence)
{
	static const struct strace_flag names[] = {
		{ 0, "SEEK_SET" }, { 1, "SEEK_CUR" }, { 2, "SEEK_END" }, { 3, "SEEK_DATA" }, { 4, "SEEK_HOLE" },
	};

	add_named(t, (uint32_t)whence, names, COUNT(names));
}

void strace_add_clock(struct strace_text *t, int clock)
{
	static const struct strace_flag names[] = {
		{ CLOCK_REALTIME, "CLOCK_REALTIME" }, { CLOCK_MONOTONIC, "CLOCK_MONOTONIC" },
		{ CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID" },
		{ CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID" }, { CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW" },
		{ CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE" }, { CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE" },
		{ CLOCK_BOOTTIME, "CLOCK_BOOTTIME" },
	};

	add_named(t, (uint32_t)clock, names, COUNT(names));
}

void strace_add_fcntl(struct strace_text *t, int cmd)
{
	static const struct strace_flag names[] = {
		{ F_DUPFD, "F_DUPFD" }, { F_GETFD, "F_GETFD" }, { F_SETFD, "F_SETFD" }, { F_GETFL, "F_GETFL" },
		{ F_SETFL, "F_SETFL" }, { F_GETLK, "F_GETLK" }, { F_SETLK, "F_SETLK" }, { F_SETLKW, "F_SETLKW" },
		{ F_SETOWN, "F_SETOWN" }, { F_GETOWN, "F_GETOWN" }, { F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC" },
		{ F_SETPIPE_SZ, "F_SETPIPE_SZ" }, { F_GETPIPE_SZ, "F_GETPIPE_SZ" }, { F_ADD_SEALS, "F_ADD_SEALS" },
		{ F_GET_SEALS, "F_GET_SEALS" },
	};

	add_named(t, (uint32_t)cmd, names, COUNT(names));
}

void strace_add_ioctl(struct strace_text *t, uint32_t cmd)
{
	static const struct strace_flag names[] = {
		{ TCGETS, "TCGETS" }, { TCSETS, "TCSETS" }, { TCSETSW, "TCSETSW" }, { TCSETSF, "TCSETSF" },
		{ TCSBRK, "TCSBRK" }, { TCFLSH, "TCFLSH" }, { TIOCSCTTY, "TIOCSCTTY" }, { TIOCGPGRP, "TIOCGPGRP" },
		{ TIOCSPGRP, "TIOCSPGRP" }, { TIOCGWINSZ, "TIOCGWINSZ" }, { TIOCSWINSZ, "TIOCSWINSZ" },
		{ TIOCNOTTY, "TIOCNOTTY" }, { TIOCGSID, "TIOCGSID" }, { FIONREAD, "FIONREAD" }, { FIONBIO, "FIONBIO" },
		{ FIOASYNC, "FIOASYNC" }, { FIOCLEX, "FIOCLEX" }, { FIONCLEX, "FIONCLEX" }, { TIOCGPTN, "TIOCGPTN" },
		{ TIOCSPTLCK, "TIOCSPTLCK" },
	};

	add_named(t, cmd, names, COUNT(names));
}

static bool add_restart(struct strace_text *t, int64_t ret)
{
	switch (ret) {
	case -512:
		strace_add(t, "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
		return true;
	case -513:
		strace_add(t, "? ERESTARTNOINTR (To be restarted)");
		return true;
	case -514:
		strace_add(t, "? ERESTARTNOHAND (To be restarted if no handler)");
		return true;
	case -516:
		strace_add(t, "? ERESTART_RESTARTBLOCK (Interrupted by signal)");
		return true;
	default:
		return false;
	}
}

void strace_add_result(struct strace_text *t, int64_t ret, bool is_address)
{
	const char *name, *meaning;

	if (add_restart(t, ret))
		return;
	if (ret < 0 && ret > -4096) {
		name = strace_errno_name((int)-ret, &meaning);
		if (name)
			strace_add(t, "-1 %s (%s)", name, meaning);
		else
			strace_add(t, "-1 (errno %d)", (int)-ret);
		return;
	}
	if (is_address)
		strace_add(t, ret ? "%#llx" : "0", (unsigned long long)ret);
	else
		strace_add(t, "%lld", (long long)ret);
}
