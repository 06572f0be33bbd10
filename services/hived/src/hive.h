/* services/hived/src/hive.h: the tree of keys and values, in memory that outlives hived (libs/state).
 *
 * A change is a transaction of its own, or a part of the one between hive_begin() and hive_end(). Pointers to keys and
 * values stay good until those are deleted; what they refer to is told by places in the arena: hive_bytes().
 *
 * Not locked: hived serves on one thread. Text is UTF-16; lengths are in code units.
 */
#ifndef HIVED_HIVE_H
#define HIVED_HIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/hive.h>

#include <state/state.h>

struct hive_text { const uint16_t *chars; uint32_t nchars; };

struct hive_value {
	state_off_t next, name, data;
	uint32_t name_chars;
	uint32_t type;
	uint32_t bytes;
};

struct hive_key {
	state_off_t parent, next, children;
	state_off_t id_next;	/* of its bucket */
	state_off_t values, name, class;
	uint64_t id, written;
	uint32_t name_chars, class_chars;
	bool is_volatile;
};

/* What was answered to the last request that changed something, in the same transaction: hived answers one at a
 * time, so that no other can come again after it has died. */
struct hive_note {
	uint64_t request_id;
	uint64_t words[2];	/* the reply's, from [1] on */
	uint64_t changed;	/* the key that is another now */
};

/* Take up the registry in @arena; a new one gets its start-up keys. Returns: 0, -ENOMEM. */
int hive_init(struct state *arena);
const void *hive_bytes(state_off_t place);
void hive_begin(void);
/* Returns: @err, with all undone when it is not 0; -ENOMEM the change was too large: undone too. */
int hive_end(int err);
void hive_set_note(const struct hive_note *note);	/* in a transaction */
const struct hive_note *hive_note(void);
/* Grows with every change, those of a transaction that is under way too. */
uint64_t hive_version(void);
/* Did a key appear, go or move since this was last asked? */
bool hive_take_moved(void);
struct hive_key *hive_by_id(uint64_t id);	/* NULL: deleted, or never there */

/* All return 0 or a negative errno as enum hived_op tells. */
int hive_open(struct hive_key *from, struct hive_text path, uint32_t flags, struct hive_text class, struct hive_key **out,
	bool *created);
int hive_delete(struct hive_key *k);
int hive_rename(struct hive_key *k, struct hive_text name);
struct hive_key *hive_parent(const struct hive_key *k);	/* NULL: the root's */
struct hive_key *hive_child(const struct hive_key *k, uint32_t index);	/* NULL: there are fewer */
struct hive_value *hive_value_at(const struct hive_key *k, uint32_t index);
struct hive_value *hive_find(const struct hive_key *k, struct hive_text name);
int hive_set(struct hive_key *k, struct hive_text name, uint32_t type, const void *data, uint32_t bytes);
int hive_unset(struct hive_key *k, struct hive_text name);
void hive_describe(const struct hive_key *k, struct hive_key_info *out);
/* The path from `\Registry` on. Returns how many code units it has; at most @cap are written. */
uint32_t hive_path(const struct hive_key *k, uint16_t *out, uint32_t cap);

/* startup.c: keys that every machine starts with, and those of a user's hive. 0, -ENOMEM. */
int hive_start_up(void);
int hive_start_user(struct hive_key *user);

#endif
