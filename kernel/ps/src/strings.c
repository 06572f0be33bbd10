/* kernel/ps/src/strings.c: argument and environment strings between two address spaces. */
#include <mm/usercopy.h>

#include "internal.h"
#include "strings.h"

#define MAX_STRING_BYTES (32u * PAGE_SIZE)	/* Linux: MAX_ARG_STRLEN */
#define POINTER_BYTES 8
#define FRAMES_FIRST 4
#define STARTS_FIRST 32
#define PIECE_BYTES 64u

void ps_strings_init(struct ps_strings *s, uint64_t limit_bytes)
{
	*s = (struct ps_strings){ .limit_bytes = limit_bytes };
}

void ps_strings_free(struct ps_strings *s)
{
	for (uint32_t i = 0; i < s->nframes; i++)
		frame_put(s->frames[i]);
	kfree(s->frames);
	kfree(s->starts);
	s->frames = NULL;
	s->starts = NULL;
	s->nframes = 0;
}

/* Twice the room, at least @least entries, for an array that is full. NULL: no memory. */
static void *grow_array(void *old, uint32_t used, uint32_t *max, size_t entry_bytes, uint32_t least)
{
	uint32_t new_max = *max ? 2 * *max : least;
	void *new = kmalloc(new_max * entry_bytes, HEAP_NOZERO);

	if (!new)
		return NULL;
	memcpy(new, old, used * entry_bytes);
	kfree(old);
	*max = new_max;
	return new;
}

static int add_frame(struct ps_strings *s)
{
	struct frame *f;

	if (s->nframes == s->max_frames) {
		void *frames = grow_array(s->frames, s->nframes, &s->max_frames, sizeof(*s->frames), FRAMES_FIRST);

		if (!frames)
			return -ENOMEM;
		s->frames = frames;
	}
	f = frame_alloc(0, 0);
	if (!f)
		return -ENOMEM;
	s->frames[s->nframes++] = f;
	return 0;
}

static bool is_too_big(const struct ps_strings *s)
{
	return s->bytes + (uint64_t)s->count * POINTER_BYTES > s->limit_bytes;
}

static int begin_string(struct ps_strings *s)
{
	if (is_too_big(s))
		return -E2BIG;
	if (s->count == s->max_count) {
		void *starts = grow_array(s->starts, s->count, &s->max_count, sizeof(*s->starts), STARTS_FIRST);

		if (!starts)
			return -ENOMEM;
		s->starts = starts;
	}
	s->starts[s->count++] = (uint32_t)s->bytes;
	return 0;
}

/* Room at the end: where, and how many bytes in one piece. */
static int reserve(struct ps_strings *s, char **where, size_t *room)
{
	uint64_t in_page = s->bytes % PAGE_SIZE;
	int err;

	if (!in_page && s->bytes / PAGE_SIZE == s->nframes) {
		err = add_frame(s);
		if (err)
			return err;
	}
	*where = (char *)frame_virt(s->frames[s->bytes / PAGE_SIZE]) + in_page;
	*room = PAGE_SIZE - in_page;
	return 0;
}

int ps_strings_add(struct ps_strings *s, const char *text)
{
	size_t left = strlen(text) + 1, room;
	char *where;
	int err = begin_string(s);

	while (left && !err) {
		err = reserve(s, &where, &room);
		if (err)
			break;
		room = MIN(room, left);
		memcpy(where, text, room);
		s->bytes += room;
		text += room;
		left -= room;
	}
	if (err)
		return err;
	return is_too_big(s) ? -E2BIG : 0;
}

int ps_strings_append(struct ps_strings *s, const struct ps_strings *from, uint32_t skip)
{
	char *text = kmalloc(MAX_STRING_BYTES, HEAP_NOZERO);
	int err = text ? 0 : -ENOMEM;

	for (uint32_t i = skip; i < from->count && !err; i++) {
		ps_strings_get(from, i, text);
		err = ps_strings_add(s, text);
	}
	kfree(text);
	return err;
}

/* Where in @word's bytes the first NUL stands; 8: nowhere. */
static unsigned nul_in(uint64_t word)
{
	uint64_t hit = (word - 0x0101010101010101ull) & ~word & 0x8080808080808080ull;

	return hit ? (unsigned)__builtin_ctzll(hit) / 8 : 8;
}

/* strnlen() by words; @text is readable to the next multiple of eight past @max. */
static size_t length_in(const char *text, size_t max)
{
	for (size_t i = 0; i < max; i += 8) {
		uint64_t word;
		unsigned at;

		memcpy(&word, text + i, sizeof(word));
		at = nul_in(word);
		if (at < 8)
			return MIN(i + at, max);
	}
	return max;
}

/* One piece of a user string, through a buffer, since what lies behind its NUL must not be kept.
 * Returns: bytes taken, the NUL included if *@is_end; -EFAULT. */
static int64_t add_piece(struct ps_strings *s, char *where, size_t room, uint64_t user_address, bool *is_end)
{
	char piece[PIECE_BYTES + 8];
	size_t max = MIN(room, PIECE_BYTES);
	size_t got = copy_from_user_partial(piece, (const void __user *)user_address, max), len;

	if (!got)
		return -EFAULT;
	len = length_in(piece, got);
	*is_end = len < got;
	len += *is_end;
	memcpy(where, piece, len);
	s->bytes += len;
	return (int64_t)len;
}

int ps_strings_add_user(struct ps_strings *s, uint64_t user_address)
{
	uint64_t start = s->bytes;
	bool is_end = false;
	int err = begin_string(s);

	while (!err && !is_end) {
		size_t room;
		int64_t n;
		char *where;

		err = reserve(s, &where, &room);
		if (err)
			return err;
		n = add_piece(s, where, room, user_address, &is_end);
		if (n < 0)
			return (int)n;
		user_address += (uint64_t)n;
		if (s->bytes - start > MAX_STRING_BYTES || is_too_big(s))
			return -E2BIG;
	}
	return err;
}

void ps_strings_get(const struct ps_strings *s, uint32_t i, char *out)
{
	for (uint64_t at = s->starts[i];; at++) {
		*out = ((const char *)frame_virt(s->frames[at / PAGE_SIZE]))[at % PAGE_SIZE];
		if (!*out++)
			return;
	}
}

uint64_t strings_start(const struct ps_strings *s, uint32_t i)
{
	return i < s->count ? s->starts[i] : s->bytes;
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
