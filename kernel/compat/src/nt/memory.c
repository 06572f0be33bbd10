/* kernel/compat/src/nt/memory.c: virtual memory (NtAllocateVirtualMemory and kin; Microsoft Learn, "Memory
 * Management"). */
#include "memory.h"

#include <mm/frame.h>
#include <mm/heap.h>

#include "image.h"
#include "sections.h"
#include "shared_data.h"

HEAP_CACHE(region_cache, "nt-region", sizeof(struct nt_region));

#define ALLOWED_TYPES (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN | MEM_WRITE_WATCH | MEM_RESET_UNDO)
#define PROTECT_MODIFIERS (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)

#define PROCESS_VM_OPERATION 0x0008u
/* Not worth a look at how much memory there is. */
#define SMALL_COMMIT (64ul << 20)

/* ---- regions ---- */

static struct nt_region *region_of(struct rb_node *n)
{
	return container_of(n, struct nt_region, node);
}

static bool region_is_below(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, const struct nt_region, node)->start < container_of(b, const struct nt_region, node)->start;
}

int nt_region_add(struct nt_process *p, uint64_t start, uint64_t bytes, uint32_t type, uint32_t protect)
{
	struct nt_region *r = heap_cache_alloc(&region_cache, 0);

	if (!r)
		return -ENOMEM;
	*r = (struct nt_region){ .start = start, .bytes = bytes, .type = type, .protect = protect };
	rb_add(&p->regions, &r->node, region_is_below, NULL);
	return 0;
}

struct nt_region *nt_region_after(struct nt_process *p, uint64_t address)
{
	struct rb_node *n = p->regions.node;
	struct nt_region *best = NULL;

	while (n) {
		struct nt_region *r = region_of(n);

		if (r->start + r->bytes > address) {
			best = r;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct nt_region *nt_region_find(struct nt_process *p, uint64_t address)
{
	struct nt_region *r = nt_region_after(p, address);

	return r && r->start <= address ? r : NULL;
}

void nt_region_remove(struct nt_process *p, struct nt_region *r)
{
	if (r->view)
		nt_view_end(r->view);
	rb_erase(&p->regions, &r->node, NULL);
	heap_cache_free(&region_cache, r);
}

void nt_regions_free(struct nt_process *p)
{
	struct nt_region *r;

	while ((r = nt_region_after(p, 0)))
		nt_region_remove(p, r);
}

/* ---- protections ---- */

bool nt_protect_is_valid(uint32_t protect)
{
	uint32_t base = protect & 0xff;

	if (protect & ~(0xffu | PROTECT_MODIFIERS))
		return false;
	if (!base || (base & (base - 1)))
		return false;
	return !(base == PAGE_NOACCESS && (protect & PROTECT_MODIFIERS));
}

uint32_t nt_prot_of(uint32_t protect)
{
	switch (protect & 0xff) {
	case PAGE_READONLY:
		return MM_READ;
	case PAGE_READWRITE:
	case PAGE_WRITECOPY:
		return MM_READ | MM_WRITE;
	case PAGE_EXECUTE:
	case PAGE_EXECUTE_READ:
		return MM_READ | MM_EXEC;
	case PAGE_EXECUTE_READWRITE:
	case PAGE_EXECUTE_WRITECOPY:
		return MM_READ | MM_WRITE | MM_EXEC;
	default:
		return 0;
	}
}

/* What an area's rights are to VirtualQuery. */
static uint32_t protect_of(const struct mm_area_info *a)
{
	static const uint32_t plain[8] = {
		PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_READWRITE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READ,
		PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_READWRITE,
	};
	bool is_guard = a->flags & MM_AREA_GUARD;
	uint32_t prot = is_guard ? a->flags >> MM_AREA_GUARD_PROT_SHIFT & 7 : a->prot & 7, protect = plain[prot];

	if ((a->flags & MM_AREA_IMAGE) && (a->prot & MM_WRITE) && !a->private_pages)
		protect = a->prot & MM_EXEC ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY;
	if (is_guard)
		protect |= PAGE_GUARD;
	return protect;
}

/* ---- a call's range in a process ---- */

struct target {
	struct process *process;
	struct nt_process *nt;
	struct mm_space *space;
};

static ntstatus target_get(uint64_t handle, uint32_t access, struct target *t)
{
	ntstatus status = nt_process_lookup(handle, access, &t->process);

	if (status)
		return status;
	t->nt = t->process->nt;
	t->space = ps_space_get(t->process);
	if (t->nt && t->space)
		return STATUS_SUCCESS;
	if (t->space)
		mm_space_put(t->space);
	ps_put(t->process);
	return t->nt ? STATUS_PROCESS_IS_TERMINATING : STATUS_ACCESS_DENIED;
}

static void target_put(struct target *t)
{
	mm_space_put(t->space);
	ps_put(t->process);
}

static ntstatus range_in(uint64_t user_base, uint64_t user_bytes, uint64_t *base, uint64_t *bytes)
{
	ntstatus status = nt_get(base, user_base, sizeof(*base));

	return status ? status : nt_get(bytes, user_bytes, sizeof(*bytes));
}

static ntstatus range_out(uint64_t user_base, uint64_t user_bytes, uint64_t base, uint64_t bytes)
{
	ntstatus status = nt_put64(user_base, base);

	return status ? status : nt_put64(user_bytes, bytes);
}

/* ---- allocation ---- */

/* A guard page keeps the rights it will have. */
static uint32_t guard_flags(uint32_t protect)
{
	return protect & PAGE_GUARD ? MM_AREA_GUARD | nt_prot_of(protect) << MM_AREA_GUARD_PROT_SHIFT : 0;
}

static int protect_pages(struct mm_space *s, uint64_t start, uint64_t bytes, uint32_t protect)
{
	uint32_t guard = guard_flags(protect);

	return mm_protect_flags(s, start, bytes, guard ? 0 : nt_prot_of(protect), guard, MM_AREA_GUARD_MASK);
}

static int64_t map_pages(struct target *t, uint64_t start, uint64_t bytes, uint32_t protect, uint32_t flags, uint32_t map_flags)
{
	uint32_t guard = flags & MM_AREA_RESERVED ? 0 : guard_flags(protect);
	struct mm_map_request rq = {
		.address = start,
		.bytes = bytes,
		.prot = flags & MM_AREA_RESERVED || guard ? 0 : nt_prot_of(protect),
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.area_flags = flags | NT_AREA_MEMORY | guard,
		.map_flags = map_flags,
		.align = NT_GRANULARITY,
	};

	return mm_map(t->space, &rq);
}

static ntstatus reserve(struct target *t, uint64_t *base, uint64_t *bytes, uint32_t type, uint32_t protect)
{
	uint64_t start = ALIGN_DOWN(*base, NT_GRANULARITY), end;
	uint32_t flags = type & MEM_COMMIT ? 0 : MM_AREA_RESERVED;
	int64_t ret;

	if (*base) {
		end = ALIGN_UP(*base + *bytes, PAGE_SIZE);
		ret = map_pages(t, start, end - start, protect, flags, MM_MAP_FIXED | MM_MAP_NOREPLACE);
	} else {
		end = start + ALIGN_UP(*bytes, PAGE_SIZE);
		ret = map_pages(t, 0, end - start, protect, flags, type & MEM_TOP_DOWN ? 0 : MM_MAP_BOTTOM_UP);
	}
	if (ret < 0)
		return ret == -EEXIST ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
	*bytes = end - start;
	*base = (uint64_t)ret;
	if (!nt_region_add(t->nt, *base, *bytes, MEM_PRIVATE, protect))
		return STATUS_SUCCESS;
	mm_unmap(t->space, *base, *bytes);
	return STATUS_NO_MEMORY;
}

/* Commit what is only reserved in [start, end), change the rights of the rest. */
static ntstatus commit_range(struct target *t, uint64_t start, uint64_t end, uint32_t protect)
{
	struct mm_area_info a;

	while (start < end && mm_area_look(t->space, start, &a)) {
		uint64_t from = MAX(start, a.start), to = MIN(end, a.end);
		int64_t ret;

		if (a.flags & MM_AREA_RESERVED)
			ret = map_pages(t, from, to - from, protect, 0, MM_MAP_FIXED);
		else
			ret = protect_pages(t->space, from, to - from, protect);
		if (ret < 0)
			return STATUS_NO_MEMORY;
		start = to;
	}
	return STATUS_SUCCESS;
}

static ntstatus commit(struct target *t, uint64_t *base, uint64_t *bytes, uint32_t protect)
{
	uint64_t start = ALIGN_DOWN(*base, PAGE_SIZE), end = ALIGN_UP(*base + *bytes, PAGE_SIZE);
	struct nt_region *r = nt_region_find(t->nt, start);

	if (!r || end > r->start + r->bytes || (r->type != MEM_PRIVATE && !r->view))
		return STATUS_CONFLICTING_ADDRESSES;
	*base = start;
	*bytes = end - start;
	return r->view ? nt_view_commit(r->view, start, end - start, protect) : commit_range(t, start, end, protect);
}

static ntstatus check_allocation(uint64_t base, uint64_t bytes, uint64_t zero_bits, uint32_t type, uint32_t protect)
{
	if (zero_bits > 21 && zero_bits < 32)
		return STATUS_INVALID_PARAMETER_3;
	if (!bytes)
		return STATUS_INVALID_PARAMETER_4;
	if ((type & ~ALLOWED_TYPES) || !(type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_RESET_UNDO)))
		return STATUS_INVALID_PARAMETER_5;
	if (!nt_protect_is_valid(protect) || nt_protect_copies(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (base > NT_HIGHEST_ADDRESS || bytes > NT_HIGHEST_ADDRESS - base)
		return base ? STATUS_INVALID_PARAMETER_2 : STATUS_INVALID_PARAMETER_4;
	return STATUS_SUCCESS;
}

/* Pages come when they are touched, so only what the machine's memory can never hold is refused. */
static bool can_be_there(uint64_t bytes)
{
	struct mm_statistics memory;

	if (bytes < SMALL_COMMIT)
		return true;
	mm_statistics(&memory);
	return bytes >> PAGE_SHIFT <= memory.total_pages;
}

static ntstatus allocate(struct target *t, uint64_t *base, uint64_t *bytes, uint32_t type, uint32_t protect)
{
	ntstatus status;

	if ((type & MEM_COMMIT) && !can_be_there(*bytes))
		return STATUS_COMMITMENT_LIMIT;
	mutex_lock(&t->nt->memory_lock);
	if ((type & MEM_RESERVE) || !*base)
		status = reserve(t, base, bytes, type, protect);
	else if (type & MEM_COMMIT)
		status = commit(t, base, bytes, protect);
	else
		status = STATUS_SUCCESS;	/* MEM_RESET: a hint about contents */
	mutex_unlock(&t->nt->memory_lock);
	return status;
}

static ntstatus allocate_in(uint64_t process, uint64_t user_base, uint64_t user_bytes, uint64_t zero_bits, uint32_t type,
	uint32_t protect)
{
	uint64_t base, bytes;
	struct target t;
	ntstatus status = range_in(user_base, user_bytes, &base, &bytes);

	if (!status)
		status = check_allocation(base, bytes, zero_bits, type, protect);
	if (!status)
		status = target_get(process, PROCESS_VM_OPERATION, &t);
	if (status)
		return status;
	status = allocate(&t, &base, &bytes, type, protect);
	target_put(&t);
	return status ? status : range_out(user_base, user_bytes, base, bytes);
}

ntstatus nt_sys_NtAllocateVirtualMemory(const uint64_t *a)
{
	return allocate_in(a[0], a[1], a[3], a[2], (uint32_t)a[4], (uint32_t)a[5]);
}

/* ---- freeing ---- */

static ntstatus release(struct target *t, struct nt_region *r, uint64_t base, uint64_t *bytes)
{
	if (base != r->start)
		return STATUS_FREE_VM_NOT_AT_BASE;
	if (*bytes && ALIGN_UP(*bytes, PAGE_SIZE) != r->bytes)
		return STATUS_UNABLE_TO_FREE_VM;
	*bytes = r->bytes;
	mm_unmap(t->space, r->start, r->bytes);
	nt_region_remove(t->nt, r);
	return STATUS_SUCCESS;
}

static ntstatus decommit(struct target *t, struct nt_region *r, uint64_t *base, uint64_t *bytes)
{
	uint64_t start = ALIGN_DOWN(*base, PAGE_SIZE), end = ALIGN_UP(*base + *bytes, PAGE_SIZE);

	if (!*bytes) {
		if (start != r->start)
			return STATUS_FREE_VM_NOT_AT_BASE;
		end = r->start + r->bytes;
	}
	if (end > r->start + r->bytes)
		return STATUS_UNABLE_TO_FREE_VM;
	*base = start;
	*bytes = end - start;
	return map_pages(t, start, end - start, PAGE_NOACCESS, MM_AREA_RESERVED, MM_MAP_FIXED) < 0 ? STATUS_NO_MEMORY :
												 STATUS_SUCCESS;
}

ntstatus nt_sys_NtFreeVirtualMemory(const uint64_t *a)
{
	uint32_t type = (uint32_t)a[3];
	uint64_t base, bytes;
	struct nt_region *r;
	struct target t;
	ntstatus status = range_in(a[1], a[2], &base, &bytes);

	if (status)
		return status;
	if (type != MEM_RELEASE && type != MEM_DECOMMIT)
		return STATUS_INVALID_PARAMETER_4;
	status = target_get(a[0], PROCESS_VM_OPERATION, &t);
	if (status)
		return status;
	mutex_lock(&t.nt->memory_lock);
	r = nt_region_find(t.nt, base);
	if (!r)
		status = STATUS_MEMORY_NOT_ALLOCATED;
	else if (r->type != MEM_PRIVATE)
		status = STATUS_INVALID_PARAMETER;
	else
		status = type == MEM_RELEASE ? release(&t, r, base, &bytes) : decommit(&t, r, &base, &bytes);
	mutex_unlock(&t.nt->memory_lock);
	target_put(&t);
	return status ? status : range_out(a[1], a[2], base, bytes);
}

/* ---- protection ---- */

static ntstatus first_protection(struct target *t, uint64_t start, uint64_t end, uint32_t *old)
{
	struct mm_area_info a;
	uint64_t at = start;
	bool is_first = true;

	while (at < end) {
		if (!mm_area_look(t->space, at, &a))
			return STATUS_INVALID_PARAMETER;
		if (a.start > at)
			return STATUS_INVALID_PARAMETER;
		if (a.flags & MM_AREA_RESERVED)
			return STATUS_NOT_COMMITTED;
		if (is_first)
			*old = protect_of(&a);
		is_first = false;
		at = a.end;
	}
	return STATUS_SUCCESS;
}

static bool is_private(const struct target *t, uint64_t address)
{
	const struct nt_region *r = nt_region_find(t->nt, address);

	return r && r->type == MEM_PRIVATE;
}

ntstatus nt_sys_NtProtectVirtualMemory(const uint64_t *a)
{
	uint32_t protect = (uint32_t)a[3], old = 0;
	uint64_t base, bytes, start, end;
	struct target t;
	ntstatus status = range_in(a[1], a[2], &base, &bytes);

	if (status)
		return status;
	if (!nt_protect_is_valid(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (base > NT_HIGHEST_ADDRESS || bytes > NT_HIGHEST_ADDRESS - base || !bytes)
		return STATUS_INVALID_PARAMETER;
	status = target_get(a[0], PROCESS_VM_OPERATION, &t);
	if (status)
		return status;
	start = ALIGN_DOWN(base, PAGE_SIZE);
	end = ALIGN_UP(base + bytes, PAGE_SIZE);
	mutex_lock(&t.nt->memory_lock);
	status = first_protection(&t, start, end, &old);
	if (!status && nt_protect_copies(protect) && is_private(&t, start))
		status = STATUS_INVALID_PAGE_PROTECTION;
	if (!status)
		status = nt_status(protect_pages(t.space, start, end - start, protect));
	mutex_unlock(&t.nt->memory_lock);
	target_put(&t);
	if (!status)
		status = range_out(a[1], a[2], start, end - start);
	return status ? status : nt_put32(a[4], old);
}

/* The page at @page of the current thread's stack was its guard: the one below is the next. Locked. */
static ntstatus grow_stack(struct target *t, uint64_t page, uint64_t allocation)
{
	uint64_t below = page - PAGE_SIZE;
	ntstatus status = STATUS_STACK_OVERFLOW;

	/* The lowest page stays out of reach for good. */
	if (below > allocation)
		status = map_pages(t, below, PAGE_SIZE, PAGE_READWRITE | PAGE_GUARD, 0, MM_MAP_FIXED) < 0 ? STATUS_NO_MEMORY :
													    STATUS_SUCCESS;
	return status;
}

static ntstatus touch_guard(struct target *t, uint64_t page, const struct mm_area_info *a)
{
	uint64_t stack[2] = { 0, 0 }, allocation = 0, teb = nt_current_thread()->teb;

	if (mm_protect_flags(t->space, page, PAGE_SIZE, a->flags >> MM_AREA_GUARD_PROT_SHIFT & 7, 0, MM_AREA_GUARD_MASK))
		return STATUS_ACCESS_VIOLATION;
	if (nt_get(stack, teb + TEB_STACK_BASE, sizeof(stack)) ||
	    nt_get(&allocation, teb + TEB_DEALLOCATION_STACK, sizeof(allocation)))
		return STATUS_GUARD_PAGE_VIOLATION;
	if (page < allocation || page >= stack[0])
		return STATUS_GUARD_PAGE_VIOLATION;
	if (nt_put64(teb + TEB_STACK_LIMIT, page))
		return STATUS_ACCESS_VIOLATION;
	return grow_stack(t, page, allocation);
}

ntstatus nt_memory_fault(uint64_t address, uint64_t error)
{
	struct target t = { .nt = nt_current(), .space = ps_current()->space };
	uint64_t page = ALIGN_DOWN(address, PAGE_SIZE);
	ntstatus status = STATUS_ACCESS_VIOLATION;
	struct mm_area_info a;

	mutex_lock(&t.nt->memory_lock);
	if (mm_area_look(t.space, page, &a)) {
		if (a.start <= page && (a.flags & MM_AREA_GUARD))
			status = touch_guard(&t, page, &a);
	}
	mutex_unlock(&t.nt->memory_lock);
	return status;
}

/* ---- queries ---- */

#define MEMORY_BASIC_INFORMATION 0u
#define MEMORY_UNIX_FUNCTIONS 1000u	/* of libwine's DLLs: where a module's Unix half is */

struct basic_information {
	uint64_t base, allocation_base;
	uint32_t allocation_protect;
	uint16_t partition, pad;
	uint64_t region_bytes;
	uint32_t state, protect, type, pad2;
};

static void describe_free(struct target *t, uint64_t address, struct basic_information *out)
{
	struct nt_region *next = nt_region_after(t->nt, address);
	uint64_t end = next ? next->start : NT_HIGHEST_ADDRESS + 1;

	*out = (struct basic_information){
		.base = address,
		.region_bytes = end - address,
		.state = MEM_FREE,
		.protect = PAGE_NOACCESS,
	};
}

/* Areas side by side with the same state are one answer. */
static void describe_region(struct target *t, const struct nt_region *r, uint64_t address, struct basic_information *out)
{
	uint64_t at = address, end = r->start + r->bytes;
	struct mm_area_info a;

	*out = (struct basic_information){
		.base = address,
		.allocation_base = r->start,
		.allocation_protect = r->protect,
		.state = MEM_RESERVE,
		.type = r->type,
	};
	while (at < end && mm_area_look(t->space, at, &a) && a.start <= at) {
		uint32_t state = a.flags & MM_AREA_RESERVED ? MEM_RESERVE : MEM_COMMIT;
		uint32_t protect = state == MEM_COMMIT ? protect_of(&a) : 0;

		if (at == address) {
			out->state = state;
			out->protect = protect;
		} else if (state != out->state || protect != out->protect) {
			break;
		}
		at = MIN(a.end, end);
	}
	out->region_bytes = MAX(at, address + PAGE_SIZE) - address;
}

static ntstatus query_basic(struct target *t, uint64_t address, uint64_t user_out, uint64_t cap, uint64_t user_len)
{
	struct basic_information out;
	struct nt_region *r;
	ntstatus status;

	if (cap < sizeof(out))
		return STATUS_INFO_LENGTH_MISMATCH;
	if (address > NT_HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER;
	address = ALIGN_DOWN(address, PAGE_SIZE);
	mutex_lock(&t->nt->memory_lock);
	r = nt_region_find(t->nt, address);
	if (r)
		describe_region(t, r, address, &out);
	else
		describe_free(t, address, &out);
	mutex_unlock(&t->nt->memory_lock);
	status = nt_put(user_out, &out, sizeof(out));
	if (!status && user_len)
		status = nt_put64(user_len, sizeof(out));
	return status;
}

ntstatus nt_sys_NtQueryVirtualMemory(const uint64_t *a)
{
	struct target t;
	ntstatus status = target_get(a[0], 0x0400, &t);

	if (status)
		return status;
	switch ((uint32_t)a[2]) {
	case MEMORY_BASIC_INFORMATION:
		status = query_basic(&t, a[1], a[3], a[4], a[5]);
		break;
	case MEMORY_UNIX_FUNCTIONS:
		/* A half that can do next to nothing. */
		status = a[4] == sizeof(uint64_t) ? nt_put64(a[3], NT_STUBS_ADDRESS + (a[1] == t.nt->ntdll_base ? NT_STUB_NTDLL : NT_STUB_TABLE)) :
						    STATUS_INFO_LENGTH_MISMATCH;
		break;
	default:
		status = STATUS_INVALID_INFO_CLASS;
		break;
	}
	target_put(&t);
	return status;
}
