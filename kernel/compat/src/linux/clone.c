/* kernel/compat/src/linux/clone.c: fork, vfork, clone and clone3 as Linux numbers their arguments. */
#include <linux/sched.h>
#include <mm/usercopy.h>
#include <string.h>

#include "dispatch.h"
#include "files.h"
#include "process_access.h"

#define SIGCHLD_NR 17
#define MAX_PID_LEVELS 32	/* Linux: MAX_PID_NS_LEVEL */

/* A fatal signal that came in between is acted on first; the call is never seen to fail by it. */
static int64_t do_clone(const struct ps_clone *c)
{
	int64_t ret = ps_clone(c, linux_frame());

	return ret == -EINTR ? -ERESTARTNOINTR : ret;
}

/* With CLONE_PIDFD, whose descriptor goes to @pidfd_at: it is the parent's alone, so it is
 * installed when the child has its own table. */
static int64_t clone_with_pidfd(struct ps_clone *c, uint64_t pidfd_at)
{
	int64_t ret;

	if (!(c->flags & CLONE_PIDFD))
		return do_clone(c);
	if ((c->flags & (CLONE_DETACHED | CLONE_THREAD)) ||
	    ((c->flags & CLONE_PARENT_SETTID) && c->parent_tid == pidfd_at))
		return -EINVAL;
	if (linux_table_is_full())
		return -EMFILE;
	c->flags &= ~(uint64_t)CLONE_PIDFD;
	ret = do_clone(c);
	if (ret > 0)
		linux_store_pidfd((uint32_t)ret, pidfd_at);
	return ret;
}

int64_t linux_sys_fork(const uint64_t a[6])
{
	const struct ps_clone c = { .exit_signal = SIGCHLD_NR };

	return do_clone(&c);
}

int64_t linux_sys_vfork(const uint64_t a[6])
{
	const struct ps_clone c = { .flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD_NR };

	return do_clone(&c);
}

int64_t linux_sys_clone(const uint64_t a[6])
{
	struct ps_clone c = {
		.flags = (uint32_t)a[0] & ~(uint64_t)CSIGNAL,
		.exit_signal = (uint32_t)a[0] & CSIGNAL,
		.stack = a[1],
		.parent_tid = a[2],
		.child_tid = a[3],
		.tls = a[4],
	};

	return clone_with_pidfd(&c, a[2]);
}

/* Bytes that this kernel does not know must be zero (man 2 clone3). */
static int args_in(uint64_t user, uint64_t bytes, struct clone_args *args)
{
	uint8_t rest[64];

	if (bytes > PAGE_SIZE)
		return -E2BIG;
	if (bytes < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(args, 0, sizeof(*args));
	if (copy_from_user(args, user_ptr(user), MIN(bytes, sizeof(*args))))
		return -EFAULT;
	for (uint64_t at = sizeof(*args); at < bytes; at += sizeof(rest)) {
		size_t n = MIN(sizeof(rest), bytes - at);

		if (copy_from_user(rest, user_ptr(user + at), n))
			return -EFAULT;
		for (size_t i = 0; i < n; i++) {
			if (rest[i])
				return -E2BIG;
		}
	}
	return 0;
}

static int check_flags(const struct clone_args *args)
{
	if (args->flags & ~(uint64_t)(0xffffffffull | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (args->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return -EINVAL;
	if ((args->flags & CLONE_SIGHAND) && (args->flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	return (args->flags & (CLONE_THREAD | CLONE_PARENT)) && args->exit_signal ? -EINVAL : 0;
}

static int check_stack(const struct clone_args *args)
{
	if (!args->stack != !args->stack_size)
		return -EINVAL;
	return args->stack_size > USER_TOP || args->stack > USER_TOP - args->stack_size ? -EINVAL : 0;
}

/* The one wanted number of the one pid namespace there is. */
static int tid_in(const struct clone_args *args, uint32_t *tid)
{
	int32_t wanted;

	*tid = 0;
	if (!args->set_tid)
		return 0;
	if (copy_from_user(&wanted, user_ptr(args->set_tid), sizeof(wanted)))
		return -EFAULT;
	if (args->set_tid_size > 1 || wanted < 1)
		return -EINVAL;
	*tid = (uint32_t)wanted;
	return 0;
}

static int check_args(const struct clone_args *args, uint64_t bytes, uint32_t *tid)
{
	int err;

	if (args->set_tid_size > MAX_PID_LEVELS || !args->set_tid != !args->set_tid_size)
		return -EINVAL;
	if (args->exit_signal & ~(uint64_t)CSIGNAL || args->exit_signal > PS_NSIG)
		return -EINVAL;
	if ((args->flags & CLONE_INTO_CGROUP) && (args->cgroup > INT32_MAX || bytes < CLONE_ARGS_SIZE_VER2))
		return -EINVAL;
	err = tid_in(args, tid);
	if (!err)
		err = check_flags(args);
	if (!err)
		err = check_stack(args);
	/* No descriptor is one of a cgroup: there are none. */
	return !err && (args->flags & CLONE_INTO_CGROUP) ? -EBADF : err;
}

int64_t linux_sys_clone3(const uint64_t a[6])
{
	struct clone_args args;
	struct ps_clone c;
	uint32_t tid = 0;
	int err = args_in(a[0], a[1], &args);

	if (!err)
		err = check_args(&args, a[1], &tid);
	if (err)
		return err;
	c = (struct ps_clone){
		.flags = args.flags,
		.exit_signal = (uint32_t)args.exit_signal,
		.stack = args.stack ? args.stack + args.stack_size : 0,
		.parent_tid = args.parent_tid,
		.child_tid = args.child_tid,
		.tls = args.tls,
		.wanted_tid = tid,
	};
	return clone_with_pidfd(&c, args.pidfd);
}
