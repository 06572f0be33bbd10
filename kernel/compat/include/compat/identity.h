/* kernel/compat/include/compat/identity.h: changes of credentials, for identity.c, prctl and set-id exec. */
#ifndef COMPAT_IDENTITY_H
#define COMPAT_IDENTITY_H

#include <albireo/exec.h>

/* Ask syscalld to change the current process's credentials; see enum cred_call for the
 * arguments. Sleeps. Returns: 0; -EPERM -EINVAL -ENOMEM -EINTR. */
int64_t linux_change_credentials(enum cred_call call, uint64_t x, uint64_t y, uint64_t z,
	const uint32_t *groups, uint32_t ngroups);

#endif
