/* kernel/compat/src/nt/shared_data.c: the page at 7FFE0000h (ntddk.h, KUSER_SHARED_DATA).
 *
 * Each clock is three words: readers take high, low and the second high until both agree.
 */
#include "shared_data.h"

#include <lowlevel/cpu.h>
#include <mm/frame.h>
#include <string.h>

#include "nt.h"

#define TICK_NS 1000000ull
#define TICK_MULTIPLIER 0x01000000u	/* 1.0 in 8.24 bits: TickCount is in milliseconds */
#define QPC_FREQUENCY 10000000ull
#define ARCHITECTURE_AMD64 9
#define PRODUCT_WORKSTATION 1
#define SUITE_SINGLE_USER 0x100u
#define LARGE_PAGE_BYTES 0x200000u

/* PF_* of winnt.h */
enum { FEATURE_COMPARE_EXCHANGE_DOUBLE = 2, FEATURE_MMX = 3, FEATURE_SSE = 6, FEATURE_RDTSC = 8, FEATURE_PAE = 9,
	FEATURE_SSE2 = 10, FEATURE_NX = 12, FEATURE_SSE3 = 13, FEATURE_COMPARE_EXCHANGE128 = 14, FEATURE_XSAVE = 17,
	FEATURE_FASTFAIL = 23, FEATURE_RDRAND = 28, FEATURE_SSSE3 = 36, FEATURE_SSE4_1 = 37, FEATURE_SSE4_2 = 38,
	FEATURE_AVX = 39, FEATURE_AVX2 = 40 };

static struct mm_object *shared_object, *stubs_object;
static char *page;
static struct ktimer ticker;

static void put_time(uint32_t offset, uint64_t v)
{
	volatile uint32_t *t = (volatile uint32_t *)(page + offset);

	t[2] = (uint32_t)(v >> 32);
	t[0] = (uint32_t)v;
	t[1] = (uint32_t)(v >> 32);
}

static void put32(uint32_t offset, uint32_t v)
{
	memcpy(page + offset, &v, sizeof(v));
}

static void put16(uint32_t offset, uint16_t v)
{
	memcpy(page + offset, &v, sizeof(v));
}

static void put64(uint32_t offset, uint64_t v)
{
	memcpy(page + offset, &v, sizeof(v));
}

void nt_shared_data_tick(void)
{
	uint64_t now = clock_monotonic_ns();

	if (!READ_ONCE(page))
		return;
	put_time(KUSER_INTERRUPT_TIME, now / NT_NS_PER_TICK);
	put_time(KUSER_SYSTEM_TIME, clock_realtime_ns() / NT_NS_PER_TICK + NT_EPOCH_TICKS);
	put_time(KUSER_TICK_COUNT, now / TICK_NS);
}

static void tick(struct ktimer *t)
{
	nt_shared_data_tick();
	ktimer_start(t, clock_monotonic_ns() + TICK_NS);
}

static void set_feature(int feature, bool has)
{
	page[KUSER_FEATURES + feature] = has;
}

static void put_features(void)
{
	uint32_t a, b, c, d, b7;

	cpuid(7, 0, &a, &b7, &c, &d);
	cpuid(1, 0, &a, &b, &c, &d);
	set_feature(FEATURE_COMPARE_EXCHANGE_DOUBLE, d >> 8 & 1);
	set_feature(FEATURE_MMX, d >> 23 & 1);
	set_feature(FEATURE_SSE, d >> 25 & 1);
	set_feature(FEATURE_RDTSC, d >> 4 & 1);
	set_feature(FEATURE_PAE, true);
	set_feature(FEATURE_SSE2, d >> 26 & 1);
	set_feature(FEATURE_NX, true);
	set_feature(FEATURE_SSE3, c & 1);
	set_feature(FEATURE_COMPARE_EXCHANGE128, c >> 13 & 1);
	set_feature(FEATURE_XSAVE, c >> 27 & 1);
	set_feature(FEATURE_FASTFAIL, true);
	set_feature(FEATURE_RDRAND, c >> 30 & 1);
	set_feature(FEATURE_SSSE3, c >> 9 & 1);
	set_feature(FEATURE_SSE4_1, c >> 19 & 1);
	set_feature(FEATURE_SSE4_2, c >> 20 & 1);
	set_feature(FEATURE_AVX, fpu_xcr0 >> 2 & 1);
	set_feature(FEATURE_AVX2, (fpu_xcr0 >> 2 & 1) && (b7 >> 5 & 1));
}

static void fill_page(void)
{
	static const char root[] = "C:\\windows";
	struct mm_statistics mm;

	for (size_t i = 0; i < sizeof(root); i++)
		put16(KUSER_SYSTEM_ROOT + 2 * (uint32_t)i, (uint8_t)root[i]);
	mm_statistics(&mm);
	put32(KUSER_TICK_MULTIPLIER, TICK_MULTIPLIER);
	put16(KUSER_IMAGE_LOW, 0x8664);
	put16(KUSER_IMAGE_HIGH, 0x8664);
	put32(KUSER_LARGE_PAGE_MINIMUM, LARGE_PAGE_BYTES);
	put32(KUSER_BUILD, NT_BUILD);
	put32(KUSER_PRODUCT_TYPE, PRODUCT_WORKSTATION);
	page[KUSER_PRODUCT_TYPE_VALID] = 1;
	put16(KUSER_ARCHITECTURE, ARCHITECTURE_AMD64);
	put32(KUSER_MAJOR, NT_MAJOR);
	put32(KUSER_MINOR, NT_MINOR);
	put32(KUSER_SUITE_MASK, SUITE_SINGLE_USER);
	put32(KUSER_PHYSICAL_PAGES, (uint32_t)MIN(mm.total_pages, ~0u));
	put64(KUSER_QPC_FREQUENCY, QPC_FREQUENCY);
	put32(KUSER_SYSTEM_CALL, 0);
	put32(KUSER_ACTIVE_PROCESSORS, percpu_count);
	put_features();
}

/* An object of one page that stays. */
static int one_page(struct mm_object **object, char **address)
{
	struct frame *f;
	int err = mm_object_create(PAGE_SIZE, MM_OBJECT_WIRED, object);

	if (err)
		return err;
	err = mm_object_page_get(*object, 0, MM_PAGE_CREATE, 0, &f);
	if (err) {
		mm_object_put(*object);
		return err;
	}
	*address = frame_virt(f);	/* the object keeps it, and nobody drops the object */
	frame_put(f);
	return 0;
}

/* Make *@slot once. @object is taken over; a loser of the race gives it back. */
static bool publish(struct mm_object **slot, struct mm_object *object)
{
	struct mm_object *none = NULL;

	if (__atomic_compare_exchange_n(slot, &none, object, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return true;
	mm_object_put(object);
	return false;
}

int nt_shared_data(struct mm_object **out)
{
	struct mm_object *object;
	char *address;
	int err;

	if (!atomic_load(&shared_object)) {
		err = one_page(&object, &address);
		if (err)
			return err;
		if (publish(&shared_object, object)) {
			page = address;
			fill_page();
			ktimer_init(&ticker, tick, NULL);
			tick(&ticker);
		}
	}
	*out = shared_object;
	mm_object_get(*out);
	return 0;
}

/* (half, function, arguments) in rcx, rdx, r8. Of ntdll's own half function 0 takes a file that is no PE for
 * a library of the host's, which none is here; function 2 tells the time, read from the shared page until both
 * high words agree; all else is STATUS_NOT_SUPPORTED. */
static const uint8_t unix_call[] = {
	0x48, 0x81, 0xf9, 0x00, 0x07, 0xfd, 0x7f,		/* cmp rcx, NT_STUBS_ADDRESS + NT_STUB_NTDLL */
	0x75, 0x34,						/* jne fail */
	0x85, 0xd2,						/* test edx, edx */
	0x74, 0x2a,						/* je load */
	0x83, 0xfa, 0x02,					/* cmp edx, 2 */
	0x75, 0x2b,						/* jne fail */
	0x8b, 0x04, 0x25, 0x18, 0x00, 0xfe, 0x7f,		/* again: mov eax, [7ffe0018h] */
	0x44, 0x8b, 0x0c, 0x25, 0x14, 0x00, 0xfe, 0x7f,		/* mov r9d, [7ffe0014h] */
	0x3b, 0x04, 0x25, 0x1c, 0x00, 0xfe, 0x7f,		/* cmp eax, [7ffe001ch] */
	0x75, 0xe8,						/* jne again */
	0x48, 0xc1, 0xe0, 0x20,					/* shl rax, 32 */
	0x4c, 0x09, 0xc8,					/* or rax, r9 */
	0x49, 0x89, 0x00,					/* mov [r8], rax */
	0x31, 0xc0, 0xc3,					/* xor eax, eax; ret */
	0xb8, 0x7b, 0x00, 0x00, 0xc0, 0xc3,			/* load: mov eax, STATUS_INVALID_IMAGE_FORMAT; ret */
	0xb8, 0xbb, 0x00, 0x00, 0xc0, 0xc3,			/* fail: mov eax, STATUS_NOT_SUPPORTED; ret */
};
_Static_assert(NT_STUBS_ADDRESS + NT_STUB_NTDLL == 0x7ffd0700, "as the code has it");

int nt_stubs(struct mm_object **out)
{
	const uint64_t function = NT_STUBS_ADDRESS + NT_STUB_UNIX_CALL;
	struct mm_object *object;
	char *address;
	int err;

	if (!atomic_load(&stubs_object)) {
		err = one_page(&object, &address);
		if (err)
			return err;
		memcpy(address + NT_STUB_UNIX_CALL, unix_call, sizeof(unix_call));
		for (uint32_t i = 0; i < NT_STUB_TABLE_WORDS; i++)
			memcpy(address + NT_STUB_TABLE + 8 * i, &function, sizeof(function));
		publish(&stubs_object, object);
	}
	*out = stubs_object;
	mm_object_get(*out);
	return 0;
}
