/* bcryptprimitives.dll: random bytes for programs that ask for nothing else of it (ProcessPrng). */
#define WIN32_NO_STATUS
#include <windows.h>

#define SYSTEM_INTERRUPT_INFORMATION 23	/* random bytes, as many as there is room for */

NTSTATUS NTAPI NtQuerySystemInformation(ULONG class, void *buffer, ULONG bytes, ULONG *returned);

BOOL WINAPI ProcessPrng(BYTE *out, SIZE_T bytes);
BOOL WINAPI ProcessPrng(BYTE *out, SIZE_T bytes)
{
	while (bytes) {
		ULONG n = bytes < 4096 ? (ULONG)bytes : 4096;

		if (NtQuerySystemInformation(SYSTEM_INTERRUPT_INFORMATION, out, n, NULL))
			return FALSE;
		out += n;
		bytes -= n;
	}
	return TRUE;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved);
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
	(void)instance;
	(void)reason;
	(void)reserved;
	return TRUE;
}
