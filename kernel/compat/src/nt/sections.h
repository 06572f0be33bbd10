/* kernel/compat/src/nt/sections.h: section objects: files, images or memory that can be mapped. */
#ifndef COMPAT_NT_SECTIONS_H
#define COMPAT_NT_SECTIONS_H

#include "nt.h"

struct nt_view;

#define SEC_FILE 0x00800000u
#define SEC_IMAGE 0x01000000u
#define SEC_PROTECTED_IMAGE 0x02000000u
#define SEC_RESERVE 0x04000000u
#define SEC_COMMIT 0x08000000u
#define SEC_NOCACHE 0x10000000u
#define SEC_IMAGE_NO_EXECUTE 0x11000000u
#define SEC_LARGE_PAGES 0x80000000u

struct exec_image;
struct nt_commitment;

struct nt_section {
	struct object object;		/* first */
	struct mm_object *contents;	/* data sections: the file's or its own; a reference */
	struct file *file;		/* NULL: backed by the page file */
	struct exec_image *image;	/* SEC_IMAGE */
	struct nt_commitment *commitment;	/* SEC_RESERVE: which pages are there; a reference */
	uint64_t bytes;
	uint32_t attributes;		/* SEC_* */
	uint32_t protect;		/* PAGE_*: the most a view may have */
};

static inline struct nt_section *nt_section_of(struct object *obj) { return (struct nt_section *)obj; }

/* ---- reserved sections (section_commit.c): a page that one view commits is there in all of them ---- */

/* For @npages pages, none of them there: a reference; NULL: no memory. */
struct nt_commitment *nt_commitment_create(uint64_t npages);
void nt_commitment_put(struct nt_commitment *c);	/* NULL is fine */
/* A view of @p at @base, which shows @bytes from @offset on and is mapped without access: what is there becomes accessible.
 * memory_lock is held. NULL: no memory. */
struct nt_view *nt_view_begin(struct nt_commitment *c, struct process *p, uint64_t base, uint64_t bytes, uint64_t offset,
	uint32_t protect);
void nt_view_end(struct nt_view *v);	/* likewise */
/* Let the pages of [@start, @start + @bytes) in @v be there, for @v with @protect. STATUS_SUCCESS, STATUS_NO_MEMORY,
 * STATUS_SECTION_PROTECTION. */
ntstatus nt_view_commit(struct nt_view *v, uint64_t start, uint64_t bytes, uint32_t protect);
/* A process ends: its views. */
void nt_views_end(struct nt_process *p);

#endif
