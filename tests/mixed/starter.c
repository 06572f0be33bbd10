/* Start /bin/bash: with these standard handles, and with pipes of CreatePipe for its input and output. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void start(const char *command, STARTUPINFOA *si, PROCESS_INFORMATION *pi)
{
	char line[1000];

	snprintf(line, sizeof(line), "bash -c \"%s\"", command);
	if (!CreateProcessA("Z:\\bin\\bash", line, NULL, NULL, TRUE, 0, NULL, NULL, si, pi)) {
		printf("CreateProcess: error %lu\n", GetLastError());
		ExitProcess(99);
	}
}

static DWORD wait_for(PROCESS_INFORMATION *pi)
{
	DWORD code = 0;

	WaitForSingleObject(pi->hProcess, INFINITE);
	GetExitCodeProcess(pi->hProcess, &code);
	CloseHandle(pi->hThread);
	CloseHandle(pi->hProcess);
	return code;
}

static void run_beside(void)
{
	STARTUPINFOA si = { .cb = sizeof(si) };
	PROCESS_INFORMATION pi;

	printf("before\n");
	fflush(stdout);
	start("echo from bash; exit 3", &si, &pi);
	printf("code %lu\n", wait_for(&pi));
	start("kill -TERM $$", &si, &pi);
	wait_for(&pi);
	printf("killed\n");
}

static void run_between_pipes(void)
{
	SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
	STARTUPINFOA si = { .cb = sizeof(si), .dwFlags = STARTF_USESTDHANDLES };
	HANDLE to_child, from_child;
	PROCESS_INFORMATION pi;
	char buf[200];
	DWORD n, total = 0;

	CreatePipe(&si.hStdInput, &to_child, &inherited, 0);
	CreatePipe(&from_child, &si.hStdOutput, &inherited, 0);
	SetHandleInformation(to_child, HANDLE_FLAG_INHERIT, 0);
	SetHandleInformation(from_child, HANDLE_FLAG_INHERIT, 0);
	si.hStdError = si.hStdOutput;
	start("[ -p /dev/stdin ] && echo a pipe; sort; seq 1 20000 | tail -1; exit 4", &si, &pi);
	CloseHandle(si.hStdInput);
	CloseHandle(si.hStdOutput);
	WriteFile(to_child, "pear\napple\nfig\n", 15, &n, NULL);
	CloseHandle(to_child);
	while (total < sizeof(buf) && ReadFile(from_child, buf + total, sizeof(buf) - total, &n, NULL))
		total += n;
	printf("[%.*s] then error %lu\n", (int)total, buf, GetLastError());
	printf("code %lu\n", wait_for(&pi));
	CloseHandle(from_child);
}

int main(void)
{
	run_beside();
	run_between_pipes();
	return 0;
}
