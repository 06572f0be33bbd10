/* kernel/lowlevel/src/entry.S: every way into ring 0 and back (SDM 3A 6.14; AMD APM 2 6.1.1).
 *
 * All of them build struct trap_frame. The IST vectors (NMI, #DF, #MC, #DB) can
 * strike before swapgs has run or with a user's GS base, so they read the
 * CPU's block from the bottom of their stack and put the old base back.
 */
#define IST_BYTES 8192
#define MSR_GS_BASE 0xc0000101
#define TRAP_SYSCALL 0x100
#define SEL_USER_DATA 0x2b
#define SEL_USER_CODE 0x33
#define FRAME_VECTOR 120
#define FRAME_RIP 136
#define FRAME_CS 144

	.text

	/* One stub of 16 bytes a vector: push 0 for a missing error code, then the vector. */
	.balign 16
	.globl trap_stubs
trap_stubs:
	vector = 0
	.rept 256
	.balign 16
	.if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
	.else
	pushq $0
	.endif
	pushq $vector
	.if vector == 1 || vector == 2 || vector == 8 || vector == 18
	jmp ist_entry
	.else
	jmp trap_entry
	.endif
	vector = vector + 1
	.endr

	/* The stubs push vector last, the frame wants it below the error code. */
	.macro SAVE_REGISTERS
	pushq %rdi
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq %rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	.macro RESTORE_REGISTERS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
	popq %rdi
	.endm

	/* Ring 0 goes on with SMAP in force, whatever EFLAGS.AC the interrupted code had; iret
	 * restores it. clac is no instruction on a CPU without SMAP. */
	.macro CLEAR_AC
	testb $1, cpu_has_smap(%rip)
	jz 9f
	clac
9:
	.endm

	/* GS base to rbx, and rax to GS base; rax, rcx and rdx are free. */
	.macro READ_GS_BASE
	testb $1, cpu_has_fsgsbase(%rip)
	jz 8f
	rdgsbase %rbx
	jmp 9f
8:	movl $MSR_GS_BASE, %ecx
	rdmsr
	shlq $32, %rdx
	leaq (%rax,%rdx), %rbx
9:
	.endm
	.macro WRITE_GS_BASE
	testb $1, cpu_has_fsgsbase(%rip)
	jz 8f
	wrgsbase %rax
	jmp 9f
8:	movl $MSR_GS_BASE, %ecx
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
9:
	.endm

	.balign 16
trap_entry:
	cld
	testb $3, 24(%rsp)
	jz 1f
	swapgs
1:	SAVE_REGISTERS
	CLEAR_AC
	xorl %ebp, %ebp
	testb $3, FRAME_CS(%rsp)
	jnz 2f
	movq 32(%rsp), %rbp
2:	movq %rsp, %rdi
	call trap_dispatch
	.globl trap_exit
trap_exit:
	testb $3, FRAME_CS(%rsp)
	jz 3f
	cli
	movq %rsp, %rdi
	call trap_leave
	swapgs
3:	RESTORE_REGISTERS
	addq $16, %rsp
	iretq

	.balign 16
ist_entry:
	cld
	SAVE_REGISTERS
	READ_GS_BASE
	movq %rsp, %rax
	andq $-IST_BYTES, %rax
	movq (%rax), %rax
	WRITE_GS_BASE
	CLEAR_AC
	movq %rsp, %rdi
	movq %rbx, %rsi
	call trap_dispatch_ist
	movq %rbx, %rax
	WRITE_GS_BASE
	RESTORE_REGISTERS
	addq $16, %rsp
	iretq

	/* void trap_redispatch(struct trap_frame *f): handle a user-mode trap on the thread's own
	 * stack, at whose top f lies, as if it had come by trap_entry. */
	.globl trap_redispatch
trap_redispatch:
	movq %rdi, %rsp
	xorl %ebp, %ebp
	call trap_dispatch
	jmp trap_exit

	.balign 16
	.globl syscall_entry
syscall_entry:
	swapgs
	movq %rsp, %gs:0x18
	movq %gs:0x10, %rsp
	pushq $SEL_USER_DATA
	pushq %gs:0x18
	pushq %r11
	pushq $SEL_USER_CODE
	pushq %rcx
	pushq %rax
	pushq $TRAP_SYSCALL
	SAVE_REGISTERS
	xorl %ebp, %ebp
	movq %rsp, %rdi
	call trap_syscall
	/* Interrupts are off. rax says whether sysret can express the frame. */
	testb %al, %al
	jz 4f
	RESTORE_REGISTERS
	movq 16(%rsp), %rcx
	movq 32(%rsp), %r11
	movq 40(%rsp), %rsp
	swapgs
	sysretq
4:	swapgs
	RESTORE_REGISTERS
	addq $16, %rsp
	iretq

	/* void trap_return_to(struct trap_frame *f): f lies where the stack's top frame goes. */
	.globl trap_return_to
trap_return_to:
	cli
	movq %rdi, %rsp
	jmp trap_exit

	.section .note.GNU-stack,"",@progbits
