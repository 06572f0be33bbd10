#include <string.h>

#include "crc32c.h"

#define POLYNOMIAL 0x82f63b78u

/* table[k][b]: the byte b followed by k zero bytes. Filled once; racing fillers store the same values. */
static uint32_t table[8][256];
static int is_filled;

static void fill(void)
{
	uint32_t i, k, crc;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
		for (k = 1; k < 8; k++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 255];
	__atomic_store_n(&is_filled, 1, __ATOMIC_RELEASE);
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t word;

	if (!__atomic_load_n(&is_filled, __ATOMIC_ACQUIRE))
		fill();
	for (; len >= 8; len -= 8, bytes += 8) {
		memcpy(&word, bytes, 8);
		word ^= crc;
		crc = table[7][word & 255] ^ table[6][word >> 8 & 255] ^ table[5][word >> 16 & 255] ^
		      table[4][word >> 24 & 255] ^ table[3][word >> 32 & 255] ^ table[2][word >> 40 & 255] ^
		      table[1][word >> 48 & 255] ^ table[0][word >> 56];
	}
	for (; len; len--)
		crc = crc >> 8 ^ table[0][(crc ^ *bytes++) & 255];
	return crc;
}
