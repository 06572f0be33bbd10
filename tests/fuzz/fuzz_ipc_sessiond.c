/* The input is a life of sessiond: its options, then keys of keyboards that come and go, what programs write
 * to their terminals, programs that end, and time that goes by (feigned/feigned.h has the bytes). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fb.h>
#include <linux/input.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <termios.h>

#include <console/screen.h>

#include "data.h"
#include "feigned.h"

#define MAX_EVENTS 400
#define MAX_FDS 40
#define FIRST_FD 3
#define MAX_SCREENS 12
#define MAX_PROGRAMS 64
#define FIRST_PID 100
#define FONT_HEADER 4
#define FONT_HEIGHT 8

enum kind { FREE, DISPLAY, FONT, KEYBOARD, NEWS, TERMINAL };
enum event { READY, CHILD_ENDED, NOTHING, EVENTS };

const struct feigned_service feigned = { 0 };

static struct {
	enum kind kind;
	bool is_gone;		/* it has said so */
} fds[MAX_FDS];
static struct {
	bool is_alive, is_zombie;
} programs[MAX_PROGRAMS];
static unsigned int nprograms, nevents;
static void (*on_signal)(int signal);
static void *pixels;
static struct font *font;
static struct screen *screens[MAX_SCREENS];
static unsigned int nscreens, next_name;
static bool has_news;

/* ---- descriptors ---- */

static int open_fd(enum kind kind)
{
	if (feigned_answer_byte() == 0xff) {
		errno = EMFILE;
		return -1;
	}
	for (int i = 0; i < MAX_FDS; i++)
		if (fds[i].kind == FREE) {
			fds[i].kind = kind;
			fds[i].is_gone = false;
			return FIRST_FD + i;
		}
	REQUIRE(!"a descriptor leaks");
	return -1;
}

static enum kind kind_of(int fd)
{
	REQUIRE(fd >= FIRST_FD && fd < FIRST_FD + MAX_FDS && fds[fd - FIRST_FD].kind != FREE);
	return fds[fd - FIRST_FD].kind;
}

int feigned_open(const char *path, int flags, ...);
int feigned_open(const char *path, int flags, ...)
{
	(void)flags;
	return open_fd(strstr(path, "/fb") ? DISPLAY : strstr(path, "input/") ? KEYBOARD : FONT);
}

int feigned_close(int fd);
int feigned_close(int fd)
{
	REQUIRE(kind_of(fd) != FREE);
	fds[fd - FIRST_FD].kind = FREE;
	return 0;
}

/* A keyboard's bytes: whole events as a rule. */
static ssize_t read_keys(void *buf, size_t len)
{
	struct input_event *events = buf;
	size_t count = feigned_byte() % 8;

	REQUIRE(len >= count * sizeof(*events));
	for (size_t i = 0; i < count; i++) {
		unsigned int value = feigned_byte();

		memset(&events[i], 0, sizeof(events[i]));
		events[i].type = value < 0xf0 ? EV_KEY : (uint16_t)value;
		events[i].value = value < 0xc0 ? (int32_t)(value & 1) : (int8_t)value;
		events[i].code = (uint16_t)feigned_byte();
		if (events[i].code == 0xff)
			feigned_bytes(&events[i].code, sizeof(events[i].code));
	}
	return (ssize_t)(count * sizeof(*events));
}

static ssize_t read_terminal(void *buf, size_t len)
{
	uint16_t count = (uint16_t)feigned_byte();

	if (count == 0xff)
		feigned_bytes(&count, sizeof(count));
	if (len > count)
		len = count;
	feigned_bytes(buf, len);
	return (ssize_t)len;
}

/* One byte a row: characters that differ. */
static ssize_t read_font(uint8_t *bytes, size_t len)
{
	for (size_t i = FONT_HEADER; i < len; i++)
		bytes[i] = (uint8_t)(i * 7);
	memcpy(bytes, "\x36\x04\0\x08", FONT_HEADER);
	return (ssize_t)len;
}

static ssize_t read_news(void)
{
	if (has_news) {
		has_news = false;
		return 16;
	}
	errno = EAGAIN;
	return -1;
}

ssize_t feigned_read(int fd, void *buf, size_t len);
ssize_t feigned_read(int fd, void *buf, size_t len)
{
	enum kind kind = kind_of(fd);
	unsigned int answer = kind == KEYBOARD || kind == TERMINAL ? feigned_answer_byte() : 0;

	if (answer >= 0xfc || fds[fd - FIRST_FD].is_gone || !feigned_has_input()) {
		fds[fd - FIRST_FD].is_gone |= answer >= 0xfe;
		errno = answer & 1 ? EAGAIN : kind == KEYBOARD ? ENODEV : EIO;
		return kind == FONT ? 0 : -1;
	}
	switch (kind) {
	case KEYBOARD:
		return read_keys(buf, len);
	case TERMINAL:
		return read_terminal(buf, len);
	case FONT:
		return read_font(buf, len);
	default:
		REQUIRE(kind == NEWS);
		return read_news();
	}
}

ssize_t feigned_write(int fd, const void *buf, size_t len);
ssize_t feigned_write(int fd, const void *buf, size_t len)
{
	unsigned int answer = feigned_answer_byte();

	REQUIRE(kind_of(fd) == KEYBOARD || kind_of(fd) == TERMINAL);
	touch(buf, len);
	if (answer >= 0xfe) {
		errno = EAGAIN;
		return -1;
	}
	return answer >= 0xf0 && len ? 1 : (ssize_t)len;
}

/* ---- the display ---- */

/* Small, with lines longer than what is shown of them. */
static void fill_display(unsigned long request, void *arg)
{
	static const unsigned int sides[] = { 8, 64, 80, 200, 320, 7 };
	static unsigned int width;

	if (request == FBIOGET_VSCREENINFO) {
		struct fb_var_screeninfo *var = arg;

		memset(var, 0, sizeof(*var));
		width = var->xres = sides[feigned_answer_byte() % 6];
		var->yres = sides[feigned_answer_byte() % 6];
		var->bits_per_pixel = 32;
	} else {
		struct fb_fix_screeninfo *fix = arg;

		memset(fix, 0, sizeof(*fix));
		fix->line_length = 4 * (width + feigned_answer_byte() % 5);
	}
}

int feigned_ioctl(int fd, unsigned long request, ...);
int feigned_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (kind_of(fd) == DISPLAY)
		fill_display(request, arg);
	else
		REQUIRE(kind_of(fd) == TERMINAL && request == TIOCSWINSZ && ((const struct winsize *)arg)->ws_row);
	return 0;
}

void *feigned_mmap(void *address, size_t len, int prot, int flags, int fd, off_t offset);
void *feigned_mmap(void *address, size_t len, int prot, int flags, int fd, off_t offset)
{
	(void)address;
	(void)prot;
	(void)flags;
	(void)offset;
	REQUIRE(kind_of(fd) == DISPLAY && !pixels);
	pixels = malloc(len);
	return pixels ?: MAP_FAILED;
}

int feigned_fstat(int fd, struct stat *stat);
int feigned_fstat(int fd, struct stat *stat)
{
	REQUIRE(kind_of(fd) == FONT);
	memset(stat, 0, sizeof(*stat));
	stat->st_size = FONT_HEADER + 256 * FONT_HEIGHT;
	return 0;
}

/* What libraries allocate is not on libc.c's list. */
int feigned_font_parse(const uint8_t *data, size_t len, struct font **out);
int feigned_font_parse(const uint8_t *data, size_t len, struct font **out)
{
	int err = font_parse(data, len, out);

	font = err ? NULL : *out;
	return err;
}

int feigned_screen_create(const struct font *glyphs, unsigned int width, unsigned int height, screen_output_fn *output, void *user,
			  struct screen **screen);
int feigned_screen_create(const struct font *glyphs, unsigned int width, unsigned int height, screen_output_fn *output, void *user,
			  struct screen **screen)
{
	int err = screen_create(glyphs, width, height, output, user, screen);

	if (!err) {
		REQUIRE(nscreens < MAX_SCREENS);
		screens[nscreens++] = *screen;
	}
	return err;
}

/* ---- terminals and programs ---- */

int feigned_posix_openpt(int flags);
int feigned_posix_openpt(int flags)
{
	(void)flags;
	return open_fd(TERMINAL);
}

int feigned_grantpt(int fd);
int feigned_grantpt(int fd)
{
	REQUIRE(kind_of(fd) == TERMINAL);
	errno = ENOSPC;
	return feigned_answer_byte() == 0xff ? -1 : 0;
}

int feigned_unlockpt(int fd);
int feigned_unlockpt(int fd)
{
	REQUIRE(kind_of(fd) == TERMINAL);
	return 0;
}

int feigned_ptsname_r(int fd, char *name, size_t size);
int feigned_ptsname_r(int fd, char *name, size_t size)
{
	snprintf(name, size, "/dev/pts/%d", fd);
	return 0;
}

int feigned_tcgetattr(int fd, struct termios *termios);
int feigned_tcgetattr(int fd, struct termios *termios)
{
	REQUIRE(kind_of(fd) == TERMINAL);
	memset(termios, 0, sizeof(*termios));
	return 0;
}

int feigned_tcsetattr(int fd, int when, const struct termios *termios);
int feigned_tcsetattr(int fd, int when, const struct termios *termios)
{
	(void)when;
	(void)termios;
	REQUIRE(kind_of(fd) == TERMINAL);
	return 0;
}

pid_t feigned_fork(void);
pid_t feigned_fork(void)
{
	if (nprograms == MAX_PROGRAMS || feigned_answer_byte() == 0xff) {
		errno = EAGAIN;
		return -1;
	}
	programs[nprograms].is_alive = true;
	return (pid_t)(FIRST_PID + nprograms++);
}

pid_t feigned_waitpid(pid_t pid, int *status, int options);
pid_t feigned_waitpid(pid_t pid, int *status, int options)
{
	(void)status;
	(void)options;
	REQUIRE(pid == -1);
	for (unsigned int i = 0; i < nprograms; i++)
		if (programs[i].is_zombie) {
			programs[i].is_zombie = false;
			return (pid_t)(FIRST_PID + i);
		}
	return 0;
}

/* Only to groups of programs that were not reaped. */
int feigned_kill(pid_t pid, int number);
int feigned_kill(pid_t pid, int number)
{
	unsigned int index = (unsigned int)(-pid - FIRST_PID);

	REQUIRE(number == SIGHUP && index < nprograms && (programs[index].is_alive || programs[index].is_zombie));
	return 0;
}

int feigned_sigaction(int number, const struct sigaction *action, struct sigaction *old);
int feigned_sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	(void)number;
	(void)old;
	on_signal = action->sa_handler;
	return 0;
}

int feigned_sigprocmask(int how, const sigset_t *set, sigset_t *old);
int feigned_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	(void)how;
	(void)set;
	sigemptyset(old);
	return 0;
}

void (*feigned_signal(int number, void (*handler)(int)))(int);
void (*feigned_signal(int number, void (*handler)(int)))(int)
{
	(void)number;
	return handler;
}

int feigned_fprintf(FILE *file, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int feigned_fprintf(FILE *file, const char *fmt, ...)
{
	char line[256];
	va_list args;

	(void)file;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return 0;
}

/* ---- the folder of keyboards ---- */

int feigned_inotify_init1(int flags);
int feigned_inotify_init1(int flags)
{
	(void)flags;
	return open_fd(NEWS);
}

int feigned_inotify_add_watch(int fd, const char *path, uint32_t mask);
int feigned_inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	(void)path;
	(void)mask;
	REQUIRE(kind_of(fd) == NEWS);
	return feigned_answer_byte() == 0xff ? -1 : 1;
}

DIR *feigned_opendir(const char *path);
DIR *feigned_opendir(const char *path)
{
	(void)path;
	next_name = 0;
	return feigned_answer_byte() == 0xff ? NULL : (DIR *)&next_name;
}

struct dirent *feigned_readdir(DIR *folder);
struct dirent *feigned_readdir(DIR *folder)
{
	static struct dirent entry;
	unsigned int number = feigned_answer_byte();

	REQUIRE(folder == (DIR *)&next_name);
	if (!number || next_name++ == 32)
		return NULL;
	/* Also the longest that a name can be. */
	if (number == 0xff)
		memset(entry.d_name, 'e', sizeof(entry.d_name) - 1);
	else
		snprintf(entry.d_name, sizeof(entry.d_name), "%s%u", number & 0x80 ? "mouse" : "event", number % 32);
	return &entry;
}

int feigned_closedir(DIR *folder);
int feigned_closedir(DIR *folder)
{
	REQUIRE(folder == (DIR *)&next_name);
	return 0;
}

/* ---- events ---- */

static void end_child(void)
{
	unsigned int index = feigned_byte();

	if (index < nprograms && programs[index].is_alive) {
		programs[index].is_alive = false;
		programs[index].is_zombie = true;
	}
	on_signal(SIGCHLD);
}

static int become_ready(struct pollfd *polls, nfds_t npolls)
{
	struct pollfd *poll = &polls[feigned_byte() % npolls];

	if (poll->fd < 0)
		return 0;
	has_news = kind_of(poll->fd) == NEWS;
	poll->revents = POLLIN;
	return 1;
}

/* The end of the input is the end of sessiond. */
int feigned_ppoll(struct pollfd *polls, nfds_t npolls, const struct timespec *timeout, const sigset_t *mask);
int feigned_ppoll(struct pollfd *polls, nfds_t npolls, const struct timespec *timeout, const sigset_t *mask)
{
	enum event event;

	(void)mask;
	REQUIRE(!timeout || (timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000));
	for (nfds_t i = 0; i < npolls; i++)
		REQUIRE(polls[i].fd == -1 || kind_of(polls[i].fd) == KEYBOARD || kind_of(polls[i].fd) == NEWS ||
			kind_of(polls[i].fd) == TERMINAL);
	if (!feigned_has_input() || ++nevents > MAX_EVENTS) {
		on_signal(SIGTERM);
		return -1;
	}
	event = feigned_byte() % EVENTS;
	if (event == READY)
		return become_ready(polls, npolls);
	if (event == NOTHING)
		return 0;
	end_child();
	return -1;
}

/* ---- a life ---- */

static void run(void)
{
	static const char *const layouts[] = { "us", "gb", "de", "fr" }, *const counts[] = { "1", "2", "6", "12" };
	unsigned int choice = feigned_byte();
	char *argv[12] = { "sessiond", "--layout", (char *)layouts[choice & 3], "--sessions", (char *)counts[choice >> 2 & 3] };
	int argc = 5;

	if (choice & 0x10)
		argv[argc++] = "--login";
	if (choice & 0x20) {
		argv[argc++] = "--input";
		argv[argc++] = "/dev/input/event0";
	}
	argv[argc++] = "/bin/program";
	feigned_main(argc, argv);
}

static void clean_up(void)
{
	while (nscreens)
		screen_free(screens[--nscreens]);
	font_free(font);
	free(pixels);
	font = NULL;
	pixels = NULL;
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	feigned_data_restore();
	feigned_memory_reset();
	memset(fds, 0, sizeof(fds));
	memset(programs, 0, sizeof(programs));
	nprograms = nevents = 0;
	feigned_open_input(data, size);
	run();
	clean_up();
	return 0;
}
