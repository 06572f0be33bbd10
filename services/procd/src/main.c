/* procd: who may execute what, and what has ended.
 *
 * There are no jobs and namespaces yet that could forbid anything, so every process may
 * execute what the mode bits, which the kernel has evaluated, allow. Nothing survives a
 * restart, and nothing has to: a ticket of a predecessor's is void, and its cancelling no error.
 *
 * `lock` guards the tickets and the account. */
#include <errno.h>
#include <pthread.h>

#include <nucleus/nucleus.h>
#include <service/service.h>

#include "tickets.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ticket_table tickets;
static struct {
	uint64_t ended, killed, user_ns, system_ns;
} account;

static int authorize(struct service_call *call)
{
	uint32_t uid = (uint32_t)call->words[3];
	uint32_t gid = (uint32_t)(call->words[3] >> 32);

	if (uid == UINT32_MAX || gid == UINT32_MAX)
		return -EPERM;
	pthread_mutex_lock(&lock);
	call->reply_words[1] = tickets_issue(&tickets, (uint32_t)call->words[1], call->words[2]);
	pthread_mutex_unlock(&lock);
	return 0;
}

static int cancel(const struct service_call *call)
{
	pthread_mutex_lock(&lock);
	tickets_cancel(&tickets, call->words[1]);
	pthread_mutex_unlock(&lock);
	return 0;
}

static int note_exit(const struct service_call *call)
{
	uint32_t status = (uint32_t)call->words[2];

	pthread_mutex_lock(&lock);
	tickets_drop_pid(&tickets, (uint32_t)call->words[1]);
	account.ended++;
	account.killed += (status & 0x7f) != 0;
	account.user_ns += call->words[3];
	account.system_ns += call->words[4];
	pthread_mutex_unlock(&lock);
	return 0;
}

static int tell_account(struct service_call *call)
{
	pthread_mutex_lock(&lock);
	call->reply_words[1] = account.ended;
	call->reply_words[2] = account.killed;
	call->reply_words[3] = account.user_ns;
	call->reply_words[4] = account.system_ns;
	call->reply_words[5] = tickets.nout;
	pthread_mutex_unlock(&lock);
	return 0;
}

static int handle(struct service_call *call)
{
	if (call->words[0] == PROCD_ACCOUNT)
		return tell_account(call);
	/* The rest speaks for other processes. */
	if (!call->is_from_kernel)
		return -EACCES;

	switch (call->words[0]) {
	case PROCD_EXEC_AUTHORIZE:
		return authorize(call);
	case PROCD_EXEC_CANCEL:
		return cancel(call);
	case PROCD_EXITED:
		return note_exit(call);
	}
	service_log_warn("unknown operation %lu", (unsigned long)call->words[0]);
	return -ENOSYS;
}

static int start(void)
{
	/* One every nanosecond could be given before ids repeat. */
	tickets_init(&tickets, nucleus_clock());
	return 0;
}

static const struct service procd = {
	.name = "procd",
	.id = SERVICE_PROCD,
	.threads = 1,
	.max_threads = 4,
	.start = start,
	.handle = handle,
};

int main(void)
{
	return service_main(&procd);
}
