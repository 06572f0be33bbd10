/* services/vfsd/src/p9_aside.c: deleting what was moved aside. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "p9_client.h"
#include "p9_fs.h"
#include "p9_path.h"

static const struct p9_once repeatable;

void p9_remove_aside(uint16_t mount, uint64_t node)
{
	char name[P9_ASIDE_NAME_BYTES];
	size_t len = p9_aside_name(node, name);
	uint32_t folder;

	if (p9_aside_fid(mount, false, &folder))
		return;
	p9_unlinkat(state->mounts[mount].transport, folder, name, len, false, NULL, repeatable);
	p9_fid_put(folder);
}

/* Delete what a listing from its start shows. Returns: how many went. */
static unsigned int remove_some(uint32_t transport, uint32_t folder, uint32_t listing)
{
	static unsigned char reply[8192];	/* under the name lock */
	struct p9_buf entries;
	unsigned int removed = 0;

	if (p9_readdir(transport, listing, 0, sizeof(reply) - 64, reply, sizeof(reply), &entries))
		return 0;
	while (entries.at < entries.cap) {
		const char *name;
		size_t len;

		p9_get_qid(&entries);
		p9_get64(&entries);
		p9_get8(&entries);
		name = p9_get_string(&entries, &len);
		if (entries.is_bad)
			break;
		if (name[0] != '.' && !p9_unlinkat(transport, folder, name, len, false, NULL, repeatable))
			removed++;
	}
	return removed;
}

static void remove_folder(uint16_t index)
{
	struct mount *mount = &state->mounts[index];
	uint32_t folder, listing;

	if (mount->flags & VFS_MOUNT_READONLY)
		return;
	if (p9_aside_fid(index, false, &folder))
		return;
	if (!p9_aside_fid(index, false, &listing)) {
		if (!p9_lopen(mount->transport, listing, O_RDONLY | O_DIRECTORY))
			while (remove_some(mount->transport, folder, listing))
				;
		p9_fid_put(listing);
	}
	p9_fid_put(folder);
	p9_unlinkat(mount->transport, FID_ROOT(index), mount->aside, strlen(mount->aside), true, NULL, repeatable);
}

void p9_unmount(uint16_t index)
{
	remove_folder(index);
	p9_clunk(state->mounts[index].transport, FID_ROOT(index));
}

void p9_shutdown(void)
{
	unsigned int i;

	for (i = 0; i < VFSD_MOUNTS; i++)
		if (state->mounts[i].fs == FS_P9)
			remove_folder((uint16_t)i);
}
