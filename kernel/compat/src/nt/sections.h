/* kernel/compat/src/nt/sections.h: section objects: files, images or memory that can be mapped. */
#ifndef COMPAT_NT_SECTIONS_H
#define COMPAT_NT_SECTIONS_H

#include "nt.h"

#define SEC_FILE 0x00800000u
#define SEC_IMAGE 0x01000000u
#define SEC_PROTECTED_IMAGE 0x02000000u
#define SEC_RESERVE 0x04000000u
#define SEC_COMMIT 0x08000000u
#define SEC_NOCACHE 0x10000000u
#define SEC_IMAGE_NO_EXECUTE 0x11000000u
#define SEC_LARGE_PAGES 0x80000000u

struct exec_image;

struct nt_section {
	struct object object;		/* first */
	struct mm_object *contents;	/* data sections: the file's or its own; a reference */
	struct file *file;		/* NULL: backed by the page file */
	struct exec_image *image;	/* SEC_IMAGE */
	uint64_t bytes;
	uint32_t attributes;		/* SEC_* */
	uint32_t protect;		/* PAGE_*: the most a view may have */
};

static inline struct nt_section *nt_section_of(struct object *obj) { return (struct nt_section *)obj; }

#endif
