/* services/hived/src/hive.h: the tree of keys and values, in memory.
 *
 * Not locked: hived serves on one thread. Text is UTF-16; lengths are in code units.
 */
#ifndef HIVED_HIVE_H
#define HIVED_HIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/hive.h>

struct hive_text { const uint16_t *chars; uint32_t nchars; };

struct hive_value {
	struct hive_value *next;
	uint16_t *name;
	uint32_t name_chars;
	uint32_t type;
	uint32_t bytes;
	uint8_t *data;
};

struct hive_key {
	struct hive_key *parent, *next, *children;
	struct hive_key *id_next;	/* of its bucket */
	struct hive_value *values;
	uint64_t id, written;
	uint16_t *name, *class;
	uint32_t name_chars, class_chars;
	bool is_volatile;
};

/* The empty registry with its start-up keys. Returns: 0, -ENOMEM. */
int hive_init(void);
void hive_free(void);		/* for tests */
struct hive_key *hive_by_id(uint64_t id);	/* NULL: deleted, or never there */

/* All return 0 or a negative errno as enum hived_op tells. */
int hive_open(struct hive_key *from, struct hive_text path, uint32_t flags, struct hive_text class, struct hive_key **out,
	bool *created);
int hive_delete(struct hive_key *k);
int hive_rename(struct hive_key *k, struct hive_text name);
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
