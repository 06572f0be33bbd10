/* kernel/mm/src/early.c: from the boot page tables to the final kernel mapping.
 *
 * On entry the boot tables map the kernel image and a direct map of the first
 * 4 GiB. What is allocated here comes from one range of RAM below that and is
 * never freed: the frame array and the first page tables.
 */
#include <string.h>

#include <hal/boot_info.h>
#include <lowlevel/cpu.h>
#include <lowlevel/trap.h>
#include <mm/frame.h>
#include <nucleus/log.h>

#include "frame_internal.h"
#include "kernel_map.h"
#include "usercopy.h"

#define DIRECT_MAP_MIN (4ull << 30)	/* firmware tables lie outside of RAM, below it */
#define FRAMEBUFFER_MAX (512ull << 30)	/* the first PML4 entries of direct map and frame array reach so far */
#define LOW_RESERVED (1ull << 20)	/* start code of the other CPUs, firmware */
#define EFER_NXE (1u << 11)
#define LARGE_PAGE (2ull << 20)

extern char __text_start[], __text_end[], __rodata_start[], __rodata_end[], __data_start[], __kernel_end[];

uint64_t mm_framebuffer_start, mm_framebuffer_end;

/* RAM that nobody has, ascending. */
static struct boot_range unused[BOOT_MAX_RANGES + 4];
static unsigned nunused;

static void unused_remove(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < nunused; i++) {
		struct boot_range *r = &unused[i];

		if (end <= r->start || start >= r->end)
			continue;
		if (start > r->start && end < r->end) {
			ASSERT(nunused < ARRAY_SIZE(unused));
			memmove(r + 1, r, (nunused - i) * sizeof(*r));
			nunused++;
			r[0].end = start;
			r[1].start = end;
		} else if (start > r->start) {
			r->end = start;
		} else {
			r->start = MIN(end, r->end);
		}
	}
}

static void unused_find(const struct boot_info *bi)
{
	memcpy(unused, bi->ram, bi->nram * sizeof(unused[0]));
	nunused = bi->nram;
	unused_remove(0, LOW_RESERVED);
	unused_remove(ALIGN_DOWN(bi->kernel.start, PAGE_SIZE), ALIGN_UP(bi->kernel.end, PAGE_SIZE));
	if (bi->bundle.end > bi->bundle.start)
		unused_remove(ALIGN_DOWN(bi->bundle.start, PAGE_SIZE), ALIGN_UP(bi->bundle.end, PAGE_SIZE));
}

static uint64_t reachable_bytes(const struct boot_range *r)
{
	return r->start < DIRECT_MAP_MIN ? MIN(r->end, DIRECT_MAP_MIN) - r->start : 0;
}

/* The range that early allocations come from. */
static const struct boot_range *largest_unused(void)
{
	const struct boot_range *best = &unused[0];

	for (unsigned i = 1; i < nunused; i++) {
		if (reachable_bytes(&unused[i]) > reachable_bytes(best))
			best = &unused[i];
	}
	return best;
}

static uint64_t early_alloc(uint64_t bytes, uint64_t align)
{
	const struct boot_range *r = largest_unused();
	uint64_t start = ALIGN_UP(r->start, align);

	if (start + bytes > r->start + reachable_bytes(r))
		panic("too little memory to start");
	unused_remove(start, start + bytes);
	return start;
}

static uint64_t early_table(void)
{
	uint64_t phys = early_alloc(PAGE_SIZE, PAGE_SIZE);

	mm_zero_page(phys_to_virt(phys));
	return phys;
}

static void map_or_die(uint64_t virt, uint64_t phys, uint64_t bytes, uint64_t flags)
{
	if (kernel_map(virt, phys, bytes, flags))
		panic("no room for the kernel's page tables");
}

static uint64_t image_phys(const char *p)
{
	return (uint64_t)(uintptr_t)p - KERNEL_IMAGE_BASE;
}

static void map_image(const char *start, const char *end, uint64_t flags)
{
	if (end > start)
		map_or_die((uint64_t)(uintptr_t)start, image_phys(start), (uint64_t)(end - start), flags);
}

static void map_kernel(uint64_t ram_top)
{
	kernel_map_reserve(DIRECT_MAP_BASE, DIRECT_MAP_BASE + MAX(ram_top, DIRECT_MAP_MIN));
	kernel_map_reserve(FRAME_ARRAY_BASE, FRAME_ARRAY_BASE + (ram_top >> PAGE_SHIFT) * sizeof(struct frame));
	kernel_map_reserve(VMALLOC_BASE, VMALLOC_END);
	kernel_map_reserve(KERNEL_IMAGE_BASE, KERNEL_IMAGE_BASE + LARGE_PAGE);

	map_or_die(DIRECT_MAP_BASE, 0, ALIGN_UP(MAX(ram_top, DIRECT_MAP_MIN), LARGE_PAGE), PTE_WRITE | PTE_NX);
	map_image(__text_start, __text_end, 0);
	map_image(__rodata_start, __rodata_end, PTE_NX);
	map_image(__data_start, __kernel_end, PTE_WRITE | PTE_NX);
}

/* Descriptors for all of [0, ram_top), holes included, so that any physical
 * address below it may be looked up. They are not cleared: filling megabytes that
 * nobody reads would be most of a small machine's start. */
static void map_frame_array(uint64_t ram_top)
{
	uint64_t bytes = ALIGN_UP((ram_top >> PAGE_SHIFT) * sizeof(struct frame), LARGE_PAGE);

	map_or_die(FRAME_ARRAY_BASE, early_alloc(bytes, LARGE_PAGE), bytes, PTE_WRITE | PTE_NX);
}

static void reserve_frames(uint64_t start, uint64_t end)
{
	for (struct frame *f = phys_to_frame(start); f < phys_to_frame(end); f++) {
		memset(f, 0, sizeof(*f));
		f->flags = FRAME_RESERVED | FRAME_PINNED | FRAME_UPTODATE;
		f->refcount = 1;
	}
}

/* What no unused range holds is reserved. */
static void hand_over_frames(uint64_t ram_top)
{
	uint64_t at = 0;

	frames_init(ram_top >> PAGE_SHIFT);
	for (unsigned i = 0; i < nunused; i++) {
		if (unused[i].start >= unused[i].end)
			continue;
		reserve_frames(at, unused[i].start);
		at = unused[i].end;
	}
	reserve_frames(at, ram_top);
	for (unsigned i = 0; i < nunused; i++)
		frames_add_range(unused[i].start >> PAGE_SHIFT, unused[i].end >> PAGE_SHIFT);
	frames_ready();
}

/* The kernel reaches through the direct map what programs map, and so the framebuffer that firmware put above its end. */
static void map_framebuffer(uint64_t start, uint64_t end, uint64_t ram_top)
{
	uint64_t from = MAX(start, ALIGN_UP(MAX(ram_top, DIRECT_MAP_MIN), LARGE_PAGE));

	if (from < end)
		map_or_die(DIRECT_MAP_BASE + from, from, end - from, PTE_WRITE | PTE_NX);
}

/* Programs map the framebuffer, so its pages have descriptors as well, though they are no RAM. */
static void add_framebuffer_frames(const struct boot_framebuffer *fb, uint64_t ram_top)
{
	uint64_t end = ALIGN_UP(fb->phys + (uint64_t)fb->pitch * fb->height, PAGE_SIZE), virt, virt_end;
	uint64_t array_end = FRAME_ARRAY_BASE + ALIGN_UP((ram_top >> PAGE_SHIFT) * sizeof(struct frame), LARGE_PAGE);

	if (!fb->width || fb->phys % PAGE_SIZE || end > FRAMEBUFFER_MAX || end <= fb->phys)
		return;
	virt = MAX(ALIGN_DOWN((uint64_t)(uintptr_t)phys_to_frame(fb->phys), PAGE_SIZE), array_end);
	virt_end = ALIGN_UP((uint64_t)(uintptr_t)phys_to_frame(end), PAGE_SIZE);
	if (virt < virt_end)
		map_or_die(virt, early_alloc(virt_end - virt, PAGE_SIZE), virt_end - virt, PTE_WRITE | PTE_NX);
	if (fb->phys >= ram_top)
		reserve_frames(fb->phys, end);
	map_framebuffer(fb->phys, end, ram_top);
	mm_framebuffer_start = fb->phys;
	mm_framebuffer_end = end;
}

static bool cpu_has_1g_pages(void)
{
	uint32_t a, b, c, d;

	cpuid(0x80000001, 0, &a, &b, &c, &d);
	return d & (1u << 26);
}

void mm_early_init(const struct boot_info *bi)
{
	uint64_t (*table_alloc)(void) = kernel_table_alloc;
	uint64_t ram_top;

	if (!bi->nram)
		panic("the boot loader reported no memory");
	/* Firmware may keep for itself, and leave out, memory that the bundle's end lies in. */
	ram_top = ALIGN_UP(MAX(bi->ram[bi->nram - 1].end, bi->bundle.end), PAGE_SIZE);
	kernel_map_has_1g = cpu_has_1g_pages();
	mm_has_avx = fpu_has_avx();
	unused_find(bi);

	kernel_table_alloc = early_table;
	mm_kernel_pml4 = early_table();
	map_kernel(ram_top);
	map_frame_array(ram_top);
	mm_init_cpu();
	add_framebuffer_frames(&bi->framebuffer, ram_top);
	kernel_table_alloc = table_alloc;

	hand_over_frames(ram_top);
	log_info(MEMORY, "%llu MiB of memory", (unsigned long long)(frames_total() >> (20 - PAGE_SHIFT)));
}

void mm_init_cpu(void)
{
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	write_cr3(mm_kernel_pml4);
	usercopy_init_cpu();
}

uint64_t virt_to_phys(const void *p)
{
	uint64_t virt = (uint64_t)(uintptr_t)p;

	if (virt >= KERNEL_IMAGE_BASE)
		return virt - KERNEL_IMAGE_BASE;
	DEBUG_ASSERT(virt >= DIRECT_MAP_BASE && virt < VMALLOC_BASE);
	return virt - DIRECT_MAP_BASE;
}
