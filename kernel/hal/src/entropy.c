/* kernel/hal/src/entropy.c: a fast-key-erasure generator on ChaCha20.
 *
 * Locking: entropy_lock (ENTROPY, interrupts off) guards the key.
 */
#include <hal/entropy.h>
#include <hal/hal.h>
#include <lowlevel/cpu.h>
#include <lowlevel/spinlock.h>
#include <string.h>

#define ROUNDS 10
#define BLOCK 64
#define RDRAND_WORDS 4

static struct spinlock entropy_lock = SPINLOCK_INIT(ENTROPY);
static uint32_t key[8];
static bool is_seeded, is_ready;

static inline uint32_t rotl(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static inline void quarter(uint32_t *s, int a, int b, int c, int d)
{
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotl(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotl(s[b] ^ s[c], 7);
}

static void block(const uint32_t *k, uint64_t counter, uint32_t *out)
{
	uint32_t in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(in + 4, k, 32);
	in[12] = (uint32_t)counter;
	in[13] = (uint32_t)(counter >> 32);
	memcpy(out, in, sizeof(in));
	for (int i = 0; i < ROUNDS; i++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		out[i] += in[i];
}

/* New key = ChaCha(key xor bytes). The lock is held. */
static void mix(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint32_t out[16];

	while (n) {
		size_t m = MIN(n, sizeof(key));

		for (size_t i = 0; i < m; i++)
			((uint8_t *)key)[i] ^= p[i];
		block(key, ~0ull, out);
		memcpy(key, out, sizeof(key));
		p += m;
		n -= m;
	}
}

static void seed(void)
{
	uint64_t words[RDRAND_WORDS + 1];

	is_seeded = true;
	for (int i = 0; i < RDRAND_WORDS; i++)
		is_ready |= hal_random64(&words[i]);
	words[RDRAND_WORDS] = rdtsc();
	mix(words, sizeof(words));
}

void kernel_entropy_add(const void *bytes, size_t n)
{
	uint64_t flags = spin_lock_irqsave(&entropy_lock);

	mix(bytes, n);
	is_ready = true;
	spin_unlock_irqrestore(&entropy_lock, flags);
}

bool kernel_entropy_is_ready(void)
{
	return READ_ONCE(is_ready);
}

void kernel_random_bytes(void *buf, size_t n)
{
	uint32_t mine[8], out[16];
	uint8_t *p = buf;
	uint64_t flags = spin_lock_irqsave(&entropy_lock);

	if (!is_seeded)
		seed();
	block(key, 0, out);
	memcpy(key, out, sizeof(key));
	memcpy(mine, out + 8, sizeof(mine));
	spin_unlock_irqrestore(&entropy_lock, flags);
	for (uint64_t counter = 1; n; counter++) {
		size_t m = MIN(n, BLOCK);

		block(mine, counter, out);
		memcpy(p, out, m);
		p += m;
		n -= m;
	}
}
