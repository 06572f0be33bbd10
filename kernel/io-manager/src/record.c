/* kernel/io-manager/src/record.c: bounds and contents of vfsd's records. */
#include "record.h"

#include <errno.h>
#include <string.h>

static bool name_is_sound(const char *name, uint32_t len)
{
	return len <= VFS_NAME_MAX && !memchr(name, '\0', len) && !memchr(name, '/', len);
}

static bool target_is_sound(const char *target, uint32_t len)
{
	return len < VFS_PATH_MAX && !memchr(target, '\0', len);
}

int record_next(const void *data, uint32_t len, uint32_t *at, struct record_view *out)
{
	const struct vfs_record *r = (const void *)((const char *)data + *at);
	uint32_t left = len - *at;

	if (*at == len)
		return 0;
	if (*at > len || left < sizeof(*r) || *at % 8)
		return -EIO;
	if (r->record_len % 8 || r->record_len < sizeof(*r) || r->record_len > left)
		return -EIO;
	if (r->kind != VFS_REC_POSITIVE && r->kind != VFS_REC_NEGATIVE)
		return -EIO;
	if (r->target_len >= VFS_PATH_MAX || sizeof(*r) + r->name_len + r->target_len > r->record_len)
		return -EIO;
	*out = (struct record_view){
		.record = r,
		.name = (const char *)(r + 1),
		.target = (const char *)(r + 1) + r->name_len,
		.name_len = r->name_len,
		.target_len = r->target_len,
		.has_attr = r->attr.node != 0,
	};
	if (!name_is_sound(out->name, out->name_len) || !target_is_sound(out->target, out->target_len))
		return -EIO;
	if (r->kind == VFS_REC_POSITIVE && !out->has_attr)
		return -EIO;
	*at += r->record_len;
	return 1;
}
