/* The errors' names and texts. */
#include <pe/pe.h>

static const struct {
	const char *name;
	const char *text;
} errors[PE_NERRORS] = {
#define ERROR(code, text) [code] = { #code, text }
	ERROR(PE_OK, "no error"),
	ERROR(PE_ERR_NOT_MZ, "no MZ magic"),
	ERROR(PE_ERR_NO_SIGNATURE, "no PE signature"),
	ERROR(PE_ERR_NOT_PE, "another signature than PE"),
	ERROR(PE_ERR_TRUNCATED, "headers beyond the file's first bytes"),
	ERROR(PE_ERR_32BIT, "a 32-bit program"),
	ERROR(PE_ERR_MACHINE, "not for x86-64"),
	ERROR(PE_ERR_MAGIC, "not PE32+"),
	ERROR(PE_ERR_NOT_EXECUTABLE, "not marked as executable"),
	ERROR(PE_ERR_ALIGNMENT, "bad section or file alignment"),
	ERROR(PE_ERR_BASE, "image base is no multiple of 64 KiB"),
	ERROR(PE_ERR_HEADERS_TOO_LARGE, "headers of more than 64 KiB"),
	ERROR(PE_ERR_HEADERS_SIZE, "headers' size is zero or that of the image"),
	ERROR(PE_ERR_IMAGE_SIZE, "image's size does not hold its sections"),
	ERROR(PE_ERR_ENTRY, "entry point within the headers"),
	ERROR(PE_ERR_NO_SECTIONS, "no sections"),
	ERROR(PE_ERR_TOO_MANY_SECTIONS, "too many sections"),
	ERROR(PE_ERR_SECTION_EMPTY, "section without a size"),
	ERROR(PE_ERR_SECTION_ORDER, "sections overlap or descend"),
	ERROR(PE_ERR_SECTION_GAP, "gap between sections"),
	ERROR(PE_ERR_SECTION_FILE, "section beyond the file's end"),
	ERROR(PE_ERR_SECTION_FLAT, "section of a low-alignment image is not at its file offset"),
	ERROR(PE_ERR_READ, "cannot be read"),
	ERROR(PE_ERR_RVA, "an address outside the image"),
	ERROR(PE_ERR_NAME, "a name without an end"),
	ERROR(PE_ERR_EXPORTS, "bad export directory"),
	ERROR(PE_ERR_IMPORTS, "bad import directory"),
	ERROR(PE_ERR_RELOCS, "bad relocation directory"),
	ERROR(PE_ERR_RELOC_TYPE, "unknown type of relocation"),
	ERROR(PE_ERR_LOAD_CONFIG, "bad load config"),
	ERROR(PE_ERR_TLS, "bad TLS directory"),
	ERROR(PE_ERR_NOT_FOUND, "not found"),
#undef ERROR
};

const char *pe_error_name(enum pe_error err)
{
	return (unsigned int)err < PE_NERRORS ? errors[err].name : "PE_ERR_?";
}

const char *pe_error_text(enum pe_error err)
{
	return (unsigned int)err < PE_NERRORS ? errors[err].text : "unknown error";
}
