/* tests/linux/locks.c: POSIX record locks and flock. */
#include "common.h"

#include <sys/file.h>

static struct flock range(short type, off_t start, off_t len)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };
}

static int set_lock(int fd, short type, off_t start, off_t len)
{
	struct flock lock = range(type, start, len);

	return fcntl(fd, F_SETLK, &lock);
}

/* What another process would be told about a lock on this range. */
static void ask_from_child(const char *label, short type, off_t start, off_t len)
{
	pid_t holder = getpid();
	pid_t child = need(fork());

	if (child == 0) {
		struct flock lock = range(type, start, len);
		int fd = need(open("f", O_RDWR));

		need(fcntl(fd, F_GETLK, &lock));
		if (lock.l_type == F_UNLCK)
			say("  %s: free", label);
		else
			say("  %s: %s lock from %ld, %ld bytes, held by parent: %s", label,
				lock.l_type == F_RDLCK ? "read" : "write", (long)lock.l_start,
				(long)lock.l_len, lock.l_pid == holder ? "yes" : "no");
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void try_from_child(const char *label, short type, off_t start, off_t len)
{
	pid_t child = need(fork());

	if (child == 0) {
		report(label, set_lock(need(open("f", O_RDWR)), type, start, len));
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

TEST(locks_conflict_between_processes_only)
{
	int fd, other;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	other = need(open("f", O_RDWR));
	report("write lock 2..5", set_lock(fd, F_WRLCK, 2, 4));
	report("own other descriptor", set_lock(other, F_WRLCK, 0, 10));
	report("back to 2..5", set_lock(fd, F_UNLCK, 0, 2) | set_lock(fd, F_UNLCK, 6, 4));
	try_from_child("write 0..1", F_WRLCK, 0, 2);
	try_from_child("write 1..2", F_WRLCK, 1, 2);
	try_from_child("read 5", F_RDLCK, 5, 1);
	try_from_child("read 6", F_RDLCK, 6, 1);
	try_from_child("write 6..end", F_WRLCK, 6, 0);
	ask_from_child("ask write 0..end", F_WRLCK, 0, 0);
	ask_from_child("ask read 6..end", F_RDLCK, 6, 0);
}

TEST(read_locks_share)
{
	int fd;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	report("read lock 0..4", set_lock(fd, F_RDLCK, 0, 5));
	try_from_child("read 0..9", F_RDLCK, 0, 10);
	try_from_child("write 0", F_WRLCK, 0, 1);
	ask_from_child("ask read", F_RDLCK, 0, 1);
	ask_from_child("ask write", F_WRLCK, 0, 1);
	report("upgrade to write", set_lock(fd, F_WRLCK, 0, 5));
	try_from_child("read 0", F_RDLCK, 0, 1);
	report("downgrade to read", set_lock(fd, F_RDLCK, 0, 5));
	try_from_child("read 0", F_RDLCK, 0, 1);
}

TEST(unlocking_the_middle_splits_a_lock)
{
	int fd;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	report("write lock 0..9", set_lock(fd, F_WRLCK, 0, 10));
	report("unlock 4..5", set_lock(fd, F_UNLCK, 4, 2));
	ask_from_child("ask 0..end", F_WRLCK, 0, 0);
	ask_from_child("ask 4..5", F_WRLCK, 4, 2);
	ask_from_child("ask 5..end", F_WRLCK, 5, 0);
	report("read lock 4..5", set_lock(fd, F_RDLCK, 4, 2));
	ask_from_child("ask 4..end", F_WRLCK, 4, 0);
	report("write lock 4..5 merges", set_lock(fd, F_WRLCK, 4, 2));
	ask_from_child("ask 0..end", F_WRLCK, 0, 0);
}

TEST(ranges_may_be_relative_negative_and_endless)
{
	struct flock lock;
	int fd;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	need(lseek(fd, 5, SEEK_SET));
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = -2, .l_len = 2 };
	report("SEEK_CUR -2, 2", fcntl(fd, F_SETLK, &lock));
	ask_from_child("ask all", F_WRLCK, 0, 0);
	report("unlock all", set_lock(fd, F_UNLCK, 0, 0));
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = 0, .l_len = -3 };
	report("SEEK_END 0, -3", fcntl(fd, F_SETLK, &lock));
	ask_from_child("ask all", F_WRLCK, 0, 0);
	report("unlock all", set_lock(fd, F_UNLCK, 0, 0));
	report("8..end", set_lock(fd, F_WRLCK, 8, 0));
	ask_from_child("ask far beyond", F_WRLCK, 1000000, 1);
	ask_from_child("ask 7", F_WRLCK, 7, 1);
	report("start -1", set_lock(fd, F_WRLCK, -1, 1));
	report("0, -1", set_lock(fd, F_WRLCK, 0, -1));
	lock = (struct flock){ .l_type = F_WRLCK, .l_whence = 9 };
	report("whence 9", fcntl(fd, F_SETLK, &lock));
	report("type 9", set_lock(fd, 9, 0, 1));
	report("bad pointer", syscall(SYS_fcntl, fd, F_SETLK, unmapped_address()));
	report("bad descriptor", set_lock(-1, F_WRLCK, 0, 1));
}

TEST(lock_type_must_match_the_access_mode)
{
	int reader, writer;

	make_file("f", "x");
	reader = need(open("f", O_RDONLY));
	writer = need(open("f", O_WRONLY));
	report("write lock on reader", set_lock(reader, F_WRLCK, 0, 1));
	report("read lock on writer", set_lock(writer, F_RDLCK, 0, 1));
	report("read lock on reader", set_lock(reader, F_RDLCK, 0, 1));
	report("write lock on writer", set_lock(writer, F_WRLCK, 0, 1));
}

TEST(closing_any_descriptor_drops_all_locks)
{
	int fd, other;

	make_file("f", "x");
	fd = need(open("f", O_RDWR));
	report("lock", set_lock(fd, F_WRLCK, 0, 1));
	other = need(open("f", O_RDONLY));
	report("close another descriptor", close(other));
	ask_from_child("ask", F_WRLCK, 0, 1);
	report("lock", set_lock(fd, F_WRLCK, 0, 1));
	report("close a duplicate", close(dup(fd)));
	ask_from_child("ask", F_WRLCK, 0, 1);
}

TEST(locks_are_not_inherited_by_fork)
{
	int fd;
	pid_t child;

	make_file("f", "x");
	fd = need(open("f", O_RDWR));
	report("lock", set_lock(fd, F_WRLCK, 0, 1));
	child = need(fork());
	if (child == 0) {
		report("child locks the same", set_lock(fd, F_WRLCK, 0, 1));
		report("child closes", close(fd));
		_exit(0);
	}
	report_exit("child", child);
	ask_from_child("ask", F_WRLCK, 0, 1);
}

static pid_t fork_holder(short type, struct gate *held, struct gate *release)
{
	pid_t child = need(fork());

	if (child)
		return child;
	need(set_lock(need(open("f", O_RDWR)), type, 0, 1));
	gate_open(held);
	gate_pass(release);
	_exit(0);
}

TEST(waiting_lock_is_given_when_its_holder_exits)
{
	struct flock lock = range(F_WRLCK, 0, 1);
	struct gate held, release;
	pid_t holder, waiter;
	int fd;

	make_file("f", "x");
	gate_make(&held);
	gate_make(&release);
	holder = fork_holder(F_WRLCK, &held, &release);
	gate_pass(&held);
	fd = need(open("f", O_RDWR));
	report("F_SETLK", fcntl(fd, F_SETLK, &lock));
	waiter = need(fork());
	if (waiter == 0) {
		report("F_SETLKW", fcntl(fd, F_SETLKW, &lock));
		_exit(0);
	}
	gate_open(&release);
	report_exit("waiter", waiter);
	report_exit("holder", holder);
}

TEST(waiting_for_a_lock_is_interrupted_by_signals)
{
	struct flock lock = range(F_WRLCK, 0, 1);
	struct gate held, release;
	pid_t holder;

	make_file("f", "x");
	gate_make(&held);
	gate_make(&release);
	holder = fork_holder(F_RDLCK, &held, &release);
	gate_pass(&held);
	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(20);
	report("F_SETLKW", fcntl(need(open("f", O_RDWR)), F_SETLKW, &lock));
	tick_every_ms(0);
	gate_open(&release);
	report_exit("holder", holder);
}

TEST(deadlock_is_refused)
{
	struct flock first = range(F_WRLCK, 0, 1), second = range(F_WRLCK, 1, 1);
	struct gate ready;
	pid_t child;
	int fd, result, error;

	make_file("f", "xy");
	gate_make(&ready);
	fd = need(open("f", O_RDWR));
	need(fcntl(fd, F_SETLK, &first));
	child = need(fork());
	if (child == 0) {
		need(fcntl(fd, F_SETLK, &second));
		gate_open(&ready);
		result = fcntl(fd, F_SETLKW, &first);
		_exit(result && errno == EDEADLK ? 1 : 0);
	}
	gate_pass(&ready);
	/* Whichever of the two waits last is refused; the other one gets its lock. */
	result = fcntl(fd, F_SETLKW, &second);
	error = errno;
	set_lock(fd, F_UNLCK, 0, 0);
	waitpid(child, &child, 0);
	claim("exactly one is refused", (result && error == EDEADLK) != (WEXITSTATUS(child) == 1));
}

TEST(flock_belongs_to_the_open_file)
{
	int fd, copy, other;

	make_file("f", "x");
	fd = need(open("f", O_RDONLY));
	copy = need(dup(fd));
	other = need(open("f", O_RDONLY));
	report("LOCK_EX", flock(fd, LOCK_EX));
	report("LOCK_EX on duplicate", flock(copy, LOCK_EX | LOCK_NB));
	report("LOCK_SH on other open", flock(other, LOCK_SH | LOCK_NB));
	report("downgrade to LOCK_SH", flock(copy, LOCK_SH));
	report("LOCK_SH on other open", flock(other, LOCK_SH | LOCK_NB));
	report("LOCK_EX on other open", flock(other, LOCK_EX | LOCK_NB));
	report("close first", close(fd));
	report("LOCK_EX on other open", flock(other, LOCK_EX | LOCK_NB));
	report("close duplicate", close(copy));
	report("LOCK_EX on other open", flock(other, LOCK_EX | LOCK_NB));
	report("LOCK_UN", flock(other, LOCK_UN));
	report("LOCK_UN again", flock(other, LOCK_UN));
	report("flock(-1)", flock(-1, LOCK_EX));
	report("flock(bad operation)", flock(other, 0));
	report("flock(both)", flock(other, LOCK_SH | LOCK_EX));
}

TEST(flock_is_inherited_by_fork)
{
	int fd;
	pid_t child;

	make_file("f", "x");
	fd = need(open("f", O_RDONLY));
	report("LOCK_EX", flock(fd, LOCK_EX));
	child = need(fork());
	if (child == 0) {
		report("child: LOCK_EX on another open", flock(need(open("f", O_RDONLY)), LOCK_EX | LOCK_NB));
		report("child: LOCK_UN on the inherited one", flock(fd, LOCK_UN));
		_exit(0);
	}
	report_exit("child", child);
	report("another open", flock(need(open("f", O_RDONLY)), LOCK_EX | LOCK_NB));
}

TEST(flock_and_record_locks_do_not_meet)
{
	int fd;

	make_file("f", "x");
	fd = need(open("f", O_RDWR));
	report("LOCK_EX", flock(fd, LOCK_EX));
	try_from_child("write lock", F_WRLCK, 0, 1);
}

TEST(flock_waits_until_it_is_free)
{
	struct gate held, release;
	pid_t child;
	int fd;

	make_file("f", "x");
	gate_make(&held);
	gate_make(&release);
	child = need(fork());
	if (child == 0) {
		fd = need(open("f", O_RDONLY));
		need(flock(fd, LOCK_EX));
		gate_open(&held);
		gate_pass(&release);
		_exit(7);
	}
	gate_pass(&held);
	fd = need(open("f", O_RDONLY));
	on_signal(SIGALRM, do_nothing, 0);
	tick_every_ms(20);
	report("LOCK_SH interrupted", flock(fd, LOCK_SH));
	tick_every_ms(0);
	gate_open(&release);
	report("LOCK_SH", flock(fd, LOCK_SH));
	report_exit("child", child);
}

TEST(open_file_description_locks_conflict_between_opens)
{
	struct flock lock = range(F_WRLCK, 0, 4);
	int fd, other;

	make_file("f", "0123456789");
	fd = need(open("f", O_RDWR));
	other = need(open("f", O_RDWR));
	report("F_OFD_SETLK", fcntl(fd, F_OFD_SETLK, &lock));
	report("F_OFD_SETLK on other", fcntl(other, F_OFD_SETLK, &lock));
	report("F_OFD_GETLK on other", fcntl(other, F_OFD_GETLK, &lock));
	say("  type %d, pid %d", lock.l_type, lock.l_pid);
	report("close first", close(fd));
	lock = range(F_WRLCK, 0, 4);
	report("F_OFD_SETLK on other", fcntl(other, F_OFD_SETLK, &lock));
	lock.l_pid = 1;
	report("F_OFD_SETLK with a pid", fcntl(other, F_OFD_SETLK, &lock));
}
