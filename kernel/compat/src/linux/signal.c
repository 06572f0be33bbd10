/* kernel/compat/src/linux/signal.c: calls about masks, actions and pending signals. */
#include <asm/signal.h>
#include <mm/usercopy.h>
#include <string.h>

#include "dispatch.h"
#include "signal_frame.h"

struct linux_sigaction { uint64_t handler, flags, restorer, mask; };

static int mask_in(uint64_t user, uint64_t bytes, uint64_t *mask)
{
	if (bytes != LINUX_SIGSET_BYTES)
		return -EINVAL;
	return copy_from_user(mask, user_ptr(user), sizeof(*mask));
}

int64_t linux_sys_rt_sigaction(const uint64_t a[6])
{
	struct linux_sigaction user;
	struct signal_action new, old;
	int err;

	if (a[3] != LINUX_SIGSET_BYTES)
		return -EINVAL;
	if (a[1]) {
		if (copy_from_user(&user, user_ptr(a[1]), sizeof(user)))
			return -EFAULT;
		new = (struct signal_action){ user.handler, user.flags, user.restorer, user.mask };
	}
	err = signal_set_action((int)a[0], a[1] ? &new : NULL, &old);
	if (err || !a[2])
		return err;
	user = (struct linux_sigaction){ old.handler, old.flags, old.restorer, old.mask };
	return copy_to_user(user_ptr(a[2]), &user, sizeof(user));
}

int64_t linux_sys_rt_sigprocmask(const uint64_t a[6])
{
	uint64_t old = ps_current_thread()->blocked, set;

	if (a[3] != LINUX_SIGSET_BYTES)
		return -EINVAL;
	if (a[1]) {
		if (copy_from_user(&set, user_ptr(a[1]), sizeof(set)))
			return -EFAULT;
		switch ((int)a[0]) {
		case SIG_BLOCK:
			set = old | set;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		signal_set_mask(set);
	}
	return a[2] ? copy_to_user(user_ptr(a[2]), &old, sizeof(old)) : 0;
}

int64_t linux_sys_rt_sigpending(const uint64_t a[6])
{
	uint64_t set = signal_pending_set() & ps_current_thread()->blocked;

	if (a[1] > LINUX_SIGSET_BYTES)
		return -EINVAL;
	return copy_to_user(user_ptr(a[0]), &set, a[1]);
}

int64_t linux_sys_rt_sigreturn(const uint64_t a[6])
{
	struct trap_frame *f = linux_frame();
	uint64_t mask;

	if (signal_frame_pop(f, &mask)) {
		signal_force_current(SIGSEGV, SIGNAL_CODE_KERNEL, 0);
		f->error = NO_CALL;
		return 0;
	}
	signal_set_mask(mask);
	trap_return(f);
}

int64_t linux_sys_sigaltstack(const uint64_t a[6])
{
	uint64_t rsp = linux_frame()->rsp;
	struct linux_stack new, old;
	int err;

	if (a[0] && copy_from_user(&new, user_ptr(a[0]), sizeof(new)))
		return -EFAULT;
	altstack_get(&old, rsp);
	if (a[0]) {
		err = altstack_set(&new, rsp);
		if (err)
			return err;
	}
	return a[1] ? copy_to_user(user_ptr(a[1]), &old, sizeof(old)) : 0;
}

int linux_set_temporary_mask(uint64_t user_mask, uint64_t bytes)
{
	struct ps_thread *t = ps_current_thread();
	uint64_t mask;
	int err;

	if (!user_mask)
		return 0;
	err = mask_in(user_mask, bytes, &mask);
	if (err)
		return err;
	t->saved_mask = t->blocked;
	t->has_saved_mask = true;
	signal_set_mask(mask);
	return 0;
}

void linux_end_temporary_mask(bool interrupted)
{
	struct ps_thread *t = ps_current_thread();

	if (!t->has_saved_mask || interrupted)
		return;
	t->has_saved_mask = false;
	signal_set_mask(t->saved_mask);
}

static int64_t wait_for_signal(void)
{
	while (!signal_is_pending())
		thread_block(INTERRUPT_LINUX, 0);
	return -ERESTARTNOHAND;
}

int64_t linux_sys_pause(const uint64_t a[6])
{
	return wait_for_signal();
}

int64_t linux_sys_rt_sigsuspend(const uint64_t a[6])
{
	struct ps_thread *t = ps_current_thread();
	uint64_t mask;
	int err = mask_in(a[0], a[1], &mask);

	if (err)
		return err;
	t->saved_mask = t->blocked;
	t->has_saved_mask = true;
	signal_set_mask(mask);
	return wait_for_signal();
}

int64_t linux_sys_rt_sigtimedwait(const uint64_t a[6])
{
	struct process *p = ps_current();
	struct signal_info info;
	uint64_t set, ns = 0, deadline = 0;
	int sig, err;

	err = mask_in(a[0], a[3], &set);
	if (err)
		return err;
	set &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
	if (a[2]) {
		err = linux_timespec_in(a[2], &ns);
		if (err)
			return err;
		deadline = linux_deadline_after(ns);
	}
	sig = signal_dequeue(set, &info);
	if (!sig && (!a[2] || ns)) {
		err = WAIT_EVENT(&p->signal_wait, (sig = signal_dequeue(set, &info)) != 0, INTERRUPT_LINUX, deadline);
		if (err == -EINTR)
			return -EINTR;
	}
	if (!sig)
		return -EAGAIN;
	linux_timer_signal_taken(&info);
	if (a[1] && copy_to_user(user_ptr(a[1]), &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

/* ---- sending ---- */

static struct signal_info info_of_sender(int sig, int code)
{
	struct process *me = ps_current();

	return (struct signal_info){
		.signo = sig,
		.code = code,
		.fields = { me->pid | (uint64_t)me->credentials.uid << 32 },
	};
}

int64_t linux_sys_kill(const uint64_t a[6])
{
	struct signal_info info = info_of_sender((int)a[1], SIGNAL_CODE_USER);

	return signal_kill((int32_t)a[0], (int)a[1], &info);
}

/* A leader whose threads live on can be named, and takes nothing. */
static int64_t send_to_ended_leader(uint32_t tgid, uint32_t tid, int sig)
{
	struct process *p = !tgid || tgid == tid ? ps_find(tid) : NULL;
	int64_t ret;

	if (!p)
		return -ESRCH;
	ret = signal_permission(p, sig);
	ps_put(p);
	return ret;
}

/* @tgid 0: any. */
static int64_t send_to_thread(uint32_t tgid, uint32_t tid, int sig, const struct signal_info *info)
{
	struct ps_thread *t;
	int64_t ret;

	if (sig < 0 || sig > PS_NSIG)
		return -EINVAL;
	t = ps_find_thread(tid);
	if (!t)
		return send_to_ended_leader(tgid, tid, sig);
	ret = tgid && t->process->pid != tgid ? -ESRCH : signal_permission(t->process, sig);
	if (!ret && sig)
		ret = signal_send_thread(t, sig, info);
	ps_thread_put(t);
	return ret;
}

int64_t linux_sys_tkill(const uint64_t a[6])
{
	struct signal_info info = info_of_sender((int)a[1], SIGNAL_CODE_TKILL);

	if ((int32_t)a[0] <= 0)
		return -EINVAL;
	return send_to_thread(0, (uint32_t)a[0], (int)a[1], &info);
}

int64_t linux_sys_tgkill(const uint64_t a[6])
{
	struct signal_info info = info_of_sender((int)a[2], SIGNAL_CODE_TKILL);

	if ((int32_t)a[0] <= 0 || (int32_t)a[1] <= 0)
		return -EINVAL;
	return send_to_thread((uint32_t)a[0], (uint32_t)a[1], (int)a[2], &info);
}

/* Nobody may look like the kernel or like kill(2) to another process (man 2 rt_sigqueueinfo). */
static int queued_info_in(uint64_t user, int sig, int32_t target, struct signal_info *info)
{
	if (copy_from_user(info, user_ptr(user), sizeof(*info)))
		return -EFAULT;
	info->signo = sig;
	if ((info->code >= 0 || info->code == SIGNAL_CODE_TKILL) && target != (int32_t)current_thread()->tid)
		return -EPERM;
	return 0;
}

int64_t linux_sys_rt_sigqueueinfo(const uint64_t a[6])
{
	struct signal_info info;
	int err = queued_info_in(a[2], (int)a[1], (int32_t)a[0], &info);

	if (err)
		return err;
	if ((int32_t)a[0] <= 0)
		return -ESRCH;
	return signal_kill((int32_t)a[0], (int)a[1], &info);
}

int64_t linux_sys_rt_tgsigqueueinfo(const uint64_t a[6])
{
	struct signal_info info;
	int err = queued_info_in(a[3], (int)a[2], (int32_t)a[1], &info);

	if (!err && ((int32_t)a[0] <= 0 || (int32_t)a[1] <= 0))
		err = -EINVAL;
	return err ? err : send_to_thread((uint32_t)a[0], (uint32_t)a[1], (int)a[2], &info);
}

/* ---- going on after a signal that was nobody's ---- */

int64_t linux_set_restart(int64_t (*fn)(struct ps_thread *t), uint64_t deadline_ns, uint64_t a0, uint64_t a1, uint64_t a2,
	uint64_t a3)
{
	struct ps_thread *t = ps_current_thread();

	t->restart = (struct ps_restart){ .fn = fn, .deadline_ns = deadline_ns, .args = { a0, a1, a2, a3 } };
	return -ERESTART_RESTARTBLOCK;
}

int64_t linux_sys_restart_syscall(const uint64_t a[6])
{
	struct ps_thread *t = ps_current_thread();
	int64_t (*fn)(struct ps_thread *) = t->restart.fn;

	t->restart.fn = NULL;
	return fn ? fn(t) : -EINTR;
}
