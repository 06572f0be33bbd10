/* kernel/io-manager/test/test_ldisc_pty.c: the same keys through a pty of this host and through ldisc.
 *
 * Random sessions with fixed seeds; after each step echo, output and the waiting input must
 * be the same. Skipped where the host has no Linux pty.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ldisc_model.h"

#define PATIENCE_US 5000000
#define STEP_US 200

static struct model model;
static int master, slave;
static uint64_t seed;
static char history[65536];

static unsigned random_below(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}

static void note(const char *what, const uint8_t *bytes, size_t n)
{
	size_t at = strlen(history);

	at += (size_t)snprintf(history + at, sizeof(history) - at, "\n%s", what);
	for (size_t i = 0; i < n && at < sizeof(history) - 8; i++)
		at += (size_t)snprintf(history + at, sizeof(history) - at, " %02x", bytes[i]);
}

static void open_pty(void)
{
	int unlock = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock))
		skip();
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (slave < 0)
		skip();
}

static void expect_output(void)
{
	size_t want = model.noutput, have = 0;
	const char *expected = model_take_output(&model);
	char got[8192];

	for (int waited = 0; have < want && waited < PATIENCE_US; waited += STEP_US) {
		ssize_t n = read(master, got + have, sizeof(got) - have);

		if (n > 0)
			have += (size_t)n;
		else
			usleep(STEP_US);
	}
	if (have != want || memcmp(got, expected, want)) {
		note("pty said  ", (uint8_t *)got, have);
		note("ldisc said", (const uint8_t *)expected, want);
		fprintf(stderr, "output differs:%s\n", history);
		fail();
	}
}

static void expect_input_bytes(void)
{
	uint32_t want = ldisc_input_bytes(&model.ldisc);
	int have = -1;

	for (int waited = 0; waited < PATIENCE_US; waited += STEP_US) {
		ioctl(slave, FIONREAD, &have);
		if ((uint32_t)have == want)
			return;
		usleep(STEP_US);
	}
	fail_msg("pty has %d bytes, ldisc %u:%s", have, want, history);
}

static void set_modes(const struct ktermios *t)
{
	struct termios2 real;

	ioctl(slave, TCGETS2, &real);
	real.c_iflag = t->c_iflag;
	real.c_oflag = t->c_oflag;
	real.c_lflag = t->c_lflag;
	memcpy(real.c_cc, t->c_cc, sizeof(real.c_cc));
	assert_int_equal(ioctl(slave, TCSETS2, &real), 0);
	ldisc_set_termios(&model.ldisc, t);
	note("modes", (const uint8_t *)t, 16);
}

static tcflag_t some_of(const tcflag_t *bits, size_t n, unsigned one_in)
{
	tcflag_t flags = 0;

	for (size_t i = 0; i < n; i++)
		flags |= random_below(one_in) ? 0 : bits[i];
	return flags;
}

#define SOME_OF(bits, one_in) some_of(bits, sizeof(bits) / sizeof(*(bits)), one_in)

static void step_modes(void)
{
	static const tcflag_t iflags[] = { IGNCR, ICRNL, INLCR, ISTRIP, IUCLC, IXON, IXANY, IUTF8, IMAXBEL, PARMRK };
	static const tcflag_t oflags[] = { ONLCR, OCRNL, ONOCR, ONLRET, XTABS, OLCUC };
	static const tcflag_t lflags[] = { ISIG, ECHOE, ECHOK, ECHOKE, ECHONL, ECHOCTL, ECHOPRT, NOFLSH, IEXTEN };
	struct ktermios t = ldisc_default_termios;

	if (random_below(3)) {
		t.c_iflag = SOME_OF(iflags, 3);
		t.c_oflag = SOME_OF(oflags, 4) | (random_below(5) ? OPOST : 0);
		t.c_lflag = SOME_OF(lflags, 2) | (random_below(4) ? ICANON : 0) | (random_below(6) ? ECHO : 0);
	}
	if (!random_below(3))
		t.c_iflag |= IUTF8;
	if (!random_below(4))
		t.c_cc[VEOL] = ';';
	if (!random_below(4))
		t.c_cc[VEOL2] = ':';
	set_modes(&t);
}

static size_t random_keys(uint8_t *keys, size_t max)
{
	static const char *const chunks[] = {
		"a", "bc", "Word", "one two", " ", "_x9", "\t", "\t", "\r", "\n", "\177", "\177\177", "\025", "\027", "\026",
		"\022", "\004", "\003", "\034", "\032", "\021", "\023", "\033", "\001", "\303\251", "\346\227\245", "\377", "\200",
		";", ":", "\f", "\b", "A\tB", "x.y",
	};
	size_t n = 0, left = 1 + random_below(4);

	while (left--) {
		const char *chunk = chunks[random_below(sizeof(chunks) / sizeof(*chunks))];

		if (n + strlen(chunk) > max)
			break;
		memcpy(keys + n, chunk, strlen(chunk));
		n += strlen(chunk);
	}
	return n;
}

static void step_print(void)
{
	static const char *const texts[] = { "hello", "a\tb\tc", "line\nnext\r\n", "\b\b", "\303\251t\303\251", "$ ", "\n", "\r", "x\ry" };
	const char *text = texts[random_below(sizeof(texts) / sizeof(*texts))];
	size_t taken = ldisc_write(&model.ldisc, (const uint8_t *)text, strlen(text));
	ssize_t n;

	note("print", (const uint8_t *)text, strlen(text));
	n = write(slave, text, strlen(text));
	if (n < 0 && errno == EAGAIN)
		n = 0;
	if ((size_t)n != taken)
		fail_msg("pty took %zd bytes, ldisc %zu:%s", n, taken, history);
}

static void read_and_compare(size_t want)
{
	uint8_t got[64], expected[64];
	bool complete;
	ssize_t real;
	size_t n;

	note("read", (uint8_t *)&want, 1);
	real = read(slave, got, want);
	if (!ldisc_has_input(&model.ldisc, 1)) {
		if (real != -1 || errno != EAGAIN)
			fail_msg("pty has %zd bytes to read, ldisc none:%s", real, history);
		return;
	}
	n = ldisc_read(&model.ldisc, expected, want, &complete);
	if (real != (ssize_t)n || memcmp(got, expected, n)) {
		note("pty gave  ", got, real > 0 ? (size_t)real : 0);
		note("ldisc gave", expected, n);
		fail_msg("reads differ:%s", history);
	}
}

static void step_read(void)
{
	read_and_compare(1 + random_below(random_below(2) ? 4 : 60));
}

/* The host hands typed bytes to its line discipline in a worker thread; polling a terminal
 * without input waits for it. */
static void finish_input(void)
{
	struct pollfd entry = { .fd = slave, .events = POLLIN };

	poll(&entry, 1, 0);
}

/* Whether nothing would show that the keys have been worked on. */
static bool would_be_silent(const uint8_t *keys, size_t n)
{
	static struct model trial;

	trial = model;
	ldisc_receive(&trial.ldisc, keys, n);
	return !trial.noutput && ldisc_input_bytes(&trial.ldisc) == ldisc_input_bytes(&model.ldisc);
}

static void step_type(void)
{
	uint8_t keys[64];
	size_t n = random_keys(keys, sizeof(keys));

	if (would_be_silent(keys, n)) {
		while (ldisc_has_input(&model.ldisc, 1))
			read_and_compare(sizeof(keys));
	}
	note("type", keys, n);
	assert_int_equal(write(master, keys, n), n);
	assert_int_equal(ldisc_receive(&model.ldisc, keys, n), n);
	finish_input();
}

static void run_session(uint64_t number, unsigned nsteps)
{
	seed = number;
	history[0] = '\0';
	model_init(&model);
	open_pty();
	for (unsigned i = 0; i < nsteps; i++) {
		unsigned kind = random_below(10);

		if (kind == 0)
			step_modes();
		else if (kind < 6)
			step_type();
		else if (kind < 8)
			step_print();
		else
			step_read();
		expect_output();
		expect_input_bytes();
	}
	close(slave);
	close(master);
}

static void ldisc_does_what_a_linux_pty_does(void **state)
{
	const char *only = getenv("LDISC_SEED");

	if (only) {
		run_session(strtoull(only, NULL, 0), 60);
		return;
	}
	for (uint64_t number = 1; number <= 60; number++)
		run_session(number, 60);
}

static void long_lines_are_cut_as_linux_does(void **state)
{
	uint8_t keys[512], got[8192], expected[8192];
	size_t n;
	bool complete;
	ssize_t real;

	model_init(&model);
	history[0] = '\0';
	open_pty();
	for (unsigned i = 0; i < 10; i++) {
		memset(keys, 'a' + (int)i, sizeof(keys));
		assert_int_equal(write(master, keys, sizeof(keys)), sizeof(keys));
		assert_int_equal(ldisc_receive(&model.ldisc, keys, sizeof(keys)), sizeof(keys));
		expect_output();
	}
	assert_int_equal(write(master, "\n", 1), 1);
	assert_int_equal(ldisc_receive(&model.ldisc, (const uint8_t *)"\n", 1), 1);
	expect_output();
	expect_input_bytes();
	n = ldisc_read(&model.ldisc, expected, sizeof(expected), &complete);
	real = read(slave, got, sizeof(got));
	assert_int_equal(real, n);
	assert_memory_equal(got, expected, n);
	close(slave);
	close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ldisc_does_what_a_linux_pty_does),
		cmocka_unit_test(long_lines_are_cut_as_linux_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
