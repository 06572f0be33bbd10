/* kernel/lowlevel/src/fpu.c: the extended processor state (SDM 1, chapter 13).
 *
 * Ring 0 is compiled without vector registers, so the state in the registers is
 * always the current thread's; what uses some by hand puts them back.
 */
#include <lowlevel/cpu.h>
#include <lowlevel/trap.h>
#include <string.h>

#define XSAVE_HEADER 512
#define FXSAVE_BYTES 512
#define XCR0_X87 1u
#define XCR0_SSE 2u
#define XCR0_AVX 4u
#define DEFAULT_FCW 0x37f
#define DEFAULT_MXCSR 0x1f80

uint32_t fpu_state_bytes = FXSAVE_BYTES;
uint64_t fpu_xcr0;
static uint32_t mxcsr_mask;

void fpu_cpu_init(void);
/* Each CPU: turn on what CPUID offers of x87, SSE and AVX. */
void fpu_cpu_init(void)
{
	uint32_t a, b, c, d;

	cpuid(1, 0, &a, &b, &c, &d);
	mxcsr_mask = 0xffff;
	if (!(c & (1u << 26)))
		return;
	write_cr4(read_cr4() | (1u << 18));
	cpuid(0xd, 0, &a, &b, &c, &d);
	fpu_xcr0 = a & (XCR0_X87 | XCR0_SSE | XCR0_AVX);
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)fpu_xcr0), "d"(0));
	cpuid(0xd, 0, &a, &b, &c, &d);
	fpu_state_bytes = b;
}

void fpu_save(void *area)
{
	if (fpu_xcr0)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((uint32_t)fpu_xcr0), "d"(0) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_restore(const void *area)
{
	if (fpu_xcr0)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((uint32_t)fpu_xcr0), "d"(0) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

void fpu_init_state(void *area)
{
	memset(area, 0, fpu_state_bytes);
	*(uint16_t *)area = DEFAULT_FCW;
	*(uint32_t *)((char *)area + 24) = DEFAULT_MXCSR;
	if (fpu_xcr0)
		*(uint64_t *)((char *)area + XSAVE_HEADER) = XCR0_X87 | XCR0_SSE;
}

bool fpu_state_is_valid(const void *area)
{
	const uint64_t *header = (const uint64_t *)((const char *)area + XSAVE_HEADER);
	uint32_t mxcsr = *(const uint32_t *)((const char *)area + 24);

	if (mxcsr & ~mxcsr_mask)
		return false;
	if (!fpu_xcr0)
		return true;
	if (header[0] & ~fpu_xcr0)
		return false;
	for (int i = 1; i < 8; i++) {
		if (header[i])
			return false;
	}
	return true;
}
