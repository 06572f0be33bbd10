/* The boot bundle's files, as memory objects. */
#include <errno.h>
#include <string.h>

#include <format/format.h>
#include <nucleus/nucleus.h>
#include <sha256/sha256.h>

#include "rootd.h"

long bundle_read(const char *path, char *buf, size_t cap)
{
	int object = nucleus_bundle_open(path, strlen(path));
	long size, got;

	if (object < 0)
		return object;
	size = nucleus_object_size(object);
	got = size;
	if (size > (long)cap)
		got = -E2BIG;
	else if (size > 0)
		got = nucleus_object_read(object, 0, buf, (size_t)size);
	nucleus_close(object);
	if (got >= 0 && got != size)
		return -EIO;
	return got;
}

static long size_of(const char *path)
{
	int object = nucleus_bundle_open(path, strlen(path));
	long size;

	if (object < 0)
		return object;
	size = nucleus_object_size(object);
	nucleus_close(object);
	return size;
}

long bundle_list(char *buf, size_t cap)
{
	char path[NUCLEUS_BUNDLE_PATH_MAX];
	size_t len = 0;

	for (size_t i = 0; nucleus_bundle_path(i, path) >= 0; i++) {
		long size = size_of(path);
		size_t room = cap - len, need;

		if (size < 0)
			return size;
		need = fmt_snprintf(buf + len, room, "%s:%ld", path, size) + 1;
		if (need > room)
			return -E2BIG;
		len += need;
	}
	return (long)len;
}

int bundle_check_digest(int object, const uint8_t digest[MANIFEST_DIGEST_BYTES])
{
	static char chunk[16384];
	uint8_t found[SHA256_BYTES];
	struct sha256 sha;
	uint64_t offset = 0;
	long got;

	sha256_init(&sha);
	for (;;) {
		got = nucleus_object_read(object, offset, chunk, sizeof(chunk));
		if (got < 0)
			return (int)got;
		if (!got)
			break;
		sha256_update(&sha, chunk, (size_t)got);
		offset += (uint64_t)got;
	}
	sha256_final(&sha, found);
	return memcmp(found, digest, sizeof(found)) ? -EBADMSG : 0;
}
