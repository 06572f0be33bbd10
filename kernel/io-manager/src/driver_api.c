/* kernel/io-manager/src/driver_api.c: DriverKernelApiV1 on the kernel's own modules, and the built-in drivers. */
#include <driver/api.h>
#include <errno.h>
#include <format/format.h>
#include <hal/entropy.h>
#include <hal/hal.h>
#include <io/inode.h>
#include <io/module.h>
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <sched/thread.h>

extern const struct driver_entry __drivers_start[], __drivers_end[];

_Static_assert(sizeof(struct drv_lock) >= sizeof(struct spinlock), "drv_lock holds a spinlock");

void *drv_alloc(size_t bytes)
{
	return kmalloc(bytes, 0);
}

void drv_free(void *p)
{
	kfree(p);
}

uint64_t drv_dma_address(const void *p)
{
	return virt_to_phys(p);
}

volatile void *drv_map(uint64_t phys, size_t bytes)
{
	return (volatile void __force *)mm_map_device(phys, bytes);
}

int drv_irq_gsi(uint32_t gsi, bool level, bool active_low, void (*handler)(void *), void *context)
{
	return hal_irq_request_gsi(gsi, level, active_low, handler, context);
}

int drv_irq_msi(void (*handler)(void *), void *context, uint64_t *address, uint32_t *data)
{
	return hal_irq_alloc_msi(handler, context, address, data);
}

void drv_lock_init(struct drv_lock *l)
{
	spin_init((struct spinlock *)l, LOCK_QUEUE);
}

uint64_t drv_lock_acquire(struct drv_lock *l)
{
	return spin_lock_irqsave((struct spinlock *)l);
}

void drv_lock_release(struct drv_lock *l, uint64_t flags)
{
	spin_unlock_irqrestore((struct spinlock *)l, flags);
}

bool drv_pci_present(void)
{
	return hal_pci_present();
}

uint32_t drv_pci_read(uint16_t bdf, uint16_t offset, unsigned bytes)
{
	return hal_pci_read(bdf, offset, bytes);
}

void drv_pci_write(uint16_t bdf, uint16_t offset, unsigned bytes, uint32_t value)
{
	hal_pci_write(bdf, offset, bytes, value);
}

void drv_pci_for_each(void (*fn)(uint16_t bdf, void *context), void *context)
{
	hal_pci_for_each(fn, context);
}

uint8_t drv_io_read8(uint16_t port)
{
	return inb(port);
}

void drv_io_write8(uint16_t port, uint8_t value)
{
	outb(port, value);
}

uint64_t drv_clock_ns(void)
{
	return clock_monotonic_ns();
}

void drv_log(const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	fmt_vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_info(DRIVER, "%s", text);
}

void drv_entropy(const void *bytes, size_t n)
{
	kernel_entropy_add(bytes, n);
}

uint32_t drv_ioapic_count(void)
{
	return hal_ioapic_count();
}

bool drv_is_microvm(void)
{
	return !hal_pci_present();
}

void io_init_devices(void)
{
	module_init();
	for (const struct driver_entry *d = __drivers_start; d < __drivers_end; d++) {
		int err = d->api_version == DRIVER_KERNEL_API_VERSION ? d->init() : -EINVAL;

		if (err && err != -ENODEV)
			log_warn(DRIVER, "%s: error %d", d->name, err);
	}
}
