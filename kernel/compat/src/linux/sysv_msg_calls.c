/* kernel/compat/src/linux/sysv_msg_calls.c: System V message queues. */
#include <linux/msg.h>

#include "sysv.h"

/* Of IPC_INFO, where Linux says it means nothing. */
#define POOL_KIB (SYSV_MSG_MAX_IDS * SYSV_MSG_QUEUE_BYTES / 1024)
#define SEGMENT_BYTES 16
#define SEGMENTS 0xffff

int64_t linux_sys_msgget(const uint64_t a[6])
{
	return sysv_msg_get((uint32_t)a[0], (uint32_t)a[1]);
}

/* struct msgbuf { long mtype; char mtext[]; } at @user */
static int message_in(struct sysv_message *m, uint64_t user)
{
	if (copy_from_user(&m->type, user_ptr(user), sizeof(m->type)) ||
	    copy_from_user(m->bytes, user_ptr(user + sizeof(m->type)), m->len))
		return -EFAULT;
	return m->type < 1 ? -EINVAL : 0;
}

int64_t linux_sys_msgsnd(const uint64_t a[6])
{
	struct sysv_message *m;
	int err;

	if ((int)a[0] < 0 || a[2] > SYSV_MSG_MAX_BYTES)
		return -EINVAL;
	m = sysv_message_create(a[2]);
	if (!m)
		return -ENOMEM;
	err = message_in(m, a[1]);
	if (!err)
		err = sysv_msg_send((int)a[0], m, (uint32_t)a[3]);
	if (err)
		sysv_message_free(m);
	return err;
}

int64_t linux_sys_msgrcv(const uint64_t a[6])
{
	struct sysv_message *m;
	int64_t ret;

	if ((int)a[0] < 0 || (int64_t)a[2] < 0)
		return -EINVAL;
	ret = sysv_msg_receive((int)a[0], a[2], (int64_t)a[3], (uint32_t)a[4], &m);
	if (ret)
		return ret;
	ret = (int64_t)MIN(m->len, a[2]);
	if (copy_to_user(user_ptr(a[1]), &m->type, sizeof(m->type)) ||
	    copy_to_user(user_ptr(a[1] + sizeof(m->type)), m->bytes, (size_t)ret))
		ret = -EFAULT;
	sysv_message_free(m);
	return ret;
}

/* ---- control ---- */

static int64_t stat_out(struct sysv_which which, uint64_t user)
{
	struct msqid64_ds out = { 0 };
	struct sysv_msg_info info;
	int64_t ret = sysv_msg_stat(which, &info);

	if (ret < 0)
		return ret;
	out.msg_perm = linux_sysv_permission(&info.permission);
	out.msg_stime = info.sent_sec;
	out.msg_rtime = info.received_sec;
	out.msg_ctime = info.changed_sec;
	out.msg_cbytes = info.bytes;
	out.msg_qnum = info.nmessages;
	out.msg_qbytes = info.max_bytes;
	out.msg_lspid = (int)info.sender_pid;
	out.msg_lrpid = (int)info.receiver_pid;
	return linux_sysv_out(user, &out, sizeof(out), which.by_index ? ret : 0);
}

static int64_t limits_out(bool with_use, uint64_t user)
{
	struct msginfo out = {
		.msgpool = POOL_KIB, .msgmap = SYSV_MSG_QUEUE_BYTES, .msgmax = SYSV_MSG_MAX_BYTES,
		.msgmnb = SYSV_MSG_QUEUE_BYTES, .msgmni = SYSV_MSG_MAX_IDS, .msgssz = SEGMENT_BYTES,
		.msgtql = SYSV_MSG_QUEUE_BYTES, .msgseg = SEGMENTS,
	};
	struct sysv_totals totals;

	sysv_msg_totals(&totals);
	if (with_use) {
		out.msgpool = (int)totals.used_ids;
		out.msgmap = (int)totals.units;
		out.msgtql = (int)totals.bytes;
	}
	return linux_sysv_out(user, &out, sizeof(out), totals.highest_index);
}

static int64_t set(int id, uint64_t user)
{
	struct msqid64_ds in;

	if (copy_from_user(&in, user_ptr(user), sizeof(in)))
		return -EFAULT;
	return sysv_msg_set(id, in.msg_perm.uid, in.msg_perm.gid, in.msg_perm.mode, in.msg_qbytes);
}

int64_t linux_sys_msgctl(const uint64_t a[6])
{
	int id = (int)a[0];

	if (id < 0 || (int)a[1] < 0)
		return -EINVAL;
	switch ((uint32_t)a[1]) {
	case IPC_RMID:
		return sysv_msg_remove(id);
	case IPC_SET:
		return set(id, a[2]);
	case IPC_STAT:
		return stat_out((struct sysv_which){ .id = id }, a[2]);
	case MSG_STAT:
		return stat_out((struct sysv_which){ .id = id, .by_index = true }, a[2]);
	case MSG_STAT_ANY:
		return stat_out((struct sysv_which){ .id = id, .by_index = true, .unchecked = true }, a[2]);
	case IPC_INFO:
		return limits_out(false, a[2]);
	case MSG_INFO:
		return limits_out(true, a[2]);
	default:
		return -EINVAL;
	}
}
