/* tests/fuzz/feigned/feigned.h: a service on this host, and what answers in the kernel's place.
 *
 * A target `fuzz_ipc_NAME.c` says what is particular about a service; its sources are those of
 * services/NAME with their main() as feigned_main(). One input is one life of the service: its
 * static data are what the linker made them, its surviving state is empty, start() runs, and then
 * the messages that the input's bytes stand for reach handle(). A message may be a death: static
 * data go, the surviving state stays, and the last request comes again as a retry.
 *
 * Messages are taken from the input's front, the kernel's answers from its back, so that a change of
 * the one leaves the other. The kernel is believed by its services: its answers keep its contracts,
 * but what it only passes on (bytes of files, disks and 9P servers) is anything.
 */
#ifndef FEIGNED_H
#define FEIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <service/service.h>

#include "fuzz_support.h"

struct feigned_service {
	uint64_t last_operation;	/* they begin with 1 */
	const char *const *arguments;	/* of main(), NULL-terminated, after the name; NULL */
	bool has_no_start;		/* its start() only makes a thread */
	bool runs_threads;		/* a thread that it makes runs at once, until the kernel ends it; else never */
	/* After a message: add what later ones may name with feigned_give(). NULL: the reply's words 1 to 3. */
	void (*take_reply)(const struct service_call *call);
	/* After a message: REQUIRE what must hold. NULL. */
	void (*check)(void);
	/* Further events between messages, by a byte; NULL. */
	void (*event)(unsigned int which);
};

/* Each target defines it. */
extern const struct feigned_service feigned;

/* The service's main(), as compiled. */
int feigned_main(int argc, char **argv);

/* ---- the input ---- */

void feigned_open_input(const uint8_t *data, size_t size);
bool feigned_has_input(void);

/* From the front. Zeroes where there is no more. */
unsigned int feigned_byte(void);
void feigned_bytes(void *buf, size_t len);

/* A word of a message: a small number, one that feigned_give() told of, any. */
uint64_t feigned_word(void);
void feigned_give(uint64_t word);

/* From the back, for answers. */
unsigned int feigned_answer_byte(void);
void feigned_answer_bytes(void *buf, size_t len);

/* ---- the machine around ---- */

/* Everything of the kernel's as at its start. */
void feigned_kernel_reset(void);

/* What the service allocated, which a death frees. */
void feigned_memory_reset(void);

/* A disk, or a file, of the kernel's: bytes of the input, then zeroes. */
void feigned_read_medium(uint64_t offset, void *buf, size_t len);

#endif
