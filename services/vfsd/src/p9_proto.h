/* services/vfsd/src/p9_proto.h: the bytes of 9P2000.L messages.
 *
 * From diod's protocol.md and Linux Documentation/filesystems/9p.rst: a message is
 * size[4] type[1] tag[2] and its fields, little-endian; strings are length[2] and bytes.
 * A builder that runs over, or a parser that runs out, is marked bad; one check
 * at the end does.
 */
#ifndef VFSD_P9_PROTO_H
#define VFSD_P9_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <albireo/vfs.h>

enum p9_type {
	P9_RLERROR = 7,
	P9_TSTATFS = 8,
	P9_TLOPEN = 12,
	P9_TLCREATE = 14,
	P9_TSYMLINK = 16,
	P9_TMKNOD = 18,
	P9_TREADLINK = 22,
	P9_TGETATTR = 24,
	P9_TSETATTR = 26,
	P9_TXATTRWALK = 30,
	P9_TXATTRCREATE = 32,
	P9_TREADDIR = 40,
	P9_TFSYNC = 50,
	P9_TLINK = 70,
	P9_TMKDIR = 72,
	P9_TRENAMEAT = 74,
	P9_TUNLINKAT = 76,
	P9_TVERSION = 100,
	P9_TATTACH = 104,
	P9_TWALK = 110,
	P9_TREAD = 116,
	P9_TWRITE = 118,
	P9_TCLUNK = 120,
};
/* The answer to T is T + 1. */

#define P9_HEADER_BYTES 7u
#define P9_NOFID (~0u)
#define P9_MAX_NAMES 16u
#define P9_READ_OVERHEAD 11u		/* Rread before its payload */
#define P9_WRITE_OVERHEAD 23u		/* Twrite before its payload */

#define P9_QID_DIR 0x80u
#define P9_QID_SYMLINK 0x02u

#define P9_GETATTR_BASIC 0x7ffull

#define P9_SETATTR_MODE 1u
#define P9_SETATTR_UID 2u
#define P9_SETATTR_GID 4u
#define P9_SETATTR_SIZE 8u
#define P9_SETATTR_ATIME 16u
#define P9_SETATTR_MTIME 32u
#define P9_SETATTR_ATIME_SET 128u
#define P9_SETATTR_MTIME_SET 256u

#define P9_REMOVEDIR 0x200u		/* Tunlinkat's AT_REMOVEDIR */

struct p9_qid {
	uint8_t type;
	uint32_t version;
	uint64_t path;
};

struct p9_attr {
	struct p9_qid qid;
	uint32_t mode, uid, gid;
	uint64_t nlink, rdev, size, blksize, blocks;
	struct vfs_time atime, mtime, ctime, btime;
};

struct p9_buf {
	unsigned char *bytes;
	size_t cap;		/* building: room; parsing: length */
	size_t at;
	bool is_bad;
};

void p9_begin(struct p9_buf *buf, void *bytes, size_t cap, enum p9_type type);
void p9_put8(struct p9_buf *buf, uint8_t value);
void p9_put16(struct p9_buf *buf, uint16_t value);
void p9_put32(struct p9_buf *buf, uint32_t value);
void p9_put64(struct p9_buf *buf, uint64_t value);
void p9_put_string(struct p9_buf *buf, const char *text, size_t len);
/* Write the size, which counts @payload more bytes that follow. Returns: the length so far. */
size_t p9_end(struct p9_buf *buf, size_t payload);

uint8_t p9_get8(struct p9_buf *buf);
uint16_t p9_get16(struct p9_buf *buf);
uint32_t p9_get32(struct p9_buf *buf);
uint64_t p9_get64(struct p9_buf *buf);
/* The string's bytes inside the message; not NUL-terminated. */
const char *p9_get_string(struct p9_buf *buf, size_t *len);
struct p9_qid p9_get_qid(struct p9_buf *buf);
struct p9_attr p9_get_attr(struct p9_buf *buf);

#endif
