/* kernel/nucleus-core/src/ksyms.c: function names for backtraces.
 *
 * The table is made from the first link of nucleus.elf by tools/gen/ksyms.py.
 */
#include <nucleus/log.h>

extern const uint64_t ksyms_count;
extern const uint64_t ksyms_addresses[];
extern const uint32_t ksyms_offsets[];
extern const char ksyms_names[];

static const char *(*lookup_elsewhere)(uint64_t addr, uint64_t *offset);

void ksym_set_modules(const char *(*lookup)(uint64_t addr, uint64_t *offset))
{
	lookup_elsewhere = lookup;
}

const char *ksym_lookup(uint64_t addr, uint64_t *offset)
{
	uint64_t lo = 0, hi = ksyms_count;
	const char *name = lookup_elsewhere ? lookup_elsewhere(addr, offset) : NULL;

	if (name)
		return name;
	if (!hi || addr < ksyms_addresses[0])
		return NULL;
	while (hi - lo > 1) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (ksyms_addresses[mid] <= addr)
			lo = mid;
		else
			hi = mid;
	}
	*offset = addr - ksyms_addresses[lo];
	return ksyms_names + ksyms_offsets[lo];
}
