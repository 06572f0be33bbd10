/* services/vfsd/src/p9_client.c: see p9_client.h. */
#include "p9_client.h"

#include <errno.h>
#include <string.h>
#include <sys/statfs.h>

#include "kernel.h"

#define P9_VERSION "9P2000.L"
#define WANTED_MSIZE (512u << 10)
#define SMALL_BYTES 640u		/* a T-message with two names; any R-message without text */
#define PATH_BYTES (VFS_PATH_MAX + 512u)

static const struct p9_once repeatable;

/* For /proc/albireo/vfsd. */
static uint64_t nexchanges;

uint64_t p9_exchanges(void)
{
	return __atomic_load_n(&nexchanges, __ATOMIC_RELAXED);
}

struct exchange {
	uint32_t transport;
	struct p9_once once;
	struct p9_buf out;		/* the T-message */
	struct p9_buf in;		/* then the R-message, past its header */
	uint8_t reply_type;
	uint32_t flags;
	uint64_t node, offset;
	uint32_t data_len;
	unsigned char out_bytes[SMALL_BYTES];
	unsigned char in_bytes[SMALL_BYTES];
};

static void begin(struct exchange *ex, uint32_t transport, enum p9_type type, struct p9_once once)
{
	ex->transport = transport;
	ex->once = once;
	ex->flags = 0;
	ex->data_len = 0;
	ex->node = ex->offset = 0;
	p9_begin(&ex->out, ex->out_bytes, sizeof(ex->out_bytes), type);
	ex->in = (struct p9_buf){ .bytes = ex->in_bytes, .cap = sizeof(ex->in_bytes) };
}

static int submit(struct exchange *ex)
{
	struct p9_exchange call = {
		.transport = ex->transport,
		.flags = ex->flags,
		.request = (uintptr_t)ex->out.bytes,
		.reply = (uintptr_t)ex->in.bytes,
		.reply_cap = (uint32_t)ex->in.cap,
		.data_len = ex->data_len,
		.node = ex->node,
		.offset = ex->offset,
	};
	long err;

	if (ex->once.rq) {
		call.request_id = ex->once.rq->id;
		call.step = ex->once.step;
		ex->once.rq->is_exchanged = true;
	}
	call.request_len = (uint32_t)p9_end(&ex->out, ex->flags & P9_DATA_OUT ? ex->data_len : 0);
	if (ex->out.is_bad)
		return -ENAMETOOLONG;
	__atomic_fetch_add(&nexchanges, 1, __ATOMIC_RELAXED);
	err = kernel_p9(&call);
	if (err < 0)
		return (int)err;
	if (call.reply_cap < P9_HEADER_BYTES || call.reply_cap > ex->in.cap)
		return -EIO;
	ex->in.cap = call.reply_cap;
	return 0;
}

/* Send, and leave ex->in at the first field of an answer of the expected type, or of @other. */
static int transact_either(struct exchange *ex, uint8_t other)
{
	uint8_t wanted = (uint8_t)(ex->out.bytes[4] + 1);
	uint32_t code;
	int err = submit(ex);

	if (err)
		return err;
	p9_get32(&ex->in);
	ex->reply_type = p9_get8(&ex->in);
	p9_get16(&ex->in);
	if (ex->reply_type == P9_RLERROR) {
		code = p9_get32(&ex->in);
		return ex->in.is_bad || !code || code > 4095 ? -EIO : -(int)code;
	}
	return ex->reply_type == wanted || (other && ex->reply_type == other) ? 0 : -EIO;
}

static int transact(struct exchange *ex)
{
	return transact_either(ex, 0);
}

static int checked(const struct exchange *ex)
{
	return ex->in.is_bad ? -EIO : 0;
}

bool p9_was_sent(uint32_t transport, struct p9_once once)
{
	struct exchange ex;

	if (!once.rq->is_retry)
		return false;
	begin(&ex, transport, P9_TCLUNK, once);
	ex.flags = P9_TAKE;
	return submit(&ex) == 0;
}

void p9_forget(uint64_t request_id)
{
	struct p9_exchange call = { .flags = P9_FORGET, .request_id = request_id };

	kernel_p9(&call);
}

int p9_find_transport(const char *tag, uint32_t *transport)
{
	char found[256];
	uint32_t i;

	for (i = 0; ; i++) {
		struct p9_exchange call = {
			.transport = i, .flags = P9_LIST, .reply = (uintptr_t)found, .reply_cap = sizeof(found) - 1,
		};
		long err = kernel_p9(&call);

		if (err < 0)
			return -ENODEV;
		found[call.reply_cap < sizeof(found) ? call.reply_cap : sizeof(found) - 1] = '\0';
		if (!strcmp(found, tag)) {
			*transport = i;
			return 0;
		}
	}
}

int p9_version(uint32_t transport, uint32_t *msize)
{
	struct exchange ex;
	const char *version;
	size_t len;
	int err;

	begin(&ex, transport, P9_TVERSION, repeatable);
	p9_put32(&ex.out, WANTED_MSIZE);
	p9_put_string(&ex.out, P9_VERSION, strlen(P9_VERSION));
	err = transact(&ex);
	if (err)
		return err;
	*msize = p9_get32(&ex.in);
	version = p9_get_string(&ex.in, &len);
	if (len != strlen(P9_VERSION) || memcmp(version, P9_VERSION, len) || *msize < 4096)
		return -EPROTONOSUPPORT;
	return checked(&ex);
}

int p9_attach(uint32_t transport, uint32_t fid, uint32_t uid, struct p9_qid *root)
{
	struct exchange ex;
	int err;

	begin(&ex, transport, P9_TATTACH, repeatable);
	p9_put32(&ex.out, fid);
	p9_put32(&ex.out, P9_NOFID);
	p9_put_string(&ex.out, "", 0);
	p9_put_string(&ex.out, "", 0);
	p9_put32(&ex.out, uid);
	err = transact(&ex);
	if (err)
		return err;
	*root = p9_get_qid(&ex.in);
	return checked(&ex);
}

int p9_walk(uint32_t transport, uint32_t fid, uint32_t newfid, const char *const names[], const size_t lens[],
	    unsigned int n, struct p9_qid qids[], unsigned int *nqids)
{
	unsigned char bytes[PATH_BYTES];
	struct exchange ex;
	unsigned int i;
	int err;

	begin(&ex, transport, P9_TWALK, repeatable);
	if (n > 1)
		p9_begin(&ex.out, bytes, sizeof(bytes), P9_TWALK);
	p9_put32(&ex.out, fid);
	p9_put32(&ex.out, newfid);
	p9_put16(&ex.out, (uint16_t)n);
	for (i = 0; i < n; i++)
		p9_put_string(&ex.out, names[i], lens[i]);
	err = transact(&ex);
	if (err)
		return err;
	*nqids = p9_get16(&ex.in);
	if (*nqids > n)
		return -EIO;
	for (i = 0; i < *nqids; i++)
		qids[i] = p9_get_qid(&ex.in);
	return checked(&ex);
}

int p9_clunk(uint32_t transport, uint32_t fid)
{
	struct exchange ex;

	begin(&ex, transport, P9_TCLUNK, repeatable);
	p9_put32(&ex.out, fid);
	return transact(&ex);
}

int p9_getattr(uint32_t transport, uint32_t fid, struct p9_attr *attr)
{
	struct exchange ex;
	int err;

	begin(&ex, transport, P9_TGETATTR, repeatable);
	p9_put32(&ex.out, fid);
	p9_put64(&ex.out, P9_GETATTR_BASIC);
	err = transact(&ex);
	if (err)
		return err;
	*attr = p9_get_attr(&ex.in);
	return checked(&ex);
}

int p9_setattr(uint32_t transport, uint32_t fid, uint32_t valid, const struct vfs_attr *attr, struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TSETATTR, once);
	p9_put32(&ex.out, fid);
	p9_put32(&ex.out, valid);
	p9_put32(&ex.out, attr->mode & 07777);
	p9_put32(&ex.out, attr->uid);
	p9_put32(&ex.out, attr->gid);
	p9_put64(&ex.out, attr->size);
	p9_put64(&ex.out, (uint64_t)attr->atime.sec);
	p9_put64(&ex.out, attr->atime.nsec);
	p9_put64(&ex.out, (uint64_t)attr->mtime.sec);
	p9_put64(&ex.out, attr->mtime.nsec);
	return transact(&ex);
}

int p9_lopen(uint32_t transport, uint32_t fid, uint32_t flags)
{
	struct exchange ex;

	begin(&ex, transport, P9_TLOPEN, repeatable);
	p9_put32(&ex.out, fid);
	p9_put32(&ex.out, flags);
	return transact(&ex);
}

int p9_readlink(uint32_t transport, uint32_t fid, char *buf, size_t cap, size_t *len)
{
	unsigned char reply[PATH_BYTES];
	struct exchange ex;
	const char *target;
	int err;

	begin(&ex, transport, P9_TREADLINK, repeatable);
	p9_put32(&ex.out, fid);
	ex.in = (struct p9_buf){ .bytes = reply, .cap = sizeof(reply) };
	err = transact(&ex);
	if (err)
		return err;
	target = p9_get_string(&ex.in, len);
	if (*len >= cap)
		return -ENAMETOOLONG;
	memcpy(buf, target, *len);
	return checked(&ex);
}

int p9_statfs(uint32_t transport, uint32_t fid, struct statfs *out)
{
	struct exchange ex;
	int err;

	begin(&ex, transport, P9_TSTATFS, repeatable);
	p9_put32(&ex.out, fid);
	err = transact(&ex);
	if (err)
		return err;
	p9_get32(&ex.in);	/* the host filesystem's type */
	out->f_bsize = p9_get32(&ex.in);
	out->f_frsize = out->f_bsize;
	out->f_blocks = p9_get64(&ex.in);
	out->f_bfree = p9_get64(&ex.in);
	out->f_bavail = p9_get64(&ex.in);
	out->f_files = p9_get64(&ex.in);
	out->f_ffree = p9_get64(&ex.in);
	p9_get64(&ex.in);	/* fsid */
	out->f_namelen = p9_get32(&ex.in);
	return checked(&ex);
}

int p9_fsync(uint32_t transport, uint32_t fid)
{
	struct exchange ex;

	begin(&ex, transport, P9_TFSYNC, repeatable);
	p9_put32(&ex.out, fid);
	p9_put32(&ex.out, 0);
	return transact(&ex);
}

int p9_readdir(uint32_t transport, uint32_t fid, uint64_t offset, uint32_t count, void *reply, size_t cap,
	       struct p9_buf *entries)
{
	struct exchange ex;
	uint32_t len;
	int err;

	begin(&ex, transport, P9_TREADDIR, repeatable);
	p9_put32(&ex.out, fid);
	p9_put64(&ex.out, offset);
	p9_put32(&ex.out, count);
	ex.in = (struct p9_buf){ .bytes = reply, .cap = cap };
	err = transact(&ex);
	if (err)
		return err;
	len = p9_get32(&ex.in);
	if (ex.in.is_bad || len > ex.in.cap - ex.in.at)
		return -EIO;
	*entries = (struct p9_buf){ .bytes = ex.in.bytes + ex.in.at, .cap = len };
	return 0;
}

static int take_qid(struct exchange *ex, struct p9_qid *qid)
{
	int err = transact(ex);

	if (err)
		return err;
	*qid = p9_get_qid(&ex->in);
	return checked(ex);
}

int p9_lcreate(uint32_t transport, uint32_t fid, const char *name, size_t len, uint32_t flags, uint32_t mode,
	       uint32_t gid, struct p9_qid *qid, struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TLCREATE, once);
	p9_put32(&ex.out, fid);
	p9_put_string(&ex.out, name, len);
	p9_put32(&ex.out, flags);
	p9_put32(&ex.out, mode & 07777);
	p9_put32(&ex.out, gid);
	return take_qid(&ex, qid);
}

int p9_mkdir(uint32_t transport, uint32_t dir, const char *name, size_t len, uint32_t mode, uint32_t gid,
	     struct p9_qid *qid, struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TMKDIR, once);
	p9_put32(&ex.out, dir);
	p9_put_string(&ex.out, name, len);
	p9_put32(&ex.out, mode & 07777);
	p9_put32(&ex.out, gid);
	return take_qid(&ex, qid);
}

int p9_mknod(uint32_t transport, uint32_t dir, const char *name, size_t len, uint32_t mode, uint32_t rdev,
	     uint32_t gid, struct p9_qid *qid, struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TMKNOD, once);
	p9_put32(&ex.out, dir);
	p9_put_string(&ex.out, name, len);
	p9_put32(&ex.out, mode);
	p9_put32(&ex.out, rdev >> 20);
	p9_put32(&ex.out, rdev & 0xfffff);
	p9_put32(&ex.out, gid);
	return take_qid(&ex, qid);
}

int p9_symlink(uint32_t transport, uint32_t dir, const char *name, size_t len, const char *target,
	       size_t target_len, uint32_t gid, struct p9_qid *qid, struct p9_once once)
{
	unsigned char bytes[PATH_BYTES];
	struct exchange ex;

	begin(&ex, transport, P9_TSYMLINK, once);
	p9_begin(&ex.out, bytes, sizeof(bytes), P9_TSYMLINK);
	p9_put32(&ex.out, dir);
	p9_put_string(&ex.out, name, len);
	p9_put_string(&ex.out, target, target_len);
	p9_put32(&ex.out, gid);
	return take_qid(&ex, qid);
}

int p9_link(uint32_t transport, uint32_t dir, uint32_t fid, const char *name, size_t len, struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TLINK, once);
	p9_put32(&ex.out, dir);
	p9_put32(&ex.out, fid);
	p9_put_string(&ex.out, name, len);
	return transact(&ex);
}

static int transact_removal(struct exchange *ex, enum p9_type other, bool *was_other)
{
	int err = transact_either(ex, was_other ? (uint8_t)(other + 1) : 0);

	if (!err && was_other)
		*was_other = ex->reply_type == other + 1;
	return err;
}

int p9_renameat(uint32_t transport, uint32_t old_dir, const char *old_name, size_t old_len, uint32_t new_dir,
		const char *new_name, size_t new_len, bool *was_other, struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TRENAMEAT, once);
	p9_put32(&ex.out, old_dir);
	p9_put_string(&ex.out, old_name, old_len);
	p9_put32(&ex.out, new_dir);
	p9_put_string(&ex.out, new_name, new_len);
	return transact_removal(&ex, P9_TUNLINKAT, was_other);
}

int p9_unlinkat(uint32_t transport, uint32_t dir, const char *name, size_t len, bool is_dir, bool *was_other,
		struct p9_once once)
{
	struct exchange ex;

	begin(&ex, transport, P9_TUNLINKAT, once);
	p9_put32(&ex.out, dir);
	p9_put_string(&ex.out, name, len);
	p9_put32(&ex.out, is_dir ? P9_REMOVEDIR : 0);
	return transact_removal(&ex, P9_TRENAMEAT, was_other);
}

/* Tread or Twrite of pages of @node that the kernel moves as @flags say. Returns: bytes; negative errno. */
static long move_pages(struct exchange *ex, uint32_t flags, uint32_t fid, uint64_t node, uint64_t offset, uint32_t len)
{
	uint32_t count;
	int err;

	p9_put32(&ex->out, fid);
	p9_put64(&ex->out, offset);
	p9_put32(&ex->out, len);
	ex->flags = flags;
	ex->node = node;
	ex->offset = offset;
	ex->data_len = len;
	err = transact(ex);
	if (err)
		return err;
	count = p9_get32(&ex->in);
	return ex->in.is_bad || count > len ? -EIO : (long)count;
}

long p9_read_pages(uint32_t transport, uint32_t fid, uint64_t node, uint64_t offset, uint32_t len)
{
	struct exchange ex;

	begin(&ex, transport, P9_TREAD, repeatable);
	return move_pages(&ex, P9_DATA_IN, fid, node, offset, len);
}

long p9_write_pages(uint32_t transport, uint32_t fid, uint64_t node, uint64_t offset, uint32_t len)
{
	struct exchange ex;

	begin(&ex, transport, P9_TWRITE, repeatable);
	return move_pages(&ex, P9_DATA_OUT, fid, node, offset, len);
}

int p9_xattrwalk(uint32_t transport, uint32_t fid, uint32_t newfid, const char *name, size_t len, uint64_t *size)
{
	struct exchange ex;
	int err;

	begin(&ex, transport, P9_TXATTRWALK, repeatable);
	p9_put32(&ex.out, fid);
	p9_put32(&ex.out, newfid);
	p9_put_string(&ex.out, name, len);
	err = transact(&ex);
	if (err)
		return err;
	*size = p9_get64(&ex.in);
	return checked(&ex);
}

int p9_xattrcreate(uint32_t transport, uint32_t fid, const char *name, size_t len, uint64_t size, uint32_t flags)
{
	struct exchange ex;

	begin(&ex, transport, P9_TXATTRCREATE, repeatable);
	p9_put32(&ex.out, fid);
	p9_put_string(&ex.out, name, len);
	p9_put64(&ex.out, size);
	p9_put32(&ex.out, flags);
	return transact(&ex);
}

/* What one small exchange carries beside its head. */
#define CHUNK_BYTES 4096u

int p9_read_bytes(uint32_t transport, uint32_t fid, void *buf, uint32_t len, size_t *got)
{
	unsigned char reply[CHUNK_BYTES + P9_READ_OVERHEAD];
	struct exchange ex;

	for (*got = 0; *got < len; ) {
		uint32_t want = len - *got < CHUNK_BYTES ? (uint32_t)(len - *got) : CHUNK_BYTES, n;
		int err;

		begin(&ex, transport, P9_TREAD, repeatable);
		p9_put32(&ex.out, fid);
		p9_put64(&ex.out, *got);
		p9_put32(&ex.out, want);
		ex.in = (struct p9_buf){ .bytes = reply, .cap = sizeof(reply) };
		err = transact(&ex);
		if (err)
			return err;
		n = p9_get32(&ex.in);
		if (ex.in.is_bad || !n || n > want || ex.in.at + n > ex.in.cap)
			return -EIO;
		memcpy((char *)buf + *got, ex.in.bytes + ex.in.at, n);
		*got += n;
	}
	return 0;
}

int p9_write_bytes(uint32_t transport, uint32_t fid, const void *buf, uint32_t len)
{
	unsigned char bytes[CHUNK_BYTES + P9_WRITE_OVERHEAD];
	struct exchange ex;

	for (uint32_t at = 0; at < len; ) {
		uint32_t want = len - at < CHUNK_BYTES ? len - at : CHUNK_BYTES, n;
		int err;

		begin(&ex, transport, P9_TWRITE, repeatable);
		p9_begin(&ex.out, bytes, sizeof(bytes), P9_TWRITE);
		p9_put32(&ex.out, fid);
		p9_put64(&ex.out, at);
		p9_put32(&ex.out, want);
		memcpy(ex.out.bytes + ex.out.at, (const char *)buf + at, want);
		ex.out.at += want;
		err = transact(&ex);
		if (err)
			return err;
		n = p9_get32(&ex.in);
		if (ex.in.is_bad || !n || n > want)
			return -EIO;
		at += n;
	}
	return 0;
}
