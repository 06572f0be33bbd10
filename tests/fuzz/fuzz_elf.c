/* Hostile executables: what elf_parse() promises of an image must hold for every input it takes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <elf/elf.h>
#include <image/image.h>

struct file {
	const uint8_t *bytes;
	size_t len;
};

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct file *file = ctx;

	if (offset > file->len || len > file->len - offset)
		return -EIO;
	memcpy(buf, file->bytes + offset, len);
	return 0;
}

static void demand(int claim)
{
	if (!claim)
		abort();
}

static void check_segment(const struct elf_image *image, const struct elf_segment *segment)
{
	uint64_t end = segment->vaddr + segment->memsz;

	demand(segment->memsz > 0 && segment->filesz <= segment->memsz);
	demand(end > segment->vaddr && end <= ELF_USER_LIMIT);
	demand(segment->offset + segment->filesz >= segment->offset);
	demand(!segment->filesz || (segment->offset - segment->vaddr) % ELF_PAGE_BYTES == 0);
	demand(segment->vaddr >= image->load_start && end <= image->load_end);
}

static void check_image(const struct elf_image *image)
{
	demand(image->nsegments > 0 && image->nsegments <= ELF_MAX_SEGMENTS);
	demand(image->entry < ELF_USER_LIMIT);
	demand(image->load_start % ELF_PAGE_BYTES == 0 && image->load_end % ELF_PAGE_BYTES == 0);
	demand(image->align >= ELF_PAGE_BYTES && !(image->align & (image->align - 1)));
	demand(image->interp_len <= ELF_MAX_INTERP_BYTES);
	for (uint32_t i = 0; i < image->nsegments; i++)
		check_segment(image, &image->segments[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The head is a block of its own, so that ASan sees a read behind it. */
	size_t head_len = size < IMAGE_HEAD_BYTES ? size : IMAGE_HEAD_BYTES;
	uint8_t *head = malloc(head_len ? head_len : 1);
	struct file file = { data, size };
	struct elf_source source = { head, head_len, size, read_file, &file };
	static struct elf_image image;
	static struct image_layout layout;

	memcpy(head, data, head_len);
	if (!elf_parse(&source, &image))
		check_image(&image);
	image_parse(&source, &layout);
	free(head);
	return 0;
}
