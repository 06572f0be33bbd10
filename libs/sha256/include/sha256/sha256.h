/* sha256/sha256.h: SHA-256 (FIPS 180-4). */
#ifndef SHA256_SHA256_H
#define SHA256_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK_BYTES 64

struct sha256 {
	uint32_t state[8];
	uint64_t len_bytes;
	uint8_t block[SHA256_BLOCK_BYTES]; /* the input's last, incomplete block */
};

void sha256_init(struct sha256 *sha);
void sha256_update(struct sha256 *sha, const void *data, size_t len);

/* Write the digest; @sha is used up. */
void sha256_final(struct sha256 *sha, uint8_t digest[SHA256_BYTES]);

/* The digest of one buffer. */
void sha256_of(const void *data, size_t len, uint8_t digest[SHA256_BYTES]);

#endif
