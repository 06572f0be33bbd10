/* tests/fuzz/feigned/data.h: the static data of what is tested, by the order of linking: data_begin.c is linked
 * before it and data_end.c behind it. */
#ifndef FEIGNED_DATA_H
#define FEIGNED_DATA_H

extern char feigned_data_begin[], feigned_data_end[], feigned_bss_begin[], feigned_bss_end[];

/* Make them what they were when the program started. */
void feigned_data_restore(void);

#endif
