/* test/builder.h: a small valid file for the tests to spoil.
 *
 * Headers of 512 bytes; .text at RVA 1000h (one page, raw 200h..5FFh), .data at 2000h
 * (three pages, raw 600h..9FFh) and .bss at 5000h (one page, no raw data).
 */
#ifndef BUILDER_H
#define BUILDER_H

#include <stdint.h>
#include <string.h>

#include <pe/pe.h>

#define FILE_BYTES 0xa00u
#define LFANEW 0x80u
#define FILE_HEADER (LFANEW + 4)
#define OPTIONAL (FILE_HEADER + 20)
#define DIRECTORIES (OPTIONAL + 112)
#define SECTION_TABLE (DIRECTORIES + 16 * 8)
#define SECTION(i) (SECTION_TABLE + 40 * (i))

/* Field offsets, [PE Format]. */
#define MACHINE FILE_HEADER
#define NSECTIONS (FILE_HEADER + 2)
#define CHARACTERISTICS (FILE_HEADER + 18)
#define ENTRY (OPTIONAL + 16)
#define IMAGE_BASE (OPTIONAL + 24)
#define SECTION_ALIGNMENT (OPTIONAL + 32)
#define FILE_ALIGNMENT (OPTIONAL + 36)
#define SIZE_OF_IMAGE (OPTIONAL + 56)
#define SIZE_OF_HEADERS (OPTIONAL + 60)
#define VIRTUAL_SIZE 8
#define RVA 12
#define RAW_SIZE 16
#define RAW_OFFSET 20

#define DATA_RVA 0x2000u
#define IN_DATA(rva) (0x600 + ((rva) - DATA_RVA))

static uint8_t file[0x40000];
static struct pe_image image;

static inline void put16(size_t at, uint32_t value)
{
	file[at] = (uint8_t)value;
	file[at + 1] = (uint8_t)(value >> 8);
}

static inline void put32(size_t at, uint32_t value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

static inline void put64(size_t at, uint64_t value)
{
	put32(at, (uint32_t)value);
	put32(at + 4, (uint32_t)(value >> 32));
}

static inline void put_section(uint32_t i, const char *name, const uint32_t sizes[4], uint32_t characteristics)
{
	size_t at = SECTION(i);

	memset(file + at, 0, 40);
	memcpy(file + at, name, strlen(name));
	put32(at + VIRTUAL_SIZE, sizes[0]);
	put32(at + RVA, sizes[1]);
	put32(at + RAW_SIZE, sizes[2]);
	put32(at + RAW_OFFSET, sizes[3]);
	put32(at + 36, characteristics);
}

static inline void put_directory(uint32_t i, uint32_t rva, uint32_t size)
{
	put32(DIRECTORIES + 8 * i, rva);
	put32(DIRECTORIES + 8 * i + 4, size);
}

static inline void put_string(uint32_t rva, const char *string)
{
	memcpy(file + IN_DATA(rva), string, strlen(string) + 1);
}

static inline void put_headers(void)
{
	memcpy(file, "MZ", 2);
	put32(0x3c, LFANEW);
	memcpy(file + LFANEW, "PE\0\0", 4);
	put16(MACHINE, 0x8664);
	put16(NSECTIONS, 3);
	put16(FILE_HEADER + 16, 112 + 16 * 8);
	put16(CHARACTERISTICS, PE_FILE_EXECUTABLE_IMAGE | PE_FILE_LARGE_ADDRESS_AWARE);
	put16(OPTIONAL, 0x20b);
	put32(ENTRY, 0x1010);
	put64(IMAGE_BASE, 0x140000000);
	put32(SECTION_ALIGNMENT, 0x1000);
	put32(FILE_ALIGNMENT, 0x200);
	put32(SIZE_OF_IMAGE, 0x6000);
	put32(SIZE_OF_HEADERS, 0x200);
	put16(OPTIONAL + 68, PE_SUBSYSTEM_WINDOWS_CUI);
	put32(OPTIONAL + 108, 16);
}

static inline int build_file(void **state)
{
	(void)state;
	memset(file, 0, sizeof(file));
	put_headers();
	put_section(0, ".text", (const uint32_t[]){ 0x123, 0x1000, 0x400, 0x200 }, 0x60000020);
	put_section(1, ".data", (const uint32_t[]){ 0x2100, DATA_RVA, 0x400, 0x600 }, 0xc0000040);
	put_section(2, ".bss", (const uint32_t[]){ 0x20, 0x5000, 0, 0 }, 0xc0000080);
	return 0;
}

static inline enum pe_error parse_file(uint32_t size)
{
	return pe_parse(file, size < PE_HEAD_BYTES ? size : PE_HEAD_BYTES, size, &image);
}

#endif
