/* src/private.h: what the files of libs/pe share. */
#ifndef PE_PRIVATE_H
#define PE_PRIVATE_H

#include <pe/pe.h>

static inline uint16_t pe_le16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t pe_le32(const uint8_t *at)
{
	return pe_le16(at) | (uint32_t)pe_le16(at + 2) << 16;
}

static inline uint64_t pe_le64(const uint8_t *at)
{
	return pe_le32(at) | (uint64_t)pe_le32(at + 4) << 32;
}

/* @alignment is a power of two. */
static inline uint64_t pe_round_up(uint64_t value, uint32_t alignment)
{
	return (value + alignment - 1) & ~(uint64_t)(alignment - 1);
}

#endif
