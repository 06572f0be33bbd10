/* kernel/mm/src/page.S: fill and copy whole pages.
 *
 * One step an item is half of what moves through registers take, there are no
 * vector registers, and processors with ERMS see the whole length at once.
 */
	.section .text
	.globl mm_zero_page
	.type mm_zero_page, @function
/* void mm_zero_page(void *page) */
mm_zero_page:
	xorl %eax, %eax
	movl $512, %ecx
	rep stosq
	ret
	.size mm_zero_page, . - mm_zero_page

	.globl mm_copy_page
	.type mm_copy_page, @function
/* void mm_copy_page(void *dst, const void *src) */
mm_copy_page:
	movl $512, %ecx
	rep movsq
	ret
	.size mm_copy_page, . - mm_copy_page

	.section .note.GNU-stack, "", @progbits
