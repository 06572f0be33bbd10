/* tests/fuzz/feigned/renames.h: included before each source of a service: what it would ask of the host
 * is answered by the target, the same for the same input. */
#ifndef FEIGNED_RENAMES_H
#define FEIGNED_RENAMES_H

#define main feigned_main
#define malloc feigned_malloc
#define calloc feigned_calloc
#define realloc feigned_realloc
#define free feigned_free
#define strdup feigned_strdup
#define getrandom feigned_getrandom
#define clock_gettime feigned_clock_gettime
#define pthread_create feigned_pthread_create

#endif
