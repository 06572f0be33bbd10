/* kernel/compat/src/linux/native_process.c: what rootd and services do with processes and their state. */
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#include "native.h"

#define ARGV_ENV_MAX (64u << 10)

static int64_t spawn(struct proc_spawn *spec, struct mm_object *image)
{
	struct image_layout *layout = kmalloc(sizeof(*layout), 0);
	struct process *p;
	char *strings = NULL;
	int64_t ret = -ENOMEM;

	if (!layout)
		return ret;
	if (copy_from_user(layout, user_ptr(spec->layout), sizeof(*layout)))
		goto fault;
	if (spec->argv_env_len) {
		strings = kmalloc(spec->argv_env_len, 0);
		if (!strings)
			goto out;
		if (copy_from_user(strings, user_ptr(spec->argv_env), spec->argv_env_len))
			goto fault;
	}
	ret = ps_spawn_service(spec, image, layout, strings, spec->argv_env_len, &p);
	if (ret)
		goto out;
	ret = p->pid;
	ps_start(p);
	ps_put(p);
	goto out;

fault:
	ret = -EFAULT;
out:
	kfree(strings);
	kfree(layout);
	return ret;
}

int64_t native_PROC_SPAWN_BROKER(const uint64_t a[4])
{
	struct proc_spawn spec;
	struct mm_object *image;
	struct object *obj;
	int64_t ret;

	if (copy_from_user(&spec, user_ptr(a[0]), sizeof(spec)))
		return -EFAULT;
	spec.name[sizeof(spec.name) - 1] = '\0';
	if (spec.argv_env_len > ARGV_ENV_MAX || (spec.capabilities & CAP_ROOT))
		return -EINVAL;
	ret = native_lookup_memory(spec.image, &obj, &image);
	if (ret)
		return ret;
	ret = spawn(&spec, image);
	object_put(obj);
	return ret;
}

int64_t native_PROC_WAIT_BROKER(const uint64_t a[4])
{
	struct proc_exit end;
	int err = ps_wait_service(&end);

	return err ? err : copy_to_user(user_ptr(a[0]), &end, sizeof(end));
}

/* ---- state that outlives a service's process (DECISIONS 15) ---- */

struct service_state {
	struct mm_object *object;	/* made at the first use, never freed */
	struct process *user;		/* who has it mapped; only compared, and with the start, */
	uint64_t user_start_ns;		/* for a successor may get its predecessor's memory */
	uint64_t address;
};
static struct service_state states[SERVICE_ID_MAX];

static int grow(struct service_state *s, uint64_t bytes)
{
	if (!s->object)
		return mm_object_create(bytes, 0, &s->object);
	if (bytes > s->object->size_bytes)
		mm_object_truncate(s->object, bytes);
	return 0;
}

static int64_t map_state(struct service_state *s, struct process *p)
{
	struct mm_map_request rq = {
		.bytes = STATE_MAX_BYTES,
		.prot = MM_READ | MM_WRITE,
		.max_prot = MM_READ | MM_WRITE,
		.area_flags = MM_AREA_SHARED | MM_AREA_NORESERVE,
		.object = s->object,
	};
	int64_t address;

	if (s->user == p && s->user_start_ns == p->start_ns)
		return (int64_t)s->address;
	address = mm_map(p->space, &rq);
	if (address < 0)
		return address;
	s->user = p;
	s->user_start_ns = p->start_ns;
	s->address = (uint64_t)address;
	return address;
}

/* One process serves an id at a time, and calls this before its threads start: no lock. */
int64_t native_STATE_BROKER(const uint64_t a[4])
{
	struct process *p = ps_current();
	uint32_t id = p->service_ids[0];
	struct service_state *s;
	uint64_t bytes = ALIGN_UP(MAX(a[1], 1ull), PAGE_SIZE);
	int err;

	if (!id || id >= SERVICE_ID_MAX)
		return native_refuse(SYS_NUCLEUS_STATE_BROKER, "STATE_BROKER");
	s = &states[id];
	switch (a[0]) {
	case STATE_OP_SIZE:
		return s->object ? (int64_t)s->object->size_bytes : 0;
	case STATE_OP_MAP:
		if (a[1] > STATE_MAX_BYTES)
			return -ENOMEM;
		err = grow(s, bytes);
		return err ? err : map_state(s, p);
	default:
		return -EINVAL;
	}
}
