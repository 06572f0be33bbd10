/* kernel/compat/src/linux/core_dump.c: writing the core of the current process (man 5 core).
 *
 * The file: ELF header, program headers, notes, then the memory that coredump_filter wants,
 * page by page. Pages that were never touched stay holes.
 */
#include <asm/fcntl.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <io/inode.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#include "core_dump.h"

#define FILTER_ANON_PRIVATE 1u
#define FILTER_ANON_SHARED 2u
#define FILTER_MAPPED_PRIVATE 4u
#define FILTER_MAPPED_SHARED 8u
#define FILTER_ELF_HEADERS 16u
#define LIMIT_CORE_INDEX 4
#define CHUNK_PAGES (CORE_BUFFER_BYTES / PAGE_SIZE)

struct core_area {
	uint64_t start, end, offset;
	uint32_t prot;
	struct file *file;	/* a reference, or NULL */
	uint64_t dumped;	/* bytes */
};
struct core_areas {
	struct core_area *all;
	uint32_t n, cap;
};

/* ---- the writer ---- */

static void write_out(struct core_writer *w, const void *data, size_t len, uint64_t at)
{
	struct io_segment segment = { (uint64_t)(uintptr_t)data, len };
	struct io_vector v;

	io_vector_init(&v, &segment, 1, true);
	if (!w->has_failed && file_pwrite(w->file, &v, at) != (int64_t)len)
		w->has_failed = true;
}

void core_flush(struct core_writer *w)
{
	if (w->used)
		write_out(w, w->buffer, w->used, w->at - w->used);
	w->used = 0;
}

void core_put(struct core_writer *w, const void *data, size_t len)
{
	const char *from = data;

	if (w->at + len > w->limit)
		w->has_failed = true;
	while (len && !w->has_failed) {
		size_t n = MIN(len, CORE_BUFFER_BYTES - w->used);

		memcpy(w->buffer + w->used, from, n);
		w->used += n;
		w->at += n;
		from += n;
		len -= n;
		if (w->used == CORE_BUFFER_BYTES)
			core_flush(w);
	}
}

void core_skip(struct core_writer *w, uint64_t len)
{
	core_flush(w);
	w->at += len;
}

/* ---- which memory ---- */

static bool is_in_memory_only(const struct core_area *a)
{
	return !a->file || !a->file->inode || !a->file->inode->attr.nlink;
}

/* The first page of a mapped ELF file tells a debugger which build it was. */
static bool starts_with_elf_header(const struct core_area *a)
{
	char magic[SELFMAG];

	return a->file && !a->offset && (a->prot & MM_READ) && !copy_from_user(magic, user_ptr(a->start), SELFMAG) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

static uint64_t bytes_to_dump(const struct core_area *a, const struct mm_area_info *info, uint32_t filter)
{
	bool is_wanted;

	if (info->flags & MM_AREA_VDSO)
		is_wanted = true;
	else if (info->flags & MM_AREA_SHARED)
		is_wanted = filter & (is_in_memory_only(a) ? FILTER_ANON_SHARED : FILTER_MAPPED_SHARED);
	else
		is_wanted = ((filter & FILTER_ANON_PRIVATE) && info->private_pages) ||
			    ((filter & FILTER_MAPPED_PRIVATE) && a->file);
	if (is_wanted)
		return a->end - a->start;
	return (filter & FILTER_ELF_HEADERS) && starts_with_elf_header(a) ? PAGE_SIZE : 0;
}

static void put_areas(struct core_areas *areas)
{
	for (uint32_t i = 0; i < areas->n; i++)
		file_put(areas->all[i].file);
	kfree(areas->all);
}

static int list_areas(struct core_areas *areas)
{
	struct process *p = ps_current();
	struct mm_area_info info;
	uint64_t at = 0;

	areas->cap = p->space->nareas;
	areas->n = 0;
	areas->all = kmalloc(MAX(areas->cap, 1u) * sizeof(*areas->all), 0);
	if (!areas->all)
		return -ENOMEM;
	while (areas->n < areas->cap && mm_area_next(p->space, at, &info)) {
		struct core_area *a = &areas->all[areas->n++];

		*a = (struct core_area){ info.start, info.end, info.offset, info.prot, info.file, 0 };
		a->dumped = bytes_to_dump(a, &info, p->core_filter);
		at = info.end;
	}
	return 0;
}

/* ---- NT_FILE: count, page size, an entry for each mapped file, then their names ---- */

static uint32_t count_files(const struct core_areas *areas)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < areas->n; i++)
		n += areas->all[i].file && areas->all[i].file->inode;
	return n;
}

static int describe_files(const struct core_areas *areas, struct core_maps *out)
{
	uint32_t n = count_files(areas);
	size_t names = (2 + 3 * (size_t)n) * sizeof(uint64_t), cap = names + n * (size_t)VFS_PATH_MAX / 8 + VFS_PATH_MAX;
	uint64_t *entry;
	int64_t len;

	out->text = kmalloc(cap, 0);
	if (!out->text)
		return -ENOMEM;
	entry = (uint64_t *)out->text;
	*entry++ = 0;
	*entry++ = PAGE_SIZE;
	out->bytes = names;
	for (uint32_t i = 0; i < areas->n; i++) {
		const struct core_area *a = &areas->all[i];

		if (!a->file || !a->file->inode)
			continue;
		len = out->bytes + 1 < cap ? vfs_path_of(a->file->inode, out->text + out->bytes, cap - out->bytes - 1) : -ERANGE;
		out->bytes += (len > 0 ? (size_t)len : 0) + 1;
		out->text[out->bytes - 1] = 0;
		*entry++ = a->start;
		*entry++ = a->end;
		*entry++ = a->offset / PAGE_SIZE;
		++*(uint64_t *)out->text;
	}
	return 0;
}

/* ---- the file ---- */

static void put_headers(struct core_writer *w, const struct core_areas *areas, uint64_t notes_bytes)
{
	Elf64_Ehdr head = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(areas->n + 1),
	};
	Elf64_Phdr ph = {
		.p_type = PT_NOTE,
		.p_offset = sizeof(head) + head.e_phnum * sizeof(ph),
		.p_filesz = notes_bytes,
		.p_align = 4,
	};
	uint64_t at = ALIGN_UP(ph.p_offset + notes_bytes, PAGE_SIZE);

	core_put(w, &head, sizeof(head));
	core_put(w, &ph, sizeof(ph));
	for (uint32_t i = 0; i < areas->n; i++) {
		const struct core_area *a = &areas->all[i];

		ph = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = (a->prot & MM_READ ? PF_R : 0u) | (a->prot & MM_WRITE ? PF_W : 0u) |
				   (a->prot & MM_EXEC ? PF_X : 0u),
			.p_offset = at,
			.p_vaddr = a->start,
			.p_filesz = a->dumped,
			.p_memsz = a->end - a->start,
			.p_align = PAGE_SIZE,
		};
		core_put(w, &ph, sizeof(ph));
		at += a->dumped;
	}
}

static void put_page(struct core_writer *w, uint64_t address, bool is_there, char *page)
{
	if (is_there && mm_space_copy(ps_current()->space, address, page, PAGE_SIZE, false) == PAGE_SIZE)
		core_put(w, page, PAGE_SIZE);
	else
		core_skip(w, PAGE_SIZE);
}

static void put_memory(struct core_writer *w, const struct core_area *a, char *page)
{
	uint8_t resident[CHUNK_PAGES];

	for (uint64_t at = a->start; at < a->start + a->dumped && !w->has_failed; at += CHUNK_PAGES * PAGE_SIZE) {
		uint64_t n = MIN(CHUNK_PAGES, (a->start + a->dumped - at) / PAGE_SIZE);

		memset(resident, 1, sizeof(resident));
		/* Nothing is read into memory only to be written away as zeroes. */
		if (!a->file && mm_resident(ps_current()->space, at, n * PAGE_SIZE, resident))
			return;
		for (uint64_t i = 0; i < n && !w->has_failed; i++)
			put_page(w, at + i * PAGE_SIZE, resident[i] & 1, page);
		sched_cond_resched();
	}
}

/* A last hole must be part of the file all the same. */
static void end_file(struct core_writer *w)
{
	bool ends_in_hole = !w->used && w->at;
	char zero = 0;

	core_flush(w);
	if (ends_in_hole)
		write_out(w, &zero, 1, w->at - 1);
}

static void count_thread(struct ps_thread *t, void *context)
{
	++*(uint32_t *)context;
}

static int write_core(struct core_writer *w, const struct signal_info *info, const struct core_areas *areas, char *page)
{
	struct core_maps maps;
	uint32_t nthreads = 0;
	uint64_t notes;
	int err = describe_files(areas, &maps);

	if (err)
		return err;
	ps_for_each_resting(count_thread, &nthreads);
	notes = core_notes_bytes(nthreads, &maps, ps_current()->space->auxv_words);
	put_headers(w, areas, notes);
	core_notes_write(w, info, &maps);
	core_skip(w, ALIGN_UP(w->at, PAGE_SIZE) - w->at);
	for (uint32_t i = 0; i < areas->n; i++)
		put_memory(w, &areas->all[i], page);
	end_file(w);
	kfree(maps.text);
	return 0;
}

/* Only a plain file of one name is written to, so that nobody's link catches it. */
static int open_core(const char *name, struct file **out)
{
	int err = vfs_open(NULL, name, O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE, 0600, 0, out);
	struct vfs_attr attr;

	if (err)
		return err;
	err = (*out)->inode && inode_is_regular((*out)->inode) ? inode_getattr((*out)->inode, &attr) : -EACCES;
	if (!err && (attr.nlink != 1 || attr.uid != ps_credentials()->fsuid))
		err = -EACCES;
	if (!err)
		err = (*out)->ops->truncate ? (*out)->ops->truncate(*out, 0) : -EINVAL;
	if (err)
		file_put(*out);
	return err;
}

static int dump_to(const char *name, const struct signal_info *info)
{
	struct core_writer w = { .limit = ps_limit(LIMIT_CORE_INDEX) };
	struct core_areas areas = { 0 };
	char *page;
	int err = list_areas(&areas);

	page = err ? NULL : kmalloc(CORE_BUFFER_BYTES + PAGE_SIZE, HEAP_NOZERO);
	if (!page)
		err = -ENOMEM;
	if (!err) {
		w.buffer = page + PAGE_SIZE;
		err = open_core(name, &w.file);
	}
	if (!err) {
		err = write_core(&w, info, &areas, page);
		file_put(w.file);
	}
	kfree(page);
	put_areas(&areas);
	return err;
}

bool linux_core_dump(const struct signal_info *info)
{
	char *name = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	int err = name ? core_name(info, name, VFS_PATH_MAX) : -ENOMEM;

	if (!err)
		err = dump_to(name, info);
	if (err)
		log_ratelimited(LOG_INFO, PROCESS, "%s (pid %u): no core: error %d", ps_current()->name, ps_current()->pid, -err);
	kfree(name);
	return !err;
}
