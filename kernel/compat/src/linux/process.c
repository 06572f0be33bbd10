/* kernel/compat/src/linux/process.c: ids, groups, sessions, ends and waits. */
#include <linux/wait.h>
#include <mm/usercopy.h>

#include "dispatch.h"
#include "files.h"
#include "process_access.h"

#define SIGCHLD_NR 17

int64_t linux_sys_getpid(const uint64_t a[6])
{
	return ps_current()->pid;
}

int64_t linux_sys_gettid(const uint64_t a[6])
{
	return current_thread()->tid;
}

int64_t linux_sys_getppid(const uint64_t a[6])
{
	struct process *parent;
	int64_t pid;

	spin_lock(&ps_tree_lock);
	parent = ps_current()->parent;
	pid = parent ? parent->pid : 0;
	spin_unlock(&ps_tree_lock);
	return pid;
}

int64_t linux_sys_getpgrp(const uint64_t a[6])
{
	return ps_get_group(0);
}

int64_t linux_sys_getpgid(const uint64_t a[6])
{
	return ps_get_group((uint32_t)a[0]);
}

int64_t linux_sys_setpgid(const uint64_t a[6])
{
	return ps_set_group((uint32_t)a[0], (uint32_t)a[1]);
}

int64_t linux_sys_getsid(const uint64_t a[6])
{
	return ps_get_session((uint32_t)a[0]);
}

int64_t linux_sys_setsid(const uint64_t a[6])
{
	return ps_new_session();
}

int64_t linux_sys_set_tid_address(const uint64_t a[6])
{
	ps_current_thread()->clear_child_tid = a[0];
	return current_thread()->tid;
}

int64_t linux_sys_exit(const uint64_t a[6])
{
	ps_exit_thread((uint32_t)a[0] & 0xff);
}

int64_t linux_sys_exit_group(const uint64_t a[6])
{
	ps_exit_group((uint32_t)a[0] & 0xff, 0);
}

/* ---- waiting ---- */

static int64_t wait4_select(int32_t pid, int *which, uint32_t *id)
{
	if (pid == INT32_MIN)
		return -ESRCH;
	*which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	*id = pid > 0 ? (uint32_t)pid : pid ? (uint32_t)-pid : ps_group_id();
	return 0;
}

int64_t linux_sys_wait4(const uint64_t a[6])
{
	const uint32_t known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
	uint32_t options = (uint32_t)a[2], id;
	struct ps_wait_result result;
	int64_t ret;
	int which;

	if (options & ~known)
		return -EINVAL;
	ret = wait4_select((int32_t)a[0], &which, &id);
	if (ret)
		return ret;
	ret = ps_wait(which, id, options | WEXITED, &result);
	if (ret <= 0)
		return linux_restartable(ret);
	if (a[1] && put_user(result.wait_status, (uint32_t __user *)user_ptr(a[1])))
		return -EFAULT;
	if (a[3] && linux_rusage_out(a[3], &result))
		return -EFAULT;
	return ret;
}

static int waitid_out(uint64_t user, bool found, const struct ps_wait_result *r)
{
	struct signal_info info = { 0 };

	if (found) {
		info.signo = SIGCHLD_NR;
		info.code = r->code;
		info.fields[0] = r->pid | (uint64_t)r->uid << 32;
		info.fields[1] = (uint32_t)r->status;
	}
	/* Linux writes these fields and leaves the rest alone. */
	if (copy_to_user(user_ptr(user), &info, 12))
		return -EFAULT;
	return copy_to_user(user_ptr(user + 16), info.fields, 12);
}

static int64_t wait_and_tell(int which, uint32_t id, uint32_t options, const uint64_t a[6])
{
	struct ps_wait_result result;
	int64_t ret = ps_wait(which, id, options, &result);

	if (ret < 0)
		return linux_restartable(ret);
	if (ret && a[4] && linux_rusage_out(a[4], &result))
		return -EFAULT;
	if (a[2] && waitid_out(a[2], ret > 0, &result))
		return -EFAULT;
	return ret > 0;
}

/* P_PIDFD: a descriptor with O_NONBLOCK does not wait (man 2 waitid). */
static int64_t wait_by_pidfd(const uint64_t a[6], uint32_t options)
{
	bool nonblock = false;
	struct process *p;
	struct file *f;
	int64_t ret;

	if ((int32_t)a[1] < 0)
		return -EINVAL;
	ret = linux_file((int)a[1], &f);
	if (!ret) {
		nonblock = (f->flags & O_NONBLOCK) && !(options & WNOHANG);
		file_put(f);
		ret = linux_pidfd_process((int)a[1], &p);
	}
	if (ret)
		return ret == -ESRCH ? -ECHILD : ret;
	ret = wait_and_tell(P_PID, p->pid, options | (nonblock ? WNOHANG : 0), a);
	ps_put(p);
	if (nonblock && !ret)
		return -EAGAIN;
	return MIN(ret, 0l);
}

int64_t linux_sys_waitid(const uint64_t a[6])
{
	const uint32_t known = WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
	uint32_t options = (uint32_t)a[3], id = (uint32_t)a[1];
	int which = (int)a[0];
	int64_t ret;

	if ((options & ~known) || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (which == P_PIDFD)
		return wait_by_pidfd(a, options);
	if (which != P_ALL && which != P_PID && which != P_PGID)
		return -EINVAL;
	if ((which == P_PID && (int32_t)id <= 0) || (which == P_PGID && (int32_t)id < 0))
		return -EINVAL;
	if (which == P_PGID && !id)
		id = ps_group_id();
	ret = wait_and_tell(which, id, options, a);
	return MIN(ret, 0l);
}
