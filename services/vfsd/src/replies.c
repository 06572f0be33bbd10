/* services/vfsd/src/replies.c: see replies.h. */
#include "replies.h"

#include <errno.h>
#include <string.h>

#include "kernel.h"
#include "p9_client.h"

static _Thread_local struct reply_slot *my_slot;

/* The first room of a slot: for most replies it is enough. */
#define FIRST_ROOM_BYTES 1024u

/* state->incarnation counts from 1. */
#define NO_INCARNATION 0u

static struct reply_slot *slot_at(ref_t ref)
{
	return arena_at(ref);
}

static struct reply_slot *find_unowned(void)
{
	struct reply_slot *slot;

	for (slot = slot_at(state->replies); slot; slot = slot_at(slot->next))
		if (slot->incarnation != state->incarnation && !slot->request_id)
			return slot;
	return NULL;
}

static void count_bytes(uint64_t used_before)
{
	ARENA_SET(state->reply_bytes, state->reply_bytes + state_used_bytes(&arena) - used_before);
}

static struct reply_slot *make_slot(void)
{
	uint64_t used = state_used_bytes(&arena);
	struct reply_slot *slot;
	ref_t ref;

	arena_begin();
	ref = arena_alloc(sizeof(*slot));
	if (!ref) {
		arena_abort();
		return NULL;
	}
	slot = slot_at(ref);
	slot->next = state->replies;
	ARENA_SET(state->replies, ref);
	count_bytes(used);
	return arena_commit() ? NULL : slot;
}

static int make_room(size_t len)
{
	uint64_t used = state_used_bytes(&arena);
	size_t cap = FIRST_ROOM_BYTES;
	ref_t data;

	if (len <= my_slot->cap)
		return 0;
	while (cap < len)
		cap *= 4;
	data = arena_alloc(cap);
	if (!data)
		return -ENOSPC;
	/* A block that is freed counts until the commit: take it off here. */
	ARENA_SET(state->reply_bytes, state->reply_bytes - my_slot->data_bytes);
	arena_free(my_slot->data);
	ARENA_SET(my_slot->data, data);
	ARENA_SET(my_slot->cap, (uint32_t)cap);
	ARENA_SET(my_slot->data_bytes, (uint32_t)(state_used_bytes(&arena) - used));
	count_bytes(used);
	return 0;
}

void replies_start(void)
{
	my_slot = NULL;
}

int replies_prepare(void)
{
	struct reply_slot *slot;

	if (my_slot)
		return 0;
	slot = find_unowned();
	if (!slot)
		slot = make_slot();
	if (!slot)
		return -ENOSPC;
	slot->incarnation = state->incarnation;
	my_slot = slot;
	return 0;
}

void replies_thread_end(void)
{
	if (!my_slot)
		return;
	my_slot->request_id = 0;
	my_slot->incarnation = NO_INCARNATION;
	my_slot = NULL;
}

int replies_keep(const struct request *rq)
{
	int err;

	my_slot->request_id = 0;
	err = make_room(rq->reply_len);
	if (err)
		return err;
	my_slot->len = (uint32_t)rq->reply_len;
	my_slot->is_exchanged = rq->is_exchanged;
	memcpy(my_slot->words, rq->words, sizeof(my_slot->words));
	if (rq->reply_len)
		memcpy(arena_at(my_slot->data), rq->reply, rq->reply_len);
	ARENA_SET(my_slot->request_id, rq->id);
	return 0;
}

bool replies_take(struct request *rq)
{
	const struct reply_slot *slot;

	for (slot = slot_at(state->replies); slot; slot = slot_at(slot->next)) {
		if (slot->request_id != rq->id)
			continue;
		memcpy(rq->words, slot->words, sizeof(rq->words));
		if (slot->len)
			memcpy(rq->reply, arena_at(slot->data), slot->len);
		rq->reply_len = slot->len;
		rq->is_exchanged = slot->is_exchanged;
		return true;
	}
	return false;
}

const struct reply_slot *replies_old(const struct reply_slot *slot)
{
	slot = slot_at(slot ? slot->next : state->replies);
	while (slot && (!slot->request_id || slot->incarnation == state->incarnation))
		slot = slot_at(slot->next);
	return slot;
}

static bool is_taken(const struct reply_slot *slot)
{
	return kernel_node(VFS_NODE_REQUEST, slot->request_id, NULL) == -ENOENT;
}

static bool is_old(const struct reply_slot *slot)
{
	return slot->request_id && slot->incarnation != state->incarnation;
}

static void drop_if(bool (*is_due)(const struct reply_slot *slot))
{
	struct reply_slot *slot;

	for (slot = slot_at(state->replies); slot; slot = slot_at(slot->next)) {
		if (!is_old(slot) || !is_due(slot))
			continue;
		if (slot->is_exchanged)
			p9_forget(slot->request_id);
		slot->request_id = 0;
	}
}

void replies_drop_taken(void)
{
	drop_if(is_taken);
}

void replies_drop_old(void)
{
	drop_if(is_old);
}
