/* Transactions. The log is a stack of entries, each the old bytes, padded to 8, and
 * then an entry footer, so that it is undone from its end backwards.
 *
 * The order that makes it work: an entry is written beyond log_len; then log_len
 * takes it in; then the logged range is overwritten. Undoing may itself be cut
 * short and done again, because it only stores what the log still says. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define MAGIC 0x3165746174536c41ull /* "AlState1" */
#define LOG_START 4096u
#define MIN_LOG_BYTES (8u << 10)
#define MAX_LOG_BYTES (256u << 10)

_Static_assert(sizeof(struct state_header) <= LOG_START, "header runs into the log");

struct log_footer {
	uint64_t off;
	uint64_t len;
};

#ifdef STATE_STORE_HOOK
void (*state_store_hook)(void);
#endif

static void before_store(void)
{
#ifdef STATE_STORE_HOOK
	if (state_store_hook)
		state_store_hook();
#endif
}

void state_store_word(uint64_t *dst, uint64_t value)
{
	state_order_stores();
	before_store();
	*(volatile uint64_t *)dst = value;
	state_order_stores();
}

/* A copy that a death may cut anywhere. */
static void store_bytes(void *dst, const void *src, size_t len)
{
#ifdef STATE_STORE_HOOK
	size_t done, part;

	for (done = 0; done < len; done += part) {
		part = len - done < 8 ? len - done : 8;
		before_store();
		memcpy((char *)dst + done, (const char *)src + done, part);
	}
#else
	memcpy(dst, src, len);
#endif
	state_order_stores();
}

static uint64_t padded(uint64_t len)
{
	return (len + 7) & ~(uint64_t)7;
}

static bool is_recent(const struct state *st, uint64_t start, uint64_t end)
{
	unsigned int count = st->nrecent < STATE_RECENT_RANGES ? st->nrecent : STATE_RECENT_RANGES;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (start >= st->recent[i].start && end <= st->recent[i].end)
			return true;
	return false;
}

void state_add_recent(struct state *st, uint64_t start, uint64_t end)
{
	unsigned int slot = st->nrecent++ % STATE_RECENT_RANGES;

	st->recent[slot].start = start;
	st->recent[slot].end = end;
}

bool state_log(struct state *st, const void *start, size_t len)
{
	struct state_header *hdr = st->header;
	struct log_footer footer = { state_offset(st, start), len };
	uint64_t entry_bytes = padded(len) + sizeof(footer);
	char *entry = (char *)hdr + hdr->log_start + hdr->log_len;

	if (st->is_failed)
		return false;
	if (is_recent(st, footer.off, footer.off + len))
		return true;
	if (entry_bytes > hdr->log_bytes - hdr->log_len) {
		st->is_failed = true;
		return false;
	}
	store_bytes(entry, start, len);
	store_bytes(entry + padded(len), &footer, sizeof(footer));
	state_store_word(&hdr->log_len, hdr->log_len + entry_bytes);
	state_add_recent(st, footer.off, footer.off + len);
	return true;
}

uint64_t state_log_room(const struct state *st)
{
	return st->header->log_bytes - st->header->log_len;
}

void state_set(struct state *st, void *dst, const void *src, size_t len)
{
	uint64_t off = state_offset(st, dst);

	STATE_BUG_ON(!st->is_open);
	STATE_BUG_ON(off < offsetof(struct state_header, heap_end) || off > st->header->heap_end ||
		     len > st->header->heap_end - off);
	if (state_log(st, dst, len))
		store_bytes(dst, src, len);
}

/* Take back the log's last entry. Returns: false if it makes no sense. */
static bool undo_last(struct state_header *hdr)
{
	char *log = (char *)hdr + hdr->log_start;
	struct log_footer footer;
	uint64_t len = hdr->log_len;

	if (len < sizeof(footer))
		return false;
	memcpy(&footer, log + len - sizeof(footer), sizeof(footer));
	len -= sizeof(footer);
	if (footer.len > len || padded(footer.len) > len)
		return false;
	if (footer.off < offsetof(struct state_header, heap_end) || footer.off > hdr->size ||
	    footer.len > hdr->size - footer.off)
		return false;
	if (footer.off + footer.len > sizeof(*hdr) && footer.off < hdr->heap_start)
		return false;
	len -= padded(footer.len);
	store_bytes((char *)hdr + footer.off, log + len, footer.len);
	state_store_word(&hdr->log_len, len);
	return true;
}

static int undo_all(struct state_header *hdr)
{
	while (hdr->log_len)
		if (!undo_last(hdr))
			return -EINVAL;
	return 0;
}

static void forget_transaction(struct state *st)
{
	st->is_open = false;
	st->is_failed = false;
	st->pending_free = 0;
	st->nrecent = 0;
}

void state_begin(struct state *st)
{
	STATE_BUG_ON(st->is_open);
	st->is_open = true;
}

int state_commit(struct state *st)
{
	STATE_BUG_ON(!st->is_open);
	state_release_pending(st);
	if (st->is_failed) {
		state_abort(st);
		return -ENOSPC;
	}
	state_store_word(&st->header->log_len, 0);
	forget_transaction(st);
	return 0;
}

void state_abort(struct state *st)
{
	STATE_BUG_ON(!st->is_open);
	STATE_BUG_ON(undo_all(st->header) != 0);
	forget_transaction(st);
}

/* Its magic comes last, so that a header is either absent or whole. */
static void format(struct state_header *hdr, uint64_t size)
{
	uint64_t log_bytes = size / 16;

	if (log_bytes < MIN_LOG_BYTES)
		log_bytes = MIN_LOG_BYTES;
	if (log_bytes > MAX_LOG_BYTES)
		log_bytes = MAX_LOG_BYTES;
	log_bytes &= ~(uint64_t)7;
	memset(hdr, 0, sizeof(*hdr));
	hdr->size = size;
	hdr->log_start = LOG_START;
	hdr->log_bytes = log_bytes;
	hdr->heap_start = LOG_START + log_bytes;
	hdr->heap_end = hdr->heap_start;
	state_store_word(&hdr->magic, MAGIC);
}

static bool is_layout_valid(const struct state_header *hdr, uint64_t size)
{
	return hdr->size <= size && hdr->log_start == LOG_START && hdr->log_bytes % 8 == 0 &&
	       hdr->log_bytes >= MIN_LOG_BYTES && hdr->log_bytes <= MAX_LOG_BYTES &&
	       hdr->log_len <= hdr->log_bytes && hdr->log_len % 8 == 0 &&
	       hdr->heap_start == LOG_START + hdr->log_bytes && hdr->heap_start <= hdr->heap_end &&
	       hdr->heap_end <= hdr->size && hdr->heap_end % 8 == 0;
}

int state_open(struct state *st, void *base, uint64_t size)
{
	struct state_header *hdr = base;
	bool is_new;

	size &= ~(uint64_t)7;
	if (size < STATE_MIN_BYTES || (uintptr_t)base % 8 != 0)
		return -EINVAL;
	is_new = hdr->magic == 0;
	if (is_new)
		format(hdr, size);
	if (hdr->magic != MAGIC || !is_layout_valid(hdr, size) || undo_all(hdr) != 0)
		return -EINVAL;
	if (!is_layout_valid(hdr, size))
		return -EINVAL;

	memset(st, 0, sizeof(*st));
	st->header = hdr;
	state_grow(st, size);
	return is_new ? 0 : 1;
}

void state_on_full(struct state *st, state_grow_fn grow, void *ctx)
{
	st->grow = grow;
	st->grow_ctx = ctx;
}

void state_grow(struct state *st, uint64_t size)
{
	size &= ~(uint64_t)7;
	if (size > st->header->size)
		state_store_word(&st->header->size, size);
}

state_off_t state_root(const struct state *st)
{
	return st->header->root;
}

void state_set_root(struct state *st, state_off_t off)
{
	STATE_SET(st, &st->header->root, off);
}

uint64_t state_used_bytes(const struct state *st)
{
	return st->header->used_bytes;
}

uint64_t state_size_bytes(const struct state *st)
{
	return st->header->size;
}
