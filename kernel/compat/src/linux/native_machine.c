/* kernel/compat/src/linux/native_machine.c: the launcher's calls, and what tells how the machine does. */
#include <hal/hal.h>
#include <io/inode.h>
#include <io/module.h>
#include <io/port.h>
#include <lowlevel/cpu.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/counter.h>
#include <nucleus/log.h>
#include <string.h>

#include "end_checks.h"
#include "native.h"

#define COUNTERS_BYTES (32u << 10)

/* ---- counters as text: one "name value" a line ---- */

struct text {
	char *buf;
	size_t len, cap;
};

static void line(struct text *t, const char *prefix, const char *name, const char *suffix, uint64_t value)
{
	int n = ksnprintf(t->buf + t->len, t->cap - t->len, "%s%s%s %llu\n", prefix, name, suffix,
			  (unsigned long long)value);

	if (n > 0)
		t->len = MIN(t->len + (size_t)n, t->cap - 1);
}

static void heap_line(const char *name, uint32_t size, uint64_t live, void *context)
{
	line(context, "heap.", name, ".live", live);
}

static void count_handles(struct process *p, void *context)
{
	uint64_t *n = context;

	/* An ending process takes its table away under this lock. */
	spin_lock(&p->lock);
	if (p->handles)
		*n += handle_count(p->handles);
	spin_unlock(&p->lock);
}

static void memory_lines(struct text *t)
{
	struct mm_statistics mm;

	mm_statistics(&mm);
	line(t, "frames.", "total", "", mm.total_pages);
	line(t, "frames.", "free", "", mm.free_pages);
	line(t, "frames.", "cached", "", mm.cached_pages);
	line(t, "frames.", "mapped", "", mm.mapped_pages);
	line(t, "frames.", "anonymous", "", mm.anon_pages);
	line(t, "frames.", "slab", "", mm.slab_pages);
	line(t, "frames.", "shared", "", mm.shmem_pages);
	line(t, "frames.", "page-tables", "", mm.page_table_pages);
	line(t, "frames.", "kernel-stacks", "", mm.kernel_stack_pages);
}

static bool is_full(const struct text *t)
{
	return t->len == t->cap - 1;
}

/* Events come first, and who has room for a few of them gets those at once. */
static void fill_counters(struct text *t)
{
	uint64_t handles = 0;

	for (int i = 0; i < COUNTER_COUNT && !is_full(t); i++)
		line(t, "", counter_name((enum counter)i), "", counter_values[i]);
	if (is_full(t))
		return;
	for (int i = 0; i < LOCK_CLASS_COUNT; i++)
		line(t, "lock.", lock_class_name((enum lock_class)i), ".contended", lock_statistics[i].contended);
	heap_for_each_cache(heap_line, t);
	line(t, "lease.", "name", ".count", lease_count(LEASE_NAME));
	line(t, "lease.", "fold", ".count", lease_count(LEASE_FOLD));
	line(t, "lease.", "attr", ".count", lease_count(LEASE_ATTR));
	line(t, "lease.", "image", ".count", lease_count(LEASE_IMAGE));
	line(t, "lease.", "socket", ".count", lease_count(LEASE_SOCKET));
	line(t, "lease.", "key", ".count", lease_count(LEASE_KEY));
	line(t, "lease.", "value", ".count", lease_count(LEASE_VALUE));
	ps_for_each(count_handles, &handles);
	line(t, "ps.", "handles", "", handles);
	line(t, "ps.", "processes", "", ps_process_count());
	line(t, "ps.", "threads", "", ps_thread_count());
	memory_lines(t);
}

int64_t native_COUNTERS(const uint64_t a[4])
{
	struct text t = { .cap = MIN(COUNTERS_BYTES, a[1]) + 1 };
	int64_t n;

	t.buf = kmalloc(t.cap, 0);
	if (!t.buf)
		return -ENOMEM;
	fill_counters(&t);
	n = (int64_t)MIN(t.len, a[1]);
	if (copy_to_user(user_ptr(a[0]), t.buf, (size_t)n))
		n = -EFAULT;
	kfree(t.buf);
	return n;
}

/* ---- LAUNCH_BROKER ---- */

static int64_t launch_strace(uint32_t pid)
{
	struct process *p = ps_find(pid);

	if (!p)
		return -ESRCH;
	p->strace = true;
	ps_put(p);
	return 0;
}

static int64_t launch_port(uint64_t op, uint64_t arg)
{
	struct port_eof port;
	int err;

	if (op == LAUNCH_PORT_BROKEN) {
		if (strncpy_from_user(port.port, user_ptr(arg), sizeof(port.port)) < 0)
			return -EFAULT;
		return port_set_broken(port.port);
	}
	if (copy_from_user(&port, user_ptr(arg), sizeof(port)))
		return -EFAULT;
	port.port[sizeof(port.port) - 1] = '\0';
	if (op == LAUNCH_PORT_EOF)
		return port_set_eof(port.port, port.bytes);
	err = port_drain(port.port, &port.bytes);
	return err ? err : copy_to_user(user_ptr(arg), &port, sizeof(port));
}

int64_t native_LAUNCH_BROKER(const uint64_t a[4])
{
	switch (a[0]) {
	case LAUNCH_STRACE:
		return launch_strace((uint32_t)a[1]);
	case LAUNCH_SET_CLOCK:
		linux_set_realtime(a[1]);
		return 0;
	case LAUNCH_SPARE_DEVICES:
		return device_any_spare();
	case LAUNCH_REROOT:
		fs_context_reroot(ps_current()->fs);
		return 0;
	case LAUNCH_PORT_EOF:
	case LAUNCH_PORT_BROKEN:
	case LAUNCH_PORT_COUNT:
		return launch_port(a[0], a[1]);
	default:
		return -EINVAL;
	}
}

/* ---- MACHINE_BROKER ---- */

static void __noreturn end_machine(uint64_t op)
{
	mm_sync_all();
	log_info(BOOT, op == MACHINE_RESET ? "reset" : op == MACHINE_HALT ? "halt" : "power off");
	if (op == MACHINE_HALT)
		hal_halt();
	if (op == MACHINE_POWEROFF)
		hal_power_off();
	/* What cannot go off begins anew; QEMU with -no-reboot ends. */
	hal_reset();
}

int64_t native_MACHINE_BROKER(const uint64_t a[4])
{
	switch (a[0]) {
	case MACHINE_POWEROFF:
	case MACHINE_RESET:
	case MACHINE_HALT:
		end_machine(a[0]);
	case MACHINE_SYNC:
		mm_sync_all();
		return 0;
	case MACHINE_DROP_CACHES:
		io_drop_caches();
		return 0;
	case MACHINE_KILL_ALL:
		ps_kill_all_programs();
		end_checks();
		return 0;
	default:
		return -EINVAL;
	}
}
