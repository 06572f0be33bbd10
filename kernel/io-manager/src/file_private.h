/* kernel/io-manager/src/file_private.h: what the parts of open files share. */
#ifndef IO_FILE_PRIVATE_H
#define IO_FILE_PRIVATE_H

#include <asm/fcntl.h>

#include <io/file.h>

/* RIGHT_* that the access mode of open(2)'s @flags asks for. */
static inline uint32_t file_access_of(uint32_t flags)
{
	if (flags & O_PATH)
		return 0;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return RIGHT_READ;
	case O_WRONLY:
		return RIGHT_WRITE;
	case O_RDWR:
		return RIGHT_READ | RIGHT_WRITE;
	default:
		return 0;	/* 3: neither, ioctl only */
	}
}

/* An operation answered -EAGAIN: wait as the file's and @rq's flags say. @limit_ns: when the whole
 * request gives up, 0: never. Returns: 0 when the operation is worth another try; -EAGAIN -EINTR. */
int io_request_wait(struct io_request *rq, uint32_t events, uint64_t limit_ns);

void file_init(void);
/* @f is about to go: take it out of every epoll set. */
void epoll_file_released(struct file *f);
void inode_flock_release(struct file *f);

#endif
