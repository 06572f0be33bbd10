/* kernel/ps/src/image.c: mapping a parsed image into a new space. */
#include <hal/entropy.h>

#include "internal.h"
#include "layout.h"

#define DYN_BASE 0x555555554000ull	/* Linux: ELF_ET_DYN_BASE, two thirds of the space */
#define DYN_RANDOM_PAGES 0xfffffffull	/* 28 bits (mmap_rnd_bits) */
#define BRK_RANDOM_BYTES 0x02000000ull	/* arch_randomize_brk() */
#define STACK_GAP_MIN (128ull << 20)
#define STACK_GAP_MAX (USER_TOP / 6 * 5)
#define STACK_MAX_RANDOM (16ull << 30)
#define STACK_GUARD_GAP (256ull << PAGE_SHIFT)

static uint64_t random_pages(uint64_t mask)
{
	uint64_t v;

	kernel_random_bytes(&v, sizeof(v));
	return (v & mask) << PAGE_SHIFT;
}

static int map_segment(struct mm_space *s, struct mm_object *object, const struct image_segment *seg, uint64_t base,
	void *file)
{
	uint64_t start = base + seg->vaddr;
	uint64_t file_pages = ALIGN_UP(seg->file_bytes, PAGE_SIZE);
	struct mm_map_request rq = {
		.address = start,
		.prot = seg->prot,
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.map_flags = MM_MAP_FIXED,
	};
	int64_t ret = 0;

	if (file_pages) {
		rq.bytes = file_pages;
		rq.object = object;
		rq.object_offset = seg->file_offset;
		rq.file = file;
		/* Only where more memory follows must the rest of the page be zero. */
		rq.file_bytes = seg->mem_bytes > seg->file_bytes && (seg->prot & MM_WRITE) ? seg->file_bytes : 0;
		ret = mm_map(s, &rq);
	}
	if (ret >= 0 && seg->mem_bytes > file_pages) {
		rq.address = start + file_pages;
		rq.bytes = seg->mem_bytes - file_pages;
		rq.object = NULL;
		rq.object_offset = 0;
		rq.file = NULL;
		rq.file_bytes = 0;
		ret = mm_map(s, &rq);
	}
	return ret < 0 ? (int)ret : 0;
}

static void note_ranges(struct mm_space *s, const struct image_layout *l, uint64_t base)
{
	for (uint32_t i = 0; i < l->nsegments; i++) {
		const struct image_segment *seg = &l->segments[i];
		uint64_t start = base + seg->vaddr, end = start + seg->file_bytes;

		if (seg->prot & MM_EXEC) {
			s->start_code = s->start_code ? MIN(s->start_code, start) : start;
			s->end_code = MAX(s->end_code, end);
		}
		if (seg->prot & MM_WRITE) {
			s->start_data = MAX(s->start_data, start);
			s->end_data = MAX(s->end_data, end);
		}
	}
}

static uint64_t choose_mmap_base(const struct mm_space *s)
{
	uint64_t gap = s->limits.stack_bytes + STACK_MAX_RANDOM + STACK_GUARD_GAP;

	if (gap < s->limits.stack_bytes)
		gap = STACK_GAP_MAX;
	gap = MIN(MAX(gap, STACK_GAP_MIN), STACK_GAP_MAX);
	return ALIGN_DOWN(USER_TOP - gap - random_pages(DYN_RANDOM_PAGES), PAGE_SIZE);
}

int image_map(struct mm_space *s, struct mm_object *object, const struct image_layout *l, void *file,
	struct image_placement *out)
{
	uint64_t base = 0;
	int err;

	if (!layout_is_sane(l))
		return -ENOEXEC;
	if (l->relocatable) {
		base = DYN_BASE + random_pages(DYN_RANDOM_PAGES);
		base = ALIGN_DOWN(base, MAX(l->base_align, PAGE_SIZE));
		if (l->span_bytes > USER_TOP / 4)
			return -ENOMEM;
		base -= l->lowest_vaddr;
	}
	s->mmap_base = choose_mmap_base(s);
	for (uint32_t i = 0; i < l->nsegments; i++) {
		err = map_segment(s, object, &l->segments[i], base, file);
		if (err)
			return err;
	}
	note_ranges(s, l, base);
	out->base = base;
	out->entry = base + l->entry;
	out->phdr = l->phdr_vaddr ? base + l->phdr_vaddr : 0;
	out->brk = ALIGN_UP(base + l->brk_vaddr, PAGE_SIZE) + (random_pages(~0ull) & (BRK_RANDOM_BYTES - 1));
	s->brk_start = s->brk = out->brk;
	return 0;
}

void frame_init_user(struct trap_frame *f, uint64_t rip, uint64_t rsp)
{
	*f = (struct trap_frame){
		.vector = TRAP_SYSCALL,
		.error = ~0ull,
		.rip = rip,
		.rcx = rip,	/* a system call's way out takes rip from rcx and rflags from r11 */
		.r11 = 0x202,
		.cs = SEL_USER_CODE,
		.rflags = 0x202,
		.rsp = rsp,
		.ss = SEL_USER_DATA,
	};
}
