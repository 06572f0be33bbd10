#include <string.h>

#include <ds/hash.h>

struct sip_state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t x, unsigned int nbits)
{
	return x << nbits | x >> (64 - nbits);
}

static void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v2 = rotate_left(s->v2, 32);
}

static void sip_absorb(struct sip_state *s, uint64_t word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len)
{
	struct sip_state s = {
		key->k0 ^ 0x736f6d6570736575ul,
		key->k1 ^ 0x646f72616e646f6dul,
		key->k0 ^ 0x6c7967656e657261ul,
		key->k1 ^ 0x7465646279746573ul,
	};
	const unsigned char *p = data;
	uint64_t word;
	size_t left;

	for (left = len; left >= sizeof(word); left -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sip_absorb(&s, word);
	}
	word = 0;
	if (left)
		memcpy(&word, p, left);
	sip_absorb(&s, word | (uint64_t)len << 56);

	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
