/* The input is a file that somebody executes. */
#include <errno.h>

#include <elf/elf.h>
#include <image/image.h>

#include "fuzz_support.h"

struct file {
	const uint8_t *data;
	size_t size;
};

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct file *file = ctx;

	if (offset > file->size || len > file->size - offset)
		return -EIO;
	memcpy(buf, file->data + offset, len);
	return 0;
}

static void check_segment(const struct elf_image *image, const struct elf_segment *seg)
{
	REQUIRE(seg->memsz > 0 && seg->filesz <= seg->memsz);
	REQUIRE(seg->vaddr < ELF_USER_LIMIT && seg->memsz <= ELF_USER_LIMIT - seg->vaddr);
	REQUIRE(seg->vaddr >= image->load_start && seg->vaddr + seg->memsz <= image->load_end);
	REQUIRE(seg->vaddr + seg->memsz <= image->brk_start);
	REQUIRE(seg->prot <= 7);
	if (seg->filesz) {
		REQUIRE(seg->offset % ELF_PAGE_BYTES == seg->vaddr % ELF_PAGE_BYTES);
		REQUIRE(seg->offset + seg->filesz > seg->offset);
	}
}

static void check_image(const struct elf_source *src, const struct elf_image *image)
{
	static char interp[ELF_MAX_INTERP_BYTES];
	uint32_t i;
	int len;

	REQUIRE(image->nsegments > 0 && image->nsegments <= ELF_MAX_SEGMENTS);
	REQUIRE(image->load_start % ELF_PAGE_BYTES == 0 && image->load_end % ELF_PAGE_BYTES == 0);
	REQUIRE(image->load_start < image->load_end && image->load_end <= ELF_USER_LIMIT);
	REQUIRE(image->align >= ELF_PAGE_BYTES && (image->align & (image->align - 1)) == 0);
	REQUIRE(image->entry < ELF_USER_LIMIT);
	if (image->has_phdr_vaddr)
		REQUIRE(image->phdr_vaddr >= image->load_start && image->phdr_vaddr < image->load_end);
	for (i = 0; i < image->nsegments; i++)
		check_segment(image, &image->segments[i]);
	len = elf_read_interp(src, image, interp);
	if (len >= 0)
		REQUIRE(strlen(interp) == (size_t)len);
}

static void check_script(const uint8_t *head, size_t head_len)
{
	struct elf_script script;

	if (elf_script_parse(head, head_len, &script) != 0)
		return;
	REQUIRE(script.interpreter_len > 0);
	touch(script.interpreter, script.interpreter_len);
	if (script.argument)
		touch(script.argument, script.argument_len);
}

/* The head is a block of its own, so that ASan sees a read behind it. */
static void parse_with_head(struct file *file, size_t max_head_len)
{
	size_t head_len = file->size < max_head_len ? file->size : max_head_len;
	uint8_t *head = malloc(head_len ? head_len : 1);
	struct elf_source src = {
		.head = head, .head_len = head_len, .file_size = file->size, .read = read_file, .ctx = file,
	};
	static struct elf_image image;
	static struct image_layout layout;

	memcpy(head, file->data, head_len);
	if (elf_parse(&src, &image) == 0)
		check_image(&src, &image);
	else
		REQUIRE(image.reason[0] != '\0');
	check_script(head, head_len);
	image_parse(&src, &layout);
	free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file file = { data, size };

	parse_with_head(&file, 64);
	parse_with_head(&file, IMAGE_HEAD_BYTES);
	return 0;
}
