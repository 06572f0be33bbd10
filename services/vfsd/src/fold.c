/* services/vfsd/src/fold.c: names that differ in case alone.
 *
 * Two names are the same when their characters' upper cases are, one character to one
 * ([MS-FSCC] 2.1.5, the Unicode character database's simple mappings of the scripts that have
 * case). Of several the first by bytes is taken, so that the answer does not depend on the
 * order of a listing.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fs.h"
#include "handlers.h"
#include "mount.h"

/* From @first to @last: upper case is the letter plus @delta; with @delta 0 the letters come in
 * pairs, the upper one first and as even as @first. */
static const struct range {
	uint16_t first, last;
	int16_t delta;
} ranges[] = {
	{ 'a', 'z', -32 },	  { 0xe0, 0xf6, -32 },	   { 0xf8, 0xfe, -32 },	    { 0xff, 0xff, 121 },
	{ 0x100, 0x12f, 0 },	  { 0x132, 0x137, 0 },	   { 0x139, 0x148, 0 },	    { 0x14a, 0x177, 0 },
	{ 0x179, 0x17e, 0 },	  { 0x1cd, 0x1dc, 0 },	   { 0x1de, 0x1ef, 0 },	    { 0x1f8, 0x21f, 0 },
	{ 0x222, 0x233, 0 },	  { 0x3ac, 0x3ac, -38 },   { 0x3ad, 0x3af, -37 },   { 0x3b1, 0x3c1, -32 },
	{ 0x3c2, 0x3c2, -31 },	  { 0x3c3, 0x3cb, -32 },   { 0x3cc, 0x3cc, -64 },   { 0x3cd, 0x3ce, -63 },
	{ 0x430, 0x44f, -32 },	  { 0x450, 0x45f, -80 },   { 0x460, 0x481, 0 },	    { 0x48a, 0x4bf, 0 },
	{ 0x4c1, 0x4ce, 0 },	  { 0x4d0, 0x52f, 0 },	   { 0x561, 0x586, -48 },   { 0x1e00, 0x1e95, 0 },
	{ 0x1ea0, 0x1eff, 0 },	  { 0x2170, 0x217f, -16 }, { 0x24d0, 0x24e9, -26 }, { 0xff41, 0xff5a, -32 },
};

static uint32_t upper(uint32_t c)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]) && c >= ranges[i].first; i++) {
		if (c > ranges[i].last)
			continue;
		if (ranges[i].delta)
			return c + (uint32_t)ranges[i].delta;
		return c - ((c - ranges[i].first) & 1);
	}
	return c;
}

/* The next character of UTF-8; bytes that are none stand for themselves, above every character. */
static uint32_t next_char(const char **at, const char *end)
{
	const unsigned char *s = (const unsigned char *)*at;
	size_t len = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t c = len > 1 ? s[0] & (0x7fu >> len) : s[0];

	if (!len || len > (size_t)(end - *at))
		goto stray;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			goto stray;
		c = c << 6 | (s[i] & 0x3f);
	}
	*at += len;
	return c;
stray:
	(*at)++;
	return 0x110000u + s[0];
}

static bool is_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	const char *a_end = a + a_len, *b_end = b + b_len;

	while (a < a_end && b < b_end) {
		if (upper(next_char(&a, a_end)) != upper(next_char(&b, b_end)))
			return false;
	}
	return a == a_end && b == b_end;
}

struct search {
	const char *name;
	size_t len;
	char best[VFS_NAME_MAX + 1];
	size_t best_len;	/* 0: none yet */
};

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : a_len < b_len ? -1 : a_len > b_len;
}

static void offer(struct search *s, const char *name, size_t len)
{
	if (len > VFS_NAME_MAX || !is_same(s->name, s->len, name, len))
		return;
	if (s->best_len && compare(s->best, s->best_len, name, len) <= 0)
		return;
	memcpy(s->best, name, len);
	s->best_len = len;
}

static void search_overlays(struct search *s, const struct node *dir)
{
	struct entry *entry;

	if (!(dir->state & NODE_HAS_OVERLAYS))
		return;
	for (uint32_t n = 0; (entry = ns_overlay(dir, n)); n++)
		offer(s, entry->name, entry->name_len);
}

static uint64_t offer_all(struct search *s, const struct dirent_sink *sink)
{
	const struct linux_dirent64 *dirent = NULL;

	for (size_t at = 0; at < sink->len; at += dirent->record_len) {
		dirent = (const struct linux_dirent64 *)(sink->buf + at);
		offer(s, dirent->name, strlen(dirent->name));
	}
	return dirent->next;
}

static int search_listing(struct request *rq, struct search *s, struct node *dir)
{
	static char buf[32u << 10];	/* under the name lock */
	struct dirent_sink sink;
	uint64_t cookie = 0;
	int err;

	for (;;) {
		sink = (struct dirent_sink){ .buf = buf, .cap = sizeof(buf), .dir = dir };
		err = node_ops(dir)->readdir(rq, dir, cookie, &sink);
		if (err || !sink.len)
			return err;
		cookie = offer_all(s, &sink);
	}
}

int handle_fold(struct request *rq)
{
	struct node *dir = request_node(rq, 0);
	struct search s = { .name = rq->data, .len = rq->data_len };
	int err;

	if (!dir)
		return -ENOENT;
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	search_overlays(&s, dir);
	err = search_listing(rq, &s, dir);
	if (err)
		return err;
	memcpy(rq->reply, s.best, s.best_len);
	rq->reply_len = s.best_len;
	rq->words[1] = s.best_len;
	rq->words[2] = s.best_len ? node_ops(dir)->name_lease_ns : node_ops(dir)->missing_lease_ns;
	rq->words[3] = rq->seq;
	return 0;
}
