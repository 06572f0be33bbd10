/* Keyboards: which there are, what their keys mean, and the repeating of one that is held. */
#define _GNU_SOURCE	/* O_CLOEXEC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "sessiond.h"

#define EVENTS_AT_ONCE 64
#define INPUT_FOLDER "/dev/input"
#define INPUT_PREFIX "event"
#define MAX_PATH 64

/* As people find it comfortable on a terminal (man 8 kbdrate). */
#define REPEAT_DELAY_MS 400
#define REPEAT_PERIOD_MS 33

static struct {
	int fd;			/* -1: free */
	char path[MAX_PATH];
} inputs[MAX_INPUTS];
static unsigned int ninputs;	/* slots that were ever used */
static struct keymap keymap;
static bool is_caps_lit, is_num_lit;
static int watch = -1;		/* inotify */
static bool is_folder_watched;
static uint16_t repeat_code;	/* 0: none */
static uint64_t repeat_at_ms;

/* ---- devices ---- */

static int free_slot(void)
{
	for (unsigned int i = 0; i < ninputs; i++)
		if (inputs[i].fd < 0)
			return (int)i;
	return ninputs < MAX_INPUTS ? (int)ninputs : -1;
}

static bool is_open(const char *path)
{
	for (unsigned int i = 0; i < ninputs; i++)
		if (inputs[i].fd >= 0 && !strcmp(inputs[i].path, path))
			return true;
	return false;
}

void input_add(const char *path)
{
	int slot = free_slot(), fd;

	if (is_open(path))
		return;
	if (slot < 0 || strlen(path) >= MAX_PATH) {
		fprintf(stderr, "sessiond: %s: too many inputs\n", path);
		return;
	}
	/* For writing as well: its lights. */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		fprintf(stderr, "sessiond: %s: %s\n", path, strerror(errno));
		return;
	}
	inputs[slot].fd = fd;
	snprintf(inputs[slot].path, MAX_PATH, "%s", path);
	if ((unsigned int)slot == ninputs)
		ninputs++;
}

static void add_all(void)
{
	DIR *folder = opendir(INPUT_FOLDER);
	struct dirent *entry;
	char path[sizeof(INPUT_FOLDER) + sizeof(entry->d_name) + 1];

	if (!folder)
		return;
	while ((entry = readdir(folder))) {
		if (strncmp(entry->d_name, INPUT_PREFIX, sizeof(INPUT_PREFIX) - 1))
			continue;
		snprintf(path, sizeof(path), INPUT_FOLDER "/%s", entry->d_name);
		input_add(path);
	}
	closedir(folder);
}

/* The folder comes with the first device. */
static void watch_folder(void)
{
	if (!is_folder_watched)
		is_folder_watched = inotify_add_watch(watch, INPUT_FOLDER, IN_CREATE | IN_ATTRIB) >= 0;
}

void input_add_all(void)
{
	watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch >= 0) {
		inotify_add_watch(watch, "/dev", IN_CREATE);
		watch_folder();
	}
	add_all();
}

static void take_news(void)
{
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(watch, bytes, sizeof(bytes)) > 0)
		;
	watch_folder();
	add_all();
}

bool input_choose_layout(const char *name)
{
	return keymap_choose(&keymap, name);
}

/* ---- keys ---- */

static void light(int fd)
{
	struct input_event events[] = {
		{ .type = EV_LED, .code = LED_CAPSL, .value = keymap.caps_lock },
		{ .type = EV_LED, .code = LED_NUML, .value = keymap.num_lock },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};

	/* A keyboard without lights needs none. */
	if (write(fd, events, sizeof(events)) < 0)
		return;
}

static void show_locks(void)
{
	if (is_caps_lit == keymap.caps_lock && is_num_lit == keymap.num_lock)
		return;
	is_caps_lit = keymap.caps_lock;
	is_num_lit = keymap.num_lock;
	for (unsigned int i = 0; i < ninputs; i++)
		if (inputs[i].fd >= 0)
			light(inputs[i].fd);
}

/* Devices that repeat by themselves and those that do not behave alike: their own repeats are passed over. */
static void take_event(const struct input_event *event, input_key_fn *take_key)
{
	struct key_meaning meaning;

	if (event->type != EV_KEY || event->value < 0 || event->value > 1)
		return;
	meaning = keymap_take(&keymap, event->code, event->value);
	show_locks();
	if (event->value) {
		repeat_code = meaning.kind == KEY_MEANS_NOTHING || meaning.kind == KEY_MEANS_SWITCH ? 0 : event->code;
		repeat_at_ms = now_ms() + REPEAT_DELAY_MS;
	} else if (repeat_code == event->code) {
		repeat_code = 0;
	}
	if (meaning.kind != KEY_MEANS_NOTHING)
		take_key(&meaning);
}

/* Returns: false when the device is gone. */
static bool read_events(int fd, input_key_fn *take_key)
{
	struct input_event events[EVENTS_AT_ONCE];
	ssize_t len = read(fd, events, sizeof(events));

	if (len < 0)
		return errno == EAGAIN || errno == EINTR;
	for (size_t i = 0; i < (size_t)len / sizeof(events[0]); i++)
		take_event(&events[i], take_key);
	return len > 0;
}

unsigned int input_poll(struct pollfd *polls)
{
	for (unsigned int i = 0; i < ninputs; i++)
		polls[i] = (struct pollfd){ .fd = inputs[i].fd, .events = POLLIN };
	polls[ninputs] = (struct pollfd){ .fd = watch, .events = POLLIN };
	return ninputs + 1;
}

uint64_t input_wake_ms(void)
{
	return repeat_code ? repeat_at_ms : UINT64_MAX;
}

/* What was pressed and let go meanwhile counts before a repeat does. */
void input_serve(const struct pollfd *polls, unsigned int npolls, input_key_fn *take_key)
{
	struct key_meaning meaning;

	for (unsigned int i = 0; i + 1 < npolls; i++) {
		if (!polls[i].revents || read_events(polls[i].fd, take_key))
			continue;
		close(polls[i].fd);
		inputs[i].fd = -1;
		repeat_code = 0;
	}
	if (polls[npolls - 1].revents)
		take_news();
	if (!repeat_code || now_ms() < repeat_at_ms)
		return;
	repeat_at_ms = now_ms() + REPEAT_PERIOD_MS;
	meaning = keymap_take(&keymap, repeat_code, 2);
	if (meaning.kind != KEY_MEANS_NOTHING)
		take_key(&meaning);
}
