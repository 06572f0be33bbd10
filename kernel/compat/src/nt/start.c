/* kernel/compat/src/nt/start.c: a new NT program: images, PEB, TEB, parameters, first context.
 *
 * What the process finds is what Windows' kernel hands to ntdll's LdrInitializeThunk; the rest
 * (imports, TLS, heaps) is ntdll's own work.
 */
#include <io/inode.h>
#include <linux/fcntl.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <string.h>

#include "console.h"
#include "image.h"
#include "memory.h"
#include "nt.h"
#include "shared_data.h"
#include "start.h"
#include "text.h"

#define NT_SYSTEM32 "C:\\windows\\system32"
#define SYSTEM32 "/windows/c/windows/system32/"
#define NT_MMAP_TOP 0x7ffffff00000ull
#define STACK_DEFAULT_BYTES (1ull << 20)
#define STACK_MIN_BYTES (1ull << 20)
#define STACK_FIRST_BYTES 0xf8000ull	/* committed at least: ntdll.dll clears so much at once */
#define STACK_MAX_BYTES (1ull << 30)
#define HEAP_SEGMENT_RESERVE 0x100000u
#define HEAP_SEGMENT_COMMIT 0x2000u
#define HEAP_DECOMMIT_TOTAL 0x10000u
#define HEAP_DECOMMIT_BLOCK 0x1000u
#define CRITICAL_SECTION_TIMEOUT (-25920000000000ll)	/* thirty days */
#define PLATFORM_NT 2
#define MXCSR_DEFAULT 0x1f80u
#define FCW_DEFAULT 0x27fu
#define SW_SHOWNORMAL 1
#define EXCEPTION_LIST_END (~0ull)

/* A DLL of System32, ready to map. */
struct dll {
	struct inode *inode;
	struct exec_image *image;
	struct file *file;
	uint64_t base;
};

struct nt_start {
	struct nt_process *nt;
	struct nt_thread *thread;
	struct exec_image *image;	/* the program's; borrowed */
	struct dll ntdll, apiset;
	uint64_t teb;
	const struct nt_parameters *given;	/* NULL: execve's argv and envp */
};

const uint32_t nt_parameter_offsets[NT_PARAMETER_STRINGS] = {
	PARAMS_CURRENT_DIRECTORY, PARAMS_DLL_PATH, PARAMS_IMAGE_PATH, PARAMS_COMMAND_LINE, PARAMS_WINDOW_TITLE, PARAMS_DESKTOP,
	PARAMS_SHELL_INFO, PARAMS_RUNTIME_INFO,
};

/* ---- DLLs ---- */

static void dll_close(struct dll *d)
{
	file_put(d->file);
	exec_image_put(d->image);
	inode_put(d->inode);
	*d = (struct dll){ 0 };
}

static int dll_open(const char *path, struct dll *d)
{
	struct walk_result walk;
	int err = walk_path(NULL, path, WALK_FOLLOW, &walk);

	if (err) {
		if (err == -ENOENT)
			walk_result_put(&walk);
		return err;
	}
	inode_get(walk.inode);
	d->inode = walk.inode;
	walk_result_put(&walk);
	err = exec_image_find(d->inode, &d->image);
	if (!err && exec_image_layout(d->image)->kind != IMAGE_PE)
		err = -ENOEXEC;
	if (!err)
		err = vfs_open_inode(d->inode, O_RDONLY, &d->file);
	if (err)
		dll_close(d);
	return err;
}

/* ---- pieces of the address space ---- */

static int put(struct mm_space *s, uint64_t address, const void *data, size_t n)
{
	return mm_space_copy(s, address, (void *)data, n, true) == (int64_t)n ? 0 : -ENOMEM;
}

static int put64(struct mm_space *s, uint64_t address, uint64_t v)
{
	return put(s, address, &v, sizeof(v));
}

static int add_region(struct nt_process *nt, uint64_t start, uint64_t bytes, uint32_t type, uint32_t protect)
{
	return nt_region_add(nt, start, bytes, type, protect);
}

int nt_map_private(struct nt_process *nt, struct mm_space *s, uint64_t bytes, uint64_t *out)
{
	struct mm_map_request rq = {
		.bytes = ALIGN_UP(bytes, PAGE_SIZE),
		.prot = MM_READ | MM_WRITE,
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.area_flags = MM_AREA_NORESERVE,
		.map_flags = MM_MAP_BOTTOM_UP,
		.align = NT_GRANULARITY,
	};
	int64_t ret = mm_map(s, &rq);

	if (ret < 0)
		return (int)ret;
	*out = (uint64_t)ret;
	return add_region(nt, *out, rq.bytes, MEM_PRIVATE, PAGE_READWRITE);
}

static int map_object(struct nt_process *nt, struct mm_space *s, struct mm_object *object, uint64_t address, uint32_t prot)
{
	struct mm_map_request rq = {
		.address = address,
		.bytes = PAGE_SIZE,
		.prot = prot,
		.max_prot = prot,
		.object = object,
		.area_flags = MM_AREA_SHARED,
		.map_flags = MM_MAP_FIXED | MM_MAP_NOREPLACE,
	};
	int64_t ret = mm_map(s, &rq);

	if (ret < 0)
		return (int)ret;
	return add_region(nt, address, PAGE_SIZE, MEM_PRIVATE, PAGE_READONLY);
}

static int map_shared(struct nt_process *nt, struct mm_space *s)
{
	struct mm_object *object;
	int err = nt_shared_data(&object);

	if (err)
		return err;
	err = map_object(nt, s, object, KUSER_ADDRESS, MM_READ);
	mm_object_put(object);
	if (!err)
		err = nt_stubs(&object);
	if (err)
		return err;
	err = map_object(nt, s, object, NT_STUBS_ADDRESS, MM_READ | MM_EXEC);
	mm_object_put(object);
	return err;
}

static int map_image(struct nt_process *nt, struct mm_space *s, struct exec_image *image, struct inode *i, void *file,
	uint64_t *base)
{
	int err = nt_image_map(s, image, i, file, 0, base);

	return err ? err : add_region(nt, *base, image->layout.span_bytes, MEM_IMAGE, PAGE_EXECUTE_WRITECOPY);
}

static int map_images(struct ps_exec *e, struct nt_start *st, struct mm_space *s)
{
	struct nt_process *nt = st->nt;
	int err = map_image(nt, s, st->ntdll.image, st->ntdll.inode, st->ntdll.file, &st->ntdll.base);

	if (!err)
		err = map_image(nt, s, st->image, e->exe, e->image.file, &nt->image_base);
	if (!err)
		err = map_image(nt, s, st->apiset.image, st->apiset.inode, st->apiset.file, &st->apiset.base);
	if (err)
		return err;
	nt->ntdll_base = st->ntdll.base;
	if (!nt->entry->unix_call_dispatcher)
		return 0;
	return put64(s, nt->ntdll_base + nt->entry->unix_call_dispatcher, NT_STUBS_ADDRESS + NT_STUB_UNIX_CALL);
}

/* ---- process parameters ---- */

struct params {
	char bytes[PARAMS_BYTES];
	uint64_t address;
	struct nt_text strings;		/* behind the structure */
};

static void param64(struct params *p, uint32_t offset, uint64_t v)
{
	memcpy(p->bytes + offset, &v, sizeof(v));
}

static void param32(struct params *p, uint32_t offset, uint32_t v)
{
	memcpy(p->bytes + offset, &v, sizeof(v));
}

/* SetCurrentDirectory writes over the folder's name in place, and takes names of this many characters. */
#define FOLDER_ROOM 260u

/* A UNICODE_STRING at @offset for @chars, which go behind the structure with a zero. */
static void param_string(struct params *p, uint32_t offset, const uint16_t *chars, uint32_t n)
{
	uint32_t max = MIN(n, NT_NAME_MAX_CHARS - 1);
	uint32_t room = offset == PARAMS_CURRENT_DIRECTORY ? MAX(max + 1, FOLDER_ROOM) : max + 1;
	struct nt_unicode_string s = {
		.bytes = (uint16_t)(max * 2),
		.max_bytes = (uint16_t)(room * 2),
		.buffer = p->address + PARAMS_BYTES + p->strings.nchars * 2ull,
	};

	nt_text_chars(&p->strings, chars, max);
	nt_text_zeroes(&p->strings, room - max);
	memcpy(p->bytes + offset, &s, sizeof(s));
}

/* Bytes of the C library's, whose size is the string's capacity: none is no string at all. */
static void param_runtime_info(struct params *p, const struct nt_string *info)
{
	uint16_t bytes = (uint16_t)(info->nchars * 2);

	if (!bytes)
		return;
	param_string(p, PARAMS_RUNTIME_INFO, info->chars, info->nchars);
	memcpy(p->bytes + PARAMS_RUNTIME_INFO + 2, &bytes, sizeof(bytes));
}

static void param_ascii(struct params *p, uint32_t offset, const char *ascii)
{
	struct nt_text text = { 0 };

	nt_text_ascii(&text, ascii);
	param_string(p, offset, text.chars, text.nchars);
	p->strings.failed |= text.failed;
	nt_text_free(&text);
}

static int param_path(struct params *p, uint32_t offset, const char *path, bool is_folder)
{
	uint32_t n;
	uint16_t *name = nt_name_of_path(path, &n);

	if (!name)
		return -ENOMEM;
	/* Room for one more was left. */
	if (is_folder && name[n - 1] != '\\')
		name[n++] = '\\';
	param_string(p, offset, name, n);
	kfree(name);
	return 0;
}

static int param_folder(struct params *p)
{
	struct inode *cwd;
	char *path;
	int64_t len;
	int err = fs_context_cwd(fs_current(), &cwd);

	if (err)
		return err;
	path = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	len = path ? vfs_path_of(cwd, path, VFS_PATH_MAX) : -ENOMEM;
	err = len < 0 ? (int)len : param_path(p, PARAMS_CURRENT_DIRECTORY, path, true);
	kfree(path);
	inode_put(cwd);
	/* A folder that was removed is no place to stand: the drive's root is. */
	return err == -ENOENT ? param_path(p, PARAMS_CURRENT_DIRECTORY, "/", true) : err;
}

/* A descriptor that the program starts with, as a handle; 0: closed. */
static uint64_t standard_handle(int fd)
{
	if (handle_get_flags(ps_current()->handles, fd, NULL, NULL))
		return 0;
	nt_console_mark_standard(fd);
	return nt_handle_value(fd);
}

/* CreateProcess: what the parent says. */
static int fill_given(struct params *p, const struct nt_parameters *from)
{
	for (size_t i = 0; i < NT_PARAMETER_STRINGS; i++) {
		if (i == NT_PARAMETER_DLL_PATH && !from->strings[i].nchars)
			param_ascii(p, PARAMS_DLL_PATH, NT_SYSTEM32);
		else if (i != NT_PARAMETER_RUNTIME_INFO)
			param_string(p, nt_parameter_offsets[i], from->strings[i].chars, from->strings[i].nchars);
	}
	param_runtime_info(p, &from->strings[NT_PARAMETER_RUNTIME_INFO]);
	memcpy(p->bytes + PARAMS_CONSOLE, from->raw + PARAMS_CONSOLE, PARAMS_CURRENT_DIRECTORY - PARAMS_CONSOLE);
	memcpy(p->bytes + PARAMS_X, from->raw + PARAMS_X, PARAMS_WINDOW_TITLE - PARAMS_X);
	param32(p, PARAMS_FLAGS, PARAMS_NORMALIZED);
	memcpy(p->bytes + PARAMS_PROCESS_GROUP, from->raw + PARAMS_PROCESS_GROUP, sizeof(uint32_t));
	for (int i = 0; i < 3; i++)
		param64(p, PARAMS_STDIN + 8 * (uint32_t)i, from->standard[i]);
	return p->strings.failed ? -ENOMEM : 0;
}

/* Where the DLLs that a program names are sought, in the order of Microsoft Learn, "Dynamic-link library
 * search order". What it loads later is sought by kernelbase's own list. */
static int param_dll_path(struct params *p, const struct ps_exec *e, char *exe)
{
	char *end = strrchr(exe, '/');
	struct nt_text text = { 0 };
	uint16_t *folder;
	uint32_t n;

	end[end == exe] = '\0';
	folder = nt_name_of_path(exe, &n);
	if (!folder)
		return -ENOMEM;
	nt_text_chars(&text, folder, n);
	kfree(folder);
	nt_text_ascii(&text, ";" NT_SYSTEM32 ";C:\\windows\\system;C:\\windows;.;");
	nt_environment_path(&text, &e->envp);
	param_string(p, PARAMS_DLL_PATH, text.chars, text.nchars);
	p->strings.failed |= text.failed;
	nt_text_free(&text);
	return 0;
}

/* What comes of where the image is. */
static int param_exe(struct params *p, const struct ps_exec *e)
{
	char *path = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	int64_t len = path ? vfs_path_of(e->exe, path, VFS_PATH_MAX) : -ENOMEM;
	int err = len < 0 ? (int)len : param_path(p, PARAMS_IMAGE_PATH, path, false);

	if (!err)
		err = param_dll_path(p, e, path);
	kfree(path);
	return err;
}

static int fill_params(struct params *p, const struct ps_exec *e)
{
	struct nt_start *st = e->personality_data;
	struct nt_text text = { 0 };
	int err;

	if (st->given)
		return fill_given(p, st->given);
	err = param_folder(p);

	if (!err)
		err = param_exe(p, e);
	if (err)
		return err;
	nt_command_line(&text, &e->argv);
	if (text.failed)
		return -ENOMEM;
	param_string(p, PARAMS_COMMAND_LINE, text.chars, text.nchars);
	nt_text_free(&text);
	param_ascii(p, PARAMS_DESKTOP, "WinSta0\\Default");
	param_string(p, PARAMS_WINDOW_TITLE, NULL, 0);
	param_string(p, PARAMS_SHELL_INFO, NULL, 0);
	param64(p, PARAMS_STDIN, standard_handle(0));
	param64(p, PARAMS_STDOUT, standard_handle(1));
	param64(p, PARAMS_STDERR, standard_handle(2));
	param32(p, PARAMS_FLAGS, PARAMS_NORMALIZED);
	param32(p, PARAMS_SHOW_FLAGS, SW_SHOWNORMAL);
	return p->strings.failed ? -ENOMEM : 0;
}

static int write_environment(struct params *p, struct nt_start *st, struct mm_space *s, const struct ps_exec *e)
{
	struct nt_text env = { 0 };
	uint64_t address;
	int err;

	if (st->given)
		nt_text_chars(&env, st->given->environment.chars, st->given->environment.nchars);
	else
		nt_environment(&env, &e->envp);
	err = env.failed ? -ENOMEM : nt_map_private(st->nt, s, env.nchars * 2ull, &address);
	if (!err)
		err = put(s, address, env.chars, env.nchars * 2ull);
	if (!err) {
		param64(p, PARAMS_ENVIRONMENT, address);
		param64(p, PARAMS_ENVIRONMENT_SIZE, env.nchars * 2ull);
	}
	nt_text_free(&env);
	return err;
}

#define PARAMS_ROOM (PARAMS_BYTES + 4 * 65536u)

static int write_params(struct ps_exec *e, struct nt_start *st, struct mm_space *s)
{
	struct params *p = kmalloc(sizeof(*p), 0);
	uint64_t bytes;
	int err;

	if (!p)
		return -ENOMEM;
	err = nt_map_private(st->nt, s, PARAMS_ROOM, &p->address);
	if (!err)
		err = fill_params(p, e);
	if (!err)
		err = write_environment(p, st, s, e);
	if (!err) {
		bytes = PARAMS_BYTES + p->strings.nchars * 2ull;
		if (bytes > PARAMS_ROOM) {
			err = -E2BIG;
		} else {
			param32(p, PARAMS_ALLOCATION_SIZE, PARAMS_ROOM);
			param32(p, PARAMS_SIZE, (uint32_t)bytes);
			err = put(s, p->address, p->bytes, PARAMS_BYTES);
			if (!err)
				err = put(s, p->address + PARAMS_BYTES, p->strings.chars, p->strings.nchars * 2ull);
		}
	}
	st->nt->parameters = p->address;
	nt_text_free(&p->strings);
	kfree(p);
	return err;
}

/* ---- PEB and TEB ---- */

static void peb64(char *peb, uint32_t offset, uint64_t v) { memcpy(peb + offset, &v, sizeof(v)); }
static void peb32(char *peb, uint32_t offset, uint32_t v) { memcpy(peb + offset, &v, sizeof(v)); }
static void peb16(char *peb, uint32_t offset, uint16_t v) { memcpy(peb + offset, &v, sizeof(v)); }

static void fill_peb(char *peb, const struct nt_start *st)
{
	const struct image_pe *pe = &st->image->layout.pe, *apiset = &st->apiset.image->layout.pe;

	peb64(peb, PEB_MUTANT, ~0ull);
	peb64(peb, PEB_IMAGE_BASE, st->nt->image_base);
	peb64(peb, PEB_PARAMETERS, st->nt->parameters);
	peb64(peb, PEB_API_SET_MAP, apiset->apiset_rva ? st->apiset.base + apiset->apiset_rva : 0);
	peb32(peb, PEB_PROCESSORS, percpu_count);
	peb64(peb, PEB_CRITICAL_SECTION_TIMEOUT, (uint64_t)CRITICAL_SECTION_TIMEOUT);
	peb64(peb, PEB_HEAP_SEGMENT_RESERVE, HEAP_SEGMENT_RESERVE);
	peb64(peb, PEB_HEAP_SEGMENT_COMMIT, HEAP_SEGMENT_COMMIT);
	peb64(peb, PEB_HEAP_TOTAL_FREE, HEAP_DECOMMIT_TOTAL);
	peb64(peb, PEB_HEAP_BLOCK_FREE, HEAP_DECOMMIT_BLOCK);
	peb32(peb, PEB_OS_MAJOR, NT_MAJOR);
	peb32(peb, PEB_OS_MINOR, NT_MINOR);
	peb16(peb, PEB_OS_BUILD, NT_BUILD);
	peb32(peb, PEB_OS_PLATFORM, PLATFORM_NT);
	peb32(peb, PEB_SUBSYSTEM, pe->subsystem);
	peb32(peb, PEB_SUBSYSTEM_MAJOR, pe->subsystem_major);
	peb32(peb, PEB_SUBSYSTEM_MINOR, pe->subsystem_minor);
	peb32(peb, PEB_SESSION_ID, 1);
}

static int write_peb(struct nt_start *st, struct mm_space *s)
{
	char *peb = kmalloc(PEB_BYTES, 0);
	int err;

	if (!peb)
		return -ENOMEM;
	err = nt_map_private(st->nt, s, PEB_ROOM, &st->nt->peb);
	if (!err) {
		fill_peb(peb, st);
		err = put(s, st->nt->peb, peb, PEB_BYTES);
	}
	if (!err) {
		*peb = DEBUG_CHANNEL_ERRORS;
		err = put(s, st->nt->peb + PEB_DEBUG_CHANNELS, peb, 1);
	}
	kfree(peb);
	return err;
}

int nt_write_teb(struct nt_process *nt, struct mm_space *s, const struct nt_stack *stack, uint64_t pid, uint64_t tid,
	uint64_t *teb)
{
	struct nt_unicode_string text = { .max_bytes = TEB_STATIC_BUFFER_BYTES };
	char *t = kmalloc(TEB_BYTES, 0);
	int err;

	if (!t)
		return -ENOMEM;
	err = nt_map_private(nt, s, TEB_ROOM, teb);
	if (!err) {
		peb64(t, TEB_EXCEPTION_LIST, EXCEPTION_LIST_END);
		peb64(t, TEB_STACK_BASE, stack->base);
		peb64(t, TEB_STACK_LIMIT, stack->limit);
		peb64(t, TEB_SELF, *teb);
		peb64(t, TEB_PROCESS_ID, pid * 4);
		peb64(t, TEB_THREAD_ID, tid * 4);
		peb64(t, TEB_REAL_PROCESS_ID, pid * 4);
		peb64(t, TEB_REAL_THREAD_ID, tid * 4);
		peb64(t, TEB_PEB, nt->peb);
		peb64(t, TEB_ACTIVATION_STACK_POINTER, *teb + TEB_ACTIVATION_STACK);
		peb64(t, TEB_ACTIVATION_STACK_LIST, *teb + TEB_ACTIVATION_STACK_LIST);
		peb64(t, TEB_ACTIVATION_STACK_LIST + 8, *teb + TEB_ACTIVATION_STACK_LIST);
		text.buffer = *teb + TEB_STATIC_BUFFER;
		memcpy(t + TEB_STATIC_STRING, &text, sizeof(text));
		peb64(t, TEB_DEALLOCATION_STACK, stack->allocation);
		err = put(s, *teb, t, TEB_BYTES);
	}
	kfree(t);
	return err;
}

/* ---- stack and first context ---- */

int nt_map_stack(struct nt_process *nt, struct mm_space *s, uint64_t reserve, uint64_t commit, struct nt_stack *out)
{
	uint64_t bytes = MIN(MAX(ALIGN_UP(MAX(reserve, commit), NT_GRANULARITY), STACK_MIN_BYTES), STACK_MAX_BYTES);
	uint64_t used = MIN(MAX(ALIGN_UP(commit, PAGE_SIZE), STACK_FIRST_BYTES), bytes - 2 * PAGE_SIZE);
	const uint32_t all = MM_READ | MM_WRITE | MM_EXEC, usual = MM_READ | MM_WRITE;
	const struct mm_map_request whole = {
		.bytes = bytes,
		.max_prot = all,
		.area_flags = NT_AREA_MEMORY | MM_AREA_RESERVED,
		.map_flags = MM_MAP_BOTTOM_UP,
		.align = NT_GRANULARITY,
	};
	const struct mm_map_request parts[] = {
		{ .address = bytes - used - PAGE_SIZE, .bytes = PAGE_SIZE, .max_prot = all,
		  .area_flags = NT_AREA_MEMORY | MM_AREA_GUARD | usual << MM_AREA_GUARD_PROT_SHIFT },
		{ .address = bytes - used, .bytes = used, .prot = usual, .max_prot = all, .area_flags = NT_AREA_MEMORY },
	};
	int64_t ret = mm_map_parts(s, &whole, parts, ARRAY_SIZE(parts));

	if (ret < 0)
		return (int)ret;
	out->allocation = (uint64_t)ret;
	out->base = out->allocation + bytes;
	out->limit = out->base - used;
	return add_region(nt, out->allocation, bytes, MEM_PRIVATE, PAGE_READWRITE);
}

int nt_write_first_context(struct nt_process *nt, struct mm_space *s, const struct nt_stack *stack, uint64_t entry,
	uint64_t argument, struct ps_start *start)
{
	struct nt_context *c = kmalloc(sizeof(*c), 0);
	uint64_t at = ALIGN_DOWN(stack->base - sizeof(*c) - 64, 16);
	uint16_t fcw = FCW_DEFAULT;
	uint32_t mxcsr = MXCSR_DEFAULT;
	int err;

	if (!c)
		return -ENOMEM;
	c->flags = CONTEXT_FULL | CONTEXT_SEGMENTS;
	c->mxcsr = MXCSR_DEFAULT;
	memcpy(c->fxsave, &fcw, sizeof(fcw));
	memcpy(c->fxsave + 24, &mxcsr, sizeof(mxcsr));
	c->cs = NT_CODE_SELECTOR;
	c->ss = c->ds = c->es = c->gs = NT_DATA_SELECTOR;
	c->fs = NT_TEB_SELECTOR;
	c->eflags = 0x200;
	c->rip = nt->ntdll_base + nt->entry->rtl_user_thread_start;
	c->rcx = entry;
	c->rdx = argument;
	/* As after a call: the function starts with a return address below an aligned stack. */
	c->rsp = at - 0x28;
	err = put(s, at, c, sizeof(*c));
	kfree(c);
	start->entry = nt->ntdll_base + nt->entry->ldr_initialize_thunk;
	start->rcx = at;
	start->rsp = at - 0x48;
	start->personality = PERSONALITY_NT;
	return err;
}

/* ---- the call ---- */

static int build(struct ps_exec *e, struct mm_space *s, struct ps_start *start)
{
	struct nt_start *st = e->personality_data;
	const struct image_layout *l = &st->image->layout;
	struct nt_stack stack;
	uint64_t entry;
	int err;

	s->mmap_base = NT_MMAP_TOP;
	err = map_shared(st->nt, s);
	if (!err)
		err = map_images(e, st, s);
	if (!err)
		err = write_params(e, st, s);
	if (!err)
		err = write_peb(st, s);
	if (!err)
		err = nt_map_stack(st->nt, s, l->pe.stack_reserve, l->pe.stack_commit, &stack);
	if (!err)
		err = nt_write_teb(st->nt, s, &stack, e->pid, e->pid, &st->teb);
	entry = l->entry ? st->nt->image_base + l->entry : 0;
	if (!err)
		err = nt_write_first_context(st->nt, s, &stack, entry, st->nt->peb, start);
	start->gs_base = st->teb;
	st->thread->teb = st->teb;
	return err;
}

static void started(struct ps_exec *e, struct ps_thread *t)
{
	struct nt_start *st = e->personality_data;
	struct process *p = t->process;

	nt_process_free(p->nt);
	nt_thread_free(t->nt);
	p->nt = st->nt;
	t->nt = st->thread;
	st->nt = NULL;
	st->thread = NULL;
}

int nt_exec_prepare(struct ps_exec *e, struct exec_image *image, const struct nt_parameters *given)
{
	struct nt_start *st = kmalloc(sizeof(*st), 0);
	int err = -ENOMEM;

	if (!st)
		return -ENOMEM;
	e->personality_data = st;
	e->build = build;
	e->started = started;
	st->image = image;
	st->given = given;
	st->nt = nt_process_create();
	st->thread = nt_thread_create(0);
	if (st->nt && st->thread)
		err = dll_open(SYSTEM32 "ntdll.dll", &st->ntdll);
	if (!err)
		err = dll_open(SYSTEM32 "apisetschema.dll", &st->apiset);
	if (!err)
		err = nt_image_entry_points(st->ntdll.image, st->ntdll.inode, &st->nt->entry);
	if (err) {
		log_warn(PROCESS, "%s: cannot start: no usable ntdll.dll or apisetschema.dll in %s: error %d", e->path,
			 SYSTEM32, -err);
		nt_exec_finish(e);
		return err == -ENOENT ? -ELIBACC : err;
	}
	refcount_get(&st->ntdll.image->payload.refs);
	st->nt->ntdll = st->ntdll.image;
	refcount_get(&image->payload.refs);
	st->nt->image = image;
	st->nt->image_facts = &image->layout.pe;
	return 0;
}

void nt_exec_finish(struct ps_exec *e)
{
	struct nt_start *st = e->personality_data;

	dll_close(&st->ntdll);
	dll_close(&st->apiset);
	nt_process_free(st->nt);
	nt_thread_free(st->thread);
	kfree(st);
	e->personality_data = NULL;
}
