/* kernel/compat/src/linux/exec_image.c: image leases (DECISIONS 27), and how a miss is filled.
 *
 * The key holds the file's version, so a lease of old contents is never found again;
 * it goes with the others that nobody uses. Set-id files are not leased.
 */
#include "exec_image.h"

#include <albireo/exec.h>
#include <errno.h>
#include <ipc/endpoint.h>
#include <mm/heap.h>
#include <nucleus/counter.h>
#include <ps/process.h>
#include <string.h>

#define MODE_SET_IDS 06000

HEAP_CACHE(image_cache, "image", sizeof(struct exec_image));

static void image_release(struct lease_payload *payload)
{
	struct exec_image *image = (struct exec_image *)payload;

	if (image->sections)
		mm_object_put(image->sections);
	kfree(image->entry);
	heap_cache_free(&image_cache, image);
}

void exec_image_put(struct exec_image *image)
{
	if (image)
		lease_payload_put(&image->payload);
}

struct mm_object *exec_image_object(struct inode *i)
{
	return i->bundle_object ? i->bundle_object : &i->object;
}

static int authorize(struct inode *i, uint64_t *ticket)
{
	const struct credentials *c = ps_credentials();
	struct ipc_kernel_call call = {
		.words = { PROCD_EXEC_AUTHORIZE, ps_current()->pid, i->node, c->uid | (uint64_t)c->gid << 32, 0 },
	};
	int err = ipc_call_service(SERVICE_PROCD, &call);

	if (!err)
		err = (int)(int64_t)call.words[0];
	*ticket = call.words[1];
	return err;
}

static void cancel(uint64_t ticket)
{
	struct ipc_kernel_call call = { .words = { PROCD_EXEC_CANCEL, ticket } };

	/* A ticket that is never used is harmless: procd forgets it with the process. */
	(void)ipc_call_service(SERVICE_PROCD, &call);
}

int exec_image_ask_loader(uint64_t op, struct inode *i, uint64_t ticket, void *buf, size_t bytes)
{
	struct ipc_kernel_call call = {
		.words = { op, ticket, i->attr.size, i->node },
		.reply_data = buf,
		.reply_cap = (uint32_t)bytes,
		.send_rights = RIGHT_READ,
	};
	int err = memory_handle_create(exec_image_object(i), &call.send_handle);

	if (err)
		return err;
	err = ipc_call_service(SERVICE_LOADERD, &call);
	object_put(call.send_handle);
	if (!err)
		err = (int)(int64_t)call.words[0];
	return err || call.reply_len == bytes ? err : -EIO;
}

static int fill(struct inode *i, struct exec_image *image)
{
	uint64_t ticket;
	int err = authorize(i, &ticket);

	if (err)
		return err;
	err = exec_image_ask_loader(LOADERD_LOAD, i, ticket, &image->layout, sizeof(struct image_layout));
	if (err)
		cancel(ticket);
	return err;
}

int exec_image_find(struct inode *i, struct exec_image **out)
{
	struct lease_payload *payload;
	struct mm_object *contents;
	struct lease_stamp stamp;
	struct exec_image *image;
	uint64_t version;
	int err;

	/* A bundle file's object is made at its first use, and what the owner changed is a new version. */
	err = inode_contents(i, &contents);
	if (err)
		return err;
	mm_object_put(contents);	/* the inode has it */
	version = i->image_version;
	if (lease_lookup(LEASE_IMAGE, i->node, (const char *)&version, sizeof(version), &payload, &stamp)) {
		*out = (struct exec_image *)payload;
		return 0;
	}
	image = heap_cache_alloc(&image_cache, 0);
	if (!image)
		return -ENOMEM;
	refcount_set(&image->payload.refs, 1);
	image->payload.release = image_release;
	err = fill(i, image);
	if (err) {
		exec_image_put(image);
		return err;
	}
	*out = image;
	/* The version was read before the contents: a change in between makes another key. */
	if (!(i->attr.mode & MODE_SET_IDS) && version == i->image_version) {
		refcount_get(&image->payload.refs);
		lease_grant(LEASE_IMAGE, i->node, (const char *)&version, sizeof(version), ~0ull, VFS_LEASE_FOREVER,
			    &image->payload);
	}
	return 0;
}
