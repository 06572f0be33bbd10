/* kernel/compat/src/nt/file_share.c: share modes and deletion with the last close ([MS-FSA] 2.1.5.1.2.2, 2.1.5.4). */
#include <mm/heap.h>
#include <string.h>

#include "file.h"
#include "folder_watch.h"

struct spinlock nt_files_lock = SPINLOCK_INIT(NT_FILES);

#define READS (FILE_READ_DATA | FILE_EXECUTE)
#define WRITES (FILE_WRITE_DATA | FILE_APPEND_DATA)

/* What an open uses, in the bits of share modes; who uses none of them neither checks nor counts. */
static uint32_t uses(uint32_t access)
{
	return (access & READS ? SHARE_READ : 0) | (access & WRITES ? SHARE_WRITE : 0) |
	       (access & ACCESS_DELETE ? SHARE_DELETE : 0);
}

static ntstatus check_locked(const struct nt_sharing *s, uint32_t access, uint32_t share)
{
	uint32_t mine = uses(access);
	const struct nt_open *o;

	if (!s || !mine)
		return STATUS_SUCCESS;
	LIST_FOR_EACH_ENTRY(o, &s->opens, node) {
		uint32_t theirs = uses(o->access);

		if (theirs && ((theirs & ~share) || (mine & ~o->share)))
			return STATUS_SHARING_VIOLATION;
	}
	return STATUS_SUCCESS;
}

ntstatus nt_share_check(struct inode *i, uint32_t access, uint32_t share)
{
	ntstatus status;

	if (atomic_load(&i->is_delete_pending))
		return STATUS_DELETE_PENDING;
	spin_lock(&nt_files_lock);
	status = check_locked(i->nt_sharing, access, share);
	spin_unlock(&nt_files_lock);
	return status;
}

bool nt_share_denies_delete(struct inode *i, const struct file *f)
{
	const struct nt_sharing *s;
	const struct nt_open *o;
	bool denies = false;

	spin_lock(&nt_files_lock);
	s = i->nt_sharing;
	if (s) {
		LIST_FOR_EACH_ENTRY(o, &s->opens, node)
			denies = denies || (o != f->nt_open && uses(o->access) && !(o->share & SHARE_DELETE));
	}
	spin_unlock(&nt_files_lock);
	return denies;
}

void nt_open_free(struct nt_open *o)
{
	nt_folder_watch_end(o->watch);
	nt_iocp_unbind(&o->port);
	nt_scan_free(o->scan);
	inode_put(o->dir);
	kfree(o->name);
	kfree(o);
}

/* Take the doomed name out of @s. */
static void doom_take_locked(struct nt_sharing *s, struct inode **dir, char **name)
{
	*dir = s->doomed_dir;
	*name = s->doomed_name;
	s->doomed_dir = NULL;
	s->doomed_name = NULL;
}

static void release(struct file *f)
{
	struct nt_open *o = f->nt_open;
	struct inode *i = f->inode, *dir = NULL;
	struct nt_sharing *s;
	char *name = NULL;
	bool is_last;

	if (o->deletes_on_close)
		(void)nt_set_doomed(f, true);
	spin_lock(&nt_files_lock);
	s = i->nt_sharing;
	nt_locks_drop(s, f);
	list_del(&o->node);
	is_last = list_is_empty(&s->opens);
	if (is_last) {
		i->nt_sharing = NULL;
		doom_take_locked(s, &dir, &name);
	}
	spin_unlock(&nt_files_lock);
	if (is_last)
		kfree(s);
	if (name) {
		/* Gone already, or not to be removed: nobody is left who could be told. */
		(void)vfs_unlink_inode(dir, name, i);
		atomic_store(&i->is_delete_pending, false);
		inode_put(dir);
		kfree(name);
	}
	nt_open_free(o);
}

static bool has_ended(struct wait_source *s, struct thread *t)
{
	return container_of(s, struct nt_open, ended)->has_ended;
}

static bool keep(struct wait_source *s, struct thread *t)
{
	return false;
}

static const struct wait_source_ops ended_ops = { has_ended, keep };

struct nt_open *nt_open_create(struct inode *dir, const char *name, uint32_t access, uint32_t share, uint32_t options)
{
	struct nt_open *o = kmalloc(sizeof(*o), 0);

	if (!o)
		return NULL;
	o->name = kmalloc(strlen(name) + 1, HEAP_NOZERO);
	if (!o->name) {
		kfree(o);
		return NULL;
	}
	strcpy(o->name, name);
	if (dir)
		inode_get(dir);
	o->dir = dir;
	o->access = access;
	o->share = share;
	o->options = options;
	o->deletes_on_close = options & FILE_DELETE_ON_CLOSE;
	mutex_init(&o->scan_lock, LOCK_NT_SCAN);
	wait_source_init(&o->ended, &ended_ops);
	o->has_ended = true;
	return o;
}

static struct nt_sharing *sharing_create(void)
{
	struct nt_sharing *s = kmalloc(sizeof(*s), 0);

	if (s) {
		list_init(&s->opens);
		list_init(&s->locks);
	}
	return s;
}

ntstatus nt_share(struct file *f, struct inode *dir, const char *name, uint32_t access, uint32_t share, uint32_t options)
{
	struct nt_open *o = nt_open_create(dir, name, access, share, options);
	struct nt_sharing *spare = sharing_create(), *s;
	struct inode *i = f->inode;
	ntstatus status = o && spare ? STATUS_SUCCESS : STATUS_NO_MEMORY;

	if (!status && atomic_load(&i->is_delete_pending))
		status = STATUS_DELETE_PENDING;
	if (!status) {
		spin_lock(&nt_files_lock);
		s = i->nt_sharing;
		status = check_locked(s, access, share);
		if (!status) {
			if (!s)
				i->nt_sharing = s = spare;
			spare = s == spare ? NULL : spare;
			list_add_tail(&o->node, &s->opens);
		}
		spin_unlock(&nt_files_lock);
	}
	kfree(spare);
	if (status) {
		if (o)
			nt_open_free(o);
		return status;
	}
	f->nt_open = o;
	f->nt_ended = &o->ended;
	f->nt_release = release;
	return STATUS_SUCCESS;
}

ntstatus nt_name_of_open(const struct file *f, struct inode **dir, char **name)
{
	const struct nt_open *o = f->nt_open;
	char *copy = kmalloc(VFS_NAME_MAX + 1, HEAP_NOZERO);

	*dir = NULL;
	if (!copy)
		return STATUS_NO_MEMORY;
	if (o) {
		spin_lock(&nt_files_lock);
		*dir = o->dir;
		if (o->dir) {
			inode_get(o->dir);
			strcpy(copy, o->name);
		}
		spin_unlock(&nt_files_lock);
	}
	if (!*dir) {
		kfree(copy);
		return STATUS_INVALID_PARAMETER;
	}
	*name = copy;
	return STATUS_SUCCESS;
}

static void swap_doom(struct file *f, bool doomed, struct inode **dir, char **name)
{
	struct nt_sharing *s;
	struct inode *old_dir;
	char *old_name;

	spin_lock(&nt_files_lock);
	s = f->inode->nt_sharing;
	doom_take_locked(s, &old_dir, &old_name);
	s->doomed_dir = *dir;
	s->doomed_name = *name;
	atomic_store(&f->inode->is_delete_pending, doomed);
	spin_unlock(&nt_files_lock);
	*dir = old_dir;
	*name = old_name;
}

ntstatus nt_set_doomed(struct file *f, bool doomed)
{
	struct inode *dir = NULL;
	struct vfs_attr attr;
	char *name = NULL;
	ntstatus status = STATUS_SUCCESS;

	if (!f->nt_open)
		return STATUS_CANNOT_DELETE;
	if (doomed) {
		if (inode_getattr(f->inode, &attr) || !(attr.mode & 0222) || atomic_load(&f->inode->deny_write))
			return STATUS_CANNOT_DELETE;
		status = nt_name_of_open(f, &dir, &name);
	}
	if (status)
		return STATUS_CANNOT_DELETE;
	swap_doom(f, doomed, &dir, &name);
	inode_put(dir);
	kfree(name);
	return STATUS_SUCCESS;
}

struct naming { struct inode *dir; char *name; };

/* The next open of @s by the old name. */
static struct nt_open *open_by_name_locked(struct nt_sharing *s, const struct naming *old)
{
	struct nt_open *o;

	LIST_FOR_EACH_ENTRY(o, &s->opens, node) {
		if (o->dir == old->dir && o->name && !strcmp(o->name, old->name))
			return o;
	}
	return NULL;
}

void nt_renamed(struct file *f, struct inode *dir, char *name)
{
	struct naming old, freed;

	if (nt_name_of_open(f, &old.dir, &old.name)) {
		kfree(name);
		return;
	}
	for (;;) {
		char *copy = kmalloc(strlen(name) + 1, HEAP_NOZERO);
		struct nt_open *o = NULL;

		if (copy) {
			strcpy(copy, name);
			spin_lock(&nt_files_lock);
			o = open_by_name_locked(f->inode->nt_sharing, &old);
			if (o) {
				freed = (struct naming){ o->dir, o->name };
				inode_get(dir);
				o->dir = dir;
				o->name = copy;
			}
			spin_unlock(&nt_files_lock);
		}
		if (!o) {
			kfree(copy);
			break;
		}
		inode_put(freed.dir);
		kfree(freed.name);
	}
	inode_put(old.dir);
	kfree(old.name);
	kfree(name);
}
