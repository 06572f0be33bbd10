/* tests/linux/sysv_msg.c: System V message queues. */
#include "common.h"

#include <sys/ipc.h>
#include <sys/msg.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
	long type;
	char text[9000];
};

static int make(void)
{
	return (int)need(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
}

static int send(int id, long type, const char *text)
{
	static struct message m;

	m.type = type;
	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), IPC_NOWAIT);
}

static void receive(const char *label, int id, long type, size_t size, int flags)
{
	static struct message m;
	long len = msgrcv(id, &m, size, type, flags);

	if (len < 0)
		report_value(label, len);
	else
		say("  %s: type %ld, %.*s", label, m.type, (int)len, m.text);
}

static void say_state(const char *label, int id)
{
	struct msqid_ds q;

	if (msgctl(id, IPC_STAT, &q) < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	say("  %s: %lu messages, %lu of %lu bytes, mode %o, sent by %s, received by %s", label, (unsigned long)q.msg_qnum,
		(unsigned long)q.__msg_cbytes, (unsigned long)q.msg_qbytes, q.msg_perm.mode,
		q.msg_lspid == getpid() ? "me" : q.msg_lspid ? "another" : "nobody",
		q.msg_lrpid == getpid() ? "me" : q.msg_lrpid ? "another" : "nobody");
}

TEST(messages_come_in_order_and_by_type)
{
	int id = make();

	say_state("new", id);
	report("one", send(id, 3, "first of three"));
	report("two", send(id, 1, "one"));
	report("three", send(id, 3, "second of three"));
	report("four", send(id, 2, ""));
	report("five", send(id, 5, "five"));
	say_state("five", id);
	receive("third", id, 2, 100, MSG_COPY | IPC_NOWAIT);
	receive("any", id, 0, 100, 0);
	receive("three", id, 3, 100, 0);
	receive("at most four", id, -4, 100, 0);
	receive("not five", id, 5, 100, MSG_EXCEPT);
	receive("none", id, 9, 100, IPC_NOWAIT);
	receive("at most four", id, -4, 100, IPC_NOWAIT);
	receive("past the last", id, 7, 100, MSG_COPY | IPC_NOWAIT);
	receive("too long", id, 0, 2, IPC_NOWAIT);
	receive("cut", id, 0, 2, MSG_NOERROR);
	say_state("empty", id);
	report("remove", msgctl(id, IPC_RMID, NULL));
	say_state("removed", id);
}

TEST(full_queues_make_senders_wait)
{
	static struct message m = { .type = 1 };
	int id = make(), sent = 0;
	pid_t child;

	while (!msgsnd(id, &m, 4000, IPC_NOWAIT))
		sent++;
	say("  %d fit, then %s", sent, errno_name(errno));
	child = need(fork());
	if (!child)
		_exit(msgsnd(id, &m, 4000, 0) ? 1 : 7);
	receive("one", id, 0, 0, MSG_NOERROR);
	report_exit("sender", child);
	say_state("full again", id);
	need(msgctl(id, IPC_RMID, NULL));
}

TEST(receivers_wait)
{
	int id = make(), i;
	pid_t child = need(fork());

	if (!child) {
		for (i = 0; i < 100; i++)
			receive("got", id, 2, 100, 0);
		_exit(0);
	}
	for (i = 0; i < 100; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		while (send(id, 2, text))
			usleep(1000);
	}
	report_exit("receiver", child);
	need(msgctl(id, IPC_RMID, NULL));
}

TEST(removal_ends_waits)
{
	struct gate ready;
	int id = make();
	pid_t child;

	gate_make(&ready);
	child = need(fork());
	if (!child) {
		static struct message m;

		gate_open(&ready);
		/* Either it waits by now and the queue goes, or the queue has gone before. */
		errno = 0;
		msgrcv(id, &m, 10, 0, 0);
		_exit(errno == EIDRM || errno == EINVAL);
	}
	gate_pass(&ready);
	usleep(20000);
	report("remove", msgctl(id, IPC_RMID, NULL));
	report_exit("receiver", child);
}

static void on_alarm(int sig)
{
	(void)sig;
}

TEST(signals_end_waits)
{
	static struct message m = { .type = 1 };
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	int id = make();

	need(sigaction(SIGALRM, &action, NULL));
	ualarm(20000, 20000);
	report("receive", msgrcv(id, &m, 10, 0, 0));
	while (!msgsnd(id, &m, 8000, IPC_NOWAIT))
		;
	report("send", msgsnd(id, &m, 8000, 0));
	ualarm(0, 0);
	need(msgctl(id, IPC_RMID, NULL));
}

static int shared_id;
static key_t shared_key;

static void use_as_nobody(void)
{
	struct msqid_ds q;

	report("send", send(shared_id, 1, "x"));
	receive("receive", shared_id, 0, 10, IPC_NOWAIT);
	report("stat", msgctl(shared_id, IPC_STAT, &q));
	report("remove", msgctl(shared_id, IPC_RMID, NULL));
	memset(&q, 0, sizeof(q));
	report("set", msgctl(shared_id, IPC_SET, &q));
	report("key", msgget(shared_key, 0600));
}

TEST(queues_obey_their_mode)
{
	struct msqid_ds q;

	if (!is_root())
		return;
	shared_key = 0x5f000000 + getpid();
	shared_id = (int)need(msgget(shared_key, IPC_CREAT | 0600));
	as_unprivileged(use_as_nobody);
	need(msgctl(shared_id, IPC_STAT, &q));
	q.msg_perm.mode = 0644;
	q.msg_qbytes = 100;
	report("set", msgctl(shared_id, IPC_SET, &q));
	say_state("smaller", shared_id);
	report("too long for it", send(shared_id, 1, "0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789"));
	as_unprivileged(use_as_nobody);
	need(msgctl(shared_id, IPC_RMID, NULL));
}

TEST(keys_lead_to_queues)
{
	key_t key = 0x5c000000 + getpid();
	int id = (int)need(msgget(key, IPC_CREAT | IPC_EXCL | 0640));

	claim("found", msgget(key, 0) == id);
	report("exclusive", msgget(key, IPC_CREAT | IPC_EXCL));
	report("another key", msgget(key + 0x1000000, 0));
	need(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_calls_check_what_they_are_given)
{
	static struct message m = { .type = 0 };
	int id = make();

	report("type 0", msgsnd(id, &m, 1, 0));
	m.type = 1;
	report("too long", msgsnd(id, &m, 8193, 0));
	report("enormous", msgsnd(id, &m, (size_t)-1, 0));
	report("from nowhere", msgsnd(id, unmapped_address(), 1, 0));
	report("send to none", msgsnd(-1, &m, 1, 0));
	report("send to an unknown one", msgsnd(0x7ffffff0, &m, 1, 0));
	report("receive from none", msgrcv(-1, &m, 1, 0, 0));
	report("receive less than nothing", msgrcv(id, &m, (size_t)-1, 0, 0));
	report("a copy that waits", msgrcv(id, &m, 1, 0, MSG_COPY));
	report("an excepted copy", msgrcv(id, &m, 1, 0, MSG_COPY | MSG_EXCEPT | IPC_NOWAIT));
	need(send(id, 1, "x"));
	report("to nowhere", msgrcv(id, unmapped_address(), 1, 0, 0));
	say_state("it is gone", id);
	report("stat to nowhere", msgctl(id, IPC_STAT, unmapped_address()));
	report("set from nowhere", msgctl(id, IPC_SET, unmapped_address()));
	report("command", msgctl(id, 99, NULL));
	need(msgctl(id, IPC_RMID, NULL));
}

TEST(ids_do_not_come_again)
{
	static struct message m = { .type = 1 };
	int former = make(), id;

	need(msgctl(former, IPC_RMID, NULL));
	id = make();
	claim("another", id != former);
	claim("send fails", msgsnd(former, &m, 1, IPC_NOWAIT) < 0);
	claim("receive fails", msgrcv(former, &m, 1, 0, IPC_NOWAIT) < 0);
	claim("remove fails", msgctl(former, IPC_RMID, NULL) < 0);
	say_state("untouched", id);
	need(msgctl(id, IPC_RMID, NULL));
}
