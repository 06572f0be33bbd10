/* Reading by RVA. */
#include <string.h>

#include "private.h"

/* A run of memory whose first file_bytes are in the file at file_offset. */
struct piece {
	uint64_t len;
	uint64_t file_offset;
	uint64_t file_bytes;
};

const struct pe_section *pe_section_at(const struct pe_image *image, uint32_t rva)
{
	uint32_t i;

	for (i = 0; i < image->nsections; i++) {
		const struct pe_section *section = &image->sections[i];

		if (rva >= section->rva && rva - section->rva < section->mem_bytes)
			return section;
	}
	return NULL;
}

static uint64_t less_or_zero(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What of a run of @mem_bytes, its first @file_bytes at @file_offset, is left behind @skip. */
static struct piece piece_of(uint64_t skip, uint64_t mem_bytes, uint64_t file_offset, uint64_t file_bytes)
{
	return (struct piece){
		.len = mem_bytes - skip,
		.file_offset = file_offset + skip,
		.file_bytes = less_or_zero(file_bytes, skip),
	};
}

static bool find_piece(const struct pe_image *image, bool is_mapped, uint32_t rva, struct piece *out)
{
	const struct pe_section *section;
	uint64_t in_file;

	if (rva >= image->size_of_image)
		return false;
	if (is_mapped) {
		*out = piece_of(rva, image->size_of_image, 0, image->size_of_image);
		return true;
	}
	if (rva < image->size_of_headers || image->is_flat) {
		in_file = image->is_flat ? image->size_of_image : image->size_of_headers;
		*out = piece_of(rva, in_file, 0, image->file_size < in_file ? image->file_size : in_file);
		return true;
	}
	section = pe_section_at(image, rva);
	if (!section)
		return false;
	*out = piece_of(rva - section->rva, section->mem_bytes, section->file_offset, section->file_bytes);
	return true;
}

/* Read what lies in one piece: *@got bytes, at most @len and at least one. */
static enum pe_error read_some(const struct pe_reader *reader, const struct pe_image *image, uint32_t rva,
			       uint8_t *buf, size_t len, size_t *got)
{
	struct piece piece;
	size_t from_file;

	if (!find_piece(image, reader->is_mapped, rva, &piece))
		return PE_ERR_RVA;
	*got = len < piece.len ? len : piece.len;
	from_file = *got < piece.file_bytes ? *got : piece.file_bytes;
	if (from_file && reader->read(reader->ctx, piece.file_offset, buf, from_file))
		return PE_ERR_READ;
	memset(buf + from_file, 0, *got - from_file);
	return PE_OK;
}

enum pe_error pe_read(const struct pe_reader *reader, const struct pe_image *image, uint32_t rva, void *buf,
		      size_t len)
{
	uint8_t *at = buf;
	enum pe_error err;
	size_t got;

	while (len) {
		err = read_some(reader, image, rva, at, len, &got);
		if (err)
			return err;
		at += got;
		len -= got;
		rva += got; /* pieces end at or below size_of_image */
	}
	return PE_OK;
}

enum pe_error pe_read_string(const struct pe_reader *reader, const struct pe_image *image, uint32_t rva,
			     char *buf, size_t *len_out)
{
	size_t done = 0, got, chunk = 64;
	enum pe_error err;
	const char *end;

	while (done < PE_MAX_NAME_BYTES) {
		if (chunk > PE_MAX_NAME_BYTES - done)
			chunk = PE_MAX_NAME_BYTES - done;
		err = read_some(reader, image, rva, (uint8_t *)buf + done, chunk, &got);
		if (err)
			return err;
		end = memchr(buf + done, '\0', got);
		if (end) {
			if (len_out)
				*len_out = (size_t)(end - buf);
			return PE_OK;
		}
		done += got;
		rva += got;
	}
	return PE_ERR_NAME;
}
