/* kernel/compat/src/nt/tokens.c: tokens and SIDs. */
#include "nt.h"
