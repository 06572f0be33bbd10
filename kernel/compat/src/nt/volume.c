/* kernel/compat/src/nt/volume.c: what is told about the volume of a file ([MS-FSCC] 2.5). */
#include <linux/stat.h>

#include <io/tty.h>

#include "file.h"

enum {
	FileFsVolumeInformation = 1, FileFsSizeInformation = 3, FileFsDeviceInformation, FileFsAttributeInformation,
	FileFsFullSizeInformation = 7,
};

#define DEVICE_DISK 7u
#define DEVICE_PIPE 0x11u
#define DEVICE_NULL 0x15u
#define DEVICE_CONSOLE 0x50u
#define DEVICE_IS_MOUNTED 0x20u

#define FILE_CASE_SENSITIVE_SEARCH 1u
#define FILE_CASE_PRESERVED_NAMES 2u
#define FILE_UNICODE_ON_DISK 4u
#define FILE_SUPPORTS_REPARSE_POINTS 0x80u

#define NULL_DEVICE (1u << 20 | 3u)

/* struct statfs of x86-64 (man 2 statfs) */
struct volume_numbers {
	int64_t type, block_bytes;
	uint64_t blocks, free, available, files, files_free, fsid;
	int64_t name_bytes, fragment_bytes, flags, spare[4];
};

struct device { uint32_t type, characteristics; };
struct volume { uint64_t created; uint32_t serial, label_bytes; uint8_t supports_objects, pad; uint16_t label; };
struct size { uint64_t total, available; uint32_t sectors, sector_bytes; };
struct full_size { uint64_t total, available, free; uint32_t sectors, sector_bytes; };
struct attribute { uint32_t flags, name_chars, fs_bytes; uint16_t fs[4]; };

#define SECTOR_BYTES 512u
#define VOLUME_LEAST 24u	/* sizeof(FILE_FS_VOLUME_INFORMATION) */
#define ATTRIBUTE_LEAST 12u

static struct device device_of(const struct file *f)
{
	uint32_t type = f->inode ? f->inode->attr.mode & S_IFMT : 0;

	if (file_is_tty(f))
		return (struct device){ DEVICE_CONSOLE, 0 };
	if (type == S_IFREG || type == S_IFDIR || type == S_IFLNK)
		return (struct device){ DEVICE_DISK, DEVICE_IS_MOUNTED };
	if (type == S_IFCHR && f->inode->attr.rdev == NULL_DEVICE)
		return (struct device){ DEVICE_NULL, 0 };
	return (struct device){ DEVICE_PIPE, 0 };
}

static uint32_t fill_volume(const struct file *f, const struct volume_numbers *n, void *out)
{
	struct volume *v = out;

	(void)n;
	*v = (struct volume){ .serial = f->inode->attr.dev };
	return offsetof(struct volume, label);
}

static uint32_t fill_size(const struct file *f, const struct volume_numbers *n, void *out)
{
	struct size *s = out;

	(void)f;
	*s = (struct size){ n->blocks, n->available, (uint32_t)n->block_bytes / SECTOR_BYTES, SECTOR_BYTES };
	return sizeof(*s);
}

static uint32_t fill_full_size(const struct file *f, const struct volume_numbers *n, void *out)
{
	struct full_size *s = out;

	(void)f;
	*s = (struct full_size){ n->blocks, n->available, n->free, (uint32_t)n->block_bytes / SECTOR_BYTES, SECTOR_BYTES };
	return sizeof(*s);
}

static uint32_t fill_attribute(const struct file *f, const struct volume_numbers *n, void *out)
{
	struct attribute *at = out;

	(void)f;
	*at = (struct attribute){ FILE_CASE_SENSITIVE_SEARCH | FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK |
		FILE_SUPPORTS_REPARSE_POINTS, (uint32_t)n->name_bytes, sizeof(at->fs), { 'N', 'T', 'F', 'S' } };
	return offsetof(struct attribute, fs) + sizeof(at->fs);
}

static uint32_t fill_device(const struct file *f, const struct volume_numbers *n, void *out)
{
	struct device d = device_of(f);

	(void)n;
	*(struct device *)out = d;
	return sizeof(d);
}

static const struct volume_class {
	uint32_t class, least;
	uint32_t (*fill)(const struct file *f, const struct volume_numbers *n, void *out);	/* gives the length */
} classes[] = {
	{ FileFsVolumeInformation, VOLUME_LEAST, fill_volume },
	{ FileFsSizeInformation, sizeof(struct size), fill_size },
	{ FileFsDeviceInformation, sizeof(struct device), fill_device },
	{ FileFsAttributeInformation, ATTRIBUTE_LEAST, fill_attribute },
	{ FileFsFullSizeInformation, sizeof(struct full_size), fill_full_size },
};

static ntstatus answer(const uint64_t *a, const struct volume_class *class, struct file *f)
{
	struct volume_numbers n = { 0 };
	struct nt_io_status io = { 0 };
	uint64_t data[8];
	uint32_t len;
	int err;

	if (class->class != FileFsDeviceInformation) {
		if (!f->inode || device_of(f).type != DEVICE_DISK)
			return STATUS_INVALID_DEVICE_REQUEST;
		err = vfs_statfs(f->inode, &n, sizeof(n));
		if (err)
			return nt_status(err);
	}
	len = class->fill(f, &n, data);
	io.information = MIN(len, (uint32_t)a[3]);
	if (len > io.information)
		io.status = STATUS_BUFFER_OVERFLOW;
	if (nt_put(a[2], data, io.information) || nt_put(a[1], &io, sizeof(io)))
		return STATUS_ACCESS_VIOLATION;
	return (ntstatus)io.status;
}

ntstatus nt_sys_NtQueryVolumeInformationFile(const uint64_t *a)
{
	const struct volume_class *class = NULL;
	struct object *obj;
	ntstatus status;

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (classes[i].class == (uint32_t)a[4])
			class = &classes[i];
	}
	if (!class)
		return STATUS_INVALID_INFO_CLASS;
	if ((uint32_t)a[3] < class->least)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup(a[0], OBJECT_FILE, 0, &obj);
	if (status)
		return status;
	status = answer(a, class, file_from_object(obj));
	object_put(obj);
	return status;
}
