/* The rules of execvp and of the shell's exit codes. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "search.h"

#define DEVICES "/windows/dosdevices/"
#define SYSTEM32 "/windows/c/windows/system32/"
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

const char *search_path(char *const *envp)
{
	for (; *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			return *envp + 5;
	return DEFAULT_PATH;
}

bool search_is_path(const char *program)
{
	return strchr(program, '/') || search_is_windows_path(program);
}

bool search_is_windows_path(const char *program)
{
	char drive = program[0] | 0x20;

	return drive >= 'a' && drive <= 'z' && program[1] == ':' && (program[2] == '\\' || program[2] == '/');
}

bool search_windows_path(const char *program, char *buf, size_t cap)
{
	size_t folder_len = sizeof(DEVICES) - 1, len = strlen(program);

	if (folder_len + len >= cap)
		return false;
	memcpy(buf, DEVICES, folder_len);
	memcpy(buf + folder_len, program, len + 1);
	buf[folder_len] |= 0x20;
	for (char *p = buf + folder_len; *p; p++)
		if (*p == '\\')
			*p = '/';
	return true;
}

bool search_is_windows_program(const char *program)
{
	size_t len = strlen(program);

	return len > 4 && !strcasecmp(program + len - 4, ".exe") && !search_is_path(program);
}

bool search_windows_system(const char *program, char *buf, size_t cap)
{
	size_t folder_len = sizeof(SYSTEM32) - 1, len = strlen(program);

	if (folder_len + len >= cap)
		return false;
	memcpy(buf, SYSTEM32, folder_len);
	memcpy(buf + folder_len, program, len + 1);
	return true;
}

bool search_next(const char **path, const char *program, char *buf, size_t cap)
{
	size_t name_len = strlen(program) + 1;

	while (*path) {
		const char *folder = *path;
		size_t len = strcspn(folder, ":");

		*path = folder[len] ? folder + len + 1 : NULL;
		/* An empty element is the working folder. */
		if (!len) {
			folder = ".";
			len = 1;
		}
		if (len + 1 + name_len > cap)
			continue;
		memcpy(buf, folder, len);
		buf[len] = '/';
		memcpy(buf + len + 1, program, name_len);
		return true;
	}
	return false;
}

bool search_goes_on(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES || error == ENAMETOOLONG || error == ELOOP;
}

int search_refusal(int error)
{
	return error == ENOENT || error == ENOTDIR ? REFUSED_NOT_FOUND : REFUSED_NOT_EXECUTABLE;
}

bool search_is_text(const void *head, size_t len)
{
	const unsigned char *bytes = head;
	const unsigned char *line_end = len ? memchr(bytes, '\n', len) : NULL;

	if (len >= 2 && (!memcmp(bytes, "MZ", 2) || !memcmp(bytes, "#!", 2)))
		return false;
	if (len >= 4 && !memcmp(bytes, "\177ELF", 4))
		return false;
	/* A NUL in the first line: no text (as bash decides it). */
	return !memchr(bytes, '\0', line_end ? (size_t)(line_end - bytes) : len);
}
