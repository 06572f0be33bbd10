/* The input is driverd's messages; the registry that it reads is the input's middle (feigned/feigned.h). */
#include <albireo/driver.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = DRIVERD_LOAD };
