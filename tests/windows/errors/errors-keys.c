/* errors/errors-keys.c: keys of the registry opened, created, changed and queried wrongly. */
#include "errors.h"

NTSTATUS NTAPI NtQueryKey(HANDLE, LONG, void *, ULONG, ULONG *);
NTSTATUS NTAPI NtFlushKey(HANDLE);

static HANDLE parent;	/* a key of this test's own */

static NTSTATUS open(HANDLE root, const wchar_t *name, ACCESS_MASK access)
{
	UNICODE_STRING string = counted(name);
	OBJECT_ATTRIBUTES a = named(&string, root, OBJ_CASE_INSENSITIVE);
	HANDLE key = NULL;
	NTSTATUS s = NtOpenKey(&key, access, &a);

	if (key)
		NtClose(key);
	return s;
}

static NTSTATUS create(HANDLE root, const wchar_t *name, ULONG options)
{
	UNICODE_STRING string = counted(name);
	OBJECT_ATTRIBUTES a = named(&string, root, OBJ_CASE_INSENSITIVE);
	HANDLE key = NULL;
	NTSTATUS s = NtCreateKey(&key, KEY_READ, &a, 0, NULL, options, NULL);

	if (key)
		NtClose(key);
	return s;
}

static void opening(void)
{
	HANDLE event = an_event(), key;

	report_status("open: no such key", open(parent, L"none", KEY_READ));
	report_status("open: no such key on the way", open(parent, L"none\\below", KEY_READ));
	report_status("open: in no key", open(NO_HANDLE, L"x", KEY_READ));
	report_status("open: in an event", open(event, L"x", KEY_READ));
	report_status("open: outside of the registry", open(NULL, L"\\NoSuchRoot\\x", KEY_READ));
	report_status("open: neither root nor backslash", open(NULL, L"x", KEY_READ));
	report_status("open: attributes nowhere", NtOpenKey(&key, KEY_READ, NOWHERE));
	report_status("create: two keys at once", create(parent, L"none\\below", 0));
	report_status("create: in no key", create(NO_HANDLE, L"x", 0));
	report_status("create: in an event", create(event, L"x", 0));
	report_status("create: a volatile key", create(parent, L"volatile", REG_OPTION_VOLATILE));
	CloseHandle(event);
}

static void values(void)
{
	UNICODE_STRING none = counted(L"none"), name = counted(L"value");
	HANDLE event = an_event(), reader;
	ULONG need;
	char info[64];

	DuplicateHandle(GetCurrentProcess(), parent, GetCurrentProcess(), &reader, KEY_ENUMERATE_SUB_KEYS, FALSE, 0);
	report_status("set: no such key", NtSetValueKey(NO_HANDLE, &name, 0, REG_SZ, L"x", 4));
	report_status("set: an event", NtSetValueKey(event, &name, 0, REG_SZ, L"x", 4));
	report_status("set: without the right", NtSetValueKey(reader, &name, 0, REG_SZ, L"x", 4));
	report_status("set: from nowhere", NtSetValueKey(parent, &name, 0, REG_SZ, NOWHERE, 4));
	report_status("set", NtSetValueKey(parent, &name, 0, REG_SZ, L"text", 10));
	report_status("query: no such value", NtQueryValueKey(parent, &none, 2, info, 64, &need));
	report_status("query: no such key", NtQueryValueKey(NO_HANDLE, &name, 2, info, 64, &need));
	report_status("query: without the right", NtQueryValueKey(reader, &name, 2, info, 64, &need));
	report_status("query: too short for its head", NtQueryValueKey(parent, &name, 2, info, 4, &need));
	report_status("query: too short", NtQueryValueKey(parent, &name, 2, info, 14, &need));
	report_status("query: no such class", NtQueryValueKey(parent, &name, 77, info, 64, &need));
	report_status("enumerate: past the last value", NtEnumerateValueKey(parent, 5, 2, info, 64, &need));
	report_status("enumerate: too short", NtEnumerateValueKey(parent, 0, 2, info, 14, &need));
	report_status("enumerate: no such key", NtEnumerateValueKey(NO_HANDLE, 0, 2, info, 64, &need));
	report_status("delete: no such value", NtDeleteValueKey(parent, &none));
	report_status("delete: no such key", NtDeleteValueKey(NO_HANDLE, &name));
	report_status("delete: without the right", NtDeleteValueKey(reader, &name));
	CloseHandle(reader);
	CloseHandle(event);
}

static void keys(void)
{
	UNICODE_STRING name = counted(L"gone");
	OBJECT_ATTRIBUTES a = named(&name, parent, OBJ_CASE_INSENSITIVE);
	HANDLE gone, reader, event = an_event();
	ULONG need;
	char info[64];

	report_status("key: no such key", NtQueryKey(NO_HANDLE, 2, info, 64, &need));
	report_status("key: an event", NtQueryKey(event, 2, info, 64, &need));
	report_status("key: too short for its head", NtQueryKey(parent, 2, info, 4, &need));
	report_status("key: no such class", NtQueryKey(parent, 77, info, 64, &need));
	report_status("subkey: past the last", NtEnumerateKey(parent, 5, 0, info, 64, &need));
	report_status("subkey: no such key", NtEnumerateKey(NO_HANDLE, 0, 0, info, 64, &need));
	report_status("flush: no such key", NtFlushKey(NO_HANDLE));
	report_status("create", NtCreateKey(&gone, KEY_ALL_ACCESS, &a, 0, NULL, 0, NULL));
	DuplicateHandle(GetCurrentProcess(), gone, GetCurrentProcess(), &reader, KEY_READ, FALSE, 0);
	report_status("delete key: no such key", NtDeleteKey(NO_HANDLE));
	report_status("delete key: an event", NtDeleteKey(event));
	report_status("delete key: without the right", NtDeleteKey(reader));
	report_status("delete key", NtDeleteKey(gone));
	report_status("deleted: set", NtSetValueKey(gone, &name, 0, REG_SZ, L"x", 4));
	report_status("deleted: query", NtQueryValueKey(gone, &name, 2, info, 64, &need));
	report_status("deleted: key", NtQueryKey(gone, 2, info, 64, &need));
	report_status("deleted: subkey", NtEnumerateKey(gone, 0, 0, info, 64, &need));
	report_status("deleted: enumerate", NtEnumerateValueKey(gone, 0, 2, info, 64, &need));
	report_status("deleted: open below", open(gone, L"x", KEY_READ));
	report_status("deleted: create below", create(gone, L"x", 0));
	CloseHandle(reader);
	NtClose(gone);
	CloseHandle(event);
}

int main(void)
{
	UNICODE_STRING name = counted(L"\\Registry\\Machine\\Software\\ErrorsKeys"), below = counted(L"volatile");
	OBJECT_ATTRIBUTES a = named(&name, NULL, OBJ_CASE_INSENSITIVE);
	HANDLE child;

	report_status("own key", NtCreateKey(&parent, KEY_ALL_ACCESS, &a, 0, NULL, 0, NULL));
	opening();
	values();
	keys();
	a = named(&below, parent, OBJ_CASE_INSENSITIVE);
	report_status("volatile key", NtOpenKey(&child, KEY_ALL_ACCESS, &a));
	report_status("a key that stays below it", create(child, L"stays", 0));
	report_status("delete a key with a key below", NtDeleteKey(parent));
	report_status("delete the volatile key", NtDeleteKey(child));
	report_status("delete own key", NtDeleteKey(parent));
	return 0;
}
