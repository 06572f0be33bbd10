/* kernel/mm/src/usercopy_asm.S: copies to and from user memory.
 *
 * Registers advance only after a word is done, so that a fault goes on bytewise and
 * finds the exact first byte that cannot be reached.
 */
#define REP_MIN 96	/* bytes from which a string instruction pays */

	.macro user_access_begin
	cmpb $0, usercopy_has_smap(%rip)
	je 91f
	stac
91:
	.endm

	.macro user_access_end
	cmpb $0, usercopy_has_smap(%rip)
	je 92f
	clac
92:
	.endm

/* An access that continues at \to when it faults. */
	.macro on_fault to, instruction:vararg
93:	\instruction
	.pushsection .extable, "a", @progbits
	.balign 4
	.long 93b - ., \to - .
	.popsection
	.endm

/* size_t name(void *dst, const void *src, size_t n): bytes not copied */
	.macro copy_function name
	.globl \name
	.type \name, @function
\name:
	movq %rdx, %rax
	user_access_begin
	cmpq $REP_MIN, %rax
	jae 1f
	cmpq $8, %rax
	jb 3f
2:	on_fault 5f, movq (%rsi), %rcx
	on_fault 5f, movq %rcx, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rax
	cmpq $8, %rax
	jae 2b
3:	cmpq $4, %rax
	jb 5f
	on_fault 5f, movl (%rsi), %ecx
	on_fault 5f, movl %ecx, (%rdi)
	addq $4, %rsi
	addq $4, %rdi
	subq $4, %rax
5:	testq %rax, %rax
	jz 7f
6:	on_fault 7f, movb (%rsi), %cl
	on_fault 7f, movb %cl, (%rdi)
	incq %rsi
	incq %rdi
	decq %rax
	jnz 6b
7:	user_access_end
	ret
1:	movq %rax, %rcx
	shrq $3, %rcx
	andl $7, %eax
	on_fault 8f, rep movsq
8:	leaq (%rax, %rcx, 8), %rax	/* words that a fault left, and the tail */
	jmp 5b
	.size \name, . - \name
	.endm

	.section .text
	.globl usercopy_start, usercopy_nofault_start
usercopy_start:
	copy_function usercopy_copy

	.globl usercopy_clear
	.type usercopy_clear, @function
/* size_t usercopy_clear(void *dst, size_t n): bytes not cleared */
usercopy_clear:
	movq %rsi, %rdx
	movq %rsi, %rcx
	xorl %eax, %eax
	user_access_begin
	shrq $3, %rcx
	andl $7, %edx
	on_fault 1f, rep stosq
1:	leaq (%rdx, %rcx, 8), %rdx
	testq %rdx, %rdx
	jz 3f
2:	on_fault 3f, movb %al, (%rdi)
	incq %rdi
	decq %rdx
	jnz 2b
3:	user_access_end
	movq %rdx, %rax
	ret
	.size usercopy_clear, . - usercopy_clear

	.globl usercopy_string
	.type usercopy_string, @function
/* int64_t usercopy_string(char *dst, const char *src, size_t size) */
usercopy_string:
	xorl %eax, %eax
	user_access_begin
1:	cmpq %rdx, %rax
	jae 3f
	on_fault 2f, movb (%rsi, %rax), %cl
	movb %cl, (%rdi, %rax)
	testb %cl, %cl
	jz 3f
	incq %rax
	jmp 1b
2:	movq $-1, %rax
3:	user_access_end
	ret
	.size usercopy_string, . - usercopy_string

usercopy_nofault_start:
	copy_function usercopy_copy_nofault

	.globl usercopy_cmpxchg32_nofault
	.type usercopy_cmpxchg32_nofault, @function
/* int usercopy_cmpxchg32_nofault(uint32_t *p, uint32_t *expected, uint32_t desired) */
usercopy_cmpxchg32_nofault:
	movl (%rsi), %eax
	xorl %r8d, %r8d
	user_access_begin
	on_fault 1f, lock cmpxchgl %edx, (%rdi)
	movl %eax, (%rsi)
	jmp 2f
1:	movl $1, %r8d
2:	user_access_end
	movl %r8d, %eax
	ret
	.size usercopy_cmpxchg32_nofault, . - usercopy_cmpxchg32_nofault

	.section .note.GNU-stack, "", @progbits
