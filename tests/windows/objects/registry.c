/* The registry: keys, values, enumeration, access, deletion. */
#include "nt.h"
#include "report.h"

#define ROOT L"Software\\Albireo test"

static void result(const char *what, LSTATUS status)
{
	report(what, "%ld", status);
}

static HKEY create(const wchar_t *path, REGSAM access, DWORD options)
{
	DWORD how = 0;
	HKEY key = NULL;
	LSTATUS status = RegCreateKeyExW(HKEY_CURRENT_USER, path, 0, NULL, options, access, NULL, &key, &how);

	report("create", "%ls: %ld, %s", path, status, how == REG_CREATED_NEW_KEY ? "new" : "there");
	return key;
}

static void test_keys(void)
{
	HKEY key = create(ROOT, KEY_ALL_ACCESS, 0), same, sub;

	same = create(ROOT, KEY_ALL_ACCESS, 0);
	RegCloseKey(same);
	sub = create(ROOT L"\\a\\b\\c", KEY_READ, 0);
	RegCloseKey(sub);
	result("open", RegOpenKeyExW(key, L"A\\B", 0, KEY_READ, &sub));
	RegCloseKey(sub);
	result("open what is not there", RegOpenKeyExW(key, L"x", 0, KEY_READ, &sub));
	result("open with a leading backslash", RegOpenKeyExW(key, L"\\a", 0, KEY_READ, &sub));
	result("delete what has children", RegDeleteKeyW(key, L"a\\b"));
	result("delete", RegDeleteKeyW(key, L"a\\b\\c"));
	result("delete again", RegDeleteKeyW(key, L"a\\b\\c"));
	result("delete the tree", RegDeleteTreeW(key, L"a"));
	result("it is gone", RegOpenKeyExW(key, L"a", 0, KEY_READ, &sub));
	result("close", RegCloseKey(key));
	result("close again", RegCloseKey(key));
}

static void show_value(HKEY key, const wchar_t *name)
{
	BYTE data[64];
	DWORD type = 99, len = sizeof(data), i;
	LSTATUS status = RegQueryValueExW(key, name, NULL, &type, data, &len);

	printf("value %ls: %ld", name ? name : L"(default)", status);
	if (status == ERROR_SUCCESS) {
		printf(" type %lu:", type);
		for (i = 0; i < len; i++)
			printf(" %02x", data[i]);
	}
	printf("\n");
}

static void test_values(void)
{
	static const wchar_t text[] = L"text", list[] = L"one\0two\0";
	HKEY key = create(ROOT, KEY_ALL_ACCESS, 0);
	BYTE data[4];
	DWORD number = 0x12345678, len, type;
	ULONGLONG big = 0x123456789abcdef0;

	result("set text", RegSetValueExW(key, L"text", 0, REG_SZ, (const BYTE *)text, sizeof(text)));
	result("set number", RegSetValueExW(key, L"number", 0, REG_DWORD, (const BYTE *)&number, sizeof(number)));
	result("set big", RegSetValueExW(key, L"big", 0, REG_QWORD, (const BYTE *)&big, sizeof(big)));
	result("set list", RegSetValueExW(key, L"list", 0, REG_MULTI_SZ, (const BYTE *)list, sizeof(list)));
	result("set nothing", RegSetValueExW(key, L"nothing", 0, REG_NONE, NULL, 0));
	result("set bytes", RegSetValueExW(key, L"bytes", 0, REG_BINARY, (const BYTE *)"\1\2\3", 3));
	result("set default", RegSetValueExW(key, NULL, 0, REG_SZ, (const BYTE *)text, sizeof(text)));
	result("set strange type", RegSetValueExW(key, L"strange", 0, 12345, (const BYTE *)"x", 1));
	show_value(key, L"text");
	show_value(key, L"NUMBER");
	show_value(key, L"big");
	show_value(key, L"list");
	show_value(key, L"nothing");
	show_value(key, L"bytes");
	show_value(key, NULL);
	show_value(key, L"strange");
	show_value(key, L"none");
	len = 2;
	result("too little room", RegQueryValueExW(key, L"number", NULL, &type, data, &len));
	report("it needs", "%lu", len);
	len = 0;
	result("only its length", RegQueryValueExW(key, L"text", NULL, NULL, NULL, &len));
	report("it is", "%lu", len);
	result("set again", RegSetValueExW(key, L"number", 0, REG_BINARY, (const BYTE *)"\7", 1));
	show_value(key, L"number");
	result("delete", RegDeleteValueW(key, L"number"));
	result("delete again", RegDeleteValueW(key, L"number"));
	RegCloseKey(key);
}

static void test_enumeration(void)
{
	DWORD i, keys, values, len, longest;
	HKEY key = create(ROOT L"\\many", KEY_ALL_ACCESS, 0), sub;
	wchar_t name[32];

	for (i = 0; i < 20; i++) {
		swprintf(name, 32, L"key %02lu", 19 - i);
		RegCreateKeyW(key, name, &sub);
		RegCloseKey(sub);
		RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&i, sizeof(i));
	}
	result("information", RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, &longest, NULL, &values, NULL, NULL, NULL, NULL));
	report("counts", "%lu keys, %lu values, names of %lu", keys, values, longest);
	for (i = 0; i < 21; i += 10) {
		len = 32;
		result("key", RegEnumKeyExW(key, i, name, &len, NULL, NULL, NULL, NULL));
		report("is", "%ls %lu", i < 20 ? name : L"", i < 20 ? len : 0);
	}
	len = 3;
	result("name too long", RegEnumKeyExW(key, 0, name, &len, NULL, NULL, NULL, NULL));
	for (i = 0; i < 20; i++) {
		len = 32;
		if (RegEnumValueW(key, i, name, &len, NULL, NULL, NULL, NULL))
			report("value", "%lu is not there", i);
	}
	len = 32;
	result("value beyond", RegEnumValueW(key, 20, name, &len, NULL, NULL, NULL, NULL));
	RegCloseKey(key);
}

static void test_access(void)
{
	HKEY key = create(ROOT, KEY_READ, 0), sub;

	result("set without the right", RegSetValueExW(key, L"x", 0, REG_SZ, (const BYTE *)L"", 2));
	result("create without the right", RegCreateKeyW(key, L"y", &sub));
	RegCloseKey(key);
	key = create(ROOT, KEY_SET_VALUE, 0);
	result("set", RegSetValueExW(key, L"x", 0, REG_SZ, (const BYTE *)L"", 2));
	show_value(key, L"x");
	RegCloseKey(key);
	show_value(key, L"x");
	result("set of no key", RegSetValueExW(NULL, L"x", 0, REG_SZ, (const BYTE *)L"", 2));
}

static void test_deleted_key(void)
{
	HKEY key = create(ROOT L"\\dying", KEY_ALL_ACCESS, 0), again;

	result("delete while open", RegDeleteKeyW(HKEY_CURRENT_USER, ROOT L"\\dying"));
	result("set in it", RegSetValueExW(key, L"x", 0, REG_SZ, (const BYTE *)L"", 2));
	show_value(key, L"x");
	again = create(ROOT L"\\dying", KEY_ALL_ACCESS, 0);
	show_value(again, L"x");
	RegCloseKey(key);
	RegCloseKey(again);
}

static void test_native(void)
{
	OBJECT_ATTRIBUTES attributes;
	UNICODE_STRING name, value = counted(L"text");
	BYTE buf[64] = {0};
	HANDLE key = NULL;
	HKEY root;
	ULONG len = 0;

	RegOpenKeyExW(HKEY_CURRENT_USER, ROOT, 0, KEY_ALL_ACCESS, &root);
	name = counted(L"many");
	attributes = named(&name, root, OBJ_CASE_INSENSITIVE);
	report_status("open", NtOpenKey(&key, KEY_ALL_ACCESS, &attributes));
	report_status("a value of none", NtQueryValueKey(key, &value, 2, buf, sizeof(buf), &len));
	report_status("a value", NtQueryValueKey(root, &value, 2, buf, sizeof(buf), &len));
	report("length", "%lu type %lu data %lu", len, *(ULONG *)(buf + 4), *(ULONG *)(buf + 8));
	report_status("with room for the head", NtQueryValueKey(root, &value, 2, buf, 12, &len));
	report_status("without", NtQueryValueKey(root, &value, 2, buf, 4, &len));
	report_status("a class that is none", NtQueryValueKey(root, &value, 99, buf, sizeof(buf), &len));
	report_status("the 99th key", NtEnumerateKey(key, 99, 0, buf, sizeof(buf), &len));
	report_status("the first key", NtEnumerateKey(key, 0, 0, buf, sizeof(buf), &len));
	report("its name", "%.*ls", (int)(*(ULONG *)(buf + 12) / 2), (wchar_t *)(buf + 16));
	report_status("delete with children", NtDeleteKey(key));
	NtClose(key);
	name = counted(L"\\Registry\\Nowhere");
	attributes = named(&name, NULL, OBJ_CASE_INSENSITIVE);
	report_status("no such hive", NtOpenKey(&key, KEY_READ, &attributes));
	name = counted(L"relative");
	report_status("relative to nothing", NtOpenKey(&key, KEY_READ, &attributes));
	report_status("not a key", NtDeleteValueKey(GetCurrentProcess(), &value));
	RegCloseKey(root);
}

static void test_notification(void)
{
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
	HKEY key = create(ROOT, KEY_ALL_ACCESS, 0), sub;

	result("notify", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET | REG_NOTIFY_CHANGE_NAME, event, TRUE));
	report_wait("no change yet", WaitForSingleObject(event, 0));
	RegSetValueExW(key, L"changed", 0, REG_SZ, (const BYTE *)L"", 2);
	report_wait("a value", WaitForSingleObject(event, SOON_MS));
	result("notify again", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME, event, TRUE));
	RegCreateKeyW(key, L"new", &sub);
	RegCloseKey(sub);
	report_wait("a key", WaitForSingleObject(event, SOON_MS));
	result("notify of keys alone", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME, event, TRUE));
	RegSetValueExW(key, L"changed", 0, REG_SZ, (const BYTE *)L"", 2);
	report_wait("a value", WaitForSingleObject(event, 0));
	RegDeleteKeyW(key, L"new");
	report_wait("a key that goes", WaitForSingleObject(event, SOON_MS));
	CloseHandle(event);
	RegCloseKey(key);
}

/* What happens deeper down is for those alone who ask for it. */
static void test_notification_of_trees(void)
{
	HANDLE flat = CreateEventW(NULL, FALSE, FALSE, NULL), deep = CreateEventW(NULL, FALSE, FALSE, NULL);
	HKEY key = create(ROOT, KEY_ALL_ACCESS, 0), other = create(ROOT, KEY_ALL_ACCESS, 0), sub;

	RegCreateKeyW(key, L"sub", &sub);
	result("notify", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_LAST_SET, flat, TRUE));
	result("notify of the tree", RegNotifyChangeKeyValue(other, TRUE, REG_NOTIFY_CHANGE_LAST_SET, deep, TRUE));
	RegSetValueExW(sub, L"deep", 0, REG_SZ, (const BYTE *)L"", 2);
	report_wait("a value below, by the tree", WaitForSingleObject(deep, SOON_MS));
	report_wait("by the key", WaitForSingleObject(flat, 0));
	RegDeleteValueW(key, L"changed");
	report_wait("a value that goes", WaitForSingleObject(flat, SOON_MS));
	result("notify once more", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME, flat, TRUE));
	RegCloseKey(key);
	report_wait("the key is closed", WaitForSingleObject(flat, SOON_MS));
	result("notify of a closed one", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME, flat, TRUE));
	RegCloseKey(sub);
	RegCloseKey(other);
	key = create(ROOT, KEY_QUERY_VALUE, 0);
	result("notify without the right", RegNotifyChangeKeyValue(key, FALSE, REG_NOTIFY_CHANGE_NAME, flat, TRUE));
	RegCloseKey(key);
	CloseHandle(flat);
	CloseHandle(deep);
}

static DWORD WINAPI wait_for_change(void *arg)
{
	about_to_wait();
	return (DWORD)RegNotifyChangeKeyValue(arg, FALSE, REG_NOTIFY_CHANGE_LAST_SET, NULL, FALSE);
}

static void test_waiting_notification(void)
{
	HKEY key = create(ROOT, KEY_ALL_ACCESS, 0), other = create(ROOT, KEY_ALL_ACCESS, 0);
	HANDLE thread = start_thread(wait_for_change, key);

	/* The thread may come late: set until it has seen it. */
	let_threads_wait(1);
	do
		RegSetValueExW(other, L"changed", 0, REG_SZ, (const BYTE *)L"", 2);
	while (WaitForSingleObject(thread, SHORT_MS) != WAIT_OBJECT_0);
	report("it waited", "%lu", join_thread(thread));
	RegCloseKey(other);
	RegCloseKey(key);
}

static void test_well_known(void)
{
	HKEY key;

	result("Windows NT", RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"Software\\Microsoft\\Windows NT\\CurrentVersion", 0, KEY_READ,
					   &key));
	result("its version", RegQueryValueExW(key, L"CurrentVersion", NULL, NULL, NULL, NULL));
	RegCloseKey(key);
	result("the session's environment", RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"System\\CurrentControlSet\\Control\\"
							  L"Session Manager\\Environment", 0, KEY_READ, &key));
	RegCloseKey(key);
	result("classes", RegOpenKeyExW(HKEY_CLASSES_ROOT, NULL, 0, KEY_READ, &key));
	RegCloseKey(key);
}

int main(void)
{
	RegDeleteTreeW(HKEY_CURRENT_USER, ROOT);
	test_keys();
	test_values();
	test_enumeration();
	test_access();
	test_deleted_key();
	test_native();
	test_notification();
	test_notification_of_trees();
	test_waiting_notification();
	test_well_known();
	result("remove all", RegDeleteTreeW(HKEY_CURRENT_USER, ROOT));
	return 0;
}
