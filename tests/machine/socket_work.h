/* tests/machine/socket_work.h: names of sockets made, used and given up, each answer checked. */
#ifndef TESTS_MACHINE_SOCKET_WORK_H
#define TESTS_MACHINE_SOCKET_WORK_H

#include <stdint.h>

/* In the working folder, which it leaves as it was. Ends the program at the first wrong answer. */
void use_sockets(void);

/* Names that netd holds now, of sockets that may have been closed a moment ago. */
uint64_t count_socket_names(void);

#endif
