/* pe/pe.h: the one parser of Windows executables, PE32+ for x86-64.
 *
 * pe_parse() turns a file's headers into a plain list of what to map, all of it
 * checked, so that a loader can do arithmetic on it without fear. The walks read
 * the rest (exports, imports, relocations, ...) through a reader, from the file or
 * from a mapping of it, and check as they go: the file may change under them.
 *
 * It accepts what Windows 10 maps and refuses what Windows 10 refuses
 * ([PE Format], Microsoft Learn). Sections may have no raw data, or more of it than
 * memory; a raw offset that is no multiple of 512 is rounded down, as Windows reads
 * sectors. Not looked at are checksums, timestamps and versions, and whether the
 * subsystem is one that can run: that is the caller's to decide.
 *
 * Nothing here allocates, locks, recurses or keeps state. A walk's work is bounded by
 * the image's size and PE_MAX_*.
 */
#ifndef PE_PE_H
#define PE_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_PAGE_BYTES 4096u
#define PE_HEAD_BYTES 65536u       /* pe_parse() wants no more of a file's first bytes */
#define PE_MAX_SECTIONS 96u        /* Windows' limit too */
#define PE_MAX_IMAGE_BYTES 0x77000000u
#define PE_MAX_NAME_BYTES 4096u    /* of an export, a forwarder, a DLL; the NUL included */
#define PE_MAX_EXPORTS 65536u      /* ordinals have 16 bits */
#define PE_MAX_IMPORTED_DLLS 4096u
#define PE_NDIRECTORIES 16u

/* IMAGE_FILE_* in pe_image.characteristics */
#define PE_FILE_RELOCS_STRIPPED 0x0001u
#define PE_FILE_EXECUTABLE_IMAGE 0x0002u
#define PE_FILE_LARGE_ADDRESS_AWARE 0x0020u
#define PE_FILE_DLL 0x2000u

/* IMAGE_DLLCHARACTERISTICS_* in pe_image.dll_characteristics */
#define PE_DLL_HIGH_ENTROPY_VA 0x0020u
#define PE_DLL_DYNAMIC_BASE 0x0040u
#define PE_DLL_NX_COMPAT 0x0100u
#define PE_DLL_GUARD_CF 0x4000u

/* IMAGE_SCN_* in pe_section.characteristics */
#define PE_SCN_MEM_SHARED 0x10000000u

#define PE_SUBSYSTEM_NATIVE 1u
#define PE_SUBSYSTEM_WINDOWS_GUI 2u
#define PE_SUBSYSTEM_WINDOWS_CUI 3u

/* The values of mmap(2)'s PROT_*. */
#define PE_PROT_READ 1u
#define PE_PROT_WRITE 2u
#define PE_PROT_EXEC 4u

enum pe_error {
	PE_OK,
	PE_ERR_NOT_MZ,
	PE_ERR_NO_SIGNATURE,       /* a DOS program, or its header is cut off */
	PE_ERR_NOT_PE,             /* another signature: a 16-bit or OS/2 program */
	PE_ERR_TRUNCATED,          /* the headers go on beyond the head */
	PE_ERR_32BIT,              /* i386 */
	PE_ERR_MACHINE,            /* any other machine */
	PE_ERR_MAGIC,              /* an optional header that is not PE32+ */
	PE_ERR_NOT_EXECUTABLE,     /* an object file, or it did not link */
	PE_ERR_ALIGNMENT,
	PE_ERR_BASE,               /* no multiple of 64 KiB */
	PE_ERR_HEADERS_TOO_LARGE,  /* SizeOfHeaders above PE_HEAD_BYTES */
	PE_ERR_HEADERS_SIZE,       /* SizeOfHeaders is 0, or not below SizeOfImage */
	PE_ERR_IMAGE_SIZE,         /* SizeOfImage is 0, too large, or less than the sections */
	PE_ERR_ENTRY,              /* within the headers */
	PE_ERR_NO_SECTIONS,
	PE_ERR_TOO_MANY_SECTIONS,
	PE_ERR_SECTION_EMPTY,
	PE_ERR_SECTION_ORDER,      /* overlapping or descending */
	PE_ERR_SECTION_GAP,        /* not where the one before it ends */
	PE_ERR_SECTION_FILE,       /* raw data beyond the file's end */
	PE_ERR_SECTION_FLAT,       /* alignment below a page, but not laid out as in the file */
	PE_ERR_READ,               /* the reader failed */
	PE_ERR_RVA,                /* something points outside the image */
	PE_ERR_NAME,               /* a name without an end, or longer than PE_MAX_NAME_BYTES */
	PE_ERR_EXPORTS,
	PE_ERR_IMPORTS,
	PE_ERR_RELOCS,
	PE_ERR_RELOC_TYPE,         /* other than DIR64 and ABSOLUTE */
	PE_ERR_LOAD_CONFIG,
	PE_ERR_TLS,
	PE_ERR_NOT_FOUND,          /* there is no such export or directory */
	PE_NERRORS,
};

/* A static string: "PE_ERR_..." and what it means. */
const char *pe_error_name(enum pe_error err);
const char *pe_error_text(enum pe_error err);

enum pe_directory_index {
	PE_DIR_EXPORT,
	PE_DIR_IMPORT,
	PE_DIR_RESOURCE,
	PE_DIR_EXCEPTION,
	PE_DIR_SECURITY, /* its "rva" is a file offset */
	PE_DIR_RELOC,
	PE_DIR_DEBUG,
	PE_DIR_ARCHITECTURE,
	PE_DIR_GLOBAL_POINTER,
	PE_DIR_TLS,
	PE_DIR_LOAD_CONFIG,
	PE_DIR_BOUND_IMPORT,
	PE_DIR_IAT,
	PE_DIR_DELAY_IMPORT,
	PE_DIR_CLR,
	PE_DIR_RESERVED,
};

/* As the file says; not checked: the walks do that. rva 0: there is none. */
struct pe_directory {
	uint32_t rva;
	uint32_t size;
};

/* Memory [rva, rva + mem_bytes) whose first file_bytes come from the file at
 * file_offset; the rest is zeroes. Guaranteed: mem_bytes > 0 and a multiple of the
 * page size, rva too; file_bytes <= mem_bytes; no sum overflows; in memory within
 * size_of_image, in the file within file_size; sections ascend and do not overlap. */
struct pe_section {
	char name[9];
	uint32_t rva;
	uint32_t mem_bytes;
	uint32_t file_offset;
	uint32_t file_bytes;
	uint32_t prot;            /* PE_PROT_*; 0: no access */
	/* As the file says. */
	uint32_t virtual_size;
	uint32_t raw_offset;
	uint32_t raw_size;
	uint32_t characteristics; /* IMAGE_SCN_* */
};

struct pe_image {
	uint64_t file_size;
	uint64_t image_base;         /* a multiple of 64 KiB; it may be 0, or no address of a user's */
	uint32_t entry_rva;          /* 0: none; not checked to lie in a section */
	uint32_t size_of_image;      /* rounded up to a page */
	uint32_t size_of_headers;    /* mapped at RVA 0, read-only */
	uint32_t section_alignment;
	uint32_t file_alignment;
	uint32_t checksum;
	uint32_t timestamp;
	uint16_t machine;
	uint16_t characteristics;    /* PE_FILE_* */
	uint16_t dll_characteristics; /* PE_DLL_* */
	uint16_t subsystem;          /* PE_SUBSYSTEM_* */
	uint16_t linker_version[2];  /* major, minor */
	uint16_t os_version[2];
	uint16_t image_version[2];
	uint16_t subsystem_version[2];
	uint64_t stack_reserve;
	uint64_t stack_commit;
	uint64_t heap_reserve;
	uint64_t heap_commit;
	uint32_t loader_flags;
	bool is_dll;
	bool is_managed;             /* it has a CLR header */
	bool has_tls;
	bool has_relocs;             /* it can be moved: not stripped, and a directory is there */
	/* SectionAlignment is below a page: the file's bytes are the image as they stand, one
	 * mapping with all rights from RVA 0 to size_of_image, zeroes behind the file's
	 * end. The sections are told, but not rounded to pages. */
	bool is_flat;
	/* Headers and sections can be mapped straight from the page cache: each file_offset is
	 * a multiple of the page size, and each file_bytes too, or ends with the file. */
	bool is_page_aligned;
	uint32_t nsections;
	struct pe_directory directories[PE_NDIRECTORIES];
	struct pe_section sections[PE_MAX_SECTIONS];
};

/* Parse a file of @file_size bytes by its first @head_len: PE_HEAD_BYTES of it, or all if it
 * is shorter; fewer do if the headers are in them. @out is meaningless on failure. */
enum pe_error pe_parse(const void *head, size_t head_len, uint64_t file_size, struct pe_image *out);

/* How the walks see the image. */
struct pe_reader {
	/* Fill @buf with the @len bytes at @offset, which are within the file (or the
	 * image). Returns: 0; anything else is PE_ERR_READ. */
	int (*read)(void *ctx, uint64_t offset, void *buf, size_t len);
	void *ctx;
	bool is_mapped; /* offsets are RVAs of the mapped image, not offsets in its file */
};

/* Fill @buf with the @len bytes at @rva, zeroes where the file has none.
 * Returns: PE_OK; PE_ERR_RVA if a byte is in no section; PE_ERR_READ. */
enum pe_error pe_read(const struct pe_reader *reader, const struct pe_image *image, uint32_t rva, void *buf,
		      size_t len);

/* Read the string at @rva, with its NUL, into @buf of PE_MAX_NAME_BYTES.
 * Returns: PE_OK and its length without the NUL in *@len_out, unless that is NULL;
 * PE_ERR_NAME; as pe_read(). */
enum pe_error pe_read_string(const struct pe_reader *reader, const struct pe_image *image, uint32_t rva,
			     char *buf, size_t *len_out);

/* The section whose memory holds @rva; NULL if there is none. */
const struct pe_section *pe_section_at(const struct pe_image *image, uint32_t rva);

/* An exported name. @name and @forwarder live as long as the call that shows them. */
struct pe_export {
	const char *name;
	uint32_t ordinal;      /* biased, as programs say it */
	uint32_t rva;          /* checked to be below size_of_image */
	const char *forwarder; /* "DLL.Name" or "DLL.#ordinal"; NULL: rva is the thing itself */
};

/* Visitors return whether to go on; a walk that was stopped returns PE_OK. */
typedef bool (*pe_export_fn)(void *ctx, const struct pe_export *found);
typedef bool (*pe_import_fn)(void *ctx, const char *dll);
typedef bool (*pe_reloc_fn)(void *ctx, uint32_t rva);
typedef bool (*pe_syscall_fn)(void *ctx, const char *name, uint32_t number);

/* Show every export that has a name, in the file's order. Without exports it shows none.
 * Returns: PE_OK; PE_ERR_EXPORTS; as pe_read_string(). */
enum pe_error pe_exports(const struct pe_reader *reader, const struct pe_image *image, pe_export_fn visit, void *ctx);

/* Find the export @name by binary search, as Windows does: names that are out of order may
 * not be found. *@rva_out is its RVA; with a forwarder, where the forwarder's string is and
 * *@is_forwarder true.
 * Returns: PE_OK; PE_ERR_NOT_FOUND; PE_ERR_EXPORTS; as pe_read_string(). */
enum pe_error pe_export_find(const struct pe_reader *reader, const struct pe_image *image, const char *name,
			     uint32_t *rva_out, bool *is_forwarder);

/* Show the name of each DLL that is imported: when loaded, or (delay) at first use.
 * Returns: PE_OK; PE_ERR_IMPORTS; as pe_read_string(). */
enum pe_error pe_imports(const struct pe_reader *reader, const struct pe_image *image, pe_import_fn visit, void *ctx);
enum pe_error pe_delay_imports(const struct pe_reader *reader, const struct pe_image *image, pe_import_fn visit,
			       void *ctx);

/* Show the RVA of each 8 bytes that hold an address (IMAGE_REL_BASED_DIR64), in the file's
 * order; they are within size_of_image. Padding is left out.
 * Returns: PE_OK; PE_ERR_RELOCS; PE_ERR_RELOC_TYPE; as pe_read(). */
enum pe_error pe_relocs(const struct pe_reader *reader, const struct pe_image *image, pe_reloc_fn visit, void *ctx);

/* Addresses are as linked; 0: none. Not checked. */
struct pe_tls {
	uint64_t data_start;
	uint64_t data_end;
	uint64_t index_address;
	uint64_t callbacks_address;
	uint32_t zero_fill;
	uint32_t characteristics;
};

/* Returns: PE_OK; PE_ERR_NOT_FOUND; PE_ERR_TLS if the data ends before it starts; as pe_read(). */
enum pe_error pe_tls(const struct pe_reader *reader, const struct pe_image *image, struct pe_tls *out);

/* What a load config of this size does not reach is 0. */
struct pe_load_config {
	uint32_t size;
	uint32_t guard_flags;     /* IMAGE_GUARD_* */
	uint64_t security_cookie; /* the cookie's address, as linked */
};

/* Returns: PE_OK; PE_ERR_NOT_FOUND; PE_ERR_LOAD_CONFIG if it has no size; as pe_read(). */
enum pe_error pe_load_config(const struct pe_reader *reader, const struct pe_image *image,
			     struct pe_load_config *out);

#define PE_SYSCALL_THUNK_BYTES 21

/* Whether @code starts with the thunk of a system call, as in ntdll.dll and win32u.dll:
 * mov r10,rcx; mov eax,number; test byte [7FFE0308h],1; jne; syscall; ret. */
bool pe_syscall_thunk(const uint8_t *code, size_t len, uint32_t *number);

/* Show every export whose code is such a thunk.
 * Returns: as pe_exports(). */
enum pe_error pe_syscalls(const struct pe_reader *reader, const struct pe_image *image, pe_syscall_fn visit,
			  void *ctx);

#endif
