/* Keys and values (Microsoft Learn, "Registry key operations"). */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <wctype.h>

#include "hive.h"

#define NBUCKETS 1024u
#define EPOCH_TICKS 116444736000000000ull
#define TICKS_PER_SECOND 10000000ull

/* The arena's root. */
struct registry {
	uint64_t last_id;
	state_off_t root;
	state_off_t buckets[NBUCKETS];	/* keys by id */
	struct hive_note note;
	uint64_t version;
};

static struct state *arena;
static struct registry *registry;
static unsigned int depth;		/* of changes within changes */
static bool has_failed;			/* the outermost one is to be undone */
static bool has_moved;			/* a key */

static struct hive_key *key_at(state_off_t at)
{
	return STATE_PTR(arena, at, struct hive_key);
}

static struct hive_value *value_at(state_off_t at)
{
	return STATE_PTR(arena, at, struct hive_value);
}

static state_off_t at(const void *place)
{
	return state_offset(arena, place);
}

const void *hive_bytes(state_off_t place)
{
	return state_at(arena, place);
}

/* ---- changes ---- */

void hive_begin(void)
{
	if (depth++)
		return;
	has_failed = false;
	state_begin(arena);
}

int hive_end(int err)
{
	if (err)
		has_failed = true;
	if (--depth)
		return err;
	if (!has_failed)
		return state_commit(arena) ? -ENOMEM : 0;
	state_abort(arena);
	return err;
}

void hive_set_note(const struct hive_note *note)
{
	STATE_SET(arena, &registry->note, *note);
}

const struct hive_note *hive_note(void)
{
	return &registry->note;
}

uint64_t hive_version(void)
{
	return registry->version;
}

bool hive_take_moved(void)
{
	bool moved = has_moved;

	has_moved = false;
	return moved;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * TICKS_PER_SECOND + (uint64_t)t.tv_nsec / 100 + EPOCH_TICKS;
}

static bool is_same(const uint16_t *a, uint32_t na, struct hive_text b)
{
	if (na != b.nchars)
		return false;
	for (uint32_t i = 0; i < na; i++) {
		if (a[i] != b.chars[i] && towupper(a[i]) != towupper(b.chars[i]))
			return false;
	}
	return true;
}

/* 0: no room. */
static state_off_t copy(const void *data, uint32_t bytes)
{
	state_off_t place = state_alloc(arena, bytes + 1);

	if (place && bytes)
		memcpy(state_at(arena, place), data, bytes);
	return place;
}

static const uint16_t *name_of(const struct hive_key *k)
{
	return hive_bytes(k->name);
}

/* ---- ids ---- */

struct hive_key *hive_by_id(uint64_t id)
{
	struct hive_key *k = key_at(registry->buckets[id % NBUCKETS]);

	while (k && k->id != id)
		k = key_at(k->id_next);
	return k;
}

static void id_add(struct hive_key *k)
{
	STATE_SET(arena, &registry->last_id, registry->last_id + 1);
	k->id = registry->last_id;
	k->id_next = registry->buckets[k->id % NBUCKETS];
	STATE_SET(arena, &registry->buckets[k->id % NBUCKETS], at(k));
}

/* Let what leads to @place, beginning at @link, lead to @next instead. */
static void unlink_from(state_off_t *link, state_off_t place, state_off_t next, size_t next_at)
{
	while (*link != place)
		link = (state_off_t *)(void *)((char *)state_at(arena, *link) + next_at);
	STATE_SET(arena, link, next);
}

/* ---- keys ---- */

static void value_free(struct hive_value *v)
{
	state_free(arena, v->name);
	state_free(arena, v->data);
	state_free(arena, at(v));
}

static void key_free(struct hive_key *k)
{
	for (state_off_t next, v = k->values; v; v = next) {
		next = value_at(v)->next;
		value_free(value_at(v));
	}
	unlink_from(&registry->buckets[k->id % NBUCKETS], at(k), k->id_next, offsetof(struct hive_key, id_next));
	state_free(arena, k->name);
	state_free(arena, k->class);
	state_free(arena, at(k));
}

static bool comes_before(const uint16_t *left, uint32_t nleft, const uint16_t *right, uint32_t nright)
{
	uint32_t n = nleft < nright ? nleft : nright, i = 0;

	while (i < n && towupper(left[i]) == towupper(right[i]))
		i++;
	return i == n ? nleft < nright : towupper(left[i]) < towupper(right[i]);
}

/* Children are in the order of their names, as Windows enumerates them. */
static void link_child(struct hive_key *parent, struct hive_key *k)
{
	state_off_t *link = &parent->children;

	while (*link && !comes_before(name_of(k), k->name_chars, name_of(key_at(*link)), key_at(*link)->name_chars))
		link = &key_at(*link)->next;
	STATE_SET(arena, &k->next, *link);
	STATE_SET(arena, link, at(k));
	STATE_SET(arena, &k->parent, at(parent));
	has_moved = true;
}

static void unlink_child(struct hive_key *k)
{
	unlink_from(&key_at(k->parent)->children, at(k), k->next, offsetof(struct hive_key, next));
	has_moved = true;
}

static void touch(struct hive_key *k)
{
	STATE_SET(arena, &k->written, now());
	STATE_SET(arena, &registry->version, registry->version + 1);
}

static struct hive_key *key_new(struct hive_key *parent, struct hive_text name, struct hive_text class, bool is_volatile)
{
	struct hive_key *k = key_at(state_alloc(arena, sizeof(*k)));

	if (!k)
		return NULL;
	k->name = copy(name.chars, name.nchars * 2);
	k->class = copy(class.chars, class.nchars * 2);
	if (!k->name || !k->class)
		return NULL;
	k->name_chars = name.nchars;
	k->class_chars = class.nchars;
	k->is_volatile = is_volatile;
	k->written = now();
	id_add(k);
	if (parent) {
		link_child(parent, k);
		touch(parent);
	}
	return k;
}

static struct hive_key *find_child(const struct hive_key *k, struct hive_text name)
{
	struct hive_key *c = key_at(k->children);

	while (c && !is_same(name_of(c), c->name_chars, name))
		c = key_at(c->next);
	return c;
}

/* The next component of *@path, which moves on; empty ones are skipped. */
static struct hive_text take_component(struct hive_text *path)
{
	struct hive_text part;

	while (path->nchars && *path->chars == '\\') {
		path->chars++;
		path->nchars--;
	}
	part = (struct hive_text){ path->chars, 0 };
	while (path->nchars && *path->chars != '\\') {
		path->chars++;
		path->nchars--;
		part.nchars++;
	}
	return part;
}

static bool is_at_end(struct hive_text path)
{
	return !take_component(&path).nchars;
}

static int open_key(struct hive_key *from, struct hive_text path, uint32_t flags, struct hive_text class, struct hive_key **out,
	bool *created)
{
	struct hive_key *k = from, *child;
	struct hive_text part;

	*created = false;
	while ((part = take_component(&path)).nchars) {
		if (part.nchars > HIVE_MAX_NAME_CHARS)
			return -EINVAL;
		child = find_child(k, part);
		if (!child) {
			if (!(flags & HIVE_OPEN_CREATE) || !is_at_end(path))
				return -ENOENT;
			if (k->is_volatile && !(flags & HIVE_OPEN_VOLATILE))
				return -EBUSY;
			child = key_new(k, part, class, flags & HIVE_OPEN_VOLATILE);
			if (!child)
				return -ENOMEM;
			*created = true;
		}
		k = child;
	}
	*out = k;
	return 0;
}

int hive_open(struct hive_key *from, struct hive_text path, uint32_t flags, struct hive_text class, struct hive_key **out,
	bool *created)
{
	if (!(flags & HIVE_OPEN_CREATE))
		return open_key(from, path, flags, class, out, created);
	hive_begin();
	return hive_end(open_key(from, path, flags, class, out, created));
}

int hive_delete(struct hive_key *k)
{
	if (!k->parent || !key_at(k->parent)->parent)
		return -EPERM;
	if (k->children)
		return -ENOTEMPTY;
	hive_begin();
	touch(key_at(k->parent));
	unlink_child(k);
	key_free(k);
	return hive_end(0);
}

static int rename_key(struct hive_key *k, struct hive_text name)
{
	state_off_t chars = copy(name.chars, name.nchars * 2);

	if (!chars)
		return -ENOMEM;
	unlink_child(k);
	state_free(arena, k->name);
	STATE_SET(arena, &k->name, chars);
	STATE_SET(arena, &k->name_chars, name.nchars);
	touch(k);
	link_child(key_at(k->parent), k);
	return 0;
}

int hive_rename(struct hive_key *k, struct hive_text name)
{
	struct hive_key *other;

	if (!k->parent || !key_at(k->parent)->parent)
		return -EPERM;
	if (!name.nchars || name.nchars > HIVE_MAX_NAME_CHARS)
		return -EINVAL;
	other = find_child(key_at(k->parent), name);
	if (other && other != k)
		return -EEXIST;
	hive_begin();
	return hive_end(rename_key(k, name));
}

struct hive_key *hive_parent(const struct hive_key *k)
{
	return key_at(k->parent);
}

struct hive_key *hive_child(const struct hive_key *k, uint32_t index)
{
	struct hive_key *c = key_at(k->children);

	while (c && index--)
		c = key_at(c->next);
	return c;
}

/* ---- values ---- */

struct hive_value *hive_value_at(const struct hive_key *k, uint32_t index)
{
	struct hive_value *v = value_at(k->values);

	while (v && index--)
		v = value_at(v->next);
	return v;
}

struct hive_value *hive_find(const struct hive_key *k, struct hive_text name)
{
	struct hive_value *v = value_at(k->values);

	while (v && !is_same(hive_bytes(v->name), v->name_chars, name))
		v = value_at(v->next);
	return v;
}

/* Windows promises no order of values; by name, who lists them lists the same each time. */
static struct hive_value *value_new(struct hive_key *k, struct hive_text name)
{
	struct hive_value *v = value_at(state_alloc(arena, sizeof(*v)));
	state_off_t *link = &k->values;

	if (!v)
		return NULL;
	v->name = copy(name.chars, name.nchars * 2);
	if (!v->name)
		return NULL;
	v->name_chars = name.nchars;
	while (*link && !comes_before(name.chars, name.nchars, hive_bytes(value_at(*link)->name), value_at(*link)->name_chars))
		link = &value_at(*link)->next;
	STATE_SET(arena, &v->next, *link);
	STATE_SET(arena, link, at(v));
	return v;
}

static int set(struct hive_key *k, struct hive_text name, uint32_t type, const void *data, uint32_t bytes)
{
	struct hive_value *v = hive_find(k, name);
	state_off_t contents = copy(data, bytes);

	if (!v && contents)
		v = value_new(k, name);
	if (!v || !contents)
		return -ENOMEM;
	state_free(arena, v->data);
	STATE_SET(arena, &v->data, contents);
	STATE_SET(arena, &v->bytes, bytes);
	STATE_SET(arena, &v->type, type);
	touch(k);
	return 0;
}

int hive_set(struct hive_key *k, struct hive_text name, uint32_t type, const void *data, uint32_t bytes)
{
	if (name.nchars > HIVE_MAX_VALUE_NAME_CHARS)
		return -EINVAL;
	if (bytes > HIVE_MAX_VALUE_BYTES)
		return -E2BIG;
	hive_begin();
	return hive_end(set(k, name, type, data, bytes));
}

int hive_unset(struct hive_key *k, struct hive_text name)
{
	struct hive_value *v = hive_find(k, name);

	if (!v)
		return -ENOENT;
	hive_begin();
	unlink_from(&k->values, at(v), v->next, offsetof(struct hive_value, next));
	value_free(v);
	touch(k);
	return hive_end(0);
}

/* ---- descriptions ---- */

static uint32_t max_of(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void hive_describe(const struct hive_key *k, struct hive_key_info *out)
{
	*out = (struct hive_key_info){
		.written = k->written,
		.name_bytes = k->name_chars * 2,
		.class_bytes = k->class_chars * 2,
		.is_volatile = k->is_volatile,
	};
	for (const struct hive_key *c = key_at(k->children); c; c = key_at(c->next)) {
		out->nkeys++;
		out->max_name_bytes = max_of(out->max_name_bytes, c->name_chars * 2);
		out->max_class_bytes = max_of(out->max_class_bytes, c->class_chars * 2);
	}
	for (const struct hive_value *v = value_at(k->values); v; v = value_at(v->next)) {
		out->nvalues++;
		out->max_value_name_bytes = max_of(out->max_value_name_bytes, v->name_chars * 2);
		out->max_value_bytes = max_of(out->max_value_bytes, v->bytes);
	}
}

uint32_t hive_path(const struct hive_key *k, uint16_t *out, uint32_t cap)
{
	uint32_t end = k->parent ? hive_path(key_at(k->parent), out, cap) : 0;

	if (end < cap)
		out[end] = '\\';
	end++;
	for (uint32_t i = 0; i < k->name_chars; i++, end++) {
		if (end < cap)
			out[end] = name_of(k)[i];
	}
	return end;
}

/* ---- all of it ---- */

static int make_registry(void)
{
	static const uint16_t name[] = u"REGISTRY";
	struct hive_key *root;

	registry = STATE_PTR(arena, state_alloc(arena, sizeof(*registry)), struct registry);
	if (!registry)
		return -ENOMEM;
	state_set_root(arena, at(registry));
	root = key_new(NULL, (struct hive_text){ name, 8 }, (struct hive_text){ 0 }, false);
	if (!root)
		return -ENOMEM;
	registry->root = at(root);
	return hive_start_up();
}

int hive_init(struct state *st)
{
	arena = st;
	depth = 0;
	registry = STATE_PTR(arena, state_root(arena), struct registry);
	if (registry)
		return 0;
	hive_begin();
	return hive_end(make_registry());
}
