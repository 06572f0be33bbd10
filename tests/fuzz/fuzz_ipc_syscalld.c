/* The input is syscalld's messages (feigned/feigned.h). */
#include <albireo/exec.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = SYSCALLD_SETCLOCK };
