/* sums/sums.h: the boot bundle's list of SHA-256 sums, lines of `path TAB digest TAB bytes`.
 *
 * It is signed with the bundle: what it lists may run, nothing else may.
 */
#ifndef SUMS_SUMS_H
#define SUMS_SUMS_H

#include <stddef.h>
#include <stdint.h>

#define SUMS_DIGEST_BYTES 32

/* What the list says of @path. Returns: 0, the digest and the size; -ENOENT; -EINVAL if its line is damaged. */
int sums_find(const char *text, size_t len, const char *path, uint8_t digest[SUMS_DIGEST_BYTES], uint64_t *bytes);

/* Parse @len hexadecimal digits, which must be as many as a digest has. Returns: 0; -EINVAL. */
int sums_parse_digest(const char *text, size_t len, uint8_t digest[SUMS_DIGEST_BYTES]);

#endif
