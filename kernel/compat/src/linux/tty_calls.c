/* kernel/compat/src/linux/tty_calls.c: calls on the controlling terminal that are no ioctls. */
#include <compat/linux.h>
#include <io/tty.h>
#include <linux/capability.h>

int64_t linux_sys_vhangup(const uint64_t a[6])
{
	if (!ps_capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty_vhangup();
	return 0;
}
