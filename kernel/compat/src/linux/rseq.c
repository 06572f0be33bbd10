/* kernel/compat/src/linux/rseq.c: restartable sequences (man 2 rseq, linux/rseq.h).
 *
 * Whoever was off its CPU, or is about to run a handler, while in a critical section
 * goes on at the section's abort address; then its struct rseq says which CPU it is
 * on. The scheduler asks for that by INTERRUPT_RETURN each time the thread leaves a CPU.
 */
#include <asm/signal.h>
#include <linux/rseq.h>
#include <mm/usercopy.h>

#include "dispatch.h"

#define RSEQ_BYTES 32		/* of the first struct, which glibc 2.36 registers */
#define RSEQ_ALIGN 32
#define RSEQ_FEATURE_BYTES 28	/* with node_id and mm_cid */
#define SIGNATURE_BYTES 4	/* stands before the abort address */

/* Of Linux 6.3; older headers end after the flags. */
struct rseq_area {
	uint32_t cpu_id_start, cpu_id;
	uint64_t rseq_cs;
	uint32_t flags;
	uint32_t node_id, mm_cid;
};

static uint64_t field(const struct ps_thread *t, size_t offset)
{
	return t->rseq + offset;
}

static bool is_in_section(const struct rseq_cs *cs, uint64_t rip)
{
	return rip - cs->start_ip < cs->post_commit_offset;
}

/* A section that no assembler makes is refused before it can send anybody anywhere. */
static int check_section(const struct ps_thread *t, const struct rseq_cs *cs)
{
	uint64_t end = cs->start_ip + cs->post_commit_offset;
	uint32_t signature;

	if (cs->start_ip >= USER_TOP || end >= USER_TOP || end < cs->start_ip || cs->abort_ip >= USER_TOP || cs->version)
		return -EINVAL;
	if (is_in_section(cs, cs->abort_ip) || cs->abort_ip < SIGNATURE_BYTES)
		return -EINVAL;
	if (copy_from_user(&signature, user_ptr(cs->abort_ip - SIGNATURE_BYTES), sizeof(signature)))
		return -EFAULT;
	return signature == t->rseq_signature ? 0 : -EINVAL;
}

static int leave_section(struct ps_thread *t, struct trap_frame *f)
{
	uint64_t address, none = 0;
	struct rseq_cs cs;
	uint32_t flags;
	int err;

	if (copy_from_user(&address, user_ptr(field(t, offsetof(struct rseq_area, rseq_cs))), sizeof(address)))
		return -EFAULT;
	if (!address)
		return 0;
	if (address >= USER_TOP)
		return -EINVAL;
	if (copy_from_user(&cs, user_ptr(address), sizeof(cs)))
		return -EFAULT;
	err = check_section(t, &cs);
	if (err)
		return err;
	if (is_in_section(&cs, f->rip)) {
		/* Sections that do not restart are history (Linux 5.18 and later). */
		if (copy_from_user(&flags, user_ptr(field(t, offsetof(struct rseq_area, flags))), sizeof(flags)))
			return -EFAULT;
		if (flags || cs.flags)
			return -EINVAL;
		f->rip = f->rcx = cs.abort_ip;
	}
	return copy_to_user(user_ptr(field(t, offsetof(struct rseq_area, rseq_cs))), &none, sizeof(none));
}

static int write_ids(struct ps_thread *t, uint32_t start, uint32_t cpu, uint32_t mm_cid)
{
	uint32_t ids[2] = { start, cpu }, more[2] = { 0, mm_cid };

	if (copy_to_user(user_ptr(t->rseq), ids, sizeof(ids)))
		return -EFAULT;
	return copy_to_user(user_ptr(field(t, offsetof(struct rseq_area, node_id))), more, sizeof(more));
}

static int show_cpu(struct ps_thread *t)
{
	uint32_t cpu = cpu_index();

	if (t->rseq_cpu == cpu)
		return 0;
	/* No two threads run on one CPU at a time: its index serves as mm_cid. */
	if (write_ids(t, cpu, cpu, cpu))
		return -EFAULT;
	t->rseq_cpu = cpu;
	return 0;
}

void linux_rseq_return(struct trap_frame *f)
{
	struct ps_thread *t = ps_current_thread();

	/* Cleared first: a switch from here on asks again. */
	thread_clear_interrupt(&t->thread, INTERRUPT_RETURN);
	if (t->rseq && (leave_section(t, f) || show_cpu(t)))
		signal_force_current(SIGSEGV, SIGNAL_CODE_KERNEL, 0);
}

void linux_rseq_signal(struct trap_frame *f)
{
	if (leave_section(ps_current_thread(), f))
		signal_force_current(SIGSEGV, SIGNAL_CODE_KERNEL, 0);
}

static int64_t unregister(struct ps_thread *t, uint64_t address, uint32_t bytes, uint32_t signature)
{
	if (!t->rseq || t->rseq != address || t->rseq_bytes != bytes)
		return -EINVAL;
	if (t->rseq_signature != signature)
		return -EPERM;
	if (write_ids(t, 0, (uint32_t)RSEQ_CPU_ID_UNINITIALIZED, 0))
		return -EFAULT;
	t->thread.interrupts_on_switch = 0;
	t->rseq = 0;
	return 0;
}

static bool is_aligned(uint64_t address, uint32_t bytes)
{
	return !(address % RSEQ_ALIGN) && bytes >= (bytes == RSEQ_BYTES ? RSEQ_BYTES : RSEQ_FEATURE_BYTES);
}

int64_t linux_sys_rseq(const uint64_t a[6])
{
	struct ps_thread *t = ps_current_thread();
	uint32_t bytes = (uint32_t)a[1], signature = (uint32_t)a[3];
	int flags = (int)a[2];

	if (flags == RSEQ_FLAG_UNREGISTER)
		return unregister(t, a[0], bytes, signature);
	if (flags)
		return -EINVAL;
	if (t->rseq) {
		if (t->rseq != a[0] || t->rseq_bytes != bytes)
			return -EINVAL;
		return t->rseq_signature == signature ? -EBUSY : -EPERM;
	}
	if (!is_aligned(a[0], bytes))
		return -EINVAL;
	if (a[0] >= USER_TOP || bytes > USER_TOP - a[0])
		return -EFAULT;
	t->rseq = a[0];
	t->rseq_bytes = bytes;
	t->rseq_signature = signature;
	t->rseq_cpu = (uint32_t)RSEQ_CPU_ID_UNINITIALIZED;
	t->thread.interrupts_on_switch = INTERRUPT_RETURN;
	thread_interrupt(&t->thread, INTERRUPT_RETURN);
	return 0;
}
