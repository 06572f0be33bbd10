/* kernel/io-manager/src/module.c: loading kernel modules.
 *
 * The file is copied before it is hashed and linked from that copy, so that what runs is what
 * the sums list.
 */
#include <albireo/native.h>
#include <driver/api.h>
#include <driver/export.h>
#include <errno.h>
#include <io/file.h>
#include <io/inode.h>
#include <io/module.h>
#include <mm/code.h>
#include <mm/heap.h>
#include <module/module.h>
#include <nucleus/atomic.h>
#include <nucleus/fault.h>
#include <nucleus/log.h>
#include <sched/wait.h>
#include <sha256/sha256.h>
#include <string.h>
#include <sums/sums.h>

#define SUMS_PATH "sums.tsv"
#define MAX_SUMS_BYTES (1u << 20)
#define GROUP_BYTES sizeof(((struct driver_load *)0)->provider_group)
#define OPEN_READ 0

extern const struct driver_export __driver_exports_start[], __driver_exports_end[];

struct function {
	uint32_t offset;
	const char *name;
};

struct loaded {
	struct loaded *next;
	char name[MODULE_NAME_BYTES];
	uint64_t address;
	struct module_range parts[MODULE_PARTS];
	uint32_t image_bytes;
	struct function *functions;	/* in no order */
	uint32_t nfunctions;
	char *file;			/* the names lie in it */
};

struct group {
	struct group *next;
	char name[GROUP_BYTES];
};

static struct mutex modules_lock;
static struct loaded *modules;
static struct group *groups;

/* ---- the file ---- */

static int read_object(struct mm_object *object, uint64_t bytes, char *to)
{
	int64_t n = mm_object_read(object, 0, to, bytes);

	return n == (int64_t)bytes ? 0 : n < 0 ? (int)n : -EIO;
}

/* Returns: 0, the contents of the bundle's file and their length; -ENOENT. */
static int read_bundle(const char *path, uint64_t max, char **out, uint64_t *bytes)
{
	struct mm_object *object;
	int err = bundle_open(path, &object, bytes);

	if (err)
		return err;
	err = *bytes > max ? -E2BIG : 0;
	*out = err ? NULL : kmalloc(MAX(*bytes, 1u), HEAP_NOZERO);
	if (!err)
		err = *out ? read_object(object, *bytes, *out) : -ENOMEM;
	if (err)
		kfree(*out);
	mm_object_put(object);
	return err;
}

/* From the filesystem, where it should have @bytes. */
static int read_file(const char *path, uint64_t bytes, char **out)
{
	struct io_segment segment;
	struct io_vector v;
	struct file *file;
	int64_t n;
	int err = vfs_open(NULL, path, OPEN_READ, 0, WALK_FOLLOW, &file);

	if (err)
		return err;
	*out = kmalloc(MAX(bytes, 1u), HEAP_NOZERO);
	if (!*out) {
		file_put(file);
		return -ENOMEM;
	}
	segment = (struct io_segment){ .base = (uint64_t)(uintptr_t)*out, .len = bytes };
	io_vector_init(&v, &segment, 1, true);
	n = file_pread(file, &v, 0);
	file_put(file);
	if (n == (int64_t)bytes)
		return 0;
	kfree(*out);
	return n < 0 ? (int)n : -EBADMSG;
}

static int find_sum(const char *path, uint8_t digest[SUMS_DIGEST_BYTES], uint64_t *bytes)
{
	uint64_t len;
	char *sums;
	int err = read_bundle(SUMS_PATH, MAX_SUMS_BYTES, &sums, &len);

	if (err)
		return err;
	err = sums_find(sums, len, path, digest, bytes);
	kfree(sums);
	return err;
}

static const char *without_slash(const char *path)
{
	while (*path == '/')
		path++;
	return path;
}

/* The file that the sums list as @path. Returns: 0, and its contents. */
static int read_listed(const char *path, char **out, uint64_t *bytes)
{
	uint8_t listed[SUMS_DIGEST_BYTES], found[SHA256_BYTES];
	uint64_t listed_bytes;
	int err = find_sum(without_slash(path), listed, &listed_bytes);

	if (err)
		return err;
	if (listed_bytes > MODULE_MAX_FILE_BYTES)
		return -E2BIG;
	err = read_bundle(path, MODULE_MAX_FILE_BYTES, out, bytes);
	if (err == -ENOENT) {
		*bytes = listed_bytes;
		err = read_file(path, listed_bytes, out);
	}
	if (err)
		return err;
	sha256_of(*out, *bytes, found);
	if (*bytes == listed_bytes && !memcmp(found, listed, sizeof(found)))
		return 0;
	kfree(*out);
	return -EBADMSG;
}

/* ---- linking ---- */

static bool resolve(void *context, const char *name, uint64_t *address)
{
	for (const struct driver_export *e = __driver_exports_start; e < __driver_exports_end; e++) {
		if (!strcmp(e->name, name)) {
			*address = (uint64_t)(uintptr_t)e->address;
			return true;
		}
	}
	return false;
}

/* The registry's names have dashes where C has underscores. */
static bool is_same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	}
	return *a == *b;
}

static int refuse(const struct module *m, const char *name, int err)
{
	log_warn(DRIVER, "%s is not loaded: %s%s%s", name, m->reason, m->symbol[0] ? " " : "", m->symbol);
	return err == -E2BIG ? err : -ENOEXEC;
}

static void protect(const struct loaded *l)
{
	static const enum mm_code_access access[MODULE_PARTS] = { MM_CODE_EXECUTE, MM_CODE_READ, MM_CODE_WRITE };

	for (unsigned i = 0; i < MODULE_PARTS; i++)
		mm_code_protect(l->address + l->parts[i].offset, l->parts[i].bytes / PAGE_SIZE, access[i]);
}

static int list_functions(struct loaded *l, const struct module *m)
{
	uint32_t at = 0, offset;
	const char *name;

	while (module_next_function(m, &at, &name, &offset))
		l->nfunctions++;
	l->functions = kmalloc(MAX(l->nfunctions, 1u) * sizeof(*l->functions), 0);
	if (!l->functions)
		return -ENOMEM;
	at = 0;
	for (struct function *f = l->functions; module_next_function(m, &at, &name, &offset); f++)
		*f = (struct function){ offset, name };
	return 0;
}

static void loaded_free(struct loaded *l)
{
	if (l->address)
		mm_code_free(l->address, l->image_bytes / PAGE_SIZE);
	kfree(l->functions);
	kfree(l->file);
	kfree(l);
}

/* Put the module into memory. Returns: 0, and what takes over @file; an error, which leaves @file. */
static int place(struct module *m, char *file, struct loaded **out)
{
	struct loaded *l = kmalloc(sizeof(*l), 0);
	int err = -ENOMEM;

	if (!l)
		return err;
	memcpy(l->name, m->name, sizeof(l->name));
	memcpy(l->parts, m->parts, sizeof(l->parts));
	l->image_bytes = m->image_bytes;
	l->address = mm_code_alloc(l->image_bytes / PAGE_SIZE);
	if (!l->address)
		goto free;
	err = module_link(m, (void *)(uintptr_t)l->address, l->address, resolve, NULL);
	if (err)
		err = refuse(m, m->name, err);
	else
		err = list_functions(l, m);
	if (err)
		goto free;
	protect(l);
	l->file = file;
	*out = l;
	return 0;

free:
	loaded_free(l);
	return err;
}

/* ---- starting ---- */

static const struct driver_entry *entry_of(const struct module *m, const struct loaded *l)
{
	struct module_range range;

	if (!module_find_section(m, ".drivers", &range) || range.bytes != sizeof(struct driver_entry))
		return NULL;
	return (const struct driver_entry *)(uintptr_t)(l->address + range.offset);
}

static int start(const struct module *m, const struct loaded *l)
{
	const struct driver_entry *entry = entry_of(m, l);
	uint64_t text = l->address + l->parts[MODULE_TEXT].offset;

	if (!entry || entry->api_version != DRIVER_KERNEL_API_VERSION ||
	    (uint64_t)(uintptr_t)entry->init - text >= l->parts[MODULE_TEXT].bytes) {
		log_warn(DRIVER, "%s is not loaded: it has no entry of this kernel's API", m->name);
		return -ENOEXEC;
	}
	return entry->init();
}

static struct loaded *find(const char *name)
{
	for (struct loaded *l = modules; l; l = l->next) {
		if (is_same_name(l->name, name))
			return l;
	}
	return NULL;
}

static int parse(struct module *m, const char *file, uint64_t bytes, const char *name)
{
	int err = module_parse(file, bytes, m);

	if (err)
		return refuse(m, name, err);
	if (is_same_name(m->name, name) && m->api_version == DRIVER_KERNEL_API_VERSION)
		return 0;
	log_warn(DRIVER, "%s is not loaded: the file is %s for API %u", name, m->name, m->api_version);
	return -ENOEXEC;
}

/* On success the module's record has taken over @file. */
static int load_file(char *file, uint64_t bytes, const char *name)
{
	struct module *m = kmalloc(sizeof(*m), HEAP_NOZERO);
	struct loaded *l;
	int err;

	if (!m)
		return -ENOMEM;
	err = parse(m, file, bytes, name);
	if (!err)
		err = place(m, file, &l);
	if (err)
		goto out;
	l->next = modules;
	atomic_store(&modules, l);	/* before it starts: a backtrace may lead into its init */
	err = start(m, l);
	if (!err) {
		log_info(DRIVER, "%s is loaded at %llx", l->name, (unsigned long long)l->address);
		goto out;
	}
	atomic_store(&modules, l->next);
	l->file = NULL;
	loaded_free(l);
out:
	kfree(m);
	return err;
}

static int add_group(const char *name)
{
	struct group *g;

	if (!*name)
		return 0;
	g = kmalloc(sizeof(*g), 0);
	if (!g)
		return -ENOMEM;
	memcpy(g->name, name, MIN(strlen(name), sizeof(g->name) - 1));
	g->next = groups;
	atomic_store(&groups, g);
	return 0;
}

static int load(const struct driver_load *request)
{
	uint64_t bytes;
	char *file;
	int err;

	if (fault_should_fail(FAULT_MODULE_LOAD))
		return -EIO;
	err = read_listed(request->path, &file, &bytes);
	if (err) {
		log_warn(DRIVER, "%s is not loaded: %s: error %d", request->name, request->path, -err);
		return err;
	}
	err = load_file(file, bytes, request->name);
	if (err) {
		kfree(file);
		return err;
	}
	return add_group(request->provider_group);
}

int module_load(const struct driver_load *request)
{
	int err = 0;

	mutex_lock(&modules_lock);
	if (request->flags & DRIVER_LOAD_ASK)
		err = find(request->name) ? 0 : -ENOENT;
	else
		err = find(request->name) ? -EEXIST : load(request);
	mutex_unlock(&modules_lock);
	return err;
}

void module_hold(void)
{
	mutex_lock(&modules_lock);
}

void module_resume(void)
{
	mutex_unlock(&modules_lock);
}

/* ---- what is loaded ---- */

bool module_provider_is_active(const char *name)
{
	for (const struct group *g = atomic_load(&groups); g; g = g->next) {
		if (!strcmp(g->name, name))
			return true;
	}
	return false;
}

void drv_provider_add(const char *group)
{
	if (add_group(group))
		log_warn(DRIVER, "no memory to note the provider of %s", group);
}

size_t module_list(char *buf, size_t cap)
{
	size_t len = 0;

	for (const struct loaded *l = atomic_load(&modules); l && len < cap; l = l->next)
		len += (size_t)ksnprintf(buf + len, cap - len, "%s %u 0 - Live 0x%016llx\n", l->name, l->image_bytes,
					 (unsigned long long)l->address);
	return MIN(len, cap);
}

static const char *lookup(uint64_t address, uint64_t *offset)
{
	const struct function *best = NULL;

	for (const struct loaded *l = atomic_load(&modules); l; l = l->next) {
		if (address - l->address >= l->image_bytes)
			continue;
		for (const struct function *f = l->functions; f < l->functions + l->nfunctions; f++) {
			if (f->offset <= address - l->address && (!best || f->offset > best->offset))
				best = f;
		}
		if (!best)
			return NULL;
		*offset = address - l->address - best->offset;
		return best->name;
	}
	return NULL;
}

void module_init(void)
{
	mutex_init(&modules_lock, LOCK_MODULES);
	ksym_set_modules(lookup);
}
