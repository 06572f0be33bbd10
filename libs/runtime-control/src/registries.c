#define _GNU_SOURCE	/* O_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <registry/registry.h>
#include <runtime-control/registries.h>

#define DESKTOP_SUFFIX ".desktop"

typedef int take_fn(const struct registry_record *record, void *item, char **space);

/* ---- fields ---- */

/* Copy @text to *@space, which is as large as all of the registry's text and a NUL for each field. */
static char *keep(struct registry_text text, char **space)
{
	char *kept = *space;

	memcpy(kept, text.start, text.len);
	kept[text.len] = '\0';
	*space += text.len + 1;
	return kept;
}

static int take_words(const struct registry_record *record, const char *key, struct runtime_words *words, char **space)
{
	struct registry_text list, item;

	if (!registry_field(record, key, &list))
		return 0;
	while (registry_list_next(&list, &item)) {
		if (words->n == RUNTIME_WORDS_MAX)
			return -E2BIG;
		words->word[words->n++] = keep(item, space);
	}
	return 0;
}

static int take_text(const struct registry_record *record, const char *key, char *buf, size_t size)
{
	struct registry_text text;

	if (!registry_field(record, key, &text) || !text.len)
		return -EINVAL;
	return registry_text_copy(text, buf, size);
}

/* The index of the field's value among @names; @absent without the field; -EINVAL. */
static int take_choice(const struct registry_record *record, const char *key, const char *const *names, int count,
		       int absent)
{
	struct registry_text text;

	if (!registry_field(record, key, &text))
		return absent;
	for (int i = 0; i < count; i++)
		if (registry_text_is(text, names[i]))
			return i;
	return -EINVAL;
}

static int take_u32(const struct registry_record *record, const char *key, uint32_t *value, uint32_t absent)
{
	uint64_t number;
	int err = registry_field_u64(record, key, &number);

	*value = absent;
	if (err)
		return err == -ENOENT ? 0 : err;
	if (number > UINT32_MAX)
		return -ERANGE;
	*value = (uint32_t)number;
	return 0;
}

static int take_flag(const struct registry_record *record, const char *key, bool *value)
{
	int err = registry_field_bool(record, key, value);

	if (err == -ENOENT)
		*value = false;
	return err == -ENOENT ? 0 : err;
}

static bool are_variables(const struct runtime_words *words)
{
	for (unsigned int i = 0; i < words->n; i++)
		if (*words->word[i] == '=' || !strchr(words->word[i], '='))
			return false;
	return true;
}

/* ---- records ---- */

static int take_policy(const struct registry_record *record, struct runtime_startup_program *program)
{
	static const char *const startups[] = { "init", "session", "desktop" };
	static const char *const starters[] = { "rootd", "initd", "runtimed" };
	static const char *const restarts[] = { "never", "on-failure", "always" };
	static const char *const readinesses[] = { "started", "notify" };
	int startup = take_choice(record, "startup", startups, 3, -EINVAL);
	int starter = take_choice(record, "started_by", starters, 3, RUNTIME_BY_RUNTIMED);
	int restart = take_choice(record, "restart", restarts, 3, RUNTIME_RESTART_ON_FAILURE);
	int ready = take_choice(record, "ready", readinesses, 2, RUNTIME_READY_STARTED);

	if (startup < 0 || starter < 0 || restart < 0 || ready < 0)
		return -EINVAL;
	program->startup = (enum runtime_startup)startup;
	program->started_by = (enum runtime_starter)starter;
	program->restart = (enum runtime_restart)restart;
	program->ready = (enum runtime_readiness)ready;
	return 0;
}

static int take_startup(const struct registry_record *record, void *item, char **space)
{
	struct runtime_startup_program *program = item;

	if (take_text(record, "id", program->id, sizeof(program->id)) ||
	    take_text(record, "exec", program->exec, sizeof(program->exec)) || *program->exec != '/' ||
	    take_policy(record, program) ||
	    take_u32(record, "limit", &program->limit, 5) || take_u32(record, "window_seconds", &program->window_seconds, 60) ||
	    take_u32(record, "ready_seconds", &program->ready_seconds, 30) ||
	    take_u32(record, "stop_seconds", &program->stop_seconds, 5) ||
	    take_words(record, "runtime_deps", &program->deps, space) || take_words(record, "args", &program->args, space) ||
	    take_words(record, "env", &program->env, space))
		return -EINVAL;
	return are_variables(&program->env) ? 0 : -EINVAL;
}

static int take_launch(const struct registry_record *record, void *item, char **space)
{
	struct runtime_launch_program *program = item;

	if (take_text(record, "id", program->id, sizeof(program->id)) ||
	    take_text(record, "display_name", program->display_name, sizeof(program->display_name)) ||
	    take_text(record, "exec", program->exec, sizeof(program->exec)) || *program->exec != '/' ||
	    take_u32(record, "weight_micros", &program->weight_micros, 100) ||
	    take_flag(record, "logical_admin", &program->logical_admin) ||
	    take_flag(record, "console_hosted", &program->console_hosted) ||
	    take_words(record, "args", &program->args, space) || take_words(record, "env", &program->env, space))
		return -EINVAL;
	return are_variables(&program->env) ? 0 : -EINVAL;
}

static int take_variable(const struct registry_record *record, void *item, char **space)
{
	static const char *const scopes[] = { "init", "runtime" };
	struct runtime_variable *variable = item;
	struct registry_text key, value;
	int scope = take_choice(record, "scope", scopes, 2, -EINVAL);

	if (scope < 0 || !registry_field(record, "key", &key) || !key.len || memchr(key.start, '=', key.len) ||
	    !registry_field(record, "value", &value))
		return -EINVAL;
	variable->is_for_init = scope == 0;
	variable->text = keep(key, space);
	(*space)[-1] = '=';
	keep(value, space);
	return 0;
}

/* ---- files ---- */

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static void skip_line(struct runtime_registry *registry, unsigned int line)
{
	if (!registry->nskipped++)
		registry->first_skipped = line;
}

static int parse(const char *text, size_t len, struct runtime_registry *registry, size_t item_bytes, take_fn *take)
{
	struct registry_reader reader;
	struct registry_record record;
	char *items, *space;
	int result;

	memset(registry, 0, sizeof(*registry));
	if (len > RUNTIME_REGISTRY_MAX_BYTES)
		return -EFBIG;
	/* Every word is a part of the text with one separator behind it, or its last. */
	registry->text = malloc(len + 1);
	items = calloc(count_lines(text, len), item_bytes);
	if (!registry->text || !items) {
		free(registry->text);
		free(items);
		registry->text = NULL;
		return -ENOMEM;
	}
	registry->startup = (void *)items;

	space = registry->text;
	registry_open(&reader, text, len);
	while ((result = registry_next(&reader, &record)) != 0) {
		char *item = items + registry->n * item_bytes;

		if (result > 0 && !take(&record, item, &space)) {
			registry->n++;
			continue;
		}
		memset(item, 0, item_bytes);
		skip_line(registry, reader.line);
	}
	return 0;
}

int runtime_startup_parse(const char *text, size_t len, struct runtime_registry *registry)
{
	return parse(text, len, registry, sizeof(*registry->startup), take_startup);
}

int runtime_launch_parse(const char *text, size_t len, struct runtime_registry *registry)
{
	return parse(text, len, registry, sizeof(*registry->launch), take_launch);
}

int runtime_env_parse(const char *text, size_t len, struct runtime_registry *registry)
{
	return parse(text, len, registry, sizeof(*registry->variables), take_variable);
}

/* Returns: the bytes read, at most one more than a registry may have; negative errno. */
static ssize_t read_all(int fd, char *buf)
{
	size_t len = 0;
	ssize_t got;

	while (len <= RUNTIME_REGISTRY_MAX_BYTES) {
		got = read(fd, buf + len, RUNTIME_REGISTRY_MAX_BYTES + 1 - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

int runtime_registry_load(const char *path, int (*parse_text)(const char *, size_t, struct runtime_registry *),
			  struct runtime_registry *registry)
{
	char *text;
	ssize_t len;
	int fd, err;

	memset(registry, 0, sizeof(*registry));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	text = malloc(RUNTIME_REGISTRY_MAX_BYTES + 1);
	len = text ? read_all(fd, text) : -ENOMEM;
	err = len < 0 ? (int)len : parse_text(text, (size_t)len, registry);
	free(text);
	close(fd);
	return err;
}

void runtime_registry_free(struct runtime_registry *registry)
{
	free(registry->text);
	free(registry->startup);
	memset(registry, 0, sizeof(*registry));
}

const struct runtime_launch_program *runtime_launch_find(const struct runtime_registry *registry, const char *id)
{
	size_t len = strlen(id), suffix = sizeof(DESKTOP_SUFFIX) - 1;

	if (len > suffix && !strcmp(id + len - suffix, DESKTOP_SUFFIX))
		len -= suffix;
	for (size_t i = 0; i < registry->n; i++)
		if (strlen(registry->launch[i].id) == len && !memcmp(registry->launch[i].id, id, len))
			return &registry->launch[i];
	return NULL;
}
