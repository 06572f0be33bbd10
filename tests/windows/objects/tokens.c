/* Tokens and SIDs of the caller. */
#include "nt.h"
#include "report.h"

#include <sddl.h>

static void test_queries(HANDLE token)
{
	BYTE buf[4096];
	DWORD len = 0;

	report_bool("user without room", GetTokenInformation(token, TokenUser, NULL, 0, &len));
	report("it needs some", "%d", len > sizeof(TOKEN_USER));
	report_bool("user", GetTokenInformation(token, TokenUser, buf, sizeof(buf), &len));
	report("it is valid", "%d", IsValidSid(((TOKEN_USER *)buf)->User.Sid));
	report_bool("groups", GetTokenInformation(token, TokenGroups, buf, sizeof(buf), &len));
	report("there are some", "%d", ((TOKEN_GROUPS *)buf)->GroupCount > 0);
	report_bool("owner", GetTokenInformation(token, TokenOwner, buf, sizeof(buf), &len));
	report_bool("primary group", GetTokenInformation(token, TokenPrimaryGroup, buf, sizeof(buf), &len));
	report_bool("privileges", GetTokenInformation(token, TokenPrivileges, buf, sizeof(buf), &len));
	report_bool("type", GetTokenInformation(token, TokenType, buf, sizeof(buf), &len));
	report("type", "%lu, %lu bytes", *(ULONG *)buf, len);
	report_bool("elevation", GetTokenInformation(token, TokenElevation, buf, sizeof(buf), &len));
	report_bool("session", GetTokenInformation(token, TokenSessionId, buf, sizeof(buf), &len));
	report_bool("integrity", GetTokenInformation(token, TokenIntegrityLevel, buf, sizeof(buf), &len));
	report_bool("statistics", GetTokenInformation(token, TokenStatistics, buf, sizeof(buf), &len));
	report_bool("too little room", GetTokenInformation(token, TokenStatistics, buf, 4, &len));
}

static void test_access(void)
{
	HANDLE token = NULL;
	BYTE buf[64];
	DWORD len;

	report_bool("open for duplicates", OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE, &token));
	report_bool("query by it", GetTokenInformation(token, TokenType, buf, sizeof(buf), &len));
	CloseHandle(token);
	report_bool("query a closed one", GetTokenInformation(token, TokenType, buf, sizeof(buf), &len));
	report_status("of no process", NtOpenProcessToken(NULL, TOKEN_QUERY, &token));
	report_bool("of the thread", OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
}

static void test_privileges(void)
{
	TOKEN_PRIVILEGES change = { .PrivilegeCount = 1 }, old;
	HANDLE token = NULL;
	DWORD len = 0;

	report_bool("open", OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token));
	report_bool("look up", LookupPrivilegeValueW(NULL, L"SeChangeNotifyPrivilege", &change.Privileges[0].Luid));
	report("it is", "%lu", change.Privileges[0].Luid.LowPart);
	report_bool("look up none", LookupPrivilegeValueW(NULL, L"SeNoPrivilege", &old.Privileges[0].Luid));
	change.Privileges[0].Attributes = SE_PRIVILEGE_ENABLED;
	SetLastError(0);
	report_bool("enable", AdjustTokenPrivileges(token, FALSE, &change, sizeof(old), &old, &len));
	report("it said", "%lu", GetLastError());
	CloseHandle(token);
	OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);
	report_bool("without the right", AdjustTokenPrivileges(token, FALSE, &change, 0, NULL, NULL));
	CloseHandle(token);
}

static void test_duplicates(HANDLE token)
{
	HANDLE copy = NULL;
	TOKEN_TYPE type;
	DWORD len;

	report_bool("duplicate", DuplicateTokenEx(token, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
						  &copy));
	GetTokenInformation(copy, TokenType, &type, sizeof(type), &len);
	report("type", "%d", type);
	report_bool("put on", ImpersonateLoggedOnUser(copy));
	report_bool("take off", RevertToSelf());
	CloseHandle(copy);
}

static void test_sids(void)
{
	SID_IDENTIFIER_AUTHORITY nt = { SECURITY_NT_AUTHORITY };
	BYTE world[SECURITY_MAX_SID_SIZE];
	wchar_t name[64], domain[64], *text = NULL;
	DWORD len = sizeof(world), name_len = 64, domain_len = 64;
	SID_NAME_USE use;
	BOOL is_member = FALSE;
	PSID sid = NULL;

	report_bool("world", CreateWellKnownSid(WinWorldSid, NULL, world, &len));
	report_bool("as text", ConvertSidToStringSidW(world, &text));
	report("text", "%ls", text);
	LocalFree(text);
	report_bool("look up", LookupAccountSidW(NULL, world, name, &name_len, domain, &domain_len, &use));
	report("name", "%ls", name);
	report_bool("allocate", AllocateAndInitializeSid(&nt, 2, SECURITY_BUILTIN_DOMAIN_RID, DOMAIN_ALIAS_RID_ADMINS, 0, 0, 0, 0,
							 0, 0, &sid));
	report_bool("as text", ConvertSidToStringSidW(sid, &text));
	report("text", "%ls", text);
	LocalFree(text);
	report("equal", "%d", EqualSid(sid, world));
	FreeSid(sid);
	report_bool("from text", ConvertStringSidToSidW(L"S-1-5-18", &sid));
	report("length", "%lu", GetLengthSid(sid));
	LocalFree(sid);
	report_bool("from other text", ConvertStringSidToSidW(L"no sid", &sid));
	report_bool("membership of the world", CheckTokenMembership(NULL, world, &is_member));
	report("is a member", "%d", is_member);
}

/* Where users have their files. */
static void test_profiles(HANDLE token)
{
	HMODULE userenv = LoadLibraryW(L"userenv.dll");
	BOOL WINAPI (*of_all)(wchar_t *, DWORD *) = (void *)GetProcAddress(userenv, "GetProfilesDirectoryW");
	BOOL WINAPI (*of_token)(HANDLE, wchar_t *, DWORD *) = (void *)GetProcAddress(userenv, "GetUserProfileDirectoryW");
	wchar_t folder[MAX_PATH] = L"";
	DWORD chars = MAX_PATH;

	report_bool("everybody's", of_all(folder, &chars));
	report("folder", "%ls, %lu characters", folder, chars);
	chars = MAX_PATH;
	report_bool("the user's", of_token(token, folder, &chars));
	folder[9] = '\0';
	report("lies in", "%ls", folder);
}

int main(void)
{
	HANDLE token = NULL;

	report_bool("open", OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token));
	test_queries(token);
	test_access();
	test_privileges();
	test_duplicates(token);
	test_sids();
	test_profiles(token);
	CloseHandle(token);
	return 0;
}
