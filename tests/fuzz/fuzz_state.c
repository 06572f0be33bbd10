/* An even first byte: the rest are operations on an arena, with aborts and deaths, compared
 * with a model. An odd one: the rest are stray writes to an arena that is then opened. */
#include <errno.h>

#include <state/state.h>
#include <state/table.h>

#include "fuzz_support.h"

#define REGION_BYTES (64u << 10)
#define NSLOTS 32

struct item {
	struct state_table_node node;
	uint64_t value;
};

/* What the arena's table holds: for each key a value, and how long its block is. */
struct model {
	uint8_t is_in[NSLOTS];
	uint64_t value[NSLOTS];
};

struct input {
	const uint8_t *data;
	size_t size;
};

static uint64_t region[REGION_BYTES / 8];
static struct state st;
static struct model now, committed;

static unsigned int next_byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static void open_new(void)
{
	static const struct hash_key seed = { 1, 2 };

	memset(region, 0, sizeof(region));
	REQUIRE(state_open(&st, region, sizeof(region)) == 0);
	state_begin(&st);
	state_set_root(&st, state_table_create(&st, &seed));
	REQUIRE(state_commit(&st) == 0);
	memset(&now, 0, sizeof(now));
	committed = now;
}

static state_off_t find(unsigned int key)
{
	return state_table_find(&st, state_root(&st), key, NULL, 0);
}

/* The transaction is over: the arena must hold what the model says. */
static void check_against_model(void)
{
	unsigned int key, count = 0;

	REQUIRE(state_check(&st) == 0);
	for (key = 0; key < NSLOTS; key++) {
		state_off_t off = find(key);

		REQUIRE(!off == !committed.is_in[key]);
		if (!off)
			continue;
		count++;
		REQUIRE(STATE_PTR(&st, off, struct item)->value == committed.value[key]);
	}
	REQUIRE(state_table_count(&st, state_root(&st)) == count);
}

/* Returns: false if there was no room, and the transaction must be aborted. */
static bool insert(unsigned int key, size_t extra)
{
	state_off_t off = state_alloc(&st, sizeof(struct item) + extra);
	struct item *item = STATE_PTR(&st, off, struct item);

	if (!off)
		return false;
	memset(item, 0xaa, sizeof(*item) + extra);
	item->node = (struct state_table_node){ .key = key };
	item->value = extra;
	REQUIRE(state_table_insert(&st, state_root(&st), off) == 0);
	now.is_in[key] = 1;
	now.value[key] = extra;
	return true;
}

static void remove_item(unsigned int key)
{
	state_off_t off = find(key);

	state_table_remove(&st, state_root(&st), off);
	state_free(&st, off);
	now.is_in[key] = 0;
}

static void change(unsigned int key, unsigned int value)
{
	STATE_SET(&st, &STATE_PTR(&st, find(key), struct item)->value, value);
	now.value[key] = value;
}

/* One operation inside the transaction. Returns: whether it may go on. */
static bool operate(struct input *in)
{
	unsigned int op = next_byte(in), key = op % NSLOTS;

	if (!now.is_in[key])
		return insert(key, (size_t)next_byte(in) << (op >> 5));
	if (op & 0x80)
		change(key, next_byte(in));
	else
		remove_item(key);
	return !state_is_failed(&st);
}

enum ending { COMMIT, ABORT, DIE };

static void transact(struct input *in)
{
	unsigned int plan = next_byte(in), nops = plan % 32, i;
	enum ending ending = (plan >> 5) < 6 ? COMMIT : (plan >> 5) == 6 ? ABORT : DIE;

	state_begin(&st);
	for (i = 0; i < nops && in->size; i++) {
		if (operate(in))
			continue;
		ending = ABORT;
		break;
	}
	if (ending == COMMIT && state_commit(&st) == 0) {
		committed = now;
	} else if (ending == ABORT) {
		state_abort(&st);
	} else if (ending == DIE) {
		memset(&st, 0xee, sizeof(st));
		REQUIRE(state_open(&st, region, sizeof(region)) == 1);
	}
	now = committed;
	check_against_model();
}

static void fuzz_operations(struct input *in)
{
	open_new();
	while (in->size)
		transact(in);
}

/* Die with a full log, let stray writes loose, and open. */
static void fuzz_damage(struct input *in)
{
	unsigned int key;
	size_t at;

	open_new();
	state_begin(&st);
	for (key = 0; key < NSLOTS; key++)
		insert(key, key);
	while (in->size) {
		at = next_byte(in) | next_byte(in) << 8;
		((uint8_t *)region)[at % REGION_BYTES] = (uint8_t)next_byte(in);
	}
	if (state_open(&st, region, sizeof(region)) == 1)
		state_check(&st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (next_byte(&in) % 2)
		fuzz_damage(&in);
	else
		fuzz_operations(&in);
	return 0;
}
