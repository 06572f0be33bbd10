/* The input is loaderd's messages; the files that they bring are the input's middle (feigned/feigned.h). */
#include <albireo/exec.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = LOADERD_ENTRY_POINTS };
