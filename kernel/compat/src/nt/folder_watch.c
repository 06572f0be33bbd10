/* kernel/compat/src/nt/folder_watch.c: waiting for changes in folders (Microsoft Learn: ReadDirectoryChangesW; [MS-FSCC]
 * 2.7.1), told by what tells inotify.
 *
 * The first request on an open folder starts its watch; what happens between requests is kept for the next.
 *
 * Locking: `lock` (NT_WATCHES) guards all watches; requests end under it. It is held over questions to vfsd, which
 * never comes here: where the folders of a tree are.
 */
#include "folder_watch.h"

#include <io/notify.h>
#include <linux/inotify.h>
#include <mm/heap.h>
#include <string.h>

#include "async.h"

#define FILE_LIST_DIRECTORY 1u

#define CHANGE_FILE_NAME 0x001u
#define CHANGE_DIR_NAME 0x002u
#define CHANGE_ATTRIBUTES 0x004u
#define CHANGE_SIZE 0x008u
#define CHANGE_LAST_WRITE 0x010u
#define CHANGE_LAST_ACCESS 0x020u
#define CHANGE_CREATION 0x040u
#define CHANGE_SECURITY 0x100u
#define CHANGE_ALL 0xfffu

enum action { ACTION_NONE, ACTION_ADDED, ACTION_REMOVED, ACTION_MODIFIED, ACTION_RENAMED_OLD, ACTION_RENAMED_NEW };

/* FILE_NOTIFY_INFORMATION; the name follows. */
struct entry { uint32_t next, action, name_bytes; };

#define MAX_KEPT_BYTES 65536u
#define PATH_BYTES 4096u

struct nt_folder_watch {
	struct list_node node;
	struct inode *inode;	/* a reference */
	uint32_t filter;
	bool tree, has_overflow;
	uint32_t cookie;	/* the last entry is a rename's first half; 0: it is not */
	uint32_t cap, used, last;	/* bytes in kept; where the last entry is */
	struct list_node requests;
	char kept[];		/* entries as a program gets them */
};

struct request {
	struct nt_async async;
	bool is_queued;
	uint64_t buffer;
	uint32_t bytes;
};
HEAP_CACHE(request_cache, "nt-folder-request", sizeof(struct request));

static struct mutex lock;
static struct list_node watches = LIST_INIT(watches);
static uint32_t ntrees;		/* that watch all below */

/* ---- requests: under the lock ---- */

static void end_request(struct request *r, ntstatus status, uint32_t bytes)
{
	r->is_queued = false;
	list_del(&r->async.node);
	nt_async_end(&r->async, status, bytes);
}

/* Give what was kept to the one who has waited longest. */
static void answer(struct nt_folder_watch *w)
{
	struct request *r = list_first_entry(&w->requests, struct request, async.node);

	if (!r || w->cookie || !(w->used || w->has_overflow))
		return;
	if (w->has_overflow || w->used > r->bytes)
		end_request(r, STATUS_NOTIFY_ENUM_DIR, 0);
	else if (nt_async_copy(&r->async, r->buffer, w->kept, w->used, true))
		end_request(r, STATUS_SUCCESS, w->used);
	else
		end_request(r, STATUS_INVALID_USER_BUFFER, 0);
	w->used = 0;
	w->has_overflow = false;
}

static void request_release(struct nt_async *a)
{
	heap_cache_free(&request_cache, container_of(a, struct request, async));
}

static void cancel(struct nt_async *a)
{
	struct request *r = container_of(a, struct request, async);

	mutex_lock(&lock);
	if (r->is_queued)
		end_request(r, STATUS_CANCELLED, 0);
	mutex_unlock(&lock);
}

static const struct nt_async_ops request_ops = { cancel, request_release };

/* ---- what happens: under the lock ---- */

static struct entry *last_entry(struct nt_folder_watch *w)
{
	return w->used ? (struct entry *)(w->kept + w->last) : NULL;
}

static bool repeats_last(struct nt_folder_watch *w, enum action action, const uint16_t *name, uint32_t bytes)
{
	const struct entry *e = last_entry(w);

	return e && e->action == action && e->name_bytes == bytes && !memcmp(e + 1, name, bytes);
}

static void keep(struct nt_folder_watch *w, enum action action, const uint16_t *name, uint32_t bytes)
{
	uint32_t at = w->used, size = ALIGN_UP(sizeof(struct entry) + bytes, sizeof(uint32_t));
	struct entry *e;

	if (w->has_overflow || repeats_last(w, action, name, bytes))
		return;
	if (size > w->cap - at) {
		w->has_overflow = true;
		w->used = 0;
		return;
	}
	e = last_entry(w);
	if (e)
		e->next = at - w->last;
	e = (struct entry *)(w->kept + at);
	*e = (struct entry){ .action = action, .name_bytes = bytes };
	memcpy(e + 1, name, bytes);
	w->last = at;
	w->used = at + size;
}

static bool is_wanted(const struct nt_folder_watch *w, uint32_t mask)
{
	uint32_t names = mask & IN_ISDIR ? CHANGE_DIR_NAME : CHANGE_FILE_NAME, wants = 0;

	if (mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO))
		wants |= names;
	if (mask & IN_MODIFY)
		wants |= CHANGE_SIZE | CHANGE_LAST_WRITE;
	if (mask & IN_ATTRIB)
		wants |= CHANGE_ATTRIBUTES | CHANGE_LAST_WRITE | CHANGE_CREATION | CHANGE_SECURITY;
	if (mask & IN_ACCESS)
		wants |= CHANGE_LAST_ACCESS;
	return w->filter & wants;
}

static enum action action_of(uint32_t mask)
{
	if (mask & (IN_CREATE | IN_MOVED_TO))
		return ACTION_ADDED;
	if (mask & IN_DELETE)
		return ACTION_REMOVED;
	return mask & IN_MOVED_FROM ? ACTION_RENAMED_OLD : ACTION_MODIFIED;
}

struct happening { const struct notify_event *event; uint16_t *name; uint32_t nbytes; bool is_inside; };

static void tell(struct nt_folder_watch *w, const struct happening *h)
{
	const struct notify_event *e = h->event;
	bool wants = h->is_inside && is_wanted(w, e->mask);
	enum action action = action_of(e->mask);

	/* A name that moved to elsewhere is gone; one that came from elsewhere is new. */
	if (w->cookie && w->cookie == e->cookie && (e->mask & IN_MOVED_TO)) {
		w->cookie = 0;
		if (wants)
			action = ACTION_RENAMED_NEW;
		else if (last_entry(w))
			last_entry(w)->action = ACTION_REMOVED;
	}
	if (wants) {
		keep(w, action, h->name, h->nbytes);
		if (action == ACTION_RENAMED_OLD)
			w->cookie = e->cookie;
	}
	answer(w);
}

/* ---- where it happens ---- */

/* The path of a folder, ended by a slash; NULL: it cannot be told. */
static char *path_of(struct inode *i)
{
	char *path = kmalloc(PATH_BYTES + 2, HEAP_NOZERO);
	int64_t n = path ? vfs_path_of(i, path, PATH_BYTES) : -ENOMEM;

	if (n < 0) {
		kfree(path);
		return NULL;
	}
	if (n > 1)
		path[n++] = '/';
	path[n] = '\0';
	return path;
}

/* The UTF-16 of @folder and the event's name, with backslashes. */
static bool spell(struct happening *h, const char *folder)
{
	uint32_t nfolder = (uint32_t)strlen(folder), n = nfolder + h->event->len, units;
	char *text = kmalloc(n + 1, HEAP_NOZERO);

	h->name = kmalloc((n + 1) * sizeof(*h->name), HEAP_NOZERO);
	if (!text || !h->name) {
		kfree(text);
		return false;
	}
	memcpy(text, folder, nfolder);
	memcpy(text + nfolder, h->event->name, h->event->len);
	units = nt_utf16(text, n, h->name, n);
	for (uint32_t i = 0; i < units; i++)
		if (h->name[i] == '/')
			h->name[i] = '\\';
	h->nbytes = units * sizeof(*h->name);
	kfree(text);
	return true;
}

/* Under the lock. @path: of the event's folder; NULL: unknown. */
static void tell_one(struct nt_folder_watch *w, const struct notify_event *e, const char *path)
{
	struct happening h = { .event = e, .is_inside = e->dir == w->inode };
	char *base = w->tree && path && !h.is_inside ? path_of(w->inode) : NULL;
	size_t nbase = base ? strlen(base) : 0;

	if (base && !strncmp(path, base, nbase))
		h.is_inside = spell(&h, path + nbase);
	else if (h.is_inside)
		h.is_inside = spell(&h, "");
	tell(w, &h);
	kfree(h.name);
	kfree(base);
}

static void happened(const struct notify_event *e)
{
	const uint32_t told = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_ATTRIB | IN_ACCESS;
	struct nt_folder_watch *w;
	char *path;

	if (!(e->mask & told) || !e->len)
		return;
	path = atomic_load(&ntrees) ? path_of(e->dir) : NULL;
	mutex_lock(&lock);
	LIST_FOR_EACH_ENTRY(w, &watches, node)
		tell_one(w, e, path);
	mutex_unlock(&lock);
	kfree(path);
}

void nt_folder_watches_init(void)
{
	mutex_init(&lock, LOCK_NT_WATCHES);
	notify_listener = happened;
}

/* ---- watches ---- */

static struct nt_folder_watch *begin(struct inode *i, uint32_t filter, bool tree, uint32_t bytes)
{
	uint32_t cap = MIN(bytes, MAX_KEPT_BYTES);
	struct nt_folder_watch *w = kmalloc(sizeof(*w) + cap, 0);

	if (!w)
		return NULL;
	inode_get(i);
	w->inode = i;
	w->filter = filter;
	w->tree = tree;
	w->cap = cap;
	list_init(&w->requests);
	list_add_tail(&w->node, &watches);
	if (tree)
		atomic_add(&ntrees, 1);
	notify_listen(1);
	return w;
}

void nt_folder_watch_end(struct nt_folder_watch *w)
{
	struct request *r;

	if (!w)
		return;
	mutex_lock(&lock);
	while ((r = list_first_entry(&w->requests, struct request, async.node)))
		end_request(r, STATUS_NOTIFY_CLEANUP, 0);
	list_del(&w->node);
	mutex_unlock(&lock);
	if (w->tree)
		atomic_sub(&ntrees, 1);
	notify_listen(-1);
	inode_put(w->inode);
	kfree(w);
}

struct wanted { uint32_t filter; bool tree; };

/* Returns: STATUS_SUCCESS with the request queued; it may be answered already. */
static ntstatus queue(struct file *f, struct request *r, const struct wanted *want)
{
	struct nt_open *o = f->nt_open;
	ntstatus status = STATUS_SUCCESS;

	mutex_lock(&lock);
	if (!o->watch)
		o->watch = begin(f->inode, want->filter, want->tree, r->bytes);
	if (o->watch) {
		r->is_queued = true;
		list_add_tail(&r->async.node, &o->watch->requests);
		nt_async_issue(&r->async);
		answer(o->watch);
	} else {
		status = STATUS_NO_MEMORY;
	}
	mutex_unlock(&lock);
	return status;
}

static ntstatus watch(struct file *f, const uint64_t *a, const struct wanted *want)
{
	const struct nt_completion to = { .event = a[1], .apc = a[2], .context = a[3], .io = a[4] };
	struct request *r;
	ntstatus status;

	if (!f->inode || !inode_is_dir(f->inode) || !f->nt_open)
		return STATUS_INVALID_PARAMETER;
	r = heap_cache_alloc(&request_cache, 0);
	if (!r)
		return STATUS_NO_MEMORY;
	status = nt_async_begin(&r->async, &request_ops, f, &to);
	if (status) {
		heap_cache_free(&request_cache, r);
		return status;
	}
	/* libwine's FindFirstChangeNotification() has a synchronous handle and waits for it by itself. */
	r->async.is_synchronous = false;
	r->buffer = a[5];
	r->bytes = (uint32_t)a[6];
	status = queue(f, r, want);
	if (status) {
		nt_async_put(&r->async);
		return status;
	}
	return nt_async_result(&r->async);
}

ntstatus nt_sys_NtNotifyChangeDirectoryFile(const uint64_t *a)
{
	const struct wanted want = { (uint32_t)a[7], (uint8_t)a[8] };
	struct object *obj;
	ntstatus status;

	if (!a[4])
		return STATUS_ACCESS_VIOLATION;
	if (!want.filter || (want.filter & ~CHANGE_ALL))
		return STATUS_INVALID_PARAMETER;
	status = nt_handle_lookup(a[0], OBJECT_FILE, FILE_LIST_DIRECTORY, &obj);
	if (status)
		return status;
	status = watch(file_from_object(obj), a, &want);
	object_put(obj);
	return status;
}
