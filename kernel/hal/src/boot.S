/* kernel/hal/src/boot.S: both doors, PVH and Multiboot2. 32-bit, paging off, EBX = what
 * the loader hands over.
 *
 * Boot tables: the first 4 GiB in 2 MiB pages at 0 and at the direct map, the first
 * GiB at the kernel's base. mm makes the final ones.
 */
#define KERNEL_BASE 0xffffffff80000000
#define PHYS(x) ((x) - KERNEL_BASE)

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 8, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad PHYS(pvh_entry)

/* Multiboot2 specification 3.1: within the file's first 32 KiB, 64-bit aligned. */
#define MULTIBOOT2_MAGIC 0xe85250d6
#define MULTIBOOT2_LOADED 0x36d76289
#define TAG_REQUEST 1
#define TAG_ENTRY 3
#define TAG_FRAMEBUFFER 5
#define TAG_ALIGN_MODULES 6
#define TAG_OPTIONAL 1

	.section .multiboot2, "a"
	.balign 8
multiboot2_header:
	.long MULTIBOOT2_MAGIC, 0, multiboot2_header_end - multiboot2_header
	.long -(MULTIBOOT2_MAGIC + (multiboot2_header_end - multiboot2_header))
	.short TAG_REQUEST, 0
	.long 12, 6			/* the memory map */
	.balign 8
	.short TAG_ENTRY, 0
	.long 12, PHYS(multiboot2_entry)
	.balign 8
	.short TAG_FRAMEBUFFER, TAG_OPTIONAL
	.long 20, 0, 0, 32		/* any size, 32 bits a pixel */
	.balign 8
	.short TAG_ALIGN_MODULES, 0
	.long 8
	.short 0, 0
	.long 8
multiboot2_header_end:

	.section .text.boot, "ax"
	.code32
	.globl pvh_entry
multiboot2_entry:
	cmpl $MULTIBOOT2_LOADED, %eax
	movl $1, %ebp			/* BOOT_DOOR_MULTIBOOT2 */
	je enter
1:	cli
	hlt
	jmp 1b

pvh_entry:
	xorl %ebp, %ebp			/* BOOT_DOOR_PVH */
enter:
	cli
	cld
	movl %ebx, %esi
	movl $PHYS(boot_tables), %edi
	xorl %eax, %eax
	movl $(7 * 4096 / 4), %ecx
	rep stosl

	/* four page directories: 2048 entries of 2 MiB, present, writable, large */
	movl $PHYS(boot_pd), %edi
	movl $0x83, %eax
	xorl %edx, %edx
	movl $2048, %ecx
1:	movl %eax, (%edi)
	movl %edx, 4(%edi)
	addl $0x200000, %eax
	adcl $0, %edx
	addl $8, %edi
	loop 1b

	movl $PHYS(boot_pdpt), %edi
	movl $(PHYS(boot_pd) + 0x03), (%edi)
	movl $(PHYS(boot_pd) + 0x1003), 8(%edi)
	movl $(PHYS(boot_pd) + 0x2003), 16(%edi)
	movl $(PHYS(boot_pd) + 0x3003), 24(%edi)
	movl $(PHYS(boot_pd) + 0x03), PHYS(boot_pdpt_high) + 510 * 8
	movl $(PHYS(boot_pdpt) + 0x03), PHYS(boot_pml4)
	movl $(PHYS(boot_pdpt) + 0x03), PHYS(boot_pml4) + 273 * 8
	movl $(PHYS(boot_pdpt_high) + 0x03), PHYS(boot_pml4) + 511 * 8

	movl %cr4, %eax
	orl $0x20, %eax			/* PAE */
	movl %eax, %cr4
	movl $PHYS(boot_pml4), %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x900, %eax		/* LME, NXE */
	wrmsr
	movl %cr0, %eax
	orl $0x80010001, %eax		/* PG, WP, PE */
	movl %eax, %cr0
	lgdt PHYS(boot_gdt_pointer)
	ljmp $0x08, $PHYS(boot_long)

	.code64
boot_long:
	movabsq $boot_high, %rax
	jmp *%rax
boot_high:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movq $boot_stack_top, %rsp
	movl %esi, %edi
	movl %ebp, %esi
	xorl %ebp, %ebp
	/* The compiler's canary is read through GS before lowlevel_cpu_init() runs. */
	movl $0xc0000101, %ecx
	movq $boot_percpu, %rax
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
	call boot_continue		/* the linker script: executive's kernel_main() */
1:	cli
	hlt
	jmp 1b

	.data
	.balign 8
boot_gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdt_pointer:
	.word 23
	.long PHYS(boot_gdt)

	.bss
	.balign 4096
boot_tables:
	.globl boot_pml4
boot_pml4: .skip 4096
boot_pdpt: .skip 4096
boot_pdpt_high: .skip 4096
boot_pd: .skip 4 * 4096
	.balign 16
boot_stack: .skip 32768
boot_stack_top:

	.section .note.GNU-stack,"",@progbits
