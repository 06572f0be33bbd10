/* The system calls' form: a version (2), and tag, permissions, id for each entry (linux/posix_acl_xattr.h).
 * The disk's: a version (1), and ids only where the tag names one (ext4's attributes.rst). */
#include "xattr.h"

#define CALL_VERSION 2u
#define DISK_VERSION 1u
#define TAG_USER 0x02u
#define TAG_GROUP 0x08u
#define NO_ID UINT32_MAX

struct acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

static bool has_id(uint16_t tag)
{
	return tag == TAG_USER || tag == TAG_GROUP;
}

static size_t put_version(uint8_t *out, uint32_t version)
{
	memcpy(out, &version, sizeof(version));
	return sizeof(version);
}

static bool version_is(const uint8_t *value, size_t len, uint32_t version)
{
	uint32_t found;

	if (len < sizeof(found))
		return false;
	memcpy(&found, value, sizeof(found));
	return found == version;
}

int acl_to_disk(const uint8_t *value, size_t len, uint8_t *out, size_t *out_len)
{
	struct acl_entry entry;
	size_t at, bytes;

	if (!version_is(value, len, CALL_VERSION) || (len - 4) % sizeof(entry))
		return -EINVAL;
	*out_len = put_version(out, DISK_VERSION);
	for (at = 4; at < len; at += sizeof(entry)) {
		memcpy(&entry, value + at, sizeof(entry));
		bytes = has_id(entry.tag) ? sizeof(entry) : 4;
		memcpy(out + *out_len, &entry, bytes);
		*out_len += bytes;
	}
	return 0;
}

int acl_from_disk(const uint8_t *value, size_t len, uint8_t *out, size_t *out_len)
{
	struct acl_entry entry;
	size_t at, bytes;

	if (!version_is(value, len, DISK_VERSION))
		return -EINVAL;
	*out_len = put_version(out, CALL_VERSION);
	for (at = 4; at < len; at += bytes) {
		entry = (struct acl_entry){ .id = NO_ID };
		if (len - at < 4)
			return -EINVAL;
		memcpy(&entry, value + at, 4);
		bytes = has_id(entry.tag) ? sizeof(entry) : 4;
		if (len - at < bytes)
			return -EINVAL;
		memcpy(&entry, value + at, bytes);
		memcpy(out + *out_len, &entry, sizeof(entry));
		*out_len += sizeof(entry);
	}
	return 0;
}
