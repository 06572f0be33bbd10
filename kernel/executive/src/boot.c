/* kernel/executive/src/boot.c: the order in which the machine comes up.
 *
 * traps → memory → firmware tables → clocks → scheduler → fault injection → modules
 * → other CPUs → devices → rootd. Each step may use what stands before it and
 * nothing else.
 */
#include <albireo/exec_request.h>
#include <compat/compat.h>
#include <hal/hal.h>
#include <io/inode.h>
#include <io/screen.h>
#include <ipc/endpoint.h>
#include <ipc/lease.h>
#include <lowlevel/cpu.h>
#include <mm/heap.h>
#include <mm/space.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <ps/process.h>
#include <sched/thread.h>
#include "internal.h"

#define CONFIG_MAX 4096

extern struct percpu boot_percpu;
static struct thread idle_threads[MAX_CPUS];

void kernel_main(uint64_t start_info, enum boot_door door) __noreturn;

static void current_ids(uint32_t *pid, uint32_t *tid)
{
	struct thread *t = current_thread();

	*tid = t ? t->tid : 0;
	*pid = t && !t->is_kernel ? ps_current()->pid : 0;
}

static struct thread *kthread_alloc(uint64_t *stack_top)
{
	struct thread *t = kmalloc(sizeof(*t), 0);

	*stack_top = t ? mm_stack_alloc() : 0;
	if (t && !*stack_top) {
		kfree(t);
		return NULL;
	}
	return t;
}

static void become_idle(void)
{
	struct thread *idle = &idle_threads[cpu_index()];

	ksnprintf(idle->name, sizeof(idle->name), "idle/%u", cpu_index());
	sched_init_cpu(this_cpu(), idle);
}

/* Another CPU, on its own stack with the boot tables' identity map. */
static void other_cpu(void)
{
	lowlevel_cpu_init(this_cpu());
	write_cr3(mm_kernel_pml4);
	hal_apic_init();
	mm_init_cpu();
	become_idle();
	__atomic_fetch_add(&percpu_count, 1, __ATOMIC_ACQ_REL);
	interrupts_enable();
	sched_start_cpu();
}

static void *exception_stacks_alloc(void)
{
	return kmalloc(EXCEPTION_STACKS_BYTES, 0);	/* blocks of this size are aligned to it */
}

/* Sleep where that is allowed, else spin. */
static void fault_delay(uint64_t ns)
{
	uint64_t until = hal_clock_ns() + ns;

	while (hal_clock_ns() < until) {
		if (interrupts_are_enabled() && !this_cpu()->interrupt_depth && !current_thread()->is_idle)
			thread_block(0, until);
		else
			cpu_pause();
	}
}

static void configure(const char *file, void (*apply)(const char *, size_t))
{
	static char text[CONFIG_MAX];
	int64_t n = hal_fw_cfg_read(file, text, sizeof(text), 0);

	if (n > 0)
		apply(text, (size_t)MIN((uint64_t)n, sizeof(text)));
}

static void early(uint64_t start_info, enum boot_door door)
{
	static const struct log_ops ops = { .now_ns = hal_clock_ns, .current_ids = current_ids };

	percpu_count = 1;
	boot_percpu.stack_canary = rdtsc() * 0x9e3779b97f4a7c15ull & ~0xffull;
	lowlevel_cpu_init(&boot_percpu);
	interrupts_init();
	hal_boot_info_init(start_info, door);
	mm_early_init(&boot_info);
	screen_init();
	hal_acpi_init(boot_info.rsdp);
	hal_apic_init();
	hal_clock_init();
	log_set_ops(&ops);
	clock_set_realtime_ns(hal_rtc_seconds() * NSEC_PER_SEC);
}

void kernel_main(uint64_t start_info, enum boot_door door)
{
	early(start_info, door);
	mm_init_cpu();
	boot_percpu.kernel_stack = mm_stack_alloc();
	sched_ops.kthread_alloc = kthread_alloc;
	sched_ops.switch_space = mm_space_switch;
	become_idle();
	configure(EXEC_LOG_FILE, log_configure);
	configure(EXEC_IDLE_FILE, sched_configure_idle);
	fault_set_delay(fault_delay);
	configure(EXEC_FAULT_FILE, fault_configure);
	lease_init();
	ipc_init();
	ps_init();
	io_init();
	compat_init();
	measure_init();
	hal_start_cpus(mm_stack_alloc, exception_stacks_alloc, mm_kernel_pml4, other_cpu);
	log_info(BOOT, "%u CPUs run", percpu_count);
	interrupts_enable();
	mm_start_threads();
	screen_start_thread();
	io_init_devices();
	rootd_start();
	sched_start_cpu();
}
