/* kernel/io-manager/test/ldisc_model.h: a line discipline with a device that only remembers. */
#ifndef LDISC_MODEL_H
#define LDISC_MODEL_H

#include "../src/ldisc.h"

struct model {
	struct ldisc ldisc;	/* first */
	uint8_t output[32768];
	size_t noutput;
	size_t room;		/* what the device takes before it is full */
	int signals[64];
	size_t nsignals;
	unsigned flushes;
};

void model_init(struct model *m);
/* The bytes that were sent since the last call, as a string. */
const char *model_take_output(struct model *m);
void model_set(struct model *m, tcflag_t iflag, tcflag_t oflag, tcflag_t lflag);

#endif
