/* kernel/compat/src/linux/core_pattern.c: what a core dump is called (man 5 core, "Naming of core dump files").
 *
 * Locking: pattern_lock (PROCESS) guards the pattern.
 */
#include <io/inode.h>
#include <mm/heap.h>
#include <string.h>

#include "core_dump.h"

#define PATTERN_BYTES 128u	/* Linux: CORENAME_MAX_SIZE */

static struct spinlock pattern_lock = SPINLOCK_INIT(PROCESS);
static char pattern[PATTERN_BYTES] = "core";
uint32_t core_uses_pid;

int64_t core_pattern_get(char *out, size_t cap)
{
	size_t len;

	spin_lock(&pattern_lock);
	len = MIN(strlen(pattern), cap);
	memcpy(out, pattern, len);
	spin_unlock(&pattern_lock);
	return (int64_t)len;
}

int core_pattern_set(const char *text, size_t len)
{
	if (len && text[len - 1] == '\n')
		len--;
	if (len >= PATTERN_BYTES || (len && text[0] == '|'))
		return -EINVAL;
	spin_lock(&pattern_lock);
	memcpy(pattern, text, len);
	pattern[len] = 0;
	spin_unlock(&pattern_lock);
	return 0;
}

struct name {
	char *out;
	size_t used, cap;
	bool has_pid;
};

static void put_char(struct name *n, char c)
{
	if (n->used + 1 < n->cap)
		n->out[n->used] = c;
	n->used++;
}

/* Slashes of a value would lead elsewhere. */
static void put_text(struct name *n, const char *text)
{
	for (; *text; text++)
		put_char(n, *text == '/' ? '!' : *text);
}

static void put_number(struct name *n, uint64_t value)
{
	char digits[24];
	int i = sizeof(digits);

	digits[--i] = 0;
	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put_text(n, digits + i);
}

static void put_exe_path(struct name *n)
{
	char *path = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	struct inode *exe = ps_current()->exe;
	int64_t len = path && exe ? vfs_path_of(exe, path, VFS_PATH_MAX - 1) : -ENOENT;

	if (len > 0) {
		path[len] = 0;
		put_text(n, path);
	} else {
		put_text(n, ps_current_thread()->thread.name);
	}
	kfree(path);
}

static void put_item(struct name *n, char item, const struct signal_info *info)
{
	struct process *p = ps_current();
	char text[65];

	switch (item) {
	case '%':
		put_char(n, '%');
		break;
	case 'p':
	case 'P':
		n->has_pid = true;
		put_number(n, p->pid);
		break;
	case 'i':
	case 'I':
		put_number(n, current_thread()->tid);
		break;
	case 'u':
		put_number(n, p->credentials.uid);
		break;
	case 'g':
		put_number(n, p->credentials.gid);
		break;
	case 'd':
		put_number(n, p->dumpable);
		break;
	case 's':
		put_number(n, (uint64_t)info->signo);
		break;
	case 't':
		put_number(n, clock_realtime_ns() / NSEC_PER_SEC);
		break;
	case 'h':
		ps_get_machine_name(false, text);
		put_text(n, text);
		break;
	case 'e':
		put_text(n, current_thread()->name);
		break;
	case 'E':
		put_exe_path(n);
		break;
	case 'c':
		put_number(n, p->envelope.limits[4].cur);
		break;
	default:
		break;
	}
}

int core_name(const struct signal_info *info, char *out, size_t cap)
{
	struct name n = { .out = out, .cap = cap };
	char text[PATTERN_BYTES + 1];
	const char *at = text;

	text[core_pattern_get(text, PATTERN_BYTES)] = 0;
	for (; *at; at++) {
		if (*at != '%')
			put_char(&n, *at);
		else if (at[1])
			put_item(&n, *++at, info);
	}
	if (core_uses_pid && !n.has_pid) {
		put_char(&n, '.');
		put_number(&n, ps_current()->pid);
	}
	if (n.used >= cap)
		return -ENAMETOOLONG;
	out[n.used] = 0;
	return 0;
}
