/* kernel/compat/src/linux/native.h: the native calls by file. Each takes the registers rdi rsi rdx r10. */
#ifndef COMPAT_NATIVE_H
#define COMPAT_NATIVE_H

#include <albireo/native.h>
#include <compat/linux.h>

#define NATIVE(offset, name, cap, summary) int64_t native_##name(const uint64_t a[4]);
#include "native_calls.def"
#undef NATIVE

/* The current process has not the capability for @call: one log line for a program. Returns: -EACCES. */
int native_refuse(uint32_t call, const char *name);

#define NATIVE_MAX_HANDLE (1 << 20)
/* A handle to @mo in the current process, which takes over no reference. */
int native_install_memory(struct mm_object *mo, uint32_t rights);
/* The memory object of a handle: a reference to the handle's object in *@obj. */
int native_lookup_memory(int handle, struct object **obj, struct mm_object **mo);

/* native_values.c: what PROC_QUERY_BROKER reads and sets one by one. */
int64_t native_query_value(uint32_t pid, uint32_t which, uint64_t buf, uint64_t cap);
int64_t native_set_value(uint32_t pid, uint32_t which, uint64_t buf, uint64_t len);
int64_t native_query_core_pattern(uint64_t buf, uint64_t cap);
int64_t native_set_core_pattern(uint64_t buf, uint64_t len);

#endif
