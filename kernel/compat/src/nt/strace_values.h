/* kernel/compat/src/nt/strace_values.h: how a trace writes the plain values of NT calls.
 *
 * Nothing here reads user memory, so it builds on the host too.
 */
#ifndef COMPAT_NT_STRACE_VALUES_H
#define COMPAT_NT_STRACE_VALUES_H

#include "../linux/strace_text.h"

/* An ACCESS_MASK. @names: the argument and the service, which tell of what kind of object. */
void nt_strace_add_access(struct strace_text *t, const char *argument, const char *service, uint32_t mask);
/* An information class of the enumeration that @argument names. */
void nt_strace_add_class(struct strace_text *t, const char *argument, uint32_t class);
void nt_strace_add_protect(struct strace_text *t, uint32_t v);
void nt_strace_add_memory_type(struct strace_text *t, uint32_t v);
void nt_strace_add_section_type(struct strace_text *t, uint32_t v);
void nt_strace_add_disposition(struct strace_text *t, uint32_t v);
void nt_strace_add_options(struct strace_text *t, uint32_t v);
void nt_strace_add_sharing(struct strace_text *t, uint32_t v);
void nt_strace_add_file_attributes(struct strace_text *t, uint32_t v);
void nt_strace_add_key_options(struct strace_text *t, uint32_t v);
void nt_strace_add_value_type(struct strace_text *t, uint32_t v);
void nt_strace_add_event_type(struct strace_text *t, uint32_t v);
void nt_strace_add_wait_type(struct strace_text *t, uint32_t v);
void nt_strace_add_object_attributes(struct strace_text *t, uint32_t v);	/* OBJ_* */
void nt_strace_add_io_control(struct strace_text *t, uint32_t code);		/* by the fields of CTL_CODE */
void nt_strace_add_handle(struct strace_text *t, uint64_t handle);
/* @n code units as UTF-8, control characters and unpaired surrogates escaped. */
void nt_strace_add_utf16(struct strace_text *t, const uint16_t *chars, size_t n);

#endif
