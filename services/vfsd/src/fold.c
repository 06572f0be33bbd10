/* services/vfsd/src/fold.c: names that differ in case alone.
 *
 * Of several the first by bytes is taken, so that the answer does not depend on the
 * order of a listing.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <unicode/unicode.h>

#include "fs.h"
#include "handlers.h"
#include "mount.h"

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
	if (len > VFS_NAME_MAX || !unicode_is_same(s->name, s->len, name, len))
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
