/* Names, text and tables beyond ASCII. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void show(const char *what, const void *bytes, int len)
{
	const unsigned char *at = bytes;
	int i;

	printf("%s:", what);
	for (i = 0; i < len; i++)
		printf(" %02x", at[i]);
	printf("\n");
}

static void show_failure(const char *what, int result)
{
	printf("%s: %d error %lu\n", what, result, GetLastError());
}

static void convert(UINT code_page, const char *text)
{
	wchar_t wide[64];
	char back[64], what[32];
	BOOL lost = FALSE;
	int len, back_len;

	len = MultiByteToWideChar(code_page, 0, text, -1, wide, 64);
	snprintf(what, sizeof(what), "from %u", code_page);
	show(what, wide, len * 2);
	back_len = WideCharToMultiByte(code_page, 0, wide, len, back, 64, NULL, code_page == CP_UTF8 ? NULL : &lost);
	printf("and back: %s, lost %d\n", back_len == (int)strlen(text) + 1 && !memcmp(back, text, back_len) ? "same" : "other",
	       lost);
}

static void test_code_pages(void)
{
	wchar_t wide[16];
	char narrow[16];
	BOOL lost = FALSE;

	printf("ansi %u oem %u\n", GetACP(), GetOEMCP());
	convert(CP_UTF8, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	convert(1252, "a\xe4\x80");
	convert(437, "a\x84\xe1");
	convert(932, "\x82\xa0\x83\x65\xb1");
	convert(1251, "\xcf\xf0\xe8");
	convert(28591, "a\xe4\xa4");
	convert(20866, "\xf0\xd2");
	show_failure("invalid utf-8", MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, "\xff", 1, wide, 16));
	WideCharToMultiByte(1252, 0, L"\x3b1x", 2, narrow, 16, NULL, &lost);
	printf("alpha in 1252: %c%c, lost %d\n", narrow[0], narrow[1], lost);
	show_failure("no such page", MultiByteToWideChar(12345, 0, "x", 1, wide, 16));
	show_failure("too little room", MultiByteToWideChar(CP_UTF8, 0, "xyz", 3, wide, 2));
}

static int kind_of(wchar_t letter)
{
	WORD kind = 0;

	GetStringTypeW(CT_CTYPE1, &letter, 1, &kind);
	return kind;
}

static void test_case_and_order(void)
{
	wchar_t out[32];
	int len;

	len = LCMapStringEx(LOCALE_NAME_INVARIANT, LCMAP_UPPERCASE, L"stra\xdf" L"e \xe4\xf6\x3b1\x44f", -1, out, 32, NULL, NULL, 0);
	show("upper", out, len * 2);
	len = LCMapStringEx(LOCALE_NAME_INVARIANT, LCMAP_LOWERCASE, L"\xc4\x416\x391I", -1, out, 32, NULL, NULL, 0);
	show("lower", out, len * 2);
	printf("linguistic: %d %d %d\n", CompareStringEx(LOCALE_NAME_INVARIANT, 0, L"a", -1, L"B", -1, NULL, NULL, 0),
	       CompareStringEx(LOCALE_NAME_INVARIANT, NORM_IGNORECASE, L"\xc4", -1, L"\xe4", -1, NULL, NULL, 0),
	       CompareStringEx(LOCALE_NAME_INVARIANT, 0, L"co-op", -1, L"coop", -1, NULL, NULL, 0));
	printf("ordinal: %d %d\n", CompareStringOrdinal(L"a", -1, L"B", -1, FALSE), CompareStringOrdinal(L"a", -1, L"B", -1, TRUE));
	len = NormalizeString(NormalizationD, L"\xe4\x1e69", -1, out, 32);
	show("decomposed", out, len > 0 ? len * 2 : 0);
	len = NormalizeString(NormalizationC, L"a\x308", -1, out, 32);
	show("composed", out, len > 0 ? len * 2 : 0);
	printf("kinds: %d %d\n", kind_of(0x44f), kind_of(L'7'));
}

static void test_names(void)
{
	static const wchar_t *const names[] = { L"\xe4\xf6\xfc.tmp", L"\x3b1\x3b2\x3b3.tmp", L"\x65e5\x672c.tmp", L"\xd83d\xde00.tmp" };
	WIN32_FIND_DATAW found;
	HANDLE file, search;
	DWORD done;
	int i;

	CreateDirectoryW(L"n\xe4me", NULL);
	SetCurrentDirectoryW(L"n\xe4me");
	for (i = 0; i < 4; i++) {
		file = CreateFileW(names[i], GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
		WriteFile(file, names[i], (DWORD)wcslen(names[i]) * 2, &done, NULL);
		CloseHandle(file);
	}
	printf("in capitals: %d\n", GetFileAttributesW(L"\xc4\xd6\xdc.TMP") != INVALID_FILE_ATTRIBUTES);
	printf("greek capitals: %d\n", GetFileAttributesW(L"\x391\x392\x393.TMP") != INVALID_FILE_ATTRIBUTES);
	for (i = 0; i < 4; i++) {
		search = FindFirstFileW(names[i], &found);
		show("found", found.cFileName, (int)wcslen(found.cFileName) * 2);
		FindClose(search);
		printf("delete: %d\n", DeleteFileW(names[i]));
	}
	SetCurrentDirectoryW(L"..");
	printf("remove: %d\n", RemoveDirectoryW(L"N\xc4ME"));
}

static void test_environment_and_messages(void)
{
	wchar_t text[256];
	DWORD len;

	SetEnvironmentVariableW(L"\xe4\x3b1", L"v\xe4lue");
	len = GetEnvironmentVariableW(L"\xc4\x391", text, 256);
	show("variable", text, (int)len * 2);
	len = ExpandEnvironmentStringsW(L"<%\xe4\x3b1%> <%none%>", text, 256);
	show("expanded", text, (int)len * 2);
	len = FormatMessageW(FORMAT_MESSAGE_FROM_STRING | FORMAT_MESSAGE_ARGUMENT_ARRAY, L"%1 and %2!d!", 0, 0, text, 256,
			     (va_list *)(DWORD_PTR[]){ (DWORD_PTR)L"w\xf6rd", 42 });
	show("message", text, (int)len * 2);
	len = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM, NULL, ERROR_FILE_NOT_FOUND, LANG_NEUTRAL, text, 256, NULL);
	printf("error 2: %.*ls\n", len > 2 ? (int)len - 2 : 0, text);
}

int main(void)
{
	test_code_pages();
	test_case_and_order();
	test_names();
	test_environment_and_messages();
	return 0;
}
