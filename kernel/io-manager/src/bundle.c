/* kernel/io-manager/src/bundle.c: the boot bundle's files as wired memory objects.
 *
 * The archive stays where the loader put it; an object is made over a file's pages the
 * first time that it is asked for, and kept.
 */
#include <errno.h>
#include <string.h>

#include <cpio/cpio.h>
#include <hal/boot_info.h>
#include <mm/heap.h>
#include <sched/wait.h>

#include "vfs_private.h"

struct bundle_file {
	const char *name;
	const void *data;
	uint64_t size;
	struct mm_object *object;
};

static struct bundle_file *files;
static uint32_t nfiles;
static struct spinlock objects_lock = SPINLOCK_INIT(INODE_CACHE);

static bool is_regular_entry(const struct cpio_entry *e)
{
	return (e->mode & S_IFMT) == S_IFREG;
}

static const char *without_prefix(const char *name)
{
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	return name;
}

static const void *archive(size_t *len)
{
	*len = boot_info.bundle.end - boot_info.bundle.start;
	return phys_to_virt(boot_info.bundle.start);
}

static uint32_t scan(struct bundle_file *out)
{
	struct cpio_reader reader;
	struct cpio_entry e;
	uint32_t n = 0;
	size_t len;
	const void *bytes = archive(&len);

	cpio_open(&reader, bytes, len);
	while (cpio_next(&reader, &e) > 0) {
		if (!is_regular_entry(&e))
			continue;
		if (out)
			out[n] = (struct bundle_file){ .name = without_prefix(e.name), .data = e.data, .size = e.data_len };
		n++;
	}
	return n;
}

void bundle_init(void)
{
	if (boot_info.bundle.end <= boot_info.bundle.start)
		return;
	nfiles = scan(NULL);
	files = kmalloc(nfiles * sizeof(*files), 0);
	if (!files) {
		nfiles = 0;
		return;
	}
	scan(files);
	log_info(VFS, "boot bundle: %u files, %llu bytes", nfiles,
		 (unsigned long long)(boot_info.bundle.end - boot_info.bundle.start));
}

/* Data that does not begin on a page cannot be mapped: it is copied once. */
static int copy_to_object(const struct bundle_file *file, struct mm_object **out)
{
	int err = mm_object_create(file->size, MM_OBJECT_WIRED, out);

	for (uint64_t at = 0; !err && at < file->size; at += PAGE_SIZE) {
		uint64_t n = MIN(PAGE_SIZE, file->size - at);
		struct frame *frame;

		err = mm_object_page_get(*out, at / PAGE_SIZE, MM_PAGE_CREATE, 0, &frame);
		if (err) {
			mm_object_put(*out);
			break;
		}
		memcpy(frame_virt(frame), (const uint8_t *)file->data + at, n);
		mm_object_page_dirty(*out, frame, 0, (unsigned)n);
		frame_put(frame);
	}
	return err;
}

static int make_object(const struct bundle_file *file, struct mm_object **out)
{
	uint64_t phys = virt_to_phys(file->data);

	return phys % PAGE_SIZE ? copy_to_object(file, out) : mm_object_create_physical(phys, file->size, out);
}

static int object_of(struct bundle_file *file, struct mm_object **out)
{
	struct mm_object *new, *extra = NULL;
	int err;

	if (!atomic_load(&file->object)) {
		err = make_object(file, &new);
		if (err)
			return err;
		spin_lock(&objects_lock);
		if (file->object)
			extra = new;
		else
			atomic_store(&file->object, new);
		spin_unlock(&objects_lock);
		mm_object_put(extra);
	}
	mm_object_get(file->object);
	*out = file->object;
	return 0;
}

int bundle_object_at(uint32_t index, struct mm_object **out, uint64_t *size)
{
	if (index >= nfiles)
		return -ENOENT;
	*size = files[index].size;
	return object_of(&files[index], out);
}

int bundle_open(const char *path, struct mm_object **out, uint64_t *size)
{
	path = without_prefix(path);
	for (uint32_t i = 0; i < nfiles; i++) {
		if (!strcmp(files[i].name, path))
			return bundle_object_at(i, out, size);
	}
	return -ENOENT;
}

int bundle_name(uint32_t index, char *buf, size_t cap, uint64_t *size)
{
	if (index >= nfiles)
		return -ENOENT;
	if (strlen(files[index].name) >= cap)
		return -ERANGE;
	memcpy(buf, files[index].name, strlen(files[index].name) + 1);
	*size = files[index].size;
	return 0;
}
