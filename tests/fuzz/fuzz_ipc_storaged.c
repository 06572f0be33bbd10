/* The input is storaged's messages; the disks that it reads are the input's middle (feigned/feigned.h). */
#include <albireo/block.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = STORAGED_RESCAN };
