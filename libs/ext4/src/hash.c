/* MD4 cut to three rounds of eight steps (RFC 1320), the Tiny Encryption Algorithm (Wheeler and Needham),
 * and ext2's first hash. Documentation/filesystems/ext4/directory.rst names them. Whether a char is signed
 * made a difference on the machine that wrote a directory, so each exists twice. */
#include "crc32c.h"
#include "hash.h"

#define ROUND2 0x5a827999u
#define ROUND3 0x6ed9eba1u
#define TEA_DELTA 0x9e3779b9u
#define TEA_ROUNDS 16
#define LAST_MAJOR 0xfffffffeu

static uint32_t rotate(uint32_t value, unsigned int by)
{
	return value << by | value >> (32 - by);
}

static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
	return (x & y) | (x & z) | (y & z);
}

static uint32_t parity(uint32_t x, uint32_t y, uint32_t z)
{
	return x ^ y ^ z;
}

static void half_md4_round(uint32_t v[4], const uint32_t in[8], const uint8_t order[8], const uint8_t shifts[4],
			   uint32_t add, uint32_t (*mix)(uint32_t, uint32_t, uint32_t))
{
	unsigned int i, a;

	for (i = 0; i < 8; i++) {
		a = (4 - i % 4) % 4;	/* a, d, c, b, … */
		v[a] += mix(v[(a + 1) % 4], v[(a + 2) % 4], v[(a + 3) % 4]) + in[order[i]] + add;
		v[a] = rotate(v[a], shifts[i % 4]);
	}
}

static void half_md4(uint32_t state[4], const uint32_t in[8])
{
	static const uint8_t orders[3][8] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7 }, { 1, 3, 5, 7, 0, 2, 4, 6 }, { 3, 7, 2, 6, 1, 5, 0, 4 },
	};
	static const uint8_t shifts[3][4] = { { 3, 7, 11, 19 }, { 3, 5, 9, 13 }, { 3, 9, 11, 15 } };
	uint32_t v[4];
	unsigned int i;

	memcpy(v, state, sizeof(v));
	half_md4_round(v, in, orders[0], shifts[0], 0, choose);
	half_md4_round(v, in, orders[1], shifts[1], ROUND2, majority);
	half_md4_round(v, in, orders[2], shifts[2], ROUND3, parity);
	for (i = 0; i < 4; i++)
		state[i] += v[i];
}

static void tea(uint32_t state[4], const uint32_t in[4])
{
	uint32_t sum = 0, x = state[0], y = state[1];
	int i;

	for (i = 0; i < TEA_ROUNDS; i++) {
		sum += TEA_DELTA;
		x += ((y << 4) + in[0]) ^ (y + sum) ^ ((y >> 5) + in[1]);
		y += ((x << 4) + in[2]) ^ (x + sum) ^ ((x >> 5) + in[3]);
	}
	state[0] += x;
	state[1] += y;
}

static uint32_t char_value(char c, bool is_unsigned)
{
	return is_unsigned ? (uint32_t)(unsigned char)c : (uint32_t)(signed char)c;
}

static uint32_t legacy(const char *name, size_t len, bool is_unsigned)
{
	uint32_t hash, last = 0x12a3fe2d, before = 0x37abe8f9;
	size_t i;

	for (i = 0; i < len; i++) {
		hash = before + (last ^ (char_value(name[i], is_unsigned) * 7152373u));
		if (hash & 0x80000000u)
			hash -= 0x7fffffff;
		before = last;
		last = hash;
	}
	return last << 1;
}

/* The next @nwords words of a name, padded with its length. */
static void pack(const char *name, size_t len, uint32_t *words, unsigned int nwords, bool is_unsigned)
{
	uint32_t pad = (uint32_t)len | (uint32_t)len << 8, value;
	unsigned int w;
	size_t i;

	pad |= pad << 16;
	for (w = 0; w < nwords; w++) {
		value = pad;
		for (i = w * 4; i < w * 4 + 4 && i < len; i++)
			value = char_value(name[i], is_unsigned) + (value << 8);
		words[w] = value;
	}
}

static void digest(uint32_t state[4], const char *name, size_t len, bool is_md4, bool is_unsigned)
{
	size_t step = is_md4 ? 32 : 16, at;
	uint32_t words[8];

	for (at = 0; at < len; at += step) {
		pack(name + at, len - at, words, (unsigned int)step / 4, is_unsigned);
		is_md4 ? half_md4(state, words) : tea(state, words);
	}
}

static bool has_seed(const struct ext4 *fs)
{
	return fs->hash_seed[0] || fs->hash_seed[1] || fs->hash_seed[2] || fs->hash_seed[3];
}

struct name_hash name_hash(const struct ext4 *fs, uint32_t version, const char *name, size_t len)
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	bool is_unsigned = version >= HASH_UNSIGNED;
	struct name_hash hash;

	if (has_seed(fs))
		memcpy(state, fs->hash_seed, sizeof(state));
	switch (version % HASH_UNSIGNED) {
	case HASH_HALF_MD4:
		digest(state, name, len, true, is_unsigned);
		hash = (struct name_hash){ state[1], state[2] };
		break;
	case HASH_TEA:
		digest(state, name, len, false, is_unsigned);
		hash = (struct name_hash){ state[0], state[1] };
		break;
	default:
		/* It has no minor one; ours only orders a listing. */
		hash = (struct name_hash){ legacy(name, len, is_unsigned), crc32c(~0u, name, len) };
		break;
	}
	hash.major &= ~1u;
	if (hash.major == LAST_MAJOR)
		hash.major -= 2;
	return hash;
}
