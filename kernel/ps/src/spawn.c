/* kernel/ps/src/spawn.c: processes that are not forked: rootd, services, initd. */
#include <ipc/endpoint.h>

#include "internal.h"

#define INFINITY_LIMIT (~0ull)
#define SERVICE_STACK_BYTES (8ull << 20)
#define SERVICE_HANDLES 4096
#define SERVICE_LOCKED_BYTES (8ull << 20)
#define MMAP_MIN_ADDR 65536
#define ALL_CAPABILITIES ((1ull << 41) - 1)	/* Linux 6.1: CAP_LAST_CAP is 40 */
#define STRINGS_LIMIT (64ull << 10)

/* In force until syscalld has granted one; a service's for good (DECISIONS 18). */
static void first_envelope(struct envelope *e)
{
	*e = (struct envelope){ .mmap_min_addr = MMAP_MIN_ADDR };
	for (int i = 0; i < ENVELOPE_NLIMITS; i++)
		e->limits[i].cur = e->limits[i].max = INFINITY_LIMIT;
	e->limits[LIMIT_STACK].cur = SERVICE_STACK_BYTES;
	e->limits[LIMIT_NOFILE].cur = e->limits[LIMIT_NOFILE].max = SERVICE_HANDLES;
	e->limits[LIMIT_MEMLOCK].cur = e->limits[LIMIT_MEMLOCK].max = SERVICE_LOCKED_BYTES;
	e->limits[LIMIT_SIGPENDING].cur = e->limits[LIMIT_SIGPENDING].max = SERVICE_HANDLES;
}

int envelope_ensure(struct process *p)
{
	struct ipc_kernel_call call = { .words = { SYSCALLD_ENVELOPE } };
	struct envelope e;
	int err;

	if (p->has_envelope)
		return 0;
	call.reply_data = &e;
	call.reply_cap = sizeof(e);
	err = ipc_call_service(SERVICE_SYSCALLD, &call);
	if (!err)
		err = (int)(int64_t)call.words[0];
	if (!err && call.reply_len != sizeof(e))
		err = -EIO;
	if (err)
		return err;
	spin_lock(&p->lock);
	p->envelope = e;
	p->has_envelope = true;
	process_apply_limits(p);
	spin_unlock(&p->lock);
	return 0;
}

static void set_identity(struct process *p, const struct proc_spawn *spec)
{
	memcpy(p->name, spec->name, sizeof(p->name) - 1);
	p->capabilities = spec->capabilities;
	memcpy(p->service_ids, spec->service_ids, sizeof(p->service_ids));
	p->rank = spec->rank;
	p->is_hidden = spec->capabilities & CAP_ROOT;
	p->is_service = p->is_hidden || spec->service_ids[0];
	p->is_supervised = !p->is_hidden;
	p->has_envelope = p->is_service;
	p->credentials = (struct credentials){
		.cap_effective = ALL_CAPABILITIES,
		.cap_permitted = ALL_CAPABILITIES,
		.cap_bounding = ALL_CAPABILITIES,
	};
	first_envelope(&p->envelope);
	ktimer_init(&p->alarm_timer, NULL, NULL);
}

/* Append the strings of [*pos, end) up to an empty one. */
static int parse_strings(const char *text, size_t len, size_t *pos, struct ps_strings *out)
{
	int err;

	while (*pos < len && text[*pos]) {
		size_t n = strnlen(text + *pos, len - *pos);

		if (n == len - *pos)
			return -EINVAL;
		err = ps_strings_add(out, text + *pos);
		if (err)
			return err;
		*pos += n + 1;
	}
	++*pos;
	return 0;
}

static int build_program(struct process *p, struct mm_object *image, const struct image_layout *layout,
	const char *text, size_t len, struct trap_frame *frame)
{
	const struct ps_image program = { .object = image, .layout = layout }, no_interpreter = { 0 };
	struct ps_strings argv, envp;
	struct stack_request rq = {
		.argv = &argv, .envp = &envp, .path = p->name, .layout = layout, .credentials = &p->credentials,
	};
	uint64_t rsp;
	size_t pos = 0;
	int err;

	ps_strings_init(&argv, STRINGS_LIMIT);
	ps_strings_init(&envp, STRINGS_LIMIT);
	err = parse_strings(text, len, &pos, &argv);
	if (!err)
		err = parse_strings(text, len, &pos, &envp);
	if (!err && !argv.count)
		err = ps_strings_add(&argv, p->name);
	if (!err)
		err = image_map(p->space, &program, &no_interpreter, false, &rq.placement);
	if (!err)
		err = stack_build(p->space, &rq, &rsp);
	if (!err)
		ps_frame_init_user(frame, rq.placement.start, rsp);
	ps_strings_free(&argv);
	ps_strings_free(&envp);
	return err;
}

static int make_parts(struct process *p)
{
	int err;

	p->actions = sigactions_create();
	if (!p->actions)
		return -ENOMEM;
	err = handle_table_create(&p->handles);
	if (!err && !p->is_service && ps_upper_ops.fs_create)
		err = ps_upper_ops.fs_create(&p->fs);
	if (!err)
		err = mm_space_create(&p->space);
	if (!err)
		process_apply_limits(p);
	return err;
}

static void drop_parts(struct process *p)
{
	if (p->space)
		mm_space_put(p->space);
	if (p->fs)
		ps_upper_ops.fs_put(p->fs);
	if (p->handles)
		handle_table_put(p->handles, p);
	p->space = NULL;
	p->fs = NULL;
	p->handles = NULL;
}

static int link_into_tree(struct process *p, struct ps_thread *t)
{
	int err;

	spin_lock(&ps_tree_lock);
	process_link(p, NULL);
	err = group_create_session(p);
	if (err)
		process_unlink(p);
	else
		ps_thread_attach(t, p, p->pid_node);
	spin_unlock(&ps_tree_lock);
	return err;
}

int ps_spawn_service(const struct proc_spawn *spec, struct mm_object *image, const struct image_layout *layout,
	const char *argv_env, size_t argv_env_len, struct process **out)
{
	struct process *p = process_alloc();
	struct ps_pid *pid;
	struct trap_frame frame;
	struct ps_thread *t;
	int err;

	if (!p)
		return -ENOMEM;
	set_identity(p, spec);
	err = make_parts(p);
	if (!err)
		err = build_program(p, image, layout, argv_env, argv_env_len, &frame);
	if (err)
		goto drop;
	err = -EAGAIN;
	pid = pid_alloc(spec->pid);
	if (!pid)
		goto drop;
	p->pid_node = pid;
	p->pid = pid->nr;
	err = -ENOMEM;
	t = ps_thread_alloc(p, p->name, &frame);
	if (!t)
		goto put_pid;
	object_get(&p->object);
	err = link_into_tree(p, t);
	if (err) {
		ps_put(p);
		ps_thread_free_unused(t);
		goto drop;	/* unlinking gave the number back */
	}
	*out = p;
	return 0;

put_pid:
	spin_lock(&ps_tree_lock);
	pid_unuse(pid);
	spin_unlock(&ps_tree_lock);
drop:
	drop_parts(p);
	ps_put(p);
	return err;
}
