/* The input is netd's messages (feigned/feigned.h). */
#include <albireo/net.h>

#include "feigned.h"

const struct feigned_service feigned = { .last_operation = NETD_STATUS };
