/* kernel/object/src/handle.c: handle tables.
 *
 * Slots live in an array that doubles; descriptors are dense and small. The table's
 * lock guards slots; objects are released and memory is allocated outside it.
 */
#include <errno.h>
#include <mm/heap.h>
#include <object/object.h>
#include <string.h>

#define FIRST_CAPACITY 64u
#define MAX_CAPACITY (1u << 20)

struct slot {
	struct object *object;	/* NULL: free */
	uint16_t rights;
	uint16_t flags;
	uint32_t access;	/* the NT view's ACCESS_MASK; 0: what the rights give */
};

struct handle_table {
	refcount_t refs;
	struct spinlock lock;
	struct slot *slots;
	uint32_t capacity;
	uint32_t used;
	uint32_t first_free;	/* no free slot below it */
};

HEAP_CACHE(table_cache, "handle_table", sizeof(struct handle_table));

static int create(uint32_t capacity, struct handle_table **out)
{
	struct handle_table *t = heap_cache_alloc(&table_cache, 0);

	if (!t)
		return -ENOMEM;
	t->slots = kmalloc(capacity * sizeof(struct slot), 0);
	if (!t->slots) {
		heap_cache_free(&table_cache, t);
		return -ENOMEM;
	}
	refcount_set(&t->refs, 1);
	spin_init(&t->lock, LOCK_HANDLE_TABLE);
	t->capacity = capacity;
	*out = t;
	return 0;
}

int handle_table_create(struct handle_table **out)
{
	return create(FIRST_CAPACITY, out);
}

int handle_table_clone(struct handle_table *from, struct handle_table **out)
{
	struct handle_table *t;
	uint32_t capacity;
	int err;

	for (;;) {
		capacity = READ_ONCE(from->capacity);
		err = create(capacity, &t);
		if (err)
			return err;
		spin_lock(&from->lock);
		if (from->capacity == capacity)
			break;
		spin_unlock(&from->lock);
		handle_table_put(t, NULL);
	}
	for (uint32_t i = 0, seen = 0; seen < from->used; i++) {
		if (!from->slots[i].object)
			continue;
		seen++;
		t->slots[i] = from->slots[i];
		object_get(t->slots[i].object);
	}
	t->used = from->used;
	t->first_free = from->first_free;
	spin_unlock(&from->lock);
	*out = t;
	return 0;
}

/* Empty slot @h; the table is locked. */
static struct object *take(struct handle_table *t, uint32_t h)
{
	struct object *obj = t->slots[h].object;

	t->slots[h] = (struct slot){ 0 };
	t->used--;
	if (h < t->first_free)
		t->first_free = h;
	return obj;
}

static bool is_among(uint32_t h, const int *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (list[i] == (int)h)
			return true;
	}
	return false;
}

int handle_table_clone_marked(struct handle_table *from, uint32_t flag, const int *keep, uint32_t nkeep,
			      struct handle_table **out)
{
	struct handle_table *t;
	int err = handle_table_clone(from, &t);

	if (err)
		return err;
	for (uint32_t i = 0; i < t->capacity; i++) {
		if (t->slots[i].object && !(t->slots[i].flags & flag) && !is_among(i, keep, nkeep))
			object_put(take(t, i));
	}
	*out = t;
	return 0;
}

void handle_table_get(struct handle_table *t)
{
	refcount_get(&t->refs);
}

bool handle_table_is_shared(struct handle_table *t)
{
	return refcount_read(&t->refs) > 1;
}

static void closed(struct object *obj, void *process)
{
	if (obj->type->handle_closed && process)
		obj->type->handle_closed(obj, process);
	object_put(obj);
}

void handle_table_put(struct handle_table *t, void *process)
{
	if (!t || !refcount_put(&t->refs))
		return;
	for (uint32_t i = 0; t->used; i++) {
		if (!t->slots[i].object)
			continue;
		t->used--;
		closed(t->slots[i].object, process);
	}
	kfree(t->slots);
	heap_cache_free(&table_cache, t);
}

void handle_table_close_cloexec(struct handle_table *t, void *process)
{
	for (uint32_t i = 0; i < READ_ONCE(t->capacity); i++) {
		struct object *obj = NULL;

		spin_lock(&t->lock);
		if (t->slots[i].object && (t->slots[i].flags & HANDLE_CLOEXEC))
			obj = take(t, i);
		spin_unlock(&t->lock);
		if (obj)
			closed(obj, process);
	}
}

/* Make room for slot @h. Called and returns with the table locked, but lets go of it. */
static int grow(struct handle_table *t, uint32_t h)
{
	uint32_t capacity = t->capacity;
	struct slot *slots, *old;

	while (capacity <= h)
		capacity *= 2;
	if (capacity > MAX_CAPACITY)
		return -EMFILE;
	spin_unlock(&t->lock);
	slots = kmalloc(capacity * sizeof(*slots), 0);
	spin_lock(&t->lock);
	if (!slots)
		return -ENOMEM;
	if (t->capacity >= capacity) {
		spin_unlock(&t->lock);
		kfree(slots);
		spin_lock(&t->lock);
		return 0;
	}
	memcpy(slots, t->slots, t->capacity * sizeof(*slots));
	old = t->slots;
	t->slots = slots;
	t->capacity = capacity;
	spin_unlock(&t->lock);
	kfree(old);
	spin_lock(&t->lock);
	return 0;
}

/* The lowest free handle from @min on; the table is locked, and may have to grow for it. */
static uint32_t lowest_free(const struct handle_table *t, int min)
{
	uint32_t h = MAX((uint32_t)min, t->first_free);

	while (h < t->capacity && t->slots[h].object)
		h++;
	return h;
}

int handle_install(struct handle_table *t, struct object *obj, uint32_t rights, uint32_t flags, int min, int limit)
{
	uint32_t h;
	int err;

	spin_lock(&t->lock);
	for (;;) {
		h = lowest_free(t, min);
		if (h >= (uint32_t)limit) {
			spin_unlock(&t->lock);
			return -EMFILE;
		}
		if (h < t->capacity)
			break;
		err = grow(t, h);
		if (err) {
			spin_unlock(&t->lock);
			return err;
		}
	}
	object_get(obj);
	t->slots[h] = (struct slot){ .object = obj, .rights = (uint16_t)rights, .flags = (uint16_t)flags };
	t->used++;
	if ((uint32_t)min <= t->first_free)
		t->first_free = h + 1;
	spin_unlock(&t->lock);
	return (int)h;
}

int handle_install_at(struct handle_table *t, struct object *obj, uint32_t rights, uint32_t flags, int at, void *process)
{
	struct object *old = NULL;
	uint32_t h = (uint32_t)at;
	int err;

	spin_lock(&t->lock);
	while (h >= t->capacity) {
		err = grow(t, h);
		if (err) {
			spin_unlock(&t->lock);
			return err;
		}
	}
	if (t->slots[h].object)
		old = take(t, h);
	object_get(obj);
	t->slots[h] = (struct slot){ .object = obj, .rights = (uint16_t)rights, .flags = (uint16_t)flags };
	t->used++;
	while (t->first_free < t->capacity && t->slots[t->first_free].object)
		t->first_free++;
	spin_unlock(&t->lock);
	if (old)
		closed(old, process);
	return at;
}

/* The used slot of @h, or NULL; the table is locked. */
static struct slot *slot_of(struct handle_table *t, int h)
{
	if (h < 0 || (uint32_t)h >= t->capacity || !t->slots[h].object)
		return NULL;
	return &t->slots[h];
}

int handle_lookup(struct handle_table *t, int h, enum object_kind kind, uint32_t rights, struct object **out)
{
	struct slot *s;
	int err = 0;

	spin_lock(&t->lock);
	s = slot_of(t, h);
	if (!s || (kind && s->object->type->kind != kind)) {
		err = -EBADF;
	} else if ((s->rights & rights) != rights) {
		err = -EACCES;
	} else {
		object_get(s->object);
		*out = s->object;
	}
	spin_unlock(&t->lock);
	return err;
}

int handle_get_flags(struct handle_table *t, int h, uint32_t *flags, uint32_t *rights)
{
	struct slot *s;

	spin_lock(&t->lock);
	s = slot_of(t, h);
	if (s) {
		if (flags)
			*flags = s->flags;
		if (rights)
			*rights = s->rights;
	}
	spin_unlock(&t->lock);
	return s ? 0 : -EBADF;
}

int handle_set_flags(struct handle_table *t, int h, uint32_t flags)
{
	struct slot *s;

	spin_lock(&t->lock);
	s = slot_of(t, h);
	if (s)
		s->flags = (uint16_t)flags;
	spin_unlock(&t->lock);
	return s ? 0 : -EBADF;
}

int handle_get_access(struct handle_table *t, int h, uint32_t *access)
{
	struct slot *s;

	spin_lock(&t->lock);
	s = slot_of(t, h);
	if (s)
		*access = s->access;
	spin_unlock(&t->lock);
	return s ? 0 : -EBADF;
}

int handle_set_access(struct handle_table *t, int h, const struct object *obj, uint32_t access)
{
	struct slot *s;

	spin_lock(&t->lock);
	s = slot_of(t, h);
	if (s && s->object == obj)
		s->access = access;
	else
		s = NULL;
	spin_unlock(&t->lock);
	return s ? 0 : -EBADF;
}

int handle_close(struct handle_table *t, int h, void *process)
{
	struct object *obj = NULL;

	spin_lock(&t->lock);
	if (slot_of(t, h))
		obj = take(t, (uint32_t)h);
	spin_unlock(&t->lock);
	if (!obj)
		return -EBADF;
	closed(obj, process);
	return 0;
}

int handle_next(struct handle_table *t, int h)
{
	int found = -1;

	spin_lock(&t->lock);
	for (uint32_t i = h < 0 ? 0 : (uint32_t)h; i < t->capacity && found < 0; i++) {
		if (t->slots[i].object)
			found = (int)i;
	}
	spin_unlock(&t->lock);
	return found;
}

bool handle_is_full(struct handle_table *t, int limit)
{
	bool is_full;

	/* With fewer used than that, one below it is free. */
	if (handle_count(t) < (uint32_t)limit)
		return false;
	spin_lock(&t->lock);
	is_full = lowest_free(t, 0) >= (uint32_t)limit;
	spin_unlock(&t->lock);
	return is_full;
}

uint32_t handle_count(struct handle_table *t)
{
	return READ_ONCE(t->used);
}

uint32_t handle_capacity(struct handle_table *t)
{
	return READ_ONCE(t->capacity);
}
