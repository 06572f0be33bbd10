/* kernel/mm/src/page.S: fill and copy whole pages.
 *
 * With AVX a step is 32 bytes. Ring 0 has no state of its own in the vector registers: what
 * is used here is put back, since it is the current thread's. Without it one step an item is
 * half of what moves through general registers take.
 */
	.section .data
	.globl mm_has_avx
/* bool: every CPU that gets here has turned AVX on. */
mm_has_avx:
	.byte 0

	.section .text
	.globl mm_zero_page
	.type mm_zero_page, @function
/* void mm_zero_page(void *page) */
mm_zero_page:
	cmpb $0, mm_has_avx(%rip)
	je 2f
	subq $40, %rsp
	vmovdqu %ymm0, (%rsp)
	vpxor %ymm0, %ymm0, %ymm0
	leaq 4096(%rdi), %rax
1:
	vmovdqa %ymm0, (%rdi)
	vmovdqa %ymm0, 32(%rdi)
	vmovdqa %ymm0, 64(%rdi)
	vmovdqa %ymm0, 96(%rdi)
	vmovdqa %ymm0, 128(%rdi)
	vmovdqa %ymm0, 160(%rdi)
	vmovdqa %ymm0, 192(%rdi)
	vmovdqa %ymm0, 224(%rdi)
	vmovdqa %ymm0, 256(%rdi)
	vmovdqa %ymm0, 288(%rdi)
	vmovdqa %ymm0, 320(%rdi)
	vmovdqa %ymm0, 352(%rdi)
	vmovdqa %ymm0, 384(%rdi)
	vmovdqa %ymm0, 416(%rdi)
	vmovdqa %ymm0, 448(%rdi)
	vmovdqa %ymm0, 480(%rdi)
	addq $512, %rdi
	cmpq %rax, %rdi
	jne 1b
	vmovdqu (%rsp), %ymm0
	addq $40, %rsp
	ret
2:
	xorl %eax, %eax
	movl $512, %ecx
	rep stosq
	ret
	.size mm_zero_page, . - mm_zero_page

	.globl mm_copy_page
	.type mm_copy_page, @function
/* void mm_copy_page(void *dst, const void *src) */
mm_copy_page:
	cmpb $0, mm_has_avx(%rip)
	je 2f
	subq $72, %rsp
	vmovdqu %ymm0, (%rsp)
	vmovdqu %ymm1, 32(%rsp)
	leaq 4096(%rdi), %rax
1:
	vmovdqa (%rsi), %ymm0
	vmovdqa 32(%rsi), %ymm1
	vmovdqa %ymm0, (%rdi)
	vmovdqa %ymm1, 32(%rdi)
	vmovdqa 64(%rsi), %ymm0
	vmovdqa 96(%rsi), %ymm1
	vmovdqa %ymm0, 64(%rdi)
	vmovdqa %ymm1, 96(%rdi)
	addq $128, %rsi
	addq $128, %rdi
	cmpq %rax, %rdi
	jne 1b
	vmovdqu (%rsp), %ymm0
	vmovdqu 32(%rsp), %ymm1
	addq $72, %rsp
	ret
2:
	movl $512, %ecx
	rep movsq
	ret
	.size mm_copy_page, . - mm_copy_page

	.section .note.GNU-stack, "", @progbits
