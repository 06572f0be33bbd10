#include "layout.h"

#define PAGE_MASK 4095ull
#define USER_BYTES 0x7ffffffff000ull

static bool segment_is_sane(const struct image_segment *s)
{
	if ((s->vaddr | s->mem_bytes | s->file_offset) & PAGE_MASK)
		return false;
	if (!s->mem_bytes || s->mem_bytes > USER_BYTES || s->vaddr > USER_BYTES - s->mem_bytes)
		return false;
	if (s->file_bytes > s->mem_bytes || s->file_offset > INT64_MAX - s->mem_bytes)
		return false;
	return !(s->prot & ~(IMAGE_PROT_READ | IMAGE_PROT_WRITE | IMAGE_PROT_EXEC));
}

bool layout_is_sane(const struct image_layout *l)
{
	if (!l->nsegments || l->nsegments > IMAGE_MAX_SEGMENTS)
		return false;
	if (l->entry >= USER_BYTES || l->phdr_vaddr >= USER_BYTES || l->brk_vaddr > USER_BYTES)
		return false;
	if ((l->lowest_vaddr & PAGE_MASK) || l->lowest_vaddr > USER_BYTES || l->span_bytes > USER_BYTES)
		return false;
	if (l->base_align & (l->base_align - 1))
		return false;
	for (uint32_t i = 0; i < l->nsegments; i++) {
		const struct image_segment *s = &l->segments[i];

		if (!segment_is_sane(s) || s->vaddr < l->lowest_vaddr ||
		    s->vaddr - l->lowest_vaddr + s->mem_bytes > l->span_bytes)
			return false;
	}
	return true;
}
