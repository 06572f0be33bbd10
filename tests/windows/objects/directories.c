/* The namespace of objects: directories, symbolic links, permanent names. */
#include "nt.h"
#include "report.h"

#define DIRECTORY_QUERY 1u
#define DIRECTORY_TRAVERSE 2u
#define DIRECTORY_ALL 0xf000fu
#define LINK_QUERY 1u
#define LINK_ALL 0xf0001u
#define OBJ_PERMANENT_NAME 0x10u

static HANDLE make_folder(const wchar_t *text, HANDLE root)
{
	UNICODE_STRING name = counted(text ? text : L"");
	OBJECT_ATTRIBUTES a = named(text ? &name : NULL, root, 0);
	HANDLE folder = NULL;

	report_status("folder", NtCreateDirectoryObject(&folder, DIRECTORY_ALL, &a));
	return folder;
}

static HANDLE make_event(const wchar_t *text, HANDLE root, ULONG flags)
{
	UNICODE_STRING name = counted(text);
	OBJECT_ATTRIBUTES a = named(&name, root, flags);
	HANDLE event = NULL;

	report_status("event", NtCreateEvent(&event, EVENT_ALL_ACCESS, &a, 0, FALSE));
	return event;
}

static NTSTATUS open_event(const wchar_t *text, HANDLE root)
{
	UNICODE_STRING name = counted(text);
	OBJECT_ATTRIBUTES a = named(&name, root, 0);
	HANDLE event = NULL;
	NTSTATUS status = NtOpenEvent(&event, EVENT_ALL_ACCESS, &a);

	if (!status)
		NtClose(event);
	return status;
}

/* One after the other; @root holds one object, or the order would be told. */
static void list(HANDLE root)
{
	char buf[1024];
	nt_directory_entry *entry = (nt_directory_entry *)buf;
	ULONG context = 0, length = 0;
	NTSTATUS status;

	while (!(status = NtQueryDirectoryObject(root, buf, sizeof(buf), TRUE, FALSE, &context, &length)))
		report("entry", "%ls is a %ls", entry->name.Buffer, entry->type.Buffer);
	report_status("end of the list", status);
	report("context", "%lu", context);
}

static void test_folders(void)
{
	HANDLE folder = make_folder(NULL, NULL), inner, event;

	report_status("a name in it", open_event(L"event", folder));
	list(folder);
	event = make_event(L"event", folder, 0);
	report_status("the name", open_event(L"event", folder));
	report_status("in other letters", open_event(L"EVENT", folder));
	list(folder);
	NtClose(event);
	report_status("the name after the last handle", open_event(L"event", folder));
	inner = make_folder(L"inner", folder);
	event = make_event(L"inner\\event", folder, 0);
	report_status("by the inner folder", open_event(L"event", inner));
	report_status("by the outer", open_event(L"inner\\event", folder));
	report_status("by none", open_event(L"event", NULL));
	report_status("below nothing", open_event(L"none\\event", folder));
	report_status("with a leading backslash", open_event(L"\\inner\\event", folder));
	NtClose(inner);
	report_status("the inner one is kept by what is in it", open_event(L"inner\\event", folder));
	NtClose(event);
	report_status("and now", open_event(L"inner\\event", folder));
	list(folder);
	NtClose(folder);
}

static void test_list_arguments(void)
{
	HANDLE folder = make_folder(NULL, NULL), event = make_event(L"a name", folder, 0), other;
	char buf[1024];
	ULONG context = 0, length = 0;

	report_status("too little room", NtQueryDirectoryObject(folder, buf, 16, TRUE, TRUE, &context, &length));
	report("room that it needs", "%lu", length);
	report_status("with that", NtQueryDirectoryObject(folder, buf, length, TRUE, TRUE, &context, &length));
	report_status("the next", NtQueryDirectoryObject(folder, buf, sizeof(buf), TRUE, FALSE, &context, &length));
	report_status("from the start", NtQueryDirectoryObject(folder, buf, sizeof(buf), TRUE, TRUE, &context, &length));
	report_status("of an event", NtQueryDirectoryObject(event, buf, sizeof(buf), TRUE, TRUE, &context, &length));
	DuplicateHandle(GetCurrentProcess(), folder, GetCurrentProcess(), &other, DIRECTORY_TRAVERSE, FALSE, 0);
	report_status("without the right", NtQueryDirectoryObject(other, buf, sizeof(buf), TRUE, TRUE, &context, &length));
	NtClose(other);
	report_status("of a closed one", NtQueryDirectoryObject(other, buf, sizeof(buf), TRUE, TRUE, &context, &length));
	NtClose(event);
	NtClose(folder);
}

static NTSTATUS make_link(HANDLE *link, const wchar_t *text, HANDLE root, const wchar_t *target)
{
	UNICODE_STRING name = counted(text), to = counted(target);
	OBJECT_ATTRIBUTES a = named(&name, root, 0);

	return NtCreateSymbolicLinkObject(link, LINK_ALL, &a, &to);
}

static void show_link(HANDLE link, USHORT room)
{
	wchar_t text[64] = L"";
	UNICODE_STRING target = { 0, room, text };
	ULONG length = 0;
	NTSTATUS status = NtQuerySymbolicLinkObject(link, &target, &length);

	report_status("target", status);
	if (!status)
		report("is", "%.*ls", (int)(target.Length / sizeof(wchar_t)), text);
}

static void test_links(void)
{
	UNICODE_STRING name = counted(L"link"), none = counted(L"none");
	HANDLE folder = make_folder(NULL, NULL), event, link, other;
	OBJECT_ATTRIBUTES a = named(&name, folder, 0), missing = named(&none, folder, 0);

	event = make_event(L"\\BaseNamedObjects\\albireo-target", NULL, 0);
	report_status("link", make_link(&link, L"link", folder, L"\\BaseNamedObjects"));
	report_status("link again", make_link(&other, L"link", folder, L"\\BaseNamedObjects"));
	report_status("to nothing", make_link(&other, L"empty", folder, L""));
	show_link(link, 128);
	show_link(link, 4);
	report_status("by the link", open_event(L"link\\albireo-target", folder));
	report_status("what is not there by the link", open_event(L"link\\albireo-none", folder));
	report_status("the link as an event", open_event(L"link", folder));
	report_status("open the link", NtOpenSymbolicLinkObject(&other, LINK_QUERY, &a));
	show_link(other, 128);
	NtClose(other);
	show_link(other, 128);
	show_link(folder, 128);
	report_status("open what is not there", NtOpenSymbolicLinkObject(&other, LINK_QUERY, &missing));
	NtClose(link);
	report_status("by a link that is gone", open_event(L"link\\albireo-target", folder));
	NtClose(event);
	NtClose(folder);
}

/* A link round in a circle ends some time. */
static void test_circle(void)
{
	HANDLE first, second;

	report_status("first", make_link(&first, L"\\BaseNamedObjects\\albireo-one", NULL, L"\\BaseNamedObjects\\albireo-two"));
	report_status("second", make_link(&second, L"\\BaseNamedObjects\\albireo-two", NULL, L"\\BaseNamedObjects\\albireo-one"));
	report("round and round", "%s", open_event(L"\\BaseNamedObjects\\albireo-one\\x", NULL) ? "refused" : "ok");
	NtClose(first);
	NtClose(second);
}

static void test_permanent(void)
{
	HANDLE folder = make_folder(NULL, NULL), event = make_event(L"lasting", folder, OBJ_PERMANENT_NAME);
	UNICODE_STRING name = counted(L"lasting");
	OBJECT_ATTRIBUTES a = named(&name, folder, 0);

	NtClose(event);
	report_status("without a handle", open_event(L"lasting", folder));
	report_status("open", NtOpenEvent(&event, EVENT_ALL_ACCESS, &a));
	report_status("make it temporary", NtMakeTemporaryObject(event));
	report_status("it is there", open_event(L"lasting", folder));
	NtClose(event);
	report_status("and now", open_event(L"lasting", folder));
	report_status("a closed one", NtMakeTemporaryObject(event));
	NtClose(folder);
}

/* A port that outlives its handles, and what was posted to it. */
static void test_permanent_port(void)
{
	HANDLE folder = make_folder(NULL, NULL), port = NULL;
	UNICODE_STRING name = counted(L"lasting");
	OBJECT_ATTRIBUTES a = named(&name, folder, OBJ_PERMANENT_NAME);
	ULONG depth = 0;

	report_status("port", NtCreateIoCompletion(&port, GENERIC_ALL, &a, 0));
	report_status("post", NtSetIoCompletion(port, 1, 2, 0, 3));
	NtClose(port);
	a = named(&name, folder, 0);
	report_status("open", NtOpenIoCompletion(&port, GENERIC_ALL, &a));
	report_status("ask", NtQueryIoCompletion(port, 0, &depth, sizeof(depth), NULL));
	report("packets", "%lu", depth);
	NtClose(port);
	NtClose(folder);
}

static void show_name(const char *what, HANDLE handle)
{
	char buf[512];
	UNICODE_STRING *name = (UNICODE_STRING *)buf;
	NTSTATUS status = NtQueryObject(handle, 1 /* ObjectNameInformation */, buf, sizeof(buf), NULL);

	report(what, "%#lx %.*ls", (unsigned long)status, (int)(name->Length / sizeof(wchar_t)), name->Length ? name->Buffer : L"");
}

static void test_names(void)
{
	UNICODE_STRING text = counted(L"\\");
	OBJECT_ATTRIBUTES a = named(&text, NULL, 0);
	HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), root;

	show_name("without a name", event);
	CloseHandle(event);
	event = make_event(L"\\BaseNamedObjects\\albireo-named", NULL, 0);
	show_name("with one", event);
	CloseHandle(event);
	report_status("the root", NtOpenDirectoryObject(&root, DIRECTORY_QUERY, &a));
	CloseHandle(root);
	text = counted(L"\\BaseNamedObjects");
	report_status("a folder", NtOpenDirectoryObject(&root, DIRECTORY_QUERY, &a));
	report_status("an event in it", open_event(L"albireo-named", root));
	CloseHandle(root);
	text = counted(L"\\albireo-none");
	report_status("none", NtOpenDirectoryObject(&root, DIRECTORY_QUERY, &a));
	text = counted(L"albireo");
	report_status("relative to nothing", NtOpenDirectoryObject(&root, DIRECTORY_QUERY, &a));
}

int main(void)
{
	test_folders();
	test_list_arguments();
	test_links();
	test_circle();
	test_permanent();
	test_permanent_port();
	test_names();
	return 0;
}
