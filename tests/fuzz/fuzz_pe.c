/* The input is a Windows executable that somebody starts. */
#include <pe/pe.h>

#include "fuzz_support.h"

#define MAX_MAPPED_BYTES (1u << 18)

struct file {
	const uint8_t *data;
	size_t size;
};

static struct pe_image image;

static int read_file(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct file *file = ctx;

	REQUIRE(len > 0 && offset <= file->size && len <= file->size - offset);
	memcpy(buf, file->data + offset, len);
	return 0;
}

static void check_section(const struct pe_section *section, uint64_t *end)
{
	REQUIRE(section->file_bytes <= section->mem_bytes);
	REQUIRE(section->rva <= image.size_of_image && section->mem_bytes <= image.size_of_image - section->rva);
	if (section->file_bytes) {
		REQUIRE(section->file_offset <= image.file_size);
		REQUIRE(section->file_bytes <= image.file_size - section->file_offset);
	}
	REQUIRE(section->prot <= 7 && section->name[8] == '\0');
	if (image.is_flat)
		return;
	REQUIRE(section->mem_bytes > 0 && section->mem_bytes % PE_PAGE_BYTES == 0);
	REQUIRE(section->rva >= *end && section->rva % PE_PAGE_BYTES == 0);
	REQUIRE(!image.is_page_aligned || section->file_offset % PE_PAGE_BYTES == 0);
	*end = (uint64_t)section->rva + section->mem_bytes;
}

static void check_image(void)
{
	uint64_t end = image.size_of_headers;
	uint32_t i;

	REQUIRE(image.size_of_image > 0 && image.size_of_image % PE_PAGE_BYTES == 0);
	REQUIRE(image.size_of_image <= PE_MAX_IMAGE_BYTES);
	REQUIRE(image.size_of_headers > 0 && image.size_of_headers < image.size_of_image);
	REQUIRE(image.image_base % 0x10000 == 0);
	REQUIRE(image.nsections <= PE_MAX_SECTIONS && (image.nsections || image.is_flat));
	for (i = 0; i < image.nsections; i++)
		check_section(&image.sections[i], &end);
}

static bool see_export(void *ctx, const struct pe_export *found)
{
	(void)ctx;
	REQUIRE(strlen(found->name) < PE_MAX_NAME_BYTES && found->rva < image.size_of_image);
	REQUIRE(!found->forwarder || strlen(found->forwarder) < PE_MAX_NAME_BYTES);
	return true;
}

static bool see_dll(void *ctx, const char *dll)
{
	(void)ctx;
	REQUIRE(strlen(dll) < PE_MAX_NAME_BYTES);
	return true;
}

static bool see_reloc(void *ctx, uint32_t rva)
{
	(void)ctx;
	REQUIRE(rva < image.size_of_image && image.size_of_image - rva >= 8);
	return true;
}

static bool see_syscall(void *ctx, const char *name, uint32_t number)
{
	(void)ctx;
	(void)number;
	touch(name, strlen(name) + 1);
	return true;
}

static void walk(const struct pe_reader *reader)
{
	struct pe_load_config config;
	bool is_forwarder;
	struct pe_tls tls;
	uint32_t rva;

	pe_exports(reader, &image, see_export, NULL);
	pe_imports(reader, &image, see_dll, NULL);
	pe_delay_imports(reader, &image, see_dll, NULL);
	pe_relocs(reader, &image, see_reloc, NULL);
	pe_syscalls(reader, &image, see_syscall, NULL);
	if (pe_export_find(reader, &image, "NtClose", &rva, &is_forwarder) == PE_OK)
		REQUIRE(rva < image.size_of_image);
	if (pe_tls(reader, &image, &tls) == PE_OK)
		REQUIRE(tls.data_start <= tls.data_end);
	pe_load_config(reader, &image, &config);
}

/* The same image as memory of its own, so that ASan sees a read behind it. */
static void walk_mapped(const struct pe_reader *reader)
{
	struct file memory = { NULL, image.size_of_image };
	struct pe_reader mapped = { .read = read_file, .ctx = &memory, .is_mapped = true };
	uint8_t *bytes;
	uint32_t rva;

	if (image.size_of_image > MAX_MAPPED_BYTES)
		return;
	bytes = calloc(1, image.size_of_image);
	for (rva = 0; rva < image.size_of_image; rva += PE_PAGE_BYTES)
		pe_read(reader, &image, rva, bytes + rva, PE_PAGE_BYTES);
	memory.data = bytes;
	walk(&mapped);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file file = { data, size };
	struct pe_reader reader = { .read = read_file, .ctx = &file };
	size_t head_len = size < PE_HEAD_BYTES ? size : PE_HEAD_BYTES;
	uint8_t *head = malloc(head_len ? head_len : 1);
	enum pe_error err;

	memcpy(head, data, head_len);
	err = pe_parse(head, head_len, size, &image);
	free(head);
	REQUIRE(pe_error_text(err)[0] != '\0');
	if (err)
		return 0;
	check_image();
	walk(&reader);
	walk_mapped(&reader);
	return 0;
}
