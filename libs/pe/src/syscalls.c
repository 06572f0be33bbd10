/* The numbers of system calls, read from a DLL's code. */
#include <string.h>

#include "private.h"

static const uint8_t thunk_start[] = { 0x4c, 0x8b, 0xd1, 0xb8 };
static const uint8_t thunk_test[] = { 0xf6, 0x04, 0x25, 0x08, 0x03, 0xfe, 0x7f, 0x01, 0x75 };
static const uint8_t thunk_end[] = { 0x0f, 0x05, 0xc3 };

#define NUMBER_AT 4
#define TEST_AT 8
#define END_AT 18

bool pe_syscall_thunk(const uint8_t *code, size_t len, uint32_t *number)
{
	if (len < PE_SYSCALL_THUNK_BYTES || memcmp(code, thunk_start, sizeof(thunk_start)) ||
	    memcmp(code + TEST_AT, thunk_test, sizeof(thunk_test)) ||
	    memcmp(code + END_AT, thunk_end, sizeof(thunk_end)))
		return false;
	*number = pe_le32(code + NUMBER_AT);
	return true;
}

struct walk {
	const struct pe_reader *reader;
	const struct pe_image *image;
	pe_syscall_fn visit;
	void *ctx;
	enum pe_error err;
};

static bool look_at_export(void *ctx, const struct pe_export *found)
{
	uint8_t code[PE_SYSCALL_THUNK_BYTES];
	struct walk *walk = ctx;
	uint32_t number;

	if (found->forwarder)
		return true;
	walk->err = pe_read(walk->reader, walk->image, found->rva, code, sizeof(code));
	if (walk->err == PE_ERR_RVA) { /* data at the image's end: no thunk */
		walk->err = PE_OK;
		return true;
	}
	if (walk->err)
		return false;
	return !pe_syscall_thunk(code, sizeof(code), &number) || walk->visit(walk->ctx, found->name, number);
}

enum pe_error pe_syscalls(const struct pe_reader *reader, const struct pe_image *image, pe_syscall_fn visit,
			  void *ctx)
{
	struct walk walk = { .reader = reader, .image = image, .visit = visit, .ctx = ctx };
	enum pe_error err = pe_exports(reader, image, look_at_export, &walk);

	return err ? err : walk.err;
}
