/* kernel/mm/test/fake/nucleus/log.h: a panic is a failed assertion that a test may expect. */
#ifndef NUCLEUS_LOG_H
#define NUCLEUS_LOG_H

#include <nucleus/compiler.h>

void fake_panic(const char *file, int line);

#define panic(...) do { fake_panic(__FILE__, __LINE__); __builtin_unreachable(); } while (0)
#define ASSERT(cond) do { if (!(cond)) fake_panic(__FILE__, __LINE__); } while (0)
#define DEBUG_ASSERT(cond) ASSERT(cond)

#endif
