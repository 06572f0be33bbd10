#include "signal_rules.h"

#include <albireo/exec.h>
#include <asm/signal.h>

#define CAP_LINUX_KILL 5

#define FAULTS (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
	SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

bool signal_default_is_ignore(int sig)
{
	return sig == SIGCHLD || sig == SIGCONT || sig == SIGURG || sig == SIGWINCH;
}

bool signal_default_is_stop(int sig)
{
	return sig <= 64 && (SIGNAL_STOP_SET & SIGNAL_BIT(sig));
}

int signal_choose(uint64_t set)
{
	if (!set)
		return 0;
	if (set & FAULTS)
		set &= FAULTS;
	return __builtin_ctzll(set) + 1;
}

bool signal_ids_permit(const struct credentials *from, const struct credentials *to)
{
	return from->euid == to->suid || from->euid == to->uid || from->uid == to->suid || from->uid == to->uid ||
	       (from->cap_effective >> CAP_LINUX_KILL & 1);
}
