/* The entry point: the kernel jumps here with a stack that nothing has touched. */
void rootd_main(void) __attribute__((noreturn));

__asm__(".globl _start\n"
	".type _start, @function\n"
	"_start:\n"
	"	xorl %ebp, %ebp\n"
	"	andq $-16, %rsp\n"
	"	call rootd_main\n"
	"	ud2\n"
	".size _start, . - _start\n");
