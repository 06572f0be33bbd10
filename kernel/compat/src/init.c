/* kernel/compat/src/init.c: the edge takes its place in the tables of the modules below. */
#include <compat/compat.h>
#include <io/inode.h>
#include <io/sysv.h>
#include <ipc/endpoint.h>
#include <nucleus/log.h>
#include <nucleus/panic.h>
#include <string.h>

#include "linux/dispatch.h"
#include "linux/signal_frame.h"
#include "nt/folder_watch.h"
#include "nt/jobs.h"
#include "nt/keys.h"
#include "nt/named_pipe.h"
#include "nt/nt.h"
#include "nt/sync.h"

static int fs_create(void **out)
{
	return fs_context_create((struct fs_context **)out);
}

static int fs_clone(void *fs, void **out)
{
	return fs_context_clone(fs, (struct fs_context **)out);
}

static void fs_get(void *fs)
{
	fs_context_get(fs);
}

static void fs_put(void *fs)
{
	fs_context_put(fs);
}

/* While a file runs as a program nobody opens it for writing (ETXTBSY). */
static void exe_get(void *inode)
{
	struct inode *i = inode;

	inode_get(i);
	atomic_add(&i->deny_write, 1);
}

static void exe_put(void *inode)
{
	struct inode *i = inode;

	atomic_sub(&i->deny_write, 1);
	inode_put(i);
}

static void fs_describe(void *fs, struct proc_stat *out)
{
	struct fs_context *c = fs;

	spin_lock(&c->lock);
	out->cwd_node = c->cwd ? c->cwd->node : 0;
	out->root_node = c->root ? c->root->node : 0;
	out->umask = c->umask;
	spin_unlock(&c->lock);
}

static void file_describe(void *file, struct proc_map *out)
{
	const struct file *f = file;

	if (!f->inode)
		return;
	out->node = f->inode->node;
	out->ino = f->inode->attr.ino;
	out->dev = f->inode->attr.dev;
}

/* Pipes and sockets are numbered; the other files without names share one inode. */
static bool has_own_filesystem(const struct file *f)
{
	return !strcmp(f->ops->name, "pipe") || !strcmp(f->ops->name, "socket");
}

/* What a link of /proc/PID/fd shows for what has no name (man 5 proc). */
static int64_t handle_describe(struct object *object, char *buf, size_t cap)
{
	const struct file *f;
	int n;

	if (object->type->kind != OBJECT_FILE) {
		n = ksnprintf(buf, cap, "anon_inode:[%s]", object->type->name);
		return n;
	}
	f = file_from_object(object);
	if (f->inode) {
		if (cap < sizeof(f->inode->node))
			return -EINVAL;
		*(uint64_t *)buf = f->inode->node;
		return sizeof(f->inode->node);
	}
	if (!has_own_filesystem(f))
		return ksnprintf(buf, cap, "anon_inode:[%s]", f->ops->name);
	n = ksnprintf(buf, cap, "%s:[%llu]", f->ops->name, (unsigned long long)((uintptr_t)f & 0xffffffff) >> 4);
	return n;
}

/* What /proc/PID/fdinfo/N tells. */
static void handle_inform(struct object *object, struct proc_fd *out)
{
	const struct file *f;

	if (object->type->kind != OBJECT_FILE)
		return;
	f = file_from_object(object);
	out->pos = (int64_t)READ_ONCE(f->offset);
	out->flags = READ_ONCE(f->flags);
	if (f->inode) {
		out->node = f->inode->node;
		out->ino = f->inode->attr.ino;
	}
}

static void process_released(struct process *p)
{
	linux_timers_released(p);
	nt_process_released(p);
}

static void process_exiting(struct process *p)
{
	linux_timers_exiting(p);
	sysv_process_exiting(p);
	nt_process_exiting(p);
}

static void thread_exiting(struct ps_thread *t)
{
	linux_thread_exiting(t);
	nt_thread_exiting(t);
}

void compat_init(void)
{
	linux_futex_init();
	linux_time_init();
	linux_crash_init();
	linux_vdso_init();
	nt_jobs_init();
	nt_folder_watches_init();
	nt_key_watches_init();
	mm_usercopy_refused = nt_stack_touched_by_kernel;
	nt_pipes_init();
	if (nt_names_init())
		panic("no memory for the directories of NT names");
	ipc_process_ops.service_stalled = service_stall_report;
	ps_min_signal_stack = signal_frame_max_bytes();
	ps_upper_ops.fs_create = fs_create;
	ps_upper_ops.fs_clone = fs_clone;
	ps_upper_ops.fs_get = fs_get;
	ps_upper_ops.fs_put = fs_put;
	ps_upper_ops.exe_get = exe_get;
	ps_upper_ops.exe_put = exe_put;
	ps_upper_ops.fs_describe = fs_describe;
	ps_upper_ops.file_describe = file_describe;
	ps_upper_ops.handle_describe = handle_describe;
	ps_upper_ops.handle_inform = handle_inform;
	ps_upper_ops.thread_exiting = thread_exiting;
	ps_upper_ops.core_dump = linux_core_dump;
	ps_upper_ops.process_born = nt_process_born;
	ps_upper_ops.process_exiting = process_exiting;
	ps_upper_ops.timer_signal_discarded = linux_timer_signal_taken;
	ps_upper_ops.process_released = process_released;
	ps_upper_ops.thread_released = nt_thread_released;
	ps_upper_ops.limits_changed = linux_limits_changed;
	ps_upper_ops.process_execs = linux_timers_exec;
	trap_ops.syscall = compat_syscall;
	trap_ops.user_return = compat_user_return;
	trap_ops.user_exception = compat_user_exception;
	trap_ops.page_fault = compat_page_fault;
}
