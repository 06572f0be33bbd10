/* kernel/compat/src/nt/keys.c: the registry's services. */
#include "nt.h"

ntstatus nt_sys_NtOpenKey(const uint64_t *a)
{
	return STATUS_OBJECT_NAME_NOT_FOUND;
}

ntstatus nt_sys_NtOpenKeyEx(const uint64_t *a)
{
	return STATUS_OBJECT_NAME_NOT_FOUND;
}

ntstatus nt_sys_NtCreateKey(const uint64_t *a)
{
	return STATUS_ACCESS_DENIED;
}
