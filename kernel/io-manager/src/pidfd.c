/* kernel/io-manager/src/pidfd.c: see io/pidfd.h. */
#include <errno.h>

#include <io/pidfd.h>
#include <ps/process.h>

#include "file_private.h"

static uint32_t pidfd_poll(struct file *f)
{
	struct process *p = f->private;

	return !p || READ_ONCE(p->state) != PROCESS_ALIVE ? IO_POLLIN | IO_POLLRDNORM : 0;
}

static struct wait_queue *pidfd_wait_queue(struct file *f, uint32_t events)
{
	struct process *p = f->private;

	return p ? &p->end_wait : NULL;
}

static void pidfd_release(struct file *f)
{
	ps_put(f->private);
}

static const struct file_ops pidfd_ops = {
	.name = "pidfd",
	.poll = pidfd_poll,
	.wait_queue = pidfd_wait_queue,
	.release = pidfd_release,
};

bool file_is_pidfd(const struct file *f)
{
	return f->ops == &pidfd_ops;
}

struct process *pidfd_process(const struct file *f)
{
	return f->private;
}

int pidfd_create_file(struct process *p, uint32_t flags, struct file **out)
{
	int err = file_create(&pidfd_ops, O_RDWR | (flags & O_NONBLOCK), p, out);

	if (!err && p)
		object_get(&p->object);
	return err;
}
