/* kernel/ps/src/strings.c: argument and environment strings between two address spaces. */
#include <mm/usercopy.h>

#include "internal.h"
#include "strings.h"

#define MAX_STRING_BYTES (32u * PAGE_SIZE)	/* Linux: MAX_ARG_STRLEN */
#define POINTER_BYTES 8

void ps_strings_init(struct ps_strings *s, uint64_t limit_bytes)
{
	*s = (struct ps_strings){ .limit_bytes = limit_bytes };
}

void ps_strings_free(struct ps_strings *s)
{
	for (uint32_t i = 0; i < s->nframes; i++)
		frame_put(s->frames[i]);
	kfree(s->frames);
	s->frames = NULL;
	s->nframes = 0;
}

static int grow(struct ps_strings *s)
{
	struct frame **frames, *f;
	uint32_t max = s->max_frames ? 2 * s->max_frames : 4;

	if (s->nframes == s->max_frames) {
		frames = kmalloc(max * sizeof(*frames), 0);
		if (!frames)
			return -ENOMEM;
		memcpy(frames, s->frames, s->nframes * sizeof(*frames));
		kfree(s->frames);
		s->frames = frames;
		s->max_frames = max;
	}
	f = frame_alloc(0, 0);
	if (!f)
		return -ENOMEM;
	s->frames[s->nframes++] = f;
	return 0;
}

/* Room at the end: where, and how many bytes in one piece. */
static int reserve(struct ps_strings *s, char **where, size_t *room)
{
	uint64_t in_page = s->bytes % PAGE_SIZE;
	int err;

	if (!in_page && s->bytes / PAGE_SIZE == s->nframes) {
		err = grow(s);
		if (err)
			return err;
	}
	*where = (char *)frame_virt(s->frames[s->bytes / PAGE_SIZE]) + in_page;
	*room = PAGE_SIZE - in_page;
	return 0;
}

static bool is_too_big(const struct ps_strings *s)
{
	return s->bytes + (uint64_t)s->count * POINTER_BYTES > s->limit_bytes;
}

static int add_bytes(struct ps_strings *s, const char *text, size_t left)
{
	size_t room;
	char *where;
	int err;

	while (left) {
		err = reserve(s, &where, &room);
		if (err)
			return err;
		room = MIN(room, left);
		memcpy(where, text, room);
		s->bytes += room;
		text += room;
		left -= room;
	}
	return is_too_big(s) ? -E2BIG : 0;
}

int ps_strings_add(struct ps_strings *s, const char *text)
{
	s->count++;
	return add_bytes(s, text, strlen(text) + 1);
}

int ps_strings_append(struct ps_strings *s, const struct ps_strings *from, uint32_t skip)
{
	struct strings_cursor c = { .strings = from };
	int err = 0;

	if (skip >= from->count)
		return 0;
	s->count += from->count - skip;
	while (skip--)
		strings_cursor_skip(&c);
	while (!err && c.offset < from->bytes) {
		uint64_t in_page = c.offset % PAGE_SIZE, n = MIN(PAGE_SIZE - in_page, from->bytes - c.offset);

		err = add_bytes(s, (const char *)frame_virt(from->frames[c.offset / PAGE_SIZE]) + in_page, n);
		c.offset += n;
	}
	return err;
}

int ps_strings_add_user(struct ps_strings *s, uint64_t user_address)
{
	uint64_t start = s->bytes;
	size_t room;
	int64_t got;
	char *where;
	int err;

	s->count++;
	for (;;) {
		err = reserve(s, &where, &room);
		if (err)
			return err;
		got = strncpy_from_user(where, (const char __user *)user_address, room);
		if (got == -EFAULT)
			return -EFAULT;
		if (got >= 0) {
			s->bytes += (uint64_t)got + 1;
			break;
		}
		s->bytes += room;
		user_address += room;
		if (s->bytes - start >= MAX_STRING_BYTES || is_too_big(s))
			return -E2BIG;
	}
	return s->bytes - start > MAX_STRING_BYTES || is_too_big(s) ? -E2BIG : 0;
}

void strings_cursor_init(struct strings_cursor *c, const struct ps_strings *s)
{
	c->strings = s;
	c->offset = 0;
}

uint64_t strings_cursor_skip(struct strings_cursor *c)
{
	uint64_t start = c->offset;

	while (c->offset < c->strings->bytes) {
		const char *page = frame_virt(c->strings->frames[c->offset / PAGE_SIZE]);

		if (!page[c->offset++ % PAGE_SIZE])
			break;
	}
	return start;
}

int strings_copy_out(const struct ps_strings *s, uint64_t from, struct mm_space *space, uint64_t address)
{
	while (from < s->bytes) {
		uint64_t in_page = from % PAGE_SIZE, n = MIN(PAGE_SIZE - in_page, s->bytes - from);
		char *page = frame_virt(s->frames[from / PAGE_SIZE]);

		if (mm_space_copy(space, address, page + in_page, n, true) != (int64_t)n)
			return -ENOMEM;
		from += n;
		address += n;
	}
	return 0;
}
