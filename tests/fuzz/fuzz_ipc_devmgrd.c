/* The input is devmgrd's messages; what its thread finds in the kernel's inventory is answers (feigned/feigned.h). */
#include <albireo/device.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = DEVMGRD_SETTLE, .runs_threads = true };
