/* Decisions about drivers. */
#include <errno.h>
#include <string.h>

#include "plan.h"

static struct driver *find(struct plan *plan, struct registry_text name)
{
	for (unsigned int i = 0; i < plan->ndrivers; i++)
		if (registry_text_is(name, plan->drivers[i].name))
			return &plan->drivers[i];
	return NULL;
}

/* ---- the registry ---- */

static int take_text(const struct registry_record *record, const char *key, char *buf, size_t size)
{
	struct registry_text text;

	if (!registry_field(record, key, &text))
		return -EINVAL;
	return registry_text_copy(text, buf, size);
}

static int take_when(const struct registry_record *record, enum driver_when *when)
{
	static const char *const names[] = { "boot", "vfs-ready", "demand" };
	struct registry_text text;

	if (!registry_field(record, "when", &text))
		return -EINVAL;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (registry_text_is(text, names[i])) {
			*when = (enum driver_when)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int take_driver(const struct registry_record *record, struct driver *d)
{
	memset(d, 0, sizeof(*d));
	if (take_text(record, "name", d->name, sizeof(d->name)) || !d->name[0] ||
	    take_text(record, "path", d->path, sizeof(d->path)) ||
	    take_text(record, "provider_group", d->provider_group, sizeof(d->provider_group)) ||
	    take_when(record, &d->when))
		return -EINVAL;
	registry_field(record, "aliases", &d->aliases);
	registry_field(record, "deps", &d->deps);
	registry_field(record, "softdeps", &d->softdeps);
	return 0;
}

void plan_open(struct plan *plan, const struct plan_ops *ops, const char *text, size_t len)
{
	struct registry_reader reader;
	struct registry_record record;
	int more;

	memset(plan, 0, sizeof(*plan));
	plan->ops = ops;
	registry_open(&reader, text, len);
	while ((more = registry_next(&reader, &record))) {
		struct driver *d = &plan->drivers[plan->ndrivers];

		if (plan->ndrivers == PLAN_MAX_DRIVERS) {
			ops->log("the registry lists more than %u drivers", PLAN_MAX_DRIVERS);
			return;
		}
		if (more < 0 || take_driver(&record, d))
			ops->log("line %u of the registry is damaged", reader.line);
		else
			plan->ndrivers++;
	}
}

/* ---- one driver ---- */

static int skip(struct plan *plan, struct driver *d, int error, const char *reason)
{
	if (d->state != DRIVER_SKIPPED || d->error != error)
		plan->ops->log("skipped name=%s reason=%s", d->name, reason);
	d->state = DRIVER_SKIPPED;
	d->error = error;
	return error;
}

static bool has_device(const struct plan *plan, const struct driver *d)
{
	struct registry_text list = d->aliases, alias;

	while (registry_list_next(&list, &alias))
		if (plan->ops->probe_alias(alias.start, alias.len) > 0)
			return true;
	return false;
}

static bool is_group_taken(const struct plan *plan, const struct driver *d)
{
	size_t len = strlen(d->provider_group);

	return len && plan->ops->provider_active(d->provider_group, len) > 0;
}

static struct driver_load request_for(const struct driver *d, uint32_t flags)
{
	struct driver_load request = { .flags = flags };

	memcpy(request.name, d->name, sizeof(request.name));
	memcpy(request.path, d->path, sizeof(request.path));
	memcpy(request.provider_group, d->provider_group, sizeof(request.provider_group));
	return request;
}

static bool is_loaded(const struct plan *plan, const struct driver *d)
{
	struct driver_load request = request_for(d, DRIVER_LOAD_ASK);

	return !plan->ops->load(&request);
}

static const char *reason_of(int error)
{
	switch (error) {
	case -ENODEV:
		return "no-device";
	case -ENOENT:
		return "not-listed";
	case -EBADMSG:
		return "wrong-sum";
	case -ENOEXEC:
	case -E2BIG:
		return "bad-module";
	case -ENOMEM:
		return "no-memory";
	}
	return "init-failed";
}

static int load(struct plan *plan, struct driver *d)
{
	struct driver_load request = request_for(d, 0);
	int err = plan->ops->load(&request);

	if (err && err != -EEXIST)
		return skip(plan, d, err, reason_of(err));
	plan->ops->log("loaded name=%s", d->name);
	d->state = DRIVER_LOADED;
	return 0;
}

static int decide(struct plan *plan, struct driver *d, unsigned int depth, bool needs_device);

/* Load what @list names. Returns: 0, or the error of the first that could not be. */
static int load_list(struct plan *plan, struct registry_text list, unsigned int depth)
{
	struct registry_text name;
	int first = 0;

	while (registry_list_next(&list, &name)) {
		struct driver *d = find(plan, name);
		int err = d ? decide(plan, d, depth + 1, false) : -ENOENT;

		if (err && !first)
			first = err;
	}
	return first;
}

/* A driver that another one needs is loaded without a device of its own. */
static int decide(struct plan *plan, struct driver *d, unsigned int depth, bool needs_device)
{
	if (d->state == DRIVER_LOADED)
		return 0;
	if (d->state == DRIVER_DECIDING || depth > PLAN_MAX_DEPTH)
		return -ELOOP;
	if (is_loaded(plan, d)) {
		d->state = DRIVER_LOADED;
		return 0;
	}
	if (needs_device && !has_device(plan, d))
		return skip(plan, d, -ENODEV, "no-device");
	if (is_group_taken(plan, d))
		return skip(plan, d, -EBUSY, "provider-active");
	d->state = DRIVER_DECIDING;
	load_list(plan, d->softdeps, depth);
	if (load_list(plan, d->deps, depth))
		return skip(plan, d, -ENOENT, "dependency");
	return load(plan, d);
}

unsigned int plan_run(struct plan *plan, enum driver_when when)
{
	unsigned int before = 0, after = 0;

	for (unsigned int i = 0; i < plan->ndrivers; i++)
		before += plan->drivers[i].state == DRIVER_LOADED;
	for (unsigned int i = 0; i < plan->ndrivers; i++)
		if (plan->drivers[i].when == when)
			decide(plan, &plan->drivers[i], 0, true);
	for (unsigned int i = 0; i < plan->ndrivers; i++)
		after += plan->drivers[i].state == DRIVER_LOADED;
	return after - before;
}

int plan_load(struct plan *plan, const char *name)
{
	struct driver *d = find(plan, (struct registry_text){ name, strlen(name) });

	return d ? decide(plan, d, 0, true) : -ENOENT;
}
