/* Layouts of ELF, script and PE files. */
#include <errno.h>
#include <string.h>

#include <image/image.h>

#define PAGE_MASK ((uint64_t)ELF_PAGE_BYTES - 1)

/* [PE Format, "MS-DOS Stub"]: where the file offset of the signature "PE\0\0" lies. */
#define PE_OFFSET_AT 0x3c

_Static_assert(IMAGE_PROT_READ == ELF_PROT_READ && IMAGE_PROT_WRITE == ELF_PROT_WRITE &&
	       IMAGE_PROT_EXEC == ELF_PROT_EXEC, "both are mmap's PROT_*");

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

static void put_segment(const struct elf_segment *in, struct image_segment *out)
{
	uint64_t lead = in->vaddr & PAGE_MASK;

	out->vaddr = in->vaddr - lead;
	out->mem_bytes = round_up(lead + in->memsz);
	out->prot = in->prot;
	if (!in->filesz)
		return;
	out->file_offset = in->offset - lead;
	out->file_bytes = lead + in->filesz;
	/* Without a bss the last page is the file's as it stands, as on Linux: it can be shared. */
	if (in->memsz == in->filesz)
		out->file_bytes = out->mem_bytes;
}

static int put_interp(const struct elf_source *src, const struct elf_image *image, struct image_layout *out)
{
	char path[ELF_MAX_INTERP_BYTES];
	int len;

	if (!image->interp_len)
		return 0;
	len = elf_read_interp(src, image, path);
	if (len < 0)
		return len;
	if (len >= IMAGE_MAX_INTERP)
		return -ENAMETOOLONG;
	memcpy(out->interp, path, (size_t)len);
	out->interp_len = (uint32_t)len;
	return 0;
}

int image_parse_elf(const struct elf_source *src, struct image_layout *out)
{
	struct elf_image image;
	int err;

	err = elf_parse(src, &image);
	if (err)
		return err == -E2BIG ? -ENOEXEC : err;
	if (image.nsegments > IMAGE_MAX_SEGMENTS)
		return -ENOEXEC;

	memset(out, 0, sizeof(*out));
	out->kind = image.interp_len ? IMAGE_ELF_DYNAMIC : IMAGE_ELF_STATIC;
	out->entry = image.entry;
	out->phdr_vaddr = image.has_phdr_vaddr ? image.phdr_vaddr : 0;
	out->phnum = image.phnum;
	out->relocatable = image.is_position_independent;
	out->lowest_vaddr = image.load_start;
	out->span_bytes = image.load_end - image.load_start;
	out->brk_vaddr = image.brk_start;
	out->exec_stack = image.has_exec_stack;
	out->base_align = image.align;
	out->nsegments = image.nsegments;
	for (uint32_t i = 0; i < image.nsegments; i++)
		put_segment(&image.segments[i], &out->segments[i]);
	return put_interp(src, &image, out);
}

static int parse_script(const struct elf_source *src, struct image_layout *out)
{
	struct elf_script script;
	int err;

	err = elf_script_parse(src->head, src->head_len, &script);
	if (err)
		return err;
	if (script.interpreter_len >= IMAGE_MAX_INTERP || script.argument_len >= IMAGE_MAX_INTERP)
		return -ENOEXEC;

	memset(out, 0, sizeof(*out));
	out->kind = IMAGE_SCRIPT;
	out->interp_len = (uint32_t)script.interpreter_len;
	memcpy(out->interp, script.interpreter, script.interpreter_len);
	if (script.argument) {
		memcpy(out->script_arg, script.argument, script.argument_len);
		out->has_script_arg = 1;
	}
	return 0;
}

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* "MZ" alone is a DOS program, or text that starts so. Returns: 0; -ENOEXEC. */
static int parse_pe(const struct elf_source *src, struct image_layout *out)
{
	unsigned char signature[4];
	uint32_t offset;

	if (src->head_len < PE_OFFSET_AT + sizeof(signature))
		return -ENOEXEC;
	offset = le32((const unsigned char *)src->head + PE_OFFSET_AT);
	if (src->file_size < sizeof(signature) || offset > src->file_size - sizeof(signature))
		return -ENOEXEC;
	if (offset + sizeof(signature) <= src->head_len)
		memcpy(signature, (const char *)src->head + offset, sizeof(signature));
	else if (!src->read || src->read(src->ctx, offset, signature, sizeof(signature)))
		return -ENOEXEC;
	if (memcmp(signature, "PE\0\0", sizeof(signature)))
		return -ENOEXEC;

	memset(out, 0, sizeof(*out));
	out->kind = IMAGE_PE;
	return 0;
}

int image_parse(const struct elf_source *src, struct image_layout *out)
{
	const char *head = src->head;

	if (src->head_len >= 2 && head[0] == '#' && head[1] == '!')
		return parse_script(src, out);
	if (src->head_len >= 2 && head[0] == 'M' && head[1] == 'Z')
		return parse_pe(src, out);
	return image_parse_elf(src, out);
}
