/* The input is a layout by its number and what keyboards say: a code of two bytes and a value of one for each event. */
#include <keymap/keymap.h>

#include "fuzz_support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const layouts[] = { "us", "us-intl", "gb", "de", "fr", "br", "tr", "dvorak" };
	struct keymap keymap = { 0 };

	if (!size)
		return 0;
	REQUIRE(keymap_choose(&keymap, layouts[*data % 8]));
	for (data++, size--; size >= 3; data += 3, size -= 3) {
		struct key_meaning meaning = keymap_take(&keymap, (uint16_t)(data[0] | data[1] << 8), (int8_t)data[2]);

		REQUIRE(meaning.kind <= KEY_MEANS_LOOK_AHEAD);
		if (meaning.kind == KEY_MEANS_CHARACTER)
			REQUIRE(meaning.value <= 0x10ffff);
	}
	return 0;
}
