/* kernel/mm/src/page.S: fill and copy whole pages.
 *
 * Plain eight-byte moves: without ERMS a `rep` costs one step an item, and the
 * kernel has no vector registers.
 */
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
/* void mm_copy_page(void *dst, const void *src) */
mm_copy_page:
	movl $64, %ecx
1:
	.irp offset, 0, 32
	movq \offset(%rsi), %rax
	movq \offset + 8(%rsi), %rdx
	movq \offset + 16(%rsi), %r8
	movq \offset + 24(%rsi), %r9
	movq %rax, \offset(%rdi)
	movq %rdx, \offset + 8(%rdi)
	movq %r8, \offset + 16(%rdi)
	movq %r9, \offset + 24(%rdi)
	.endr
	addq $64, %rsi
	addq $64, %rdi
	decl %ecx
	jnz 1b
	ret
	.size mm_copy_page, . - mm_copy_page

	.section .note.GNU-stack, "", @progbits
