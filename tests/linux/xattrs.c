/* tests/linux/xattrs.c: extended attributes, in memory and on the host's files. */
#include "common.h"

#include <linux/limits.h>
#include <sys/xattr.h>

static void say_value(const char *label, const char *path, const char *name)
{
	char value[64] = "";
	ssize_t n = getxattr(path, name, value, sizeof(value) - 1);

	if (n < 0)
		say("  %s: -1 %s", label, errno_name(errno));
	else
		say("  %s: %zd '%s'", label, n, value);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a filesystem lists, and in which order, is its own; those of "user." are sorted here. */
static void say_list(const char *label, const char *path)
{
	char names[1024], *found[32];
	ssize_t n = listxattr(path, names, sizeof(names));
	unsigned count = 0;

	if (n < 0) {
		say("  %s: -1 %s", label, errno_name(errno));
		return;
	}
	for (ssize_t at = 0; at < n && count < COUNT_OF(found); at += (ssize_t)strlen(names + at) + 1)
		if (!strncmp(names + at, "user.", 5))
			found[count++] = names + at;
	qsort(found, count, sizeof(found[0]), by_text);
	say("  %s: %u", label, count);
	for (unsigned i = 0; i < count; i++)
		say("    %s", found[i]);
}

static void set_get_list_remove(const char *path)
{
	char small[2], big[3000];

	say_list("none", path);
	say_value("missing", path, "user.a");
	report("set", setxattr(path, "user.a", "value", 5, 0));
	say_value("a", path, "user.a");
	report("create again", setxattr(path, "user.a", "x", 1, XATTR_CREATE));
	report("replace", setxattr(path, "user.a", "other", 5, XATTR_REPLACE));
	say_value("a", path, "user.a");
	report("replace missing", setxattr(path, "user.b", "x", 1, XATTR_REPLACE));
	report("create", setxattr(path, "user.b", "second", 6, XATTR_CREATE));
	say_list("two", path);
	report("length", getxattr(path, "user.b", NULL, 0));
	report("too small", getxattr(path, "user.b", small, 2));
	report("list too small", listxattr(path, small, 2));
	claim("list length", listxattr(path, NULL, 0) >= 14);
	report("remove", removexattr(path, "user.a"));
	report("remove again", removexattr(path, "user.a"));
	memset(big, 'b', sizeof(big));
	report("3000 bytes", setxattr(path, "user.big", big, sizeof(big), 0));
	memset(big, 0, sizeof(big));
	report("get them", getxattr(path, "user.big", big, sizeof(big)));
	claim("they are right", big[0] == 'b' && big[2999] == 'b');
	say_list("the rest", path);
}

TEST(attributes_in_memory)
{
	need(chdir("/dev/shm"));
	unlink("xattr-file");
	make_file("xattr-file", "text");
	set_get_list_remove("xattr-file");
	report("empty value", setxattr("xattr-file", "user.empty", "", 0, 0));
	say_value("empty", "xattr-file", "user.empty");
	unlink("xattr-file");
}

TEST(attributes_of_the_hosts_files)
{
	make_file("f", "text");
	set_get_list_remove("f");
}

TEST(attributes_of_folders_and_descriptors)
{
	int fd;

	need(mkdir("d", 0755));
	report("folder", setxattr("d", "user.x", "1", 1, 0));
	say_value("x", "d", "user.x");
	make_file("f", "");
	fd = need(open("f", O_RDONLY));
	report("fsetxattr", fsetxattr(fd, "user.f", "2", 1, 0));
	say_value("f", "f", "user.f");
	report("fremovexattr", fremovexattr(fd, "user.f"));
	report("flistxattr", flistxattr(fd, NULL, 0));
	need(symlink("f", "s"));
	report("through a link", setxattr("s", "user.l", "3", 1, 0));
	say_value("l", "f", "user.l");
	report("of a link", lsetxattr("s", "user.l", "3", 1, 0));
	report("of a link, get", lgetxattr("s", "user.l", NULL, 0));
}

TEST(attributes_stay_with_a_file_that_is_renamed)
{
	need(chdir("/dev/shm"));
	make_file("xattr-1", "");
	need(setxattr("xattr-1", "user.a", "kept", 4, 0));
	need(rename("xattr-1", "xattr-2"));
	say_value("a", "xattr-2", "user.a");
	need(unlink("xattr-2"));
	make_file("xattr-1", "");
	say_value("a new file", "xattr-1", "user.a");
	need(unlink("xattr-1"));
}

TEST(xattr_calls_check_what_they_are_given)
{
	char name[300] = "user.";
	static char big[70000];

	need(chdir("/dev/shm"));
	make_file("xattr-3", "");
	report("flags", setxattr("xattr-3", "user.a", "x", 1, 4));
	report("flags and missing", setxattr("none", "user.a", "x", 1, 4));
	report("no name", setxattr("xattr-3", "", "x", 1, 0));
	memset(name + 5, 'n', 251);
	report("long name", setxattr("xattr-3", name, "x", 1, 0));
	name[255] = 0;
	report("longest name", setxattr("xattr-3", name, "x", 1, 0));
	report("nothing behind the dot", setxattr("xattr-3", "user.", "x", 1, 0));
	report("no kind", setxattr("xattr-3", "other.a", "x", 1, 0));
	report("no kind, get", getxattr("xattr-3", "other.a", NULL, 0));
	report("too large", setxattr("xattr-3", "user.a", big, 65537, 0));
	report("bad value", setxattr("xattr-3", "user.a", unmapped_address(), 8, 0));
	report("bad name", setxattr("xattr-3", unmapped_address(), "x", 1, 0));
	report("bad path", setxattr(unmapped_address(), "user.a", "x", 1, 0));
	report("missing", setxattr("none", "user.a", "x", 1, 0));
	report("missing, get", getxattr("none", "user.a", NULL, 0));
	report("missing, list", listxattr("none", NULL, 0));
	report("missing, remove", removexattr("none", "user.a"));
	report("closed", fsetxattr(99, "user.a", "x", 1, 0));
	need(setxattr("xattr-3", "user.a", "value", 5, 0));
	report("get to bad pointer", getxattr("xattr-3", "user.a", unmapped_address(), 64));
	report("a device", setxattr("/dev/null", "user.a", "x", 1, 0));
	report("a device, get", getxattr("/dev/null", "user.a", NULL, 0));
	unlink("xattr-3");
}

static void use_as_nobody(void)
{
	report("set", setxattr("/dev/shm/xattr-4", "user.a", "x", 1, 0));
	report("get", getxattr("/dev/shm/xattr-4", "user.a", NULL, 0));
	report("trusted", setxattr("/dev/shm/xattr-4", "trusted.a", "x", 1, 0));
	report("trusted, get", getxattr("/dev/shm/xattr-4", "trusted.a", NULL, 0));
	report("security", setxattr("/dev/shm/xattr-4", "security.a", "x", 1, 0));
	report("remove", removexattr("/dev/shm/xattr-4", "user.a"));
}

TEST(attributes_obey_permissions)
{
	if (!is_root())
		return;
	unlink("/dev/shm/xattr-4");
	make_file("/dev/shm/xattr-4", "");
	need(setxattr("/dev/shm/xattr-4", "user.a", "1", 1, 0));
	report("trusted", setxattr("/dev/shm/xattr-4", "trusted.a", "x", 1, 0));
	report("trusted, get", getxattr("/dev/shm/xattr-4", "trusted.a", NULL, 0));
	as_unprivileged(use_as_nobody);
	need(chmod("/dev/shm/xattr-4", 0600));
	as_unprivileged(use_as_nobody);
	unlink("/dev/shm/xattr-4");
}

/* ---- handles of files ---- */

static int to_handle(int dirfd, const char *path, int flags)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
	int mount;

	handle->handle_bytes = MAX_HANDLE_SZ;
	return name_to_handle_at(dirfd, path, handle, &mount, flags);
}

static void open_handle(void)
{
	struct file_handle *handle = calloc(1, sizeof(*handle) + 8);

	report("no bytes", open_by_handle_at(AT_FDCWD, handle, O_RDONLY));
	report("bad pointer", open_by_handle_at(AT_FDCWD, unmapped_address(), O_RDONLY));
	handle->handle_bytes = 8;
	report("as nobody", open_by_handle_at(AT_FDCWD, handle, O_RDONLY));
}

TEST(handles_of_files_check_their_arguments)
{
	report("flags", to_handle(AT_FDCWD, ".", 0x80));
	report("missing", to_handle(AT_FDCWD, "none", 0));
	report("bad path", to_handle(AT_FDCWD, unmapped_address(), 0));
	report("closed", to_handle(99, "f", 0));
	report("in proc", to_handle(AT_FDCWD, "/proc/self/fd", 0));
	as_unprivileged(open_handle);
}

TEST(each_form_refuses_names_of_no_kind)
{
	int fd;

	need(chdir("/dev/shm"));
	make_file("xattr-5", "");
	fd = need(open("xattr-5", O_RDWR));
	report("lsetxattr", lsetxattr("xattr-5", "other.a", "x", 1, 0));
	report("fsetxattr", fsetxattr(fd, "other.a", "x", 1, 0));
	report("lgetxattr", lgetxattr("xattr-5", "other.a", NULL, 0));
	report("fgetxattr", fgetxattr(fd, "other.a", NULL, 0));
	report("removexattr", removexattr("xattr-5", "other.a"));
	report("lremovexattr", lremovexattr("xattr-5", "other.a"));
	report("fremovexattr", fremovexattr(fd, "other.a"));
	report("lgetxattr, missing", lgetxattr("xattr-5", "user.a", NULL, 0));
	report("fgetxattr, missing", fgetxattr(fd, "user.a", NULL, 0));
	report("lremovexattr, missing", lremovexattr("xattr-5", "user.a"));
	report("fremovexattr, missing", fremovexattr(fd, "user.a"));
	report("lsetxattr, replace", lsetxattr("xattr-5", "user.a", "x", 1, XATTR_REPLACE));
	report("fsetxattr, replace", fsetxattr(fd, "user.a", "x", 1, XATTR_REPLACE));
	need(unlink("xattr-5"));
}
