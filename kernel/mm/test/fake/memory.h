/* kernel/mm/test/fake/memory.h: included before everything: "physical memory" is a block of the test's own. */
#if !defined(FAKE_MEMORY_H) && !defined(__ASSEMBLER__)
#define FAKE_MEMORY_H

#include <stdint.h>

extern uint64_t fake_direct_map, fake_frame_array;

#define DIRECT_MAP_BASE fake_direct_map
#define FRAME_ARRAY_BASE fake_frame_array

#endif
