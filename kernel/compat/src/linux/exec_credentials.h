/* kernel/compat/src/linux/exec_credentials.h: what execve need not ask about (man 7 capabilities). */
#ifndef COMPAT_EXEC_CREDENTIALS_H
#define COMPAT_EXEC_CREDENTIALS_H

#include <albireo/exec.h>
#include <stdbool.h>

/* Does an execve without set-id bits leave @c as it is? Then nobody need be asked. It may say no
 * where the answer would be yes, never the other way round. */
bool exec_keeps_credentials(const struct credentials *c);

#endif
