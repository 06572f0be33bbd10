/* netd: the names of sockets. What a socket does with its bytes is the kernel's.
 *
 * One thread: a request is a few look-ups in memory, and without a second one nothing is to lock. */
#include <errno.h>
#include <sys/random.h>

#include <nucleus/nucleus.h>
#include <service/service.h>
#include <service/state.h>

#include "names.h"

#define FIRST_BYTES (1u << 20)

static struct state arena;

static bool lives(uint64_t socket)
{
	return nucleus_net(NET_SOCKET_LIVES, socket) == 1;
}

static void revoke(uint64_t subject, const char *name, size_t len, uint64_t seq)
{
	struct lease_revoke r = { .kind = LEASE_SOCKET, .node = subject, .seq = seq, .name = (uintptr_t)name,
		.name_len = (uint32_t)len };
	int err = nucleus_lease_revoke(&r);

	if (err)
		service_log_error("cannot take back the lease of a name: error %d", -err);
}

static const struct names_kernel kernel = { lives, revoke };

/* ---- requests ---- */

static int bind_any(struct service_call *call)
{
	int err = names_bind_any(call->words[1], NET_LEASE_SUBJECT(0, call->words[2]), call->reply);

	if (!err)
		call->reply_len = NAMES_ANY_BYTES;
	return err;
}

static int status(struct service_call *call)
{
	struct names_status s;

	names_status(&s);
	call->reply_words[1] = s.names;
	call->reply_words[2] = s.seq;
	call->reply_words[3] = s.starts;
	return 0;
}

static int handle(struct service_call *call)
{
	if (call->words[0] == NETD_STATUS)
		return status(call);
	/* The rest speaks for sockets, which only the kernel has. */
	if (!call->is_from_kernel)
		return -EACCES;
	if (call->data_len > NETD_NAME_MAX)
		return -EINVAL;

	switch (call->words[0]) {
	case NETD_BIND:
		return names_bind(call->words[1], NET_LEASE_SUBJECT(call->words[2], call->words[3]), call->data, call->data_len);
	case NETD_BIND_ANY:
		return bind_any(call);
	case NETD_FIND:
		return names_find(NET_LEASE_SUBJECT(call->words[1], call->words[2]), call->data, call->data_len,
			&call->reply_words[1], &call->reply_words[2]);
	case NETD_RELEASE:
		names_release(call->words[1]);
		return 0;
	}
	service_log_warn("unknown operation %lu", (unsigned long)call->words[0]);
	return -ENOSYS;
}

/* ---- starting ---- */

static int start(void)
{
	int err = service_state_open(&arena, FIRST_BYTES);
	struct hash_key seed;

	/* Programs choose the names that are hashed. */
	if (err >= 0)
		err = getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed) ? names_open(&arena, &kernel, &seed) : -EIO;
	if (err)
		service_log_error("no table of names: error %d", -err);
	return err;
}

static const struct service netd = {
	.name = "netd",
	.id = SERVICE_NETD,
	.threads = 1,
	.max_threads = 1,
	.start = start,
	.handle = handle,
};

int main(void)
{
	return service_main(&netd);
}
