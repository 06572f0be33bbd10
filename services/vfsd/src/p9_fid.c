/* services/vfsd/src/p9_fid.c: see p9_fid.h.
 *
 * state->fid_transport says which numbers a server may know; it is stored before the server
 * learns of a fid and cleared after it has forgotten it. `slots` is this process's own.
 */
#include "p9_fid.h"

#include <pthread.h>

#include "node.h"
#include "p9_client.h"

#define MAX_USED 4096u		/* of VFSD_FIDS: beyond it idle ones are given back */

struct fid_slot {
	uint64_t node;		/* number; 0: of no node */
	uint16_t busy;
	uint8_t kind;
	bool is_used;
	bool is_recent;		/* used since the hand came by */
	bool is_doomed;		/* the last who is busy with it clunks it */
};

static struct fid_slot slots[VFSD_FIDS];
static unsigned int nused, hand, next_free;
static pthread_mutex_t fid_lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t *fid_place(struct node *node, enum fid_kind kind)
{
	if (node->fid_epoch != state->incarnation) {
		node->fids[FID_PATH] = node->fids[FID_READ] = node->fids[FID_WRITE] = 0;
		node->fid_epoch = state->incarnation;
	}
	return &node->fids[kind];
}

static uint32_t *owner_place(const struct fid_slot *slot)
{
	struct node *node = slot->node ? node_get(slot->node) : NULL;

	return node ? fid_place(node, (enum fid_kind)slot->kind) : NULL;
}

/* An idle fid that was not used lately (second chance). -1: all are busy. */
static int choose_victim(void)
{
	unsigned int turns;

	for (turns = 0; turns < 2 * VFSD_FIDS; turns++) {
		struct fid_slot *slot = &slots[hand];
		unsigned int index = hand;

		hand = (hand + 1) % VFSD_FIDS;
		if (!slot->is_used || slot->busy)
			continue;
		if (!slot->is_recent)
			return (int)index;
		slot->is_recent = false;
	}
	return -1;
}

static int choose_unused(void)
{
	unsigned int i;

	for (i = 0; i < VFSD_FIDS; i++) {
		unsigned int index = (next_free + i) % VFSD_FIDS;

		if (!slots[index].is_used) {
			next_free = index + 1;
			return (int)index;
		}
	}
	return -1;
}

/* Reserve a slot; one that the server may know is still to be clunked. */
static int reserve(void)
{
	int index;

	pthread_mutex_lock(&fid_lock);
	index = nused < MAX_USED ? choose_unused() : choose_victim();
	if (index < 0)
		index = choose_unused();
	if (index >= 0) {
		uint32_t *place = owner_place(&slots[index]);

		if (place && *place == (uint32_t)index + 1)
			*place = 0;
		nused += !slots[index].is_used;
		slots[index] = (struct fid_slot){ .busy = 1, .is_used = true, .is_recent = true };
	}
	pthread_mutex_unlock(&fid_lock);
	return index;
}

uint32_t p9_fid_new(uint32_t transport)
{
	int index = reserve();

	if (index < 0)
		return 0;
	if (state->fid_transport[index])
		p9_clunk(state->fid_transport[index] - 1u, (uint32_t)index + 1);
	state->fid_transport[index] = (uint8_t)(transport + 1);
	return (uint32_t)index + 1;
}

void p9_fid_cancel(uint32_t fid)
{
	pthread_mutex_lock(&fid_lock);
	state->fid_transport[fid - 1] = 0;
	slots[fid - 1] = (struct fid_slot){ .is_used = false };
	nused--;
	pthread_mutex_unlock(&fid_lock);
}

static void clunk(uint32_t fid)
{
	p9_clunk(state->fid_transport[fid - 1] - 1u, fid);
	p9_fid_cancel(fid);
}

void p9_fid_put(uint32_t fid)
{
	struct fid_slot *slot = &slots[fid - 1];
	bool is_last;

	pthread_mutex_lock(&fid_lock);
	is_last = slot->busy == 1;
	if (!is_last) {
		slot->is_doomed = true;
		slot->busy--;
	}
	pthread_mutex_unlock(&fid_lock);
	if (is_last)
		clunk(fid);
}

uint32_t p9_fid_get(const struct node *node, enum fid_kind kind)
{
	uint32_t fid;

	pthread_mutex_lock(&fid_lock);
	fid = *fid_place((struct node *)node, kind);
	if (fid) {
		slots[fid - 1].busy++;
		slots[fid - 1].is_recent = true;
	}
	pthread_mutex_unlock(&fid_lock);
	return fid;
}

void p9_fid_done(uint32_t fid)
{
	struct fid_slot *slot;
	bool is_last;

	if (fid > VFSD_FIDS)
		return;
	slot = &slots[fid - 1];
	pthread_mutex_lock(&fid_lock);
	is_last = slot->is_doomed && slot->busy == 1;
	if (!is_last)
		slot->busy--;
	pthread_mutex_unlock(&fid_lock);
	if (is_last)
		clunk(fid);
}

bool p9_fid_attach(struct node *node, enum fid_kind kind, uint32_t fid)
{
	uint32_t *place;
	bool is_new;

	pthread_mutex_lock(&fid_lock);
	place = fid_place(node, kind);
	is_new = !*place;
	if (is_new) {
		*place = fid;
		slots[fid - 1].node = node->number;
		slots[fid - 1].kind = (uint8_t)kind;
	}
	pthread_mutex_unlock(&fid_lock);
	return is_new;
}

uint32_t p9_fid_detach(struct node *node, enum fid_kind kind)
{
	uint32_t *place, fid;

	pthread_mutex_lock(&fid_lock);
	place = fid_place(node, kind);
	fid = *place;
	*place = 0;
	if (fid) {
		slots[fid - 1].node = 0;
		slots[fid - 1].busy++;
	}
	pthread_mutex_unlock(&fid_lock);
	return fid;
}

bool p9_fid_has(const struct node *node, enum fid_kind kind)
{
	bool has;

	pthread_mutex_lock(&fid_lock);
	has = *fid_place((struct node *)node, kind) != 0;
	pthread_mutex_unlock(&fid_lock);
	return has;
}
