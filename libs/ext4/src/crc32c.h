/* libs/ext4/src/crc32c.h: the checksum of all metadata: CRC-32C (Castagnoli), reflected, with neither
 * the first nor the last inversion, which callers make by their seed. */
#ifndef EXT4_SRC_CRC32C_H
#define EXT4_SRC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
