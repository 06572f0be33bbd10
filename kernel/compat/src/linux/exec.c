/* kernel/compat/src/linux/exec.c: execve: from a path to a program (man 2 execve).
 *
 * Strings are copied in before the file is looked for, as on Linux, so that their
 * errors come first. A script hands over to its interpreter until something that
 * can be mapped is found; then ps builds the program.
 */
#include <albireo/services.h>
#include <asm/signal.h>
#include <compat/identity.h>
#include <io/inode.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <mm/heap.h>
#include <mm/usercopy.h>
#include <nucleus/log.h>
#include <string.h>

#include "dispatch.h"
#include "exec_credentials.h"
#include "exec_file.h"
#include "exec_image.h"

#include "../nt/start.h"

#define MAX_INTERPRETERS 5		/* Linux: search_binary_handler's depth */
#define ARG_MAX_FLOOR (128ull << 10)
#define ARG_MAX_CEILING (6ull << 20)	/* Linux: 3/4 of _STK_LIM */
#define COMM_BYTES 16
#define FD_PATH_BYTES 32
#define MODE_SET_UID 04000
#define MODE_SET_GID 02000
#define MODE_GROUP_EXEC 00010

struct exec {
	struct inode *start;		/* of a relative path; NULL: cwd */
	unsigned walk_flags;
	char *path;			/* as given, then the interpreter's */
	char *given;			/* of the first file, for AT_EXECFN and comm */
	char fd_path[FD_PATH_BYTES];	/* /dev/fd/N of execveat */
	bool fd_closes;			/* that descriptor is gone when an interpreter would open it */
	struct ps_strings argv, envp, prefix;
	struct inode *inode;		/* nobody opens it for writing meanwhile */
	struct exec_image *image;
	struct exec_interpreter interpreter;
	struct credentials credentials;
	bool is_setid;
	/* A file that says it can be run but cannot be mapped: Linux finds out past the point of no
	 * return, and ends the process. */
	bool is_unmappable;
};

/* ---- strings ---- */

static uint64_t strings_limit(void)
{
	uint64_t quarter = ps_limit(RLIMIT_STACK) / 4;

	return MAX(MIN(quarter, ARG_MAX_CEILING), ARG_MAX_FLOOR);
}

static int vector_in(uint64_t user, struct ps_strings *s)
{
	uint64_t string;
	int err;

	for (; user; user += sizeof(string)) {
		if (copy_from_user(&string, user_ptr(user), sizeof(string)))
			return -EFAULT;
		if (!string)
			return 0;
		err = ps_strings_add_user(s, string);
		if (err)
			return err;
		if (signal_is_pending() && (current_thread()->interrupts & INTERRUPT_FATAL))
			return -EINTR;
	}
	return 0;	/* a NULL vector is an empty one */
}

/* Linux 5.18 and later: a program always has an argv[0]. */
static int ensure_first_argument(struct exec *e)
{
	return e->argv.count ? 0 : ps_strings_add(&e->argv, "");
}

static int strings_in(struct exec *e, uint64_t argv, uint64_t envp)
{
	int err = vector_in(argv, &e->argv);

	if (!err)
		err = ensure_first_argument(e);
	if (!err)
		err = vector_in(envp, &e->envp);
	if (!err && e->argv.bytes + e->envp.bytes + 8ull * (e->argv.count + e->envp.count) > e->argv.limit_bytes)
		err = -E2BIG;
	return err;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- scripts: interpreter, its argument and the script's path take argv[0]'s place ---- */

static int prepend(struct exec *e, const struct image_layout *l)
{
	struct ps_strings old = e->prefix, new;
	int err;

	ps_strings_init(&new, e->argv.limit_bytes);
	err = ps_strings_add(&new, l->interp);
	if (!err && l->has_script_arg)
		err = ps_strings_add(&new, l->script_arg);
	if (!err)
		err = ps_strings_add(&new, old.count ? e->path : e->given);
	/* The first of the old prefix is the interpreter that turned out to be a script itself. */
	if (!err)
		err = ps_strings_append(&new, &old, 1);
	if (err) {
		ps_strings_free(&new);
		return err;
	}
	ps_strings_free(&old);
	e->prefix = new;
	return 0;
}

static int follow_script(struct exec *e)
{
	const struct image_layout *l = exec_image_layout(e->image);
	char *interpreter;
	int err;

	if (e->fd_closes && !e->prefix.count)
		return -ENOENT;
	err = prepend(e, l);
	if (err)
		return err;
	interpreter = kstrdup(l->interp);
	if (!interpreter)
		return -ENOMEM;
	kfree(e->path);
	e->path = interpreter;
	e->start = NULL;
	e->walk_flags = WALK_FOLLOW;
	exec_image_put(e->image);
	e->image = NULL;
	return 0;
}

static int check_kind(const struct exec *e)
{
	switch (exec_image_layout(e->image)->kind) {
	case IMAGE_ELF_STATIC:
	case IMAGE_ELF_DYNAMIC:
		return 0;
	case IMAGE_PE:
		return exec_image_layout(e->image)->pe.flags & IMAGE_PE_DLL ? -ENOEXEC : 0;
	default:
		return -ENOEXEC;
	}
}

/* The launcher runs Windows programs that nobody marked as executable. */
static int find_unmarked(struct exec *e)
{
	int err = exec_file_open_as(e->start, e->path, e->walk_flags, EXEC_WANT_READ, &e->inode);

	if (!err)
		err = exec_image_find(e->inode, &e->image);
	if (err == -ENOEXEC || (!err && exec_image_layout(e->image)->kind != IMAGE_PE))
		return -EACCES;
	return err ? err : check_kind(e);
}

static int find_layout(struct exec *e)
{
	int err = exec_image_find(e->inode, &e->image);

	e->is_unmappable = err == -EINVAL;
	return err;
}

static int find_interpreter(struct exec *e)
{
	int err = exec_interpreter_open(exec_image_layout(e->image), &e->interpreter);

	e->is_unmappable = err == -EINVAL;
	return err;
}

static int find_image(struct exec *e)
{
	int err;

	for (int depth = 0; depth <= MAX_INTERPRETERS; depth++) {
		exec_file_close(e->inode);
		e->inode = NULL;
		err = exec_file_open(e->start, e->path, e->walk_flags, &e->inode);
		if (err == -EACCES && (ps_current()->capabilities & CAP_LAUNCHER))
			return find_unmarked(e);
		if (!err)
			err = find_layout(e);
		if (err)
			return err;
		if (exec_image_layout(e->image)->kind != IMAGE_SCRIPT)
			return check_kind(e);
		err = follow_script(e);
		if (err)
			return err;
	}
	return -ELOOP;
}

/* ---- credentials (man 7 capabilities, man 2 execve) ---- */

static bool wants_setid(const struct exec *e, uint32_t *uid, uint32_t *gid)
{
	const struct vfs_attr *attr = &e->inode->attr;

	*uid = *gid = ~0u;
	if (attr->flags & VFS_NODE_NOSUID)
		return false;
	if (attr->mode & MODE_SET_UID)
		*uid = attr->uid;
	if ((attr->mode & MODE_SET_GID) && (attr->mode & MODE_GROUP_EXEC))
		*gid = attr->gid;
	return *uid != ~0u || *gid != ~0u;
}

static int choose_credentials(struct exec *e)
{
	uint32_t uid, gid;
	int err;

	e->credentials = *ps_credentials();
	e->is_setid = wants_setid(e, &uid, &gid);
	if (!e->is_setid && exec_keeps_credentials(&e->credentials))
		return 0;
	/* For the new program alone: until it runs, the old one keeps what it has. */
	ps_stage_credentials(ps_current(), &e->credentials);
	err = (int)linux_change_credentials(CRED_EXEC, uid, gid, 0, NULL, 0);
	ps_stage_credentials(ps_current(), NULL);
	return err;
}

static bool is_secure(const struct exec *e)
{
	const struct credentials *c = &e->credentials;

	return c->uid != c->euid || c->gid != c->egid || (e->is_setid && c->uid && c->cap_permitted);
}

/* ---- the call ---- */

static int run(struct exec *e)
{
	struct file *file = NULL;
	struct ps_exec x;
	int err = find_image(e);

	if (!err)
		err = find_interpreter(e);
	if (!err)
		err = choose_credentials(e);
	if (!err)
		err = vfs_open_inode(e->inode, O_RDONLY, &file);
	if (err)
		return err;
	x = (struct ps_exec){
		.image = {
			.object = exec_image_object(e->inode),
			.layout = exec_image_layout(e->image),
			.file = file,
		},
		.interpreter = exec_interpreter_image(&e->interpreter),
		.prefix = e->prefix,
		.argv = e->argv,
		.envp = e->envp,
		.path = e->given,
		.comm = last_component(e->given),
		.exe_node = e->inode->node,
		.exe = e->inode,
		.credentials = &e->credentials,
		.is_secure = is_secure(e),
		.is_fixed = !is_secure(e) && (ps_current_thread()->persona & ADDR_NO_RANDOMIZE),
	};
	if (x.image.layout->kind == IMAGE_PE)
		err = nt_exec_prepare(&x, e->image, NULL);
	if (!err)
		err = ps_exec(&x, linux_frame());
	e->is_unmappable = x.is_unmappable;
	if (x.personality_data)
		nt_exec_finish(&x);
	file_put(file);
	return err;
}

/* The end of the call, or of the process. */
static int64_t finish(struct exec *e, int64_t ret)
{
	ps_strings_free(&e->argv);
	ps_strings_free(&e->envp);
	ps_strings_free(&e->prefix);
	exec_interpreter_close(&e->interpreter);
	exec_image_put(e->image);
	exec_file_close(e->inode);
	if (e->given != e->path)
		kfree(e->given);
	kfree(e->path);
	if (e->is_unmappable)
		ps_exit_group(0, SIGSEGV);
	return ret;
}

/* @user_path is checked first of all. Returns: 0, or why not. */
static int path_in(struct exec *e, uint64_t user_path, bool may_be_empty)
{
	int64_t n;

	e->path = kmalloc(VFS_PATH_MAX, HEAP_NOZERO);
	if (!e->path)
		return -ENOMEM;
	e->given = e->path;
	n = strncpy_from_user(e->path, user_ptr(user_path), VFS_PATH_MAX);
	if (n < 0)
		return (int)n;
	return n || may_be_empty ? 0 : -ENOENT;
}

static int64_t do_exec(struct exec *e, uint64_t argv, uint64_t envp)
{
	int err;

	/* Scripts replace `path`; `given` stays. */
	e->given = kstrdup(e->fd_path[0] ? e->fd_path : e->path);
	if (!e->given) {
		e->given = e->path;
		return -ENOMEM;
	}
	ps_strings_init(&e->argv, strings_limit());
	ps_strings_init(&e->envp, e->argv.limit_bytes);
	ps_strings_init(&e->prefix, e->argv.limit_bytes);
	err = strings_in(e, argv, envp);
	return err ? err : run(e);
}

int64_t linux_sys_execve(const uint64_t a[6])
{
	struct exec e = { .walk_flags = WALK_FOLLOW };
	int64_t ret = path_in(&e, a[0], false);

	linux_crash_if_wanted();
	if (!ret)
		ret = do_exec(&e, a[1], a[2]);
	return finish(&e, ret);
}

/* What a descriptor names as the start of the path. A reference in *@out. */
static int start_of(int fd, struct inode **out)
{
	struct object *obj;
	struct file *f;
	int err = handle_lookup(ps_current()->handles, fd, OBJECT_FILE, 0, &obj);

	if (err)
		return -EBADF;
	f = file_from_object(obj);
	if (f->inode)
		inode_get(f->inode);
	*out = f->inode;
	object_put(obj);
	return *out ? 0 : -EACCES;
}

int64_t linux_sys_execveat(const uint64_t a[6])
{
	struct exec e = { .walk_flags = WALK_FOLLOW };
	struct inode *start = NULL;
	bool empty = a[4] & AT_EMPTY_PATH;
	uint32_t flags, rights;
	int64_t ret;

	if (a[4] & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	ret = path_in(&e, a[1], empty);
	if (!ret && e.path[0] != '/' && (int)a[0] != AT_FDCWD)
		ret = start_of((int)a[0], &start);
	if (!ret) {
		e.start = start;
		if (a[4] & AT_SYMLINK_NOFOLLOW)
			e.walk_flags = 0;
		if (empty)
			e.walk_flags |= WALK_EMPTY_PATH;
		if (start && !handle_get_flags(ps_current()->handles, (int)a[0], &flags, &rights))
			e.fd_closes = flags & HANDLE_CLOEXEC;
		if (start)
			ksnprintf(e.fd_path, sizeof(e.fd_path), "/dev/fd/%d%s%.12s", (int)a[0], e.path[0] ? "/" : "",
				  e.path);
		ret = do_exec(&e, a[2], a[3]);
	}
	inode_put(start);
	return finish(&e, ret);
}
