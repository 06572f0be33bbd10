/* The input is procd's messages (feigned/feigned.h). */
#include <albireo/exec.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = PROCD_ACCOUNT };
