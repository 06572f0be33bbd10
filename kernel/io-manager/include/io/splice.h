/* kernel/io-manager/include/io/splice.h: bytes into, out of and between pipes without user memory (man 2 splice).
 *
 * @nonblock: -EAGAIN instead of waiting for the pipe; the other file waits as its own
 * flags say. All return bytes; 0 when the pipe is empty and has no writer, or the file at
 * its end; -EPIPE (the caller raises SIGPIPE), -EAGAIN, -EINTR or what the file answered
 * when nothing was moved. Context: process, no locks.
 */
#ifndef IO_SPLICE_H
#define IO_SPLICE_H

#include <io/file.h>

bool file_is_pipe(const struct file *f);	/* or a FIFO */
bool file_is_same_pipe(const struct file *a, const struct file *b);

/* @offset: where to read, moved on; NULL: at the file's position, if it has one. */
int64_t splice_to_pipe(struct file *in, uint64_t *offset, struct file *pipe, uint64_t len, bool nonblock);
int64_t splice_from_pipe(struct file *pipe, struct file *out, uint64_t *offset, uint64_t len, bool nonblock);
/* Between two pipes: move, or copy what the first goes on holding. */
int64_t splice_pipes(struct file *in, struct file *out, uint64_t len, bool nonblock);
int64_t tee_pipes(struct file *in, struct file *out, uint64_t len, bool nonblock);
/* As much of @v as fits. */
int64_t splice_vector_to_pipe(struct io_vector *v, struct file *pipe, bool nonblock);

#endif
