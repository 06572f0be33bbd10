/* kernel/executive/src/internal.h: what executive's files share. */
#ifndef EXECUTIVE_INTERNAL_H
#define EXECUTIVE_INTERNAL_H

/* Fill in the interrupt half of trap_ops and the panic hooks. */
void interrupts_init(void);
/* Measure user mode's share of the time, if the machine was asked to. */
void measure_init(void);
/* Map rootd from the bundle and start it. */
void rootd_start(void);

#endif
