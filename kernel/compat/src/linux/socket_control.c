/* kernel/compat/src/linux/socket_control.c: files and identities that travel with bytes (man 7 unix: SCM_RIGHTS,
 * SCM_CREDENTIALS). */
#include "socket_control.h"

#include <linux/capability.h>
#include <mm/heap.h>
#include <string.h>

#define SOL_SOCKET_LEVEL 1
#define SCM_RIGHTS_TYPE 1
#define SCM_CREDENTIALS_TYPE 2
#define MAX_CONTROL_BYTES (20u << 10)

struct header { uint64_t len; int32_t level, type; };

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

/* Who may say that it is somebody else (man 7 unix). */
static int check_claim(const struct socket_identity *who)
{
	const struct credentials *c = ps_credentials();
	bool pid_ok = who->pid == ps_current()->pid || ps_capable(CAP_SYS_ADMIN);
	bool uid_ok = who->uid == c->uid || who->uid == c->euid || who->uid == c->suid || ps_capable(CAP_SETUID);
	bool gid_ok = who->gid == c->gid || who->gid == c->egid || who->gid == c->sgid || ps_capable(CAP_SETGID);
	struct process *p;

	if (!pid_ok || !uid_ok || !gid_ok)
		return -EPERM;
	if (who->pid == ps_current()->pid)
		return 0;
	p = ps_find(who->pid);
	if (!p)
		return -ESRCH;
	ps_put(p);
	return 0;
}

static int take_one(struct socket_control *c, const struct header *h)
{
	uint64_t bytes = h->len - sizeof(*h);

	if (h->level != SOL_SOCKET_LEVEL)
		return 0;
	switch (h->type) {
	case SCM_RIGHTS_TYPE:
		return take_files(c, (const int32_t *)(h + 1), bytes / sizeof(int32_t));
	case SCM_CREDENTIALS_TYPE:
		if (bytes != sizeof(c->sender))
			return -EINVAL;
		memcpy(&c->sender, h + 1, sizeof(c->sender));
		c->flags |= SOCKET_CLAIMS_IDENTITY;
		return check_claim(&c->sender);
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

/* ---- what was received ---- */

/* The caller's control buffer. */
struct writer {
	uint64_t at, left;
	bool is_cut;
};

/* One control message, cut off where the room ends. */
static int put_message(struct writer *w, int32_t type, const void *data, uint64_t len)
{
	struct header h = { .len = sizeof(h) + len, .level = SOL_SOCKET_LEVEL, .type = type };
	uint64_t used = MIN(ALIGN_UP(h.len, 8ul), w->left);

	if (w->left < sizeof(h)) {
		w->is_cut = true;
		return 0;
	}
	if (h.len > w->left) {
		w->is_cut = true;
		h.len = w->left;
	}
	if (copy_to_user(user_ptr(w->at), &h, sizeof(h)) || copy_to_user(user_ptr(w->at + sizeof(h)), data, h.len - sizeof(h)))
		return -EFAULT;
	w->at += used;
	w->left -= used;
	return 0;
}

static uint32_t install_files(struct socket_control *c, int32_t *fds, uint32_t n, uint32_t flags)
{
	uint32_t i = 0;

	while (i < n) {
		int64_t fd = linux_install(c->files[i], flags);

		c->files[i] = NULL;
		if (fd < 0)
			break;
		fds[i++] = (int32_t)fd;
	}
	return i;
}

static int put_files(struct writer *w, struct socket_control *c, uint32_t flags)
{
	uint64_t room = w->left > sizeof(struct header) ? (w->left - sizeof(struct header)) / sizeof(int32_t) : 0;
	uint32_t n = (uint32_t)MIN(room, (uint64_t)c->nfiles);
	int32_t *fds = kmalloc(c->nfiles * sizeof(*fds), HEAP_NOZERO);
	int err = 0;

	if (!fds)
		return -ENOMEM;
	n = install_files(c, fds, n, flags);
	w->is_cut |= n < c->nfiles;
	if (n)
		err = put_message(w, SCM_RIGHTS_TYPE, fds, n * sizeof(*fds));
	kfree(fds);
	return err;
}

int socket_control_out(struct socket_control *c, uint64_t user, uint64_t len, uint32_t flags, uint64_t *written)
{
	struct writer w = { .at = user, .left = user ? len : 0 };
	uint64_t room = w.left;
	int err = 0;

	if (c->flags & SOCKET_HAS_IDENTITY)
		err = put_message(&w, SCM_CREDENTIALS_TYPE, &c->sender, sizeof(c->sender));
	if (!err && c->nfiles)
		err = put_files(&w, c, flags);
	if (w.is_cut)
		c->flags |= SOCKET_CONTROL_CUT;
	*written = room - w.left;
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
