/* Hostile archives: every entry that cpio_next() gives lies inside the archive. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cpio/cpio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *archive = malloc(size ? size : 1);
	struct cpio_reader reader;
	struct cpio_entry entry;

	memcpy(archive, data, size);
	cpio_open(&reader, archive, size);
	while (cpio_next(&reader, &entry) == 1) {
		const uint8_t *start = entry.data;

		if (start < archive || entry.data_len > size || start + entry.data_len > archive + size)
			abort();
		if (strlen(entry.name) != entry.name_len)
			abort();
	}
	free(archive);
	return 0;
}
