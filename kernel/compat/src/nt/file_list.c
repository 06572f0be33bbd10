/* kernel/compat/src/nt/file_list.c: NtQueryDirectoryFile ([MS-FSA] 2.1.5.6.3, [MS-FSCC] 2.4).
 *
 * The first call of a listing reads the whole folder, keeps the names that match its pattern and
 * sorts them, as NTFS has them sorted; the attributes are those of the moment a name is told.
 */
#include <mm/heap.h>
#include <string.h>

#include "file.h"

enum list_class {
	FileDirectoryInformation = 1, FileFullDirectoryInformation, FileBothDirectoryInformation, FileNamesInformation = 12,
	FileIdBothDirectoryInformation = 37, FileIdFullDirectoryInformation,
};

#define READ_BYTES 8192u

struct listed {
	struct listed *next;
	struct nt_string name;	/* in the same allocation, as the next */
	char *text;		/* UTF-8 */
};

struct nt_scan {
	struct nt_string pattern;
	struct listed *first, *at;	/* at: what is told next */
	bool was_told;			/* one name at least was */
};

/* ---- reading ---- */

/* man 2 getdents */
struct dirent { uint64_t ino; int64_t next; uint16_t bytes; uint8_t type; char name[]; };

static void drop_names(struct nt_scan *s)
{
	while (s->first) {
		struct listed *l = s->first;

		s->first = l->next;
		kfree(l);
	}
	s->at = NULL;
}

void nt_scan_free(struct nt_scan *s)
{
	if (!s)
		return;
	drop_names(s);
	nt_string_free(&s->pattern);
	kfree(s);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* A new entry unless the pattern is against it. Returns: 0, -ENOMEM. */
static int offer(struct nt_scan *s, const char *text)
{
	size_t n = strlen(text);
	struct listed *l = kmalloc(sizeof(*l) + n * 2 + n + 1, HEAP_NOZERO);

	if (!l)
		return -ENOMEM;
	l->name.chars = (uint16_t *)(l + 1);
	l->name.nchars = nt_utf16(text, n, l->name.chars, (uint32_t)n);
	l->text = (char *)(l->name.chars + n);
	strcpy(l->text, text);
	if (s->pattern.nchars && !nt_pattern_matches(&s->pattern, &l->name)) {
		kfree(l);
		return 0;
	}
	l->next = s->first;
	s->first = l;
	return 0;
}

static int read_names(struct nt_scan *s, struct file *f, bool has_dots)
{
	char *buf = kmalloc(READ_BYTES, HEAP_NOZERO);
	const struct io_segment seg = { (uint64_t)(uintptr_t)buf, READ_BYTES };
	const struct dirent *d;
	int64_t n = buf ? f->ops->seek(f, 0, 0) : -ENOMEM;

	while (n >= 0) {
		struct io_request rq = { .file = f };

		io_vector_init(&rq.vector, &seg, 1, true);
		n = f->ops->readdir(&rq);
		if (n <= 0)
			break;
		for (int64_t at = 0; at < n; at += d->bytes) {
			d = (const struct dirent *)(buf + at);
			if (has_dots || !is_dots(d->name)) {
				if (offer(s, d->name)) {
					n = -ENOMEM;
					break;
				}
			}
		}
	}
	kfree(buf);
	return (int)MIN(n, 0);
}

/* ---- sorting ---- */

static struct listed *merge(struct listed *a, struct listed *b)
{
	struct listed *first = NULL, **tail = &first;

	while (a && b) {
		struct listed **from = nt_name_compare(&a->name, &b->name) <= 0 ? &a : &b;

		*tail = *from;
		*from = (*from)->next;
		tail = &(*tail)->next;
	}
	*tail = a ? a : b;
	return first;
}

/* Merge sort; level i holds nothing or a sorted list of 2^i. */
static struct listed *sorted(struct listed *l)
{
	struct listed *levels[32] = { 0 }, *all = NULL;

	while (l) {
		struct listed *run = l;
		int i = 0;

		l = l->next;
		run->next = NULL;
		for (; i < 31 && levels[i]; i++) {
			run = merge(levels[i], run);
			levels[i] = NULL;
		}
		levels[i] = merge(levels[i], run);
	}
	for (int i = 0; i < 32; i++)
		all = merge(levels[i], all);
	return all;
}

/* "." and ".." come before everything. */
static void dots_first(struct nt_scan *s)
{
	struct listed *dots[2] = { 0 };
	unsigned n = 0;

	for (struct listed **p = &s->first; *p && n < 2;) {
		struct listed *l = *p;

		if (!is_dots(l->text)) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		dots[n++] = l;
	}
	while (n--) {
		dots[n]->next = s->first;
		s->first = dots[n];
	}
}

/* ---- one entry ---- */

/* The common head of the classes but FileNamesInformation. */
struct head {
	uint32_t next, index;
	uint64_t created, accessed, written, changed, size, allocated;
	uint32_t attributes, name_bytes;
};

/* Where the classes have what follows the head. */
static const struct layout {
	uint32_t class, name_at, id_at;	/* id_at 0: has none */
} layouts[] = {
	{ FileDirectoryInformation, 64, 0 },	 { FileFullDirectoryInformation, 68, 0 },
	{ FileBothDirectoryInformation, 94, 0 }, { FileNamesInformation, 12, 0 },
	{ FileIdBothDirectoryInformation, 104, 96 }, { FileIdFullDirectoryInformation, 80, 72 },
};
#define NAME_AT_MAX 104u

static const struct layout *layout_of(uint32_t class)
{
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		if (layouts[i].class == class)
			return &layouts[i];
	}
	return NULL;
}

/* A name that went meanwhile is told no more: -ENOENT. What cannot be asked about is told without. */
static int attributes_of(struct inode *dir, const struct listed *l, struct vfs_attr *attr)
{
	struct walk_result w;
	int err = walk_path(dir, l->text, 0, &w);

	if (!err)
		err = w.inode ? inode_getattr(w.inode, attr) : -ENOENT;
	if (!err || err == -ENOENT)
		walk_result_put(&w);
	return err == -ENOENT ? err : 0;
}

static void fill_head(const struct layout *layout, const struct listed *l, const struct vfs_attr *attr, uint8_t *out)
{
	struct nt_network_open about;
	uint32_t name_bytes = l->name.nchars * 2;
	struct head *h = (struct head *)(void *)out;

	if (layout->class == FileNamesInformation) {
		memcpy(out + 8, &name_bytes, sizeof(name_bytes));
		return;
	}
	nt_describe(attr, &about);
	*h = (struct head){ 0, 0, about.created, about.accessed, about.written, about.changed, about.size,
		about.allocated, about.attributes, name_bytes };
	if (layout->id_at)
		memcpy(out + layout->id_at, &attr->ino, sizeof(attr->ino));
}

/* ---- one call ---- */

struct listing {
	struct file *f;
	const struct layout *layout;
	uint64_t buffer;
	uint32_t cap, len;
	uint32_t last;		/* where the last entry is; its `next` is to be told */
	bool any;
};

/* Returns: STATUS_SUCCESS, STATUS_BUFFER_OVERFLOW: it does not fit (whole); -ENOENT in *gone. */
static ntstatus tell(struct listing *q, const struct listed *l, bool *gone)
{
	uint64_t head[NAME_AT_MAX / 8] = { 0 };
	uint32_t at = q->any ? (uint32_t)ALIGN_UP(q->len, 8) : 0, name_bytes = l->name.nchars * 2;
	uint32_t need = at + q->layout->name_at + name_bytes, room;
	struct vfs_attr attr = { 0 };
	ntstatus status = STATUS_SUCCESS;

	if (need > q->cap && q->any)
		return STATUS_BUFFER_OVERFLOW;
	*gone = attributes_of(q->f->inode, l, &attr) != 0;
	if (*gone)
		return STATUS_SUCCESS;
	fill_head(q->layout, l, &attr, (uint8_t *)head);
	room = q->cap - at - q->layout->name_at;
	status = nt_put(q->buffer + at, head, q->layout->name_at);
	if (!status)
		status = nt_put(q->buffer + at + q->layout->name_at, l->name.chars, MIN(name_bytes, room));
	if (!status && q->any)
		status = nt_put32(q->buffer + q->last, at - q->last);
	if (status)
		return status;
	q->last = at;
	q->len = MIN(need, q->cap);
	q->any = true;
	return name_bytes > room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static ntstatus tell_names(struct listing *q, struct nt_scan *s, bool single)
{
	bool gone;

	while (s->at) {
		ntstatus status = tell(q, s->at, &gone);

		if (status == STATUS_BUFFER_OVERFLOW)
			return q->any && s->was_told ? STATUS_SUCCESS : status;
		if (status)
			return status;
		s->at = s->at->next;
		if (gone)
			continue;
		s->was_told = true;
		if (single)
			break;
	}
	if (q->any)
		return STATUS_SUCCESS;
	return s->was_told ? STATUS_NO_MORE_FILES : STATUS_NO_SUCH_FILE;
}

static bool is_drive_root(struct inode *i)
{
	char path[16];
	int64_t n = vfs_path_of(i, path, sizeof(path) - 1);

	if (n < 0)
		return false;
	path[n] = '\0';
	return !strcmp(path, "/") || !strcmp(path, "/windows/c");
}

/* Begin the listing, or begin it again; the pattern is that of the first call. */
static ntstatus begin(struct listing *q, struct nt_open *o, uint64_t user_pattern)
{
	ntstatus status;
	int err;

	if (!o->scan) {
		o->scan = kmalloc(sizeof(*o->scan), 0);
		if (!o->scan)
			return STATUS_NO_MEMORY;
		status = nt_string_in(user_pattern, &o->scan->pattern);
		if (status) {
			nt_scan_free(o->scan);
			o->scan = NULL;
			return status;
		}
	}
	drop_names(o->scan);
	err = read_names(o->scan, q->f, !is_drive_root(q->f->inode));
	if (err)
		return nt_status(err);
	o->scan->first = sorted(o->scan->first);
	dots_first(o->scan);
	o->scan->at = o->scan->first;
	o->scan->was_told = false;
	return STATUS_SUCCESS;
}

static ntstatus list(const uint64_t *a, struct listing *q)
{
	struct nt_open *o = q->f->nt_open;
	ntstatus status = STATUS_SUCCESS;

	mutex_lock(&o->scan_lock);
	if (!o->scan || (uint8_t)a[10])
		status = begin(q, o, a[9]);
	if (!status)
		status = tell_names(q, o->scan, (uint8_t)a[8]);
	mutex_unlock(&o->scan_lock);
	return status;
}

ntstatus nt_sys_NtQueryDirectoryFile(const uint64_t *a)
{
	const struct nt_completion c = { a[1], a[2], a[3], a[4] };
	struct listing q = { .layout = layout_of((uint32_t)a[7]), .buffer = a[5], .cap = (uint32_t)a[6] };
	struct object *obj;
	ntstatus status = nt_handle_lookup(a[0], OBJECT_FILE, FILE_READ_DATA, &obj);

	if (status)
		return status;
	q.f = file_from_object(obj);
	if (!q.layout)
		status = STATUS_INVALID_INFO_CLASS;
	else if (q.cap < ALIGN_UP(q.layout->name_at + 2, 8))
		status = STATUS_INFO_LENGTH_MISMATCH;
	else if (!q.f->nt_open || !q.f->inode || !inode_is_dir(q.f->inode))
		status = STATUS_INVALID_PARAMETER;
	if (!status)
		status = nt_completion_begin(&c, q.f);
	if (!status) {
		status = list(a, &q);
		if (nt_success(status) || status == STATUS_BUFFER_OVERFLOW)
			status = nt_complete(&c, q.f, status, q.len);
	}
	object_put(obj);
	return status;
}
