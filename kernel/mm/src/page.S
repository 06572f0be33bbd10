/* kernel/mm/src/page.S: fill and copy whole pages, without vector registers. */
	.section .text
	.globl mm_zero_page
	.type mm_zero_page, @function
/* void mm_zero_page(void *page) */
mm_zero_page:
	xorl %eax, %eax
	movl $32, %ecx
1:
	.irp offset, 0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120
	movq %rax, \offset(%rdi)
	.endr
	subq $-128, %rdi
	decl %ecx
	jnz 1b
	ret
	.size mm_zero_page, . - mm_zero_page

	.globl mm_copy_page
	.type mm_copy_page, @function
/* void mm_copy_page(void *dst, const void *src): one step an item is half of what moves
 * through registers take, and processors with ERMS know the length at once. */
mm_copy_page:
	movl $512, %ecx
	rep movsq
	ret
	.size mm_copy_page, . - mm_copy_page

	.section .note.GNU-stack, "", @progbits
