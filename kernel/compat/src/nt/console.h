/* kernel/compat/src/nt/console.h: terminals as consoles, and the keys that become events.
 *
 * A console is a terminal; what both worlds know of it (line or raw, echo, size) is the terminal's, what only
 * consoles have is its companion, struct nt_console. Its text is UTF-8 (code page 65001). A handle to the
 * terminal reads the console's input unless it may write: then it is the screen's.
 *
 * Locking: nt_console.lock (NT_CONSOLE) guards its fields; nobody waits for input under it.
 */
#ifndef COMPAT_NT_CONSOLE_H
#define COMPAT_NT_CONSOLE_H

#include "file.h"

#define CONSOLE_CODE_PAGE 65001u
#define CONSOLE_CHARS 2048u
#define CONSOLE_EVENTS 256u
#define CONSOLE_TITLE_CHARS 256u

/* INPUT_RECORD (Microsoft Learn) of a key. */
struct nt_key_event {
	uint16_t type, pad;
	uint32_t is_down;
	uint16_t repeat, key, scan, unit;
	uint32_t state;
};
_Static_assert(sizeof(struct nt_key_event) == 20, "INPUT_RECORD");

struct nt_console {
	struct mutex lock;
	bool is_set_up;
	uint32_t input_mode;		/* what a terminal's modes do not say */
	uint32_t output_mode;
	uint16_t attributes;		/* FOREGROUND_*, BACKGROUND_* */
	bool is_cursor_hidden;
	uint16_t cursor_percent;
	uint16_t cursor_row;		/* that SetConsoleCursorPosition chose last */
	uint16_t title[CONSOLE_TITLE_CHARS];
	uint32_t ntitle;
	uint8_t partial[4];		/* of a character that is not all here yet */
	uint32_t npartial;
	uint16_t chars[CONSOLE_CHARS];	/* read and not wanted yet */
	uint32_t nchars;
	struct nt_key_event events[CONSOLE_EVENTS];
	uint32_t nevents;
};

/* Of a file that is a terminal; NULL: no memory. */
struct nt_console *nt_console_of(struct file *f);

/* ---- console_io.c ---- */

/* NtReadFile, NtWriteFile on a terminal. */
ntstatus nt_console_transfer(struct file *f, const struct nt_completion *c, const struct io_segment *seg, bool is_write);
/* Up to @cap characters of the input to @user as UTF-16; waits for the first. */
ntstatus nt_console_read_wide(struct file *f, struct nt_console *con, uint64_t user, uint32_t cap, uint64_t *done_bytes);
/* The same as UTF-8; Ctrl-Z at a line's begin is its end. */
ntstatus nt_console_read_bytes(struct file *f, struct nt_console *con, uint64_t user, uint32_t cap, uint64_t *done_bytes);
ntstatus nt_console_write_wide(struct file *f, uint64_t user, uint32_t bytes);
ntstatus nt_console_write_bytes(struct file *f, uint64_t user, uint32_t bytes);
/* Bytes of the kernel's: control sequences. */
ntstatus nt_console_put(struct file *f, const char *bytes, size_t n);
/* Bring what was typed to con->chars. Returns: 0; -EAGAIN nothing without waiting; another errno; sets *at_end. */
int nt_console_fill(struct file *f, struct nt_console *con, bool may_wait, bool *at_end);

/* ---- console_keys.c ---- */

/* Copy up to @cap events to @user, taking them unless it only looks; @may_wait: for the first one. */
ntstatus nt_console_events(struct file *f, struct nt_console *con, uint64_t user, uint32_t cap, bool takes, bool may_wait,
	uint64_t *done_bytes);
/* Put events of @user before those that come. */
ntstatus nt_console_add_events(struct nt_console *con, uint64_t user, uint32_t n);
uint32_t nt_console_count_events(struct file *f, struct nt_console *con);

/* ---- console.c ---- */

/* IOCTL_CONDRV_* of NtDeviceIoControlFile @a. */
bool nt_console_is_input_name(const struct nt_string *name);	/* `\??\CONIN$` */
/* Descriptor @fd of a program that starts, if it is a terminal: 0 is for the input, the others for the screen. */
void nt_console_mark_standard(int fd);

/* ---- console_event.c ---- */

/* SIGINT or SIGQUIT came for the current NT process: its handlers run on a thread of their own, at kernelbase's CtrlRoutine.
 * Before kernelbase is there it ends. */
void nt_console_signal(int sig);
/* Does the current thread end its process because no handler of a console event wanted it? */
bool nt_console_event_ends(void);
/* thread_start.c: a thread of the current process that runs @entry(@event). 0, -ENOMEM, -ESRCH … */
int nt_run_console_event(uint64_t entry, uint64_t event);

#endif
