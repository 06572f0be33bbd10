/* kernel/compat/src/nt/spawn.c: NtCreateUserProcess (Microsoft Learn: CreateProcess; ntpsapi of mingw-w64).
 *
 * The image may be a Windows program or a Linux one: then the command line is taken apart as CommandLineToArgvW does and the
 * environment goes along in UTF-8.
 */
#include <io/inode.h>
#include <linux/fcntl.h>
#include <mm/heap.h>
#include <nucleus/log.h>
#include <string.h>

#include "apc.h"
#include "jobs.h"
#include "start.h"
#include "text.h"

#include "../linux/exec_file.h"
#include "../linux/exec_image.h"

#define PROCESS_CREATE_PROCESS 0x0080u
#define PROCESS_CREATE_FLAGS_BREAKAWAY 0x00000001u
#define PROCESS_CREATE_FLAGS_INHERIT_HANDLES 4u
#define THREAD_CREATE_FLAGS_CREATE_SUSPENDED 1u
#define ATTRIBUTE_NUMBER 0xffffu
enum attribute_number { ATTRIBUTE_PARENT = 0, ATTRIBUTE_DEBUG_OBJECT = 1, ATTRIBUTE_CLIENT_ID = 3, ATTRIBUTE_TEB = 4,
	ATTRIBUTE_IMAGE_NAME = 5, ATTRIBUTE_HANDLE_LIST = 11, ATTRIBUTE_JOB_LIST = 19 };
#define MAX_ATTRIBUTES 32u
#define HANDLE_LIST_MAX 4096u
#define NSTANDARD 3u
#define ENVIRONMENT_MAX_BYTES (4u << 20)
#define CREATE_INFO_BYTES 0x58u
#define CREATE_INFO_STATE 0x08u
#define CREATE_INFO_PEB 0x30u
#define CREATE_SUCCESS 6u
#define ARGV_LIMIT_BYTES (6ull << 20)

struct attribute { uint64_t id, bytes, value, return_length; };

struct request {
	struct nt_parameters *given;
	struct nt_string image_name;	/* an NT path */
	struct process *parent;		/* a reference, as the next; NULL: the current process */
	struct handle_table *handles;	/* the parent's */
	uint64_t user_client_id, user_teb;
	uint64_t user_jobs;		/* handles of the jobs to be in */
	uint32_t njobs;
	uint32_t process_flags, thread_flags;
	bool has_list;			/* of the handles to inherit: */
	int *keep;			/* room for the standard ones, then the list */
	uint32_t nkeep;
	char *path;
	struct inode *inode;
	struct exec_image *image;
	struct file *file;
	struct exec_interpreter interpreter;
	struct credentials credentials;
	struct ps_strings argv, envp;
};

/* ---- what the caller says ---- */

static ntstatus string_at(const char *raw, uint64_t base, uint32_t offset, struct nt_string *out)
{
	struct nt_unicode_string s;

	memcpy(&s, raw + offset, sizeof(s));
	if (base && s.buffer)
		s.buffer += base;
	if (offset == PARAMS_RUNTIME_INFO)
		s.bytes = s.max_bytes;
	*out = (struct nt_string){ 0 };
	if (!s.bytes)
		return STATUS_SUCCESS;
	out->chars = kmalloc(s.bytes, HEAP_NOZERO);
	if (!out->chars)
		return STATUS_NO_MEMORY;
	out->nchars = s.bytes / 2;
	return nt_get(out->chars, s.buffer, s.bytes & ~1u);
}

/* A block of strings that ends with an empty one. */
static ntstatus environment_in(const char *raw, uint64_t base, struct nt_string *out)
{
	uint64_t at, bytes;

	memcpy(&at, raw + PARAMS_ENVIRONMENT, sizeof(at));
	memcpy(&bytes, raw + PARAMS_ENVIRONMENT_SIZE, sizeof(bytes));
	if (base && at)
		at += base;
	if (!at || !bytes || bytes > ENVIRONMENT_MAX_BYTES)
		return STATUS_INVALID_PARAMETER;
	out->chars = kmalloc(bytes + 4, 0);
	if (!out->chars)
		return STATUS_NO_MEMORY;
	out->nchars = (uint32_t)(bytes / 2);
	return nt_get(out->chars, at, bytes & ~1ull);
}

static ntstatus parameters_in(uint64_t user, struct nt_parameters *p)
{
	uint64_t base = 0;
	uint32_t flags;
	ntstatus status = nt_get(p->raw, user, sizeof(p->raw));

	if (status)
		return status;
	memcpy(&flags, p->raw + PARAMS_FLAGS, sizeof(flags));
	if (!(flags & PARAMS_NORMALIZED))
		base = user;
	for (uint32_t i = 0; !status && i < NT_PARAMETER_STRINGS; i++)
		status = string_at(p->raw, base, nt_parameter_offsets[i], &p->strings[i]);
	if (!status)
		status = environment_in(p->raw, base, &p->environment);
	memcpy(p->standard, p->raw + PARAMS_STDIN, sizeof(p->standard));
	return status;
}

static void parameters_free(struct nt_parameters *p)
{
	for (uint32_t i = 0; p && i < NT_PARAMETER_STRINGS; i++)
		nt_string_free(&p->strings[i]);
	if (p)
		nt_string_free(&p->environment);
	kfree(p);
}

static ntstatus image_name_in(const struct attribute *a, struct nt_string *out)
{
	if (out->chars || !a->bytes || a->bytes > 2 * NT_NAME_MAX_CHARS)
		return STATUS_INVALID_PARAMETER;
	out->chars = kmalloc(a->bytes, HEAP_NOZERO);
	if (!out->chars)
		return STATUS_NO_MEMORY;
	out->nchars = (uint32_t)(a->bytes / 2);
	return nt_get(out->chars, a->value, a->bytes & ~1ull);
}

static int index_of(uint64_t handle)
{
	return handle && handle >> 32 == 0 ? nt_handle_index(handle) : -1;
}

/* Whose child it becomes; what it inherits is that process's (Microsoft Learn, UpdateProcThreadAttribute). */
static ntstatus parent_in(const struct attribute *a, struct request *rq)
{
	ntstatus status = rq->parent ? STATUS_INVALID_PARAMETER : nt_process_lookup(a->value, PROCESS_CREATE_PROCESS, &rq->parent);

	if (status)
		return status;
	rq->handles = ps_handles_get(rq->parent);
	return rq->handles ? STATUS_SUCCESS : STATUS_PROCESS_IS_TERMINATING;
}

static ntstatus job_list_in(const struct attribute *a, struct request *rq)
{
	if (rq->njobs || !a->bytes || a->bytes % sizeof(uint64_t) || a->bytes > HANDLE_LIST_MAX * sizeof(uint64_t))
		return STATUS_INVALID_PARAMETER;
	rq->user_jobs = a->value;
	rq->njobs = (uint32_t)(a->bytes / sizeof(uint64_t));
	return STATUS_SUCCESS;
}

static ntstatus no_debugger(void)
{
	log_info(COMPAT, "%s would debug a child, which is not supported", ps_current()->name);
	return STATUS_NOT_SUPPORTED;
}

/* The handles that alone are inherited. */
static ntstatus handle_list_in(const struct attribute *a, struct request *rq)
{
	uint32_t n = (uint32_t)(a->bytes / sizeof(uint64_t));
	ntstatus status = STATUS_SUCCESS;
	uint64_t handle;

	if (rq->has_list || !n || a->bytes % sizeof(uint64_t) || a->bytes > HANDLE_LIST_MAX * sizeof(uint64_t))
		return STATUS_INVALID_PARAMETER;
	rq->has_list = true;
	rq->keep = kmalloc((NSTANDARD + n) * sizeof(*rq->keep), HEAP_NOZERO);
	if (!rq->keep)
		return STATUS_NO_MEMORY;
	rq->nkeep = NSTANDARD + n;
	for (uint32_t i = 0; !status && i < n; i++) {
		status = nt_get(&handle, a->value + i * sizeof(handle), sizeof(handle));
		rq->keep[NSTANDARD + i] = index_of(handle);
	}
	return status;
}

/* Each must be one that can be inherited. */
static ntstatus check_handle_list(const struct request *rq)
{
	struct handle_table *handles = rq->handles ? rq->handles : ps_current()->handles;
	uint32_t flags;

	for (uint32_t i = NSTANDARD; i < rq->nkeep; i++) {
		if (handle_get_flags(handles, rq->keep[i], &flags, NULL))
			return STATUS_INVALID_HANDLE;
		if (!(flags & HANDLE_INHERIT))
			return STATUS_INVALID_PARAMETER;
	}
	return STATUS_SUCCESS;
}

/* Attributes that only add information are left alone; their meaning for us is none. */
static ntstatus attributes_in(uint64_t user, struct request *rq)
{
	struct attribute a;
	uint64_t bytes;
	ntstatus status = nt_get(&bytes, user, sizeof(bytes));

	for (uint64_t at = sizeof(bytes); !status && at + sizeof(a) <= bytes && at < MAX_ATTRIBUTES * sizeof(a); at += sizeof(a)) {
		status = nt_get(&a, user + at, sizeof(a));
		if (status)
			break;
		switch (a.id & ATTRIBUTE_NUMBER) {
		case ATTRIBUTE_PARENT:
			status = parent_in(&a, rq);
			break;
		case ATTRIBUTE_DEBUG_OBJECT:
			status = no_debugger();
			break;
		case ATTRIBUTE_IMAGE_NAME:
			status = image_name_in(&a, &rq->image_name);
			break;
		case ATTRIBUTE_CLIENT_ID:
			rq->user_client_id = a.value;
			break;
		case ATTRIBUTE_TEB:
			rq->user_teb = a.value;
			break;
		case ATTRIBUTE_HANDLE_LIST:
			status = handle_list_in(&a, rq);
			break;
		case ATTRIBUTE_JOB_LIST:
			status = job_list_in(&a, rq);
			break;
		default:
			break;
		}
	}
	if (!status && !rq->image_name.chars)
		status = STATUS_INVALID_PARAMETER;
	return status ? status : check_handle_list(rq);
}

/* ---- the program ---- */

/* A name that is not there: in a folder that is? */
static ntstatus status_of_missing(struct inode *start, const char *path)
{
	struct walk_result walk;
	int err = walk_path(start, path, WALK_FOLLOW, &walk);
	ntstatus status = err == -ENOENT && !walk.parent ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_NAME_NOT_FOUND;

	if (!err || err == -ENOENT)
		walk_result_put(&walk);
	return status;
}

static ntstatus find_program(struct request *rq)
{
	struct nt_attributes name = { .name = rq->image_name, .flags = NT_OBJ_CASE_INSENSITIVE };
	struct inode *start = NULL;
	ntstatus status = nt_path(&name, &start, &rq->path);
	int err;

	if (status)
		return status;
	err = exec_file_open(start, rq->path, WALK_FOLLOW, &rq->inode);
	if (err == -EACCES)
		err = exec_file_open_as(start, rq->path, WALK_FOLLOW, EXEC_WANT_READ, &rq->inode);
	if (err == -ENOENT)
		status = status_of_missing(start, rq->path);
	inode_put(start);
	if (status)
		return status;
	if (!err)
		err = exec_image_find(rq->inode, &rq->image);
	if (err == -ENOEXEC)
		return STATUS_INVALID_IMAGE_NOT_MZ;
	if (err)
		return nt_status(err);
	switch (rq->image->layout.kind) {
	case IMAGE_PE:
		if (rq->image->layout.pe.flags & IMAGE_PE_DLL)
			return STATUS_INVALID_IMAGE_FORMAT;
		break;
	case IMAGE_ELF_STATIC:
	case IMAGE_ELF_DYNAMIC:
		err = inode_permission(rq->inode, EXEC_WANT_EXECUTE, false);
		if (!err)
			err = exec_interpreter_open(&rq->image->layout, &rq->interpreter);
		break;
	default:
		return STATUS_INVALID_IMAGE_NOT_MZ;
	}
	if (!err)
		err = vfs_open_inode(rq->inode, O_RDONLY, &rq->file);
	return nt_status(err);
}

/* ---- a Linux program's strings ---- */

static int add_utf8(struct ps_strings *s, const uint16_t *chars, uint32_t n)
{
	char *text = nt_utf8(chars, n);
	int err = text ? ps_strings_add(s, text) : -ENOMEM;

	kfree(text);
	return err;
}

static bool is_blank(uint16_t c) { return c == ' ' || c == '\t'; }

/* One argument of @s from *@at on, without its quotes, to @out. */
static uint32_t take_argument(const struct nt_string *s, uint32_t *at, uint16_t *out)
{
	uint32_t n = 0, i = *at;
	bool quoted = false;

	while (i < s->nchars && (quoted || !is_blank(s->chars[i]))) {
		uint32_t slashes = 0;

		while (i < s->nchars && s->chars[i] == '\\') {
			slashes++;
			i++;
		}
		if (i < s->nchars && s->chars[i] == '"') {
			for (uint32_t k = 0; k < slashes / 2; k++)
				out[n++] = '\\';
			if (slashes & 1) {
				out[n++] = '"';
			} else if (quoted && i + 1 < s->nchars && s->chars[i + 1] == '"') {
				out[n++] = '"';
				i++;
			} else {
				quoted = !quoted;
			}
			i++;
			continue;
		}
		for (uint32_t k = 0; k < slashes; k++)
			out[n++] = '\\';
		if (i < s->nchars && (quoted || !is_blank(s->chars[i])))
			out[n++] = s->chars[i++];
	}
	*at = i;
	return n;
}

static int arguments_of(const struct nt_string *line, struct ps_strings *argv)
{
	uint16_t *out = kmalloc((line->nchars + 1) * sizeof(*out), HEAP_NOZERO);
	uint32_t at = 0;
	int err = out ? 0 : -ENOMEM;

	while (!err) {
		while (at < line->nchars && is_blank(line->chars[at]))
			at++;
		if (at >= line->nchars)
			break;
		err = add_utf8(argv, out, take_argument(line, &at, out));
	}
	kfree(out);
	return err;
}

static int add_variable(struct ps_strings *envp, const uint16_t *chars, uint32_t n)
{
	char *line = nt_utf8(chars, n), *mapped = line ? nt_environment_to_linux(line) : NULL;
	int err = mapped ? ps_strings_add(envp, mapped) : -ENOMEM;

	kfree(mapped);
	kfree(line);
	return err;
}

static int environment_of(const struct nt_string *block, struct ps_strings *envp)
{
	int err = 0;

	for (uint32_t at = 0; at < block->nchars && block->chars[at] && !err;) {
		uint32_t end = at;

		while (end < block->nchars && block->chars[end])
			end++;
		/* "=C:=C:\x" is cmd.exe's own. */
		if (block->chars[at] != '=')
			err = add_variable(envp, block->chars + at, end - at);
		at = end + 1;
	}
	return err;
}

/* ---- the child ---- */

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Where the child stands: the parent's place, or the folder it names. */
static int make_fs(const struct request *rq, struct fs_context **out)
{
	const struct nt_string *folder = &rq->given->strings[NT_PARAMETER_FOLDER];
	static const uint16_t prefix[] = { '\\', '?', '?', '\\' };
	struct nt_text text = { 0 };
	struct nt_attributes name = { .flags = NT_OBJ_CASE_INSENSITIVE };
	struct walk_result walk;
	struct inode *start = NULL;
	char *path = NULL;
	int err = fs_context_clone(fs_current(), out);

	if (err || !folder->nchars)
		return err;
	nt_text_chars(&text, prefix, ARRAY_SIZE(prefix));
	nt_text_chars(&text, folder->chars, folder->nchars);
	name.name = (struct nt_string){ text.chars, text.nchars };
	if (!text.failed && !nt_path(&name, &start, &path)) {
		err = walk_path(start, path, WALK_FOLLOW | WALK_DIRECTORY, &walk);
		if (!err)
			fs_context_set_cwd(*out, walk.inode);
		if (!err || err == -ENOENT)
			walk_result_put(&walk);
	}
	kfree(path);
	inode_put(start);
	nt_text_free(&text);
	return 0;
}

static ntstatus run(struct request *rq, struct ps_child *child)
{
	bool is_nt = rq->image->layout.kind == IMAGE_PE;
	struct ps_exec x;
	int err;

	rq->credentials = *ps_credentials();
	if (!is_nt) {
		err = arguments_of(&rq->given->strings[NT_PARAMETER_COMMAND_LINE], &rq->argv);
		if (!err)
			err = environment_of(&rq->given->environment, &rq->envp);
		if (err)
			return nt_status(err);
	}
	x = (struct ps_exec){
		.image = { .object = exec_image_object(rq->inode), .layout = &rq->image->layout, .file = rq->file },
		.interpreter = exec_interpreter_image(&rq->interpreter),
		.argv = rq->argv,
		.envp = rq->envp,
		.path = rq->path,
		.comm = last_component(rq->path),
		.exe_node = rq->inode->node,
		.exe = rq->inode,
		.credentials = &rq->credentials,
	};
	err = make_fs(rq, (struct fs_context **)&child->fs);
	if (!err && is_nt)
		err = nt_exec_prepare(&x, rq->image, rq->given);
	if (!err)
		err = ps_spawn_program(&x, child);
	else if (child->fs)
		fs_context_put(child->fs);
	if (x.personality_data)
		nt_exec_finish(&x);
	return nt_status(err);
}

/* A Linux child's standard streams are descriptors 0, 1, 2. */
static ntstatus place_streams(struct process *p, const uint64_t standard[3])
{
	struct object *obj[3] = { NULL, NULL, NULL };
	struct handle_table *t = p->handles;

	for (int i = 0; i < 3; i++) {
		if (index_of(standard[i]) >= 0)
			(void)handle_lookup(t, index_of(standard[i]), OBJECT_FILE, 0, &obj[i]);
	}
	for (int i = 0; i < 3; i++) {
		if (obj[i])
			(void)handle_install_at(t, obj[i], RIGHT_ALL, 0, i, p);
		object_put(obj[i]);
	}
	return STATUS_SUCCESS;
}

static ntstatus tell(const uint64_t *a, const struct request *rq, const struct ps_child *child)
{
	struct nt_client_id id = { child->process->pid * 4ull, child->thread->thread.tid * 4ull };
	struct nt_process *nt = child->process->nt;
	struct nt_thread *thread = child->thread->nt;
	uint32_t success = CREATE_SUCCESS;
	ntstatus status = nt_handle_install(&child->process->object, nt_map_access(OBJECT_PROCESS, (uint32_t)a[2]), 0, a[0]);

	if (!status)
		status = nt_handle_install(&child->thread->object, nt_map_access(OBJECT_THREAD, (uint32_t)a[3]), 0, a[1]);
	if (!status && rq->user_client_id)
		status = nt_put(rq->user_client_id, &id, sizeof(id));
	if (!status && rq->user_teb && thread)
		status = nt_put64(rq->user_teb, thread->teb);
	if (!status && a[9]) {
		status = nt_put(a[9] + CREATE_INFO_STATE, &success, sizeof(success));
		if (!status && nt)
			status = nt_put64(a[9] + CREATE_INFO_PEB, nt->peb);
	}
	return status;
}

static ntstatus join_jobs(const struct request *rq, struct process *child)
{
	ntstatus status = STATUS_SUCCESS;
	uint64_t handle;

	for (uint32_t i = 0; !status && i < rq->njobs; i++) {
		status = nt_get(&handle, rq->user_jobs + i * sizeof(handle), sizeof(handle));
		if (!status)
			status = nt_job_assign(handle, child);
	}
	return status;
}

static ntstatus create(const uint64_t *a, struct request *rq)
{
	int standard[NSTANDARD], *keep = rq->has_list ? rq->keep : standard;
	struct ps_child child = { .handles = rq->handles, .keep = keep, .nkeep = rq->has_list ? rq->nkeep : NSTANDARD,
		.inherits = (rq->process_flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES) && !rq->has_list };
	bool breaks_away = rq->process_flags & PROCESS_CREATE_FLAGS_BREAKAWAY;
	struct nt_thread *self = nt_current_thread();
	struct process *parent = rq->parent ? rq->parent : ps_current();
	ntstatus status;

	/* Another parent's are the caller's to choose: by the list, or by what is inherited. */
	for (uint32_t i = 0; i < NSTANDARD; i++)
		keep[i] = parent == ps_current() ? index_of(rq->given->standard[i]) : -1;
	status = nt_job_allows_child(parent, breaks_away);
	if (status)
		return status;
	self->breaks_away = breaks_away;
	self->child_parent = parent;
	status = run(rq, &child);
	self->breaks_away = false;
	self->child_parent = NULL;
	if (status)
		return status;
	if (!child.process->nt)
		place_streams(child.process, rq->given->standard);
	else if (rq->thread_flags & THREAD_CREATE_FLAGS_CREATE_SUSPENDED) {
		((struct nt_thread *)child.thread->nt)->suspend_count = 1;
		child.thread->thread.interrupts |= INTERRUPT_SUSPEND;
	}
	if (child.process->nt)
		((struct nt_process *)child.process->nt)->creator = parent->pid;
	status = join_jobs(rq, child.process);
	if (!status)
		status = tell(a, rq, &child);
	if (status)
		ps_end_process(child.process, status);
	thread_start(&child.thread->thread);
	ps_thread_put(child.thread);
	ps_put(child.process);
	return status;
}

static void request_free(struct request *rq)
{
	ps_strings_free(&rq->argv);
	ps_strings_free(&rq->envp);
	exec_interpreter_close(&rq->interpreter);
	file_put(rq->file);
	exec_image_put(rq->image);
	exec_file_close(rq->inode);
	kfree(rq->path);
	kfree(rq->keep);
	if (rq->handles)
		handle_table_put(rq->handles, rq->parent);
	if (rq->parent)
		ps_put(rq->parent);
	nt_string_free(&rq->image_name);
	parameters_free(rq->given);
	kfree(rq);
}

ntstatus nt_sys_NtCreateUserProcess(const uint64_t *a)
{
	struct request *rq = kmalloc(sizeof(*rq), 0);
	ntstatus status;

	if (!rq)
		return STATUS_NO_MEMORY;
	ps_strings_init(&rq->argv, ARGV_LIMIT_BYTES);
	ps_strings_init(&rq->envp, ARGV_LIMIT_BYTES);
	rq->process_flags = (uint32_t)a[6];
	rq->thread_flags = (uint32_t)a[7];
	rq->given = kmalloc(sizeof(*rq->given), 0);
	status = rq->given ? parameters_in(a[8], rq->given) : STATUS_NO_MEMORY;
	if (!status)
		status = attributes_in(a[10], rq);
	if (!status)
		status = find_program(rq);
	if (!status)
		status = create(a, rq);
	request_free(rq);
	return status;
}
