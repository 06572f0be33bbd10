/* kernel/compat/src/nt/path.c: NT names of files and paths of the one namespace.
 *
 * Drive letters are names of vfsd's: \??\C: is /windows/dosdevices/c:, a link to where the drive is.
 * ([MS-DOS device names] "Naming Files, Paths, and Namespaces".)
 */
#include <io/inode.h>
#include <mm/heap.h>
#include <string.h>

#include "named_pipe.h"

#define DEVICES "/windows/dosdevices/"
#define DRIVE_C "/windows/c"

static bool is_slash(uint16_t c) { return c == '\\' || c == '/'; }

static uint16_t lower(uint16_t c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

/* Does @s start with @prefix, ASCII in lower case? Then it moves past it. */
static bool skip(struct nt_string *s, const char *prefix)
{
	uint32_t n = 0;

	for (; prefix[n]; n++) {
		if (n == s->nchars || lower(s->chars[n]) != (uint16_t)prefix[n])
			return false;
	}
	s->chars += n;
	s->nchars -= n;
	return true;
}

/* "." and ".." are the DLLs' to resolve: here they are names that no file has. */
static bool is_dots(const char *name, size_t n)
{
	return n && n <= 2 && name[0] == '.' && name[n - 1] == '.';
}

/* Characters no file name has ([MS-FSCC] 2.1.5.2). A slash is one: only the DLLs take it for a backslash. */
static bool is_legal_char(uint8_t c)
{
	static const uint64_t illegal = 0xffffffffull | 1ull << '"' | 1ull << '*' | 1ull << '/' | 1ull << '<' | 1ull << '>' |
		1ull << '?';

	return c < 64 ? !(illegal >> c & 1) : c != '|';
}

/* Makes slashes of the backslashes of @path, @n bytes. Returns: is what they part names that files can have? One
 * backslash may lead, one may follow. */
static bool to_slashes(char *path, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i < n; i++) {
		if (path[i] != '\\') {
			if (!is_legal_char((uint8_t)path[i]))
				return false;
			continue;
		}
		if ((i && i == start) || is_dots(path + start, i - start))
			return false;
		path[i] = '/';
		start = i + 1;
	}
	return !is_dots(path + start, n - start);
}

/* @prefix and then @rest as a path. */
static ntstatus join(const char *prefix, const struct nt_string *rest, char **out)
{
	size_t prefix_len = strlen(prefix), n;
	char *path = kmalloc(prefix_len + NT_UTF8_BYTES * rest->nchars + 1, HEAP_NOZERO);

	if (!path)
		return STATUS_NO_MEMORY;
	memcpy(path, prefix, prefix_len);
	n = nt_utf8_put(path + prefix_len, rest->chars, rest->nchars);
	if (!to_slashes(path + prefix_len, n)) {
		kfree(path);
		return STATUS_OBJECT_NAME_INVALID;
	}
	*out = path;
	return STATUS_SUCCESS;
}

/* `C:` and what follows. */
static ntstatus drive_path(const struct nt_string *name, char **path)
{
	char prefix[sizeof(DEVICES) + 2] = DEVICES;
	struct nt_string rest = { name->chars + 2, name->nchars - 2 };
	uint16_t letter = lower(name->chars[0]);
	size_t n = sizeof(DEVICES) - 1;

	if (rest.nchars && !is_slash(rest.chars[0]))
		return STATUS_OBJECT_NAME_INVALID;
	prefix[n] = (char)letter;
	prefix[n + 1] = ':';
	return join(prefix, &rest, path);
}

static bool is_drive(const struct nt_string *s)
{
	uint16_t c = s->nchars >= 2 ? lower(s->chars[0]) : 0;

	return c >= 'a' && c <= 'z' && s->chars[1] == ':';
}

static ntstatus start_at(const struct file *f, struct inode **start)
{
	if (!f->inode)
		return STATUS_OBJECT_TYPE_MISMATCH;
	inode_get(f->inode);
	*start = f->inode;
	return STATUS_SUCCESS;
}

static ntstatus relative_path(const struct nt_attributes *a, struct inode **start, char **path)
{
	struct object *obj;
	ntstatus status;

	if (a->name.nchars && is_slash(a->name.chars[0]))
		return STATUS_INVALID_PARAMETER;
	status = join("", &a->name, path);
	if (status)
		return status;
	status = nt_handle_lookup(a->root, OBJECT_FILE, 0, &obj);
	if (!status) {
		status = start_at(file_from_object(obj), start);
		object_put(obj);
	}
	if (status) {
		kfree(*path);
		*path = NULL;
	}
	return status;
}

/* What follows a name of the object namespace: nothing, or a way further down. */
static bool ends_or_goes_on(const struct nt_string *s)
{
	return !s->nchars || is_slash(s->chars[0]);
}

static bool has_slash(const struct nt_string *s)
{
	for (uint32_t i = 0; i < s->nchars; i++) {
		if (is_slash(s->chars[i]))
			return true;
	}
	return false;
}

#define NULL_DEVICE "/dev/null"
#define CONSOLE_DEVICE "/dev/tty"

/* A name of `\??\` or `\Device` that is no drive. */
static ntstatus device_path(struct nt_string *name, const char *null_name, char **path)
{
	static const char *const consoles[] = { "con", "conin$", "conout$" };
	static const struct nt_string nothing;
	struct nt_string rest = *name;

	if (skip(&rest, null_name) && !rest.nchars)
		return join(NULL_DEVICE, &nothing, path);
	for (size_t i = 0; i < ARRAY_SIZE(consoles); i++) {
		rest = *name;
		if (skip(&rest, consoles[i]) && !rest.nchars)
			return join(CONSOLE_DEVICE, &nothing, path);
	}
	return has_slash(name) ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_NAME_NOT_FOUND;
}

/* Names that do not begin with `\??\`. */
static ntstatus object_path(struct nt_string *name, char **path)
{
	if (skip(name, "\\systemroot") && ends_or_goes_on(name))
		return join(DRIVE_C "/windows", name, path);
	if (skip(name, "\\device\\"))
		return device_path(name, "null", path);
	return is_slash(name->chars[0]) ? STATUS_OBJECT_PATH_NOT_FOUND : STATUS_OBJECT_PATH_SYNTAX_BAD;
}

/* Past the root of the pipes' names and its backslash. */
static bool skip_pipes(struct nt_string *name)
{
	static const char *const roots[] = { "\\??\\pipe", "\\dosdevices\\pipe", "\\global??\\pipe", "\\device\\namedpipe" };

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		struct nt_string rest = *name;

		if (!skip(&rest, roots[i]) || !ends_or_goes_on(&rest))
			continue;
		*name = rest;
		if (rest.nchars)
			*name = (struct nt_string){ rest.chars + 1, rest.nchars - 1 };
		return true;
	}
	return false;
}

static bool is_in_pipes(uint64_t handle)
{
	struct object *obj;
	bool is_pipe;

	if (nt_handle_lookup(handle, OBJECT_FILE, 0, &obj))
		return false;
	is_pipe = nt_is_pipe(file_from_object(obj)) || file_from_object(obj)->ops == &nt_pipe_root_ops;
	object_put(obj);
	return is_pipe;
}

bool nt_pipe_names(const struct nt_attributes *a, struct nt_string *rest)
{
	*rest = a->name;
	return a->root ? is_in_pipes(a->root) : skip_pipes(rest);
}

ntstatus nt_path(const struct nt_attributes *a, struct inode **start, char **path)
{
	struct nt_string name = a->name;

	*start = NULL;
	*path = NULL;
	if (a->root)
		return relative_path(a, start, path);
	if (!name.nchars)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (!skip(&name, "\\??\\") && !skip(&name, "\\dosdevices\\") && !skip(&name, "\\global??\\"))
		return object_path(&name, path);
	if (is_drive(&name))
		return drive_path(&name, path);
	return device_path(&name, "nul", path);
}

char nt_drive_of_path(const char **path)
{
	size_t n = sizeof(DRIVE_C) - 1;

	if (strncmp(*path, DRIVE_C, n) || ((*path)[n] && (*path)[n] != '/'))
		return 'Z';
	*path += n;
	return 'C';
}

uint16_t *nt_name_of_path(const char *path, uint32_t *nchars)
{
	char drive = nt_drive_of_path(&path);
	size_t len = strlen(path);
	uint16_t *out = kmalloc((len + 4) * sizeof(*out), HEAP_NOZERO);

	if (!out)
		return NULL;
	out[0] = (uint16_t)drive;
	out[1] = ':';
	*nchars = 2 + nt_utf16(path, len, out + 2, (uint32_t)len + 1);
	if (*nchars == 2)
		out[(*nchars)++] = '\\';
	for (uint32_t i = 0; i < *nchars; i++) {
		if (out[i] == '/')
			out[i] = '\\';
	}
	return out;
}
