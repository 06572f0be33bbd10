/* kernel/compat/src/linux/service_fault.c: where a service faulted or hangs, with the names from its file.
 *
 * Services are linked where they run and keep frame pointers, and their files lie in the
 * bundle with all symbols. Nothing of what the service has in memory is trusted.
 */
#include <elf/elf.h>
#include <io/inode.h>
#include <mm/object.h>
#include <mm/space.h>
#include <nucleus/log.h>

#include "dispatch.h"

#define MAX_FRAMES 16
#define NAME_BYTES 64
#define PATH_BYTES 96
#define PUSH_RBP 0x55	/* how a function with a frame begins */
#define MAX_STALLED_THREADS 16

/* A service, looked into from any process. */
struct service_view {
	struct process *process;
	struct elf_source file;		/* ctx NULL: the bundle has none */
};

static int read_object(void *object, uint64_t offset, void *buf, size_t len)
{
	int64_t n = mm_object_read(object, offset, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

static void open_view(struct service_view *v, struct process *p)
{
	struct mm_object *object;
	char path[PATH_BYTES];

	*v = (struct service_view){ .process = p, .file = { .read = read_object } };
	ksnprintf(path, sizeof(path), "services/%s/%s.elf", p->name, p->name);
	if (!bundle_open(path, &object, &v->file.file_size))
		v->file.ctx = object;
}

static void close_view(struct service_view *v)
{
	mm_object_put(v->file.ctx);
}

static bool read_memory(const struct service_view *v, uint64_t address, void *buf, size_t len)
{
	return mm_space_copy(v->process->space, address, buf, len, false) == (int64_t)len;
}

/* Returns: the address of the function that @rip lies in, or 0. */
static uint64_t report_place(const struct elf_source *file, uint64_t rip)
{
	char name[NAME_BYTES] = "?";
	uint64_t offset = 0;
	bool is_known = file->ctx && !elf_function_at(file, rip, name, sizeof(name), &offset);

	log_error(SERVICE, "    %012llx %s+%llxh", (unsigned long long)rip, name, (unsigned long long)offset);
	return is_known ? rip - offset : 0;
}

/* The compiler gives a function that calls nobody no frame: its caller is where @rsp points. */
static void report_caller_of_leaf(const struct service_view *v, uint64_t function, uint64_t rsp)
{
	uint8_t first;
	uint64_t rip;

	if (!function || !read_memory(v, function, &first, sizeof(first)) || first == PUSH_RBP)
		return;
	if (read_memory(v, rsp, &rip, sizeof(rip)))
		report_place(&v->file, rip - 1);
}

/* A return address points behind the call, which may be its function's last instruction. */
static void report_callers(const struct service_view *v, uint64_t rbp)
{
	uint64_t frame[2];

	for (int i = 0; i < MAX_FRAMES; i++) {
		if (rbp % sizeof(uint64_t) || !read_memory(v, rbp, frame, sizeof(frame)) || !frame[1])
			return;
		report_place(&v->file, frame[1] - 1);
		if (frame[0] <= rbp)
			return;
		rbp = frame[0];
	}
}

static void report_stack(const struct service_view *v, uint64_t rip, uint64_t rsp, uint64_t rbp)
{
	report_caller_of_leaf(v, report_place(&v->file, rip), rsp);
	report_callers(v, rbp);
}

void service_fault_report(const struct trap_frame *f, uint64_t address)
{
	struct process *p = ps_current();
	struct service_view v;

	log_error(SERVICE, "%s (pid %u) faulted: vector %u, error %llx, address %llx, rip %llx, rsp %llx", p->name, p->pid,
		  (unsigned)f->vector, (unsigned long long)f->error, (unsigned long long)address,
		  (unsigned long long)f->rip, (unsigned long long)f->rsp);
	open_view(&v, p);
	report_stack(&v, f->rip, f->rsp, f->rbp);
	close_view(&v);
}

/* ---- a service that does not answer ---- */

/* What was pushed when a thread left its CPU, from the top of the stack on (switch.S). */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

/* The thread may run on meanwhile: only its own stack is read, and that stays. */
static bool is_on_stack(const struct thread *t, uint64_t at, size_t len)
{
	return !(at & 7) && at >= t->kernel_stack_top - KERNEL_STACK_BYTES && at <= t->kernel_stack_top - len;
}

static void report_kernel_place(uint64_t rip)
{
	uint64_t offset = 0;
	const char *name = ksym_lookup(rip, &offset);

	log_error(SERVICE, "    %012llx %s+%llxh", (unsigned long long)rip, name ? name : "?", (unsigned long long)offset);
}

static void report_kernel_stack(const struct thread *t)
{
	uint64_t rsp = READ_ONCE(t->saved_rsp), rbp;

	if (!is_on_stack(t, rsp, sizeof(struct switch_frame)))
		return;
	report_kernel_place(((const struct switch_frame *)rsp)->rip);
	rbp = ((const struct switch_frame *)rsp)->rbp;
	for (int i = 0; i < MAX_FRAMES && is_on_stack(t, rbp, 2 * sizeof(uint64_t)); i++) {
		const uint64_t *frame = (const uint64_t *)rbp;

		report_kernel_place(frame[1]);
		if (frame[0] <= rbp)
			return;
		rbp = frame[0];
	}
}

static void report_thread(const struct service_view *v, const struct ps_thread *t)
{
	const struct trap_frame *f = ps_user_frame(t);

	log_error(SERVICE, "  thread %u, %s", t->thread.tid, t->thread.state == THREAD_BLOCKED ? "waiting" : "running");
	if (t->thread.state == THREAD_BLOCKED)
		report_kernel_stack(&t->thread);
	report_stack(v, f->rip, f->rsp, f->rbp);
}

/* Its threads, references. Returns: how many. */
static unsigned int gather_threads(struct process *p, struct ps_thread *out[MAX_STALLED_THREADS])
{
	uint64_t flags = spin_lock_irqsave(&p->signal_lock);
	unsigned int n = 0;
	struct ps_thread *t;

	LIST_FOR_EACH_ENTRY(t, &p->threads, process_node) {
		if (n == MAX_STALLED_THREADS)
			break;
		object_get(&t->object);
		out[n++] = t;
	}
	spin_unlock_irqrestore(&p->signal_lock, flags);
	return n;
}

void service_stall_report(uint32_t pid)
{
	static bool is_told;	/* the first tells what those that wait behind it would repeat */
	struct ps_thread *threads[MAX_STALLED_THREADS];
	struct process *p = ps_find(pid);
	struct service_view v;
	unsigned int n;

	if (!p)
		return;
	if (p->space && !__atomic_exchange_n(&is_told, true, __ATOMIC_RELAXED)) {
		log_error(SERVICE, "%s (pid %u) has not answered in time:", p->name, pid);
		open_view(&v, p);
		n = gather_threads(p, threads);
		for (unsigned int i = 0; i < n; i++) {
			report_thread(&v, threads[i]);
			ps_thread_put(threads[i]);
		}
		close_view(&v);
	}
	ps_put(p);
}
