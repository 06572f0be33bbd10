/* tests/linux/tty.c: pseudo terminals, the line discipline and job control.
 *
 * Input written to a master is processed in the background, so a test may only
 * look at an effect after something that comes later in the same stream: a line
 * read at the slave, or the mark that shown() sends behind the echo.
 */
#include "common.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;
static volatile sig_atomic_t last_signal;

static void note_signal(int sig)
{
	caught++;
	last_signal = sig;
}

static void open_terminal(void)
{
	int number = -1, unlock = 0;
	char path[32];

	master = need(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	need(ioctl(master, TIOCSPTLCK, &unlock));
	need(ioctl(master, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	slave = need(open(path, O_RDWR | O_NOCTTY));
}

static void type(const char *keys)
{
	need(write(master, keys, strlen(keys)));
}

static void read_line(const char *label)
{
	char buf[256];
	ssize_t len = read(slave, buf, sizeof(buf));

	if (len < 0)
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say_bytes(label, buf, len);
}

/* Wait until @count bytes can be read at the slave. */
static void wait_for_input(int count)
{
	int waiting = 0;

	while (ioctl(slave, FIONREAD, &waiting) == 0 && waiting < count)
		poll(NULL, 0, 1);
}

/* Print all that the terminal has shown since the last time. */
static void shown(const char *label)
{
	char buf[512];
	size_t len = 0;

	need(write(slave, "\001", 1));
	while (len < sizeof(buf)) {
		need(read(master, buf + len, 1));
		if (buf[len] == '\001')
			break;
		len++;
	}
	say_bytes(label, buf, len);
}

static void discard_shown(void)
{
	char byte;

	need(write(slave, "\001", 1));
	do
		need(read(master, &byte, 1));
	while (byte != '\001');
}

static struct termios attributes(void)
{
	struct termios tio;

	need(tcgetattr(slave, &tio));
	return tio;
}

static void set_local_flags(tcflag_t on, tcflag_t off)
{
	struct termios tio = attributes();

	tio.c_lflag = (tio.c_lflag | on) & ~off;
	need(tcsetattr(slave, TCSANOW, &tio));
}

static void set_input_flags(tcflag_t on, tcflag_t off)
{
	struct termios tio = attributes();

	tio.c_iflag = (tio.c_iflag | on) & ~off;
	need(tcsetattr(slave, TCSANOW, &tio));
}

static void set_output_flags(tcflag_t on, tcflag_t off)
{
	struct termios tio = attributes();

	tio.c_oflag = (tio.c_oflag | on) & ~off;
	need(tcsetattr(slave, TCSANOW, &tio));
}

static void set_raw(int min, int time)
{
	struct termios tio = attributes();

	cfmakeraw(&tio);
	tio.c_cc[VMIN] = min;
	tio.c_cc[VTIME] = time;
	need(tcsetattr(slave, TCSANOW, &tio));
}

TEST(new_terminal_has_linux_defaults)
{
	struct termios tio;
	struct winsize size = { 1, 1, 1, 1 };

	open_terminal();
	tio = attributes();
	say("  iflag %#o, oflag %#o, cflag %#o, lflag %#o", tio.c_iflag, tio.c_oflag, tio.c_cflag, tio.c_lflag);
	for (int i = 0; i <= VEOL2; i++)
		say("  c_cc[%d] %#x", i, tio.c_cc[i]);
	claim("speed is 38400", cfgetispeed(&tio) == B38400 && cfgetospeed(&tio) == B38400);
	report("TIOCGWINSZ", ioctl(slave, TIOCGWINSZ, &size));
	say("  %d %d %d %d", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
	claim("isatty(slave)", isatty(slave));
	claim("isatty(master)", isatty(master));
}

TEST(ptmx_must_be_unlocked_first)
{
	int fd, number = -1, lock = 0;
	char path[32];
	struct stat st;

	fd = need(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	report("TIOCGPTN", ioctl(fd, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	report("open locked slave", open(path, O_RDWR | O_NOCTTY));
	report("TIOCGPTLCK", ioctl(fd, TIOCGPTLCK, &lock));
	report("lock", lock);
	lock = 0;
	report("TIOCSPTLCK", ioctl(fd, TIOCSPTLCK, &lock));
	report_ok("open slave", open(path, O_RDWR | O_NOCTTY));
	report("stat", stat(path, &st));
	claim("slave is a character device of mine", S_ISCHR(st.st_mode) && st.st_uid == getuid());
	report_ok("TIOCGPTPEER", ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	report("TIOCGPTN of slave", ioctl(need(open(path, O_RDWR | O_NOCTTY)), TIOCGPTN, &number));
}

TEST(terminal_calls_refuse_what_is_no_terminal)
{
	struct termios tio;
	struct winsize size;
	int fds[2], file;

	make_file("f", "");
	file = need(open("f", O_RDWR));
	need(pipe(fds));
	report("TCGETS of a file", ioctl(file, TCGETS, &tio));
	report("TCGETS of a pipe", ioctl(fds[0], TCGETS, &tio));
	report("TIOCGWINSZ of a file", ioctl(file, TIOCGWINSZ, &size));
	report("TIOCGPGRP of a pipe", ioctl(fds[0], TIOCGPGRP, &file));
	report("TCGETS of /dev/null", ioctl(need(open("/dev/null", O_RDWR)), TCGETS, &tio));
	report("TCGETS of -1", ioctl(-1, TCGETS, &tio));
	open_terminal();
	report("TCGETS into a bad pointer", ioctl(slave, TCGETS, unmapped_address()));
	report("TCSETS from a bad pointer", ioctl(slave, TCSETS, unmapped_address()));
	report("unknown ioctl", ioctl(slave, 0x54ff, 0));
	report("lseek", lseek(slave, 0, SEEK_SET));
	report("pread", pread(slave, &tio, 1, 0));
}

TEST(lines_are_echoed_and_delivered)
{
	open_terminal();
	type("hello\n");
	read_line("line");
	shown("shown");
	type("return\r");
	read_line("line");
	shown("shown");
	type("two\nlines\n");
	read_line("first");
	read_line("second");
	shown("shown");
	need(write(slave, "output\n", 7));
	shown("shown");
}

TEST(read_takes_a_line_in_pieces)
{
	char buf[4];
	int count = -1;

	open_terminal();
	type("abcdefgh\nxy\n");
	report("read 4", read(slave, buf, 4));
	say_bytes("got", buf, 4);
	report("read 4", read(slave, buf, 4));
	say_bytes("got", buf, 4);
	report("FIONREAD", ioctl(slave, FIONREAD, &count));
	report("read 4", read(slave, buf, 4));
	say_bytes("got", buf, 1);
	report("read 4", read(slave, buf, 4));
	say_bytes("got", buf, 3);
	report("read 0", read(slave, buf, 0));
}

TEST(editing_keys_change_the_line)
{
	open_terminal();
	type("abx\x7f" "c\n");
	read_line("erase");
	shown("shown");
	type("\x7f\x7f" "ok\n");
	read_line("erase at the start");
	shown("shown");
	type("forget this\x15" "new\n");
	read_line("kill");
	shown("shown");
	type("one two  three \x17" "3\n");
	read_line("word erase");
	shown("shown");
	type("a-b c-d\x17!\n");
	read_line("word erase of c-d");
	shown("shown");
	type("x\x16\x7fy\n");
	read_line("literal next");
	shown("shown");
	type("abc\x12" "d\n");
	read_line("reprint");
	shown("shown");
	type("tab\t\x7f|\n");
	read_line("erased tab");
	shown("shown");
	type("ctl\x02\x7f|\n");
	read_line("erased control");
	shown("shown");
}

TEST(echo_flags_decide_what_is_shown)
{
	open_terminal();
	set_local_flags(0, ECHO);
	type("hidden\n");
	read_line("no ECHO");
	shown("shown");
	set_local_flags(ECHONL, 0);
	type("hidden\n");
	read_line("ECHONL");
	shown("shown");
	set_local_flags(ECHO, ECHOE | ECHONL);
	type("ab\x7f" "c\n");
	read_line("no ECHOE");
	shown("shown");
	set_local_flags(ECHOE, ECHOKE);
	type("ab\x15" "c\n");
	read_line("ECHOK without ECHOKE");
	shown("shown");
	set_local_flags(0, ECHOK);
	type("ab\x15" "c\n");
	read_line("no ECHOK");
	shown("shown");
	set_local_flags(ECHOK | ECHOKE, ECHOCTL);
	type("a\x02" "b\n");
	read_line("no ECHOCTL");
	shown("shown");
	set_local_flags(ECHOCTL, 0);
	type("a\x02" "b\x1b[A\n");
	read_line("ECHOCTL");
	shown("shown");
	set_local_flags(ECHOPRT, 0);
	type("abc\x7f\x7f" "d\n");
	read_line("ECHOPRT");
	shown("shown");
	set_local_flags(0, ECHOPRT | IEXTEN);
	type("a b\x17" "c\n");
	read_line("no IEXTEN");
	shown("shown");
}

TEST(end_of_file_key_ends_a_read)
{
	open_terminal();
	type("\x04");
	read_line("alone");
	type("abc\x04");
	read_line("within a line");
	type("def\n");
	read_line("rest");
	type("\x04\x04x\n");
	read_line("first of two");
	read_line("second of two");
	read_line("line after them");
	shown("shown");
}

TEST(other_end_of_line_characters)
{
	struct termios tio;

	open_terminal();
	tio = attributes();
	tio.c_cc[VEOL] = ';';
	tio.c_cc[VEOL2] = '!';
	tio.c_cc[VERASE] = '#';
	need(tcsetattr(slave, TCSANOW, &tio));
	type("ab;cd!ef#\n");
	read_line("VEOL");
	read_line("VEOL2");
	read_line("newline");
	tio.c_cc[VEOF] = _POSIX_VDISABLE;
	need(tcsetattr(slave, TCSANOW, &tio));
	type("x\x04y\n");
	read_line("disabled VEOF");
}

TEST(input_is_translated)
{
	open_terminal();
	set_input_flags(IGNCR, ICRNL);
	type("a\rb\n");
	read_line("IGNCR");
	set_input_flags(0, IGNCR);
	type("a\rb\n");
	read_line("plain CR");
	set_input_flags(ISTRIP, 0);
	type("\xe1\xe2\n");
	read_line("ISTRIP");
	set_input_flags(IUCLC, ISTRIP);
	type("ABC\n");
	read_line("IUCLC");
	set_input_flags(0, IUCLC);
	type("\xe1\xe2\n");
	read_line("eight bits");
	set_input_flags(INLCR, 0);
	set_local_flags(0, ICANON);
	type("x\n");
	read_line("INLCR");
}

TEST(output_is_translated)
{
	open_terminal();
	need(write(slave, "a\nb\tc\rd\n", 8));
	shown("default");
	set_output_flags(0, ONLCR);
	need(write(slave, "a\nb\n", 4));
	shown("no ONLCR");
	set_output_flags(OCRNL, 0);
	need(write(slave, "a\rb\n", 4));
	shown("OCRNL");
	set_output_flags(ONLRET | ONOCR, OCRNL);
	need(write(slave, "\ra\r\n\r", 5));
	shown("ONOCR");
	set_output_flags(OLCUC, ONLRET | ONOCR);
	need(write(slave, "abC\n", 4));
	shown("OLCUC");
	set_output_flags(XTABS, OLCUC);
	need(write(slave, "\na\tbcd\te\n", 9));
	shown("XTABS");
	set_output_flags(0, OPOST);
	need(write(slave, "a\nb\t\n", 5));
	shown("no OPOST");
}

TEST(raw_reads_follow_vmin_and_vtime)
{
	struct pollfd entry;
	int64_t start;
	char buf[8];
	pid_t child;

	open_terminal();
	set_raw(0, 0);
	report("VMIN 0, VTIME 0, nothing typed", read(slave, buf, 8));
	set_raw(0, 1);
	start = now_ns();
	report("VMIN 0, VTIME 1, nothing typed", read(slave, buf, 8));
	claim("waited a tenth of a second", now_ns() - start >= 90000000);
	set_raw(1, 0);
	type("k");
	report("VMIN 1", read(slave, buf, 8));
	set_raw(3, 0);
	child = need(fork());
	if (child == 0) {
		type("a");
		type("b");
		type("c");
		_exit(0);
	}
	report("VMIN 3, typed one by one", read(slave, buf, 8));
	say_bytes("got", buf, 3);
	report_exit("typist", child);
	report("VMIN 3, read of 2", (type("de"), read(slave, buf, 2)));
	set_raw(3, 1);
	type("x");
	report("VMIN 3, VTIME 1, one typed", read(slave, buf, 8));
	set_raw(1, 0);
	need(fcntl(slave, F_SETFL, O_NONBLOCK));
	report("O_NONBLOCK, nothing typed", read(slave, buf, 8));
	entry = (struct pollfd){ .fd = slave, .events = POLLIN | POLLOUT };
	report("poll", poll(&entry, 1, 0));
	say("  revents %#x", entry.revents);
	type("\x03\x04\r\n");
	entry.events = POLLIN;
	report("poll for input", poll(&entry, 1, -1));
	wait_for_input(4);
	read_line("control characters");
	shown("shown");
}

TEST(nonblocking_canonical_read_waits_for_a_line)
{
	struct pollfd entry;
	char buf[8];

	open_terminal();
	need(fcntl(slave, F_SETFL, O_NONBLOCK));
	report("nothing", read(slave, buf, 8));
	type("par");
	discard_shown();
	report("part of a line", read(slave, buf, 8));
	entry = (struct pollfd){ .fd = slave, .events = POLLIN };
	report("poll", poll(&entry, 1, 0));
	type("t\n");
	report("poll", poll(&entry, 1, -1));
	report("a line", read(slave, buf, 8));
}

TEST(long_lines_are_cut)
{
	static char line[6000], back[8192];
	ssize_t len;

	open_terminal();
	set_local_flags(0, ECHO);
	memset(line, 'x', 5000);
	for (size_t at = 0; at < 5000; at += 500)
		need(write(master, line + at, 500));
	type("\n");
	len = read(slave, back, sizeof(back));
	report("line of 5000", len);
	claim("ends with newline", len > 0 && back[len - 1] == '\n');
}

/* Fork a child that leads a session whose terminal is the slave, and run @body in it. */
static pid_t fork_session(void (*body)(void))
{
	pid_t child = need(fork());

	if (child)
		return child;
	need(setsid());
	need(ioctl(slave, TIOCSCTTY, 0));
	body();
	_exit(0);
}

static void look_at_controlling_terminal(void)
{
	int tty = report_ok("open(/dev/tty)", open("/dev/tty", O_RDWR));
	pid_t session = 0;

	claim("foreground group is mine", tcgetpgrp(slave) == getpgrp());
	report("TIOCGSID", ioctl(slave, TIOCGSID, &session));
	claim("session is mine", session == getsid(0));
	report("TIOCSCTTY again", ioctl(slave, TIOCSCTTY, 0));
	claim("/dev/tty is a terminal", isatty(tty));
	need(write(tty, "by tty\n", 7));
	shown("shown");
	report("tcsetpgrp(no such group)", tcsetpgrp(slave, NO_SUCH_PID));
	report("tcsetpgrp(-1)", tcsetpgrp(slave, -1));
	pid_t child = need(fork());
	if (child == 0) {
		report("child: TIOCSCTTY", ioctl(slave, TIOCSCTTY, 0));
		report("child: TIOCNOTTY", ioctl(slave, TIOCNOTTY));
		report("child: open(/dev/tty)", open("/dev/tty", O_RDWR));
		report("child: tcgetpgrp", tcgetpgrp(slave));
		_exit(0);
	}
	report_exit("child", child);
	signal(SIGHUP, SIG_IGN);
	report("TIOCNOTTY", ioctl(slave, TIOCNOTTY));
	report("open(/dev/tty)", open("/dev/tty", O_RDWR));
}

TEST(session_leader_gets_a_controlling_terminal)
{
	open_terminal();
	report("tcgetpgrp without one", tcgetpgrp(slave));
	report("tcgetsid without one", tcgetsid(slave));
	report_exit("session", fork_session(look_at_controlling_terminal));
}

static void open_without_noctty(void)
{
	char path[32];
	int number;

	need(setsid());
	need(ioctl(master, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	report_ok("open without O_NOCTTY", open(path, O_RDWR));
	report_ok("open(/dev/tty)", open("/dev/tty", O_RDWR));
	_exit(0);
}

TEST(opening_a_terminal_makes_it_controlling)
{
	pid_t child;

	open_terminal();
	child = need(fork());
	if (child == 0)
		open_without_noctty();
	report_exit("session", child);
}

/* Report how many of two members of the foreground group died of the signal that
 * @key sends, and that the session leader in the background lived. */
static void die_by_key(const char *key)
{
	struct gate ready;
	pid_t first, second;
	int status;

	signal(SIGTTOU, SIG_IGN);
	gate_make(&ready);
	first = need(fork());
	if (first == 0) {
		gate_pass(&ready);
		for (;;)
			pause();
	}
	need(setpgid(first, first));
	second = need(fork());
	if (second == 0)
		for (;;)
			pause();
	need(setpgid(second, first));
	need(tcsetpgrp(slave, first));
	type(key);
	waitpid(first, &status, WUNTRACED);
	say_status("first", status);
	waitpid(second, &status, WUNTRACED);
	say_status("second", status);
	kill(-first, SIGKILL);
	while (waitpid(-first, NULL, 0) > 0)
		;
	need(tcsetpgrp(slave, getpgrp()));
}

static void try_keys(void)
{
	say("  ^C");
	die_by_key("\x03");
	say("  ^\\");
	die_by_key("\x1c");
	say("  ^Z");
	die_by_key("\x1a");
}

TEST(keys_signal_the_foreground_group)
{
	open_terminal();
	set_local_flags(NOFLSH, 0);
	report_exit("session leader", fork_session(try_keys));
	type("\n");
	read_line("line after");
	shown("shown");
}

/* Type the key again and again: the reader may not be waiting yet. */
static pid_t fork_typist(const char *key)
{
	pid_t child = need(fork());

	while (child == 0) {
		poll(NULL, 0, 20);
		type(key);
	}
	return child;
}

static void take_interrupts(void)
{
	pid_t typist;

	on_signal(SIGINT, note_signal, SA_RESTART);
	type("thrown away\x03kept\n");
	read_line("line after ^C");
	report("SIGINT caught", caught);
	set_local_flags(NOFLSH, 0);
	type("start \x03" "end\n");
	read_line("with NOFLSH");
	report("SIGINT caught", caught);
	set_local_flags(0, ISIG);
	type("a\x03\x1a\x1c" "b\n");
	read_line("without ISIG");
	report("SIGINT caught", caught);
	set_local_flags(ISIG, 0);
	on_signal(SIGINT, note_signal, 0);
	typist = fork_typist("\x03");
	read_line("interrupted read");
	kill(typist, SIGKILL);
}

TEST(interrupt_key_flushes_the_line)
{
	open_terminal();
	report_exit("session", fork_session(take_interrupts));
}

static void be_in_the_background(void)
{
	struct termios tio = attributes();
	struct gate go;
	int status;
	pid_t child;
	char byte;

	gate_make(&go);
	child = need(fork());
	if (child == 0) {
		gate_pass(&go);
		report("write", write(slave, "x", 1));
		report("tcgetattr", tcgetattr(slave, &tio));
		report("read", read(slave, &byte, 1));
		_exit(1);
	}
	need(setpgid(child, child));
	gate_open(&go);
	waitpid(child, &status, WUNTRACED);
	say_status("background read", status);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	set_local_flags(TOSTOP, 0);
	child = need(fork());
	if (child == 0) {
		gate_pass(&go);
		report("write", write(slave, "x", 1));
		_exit(1);
	}
	need(setpgid(child, child));
	gate_open(&go);
	waitpid(child, &status, WUNTRACED);
	say_status("background write with TOSTOP", status);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	child = need(fork());
	if (child == 0) {
		gate_pass(&go);
		signal(SIGTTOU, SIG_IGN);
		signal(SIGTTIN, SIG_IGN);
		report("write, ignoring SIGTTOU", write(slave, "x", 1));
		report("tcsetattr, ignoring SIGTTOU", tcsetattr(slave, TCSANOW, &tio));
		report("tcsetpgrp, ignoring SIGTTOU", tcsetpgrp(slave, getpgrp()));
		report("tcsetpgrp back", tcsetpgrp(slave, getppid()));
		report("read, ignoring SIGTTIN", read(slave, &byte, 1));
		_exit(1);
	}
	need(setpgid(child, child));
	gate_open(&go);
	report_exit("ignoring", child);
	child = need(fork());
	if (child == 0) {
		gate_pass(&go);
		tcsetattr(slave, TCSANOW, &tio);
		_exit(1);
	}
	need(setpgid(child, child));
	gate_open(&go);
	waitpid(child, &status, WUNTRACED);
	say_status("background tcsetattr", status);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

TEST(background_group_is_stopped)
{
	open_terminal();
	report_exit("session leader", fork_session(be_in_the_background));
}

static void read_as_an_orphan(void)
{
	struct gate go;
	char byte;
	int fds[2];

	gate_make(&go);
	need(pipe(fds));
	if (need(fork()) == 0) {
		pid_t parent = getpid();

		if (need(fork()) == 0) {
			need(setpgid(0, 0));
			while (getppid() == parent)
				poll(NULL, 0, 1);
			report("orphan's read", read(slave, &byte, 1));
			need(write(fds[1], "x", 1));
			_exit(0);
		}
		_exit(0);
	}
	need(read(fds[0], &byte, 1));
}

TEST(orphaned_background_group_gets_eio)
{
	open_terminal();
	report_exit("session leader", fork_session(read_as_an_orphan));
}

static void watch_size(void)
{
	struct winsize size = { 24, 80, 0, 0 };

	on_signal(SIGWINCH, note_signal, 0);
	report("TIOCSWINSZ by master", ioctl(master, TIOCSWINSZ, &size));
	report("SIGWINCH caught", caught);
	report("the same again", ioctl(master, TIOCSWINSZ, &size));
	report("SIGWINCH caught", caught);
	size.ws_col = 132;
	report("TIOCSWINSZ by slave", ioctl(slave, TIOCSWINSZ, &size));
	report("SIGWINCH caught", caught);
	size = (struct winsize){ 0 };
	report("TIOCGWINSZ by master", ioctl(master, TIOCGWINSZ, &size));
	say("  %d rows, %d columns", size.ws_row, size.ws_col);
}

TEST(size_changes_are_signalled)
{
	open_terminal();
	report_exit("session", fork_session(watch_size));
}

static struct gate session_ready;

static void wait_for_hangup(void)
{
	char byte;

	close(master);
	on_signal(SIGHUP, note_signal, 0);
	on_signal(SIGCONT, note_signal, 0);
	gate_open(&session_ready);
	while (!caught)
		pause();
	claim("SIGHUP or SIGCONT came", last_signal == SIGHUP || last_signal == SIGCONT);
	report("read", read(slave, &byte, 1));
	report("write", write(slave, "x", 1));
	report("TCGETS", ioctl(slave, TCGETS, &(struct termios){ 0 }));
	struct pollfd entry = { .fd = slave, .events = POLLIN | POLLOUT };
	report("poll", poll(&entry, 1, 0));
	say("  revents %#x", entry.revents);
	report("open(/dev/tty)", open("/dev/tty", O_RDWR));
}

TEST(closing_the_master_hangs_up)
{
	pid_t child;

	open_terminal();
	gate_make(&session_ready);
	child = fork_session(wait_for_hangup);
	gate_pass(&session_ready);
	close(slave);
	close(master);
	report_exit("session", child);
}

static void leave_a_job_behind(void)
{
	struct gate ready;
	pid_t job;

	gate_make(&ready);
	job = need(fork());
	if (job == 0) {
		need(setpgid(0, 0));
		gate_open(&ready);
		for (;;)
			pause();
	}
	gate_pass(&ready);
	signal(SIGTTOU, SIG_IGN);
	need(tcsetpgrp(slave, job));
}

TEST(death_of_the_session_leader_hangs_up_the_foreground)
{
	struct gate alive;
	char byte;
	pid_t child;

	open_terminal();
	gate_make(&alive);
	child = fork_session(leave_a_job_behind);
	close(alive.fds[1]);
	report_exit("session leader", child);
	report("the job's pipe ends", read(alive.fds[0], &byte, 1));
}

TEST(closing_the_slave_ends_the_master)
{
	struct pollfd entry;
	char byte;

	open_terminal();
	need(write(slave, "z", 1));
	close(slave);
	entry = (struct pollfd){ .fd = master, .events = POLLIN };
	report("read what was written", read(master, &byte, 1));
	report("read", read(master, &byte, 1));
	report("poll", poll(&entry, 1, 0));
	say("  hung up %d", !!(entry.revents & POLLHUP));
	report("write", write(master, "x", 1));
}

TEST(stop_and_start_keys_hold_output)
{
	char byte;

	open_terminal();
	set_local_flags(0, ECHO);
	type("\x13-\n");
	read_line("line after ^S");
	need(fcntl(slave, F_SETFL, O_NONBLOCK));
	report("write while stopped", write(slave, "x", 1));
	need(fcntl(slave, F_SETFL, 0));
	type("\x11+\n");
	read_line("line after ^Q");
	report("write", write(slave, "y", 1));
	report("read", read(master, &byte, 1));
	say_bytes("got", &byte, 1);
	set_input_flags(0, IXON);
	type("\x13\x11\n");
	read_line("without IXON");
	set_input_flags(IXON | IXANY, 0);
	report("tcflow(TCOOFF)", tcflow(slave, TCOOFF));
	need(fcntl(slave, F_SETFL, O_NONBLOCK));
	report("write", write(slave, "x", 1));
	report("tcflow(TCOON)", tcflow(slave, TCOON));
	report("write", write(slave, "x", 1));
}

TEST(flushing_discards_input)
{
	open_terminal();
	set_local_flags(0, ECHO);
	type("one\ntwo\n");
	wait_for_input(8);
	read_line("first");
	report("tcflush(TCIFLUSH)", tcflush(slave, TCIFLUSH));
	type("three\n");
	read_line("next");
	report("tcflush(9)", tcflush(slave, 9));
	report("tcdrain", tcdrain(slave));
	report("tcsendbreak", tcsendbreak(slave, 0));
	struct termios tio = attributes();
	type("four\nfive\n");
	wait_for_input(10);
	read_line("next");
	report("TCSETSF", ioctl(slave, TCSETSF, &tio));
	type("six\n");
	read_line("next");
}

TEST(switching_to_raw_delivers_what_is_waiting)
{
	open_terminal();
	set_local_flags(0, ECHO);
	type("line\npart");
	read_line("line");
	set_local_flags(0, ICANON);
	struct pollfd entry = { .fd = slave, .events = POLLIN };
	report("poll", poll(&entry, 1, -1));
	char buf[8];
	size_t len = 0;
	while (len < 4)
		len += need(read(slave, buf + len, sizeof(buf) - len));
	say_bytes("rest", buf, len);
}

TEST(attributes_are_kept_as_set)
{
	struct termios tio, back;

	open_terminal();
	tio = attributes();
	tio.c_iflag = IXON | IUTF8 | BRKINT;
	tio.c_oflag = OPOST;
	tio.c_lflag = ICANON;
	for (int i = 0; i <= VEOL2; i++)
		tio.c_cc[i] = 'a' + i;
	cfsetospeed(&tio, B9600);
	cfsetispeed(&tio, B9600);
	report("tcsetattr", tcsetattr(slave, TCSADRAIN, &tio));
	back = attributes();
	say("  iflag %#o, oflag %#o, lflag %#o", back.c_iflag, back.c_oflag, back.c_lflag);
	claim("c_cc", !memcmp(tio.c_cc, back.c_cc, VEOL2 + 1));
	claim("speed", cfgetospeed(&back) == B9600);
	need(tcgetattr(master, &back));
	claim("master shows the slave's", !memcmp(tio.c_cc, back.c_cc, VEOL2 + 1));
}
