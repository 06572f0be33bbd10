/* syscalld: who may raise which limit and take which identity. The kernel holds what is in
 * force and sends it along; syscalld keeps nothing, so its successor needs nothing. */
#include <errno.h>
#include <string.h>

#include <nucleus/nucleus.h>
#include <service/service.h>

#include "policy.h"

#define HOST_NAME_MAX_BYTES 64
#define CLOCK_REALTIME_ID 0

static uint64_t caps_of(uint64_t uid_and_caps)
{
	return uid_and_caps >> 32;
}

static int first_envelope(struct service_call *call)
{
	struct envelope envelope;

	envelope_default(&envelope);
	memcpy(call->reply, &envelope, sizeof(envelope));
	call->reply_len = sizeof(envelope);
	return 0;
}

static int grant_envelope(uint32_t pid, const struct envelope *envelope)
{
	struct lease_grant grant = {
		.kind = LEASE_ENVELOPE,
		.payload_len = sizeof(*envelope),
		.subject = pid,
		/* Decisions must be in order over restarts too: the clock is. */
		.seq = nucleus_clock(),
		.payload = (uintptr_t)envelope,
	};

	return nucleus_lease_grant(&grant);
}

static int set_limit(const struct service_call *call)
{
	struct envelope envelope;
	int err;

	if (call->data_len != sizeof(envelope))
		return -EINVAL;
	memcpy(&envelope, call->data, sizeof(envelope));
	if (call->words[3] > UINT32_MAX)
		return -EINVAL;
	err = envelope_set_limit(&envelope, (uint32_t)call->words[3], call->words[4], call->words[5],
				 caps_of(call->words[6]));
	if (err)
		return err;
	return grant_envelope((uint32_t)call->words[1], &envelope);
}

/* A request that comes again after a restart brings the same credentials, so its outcome
 * is the same, and the kernel applies it once. */
static int set_credentials(const struct service_call *call)
{
	struct credentials old, new;
	struct cred_request request = {
		.call = (enum cred_call)call->words[2],
		.a = call->words[3], .b = call->words[4], .c = call->words[5],
	};
	uint32_t groups[CRED_MAX_GROUPS];
	size_t groups_len;
	int err;

	if (call->data_len < sizeof(old))
		return -EINVAL;
	memcpy(&old, call->data, sizeof(old));
	groups_len = call->data_len - sizeof(old);
	if (request.call == CRED_SETGROUPS) {
		if (groups_len > sizeof(groups) || groups_len != request.a * sizeof(uint32_t))
			return -EINVAL;
		memcpy(groups, call->data + sizeof(old), groups_len);
		request.groups = groups;
	}
	err = cred_apply(&old, &request, &new);
	if (err)
		return err;
	return nucleus_proc_credentials((uint32_t)call->words[1], &new, call->request_id);
}

static int may_set_name(const struct service_call *call)
{
	if (!has_cap(caps_of(call->words[2]), CAP_SYS_ADMIN))
		return -EPERM;
	return call->data_len > HOST_NAME_MAX_BYTES ? -EINVAL : 0;
}

static int may_set_clock(const struct service_call *call)
{
	if (call->words[1] != CLOCK_REALTIME_ID)
		return -EINVAL;
	return has_cap(caps_of(call->words[3]), CAP_SYS_TIME) ? 0 : -EPERM;
}

static int handle(struct service_call *call)
{
	/* Requests carry what the kernel knows of the caller: nobody else's word counts. */
	if (!call->is_from_kernel)
		return -EACCES;

	switch (call->words[0]) {
	case SYSCALLD_ENVELOPE:
		return first_envelope(call);
	case SYSCALLD_SETRLIMIT:
		return set_limit(call);
	case SYSCALLD_SETCRED:
		return set_credentials(call);
	case SYSCALLD_SETNAME:
		return may_set_name(call);
	case SYSCALLD_SETCLOCK:
		return may_set_clock(call);
	}
	service_log_warn("unknown operation %lu", (unsigned long)call->words[0]);
	return -ENOSYS;
}

static const struct service syscalld = {
	.name = "syscalld",
	.id = SERVICE_SYSCALLD,
	.threads = 1,
	.max_threads = 4,
	.handle = handle,
};

int main(void)
{
	return service_main(&syscalld);
}
