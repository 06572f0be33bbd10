/* kernel/ps/src/stack.c: the first stack of a program (System V ABI for x86_64, 3.4.1; Linux's order).
 *
 *	top   8 zero bytes
 *	      the executed path
 *	      environment strings, argument strings (ascending)
 *	      platform string, 16 random bytes
 *	      auxiliary vector, envp[], argv[], argc   ← rsp, 16-byte aligned
 */
#include <hal/entropy.h>
#include <asm/auxvec.h>
#include <linux/auxvec.h>
#include <lowlevel/cpu.h>

#include "internal.h"
#include "strings.h"

#define STACK_FIRST_BYTES (132ull << 10)	/* mapped at once, as Linux's stack_expand */
#define STACK_RANDOM_PAGES 0x3fffffull		/* Linux: STACK_RND_MASK */
#define STACK_RANDOM_BYTES 8192u		/* arch_align_stack() */
#define PLATFORM "x86_64"
#define NRANDOM 16
#define USER_HZ 100
#define HWCAP2_FSGSBASE 2u
#define AUXV_WORDS 48
/* Of struct rseq, up to and with mm_cid (Linux 6.3). Older headers do not name the entries. */
#define RSEQ_FEATURE_BYTES 28
#define RSEQ_ALIGN 32
#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#define AT_RSEQ_ALIGN 28
#endif

uint32_t ps_min_signal_stack = 2048;

struct builder {
	struct mm_space *space;
	const struct stack_request *rq;
	uint64_t p;			/* grows down */
	uint64_t args, args_skipped;	/* addresses where the strings stand */
	uint64_t prefix, envs, path, platform, random;
	uint64_t vdso;
};

static int map_stack(struct builder *b)
{
	uint64_t limit = b->space->limits.stack_bytes;
	uint64_t bytes = MAX(PAGE_SIZE, ALIGN_DOWN(MIN(limit, STACK_FIRST_BYTES), PAGE_SIZE));
	uint64_t below = b->rq->is_fixed ? 0 : random_bits(STACK_RANDOM_PAGES) << PAGE_SHIFT;
	uint64_t top = ALIGN_DOWN(USER_TOP - below, PAGE_SIZE);
	struct mm_map_request rq = {
		.prot = MM_READ | MM_WRITE | (b->rq->layout->exec_stack ? MM_EXEC : 0),
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.area_flags = MM_AREA_GROWSDOWN | MM_AREA_STACK,
		.map_flags = MM_MAP_FIXED | MM_MAP_NOREPLACE,
	};
	uint64_t strings = b->rq->argv->bytes + b->rq->envp->bytes;
	int64_t ret;

	bytes = MAX(bytes, ALIGN_UP(strings + 8 * PAGE_SIZE, PAGE_SIZE));
	rq.address = top - bytes;
	rq.bytes = bytes;
	ret = mm_map(b->space, &rq);
	if (ret < 0)
		return (int)ret;
	b->space->stack_top = top;
	b->p = top - 8;
	return 0;
}

static int push_bytes(struct builder *b, const void *data, uint64_t n, uint64_t *where)
{
	b->p -= n;
	*where = b->p;
	return mm_space_copy(b->space, b->p, (void *)data, n, true) == (int64_t)n ? 0 : -ENOMEM;
}

static int push_strings(struct builder *b)
{
	const struct stack_request *rq = b->rq;
	struct mm_space *s = b->space;
	uint8_t random[NRANDOM];
	int err;

	b->args_skipped = strings_start(rq->argv, rq->skip_argv);
	err = push_bytes(b, rq->path, strlen(rq->path) + 1, &b->path);
	if (err)
		return err;
	s->env_end = b->p;
	b->p -= rq->envp->bytes;
	s->env_start = b->envs = b->p;
	s->arg_end = b->p;
	b->p -= rq->argv->bytes - b->args_skipped;
	b->args = b->p;
	if (rq->prefix)
		b->p -= rq->prefix->bytes;
	s->arg_start = b->prefix = b->p;
	err = strings_copy_out(rq->envp, 0, s, b->envs);
	if (!err)
		err = strings_copy_out(rq->argv, b->args_skipped, s, b->args);
	if (!err && rq->prefix)
		err = strings_copy_out(rq->prefix, 0, s, b->prefix);
	if (err)
		return err;

	b->p = ALIGN_DOWN(b->p - (rq->is_fixed ? 0 : random_bits(STACK_RANDOM_BYTES - 1)), 16);
	err = push_bytes(b, PLATFORM, sizeof(PLATFORM), &b->platform);
	if (err)
		return err;
	kernel_random_bytes(random, sizeof(random));
	return push_bytes(b, random, sizeof(random), &b->random);
}

static uint32_t hwcap(void)
{
	uint32_t a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	return d;
}

static void fill_auxv(struct builder *b)
{
	const struct stack_request *rq = b->rq;
	const struct credentials *cred = rq->credentials;
	const uint64_t pairs[][2] = {
		{ AT_SYSINFO_EHDR, b->vdso },
		{ AT_MINSIGSTKSZ, ps_min_signal_stack },
		{ AT_HWCAP, hwcap() },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, USER_HZ },
		{ AT_PHDR, rq->placement.phdr },
		{ AT_PHENT, 56 },	/* sizeof(Elf64_Phdr) */
		{ AT_PHNUM, rq->layout->phnum },
		{ AT_BASE, rq->placement.interpreter_base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, rq->placement.entry },
		{ AT_UID, cred->uid },
		{ AT_EUID, cred->euid },
		{ AT_GID, cred->gid },
		{ AT_EGID, cred->egid },
		{ AT_SECURE, rq->is_secure },
		{ AT_RANDOM, b->random },
		{ AT_HWCAP2, cpu_has_fsgsbase ? HWCAP2_FSGSBASE : 0 },
		{ AT_EXECFN, b->path },
		{ AT_PLATFORM, b->platform },
		{ AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_BYTES },
		{ AT_RSEQ_ALIGN, RSEQ_ALIGN },
		{ AT_NULL, 0 },
	};
	_Static_assert(ARRAY_SIZE(pairs) * 2 <= AUXV_WORDS, "the vector fits");

	memcpy(b->space->auxv, pairs, sizeof(pairs));
	b->space->auxv_words = 2 * ARRAY_SIZE(pairs);
}

/* Write the addresses of the strings of @s after the first @skip, which stand at @address. */
static uint64_t *write_pointers(uint64_t *out, const struct ps_strings *s, uint32_t skip, uint64_t address)
{
	uint64_t first = strings_start(s, skip);

	for (uint32_t i = skip; i < s->count; i++)
		*out++ = address + (s->starts[i] - first);
	return out;
}

static int push_vectors(struct builder *b, uint64_t *rsp)
{
	const struct stack_request *rq = b->rq;
	uint32_t argc = rq->argv->count - rq->skip_argv + (rq->prefix ? rq->prefix->count : 0);
	uint64_t nwords = 1 + argc + 1 + rq->envp->count + 1 + b->space->auxv_words;
	uint64_t *words = kmalloc(nwords * sizeof(*words), HEAP_NOZERO), *w;
	int64_t copied;

	if (!words)
		return -ENOMEM;
	w = words;
	*w++ = argc;
	if (rq->prefix)
		w = write_pointers(w, rq->prefix, 0, b->prefix);
	w = write_pointers(w, rq->argv, rq->skip_argv, b->args);
	*w++ = 0;
	w = write_pointers(w, rq->envp, 0, b->envs);
	*w++ = 0;
	memcpy(w, b->space->auxv, b->space->auxv_words * sizeof(*w));

	b->p = ALIGN_DOWN(b->p - nwords * sizeof(*words), 16);
	copied = mm_space_copy(b->space, b->p, words, nwords * sizeof(*words), true);
	kfree(words);
	*rsp = b->p;
	return copied == (int64_t)(nwords * sizeof(*words)) ? 0 : -ENOMEM;
}

int stack_build(struct mm_space *s, const struct stack_request *rq, uint64_t *rsp)
{
	struct builder b = { .space = s, .rq = rq };
	int err = map_stack(&b);

	if (!err)
		err = vdso_map(s, rq->is_fixed, &b.vdso);
	if (!err)
		err = push_strings(&b);
	if (err)
		return err;
	fill_auxv(&b);
	return push_vectors(&b, rsp);
}
