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

#endif
