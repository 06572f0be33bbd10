/* kernel/io-manager/src/screen_font.c: what tools/gen/screen_font.py made of a font of Debian's. */
#include "screen_font.h"
#include <screen_font_data.h>
