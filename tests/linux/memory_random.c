/* tests/linux/memory_random.c: random walks over mappings, compared with Linux page by page.
 *
 * A walk maps, unmaps, protects, moves, forgets, forks, reads and writes at random in a
 * window of addresses, and after each step prints which pages of it can be read,
 * how the others fail, and a sum of their contents. The walks depend on their seeds
 * alone. Left out is what Linux does differently from version to version or leaves
 * open: a file that shrinks, bytes of a mapping behind the end of its file, and mremap()
 * over several mappings.
 */
#include "common.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096UL
#define WINDOW_PAGES 48
#define WINDOW ((unsigned char *)0x10000000)
#define STEPS 250
#define MAX_RUN 12
#define FILE_PAGES 33
#define FIRST_PAGES 7

static uint64_t seed;
static int file;
static sigjmp_buf after_fault;
static volatile int fault_signal, fault_code;

/* xorshift64*: the same numbers everywhere. */
static unsigned int below(unsigned int n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned int)((seed * 0x2545f4914f6cdd1dULL) >> 33) % n;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_signal = sig;
	fault_code = info->si_code;
	siglongjmp(after_fault, 1);
}

static unsigned char *page_at(unsigned int index)
{
	return WINDOW + index * PAGE;
}

static uint64_t page_sum(const volatile unsigned char *page)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PAGE; i += 8)
		sum = sum * 31 + *(const volatile uint64_t *)(page + i);
	return sum;
}

static char fault_letter(void)
{
	if (fault_signal == SIGBUS)
		return 'b';
	return fault_code == SEGV_ACCERR ? 'a' : '.';
}

/* `r` can be read, `a` is denied, `b` lies behind the end of its file, `.` is not mapped. */
static void say_window(const char *who)
{
	char map[WINDOW_PAGES + 1] = { 0 };
	volatile uint64_t sum = 0;

	for (volatile unsigned int i = 0; i < WINDOW_PAGES; i++) {
		if (sigsetjmp(after_fault, 1)) {
			map[i] = fault_letter();
			continue;
		}
		sum = (sum ^ page_sum(page_at(i))) * 1099511628211ULL;
		map[i] = 'r';
	}
	say("%s %s %016llx", who, map, (unsigned long long)sum);
}

/* Write single bytes; those that fail are printed. */
static void write_bytes(volatile int n)
{
	while (n--) {
		unsigned int index = below(WINDOW_PAGES), offset = below(PAGE), value = below(256);

		if (!sigsetjmp(after_fault, 1))
			page_at(index)[offset] = (unsigned char)value;
		else
			say("write to page %u: %c", index, fault_letter());
	}
}

static int any_protection(void)
{
	static const int choices[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
				       PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC };

	return choices[below(COUNT_OF(choices))];
}

static long map(unsigned char *start, size_t len, int flags, int fd, off_t offset)
{
	return mmap(start, len, any_protection(), flags, fd, offset) == MAP_FAILED ? -1 : 0;
}

/* The file keeps a whole number of pages, and only grows. */
static void round_file_up(void)
{
	off_t size = lseek(file, 0, SEEK_END);

	need(ftruncate(file, (off_t)((size + PAGE - 1) / PAGE * PAGE)));
}

static long grow_file(void)
{
	off_t size = lseek(file, 0, SEEK_END), wanted = (off_t)(below(FILE_PAGES) * PAGE);

	return ftruncate(file, wanted > size ? wanted : size);
}

static long write_own_bytes(void)
{
	unsigned char bytes[3000];
	long done;

	memset(bytes, (int)below(256), sizeof(bytes));
	done = pwrite(file, bytes, below(sizeof(bytes)), below(FILE_PAGES * PAGE));
	round_file_up();
	return done;
}

/* From or to the window itself, which may end in the middle; within the file, since some
 * file systems let it grow even if nothing was written. */
static long transfer(bool to_file)
{
	unsigned char *at = page_at(below(WINDOW_PAGES)) + below(PAGE);
	size_t len = below(2 * PAGE);
	off_t offset = below((FIRST_PAGES - 2) * PAGE);

	return to_file ? pwrite(file, at, len, offset) : pread(file, at, len, offset);
}

static void grandchild(void)
{
	if (fork() == 0) {
		write_bytes(5);
		say_window("grandchild");
		_exit(0);
	}
	wait(NULL);
}

/* Child and grandchild change their copies after the parent changed its own. */
static long fork_and_write(unsigned char *start, size_t len)
{
	uint64_t seed_before = seed;
	struct gate gate;
	pid_t child;

	gate_make(&gate);
	child = fork();
	if (child == 0) {
		gate_pass(&gate);
		seed ^= 0x5555;
		write_bytes(10);
		if (below(2))
			map(start, len, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		grandchild();
		say_window("child");
		_exit(0);
	}
	write_bytes(5);
	gate_open(&gate);
	report_exit("child", child);
	close(gate.fds[0]);
	close(gate.fds[1]);
	seed = seed_before;
	return 0;
}

/* Map afresh, so that it is one mapping, and move it with a new size. */
static long map_and_move(unsigned char *start, size_t len)
{
	unsigned int pages = 1 + below(MAX_RUN), to = below(WINDOW_PAGES - MAX_RUN);

	if (mmap(start, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -1;
	write_bytes(6);
	return mremap(start, len, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(to)) == MAP_FAILED ? -1 : 0;
}

static long step(unsigned int what, unsigned int first, unsigned int npages)
{
	unsigned char *start = page_at(first);
	size_t len = npages * PAGE;
	off_t offset = (off_t)(below(FILE_PAGES) * PAGE);

	switch (what) {
	case 0: case 1: case 2:
		return map(start, len, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	case 3:
		return map(start, len, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	case 4:
		return map(start, len, MAP_PRIVATE | MAP_FIXED, file, offset);
	case 5:
		return map(start, len, MAP_SHARED | MAP_FIXED, file, offset);
	case 6:
		return munmap(start, len);
	case 7: case 8:
		return mprotect(start, len, any_protection());
	case 9:
		return madvise(start, len, MADV_DONTNEED);
	case 10:
		return map_and_move(start, len);
	case 11:
		return map(start, len, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	case 12:
		return msync(start, len, below(2) ? MS_SYNC : MS_ASYNC);
	case 13:
		return grow_file();
	case 14:
		return write_own_bytes();
	case 15:
		return transfer(false);
	case 16:
		return transfer(true);
	case 17:
		return madvise(start, len, below(2) ? MADV_WIPEONFORK : MADV_DONTFORK);
	default:
		return fork_and_write(start, len);
	}
}

static void walk(uint64_t from)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

	seed = from * 7919 + 1;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	file = (int)need(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
	need(ftruncate(file, (off_t)(FIRST_PAGES * PAGE)));
	for (int i = 0; i < STEPS; i++) {
		unsigned int what = below(19), first = below(WINDOW_PAGES - MAX_RUN), npages = 1 + below(MAX_RUN);
		char label[64];

		snprintf(label, sizeof(label), "%d: %u at %u, %u pages", i, what, first, npages);
		report(label, step(what, first, npages));
		write_bytes(6);
		say_window("window");
	}
}

TEST(a_random_walk_from_seed_1_reads_as_on_linux) { walk(1); }
TEST(a_random_walk_from_seed_2_reads_as_on_linux) { walk(2); }
TEST(a_random_walk_from_seed_3_reads_as_on_linux) { walk(3); }
TEST(a_random_walk_from_seed_4_reads_as_on_linux) { walk(4); }
TEST(a_random_walk_from_seed_5_reads_as_on_linux) { walk(5); }
TEST(a_random_walk_from_seed_6_reads_as_on_linux) { walk(6); }
TEST(a_random_walk_from_seed_7_reads_as_on_linux) { walk(7); }
TEST(a_random_walk_from_seed_8_reads_as_on_linux) { walk(8); }
