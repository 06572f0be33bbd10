/* kernel/io-manager/src/driver_work.c: what drivers do in threads, and PCI functions that come and go.
 *
 * Locking: watches_lock (DEVICE) guards the list of watches. Listeners are called, and added to, while modules
 * are held: no driver starts meanwhile.
 */
#include <driver/api.h>
#include <errno.h>
#include <hal/hal.h>
#include <io/module.h>
#include <mm/heap.h>
#include <nucleus/atomic.h>
#include <sched/wait.h>

struct drv_worker {
	struct wait_queue wait;
	void (*fn)(void *context);
	void *context;
	uint32_t is_wanted;
};

static void worker_run(void *arg)
{
	struct drv_worker *w = arg;

	for (;;) {
		WAIT_EVENT(&w->wait, atomic_load(&w->is_wanted), 0, 0);
		atomic_store(&w->is_wanted, 0);
		w->fn(w->context);
	}
}

struct drv_worker *drv_worker_create(const char *name, void (*fn)(void *), void *context)
{
	struct drv_worker *w = kmalloc(sizeof(*w), 0);

	if (!w)
		return NULL;
	waitq_init(&w->wait);
	w->fn = fn;
	w->context = context;
	if (kthread_create(name, worker_run, w))
		return w;
	kfree(w);
	return NULL;
}

void drv_worker_wake(struct drv_worker *w)
{
	atomic_store(&w->is_wanted, 1);
	waitq_wake_all(&w->wait, 0);
}

/* ---- functions that go ---- */

struct watch {
	struct watch *next;
	uint16_t bdf;
	void (*removed)(void *context);
	void *context;
};

static struct spinlock watches_lock = SPINLOCK_INIT(DEVICE);
static struct watch *watches;

int drv_pci_watch(uint16_t bdf, void (*removed)(void *), void *context)
{
	struct watch *w = kmalloc(sizeof(*w), 0);

	if (!w)
		return -ENOMEM;
	*w = (struct watch){ .bdf = bdf, .removed = removed, .context = context };
	spin_lock(&watches_lock);
	w->next = watches;
	watches = w;
	spin_unlock(&watches_lock);
	return 0;
}

/* Take the first watch of a function on @bus off the list. */
static struct watch *take_watch(uint8_t bus)
{
	struct watch **link, *found;

	spin_lock(&watches_lock);
	for (link = &watches; *link && (*link)->bdf >> 8 != bus; link = &(*link)->next)
		;
	found = *link;
	if (found)
		*link = found->next;
	spin_unlock(&watches_lock);
	return found;
}

void drv_pci_removed(uint8_t bus)
{
	struct watch *w;

	module_hold();
	while ((w = take_watch(bus))) {
		w->removed(w->context);
		kfree(w);
	}
	module_resume();
	device_changed();
}

/* ---- functions that come ---- */

struct listener {
	struct listener *next;
	void (*arrived)(uint16_t bdf, void *context);
	void *context;
};

static struct listener *listeners;

int drv_pci_listen(void (*arrived)(uint16_t bdf, void *context), void *context)
{
	struct listener *l = kmalloc(sizeof(*l), 0);

	if (!l)
		return -ENOMEM;
	*l = (struct listener){ .next = listeners, .arrived = arrived, .context = context };
	listeners = l;
	return 0;
}

static bool is_watched(uint16_t bdf)
{
	const struct watch *w;

	spin_lock(&watches_lock);
	for (w = watches; w && w->bdf != bdf; w = w->next)
		;
	spin_unlock(&watches_lock);
	return w;
}

static void tell_listeners(uint16_t bdf, void *bus)
{
	if (bdf >> 8 != *(const uint8_t *)bus)
		return;
	for (const struct listener *l = listeners; l && !is_watched(bdf); l = l->next)
		l->arrived(bdf, l->context);
}

int drv_pci_added(uint8_t bus, int (*prepare)(void *context), void *context)
{
	int err;

	module_hold();
	err = prepare(context);
	if (!err)
		hal_pci_for_each(tell_listeners, &bus);
	module_resume();
	device_changed();
	return err;
}
