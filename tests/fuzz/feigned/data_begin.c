#include "data.h"

char feigned_data_begin[64] __attribute__((aligned(64))) = { 1 };
char feigned_bss_begin[64] __attribute__((aligned(64)));
