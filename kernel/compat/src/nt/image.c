/* kernel/compat/src/nt/image.c: PE images as memory (DECISIONS 54).
 *
 * A file whose sections are page-aligned is mapped straight from its page cache. Any other
 * gets one object a version, whose pager lays the file's bytes out at their RVAs; all
 * processes share its pages as they do a file's.
 */
#include "image.h"

#include <errno.h>
#include <ipc/endpoint.h>
#include <mm/frame.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <ps/process.h>
#include <string.h>

/* ---- the object of a file that is not page-aligned ---- */

struct laid_out {
	struct mm_object object;	/* first */
	struct mm_object *contents;	/* the file's */
	struct inode *inode;		/* whose */
	uint32_t nsegments;
	struct image_segment segments[];
};

/* The bytes of @seg that lie in the page at @rva. */
static int fill_from(struct laid_out *l, const struct image_segment *seg, uint64_t rva, char *page)
{
	uint64_t start = MAX(seg->vaddr, rva), end = MIN(seg->vaddr + seg->file_bytes, rva + PAGE_SIZE);
	int64_t got;

	if (start >= end)
		return 0;
	got = mm_object_read(l->contents, seg->file_offset + (start - seg->vaddr), page + (start - rva), end - start);
	/* A file that has become shorter meanwhile reads as zeroes: its lease is void by then. */
	return got < 0 ? (int)got : 0;
}

static int fill_page(struct laid_out *l, uint64_t index)
{
	struct frame *f = mm_object_page_for_io(&l->object, index);
	char *page;
	int err = 0;

	if (!f)
		return 0;
	page = frame_virt(f);
	memset(page, 0, PAGE_SIZE);
	for (uint32_t i = 0; i < l->nsegments && !err; i++)
		err = fill_from(l, &l->segments[i], index << PAGE_SHIFT, page);
	frame_put(f);
	return err;
}

static int laid_out_page_in(struct mm_object *obj, uint64_t index, uint32_t npages)
{
	int err = 0;

	for (uint32_t i = 0; i < npages && !err; i++)
		err = fill_page((struct laid_out *)obj, index + i);
	return err;
}

static void laid_out_release(struct mm_object *obj)
{
	struct laid_out *l = (struct laid_out *)obj;

	mm_object_put(l->contents);
	inode_put(l->inode);
	kfree(l);
}

/* Pages are never dirty: sections are mapped private. */
static const struct mm_pager_ops laid_out_pager = {
	.page_in = laid_out_page_in,
	.release = laid_out_release,
};

static struct laid_out *lay_out(const struct image_layout *layout, struct inode *i)
{
	struct laid_out *l = kmalloc(sizeof(*l) + layout->nsegments * sizeof(l->segments[0]), 0);

	if (!l)
		return NULL;
	if (inode_contents(i, &l->contents)) {
		kfree(l);
		return NULL;
	}
	mm_object_init(&l->object, layout->span_bytes, &laid_out_pager, l);
	inode_get(i);
	l->inode = i;
	l->nsegments = layout->nsegments;
	memcpy(l->segments, layout->segments, layout->nsegments * sizeof(l->segments[0]));
	return l;
}

int nt_image_sections(struct exec_image *image, struct inode *i, struct mm_object **out)
{
	struct mm_object *sections = atomic_load(&image->sections), *none = NULL;

	if (!sections) {
		struct laid_out *l = lay_out(&image->layout, i);

		if (!l)
			return -ENOMEM;
		sections = &l->object;
		if (!__atomic_compare_exchange_n(&image->sections, &none, sections, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			mm_object_put(sections);
			sections = none;
		}
	}
	mm_object_get(sections);
	*out = sections;
	return 0;
}

/* ---- ntdll.dll ---- */

int nt_image_entry_points(struct exec_image *image, struct inode *i, const struct image_entry_points **out)
{
	struct image_entry_points *points = atomic_load(&image->entry), *none = NULL;
	int err;

	if (!points) {
		points = kmalloc(sizeof(*points), 0);
		if (!points)
			return -ENOMEM;
		err = exec_image_ask_loader(LOADERD_ENTRY_POINTS, i, 0, points, sizeof(*points));
		if (err) {
			kfree(points);
			return err;
		}
		if (!__atomic_compare_exchange_n(&image->entry, &none, points, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE)) {
			kfree(points);
			points = none;
		}
	}
	*out = points;
	return 0;
}

/* ---- mapping ---- */

static bool segment_is_sane(const struct image_layout *l, const struct image_segment *seg)
{
	return seg->mem_bytes && !(seg->vaddr & (PAGE_SIZE - 1)) && !(seg->mem_bytes & (PAGE_SIZE - 1)) &&
	       seg->vaddr <= l->span_bytes && seg->mem_bytes <= l->span_bytes - seg->vaddr;
}

/* loaderd is trusted with what a file means, not with the kernel's arithmetic. */
static bool layout_is_sane(const struct image_layout *l)
{
	if (l->kind != IMAGE_PE || !l->span_bytes || l->span_bytes > NT_IMAGE_MAX_BYTES ||
	    (l->span_bytes & (PAGE_SIZE - 1)) || l->nsegments > IMAGE_MAX_SEGMENTS)
		return false;
	for (uint32_t i = 0; i < l->nsegments; i++) {
		if (!segment_is_sane(l, &l->segments[i]))
			return false;
	}
	return true;
}

/* An image's sections as parts of one mapping. */
struct sections {
	const struct image_layout *layout;
	struct mm_object *object;
	bool is_laid_out;	/* offsets in the object are RVAs */
	void *file;
	uint32_t nparts;
	struct mm_map_request parts[];
};

static bool continues(const struct mm_map_request *a, const struct mm_map_request *b)
{
	return a->address + a->bytes == b->address && a->prot == b->prot && a->object == b->object &&
	       (!a->object || a->object_offset + a->bytes == b->object_offset) && !a->file_bytes && !b->file_bytes;
}

static void add_part(struct sections *s, const struct mm_map_request *part)
{
	struct mm_map_request *last = s->nparts ? &s->parts[s->nparts - 1] : NULL;

	if (last && continues(last, part))
		last->bytes += part->bytes;
	else
		s->parts[s->nparts++] = *part;
}

static int add_section(struct sections *s, const struct image_segment *seg)
{
	uint64_t file_bytes = s->is_laid_out ? seg->mem_bytes : MIN(ALIGN_UP(seg->file_bytes, PAGE_SIZE), seg->mem_bytes);
	const struct mm_map_request *last = s->nparts ? &s->parts[s->nparts - 1] : NULL;
	struct mm_map_request rq = {
		.address = seg->vaddr,
		.prot = seg->prot,
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.area_flags = MM_AREA_IMAGE,
	};

	if (last && last->address + last->bytes > seg->vaddr)
		return -ENOEXEC;
	if (file_bytes) {
		rq.bytes = file_bytes;
		rq.object = s->object;
		rq.object_offset = s->is_laid_out ? seg->vaddr : seg->file_offset;
		rq.file = s->file;
		if (!s->is_laid_out && seg->file_bytes < file_bytes)
			rq.file_bytes = seg->file_bytes;
		add_part(s, &rq);
	}
	if (file_bytes < seg->mem_bytes) {
		rq.address += file_bytes;
		rq.bytes = seg->mem_bytes - file_bytes;
		rq.object = NULL;
		rq.object_offset = rq.file_bytes = 0;
		rq.file = NULL;
		add_part(s, &rq);
	}
	return 0;
}

/* All sections where they belong, or none, with what is between them reserved. */
static int64_t map_sections(struct mm_space *space, const struct sections *s, uint64_t wanted)
{
	struct mm_map_request whole = {
		.address = wanted,
		.bytes = s->layout->span_bytes,
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.area_flags = MM_AREA_NORESERVE | MM_AREA_IMAGE,
		.map_flags = MM_MAP_FIXED | MM_MAP_NOREPLACE,
		.align = NT_GRANULARITY,
	};
	int64_t base;

	if (wanted && wanted < USER_TOP && whole.bytes <= USER_TOP - wanted) {
		base = mm_map_parts(space, &whole, s->parts, s->nparts);
		if (base >= 0)
			return base;
	}
	whole.address = 0;
	whole.map_flags = 0;
	return mm_map_parts(space, &whole, s->parts, s->nparts);
}

int nt_image_map(struct mm_space *space, struct exec_image *image, struct inode *i, void *file, uint64_t wanted,
	uint64_t *base)
{
	const struct image_layout *l = &image->layout;
	struct sections *s;
	int64_t ret;
	int err = 0;

	if (!layout_is_sane(l))
		return -ENOEXEC;
	s = kmalloc(sizeof(*s) + 2 * l->nsegments * sizeof(s->parts[0]), HEAP_NOZERO);
	if (!s)
		return -ENOMEM;
	*s = (struct sections){ .layout = l, .file = file, .is_laid_out = !(l->pe.flags & IMAGE_PE_PAGE_ALIGNED) };
	err = s->is_laid_out ? nt_image_sections(image, i, &s->object) : inode_contents(i, &s->object);
	if (err)
		goto free_sections;
	for (uint32_t n = 0; n < l->nsegments && !err; n++)
		err = add_section(s, &l->segments[n]);
	ret = err ? err : map_sections(space, s, wanted ? wanted : l->pe.image_base);
	mm_object_put(s->object);
	if (ret < 0)
		err = (int)ret;
	else
		*base = (uint64_t)ret;
free_sections:
	kfree(s);
	return err;
}

void nt_describe_image(const struct exec_image *image, struct nt_image_information *out)
{
	const struct image_layout *l = &image->layout;
	const struct image_pe *pe = &l->pe;

	*out = (struct nt_image_information){
		.entry = l->entry ? pe->image_base + l->entry : pe->image_base,
		.stack_reserve = pe->stack_reserve,
		.stack_commit = pe->stack_commit,
		.subsystem = pe->subsystem,
		.subsystem_minor = pe->subsystem_minor,
		.subsystem_major = pe->subsystem_major,
		.os_major = pe->os_major,
		.os_minor = pe->os_minor,
		.characteristics = pe->characteristics,
		.dll_characteristics = pe->dll_characteristics,
		.machine = pe->machine,
		.contains_code = 1,
		.loader_flags = pe->loader_flags,
		.checksum = pe->checksum,
	};
}
