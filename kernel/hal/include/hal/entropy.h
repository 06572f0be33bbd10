/* kernel/hal/include/hal/entropy.h: random bytes for keys, layouts and getrandom(2).
 *
 * ChaCha20 (RFC 8439) with a key that every request replaces. Seeded from RDRAND, the
 * TSC and devices. Context: any.
 */
#ifndef HAL_ENTROPY_H
#define HAL_ENTROPY_H

#include <nucleus/compiler.h>

/* Mix @n bytes in. */
void kernel_entropy_add(const void *bytes, size_t n);
void kernel_random_bytes(void *out, size_t n);
/* Whether RDRAND or a device has contributed: before, getrandom() waits. */
bool kernel_entropy_is_ready(void);

#endif
