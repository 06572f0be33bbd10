/* The headers. Field offsets are those of [PE Format]; the checks are the ones that
 * Windows makes when it creates an image section. */
#include <string.h>

#include "private.h"

#define LFANEW_AT 0x3c
#define SIGNATURE_BYTES 4u
#define FILE_HEADER_BYTES 20u
#define OPTIONAL_HEADER_BYTES 112u /* up to the directories */
#define DIRECTORY_BYTES 8u
#define SECTION_HEADER_BYTES 40u

#define MACHINE_I386 0x014c
#define MACHINE_AMD64 0x8664
#define MAGIC_PE32_PLUS 0x020b

#define SECTOR_BYTES 512u
#define BASE_ALIGNMENT 0x10000u
#define SCN_MEM_EXECUTE 0x20000000u
#define SCN_MEM_READ 0x40000000u
#define SCN_MEM_WRITE 0x80000000u

struct head {
	const uint8_t *bytes;
	uint64_t len;
	uint32_t file_header_at;
	uint32_t optional_at;
	uint32_t sections_at;
	uint32_t nsections;
};

static bool is_within(const struct head *head, uint64_t at, uint64_t len)
{
	return at <= head->len && len <= head->len - at;
}

static bool is_power_of_two(uint32_t value)
{
	return value && (value & (value - 1)) == 0;
}

static enum pe_error find_signature(struct head *head, uint64_t file_size)
{
	uint32_t at;

	if (!is_within(head, 0, 2) || memcmp(head->bytes, "MZ", 2))
		return PE_ERR_NOT_MZ;
	if (!is_within(head, LFANEW_AT, 4))
		return PE_ERR_NO_SIGNATURE;
	at = pe_le32(head->bytes + LFANEW_AT);
	if (at > file_size || file_size - at < SIGNATURE_BYTES || at % 4)
		return PE_ERR_NO_SIGNATURE;
	if (!is_within(head, at, SIGNATURE_BYTES))
		return PE_ERR_TRUNCATED;
	if (memcmp(head->bytes + at, "PE\0\0", SIGNATURE_BYTES))
		return PE_ERR_NOT_PE;
	head->file_header_at = at + SIGNATURE_BYTES;
	if (!is_within(head, head->file_header_at, FILE_HEADER_BYTES))
		return PE_ERR_TRUNCATED;
	head->optional_at = head->file_header_at + FILE_HEADER_BYTES;
	return PE_OK;
}

static enum pe_error parse_file_header(struct head *head, struct pe_image *out)
{
	const uint8_t *at = head->bytes + head->file_header_at;

	out->machine = pe_le16(at);
	head->nsections = pe_le16(at + 2);
	out->timestamp = pe_le32(at + 4);
	head->sections_at = head->optional_at + pe_le16(at + 16);
	out->characteristics = pe_le16(at + 18);
	out->is_dll = out->characteristics & PE_FILE_DLL;

	if (out->machine == MACHINE_I386)
		return PE_ERR_32BIT;
	if (out->machine != MACHINE_AMD64)
		return PE_ERR_MACHINE;
	if (!(out->characteristics & PE_FILE_EXECUTABLE_IMAGE))
		return PE_ERR_NOT_EXECUTABLE;
	if (head->nsections > PE_MAX_SECTIONS)
		return PE_ERR_TOO_MANY_SECTIONS;
	if (!is_within(head, head->optional_at, OPTIONAL_HEADER_BYTES) ||
	    !is_within(head, head->sections_at, (uint64_t)head->nsections * SECTION_HEADER_BYTES))
		return PE_ERR_TRUNCATED;
	return PE_OK;
}

static void put_version(const uint8_t *at, uint16_t version[2])
{
	version[0] = pe_le16(at);
	version[1] = pe_le16(at + 2);
}

static void parse_directories(const struct head *head, const uint8_t *optional, struct pe_image *out)
{
	uint32_t i, count = pe_le32(optional + 108), at = head->optional_at + OPTIONAL_HEADER_BYTES;

	for (i = 0; i < count && i < PE_NDIRECTORIES && is_within(head, at, DIRECTORY_BYTES); i++) {
		out->directories[i].rva = pe_le32(head->bytes + at);
		out->directories[i].size = pe_le32(head->bytes + at + 4);
		at += DIRECTORY_BYTES;
	}
	out->is_managed = out->directories[PE_DIR_CLR].rva;
	out->has_tls = out->directories[PE_DIR_TLS].rva;
	out->has_relocs = out->directories[PE_DIR_RELOC].rva && out->directories[PE_DIR_RELOC].size &&
			  !(out->characteristics & PE_FILE_RELOCS_STRIPPED);
}

static enum pe_error check_sizes(const struct pe_image *out, uint32_t size_of_image)
{
	uint32_t section = out->section_alignment, file = out->file_alignment;

	if (!is_power_of_two(section) || !is_power_of_two(file) || section < file)
		return PE_ERR_ALIGNMENT;
	if (section != file && (section < PE_PAGE_BYTES || file % SECTOR_BYTES))
		return PE_ERR_ALIGNMENT;
	if (out->image_base % BASE_ALIGNMENT)
		return PE_ERR_BASE;
	if (size_of_image == 0 || size_of_image > PE_MAX_IMAGE_BYTES)
		return PE_ERR_IMAGE_SIZE;
	if (out->size_of_headers > PE_HEAD_BYTES)
		return PE_ERR_HEADERS_TOO_LARGE;
	if (out->size_of_headers == 0 || out->size_of_headers >= size_of_image)
		return PE_ERR_HEADERS_SIZE;
	if (out->entry_rva && out->entry_rva < out->size_of_headers)
		return PE_ERR_ENTRY;
	return PE_OK;
}

static enum pe_error parse_optional_header(const struct head *head, struct pe_image *out)
{
	const uint8_t *at = head->bytes + head->optional_at;
	uint32_t size_of_image = pe_le32(at + 56);

	if (pe_le16(at) != MAGIC_PE32_PLUS)
		return PE_ERR_MAGIC;
	out->linker_version[0] = at[2];
	out->linker_version[1] = at[3];
	out->entry_rva = pe_le32(at + 16);
	out->image_base = pe_le64(at + 24);
	out->section_alignment = pe_le32(at + 32);
	out->file_alignment = pe_le32(at + 36);
	put_version(at + 40, out->os_version);
	put_version(at + 44, out->image_version);
	put_version(at + 48, out->subsystem_version);
	out->size_of_image = (uint32_t)pe_round_up(size_of_image, PE_PAGE_BYTES);
	out->size_of_headers = pe_le32(at + 60);
	out->checksum = pe_le32(at + 64);
	out->subsystem = pe_le16(at + 68);
	out->dll_characteristics = pe_le16(at + 70);
	out->stack_reserve = pe_le64(at + 72);
	out->stack_commit = pe_le64(at + 80);
	out->heap_reserve = pe_le64(at + 88);
	out->heap_commit = pe_le64(at + 96);
	out->loader_flags = pe_le32(at + 104);
	out->is_flat = out->section_alignment < PE_PAGE_BYTES;
	parse_directories(head, at, out);
	return check_sizes(out, size_of_image);
}

/* Hardware cannot write without reading. */
static uint32_t prot_of(uint32_t characteristics)
{
	return (characteristics & (SCN_MEM_READ | SCN_MEM_WRITE) ? PE_PROT_READ : 0) |
	       (characteristics & SCN_MEM_WRITE ? PE_PROT_WRITE : 0) |
	       (characteristics & SCN_MEM_EXECUTE ? PE_PROT_EXEC : 0);
}

static void read_section_header(const uint8_t *at, struct pe_section *section)
{
	memcpy(section->name, at, 8);
	section->virtual_size = pe_le32(at + 8);
	section->rva = pe_le32(at + 12);
	section->raw_size = pe_le32(at + 16);
	section->raw_offset = pe_le32(at + 20);
	section->characteristics = pe_le32(at + 36);
	section->prot = prot_of(section->characteristics);
}

/* In a flat image memory is the file, so there is nothing to place. */
static enum pe_error add_flat_section(struct pe_image *out, struct pe_section *section)
{
	uint32_t len = section->virtual_size ? section->virtual_size : section->raw_size;

	if (section->rva > out->size_of_image || len > out->size_of_image - section->rva)
		return PE_ERR_IMAGE_SIZE;
	if (section->raw_size && section->raw_offset != section->rva)
		return PE_ERR_SECTION_FLAT;
	section->mem_bytes = len;
	section->file_offset = section->rva;
	section->file_bytes = section->raw_size < len ? section->raw_size : len;
	if (section->file_offset > out->file_size)
		section->file_bytes = 0;
	else if (section->file_bytes > out->file_size - section->file_offset)
		section->file_bytes = (uint32_t)(out->file_size - section->file_offset);
	return PE_OK;
}

static enum pe_error place_in_file(struct pe_image *out, struct pe_section *section)
{
	if (section->raw_size == 0 || section->raw_offset == 0)
		return PE_OK;
	if (section->raw_offset > out->file_size || section->raw_size > out->file_size - section->raw_offset)
		return PE_ERR_SECTION_FILE;
	section->file_offset = section->raw_offset & ~(SECTOR_BYTES - 1);
	section->file_bytes = section->raw_size < section->mem_bytes ? section->raw_size : section->mem_bytes;
	return PE_OK;
}

static enum pe_error add_section(struct pe_image *out, struct pe_section *section, uint64_t *next_rva)
{
	uint32_t len = section->virtual_size ? section->virtual_size : section->raw_size;

	if (len == 0)
		return PE_ERR_SECTION_EMPTY;
	if (section->rva < *next_rva)
		return PE_ERR_SECTION_ORDER;
	if (section->rva > *next_rva)
		return PE_ERR_SECTION_GAP;
	if (pe_round_up(*next_rva + len, PE_PAGE_BYTES) > out->size_of_image)
		return PE_ERR_IMAGE_SIZE;
	section->mem_bytes = (uint32_t)pe_round_up(len, PE_PAGE_BYTES);
	*next_rva = pe_round_up(*next_rva + len, out->section_alignment);
	return place_in_file(out, section);
}

static enum pe_error parse_sections(const struct head *head, struct pe_image *out)
{
	uint64_t next_rva = pe_round_up(out->size_of_headers, out->section_alignment);
	enum pe_error err;
	uint32_t i;

	if (head->nsections == 0 && !out->is_flat)
		return PE_ERR_NO_SECTIONS;
	for (i = 0; i < head->nsections; i++) {
		struct pe_section *section = &out->sections[i];

		read_section_header(head->bytes + head->sections_at + i * SECTION_HEADER_BYTES, section);
		err = out->is_flat ? add_flat_section(out, section) : add_section(out, section, &next_rva);
		if (err)
			return err;
	}
	out->nsections = head->nsections;
	return PE_OK;
}

static bool fills_pages(const struct pe_image *image, uint64_t offset, uint64_t len)
{
	return offset % PE_PAGE_BYTES == 0 && (len % PE_PAGE_BYTES == 0 || offset + len == image->file_size);
}

static bool is_page_aligned(const struct pe_image *image)
{
	uint32_t i;

	if (image->is_flat)
		return true;
	if (image->file_alignment < PE_PAGE_BYTES || !fills_pages(image, 0, image->size_of_headers))
		return false;
	for (i = 0; i < image->nsections; i++)
		if (!fills_pages(image, image->sections[i].file_offset, image->sections[i].file_bytes))
			return false;
	return true;
}

enum pe_error pe_parse(const void *head_bytes, size_t head_len, uint64_t file_size, struct pe_image *out)
{
	struct head head = { .bytes = head_bytes, .len = head_len };
	enum pe_error err;

	memset(out, 0, sizeof(*out));
	out->file_size = file_size;
	if (head.len > file_size)
		head.len = file_size;
	err = find_signature(&head, file_size);
	if (!err)
		err = parse_file_header(&head, out);
	if (!err)
		err = parse_optional_header(&head, out);
	if (!err)
		err = parse_sections(&head, out);
	out->is_page_aligned = !err && is_page_aligned(out);
	return err;
}
