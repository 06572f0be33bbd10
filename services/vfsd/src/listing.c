/* services/vfsd/src/listing.c: getdents, with what is laid over a directory merged in.
 *
 * A listing is ".", "..", the overlays, then the filesystem's own entries. Cookies of
 * the latter are the filesystem's; those of the former lie in a range near the top, where no
 * filesystem has any (ext4's largest is 2^63 - 2^32, and 2^63 - 1 for the end).
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "handlers.h"
#include "mount.h"

#define COOKIE_OURS 0x7ffffffffff00000ull
#define COOKIE_AFTER_DOT (COOKIE_OURS + 1)
#define COOKIE_OVERLAYS (COOKIE_OURS + 2)	/* + n: the nth overlay comes next */
#define COOKIE_OURS_END (COOKIE_OURS + 0x10000)

#define DIRENT_HEADER offsetof(struct linux_dirent64, name)

static bool put(struct dirent_sink *sink, uint64_t ino, uint64_t next, unsigned int type, const char *name,
		size_t len)
{
	struct linux_dirent64 *dirent = (struct linux_dirent64 *)(sink->buf + sink->len);
	size_t record_len = (DIRENT_HEADER + len + 1 + 7) & ~(size_t)7;

	if (sink->len + record_len > sink->cap) {
		sink->is_full = true;
		return false;
	}
	memset(dirent, 0, record_len);
	dirent->ino = ino;
	dirent->next = next;
	dirent->record_len = (uint16_t)record_len;
	dirent->type = (uint8_t)type;
	memcpy(dirent->name, name, len);
	sink->len += record_len;
	return true;
}

bool dirent_add(struct dirent_sink *sink, uint64_t ino, uint64_t next, unsigned int type, const char *name,
		size_t len)
{
	if (ns_is_covered(sink->dir, name, len))
		return true;
	return put(sink, ino, next, type, name, len);
}

static bool put_overlays(struct dirent_sink *sink, uint64_t cookie)
{
	struct entry *entry;

	for (; (entry = ns_overlay(sink->dir, (uint32_t)(cookie - COOKIE_OVERLAYS))); cookie++) {
		const struct node *node = node_at(entry->node);

		if (!put(sink, node->ino, cookie + 1, (node->mode & S_IFMT) >> 12, entry->name, entry->name_len))
			return false;
	}
	return true;
}

/* What comes before the filesystem's entries. */
static bool put_heads(struct node *dir, struct dirent_sink *sink, uint64_t cookie)
{
	struct node *parent = ns_parent(dir);

	if (cookie == 0 && !put(sink, dir->ino, COOKIE_AFTER_DOT, DT_DIR, ".", 1))
		return false;
	if (cookie <= COOKIE_AFTER_DOT &&
	    !put(sink, parent ? parent->ino : dir->ino, COOKIE_OVERLAYS, DT_DIR, "..", 2))
		return false;
	if (!(dir->state & NODE_HAS_OVERLAYS))
		return true;
	return put_overlays(sink, cookie > COOKIE_OVERLAYS ? cookie : COOKIE_OVERLAYS);
}

int handle_readdir(struct request *rq)
{
	struct node *dir = request_node(rq, 0);
	uint64_t cookie = rq->args[1];
	struct dirent_sink sink = { .buf = rq->reply, .cap = rq->reply_cap, .dir = dir };
	int err = 0;

	if (!dir)
		return -ENOENT;
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	if (rq->args[2] < sink.cap)
		sink.cap = rq->args[2];
	if (cookie == 0 || (cookie >= COOKIE_OURS && cookie < COOKIE_OURS_END)) {
		if (!put_heads(dir, &sink, cookie))
			goto out;
		cookie = 0;
	}
	err = node_ops(dir)->readdir(rq, dir, cookie, &sink);
out:
	if (!sink.len)
		return err ? err : sink.is_full ? -EINVAL : 0;
	rq->reply_len = sink.len;
	rq->words[1] = sink.len;
	return 0;
}
