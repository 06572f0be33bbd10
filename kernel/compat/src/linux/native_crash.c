/* kernel/compat/src/linux/native_crash.c: deliberate faults, to see that a report names its place.
 *
 * A place is named by rootd's DEBUG_CRASH, or by the firmware configuration file
 * opt/albireo/debug-crash: then it is reached when the first program is executed.
 *
 * Each place is reached as real code reaches it: the null write is in a callback that
 * the module calls from its own context, so that the backtrace shows that context; the
 * barriers keep frames that tail calls would drop. Builds with debug checks have places that
 * fault in other ways, one for each check that has its report without a panic.
 */
#include <hal/hal.h>
#include <io/event.h>
#include <io/file.h>
#include <ipc/endpoint.h>
#include <ipc/lease.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#include "native.h"

#define NAME_BYTES 32
#define CRASH_FILE "opt/albireo/debug-crash"
#define HEAP_PREFIX "heap-"	/* before a service's name: it misuses its heap */
#define WAIT_NS (100 * NSEC_PER_MSEC)
#define CRASH_SUBJECT (~1ull)

static void __noinline null_write(void)
{
	volatile uint64_t *null = NULL;

	/* The compiler would turn a visible null write into ud2; the backtrace wants a frame. */
	__asm__ volatile("" : "+r"(null) : "r"(__builtin_frame_address(0)));
	*null = 1;
}

static void crash_in_syscall(void)
{
	null_write();
	barrier();
}

static void on_timer(struct ktimer *timer)
{
	null_write();
	barrier();
}

static void crash_in_interrupt(void)
{
	static struct ktimer timer;

	ktimer_init(&timer, on_timer, NULL);
	ktimer_start(&timer, clock_monotonic_ns() + NSEC_PER_MSEC);
	thread_block(0, clock_monotonic_ns() + WAIT_NS);
}

static void on_thread(void *arg)
{
	null_write();
	barrier();
}

static void crash_in_kernel_thread(void)
{
	kthread_create("crash", on_thread, NULL);
	thread_block(0, clock_monotonic_ns() + WAIT_NS);
}

static int on_page_in(struct mm_object *obj, uint64_t index, uint32_t npages)
{
	null_write();
	barrier();
	return -EIO;
}

static void crash_in_pager(void)
{
	static const struct mm_pager_ops ops = { .page_in = on_page_in };
	static struct mm_object object;
	struct frame *frame;

	mm_object_init(&object, PAGE_SIZE, &ops, NULL);
	if (!mm_object_page_get(&object, 0, 0, 0, &frame) && frame)
		frame_put(frame);
}

static void on_lease_release(struct lease_payload *payload)
{
	null_write();
	barrier();
}

static void crash_in_lease(void)
{
	static struct lease_payload payload = { .release = on_lease_release };

	refcount_set(&payload.refs, 1);
	lease_grant(LEASE_IMAGE, CRASH_SUBJECT, "crash", 5, ~0ull, VFS_LEASE_FOREVER, &payload);
	lease_revoke(LEASE_IMAGE, CRASH_SUBJECT, "crash", 5, 0);
	barrier();
}

static void on_notified(struct ipc_notification *n)
{
	null_write();
	barrier();
}

/* The receiver, procd, runs `done` inside its receive call. */
static void crash_in_ipc(void)
{
	static struct ipc_notification n = { .words = { PROCD_EXITED }, .done = on_notified };

	ipc_notify_service(SERVICE_PROCD, &n);
	thread_block(0, clock_monotonic_ns() + WAIT_NS);
}

static bool on_wake(struct waiter *w, uint64_t key)
{
	null_write();
	barrier();
	return true;
}

static void crash_in_wait_queue(void)
{
	static struct wait_queue queue;
	static struct waiter waiter;

	waitq_init(&queue);
	waiter_init(&waiter);
	waiter.wake = on_wake;
	waitq_add(&queue, &waiter);
	waitq_wake_all(&queue, 0);
	barrier();
}

static void on_file_release(struct file *f)
{
	null_write();
	barrier();
}

static void crash_in_file(void)
{
	static const struct file_ops ops = { .name = "crash", .release = on_file_release };
	struct file *f;

	if (!file_create(&ops, 0, NULL, &f))
		file_put(f);
	barrier();
}

static void on_object_release(struct object *obj)
{
	null_write();
	barrier();
}

static void crash_in_handle(void)
{
	static const struct object_type type = { .name = "crash", .kind = OBJECT_THREAD, .release = on_object_release };
	static struct object object;
	int h;

	object_init(&object, &type);
	h = handle_install(ps_current()->handles, &object, 0, 0, 0, NATIVE_MAX_HANDLE);
	object_put(&object);
	handle_close(ps_current()->handles, h, ps_current());
	barrier();
}

static void on_process(struct process *p, void *context)
{
	null_write();
	barrier();
}

static void crash_in_process_tree(void)
{
	ps_for_each(on_process, NULL);
	barrier();
}

#ifdef CONFIG_DEBUG
static void leak(void)
{
	struct file *forgotten;

	(void)eventfd_create_file(0, false, 0, &forgotten);
}

/* Down to half of what is to be left. */
static void __noinline use_stack(uint64_t bottom)
{
	volatile char frame[256];

	frame[0] = 0;
	if ((uint64_t)frame > bottom + MM_STACK_RESERVE / 2 + sizeof(frame))
		use_stack(bottom);
	barrier();
}

static void use_nearly_all_stack(void)
{
	use_stack(current_thread()->kernel_stack_top - KERNEL_STACK_BYTES);
}
#endif

static const struct { const char *name; uint32_t id; } services[] = {
#define SERVICE(number, upper, service_name, rank, capability) { #service_name, number },
#include "services.def"
#undef SERVICE
};

static bool is_service_crashing;

static void on_crash_taken(struct ipc_notification *n)
{
	atomic_store(&is_service_crashing, false);
}

/* @how: words[1] of IPC_CRASH. */
static int crash_in_service(uint32_t id, uint64_t how)
{
	static struct ipc_notification n;

	if (atomic_xchg(&is_service_crashing, true))
		return -EBUSY;
	n = (struct ipc_notification){ .words = { IPC_CRASH, how }, .done = on_crash_taken };
	ipc_notify_service(id, &n);
	return 0;
}

static const struct { const char *name; void (*fn)(void); } places[] = {
	{ "syscall", crash_in_syscall },
	{ "interrupt", crash_in_interrupt },
	{ "kernel-thread", crash_in_kernel_thread },
	{ "pager", crash_in_pager },
	{ "lease", crash_in_lease },
	{ "ipc", crash_in_ipc },
	{ "wait-queue", crash_in_wait_queue },
	{ "file", crash_in_file },
	{ "handle", crash_in_handle },
	{ "process-tree", crash_in_process_tree },
#ifdef CONFIG_DEBUG
	{ "leak", leak },
	{ "stack", use_nearly_all_stack },
#endif
};

static const char *after_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) ? NULL : name + strlen(prefix);
}

static int64_t crash_in(const char *name)
{
	const char *heap_of = after_prefix(name, HEAP_PREFIX);

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		if (!strcmp(name, places[i].name)) {
			places[i].fn();
			return -EIO;	/* it did not happen */
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (!strcmp(heap_of ?: name, services[i].name))
			return crash_in_service(services[i].id, heap_of ? IPC_CRASH_HEAP : IPC_CRASH_NULL);
	}
	return -ENOENT;
}

static char wanted_place[NAME_BYTES];

void linux_crash_init(void)
{
	hal_fw_cfg_read(CRASH_FILE, wanted_place, sizeof(wanted_place) - 1, 0);
}

void linux_crash_if_wanted(void)
{
	if (likely(!wanted_place[0]))
		return;
	log_warn(DEBUG, "crashing in '%s' as asked", wanted_place);
	crash_in(wanted_place);
	wanted_place[0] = '\0';
}

int64_t native_DEBUG_CRASH(const uint64_t a[4])
{
	char name[NAME_BYTES] = { 0 };

	if (a[1] >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, user_ptr(a[0]), a[1]))
		return -EFAULT;
	return crash_in(name);
}
