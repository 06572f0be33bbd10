/* tests/linux/interpreter.c: programs that name an interpreter, good ones and bad ones. */
#include "common.h"

#include <elf.h>

#define LOAD_AT 0x10000000

/* A program of headers alone: what runs is its interpreter. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr phdrs[3];
	char interp[256];
};

static void make_image(struct image *image, const char *interp, unsigned interp_bytes, int type)
{
	*image = (struct image){
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = type, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			.e_entry = type == ET_EXEC ? LOAD_AT : 0,
			.e_phoff = offsetof(struct image, phdrs), .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
		},
		.phdrs = {
			{ .p_type = PT_INTERP, .p_flags = PF_R, .p_offset = offsetof(struct image, interp),
			  .p_filesz = interp_bytes, .p_memsz = interp_bytes },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = type == ET_EXEC ? LOAD_AT : 0,
			  .p_filesz = sizeof(*image), .p_memsz = sizeof(*image), .p_align = 4096 },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
	};
	strncpy(image->interp, interp, sizeof(image->interp) - 1);
}

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = need(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));

	need(write(fd, bytes, len));
	need(fchmod(fd, mode));
	close(fd);
}

static void write_image(const char *path, const char *interp, int type)
{
	struct image image;

	make_image(&image, interp, strlen(interp) + 1, type);
	write_file(path, &image, sizeof(image), 0755);
}

/* Run @path with one argument and print how it ends. */
static void run(const char *what, const char *path)
{
	char *argv[] = { (char *)path, "argument", NULL };
	pid_t child = fork();

	if (child == 0) {
		execv(path, argv);
		say("  %s: %s", what, errno_name(errno));
		_exit(99);
	}
	report_exit(what, child);
}

static void try_interp(const char *what, const char *interp)
{
	write_image("program", interp, ET_EXEC);
	run(what, "./program");
}

TEST(an_interpreter_that_cannot_be_had_gives_its_error)
{
	make_file("text", "just some text that is longer than an ELF header is, so that it can be read\n");
	chmod("text", 0755);
	make_file("short", "short");
	chmod("short", 0755);
	make_file("script", "#!/bin/sh\nexit 3\n# and something more, so that it is as long as an ELF header is\n");
	chmod("script", 0755);
	make_file("plain", "not executable");
	need(mkdir("folder", 0755));
	need(symlink("loop", "loop"));

	try_interp("missing", "/no/such/interpreter");
	try_interp("text", "./text");
	try_interp("short", "./short");
	try_interp("script", "./script");
	try_interp("not executable", "./plain");
	try_interp("folder", "./folder");
	try_interp("below a file", "./text/x");
	try_interp("symlink loop", "./loop");
	try_interp("empty", "");
}

TEST(a_path_that_is_not_terminated_is_no_program)
{
	struct image image;

	make_image(&image, "/bin/busybox", 5, ET_EXEC);
	write_file("program", &image, sizeof(image), 0755);
	run("not terminated", "./program");
	make_image(&image, "/bin/busybox", 1, ET_EXEC);
	write_file("program", &image, sizeof(image), 0755);
	run("of one byte", "./program");
	make_image(&image, "/bin/busybox", 5000, ET_EXEC);
	write_file("program", &image, sizeof(image), 0755);
	run("too long", "./program");
	make_image(&image, "/bin/busybox", 13, ET_EXEC);
	image.phdrs[0].p_offset = 1 << 20;
	write_file("program", &image, sizeof(image), 0755);
	run("beyond the file", "./program");
}

/* An interpreter that writes its first stack and ends with 42. */
struct writer {
	struct image image;
	unsigned char code[64];
};

static const unsigned char write_stack[] = {
	0xb8, 1, 0, 0, 0,		/* mov $1, %eax: write */
	0xbf, 1, 0, 0, 0,		/* mov $1, %edi */
	0x48, 0x89, 0xe6,		/* mov %rsp, %rsi */
	0xba, 0, 4, 0, 0,		/* mov $1024, %edx */
	0x0f, 0x05,			/* syscall */
	0xb8, 60, 0, 0, 0,		/* mov $60, %eax: exit */
	0xbf, 42, 0, 0, 0,		/* mov $42, %edi */
	0x0f, 0x05,
};

static void write_interpreter(const char *path, int type, bool names_another)
{
	struct writer writer = { 0 };

	make_image(&writer.image, "/no/such", 9, type);
	if (!names_another)
		writer.image.phdrs[0].p_type = PT_NULL;
	if (type == ET_EXEC)
		writer.image.phdrs[1].p_vaddr = 2 * LOAD_AT;
	writer.image.phdrs[1].p_filesz = writer.image.phdrs[1].p_memsz = sizeof(writer);
	writer.image.header.e_entry = writer.image.phdrs[1].p_vaddr + offsetof(struct writer, code);
	memcpy(writer.code, write_stack, sizeof(write_stack));
	write_file(path, &writer, sizeof(writer), 0755);
}

static uint64_t auxiliary(const uint64_t *stack, uint64_t type)
{
	const uint64_t *word = stack + 1 + stack[0] + 1;

	while (*word)	/* the environment */
		word++;
	for (word++; *word != AT_NULL; word += 2)
		if (*word == type)
			return word[1];
	return 0;
}

static void print_vector(const uint64_t *stack, int program, int interpreter)
{
	uint64_t base = auxiliary(stack, AT_BASE), entry = auxiliary(stack, AT_ENTRY), phdr = auxiliary(stack, AT_PHDR);
	uint64_t start = entry - (program == ET_EXEC ? LOAD_AT : 0);

	report("argc", stack[0]);
	report("AT_PHNUM", auxiliary(stack, AT_PHNUM));
	claim("AT_BASE is the interpreter's", interpreter == ET_EXEC ? base == 0 : base && !(base & 4095));
	claim("AT_ENTRY is the program's", program == ET_EXEC ? entry == LOAD_AT : start >> 40 == 0x55 || start >> 40 == 0x56);
	claim("AT_PHDR is the program's", phdr == entry + offsetof(struct image, phdrs));
	claim("there is a vDSO", auxiliary(stack, AT_SYSINFO_EHDR));
}

static void start_by_interpreter(int program, int interpreter, bool names_another)
{
	uint64_t stack[128] = { 0 };
	char above[sizeof(stack)];
	char *argv[] = { "program", "argument", NULL }, *envp[] = { above, NULL };
	int fds[2];
	pid_t child;

	/* So many bytes are there to write, wherever the stack begins. */
	memset(above, 'a', sizeof(above) - 1);
	above[sizeof(above) - 1] = '\0';
	write_interpreter("interp", interpreter, names_another);
	write_image("program", "./interp", program);
	need(pipe(fds));
	child = fork();
	if (child == 0) {
		dup2(fds[1], 1);
		execve("./program", argv, envp);
		_exit(99);
	}
	close(fds[1]);
	need(read(fds[0], stack, sizeof(stack)));
	close(fds[0]);
	print_vector(stack, program, interpreter);
	report_exit("interpreter", child);
}

TEST(the_interpreter_starts_and_knows_the_program)
{
	start_by_interpreter(ET_EXEC, ET_EXEC, false);
	start_by_interpreter(ET_EXEC, ET_DYN, false);
	start_by_interpreter(ET_DYN, ET_EXEC, false);
	start_by_interpreter(ET_DYN, ET_DYN, false);
}

TEST(an_interpreters_own_interpreter_is_not_looked_for)
{
	start_by_interpreter(ET_DYN, ET_DYN, true);
}

TEST(a_program_may_be_an_interpreters_script)
{
	write_image("program", "/no/such", ET_EXEC);
	make_file("script", "#!./program\n");
	chmod("script", 0755);
	run("script for a program without interpreter", "./script");
}
