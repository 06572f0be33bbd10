/* services/sessiond/src/sessiond.h: console sessions on a frame buffer.
 *
 *	main		options, the loop, focus
 *	display		the frame buffer and its font
 *	input		keyboards
 *	session		a program on a pseudo terminal, and its screen
 *
 * Each session has a screen (console/screen.h); the one in focus is shown and gets the
 * keys. Alt with a function key moves the focus; a session whose program has not run yet, or
 * has ended, starts it then. With logins, a session whose program has ended starts it by itself.
 */
#ifndef SESSIOND_SESSIOND_H
#define SESSIOND_SESSIOND_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <console/screen.h>
#include <keymap/keymap.h>

#define MAX_SESSIONS 12		/* as many as there are function keys */
#define MAX_INPUTS 16
#define INPUT_MAX_POLLS (MAX_INPUTS + 1)

/* Of a clock that nobody sets. */
uint64_t now_ms(void);

/* ---- display.c ---- */

struct display {
	struct framebuffer framebuffer;
	struct font *font;
};

/* Map the frame buffer at @path. @width and @height are its size where it is a plain file, which is made as
 * large as that; 0: it is a device, which tells. Returns: 0; negative errno. */
int display_open(struct display *display, const char *path, unsigned int width, unsigned int height);

/* Returns: 0; negative errno. */
int display_load_font(struct display *display, const char *path);

/* ---- input.c ---- */

/* A key that means something. */
typedef void input_key_fn(const struct key_meaning *meaning);

/* Read the keyboard at @path. One that cannot be opened is told of. */
void input_add(const char *path);

/* Read all keyboards of the machine, and those that it gets later. */
void input_add_all(void);

/* Returns: false if there is no layout @name. */
bool input_choose_layout(const char *name);

/* Fill in what to wait for. Returns: how many of the INPUT_MAX_POLLS that @polls has room for. */
unsigned int input_poll(struct pollfd *polls);

/* When a key that is held repeats, on now_ms()'s clock; UINT64_MAX: none is. */
uint64_t input_wake_ms(void);

/* Take what input_poll()'s @npolls brought, and a repeat that is due. */
void input_serve(const struct pollfd *polls, unsigned int npolls, input_key_fn *take_key);

/* ---- session.c ---- */

struct session {
	unsigned int number;	/* from 1 */
	bool is_login;		/* starts again by itself, and leaves nothing of its user on the screen */
	struct screen *screen;	/* NULL until it was in focus once */
	int master;		/* of the pseudo terminal; -1 while no program runs */
	pid_t pid;		/* 0 */
	uint64_t started_ms;
	bool is_used;		/* somebody typed since then */
	uint64_t restart_ms;	/* when it starts again; 0: not by itself */
};

/* Start @argv on a new pseudo terminal of the session, which has a screen then.
 * Returns: 0; negative errno: no program runs, and a login is tried again later. */
int session_start(struct session *session, const struct display *display, char **argv);

/* Draw what the program wrote. Returns: false when it has closed its terminal. */
bool session_take_output(struct session *session);

/* Its program was reaped. */
void session_reaped(struct session *session);

/* Nobody has its terminal open any more: tell on its screen, and close our end. */
void session_end(struct session *session);

/* Give a key to the program. */
void session_press(struct session *session, const struct key_meaning *meaning);

#endif
