/* kernel/ps/src/layout.h: whether a layout can be mapped at all. */
#ifndef PS_LAYOUT_H
#define PS_LAYOUT_H

#include <albireo/exec.h>
#include <stdbool.h>

/* A parser outside of the kernel made @l: every sum and address the mapping relies on is checked. */
bool layout_is_sane(const struct image_layout *l);

#endif
