/* kernel/compat/src/nt/sections.c: sections and views (Microsoft Learn: ZwCreateSection, ZwMapViewOfSection). */
#include "sections.h"

#include <asm/mman.h>
#include <io/inode.h>
#include <mm/heap.h>

#include "image.h"
#include "memory.h"
#include "sync.h"

HEAP_CACHE(section_cache, "nt-section", sizeof(struct nt_section));

#define SECTION_MAP_WRITE 2u
#define SECTION_MAP_READ 4u
#define SECTION_MAP_EXECUTE 8u
#define SECTION_QUERY 1u
#define PROCESS_VM_OPERATION 0x0008u
#define FILE_READ_DATA 1u
#define FILE_WRITE_DATA 2u

/* What a section's or a view's protection is to its handle: to copy on write is to read. */
static bool writes(uint32_t protect)
{
	return (protect & 0xff) == PAGE_READWRITE || (protect & 0xff) == PAGE_EXECUTE_READWRITE;
}

static void section_release(struct object *obj)
{
	struct nt_section *s = nt_section_of(obj);

	nt_name_ended(obj);
	nt_commitment_put(s->commitment);
	if (s->contents)
		mm_object_put(s->contents);
	exec_image_put(s->image);
	file_put(s->file);
	heap_cache_free(&section_cache, s);
}

static const struct object_type section_type = {
	.name = "section",
	.kind = OBJECT_SECTION,
	.release = section_release,
};

/* ---- making ---- */

static ntstatus fill_image(struct nt_section *s)
{
	int err = exec_image_find(s->file->inode, &s->image);

	if (!err && s->image->layout.kind != IMAGE_PE)
		err = -ENOEXEC;
	if (err == -ENOEXEC || err == -EINVAL)
		return STATUS_INVALID_IMAGE_NOT_MZ;
	if (err)
		return nt_status(err);
	s->bytes = s->image->layout.span_bytes;
	return STATUS_SUCCESS;
}

static ntstatus fill_file(struct nt_section *s, uint64_t wanted)
{
	struct vfs_attr attr;
	int err = inode_getattr(s->file->inode, &attr);

	if (err)
		return nt_status(err);
	if (!wanted) {
		if (!attr.size)
			return STATUS_MAPPED_FILE_SIZE_ZERO;
		wanted = attr.size;
	}
	if (wanted > attr.size) {
		if (!writes(s->protect))
			return STATUS_SECTION_TOO_BIG;
		err = s->file->ops->truncate ? s->file->ops->truncate(s->file, wanted) : -EINVAL;
		if (err)
			return nt_status(err);
	}
	s->bytes = wanted;
	s->attributes = (s->attributes & ~SEC_COMMIT) | SEC_FILE;
	return nt_status(inode_contents(s->file->inode, &s->contents));
}

static ntstatus fill_memory(struct nt_section *s, uint64_t wanted)
{
	if (!wanted)
		return STATUS_INVALID_PARAMETER_4;
	if (wanted > NT_HIGHEST_ADDRESS)
		return STATUS_SECTION_TOO_BIG;
	s->bytes = ALIGN_UP(wanted, PAGE_SIZE);
	if (s->attributes & SEC_RESERVE) {
		s->commitment = nt_commitment_create(s->bytes / PAGE_SIZE);
		if (!s->commitment)
			return STATUS_NO_MEMORY;
	}
	return nt_status(mm_object_create(s->bytes, MM_OBJECT_SHMEM, &s->contents));
}

static ntstatus fill(struct nt_section *s, uint64_t file_handle, uint64_t wanted)
{
	struct object *obj;
	ntstatus status;

	if (!file_handle)
		return s->attributes & SEC_IMAGE ? STATUS_INVALID_FILE_FOR_SECTION : fill_memory(s, wanted);
	status = nt_handle_lookup(file_handle, OBJECT_FILE, FILE_READ_DATA | (writes(s->protect) ? FILE_WRITE_DATA : 0), &obj);
	if (status)
		return status;
	s->file = file_from_object(obj);
	if (!s->file->inode || !inode_is_regular(s->file->inode))
		return STATUS_INVALID_FILE_FOR_SECTION;
	return s->attributes & SEC_IMAGE ? fill_image(s) : fill_file(s, wanted);
}

struct request { uint32_t attributes, protect; uint64_t file, wanted; };

static ntstatus make(void *arg, struct object **out)
{
	const struct request *rq = arg;
	struct nt_section *s = heap_cache_alloc(&section_cache, 0);
	ntstatus status;

	if (!s)
		return STATUS_NO_MEMORY;
	object_init(&s->object, &section_type);
	s->attributes = rq->attributes;
	s->protect = rq->protect;
	status = fill(s, rq->file, rq->wanted);
	if (status)
		object_put(&s->object);
	else
		*out = &s->object;
	return status;
}

ntstatus nt_sys_NtCreateSection(const uint64_t *a)
{
	struct request rq = { .attributes = (uint32_t)a[5], .protect = (uint32_t)a[4], .file = a[6] };

	if (nt_put64(a[0], 0))
		return STATUS_ACCESS_VIOLATION;
	if (!nt_protect_is_valid((uint32_t)a[4]))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (!(rq.attributes & (SEC_IMAGE | SEC_COMMIT | SEC_RESERVE)))
		return STATUS_INVALID_PARAMETER_6;
	if (a[3] && nt_get(&rq.wanted, a[3], sizeof(rq.wanted)))
		return STATUS_ACCESS_VIOLATION;
	return nt_create_object(a[0], (uint32_t)a[1], a[2], OBJECT_SECTION, make, &rq);
}

ntstatus nt_sys_NtOpenSection(const uint64_t *a)
{
	return nt_open_object(a[0], (uint32_t)a[1], a[2], OBJECT_SECTION);
}

/* ---- views ---- */

struct view {
	struct nt_section *section;
	struct process *process;
	struct nt_process *nt;
	struct mm_space *space;
	uint64_t base, bytes, offset;
	uint32_t protect;
};

static ntstatus map_image(struct view *v)
{
	struct exec_image *image = v->section->image;
	int err = nt_image_map(v->space, image, v->section->file->inode, v->section->file, v->base, &v->base);

	if (err)
		return err == -ENOMEM ? STATUS_NO_MEMORY : nt_status(err);
	v->bytes = image->layout.span_bytes;
	if (nt_region_add(v->nt, v->base, v->bytes, MEM_IMAGE, PAGE_EXECUTE_WRITECOPY)) {
		mm_unmap(v->space, v->base, v->bytes);
		return STATUS_NO_MEMORY;
	}
	return v->base == image->layout.pe.image_base ? STATUS_SUCCESS : STATUS_IMAGE_NOT_AT_BASE;
}

/* Note what is mapped. */
static ntstatus add_region(struct view *v)
{
	struct nt_region *r;

	if (nt_region_add(v->nt, v->base, v->bytes, MEM_MAPPED, v->protect))
		return STATUS_NO_MEMORY;
	if (!v->section->commitment)
		return STATUS_SUCCESS;
	r = nt_region_find(v->nt, v->base);
	r->view = nt_view_begin(v->section->commitment, v->process, v->base, v->bytes, v->offset, v->protect);
	if (r->view)
		return STATUS_SUCCESS;
	nt_region_remove(v->nt, r);
	return STATUS_NO_MEMORY;
}

static ntstatus map_data(struct view *v)
{
	bool is_copy = nt_protect_copies(v->protect), is_reserved = v->section->commitment;
	struct mm_map_request rq = {
		.address = v->base,
		.prot = is_reserved ? 0 : nt_prot_of(v->protect),
		.max_prot = MM_READ | MM_WRITE | MM_EXEC,
		.area_flags = (is_copy ? MM_AREA_NORESERVE : MM_AREA_SHARED) | (is_reserved ? MM_AREA_RESERVED : 0),
		.map_flags = v->base ? MM_MAP_FIXED | MM_MAP_NOREPLACE : MM_MAP_BOTTOM_UP,
		.object = v->section->contents,
		.object_offset = v->offset,
		.file = v->section->file,
		.align = NT_GRANULARITY,
	};
	int64_t ret;

	if (writes(v->protect) && !writes(v->section->protect))
		return STATUS_SECTION_PROTECTION;
	if (v->offset >= v->section->bytes)
		return STATUS_INVALID_VIEW_SIZE;
	if (!v->bytes)
		v->bytes = v->section->bytes - v->offset;
	if (v->bytes > ALIGN_UP(v->section->bytes - v->offset, PAGE_SIZE))
		return STATUS_INVALID_VIEW_SIZE;
	v->bytes = rq.bytes = ALIGN_UP(v->bytes, PAGE_SIZE);
	ret = mm_map(v->space, &rq);
	if (ret < 0)
		return ret == -EEXIST ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
	v->base = (uint64_t)ret;
	if (!add_region(v))
		return STATUS_SUCCESS;
	mm_unmap(v->space, v->base, v->bytes);
	return STATUS_NO_MEMORY;
}

static ntstatus view_process(uint64_t handle, struct view *v)
{
	ntstatus status = nt_process_lookup(handle, PROCESS_VM_OPERATION, &v->process);

	if (status)
		return status;
	v->nt = v->process->nt;
	v->space = ps_space_get(v->process);
	if (v->nt && v->space)
		return STATUS_SUCCESS;
	if (v->space)
		mm_space_put(v->space);
	ps_put(v->process);
	return STATUS_PROCESS_IS_TERMINATING;
}

static ntstatus view_in(const uint64_t *a, struct view *v)
{
	ntstatus status = nt_get(&v->base, a[2], sizeof(v->base));

	if (!status)
		status = nt_get(&v->bytes, a[6], sizeof(v->bytes));
	if (!status && a[5])
		status = nt_get(&v->offset, a[5], sizeof(v->offset));
	if (status)
		return status;
	v->protect = (uint32_t)a[9];
	if (!nt_protect_is_valid(v->protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if ((v->base | v->offset) & (NT_GRANULARITY - 1))
		return STATUS_MAPPED_ALIGNMENT;
	return STATUS_SUCCESS;
}

/* Who may write may read what he wrote. */
static uint32_t access_of_view(const struct view *v)
{
	return (writes(v->protect) ? SECTION_MAP_WRITE : SECTION_MAP_READ) |
	       (nt_prot_of(v->protect) & MM_EXEC ? SECTION_MAP_EXECUTE : 0);
}

ntstatus nt_sys_NtMapViewOfSection(const uint64_t *a)
{
	struct view v = { 0 };
	struct object *obj;
	ntstatus status = view_in(a, &v);

	if (!status)
		status = nt_handle_lookup(a[0], OBJECT_SECTION, access_of_view(&v), &obj);
	if (status)
		return status;
	v.section = nt_section_of(obj);
	status = view_process(a[1], &v);
	if (!status) {
		mutex_lock(&v.nt->memory_lock);
		status = v.section->attributes & SEC_IMAGE ? map_image(&v) : map_data(&v);
		mutex_unlock(&v.nt->memory_lock);
		mm_space_put(v.space);
		ps_put(v.process);
	}
	object_put(obj);
	if (!nt_success(status))
		return status;
	if (nt_put64(a[2], v.base) || nt_put64(a[6], v.bytes))
		return STATUS_ACCESS_VIOLATION;
	return status;
}

ntstatus nt_sys_NtUnmapViewOfSection(const uint64_t *a)
{
	struct view v = { 0 };
	struct nt_region *r;
	ntstatus status = view_process(a[0], &v);

	if (status)
		return status;
	mutex_lock(&v.nt->memory_lock);
	r = nt_region_find(v.nt, a[1]);
	if (r && r->type != MEM_PRIVATE) {
		mm_unmap(v.space, r->start, r->bytes);
		nt_region_remove(v.nt, r);
	} else {
		status = STATUS_NOT_MAPPED_VIEW;
	}
	mutex_unlock(&v.nt->memory_lock);
	mm_space_put(v.space);
	ps_put(v.process);
	return status;
}

/* No length: to the view's end. What other programs wrote to the file's pages goes along. */
ntstatus nt_sys_NtFlushVirtualMemory(const uint64_t *a)
{
	struct nt_io_status io = { 0 };
	struct view v = { 0 };
	struct nt_region *r;
	ntstatus status = nt_get(&v.base, a[1], sizeof(v.base));

	if (!status)
		status = nt_get(&v.bytes, a[2], sizeof(v.bytes));
	if (!status)
		status = view_process(a[0], &v);
	if (status)
		return status;
	mutex_lock(&v.nt->memory_lock);
	r = nt_region_find(v.nt, v.base);
	if (!r || r->type == MEM_PRIVATE || v.bytes > r->start + r->bytes - v.base)
		status = STATUS_NOT_MAPPED_VIEW;
	else if (!v.bytes)
		v.bytes = r->start + r->bytes - v.base;
	mutex_unlock(&v.nt->memory_lock);
	if (!status) {
		v.bytes = ALIGN_UP(v.base + v.bytes, PAGE_SIZE) - ALIGN_DOWN(v.base, PAGE_SIZE);
		v.base = ALIGN_DOWN(v.base, PAGE_SIZE);
		status = nt_status(mm_sync_range(v.space, v.base, v.bytes, MS_SYNC));
	}
	mm_space_put(v.space);
	ps_put(v.process);
	if (!status && (nt_put64(a[1], v.base) || nt_put64(a[2], v.bytes) || (a[3] && nt_put(a[3], &io, sizeof(io)))))
		status = STATUS_ACCESS_VIOLATION;
	return status;
}

/* ---- queries ---- */

struct basic_information { uint64_t base; uint32_t attributes, pad; uint64_t bytes; };

ntstatus nt_sys_NtQuerySection(const uint64_t *a)
{
	struct nt_image_information image;
	struct basic_information basic;
	struct nt_section *s;
	struct object *obj;
	const void *data;
	uint64_t bytes;
	ntstatus status;

	bytes = a[1] == 0 ? sizeof(basic) : sizeof(image);
	if ((uint32_t)a[1] > 1)
		return STATUS_INVALID_INFO_CLASS;
	if (a[3] < bytes)
		return STATUS_INFO_LENGTH_MISMATCH;
	status = nt_handle_lookup(a[0], OBJECT_SECTION, SECTION_QUERY, &obj);
	if (status)
		return status;
	s = nt_section_of(obj);
	if (!(uint32_t)a[1]) {
		basic = (struct basic_information){ .attributes = s->attributes, .bytes = s->bytes };
		data = &basic;
	} else if (s->image) {
		nt_describe_image(s->image, &image);
		image.file_bytes = (uint32_t)s->file->inode->attr.size;
		data = &image;
	} else {
		status = STATUS_SECTION_NOT_IMAGE;
	}
	object_put(obj);
	if (!status)
		status = nt_put(a[2], data, bytes);
	if (!status && a[4])
		status = nt_put64(a[4], bytes);
	return status;
}
