/* services/vfsd/src/p9_data.c: see p9_data.h. */
#include "p9_data.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "p9_client.h"
#include "p9_path.h"

static int open_one(struct node *node, enum fid_kind kind)
{
	uint32_t fid;
	int err = p9_open_fid(node, kind, true, &fid);

	if (!err)
		p9_fid_done(fid);
	return err;
}

int p9_fs_open(struct request *rq, struct node *node, int flags, uint64_t *open_id)
{
	int mode = flags & O_ACCMODE;
	int err = 0;

	if (!S_ISREG(node->mode) && !S_ISDIR(node->mode))
		return 0;
	/* What a fid still reaches may be gone with the fid. */
	if ((node->state & (NODE_GONE | NODE_ASIDE)) == NODE_GONE)
		return -ENOENT;
	if (mode != O_WRONLY)
		err = open_one(node, FID_READ);
	if (!err && mode != O_RDONLY)
		err = open_one(node, FID_WRITE);
	return err;
}

int p9_fs_sync(uint64_t number)
{
	struct node *node = node_get(number);
	uint32_t fid;
	int err;

	if (!node)
		return -ENOENT;
	fid = p9_fid_get(node, FID_WRITE);
	if (!fid) {
		err = p9_open_fid(node, FID_READ, false, &fid);
		if (err)
			return err;
	}
	err = p9_fsync(node_mount(node)->transport, fid);
	p9_fid_done(fid);
	return err;
}

typedef long transfer_fn(uint32_t transport, uint32_t fid, uint64_t node, uint64_t offset, uint32_t len);

static long transfer(uint64_t number, enum fid_kind kind, uint64_t offset, uint64_t len, transfer_fn *move)
{
	struct node *node = node_get(number);
	uint64_t done = 0;
	uint32_t fid, most;
	long n = 0;

	if (!node)
		return -ENOENT;
	n = p9_open_fid(node, kind, false, &fid);
	if (n)
		return n;
	most = node_mount(node)->msize - P9_WRITE_OVERHEAD;
	if (most > P9_MAX_DATA)
		most = P9_MAX_DATA;
	while (done < len) {
		uint64_t left = len - done;

		n = move(node_mount(node)->transport, fid, number, offset + done, left < most ? (uint32_t)left : most);
		if (n <= 0)
			break;
		done += (uint64_t)n;
		/* Short of what was asked for: the file ends here. */
		if ((uint64_t)n < most && move == p9_read_pages)
			break;
	}
	p9_fid_done(fid);
	return n < 0 ? n : (long)done;
}

long p9_fs_page_in(uint64_t node, uint64_t offset, uint64_t len)
{
	return transfer(node, FID_READ, offset, len, p9_read_pages);
}

long p9_fs_page_out(uint64_t node, uint64_t offset, uint64_t len)
{
	long done = transfer(node, FID_WRITE, offset, len, p9_write_pages);

	return done >= 0 && (uint64_t)done < len ? -EIO : done;
}
