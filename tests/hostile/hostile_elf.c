/* tests/hostile/hostile_elf.c: execute mutants of an ELF program.
 *
 *   hostile-elf [-s SEED] [-n COUNT] [-t MILLISECONDS] [PROGRAM]
 *
 * Makes COUNT (2000) mutants of PROGRAM (itself) one by one, executes each in a
 * child with a time limit and prints how often each outcome was seen. What a
 * mutant does is its own affair; the machine must survive it. The same seed makes
 * the same mutants.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ERRNO 134
#define MUTANT "mutant"

struct image {
	unsigned char *bytes;
	size_t len;
};

struct outcomes {
	unsigned exited[256];
	unsigned killed[65];
	unsigned refused[MAX_ERRNO];
	unsigned timed_out;
};

static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t pick(uint64_t count)
{
	return next_random() % count;
}

static uint64_t odd_value(const struct image *image)
{
	static const uint64_t values[] = {
		0, 1, 2, 0xfff, 0x1000, 0x1001, 0x7fff, 0xffff, 0x400000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7ffffffff000, 0x7fffffffffff, 0x800000000000, 0xffffffff80000000, 0x7fffffffffffffff,
		0x8000000000000000, ~0UL, ~0UL - 4095,
	};

	switch (pick(4)) {
	case 0: return next_random();
	case 1: return image->len + pick(64) - 32;
	case 2: return 1UL << pick(64);
	default: return values[pick(sizeof(values) / sizeof(values[0]))];
	}
}

static void put(struct image *image, size_t offset, uint64_t value, size_t size)
{
	if (offset + size <= image->len)
		memcpy(image->bytes + offset, &value, size);
}

static void change_header(struct image *image)
{
	static const struct { uint8_t offset, size; } fields[] = {
		{ offsetof(Elf64_Ehdr, e_ident) + EI_CLASS, 1 }, { offsetof(Elf64_Ehdr, e_ident) + EI_DATA, 1 },
		{ offsetof(Elf64_Ehdr, e_type), 2 }, { offsetof(Elf64_Ehdr, e_machine), 2 },
		{ offsetof(Elf64_Ehdr, e_version), 4 }, { offsetof(Elf64_Ehdr, e_entry), 8 },
		{ offsetof(Elf64_Ehdr, e_phoff), 8 }, { offsetof(Elf64_Ehdr, e_shoff), 8 },
		{ offsetof(Elf64_Ehdr, e_flags), 4 }, { offsetof(Elf64_Ehdr, e_ehsize), 2 },
		{ offsetof(Elf64_Ehdr, e_phentsize), 2 }, { offsetof(Elf64_Ehdr, e_phnum), 2 },
		{ offsetof(Elf64_Ehdr, e_shnum), 2 }, { offsetof(Elf64_Ehdr, e_shstrndx), 2 },
	};
	size_t which = pick(sizeof(fields) / sizeof(fields[0]));

	put(image, fields[which].offset, odd_value(image), fields[which].size);
}

/* Change one field of one program header, PT_INTERP among the types. */
static void change_program_header(struct image *image)
{
	static const struct { uint8_t offset, size; } fields[] = {
		{ offsetof(Elf64_Phdr, p_type), 4 }, { offsetof(Elf64_Phdr, p_flags), 4 },
		{ offsetof(Elf64_Phdr, p_offset), 8 }, { offsetof(Elf64_Phdr, p_vaddr), 8 },
		{ offsetof(Elf64_Phdr, p_paddr), 8 }, { offsetof(Elf64_Phdr, p_filesz), 8 },
		{ offsetof(Elf64_Phdr, p_memsz), 8 }, { offsetof(Elf64_Phdr, p_align), 8 },
	};
	const Elf64_Ehdr *header = (const void *)image->bytes;
	size_t which = pick(sizeof(fields) / sizeof(fields[0]));
	uint64_t value = odd_value(image);

	if (!header->e_phnum)
		return;
	if (fields[which].offset == offsetof(Elf64_Phdr, p_type))
		value = pick(2) ? pick(8) : 0x6474e550 + pick(4);
	put(image, header->e_phoff + pick(header->e_phnum) * sizeof(Elf64_Phdr) + fields[which].offset,
		value, fields[which].size);
}

static void swap_program_headers(struct image *image)
{
	const Elf64_Ehdr *header = (const void *)image->bytes;
	Elf64_Phdr keep, *headers;
	size_t a, b;

	if (!header->e_phnum || header->e_phoff > image->len ||
	    header->e_phnum * sizeof(Elf64_Phdr) > image->len - header->e_phoff || header->e_phoff % 8)
		return;
	headers = (void *)(image->bytes + header->e_phoff);
	a = pick(header->e_phnum);
	b = pick(header->e_phnum);
	keep = headers[a];
	headers[a] = headers[b];
	if (pick(2))
		headers[b] = keep;
}

static void flip_bits(struct image *image, size_t within)
{
	if (within > image->len)
		within = image->len;
	for (uint64_t i = 1 + pick(16); i > 0 && within; i--)
		image->bytes[pick(within)] ^= 1 << pick(8);
}

static void cut(struct image *image)
{
	image->len = pick(4) ? pick(image->len) : pick(200);
}

static void mutate(struct image *image)
{
	for (uint64_t i = 1 + pick(3); i > 0 && image->len >= sizeof(Elf64_Ehdr); i--)
		switch (pick(8)) {
		case 0: change_header(image); break;
		case 1: swap_program_headers(image); break;
		case 2: flip_bits(image, 1024); break;
		case 3: flip_bits(image, image->len); break;
		case 4: cut(image); break;
		default: change_program_header(image); break;
		}
}

static int write_mutant(const struct image *image)
{
	int fd;

	unlink(MUTANT);
	fd = open(MUTANT, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		return -1;
	for (size_t at = 0; at < image->len; ) {
		ssize_t len = write(fd, image->bytes + at, image->len - at);

		if (len <= 0) {
			close(fd);
			return -1;
		}
		at += len;
	}
	return close(fd);
}

/* Execute the mutant with little of everything; @report gets the error if it cannot. */
static void execute(int report)
{
	int null = open("/dev/null", O_RDWR), error;

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	setrlimit(RLIMIT_AS, &(struct rlimit){ 256UL << 20, 256UL << 20 });
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 20, 1 << 20 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	execve("./" MUTANT, (char *[]){ MUTANT, "exit", NULL }, (char *[]){ NULL });
	error = errno;
	write(report, &error, sizeof(error));
	_exit(255);
}

/* Wait for @child at most @limit_ms. Returns: whether it ended by itself. */
static int wait_at_most(pid_t child, int *status, int limit_ms)
{
	struct timespec tick = { 0, 1000000 };

	for (int waited = 0; waited < limit_ms; waited++) {
		if (waitpid(child, status, WNOHANG) == child)
			return 1;
		nanosleep(&tick, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, status, 0);
	return 0;
}

static void try_mutant(struct outcomes *outcomes, int limit_ms)
{
	int report[2], status = 0, error = 0, ended;
	pid_t child;

	if (pipe2(report, O_CLOEXEC))
		return;
	child = fork();
	if (child == 0) {
		setsid();
		execute(report[1]);
	}
	close(report[1]);
	ended = child > 0 && wait_at_most(child, &status, limit_ms);
	kill(-child, SIGKILL);
	if (!ended)
		outcomes->timed_out++;
	else if (read(report[0], &error, sizeof(error)) == sizeof(error))
		outcomes->refused[error > 0 && error < MAX_ERRNO ? error : 0]++;
	else if (WIFSIGNALED(status))
		outcomes->killed[WTERMSIG(status) & 63]++;
	else
		outcomes->exited[WEXITSTATUS(status)]++;
	close(report[0]);
}

static int read_image(const char *path, struct image *image)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		return -1;
	image->len = st.st_size;
	image->bytes = mmap(NULL, image->len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return image->bytes == MAP_FAILED ? -1 : 0;
}

static void print_outcomes(const struct outcomes *outcomes)
{
	for (int i = 0; i < 256; i++)
		if (outcomes->exited[i])
			printf("exited %d: %u\n", i, outcomes->exited[i]);
	for (int i = 1; i < 65; i++)
		if (outcomes->killed[i])
			printf("killed by SIG%s: %u\n", sigabbrev_np(i) ? sigabbrev_np(i) : "?", outcomes->killed[i]);
	for (int i = 0; i < MAX_ERRNO; i++)
		if (outcomes->refused[i])
			printf("refused with %s: %u\n", i ? strerrorname_np(i) : "an odd error", outcomes->refused[i]);
	if (outcomes->timed_out)
		printf("timed out: %u\n", outcomes->timed_out);
}

int main(int argc, char **argv)
{
	static struct outcomes outcomes;
	struct image original, mutant;
	unsigned count = 2000, made = 0;
	int limit_ms = 500;
	char folder[] = "mutants-XXXXXX";

	/* An unharmed mutant of this program. */
	if (argc == 2 && !strcmp(argv[1], "exit"))
		return 42;
	random_state = 1;
	for (int option; (option = getopt(argc, argv, "s:n:t:")) != -1; )
		switch (option) {
		case 's': random_state = strtoull(optarg, NULL, 0) | 1; break;
		case 'n': count = atoi(optarg); break;
		case 't': limit_ms = atoi(optarg); break;
		default: return 2;
		}
	if (read_image(optind < argc ? argv[optind] : "/proc/self/exe", &original) || original.len < sizeof(Elf64_Ehdr)) {
		perror("hostile-elf: program");
		return 2;
	}
	mutant.bytes = malloc(original.len);
	if (!mutant.bytes || !mkdtemp(folder) || chdir(folder)) {
		perror("hostile-elf: folder");
		return 2;
	}
	for (; made < count; made++) {
		mutant.len = original.len;
		memcpy(mutant.bytes, original.bytes, original.len);
		mutate(&mutant);
		if (write_mutant(&mutant)) {
			perror("hostile-elf: mutant");
			break;
		}
		try_mutant(&outcomes, limit_ms);
	}
	unlink(MUTANT);
	if (chdir("..") == 0)
		rmdir(folder);
	printf("mutants %u\n", made);
	print_outcomes(&outcomes);
	return made == count ? 0 : 1;
}
