/* kernel/io-manager/src/tty_session.c: controlling terminals, foreground and background (POSIX.1-2017, 11.1).
 *
 * ps_tree_lock guards who controls what; signals are sent after it is given up, so the group
 * is looked at again: one that has left the session since gets nothing.
 */
#include "tty.h"

#include <asm/signal.h>
#include <errno.h>

#include <linux/capability.h>

#include <albireo/exec.h>
#include <ps/process.h>

/* The caller holds ps_tree_lock. */
static struct tty *own_tty(void)
{
	struct process *p = ps_current();

	return p->has_left_tty || !p->group ? NULL : p->group->session->tty;
}

struct tty *tty_controlling(void)
{
	struct tty *t;

	spin_lock(&ps_tree_lock);
	t = own_tty();
	if (t)
		tty_get(t);
	spin_unlock(&ps_tree_lock);
	return t;
}

static bool is_session_leader(void)
{
	const struct ps_group *g = ps_current()->group;

	return g && g->session->sid == ps_current()->pid;
}

static void take_control(struct tty *t)
{
	struct ps_session *s = ps_current()->group->session;

	tty_get(t);
	s->tty = t;
	ps_current()->has_left_tty = false;
	t->session = s;
	t->group = ps_current()->group->pgid;
}

/* Part @t from its session. Returns: whether there was one; then a reference is the caller's to put. */
static bool part(struct tty *t)
{
	if (!t->session)
		return false;
	t->session->tty = NULL;
	t->session = NULL;
	t->group = 0;
	return true;
}

void tty_adopt(struct tty *t)
{
	if (!ps_current_is_process())
		return;
	spin_lock(&ps_tree_lock);
	if (is_session_leader() && !ps_current()->group->session->tty && !t->session)
		take_control(t);
	spin_unlock(&ps_tree_lock);
}

int tty_set_controlling(struct tty *t, bool steal, bool may_read)
{
	bool is_admin = ps_capable(CAP_SYS_ADMIN), was_taken = false;
	struct ps_session *mine;
	int err = 0;

	spin_lock(&ps_tree_lock);
	mine = ps_current()->group->session;
	if (is_session_leader() && t->session == mine)
		goto unlock;
	if (!is_session_leader() || mine->tty || (t->session && !(steal && is_admin)) || (!may_read && !is_admin)) {
		err = -EPERM;
		goto unlock;
	}
	was_taken = part(t);
	take_control(t);
unlock:
	spin_unlock(&ps_tree_lock);
	if (was_taken)
		tty_put(t);
	return err;
}

/* ---- who is in the foreground ---- */

static void signal_group_of(uint32_t pgid, uint32_t sid, int signal)
{
	if (pgid && ps_group_in_session(pgid, sid))
		signal_send_group(pgid, signal, NULL);
}

void tty_signal_foreground(struct tty *t, int signal)
{
	uint32_t pgid, sid;

	spin_lock(&ps_tree_lock);
	pgid = t->session ? t->group : 0;
	sid = t->session ? t->session->sid : 0;
	spin_unlock(&ps_tree_lock);
	signal_group_of(pgid, sid, signal);
}

int tty_check_foreground(struct tty *t, int signal)
{
	uint32_t pgid;
	bool is_background;

	if (!ps_current_is_process())
		return 0;
	spin_lock(&ps_tree_lock);
	pgid = ps_current()->group->pgid;
	is_background = own_tty() == t && t->group && t->group != pgid;
	spin_unlock(&ps_tree_lock);
	if (!is_background)
		return 0;
	if (signal_is_ignored_or_blocked(signal))
		return signal == SIGTTIN ? -EIO : 0;
	if (ps_group_is_orphaned(pgid))
		return -EIO;
	signal_send_group(pgid, signal, NULL);
	return -EINTR;
}

int tty_get_group(struct tty *t, bool by_master, int32_t *pgid)
{
	int err = 0;

	spin_lock(&ps_tree_lock);
	if (!by_master && own_tty() != t)
		err = -ENOTTY;
	*pgid = (int32_t)t->group;
	spin_unlock(&ps_tree_lock);
	return err;
}

int tty_get_session(struct tty *t, bool by_master, int32_t *sid)
{
	int err = 0;

	spin_lock(&ps_tree_lock);
	if ((!by_master && own_tty() != t) || !t->session)
		err = -ENOTTY;
	else
		*sid = (int32_t)t->session->sid;
	spin_unlock(&ps_tree_lock);
	return err;
}

int tty_set_group(struct tty *t, int32_t pgid)
{
	uint32_t sid = 0;
	bool is_mine;
	int err;

	err = tty_check_foreground(t, SIGTTOU);
	if (err)
		return err == -EIO ? -ENOTTY : err;
	spin_lock(&ps_tree_lock);
	is_mine = own_tty() == t && t->session == ps_current()->group->session;
	if (is_mine)
		sid = t->session->sid;
	spin_unlock(&ps_tree_lock);
	if (!is_mine)
		return -ENOTTY;
	if (pgid < 0)
		return -EINVAL;
	if (!ps_group_in_session((uint32_t)pgid, sid))
		return ps_group_exists((uint32_t)pgid) ? -EPERM : -ESRCH;
	spin_lock(&ps_tree_lock);
	if (t->session && t->session->sid == sid)
		t->group = (uint32_t)pgid;
	spin_unlock(&ps_tree_lock);
	return 0;
}

/* ---- the end ---- */

static void signal_leader(uint32_t sid)
{
	struct process *leader = ps_find(sid);

	if (!leader)
		return;
	signal_send_process(leader, SIGHUP, NULL);
	signal_send_process(leader, SIGCONT, NULL);
	ps_put(leader);
}

void tty_hang_up_session(struct tty *t)
{
	uint32_t sid = 0;

	spin_lock(&ps_tree_lock);
	if (t->session) {
		sid = t->session->sid;
		t->session->hung_up_group = t->group;
	}
	part(t);
	spin_unlock(&ps_tree_lock);
	if (!sid)
		return;
	signal_leader(sid);
	tty_put(t);
}

int tty_leave(struct tty *t)
{
	uint32_t pgid = 0, sid = 0;
	int err = 0;

	spin_lock(&ps_tree_lock);
	if (own_tty() != t) {
		err = -ENOTTY;
	} else if (is_session_leader()) {
		pgid = t->group;
		sid = t->session->sid;
		part(t);
	} else {
		ps_current()->has_left_tty = true;
	}
	spin_unlock(&ps_tree_lock);
	if (!sid)
		return err;
	signal_group_of(pgid, sid, SIGHUP);
	signal_group_of(pgid, sid, SIGCONT);
	tty_put(t);
	return 0;
}

/* The leader of @s ends. A pty goes on without a session; a line to the host is hung up. */
static void session_ended(struct ps_session *s)
{
	uint32_t pgid, sid = s->sid;
	struct tty *t;

	spin_lock(&ps_tree_lock);
	t = s->tty;
	pgid = t ? t->group : s->hung_up_group;
	if (t)
		part(t);
	spin_unlock(&ps_tree_lock);
	signal_group_of(pgid, sid, SIGHUP);
	if (!t) {
		signal_group_of(pgid, sid, SIGCONT);
		return;
	}
	if (device_major(t->rdev) != MAJOR_PTS)
		tty_hang_up(t);
	tty_put(t);
}

void tty_vhangup(void)
{
	struct tty *t = tty_controlling();

	if (!t)
		return;
	tty_hang_up(t);
	tty_put(t);
}

/* With ps_tree_lock. */
static void describe(void *tty, struct proc_stat *out)
{
	const struct tty *t = tty;

	out->tty = t->rdev;
	out->tpgid = (int32_t)t->group;
}

static void put(void *tty)
{
	tty_put(tty);
}

void tty_session_init(void)
{
	ps_upper_ops.tty_put = put;
	ps_upper_ops.session_ended = session_ended;
	ps_upper_ops.tty_describe = describe;
}
