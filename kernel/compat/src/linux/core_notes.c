/* kernel/compat/src/linux/core_notes.c: the notes of a core dump, as debuggers know them from Linux
 * (linux/elf.h; struct elf_prstatus and elf_prpsinfo of sys/procfs.h). */
#include <linux/elf.h>
#include <lowlevel/cpu.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <string.h>

#include "core_dump.h"
#include "core_regs.h"
#include "dispatch.h"

#define FXSAVE_BYTES 512u
#define XSAVE_SOFTWARE_OFFSET 464u	/* where debuggers read XCR0 */

struct prstatus {
	int32_t signo, code, err;
	int16_t current_signal, pad;
	uint64_t pending, blocked;
	int32_t tid, ppid, pgrp, sid;
	struct { int64_t sec, usec; } user, system, children_user, children_system;
	struct linux_user_regs regs;
	int32_t has_fpu, pad2;
};
_Static_assert(sizeof(struct prstatus) == 336, "as Linux lays it out");

struct prpsinfo {
	int8_t state;
	char state_letter;
	int8_t is_zombie, nice;
	uint32_t pad;
	uint64_t flags;
	uint32_t uid, gid;
	int32_t pid, ppid, pgrp, sid;
	char name[16];
	char arguments[80];
};
_Static_assert(sizeof(struct prpsinfo) == 136, "as Linux lays it out");

static uint64_t note_bytes(const char *owner, uint64_t len)
{
	return sizeof(Elf64_Nhdr) + ALIGN_UP(strlen(owner) + 1, 4) + ALIGN_UP(len, 4);
}

static void put_note(struct core_writer *w, const char *owner, uint32_t type, const void *data, size_t len)
{
	const Elf64_Nhdr head = { .n_namesz = (uint32_t)strlen(owner) + 1, .n_descsz = (uint32_t)len, .n_type = type };
	const char zeroes[4] = { 0 };

	core_put(w, &head, sizeof(head));
	core_put(w, owner, head.n_namesz);
	core_put(w, zeroes, ALIGN_UP(head.n_namesz, 4) - head.n_namesz);
	core_put(w, data, len);
	core_put(w, zeroes, ALIGN_UP(len, 4) - len);
}

static bool has_xstate(void)
{
	return fpu_xcr0;
}

uint64_t core_notes_bytes(uint32_t nthreads, const struct core_maps *maps, uint32_t auxv_words)
{
	uint64_t each = note_bytes("CORE", sizeof(struct prstatus)) + note_bytes("CORE", FXSAVE_BYTES);

	if (has_xstate())
		each += note_bytes("LINUX", fpu_state_bytes);
	return each * nthreads + note_bytes("CORE", sizeof(struct prpsinfo)) +
	       note_bytes("CORE", sizeof(struct signal_info)) +
	       note_bytes("CORE", auxv_words * sizeof(uint64_t)) + note_bytes("CORE", maps->bytes);
}

/* ---- of a thread ---- */

static void fill_regs(struct linux_user_regs *r, const struct ps_thread *t)
{
	bool is_me = t == ps_current_thread();

	linux_regs_from_frame(r, ps_user_frame(t));
	r->fs_base = is_me ? rdfsbase() : t->thread.fs_base;
	r->gs_base = is_me ? rdmsr(MSR_KERNEL_GS_BASE) : t->thread.gs_base;
}

static void fill_status(struct prstatus *s, const struct ps_thread *t, const struct signal_info *info)
{
	struct process *p = t->process;

	memset(s, 0, sizeof(*s));
	/* As Linux has it, the code and the error stand in the signal's own note alone. */
	s->signo = s->current_signal = (int16_t)info->signo;
	s->pending = t->pending.bits;
	s->blocked = t->blocked;
	s->tid = (int32_t)t->thread.tid;
	s->ppid = p->parent ? (int32_t)p->parent->pid : 0;
	s->pgrp = (int32_t)ps_group_id();
	s->sid = (int32_t)ps_session_id();
	s->user.sec = (int64_t)(t->thread.user_ns / NSEC_PER_SEC);
	s->user.usec = (int64_t)(t->thread.user_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	s->system.sec = (int64_t)(t->thread.system_ns / NSEC_PER_SEC);
	s->system.usec = (int64_t)(t->thread.system_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	fill_regs(&s->regs, t);
	s->has_fpu = 1;
}

static void put_thread_end(struct core_writer *w, const struct ps_thread *t)
{
	char *fpu = t->thread.fpu;

	if (t == ps_current_thread())
		fpu_save(fpu);
	memset(fpu + XSAVE_SOFTWARE_OFFSET, 0, FXSAVE_BYTES - XSAVE_SOFTWARE_OFFSET);
	put_note(w, "CORE", NT_PRFPREG, fpu, FXSAVE_BYTES);
	if (!has_xstate())
		return;
	memcpy(fpu + XSAVE_SOFTWARE_OFFSET, &fpu_xcr0, sizeof(fpu_xcr0));
	put_note(w, "LINUX", NT_X86_XSTATE, fpu, fpu_state_bytes);
}

/* ---- of the process ---- */

static void fill_arguments(struct prpsinfo *info)
{
	struct mm_space *s = ps_current()->space;
	size_t len = MIN(s->arg_end - s->arg_start, sizeof(info->arguments) - 1);

	if (copy_from_user(info->arguments, user_ptr(s->arg_start), len))
		len = 0;
	for (size_t i = 0; i < len; i++) {
		if (!info->arguments[i])
			info->arguments[i] = ' ';
	}
	info->arguments[len] = 0;
}

static void put_process(struct core_writer *w, const struct signal_info *info, const struct core_maps *maps)
{
	struct process *p = ps_current();
	struct prpsinfo ps = {
		.state_letter = 'R',
		.nice = (int8_t)ps_current_thread()->nice,
		.uid = p->credentials.uid,
		.gid = p->credentials.gid,
		.pid = (int32_t)p->pid,
		.ppid = p->parent ? (int32_t)p->parent->pid : 0,
		.pgrp = (int32_t)ps_group_id(),
		.sid = (int32_t)ps_session_id(),
	};

	memcpy(ps.name, current_thread()->name, sizeof(ps.name));
	fill_arguments(&ps);
	put_note(w, "CORE", NT_PRPSINFO, &ps, sizeof(ps));
	put_note(w, "CORE", NT_SIGINFO, info, sizeof(*info));
	put_note(w, "CORE", NT_AUXV, p->space->auxv, p->space->auxv_words * sizeof(uint64_t));
	put_note(w, "CORE", NT_FILE, maps->text, maps->bytes);
}

struct notes_call {
	struct core_writer *w;
	const struct signal_info *info;
	const struct core_maps *maps;
};

static void put_thread(struct ps_thread *t, void *context)
{
	struct notes_call *c = context;
	struct prstatus s;

	fill_status(&s, t, c->info);
	put_note(c->w, "CORE", NT_PRSTATUS, &s, sizeof(s));
	if (t == ps_current_thread())
		put_process(c->w, c->info, c->maps);
	put_thread_end(c->w, t);
}

void core_notes_write(struct core_writer *w, const struct signal_info *info, const struct core_maps *maps)
{
	struct notes_call c = { w, info, maps };

	ps_for_each_resting(put_thread, &c);
}
