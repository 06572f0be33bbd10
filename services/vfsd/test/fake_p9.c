/* services/vfsd/test/fake_p9.c: a 9P2000.L server over a folder, by path, as QEMU's is.
 *
 * Fids and kept replies lie in shared memory: they outlive the process that is vfsd.
 * A node's pages are a file "pages" beside nothing: P9_DATA_* moves bytes of `fake_pages`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_kernel.h"
#include "p9_proto.h"

#define NFIDS 512
#define NKEPT 256
#define MSIZE (512u << 10)

struct server_fid {
	uint32_t number;
	bool is_used;
	char path[300];		/* below the folder; "" is its top */
};

struct kept_reply {
	uint64_t request_id;
	uint32_t step, len;
	unsigned char bytes[512];
};

static struct server {
	struct server_fid fids[NFIDS];
	struct kept_reply kept[NKEPT];
	unsigned char pages[1 << 16];
} *server;

void fake_p9_reset(void)
{
	if (!server)
		server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(server, 0, sizeof(*server));
}

unsigned int fake_p9_fids(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NFIDS; i++)
		n += server->fids[i].is_used;
	return n;
}

unsigned int fake_p9_kept(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < NKEPT; i++)
		n += server->kept[i].request_id != 0;
	return n;
}

static struct server_fid *find_fid(uint32_t number)
{
	int i;

	for (i = 0; i < NFIDS; i++)
		if (server->fids[i].is_used && server->fids[i].number == number)
			return &server->fids[i];
	return NULL;
}

static struct server_fid *new_fid(uint32_t number)
{
	int i;

	if (find_fid(number))
		return NULL;
	for (i = 0; i < NFIDS && server->fids[i].is_used; i++)
		;
	if (i == NFIDS)
		return NULL;
	server->fids[i] = (struct server_fid){ .number = number, .is_used = true };
	return &server->fids[i];
}

static const char *full(const char *path)
{
	static char buf[4][700];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(buf[turn], sizeof(buf[turn]), "%s%s", fake_folder, path);
	return buf[turn];
}

/* @name below the folder of @fid. */
static const char *below(uint32_t fid, const char *name, size_t len)
{
	static char buf[2][600];
	static int turn;
	struct server_fid *dir = find_fid(fid);

	if (!dir)
		return NULL;
	turn = !turn;
	snprintf(buf[turn], sizeof(buf[turn]), "%s/%.*s", dir->path, (int)len, name);
	return buf[turn];
}

static void put_qid(struct p9_buf *out, const struct stat *st)
{
	p9_put8(out, S_ISDIR(st->st_mode) ? P9_QID_DIR : S_ISLNK(st->st_mode) ? P9_QID_SYMLINK : 0);
	p9_put32(out, 0);
	p9_put64(out, S_ISREG(st->st_mode) && fake->only_number ? fake->only_number : st->st_ino);
}

static int put_qid_of(struct p9_buf *out, const char *path)
{
	struct stat st;

	if (lstat(full(path), &st))
		return errno;
	put_qid(out, &st);
	return 0;
}

static void put_time(struct p9_buf *out, const struct timespec *ts)
{
	p9_put64(out, (uint64_t)ts->tv_sec);
	p9_put64(out, (uint64_t)ts->tv_nsec);
}

static int do_getattr(struct p9_buf *in, struct p9_buf *out)
{
	struct server_fid *fid = find_fid(p9_get32(in));
	struct timespec zero = { 0, 0 };
	struct stat st;

	if (!fid)
		return EBADF;
	if (lstat(full(fid->path), &st))
		return errno;
	p9_put64(out, P9_GETATTR_BASIC);
	put_qid(out, &st);
	p9_put32(out, st.st_mode);
	p9_put32(out, st.st_uid);
	p9_put32(out, st.st_gid);
	p9_put64(out, st.st_nlink);
	p9_put64(out, st.st_rdev);
	p9_put64(out, (uint64_t)st.st_size);
	p9_put64(out, (uint64_t)st.st_blksize);
	p9_put64(out, (uint64_t)st.st_blocks);
	put_time(out, &st.st_atim);
	put_time(out, &st.st_mtim);
	put_time(out, &st.st_ctim);
	put_time(out, &zero);
	p9_put64(out, 0);
	p9_put64(out, 0);
	return 0;
}

static int do_walk(struct p9_buf *in, struct p9_buf *out)
{
	struct server_fid *from = find_fid(p9_get32(in));
	uint32_t number = p9_get32(in);
	unsigned int n = p9_get16(in), i;
	struct server_fid *to;
	struct stat st[16];
	char path[300];

	if (!from)
		return EBADF;
	snprintf(path, sizeof(path), "%s", from->path);
	for (i = 0; i < n; i++) {
		size_t len;
		const char *name = p9_get_string(in, &len);

		snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%.*s", (int)len, name);
		if (lstat(full(path), &st[i]))
			break;
	}
	if (n && !i)
		return ENOENT;
	if (i == n) {
		to = number == from->number ? from : new_fid(number);
		if (!to)
			return EBADF;
		memcpy(to->path, path, sizeof(to->path));
	}
	p9_put16(out, (uint16_t)i);
	for (n = 0; n < i; n++)
		put_qid(out, &st[n]);
	return 0;
}

static int do_attach(struct p9_buf *in, struct p9_buf *out)
{
	struct server_fid *fid = new_fid(p9_get32(in));

	return fid ? put_qid_of(out, "") : EBADF;
}

static int do_setattr(struct p9_buf *in)
{
	struct server_fid *fid = find_fid(p9_get32(in));
	uint32_t valid = p9_get32(in), mode = p9_get32(in);
	uint64_t size;

	if (!fid)
		return EBADF;
	p9_get32(in);
	p9_get32(in);
	size = p9_get64(in);
	/* Owners are feigned: the server is nobody. */
	if ((valid & P9_SETATTR_MODE) && chmod(full(fid->path), mode))
		return errno;
	if ((valid & P9_SETATTR_SIZE) && truncate(full(fid->path), (off_t)size))
		return errno;
	return 0;
}

static int do_make(struct p9_buf *in, struct p9_buf *out, enum p9_type type)
{
	uint32_t dir = p9_get32(in);
	size_t len, target_len;
	const char *name = p9_get_string(in, &len);
	const char *path = below(dir, name, len);
	char target[4096];
	int err;

	if (!path)
		return EBADF;
	if (type == P9_TMKDIR) {
		err = mkdir(full(path), p9_get32(in));
	} else if (type == P9_TMKNOD) {
		uint32_t mode = p9_get32(in);

		/* As QEMU's, which opens no special file. */
		if (!S_ISREG(mode))
			return ENXIO;
		err = mknod(full(path), mode, 0);
	} else {
		const char *text = p9_get_string(in, &target_len);

		snprintf(target, sizeof(target), "%.*s", (int)target_len, text);
		err = symlink(target, full(path));
	}
	return err ? errno : put_qid_of(out, path);
}

static int do_lcreate(struct p9_buf *in, struct p9_buf *out)
{
	uint32_t number = p9_get32(in);
	struct server_fid *fid = find_fid(number);
	size_t len;
	const char *name = p9_get_string(in, &len);
	const char *path = below(number, name, len);
	uint32_t flags = p9_get32(in), mode = p9_get32(in);
	int fd;

	if (!fid)
		return EBADF;
	fd = open(full(path), (int)flags, mode);
	if (fd < 0)
		return errno;
	close(fd);
	snprintf(fid->path, sizeof(fid->path), "%.299s", path);
	put_qid_of(out, path);
	p9_put32(out, 0);
	return 0;
}

static void move_fids(const char *from, const char *to)
{
	size_t len = strlen(from);
	char path[300];
	int i;

	for (i = 0; i < NFIDS; i++) {
		struct server_fid *fid = &server->fids[i];

		if (!fid->is_used || strncmp(fid->path, from, len) || (fid->path[len] && fid->path[len] != '/'))
			continue;
		snprintf(path, sizeof(path), "%.140s%.140s", to, fid->path + len);
		memcpy(fid->path, path, sizeof(path));
	}
}

static int do_rename(struct p9_buf *in)
{
	uint32_t old_dir = p9_get32(in);
	size_t old_len, new_len;
	const char *old = p9_get_string(in, &old_len);
	uint32_t new_dir = p9_get32(in);
	const char *new = p9_get_string(in, &new_len);
	const char *from = below(old_dir, old, old_len), *to = below(new_dir, new, new_len);

	if (!from || !to)
		return EBADF;
	if (rename(full(from), full(to)))
		return errno;
	move_fids(from, to);
	return 0;
}

static int do_link(struct p9_buf *in)
{
	uint32_t dir = p9_get32(in);
	struct server_fid *fid = find_fid(p9_get32(in));
	size_t len;
	const char *name = p9_get_string(in, &len);
	const char *path = below(dir, name, len);

	if (!fid || !path)
		return EBADF;
	return link(full(fid->path), full(path)) ? errno : 0;
}

static int do_unlink(struct p9_buf *in)
{
	uint32_t dir = p9_get32(in);
	size_t len;
	const char *name = p9_get_string(in, &len);
	const char *path = below(dir, name, len);

	if (!path)
		return EBADF;
	return (p9_get32(in) & P9_REMOVEDIR ? rmdir(full(path)) : unlink(full(path))) ? errno : 0;
}

static int do_readdir(struct p9_buf *in, struct p9_buf *out)
{
	struct server_fid *fid = find_fid(p9_get32(in));
	uint64_t offset = p9_get64(in);
	uint32_t count = p9_get32(in);
	size_t len_at = out->at, end;
	struct dirent *dirent;
	DIR *dir;

	if (!fid)
		return EBADF;
	dir = opendir(full(fid->path));
	if (!dir)
		return errno;
	if (offset)
		seekdir(dir, (long)offset);
	p9_put32(out, 0);
	while ((dirent = readdir(dir)) && out->at - len_at + 24 + strlen(dirent->d_name) <= count) {
		p9_put8(out, 0);
		p9_put32(out, 0);
		p9_put64(out, dirent->d_ino);
		p9_put64(out, (uint64_t)dirent->d_off);
		p9_put8(out, dirent->d_type);
		p9_put_string(out, dirent->d_name, strlen(dirent->d_name));
	}
	closedir(dir);
	end = out->at;
	out->at = len_at;
	p9_put32(out, (uint32_t)(end - len_at - 4));
	out->at = end;
	return 0;
}

static int do_readlink(struct p9_buf *in, struct p9_buf *out)
{
	struct server_fid *fid = find_fid(p9_get32(in));
	char target[4096];
	ssize_t len;

	if (!fid)
		return EBADF;
	len = readlink(full(fid->path), target, sizeof(target));
	if (len < 0)
		return errno;
	p9_put_string(out, target, (size_t)len);
	return 0;
}

static int do_data(struct p9_buf *in, struct p9_buf *out, bool is_write)
{
	struct server_fid *fid = find_fid(p9_get32(in));
	uint64_t offset = p9_get64(in);
	uint32_t count = p9_get32(in);
	ssize_t done;
	int fd;

	if (!fid || offset + count > sizeof(server->pages))
		return EBADF;
	fd = open(full(fid->path), is_write ? O_WRONLY : O_RDONLY);
	if (fd < 0)
		return errno;
	done = is_write ? pwrite(fd, server->pages + offset, count, (off_t)offset)
			: pread(fd, server->pages + offset, count, (off_t)offset);
	close(fd);
	if (done < 0)
		return errno;
	p9_put32(out, (uint32_t)done);
	return 0;
}

static int do_version(struct p9_buf *out)
{
	int i;

	for (i = 0; i < NFIDS; i++)
		server->fids[i].is_used = false;
	p9_put32(out, MSIZE);
	p9_put_string(out, "9P2000.L", 8);
	return 0;
}

static int do_clunk(struct p9_buf *in)
{
	struct server_fid *fid = find_fid(p9_get32(in));

	if (!fid)
		return EBADF;
	fid->is_used = false;
	return 0;
}

static int serve(enum p9_type type, struct p9_buf *in, struct p9_buf *out)
{
	switch (type) {
	case P9_TVERSION:
		return do_version(out);
	case P9_TATTACH:
		return do_attach(in, out);
	case P9_TWALK:
		return do_walk(in, out);
	case P9_TCLUNK:
		return do_clunk(in);
	case P9_TGETATTR:
		return do_getattr(in, out);
	case P9_TSETATTR:
		return do_setattr(in);
	case P9_TLOPEN:
	case P9_TFSYNC:
		return find_fid(p9_get32(in)) ? 0 : EBADF;
	case P9_TLCREATE:
		return do_lcreate(in, out);
	case P9_TMKDIR:
	case P9_TMKNOD:
	case P9_TSYMLINK:
		return do_make(in, out, type);
	case P9_TRENAMEAT:
		return do_rename(in);
	case P9_TLINK:
		return do_link(in);
	case P9_TUNLINKAT:
		return do_unlink(in);
	case P9_TREADDIR:
		return do_readdir(in, out);
	case P9_TREADLINK:
		return do_readlink(in, out);
	case P9_TREAD:
		return do_data(in, out, false);
	case P9_TWRITE:
		return do_data(in, out, true);
	default:
		return EOPNOTSUPP;
	}
}

static struct kept_reply *find_kept(uint64_t id, uint32_t step)
{
	int i;

	for (i = 0; i < NKEPT; i++)
		if (server->kept[i].request_id == id && (!id || server->kept[i].step == step))
			return &server->kept[i];
	return NULL;
}

static void forget(uint64_t id)
{
	int i;

	for (i = 0; i < NKEPT; i++)
		if (server->kept[i].request_id == id)
			server->kept[i].request_id = 0;
}

static void maybe_die(void)
{
	if (fake->kill_at_exchange && ++fake->half_exchanges == fake->kill_at_exchange)
		raise(SIGKILL);
}

static long take(const struct kept_reply *kept, struct p9_exchange *exchange)
{
	memcpy((void *)(uintptr_t)exchange->reply, kept->bytes, kept->len);
	exchange->reply_cap = kept->len;
	return 0;
}

static void exchange_bytes(struct p9_exchange *exchange)
{
	unsigned char *request = (unsigned char *)(uintptr_t)exchange->request;
	unsigned char *reply = (unsigned char *)(uintptr_t)exchange->reply;
	struct p9_buf in = { .bytes = request, .cap = exchange->request_len, .at = P9_HEADER_BYTES };
	struct p9_buf out;
	int err;

	p9_begin(&out, reply, exchange->reply_cap, (enum p9_type)(request[4] + 1));
	err = serve((enum p9_type)request[4], &in, &out);
	if (err) {
		p9_begin(&out, reply, exchange->reply_cap, P9_RLERROR);
		p9_put32(&out, (uint32_t)err);
	}
	exchange->reply_cap = (uint32_t)p9_end(&out, 0);
	fake->exchanges++;
}

long fake_p9(struct p9_exchange *exchange)
{
	struct kept_reply *kept;

	if (exchange->flags & P9_LIST) {
		if (exchange->transport)
			return -ENODEV;
		memcpy((void *)(uintptr_t)exchange->reply, "test", 4);
		exchange->reply_cap = 4;
		return 0;
	}
	if (exchange->flags & P9_FORGET) {
		forget(exchange->request_id);
		return 0;
	}
	kept = exchange->request_id ? find_kept(exchange->request_id, exchange->step) : NULL;
	if (kept)
		return take(kept, exchange);
	if (exchange->flags & P9_TAKE)
		return -ENOENT;
	maybe_die();
	exchange_bytes(exchange);
	if (exchange->request_id) {
		kept = find_kept(0, 0);
		if (!kept || exchange->reply_cap > sizeof(kept->bytes))
			abort();
		kept->step = exchange->step;
		kept->len = exchange->reply_cap;
		memcpy(kept->bytes, (void *)(uintptr_t)exchange->reply, kept->len);
		kept->request_id = exchange->request_id;
	}
	maybe_die();
	return 0;
}
