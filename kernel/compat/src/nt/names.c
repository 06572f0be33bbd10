/* kernel/compat/src/nt/names.c: the namespace of NT objects: directories, symbolic links and what has a name in
 * them (Microsoft Learn, "Object Names"; ZwCreateDirectoryObject, ZwQueryDirectoryObject).
 *
 * A name does not keep its object: the last reference takes the name along. It keeps its directory. The
 * directories that are always there are never released.
 *
 * Locking: names_lock (NT_NAMES) guards all names; nothing is released under it.
 */
#include <mm/heap.h>
#include <string.h>

#include "sync.h"

struct name {
	struct list_node entry;		/* of nt_directory.names */
	struct list_node by_object;	/* of names_of[] */
	struct object *object;		/* no reference unless it is permanent; gone with its last one */
	bool is_permanent;
	struct nt_directory *parent;	/* a reference */
	uint32_t nchars;
	uint16_t chars[];
};

struct nt_directory {
	struct object object;	/* first */
	struct list_node names;	/* in the order they came */
	uint32_t depth;		/* below the root */
};

struct link {
	struct object object;	/* first */
	struct nt_string target;
};

HEAP_CACHE(directory_cache, "nt-directory", sizeof(struct nt_directory));
HEAP_CACHE(link_cache, "nt-link", sizeof(struct link));

#define OBJECT_BUCKETS 64u
#define MAX_LINKS 32u
#define MAX_DEPTH 32u		/* a directory that goes takes those above along */

static struct mutex names_lock;
static struct list_node names_of[OBJECT_BUCKETS];
static struct nt_directory *root;

/* ---- names ---- */

static struct list_node *bucket_of(const struct object *obj)
{
	return &names_of[((uintptr_t)obj >> 6) % OBJECT_BUCKETS];
}

static uint16_t folded(uint16_t c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static bool is_same(const struct name *n, const uint16_t *chars, uint32_t nchars, bool fold)
{
	if (n->nchars != nchars)
		return false;
	for (uint32_t i = 0; i < nchars; i++)
		if (n->chars[i] != chars[i] && !(fold && folded(n->chars[i]) == folded(chars[i])))
			return false;
	return true;
}

/* Under names_lock. A reference; NULL: not there, or about to go. */
static struct object *find(struct nt_directory *d, const uint16_t *chars, uint32_t nchars, bool fold)
{
	struct name *n;

	LIST_FOR_EACH_ENTRY(n, &d->names, entry)
		if (is_same(n, chars, nchars, fold) && refcount_get_unless_zero(&n->object->refs))
			return n->object;
	return NULL;
}

/* Under names_lock. */
static ntstatus add(struct nt_directory *d, const uint16_t *chars, uint32_t nchars, struct object *obj, bool is_permanent)
{
	struct name *n;

	if (d->depth == MAX_DEPTH)
		return STATUS_INSUFFICIENT_RESOURCES;
	n = kmalloc(sizeof(*n) + nchars * sizeof(*chars), 0);
	if (!n)
		return STATUS_NO_MEMORY;
	if (obj->type->kind == OBJECT_DIRECTORY)
		((struct nt_directory *)obj)->depth = d->depth + 1;
	n->object = obj;
	n->parent = d;
	object_get(&d->object);
	n->nchars = nchars;
	n->is_permanent = is_permanent;
	if (is_permanent)
		object_get(obj);
	memcpy(n->chars, chars, nchars * sizeof(*chars));
	list_add_tail(&n->entry, &d->names);
	list_add_tail(&n->by_object, bucket_of(obj));
	return STATUS_SUCCESS;
}

/* Under names_lock; NULL: it has none. */
static struct name *name_of(const struct object *obj)
{
	struct name *n;

	LIST_FOR_EACH_ENTRY(n, bucket_of(obj), by_object)
		if (n->object == obj)
			return n;
	return NULL;
}

void nt_name_ended(struct object *obj)
{
	struct list_node *bucket = bucket_of(obj);
	struct nt_directory *parent = NULL;
	struct name *n;

	/* Most objects have no name, and who has one is in its bucket. */
	if (!bucket->next || list_is_empty(bucket))
		return;
	mutex_lock(&names_lock);
	n = name_of(obj);
	if (n) {
		list_del(&n->entry);
		list_del(&n->by_object);
		parent = n->parent;
	}
	mutex_unlock(&names_lock);
	if (parent) {
		kfree(n);
		object_put(&parent->object);
	}
}

/* ---- directories and links ---- */

static void directory_release(struct object *obj)
{
	nt_name_ended(obj);
	heap_cache_free(&directory_cache, obj);
}

static const struct object_type directory_type = {
	.name = "directory",
	.kind = OBJECT_DIRECTORY,
	.release = directory_release,
};

static void link_release(struct object *obj)
{
	nt_name_ended(obj);
	nt_string_free(&((struct link *)obj)->target);
	heap_cache_free(&link_cache, obj);
}

static const struct object_type link_type = {
	.name = "symbolic-link",
	.kind = OBJECT_SYMBOLIC_LINK,
	.release = link_release,
};

static ntstatus make_directory(void *arg, struct object **out)
{
	struct nt_directory *d = heap_cache_alloc(&directory_cache, 0);

	if (!d)
		return STATUS_NO_MEMORY;
	object_init(&d->object, &directory_type);
	list_init(&d->names);
	*out = &d->object;
	return STATUS_SUCCESS;
}

/* @arg: a struct nt_string, whose characters are the link's now. */
static ntstatus make_link(void *arg, struct object **out)
{
	struct nt_string *target = arg;
	struct link *l = heap_cache_alloc(&link_cache, 0);

	if (!l)
		return STATUS_NO_MEMORY;
	object_init(&l->object, &link_type);
	l->target = *target;
	*target = (struct nt_string){ 0 };
	*out = &l->object;
	return STATUS_SUCCESS;
}

/* ---- paths ---- */

struct path {
	struct nt_directory *at;	/* where it starts, a reference; at the end: the last component's directory */
	struct nt_string text;		/* what is to be walked yet, its own memory */
	const uint16_t *last;		/* in it; NULL: the path is @at itself */
	uint32_t nlast;
	bool fold, keep_link;		/* the last component's link is not followed */
};

static void path_end(struct path *p)
{
	if (p->at)
		object_put(&p->at->object);
	nt_string_free(&p->text);
}

static void go_to(struct path *p, struct nt_directory *d)
{
	object_put(&p->at->object);
	p->at = d;
}

/* The link's target and what follows it is to be walked from the root now. */
static ntstatus follow(struct path *p, const struct link *l, const uint16_t *rest, uint32_t nrest)
{
	struct nt_string text = { .nchars = l->target.nchars + nrest };

	if (!l->target.nchars || l->target.chars[0] != '\\')
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	text.chars = kmalloc((text.nchars + 1) * sizeof(*text.chars), HEAP_NOZERO);
	if (!text.chars)
		return STATUS_NO_MEMORY;
	memcpy(text.chars, l->target.chars, l->target.nchars * sizeof(*text.chars));
	memcpy(text.chars + l->target.nchars, rest, nrest * sizeof(*text.chars));
	nt_string_free(&p->text);
	p->text = text;
	object_get(&root->object);
	go_to(p, root);
	return STATUS_SUCCESS;
}

enum step { STEP_ON, STEP_END, STEP_LINK };

/* Walk the text from @from. STEP_LINK: the text is another now. */
static ntstatus walk_text(struct path *p, uint32_t from, enum step *how)
{
	const uint16_t *at = p->text.chars + from, *end = p->text.chars + p->text.nchars, *stop;
	struct object *obj;
	ntstatus status;

	p->last = NULL;
	for (*how = STEP_END; at < end; at = stop + 1) {
		for (stop = at; stop < end && *stop != '\\'; stop++)
			;
		if (stop == at || stop + 1 == end)
			return STATUS_OBJECT_NAME_INVALID;
		mutex_lock(&names_lock);
		obj = find(p->at, at, (uint32_t)(stop - at), p->fold);
		mutex_unlock(&names_lock);
		if (obj && obj->type->kind == OBJECT_SYMBOLIC_LINK && !(stop == end && p->keep_link)) {
			status = follow(p, (struct link *)obj, stop, (uint32_t)(end - stop));
			object_put(obj);
			*how = STEP_LINK;
			return status;
		}
		if (stop == end) {
			object_put(obj);
			p->last = at;
			p->nlast = (uint32_t)(stop - at);
			return STATUS_SUCCESS;
		}
		if (!obj || obj->type->kind != OBJECT_DIRECTORY) {
			object_put(obj);
			return STATUS_OBJECT_PATH_NOT_FOUND;
		}
		go_to(p, (struct nt_directory *)obj);
	}
	return STATUS_SUCCESS;
}

/* Take @a's name. After any return: path_end(). */
static ntstatus path_begin(struct nt_attributes *a, bool keep_link, struct path *p)
{
	struct object *start = &root->object;
	bool is_absolute = a->name.nchars && a->name.chars[0] == '\\';
	uint32_t from = is_absolute;
	enum step how = STEP_ON;
	ntstatus status = STATUS_SUCCESS;

	*p = (struct path){ .fold = a->flags & NT_OBJ_CASE_INSENSITIVE, .keep_link = keep_link };
	if (a->root ? is_absolute : !is_absolute)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (a->root)
		status = nt_handle_lookup(a->root, OBJECT_DIRECTORY, 0, &start);
	else
		object_get(start);
	if (status)
		return status;
	p->at = (struct nt_directory *)start;
	p->text = a->name;
	a->name = (struct nt_string){ 0 };
	for (uint32_t i = 0; how != STEP_END && !status; i++) {
		status = i == MAX_LINKS ? STATUS_OBJECT_NAME_INVALID : walk_text(p, from, &how);
		from = 1;
	}
	return status;
}

/* ---- what is always there ---- */

#define FOLDER(parent, name) { parent, name, NULL, OBJECT_DIRECTORY }
#define LINK(parent, name, target) { parent, name, target, OBJECT_SYMBOLIC_LINK }

static const struct { const char *parent, *name, *target; enum object_kind kind; } fixed[] = {
	FOLDER("", "BaseNamedObjects"),
	FOLDER("", "KernelObjects"),
	FOLDER("", "KnownDlls"),
	FOLDER("", "ObjectTypes"),
	FOLDER("", "RPC Control"),
	FOLDER("", "Sessions"),
	FOLDER("", "Windows"),
	FOLDER("\\Sessions", "0"),
	FOLDER("\\Sessions", "1"),
	FOLDER("\\Sessions", "BNOLINKS"),
	LINK("\\Sessions\\0", "BaseNamedObjects", "\\BaseNamedObjects"),
	FOLDER("\\Sessions\\1", "BaseNamedObjects"),
	FOLDER("\\Sessions\\1", "Windows"),
	LINK("\\Sessions\\BNOLINKS", "0", "\\BaseNamedObjects"),
	LINK("\\Sessions\\BNOLINKS", "1", "\\Sessions\\1\\BaseNamedObjects"),
	LINK("\\BaseNamedObjects", "Global", "\\BaseNamedObjects"),
	LINK("\\BaseNamedObjects", "Local", "\\BaseNamedObjects"),
	LINK("\\BaseNamedObjects", "Session", "\\Sessions\\BNOLINKS"),
	LINK("\\Sessions\\1\\BaseNamedObjects", "Global", "\\BaseNamedObjects"),
	LINK("\\Sessions\\1\\BaseNamedObjects", "Local", "\\Sessions\\1\\BaseNamedObjects"),
	LINK("\\Sessions\\1\\BaseNamedObjects", "Session", "\\Sessions\\BNOLINKS"),
	{ "\\KernelObjects", "CritSecOutOfMemoryEvent", NULL, OBJECT_KEYED_EVENT },
};

static bool string_of(const char *text, struct nt_string *out)
{
	uint32_t n = (uint32_t)strlen(text);

	*out = (struct nt_string){ kmalloc((n + 1) * sizeof(uint16_t), 0), n };
	return out->chars && nt_utf16(text, n, out->chars, n) == n;
}

/* Of one that is not there, a new object: only links have a target. */
static ntstatus make_object(uint32_t i, struct nt_string *target, struct object **out)
{
	if (fixed[i].kind == OBJECT_SYMBOLIC_LINK)
		return make_link(target, out);
	return fixed[i].kind == OBJECT_DIRECTORY ? make_directory(NULL, out) : nt_keyed_event_make(NULL, out);
}

static ntstatus make_fixed(uint32_t i)
{
	struct nt_attributes parent = { 0 };
	struct nt_string name = { 0 }, target = { 0 };
	struct object *obj = NULL;
	struct path p = { 0 };
	ntstatus status = STATUS_NO_MEMORY;

	if (string_of(fixed[i].parent, &parent.name) && string_of(fixed[i].name, &name) &&
	    (!fixed[i].target || string_of(fixed[i].target, &target)))
		status = make_object(i, &target, &obj);
	if (!status && parent.name.nchars)
		status = path_begin(&parent, false, &p);
	if (!status && p.last) {
		mutex_lock(&names_lock);
		go_to(&p, (struct nt_directory *)find(p.at, p.last, p.nlast, false));
		mutex_unlock(&names_lock);
	}
	if (!status)
		status = add(p.at ? p.at : root, name.chars, name.nchars, obj, true);
	object_put(obj);
	path_end(&p);
	nt_attributes_free(&parent);
	nt_string_free(&name);
	nt_string_free(&target);
	return status;
}

int nt_names_init(void)
{
	struct object *obj;

	mutex_init(&names_lock, LOCK_NT_NAMES);
	for (uint32_t i = 0; i < OBJECT_BUCKETS; i++)
		list_init(&names_of[i]);
	if (make_directory(NULL, &obj))
		return -ENOMEM;
	root = (struct nt_directory *)obj;
	for (uint32_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (make_fixed(i))
			return -ENOMEM;
	return 0;
}

/* ---- making and opening ---- */

/* The object of a name that is there, or @new under it. @new NULL: it must be there. A reference in *out. */
static ntstatus enter(struct path *p, uint32_t flags, enum object_kind kind, struct object *new, struct object **out)
{
	struct object *there;
	ntstatus status;

	mutex_lock(&names_lock);
	there = p->last ? find(p->at, p->last, p->nlast, p->fold) : &p->at->object;
	if (there && !p->last)
		object_get(there);
	if (!there && new) {
		status = add(p->at, p->last, p->nlast, new, flags & NT_OBJ_PERMANENT);
		if (!status) {
			object_get(new);
			*out = new;
		}
	} else {
		status = there ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
	}
	mutex_unlock(&names_lock);
	if (!there)
		return status;
	if (new && !(flags & NT_OBJ_OPENIF))
		status = STATUS_OBJECT_NAME_COLLISION;
	else if (there->type->kind != kind)
		status = STATUS_OBJECT_TYPE_MISMATCH;
	else if (new)
		status = STATUS_OBJECT_NAME_EXISTS;
	if (!nt_success(status))
		object_put(there);
	else
		*out = there;
	return status;
}

static ntstatus enter_by_name(struct nt_attributes *a, enum object_kind kind, struct object *new, struct object **out)
{
	bool keep_link = kind == OBJECT_SYMBOLIC_LINK && (!new || a->flags & NT_OBJ_OPENLINK);
	struct path p;
	ntstatus status = path_begin(a, keep_link, &p);

	if (!status)
		status = enter(&p, a->flags, kind, new, out);
	path_end(&p);
	return status;
}

ntstatus nt_named_object(const char *path, enum object_kind kind, struct object **out)
{
	struct nt_attributes a = { 0 };
	ntstatus status = string_of(path, &a.name) ? enter_by_name(&a, kind, NULL, out) : STATUS_NO_MEMORY;

	nt_attributes_free(&a);
	return status;
}

/* Under names_lock. The parts of the name of @n from the root on, at most @cap code units of them, go to @out. Returns how
 * many there are. */
static uint32_t spell(const struct name *n, uint16_t *out, uint32_t cap)
{
	const struct name *above = name_of(&n->parent->object);
	uint32_t at = above ? spell(above, out, cap) : 0;

	if (at < cap)
		out[at] = '\\';
	at++;
	for (uint32_t i = 0; i < n->nchars; i++, at++)
		if (at < cap)
			out[at] = n->chars[i];
	return at;
}

ntstatus nt_object_name(struct object *obj, uint16_t **chars, uint32_t *nchars)
{
	const struct name *n;
	uint32_t cap = 0;

	*chars = NULL;
	*nchars = 0;
	if (obj == &root->object) {
		*chars = kmalloc(sizeof(**chars), 0);
		if (*chars)
			(*chars)[(*nchars)++] = '\\';
		return *chars ? STATUS_SUCCESS : STATUS_NO_MEMORY;
	}
	/* The name that was measured is there as long as @obj, or until it is made temporary. */
	for (;;) {
		mutex_lock(&names_lock);
		n = name_of(obj);
		*nchars = n ? spell(n, *chars, cap) : 0;
		mutex_unlock(&names_lock);
		if (*nchars <= cap)
			return STATUS_SUCCESS;
		kfree(*chars);
		cap = *nchars;
		*chars = kmalloc(cap * sizeof(**chars), HEAP_NOZERO);
		if (!*chars)
			return STATUS_NO_MEMORY;
	}
}

ntstatus nt_create_object(uint64_t user_handle, uint32_t access, uint64_t user_attributes, enum object_kind kind,
	ntstatus (*make)(void *arg, struct object **out), void *arg)
{
	struct nt_attributes name;
	struct object *new = NULL, *obj = NULL;
	ntstatus status = nt_put64(user_handle, 0), installed;

	if (!status)
		status = nt_attributes_in(user_attributes, &name);
	if (status)
		return status;
	status = make(arg, &new);
	if (!status && name.name.nchars) {
		status = enter_by_name(&name, kind, new, &obj);
		object_put(new);
	} else {
		obj = new;
	}
	if (nt_success(status)) {
		installed = nt_handle_install(obj, nt_map_access(kind, access), name.flags, user_handle);
		status = installed ? installed : status;
		object_put(obj);
	}
	nt_attributes_free(&name);
	return status;
}

ntstatus nt_open_object(uint64_t user_handle, uint32_t access, uint64_t user_attributes, enum object_kind kind)
{
	struct nt_attributes name;
	struct object *obj;
	ntstatus status = nt_put64(user_handle, 0);

	if (!status)
		status = nt_attributes_in(user_attributes, &name);
	if (status)
		return status;
	status = name.name.nchars ? enter_by_name(&name, kind, NULL, &obj) : STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (!status) {
		status = nt_handle_install(obj, nt_map_access(kind, access), name.flags, user_handle);
		object_put(obj);
	}
	nt_attributes_free(&name);
	return status;
}

/* ---- services ---- */

ntstatus nt_sys_NtCreateDirectoryObject(const uint64_t *a)
{
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_DIRECTORY, make_directory, NULL);
}

ntstatus nt_sys_NtOpenDirectoryObject(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_DIRECTORY);
}

ntstatus nt_sys_NtCreateSymbolicLinkObject(const uint64_t *a)
{
	struct nt_string target;
	ntstatus status = a[3] ? nt_string_in(a[3], &target) : STATUS_ACCESS_VIOLATION;

	if (status)
		return status;
	if (!target.nchars)
		status = STATUS_INVALID_PARAMETER;
	else
		status = nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_SYMBOLIC_LINK, make_link, &target);
	nt_string_free(&target);
	return status;
}

ntstatus nt_sys_NtOpenSymbolicLinkObject(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_SYMBOLIC_LINK);
}

#define SYMBOLIC_LINK_QUERY 1u

ntstatus nt_sys_NtQuerySymbolicLinkObject(const uint64_t *a)
{
	struct nt_unicode_string out;
	struct object *obj;
	struct link *l;
	uint32_t bytes;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_SYMBOLIC_LINK, SYMBOLIC_LINK_QUERY, &obj);

	if (status)
		return status;
	l = (struct link *)obj;
	bytes = l->target.nchars * sizeof(uint16_t);
	status = nt_get(&out, a[1], sizeof(out));
	if (!status && a[2])
		status = nt_put32(a[2], bytes);
	if (!status && out.max_bytes < bytes)
		status = STATUS_BUFFER_TOO_SMALL;
	if (!status)
		status = nt_put(out.buffer, l->target.chars, bytes);
	out.bytes = (uint16_t)bytes;
	object_put(obj);
	return status ? status : nt_put(a[1], &out, sizeof(out));
}

#define DELETE 0x00010000u

/* Under names_lock. Its last reference takes the name along from now on; the one that the name had is the caller's. */
static struct object *make_temporary(struct name *n)
{
	struct object *obj = n->is_permanent ? n->object : NULL;

	n->is_permanent = false;
	return obj;
}

ntstatus nt_sys_NtMakeTemporaryObject(const uint64_t *a)
{
	struct object *obj, *kept;
	struct name *n;
	ntstatus status = nt_handle_lookup(a[0], 0, DELETE, &obj);

	if (status)
		return status;
	mutex_lock(&names_lock);
	n = name_of(obj);
	kept = n ? make_temporary(n) : NULL;
	mutex_unlock(&names_lock);
	object_put(kept);
	object_put(obj);
	return STATUS_SUCCESS;
}

/* Under names_lock. An object that only its name may keep, the caller's; NULL: there is none any more. */
static struct object *take_permanent(void)
{
	struct name *n;

	for (uint32_t i = 0; i < OBJECT_BUCKETS; i++)
		LIST_FOR_EACH_ENTRY(n, &names_of[i], by_object)
			if (n->is_permanent)
				return make_temporary(n);
	return NULL;
}

void nt_names_end(void)
{
	struct object *obj;

	do {
		mutex_lock(&names_lock);
		obj = take_permanent();
		mutex_unlock(&names_lock);
		object_put(obj);
	} while (obj);
}

/* ---- listing ---- */

#define DIRECTORY_QUERY 1u

/* OBJECT_DIRECTORY_INFORMATION */
struct directory_entry { struct nt_unicode_string name, type; };

struct listing {
	uint64_t buffer;
	uint32_t cap, context;
	bool is_single;
	uint32_t count;		/* entries that fit */
	uint32_t bytes;		/* of the entries and their end */
	struct directory_entry *entries;	/* @cap bytes: entries, and at the end their texts */
	uint32_t text_at;
	bool is_more;
};

/* Put @chars and a zero behind the entries, from the end of the buffer down. */
static void add_text(struct listing *l, const uint16_t *chars, uint32_t nchars, struct nt_unicode_string *out)
{
	uint32_t bytes = nchars * sizeof(*chars);

	l->text_at -= bytes + sizeof(*chars);
	memcpy((char *)l->entries + l->text_at, chars, bytes);
	*out = (struct nt_unicode_string){
		.bytes = (uint16_t)bytes,
		.max_bytes = (uint16_t)(bytes + sizeof(*chars)),
		.buffer = l->buffer + l->text_at,
	};
}

/* Under names_lock. False: it does not fit. */
static bool add_entry(struct listing *l, const struct name *n)
{
	uint16_t type[NT_TYPE_NAME_CHARS];
	uint32_t ntype = nt_type_name(n->object, type);
	uint32_t texts = (n->nchars + ntype + 2) * sizeof(uint16_t);
	uint32_t heads = (l->count + 2) * sizeof(struct directory_entry);

	l->bytes = heads + (l->cap - l->text_at) + texts;
	if (l->bytes > l->cap)
		return false;
	add_text(l, n->chars, n->nchars, &l->entries[l->count].name);
	add_text(l, type, ntype, &l->entries[l->count].type);
	l->count++;
	return true;
}

static void list_names(struct listing *l, struct nt_directory *d)
{
	struct name *n;
	uint32_t i = 0;

	mutex_lock(&names_lock);
	LIST_FOR_EACH_ENTRY(n, &d->names, entry) {
		if (i++ < l->context)
			continue;
		if ((l->is_single && l->count) || !add_entry(l, n)) {
			l->is_more = true;
			break;
		}
	}
	mutex_unlock(&names_lock);
}

static ntstatus put_listing(const struct listing *l, const uint64_t *a)
{
	ntstatus status = STATUS_SUCCESS;

	if (a[6])
		status = nt_put32(a[6], l->count || l->is_more ? l->bytes : 0);
	if (!status && !l->count)
		return l->is_more ? STATUS_BUFFER_TOO_SMALL : STATUS_NO_MORE_ENTRIES;
	if (!status)
		status = nt_put(l->buffer, l->entries, l->cap);
	if (!status)
		status = nt_put32(a[5], l->context + l->count);
	return status ? status : l->is_more && !l->is_single ? STATUS_MORE_ENTRIES : STATUS_SUCCESS;
}

#define MAX_LISTING_BYTES 65536u

ntstatus nt_sys_NtQueryDirectoryObject(const uint64_t *a)
{
	struct listing l = { .buffer = a[1], .cap = MIN((uint32_t)a[2], MAX_LISTING_BYTES), .is_single = (uint8_t)a[3] };
	struct object *obj;
	ntstatus status = (uint8_t)a[4] ? STATUS_SUCCESS : nt_get(&l.context, a[5], sizeof(l.context));

	if (!status)
		status = nt_handle_lookup(a[0], OBJECT_DIRECTORY, DIRECTORY_QUERY, &obj);
	if (status)
		return status;
	l.cap = ALIGN_DOWN(l.cap, sizeof(uint16_t));
	l.text_at = l.cap;
	l.entries = kmalloc(l.cap + 1, 0);
	if (l.entries) {
		list_names(&l, (struct nt_directory *)obj);
		status = put_listing(&l, a);
	} else {
		status = STATUS_NO_MEMORY;
	}
	kfree(l.entries);
	object_put(obj);
	return status;
}
