/* tests/linux/sysv_shm.c: System V shared memory. */
#include "common.h"

#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

static int make(size_t bytes)
{
	return (int)need(shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600));
}

static void say_state(const char *label, int id)
{
	struct shmid_ds s;

	if (shmctl(id, IPC_STAT, &s) < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	say("  %s: %zu bytes, %lu attached, mode %o, made by %s, last %s", label, s.shm_segsz, (unsigned long)s.shm_nattch,
		s.shm_perm.mode, s.shm_cpid == getpid() ? "me" : "another",
		s.shm_lpid == getpid() ? "me" : s.shm_lpid ? "another" : "nobody");
}

static long attach(int id, const void *at, int flags)
{
	return (long)shmat(id, at, flags) == -1 ? -1 : 0;
}

TEST(segment_is_shared_with_a_child)
{
	int id = make(5000);
	char *at = shmat(id, NULL, 0);
	pid_t child;

	say_state("attached", id);
	claim("zeroes", !at[0] && !at[4999] && !at[8191]);
	child = need(fork());
	if (!child) {
		say_state("in the child", id);
		strcpy(at, "from the child");
		report("detach", shmdt(at));
		_exit(0);
	}
	report_exit("child", child);
	say("  %s", at);
	say_state("child gone", id);
	report("remove", shmctl(id, IPC_RMID, NULL));
	say_state("removed", id);
	say("  %s", at);
	report("attach once more", attach(id, NULL, 0));
	report("remove again", shmctl(id, IPC_RMID, NULL));
	report("detach", shmdt(at));
	say_state("attached once", id);
}

TEST(segment_that_nobody_has_goes_at_once)
{
	int id = make(100);

	report("remove", shmctl(id, IPC_RMID, NULL));
	say_state("removed", id);
	report("attach", attach(id, NULL, 0));
	report("remove again", shmctl(id, IPC_RMID, NULL));
}

TEST(segment_lives_without_attachments)
{
	int id = make(100), again;
	int *at = shmat(id, NULL, 0);

	*at = 77;
	report("detach", shmdt(at));
	say_state("detached", id);
	at = shmat(id, NULL, 0);
	say("  %d", *at);
	again = shmget(id, 100, 0);
	claim("an id is no key", again != id);
	need(shmctl(id, IPC_RMID, NULL));
}

TEST(keys_lead_to_segments)
{
	key_t key = 0x5a000000 + getpid();
	int id = (int)need(shmget(key, 1000, IPC_CREAT | IPC_EXCL | 0640));

	claim("found", shmget(key, 1000, 0) == id);
	claim("found, smaller", shmget(key, 10, 0) == id);
	claim("found, no size", shmget(key, 0, IPC_CREAT) == id);
	report("too large", shmget(key, 5000, 0));
	report("exclusive", shmget(key, 1000, IPC_CREAT | IPC_EXCL));
	report("another key", shmget(key + 0x1000000, 10, 0));
	report("no bytes", shmget(key + 0x1000000, 0, IPC_CREAT));
	need(shmctl(id, IPC_RMID, NULL));
	report("removed", shmget(key, 10, 0));
}

TEST(attachments_go_where_they_are_asked)
{
	int id = make(8192);
	char *place = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *at;

	need(munmap(place, 1 << 20));
	claim("at an address", shmat(id, place, 0) == place);
	report("taken", attach(id, place, 0));
	claim("taken, remap", shmat(id, place, SHM_REMAP) == place);
	report("unaligned", attach(id, place + 1, 0));
	claim("rounded", shmat(id, place + 0x4123, SHM_RND) == place + 0x4000);
	report("remap nothing", attach(id, NULL, SHM_REMAP));
	at = shmat(id, NULL, SHM_RDONLY);
	report("write-protect holds", mprotect(at, 4096, PROT_READ | PROT_WRITE));
	say_state("three", id);
	report("detach inside", shmdt(place + 4096));
	report("detach unaligned", shmdt(place + 1));
	report("detach", shmdt(place));
	report("detach again", shmdt(place));
	report("not a segment", shmdt(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
	need(shmctl(id, IPC_RMID, NULL));
}

TEST(attachments_end_with_exec_and_exit)
{
	int id = make(4096);
	pid_t child = need(fork());

	if (!child) {
		need(attach(id, NULL, 0));
		_exit(0);
	}
	report_exit("child", child);
	say_state("after exit", id);
	need(shmctl(id, IPC_RMID, NULL));
}

static int shared_id;

static void use_as_nobody(void)
{
	struct shmid_ds s;

	report("attach", attach(shared_id, NULL, 0));
	report("attach to read", attach(shared_id, NULL, SHM_RDONLY));
	report("stat", shmctl(shared_id, IPC_STAT, &s));
	report("remove", shmctl(shared_id, IPC_RMID, NULL));
}

TEST(segments_obey_their_mode)
{
	struct shmid_ds s;

	if (!is_root())
		return;
	shared_id = make(100);
	as_unprivileged(use_as_nobody);
	need(shmctl(shared_id, IPC_STAT, &s));
	s.shm_perm.mode = 0644;
	report("set", shmctl(shared_id, IPC_SET, &s));
	as_unprivileged(use_as_nobody);
	need(shmctl(shared_id, IPC_RMID, NULL));
}

TEST(shm_calls_check_what_they_are_given)
{
	int id = make(100);

	report("attach -1", attach(-1, NULL, 0));
	report("attach unknown", attach(0x7ffffff0, NULL, 0));
	report("command", shmctl(id, 99, NULL));
	report("stat to nowhere", shmctl(id, IPC_STAT, unmapped_address()));
	report("set from nowhere", shmctl(id, IPC_SET, unmapped_address()));
	report("stat of -1", shmctl(-1, IPC_STAT, NULL));
	report("enormous", shmget(IPC_PRIVATE, 1UL << 63, IPC_CREAT));
	need(shmctl(id, IPC_RMID, NULL));
}

static key_t closed_key;

static void ask_as_nobody(void)
{
	report("its key", shmget(closed_key, 100, 0600));
}

TEST(keys_obey_the_mode)
{
	int id;

	if (!is_root())
		return;
	closed_key = 0x59000000 + getpid();
	id = (int)need(shmget(closed_key, 100, IPC_CREAT | 0600));
	as_unprivileged(ask_as_nobody);
	need(shmctl(id, IPC_RMID, NULL));
}

TEST(ids_do_not_come_again)
{
	int former = make(100), id;

	need(shmctl(former, IPC_RMID, NULL));
	id = make(100);
	claim("another", id != former);
	claim("attach fails", attach(former, NULL, 0) < 0);
	claim("remove fails", shmctl(former, IPC_RMID, NULL) < 0);
	say_state("untouched", id);
	need(shmctl(id, IPC_RMID, NULL));
}
