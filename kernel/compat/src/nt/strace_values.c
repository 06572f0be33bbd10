#include "strace_values.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- access masks ---- */

static const struct strace_flag file_rights[] = {
	{ 0x1, "FILE_READ_DATA" }, { 0x2, "FILE_WRITE_DATA" }, { 0x4, "FILE_APPEND_DATA" }, { 0x8, "FILE_READ_EA" },
	{ 0x10, "FILE_WRITE_EA" }, { 0x20, "FILE_EXECUTE" }, { 0x40, "FILE_DELETE_CHILD" },
	{ 0x80, "FILE_READ_ATTRIBUTES" }, { 0x100, "FILE_WRITE_ATTRIBUTES" },
};
static const struct strace_flag key_rights[] = {
	{ 0x1, "KEY_QUERY_VALUE" }, { 0x2, "KEY_SET_VALUE" }, { 0x4, "KEY_CREATE_SUB_KEY" },
	{ 0x8, "KEY_ENUMERATE_SUB_KEYS" }, { 0x10, "KEY_NOTIFY" }, { 0x20, "KEY_CREATE_LINK" },
	{ 0x100, "KEY_WOW64_64KEY" }, { 0x200, "KEY_WOW64_32KEY" },
};
static const struct strace_flag section_rights[] = {
	{ 0x1, "SECTION_QUERY" }, { 0x2, "SECTION_MAP_WRITE" }, { 0x4, "SECTION_MAP_READ" }, { 0x8, "SECTION_MAP_EXECUTE" },
	{ 0x10, "SECTION_EXTEND_SIZE" },
};
static const struct strace_flag event_rights[] = { { 0x1, "EVENT_QUERY_STATE" }, { 0x2, "EVENT_MODIFY_STATE" } };
static const struct strace_flag mutant_rights[] = { { 0x1, "MUTANT_QUERY_STATE" } };
static const struct strace_flag semaphore_rights[] = {
	{ 0x1, "SEMAPHORE_QUERY_STATE" }, { 0x2, "SEMAPHORE_MODIFY_STATE" },
};
static const struct strace_flag timer_rights[] = { { 0x1, "TIMER_QUERY_STATE" }, { 0x2, "TIMER_MODIFY_STATE" } };
static const struct strace_flag completion_rights[] = {
	{ 0x1, "IO_COMPLETION_QUERY_STATE" }, { 0x2, "IO_COMPLETION_MODIFY_STATE" },
};
static const struct strace_flag keyed_event_rights[] = { { 0x1, "KEYEDEVENT_WAIT" }, { 0x2, "KEYEDEVENT_WAKE" } };
static const struct strace_flag directory_rights[] = {
	{ 0x1, "DIRECTORY_QUERY" }, { 0x2, "DIRECTORY_TRAVERSE" }, { 0x4, "DIRECTORY_CREATE_OBJECT" },
	{ 0x8, "DIRECTORY_CREATE_SUBDIRECTORY" },
};
static const struct strace_flag link_rights[] = { { 0x1, "SYMBOLIC_LINK_QUERY" } };
static const struct strace_flag process_rights[] = {
	{ 0x1, "PROCESS_TERMINATE" }, { 0x2, "PROCESS_CREATE_THREAD" }, { 0x4, "PROCESS_SET_SESSIONID" },
	{ 0x8, "PROCESS_VM_OPERATION" }, { 0x10, "PROCESS_VM_READ" }, { 0x20, "PROCESS_VM_WRITE" },
	{ 0x40, "PROCESS_DUP_HANDLE" }, { 0x80, "PROCESS_CREATE_PROCESS" }, { 0x100, "PROCESS_SET_QUOTA" },
	{ 0x200, "PROCESS_SET_INFORMATION" }, { 0x400, "PROCESS_QUERY_INFORMATION" }, { 0x800, "PROCESS_SUSPEND_RESUME" },
	{ 0x1000, "PROCESS_QUERY_LIMITED_INFORMATION" }, { 0x2000, "PROCESS_SET_LIMITED_INFORMATION" },
};
static const struct strace_flag thread_rights[] = {
	{ 0x1, "THREAD_TERMINATE" }, { 0x2, "THREAD_SUSPEND_RESUME" }, { 0x4, "THREAD_ALERT" },
	{ 0x8, "THREAD_GET_CONTEXT" }, { 0x10, "THREAD_SET_CONTEXT" }, { 0x20, "THREAD_SET_INFORMATION" },
	{ 0x40, "THREAD_QUERY_INFORMATION" }, { 0x80, "THREAD_SET_THREAD_TOKEN" }, { 0x100, "THREAD_IMPERSONATE" },
	{ 0x200, "THREAD_DIRECT_IMPERSONATION" }, { 0x400, "THREAD_SET_LIMITED_INFORMATION" },
	{ 0x800, "THREAD_QUERY_LIMITED_INFORMATION" }, { 0x1000, "THREAD_RESUME" },
};
static const struct strace_flag token_rights[] = {
	{ 0x1, "TOKEN_ASSIGN_PRIMARY" }, { 0x2, "TOKEN_DUPLICATE" }, { 0x4, "TOKEN_IMPERSONATE" }, { 0x8, "TOKEN_QUERY" },
	{ 0x10, "TOKEN_QUERY_SOURCE" }, { 0x20, "TOKEN_ADJUST_PRIVILEGES" }, { 0x40, "TOKEN_ADJUST_GROUPS" },
	{ 0x80, "TOKEN_ADJUST_DEFAULT" }, { 0x100, "TOKEN_ADJUST_SESSIONID" },
};
static const struct strace_flag standard_rights[] = {
	{ 0x10000, "DELETE" }, { 0x20000, "READ_CONTROL" }, { 0x40000, "WRITE_DAC" }, { 0x80000, "WRITE_OWNER" },
	{ 0x100000, "SYNCHRONIZE" }, { 0x1000000, "ACCESS_SYSTEM_SECURITY" }, { 0x2000000, "MAXIMUM_ALLOWED" },
	{ 0x10000000, "GENERIC_ALL" }, { 0x20000000, "GENERIC_EXECUTE" }, { 0x40000000, "GENERIC_WRITE" },
	{ 0x80000000, "GENERIC_READ" },
};

/* The first whose word is in the name counts: a thread's token is a token. */
#define RIGHTS(word, names, all, all_name) { word, names, COUNT(names), { all, all_name } }
static const struct rights {
	const char *word;
	const struct strace_flag *names;
	size_t n;
	struct strace_flag all;
} rights[] = {
	RIGHTS("Token", token_rights, 0xf01ff, "TOKEN_ALL_ACCESS"),
	RIGHTS("KeyedEvent", keyed_event_rights, 0xf0003, "KEYEDEVENT_ALL_ACCESS"),
	RIGHTS("Key", key_rights, 0xf003f, "KEY_ALL_ACCESS"),
	RIGHTS("File", file_rights, 0x1f01ff, "FILE_ALL_ACCESS"),
	RIGHTS("Section", section_rights, 0xf001f, "SECTION_ALL_ACCESS"),
	RIGHTS("Event", event_rights, 0x1f0003, "EVENT_ALL_ACCESS"),
	RIGHTS("Mutant", mutant_rights, 0x1f0001, "MUTANT_ALL_ACCESS"),
	RIGHTS("Semaphore", semaphore_rights, 0x1f0003, "SEMAPHORE_ALL_ACCESS"),
	RIGHTS("Timer", timer_rights, 0x1f0003, "TIMER_ALL_ACCESS"),
	RIGHTS("IoCompletion", completion_rights, 0x1f0003, "IO_COMPLETION_ALL_ACCESS"),
	RIGHTS("DirectoryObject", directory_rights, 0xf000f, "DIRECTORY_ALL_ACCESS"),
	RIGHTS("SymbolicLink", link_rights, 0xf0001, "SYMBOLIC_LINK_ALL_ACCESS"),
	RIGHTS("Process", process_rights, 0x1fffff, "PROCESS_ALL_ACCESS"),
	RIGHTS("Thread", thread_rights, 0x1fffff, "THREAD_ALL_ACCESS"),
};

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; *text; text++) {
		if (!strncmp(text, word, n))
			return true;
	}
	return false;
}

static const struct rights *rights_of(const char *name)
{
	for (size_t i = 0; i < COUNT(rights); i++) {
		if (has_word(name, rights[i].word))
			return &rights[i];
	}
	return NULL;
}

void nt_strace_add_access(struct strace_text *t, const char *argument, const char *service, uint32_t mask)
{
	const struct rights *of = rights_of(argument);
	const char *separator = "";
	uint32_t specific, rest;

	if (!of)
		of = rights_of(service);
	if (of && (mask & of->all.bits) == of->all.bits) {
		strace_add(t, "%s", of->all.name);
		mask &= ~(uint32_t)of->all.bits;
		if (!mask)
			return;
		separator = "|";
	}
	specific = mask & 0xffff;
	rest = mask & ~0xffffu;
	strace_add(t, "%s", separator);
	if (specific || !mask)
		strace_add_flags(t, specific, of ? of->names : NULL, of ? of->n : 0, "0");
	if (specific && rest)
		strace_add(t, "|");
	if (rest)
		strace_add_flags(t, rest, standard_rights, COUNT(standard_rights), "0");
}

/* ---- words that have one name each ---- */

static const struct class_name { const char *argument, *name; uint32_t class; } class_names[] = {
#define NT_CLASS(argument, name, value) { #argument, #name, value },
#include "nt/classes.def"
#undef NT_CLASS
};

void nt_strace_add_class(struct strace_text *t, const char *argument, uint32_t class)
{
	for (size_t i = 0; i < COUNT(class_names); i++) {
		if (class_names[i].class == class && !strcmp(class_names[i].argument, argument)) {
			strace_add(t, "%s", class_names[i].name);
			return;
		}
	}
	strace_add(t, "%u", class);
}

static void add_name(struct strace_text *t, uint32_t v, const char *const *names, size_t n)
{
	if (v < n && names[v])
		strace_add(t, "%s", names[v]);
	else
		strace_add(t, "%#x", v);
}

void nt_strace_add_disposition(struct strace_text *t, uint32_t v)
{
	static const char *const names[] = {
		"FILE_SUPERSEDE", "FILE_OPEN", "FILE_CREATE", "FILE_OPEN_IF", "FILE_OVERWRITE", "FILE_OVERWRITE_IF",
	};

	add_name(t, v, names, COUNT(names));
}

void nt_strace_add_value_type(struct strace_text *t, uint32_t v)
{
	static const char *const names[] = {
		"REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_LINK",
		"REG_MULTI_SZ", "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
		"REG_QWORD",
	};

	add_name(t, v, names, COUNT(names));
}

void nt_strace_add_event_type(struct strace_text *t, uint32_t v)
{
	static const char *const names[] = { "Notification", "Synchronization" };

	add_name(t, v, names, COUNT(names));
}

void nt_strace_add_wait_type(struct strace_text *t, uint32_t v)
{
	static const char *const names[] = { "WaitAll", "WaitAny" };

	add_name(t, v, names, COUNT(names));
}

/* ---- flag words ---- */

void nt_strace_add_protect(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x1, "PAGE_NOACCESS" }, { 0x2, "PAGE_READONLY" }, { 0x4, "PAGE_READWRITE" }, { 0x8, "PAGE_WRITECOPY" },
		{ 0x10, "PAGE_EXECUTE" }, { 0x20, "PAGE_EXECUTE_READ" }, { 0x40, "PAGE_EXECUTE_READWRITE" },
		{ 0x80, "PAGE_EXECUTE_WRITECOPY" }, { 0x100, "PAGE_GUARD" }, { 0x200, "PAGE_NOCACHE" },
		{ 0x400, "PAGE_WRITECOMBINE" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_memory_type(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x1000, "MEM_COMMIT" }, { 0x2000, "MEM_RESERVE" }, { 0x4000, "MEM_REPLACE_PLACEHOLDER" },
		{ 0x8000, "MEM_RELEASE" }, { 0x40000, "MEM_RESERVE_PLACEHOLDER" }, { 0x80000, "MEM_RESET" },
		{ 0x100000, "MEM_TOP_DOWN" }, { 0x200000, "MEM_WRITE_WATCH" }, { 0x400000, "MEM_PHYSICAL" },
		{ 0x1000000, "MEM_RESET_UNDO" }, { 0x20000000, "MEM_LARGE_PAGES" },
	};

	/* What frees has one bit that means something else to what allocates. */
	if (v == 0x4000)
		strace_add(t, "MEM_DECOMMIT");
	else
		strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_section_type(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x11000000, "SEC_IMAGE_NO_EXECUTE" }, { 0x800000, "SEC_FILE" }, { 0x1000000, "SEC_IMAGE" },
		{ 0x4000000, "SEC_RESERVE" }, { 0x8000000, "SEC_COMMIT" }, { 0x10000000, "SEC_NOCACHE" },
		{ 0x40000000, "SEC_WRITECOMBINE" }, { 0x80000000, "SEC_LARGE_PAGES" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_options(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x1, "FILE_DIRECTORY_FILE" }, { 0x2, "FILE_WRITE_THROUGH" }, { 0x4, "FILE_SEQUENTIAL_ONLY" },
		{ 0x8, "FILE_NO_INTERMEDIATE_BUFFERING" }, { 0x10, "FILE_SYNCHRONOUS_IO_ALERT" },
		{ 0x20, "FILE_SYNCHRONOUS_IO_NONALERT" }, { 0x40, "FILE_NON_DIRECTORY_FILE" },
		{ 0x80, "FILE_CREATE_TREE_CONNECTION" }, { 0x100, "FILE_COMPLETE_IF_OPLOCKED" },
		{ 0x200, "FILE_NO_EA_KNOWLEDGE" }, { 0x800, "FILE_RANDOM_ACCESS" }, { 0x1000, "FILE_DELETE_ON_CLOSE" },
		{ 0x2000, "FILE_OPEN_BY_FILE_ID" }, { 0x4000, "FILE_OPEN_FOR_BACKUP_INTENT" },
		{ 0x8000, "FILE_NO_COMPRESSION" }, { 0x10000, "FILE_OPEN_REQUIRING_OPLOCK" },
		{ 0x100000, "FILE_RESERVE_OPFILTER" }, { 0x200000, "FILE_OPEN_REPARSE_POINT" },
		{ 0x400000, "FILE_OPEN_NO_RECALL" }, { 0x800000, "FILE_OPEN_FOR_FREE_SPACE_QUERY" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_sharing(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x1, "FILE_SHARE_READ" }, { 0x2, "FILE_SHARE_WRITE" }, { 0x4, "FILE_SHARE_DELETE" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_file_attributes(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x1, "FILE_ATTRIBUTE_READONLY" }, { 0x2, "FILE_ATTRIBUTE_HIDDEN" }, { 0x4, "FILE_ATTRIBUTE_SYSTEM" },
		{ 0x10, "FILE_ATTRIBUTE_DIRECTORY" }, { 0x20, "FILE_ATTRIBUTE_ARCHIVE" }, { 0x80, "FILE_ATTRIBUTE_NORMAL" },
		{ 0x100, "FILE_ATTRIBUTE_TEMPORARY" }, { 0x200, "FILE_ATTRIBUTE_SPARSE_FILE" },
		{ 0x400, "FILE_ATTRIBUTE_REPARSE_POINT" }, { 0x800, "FILE_ATTRIBUTE_COMPRESSED" },
		{ 0x1000, "FILE_ATTRIBUTE_OFFLINE" }, { 0x2000, "FILE_ATTRIBUTE_NOT_CONTENT_INDEXED" },
		{ 0x4000, "FILE_ATTRIBUTE_ENCRYPTED" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_key_options(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x1, "REG_OPTION_VOLATILE" }, { 0x2, "REG_OPTION_CREATE_LINK" }, { 0x4, "REG_OPTION_BACKUP_RESTORE" },
		{ 0x8, "REG_OPTION_OPEN_LINK" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

void nt_strace_add_object_attributes(struct strace_text *t, uint32_t v)
{
	static const struct strace_flag flags[] = {
		{ 0x2, "OBJ_INHERIT" }, { 0x10, "OBJ_PERMANENT" }, { 0x20, "OBJ_EXCLUSIVE" }, { 0x40, "OBJ_CASE_INSENSITIVE" },
		{ 0x80, "OBJ_OPENIF" }, { 0x100, "OBJ_OPENLINK" }, { 0x200, "OBJ_KERNEL_HANDLE" },
	};

	strace_add_flags(t, v, flags, COUNT(flags), "0");
}

/* ---- the rest ---- */

/* CTL_CODE: device type 31:16, access 15:14, function 13:2, method 1:0. */
void nt_strace_add_io_control(struct strace_text *t, uint32_t code)
{
	strace_add(t, "%#x /* device %#x, function %u */", code, code >> 16, code >> 2 & 0xfff);
}

void nt_strace_add_handle(struct strace_text *t, uint64_t handle)
{
	/* -1, -2, and the tokens -4 to -6. */
	static const char *const pseudo[] = {
		"NtCurrentProcess", "NtCurrentThread", NULL, "NtCurrentProcessToken", "NtCurrentThreadToken",
		"NtCurrentThreadEffectiveToken",
	};
	uint64_t i = UINT64_MAX - handle;

	if (i < COUNT(pseudo) && pseudo[i])
		strace_add(t, "%s", pseudo[i]);
	else
		strace_add(t, handle ? "%#llx" : "0", (unsigned long long)handle);
}

static void add_code_point(struct strace_text *t, uint32_t c)
{
	if (c < ' ' || c == 0x7f)
		strace_add(t, "\\x%02x", c);
	else if (c < 0x80)
		strace_add(t, "%c", c);
	else if (c < 0x800)
		strace_add(t, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
	else if (c >= 0xd800 && c < 0xe000)
		strace_add(t, "\\u%04x", c);
	else if (c < 0x10000)
		strace_add(t, "%c%c%c", 0xe0 | c >> 12, 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
	else
		strace_add(t, "%c%c%c%c", 0xf0 | c >> 18, 0x80 | (c >> 12 & 0x3f), 0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
}

void nt_strace_add_utf16(struct strace_text *t, const uint16_t *chars, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t c = chars[i];

		if (c >> 10 == 0x36 && i + 1 < n && chars[i + 1] >> 10 == 0x37)
			c = 0x10000 + ((c & 0x3ff) << 10) + (chars[++i] & 0x3ff);
		add_code_point(t, c);
	}
}
