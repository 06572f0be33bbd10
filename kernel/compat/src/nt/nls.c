/* kernel/compat/src/nt/nls.c: the tables of languages and code pages, mapped from System32. */
#include <io/inode.h>
#include <linux/fcntl.h>
#include <mm/heap.h>
#include <nucleus/atomic.h>

#include "memory.h"
#include "image.h"

#define SYSTEM32 "/windows/c/windows/system32/"
#define DEFAULT_LOCALE 0x0409u		/* en-US */
#define NAME_BYTES 64
#define MAX_TABLES 32u

enum nls_section { NLS_LOCALES, NLS_SORT_KEYS = 9, NLS_CASE_MAP = 10, NLS_CODE_PAGE = 11, NLS_NORMALIZE = 12 };

static ntstatus map_file(struct file *f, uint64_t *base, uint64_t *bytes)
{
	struct nt_process *nt = nt_current();
	struct mm_map_request rq = { .prot = MM_READ, .max_prot = MM_READ, .file = f,
		.map_flags = MM_MAP_BOTTOM_UP, .align = NT_GRANULARITY };
	struct vfs_attr attr;
	int64_t ret;
	int err = inode_getattr(f->inode, &attr);

	if (!err && !attr.size)
		return STATUS_MAPPED_FILE_SIZE_ZERO;
	if (!err)
		err = inode_contents(f->inode, &rq.object);
	if (err)
		return nt_status(err);
	rq.bytes = attr.size;
	mutex_lock(&nt->memory_lock);
	ret = mm_map(ps_current()->space, &rq);
	if (ret >= 0 && nt_region_add(nt, (uint64_t)ret, ALIGN_UP(attr.size, PAGE_SIZE), MEM_MAPPED, PAGE_READONLY)) {
		mm_unmap(ps_current()->space, (uint64_t)ret, ALIGN_UP(attr.size, PAGE_SIZE));
		ret = -ENOMEM;
	}
	mutex_unlock(&nt->memory_lock);
	mm_object_put(rq.object);
	*base = (uint64_t)ret;
	*bytes = attr.size;
	return ret < 0 ? STATUS_NO_MEMORY : STATUS_SUCCESS;
}

/* ---- tables that were opened ---- */

/* As Windows' sections in \NLS they are permanent: a table is the same for every process until the machine ends. */
struct nls_table {
	enum nls_section section;
	uint32_t id;
	struct file *file;
};
HEAP_CACHE(table_cache, "nt-nls-table", sizeof(struct nls_table));

static struct nls_table *tables[MAX_TABLES];	/* atomic; from the first on */

static struct file *table_find(enum nls_section section, uint32_t id)
{
	for (size_t i = 0; i < MAX_TABLES; i++) {
		const struct nls_table *t = atomic_load(&tables[i]);

		if (!t)
			return NULL;
		if (t->section == section && t->id == id)
			return t->file;
	}
	return NULL;
}

/* Where there is no room it is opened each time. Two that are the same do no harm. */
static void table_keep(enum nls_section section, uint32_t id, struct file *f)
{
	struct nls_table *t = heap_cache_alloc(&table_cache, 0);

	if (!t)
		return;
	*t = (struct nls_table){ section, id, f };
	file_get(f);
	for (size_t i = 0; i < MAX_TABLES; i++) {
		struct nls_table *none = NULL;

		if (__atomic_compare_exchange_n(&tables[i], &none, t, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return;
	}
	file_put(f);
	heap_cache_free(&table_cache, t);
}

static ntstatus map_table(enum nls_section section, uint32_t id, const char *name, uint64_t *base, uint64_t *bytes)
{
	struct file *f = table_find(section, id);
	char path[NAME_BYTES];
	ntstatus status;
	int err;

	if (f)
		return map_file(f, base, bytes);
	ksnprintf(path, sizeof(path), SYSTEM32 "%s", name);
	err = vfs_open(NULL, path, O_RDONLY, 0, WALK_FOLLOW, &f);
	if (err)
		return nt_status(err);
	status = map_file(f, base, bytes);
	if (!status)
		table_keep(section, id, f);
	file_put(f);
	return status;
}

ntstatus nt_sys_NtInitializeNlsFiles(const uint64_t *a)
{
	uint64_t base, bytes;
	ntstatus status = map_table(NLS_LOCALES, 0, "locale.nls", &base, &bytes);

	if (!status)
		status = nt_put64(a[0], base);
	if (!status)
		status = nt_put32(a[1], DEFAULT_LOCALE);
	if (!status && a[2])
		status = nt_put64(a[2], bytes);
	return status;
}

static bool normal_form_name(uint32_t form, char name[NAME_BYTES])
{
	static const struct { uint32_t form; const char *name; } forms[] = {
		{ 1, "normnfc.nls" }, { 2, "normnfd.nls" }, { 5, "normnfkc.nls" }, { 6, "normnfkd.nls" }, { 13, "normidna.nls" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (forms[i].form == form) {
			ksnprintf(name, NAME_BYTES, "%s", forms[i].name);
			return true;
		}
	}
	return false;
}

ntstatus nt_sys_NtGetNlsSectionPtr(const uint64_t *a)
{
	uint32_t id = (uint32_t)a[1];
	char name[NAME_BYTES];
	uint64_t base, bytes;
	ntstatus status;

	switch ((uint32_t)a[0]) {
	case NLS_SORT_KEYS:
		if (id)
			return STATUS_INVALID_PARAMETER_1;
		ksnprintf(name, sizeof(name), "sortdefault.nls");
		break;
	case NLS_CASE_MAP:
		if (id)
			return STATUS_UNSUCCESSFUL;
		ksnprintf(name, sizeof(name), "l_intl.nls");
		break;
	case NLS_CODE_PAGE:
		ksnprintf(name, sizeof(name), "c_%03u.nls", id);
		break;
	case NLS_NORMALIZE:
		if (!normal_form_name(id, name))
			return STATUS_OBJECT_NAME_NOT_FOUND;
		break;
	default:
		return STATUS_INVALID_PARAMETER_1;
	}
	status = map_table((enum nls_section)a[0], id, name, &base, &bytes);
	if (!status)
		status = nt_put64(a[3], base);
	return status || !a[4] ? status : nt_put64(a[4], bytes);
}

ntstatus nt_sys_NtQueryDefaultLocale(const uint64_t *a)
{
	return nt_put32(a[1], DEFAULT_LOCALE);
}

static ntstatus put_language(uint64_t address)
{
	uint16_t language = DEFAULT_LOCALE;

	return nt_put(address, &language, sizeof(language));
}

ntstatus nt_sys_NtQueryDefaultUILanguage(const uint64_t *a)
{
	return put_language(a[0]);
}

ntstatus nt_sys_NtQueryInstallUILanguage(const uint64_t *a)
{
	return put_language(a[0]);
}
