/* The input is inputd's messages (feigned/feigned.h). */
#include <albireo/input.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = INPUTD_SEAT };
