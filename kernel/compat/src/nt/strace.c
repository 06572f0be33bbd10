/* kernel/compat/src/nt/strace.c: one line an NT call.
 *
 * Arguments up to the first that the service fills are written before it runs, the rest after; of
 * what it changes, the old value is kept. A service that does not return shows " = ?".
 */
#include "strace.h"

#include <mm/heap.h>
#include <nucleus/log.h>
#include <string.h>

#include "strace_values.h"

#define NAME_CHARS_SHOWN 200u
#define BYTES_SHOWN 32u
#define HANDLES_SHOWN 64u

enum arg_kind {
	ARG_NAME, ARG_ULONG, ARG_LONG, ARG_ULONGLONG, ARG_SIZE, ARG_BOOLEAN, ARG_HANDLE, ARG_STATUS, ARG_ACCESS, ARG_NTCLASS,
	ARG_PROTECT, ARG_MEMTYPE, ARG_SECTYPE, ARG_DISPOSITION, ARG_OPTIONS, ARG_SHARING, ARG_ATTRIBS, ARG_KEYOPTIONS,
	ARG_REGTYPE, ARG_EVENTTYPE, ARG_WAITTYPE, ARG_FLAGS, ARG_IOCTL, ARG_OBJATTR, ARG_USTRING, ARG_CLIENTID, ARG_TIMEOUT,
	ARG_LARGE, ARG_INBUF, ARG_HANDLES, ARG_CONTEXTREC, ARG_EXCEPTIONREC, ARG_APCROUTINE, ARG_PTR,
	/* what a service fills */
	ARG_OUTBUF, ARG_INOUT, ARG_IOSB, ARG_OUTHANDLE, ARG_OUTPTR, ARG_OUTLARGE, ARG_OUTULONG, ARG_OUTUSHORT, ARG_OUTBOOL,
};
struct arg { uint8_t kind; const char *name, *length; };
struct signature { const struct arg *args; uint32_t nargs; };

#define ULONG(n) { ARG_ULONG, #n, NULL }
#define LONG(n) { ARG_LONG, #n, NULL }
#define ULONGLONG(n) { ARG_ULONGLONG, #n, NULL }
#define SIZE(n) { ARG_SIZE, #n, NULL }
#define BOOLEAN(n) { ARG_BOOLEAN, #n, NULL }
#define HANDLE(n) { ARG_HANDLE, #n, NULL }
#define STATUS(n) { ARG_STATUS, #n, NULL }
#define ACCESS(n) { ARG_ACCESS, #n, NULL }
#define NTCLASS(n) { ARG_NTCLASS, #n, NULL }
#define PROTECT(n) { ARG_PROTECT, #n, NULL }
#define MEMTYPE(n) { ARG_MEMTYPE, #n, NULL }
#define SECTYPE(n) { ARG_SECTYPE, #n, NULL }
#define DISPOSITION(n) { ARG_DISPOSITION, #n, NULL }
#define OPTIONS(n) { ARG_OPTIONS, #n, NULL }
#define SHARING(n) { ARG_SHARING, #n, NULL }
#define ATTRIBS(n) { ARG_ATTRIBS, #n, NULL }
#define KEYOPTIONS(n) { ARG_KEYOPTIONS, #n, NULL }
#define REGTYPE(n) { ARG_REGTYPE, #n, NULL }
#define EVENTTYPE(n) { ARG_EVENTTYPE, #n, NULL }
#define WAITTYPE(n) { ARG_WAITTYPE, #n, NULL }
#define FLAGS(n) { ARG_FLAGS, #n, NULL }
#define IOCTL(n) { ARG_IOCTL, #n, NULL }
#define OBJATTR(n) { ARG_OBJATTR, #n, NULL }
#define USTRING(n) { ARG_USTRING, #n, NULL }
#define CLIENTID(n) { ARG_CLIENTID, #n, NULL }
#define TIMEOUT(n) { ARG_TIMEOUT, #n, NULL }
#define LARGE(n) { ARG_LARGE, #n, NULL }
#define INBUF(n, l) { ARG_INBUF, #n, #l }
#define HANDLES(n, l) { ARG_HANDLES, #n, #l }
#define CONTEXTREC(n) { ARG_CONTEXTREC, #n, NULL }
#define EXCEPTIONREC(n) { ARG_EXCEPTIONREC, #n, NULL }
#define APCROUTINE(n) { ARG_APCROUTINE, #n, NULL }
#define PTR(n) { ARG_PTR, #n, NULL }
#define OUTBUF(n, l) { ARG_OUTBUF, #n, #l }
#define INOUT(n) { ARG_INOUT, #n, NULL }
#define IOSB(n) { ARG_IOSB, #n, NULL }
#define OUTHANDLE(n) { ARG_OUTHANDLE, #n, NULL }
#define OUTPTR(n) { ARG_OUTPTR, #n, NULL }
#define OUTLARGE(n) { ARG_OUTLARGE, #n, NULL }
#define OUTULONG(n) { ARG_OUTULONG, #n, NULL }
#define OUTUSHORT(n) { ARG_OUTUSHORT, #n, NULL }
#define OUTBOOL(n) { ARG_OUTBOOL, #n, NULL }
/* The service's own name comes first, so that no array is empty. */
#define SERVICE(name, run, owner, ...) static const struct arg args_##name[] = { { ARG_NAME, #name, NULL }, __VA_ARGS__ };
#include "nt/syscalls.def"
#undef SERVICE

static const struct signature signatures[NT_SERVICE_COUNT] = {
#define SERVICE(name, ...) [NT_SERVICE_##name] = { args_##name + 1, ARRAY_SIZE(args_##name) - 1 },
#include "nt/syscalls.def"
#undef SERVICE
};

struct nt_strace_line {
	struct strace_text text;
	const struct signature *signature;
	uint64_t a[NT_MAX_ARGS];
	uint64_t before[NT_MAX_ARGS];	/* what ARG_INOUT held */
	uint32_t next;			/* first argument that is not written yet */
};
HEAP_CACHE(line_cache, "nt-strace-line", sizeof(struct nt_strace_line));

static const char *service_name(const struct nt_strace_line *l) { return l->signature->args[-1].name; }

static void add_pointer(struct strace_text *t, uint64_t address)
{
	strace_add(t, address ? "%#llx" : "NULL", (unsigned long long)address);
}

static void add_status(struct strace_text *t, ntstatus s)
{
	const char *name = nt_status_name(s);

	if (name)
		strace_add(t, "%s", name);
	else
		strace_add(t, "%#x", s);
}

/* What ends a process or thread is a status only where it says so: exit codes are small numbers. */
static void add_exit_status(struct strace_text *t, ntstatus s)
{
	if (s >> 30)
		add_status(t, s);
	else
		strace_add(t, "%u", s);
}

/* ---- what a service reads ---- */

static void add_chars(struct strace_text *t, uint64_t address, uint32_t bytes)
{
	uint16_t chars[NAME_CHARS_SHOWN];
	uint32_t n = MIN(bytes / 2u, NAME_CHARS_SHOWN);

	if (nt_get(chars, address, n * 2ull)) {
		add_pointer(t, address);
		return;
	}
	nt_strace_add_utf16(t, chars, n);
	if (n < bytes / 2)
		strace_add(t, "...");
}

static void add_user_string(struct strace_text *t, uint64_t address)
{
	struct nt_unicode_string s;

	if (!address || nt_get(&s, address, sizeof(s))) {
		add_pointer(t, address);
		return;
	}
	strace_add(t, "{");
	add_chars(t, s.buffer, s.bytes);
	strace_add(t, "}");
}

static void add_object_attributes(struct strace_text *t, uint64_t address)
{
	struct nt_object_attributes o;
	struct nt_unicode_string s;

	if (!address || nt_get(&o, address, sizeof(o))) {
		add_pointer(t, address);
		return;
	}
	strace_add(t, "{");
	if (o.root)
		strace_add(t, "%#llx, ", (unsigned long long)o.root);
	if (o.name && !nt_get(&s, o.name, sizeof(s)))
		add_chars(t, s.buffer, s.bytes);
	else
		add_pointer(t, o.name);
	if (o.attributes && o.attributes != NT_OBJ_CASE_INSENSITIVE) {
		strace_add(t, ", ");
		nt_strace_add_object_attributes(t, o.attributes);
	}
	strace_add(t, "}");
}

static void add_large(struct strace_text *t, uint64_t address)
{
	int64_t v;

	if (!address || nt_get(&v, address, sizeof(v)))
		add_pointer(t, address);
	else
		strace_add(t, "{%lld}", (long long)v);
}

static void add_client_id(struct strace_text *t, uint64_t address)
{
	struct nt_client_id id;

	if (!address || nt_get(&id, address, sizeof(id)))
		add_pointer(t, address);
	else
		strace_add(t, "{%llu, %llu}", (unsigned long long)id.process, (unsigned long long)id.thread);
}

static void add_bytes(struct strace_text *t, uint64_t address, uint64_t len)
{
	char buf[BYTES_SHOWN];
	size_t n = MIN(len, sizeof(buf));

	if (!address || nt_get(buf, address, n))
		add_pointer(t, address);
	else
		strace_add_string(t, buf, n, len > n);
}

static void add_handles(struct strace_text *t, uint64_t address, uint32_t count)
{
	uint64_t handle;

	strace_add(t, "[");
	for (uint32_t i = 0; i < MIN(count, HANDLES_SHOWN); i++) {
		if (nt_get(&handle, address + 8ull * i, sizeof(handle)))
			break;
		strace_add(t, i ? ", " : "");
		nt_strace_add_handle(t, handle);
	}
	strace_add(t, count > HANDLES_SHOWN ? ", ...]" : "]");
}

static void add_context(struct strace_text *t, uint64_t address)
{
	uint64_t rip, rsp;

	if (nt_get(&rip, address + offsetof(struct nt_context, rip), sizeof(rip)) ||
	    nt_get(&rsp, address + offsetof(struct nt_context, rsp), sizeof(rsp)))
		add_pointer(t, address);
	else
		strace_add(t, "{Rip=%#llx, Rsp=%#llx}", (unsigned long long)rip, (unsigned long long)rsp);
}

static void add_exception(struct strace_text *t, uint64_t address)
{
	struct nt_exception_record e;

	if (nt_get(&e, address, sizeof(e))) {
		add_pointer(t, address);
		return;
	}
	strace_add(t, "{");
	add_status(t, e.code);
	strace_add(t, ", ExceptionAddress=%#llx}", (unsigned long long)e.address);
}

/* ---- arguments ---- */

static bool is_output(const struct arg *arg) { return arg->kind >= ARG_OUTBUF; }

static bool has_class(const struct nt_strace_line *l)
{
	for (uint32_t i = 0; i < l->signature->nargs; i++) {
		if (l->signature->args[i].kind == ARG_NTCLASS)
			return true;
	}
	return false;
}

static uint64_t length_of(const struct nt_strace_line *l, const struct arg *arg)
{
	for (uint32_t i = 0; i < l->signature->nargs; i++) {
		if (!strcmp(l->signature->args[i].name, arg->length))
			return (uint32_t)l->a[i];
	}
	return 0;
}

/* Information in the IO_STATUS_BLOCK: how many bytes came. 0: the service has none. */
static uint64_t bytes_transferred(const struct nt_strace_line *l)
{
	uint64_t at, information;

	for (uint32_t i = 0; i < l->signature->nargs; i++) {
		at = l->a[i] + offsetof(struct nt_io_status, information);
		if (l->signature->args[i].kind == ARG_IOSB && !nt_get(&information, at, sizeof(information)))
			return information;
	}
	return 0;
}

static bool add_word(struct nt_strace_line *l, const struct arg *arg, uint64_t v)
{
	static void (*const add[])(struct strace_text *t, uint32_t v) = {
		[ARG_PROTECT] = nt_strace_add_protect, [ARG_MEMTYPE] = nt_strace_add_memory_type,
		[ARG_SECTYPE] = nt_strace_add_section_type, [ARG_DISPOSITION] = nt_strace_add_disposition,
		[ARG_OPTIONS] = nt_strace_add_options, [ARG_SHARING] = nt_strace_add_sharing,
		[ARG_ATTRIBS] = nt_strace_add_file_attributes, [ARG_KEYOPTIONS] = nt_strace_add_key_options,
		[ARG_REGTYPE] = nt_strace_add_value_type, [ARG_EVENTTYPE] = nt_strace_add_event_type,
		[ARG_WAITTYPE] = nt_strace_add_wait_type, [ARG_IOCTL] = nt_strace_add_io_control,
	};

	if (arg->kind >= ARRAY_SIZE(add) || !add[arg->kind])
		return false;
	add[arg->kind](&l->text, (uint32_t)v);
	return true;
}

static void add_number(struct strace_text *t, enum arg_kind kind, uint64_t v)
{
	switch (kind) {
	case ARG_LONG:
		strace_add(t, "%d", (int)v);
		break;
	case ARG_ULONG:
		strace_add(t, "%u", (unsigned)v);
		break;
	case ARG_BOOLEAN:
		strace_add(t, (uint8_t)v ? "TRUE" : "FALSE");
		break;
	case ARG_FLAGS:
		strace_add(t, (uint32_t)v ? "%#x" : "0", (uint32_t)v);
		break;
	case ARG_STATUS:
		add_exit_status(t, (ntstatus)v);
		break;
	case ARG_SIZE:
	case ARG_ULONGLONG:
		strace_add(t, v ? "%#llx" : "0", (unsigned long long)v);
		break;
	default:
		add_pointer(t, v);
		break;
	}
}

static void add_input(struct nt_strace_line *l, const struct arg *arg, uint64_t v)
{
	struct strace_text *t = &l->text;

	switch (arg->kind) {
	case ARG_HANDLE:
		nt_strace_add_handle(t, v);
		break;
	case ARG_ACCESS:
		nt_strace_add_access(t, arg->name, service_name(l), (uint32_t)v);
		break;
	case ARG_NTCLASS:
		nt_strace_add_class(t, arg->name, (uint32_t)v);
		break;
	case ARG_OBJATTR:
		add_object_attributes(t, v);
		break;
	case ARG_USTRING:
		add_user_string(t, v);
		break;
	case ARG_CLIENTID:
		add_client_id(t, v);
		break;
	case ARG_TIMEOUT:
	case ARG_LARGE:
		add_large(t, v);
		break;
	case ARG_HANDLES:
		add_handles(t, v, (uint32_t)length_of(l, arg));
		break;
	case ARG_CONTEXTREC:
		add_context(t, v);
		break;
	case ARG_EXCEPTIONREC:
		add_exception(t, v);
		break;
	case ARG_INBUF:
		if (has_class(l))
			add_pointer(t, v);
		else
			add_bytes(t, v, length_of(l, arg));
		break;
	default:
		if (!add_word(l, arg, v))
			add_number(t, arg->kind, v);
		break;
	}
}

/* A number of @size bytes at @address. */
static void add_stored(struct strace_text *t, uint64_t address, size_t size)
{
	uint64_t v = 0;

	if (!address || nt_get(&v, address, size))
		add_pointer(t, address);
	else
		strace_add(t, v ? "[%#llx]" : "[0]", (unsigned long long)v);
}

static void add_changed(struct nt_strace_line *l, uint32_t i)
{
	uint64_t after;

	if (!l->a[i] || nt_get(&after, l->a[i], sizeof(after)))
		add_pointer(&l->text, l->a[i]);
	else if (after == l->before[i])
		strace_add(&l->text, "[%#llx]", (unsigned long long)after);
	else
		strace_add(&l->text, "[%#llx => %#llx]", (unsigned long long)l->before[i], (unsigned long long)after);
}

static void add_io_status(struct strace_text *t, uint64_t address)
{
	struct nt_io_status s;

	if (!address || nt_get(&s, address, sizeof(s))) {
		add_pointer(t, address);
		return;
	}
	strace_add(t, "{");
	add_status(t, (ntstatus)s.status);
	strace_add(t, ", %llu}", (unsigned long long)s.information);
}

static void add_filled(struct nt_strace_line *l, uint32_t i)
{
	static const uint8_t sizes[] = {
		[ARG_OUTHANDLE] = 8, [ARG_OUTPTR] = 8, [ARG_OUTLARGE] = 8, [ARG_OUTULONG] = 4, [ARG_OUTUSHORT] = 2,
		[ARG_OUTBOOL] = 1,
	};
	const struct arg *arg = &l->signature->args[i];
	struct strace_text *t = &l->text;
	uint64_t v = l->a[i];

	if (arg->kind == ARG_INOUT)
		add_changed(l, i);
	else if (arg->kind == ARG_IOSB)
		add_io_status(t, v);
	else if (arg->kind == ARG_OUTBUF && has_class(l))
		add_pointer(t, v);
	else if (arg->kind == ARG_OUTBUF)
		add_bytes(t, v, MIN(length_of(l, arg), bytes_transferred(l)));
	else
		add_stored(t, v, sizes[arg->kind]);
}

/* Errors fill nothing; warnings and what is still pending do, or may. */
static bool has_filled(ntstatus s) { return s >> 30 != 3 && s != STATUS_PENDING; }

static void add_arguments(struct nt_strace_line *l, bool is_over, ntstatus status)
{
	const struct arg *arg;

	for (; l->next < l->signature->nargs; l->next++) {
		arg = &l->signature->args[l->next];
		if (!is_over && is_output(arg))
			return;
		strace_add(&l->text, l->next ? ", " : "");
		if (!is_output(arg))
			add_input(l, arg, l->a[l->next]);
		else if (has_filled(status))
			add_filled(l, l->next);
		else
			add_pointer(&l->text, l->a[l->next]);
	}
}

/* ---- lines ---- */

static void write_line(struct nt_strace_line *l)
{
	log_raw("strace: [%u] %s\n", current_thread()->tid, l->text.buf);
	heap_cache_free(&line_cache, l);
}

static bool never_returns(enum nt_service_index service, const uint64_t *a)
{
	switch (service) {
	case NT_SERVICE_NtContinue:
	case NT_SERVICE_NtCallbackReturn:
	case NT_SERVICE_NtRaiseException:
		return true;
	case NT_SERVICE_NtTerminateProcess:
		return a[0] == NT_CURRENT_PROCESS;
	case NT_SERVICE_NtTerminateThread:
		return a[0] == NT_CURRENT_THREAD;
	default:
		return false;
	}
}

struct nt_strace_line *nt_strace_begin(enum nt_service_index service, const uint64_t *a)
{
	struct nt_strace_line *l = heap_cache_alloc(&line_cache, 0);

	if (!l)
		return NULL;
	l->signature = &signatures[service];
	memcpy(l->a, a, l->signature->nargs * sizeof(*a));
	for (uint32_t i = 0; i < l->signature->nargs; i++) {
		if (l->signature->args[i].kind == ARG_INOUT && nt_get(&l->before[i], a[i], sizeof(l->before[i])))
			l->before[i] = 0;
	}
	strace_add(&l->text, "%s(", service_name(l));
	add_arguments(l, false, STATUS_SUCCESS);
	if (!never_returns(service, a))
		return l;
	strace_add(&l->text, ") = ?");
	write_line(l);
	return NULL;
}

void nt_strace_end(struct nt_strace_line *l, ntstatus status)
{
	if (!l)
		return;
	add_arguments(l, true, status);
	strace_add(&l->text, ") = ");
	add_status(&l->text, status);
	write_line(l);
}
