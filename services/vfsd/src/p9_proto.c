/* services/vfsd/src/p9_proto.c: see p9_proto.h. */
#include "p9_proto.h"

#include <string.h>

static void put(struct p9_buf *buf, uint64_t value, size_t len)
{
	if (buf->is_bad || buf->cap - buf->at < len) {
		buf->is_bad = true;
		return;
	}
	for (; len--; value >>= 8)
		buf->bytes[buf->at++] = (unsigned char)value;
}

static uint64_t get(struct p9_buf *buf, size_t len)
{
	uint64_t value = 0;
	size_t i;

	if (buf->is_bad || buf->cap - buf->at < len) {
		buf->is_bad = true;
		return 0;
	}
	for (i = 0; i < len; i++)
		value |= (uint64_t)buf->bytes[buf->at++] << (8 * i);
	return value;
}

void p9_begin(struct p9_buf *buf, void *bytes, size_t cap, enum p9_type type)
{
	*buf = (struct p9_buf){ .bytes = bytes, .cap = cap };
	put(buf, 0, 4);
	put(buf, type, 1);
	put(buf, 0, 2);
}

void p9_put8(struct p9_buf *buf, uint8_t value)
{
	put(buf, value, 1);
}

void p9_put16(struct p9_buf *buf, uint16_t value)
{
	put(buf, value, 2);
}

void p9_put32(struct p9_buf *buf, uint32_t value)
{
	put(buf, value, 4);
}

void p9_put64(struct p9_buf *buf, uint64_t value)
{
	put(buf, value, 8);
}

void p9_put_string(struct p9_buf *buf, const char *text, size_t len)
{
	put(buf, len, 2);
	if (len > UINT16_MAX || buf->is_bad || buf->cap - buf->at < len) {
		buf->is_bad = true;
		return;
	}
	memcpy(buf->bytes + buf->at, text, len);
	buf->at += len;
}

size_t p9_end(struct p9_buf *buf, size_t payload)
{
	size_t len = buf->at;

	buf->at = 0;
	put(buf, len + payload, 4);
	buf->at = len;
	return len;
}

uint8_t p9_get8(struct p9_buf *buf)
{
	return (uint8_t)get(buf, 1);
}

uint16_t p9_get16(struct p9_buf *buf)
{
	return (uint16_t)get(buf, 2);
}

uint32_t p9_get32(struct p9_buf *buf)
{
	return (uint32_t)get(buf, 4);
}

uint64_t p9_get64(struct p9_buf *buf)
{
	return get(buf, 8);
}

const char *p9_get_string(struct p9_buf *buf, size_t *len)
{
	const char *text;

	*len = p9_get16(buf);
	if (buf->is_bad || buf->cap - buf->at < *len) {
		buf->is_bad = true;
		*len = 0;
		return "";
	}
	text = (const char *)buf->bytes + buf->at;
	buf->at += *len;
	return text;
}

struct p9_qid p9_get_qid(struct p9_buf *buf)
{
	struct p9_qid qid;

	qid.type = p9_get8(buf);
	qid.version = p9_get32(buf);
	qid.path = p9_get64(buf);
	return qid;
}

static struct vfs_time get_time(struct p9_buf *buf)
{
	struct vfs_time time = { .sec = (int64_t)p9_get64(buf) };

	time.nsec = (uint32_t)p9_get64(buf);
	return time;
}

struct p9_attr p9_get_attr(struct p9_buf *buf)
{
	struct p9_attr attr;

	p9_get64(buf);		/* which of the fields are valid: the basic ones always */
	attr.qid = p9_get_qid(buf);
	attr.mode = p9_get32(buf);
	attr.uid = p9_get32(buf);
	attr.gid = p9_get32(buf);
	attr.nlink = p9_get64(buf);
	attr.rdev = p9_get64(buf);
	attr.size = p9_get64(buf);
	attr.blksize = p9_get64(buf);
	attr.blocks = p9_get64(buf);
	attr.atime = get_time(buf);
	attr.mtime = get_time(buf);
	attr.ctime = get_time(buf);
	attr.btime = get_time(buf);
	return attr;
}
