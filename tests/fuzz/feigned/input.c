/* See feigned.h. */
#include "feigned.h"

#define NGIVEN 32

static const uint8_t *front, *back;
static uint64_t given[NGIVEN];
static unsigned int ngiven;

void feigned_open_input(const uint8_t *data, size_t size)
{
	front = data;
	back = data + size;
	memset(given, 0, sizeof(given));
	ngiven = 0;
}

bool feigned_has_input(void)
{
	return front < back;
}

unsigned int feigned_byte(void)
{
	return front < back ? *front++ : 0;
}

unsigned int feigned_answer_byte(void)
{
	return front < back ? *--back : 0;
}

void feigned_bytes(void *buf, size_t len)
{
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)feigned_byte();
}

void feigned_answer_bytes(void *buf, size_t len)
{
	uint8_t *bytes = buf;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)feigned_answer_byte();
}

void feigned_give(uint64_t word)
{
	given[ngiven++ % NGIVEN] = word;
}

uint64_t feigned_word(void)
{
	unsigned int kind = feigned_byte();
	uint32_t half = 0;
	uint64_t whole = 0;

	/* Below 128 it is the number itself: most are small. */
	if (kind < 128)
		return kind;
	/* The newest first. */
	if (kind < 224)
		return given[(ngiven - 1 - (kind - 128)) % NGIVEN];
	if (kind < 236)
		return ~0ull - (kind - 224);
	if (kind < 246) {
		feigned_bytes(&half, sizeof(half));
		return half;
	}
	if (kind < 250)
		return 1ull << (feigned_byte() % 64);
	feigned_bytes(&whole, sizeof(whole));
	return whole;
}

void feigned_read_medium(uint64_t offset, void *buf, size_t len)
{
	size_t size = (size_t)(back - front), there = offset < size ? size - (size_t)offset : 0;

	if (there > len)
		there = len;
	memset(buf, 0, len);
	if (there)
		memcpy(buf, front + offset, there);
}
