/* PE files: layouts of images, and the entry points and system calls of an ntdll.dll. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pe/pe.h>

#include "load.h"

_Static_assert(IMAGE_PROT_READ == PE_PROT_READ && IMAGE_PROT_WRITE == PE_PROT_WRITE &&
	       IMAGE_PROT_EXEC == PE_PROT_EXEC, "both are mmap's PROT_*");

static int read_exactly(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct load_file *file = ctx;
	long got = file->read(file->ctx, offset, buf, len);

	return got == (long)len ? 0 : -1;
}

static int parse(const struct load_file *file, struct pe_image *image)
{
	size_t want = file->bytes < PE_HEAD_BYTES ? (size_t)file->bytes : PE_HEAD_BYTES;
	char *head = malloc(want);
	enum pe_error err;
	long got;

	if (!head)
		return -ENOMEM;
	got = file->read(file->ctx, 0, head, want);
	err = got < 0 ? PE_ERR_READ : pe_parse(head, (size_t)got, file->bytes, image);
	free(head);
	if (got < 0)
		return (int)got;
	return err == PE_OK ? 0 : -ENOEXEC;
}

/* Debug sections come by the dozen: what goes on in memory and in the file as the last one ended is one segment. */
static int add_segment(struct image_layout *l, const struct image_segment *seg)
{
	struct image_segment *last = l->nsegments ? &l->segments[l->nsegments - 1] : NULL;

	if (last && last->prot == seg->prot && last->shared == seg->shared && last->file_bytes == last->mem_bytes &&
	    last->vaddr + last->mem_bytes == seg->vaddr && last->file_offset + last->file_bytes == seg->file_offset) {
		last->mem_bytes += seg->mem_bytes;
		last->file_bytes += seg->file_bytes;
		return 0;
	}
	if (l->nsegments == IMAGE_MAX_SEGMENTS)
		return -ENOEXEC;
	l->segments[l->nsegments++] = *seg;
	return 0;
}

static uint64_t round_up(uint64_t bytes)
{
	return (bytes + PE_PAGE_BYTES - 1) & ~(uint64_t)(PE_PAGE_BYTES - 1);
}

/* SectionAlignment below a page: the file's bytes are the image, with all rights. */
static int put_flat(const struct pe_image *image, struct image_layout *out)
{
	uint64_t bytes = image->file_size < image->size_of_image ? image->file_size : image->size_of_image;
	struct image_segment all = {
		.mem_bytes = image->size_of_image,
		.file_bytes = bytes,
		.prot = IMAGE_PROT_READ | IMAGE_PROT_WRITE | IMAGE_PROT_EXEC,
	};

	return add_segment(out, &all);
}

static int put_sections(const struct pe_image *image, struct image_layout *out)
{
	struct image_segment seg = {
		.mem_bytes = round_up(image->size_of_headers),
		.file_bytes = image->size_of_headers < image->file_size ? image->size_of_headers : image->file_size,
		.prot = IMAGE_PROT_READ,
	};
	int err = add_segment(out, &seg);

	for (uint32_t i = 0; i < image->nsections && !err; i++) {
		const struct pe_section *s = &image->sections[i];

		seg = (struct image_segment){
			.vaddr = s->rva,
			.mem_bytes = s->mem_bytes,
			.file_offset = s->file_bytes ? s->file_offset : 0,
			.file_bytes = s->file_bytes,
			.prot = s->prot,
			.shared = (s->characteristics & PE_SCN_MEM_SHARED) && (s->prot & PE_PROT_WRITE),
		};
		if (!strcmp(s->name, ".apiset"))
			out->pe.apiset_rva = s->rva;
		err = add_segment(out, &seg);
	}
	return err;
}

static void put_facts(const struct pe_image *image, struct image_pe *pe)
{
	pe->image_base = image->image_base;
	pe->stack_reserve = image->stack_reserve;
	pe->stack_commit = image->stack_commit;
	pe->heap_reserve = image->heap_reserve;
	pe->heap_commit = image->heap_commit;
	pe->flags = (image->is_dll ? IMAGE_PE_DLL : 0) | (image->has_relocs ? IMAGE_PE_RELOCATABLE : 0) |
		    (image->is_page_aligned && !image->is_flat ? IMAGE_PE_PAGE_ALIGNED : 0) |
		    (image->is_managed ? IMAGE_PE_MANAGED : 0);
	pe->size_of_image = image->size_of_image;
	pe->checksum = image->checksum;
	pe->loader_flags = image->loader_flags;
	pe->subsystem = image->subsystem;
	pe->subsystem_major = image->subsystem_version[0];
	pe->subsystem_minor = image->subsystem_version[1];
	pe->machine = image->machine;
	pe->os_major = image->os_version[0];
	pe->os_minor = image->os_version[1];
	pe->characteristics = image->characteristics;
	pe->dll_characteristics = image->dll_characteristics;
}

int load_pe_layout(const struct load_file *file, struct image_layout *layout)
{
	struct pe_image image;
	int err = parse(file, &image);

	if (err)
		return err;
	memset(layout, 0, sizeof(*layout));
	layout->kind = IMAGE_PE;
	layout->entry = image.entry_rva;
	layout->relocatable = image.has_relocs;
	layout->span_bytes = image.size_of_image;
	layout->base_align = 65536;
	put_facts(&image, &layout->pe);
	return image.is_flat ? put_flat(&image, layout) : put_sections(&image, layout);
}

/* ---- ntdll.dll ---- */

static const char *const service_names[] = {
#define SERVICE(name, ...) #name,
#include "nt/syscalls.def"
#undef SERVICE
};

#define NSERVICES (sizeof(service_names) / sizeof(service_names[0]))

/* The names of the table are in alphabetical order. Returns: 1 + index; 0: not there. */
static uint16_t service_by_name(const char *name)
{
	size_t low = 0, high = NSERVICES;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, service_names[middle]);

		if (!order)
			return (uint16_t)(middle + 1);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return 0;
}

/* Each number has two names, Nt* and Zw*, of which the table has the first. */
static bool put_service(void *ctx, const char *name, uint32_t number)
{
	struct image_entry_points *out = ctx;
	uint16_t index = service_by_name(name);

	if (index && number < IMAGE_MAX_SERVICES)
		out->service[number] = index;
	return true;
}

static bool find(const struct pe_reader *reader, const struct pe_image *image, const char *name, uint32_t *rva)
{
	bool is_forwarder;

	return pe_export_find(reader, image, name, rva, &is_forwarder) == PE_OK && !is_forwarder;
}

int load_entry_points(const struct load_file *file, struct image_entry_points *out)
{
	struct pe_reader reader = { .read = read_exactly, .ctx = (void *)file };
	struct pe_image image;
	int err = parse(file, &image);

	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	if (!find(&reader, &image, "LdrInitializeThunk", &out->ldr_initialize_thunk) ||
	    !find(&reader, &image, "RtlUserThreadStart", &out->rtl_user_thread_start) ||
	    !find(&reader, &image, "KiUserExceptionDispatcher", &out->ki_user_exception_dispatcher) ||
	    !find(&reader, &image, "KiUserApcDispatcher", &out->ki_user_apc_dispatcher) ||
	    !find(&reader, &image, "KiUserCallbackDispatcher", &out->ki_user_callback_dispatcher))
		return -ENOEXEC;
	if (!find(&reader, &image, "__wine_unix_call_dispatcher", &out->unix_call_dispatcher))
		out->unix_call_dispatcher = 0;
	return pe_syscalls(&reader, &image, put_service, out) == PE_OK ? 0 : -ENOEXEC;
}
