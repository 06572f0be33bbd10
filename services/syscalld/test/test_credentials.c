/* The rules against Linux itself: each case is carried out by a thread of this process
 * (credentials are a thread's own below libc) and compared with what cred_apply() says. */
#include "policy.h"	/* before Linux' macros of the same names and values */

#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>


#define KEEP ((uint32_t)-1)

static const uint32_t start_ids[] = { 0, 1000, 1001 };
static const uint32_t asked_ids[] = { 0, 1000, 1001, KEEP };
#define NSTART 3
#define NASKED 4

struct oracle_case {
	uint32_t start[3];		/* real, effective, saved */
	bool is_group;
	bool drops_caps;		/* start without effective capabilities */
	unsigned long securebits;
	struct cred_request request;
	struct credentials before, after;
	int err;
};

static void read_ids(struct credentials *cred)
{
	syscall(SYS_getresuid, &cred->uid, &cred->euid, &cred->suid);
	syscall(SYS_getresgid, &cred->gid, &cred->egid, &cred->sgid);
	cred->fsuid = (uint32_t)syscall(SYS_setfsuid, -1);
	cred->fsgid = (uint32_t)syscall(SYS_setfsgid, -1);
}

static void read_caps(struct credentials *cred)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	syscall(SYS_capget, &header, data);
	cred->cap_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	cred->cap_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	cred->cap_inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	cred->cap_bounding = 0;
	cred->cap_ambient = 0;
	for (unsigned int cap = 0; cap <= CAP_LAST; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			cred->cap_bounding |= CAP_BIT(cap);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			cred->cap_ambient |= CAP_BIT(cap);
	}
	cred->securebits = (uint32_t)prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
}

static void read_credentials(struct credentials *cred)
{
	memset(cred, 0, sizeof(*cred));
	read_ids(cred);
	read_caps(cred);
}

static long raw_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32) },
	};

	return syscall(SYS_capset, &header, data);
}

static long ask_linux(const struct cred_request *r)
{
	switch (r->call) {
	case CRED_SETUID: return syscall(SYS_setuid, r->a);
	case CRED_SETGID: return syscall(SYS_setgid, r->a);
	case CRED_SETREUID: return syscall(SYS_setreuid, r->a, r->b);
	case CRED_SETREGID: return syscall(SYS_setregid, r->a, r->b);
	case CRED_SETRESUID: return syscall(SYS_setresuid, r->a, r->b, r->c);
	case CRED_SETRESGID: return syscall(SYS_setresgid, r->a, r->b, r->c);
	case CRED_SETFSUID: syscall(SYS_setfsuid, r->a); return 0;
	case CRED_SETFSGID: syscall(SYS_setfsgid, r->a); return 0;
	case CRED_CAPSET: return raw_capset(r->a, r->b, r->c);
	case CRED_SECUREBITS: return prctl(PR_SET_SECUREBITS, r->a, 0, 0, 0);
	case CRED_KEEPCAPS: return prctl(PR_SET_KEEPCAPS, r->a, 0, 0, 0);
	case CRED_CAPBSET_DROP: return prctl(PR_CAPBSET_DROP, r->a, 0, 0, 0);
	case CRED_AMBIENT: return prctl(PR_CAP_AMBIENT, r->a, r->b, 0, 0);
	case CRED_SETGROUPS: return syscall(SYS_setgroups, r->a, r->groups);
	default: return -1;
	}
}

static void *run_case(void *arg)
{
	struct oracle_case *c = arg;

	if (c->securebits)
		prctl(PR_SET_SECUREBITS, c->securebits, 0, 0, 0);
	if (c->is_group)
		syscall(SYS_setresgid, c->start[0], c->start[1], c->start[2]);
	else
		syscall(SYS_setresuid, c->start[0], c->start[1], c->start[2]);
	if (c->drops_caps) {
		read_caps(&c->before);
		raw_capset(0, c->before.cap_permitted, 0);
	}
	read_credentials(&c->before);
	errno = 0;
	c->err = ask_linux(&c->request) < 0 ? -errno : 0;
	read_credentials(&c->after);
	return NULL;
}

static void assert_like_linux(struct oracle_case *c)
{
	struct credentials ours;
	pthread_t thread;
	int err;

	assert_int_equal(pthread_create(&thread, NULL, run_case, c), 0);
	pthread_join(thread, NULL);
	err = cred_apply(&c->before, &c->request, &ours);
	if (err)
		ours = c->before;
	if (err == c->err && !memcmp(&ours, &c->after, sizeof(ours)))
		return;
	fail_msg("call %d(%d, %d, %d) from %u,%u,%u: Linux %d, we %d; uids %u,%u,%u,%u / %u,%u,%u,%u; caps %llx/%llx",
		 c->request.call, (int)c->request.a, (int)c->request.b, (int)c->request.c, c->start[0], c->start[1],
		 c->start[2], c->err, err, c->after.uid, c->after.euid, c->after.suid, c->after.fsuid, ours.uid,
		 ours.euid, ours.suid, ours.fsuid, (unsigned long long)c->after.cap_effective,
		 (unsigned long long)ours.cap_effective);
}

static void try_from_every_start(struct cred_request request, bool is_group, bool drops_caps, unsigned long securebits)
{
	for (unsigned int i = 0; i < NSTART * NSTART * NSTART; i++) {
		struct oracle_case c = {
			.start = { start_ids[i / 9], start_ids[i / 3 % 3], start_ids[i % 3] },
			.is_group = is_group, .drops_caps = drops_caps, .securebits = securebits,
			.request = request,
		};

		assert_like_linux(&c);
	}
}

static void skip_unless_root(void)
{
	if (geteuid())
		skip();
}

static void try_one_id(enum cred_call call, bool is_group, bool drops_caps, unsigned long securebits)
{
	for (unsigned int i = 0; i < NASKED; i++)
		try_from_every_start((struct cred_request){ .call = call, .a = asked_ids[i] }, is_group, drops_caps,
				     securebits);
}

static void try_two_ids(enum cred_call call, bool is_group, bool drops_caps)
{
	for (unsigned int i = 0; i < NASKED * NASKED; i++)
		try_from_every_start((struct cred_request){ .call = call, .a = asked_ids[i / 4], .b = asked_ids[i % 4] },
				     is_group, drops_caps, 0);
}

static void try_three_ids(enum cred_call call, bool is_group, bool drops_caps)
{
	for (unsigned int i = 0; i < NASKED * NASKED * NASKED; i++)
		try_from_every_start((struct cred_request){ .call = call, .a = asked_ids[i / 16],
							    .b = asked_ids[i / 4 % 4], .c = asked_ids[i % 4] },
				     is_group, drops_caps, 0);
}

static void setuid_and_setfsuid_are_those_of_linux(void **state)
{
	skip_unless_root();
	try_one_id(CRED_SETUID, false, false, 0);
	try_one_id(CRED_SETUID, false, true, 0);
	try_one_id(CRED_SETFSUID, false, false, 0);
}

static void setreuid_is_that_of_linux(void **state)
{
	skip_unless_root();
	try_two_ids(CRED_SETREUID, false, false);
}

static void setresuid_is_that_of_linux(void **state)
{
	skip_unless_root();
	try_three_ids(CRED_SETRESUID, false, false);
}

static void group_calls_are_those_of_linux(void **state)
{
	skip_unless_root();
	for (unsigned int drops = 0; drops < 2; drops++) {
		try_one_id(CRED_SETGID, true, drops, 0);
		try_one_id(CRED_SETFSGID, true, drops, 0);
		try_two_ids(CRED_SETREGID, true, drops);
	}
	try_three_ids(CRED_SETRESGID, true, true);
}

static void securebits_change_what_setuid_does_to_capabilities(void **state)
{
	static const unsigned long bits[] = { 0x04, 0x10, 0x14, 0x05 };

	skip_unless_root();
	for (unsigned int i = 0; i < 4; i++)
		try_one_id(CRED_SETUID, false, false, bits[i]);
}

static void capset_is_that_of_linux(void **state)
{
	static const uint64_t sets[] = { 0, CAP_BIT(CAP_SETUID), CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_SETUID), CAP_ALL };

	skip_unless_root();
	for (unsigned int i = 0; i < 64; i++)
		for (unsigned int drops = 0; drops < 2; drops++)
			try_from_every_start((struct cred_request){ .call = CRED_CAPSET, .a = sets[i / 16],
								    .b = sets[i / 4 % 4], .c = sets[i % 4] },
					     false, drops, 0);
}

static void capability_prctls_are_those_of_linux(void **state)
{
	static const struct cred_request requests[] = {
		{ .call = CRED_KEEPCAPS, .a = 0 }, { .call = CRED_KEEPCAPS, .a = 1 }, { .call = CRED_KEEPCAPS, .a = 2 },
		{ .call = CRED_SECUREBITS, .a = 0 }, { .call = CRED_SECUREBITS, .a = 0x3f },
		{ .call = CRED_SECUREBITS, .a = 1u << 20 }, { .call = CRED_SECUREBITS, .a = 0x20 },
		{ .call = CRED_CAPBSET_DROP, .a = 0 }, { .call = CRED_CAPBSET_DROP, .a = 40 },
		{ .call = CRED_CAPBSET_DROP, .a = 64 },
		{ .call = CRED_AMBIENT, .a = PR_CAP_AMBIENT_RAISE, .b = 0 },
		{ .call = CRED_AMBIENT, .a = PR_CAP_AMBIENT_RAISE, .b = 64 },
		{ .call = CRED_AMBIENT, .a = PR_CAP_AMBIENT_LOWER, .b = 0 },
		{ .call = CRED_AMBIENT, .a = PR_CAP_AMBIENT_CLEAR_ALL, .b = 0 },
		{ .call = CRED_AMBIENT, .a = 77, .b = 0 },
	};
	static const unsigned long bits[] = { 0, 0x20, 0x30, 0x40, 0x0c };

	skip_unless_root();
	for (unsigned int i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		for (unsigned int j = 0; j < 5; j++)
			try_from_every_start(requests[i], false, false, bits[j]);
}

static void setgroups_needs_its_capability_and_sorts(void **state)
{
	static const uint32_t groups[] = { 30, 10, 20 };
	struct credentials old = { .uid = 1000 }, new;
	struct cred_request request = { .call = CRED_SETGROUPS, .a = 3, .groups = groups };

	assert_int_equal(cred_apply(&old, &request, &new), -EPERM);
	old.cap_effective = CAP_BIT(CAP_SETGID);
	assert_int_equal(cred_apply(&old, &request, &new), 0);
	assert_int_equal(new.ngroups, 3);
	assert_int_equal(new.groups[0], 10);
	assert_int_equal(new.groups[2], 30);
	request.a = CRED_MAX_GROUPS + 1;
	assert_int_equal(cred_apply(&old, &request, &new), -EINVAL);
}

static void exec_of_a_set_user_id_program_gives_its_owners_rights(void **state)
{
	struct credentials old = { .uid = 1000, .euid = 1000, .suid = 1000, .fsuid = 1000, .gid = 5, .egid = 5,
				   .sgid = 5, .fsgid = 5, .cap_bounding = CAP_ALL };
	struct cred_request request = { .call = CRED_EXEC, .a = 0, .b = KEEP };
	struct credentials new;

	assert_int_equal(cred_apply(&old, &request, &new), 0);
	assert_int_equal(new.uid, 1000);
	assert_int_equal(new.euid, 0);
	assert_int_equal(new.suid, 0);
	assert_int_equal(new.egid, 5);
	assert_true(new.cap_effective == CAP_ALL);

	old.no_new_privs = 1;
	assert_int_equal(cred_apply(&old, &request, &new), 0);
	assert_int_equal(new.euid, 1000);
	assert_true(new.cap_effective == 0);
}

static void an_unknown_call_is_refused(void **state)
{
	struct credentials old = { 0 }, new;
	struct cred_request request = { .call = (enum cred_call)99 };

	assert_int_equal(cred_apply(&old, &request, &new), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setuid_and_setfsuid_are_those_of_linux),
		cmocka_unit_test(setreuid_is_that_of_linux),
		cmocka_unit_test(setresuid_is_that_of_linux),
		cmocka_unit_test(group_calls_are_those_of_linux),
		cmocka_unit_test(securebits_change_what_setuid_does_to_capabilities),
		cmocka_unit_test(capset_is_that_of_linux),
		cmocka_unit_test(capability_prctls_are_those_of_linux),
		cmocka_unit_test(setgroups_needs_its_capability_and_sorts),
		cmocka_unit_test(exec_of_a_set_user_id_program_gives_its_owners_rights),
		cmocka_unit_test(an_unknown_call_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
