/* kernel/ps/src/group.c: process groups and sessions (POSIX.1-2017, 3.296 and 3.343).
 *
 * A group lives while it has members, zombies included; a session while it has
 * groups. Both hold their number. ps_tree_lock guards all.
 */
#include "internal.h"

HEAP_CACHE(group_cache, "group", sizeof(struct ps_group));
HEAP_CACHE(session_cache, "session", sizeof(struct ps_session));

static void session_put(struct ps_session *s)
{
	struct ps_pid *pid;

	if (!refcount_put(&s->refs))
		return;
	pid = pid_lookup(s->sid);
	pid->session = NULL;
	pid_unuse(pid);
	heap_cache_free(&session_cache, s);
}

static void group_free(struct ps_group *g)
{
	struct ps_pid *pid = pid_lookup(g->pgid);

	pid->group = NULL;
	pid_unuse(pid);
	session_put(g->session);
	heap_cache_free(&group_cache, g);
}

void group_join(struct process *p, struct ps_group *g)
{
	p->group = g;
	list_add_tail(&p->group_node, &g->members);
	g->session->nprocesses++;
}

void group_leave(struct process *p)
{
	struct ps_group *g = p->group;

	if (!g)
		return;
	p->group = NULL;
	list_del(&p->group_node);
	g->session->nprocesses--;
	if (list_is_empty(&g->members))
		group_free(g);
}

static void group_init(struct ps_group *g, struct ps_session *s, struct ps_pid *pid)
{
	g->pgid = pid->nr;
	g->session = s;
	list_init(&g->members);
	list_init(&g->all_node);
	pid->group = g;
	pid_use(pid);
}

int group_create_session(struct process *p)
{
	struct ps_session *s = heap_cache_alloc(&session_cache, HEAP_ATOMIC);
	struct ps_group *g = heap_cache_alloc(&group_cache, HEAP_ATOMIC);

	if (!s || !g) {
		if (s)
			heap_cache_free(&session_cache, s);
		if (g)
			heap_cache_free(&group_cache, g);
		return -ENOMEM;
	}
	refcount_set(&s->refs, 1);	/* the group's */
	s->sid = p->pid;
	p->pid_node->session = s;
	pid_use(p->pid_node);
	group_init(g, s, p->pid_node);
	group_leave(p);
	group_join(p, g);
	return 0;
}

bool group_would_be_orphaned(struct ps_group *g, const struct process *ignored)
{
	struct process *p;

	LIST_FOR_EACH_ENTRY(p, &g->members, group_node) {
		const struct process *parent = p->parent;

		if (p == ignored || p->state != PROCESS_ALIVE || !parent || parent == process_init)
			continue;
		if (parent->group != g && parent->group && parent->group->session == g->session)
			return false;
	}
	return true;
}

static bool has_stopped_member(struct ps_group *g)
{
	struct process *p;

	LIST_FOR_EACH_ENTRY(p, &g->members, group_node) {
		if (READ_ONCE(p->stop_signal))
			return true;
	}
	return false;
}

void group_check_orphaned(struct ps_group *g, struct process *leaving)
{
	struct process *p;

	if (!g || !group_would_be_orphaned(g, leaving) || !has_stopped_member(g))
		return;
	LIST_FOR_EACH_ENTRY(p, &g->members, group_node) {
		signal_send_process(p, SIGHUP, NULL);
		signal_send_process(p, SIGCONT, NULL);
	}
}

static struct process *find_in_tree(uint32_t pid)
{
	struct ps_pid *node = pid_lookup(pid);

	return node && node->process && !node->process->is_hidden ? node->process : NULL;
}

static struct process *find_or_current(uint32_t pid)
{
	return pid ? find_in_tree(pid) : ps_current();
}

/* Whether setpgid(2) may move @p. */
static int may_set_group(struct process *p)
{
	struct process *me = ps_current();

	if (!p)
		return -ESRCH;
	if (p != me) {
		if (p->parent != me)
			return -ESRCH;
		if (p->group->session != me->group->session)
			return -EPERM;
		if (p->has_execed)
			return -EACCES;
	}
	return p->group->session->sid == p->pid ? -EPERM : 0;
}

static int set_group_locked(uint32_t pid, uint32_t pgid, struct ps_group **spare)
{
	struct process *p = find_or_current(pid);
	struct ps_pid *node;
	struct ps_group *g;
	int err = may_set_group(p);

	if (err)
		return err;
	if (!pgid)
		pgid = p->pid;
	node = pid_lookup(pgid);
	g = node ? node->group : NULL;
	if (!g && pgid != p->pid)
		return -EPERM;
	if (g && g->session != p->group->session)
		return -EPERM;
	if (!g) {
		g = *spare;
		*spare = NULL;
		refcount_get(&p->group->session->refs);
		group_init(g, p->group->session, p->pid_node);
	}
	if (g != p->group) {
		group_leave(p);
		group_join(p, g);
	}
	return 0;
}

int ps_set_group(uint32_t pid, uint32_t pgid)
{
	struct ps_group *spare;
	int err;

	if ((int32_t)pgid < 0)
		return -EINVAL;
	spare = heap_cache_alloc(&group_cache, 0);
	if (!spare)
		return -ENOMEM;
	spin_lock(&ps_tree_lock);
	err = set_group_locked(pid, pgid, &spare);
	spin_unlock(&ps_tree_lock);
	if (spare)
		heap_cache_free(&group_cache, spare);
	return err;
}

/* The number of @pid's session, or group; -ESRCH. */
static int64_t number_of(uint32_t pid, bool session)
{
	struct process *p;
	int64_t ret = -ESRCH;

	spin_lock(&ps_tree_lock);
	p = find_or_current(pid);
	if (p && p->group)
		ret = session ? p->group->session->sid : p->group->pgid;
	spin_unlock(&ps_tree_lock);
	return ret;
}

int64_t ps_get_group(uint32_t pid)
{
	return number_of(pid, false);
}

int64_t ps_get_session(uint32_t pid)
{
	return number_of(pid, true);
}

int64_t ps_new_session(void)
{
	struct process *p = ps_current();
	int64_t ret = -EPERM;

	spin_lock(&ps_tree_lock);
	/* Not for who leads a group: others may be in it (man 2 setsid). */
	if (!p->pid_node->group && !p->pid_node->session)
		ret = group_create_session(p);
	if (!ret)
		p->has_left_tty = false;
	spin_unlock(&ps_tree_lock);
	return ret ? ret : p->pid;
}

bool ps_group_is_orphaned(uint32_t pgid)
{
	struct ps_pid *node;
	bool ret = true;

	spin_lock(&ps_tree_lock);
	node = pid_lookup(pgid);
	if (node && node->group)
		ret = group_would_be_orphaned(node->group, NULL);
	spin_unlock(&ps_tree_lock);
	return ret;
}

bool ps_group_in_session(uint32_t pgid, uint32_t sid)
{
	struct ps_pid *node;
	bool ret;

	spin_lock(&ps_tree_lock);
	node = pid_lookup(pgid);
	ret = node && node->group && node->group->session->sid == sid;
	spin_unlock(&ps_tree_lock);
	return ret;
}

bool ps_group_exists(uint32_t pgid)
{
	struct ps_pid *node;
	bool ret;

	spin_lock(&ps_tree_lock);
	node = pid_lookup(pgid);
	ret = node && node->group;
	spin_unlock(&ps_tree_lock);
	return ret;
}
