/* kernel/hal/src/fw_cfg.c: QEMU's firmware configuration by DMA (QEMU docs/specs/fw_cfg.rst). */
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include <nucleus/log.h>
#include <string.h>
#include "internal.h"

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA 0x511
#define FW_CFG_DMA 0x514
#define FW_CFG_SIGNATURE 0
#define FW_CFG_FILE_DIR 0x19
#define DMA_ERROR 1u
#define DMA_READ 2u
#define DMA_SKIP 4u
#define DMA_SELECT 8u
#define MAX_FILES 128
#define CHUNK 4096u
#define ENOENT 2
#define EIO 5

struct dma { uint32_t control, length; uint64_t address; };
struct file { uint32_t size; uint16_t select, reserved; char name[56]; };

static struct spinlock fw_cfg_lock = SPINLOCK_INIT(IRQ_TABLE);
static struct dma dma __aligned(16);
static uint8_t bounce[CHUNK] __aligned(16);
static struct { uint32_t count; struct file files[MAX_FILES]; } directory;
static bool is_read;

static uint64_t phys_of(const void *p)
{
	return (uint64_t)(uintptr_t)p - BOOT_KERNEL_BASE;
}

/* One step on the selected file. The memory is the kernel image's. */
static bool transfer(uint32_t control, void *buf, uint32_t len)
{
	uint64_t at = phys_of(&dma);

	dma.control = __builtin_bswap32(control);
	dma.length = __builtin_bswap32(len);
	dma.address = __builtin_bswap64(phys_of(buf));
	barrier();
	outl(FW_CFG_DMA, __builtin_bswap32((uint32_t)(at >> 32)));
	outl(FW_CFG_DMA + 4, __builtin_bswap32((uint32_t)at));
	while (__builtin_bswap32(READ_ONCE(dma.control)) & ~DMA_ERROR)
		cpu_pause();
	return !dma.control;
}

static bool read_directory(void)
{
	outw(FW_CFG_SELECTOR, FW_CFG_SIGNATURE);
	if (inb(FW_CFG_DATA) != 'Q')
		return false;
	if (!transfer(DMA_SELECT | DMA_READ | FW_CFG_FILE_DIR << 16, &directory, sizeof(directory)))
		return false;
	directory.count = MIN(__builtin_bswap32(directory.count), MAX_FILES);
	return true;
}

int64_t hal_fw_cfg_read(const char *name, void *buf, size_t cap, size_t offset)
{
	uint64_t flags = spin_lock_irqsave(&fw_cfg_lock);
	const struct file *f = NULL;
	int64_t result = -ENOENT;
	size_t done = 0;
	uint32_t size;

	if (!is_read)
		is_read = read_directory();
	for (uint32_t i = 0; is_read && i < directory.count && !f; i++) {
		if (!strncmp(directory.files[i].name, name, sizeof(directory.files[i].name)))
			f = &directory.files[i];
	}
	if (!f)
		goto out;
	size = __builtin_bswap32(f->size);
	result = size;
	if (!buf || offset >= size)
		goto out;
	cap = MIN(cap, size - offset);
	if (!transfer(DMA_SELECT | DMA_SKIP | (uint32_t)__builtin_bswap16(f->select) << 16, bounce, (uint32_t)offset))
		result = -EIO;
	while (result >= 0 && done < cap) {
		uint32_t n = (uint32_t)MIN(cap - done, CHUNK);

		if (!transfer(DMA_READ, bounce, n)) {
			result = -EIO;
			break;
		}
		memcpy((char *)buf + done, bounce, n);
		done += n;
	}
out:
	spin_unlock_irqrestore(&fw_cfg_lock, flags);
	return result;
}
