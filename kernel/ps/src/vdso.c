/* kernel/ps/src/vdso.c: the vDSO and its clock page in a new space (man 7 vdso). */
#include "internal.h"

#define LARGE_PAGE_BYTES (2ull << 20)

struct ps_vdso ps_vdso;

/* A random place in the page table that holds the stack's end, so that it costs no other. 0: no room. */
static uint64_t choose_above_stack(const struct mm_space *s, uint64_t bytes, bool is_fixed)
{
	uint64_t end = MIN(ALIGN_UP(s->stack_top + 1, LARGE_PAGE_BYTES), USER_TOP);
	uint64_t room = end - s->stack_top;

	if (is_fixed || room < bytes)
		return 0;
	return s->stack_top + random_bits(~0ull) % (((room - bytes) >> PAGE_SHIFT) + 1) * PAGE_SIZE;
}

static int map_at(struct mm_space *s, uint64_t address, struct mm_object *object, uint64_t bytes, uint32_t prot,
	uint32_t max_prot)
{
	struct mm_map_request rq = {
		.address = address,
		.bytes = bytes,
		.prot = prot,
		.max_prot = max_prot,
		.area_flags = MM_AREA_VDSO,
		.map_flags = MM_MAP_FIXED | MM_MAP_NOREPLACE,
		.object = object,
	};
	int64_t ret = mm_map(s, &rq);

	return ret < 0 ? (int)ret : 0;
}

int vdso_map(struct mm_space *s, bool is_fixed, uint64_t *base)
{
	uint64_t bytes = PAGE_SIZE + ps_vdso.image_bytes, address;
	int err;

	*base = 0;
	if (!ps_vdso.image)
		return 0;
	address = choose_above_stack(s, bytes, is_fixed);
	if (!address)
		address = mm_find_free(s, bytes, PAGE_SIZE);
	if (!address)
		return -ENOMEM;
	err = map_at(s, address, ps_vdso.clock_page, PAGE_SIZE, MM_READ, MM_READ);
	/* A debugger may want breakpoints: its writes are private. */
	if (!err)
		err = map_at(s, address + PAGE_SIZE, ps_vdso.image, ps_vdso.image_bytes, MM_READ | MM_EXEC,
			     MM_READ | MM_WRITE | MM_EXEC);
	*base = address + PAGE_SIZE;
	return err;
}
