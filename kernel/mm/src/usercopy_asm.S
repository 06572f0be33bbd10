/* kernel/mm/src/usercopy_asm.S: copies to and from user memory.
 *
 * Registers advance only after a block is done, so that a fault in an unrolled block
 * goes on bytewise and finds the exact first byte that cannot be reached.
 */
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
	cmpq $8, %rax
	je 2f
	cmpq $32, %rax
	jb 3f
1:	on_fault 5f, movq (%rsi), %rcx
	on_fault 5f, movq 8(%rsi), %r8
	on_fault 5f, movq 16(%rsi), %r9
	on_fault 5f, movq 24(%rsi), %r10
	on_fault 5f, movq %rcx, (%rdi)
	on_fault 5f, movq %r8, 8(%rdi)
	on_fault 5f, movq %r9, 16(%rdi)
	on_fault 5f, movq %r10, 24(%rdi)
	addq $32, %rsi
	addq $32, %rdi
	subq $32, %rax
	cmpq $32, %rax
	jae 1b
3:	cmpq $8, %rax
	jb 4f
2:	on_fault 5f, movq (%rsi), %rcx
	on_fault 5f, movq %rcx, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rax
	jmp 3b
4:	cmpq $4, %rax
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
	movq %rsi, %rax
	xorl %ecx, %ecx
	user_access_begin
	cmpq $32, %rax
	jb 2f
1:	on_fault 4f, movq %rcx, (%rdi)
	on_fault 4f, movq %rcx, 8(%rdi)
	on_fault 4f, movq %rcx, 16(%rdi)
	on_fault 4f, movq %rcx, 24(%rdi)
	addq $32, %rdi
	subq $32, %rax
	cmpq $32, %rax
	jae 1b
2:	cmpq $8, %rax
	jb 4f
	on_fault 4f, movq %rcx, (%rdi)
	addq $8, %rdi
	subq $8, %rax
	jmp 2b
4:	testq %rax, %rax
	jz 6f
5:	on_fault 6f, movb %cl, (%rdi)
	incq %rdi
	decq %rax
	jnz 5b
6:	user_access_end
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
