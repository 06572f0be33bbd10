#include <errno.h>

#include <image/image.h>

#include "load.h"

/* A header that lies beyond the end is an I/O error to Linux' binfmt_elf. */
static int read_exactly(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct load_file *file = ctx;
	long got = file->read(file->ctx, offset, buf, len);

	if (got < 0)
		return (int)got;
	return (size_t)got == len ? 0 : -EIO;
}

int load_layout(const struct load_file *file, struct image_layout *layout)
{
	char head[IMAGE_HEAD_BYTES];
	size_t want = file->bytes < sizeof(head) ? (size_t)file->bytes : sizeof(head);
	long got = file->read(file->ctx, 0, head, want);
	struct elf_source source = {
		.head = head,
		.file_size = file->bytes,
		.read = read_exactly,
		.ctx = (void *)file,
	};

	if (got < 0)
		return (int)got;
	source.head_len = (size_t)got;
	got = image_parse(&source, layout);
	return !got && layout->kind == IMAGE_PE ? load_pe_layout(file, layout) : (int)got;
}
