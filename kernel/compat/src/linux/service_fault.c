/* kernel/compat/src/linux/service_fault.c: where a service faulted, with the names from its file.
 *
 * Services are linked where they run and keep frame pointers, and their files lie in the
 * bundle with all symbols. Nothing of what the dying service left in memory is trusted.
 */
#include <elf/elf.h>
#include <io/inode.h>
#include <mm/object.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>

#include "dispatch.h"

#define MAX_FRAMES 16
#define NAME_BYTES 64
#define PATH_BYTES 96
#define PUSH_RBP 0x55	/* how a function with a frame begins */

static int read_object(void *object, uint64_t offset, void *buf, size_t len)
{
	int64_t n = mm_object_read(object, offset, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

/* Returns: the address of the function that @rip lies in, or 0. */
static uint64_t report_place(const struct elf_source *file, uint64_t rip)
{
	char name[NAME_BYTES] = "?";
	uint64_t offset = 0;
	bool is_known = file->ctx && !elf_function_at(file, rip, name, sizeof(name), &offset);

	log_error(SERVICE, "    %012llx %s+%llxh", (unsigned long long)rip, name, (unsigned long long)offset);
	return is_known ? rip - offset : 0;
}

/* The compiler gives a function that calls nobody no frame: its caller is where @rsp points. */
static void report_caller_of_leaf(const struct elf_source *file, uint64_t function, uint64_t rsp)
{
	uint8_t first;
	uint64_t rip;

	if (!function || copy_from_user(&first, user_ptr(function), sizeof(first)) || first == PUSH_RBP)
		return;
	if (!copy_from_user(&rip, user_ptr(rsp), sizeof(rip)))
		report_place(file, rip - 1);
}

/* A return address points behind the call, which may be its function's last instruction. */
static void report_callers(const struct elf_source *file, uint64_t rbp)
{
	uint64_t frame[2];

	for (int i = 0; i < MAX_FRAMES; i++) {
		if (rbp % sizeof(uint64_t) || copy_from_user(frame, user_ptr(rbp), sizeof(frame)) || !frame[1])
			return;
		report_place(file, frame[1] - 1);
		if (frame[0] <= rbp)
			return;
		rbp = frame[0];
	}
}

void service_fault_report(const struct trap_frame *f, uint64_t address)
{
	struct process *p = ps_current();
	struct elf_source file = { .read = read_object };
	struct mm_object *object;
	char path[PATH_BYTES];

	log_error(SERVICE, "%s (pid %u) faulted: vector %u, error %llx, address %llx, rip %llx, rsp %llx", p->name, p->pid,
		  (unsigned)f->vector, (unsigned long long)f->error, (unsigned long long)address,
		  (unsigned long long)f->rip, (unsigned long long)f->rsp);
	ksnprintf(path, sizeof(path), "services/%s/%s.elf", p->name, p->name);
	if (!bundle_open(path, &object, &file.file_size))
		file.ctx = object;
	report_caller_of_leaf(&file, report_place(&file, f->rip), f->rsp);
	report_callers(&file, f->rbp);
	mm_object_put(file.ctx);
}
