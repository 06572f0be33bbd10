/* drivers/exports.c: what modules may call, from abi/driver_api.def.
 *
 * Each name gets a declaration of its own that has no type, and so cannot disagree with the real one.
 */
#include <driver/export.h>

#define DRIVER_API(symbol) extern const char exported_##symbol[] __asm__(#symbol);
#include "driver_api.def"
#undef DRIVER_API

static const struct driver_export exports[] __attribute__((section(".driver_exports"), used, aligned(8))) = {
#define DRIVER_API(symbol) { #symbol, exported_##symbol },
#include "driver_api.def"
#undef DRIVER_API
};
