/* Keys and values (Microsoft Learn, "Registry key operations"). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wctype.h>

#include "hive.h"

#define NBUCKETS 1024u
#define EPOCH_TICKS 116444736000000000ull
#define TICKS_PER_SECOND 10000000ull

static struct hive_key *buckets[NBUCKETS];
static struct hive_key *root;
static uint64_t last_id;

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

static uint16_t *copy(struct hive_text t)
{
	uint16_t *chars = malloc((t.nchars + 1) * sizeof(*chars));

	if (chars && t.nchars)
		memcpy(chars, t.chars, t.nchars * sizeof(*chars));
	return chars;
}

/* ---- ids ---- */

struct hive_key *hive_by_id(uint64_t id)
{
	struct hive_key *k = buckets[id % NBUCKETS];

	while (k && k->id != id)
		k = k->id_next;
	return k;
}

static void id_add(struct hive_key *k)
{
	k->id = ++last_id;
	k->id_next = buckets[k->id % NBUCKETS];
	buckets[k->id % NBUCKETS] = k;
}

static void id_remove(struct hive_key *k)
{
	struct hive_key **link = &buckets[k->id % NBUCKETS];

	while (*link != k)
		link = &(*link)->id_next;
	*link = k->id_next;
}

/* ---- keys ---- */

static void value_free(struct hive_value *v)
{
	free(v->name);
	free(v->data);
	free(v);
}

static void key_free(struct hive_key *k)
{
	struct hive_value *v;

	while ((v = k->values)) {
		k->values = v->next;
		value_free(v);
	}
	id_remove(k);
	free(k->name);
	free(k->class);
	free(k);
}

/* Children are in the order of their names, as Windows enumerates them. */
static void link_child(struct hive_key *parent, struct hive_key *k)
{
	struct hive_key **link = &parent->children;

	for (; *link; link = &(*link)->next) {
		uint32_t n = (*link)->name_chars < k->name_chars ? (*link)->name_chars : k->name_chars, i = 0;

		while (i < n && towupper((*link)->name[i]) == towupper(k->name[i]))
			i++;
		if (i == n ? k->name_chars < (*link)->name_chars : towupper(k->name[i]) < towupper((*link)->name[i]))
			break;
	}
	k->next = *link;
	*link = k;
	k->parent = parent;
}

static void unlink_child(struct hive_key *k)
{
	struct hive_key **link = &k->parent->children;

	while (*link != k)
		link = &(*link)->next;
	*link = k->next;
}

static struct hive_key *key_new(struct hive_key *parent, struct hive_text name, struct hive_text class, bool is_volatile)
{
	struct hive_key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->name = copy(name);
	k->class = copy(class);
	if (!k->name || !k->class) {
		free(k->name);
		free(k->class);
		free(k);
		return NULL;
	}
	k->name_chars = name.nchars;
	k->class_chars = class.nchars;
	k->is_volatile = is_volatile;
	k->written = now();
	id_add(k);
	if (parent) {
		link_child(parent, k);
		parent->written = k->written;
	}
	return k;
}

static struct hive_key *find_child(const struct hive_key *k, struct hive_text name)
{
	struct hive_key *c = k->children;

	while (c && !is_same(c->name, c->name_chars, name))
		c = c->next;
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

int hive_open(struct hive_key *from, struct hive_text path, uint32_t flags, struct hive_text class, struct hive_key **out,
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

int hive_delete(struct hive_key *k)
{
	if (!k->parent || !k->parent->parent)
		return -EPERM;
	if (k->children)
		return -ENOTEMPTY;
	k->parent->written = now();
	unlink_child(k);
	key_free(k);
	return 0;
}

int hive_rename(struct hive_key *k, struct hive_text name)
{
	struct hive_key *other;
	uint16_t *chars;

	if (!k->parent || !k->parent->parent)
		return -EPERM;
	if (!name.nchars || name.nchars > HIVE_MAX_NAME_CHARS)
		return -EINVAL;
	other = find_child(k->parent, name);
	if (other && other != k)
		return -EEXIST;
	chars = copy(name);
	if (!chars)
		return -ENOMEM;
	unlink_child(k);
	free(k->name);
	k->name = chars;
	k->name_chars = name.nchars;
	k->written = now();
	link_child(k->parent, k);
	return 0;
}

struct hive_key *hive_child(const struct hive_key *k, uint32_t index)
{
	struct hive_key *c = k->children;

	while (c && index--)
		c = c->next;
	return c;
}

/* ---- values ---- */

struct hive_value *hive_value_at(const struct hive_key *k, uint32_t index)
{
	struct hive_value *v = k->values;

	while (v && index--)
		v = v->next;
	return v;
}

struct hive_value *hive_find(const struct hive_key *k, struct hive_text name)
{
	struct hive_value *v = k->values;

	while (v && !is_same(v->name, v->name_chars, name))
		v = v->next;
	return v;
}

static struct hive_value *value_new(struct hive_key *k, struct hive_text name)
{
	struct hive_value *v = calloc(1, sizeof(*v)), **link = &k->values;

	if (!v)
		return NULL;
	v->name = copy(name);
	if (!v->name) {
		free(v);
		return NULL;
	}
	v->name_chars = name.nchars;
	while (*link)
		link = &(*link)->next;
	*link = v;
	return v;
}

int hive_set(struct hive_key *k, struct hive_text name, uint32_t type, const void *data, uint32_t bytes)
{
	struct hive_value *v = hive_find(k, name);
	uint8_t *contents;

	if (name.nchars > HIVE_MAX_VALUE_NAME_CHARS)
		return -EINVAL;
	if (bytes > HIVE_MAX_VALUE_BYTES)
		return -E2BIG;
	contents = malloc(bytes + 1);
	if (!contents)
		return -ENOMEM;
	if (!v)
		v = value_new(k, name);
	if (!v) {
		free(contents);
		return -ENOMEM;
	}
	if (bytes)
		memcpy(contents, data, bytes);
	free(v->data);
	v->data = contents;
	v->bytes = bytes;
	v->type = type;
	k->written = now();
	return 0;
}

int hive_unset(struct hive_key *k, struct hive_text name)
{
	struct hive_value *v = hive_find(k, name), **link = &k->values;

	if (!v)
		return -ENOENT;
	while (*link != v)
		link = &(*link)->next;
	*link = v->next;
	value_free(v);
	k->written = now();
	return 0;
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
	for (const struct hive_key *c = k->children; c; c = c->next) {
		out->nkeys++;
		out->max_name_bytes = max_of(out->max_name_bytes, c->name_chars * 2);
		out->max_class_bytes = max_of(out->max_class_bytes, c->class_chars * 2);
	}
	for (const struct hive_value *v = k->values; v; v = v->next) {
		out->nvalues++;
		out->max_value_name_bytes = max_of(out->max_value_name_bytes, v->name_chars * 2);
		out->max_value_bytes = max_of(out->max_value_bytes, v->bytes);
	}
}

uint32_t hive_path(const struct hive_key *k, uint16_t *out, uint32_t cap)
{
	uint32_t at = k->parent ? hive_path(k->parent, out, cap) : 0;

	if (at < cap)
		out[at] = '\\';
	at++;
	for (uint32_t i = 0; i < k->name_chars; i++, at++) {
		if (at < cap)
			out[at] = k->name[i];
	}
	return at;
}

/* ---- all of it ---- */

int hive_init(void)
{
	static const uint16_t name[] = u"REGISTRY";

	root = key_new(NULL, (struct hive_text){ name, 8 }, (struct hive_text){ 0 }, false);
	return root ? hive_start_up() : -ENOMEM;
}

static void free_tree(struct hive_key *k)
{
	struct hive_key *c;

	while ((c = k->children)) {
		k->children = c->next;
		free_tree(c);
	}
	key_free(k);
}

void hive_free(void)
{
	if (root)
		free_tree(root);
	root = NULL;
	last_id = 0;
}
