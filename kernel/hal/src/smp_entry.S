/* kernel/hal/src/smp_entry.S: where a started CPU wakes up, copied to SMP_TRAMPOLINE (SDM 3A 8.4.4).
 *
 * The copy's data is filled in by smp.c: page tables, stack, percpu block, entry.
 */
#define TRAMPOLINE 0x8000
#define HERE(x) (TRAMPOLINE + (x) - smp_trampoline)

	.section .rodata
	.code16
	.balign 16
	.globl smp_trampoline, smp_trampoline_end, smp_trampoline_data
smp_trampoline:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl HERE(trampoline_gdt_pointer)
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $0x18, $HERE(trampoline_32)
	.code32
trampoline_32:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %ss
	movl %cr4, %eax
	orl $0x20, %eax
	movl %eax, %cr4
	movl HERE(smp_trampoline_data), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x900, %eax
	wrmsr
	movl %cr0, %eax
	orl $0x80010001, %eax
	movl %eax, %cr0
	ljmpl $0x08, $HERE(trampoline_64)
	.code64
trampoline_64:
	movl $HERE(smp_trampoline_data), %ebx
	movq 8(%rbx), %rsp
	movq 16(%rbx), %rdi
	movq %rdi, %rax
	movq %rdi, %rdx
	shrq $32, %rdx
	movl $0xc0000101, %ecx
	wrmsr
	xorl %ebp, %ebp
	call *24(%rbx)
	.balign 8
trampoline_gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
trampoline_gdt_pointer:
	.word 31
	.long HERE(trampoline_gdt)
	.balign 8
smp_trampoline_data:
	.quad 0, 0, 0, 0
smp_trampoline_end:

	.section .note.GNU-stack,"",@progbits
