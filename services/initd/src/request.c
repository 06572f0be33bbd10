/* Parsing of the exec request. Each key has one function; `seen` refuses the second of a
 * key that may not repeat. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <albireo/exec_request.h>

#include "request.h"

#define NSEC_PER_SEC 1000000000ull
#define TIME_MAX_SEC 9000000000ull	/* nanoseconds must fit 64 bits with room to count on */

static int refuse(struct exec_request *request, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int refuse(struct exec_request *request, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(request->why, sizeof(request->why), fmt, args);
	va_end(args);
	return -EINVAL;
}

/* Decimal digits or octal ones, nothing else, up to @end.
 * Returns: 0, and *@end at the first character behind them; -EINVAL. */
static int read_number(const char *text, unsigned int base, uint64_t max, uint64_t *out, const char **end)
{
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p < (char)('0' + base); p++) {
		if (value > max / base)
			return -EINVAL;
		value = value * base + (uint64_t)(*p - '0');
	}
	if (p == text || value > max)
		return -EINVAL;
	*out = value;
	*end = p;
	return 0;
}

static int parse_number(const char *text, unsigned int base, uint64_t max, uint64_t *out)
{
	const char *end;

	return read_number(text, base, max, out, &end) || *end ? -EINVAL : 0;
}

static int parse_id(const char *text, uint32_t *out)
{
	uint64_t value;

	if (parse_number(text, 10, UINT32_MAX - 1, &value))
		return -EINVAL;
	*out = (uint32_t)value;
	return 0;
}

static int parse_flag(const char *text, bool *out)
{
	if (strcmp(text, "0") && strcmp(text, "1"))
		return -EINVAL;
	*out = text[0] == '1';
	return 0;
}

static int parse_uid(struct exec_request *request, char *value)
{
	return parse_id(value, &request->uid);
}

static int parse_gid(struct exec_request *request, char *value)
{
	return parse_id(value, &request->gid);
}

static int parse_groups(struct exec_request *request, char *value)
{
	const char *p = value;
	uint64_t id;

	if (!*p)
		return 0;
	for (;;) {
		if (request->ngroups == REQUEST_MAX_GROUPS || read_number(p, 10, UINT32_MAX - 1, &id, &p))
			return -EINVAL;
		request->groups[request->ngroups++] = (uint32_t)id;
		if (!*p)
			return 0;
		if (*p++ != ',')
			return -EINVAL;
	}
}

static int parse_umask(struct exec_request *request, char *value)
{
	uint64_t bits;

	if (parse_number(value, 8, 0777, &bits))
		return -EINVAL;
	request->umask = (uint32_t)bits;
	return 0;
}

static int parse_time(struct exec_request *request, char *value)
{
	const char *point, *end;
	uint64_t sec, nsec;

	if (read_number(value, 10, TIME_MAX_SEC, &sec, &point) || *point != '.' ||
	    read_number(point + 1, 10, NSEC_PER_SEC - 1, &nsec, &end) || *end || end - point != 10)
		return -EINVAL;
	request->time_ns = sec * NSEC_PER_SEC + nsec;
	return 0;
}

static int parse_size(const char *value, uint16_t *out)
{
	uint64_t size;

	if (parse_number(value, 10, UINT16_MAX, &size))
		return -EINVAL;
	*out = (uint16_t)size;
	return 0;
}

static int parse_rows(struct exec_request *request, char *value)
{
	return parse_size(value, &request->rows);
}

static int parse_cols(struct exec_request *request, char *value)
{
	return parse_size(value, &request->cols);
}

static int parse_tty(struct exec_request *request, char *value)
{
	return parse_flag(value, &request->has_tty);
}

static int parse_strace(struct exec_request *request, char *value)
{
	return parse_flag(value, &request->has_strace);
}

static int parse_mode(struct exec_request *request, char *value)
{
	request->is_run = !strcmp(value, "run");
	return request->is_run || !strcmp(value, "exec") ? 0 : -EINVAL;
}

static int parse_home(struct exec_request *request, char *value)
{
	request->has_home_tmpfs = true;
	return strcmp(value, "tmpfs") ? -EINVAL : 0;
}

static int parse_cwd(struct exec_request *request, char *value)
{
	request->cwd = value;
	return value[0] == '/' ? 0 : -EINVAL;
}

/* The id becomes part of a file's name. */
static int parse_run_id(struct exec_request *request, char *value)
{
	request->id = value;
	return *value && strspn(value, "0123456789abcdefABCDEF") == strlen(value) ? 0 : -EINVAL;
}

static int parse_host(struct exec_request *request, char *value)
{
	request->host = value;
	return *value && strlen(value) <= REQUEST_MAX_HOST ? 0 : -EINVAL;
}

static int parse_mount(struct exec_request *request, char *value)
{
	struct request_mount *mount = &request->mounts[request->nmounts];
	char *access = strchr(value, ':');
	char *target = access ? strchr(access + 1, ':') : NULL;

	if (!target || access == value || target[1] != '/' || request->nmounts == REQUEST_MAX_MOUNTS)
		return -EINVAL;
	*access++ = '\0';
	*target++ = '\0';
	if (strcmp(access, "ro") && strcmp(access, "rw"))
		return -EINVAL;
	mount->tag = value;
	mount->target = target;
	mount->is_readonly = !strcmp(access, "ro");
	request->nmounts++;
	return 0;
}

static const struct request_key {
	const char *name;
	bool may_repeat;
	int (*parse)(struct exec_request *request, char *value);
} keys[] = {
	{ "cwd", false, parse_cwd },
	{ "id", false, parse_run_id },
	{ "uid", false, parse_uid },
	{ "gid", false, parse_gid },
	{ "groups", false, parse_groups },
	{ "umask", false, parse_umask },
	{ "time", false, parse_time },
	{ "host", false, parse_host },
	{ "tty", false, parse_tty },
	{ "rows", false, parse_rows },
	{ "cols", false, parse_cols },
	{ "mount", true, parse_mount },
	{ "mode", false, parse_mode },
	{ "strace", false, parse_strace },
	{ "home", false, parse_home },
};
#define NKEYS (sizeof(keys) / sizeof(keys[0]))

static int parse_pair(struct exec_request *request, char *pair, uint32_t *seen)
{
	char *value = strchr(pair, '=');

	if (!value)
		return refuse(request, "'%.40s' has no value", pair);
	for (size_t i = 0; i < NKEYS; i++) {
		if (strlen(keys[i].name) != (size_t)(value - pair) || memcmp(keys[i].name, pair, (size_t)(value - pair)))
			continue;
		if (*seen & 1u << i && !keys[i].may_repeat)
			return refuse(request, "%s is there twice", keys[i].name);
		*seen |= 1u << i;
		if (keys[i].parse(request, value + 1))
			return refuse(request, "%s has a bad value", keys[i].name);
		return 0;
	}
	return refuse(request, "unknown key in '%.40s'", pair);
}

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* argv and envp share one allocation. */
static int make_vectors(struct exec_request *request, char *data, const char *end)
{
	size_t nargs = 0, nenv = 0;

	for (char *p = data; p < end; p += strlen(p) + 1) {
		nargs += has_prefix(p, "arg=");
		nenv += has_prefix(p, "env=");
	}
	if (!nargs)
		return refuse(request, "it names no program");
	request->argv = calloc(nargs + nenv + 2, sizeof(char *));
	if (!request->argv)
		return -ENOMEM;
	request->envp = request->argv + nargs + 1;
	return 0;
}

static int parse_pairs(struct exec_request *request, char *data, const char *end)
{
	size_t nargs = 0, nenv = 0;
	uint32_t seen = 0;
	int err;

	for (char *p = data, *next; p < end; p = next) {
		next = p + strlen(p) + 1;
		if (has_prefix(p, "arg=")) {
			request->argv[nargs++] = p + 4;
		} else if (has_prefix(p, "env=")) {
			request->envp[nenv++] = p + 4;
		} else {
			err = parse_pair(request, p, &seen);
			if (err)
				return err;
		}
	}
	return 0;
}

int request_parse(char *data, size_t len, struct exec_request *request)
{
	const char *end = data + len;
	uint64_t version;
	int err;

	memset(request, 0, sizeof(*request));
	request->cwd = "/";
	request->id = "";
	request->host = "";
	request->umask = 022;

	if (!len || len > EXEC_REQUEST_MAX_BYTES || end[-1])
		return refuse(request, "it is cut off");
	if (strcmp(data, EXEC_REQUEST_MAGIC))
		return refuse(request, "it does not start with " EXEC_REQUEST_MAGIC);
	data += sizeof(EXEC_REQUEST_MAGIC);
	if (data == end || parse_number(data, 10, UINT32_MAX, &version) || version != EXEC_REQUEST_VERSION)
		return refuse(request, "its version is not %d", EXEC_REQUEST_VERSION);
	data += strlen(data) + 1;

	err = make_vectors(request, data, end);
	if (err)
		return err;
	err = parse_pairs(request, data, end);
	if (err)
		request_free(request);
	return err;
}

void request_free(struct exec_request *request)
{
	free(request->argv);
	request->argv = NULL;
	request->envp = NULL;
}
