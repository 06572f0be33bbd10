/* services/sessiond/src/sessiond.h: console sessions on a frame buffer.
 *
 *	main		options, the loop, focus
 *	display		the frame buffer and its font
 *	session		a program on a pseudo terminal, and its screen
 *
 * Each session has a screen (console/screen.h); the one in focus is shown and gets the
 * keys. Alt with a function key moves the focus; a session whose program has not run yet, or
 * has ended, starts it then.
 */
#ifndef SESSIOND_SESSIOND_H
#define SESSIOND_SESSIOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <console/keymap.h>
#include <console/screen.h>

#define MAX_SESSIONS 12		/* as many as there are function keys */

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

/* ---- session.c ---- */

struct session {
	struct screen *screen;	/* NULL until it was in focus once */
	int master;		/* of the pseudo terminal; -1 while no program runs */
	pid_t pid;		/* 0 */
};

/* Start @argv on a new pseudo terminal of the session, which has a screen then.
 * Returns: 0; negative errno. */
int session_start(struct session *session, const struct display *display, char **argv);

/* Draw what the program wrote. Returns: false when it has closed its terminal. */
bool session_take_output(struct session *session);

/* Nobody has its terminal open any more: tell on its screen, and close our end. */
void session_end(struct session *session);

/* Give a key to the program. */
void session_press(struct session *session, const struct key_meaning *meaning);

#endif
