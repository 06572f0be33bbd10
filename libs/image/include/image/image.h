/* image/image.h: from a file's bytes to the layout that the kernel maps.
 *
 * The kernel for rootd, rootd for services and loaderd for programs all need the
 * same answer, so it is worked out here. Errors are those of Linux' execve.
 * Nothing here allocates, locks or keeps state. The file may be hostile.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <albireo/exec.h>
#include <elf/elf.h>

/* As many first bytes of a file as image_parse() wants, if the file has them. */
#define IMAGE_HEAD_BYTES 4096

/* Parse @src, an ELF file, a script or a PE file, into @out.
 * Returns: 0; -ENOEXEC if it is none of them; -ENOENT for a `#!` with nothing behind it;
 * -EINVAL if its segments cannot be mapped; -ENAMETOOLONG for an interpreter's path beyond
 * IMAGE_MAX_INTERP; what @src->read returned. */
int image_parse(const struct elf_source *src, struct image_layout *out);

/* The same for ELF files alone: no script, no PE. */
int image_parse_elf(const struct elf_source *src, struct image_layout *out);

#endif
