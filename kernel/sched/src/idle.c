/* kernel/sched/src/idle.c: what a CPU does that has nothing to do.
 *
 * Where time is instructions (QEMU's -icount without sleep), halting takes the clock straight to the next timer. That is as
 * well for a program that sleeps; but a device answers in the host's time, and seconds would go by in
 * each moment that it takes: time-outs of minutes would end in the midst of a read. There, an idle CPU spins as
 * long as a device has a request.
 */
#include <nucleus/atomic.h>
#include <sched/thread.h>
#include <string.h>

#include "internal.h"

static bool spins_for_devices;
static uint32_t device_requests;

void sched_configure_idle(const char *text, size_t len)
{
	spins_for_devices = len == 4 && !memcmp(text, "spin", 4);
}

void sched_device_request_begin(void)
{
	if (spins_for_devices)
		atomic_add(&device_requests, 1);
}

void sched_device_request_end(void)
{
	if (spins_for_devices)
		atomic_sub(&device_requests, 1);
}

void sched_idle_wait(void)
{
	if (spins_for_devices && atomic_load(&device_requests))
		__asm__ volatile("sti; pause" : : : "memory");
	else
		__asm__ volatile("sti; hlt" : : : "memory");
}
