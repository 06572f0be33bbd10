/* kernel/sched/src/switch.S: save the callee-saved registers on one stack, take them from another. */
	.text
	.globl switch_context
/* void switch_context(struct thread *prev, struct thread *next): saved_rsp is at 0. */
switch_context:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq (%rsi), %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret

	/* A new thread: r12 = entry, r13 = argument. */
	.globl thread_first_switch
thread_first_switch:
	call thread_begin
	movq %r13, %rdi
	call *%r12
	call thread_exit
	ud2

	.section .note.GNU-stack,"",@progbits
