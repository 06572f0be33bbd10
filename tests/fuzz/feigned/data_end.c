#include "data.h"

char feigned_data_end[64] __attribute__((aligned(64))) = { 1 };
char feigned_bss_end[64] __attribute__((aligned(64)));
