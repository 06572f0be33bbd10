/* services/vfsd/src/streams.c: open ids, and the texts read through them.
 *
 * A generated file's text is made when it is opened and kept in the arena, so that
 * a reader sees one consistent text, also over our restart.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "generated.h"
#include "handlers.h"
#include "kernel.h"
#include "streams.h"

static struct open_text *find_open(uint64_t id)
{
	return arena_at((ref_t)state_table_find(&arena, state->opens, id, NULL, 0));
}

int stream_open(struct node *node, ref_t text, uint64_t *open_id)
{
	ref_t ref = arena_alloc(sizeof(struct open_text));
	struct open_text *open = arena_at(ref);
	int err;

	if (!ref)
		return -ENOMEM;
	ARENA_SET(state->next_open, state->next_open + 1);
	open->by_id.key = state->next_open;
	open->node = arena_ref(node);
	open->text = text;
	err = state_table_insert(&arena, state->opens, ref);
	if (err)
		return err;
	node_pin(node);
	*open_id = open->by_id.key;
	return 0;
}

int handle_open(struct request *rq)
{
	struct node *node = request_node(rq, 0);
	uint64_t open_id = 0;
	int err = 0;

	if (!node)
		return -ENOENT;
	if ((node_mount(node)->flags & VFS_MOUNT_READONLY) && (rq->args[1] & O_ACCMODE) != O_RDONLY &&
	    S_ISREG(node->mode))
		return -EROFS;
	if (node_ops(node)->open)
		err = node_ops(node)->open(rq, node, (int)rq->args[1], &open_id);
	rq->words[1] = open_id;
	rq->is_counted = open_id != 0;
	return err;
}

int handle_close(struct request *rq)
{
	struct open_text *open = find_open(rq->args[0]);
	struct node *node;

	if (!open)
		return -EBADF;
	node = node_at(open->node);
	state_table_remove(&arena, state->opens, arena_ref(open));
	if (open->text)
		arena_free(open->text);
	arena_free(arena_ref(open));
	node_unpin(node);
	return 0;
}

int handle_read(struct request *rq)
{
	struct open_text *open = find_open(rq->args[0]);
	struct text_block *text = open ? arena_at(open->text) : NULL;
	uint64_t offset = rq->args[1];
	size_t len = rq->args[2] < rq->reply_cap ? rq->args[2] : rq->reply_cap;

	if (!open)
		return -EBADF;
	if (!text || offset >= text->len)
		return 0;
	if (len > text->len - offset)
		len = text->len - offset;
	memcpy(rq->reply, text->text + offset, len);
	rq->reply_len = len;
	rq->words[1] = len;
	return 0;
}

int handle_write(struct request *rq)
{
	struct open_text *open = find_open(rq->args[0]);
	struct node *node;
	int err;

	if (!open)
		return -EBADF;
	node = node_at(open->node);
	if (!node_ops(node)->write)
		return -EIO;
	err = node_ops(node)->write(rq, node, rq->args[1], rq->data, rq->data_len);
	rq->words[1] = rq->data_len;
	return err;
}
