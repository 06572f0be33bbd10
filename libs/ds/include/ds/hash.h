/* ds/hash.h: hashes for tables.
 *
 * hash_bytes() is SipHash-1-3 (Aumasson, Bernstein, "SipHash: a fast short-input
 * PRF", 2012): whoever does not know the key cannot choose names that collide.
 */
#ifndef DS_HASH_H
#define DS_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
	uint64_t k0;
	uint64_t k1;
};

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);

/* A bijection that spreads every input bit; for keys that no attacker picks. */
static inline uint64_t hash_u64(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ul;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebul;
	return x ^ (x >> 31);
}

typedef uint64_t __attribute__((may_alias, aligned(1))) hash_word;
typedef uint32_t __attribute__((may_alias, aligned(1))) hash_half;

/* Fewer than eight bytes as a number, which need not tell how many they were. */
static inline uint64_t hash_tail(const char *bytes, uint32_t len)
{
	uint64_t word = 0;

	if (len >= 4)
		return *(const hash_half *)bytes | (uint64_t)*(const hash_half *)(bytes + len - 4) << 32;
	while (len)
		word = word << 8 | (uint8_t)bytes[--len];
	return word;
}

/* A quick hash of @bytes, for caches of bounded size, where collisions cost time only. */
static inline uint64_t hash_words(uint64_t seed, const char *bytes, uint32_t len)
{
	uint64_t h = seed * 0x9e3779b97f4a7c15ull ^ len;

	for (; len >= 8; len -= 8, bytes += 8) {
		h = (h ^ *(const hash_word *)bytes) * 0xbf58476d1ce4e5b9ull;
		h ^= h >> 32;
	}
	h = (h ^ hash_tail(bytes, len)) * 0x94d049bb133111ebull;
	return h ^ h >> 29 ^ h >> 43;
}

#endif
