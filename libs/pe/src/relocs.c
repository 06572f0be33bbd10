/* Base relocations: blocks of {page, size}, then 16-bit entries {type:4, offset:12}. */
#include "private.h"

#define BLOCK_HEADER_BYTES 8u
#define BATCH_BYTES 256u
#define RELOC_ABSOLUTE 0
#define RELOC_DIR64 10

static enum pe_error show_entry(const struct pe_image *image, uint32_t page, uint16_t entry, pe_reloc_fn visit,
				void *ctx, bool *go_on)
{
	uint64_t rva = (uint64_t)page + (entry & 0xfff);

	if (entry >> 12 == RELOC_ABSOLUTE)
		return PE_OK;
	if (entry >> 12 != RELOC_DIR64)
		return PE_ERR_RELOC_TYPE;
	if (rva + 8 > image->size_of_image)
		return PE_ERR_RELOCS;
	*go_on = visit(ctx, (uint32_t)rva);
	return PE_OK;
}

static enum pe_error show_block(const struct pe_reader *reader, const struct pe_image *image, uint32_t page,
				struct pe_directory entries, pe_reloc_fn visit, void *ctx, bool *go_on)
{
	uint8_t batch[BATCH_BYTES];
	enum pe_error err;
	uint32_t len, i;

	while (entries.size && *go_on) {
		len = entries.size < BATCH_BYTES ? entries.size : BATCH_BYTES;
		err = pe_read(reader, image, entries.rva, batch, len);
		for (i = 0; !err && i < len && *go_on; i += 2)
			err = show_entry(image, page, pe_le16(batch + i), visit, ctx, go_on);
		if (err)
			return err;
		entries.rva += len;
		entries.size -= len;
	}
	return PE_OK;
}

enum pe_error pe_relocs(const struct pe_reader *reader, const struct pe_image *image, pe_reloc_fn visit, void *ctx)
{
	struct pe_directory left = image->directories[PE_DIR_RELOC];
	uint8_t header[BLOCK_HEADER_BYTES];
	bool go_on = true;
	enum pe_error err;
	uint32_t size;

	if (!image->has_relocs)
		return PE_OK;
	if (left.rva > image->size_of_image || left.size > image->size_of_image - left.rva)
		return PE_ERR_RELOCS;
	/* What is not in the file is zeroes, of which a small file may ask for gigabytes. */
	if (left.size > image->file_size)
		return PE_ERR_RELOCS;
	while (left.size && go_on) {
		if (left.size < BLOCK_HEADER_BYTES)
			return PE_ERR_RELOCS;
		err = pe_read(reader, image, left.rva, header, sizeof(header));
		if (err)
			return err;
		size = pe_le32(header + 4);
		if (size < BLOCK_HEADER_BYTES || size > left.size || size % 2)
			return PE_ERR_RELOCS;
		err = show_block(reader, image, pe_le32(header),
				 (struct pe_directory){ left.rva + BLOCK_HEADER_BYTES, size - BLOCK_HEADER_BYTES },
				 visit, ctx, &go_on);
		if (err)
			return err;
		left.rva += size;
		left.size -= size;
	}
	return PE_OK;
}
