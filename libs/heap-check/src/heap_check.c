/* See heap-check/heap_check.h. A block is a header, the caller's bytes, and a tail of a pattern. */
#include <heap-check/heap_check.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <format/format.h>

#define FRESH 0xa5
#define FREED 0x6b
#define TAIL 0xed
#define TAIL_BYTES 16u
#define STATE_USED 0xa11ca11ca11ca11cull
#define STATE_FREE 0xf4eef4eef4eef4eeull
/* What waits is bounded twice; a block that is larger than this share of it is freed at once. */
#define QUARANTINE_BLOCKS 512u
#define QUARANTINE_BYTES (256u << 10)
#define QUARANTINE_LARGEST (QUARANTINE_BYTES / 4)
/* Patterns make memory resident that nobody has touched. */
#define PATTERN_BYTES (64u << 10)
#define CALLS_BETWEEN_LOOKS 4096u

/* Its size keeps the caller's bytes aligned as malloc's are; the state is what an underrun meets first. */
struct header {
	struct header *next, *prev;	/* of all that are in use */
	size_t bytes;
	uint64_t unused;
	uint64_t reserved;
	uint64_t state;
};
_Static_assert(sizeof(struct header) % 16 == 0, "blocks are aligned to 16 bytes");

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct header used = { .next = &used, .prev = &used };
static struct header *quarantine[QUARANTINE_BLOCKS];
static size_t oldest, nwaiting, waiting_bytes;
static unsigned int ncalls;

static char *bytes_of(const struct header *h)
{
	return (char *)(uintptr_t)(h + 1);
}

static void fail(const struct header *h, const char *what)
{
	char text[160];

	fmt_snprintf(text, sizeof(text), "heap: a block of %lu bytes at %p %s", (unsigned long)h->bytes, (void *)bytes_of(h), what);
	heap_check_report(text);
}

static size_t pattern_bytes(size_t bytes)
{
	return bytes < PATTERN_BYTES ? bytes : PATTERN_BYTES;
}

static bool holds(const char *bytes, size_t len, unsigned char pattern)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] != pattern)
			return false;
	return true;
}

/* ---- looking; the lock is held ---- */

static void look_at_used(const struct header *h)
{
	if (h->state != STATE_USED)
		fail(h, "was written before its start");
	if (!holds(bytes_of(h) + h->bytes, TAIL_BYTES, TAIL))
		fail(h, "was written past its end");
}

static void look_at_freed(const struct header *h)
{
	if (h->state != STATE_FREE)
		fail(h, "was written before its start after it was freed");
	if (!holds(bytes_of(h), pattern_bytes(h->bytes), FREED))
		fail(h, "was written after it was freed");
	if (!holds(bytes_of(h) + h->bytes, TAIL_BYTES, TAIL))
		fail(h, "was written past its end after it was freed");
}

static void look_at_all(void)
{
	for (const struct header *h = used.next; h != &used; h = h->next)
		look_at_used(h);
	for (size_t i = 0; i < nwaiting; i++)
		look_at_freed(quarantine[(oldest + i) % QUARANTINE_BLOCKS]);
}

static void count_call(void)
{
	if (++ncalls % CALLS_BETWEEN_LOOKS == 0)
		look_at_all();
}

/* ---- the quarantine; the lock is held ---- */

static void let_oldest_go(void)
{
	struct header *h = quarantine[oldest];

	look_at_freed(h);
	oldest = (oldest + 1) % QUARANTINE_BLOCKS;
	nwaiting--;
	waiting_bytes -= h->bytes;
	h->state = 0;
	__real_free(h);
}

static void keep_waiting(struct header *h)
{
	if (nwaiting == QUARANTINE_BLOCKS)
		let_oldest_go();
	quarantine[(oldest + nwaiting++) % QUARANTINE_BLOCKS] = h;
	waiting_bytes += h->bytes;
	while (waiting_bytes > QUARANTINE_BYTES)
		let_oldest_go();
}

/* ---- the interface ---- */

static struct header *header_of(void *block)
{
	return (struct header *)block - 1;
}

void *__wrap_malloc(size_t bytes)
{
	struct header *h;

	if (bytes > PTRDIFF_MAX - sizeof(*h) - TAIL_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	h = __real_malloc(sizeof(*h) + bytes + TAIL_BYTES);
	if (!h)
		return NULL;
	*h = (struct header){ .prev = &used, .bytes = bytes, .state = STATE_USED };
	memset(bytes_of(h), FRESH, pattern_bytes(bytes));
	memset(bytes_of(h) + bytes, TAIL, TAIL_BYTES);
	pthread_mutex_lock(&lock);
	count_call();
	h->next = used.next;
	used.next->prev = h;
	used.next = h;
	pthread_mutex_unlock(&lock);
	return bytes_of(h);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	size_t all;
	void *block;

	if (__builtin_mul_overflow(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	block = __wrap_malloc(all);
	if (block)
		memset(block, 0, all);
	return block;
}

void __wrap_free(void *block)
{
	struct header *h;

	if (!block)
		return;
	h = header_of(block);
	pthread_mutex_lock(&lock);
	count_call();
	if (h->state == STATE_FREE)
		fail(h, "is freed twice");
	look_at_used(h);
	h->next->prev = h->prev;
	h->prev->next = h->next;
	h->state = STATE_FREE;
	memset(block, FREED, pattern_bytes(h->bytes));
	if (h->bytes <= QUARANTINE_LARGEST)
		keep_waiting(h);
	else
		__real_free(h);
	pthread_mutex_unlock(&lock);
}

void *__wrap_realloc(void *old, size_t bytes)
{
	void *block = __wrap_malloc(bytes);

	if (!block || !old)
		return block;
	memcpy(block, old, header_of(old)->bytes < bytes ? header_of(old)->bytes : bytes);
	__wrap_free(old);
	return block;
}

__attribute__((destructor)) void heap_check_all(void)
{
	pthread_mutex_lock(&lock);
	look_at_all();
	pthread_mutex_unlock(&lock);
}
