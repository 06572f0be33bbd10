/* tests/linux/memory.c: mappings, protection, faults, sharing and limits. */
#include "common.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096UL

static sigjmp_buf escape;
static volatile int fault_signal, fault_code;

static void leave_fault(int sig, siginfo_t *info, void *context)
{
	fault_signal = sig;
	fault_code = info->si_code;
	siglongjmp(escape, 1);
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = leave_fault, .sa_flags = SA_SIGINFO };

	need(sigaction(SIGSEGV, &action, NULL));
	need(sigaction(SIGBUS, &action, NULL));
}

/* Print whether one byte at @address can be read and written. */
static void probe_byte(const char *label, void *address)
{
	volatile char *byte = address;
	char outcome[2][40] = { "ok", "ok" };
	volatile char value = 0;

	catch_faults();
	if (!sigsetjmp(escape, 1))
		value = *byte;
	else
		snprintf(outcome[0], sizeof(outcome[0]), "%s code %d", signal_name(fault_signal), fault_code);
	if (!sigsetjmp(escape, 1))
		*byte = value;
	else
		snprintf(outcome[1], sizeof(outcome[1]), "%s code %d", signal_name(fault_signal), fault_code);
	say("  %s: read %s, write %s", label, outcome[0], outcome[1]);
}

static char *map(size_t pages, int prot, int flags)
{
	char *memory = mmap(NULL, pages * PAGE, prot, flags | MAP_ANONYMOUS, -1, 0);

	need_success("mmap", memory == MAP_FAILED ? -1 : 0);
	return memory;
}

static char *map_private(size_t pages)
{
	return map(pages, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static char *map_file(int fd, size_t pages, int prot, int flags)
{
	char *memory = mmap(NULL, pages * PAGE, prot, flags, fd, 0);

	need_success("mmap", memory == MAP_FAILED ? -1 : 0);
	return memory;
}

static int file_of_pages(const char *path, size_t pages)
{
	char page[PAGE];
	int fd = need(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));

	for (size_t i = 0; i < pages; i++) {
		memset(page, 'A' + i, PAGE);
		need(write(fd, page, PAGE));
	}
	return fd;
}

/* Print `label = ok` or the error of a call that gives an address. */
static void *report_map(const char *label, void *result)
{
	if (result == MAP_FAILED)
		say("  %s = -1 %s", label, errno_name(errno));
	else
		say("  %s = ok", label);
	return result;
}

static size_t count_nonzero(const char *memory, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += memory[i] != 0;
	return count;
}

TEST(anonymous_memory_is_zero_and_private)
{
	char *memory = map_private(4);
	pid_t child;

	report("bytes that are not zero", count_nonzero(memory, 4 * PAGE));
	claim("address is page-aligned", (uintptr_t)memory % PAGE == 0);
	memory[0] = 'p';
	child = need(fork());
	if (child == 0) {
		memory[0] = 'c';
		memory[PAGE] = 'c';
		_exit(0);
	}
	report_exit("child", child);
	say("  parent sees %c %d", memory[0], memory[PAGE]);
}

TEST(shared_anonymous_memory_joins_parent_and_child)
{
	char *memory = map(2, PROT_READ | PROT_WRITE, MAP_SHARED);
	pid_t child;

	memory[0] = 'p';
	child = need(fork());
	if (child == 0) {
		memory[PAGE] = memory[0] + 1;
		memory[0] = 'c';
		_exit(0);
	}
	report_exit("child", child);
	say("  parent sees %c %c", memory[0], memory[PAGE]);
}

TEST(mmap_checks_its_arguments)
{
	int fd = file_of_pages("f", 1), reader = need(open("f", O_RDONLY)), writer = need(open("f", O_WRONLY));
	int fds[2], dir = need(open(".", O_RDONLY));

	need(pipe(fds));
	report_map("length 0", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	report_map("no kind of sharing", mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
	report_map("odd offset", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100));
	report_map("bad descriptor", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	report_map("pipe", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0));
	report_map("folder", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0));
	report_map("huge length", mmap(NULL, 1UL << 62, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	report_map("odd length", mmap(NULL, 5, PROT_READ, MAP_PRIVATE, fd, 0));
	report_map("reader, shared and writable", mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, reader, 0));
	report_map("reader, private and writable", mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE, reader, 0));
	report_map("writer, shared and writable", mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0));
	report_map("writer, private and readable", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0));
	report_map("MAP_FIXED at an odd address", mmap((void *)0x10000001, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	report_map("MAP_FIXED in the kernel", mmap(KERNEL_ADDRESS, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	report_map("offset overflows", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, -4096));
	report_map("validated, unknown flag", mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 1 << 23, fd, 0));
}

TEST(private_file_mapping_is_copied_on_write)
{
	int fd = file_of_pages("f", 2);
	char *memory = map_file(fd, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE), byte;

	say("  %c %c", memory[0], memory[PAGE]);
	memory[0] = 'x';
	need(pread(fd, &byte, 1, 0));
	say("  memory %c, file %c", memory[0], byte);
	need(pwrite(fd, "Y", 1, PAGE));
	need(pwrite(fd, "Z", 1, 0));
	say("  memory %c, untouched page %c", memory[0], memory[PAGE]);
}

TEST(shared_file_mapping_is_the_file)
{
	int fd = file_of_pages("f", 2);
	char *memory = map_file(fd, 2, PROT_READ | PROT_WRITE, MAP_SHARED), byte, *again;

	memory[5] = 'm';
	need(pread(fd, &byte, 1, 5));
	say("  read sees %c", byte);
	need(pwrite(fd, "w", 1, PAGE + 1));
	say("  memory sees %c", memory[PAGE + 1]);
	again = map_file(fd, 2, PROT_READ, MAP_SHARED);
	memory[7] = 'n';
	say("  another mapping sees %c", again[7]);
	report("msync", msync(memory, 2 * PAGE, MS_SYNC));
	report("munmap", munmap(memory, 2 * PAGE));
	close(fd);
	say("  still mapped: %c", again[5]);
}

TEST(mapping_ends_with_the_file)
{
	int fd = file_of_pages("f", 2);
	char *memory;

	need(ftruncate(fd, PAGE + 100));
	memory = map_file(fd, 4, PROT_READ | PROT_WRITE, MAP_SHARED);
	report("bytes after the end of the last page that are not zero",
		count_nonzero(memory + PAGE + 100, PAGE - 100));
	probe_byte("first page", memory);
	probe_byte("last byte of the last page", memory + 2 * PAGE - 1);
	probe_byte("page after the end", memory + 2 * PAGE);
	need(ftruncate(fd, 3 * PAGE));
	probe_byte("page after the file grew", memory + 2 * PAGE);
	need(ftruncate(fd, 10));
	probe_byte("first page", memory);
	probe_byte("page after the file was cut", memory + PAGE);
	need(ftruncate(fd, 2 * PAGE));
	report("cut bytes that came back", count_nonzero(memory + 10, 2 * PAGE - 10));
}

TEST(private_mapping_past_the_end_gives_sigbus)
{
	char *memory;
	int fd = file_of_pages("f", 1);

	memory = map_file(fd, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memory[0] = 'x';
	probe_byte("page after the end", memory + PAGE);
	need(ftruncate(fd, 0));
	probe_byte("copied page after the file was cut", memory);
}

TEST(private_copies_of_cut_pages_do_not_come_back)
{
	int fd = file_of_pages("f", 3);
	char *memory = map_file(fd, 3, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	pid_t child;

	memset(memory, 'x', 3 * PAGE);
	child = need(fork());
	if (!child) {
		memory[PAGE] = 'y';
		need(ftruncate(fd, PAGE + 10));
		need(ftruncate(fd, 3 * PAGE));
		report("in the child: page that stayed", count_nonzero(memory, PAGE));
		report("page that was cut in half", count_nonzero(memory + PAGE, PAGE));
		report("page that was cut", count_nonzero(memory + 2 * PAGE, PAGE));
		_exit(0);
	}
	report_exit("child", child);
	report("page that stayed", count_nonzero(memory, PAGE));
	report("page that was cut in half", count_nonzero(memory + PAGE, PAGE));
	report("page that was cut", count_nonzero(memory + 2 * PAGE, PAGE));
	memset(memory, 'z', 3 * PAGE);
	need(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, PAGE));
	report("copies over a hole", count_nonzero(memory, 3 * PAGE));
}

TEST(protection_is_enforced)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
	static const char *const names[] = { "none", "r", "w", "rw", "rx" };

	for (size_t i = 0; i < COUNT_OF(prots); i++)
		probe_byte(names[i], map(1, prots[i], MAP_PRIVATE));
}

TEST(mprotect_splits_and_joins)
{
	char *memory = map_private(5);

	report("middle read-only", mprotect(memory + PAGE, PAGE, PROT_READ));
	report("fourth closed", mprotect(memory + 3 * PAGE, PAGE, PROT_NONE));
	for (int i = 0; i < 5; i++)
		probe_byte("page", memory + i * PAGE);
	report("all writable", mprotect(memory, 5 * PAGE, PROT_READ | PROT_WRITE));
	for (int i = 0; i < 5; i++)
		probe_byte("page", memory + i * PAGE);
	report("odd address", mprotect(memory + 1, PAGE, PROT_READ));
	report("length 0", mprotect(memory, 0, PROT_READ));
	report("odd length", mprotect(memory, 1, PROT_READ));
	probe_byte("page", memory);
	report("bad protection", mprotect(memory, PAGE, 0x80));
	need(munmap(memory + 2 * PAGE, PAGE));
	report("over a hole", mprotect(memory, 5 * PAGE, PROT_NONE));
	probe_byte("page before the hole", memory + PAGE);
	probe_byte("page after the hole", memory + 3 * PAGE);
	int reader = (file_of_pages("f", 1), need(open("f", O_RDONLY)));
	char *shared = map_file(reader, 1, PROT_READ, MAP_SHARED);
	report("shared mapping of a reader, writable", mprotect(shared, PAGE, PROT_READ | PROT_WRITE));
}

TEST(contents_survive_mprotect)
{
	char *memory = map_private(1);

	memory[9] = 'q';
	need(mprotect(memory, PAGE, PROT_NONE));
	need(mprotect(memory, PAGE, PROT_READ));
	say("  %c", memory[9]);
}

TEST(code_can_be_written_and_run)
{
	/* mov $42, %eax; ret */
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char *memory = map_private(1);

	memcpy(memory, code, sizeof(code));
	report("mprotect", mprotect(memory, PAGE, PROT_READ | PROT_EXEC));
	report("run", ((int (*)(void))memory)());
}

TEST(munmap_splits)
{
	char *memory = map_private(5);

	memory[0] = 'a';
	memory[4 * PAGE] = 'e';
	report("munmap of the middle", munmap(memory + 2 * PAGE, PAGE));
	for (int i = 0; i < 5; i++)
		probe_byte("page", memory + i * PAGE);
	say("  %c %c", memory[0], memory[4 * PAGE]);
	report("munmap again", munmap(memory + 2 * PAGE, PAGE));
	report("munmap of all", munmap(memory, 5 * PAGE));
	report("odd address", munmap(memory + 1, PAGE));
	report("length 0", munmap(memory, 0));
	report("kernel address", munmap(KERNEL_ADDRESS, PAGE));
}

TEST(fixed_mapping_replaces_what_was_there)
{
	char *memory = map_private(3);

	memset(memory, 'o', 3 * PAGE);
	claim("MAP_FIXED", mmap(memory + PAGE, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory + PAGE);
	say("  %c %d %c", memory[0], memory[PAGE], memory[2 * PAGE]);
	report_map("MAP_FIXED_NOREPLACE over it", mmap(memory + PAGE, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	need(munmap(memory + PAGE, PAGE));
	claim("MAP_FIXED_NOREPLACE in the gap", mmap(memory + PAGE, PAGE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == memory + PAGE);
	need(munmap(memory, 3 * PAGE));
	claim("a free hint is taken", mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == memory);
	claim("a used hint is not", mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != memory);
}

TEST(mremap_shrinks_grows_and_moves)
{
	char *memory = map_private(8), *moved, *target = map_private(4);

	for (int i = 0; i < 8; i++)
		memory[i * PAGE] = 'a' + i;
	claim("shrink stays", mremap(memory, 8 * PAGE, 3 * PAGE, 0) == memory);
	probe_byte("third page", memory + 2 * PAGE);
	probe_byte("fourth page", memory + 3 * PAGE);
	claim("grow into the gap stays", mremap(memory, 3 * PAGE, 5 * PAGE, 0) == memory);
	say("  %c, new page %d", memory[2 * PAGE], memory[4 * PAGE]);
	need(mmap(memory + 5 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0);
	report_map("grow without moving", mremap(memory, 5 * PAGE, 20 * PAGE, 0));
	moved = report_map("grow, may move", mremap(memory, 5 * PAGE, 20 * PAGE, MREMAP_MAYMOVE));
	claim("moved", moved != memory);
	say("  %c %c %c", moved[0], moved[PAGE], moved[2 * PAGE]);
	probe_byte("old place", memory);
	claim("MREMAP_FIXED", mremap(moved, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target);
	say("  %c", target[PAGE]);
	report_map("MREMAP_FIXED alone", mremap(target, PAGE, PAGE, MREMAP_FIXED, moved));
	report_map("overlapping MREMAP_FIXED", mremap(target, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE));
	report_map("odd address", mremap(target + 1, PAGE, PAGE, 0));
	report_map("new size 0", mremap(target, PAGE, 0, 0));
	report_map("bad flags", mremap(target, PAGE, PAGE, 0x80));
	report_map("nothing mapped", mremap(unmapped_address(), PAGE, PAGE, 0));
}

TEST(mremap_moves_file_mappings)
{
	int fd = file_of_pages("f", 4);
	char *memory = map_file(fd, 2, PROT_READ | PROT_WRITE, MAP_SHARED), *moved;

	moved = report_map("grow", mremap(memory, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE));
	say("  %c %c %c %c", moved[0], moved[PAGE], moved[2 * PAGE], moved[3 * PAGE]);
	moved[3 * PAGE] = '!';
	char byte;
	need(pread(fd, &byte, 1, 3 * PAGE));
	say("  file %c", byte);
}

TEST(brk_grows_and_shrinks)
{
	char *start = (char *)syscall(SYS_brk, 0);

	claim("grow", (char *)syscall(SYS_brk, start + 4 * PAGE) == start + 4 * PAGE);
	report("new bytes that are not zero", count_nonzero(start, 4 * PAGE));
	start[100] = 'b';
	claim("odd end", (char *)syscall(SYS_brk, start + PAGE + 7) == start + PAGE + 7);
	say("  %c", start[100]);
	probe_byte("page of the odd end", start + PAGE + 100);
	probe_byte("beyond", start + 3 * PAGE);
	claim("back", (char *)syscall(SYS_brk, start) == start);
	claim("grow again", (char *)syscall(SYS_brk, start + PAGE) == start + PAGE);
	report("bytes that are not zero", count_nonzero(start, PAGE));
	claim("below the start is refused", (char *)syscall(SYS_brk, (void *)PAGE) == start + PAGE);
	claim("the kernel is refused", (char *)syscall(SYS_brk, KERNEL_ADDRESS) == start + PAGE);
	claim("the last address is refused", (char *)syscall(SYS_brk, -7L) == start + PAGE);
}

TEST(copy_on_write_after_fork_keeps_both_sides)
{
	enum { PAGES = 64 };
	char *memory = map_private(PAGES);
	struct gate go, done;
	size_t wrong = 0;
	pid_t child;

	gate_make(&go);
	gate_make(&done);
	for (int i = 0; i < PAGES; i++)
		memory[i * PAGE] = i;
	child = need(fork());
	if (child == 0) {
		for (int i = 0; i < PAGES; i += 2)
			memory[i * PAGE] = 100;
		gate_open(&done);
		gate_pass(&go);
		for (int i = 0; i < PAGES; i++)
			wrong += memory[i * PAGE] != (i % 2 ? i : 100);
		_exit(wrong);
	}
	gate_pass(&done);
	for (int i = 0; i < PAGES; i++)
		wrong += memory[i * PAGE] != i;
	report("wrong in parent", wrong);
	for (int i = 0; i < PAGES; i++)
		memory[i * PAGE] = 50;
	gate_open(&go);
	report_exit("wrong in child", child);
}

TEST(kernel_writes_break_copy_on_write_too)
{
	char *memory = map_private(1);
	int fd = file_of_pages("f", 1);
	pid_t child;

	memory[0] = 'p';
	child = need(fork());
	if (child == 0) {
		need(pread(fd, memory, 10, 0));
		_exit(memory[0]);
	}
	report_exit("child", child);
	say("  parent %c", memory[0]);
}

TEST(read_only_pages_stop_the_kernel_too)
{
	char *readonly = map(1, PROT_READ, MAP_PRIVATE), *two = map_private(2);
	int fd = file_of_pages("f", 2);

	report("read into read-only memory", pread(fd, readonly, 10, 0));
	report("pread into the last 10 bytes", pread(fd, two + PAGE - 10, 20, 0));
	need(munmap(two + PAGE, PAGE));
	report("pread across the end of memory", pread(fd, two + PAGE - 10, 20, 0));
	say("  %c", two[PAGE - 1]);
	report("write across the end of memory", pwrite(fd, two + PAGE - 10, 20, 0));
	report("stat into the end of memory", syscall(SYS_fstat, fd, two + PAGE - 10));
	report("open of an unterminated path", open(memset(two + PAGE - 4, 'x', 4), O_RDONLY));
}

TEST(madvise_dontneed_forgets)
{
	int fd = file_of_pages("f", 1);
	char *anonymous = map_private(2), *private = map_file(fd, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	char *shared = map_file(fd, 1, PROT_READ | PROT_WRITE, MAP_SHARED);

	anonymous[0] = anonymous[PAGE] = 'x';
	private[0] = 'x';
	shared[1] = 's';
	report("anonymous", madvise(anonymous, PAGE, MADV_DONTNEED));
	say("  %d %c", anonymous[0], anonymous[PAGE]);
	report("private file", madvise(private, PAGE, MADV_DONTNEED));
	say("  %c", private[0]);
	report("shared file", madvise(shared, PAGE, MADV_DONTNEED));
	say("  %c", shared[1]);
	report("odd address", madvise(anonymous + 1, PAGE, MADV_DONTNEED));
	report("length 0", madvise(anonymous, 0, MADV_DONTNEED));
	report("bad advice", madvise(anonymous, PAGE, 999));
	report("nothing mapped", madvise(unmapped_address(), PAGE, MADV_DONTNEED));
	report("MADV_NORMAL", madvise(anonymous, PAGE, MADV_NORMAL));
	report("MADV_WILLNEED", madvise(shared, PAGE, MADV_WILLNEED));
	report("MADV_SEQUENTIAL", madvise(shared, PAGE, MADV_SEQUENTIAL));
	report("MADV_FREE", madvise(anonymous, PAGE, MADV_FREE));
}

TEST(dontfork_and_wipeonfork_are_honoured)
{
	char *gone = map_private(1), *wiped = map_private(1);
	pid_t child;

	gone[0] = wiped[0] = 'x';
	report("MADV_DONTFORK", madvise(gone, PAGE, MADV_DONTFORK));
	report("MADV_WIPEONFORK", madvise(wiped, PAGE, MADV_WIPEONFORK));
	child = need(fork());
	if (child == 0) {
		probe_byte("child: DONTFORK page", gone);
		report("child: WIPEONFORK byte", wiped[0]);
		_exit(0);
	}
	report_exit("child", child);
	say("  parent %c %c", gone[0], wiped[0]);
}

TEST(msync_checks_its_arguments)
{
	int fd = file_of_pages("f", 2);
	char *memory = map_file(fd, 2, PROT_READ | PROT_WRITE, MAP_SHARED);

	report("MS_ASYNC", msync(memory, 2 * PAGE, MS_ASYNC));
	report("MS_SYNC|MS_ASYNC", msync(memory, PAGE, MS_SYNC | MS_ASYNC));
	report("bad flags", msync(memory, PAGE, 0x80));
	report("odd address", msync(memory + 1, PAGE, MS_SYNC));
	report("length 0", msync(memory, 0, MS_SYNC));
	need(munmap(memory + PAGE, PAGE));
	report("over a hole", msync(memory, 2 * PAGE, MS_SYNC));
}

TEST(mincore_tells_what_is_touched)
{
	char *memory = map_private(3);
	unsigned char present[4] = { 0 };

	memory[PAGE] = 1;
	report("mincore", mincore(memory, 3 * PAGE, present));
	say("  %d %d %d", present[0] & 1, present[1] & 1, present[2] & 1);
	report("odd address", mincore(memory + 1, PAGE, present));
	report("bad vector", mincore(memory, PAGE, unmapped_address()));
	report("nothing mapped", mincore(unmapped_address(), PAGE, present));
}

static void lock_as_nobody(void)
{
	struct rlimit limit = { 3 * PAGE, 3 * PAGE };
	char *memory = map_private(8);

	need(setrlimit(RLIMIT_MEMLOCK, &limit));
	report("mlock 2 pages", mlock(memory, 2 * PAGE));
	report("mlock the same again", mlock(memory, 2 * PAGE));
	report("mlock 2 more", mlock(memory + 4 * PAGE, 2 * PAGE));
	report("munlock", munlock(memory, 2 * PAGE));
	report("mlock 2 others", mlock(memory + 4 * PAGE, 2 * PAGE));
	report("mlockall", mlockall(MCL_CURRENT));
	limit.rlim_cur = 0;
	need(setrlimit(RLIMIT_MEMLOCK, &limit));
	report("mlock at limit 0", mlock(memory, PAGE));
}

TEST(locked_memory_is_limited)
{
	char *memory = map_private(2);

	report("mlock of nothing mapped", mlock(unmapped_address(), PAGE));
	report("munlock", munlock(memory, PAGE));
	report("mlockall(0)", mlockall(0));
	report("mlockall(bad flags)", mlockall(0x80));
	report("munlockall", munlockall());
	as_unprivileged(lock_as_nobody);
}

TEST(address_space_is_limited)
{
	struct rlimit limit;
	pid_t child = need(fork());

	if (child == 0) {
		need(getrlimit(RLIMIT_AS, &limit));
		limit.rlim_cur = 256UL << 20;
		need(setrlimit(RLIMIT_AS, &limit));
		report_map("100 MiB", mmap(NULL, 100UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		report_map("200 MiB more", mmap(NULL, 200UL << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		char *end = (char *)syscall(SYS_brk, 0);
		claim("brk of 300 MiB is refused", (char *)syscall(SYS_brk, end + (300UL << 20)) == end);
		_exit(0);
	}
	report_exit("child", child);
}

TEST(data_segment_is_limited)
{
	struct rlimit limit = { 8UL << 20, 8UL << 20 };
	pid_t child = need(fork());

	if (child == 0) {
		need(setrlimit(RLIMIT_DATA, &limit));
		char *end = (char *)syscall(SYS_brk, 0);
		claim("brk of 1 MiB", (char *)syscall(SYS_brk, end + (1UL << 20)) == end + (1UL << 20));
		end += 1UL << 20;
		claim("brk of 20 MiB more is refused", (char *)syscall(SYS_brk, end + (20UL << 20)) == end);
		_exit(0);
	}
	report_exit("child", child);
}

TEST(large_reservations_are_free)
{
	char *memory = report_map("1 TiB of PROT_NONE", mmap(NULL, 1UL << 40, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	report("open one page in it", mprotect(memory + (1UL << 39), PAGE, PROT_READ | PROT_WRITE));
	probe_byte("that page", memory + (1UL << 39));
	probe_byte("its neighbour", memory + (1UL << 39) + PAGE);
	report("munmap", munmap(memory, 1UL << 40));
}

TEST(stack_grows_on_demand)
{
	volatile char block[1024 * 1024];

	for (size_t i = 0; i < sizeof(block); i += PAGE)
		block[sizeof(block) - 1 - i] = 1;
	say("  a megabyte of stack is there");
}

/* Print the lines of /proc/self/maps that lie in [@from, @to), without addresses. */
static void say_maps(char *from, char *to)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	if (!maps) {
		say("  no /proc/self/maps: %s", errno_name(errno));
		return;
	}
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end, offset, inode;
		unsigned major, minor;
		char prot[8];
		int at = 0;

		if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu %n", &start, &end, prot, &offset, &major, &minor, &inode, &at) < 7) {
			say("  odd line: %s", line);
			continue;
		}
		if ((char *)start < from || (char *)start >= to)
			continue;
		line[strcspn(line, "\n")] = '\0';
		char *name = strrchr(line + at, '/');
		say("  +%lu, %lu pages, %s, offset %lu, %s, name \"%s\"", ((char *)start - from) / PAGE, (end - start) / PAGE,
			prot, offset / PAGE, inode ? "inode" : "no inode", name ? name : line + at);
	}
	fclose(maps);
}

TEST(maps_show_splits_and_joins)
{
	/* Gaps on both sides, so that nothing can join its neighbours. */
	char *memory = map(10, PROT_NONE, MAP_PRIVATE) + PAGE;
	int fd = file_of_pages("mapped-file", 4);

	need(munmap(memory - PAGE, PAGE));
	need(munmap(memory + 8 * PAGE, PAGE));
	need(mprotect(memory + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
	need(mmap(memory + 4 * PAGE, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, PAGE) == MAP_FAILED ? -1 : 0);
	need(munmap(memory + 6 * PAGE, PAGE));
	say_maps(memory, memory + 8 * PAGE);
	say("  after one half was closed");
	need(mprotect(memory + PAGE, PAGE, PROT_NONE));
	say_maps(memory, memory + 8 * PAGE);
	say("  after the file was unlinked");
	need(unlink("mapped-file"));
	say_maps(memory + 4 * PAGE, memory + 6 * PAGE);
}

TEST(stack_and_heap_are_named_in_maps)
{
	char line[512];
	int stack = 0, heap = 0, text = 0;
	FILE *maps;

	free(malloc(100));
	maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof(line), maps)) {
		stack += !!strstr(line, "[stack]");
		heap += !!strstr(line, "[heap]");
		text += strstr(line, " r-xp ") && strchr(line, '/');
	}
	say("  [stack] %d, [heap] %d, executable files %d", stack, heap, text);
}

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

TEST(mremap_may_leave_the_old_mapping)
{
	char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *moved;

	memory[0] = 'a';
	memory[3 * PAGE] = 'd';
	/* The C library may pass an address that nobody gave. */
	moved = (char *)syscall(SYS_mremap, memory, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	claim("moved", moved != MAP_FAILED && moved != memory);
	say("  new %c %c, old %d %d", moved[0], moved[3 * PAGE], memory[0], memory[3 * PAGE]);
	memory[0] = 'x';
	say("  new %c, old %c", moved[0], memory[0]);
	report_map("without MAYMOVE", (void *)syscall(SYS_mremap, memory, PAGE, PAGE, MREMAP_DONTUNMAP, 0));
	report_map("and grow", (void *)syscall(SYS_mremap, memory, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0));
	claim("at an address", mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		moved + PAGE) == moved + PAGE);
	say("  new %c, old %d", moved[PAGE], memory[0]);
}

TEST(madvise_takes_hints_about_huge_pages)
{
	char *memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	report("HUGEPAGE", madvise(memory, 4 * PAGE, MADV_HUGEPAGE));
	report("NOHUGEPAGE", madvise(memory, 4 * PAGE, MADV_NOHUGEPAGE));
	report("DONTDUMP", madvise(memory, 4 * PAGE, MADV_DONTDUMP));
	report("DODUMP", madvise(memory, 4 * PAGE, MADV_DODUMP));
	report("COLD", madvise(memory, 4 * PAGE, MADV_COLD));
	report("PAGEOUT", madvise(memory, 4 * PAGE, MADV_PAGEOUT));
	report("POPULATE_READ", madvise(memory, 4 * PAGE, 22));
	report("POPULATE_WRITE", madvise(memory, 4 * PAGE, 23));
	memory[0] = 'l';
	need(mlock(memory, PAGE));
	report("DONTNEED of locked", madvise(memory, PAGE, MADV_DONTNEED));
	report("DONTNEED_LOCKED", madvise(memory, PAGE, 24));
	say("  %d", memory[0]);
}
