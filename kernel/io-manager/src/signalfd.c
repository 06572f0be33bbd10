/* kernel/io-manager/src/signalfd.c: signals as reads (man 2 signalfd).
 *
 * Whoever reads takes signals of its own, not of who made the file. A set that watches
 * one waits on its own process's queue, as on Linux.
 */
#include <errno.h>

#include <io/event.h>
#include <linux/signalfd.h>
#include <mm/heap.h>
#include <ps/process.h>
#include <asm/signal.h>
#include <asm/siginfo.h>

#include "file_private.h"

struct signalfd { uint64_t mask; };

HEAP_CACHE(signalfd_cache, "signalfd", sizeof(struct signalfd));

enum layout { LAYOUT_KILL, LAYOUT_TIMER, LAYOUT_POLL, LAYOUT_FAULT, LAYOUT_CHILD, LAYOUT_VALUE };

static enum layout layout_by_signal(int sig)
{
	switch (sig) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		return LAYOUT_FAULT;
	case SIGCHLD:
		return LAYOUT_CHILD;
	default:
		return LAYOUT_POLL;
	}
}

/* Which member of siginfo_t's union is in use (man 2 sigaction). */
static enum layout layout_of(const struct signal_info *info)
{
	if (info->code > SI_USER && info->code < SI_KERNEL)
		return layout_by_signal(info->signo);
	if (info->code == SI_TIMER)
		return LAYOUT_TIMER;
	if (info->code == SI_SIGIO)
		return LAYOUT_POLL;
	return info->code < 0 ? LAYOUT_VALUE : LAYOUT_KILL;
}

static void sender_of(const struct signal_info *info, struct signalfd_siginfo *out)
{
	out->ssi_pid = (uint32_t)info->fields[0];
	out->ssi_uid = (uint32_t)(info->fields[0] >> 32);
}

static void value_of(const struct signal_info *info, struct signalfd_siginfo *out)
{
	out->ssi_ptr = info->fields[1];
	out->ssi_int = (int32_t)info->fields[1];
}

static void convert(const struct signal_info *info, struct signalfd_siginfo *out)
{
	*out = (struct signalfd_siginfo){
		.ssi_signo = (uint32_t)info->signo, .ssi_errno = info->err, .ssi_code = info->code,
	};
	switch (layout_of(info)) {
	case LAYOUT_KILL:
		sender_of(info, out);
		break;
	case LAYOUT_VALUE:
		sender_of(info, out);
		value_of(info, out);
		break;
	case LAYOUT_TIMER:
		out->ssi_tid = (uint32_t)info->fields[0];
		out->ssi_overrun = (uint32_t)(info->fields[0] >> 32);
		value_of(info, out);
		break;
	case LAYOUT_POLL:
		out->ssi_band = (uint32_t)info->fields[0];
		out->ssi_fd = (int32_t)info->fields[1];
		break;
	case LAYOUT_FAULT:
		out->ssi_addr = info->fields[0];
		break;
	case LAYOUT_CHILD:
		sender_of(info, out);
		out->ssi_status = (int32_t)info->fields[1];
		out->ssi_utime = info->fields[2];
		out->ssi_stime = info->fields[3];
		break;
	}
}

static bool take_signal(uint64_t mask, struct signalfd_siginfo *out)
{
	struct signal_info info;

	if (!signal_dequeue(mask, &info))
		return false;
	if (info.code == SIGNAL_CODE_TIMER && ps_upper_ops.timer_signal_discarded)
		ps_upper_ops.timer_signal_discarded(&info);
	convert(&info, out);
	return true;
}

static int64_t signalfd_read(struct io_request *rq)
{
	const struct signalfd *s = rq->file->private;
	struct signalfd_siginfo out;
	int64_t done = 0;
	int err;

	if (rq->vector.left < sizeof(out))
		return -EINVAL;
	while (rq->vector.left >= sizeof(out) && take_signal(READ_ONCE(s->mask), &out)) {
		if (io_copy_to(&rq->vector, &out, sizeof(out), &err) < sizeof(out))
			return done ? done : -EFAULT;
		done += (int64_t)sizeof(out);
	}
	return done ? done : -EAGAIN;
}

static uint32_t signalfd_poll(struct file *f)
{
	return signal_pending_set() & signalfd_mask(f) ? IO_POLLIN | IO_POLLRDNORM : 0;
}

static struct wait_queue *signalfd_wait_queue(struct file *f, uint32_t events)
{
	return signal_watch_queue(ps_current());
}

static void signalfd_release(struct file *f)
{
	heap_cache_free(&signalfd_cache, f->private);
}

static const struct file_ops signalfd_ops = {
	.name = "signalfd",
	.read = signalfd_read,
	.poll = signalfd_poll,
	.wait_queue = signalfd_wait_queue,
	.ignores_seek = true,
	.release = signalfd_release,
};

bool file_is_signalfd(const struct file *f)
{
	return f->ops == &signalfd_ops;
}

uint64_t signalfd_mask(const struct file *f)
{
	return READ_ONCE(((const struct signalfd *)f->private)->mask);
}

void signalfd_set_mask(struct file *f, uint64_t mask)
{
	struct signalfd *s = f->private;

	WRITE_ONCE(s->mask, mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP)));
	waitq_wake_all(signal_watch_queue(ps_current()), IO_POLLIN);
}

int signalfd_create_file(uint64_t mask, uint32_t flags, struct file **out)
{
	struct signalfd *s = heap_cache_alloc(&signalfd_cache, 0);
	int err;

	if (!s)
		return -ENOMEM;
	err = file_create(&signalfd_ops, O_RDWR | (flags & O_NONBLOCK), s, out);
	if (err) {
		heap_cache_free(&signalfd_cache, s);
		return err;
	}
	signalfd_set_mask(*out, mask);
	return 0;
}
