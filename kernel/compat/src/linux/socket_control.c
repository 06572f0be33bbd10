/* kernel/compat/src/linux/socket_control.c: files that travel with bytes (man 7 unix, SCM_RIGHTS). */
#include "socket_control.h"

#include <linux/capability.h>
#include <mm/heap.h>
#include <string.h>

#define SOL_SOCKET_LEVEL 1
#define SCM_RIGHTS_TYPE 1
#define SCM_CREDENTIALS_TYPE 2
#define MAX_CONTROL_BYTES (20u << 10)

struct header { uint64_t len; int32_t level, type; };
struct claimed { uint32_t pid, uid, gid; };

static int take_files(struct socket_control *c, const int32_t *fds, uint64_t n)
{
	if (c->nfiles + n > SOCKET_MAX_FILES)
		return -EINVAL;
	for (uint64_t i = 0; i < n; i++) {
		int err = linux_file_or_path(fds[i], &c->files[c->nfiles]);

		if (err)
			return err;
		c->nfiles++;
	}
	return 0;
}

/* The kernel says who sends anyway; a claim may only be true. */
static int check_claim(const struct claimed *who)
{
	const struct credentials *c = ps_credentials();
	bool pid_ok = who->pid == ps_current()->pid || ps_capable(CAP_SYS_ADMIN);
	bool uid_ok = who->uid == c->uid || who->uid == c->euid || who->uid == c->suid || ps_capable(CAP_SETUID);
	bool gid_ok = who->gid == c->gid || who->gid == c->egid || who->gid == c->sgid || ps_capable(CAP_SETGID);

	return pid_ok && uid_ok && gid_ok ? 0 : -EPERM;
}

static int take_one(struct socket_control *c, const struct header *h)
{
	uint64_t bytes = h->len - sizeof(*h);
	struct claimed who;

	if (h->level != SOL_SOCKET_LEVEL)
		return 0;
	switch (h->type) {
	case SCM_RIGHTS_TYPE:
		return bytes % sizeof(int32_t) ? -EINVAL : take_files(c, (const int32_t *)(h + 1), bytes / sizeof(int32_t));
	case SCM_CREDENTIALS_TYPE:
		if (bytes != sizeof(who))
			return -EINVAL;
		memcpy(&who, h + 1, sizeof(who));
		return check_claim(&who);
	default:
		return -EINVAL;
	}
}

static int take_all(struct socket_control *c, const char *control, uint64_t len)
{
	uint64_t at = 0;
	int err = 0;

	while (!err && len - at >= sizeof(struct header)) {
		const struct header *h = (const void *)(control + at);

		if (h->len < sizeof(*h) || h->len > len - at)
			return -EINVAL;
		err = take_one(c, h);
		at += MIN(ALIGN_UP(h->len, 8ul), len - at);
	}
	return err;
}

int socket_control_in(struct socket_control *c, uint64_t user, uint64_t len)
{
	char *control;
	int err;

	memset(c, 0, sizeof(*c));
	if (!user || !len)
		return 0;
	if (len > MAX_CONTROL_BYTES)
		return -ENOBUFS;
	control = kmalloc(len, HEAP_NOZERO);
	c->files = kmalloc(SOCKET_MAX_FILES * sizeof(*c->files), 0);
	err = control && c->files ? copy_from_user(control, user_ptr(user), len) : -ENOMEM;
	if (!err)
		err = take_all(c, control, len);
	kfree(control);
	if (err)
		socket_control_end(c);
	return err;
}

int socket_control_room(struct socket_control *c, uint64_t len)
{
	memset(c, 0, sizeof(*c));
	if (len < sizeof(struct header) + sizeof(int32_t))
		return 0;
	c->max_files = (uint32_t)MIN((len - sizeof(struct header)) / sizeof(int32_t), (uint64_t)SOCKET_MAX_FILES);
	c->files = kmalloc(c->max_files * sizeof(*c->files), 0);
	return c->files ? 0 : -ENOMEM;
}

static uint32_t install_all(struct socket_control *c, int32_t *fds, uint32_t flags)
{
	uint32_t n = 0;

	while (n < c->nfiles) {
		int64_t fd = linux_install(c->files[n], flags);

		c->files[n++] = NULL;
		if (fd < 0) {
			c->flags |= SOCKET_CONTROL_CUT;
			return n - 1;
		}
		fds[n - 1] = (int32_t)fd;
	}
	return n;
}

int socket_control_out(struct socket_control *c, uint64_t user, uint64_t len, uint32_t flags, uint64_t *written)
{
	struct header h = { .level = SOL_SOCKET_LEVEL, .type = SCM_RIGHTS_TYPE };
	int32_t *fds;
	uint32_t n;
	int err;

	*written = 0;
	if (!c->nfiles)
		return 0;
	fds = kmalloc(c->nfiles * sizeof(*fds), HEAP_NOZERO);
	if (!fds)
		return -ENOMEM;
	n = install_all(c, fds, flags);
	h.len = sizeof(h) + n * sizeof(*fds);
	err = copy_to_user(user_ptr(user), &h, sizeof(h));
	if (!err)
		err = copy_to_user(user_ptr(user + sizeof(h)), fds, n * sizeof(*fds));
	kfree(fds);
	*written = MIN(ALIGN_UP(h.len, 8ul), len);
	return err;
}

void socket_control_end(struct socket_control *c)
{
	for (uint32_t i = 0; i < c->nfiles; i++)
		file_put(c->files[i]);
	kfree(c->files);
	c->files = NULL;
	c->nfiles = 0;
}
