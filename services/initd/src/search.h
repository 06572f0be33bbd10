/* services/initd/src/search.h: where a program is sought, and what its refusal is called. */
#ifndef INITD_SEARCH_H
#define INITD_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#define REFUSED_NOT_EXECUTABLE 126
#define REFUSED_NOT_FOUND 127

/* The value of PATH in @envp, or what execvp takes without one. */
const char *search_path(char *const *envp);

/* Is @program a path (or a Windows one), so that it is not sought? */
bool search_is_path(const char *program);
bool search_is_windows_path(const char *program);
/* Where the machine has `C:\x`: below /windows/dosdevices. Returns: false if it is too long. */
bool search_windows_path(const char *program, char *buf, size_t cap);
/* A bare NAME.exe, which may be one of System32's, and its path there. */
bool search_is_windows_program(const char *program);
bool search_windows_system(const char *program, char *buf, size_t cap);

/* The next candidate: folder of *@path, '/', @program; *@path moves on, to NULL after the
 * last. A candidate that does not fit is skipped. Returns: false when there is none left. */
bool search_next(const char **path, const char *program, char *buf, size_t cap);

/* Does the search go on after this error of execve (as execvp's does)? */
bool search_goes_on(int error);

/* The exit code for a program that execve refused with @error. */
int search_refusal(int error);

/* Are these the first bytes of commands for /bin/sh, as execvp takes a file that gave ENOEXEC? Programs, good
 * or broken, and scripts for another interpreter are not. */
bool search_is_text(const void *head, size_t len);

#endif
