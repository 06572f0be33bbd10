/* kernel/ps/src/machine.c: what belongs to the machine and not to a process: names and load. */
#include "internal.h"

#define NAME_MAX_BYTES 64
#define LOAD_INTERVAL_NS (5 * NSEC_PER_SEC)
#define LOAD_FIXED_ONE 2048u	/* Linux: FIXED_1, 11 bits of fraction */

static struct spinlock names_lock = SPINLOCK_INIT(PROCESS);
static char names[2][NAME_MAX_BYTES + 1] = { "albireo", "(none)" };

/* e^(-5s/1min), e^(-5s/5min), e^(-5s/15min) in 1/2048 (Linux: EXP_1, EXP_5, EXP_15). */
static const uint32_t load_decay[3] = { 1884, 2014, 2037 };
static uint64_t load_fixed[3];
static struct ktimer load_timer;

void ps_set_machine_name(bool is_domain, const char *name, size_t len)
{
	len = MIN(len, NAME_MAX_BYTES);
	spin_lock(&names_lock);
	memset(names[is_domain], 0, sizeof(names[is_domain]));
	memcpy(names[is_domain], name, len);
	spin_unlock(&names_lock);
}

void ps_get_machine_name(bool is_domain, char out[65])
{
	spin_lock(&names_lock);
	memcpy(out, names[is_domain], sizeof(names[is_domain]));
	spin_unlock(&names_lock);
}

static void update_load(struct ktimer *timer)
{
	uint64_t running = (uint64_t)sched_running_count() * LOAD_FIXED_ONE;

	for (int i = 0; i < 3; i++) {
		uint64_t decay = load_decay[i];

		load_fixed[i] = (load_fixed[i] * decay + running * (LOAD_FIXED_ONE - decay)) / LOAD_FIXED_ONE;
	}
	ktimer_start(timer, clock_monotonic_ns() + LOAD_INTERVAL_NS);
}

void ps_load_averages(uint64_t out_1000[3])
{
	for (int i = 0; i < 3; i++)
		out_1000[i] = atomic_load(&load_fixed[i]) * 1000 / LOAD_FIXED_ONE;
}

void ps_machine_init(void)
{
	ktimer_init(&load_timer, update_load, NULL);
	ktimer_start(&load_timer, clock_monotonic_ns() + LOAD_INTERVAL_NS);
}
