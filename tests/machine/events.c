/* tests/machine/events.c: reads an input device.
 *
 *   events DEVICE          tells what it is and "ready", then each event until F12 is released
 *   events DEVICE flood    tells "ready", sleeps until a line comes on standard input, and
 *                          then how the queue begins that overflowed meanwhile
 *   events DEVICE rules    what the ioctls refuse
 */
#define _GNU_SOURCE	/* strerrorname_np */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/input.h>

static int has(const unsigned char *bits, unsigned n)
{
	return bits[n / 8] >> n % 8 & 1;
}

static void tell_bits(int fd, unsigned type, const char *name, unsigned count)
{
	unsigned char bits[KEY_CNT / 8] = { 0 };
	unsigned n = 0;

	if (ioctl(fd, EVIOCGBIT(type, sizeof(bits)), bits) < 0)
		return;
	for (unsigned i = 0; i < count; i++)
		n += has(bits, i);
	if (n)
		printf("%s: %s\n", name, n > 20 ? "many" : "some");
}

static void tell_device(int fd)
{
	int version, clock = CLOCK_MONOTONIC;
	struct input_id id;
	char name[64];

	if (ioctl(fd, EVIOCGVERSION, &version) || ioctl(fd, EVIOCGID, &id) || ioctl(fd, EVIOCGNAME(sizeof(name)), name) < 0 ||
	    ioctl(fd, EVIOCSCLOCKID, &clock)) {
		printf("ioctl: %s\n", strerror(errno));
		exit(1);
	}
	printf("%s, bus %x, protocol %x\n", name, id.bustype, version);
	tell_bits(fd, EV_KEY, "keys", KEY_CNT);
	tell_bits(fd, EV_REL, "relative", REL_CNT);
	tell_bits(fd, EV_ABS, "absolute", ABS_CNT);
	tell_bits(fd, EV_LED, "leds", LED_CNT);
}

static void tell_axis(int fd)
{
	struct input_absinfo axis;

	if (!ioctl(fd, EVIOCGABS(ABS_X), &axis))
		printf("x from %d to %d\n", axis.minimum, axis.maximum);
}

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

/* Whether the record's time is of the monotonic clock, and not of the future. */
static int has_time(const struct input_event *e)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return e->input_event_sec <= now.tv_sec && e->input_event_sec + 100 > now.tv_sec && e->input_event_usec < 1000000;
}

static int tell_events(int fd)
{
	struct input_event e;

	while (read(fd, &e, sizeof(e)) == sizeof(e)) {
		if (!has_time(&e))
			printf("odd time\n");
		if (e.type == EV_SYN)
			printf(e.code == SYN_REPORT ? "--\n" : "dropped\n");
		else if (e.type != EV_MSC)
			printf("%d %d %d\n", e.type, e.code, e.value);
		fflush(stdout);
		if (e.type == EV_KEY && e.code == KEY_F12 && !e.value)
			return 0;
	}
	return 1;
}

static int flood(int fd)
{
	struct input_event e[200];
	char line[16];
	ssize_t n;

	ready();
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	n = read(fd, e, sizeof(e)) / (ssize_t)sizeof(e[0]);
	printf("%s, %s\n", e[0].type == EV_SYN && e[0].code == SYN_DROPPED ? "dropped" : "kept",
	       n > 0 && n <= 64 ? "a queue" : "too many");
	return 0;
}

static const char *outcome(long ret)
{
	return ret < 0 ? strerrorname_np(errno) : "ok";
}

static int rules(int fd, const char *path)
{
	struct pollfd poll_one = { .fd = fd, .events = POLLIN | POLLOUT };
	int other = open(path, O_RDWR | O_NONBLOCK), clock = CLOCK_PROCESS_CPUTIME_ID;
	struct input_event e;
	char byte;

	printf("short read: %s\n", outcome(read(fd, &byte, 1)));
	printf("empty read: %s\n", outcome(read(other, &e, sizeof(e))));
	poll(&poll_one, 1, 0);
	printf("poll: %s\n", poll_one.revents == POLLOUT ? "writable" : "something else");
	printf("grab: %s\n", outcome(ioctl(fd, EVIOCGRAB, 1)));
	printf("grabbed: %s\n", outcome(ioctl(other, EVIOCGRAB, 1)));
	printf("let go of another's: %s\n", outcome(ioctl(other, EVIOCGRAB, 0)));
	printf("let go: %s\n", outcome(ioctl(fd, EVIOCGRAB, 0)));
	printf("odd clock: %s\n", outcome(ioctl(fd, EVIOCSCLOCKID, &clock)));
	printf("unknown: %s\n", outcome(ioctl(fd, _IOR('E', 0xee, int), &clock)));
	printf("force feedback: %s\n", outcome(ioctl(fd, _IOR('X', 1, int), &clock)));
	printf("lseek: %s\n", outcome(lseek(fd, 0, SEEK_SET)));
	return 0;
}

int main(int argc, char **argv)
{
	int fd = open(argv[1], O_RDWR);

	if (fd < 0) {
		printf("open: %s\n", strerror(errno));
		return 1;
	}
	if (argc > 2 && !strcmp(argv[2], "flood"))
		return flood(fd);
	if (argc > 2)
		return rules(fd, argv[1]);
	tell_device(fd);
	tell_axis(fd);
	ready();
	return tell_events(fd);
}
