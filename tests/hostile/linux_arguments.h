/* hostile/linux_arguments.h: arguments that a system call would like, from what abi/linux/syscalls.def says of them.
 *
 * Results of earlier calls (descriptors, addresses, ids) are handed to later ones. Most arguments are what a program
 * would give; whoever wants wrong ones too mixes them in. One thread of a process uses this.
 */
#ifndef HOSTILE_LINUX_ARGUMENTS_H
#define HOSTILE_LINUX_ARGUMENTS_H

#include <stdint.h>

#define LINUX_NUMBERS 461
#define LINUX_ARGUMENTS 6

/* Draw from *@state, a generator of random.h, and call what has no file by one of the @npaths names. */
void linux_arguments_begin(uint64_t *state, const char *const *paths, uint64_t npaths);

/* Argument @index, from 0, of call @number. A structure lies in memory that is this argument's until the next call. */
uint64_t linux_argument(unsigned int number, unsigned int index);

/* What call @number returned, 0 or more. */
void linux_arguments_learn(unsigned int number, long result);

#endif
