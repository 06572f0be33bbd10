/* tests/linux/errors_paths.c: every call that takes a path, with each path that leads nowhere. */
#include "common.h"

#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/statfs.h>

/* Stands for the path in a call's arguments; another one stands for a folder's descriptor. */
#define THE_PATH 0x70617468
#define FOLDER 0x666f6c64
#define BUFFER ((uintptr_t)buffer)
#define WATCHER 60	/* a descriptor of inotify, in every test */
#define NAME(text) ((uintptr_t)(text))

static char buffer[4096];
static struct open_how how = { .flags = O_RDONLY };

struct path_call {
	const char *name;
	long number;
	uintptr_t args[6];
};

static const struct path_call calls[] = {
	{ "open", SYS_open, { THE_PATH, O_RDONLY } },
	{ "open to create", SYS_open, { THE_PATH, O_CREAT | O_RDWR, 0644 } },
	{ "openat", SYS_openat, { FOLDER, THE_PATH, O_RDONLY } },
	{ "openat2", SYS_openat2, { FOLDER, THE_PATH, (uintptr_t)&how, sizeof(how) } },
	{ "creat", SYS_creat, { THE_PATH, 0644 } },
	{ "stat", SYS_stat, { THE_PATH, BUFFER } },
	{ "lstat", SYS_lstat, { THE_PATH, BUFFER } },
	{ "newfstatat", SYS_newfstatat, { FOLDER, THE_PATH, BUFFER, 0 } },
	{ "statx", SYS_statx, { FOLDER, THE_PATH, 0, STATX_BASIC_STATS, BUFFER } },
	{ "access", SYS_access, { THE_PATH, R_OK } },
	{ "faccessat", SYS_faccessat, { FOLDER, THE_PATH, R_OK } },
	{ "faccessat2", SYS_faccessat2, { FOLDER, THE_PATH, R_OK, 0 } },
	{ "readlink", SYS_readlink, { THE_PATH, BUFFER, 100 } },
	{ "readlinkat", SYS_readlinkat, { FOLDER, THE_PATH, BUFFER, 100 } },
	{ "statfs", SYS_statfs, { THE_PATH, BUFFER } },
	{ "chdir", SYS_chdir, { THE_PATH } },
	{ "chroot", SYS_chroot, { THE_PATH } },
	{ "truncate", SYS_truncate, { THE_PATH, 0 } },
	{ "mkdir", SYS_mkdir, { THE_PATH, 0755 } },
	{ "mkdirat", SYS_mkdirat, { FOLDER, THE_PATH, 0755 } },
	{ "rmdir", SYS_rmdir, { THE_PATH } },
	{ "unlink", SYS_unlink, { THE_PATH } },
	{ "unlinkat", SYS_unlinkat, { FOLDER, THE_PATH, 0 } },
	{ "mknod", SYS_mknod, { THE_PATH, S_IFIFO | 0644, 0 } },
	{ "mknodat", SYS_mknodat, { FOLDER, THE_PATH, S_IFIFO | 0644, 0 } },
	{ "symlink", SYS_symlink, { NAME("target"), THE_PATH } },
	{ "symlinkat", SYS_symlinkat, { NAME("target"), FOLDER, THE_PATH } },
	{ "link from", SYS_link, { THE_PATH, NAME("new") } },
	{ "link to", SYS_link, { NAME("file"), THE_PATH } },
	{ "linkat from", SYS_linkat, { FOLDER, THE_PATH, AT_FDCWD, NAME("new"), 0 } },
	{ "linkat to", SYS_linkat, { AT_FDCWD, NAME("file"), FOLDER, THE_PATH, 0 } },
	{ "rename from", SYS_rename, { THE_PATH, NAME("new") } },
	{ "rename to", SYS_rename, { NAME("file"), THE_PATH } },
	{ "renameat from", SYS_renameat, { FOLDER, THE_PATH, AT_FDCWD, NAME("new") } },
	{ "renameat to", SYS_renameat, { AT_FDCWD, NAME("file"), FOLDER, THE_PATH } },
	{ "renameat2 from", SYS_renameat2, { FOLDER, THE_PATH, AT_FDCWD, NAME("new"), 0 } },
	{ "renameat2 to", SYS_renameat2, { AT_FDCWD, NAME("file"), FOLDER, THE_PATH, 0 } },
	{ "chmod", SYS_chmod, { THE_PATH, 0644 } },
	{ "fchmodat", SYS_fchmodat, { FOLDER, THE_PATH, 0644 } },
	{ "chown", SYS_chown, { THE_PATH, -1, -1 } },
	{ "lchown", SYS_lchown, { THE_PATH, -1, -1 } },
	{ "fchownat", SYS_fchownat, { FOLDER, THE_PATH, -1, -1, 0 } },
	{ "utime", SYS_utime, { THE_PATH, 0 } },
	{ "utimes", SYS_utimes, { THE_PATH, 0 } },
	{ "futimesat", SYS_futimesat, { FOLDER, THE_PATH, 0 } },
	{ "utimensat", SYS_utimensat, { FOLDER, THE_PATH, 0, 0 } },
	{ "setxattr", SYS_setxattr, { THE_PATH, NAME("user.x"), NAME("v"), 1, 0 } },
	{ "lsetxattr", SYS_lsetxattr, { THE_PATH, NAME("user.x"), NAME("v"), 1, 0 } },
	{ "getxattr", SYS_getxattr, { THE_PATH, NAME("user.x"), BUFFER, 100 } },
	{ "lgetxattr", SYS_lgetxattr, { THE_PATH, NAME("user.x"), BUFFER, 100 } },
	{ "listxattr", SYS_listxattr, { THE_PATH, BUFFER, 100 } },
	{ "llistxattr", SYS_llistxattr, { THE_PATH, BUFFER, 100 } },
	{ "removexattr", SYS_removexattr, { THE_PATH, NAME("user.x") } },
	{ "lremovexattr", SYS_lremovexattr, { THE_PATH, NAME("user.x") } },
	{ "inotify_add_watch", SYS_inotify_add_watch, { WATCHER, THE_PATH, IN_CREATE } },
	{ "mount", SYS_mount, { NAME("none"), THE_PATH, NAME("tmpfs"), 0, 0 } },
	{ "umount2", SYS_umount2, { THE_PATH, 0 } },
	{ "execve", SYS_execve, { THE_PATH, 0, 0 } },
	{ "execveat", SYS_execveat, { FOLDER, THE_PATH, 0, 0, 0 } },
};

static uintptr_t replaced(uintptr_t arg, uintptr_t path, int folder)
{
	return arg == THE_PATH ? path : arg == FOLDER ? (uintptr_t)(long)folder : arg;
}

static bool names_folder(const struct path_call *call)
{
	for (int i = 0; i < 6; i++)
		if (call->args[i] == FOLDER)
			return true;
	return false;
}

static void try_call(const struct path_call *call, const void *path, int folder)
{
	uintptr_t p = (uintptr_t)path, a[6];

	if (fcntl(WATCHER, F_GETFD) < 0)
		need(dup2(need(inotify_init1(0)), WATCHER));
	for (int i = 0; i < 6; i++)
		a[i] = replaced(call->args[i], p, folder);
	report(call->name, syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void try_all(const void *path)
{
	make_file("file", "x");
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		try_call(&calls[i], path, AT_FDCWD);
}

TEST(path_outside_of_memory)
{
	try_all(unmapped_address());
}

TEST(path_in_the_kernel)
{
	try_all(KERNEL_ADDRESS);
}

TEST(empty_path)
{
	try_all("");
}

TEST(path_through_a_missing_folder)
{
	try_all("missing/x");
}

TEST(path_through_a_file)
{
	try_all("file/x");
}

TEST(path_through_a_loop)
{
	need(symlink("loop", "loop"));
	try_all("loop/x");
}

TEST(name_of_256_bytes)
{
	char name[257];

	memset(name, 'n', 256);
	name[256] = 0;
	try_all(name);
}

TEST(path_of_4096_bytes)
{
	char path[4097];

	memset(path, '/', 4096);
	path[4096] = 0;
	try_all(path);
}

static void try_locked_folder(void)
{
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (!strstr(calls[i].name, "mount"))	/* EACCES or EPERM: two reasons at once */
			try_call(&calls[i], "locked/x", AT_FDCWD);
}

TEST(path_through_a_locked_folder)
{
	need(chmod(".", 0777));
	make_file("file", "x");
	need(chmod("file", 0666));
	need(mkdir("locked", 0700));
	make_file("locked/x", "x");
	as_unprivileged(try_locked_folder);
}

/* Whether links may be made of others' files is a setting of the machine; attributes of users need
 * not be there. */
static bool depends_on_the_machine(const struct path_call *call)
{
	return (strstr(call->name, "link") && strstr(call->name, "from")) || strstr(call->name, "xattr");
}

static void try_what_is_anothers(void)
{
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (!depends_on_the_machine(&calls[i]))
			try_call(&calls[i], "readable/x", AT_FDCWD);
}

/* Names may be looked up there, but neither made nor removed. */
TEST(file_of_another_in_a_folder_of_another)
{
	need(chmod(".", 0777));
	make_file("file", "x");
	need(chmod("file", 0666));
	need(mkdir("readable", 0755));
	make_file("readable/x", "x");
	need(chmod("readable/x", 0600));
	as_unprivileged(try_what_is_anothers);
}

TEST(closed_descriptor_as_folder)
{
	make_file("file", "x");
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (names_folder(&calls[i]))
			try_call(&calls[i], "x", 99);
}

TEST(file_as_folder)
{
	int fd;

	make_file("file", "x");
	fd = need(open("file", O_RDONLY));
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		if (names_folder(&calls[i]))
			try_call(&calls[i], "x", fd);
}

TEST(path_to_a_folder)
{
	need(mkdir("folder", 0755));
	report("creat", syscall(SYS_creat, "folder", 0644));
	report("open for writing", syscall(SYS_open, "folder", O_WRONLY));
	report("truncate", syscall(SYS_truncate, "folder", 0));
	report("unlink", syscall(SYS_unlink, "folder"));
	report("unlinkat", syscall(SYS_unlinkat, AT_FDCWD, "folder", 0));
	report("readlink", syscall(SYS_readlink, "folder", buffer, 10));
	report("readlinkat", syscall(SYS_readlinkat, AT_FDCWD, "folder", buffer, 10));
	report("execve", syscall(SYS_execve, "folder", 0, 0));
	report("execveat", syscall(SYS_execveat, AT_FDCWD, "folder", 0, 0, 0));
	report("link", syscall(SYS_link, "folder", "new"));
	report("linkat", syscall(SYS_linkat, AT_FDCWD, "folder", AT_FDCWD, "new", 0));
}

TEST(name_that_exists)
{
	make_file("file", "x");
	make_file("other", "y");
	need(mkdir("folder", 0755));
	need(mkdir("full", 0755));
	make_file("full/x", "");
	report("open exclusively", syscall(SYS_open, "file", O_CREAT | O_EXCL | O_RDWR, 0644));
	report("openat exclusively", syscall(SYS_openat, AT_FDCWD, "file", O_CREAT | O_EXCL | O_RDWR, 0644));
	report("mkdir", syscall(SYS_mkdir, "file", 0755));
	report("mkdirat", syscall(SYS_mkdirat, AT_FDCWD, "file", 0755));
	report("mknod", syscall(SYS_mknod, "file", S_IFIFO, 0));
	report("mknodat", syscall(SYS_mknodat, AT_FDCWD, "file", S_IFIFO, 0));
	report("symlink", syscall(SYS_symlink, "t", "file"));
	report("symlinkat", syscall(SYS_symlinkat, "t", AT_FDCWD, "file"));
	report("link", syscall(SYS_link, "file", "other"));
	report("linkat", syscall(SYS_linkat, AT_FDCWD, "file", AT_FDCWD, "other", 0));
	report("rename to a folder", syscall(SYS_rename, "file", "folder"));
	report("renameat to a folder", syscall(SYS_renameat, AT_FDCWD, "file", AT_FDCWD, "folder"));
	report("renameat2 to a folder", syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "folder", 0));
	report("rename folder to a file", syscall(SYS_rename, "folder", "file"));
	report("rename to a full folder", syscall(SYS_rename, "folder", "full"));
	report("renameat to a full folder", syscall(SYS_renameat, AT_FDCWD, "folder", AT_FDCWD, "full"));
	report("renameat2 to a full folder", syscall(SYS_renameat2, AT_FDCWD, "folder", AT_FDCWD, "full", 0));
	report("renameat2, no replacing", syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "other", 1));
	report("rename into itself", syscall(SYS_rename, "folder", "folder/x"));
	report("renameat into itself", syscall(SYS_renameat, AT_FDCWD, "folder", AT_FDCWD, "folder/x"));
	report("rmdir of a full folder", syscall(SYS_rmdir, "full"));
	report("unlinkat of a full folder", syscall(SYS_unlinkat, AT_FDCWD, "full", AT_REMOVEDIR));
	report("unlinkat of a file as a folder", syscall(SYS_unlinkat, AT_FDCWD, "file", AT_REMOVEDIR));
	report("rmdir of .", syscall(SYS_rmdir, "folder/."));
	report("unlinkat of .", syscall(SYS_unlinkat, AT_FDCWD, "folder/.", AT_REMOVEDIR));
	report("rmdir of ..", syscall(SYS_rmdir, "folder/.."));
	report("rename of the root", syscall(SYS_rename, "/", "/new"));
	report("renameat of the root", syscall(SYS_renameat, AT_FDCWD, "/", AT_FDCWD, "/new"));
	report("renameat2 of the root", syscall(SYS_renameat2, AT_FDCWD, "/", AT_FDCWD, "/new", 0));
	report("rmdir of the root", syscall(SYS_rmdir, "/"));
	report("unlinkat of the root", syscall(SYS_unlinkat, AT_FDCWD, "/", AT_REMOVEDIR));
}

TEST(other_filesystem)
{
	make_file("file", "x");
	report("rename", syscall(SYS_rename, "file", "/dev/x"));
	report("renameat", syscall(SYS_renameat, AT_FDCWD, "file", AT_FDCWD, "/dev/x"));
	report("renameat2", syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "/dev/x", 0));
	report("link", syscall(SYS_link, "file", "/dev/x"));
	report("linkat", syscall(SYS_linkat, AT_FDCWD, "file", AT_FDCWD, "/dev/x", 0));
}

static void try_to_change_anothers(void)
{
	report("chmod", syscall(SYS_chmod, "file", 0600));
	report("fchmodat", syscall(SYS_fchmodat, AT_FDCWD, "file", 0600));
	report("fchmod", syscall(SYS_fchmod, need(open("file", O_RDONLY)), 0600));
	report("chown", syscall(SYS_chown, "file", 0, 0));
	report("lchown", syscall(SYS_lchown, "file", 0, 0));
	report("fchownat", syscall(SYS_fchownat, AT_FDCWD, "file", 0, 0, 0));
	report("fchown", syscall(SYS_fchown, need(open("file", O_RDONLY)), 0, 0));
	report("utime", syscall(SYS_utime, "file", buffer));
	report("utimes", syscall(SYS_utimes, "file", buffer));
	report("futimesat", syscall(SYS_futimesat, AT_FDCWD, "file", buffer));
	report("utimensat", syscall(SYS_utimensat, AT_FDCWD, "file", buffer, 0));
	report("utime now", syscall(SYS_utime, "unwritable", 0));
	report("utimes now", syscall(SYS_utimes, "unwritable", 0));
	report("futimesat now", syscall(SYS_futimesat, AT_FDCWD, "unwritable", 0));
	report("utimensat now", syscall(SYS_utimensat, AT_FDCWD, "unwritable", 0, 0));
	report("chroot", syscall(SYS_chroot, "."));
	report("mknod", syscall(SYS_mknod, "null", S_IFCHR, 0x103));
	report("mknodat", syscall(SYS_mknodat, AT_FDCWD, "null", S_IFCHR, 0x103));
	report("open without a time", syscall(SYS_open, "file", O_RDONLY | O_NOATIME));
	report("openat without a time", syscall(SYS_openat, AT_FDCWD, "file", O_RDONLY | O_NOATIME));
	report("truncate", syscall(SYS_truncate, "unwritable", 0));
	report("unlink", syscall(SYS_unlink, "sticky/x"));
	report("unlinkat", syscall(SYS_unlinkat, AT_FDCWD, "sticky/x", 0));
	report("rmdir", syscall(SYS_rmdir, "sticky/d"));
	report("rename", syscall(SYS_rename, "sticky/x", "sticky/y"));
	report("renameat", syscall(SYS_renameat, AT_FDCWD, "sticky/x", AT_FDCWD, "sticky/y"));
	report("renameat2", syscall(SYS_renameat2, AT_FDCWD, "sticky/x", AT_FDCWD, "sticky/y", 0));
}

TEST(owner_only)
{
	need(chmod(".", 0777));
	make_file("file", "x");
	need(chmod("file", 0666));
	make_file("unwritable", "x");
	need(mkdir("sticky", 0755));
	need(chmod("sticky", 01777));
	make_file("sticky/x", "");
	need(mkdir("sticky/d", 0755));
	as_unprivileged(try_to_change_anothers);
}

TEST(flags_that_do_not_exist)
{
	make_file("file", "x");
	report("newfstatat", syscall(SYS_newfstatat, AT_FDCWD, "file", buffer, 0x40000000));
	report("statx flags", syscall(SYS_statx, AT_FDCWD, "file", 0x40000000, 0, buffer));
	report("statx mask", syscall(SYS_statx, AT_FDCWD, "file", 0, 0x80000000u, buffer));
	report("faccessat mode", syscall(SYS_faccessat, AT_FDCWD, "file", 8));
	report("faccessat2 flags", syscall(SYS_faccessat2, AT_FDCWD, "file", 0, 0x40000000));
	report("access mode", syscall(SYS_access, "file", 8));
	report("readlink of no bytes", syscall(SYS_readlink, "file", buffer, 0));
	report("readlinkat of -1 bytes", syscall(SYS_readlinkat, AT_FDCWD, "file", buffer, -1));
	report("unlinkat", syscall(SYS_unlinkat, AT_FDCWD, "file", 0x40000000));
	report("linkat", syscall(SYS_linkat, AT_FDCWD, "file", AT_FDCWD, "new", 0x40000000));
	report("renameat2", syscall(SYS_renameat2, AT_FDCWD, "file", AT_FDCWD, "new", 0x40000000));
	report("fchownat", syscall(SYS_fchownat, AT_FDCWD, "file", -1, -1, 0x40000000));
	report("utimensat", syscall(SYS_utimensat, AT_FDCWD, "file", 0, 0x40000000));
	report("execveat", syscall(SYS_execveat, AT_FDCWD, "file", 0, 0, 0x40000000));
	report("mknod of a folder", syscall(SYS_mknod, "new", S_IFDIR, 0));
	report("mknod of no kind", syscall(SYS_mknod, "new", 0170000, 0));
	report("mknodat of no kind", syscall(SYS_mknodat, AT_FDCWD, "new", 0170000, 0));
	report("truncate to -1", syscall(SYS_truncate, "file", -1L));
	report("open with O_TMPFILE on a file", syscall(SYS_open, "file", O_TMPFILE | O_RDWR, 0644));
	report("open with O_TMPFILE to read", syscall(SYS_open, ".", O_TMPFILE | O_RDONLY, 0644));
	report("openat with O_TMPFILE to read", syscall(SYS_openat, AT_FDCWD, ".", O_TMPFILE | O_RDONLY, 0644));
	report("open a file as a folder", syscall(SYS_open, "file", O_RDONLY | O_DIRECTORY));
	report("umount2", syscall(SYS_umount2, "file", 0x40000000));
}

TEST(openat2_looks_at_its_structure)
{
	struct { struct open_how how; uint64_t more; } longer = { { .flags = O_RDONLY }, 1 };
	struct open_how odd = { .flags = 1ull << 40 };

	make_file("file", "x");
	need(symlink("file", "link"));
	need(symlink("loop", "loop"));
	report("short", syscall(SYS_openat2, AT_FDCWD, "file", &longer, 8));
	report("longer and not zero", syscall(SYS_openat2, AT_FDCWD, "file", &longer, sizeof(longer)));
	report("longer than a page", syscall(SYS_openat2, AT_FDCWD, "file", &longer, 5000));
	report("outside of memory", syscall(SYS_openat2, AT_FDCWD, "file", unmapped_address(), sizeof(odd)));
	report("odd flags", syscall(SYS_openat2, AT_FDCWD, "file", &odd, sizeof(odd)));
	odd = (struct open_how){ .flags = O_RDONLY, .mode = 0644 };
	report("mode without O_CREAT", syscall(SYS_openat2, AT_FDCWD, "file", &odd, sizeof(odd)));
	odd = (struct open_how){ .flags = O_RDONLY, .resolve = 1 << 20 };
	report("odd resolve", syscall(SYS_openat2, AT_FDCWD, "file", &odd, sizeof(odd)));
	odd = (struct open_how){ .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	report("beneath", syscall(SYS_openat2, AT_FDCWD, "/proc", &odd, sizeof(odd)));
	odd = (struct open_how){ .flags = O_RDONLY, .resolve = RESOLVE_NO_SYMLINKS };
	report("no links", syscall(SYS_openat2, AT_FDCWD, "link", &odd, sizeof(odd)));
	report("a folder for writing", syscall(SYS_openat2, AT_FDCWD, ".", &(struct open_how){ .flags = O_WRONLY }, sizeof(odd)));
	report("that exists", syscall(SYS_openat2, AT_FDCWD, "file", &(struct open_how){ .flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0644 }, sizeof(odd)));
}
