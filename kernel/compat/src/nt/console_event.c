/* kernel/compat/src/nt/console_event.c: Ctrl-C and Ctrl-\\ as console events (Microsoft Learn, "CTRL+C and CTRL+BREAK Signals").
 *
 * The handlers are a list of kernelbase's, which its export CtrlRoutine calls. Its last one ends the process with
 * code 0, where Windows says STATUS_CONTROL_C_EXIT: so that a program's own ExitProcess(0) in a handler
 * stays what it is, the way to the call is looked at.
 */
#include <asm/signal.h>

#include "console.h"
#include "memory.h"

enum console_event { CTRL_C_EVENT, CTRL_BREAK_EVENT };

#define MAX_MODULES 256u
#define MAX_EXPORTS 16384u

/* LDR_DATA_TABLE_ENTRY and PEB_LDR_DATA (winternl.h) */
#define PEB_LDR 0x18u
#define LDR_LOAD_ORDER 0x10u
struct module {
	uint64_t next, previous;	/* InLoadOrderLinks */
	uint64_t other_links[4];
	uint64_t base, entry;
	uint32_t bytes, pad;
	struct nt_unicode_string full_name, name;
};

static bool is_named(const struct module *m, const char *name)
{
	uint16_t c;

	for (uint32_t i = 0; i < m->name.bytes / 2; i++) {
		if (!name[i] || nt_get(&c, m->name.buffer + 2 * i, sizeof(c)))
			return false;
		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)name[i])
			return false;
	}
	return !name[m->name.bytes / 2];
}

/* The loaded module @name in the current process, as ntdll's list has it. */
static bool find_module(const char *name, struct module *out)
{
	uint64_t ldr, head, at;

	if (nt_get(&ldr, nt_current()->peb + PEB_LDR, sizeof(ldr)) || !ldr)
		return false;
	head = ldr + LDR_LOAD_ORDER;
	if (nt_get(&at, head, sizeof(at)))
		return false;
	for (uint32_t i = 0; i < MAX_MODULES && at != head; i++, at = out->next) {
		if (nt_get(out, at, sizeof(*out)))
			return false;
		if (out->base && is_named(out, name))
			return true;
	}
	return false;
}

/* PE's export directory. */
#define DOS_NEW_HEADER 0x3cu
#define NT_EXPORT_DIRECTORY 0x88u	/* of the PE32+ headers */
struct exports {
	uint32_t flags, time, version, name, ordinal_base, nfunctions, nnames, functions, names, ordinals;
};

static bool is_text(uint64_t user, const char *text)
{
	char c;

	do {
		if (nt_get(&c, user++, 1) || c != *text)
			return false;
	} while (*text++);
	return true;
}

static uint64_t find_export(uint64_t base, const char *name)
{
	uint32_t header, directory, rva;
	struct exports e;
	uint16_t ordinal;

	if (nt_get(&header, base + DOS_NEW_HEADER, sizeof(header)) ||
	    nt_get(&directory, base + header + NT_EXPORT_DIRECTORY, sizeof(directory)) || !directory ||
	    nt_get(&e, base + directory, sizeof(e)))
		return 0;
	for (uint32_t i = 0; i < MIN(e.nnames, MAX_EXPORTS); i++) {
		if (nt_get(&rva, base + e.names + 4ull * i, sizeof(rva)))
			return 0;
		if (!is_text(base + rva, name))
			continue;
		if (nt_get(&ordinal, base + e.ordinals + 2ull * i, sizeof(ordinal)) ||
		    nt_get(&rva, base + e.functions + 4ull * ordinal, sizeof(rva)))
			return 0;
		return base + rva;
	}
	return 0;
}

void nt_console_signal(int sig)
{
	struct module kernelbase;
	uint64_t routine = find_module("kernelbase.dll", &kernelbase) ? find_export(kernelbase.base, "CtrlRoutine") : 0;

	if (routine && !nt_run_console_event(routine, sig == SIGINT ? CTRL_C_EVENT : CTRL_BREAK_EVENT))
		return;
	signal_end_current(sig);
}

#define STACK_WORDS 128u

/* In whose image does @address lie? 0: in none. */
static uint64_t image_of(uint64_t address)
{
	struct nt_process *p = nt_current();
	const struct nt_region *r;
	uint64_t start = 0;

	mutex_lock(&p->memory_lock);
	r = nt_region_find(p, address);
	if (r && r->type == MEM_IMAGE)
		start = r->start;
	mutex_unlock(&p->memory_lock);
	return start;
}

bool nt_console_event_ends(void)
{
	uint64_t rsp = trap_user_frame()->rsp, word, image;
	struct module kernelbase;

	if (!nt_current_thread()->runs_console_event || !find_module("kernelbase.dll", &kernelbase))
		return false;
	/* Who called ntdll to end it? */
	for (uint32_t i = 0; i < STACK_WORDS && !nt_get(&word, rsp + 8 * i, sizeof(word)); i++) {
		image = image_of(word);
		if (image && image != nt_current()->ntdll_base)
			return image == kernelbase.base;
	}
	return false;
}
