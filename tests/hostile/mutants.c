#define _GNU_SOURCE
#include "mutants.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"
#include "support.h"

#define MAX_ERRNO 134
#define MUTANT "mutant"

struct outcomes {
	unsigned exited[256];
	unsigned killed[65];
	unsigned refused[MAX_ERRNO];
	unsigned timed_out;
};

static uint64_t random_state;

uint64_t pick(uint64_t count)
{
	return random_next(&random_state) % count;
}

uint64_t odd_value(const struct image *image)
{
	static const uint64_t values[] = {
		0, 1, 2, 0xfff, 0x1000, 0x1001, 0x7fff, 0xffff, 0x400000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x7ffffffff000, 0x7fffffffffff, 0x800000000000, 0xffffffff80000000, 0x7fffffffffffffff,
		0x8000000000000000, ~0UL, ~0UL - 4095,
	};

	switch (pick(4)) {
	case 0: return random_next(&random_state);
	case 1: return image->len + pick(64) - 32;
	case 2: return 1UL << pick(64);
	default: return values[pick(sizeof(values) / sizeof(values[0]))];
	}
}

void put(struct image *image, uint64_t offset, uint64_t value, size_t size)
{
	if (offset < image->len && size <= image->len - offset)
		memcpy(image->bytes + offset, &value, size);
}

uint64_t get(const struct image *image, uint64_t offset, size_t size)
{
	uint64_t value = 0;

	if (offset < image->len && size <= image->len - offset)
		memcpy(&value, image->bytes + offset, size);
	return value;
}

void flip_bits(struct image *image, size_t within)
{
	if (within > image->len)
		within = image->len;
	for (uint64_t i = 1 + pick(16); i > 0 && within; i--)
		image->bytes[pick(within)] ^= 1 << pick(8);
}

void cut(struct image *image)
{
	image->len = pick(4) ? pick(image->len) : pick(200);
}

static void mutate(struct image *image, const struct format *format)
{
	for (uint64_t i = 1 + pick(3); i > 0 && image->len >= format->least_len; i--)
		format->mutate(image);
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
static void execute(int report, uint64_t address_space)
{
	int null = open("/dev/null", O_RDWR), error;

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (address_space)
		setrlimit(RLIMIT_AS, &(struct rlimit){ address_space, address_space });
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 20, 1 << 20 });
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	execve("./" MUTANT, (char *[]){ MUTANT, "exit", NULL }, (char *[]){ NULL });
	error = errno;
	write(report, &error, sizeof(error));
	_exit(255);
}

static void try_mutant(struct outcomes *outcomes, const struct format *format, int limit_ms)
{
	int report[2], status = 0, error = 0;
	bool ended;
	pid_t child;

	if (pipe2(report, O_CLOEXEC))
		return;
	child = fork();
	if (child == 0) {
		setsid();
		execute(report[1], format->address_space);
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

int run_mutants(int argc, char **argv, const struct format *format)
{
	static struct outcomes outcomes;
	struct image original, mutant;
	unsigned count = 2000, made = 0;
	int limit_ms = format->limit_ms;
	char folder[] = "mutants-XXXXXX";

	random_state = 1;
	for (int option; (option = getopt(argc, argv, "s:n:t:")) != -1; )
		switch (option) {
		case 's': random_state = strtoull(optarg, NULL, 0) | 1; break;
		case 'n': count = atoi(optarg); break;
		case 't': limit_ms = atoi(optarg); break;
		default: return 2;
		}
	if (read_image(optind < argc ? argv[optind] : "/proc/self/exe", &original) || original.len < format->least_len) {
		perror("mutants: program");
		return 2;
	}
	mutant.bytes = malloc(original.len);
	if (!mutant.bytes || !mkdtemp(folder) || chdir(folder)) {
		perror("mutants: folder");
		return 2;
	}
	for (; made < count; made++) {
		mutant.len = original.len;
		memcpy(mutant.bytes, original.bytes, original.len);
		mutate(&mutant, format);
		if (write_mutant(&mutant)) {
			perror("mutants: mutant");
			break;
		}
		try_mutant(&outcomes, format, limit_ms);
	}
	unlink(MUTANT);
	if (chdir("..") == 0)
		rmdir(folder);
	printf("mutants %u\n", made);
	print_outcomes(&outcomes);
	return made == count ? 0 : 1;
}
