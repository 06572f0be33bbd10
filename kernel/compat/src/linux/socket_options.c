/* kernel/compat/src/linux/socket_options.c: getsockopt and setsockopt (man 7 socket). */
#include <asm/socket.h>

#include "socket_common.h"

/* ---- time-outs, which are the file's whatever its family ---- */

static uint64_t *timeout_of(struct file *f, int name)
{
	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return &f->read_timeout_ns;
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return &f->write_timeout_ns;
	default:
		return NULL;
	}
}

static void give_timeout(struct socket_option *o, uint64_t ns)
{
	int64_t time[2] = { (int64_t)(ns / NSEC_PER_SEC), (int64_t)(ns % NSEC_PER_SEC / NSEC_PER_USEC) };

	o->len = sizeof(time);
	__builtin_memcpy(o->bytes, time, sizeof(time));
}

/* A struct timeval; 0 is for ever, and a negative one no time at all. */
static int take_timeout(uint64_t *timeout_ns, const struct socket_option *o)
{
	int64_t time[2];

	if (o->len < sizeof(time))
		return -EINVAL;
	__builtin_memcpy(time, o->bytes, sizeof(time));
	if (time[1] < 0 || time[1] >= 1000000)
		return -EDOM;
	if (time[0] < 0)
		*timeout_ns = 1;
	else if (time[0] > (int64_t)(LINUX_TIME_MAX_NS / NSEC_PER_SEC))
		*timeout_ns = 0;
	else
		*timeout_ns = (uint64_t)time[0] * NSEC_PER_SEC + (uint64_t)time[1] * NSEC_PER_USEC;
	return 0;
}

/* ---- the calls ---- */

static int get_option(struct file *f, int name, struct socket_option *o)
{
	const uint64_t *timeout = timeout_of(f, name);

	if (!timeout)
		return f->ops->socket->get_option(f, name, o);
	give_timeout(o, *timeout);
	return 0;
}

static int give_option(struct file *f, int name, uint64_t user, uint64_t user_len)
{
	struct socket_option option = { 0 };
	uint32_t room;
	int err;

	if (get_user(room, (const uint32_t __user *)user_ptr(user_len)))
		return -EFAULT;
	if ((int32_t)room < 0)
		return -EINVAL;
	option.len = room;
	err = get_option(f, name, &option);
	if (err == -ERANGE)
		return put_user(option.len, (uint32_t __user *)user_ptr(user_len)) ? -EFAULT : err;
	if (err)
		return err;
	room = MIN(option.len, room);
	if (copy_to_user(user_ptr(user), option.bytes, room))
		return -EFAULT;
	return put_user(room, (uint32_t __user *)user_ptr(user_len));
}

int64_t linux_sys_getsockopt(const uint64_t a[6])
{
	struct file *f;
	int err = linux_socket((int)a[0], &f);

	if (err)
		return err;
	err = (int)a[1] == SOL_SOCKET ? give_option(f, (int)a[2], a[3], a[4]) : -EOPNOTSUPP;
	file_put(f);
	return err;
}

static int take_option(struct file *f, int name, uint64_t user, int32_t len)
{
	struct socket_option option = { 0 };
	uint64_t *timeout = timeout_of(f, name);

	if (len < (int32_t)sizeof(option.number))
		return -EINVAL;
	option.len = MIN((uint32_t)len, (uint32_t)sizeof(option.bytes));
	if (copy_from_user(option.bytes, user_ptr(user), option.len))
		return -EFAULT;
	return timeout ? take_timeout(timeout, &option) : f->ops->socket->set_option(f, name, &option);
}

int64_t linux_sys_setsockopt(const uint64_t a[6])
{
	struct file *f;
	int err = linux_socket((int)a[0], &f);

	if (err)
		return err;
	if ((int32_t)a[4] < 0)
		err = -EINVAL;
	else
		err = (int)a[1] == SOL_SOCKET ? take_option(f, (int)a[2], a[3], (int32_t)a[4]) : -EOPNOTSUPP;
	file_put(f);
	return err;
}
