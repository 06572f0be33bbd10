/* The boot manifest. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <albireo/services.h>
#include <sums/sums.h>

#include "manifest.h"

/* A piece of the text: a line, a column, an item of a list. */
struct span {
	const char *text;
	size_t len;
};

static const struct { const char *name; uint32_t bit; } capabilities[] = {
	{ "ROOT", CAP_ROOT },
	{ "LINUX_SYSCALL_POLICY", CAP_LINUX_SYSCALL_POLICY },
	{ "VFS_POLICY", CAP_VFS_POLICY },
	{ "NET_POLICY", CAP_NET_POLICY },
	{ "DEVICE_POLICY", CAP_DEVICE_POLICY },
	{ "DRIVER_POLICY", CAP_DRIVER_POLICY },
	{ "PROCESS_LOADER", CAP_PROCESS_LOADER },
	{ "STORAGE_POLICY", CAP_STORAGE_POLICY },
	{ "INPUT_POLICY", CAP_INPUT_POLICY },
	{ "PROCESS_POLICY", CAP_PROCESS_POLICY },
	{ "HIVE_POLICY", CAP_HIVE_POLICY },
	{ "LAUNCHER", CAP_LAUNCHER },
};

/* Cut @rest at the first @separator. Returns: false when nothing is left. */
static bool next_span(struct span *rest, char separator, struct span *out)
{
	size_t i = 0;

	if (!rest->text)
		return false;
	while (i < rest->len && rest->text[i] != separator)
		i++;
	out->text = rest->text;
	out->len = i;
	if (i == rest->len) {
		rest->text = NULL;
		rest->len = 0;
	} else {
		rest->text += i + 1;
		rest->len -= i + 1;
	}
	return true;
}

static bool is_text(const struct span *span, const char *text)
{
	return strlen(text) == span->len && !memcmp(span->text, text, span->len);
}

static bool is_empty(const struct span *span)
{
	return is_text(span, "-");
}

static int copy_text(const struct span *span, char *out, size_t size)
{
	if (!span->len || span->len >= size)
		return -EINVAL;
	memcpy(out, span->text, span->len);
	out[span->len] = '\0';
	return 0;
}

static int parse_u32(const struct span *span, uint32_t *out)
{
	uint64_t value = 0;

	if (!span->len)
		return -EINVAL;
	for (size_t i = 0; i < span->len; i++) {
		if (span->text[i] < '0' || span->text[i] > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(span->text[i] - '0');
		if (value > UINT32_MAX)
			return -EINVAL;
	}
	*out = (uint32_t)value;
	return 0;
}

static int parse_ids(const struct span *span, uint32_t *ids)
{
	struct span rest = *span, item;
	unsigned int n = 0;
	int err;

	if (is_empty(span))
		return 0;
	while (next_span(&rest, ',', &item)) {
		if (n == MANIFEST_MAX_IDS)
			return -EINVAL;
		err = parse_u32(&item, &ids[n]);
		if (err || !ids[n] || ids[n] >= SERVICE_ID_MAX)
			return -EINVAL;
		n++;
	}
	return 0;
}

static int parse_capability(const struct span *span, uint32_t *bits)
{
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if (is_text(span, capabilities[i].name)) {
			*bits |= capabilities[i].bit;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_capabilities(const struct span *span, uint32_t *bits)
{
	struct span rest = *span, item;

	if (is_empty(span))
		return 0;
	while (next_span(&rest, ',', &item))
		if (parse_capability(&item, bits))
			return -EINVAL;
	return 0;
}

static int parse_start(const struct span *span, bool *is_on_demand)
{
	*is_on_demand = is_text(span, "demand");
	return *is_on_demand || is_text(span, "boot") ? 0 : -EINVAL;
}

static int parse_column(unsigned int index, const struct span *column, struct boot_service *service)
{
	switch (index) {
	case 0: return copy_text(column, service->id, sizeof(service->id));
	case 1: return copy_text(column, service->path, sizeof(service->path));
	case 2: return sums_parse_digest(column->text, column->len, service->digest);
	case 3: return parse_u32(column, &service->rank);
	case 4: return parse_ids(column, service->service_ids);
	case 5: return parse_capabilities(column, &service->capabilities);
	case 6: return is_empty(column) ? 0 : parse_u32(column, &service->pid);
	case 7: return parse_u32(column, &service->order);
	case 8: return parse_start(column, &service->is_on_demand);
	}
	return -EINVAL;
}

static int parse_service(const struct span *line, struct boot_service *service)
{
	struct span rest = *line, column;
	unsigned int n = 0;

	memset(service, 0, sizeof(*service));
	while (next_span(&rest, '\t', &column))
		if (parse_column(n++, &column, service))
			return -EINVAL;
	return n == 9 ? 0 : -EINVAL;
}

int manifest_parse(const char *text, size_t len, struct boot_service *services, unsigned int *bad_line)
{
	struct span rest = { text, len }, line;
	int n = 0;

	*bad_line = 0;
	while (next_span(&rest, '\n', &line)) {
		++*bad_line;
		if (!line.len)
			continue;
		if (n == MANIFEST_MAX_SERVICES || parse_service(&line, &services[n]))
			return -EINVAL;
		n++;
	}
	return n;
}
