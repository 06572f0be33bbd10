/* From a manifest line to a running process. */
#include <errno.h>
#include <string.h>

#include <albireo/services.h>
#include <image/image.h>
#include <nucleus/nucleus.h>
#include <sums/sums.h>

#include "rootd.h"

#define SUMS_PATH "sums.tsv"

/* rootd has one thread and a small stack: what is large is static. */
static char sums[32768];
static long sums_len;
static char head[IMAGE_HEAD_BYTES];
static char arguments[16384];
static struct image_layout layout;

static int read_object(void *ctx, uint64_t offset, void *buf, size_t len)
{
	long got = nucleus_object_read(*(int *)ctx, offset, buf, len);

	if (got < 0)
		return (int)got;
	return got == (long)len ? 0 : -EIO;
}

/* The bundle's sums must list the file as the manifest does (DECISIONS 47). */
static int check_listed(const struct boot_service *service, int object)
{
	uint8_t digest[MANIFEST_DIGEST_BYTES];
	uint64_t bytes;
	int err;

	if (!sums_len)
		sums_len = bundle_read(SUMS_PATH, sums, sizeof(sums));
	if (sums_len < 0)
		return (int)sums_len;
	err = sums_find(sums, (size_t)sums_len, service->path, digest, &bytes);
	if (err)
		return err;
	if (memcmp(digest, service->digest, sizeof(digest)) || nucleus_object_size(object) != (long)bytes)
		return -EBADMSG;
	return 0;
}

static int parse(int object)
{
	struct elf_source source = { .head = head, .read = read_object, .ctx = &object };
	long got = nucleus_object_read(object, 0, head, sizeof(head));

	if (got < 0)
		return (int)got;
	source.head_len = (size_t)got;
	source.file_size = (uint64_t)nucleus_object_size(object);
	return image_parse_elf(&source, &layout);
}

/* argv, a NUL, an empty environment, a NUL. vfsd gets the bundle's files as further arguments.
 * Returns: bytes; negative errno. */
static long put_arguments(const struct boot_service *service)
{
	size_t len = strlen(service->id) + 1;
	long listed = 0;

	memcpy(arguments, service->id, len);
	if (service->capabilities & CAP_VFS_POLICY)
		listed = bundle_list(arguments + len, sizeof(arguments) - len - 2);
	if (listed < 0)
		return listed;
	len += (size_t)listed;
	arguments[len++] = '\0';
	arguments[len++] = '\0';
	return (long)len;
}

static int spawn(const struct boot_service *service, int object)
{
	struct proc_spawn request = {
		.pid = service->pid,
		.capabilities = service->capabilities,
		.image = object,
		.rank = service->rank,
		.layout = (uintptr_t)&layout,
		.argv_env = (uintptr_t)arguments,
	};
	long len = put_arguments(service);
	long pid;

	if (len < 0)
		return (int)len;
	request.argv_env_len = (uint32_t)len;
	memcpy(request.name, service->id, sizeof(request.name));
	memcpy(request.service_ids, service->service_ids, sizeof(request.service_ids));
	pid = nucleus_proc_spawn(&request);
	return pid < 0 ? (int)pid : 0;
}

static int spawn_object(const struct boot_service *service, bool is_restart, int object)
{
	int err = check_listed(service, object);

	if (!err && is_restart)
		err = bundle_check_digest(object, service->digest);
	if (!err)
		err = parse(object);
	if (!err)
		err = spawn(service, object);
	return err;
}

int spawn_service(const struct boot_service *service, bool is_restart)
{
	int object = nucleus_bundle_open(service->path, strlen(service->path));
	int err = object;

	if (object >= 0) {
		err = spawn_object(service, is_restart, object);
		nucleus_close(object);
	}
	if (err)
		rootd_log(NUCLEUS_LOG_ERROR, "cannot start %s: error %d", service->id, -err);
	return err;
}
