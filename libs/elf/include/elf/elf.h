/* elf/elf.h: the one parser of executable files.
 *
 * elf_parse() turns the headers of an x86_64 ELF file into a plain list of what
 * to map, all of it checked, so that a loader can do arithmetic on it without
 * fear. It reads nothing but the file header and the program headers, wherever
 * in the file those are.
 *
 * It accepts what Linux 6.1 executes and refuses what Linux refuses, with the
 * same error; -EINVAL is one that Linux meets past execve's point of no return. That includes segments that end beyond the file's end (their pages
 * fault with SIGBUS), out of order, or on top of each other (the later one wins).
 * Two differences: a file with nothing to load is refused (to Linux it is a program
 * that faults at once), and so is one with more than ELF_MAX_SEGMENTS segments. As in Linux, e_ident's class byte is not looked
 * at: machine and program header size decide.
 *
 * Nothing here allocates, locks or keeps state; @ctx is only handed on.
 */
#ifndef ELF_ELF_H
#define ELF_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_MAX_SEGMENTS 64
#define ELF_MAX_INTERP_BYTES 4096 /* Linux: PATH_MAX, the NUL included */
#define ELF_PAGE_BYTES 4096u
/* Linux: TASK_SIZE with four-level tables. */
#define ELF_USER_LIMIT 0x7ffffffff000ul

/* The values of mmap(2)'s PROT_*. */
#define ELF_PROT_READ 1u
#define ELF_PROT_WRITE 2u
#define ELF_PROT_EXEC 4u

/* Fill @buf with the @len bytes at @offset. Returns: 0, or a negative errno, which
 * elf_parse() returns as it is. */
typedef int (*elf_read_fn)(void *ctx, uint64_t offset, void *buf, size_t len);

struct elf_source {
	const void *head; /* the file's first bytes: 64 at least, unless the file is shorter */
	size_t head_len;
	uint64_t file_size;
	elf_read_fn read; /* NULL: nothing beyond the head is needed or available */
	void *ctx;
};

/* Memory [vaddr, vaddr + memsz) whose first filesz bytes come from the file at
 * offset; the rest is zeroes. Guaranteed: memsz > 0, filesz <= memsz, no sum
 * overflows, all below ELF_USER_LIMIT, and if filesz > 0 then offset and vaddr are
 * congruent modulo the page size. */
struct elf_segment {
	uint64_t vaddr;
	uint64_t memsz;
	uint64_t offset;
	uint64_t filesz;
	uint32_t prot;
};

struct elf_image {
	bool is_position_independent; /* ET_DYN */
	bool has_exec_stack;          /* PT_GNU_STACK with PF_X */
	bool has_tls;
	bool has_dynamic;
	bool has_overlap;             /* two segments share a page of memory */
	bool has_phdr_vaddr;
	uint16_t phnum;
	uint64_t entry;               /* below ELF_USER_LIMIT; not checked to lie in a segment */
	uint64_t phdr_vaddr;          /* where the program headers are mapped, for AT_PHDR */
	uint64_t load_start;          /* the pages that hold all segments */
	uint64_t load_end;
	uint64_t brk_start;           /* the end of the highest segment, not rounded */
	uint64_t align;               /* greatest alignment asked for; at least a page */
	uint64_t interp_offset;       /* PT_INTERP's path with its NUL; len 0 without one */
	uint32_t interp_len;
	uint32_t nsegments;
	struct elf_segment segments[ELF_MAX_SEGMENTS]; /* in the file's order */
	const char *reason;           /* why parsing failed, a static string; "" when it did not */
};

/* Parse @src into @out. Only out->reason is meaningful on failure.
 * Returns: 0; -ENOEXEC if this is not an x86_64 executable; -EINVAL if its segments
 * cannot be mapped; -E2BIG if they are too many; what @src->read returned. */
int elf_parse(const struct elf_source *src, struct elf_image *out);

/* Read the interpreter's path, with its NUL, into @buf of ELF_MAX_INTERP_BYTES.
 * Returns: its length without the NUL; -ENOEXEC if it is not terminated or there is
 * none; -EIO if it lies beyond the file's end; what @src->read returned. */
int elf_read_interp(const struct elf_source *src, const struct elf_image *image, char *buf);

/* The function that @address, as linked, lies in: its @name, cut to @cap bytes with the NUL, and
 * how far in. Nothing is trusted; src->head is not used.
 * Returns: 0; -ENOENT; -ENOEXEC if it is no ELF file; what @src->read returned. */
int elf_function_at(const struct elf_source *src, uint64_t address, char *name, size_t cap, uint64_t *offset);

#define ELF_SCRIPT_HEAD_BYTES 256 /* Linux: BINPRM_BUF_SIZE */

/* What a `#!` line names. The strings are not terminated and point into the head. */
struct elf_script {
	const char *interpreter;
	size_t interpreter_len;
	const char *argument; /* NULL without one; it may be empty and may hold blanks */
	size_t argument_len;
};

/* Parse the `#!` line in the file's first bytes as Linux does: one optional argument,
 * blanks around it dropped, at most ELF_SCRIPT_HEAD_BYTES looked at. Pass the whole
 * file if it is shorter than that.
 * Returns: 0; -ENOEXEC if it is no script, names no interpreter, or its name is cut
 * off; -ENOENT if the file ends where the name should start. */
int elf_script_parse(const void *head, size_t head_len, struct elf_script *out);

#endif
