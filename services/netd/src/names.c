/* services/netd/src/names.c: see names.h. */
#include "names.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define NAMES_VERSION 1
#define ANY_NAMES 0x100000u	/* of five hexadecimal digits */
#define ANY_TRIES 4096u		/* in one request: a handler is bounded */

struct root {
	uint64_t version;
	uint64_t seq;			/* of the last answer */
	uint64_t starts;
	uint64_t next_any;
	state_off_t by_name, by_socket;	/* tables of struct entry */
};

struct entry {
	struct state_table_node by_name;
	struct state_table_node by_socket;
	uint64_t socket;
	char name[];
};

static struct state *st;
static const struct names_kernel *kernel;

static struct root *root(void)
{
	return STATE_PTR(st, state_root(st), struct root);
}

static uint64_t next_seq(void)
{
	STATE_SET(st, &root()->seq, root()->seq + 1);
	return root()->seq;
}

static struct entry *find_name(uint64_t subject, const char *name, size_t len)
{
	state_off_t off = state_table_find(st, root()->by_name, subject, name, len);

	return off ? STATE_ENTRY(st, off, struct entry, by_name) : NULL;
}

static struct entry *find_socket(uint64_t socket)
{
	state_off_t off = state_table_find(st, root()->by_socket, socket, "", 0);

	return off ? STATE_ENTRY(st, off, struct entry, by_socket) : NULL;
}

static bool has_name(const struct entry *e, uint64_t subject, const char *name, size_t len)
{
	return e->by_name.key == subject && e->by_name.name_len == len && !memcmp(e->name, name, len);
}

/* ---- changes, in a transaction ---- */

/* The kernel forgets first: nobody may be told afterwards what was true before. */
static void drop(struct entry *e)
{
	kernel->revoke(e->by_name.key, e->name, e->by_name.name_len, next_seq());
	state_table_remove(st, root()->by_name, state_offset(st, &e->by_name));
	state_table_remove(st, root()->by_socket, state_offset(st, &e->by_socket));
	state_free(st, state_offset(st, e));
}

static int add(uint64_t socket, uint64_t subject, const char *name, size_t len)
{
	state_off_t off = state_alloc(st, sizeof(struct entry) + len);
	struct entry *e = STATE_PTR(st, off, struct entry);
	int err;

	if (!off)
		return -ENOSPC;
	e->socket = socket;
	memcpy(e->name, name, len);
	e->by_name = (struct state_table_node){ .key = subject, .name_len = (uint32_t)len,
		.name_at = offsetof(struct entry, name) - offsetof(struct entry, by_name) };
	e->by_socket = (struct state_table_node){ .key = socket,
		.name_at = offsetof(struct entry, name) - offsetof(struct entry, by_socket) };
	err = state_table_insert(st, root()->by_name, off + offsetof(struct entry, by_name));
	if (!err)
		err = state_table_insert(st, root()->by_socket, off + offsetof(struct entry, by_socket));
	if (!err)
		next_seq();
	return err;
}

static int finish(int err)
{
	if (!err)
		return state_commit(st);
	state_abort(st);
	return err;
}

/* ---- requests ---- */

int names_bind(uint64_t socket, uint64_t subject, const char *name, size_t len)
{
	struct entry *holder = find_name(subject, name, len), *mine = find_socket(socket);

	if (mine)
		return has_name(mine, subject, name, len) ? 0 : -EINVAL;
	if (holder && kernel->lives(holder->socket))
		return -EADDRINUSE;
	state_begin(st);
	/* Its socket is closed, and the kernel's word of it still on the way. */
	if (holder)
		drop(holder);
	return finish(add(socket, subject, name, len));
}

static int take_free_name(uint64_t subject, char name[NAMES_ANY_BYTES])
{
	char text[NAMES_ANY_BYTES + 1];

	for (unsigned int i = 0; i < ANY_TRIES; i++) {
		snprintf(text, sizeof(text), "%05x", (unsigned int)((root()->next_any + i) % ANY_NAMES));
		if (find_name(subject, text, NAMES_ANY_BYTES))
			continue;
		STATE_SET(st, &root()->next_any, root()->next_any + i + 1);
		memcpy(name, text, NAMES_ANY_BYTES);
		return 0;
	}
	return -ENOSPC;
}

int names_bind_any(uint64_t socket, uint64_t subject, char name[NAMES_ANY_BYTES])
{
	struct entry *mine = find_socket(socket);
	int err;

	if (mine && mine->by_name.name_len == NAMES_ANY_BYTES) {
		memcpy(name, mine->name, NAMES_ANY_BYTES);
		return 0;
	}
	if (mine)
		return -EINVAL;
	state_begin(st);
	err = take_free_name(subject, name);
	return finish(err ? err : add(socket, subject, name, NAMES_ANY_BYTES));
}

int names_find(uint64_t subject, const char *name, size_t len, uint64_t *socket, uint64_t *seq)
{
	struct entry *e = find_name(subject, name, len);
	int err;

	if (!e)
		return -ECONNREFUSED;
	*socket = e->socket;
	/* A revoke of another name may be the last answer: this one is newer. */
	state_begin(st);
	*seq = next_seq();
	err = finish(0);
	return err;
}

void names_release(uint64_t socket)
{
	struct entry *e = find_socket(socket);

	if (!e)
		return;
	state_begin(st);
	drop(e);
	state_commit(st);
}

void names_status(struct names_status *out)
{
	*out = (struct names_status){ state_table_count(st, root()->by_name), root()->seq, root()->starts };
}

/* ---- starting ---- */

static int make_root(const struct hash_key *seed)
{
	state_off_t off;
	struct root *r;

	state_begin(st);
	off = state_alloc(st, sizeof(*r));
	r = STATE_PTR(st, off, struct root);
	if (off) {
		r->by_name = state_table_create(st, seed);
		r->by_socket = state_table_create(st, seed);
		r->version = NAMES_VERSION;
		state_set_root(st, off);
	}
	return finish(off && r->by_name && r->by_socket ? 0 : -ENOSPC);
}

/* A predecessor may have taken the word of a socket's end and died of something else. */
static void drop_dead(void)
{
	state_off_t at = state_table_next(st, root()->by_socket, 0), next;

	for (; at; at = next) {
		struct entry *e = STATE_ENTRY(st, at, struct entry, by_socket);

		next = state_table_next(st, root()->by_socket, at);
		if (kernel->lives(e->socket))
			continue;
		state_begin(st);
		drop(e);
		state_commit(st);
		/* The table has changed: begin again. */
		next = state_table_next(st, root()->by_socket, 0);
	}
}

int names_open(struct state *arena, const struct names_kernel *k, const struct hash_key *seed)
{
	int err;

	st = arena;
	kernel = k;
	if (!state_root(st)) {
		err = make_root(seed);
		if (err)
			return err;
	}
	if (root()->version != NAMES_VERSION)
		return -EINVAL;
	drop_dead();
	state_begin(st);
	STATE_SET(st, &root()->starts, root()->starts + 1);
	return state_commit(st);
}
