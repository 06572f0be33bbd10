/* kernel/io-manager/src/vector.c: bytes on their way to and from user or kernel segments. */
#include <errno.h>
#include <string.h>

#include <io/file.h>
#include <mm/space.h>
#include <mm/usercopy.h>

void io_vector_init(struct io_vector *v, const struct io_segment *s, uint32_t n, bool is_kernel)
{
	*v = (struct io_vector){ .segments = s, .nsegments = n, .is_kernel = is_kernel };
	for (uint32_t i = 0; i < n; i++)
		v->left += s[i].len;
}

void io_vector_advance(struct io_vector *v, uint64_t n)
{
	v->left -= n;
	while (n) {
		uint64_t here = v->segments[v->segment].len - v->offset;

		if (n < here) {
			v->offset += n;
			return;
		}
		n -= here;
		v->segment++;
		v->offset = 0;
	}
}

/* The next unbroken run of bytes; skips empty segments. Returns its length, 0 at the end. */
static size_t next_run(struct io_vector *v, size_t want, uint64_t *base)
{
	while (v->segment < v->nsegments && v->offset == v->segments[v->segment].len) {
		v->segment++;
		v->offset = 0;
	}
	if (v->segment == v->nsegments)
		return 0;
	*base = v->segments[v->segment].base + v->offset;
	return MIN(want, v->segments[v->segment].len - v->offset);
}

enum direction { TO_VECTOR, FROM_VECTOR };

static size_t copy_run(const struct io_vector *v, uint64_t base, void *buf, size_t n, enum direction way, bool may_fault)
{
	void __user *user = (void __user *)base;

	if (v->is_kernel) {
		if (way == TO_VECTOR)
			memcpy((void *)base, buf, n);
		else
			memcpy(buf, (const void *)base, n);
		return n;
	}
	if (may_fault)
		return way == TO_VECTOR ? copy_to_user_partial(user, buf, n) : copy_from_user_partial(buf, user, n);
	if (way == TO_VECTOR)
		return copy_to_user_nofault(user, buf, n) ? 0 : n;
	return copy_from_user_nofault(buf, user, n) ? 0 : n;
}

static size_t copy(struct io_vector *v, uint8_t *buf, size_t n, enum direction way, bool may_fault)
{
	size_t done = 0;

	while (done < n) {
		uint64_t base;
		size_t run = next_run(v, n - done, &base);
		size_t got;

		if (!run)
			break;
		got = copy_run(v, base, buf + done, run, way, may_fault);
		io_vector_advance(v, got);
		done += got;
		if (got < run)
			break;
	}
	return done;
}

static size_t copy_with_error(struct io_vector *v, void *buf, size_t n, enum direction way, int *err)
{
	size_t want = MIN(n, v->left), done = copy(v, buf, want, way, true);

	*err = want && !done ? -EFAULT : 0;
	return done;
}

size_t io_copy_to(struct io_vector *v, const void *src, size_t n, int *err)
{
	return copy_with_error(v, (void *)src, n, TO_VECTOR, err);
}

size_t io_copy_from(struct io_vector *v, void *dst, size_t n, int *err)
{
	return copy_with_error(v, dst, n, FROM_VECTOR, err);
}

size_t io_copy_to_nofault(struct io_vector *v, const void *src, size_t n)
{
	return copy(v, (void *)src, MIN(n, v->left), TO_VECTOR, false);
}

size_t io_copy_from_nofault(struct io_vector *v, void *dst, size_t n)
{
	return copy(v, dst, MIN(n, v->left), FROM_VECTOR, false);
}

/* Touch the pages of [base, base + n). Returns the bytes that are ready. */
static size_t prefault_run(uint64_t base, size_t n, bool for_write)
{
	uint64_t end = base + n, at = base;

	if (end < base || end > USER_TOP)
		return 0;
	while (at < end) {
		uint8_t byte;
		int code;

		if (for_write ? mm_fault(mm_current_space(), at, MM_WRITE, &code) :
		    copy_from_user(&byte, (const void __user *)at, 1))
			break;
		at = (at + PAGE_SIZE) & ~(PAGE_SIZE - 1);
	}
	return MIN(at, end) - base;
}

int64_t io_vector_prefault(struct io_vector *v, size_t n, bool for_write)
{
	struct io_vector at = *v;
	size_t ready = 0;

	n = MIN(n, v->left);
	if (v->is_kernel)
		return (int64_t)n;
	while (ready < n) {
		uint64_t base;
		size_t run = next_run(&at, n - ready, &base), got;

		if (!run)
			break;
		got = prefault_run(base, run, for_write);
		ready += got;
		if (got < run)
			break;
		io_vector_advance(&at, got);
	}
	return n && !ready ? -EFAULT : (int64_t)ready;
}
