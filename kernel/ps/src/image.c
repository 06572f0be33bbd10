/* kernel/ps/src/image.c: mapping a parsed image into a new space. */
#include <hal/entropy.h>

#include "internal.h"
#include "layout.h"

#define DYN_BASE 0x555555554000ull	/* Linux: ELF_ET_DYN_BASE, two thirds of the space */
#define DYN_RANDOM_PAGES 0xfffffffull	/* 28 bits (mmap_rnd_bits) */
#define BRK_RANDOM_PAGES (0x02000000ull >> PAGE_SHIFT)	/* arch_randomize_brk() */
#define STACK_GAP_MIN (128ull << 20)
#define STACK_GAP_MAX (USER_TOP / 6 * 5)
#define STACK_MAX_RANDOM (16ull << 30)
#define STACK_GUARD_GAP (256ull << PAGE_SHIFT)

uint64_t random_bits(uint64_t mask)
{
	uint64_t v;

	kernel_random_bytes(&v, sizeof(v));
	return v & mask;
}

static uint64_t random_pages(uint64_t mask, bool is_fixed)
{
	return is_fixed ? 0 : random_bits(mask) << PAGE_SHIFT;
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

static uint64_t choose_mmap_base(const struct mm_space *s, bool is_fixed)
{
	uint64_t gap = s->limits.stack_bytes + (is_fixed ? 0 : STACK_MAX_RANDOM) + STACK_GUARD_GAP;

	if (gap < s->limits.stack_bytes)
		gap = STACK_GAP_MAX;
	gap = MIN(MAX(gap, STACK_GAP_MIN), STACK_GAP_MAX);
	return ALIGN_DOWN(USER_TOP - gap - random_pages(DYN_RANDOM_PAGES, is_fixed), PAGE_SIZE);
}

static int map_segments(struct mm_space *s, const struct ps_image *image, uint64_t base)
{
	for (uint32_t i = 0; i < image->layout->nsegments; i++) {
		int err = map_segment(s, image->object, &image->layout->segments[i], base, image->file);

		if (err)
			return err;
	}
	return 0;
}

/* Where mmap would put an image, which may be anywhere: a base to add to its addresses. */
static int choose_mapped_base(struct mm_space *s, const struct image_layout *l, uint64_t *base)
{
	uint64_t address = mm_find_free(s, l->span_bytes, MAX(l->base_align, PAGE_SIZE));

	if (!address)
		return -ENOMEM;
	*base = address - l->lowest_vaddr;
	return 0;
}

/* As on Linux: what has an interpreter lies low, with room for the heap; what is its own
 * interpreter (a static PIE, or ld.so as a program) lies among the mappings. */
static int choose_program_base(struct mm_space *s, const struct image_layout *l, bool has_interpreter, bool is_fixed,
	uint64_t *base)
{
	uint64_t address = DYN_BASE + random_pages(DYN_RANDOM_PAGES, is_fixed);

	*base = 0;
	if (!l->relocatable)
		return 0;
	if (l->span_bytes > USER_TOP / 4)
		return -ENOMEM;
	if (!has_interpreter)
		return choose_mapped_base(s, l, base);
	*base = ALIGN_DOWN(address, MAX(l->base_align, PAGE_SIZE)) - l->lowest_vaddr;
	return 0;
}

static uint64_t choose_brk(const struct image_layout *l, bool has_interpreter, bool is_fixed, uint64_t base)
{
	uint64_t end = ALIGN_UP(base + l->brk_vaddr, PAGE_SIZE);

	if (is_fixed)
		return end;
	/* Among the mappings there is no room to grow. */
	if (l->relocatable && !has_interpreter)
		end = DYN_BASE;
	return end + random_pages(BRK_RANDOM_PAGES - 1, false);
}

static int map_program(struct mm_space *s, const struct ps_image *program, bool has_interpreter, bool is_fixed,
	struct image_placement *out)
{
	const struct image_layout *l = program->layout;
	uint64_t base;
	int err = choose_program_base(s, l, has_interpreter, is_fixed, &base);

	if (!err)
		err = map_segments(s, program, base);
	if (err)
		return err;
	note_ranges(s, l, base);
	out->base = base;
	out->start = out->entry = base + l->entry;
	out->phdr = l->phdr_vaddr ? base + l->phdr_vaddr : 0;
	out->brk = choose_brk(l, has_interpreter, is_fixed, base);
	s->brk_start = s->brk = out->brk;
	return 0;
}

static int map_interpreter(struct mm_space *s, const struct ps_image *interpreter, struct image_placement *out)
{
	const struct image_layout *l = interpreter->layout;
	uint64_t base = 0;
	int err = l->relocatable ? choose_mapped_base(s, l, &base) : 0;

	if (!err)
		err = map_segments(s, interpreter, base);
	out->interpreter_base = base;
	out->start = base + l->entry;
	return err;
}

int image_map(struct mm_space *s, const struct ps_image *program, const struct ps_image *interpreter, bool is_fixed,
	struct image_placement *out)
{
	int err;

	if (!layout_is_sane(program->layout) || (interpreter->layout && !layout_is_sane(interpreter->layout)))
		return -ENOEXEC;
	s->mmap_base = choose_mmap_base(s, is_fixed);
	out->interpreter_base = 0;
	err = map_program(s, program, interpreter->layout, is_fixed, out);
	return err || !interpreter->layout ? err : map_interpreter(s, interpreter, out);
}

void ps_frame_init_user(struct trap_frame *f, uint64_t rip, uint64_t rsp)
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
