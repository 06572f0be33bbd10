/* Memory cleared by one instruction (`rep stos`): what it leaves in memory and registers, wherever it stops. */
#include "nt.h"
#include "report.h"

#define PAGE 0x1000u
#define PAGES 96u

struct string_store {
	char *at;
	unsigned long long count, value;
};

static volatile DWORD fault_code;
static volatile ULONG_PTR fault_kind;
static char *volatile fault_at;
static volatile unsigned long long fault_rdi, fault_rcx;

/* The instruction is given up: all that it could still do is counted off. */
static LONG WINAPI give_up(EXCEPTION_POINTERS *info)
{
	fault_code = info->ExceptionRecord->ExceptionCode;
	fault_kind = info->ExceptionRecord->ExceptionInformation[0];
	fault_at = (char *)info->ExceptionRecord->ExceptionInformation[1];
	fault_rdi = info->ContextRecord->Rdi;
	fault_rcx = info->ContextRecord->Rcx;
	info->ContextRecord->Rcx = 0;
	return EXCEPTION_CONTINUE_EXECUTION;
}

#define STORE(instruction, s) \
	__asm__ volatile(instruction : "+D"((s)->at), "+c"((s)->count) : "a"((s)->value) : "memory", "cc")

static void store(unsigned int size, struct string_store *s)
{
	fault_code = 0;
	if (size == 8)
		STORE("rep stosq", s);
	else if (size == 4)
		STORE("rep stosl", s);
	else if (size == 2)
		STORE("rep stosw", s);
	else
		STORE("rep stosb", s);
}

static void store_and_report(const char *what, char *base, unsigned int size, unsigned long long offset,
			     unsigned long long count, unsigned long long value)
{
	struct string_store s = { base + offset, count, value };

	store(size, &s);
	if (fault_code)
		report(what, "%#lx kind %lu at +%#llx, rdi +%#llx, rcx %#llx", fault_code, (unsigned long)fault_kind,
		       (unsigned long long)(fault_at - base), fault_rdi - (ULONG_PTR)base, fault_rcx);
	else
		report(what, "rdi +%#llx, rcx %#llx", (unsigned long long)(s.at - base), s.count);
}

static char *fresh(void)
{
	return VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

/* FNV-1a over all pages that can be read. */
static void report_sum(const char *what, const char *base, unsigned int pages)
{
	unsigned int sum = 2166136261u;

	for (unsigned int i = 0; i < pages * PAGE; i++)
		sum = (sum ^ (unsigned char)base[i]) * 16777619u;
	report(what, "sum %#x", sum);
}

static void test_sizes(void)
{
	for (unsigned int size = 1; size <= 8; size *= 2) {
		char *base = fresh();
		unsigned int whole = PAGES * PAGE / size;

		report("elements of", "%u", size);
		store_and_report("zeroes into nothing", base, size, 0, whole, 0);
		report_sum("read", base, PAGES);
		store_and_report("ones", base, size, 0, whole / 2, ~0ull);
		store_and_report("zeroes over the last half of them and on", base, size, PAGES * PAGE / 4, whole / 2, 0);
		report_sum("read", base, PAGES);
		VirtualFree(base, 0, MEM_RELEASE);
	}
}

static void test_pages_in_between(void)
{
	char *base = fresh();

	for (unsigned int page = 3; page < PAGES; page += 7)
		memset(base + page * PAGE, 0xa5, PAGE);
	store_and_report("from and to the middle of pages", base, 8, 2 * PAGE + 0x123, (80 * PAGE) / 8, 0);
	report_sum("read", base, PAGES);
	memset(base + 40 * PAGE, 0x5a, 2 * PAGE);
	store_and_report("elements over page ends", base, 8, 5 * PAGE + 3, 70 * PAGE / 8, 0);
	report_sum("read", base, PAGES);
	store_and_report("few elements", base, 8, 90 * PAGE + PAGE - 16, 5, 0);
	store_and_report("no elements", base, 8, 91 * PAGE, 0, 0);
	store_and_report("a value with a zero at its low end", base, 1, 92 * PAGE, 2 * PAGE, 0x100);
	store_and_report("the same of more bytes", base, 4, 94 * PAGE, PAGE / 4, 0x100);
	report_sum("read", base, PAGES);
	VirtualFree(base, 0, MEM_RELEASE);
}

static void test_ends(void)
{
	char *base = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE, PAGE_READWRITE);
	DWORD old;

	VirtualAlloc(base, 40 * PAGE, MEM_COMMIT, PAGE_READWRITE);
	store_and_report("into what is only reserved", base, 8, PAGE, 60 * PAGE / 8, 0);
	store_and_report("the last element half outside", base, 8, 30 * PAGE + 4, 10 * PAGE / 8, 0);
	VirtualProtect(base + 20 * PAGE, PAGE, PAGE_READONLY, &old);
	store_and_report("onto a page that is only read", base, 4, 10 * PAGE, 20 * PAGE / 4, 0);
	VirtualProtect(base + 5 * PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
	store_and_report("onto a guard page", base, 1, 2 * PAGE, 10 * PAGE, 0);
	store_and_report("again, when the guard is gone", base, 1, 2 * PAGE, 10 * PAGE, 0);
	store_and_report("at address 0", NULL, 8, 0, PAGE / 8, 0);
	store_and_report("more than there are addresses", base, 8, 0, ~0ull, 0);
	report_sum("read", base, 40);
	VirtualFree(base, 0, MEM_RELEASE);
}

static void test_downwards(void)
{
	char *base = fresh();
	struct string_store s = { base + PAGES * PAGE - 8, PAGES * PAGE / 8, 0 };

	base[PAGE] = 1;
	__asm__ volatile("std; rep stosq; cld" : "+D"(s.at), "+c"(s.count) : "a"(s.value) : "memory", "cc");
	report("downwards", "rdi %lld, rcx %#llx", (long long)(s.at - base), s.count);
	report_sum("read", base, PAGES);
	VirtualFree(base, 0, MEM_RELEASE);
}

int main(void)
{
	AddVectoredExceptionHandler(1, give_up);
	test_sizes();
	test_pages_in_between();
	test_ends();
	test_downwards();
	return 0;
}
