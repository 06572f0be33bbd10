/* ELF parsing. Every check names what Linux answers. */
#include <errno.h>
#include <string.h>

#include <elf/elf.h>
#include <elf/format.h>

#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_TLS 7
#define PT_GNU_STACK 0x6474e551

#define PF_X 1u
#define PF_W 2u
#define PF_R 4u

#define MAX_PHDR_TABLE_BYTES 65536u
#define PHDR_BATCH 16u

struct program_header {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};

static uint64_t page_down(uint64_t addr)
{
	return addr & ~(uint64_t)(ELF_PAGE_BYTES - 1);
}

static uint64_t page_up(uint64_t addr)
{
	return page_down(addr + ELF_PAGE_BYTES - 1);
}

static int refuse(struct elf_image *image, int err, const char *reason)
{
	image->reason = reason;
	return err;
}

static int read_at(const struct elf_source *src, uint64_t offset, void *buf, size_t len)
{
	if (offset <= src->head_len && len <= src->head_len - offset) {
		memcpy(buf, (const char *)src->head + offset, len);
		return 0;
	}
	if (offset > src->file_size || len > src->file_size - offset || !src->read)
		return -ENOEXEC;
	return src->read(src->ctx, offset, buf, len);
}

static int check_file_header(const struct elf_file_header *hdr, struct elf_image *image)
{
	if (memcmp(hdr->ident, "\177ELF", 4) != 0)
		return refuse(image, -ENOEXEC, "no ELF magic");
	if (hdr->type != ELF_ET_EXEC && hdr->type != ELF_ET_DYN)
		return refuse(image, -ENOEXEC, "neither executable nor shared object");
	if (hdr->machine != ELF_EM_X86_64)
		return refuse(image, -ENOEXEC, "not for x86_64");
	if (hdr->phentsize != sizeof(struct program_header))
		return refuse(image, -ENOEXEC, "program headers of the wrong size");
	if (hdr->phnum == 0)
		return refuse(image, -ENOEXEC, "no program headers");
	if (hdr->phnum > MAX_PHDR_TABLE_BYTES / sizeof(struct program_header))
		return refuse(image, -ENOEXEC, "too many program headers");
	if (hdr->entry >= ELF_USER_LIMIT)
		return refuse(image, -EINVAL, "entry outside user space");
	return 0;
}

static int check_load(const struct program_header *ph, struct elf_image *image)
{
	if (ph->filesz > ph->memsz)
		return refuse(image, -EINVAL, "segment larger in the file than in memory");
	if (ph->vaddr >= ELF_USER_LIMIT || ph->memsz > ELF_USER_LIMIT - ph->vaddr)
		return refuse(image, -EINVAL, "segment outside user space");
	if (ph->filesz == 0)
		return 0;
	if (ph->offset > INT64_MAX || ph->filesz > INT64_MAX - ph->offset)
		return refuse(image, -EINVAL, "segment beyond any file's end");
	if ((ph->offset ^ ph->vaddr) & (ELF_PAGE_BYTES - 1))
		return refuse(image, -EINVAL, "segment's offset and address differ within the page");
	return 0;
}

static uint32_t prot_of(uint32_t flags)
{
	return (flags & PF_R ? ELF_PROT_READ : 0) | (flags & PF_W ? ELF_PROT_WRITE : 0) |
	       (flags & PF_X ? ELF_PROT_EXEC : 0);
}

static bool shares_page(const struct elf_segment *a, const struct elf_segment *b)
{
	return page_down(a->vaddr) < page_up(b->vaddr + b->memsz) &&
	       page_down(b->vaddr) < page_up(a->vaddr + a->memsz);
}

static void widen_span(struct elf_image *image, const struct elf_segment *seg)
{
	uint64_t start = page_down(seg->vaddr), end = page_up(seg->vaddr + seg->memsz);

	if (image->nsegments == 0 || start < image->load_start)
		image->load_start = start;
	if (end > image->load_end)
		image->load_end = end;
	if (seg->vaddr + seg->memsz > image->brk_start)
		image->brk_start = seg->vaddr + seg->memsz;
}

static void find_phdr_vaddr(struct elf_image *image, const struct program_header *ph, uint64_t phoff)
{
	if (phoff < ph->offset || phoff - ph->offset >= ph->filesz)
		return;
	image->phdr_vaddr = ph->vaddr + (phoff - ph->offset);
	image->has_phdr_vaddr = true;
}

static int add_load(struct elf_image *image, const struct program_header *ph, uint64_t phoff)
{
	struct elf_segment *seg = &image->segments[image->nsegments];
	uint32_t i;
	int err;

	err = check_load(ph, image);
	if (err)
		return err;
	if ((ph->align & (ph->align - 1)) == 0 && ph->align > image->align)
		image->align = ph->align;
	if (ph->memsz == 0)
		return 0;
	if (image->nsegments == ELF_MAX_SEGMENTS)
		return refuse(image, -E2BIG, "too many segments");

	*seg = (struct elf_segment){
		.vaddr = ph->vaddr,
		.memsz = ph->memsz,
		.offset = ph->filesz ? ph->offset : 0,
		.filesz = ph->filesz,
		.prot = prot_of(ph->flags),
	};
	for (i = 0; i < image->nsegments; i++)
		image->has_overlap |= shares_page(&image->segments[i], seg);
	widen_span(image, seg);
	find_phdr_vaddr(image, ph, phoff);
	image->nsegments++;
	return 0;
}

static int add_interp(struct elf_image *image, const struct program_header *ph)
{
	if (image->interp_len) /* Linux looks at the first one only */
		return 0;
	if (ph->filesz < 2 || ph->filesz > ELF_MAX_INTERP_BYTES)
		return refuse(image, -ENOEXEC, "interpreter's path too short or too long");
	image->interp_offset = ph->offset;
	image->interp_len = ph->filesz;
	return 0;
}

static int add_program_header(struct elf_image *image, const struct program_header *ph, uint64_t phoff)
{
	switch (ph->type) {
	case PT_LOAD:
		return add_load(image, ph, phoff);
	case PT_INTERP:
		return add_interp(image, ph);
	case PT_GNU_STACK:
		image->has_exec_stack = ph->flags & PF_X;
		return 0;
	case PT_TLS:
		image->has_tls = true;
		return 0;
	case PT_DYNAMIC:
		image->has_dynamic = true;
		return 0;
	default:
		return 0;
	}
}

static int add_program_headers(const struct elf_source *src, const struct elf_file_header *hdr,
			       struct elf_image *image)
{
	struct program_header batch[PHDR_BATCH];
	uint32_t done, count, i;
	int err;

	if (hdr->phoff > src->file_size)
		return refuse(image, -ENOEXEC, "program headers beyond the file's end");
	for (done = 0; done < hdr->phnum; done += count) {
		count = hdr->phnum - done < PHDR_BATCH ? hdr->phnum - done : PHDR_BATCH;
		err = read_at(src, hdr->phoff + done * sizeof(*batch), batch, count * sizeof(*batch));
		if (err)
			return refuse(image, err, "program headers cannot be read");
		for (i = 0; i < count; i++) {
			err = add_program_header(image, &batch[i], hdr->phoff);
			if (err)
				return err;
		}
	}
	return 0;
}

int elf_parse(const struct elf_source *src, struct elf_image *out)
{
	struct elf_file_header hdr;
	int err;

	memset(out, 0, sizeof(*out));
	out->reason = "";
	out->align = ELF_PAGE_BYTES;
	if (src->head_len < sizeof(hdr))
		return refuse(out, -ENOEXEC, "shorter than an ELF header");
	memcpy(&hdr, src->head, sizeof(hdr));
	err = check_file_header(&hdr, out);
	if (err)
		return err;
	out->is_position_independent = hdr.type == ELF_ET_DYN;
	out->entry = hdr.entry;
	out->phnum = hdr.phnum;

	err = add_program_headers(src, &hdr, out);
	if (err)
		return err;
	if (out->nsegments == 0)
		return refuse(out, -EINVAL, "nothing to load");
	return 0;
}

int elf_read_interp(const struct elf_source *src, const struct elf_image *image, char *buf)
{
	int err;

	if (!image->interp_len)
		return -ENOEXEC;
	if (image->interp_offset > src->file_size || image->interp_len > src->file_size - image->interp_offset)
		return -EIO;
	err = read_at(src, image->interp_offset, buf, image->interp_len);
	if (err)
		return err;
	if (buf[image->interp_len - 1] != '\0')
		return -ENOEXEC;
	return (int)strlen(buf);
}
