/* kernel/hal/src/clock.c: the TSC as the clock, the local APIC's timer for deadlines, RTC for the date.
 *
 * Both are measured against the PIT's channel 0, which needs no gate. A virtual processor may stand still at
 * any instruction, for longer than the PIT takes for a round (55 ms): so a reading counts that took little time, and
 * a measurement that another one confirms. Conversions use 32.32 fixed point.
 */
#include <lowlevel/cpu.h>
#include <nucleus/log.h>
#include "internal.h"

#define PIT_HZ 1193182ull
#define PIT_DATA 0x40
#define PIT_COMMAND 0x43
#define PIT_RATE_GENERATOR 0x34	/* channel 0, both bytes, mode 2 */
#define PIT_TICKS 2400		/* about 2 ms */
#define READINGS 8		/* of which the quickest counts */
#define MEASUREMENTS 50
#define TOLERANCE 1000		/* a measurement is right to one part in so many */
#define APIC_MAX_COUNT 0xffffffffull

struct reading {
	uint64_t tsc, took_tsc;
	uint32_t apic;
	uint16_t pit;
};

struct frequencies {
	uint64_t tsc, apic;
};

static uint64_t tsc_start, tsc_frequency, apic_frequency;
static uint64_t ns_per_tsc, apic_per_ns;	/* 32.32 */

/* The PIT keeps the count of the moment at which it gets the command. */
static void read_all(struct reading *r)
{
	uint64_t before = rdtsc();
	uint8_t lo;

	outb(PIT_COMMAND, 0);
	r->apic = lapic_read(LAPIC_TIMER_CURRENT);
	r->took_tsc = rdtsc() - before;
	r->tsc = before + r->took_tsc / 2;
	lo = inb(PIT_DATA);
	r->pit = (uint16_t)(lo | inb(PIT_DATA) << 8);
}

static void read_quickly(struct reading *best)
{
	struct reading r;

	read_all(best);
	for (int i = 1; i < READINGS; i++) {
		read_all(&r);
		if (r.took_tsc < best->took_tsc)
			*best = r;
	}
}

static struct frequencies measure(void)
{
	struct reading first, last;
	uint16_t ticks;

	lapic_write(LAPIC_TIMER_INITIAL, (uint32_t)APIC_MAX_COUNT);
	read_quickly(&first);
	do {
		read_all(&last);
	} while ((uint16_t)(first.pit - last.pit) < PIT_TICKS);
	read_quickly(&last);
	ticks = MAX((uint16_t)(first.pit - last.pit), 1);
	return (struct frequencies){ (last.tsc - first.tsc) * PIT_HZ / ticks, (first.apic - last.apic) * PIT_HZ / ticks };
}

static bool is_near(uint64_t a, uint64_t b)
{
	return MAX(a, b) - MIN(a, b) <= a / TOLERANCE;
}

static struct frequencies measure_confirmed(void)
{
	struct frequencies found = measure(), again;

	for (int i = 1; i < MEASUREMENTS; i++) {
		again = measure();
		if (is_near(found.tsc, again.tsc) && is_near(found.apic, again.apic))
			return (struct frequencies){ (found.tsc + again.tsc) / 2, (found.apic + again.apic) / 2 };
		found = again;
	}
	log_warn(BOOT, "clock: no two measurements agree");
	return found;
}

static inline uint64_t scale(uint64_t v, uint64_t factor)
{
	return (uint64_t)((unsigned __int128)v * factor >> 32);
}

void hal_clock_init(void)
{
	struct frequencies found;

	outb(PIT_COMMAND, PIT_RATE_GENERATOR);
	outb(PIT_DATA, 0);
	outb(PIT_DATA, 0);
	lapic_write(LAPIC_LVT_TIMER, LAPIC_MASKED | TRAP_TIMER);
	found = measure_confirmed();
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	lapic_write(LAPIC_LVT_TIMER, TRAP_TIMER);

	tsc_frequency = found.tsc;
	apic_frequency = found.apic;
	ASSERT(tsc_frequency && apic_frequency);
	ns_per_tsc = (NSEC_PER_SEC << 32) / tsc_frequency;
	apic_per_ns = (apic_frequency << 32) / NSEC_PER_SEC;
	tsc_start = rdtsc();
	log_info(BOOT, "clock: TSC %llu kHz, APIC timer %llu kHz", (unsigned long long)(tsc_frequency / 1000),
		 (unsigned long long)(apic_frequency / 1000));
}

uint64_t hal_tsc_hz(void)
{
	return tsc_frequency;
}

void hal_clock_scale(uint64_t *start, uint64_t *factor)
{
	*start = tsc_start;
	*factor = ns_per_tsc;
}

uint64_t hal_clock_ns(void)
{
	return scale(rdtsc() - tsc_start, ns_per_tsc);
}

void hal_timer_arm(uint64_t deadline_ns)
{
	uint64_t now, count;

	if (!deadline_ns) {
		lapic_write(LAPIC_TIMER_INITIAL, 0);
		return;
	}
	now = hal_clock_ns();
	count = deadline_ns > now ? scale(deadline_ns - now, apic_per_ns) : 1;
	lapic_write(LAPIC_TIMER_INITIAL, (uint32_t)MIN(MAX(count, 1), APIC_MAX_COUNT));
}

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71

static uint8_t cmos(uint8_t reg)
{
	outb(CMOS_INDEX, reg | 0x80);
	return inb(CMOS_DATA);
}

static unsigned from_bcd(unsigned v)
{
	return (v >> 4) * 10 + (v & 15);
}

/* Days since 1970 of a Gregorian date. */
static uint64_t days(unsigned y, unsigned m, unsigned d)
{
	y -= m <= 2;
	return 365ull * y + y / 4 - y / 100 + y / 400 + (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1 - 719468;
}

uint64_t hal_rtc_seconds(void)
{
	unsigned v[6], again[6];
	static const uint8_t regs[6] = { 0, 2, 4, 7, 8, 9 };

	if (cmos(0x0d) == 0xff)
		return 0;
	do {
		while (cmos(0x0a) & 0x80)
			cpu_pause();
		for (int i = 0; i < 6; i++)
			v[i] = cmos(regs[i]);
		for (int i = 0; i < 6; i++)
			again[i] = cmos(regs[i]);
	} while (v[0] != again[0] || v[1] != again[1] || v[2] != again[2] || v[3] != again[3]);
	if (!(cmos(0x0b) & 4)) {
		for (int i = 0; i < 6; i++)
			v[i] = from_bcd(v[i]);
	}
	return days(2000 + v[5], v[4], v[3]) * 86400 + v[2] * 3600 + v[1] * 60 + v[0];
}
