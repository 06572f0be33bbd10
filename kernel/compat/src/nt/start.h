/* kernel/compat/src/nt/start.h: the pieces a new process or thread of NT is made of. */
#ifndef COMPAT_NT_START_H
#define COMPAT_NT_START_H

#include <mm/space.h>

#include "nt.h"

struct exec_image;

/* A thread's stack: [allocation, base) is reserved, [limit, base) can be used. */
struct nt_stack { uint64_t allocation, limit, base; };

/* All act on @s, which is @nt's and need not be the current one. Return: 0; -ENOMEM. */
int nt_map_private(struct nt_process *nt, struct mm_space *s, uint64_t bytes, uint64_t *out);
/* @reserve, @commit: bytes, 0: the defaults. */
int nt_map_stack(struct nt_process *nt, struct mm_space *s, uint64_t reserve, uint64_t commit, struct nt_stack *out);
int nt_write_teb(struct nt_process *nt, struct mm_space *s, const struct nt_stack *stack, uint64_t pid, uint64_t tid,
	uint64_t *teb);
/* The context that LdrInitializeThunk ends in: RtlUserThreadStart(@entry, @argument). Fills in *start but
 * for gs_base. */
int nt_write_first_context(struct nt_process *nt, struct mm_space *s, const struct nt_stack *stack, uint64_t entry,
	uint64_t argument, struct ps_start *start);

struct nt_thread *nt_thread_create(uint64_t teb);	/* NULL: no memory */
void nt_thread_free(struct nt_thread *t);

/* What CreateProcess says about its child: strings in the order of nt_parameter_offsets[]. */
enum { NT_PARAMETER_FOLDER, NT_PARAMETER_DLL_PATH, NT_PARAMETER_IMAGE, NT_PARAMETER_COMMAND_LINE,
	NT_PARAMETER_RUNTIME_INFO = 7, NT_PARAMETER_STRINGS };
struct nt_parameters {
	char raw[PARAMS_BYTES];		/* RTL_USER_PROCESS_PARAMETERS as the parent has it */
	struct nt_string strings[NT_PARAMETER_STRINGS];
	struct nt_string environment;	/* the block with its last zero */
	uint64_t standard[3];		/* handles as the child has them */
};
extern const uint32_t nt_parameter_offsets[NT_PARAMETER_STRINGS];

/* @given: NULL for execve, whose argv and envp count. Fill in what ps_exec() needs to start @image; nt_exec_finish() afterwards in any case.
 * Returns: 0; -ELIBACC there is no ntdll.dll; -ENOEXEC -ENOMEM -EIO: then it is finished already. */
int nt_exec_prepare(struct ps_exec *e, struct exec_image *image, const struct nt_parameters *given);
void nt_exec_finish(struct ps_exec *e);

#endif
