/* services/vfsd/src/streams.h: open ids of generated files. */
#ifndef VFSD_STREAMS_H
#define VFSD_STREAMS_H

#include "state.h"

/* Make an open id that reads @text, which it now owns (0: an empty one). */
int stream_open(struct node *node, ref_t text, uint64_t *open_id);

#endif
