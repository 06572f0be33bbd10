#include "support.h"

static unsigned char cache[CACHE_BYTES] __attribute__((aligned(8)));
static const struct fat_time noon = { .sec = 1700000000 };

static void mount(struct fat *fs, struct disk *disk)
{
	assert_int_equal(fat_mount(fs, &disk->dev, &(struct fat_options){ 0 }, cache, sizeof(cache)), 0);
}

static int make(struct fat *fs, uint32_t dir, const char *name, struct fat_file *file)
{
	return fat_create(fs, dir, name, strlen(name), FAT_ARCHIVE, noon, file);
}

static int find(struct fat *fs, uint32_t dir, const char *name, struct fat_dirent *out)
{
	return fat_lookup(fs, dir, name, strlen(name), out);
}

static int move(struct fat *fs, struct fat_file *file, uint32_t dir, const char *name, struct fat_file *victim)
{
	return fat_rename(fs, file, dir, name, strlen(name), victim);
}

/* Bytes of a file that lie at @offset; whole device blocks are moved, as a page cache would. */
static int transfer(struct fat *fs, const struct fat_file *file, uint8_t *data, uint32_t len, bool is_write)
{
	struct disk *disk = fs->dev->context;
	struct fat_extent extents[4];
	uint32_t done = 0;

	while (done < len) {
		int n = fat_map(fs, file, done, len - done, extents, 4);

		if (n < 0)
			return n;
		for (int i = 0; i < n; i++) {
			uint64_t whole = (extents[i].bytes + 511) / 512 * 512;
			uint8_t *block = calloc(1, whole);

			memcpy(block, is_write ? data + done : disk->data + extents[i].start, extents[i].bytes);
			if (is_write)
				disk_write(fs->dev, extents[i].start, block, whole);
			else
				memcpy(data + done, block, extents[i].bytes);
			free(block);
			done += (uint32_t)extents[i].bytes;
		}
	}
	return 0;
}

static int put(struct fat *fs, struct fat_file *file, const void *data, uint32_t len)
{
	int err = fat_allocate(fs, file, len);

	if (!err)
		err = transfer(fs, file, (uint8_t *)data, len, true);
	if (err)
		return err;
	file->size = len;
	return fat_store(fs, file);
}

static void assert_contents(struct fat *fs, const struct fat_file *file, const void *data, uint32_t len)
{
	uint8_t *got = calloc(1, len + 1);

	assert_int_equal(file->size, len);
	assert_int_equal(transfer(fs, file, got, len, false), 0);
	assert_memory_equal(got, data, len);
	free(got);
}

static const struct shape {
	int bits;
	unsigned int kib;
	const char *options;
} shapes[] = { { 12, 1440, "" }, { 16, 4096, "-s 1" }, { 32, 36864, "-s 1" } },
/* Smaller than other programs take FAT32 to be. */
  small[] = { { 12, 1440, "" }, { 16, 4096, "-s 1" }, { 32, 2048, "-s 1" } };

static const char text[] = "What a mighty small disk.\n";

static void files_of_others_are_read(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct fat_dirent found;
		struct disk disk;
		struct fat fs;
		uint32_t dir;

		disk_format(&disk, shapes[i].bits, shapes[i].kib, "-s 1 -n LABELLED");
		disk_free(&disk);
		assert_int_equal(run("cd %s && printf '%s' >short.txt && cp short.txt 'A long name indeed.text' && "
				     "mmd -i disk ::/Folder && mcopy -i disk 'A long name indeed.text' short.txt ::/Folder",
				     folder, text), 0);
		disk_load(&disk);
		mount(&fs, &disk);
		assert_int_equal(find(&fs, FAT_ROOT, "fOLDER", &found), 0);
		assert_string_equal(found.name, "Folder");
		assert_int_equal(fat_directory(&fs, &found.file, &dir), 0);
		assert_int_equal(find(&fs, dir, "a LONG name INDEED.text", &found), 0);
		assert_string_equal(found.name, "A long name indeed.text");
		assert_contents(&fs, &found.file, text, sizeof(text) - 1);
		assert_int_equal(find(&fs, dir, "short.txt", &found), 0);
		assert_string_equal(found.name, "short.txt");
		assert_int_equal(find(&fs, dir, "ALONGN~1.TEX", &found), 0);
		assert_int_equal(find(&fs, dir, "missing", &found), -ENOENT);
		char label[FAT_SHORT_BYTES];

		assert_int_equal(fat_label(&fs, label), 0);
		assert_string_equal(label, "LABELLED");
		assert_int_equal(fat_unmount(&fs), 0);
		disk_free(&disk);
	}
}

static void others_read_our_files(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct fat_file folder_file, file;
		struct disk disk;
		struct fat fs;
		uint32_t dir;

		disk_format(&disk, shapes[i].bits, shapes[i].kib, shapes[i].options);
		mount(&fs, &disk);
		assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "Ordner mit Ümläuten", 21, 0, noon, &folder_file), 0);
		assert_int_equal(fat_directory(&fs, &folder_file, &dir), 0);
		assert_int_equal(make(&fs, dir, "lower.txt", &file), 0);
		assert_int_equal(put(&fs, &file, text, sizeof(text) - 1), 0);
		assert_int_equal(make(&fs, dir, "Two  spaces, and a + sign", &file), 0);
		assert_int_equal(put(&fs, &file, text, sizeof(text) - 1), 0);
		assert_int_equal(fat_unmount(&fs), 0);
		assert_int_equal(disk_check(&disk, false), 0);
		assert_int_equal(run("cd %s && export LC_ALL=C.UTF-8; printf '%s' >want; for f in lower.txt 'Two  spaces, and a + sign'; do "
				     "rm -f got; mcopy -i disk \"::/Ordner mit Ümläuten/$f\" got && cmp got want || exit 1; done",
				     folder, text), 0);
		disk_free(&disk);
	}
}

static void names_keep_their_case_and_are_found_in_any(void **state)
{
	static const char *const names[] = {
		"README", "readme.TXT", "Mixed.Case", ".hidden", "a.b.c.d", "no extension but long", "Straße.txt",
		"\xf0\x9f\x98\x80 face", "x", "~", "many.....dots", "trailing space ", "+,;=[].txt",
	};
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;
	uint32_t cookie = 0;

	disk_format(&disk, 16, 16384, "");
	mount(&fs, &disk);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(make(&fs, FAT_ROOT, names[i], &file), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(fat_readdir(&fs, FAT_ROOT, &cookie, &found), 1);
		assert_string_equal(found.name, names[i]);
		assert_int_equal(make(&fs, FAT_ROOT, names[i], &file), -EEXIST);
	}
	assert_int_equal(fat_readdir(&fs, FAT_ROOT, &cookie, &found), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "readme", &found), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "STRAßE.TXT", &found), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "readme...", &found), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void a_name_that_fat_cannot_have_is_refused(void **state)
{
	char name[3 * 256 + 1] = "";
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 32, 36864, "");
	mount(&fs, &disk);
	assert_int_equal(make(&fs, FAT_ROOT, "a:b", &file), -EINVAL);
	assert_int_equal(make(&fs, FAT_ROOT, "tab\there", &file), -EINVAL);
	assert_int_equal(make(&fs, FAT_ROOT, "\xff", &file), -EINVAL);
	assert_int_equal(make(&fs, FAT_ROOT, "..", &file), -EINVAL);
	assert_int_equal(find(&fs, FAT_ROOT, "a?b", &found), -ENOENT);
	for (int i = 0; i < 255; i++)
		strcat(name, "ä");
	assert_int_equal(make(&fs, FAT_ROOT, name, &file), 0);
	assert_int_equal(find(&fs, FAT_ROOT, name, &found), 0);
	assert_string_equal(found.name, name);
	strcat(name, "ä");
	assert_int_equal(make(&fs, FAT_ROOT, name, &file), -ENAMETOOLONG);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void five_thousand_files_are_what_others_see(void **state)
{
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;
	char name[64];
	int n;

	disk_format(&disk, 32, 65536, "-s 1");
	mount(&fs, &disk);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "many", 4, 0, noon, &file), 0);
	uint32_t dir = file.first;

	for (int i = 0; i < 5000; i++) {
		n = snprintf(name, sizeof(name), "File number %d", i);
		assert_int_equal(make(&fs, dir, name, &file), 0);
		assert_int_equal(put(&fs, &file, name, (uint32_t)n), 0);
	}
	for (int i = 0; i < 5000; i += 97) {
		n = snprintf(name, sizeof(name), "FILE number %d", i);
		assert_int_equal(find(&fs, dir, name, &found), 0);
		assert_contents(&fs, &found.file, found.name, (uint32_t)n);
	}
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	assert_int_equal(run("cd %s && mkdir all && mcopy -i disk '::/many/*' all && cd all && test $(ls | wc -l) = 5000 && "
			     "for i in 0 777 4999; do test \"$(cat \"File number $i\")\" = \"File number $i\" || exit 1; done",
			     folder), 0);
	disk_free(&disk);
}

static void replacing_a_neighbour_is_one_write(void **state)
{
	struct fat_file old, new;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 16, 16384, "");
	mount(&fs, &disk);
	assert_int_equal(make(&fs, FAT_ROOT, "data", &old), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "data.tmp", &new), 0);
	assert_int_equal(put(&fs, &new, text, sizeof(text)), 0);
	disk_record(&disk);
	assert_int_equal(move(&fs, &new, FAT_ROOT, "data", &old), 0);
	assert_int_equal(disk.nlog, 1);
	assert_int_equal(old.slot, FAT_NO_SLOT);
	assert_int_equal(fat_release(&fs, &old), 0);
	assert_int_equal(move(&fs, &new, FAT_ROOT, "DATA", NULL), 0);
	struct fat_dirent found;

	assert_int_equal(find(&fs, FAT_ROOT, "data", &found), 0);
	assert_string_equal(found.name, "DATA");
	assert_contents(&fs, &found.file, text, sizeof(text));
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void a_full_disk_takes_nothing_half(void **state)
{
	struct fat_statistics before, after;
	struct fat_file file, other;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 12, 1440, "");
	mount(&fs, &disk);
	assert_int_equal(make(&fs, FAT_ROOT, "first", &file), 0);
	assert_int_equal(fat_truncate(&fs, &file, 1000000), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "second", &other), 0);
	assert_int_equal(fat_statistics(&fs, &before), 0);
	assert_int_equal(fat_truncate(&fs, &other, 1000000), -ENOSPC);
	assert_int_equal(other.size, 0);
	assert_int_equal(fat_reserve(&fs, before.free_clusters), 0);
	assert_int_equal(fat_allocate(&fs, &other, 1), -ENOSPC);
	assert_int_equal(fat_reserve(&fs, 1), -ENOSPC);
	fat_unreserve(&fs, before.free_clusters);
	assert_int_equal(fat_statistics(&fs, &after), 0);
	assert_int_equal(before.free_clusters, after.free_clusters);
	assert_int_equal(fat_truncate(&fs, &file, 0x100000000ull), -EFBIG);
	assert_int_equal(fat_truncate(&fs, &file, 10), 0);
	assert_int_equal(fat_truncate(&fs, &other, 1000000), 0);
	assert_int_equal(fat_truncate(&fs, &other, 0), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void a_fixed_root_is_full_at_some_point(void **state)
{
	struct fat_file file;
	struct disk disk;
	struct fat fs;
	char name[16];
	int n = 0, err;

	disk_format(&disk, 12, 1440, "-r 112");
	mount(&fs, &disk);
	do {
		snprintf(name, sizeof(name), "F%d", n++);
		err = make(&fs, FAT_ROOT, name, &file);
	} while (!err);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(n, 113);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	disk_free(&disk);
}

static void times_and_attributes_are_kept(void **state)
{
	const struct fat_time born = { .sec = 1709210096 + 1, .nsec = 230000000 };	/* 2024-02-29 */
	struct fat_dirent found;
	struct fat_file file;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 16, 16384, "");
	mount(&fs, &disk);
	assert_int_equal(fat_create(&fs, FAT_ROOT, "f", 1, FAT_HIDDEN | FAT_SYSTEM, born, &file), 0);
	file.attr |= FAT_READ_ONLY;
	file.mtime.sec = 4102444798;	/* 2099-12-31 23:59:58 */
	assert_int_equal(fat_store(&fs, &file), 0);
	assert_int_equal(find(&fs, FAT_ROOT, "f", &found), 0);
	assert_int_equal(found.file.attr, FAT_HIDDEN | FAT_SYSTEM | FAT_READ_ONLY);
	assert_int_equal(found.file.btime.sec, born.sec);
	assert_int_equal(found.file.btime.nsec, born.nsec);
	assert_int_equal(found.file.mtime.sec, 4102444798);
	assert_int_equal(found.file.atime.sec, born.sec / 86400 * 86400);
	for (int64_t day = 3652; day < 50000; day += 13) {
		file.mtime.sec = day * 86400 + 43210;
		assert_int_equal(fat_store(&fs, &file), 0);
		assert_int_equal(fat_load(&fs, &file), 0);
		assert_int_equal(file.mtime.sec, day * 86400 + 43210);
	}
	disk_free(&disk);
}

static void a_volume_in_use_says_so(void **state)
{
	struct fat_file file;
	struct disk disk;
	struct fat fs;

	disk_format(&disk, 32, 36864, "");
	mount(&fs, &disk);
	assert_int_equal(disk.data[65] & 1, 0);
	assert_int_equal(make(&fs, FAT_ROOT, "f", &file), 0);
	assert_int_equal(disk.data[65] & 1, 1);
	assert_int_equal(fat_settle(&fs), 0);
	assert_int_equal(disk.data[65] & 1, 0);
	assert_int_equal(make(&fs, FAT_ROOT, "g", &file), 0);
	/* Who was killed did not get to the second table. */
	disk.data[fs.fat_at + fs.fat_bytes + 4000] = 0x77;
	assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ .is_continued = true }, cache, sizeof(cache)), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	assert_int_equal(disk_check(&disk, false), 0);
	assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ .is_read_only = true }, cache, sizeof(cache)), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "h", &file), -EROFS);
	assert_int_equal(fat_set_read_only(&fs, false), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "h", &file), 0);
	disk_free(&disk);
}

static void damaged_chains_are_errors(void **state)
{
	struct fat_extent extent;
	struct fat_dirent found;
	struct fat_file file, dir;
	struct disk disk;
	uint32_t cookie = 0;
	struct fat fs;
	uint8_t *table;
	int n;

	disk_format(&disk, 16, 16384, "-s 1");
	mount(&fs, &disk);
	table = disk.data + fs.fat_at;
	assert_int_equal(make(&fs, FAT_ROOT, "f", &file), 0);
	assert_int_equal(fat_truncate(&fs, &file, 100000), 0);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "d", 1, 0, noon, &dir), 0);
	assert_int_equal(fat_unmount(&fs), 0);
	/* The file's second cluster leads to nowhere, the directory's to itself. */
	table[2 * (file.first + 1)] = table[2 * (file.first + 1) + 1] = 0xee;
	table[2 * dir.first] = (uint8_t)dir.first;
	table[2 * dir.first + 1] = (uint8_t)(dir.first >> 8);
	memset(disk.data + fs.data_at + (dir.first - 2) * 512, 0xe5, 512);
	mount(&fs, &disk);
	assert_int_equal(fat_map(&fs, &file, 99999, 1, &extent, 1), -EIO);
	assert_int_equal(fat_allocate(&fs, &file, 200000), -EIO);
	while ((n = fat_readdir(&fs, dir.first, &cookie, &found)) > 0)
		;
	assert_int_equal(n, 0);
	file.first = dir.first;
	assert_int_equal(fat_allocate(&fs, &file, 10000000), -EIO);
	assert_int_equal(fat_release(&fs, &file), 0);
	disk_free(&disk);
}

static void a_broken_boot_sector_is_no_volume(void **state)
{
	struct disk disk;
	struct fat fs;
	uint8_t boot[512];

	disk_format(&disk, 32, 36864, "");
	memcpy(boot, disk.data, 512);
	srand(1);
	for (int i = 0; i < 5000; i++) {
		int at = rand() % 90, was = fat_mount(&fs, &disk.dev, &(struct fat_options){ 0 }, cache, FAT_CACHE_MIN);

		assert_true(!was || was == -EINVAL || was == -EIO);
		if (i % 5 == 0)
			memcpy(disk.data, boot, 512);
		disk.data[at] = (uint8_t)rand();
	}
	memset(disk.data, 0, 512);
	assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ 0 }, cache, sizeof(cache)), -EINVAL);
	disk_free(&disk);
}

/* ---- A model beside it ---- */

#define MODEL_FILES 60
#define MODEL_BYTES 6000

struct model_file {
	bool exists, is_dir;
	int parent;		/* index, or -1: the root */
	char name[40];
	uint32_t size;
	uint8_t fill;		/* contents: fill + offset */
	struct fat_file file;
};

struct model {
	struct fat fs;
	struct disk disk;
	struct model_file files[MODEL_FILES];
};

static uint32_t model_dir(const struct model *model, int parent)
{
	return parent < 0 ? FAT_ROOT : model->files[parent].file.first;
}

static void model_fill(const struct model_file *f, uint8_t *out)
{
	for (uint32_t i = 0; i < f->size; i++)
		out[i] = (uint8_t)(f->fill + i);
}

static int random_dir(const struct model *model)
{
	int i = rand() % MODEL_FILES;

	return model->files[i].exists && model->files[i].is_dir ? i : -1;
}

static bool is_above(const struct model *model, int upper, int lower)
{
	while (lower >= 0 && lower != upper)
		lower = model->files[lower].parent;
	return lower == upper;
}

static bool has_name(const struct model_file *f, const char *name)
{
	return f->exists && !strcmp(f->name, name);
}

/* One that no file has; many had it before. */
static void random_name(struct model *model, int i)
{
	static const char *const shapes_of_names[] = { "f%d", "File %d with a long name", "x%d.tmp", "UPPER%d.TXT" };
	char name[sizeof(model->files[i].name)];
	bool is_taken = true;

	while (is_taken) {
		snprintf(name, sizeof(name), shapes_of_names[rand() % 4], rand() % MODEL_FILES);
		is_taken = false;
		for (int k = 0; k < MODEL_FILES; k++)
			is_taken |= has_name(&model->files[k], name);
	}
	strcpy(model->files[i].name, name);
}

static void model_make(struct model *model, int i)
{
	struct model_file *f = &model->files[i];
	int err;

	f->is_dir = rand() % 5 == 0;
	f->parent = random_dir(model);
	f->size = 0;
	random_name(model, i);
	if (f->is_dir)
		err = fat_mkdir(&model->fs, model_dir(model, f->parent), f->name, strlen(f->name), 0, noon, &f->file);
	else
		err = make(&model->fs, model_dir(model, f->parent), f->name, &f->file);
	assert_true(!err || err == -ENOSPC);
	f->exists = !err;
}

static void model_write(struct model *model, int i)
{
	struct model_file *f = &model->files[i];
	uint8_t data[MODEL_BYTES];
	uint32_t size = (uint32_t)rand() % MODEL_BYTES;

	if (rand() % 2) {
		if (size < f->size) {
			assert_int_equal(fat_truncate(&model->fs, &f->file, size), 0);
			f->size = size;
		}
		return;
	}
	f->fill = (uint8_t)rand();
	f->size = size > f->size ? size : f->size;
	model_fill(f, data);
	assert_int_equal(put(&model->fs, &f->file, data, f->size), 0);
}

static bool is_empty(const struct model *model, int i)
{
	for (int k = 0; k < MODEL_FILES; k++)
		if (model->files[k].exists && model->files[k].parent == i)
			return false;
	return true;
}

static void model_remove(struct model *model, int i)
{
	struct model_file *f = &model->files[i];

	if (f->is_dir) {
		assert_int_equal(fat_check_empty(&model->fs, &f->file), is_empty(model, i) ? 0 : -ENOTEMPTY);
		if (!is_empty(model, i))
			return;
	}
	assert_int_equal(fat_unlink(&model->fs, &f->file), 0);
	assert_int_equal(fat_release(&model->fs, &f->file), 0);
	f->exists = false;
}

static void model_rename(struct model *model, int i)
{
	struct model_file *f = &model->files[i], *victim = NULL;
	int parent = rand() % 2 ? random_dir(model) : f->parent, k = rand() % MODEL_FILES;
	int err;

	if (rand() % 2 && model->files[k].exists && k != i && model->files[k].is_dir == f->is_dir &&
	    (!f->is_dir || is_empty(model, k))) {
		victim = &model->files[k];
		parent = victim->parent;
	}
	if (f->is_dir && is_above(model, i, parent))
		return;
	if (victim)
		strcpy(f->name, victim->name);
	else
		random_name(model, i);
	err = move(&model->fs, &f->file, model_dir(model, parent), f->name, victim ? &victim->file : NULL);
	assert_int_equal(err, 0);
	f->parent = parent;
	if (!victim)
		return;
	victim->exists = false;
	assert_int_equal(fat_release(&model->fs, &victim->file), 0);
}

static void model_step(struct model *model)
{
	int i = rand() % MODEL_FILES, what = rand() % 10;

	if (!model->files[i].exists)
		model_make(model, i);
	else if (what < 2)
		model_remove(model, i);
	else if (what < 5)
		model_rename(model, i);
	else if (!model->files[i].is_dir)
		model_write(model, i);
	if (rand() % 10 == 0)
		assert_int_equal(fat_sync(&model->fs), 0);
}

static void model_check(struct model *model)
{
	uint8_t data[MODEL_BYTES];
	struct fat_dirent found;
	int nroot = 0, nmodel = 0;
	uint32_t cookie = 0;

	for (int i = 0; i < MODEL_FILES; i++) {
		struct model_file *f = &model->files[i];

		if (!f->exists)
			continue;
		nmodel += f->parent < 0;
		assert_int_equal(find(&model->fs, model_dir(model, f->parent), f->name, &found), 0);
		assert_string_equal(found.name, f->name);
		assert_int_equal(found.file.slot, f->file.slot);
		if (f->is_dir)
			continue;
		model_fill(f, data);
		assert_contents(&model->fs, &found.file, data, f->size);
	}
	while (fat_readdir(&model->fs, FAT_ROOT, &cookie, &found) > 0)
		nroot++;
	assert_int_equal(nroot, nmodel);
}

static void model_run(struct model *model, const struct shape *shape, int nsteps, bool is_recorded)
{
	memset(model, 0, sizeof(*model));
	disk_format(&model->disk, shape->bits, shape->kib, shape->options);
	if (is_recorded)
		disk_record(&model->disk);
	mount(&model->fs, &model->disk);
	for (int i = 0; i < nsteps; i++)
		model_step(model);
	model_check(model);
}

static void random_operations_do_what_a_model_does(void **state)
{
	static struct model model;

	for (int round = 0; round < 3; round++) {
		srand((unsigned int)round);
		model_run(&model, &small[round], 1500, false);
		assert_int_equal(fat_unmount(&model.fs), 0);
		mount(&model.fs, &model.disk);
		model_check(&model);
		assert_int_equal(disk_check(&model.disk, false), 0);
		disk_free(&model.disk);
	}
}

/* The disk after the first @n writes, of which those since the last flush may be missing. */
static void cut(const struct disk *disk, size_t n, struct disk *out)
{
	size_t flushed = n;

	*out = (struct disk){ .dev = disk->dev, .data = malloc(disk->dev.bytes) };
	out->dev.context = out;
	memcpy(out->data, disk->first, disk->dev.bytes);
	while (flushed && disk->log[flushed - 1].data)
		flushed--;
	for (size_t i = 0; i < n; i++)
		if (disk->log[i].data && (i < flushed || rand() % 2))
			memcpy(out->data + disk->log[i].at, disk->log[i].data, disk->log[i].len);
}

static void a_cut_leaves_lost_clusters_at_worst(void **state)
{
	const char *wanted = getenv("FAT_CUTS");
	int ncuts = wanted ? atoi(wanted) : 15;
	static struct model model;
	struct disk after;

	for (int i = 0; i < 3; i++) {
		srand(77 + (unsigned int)i);
		model_run(&model, &small[i], 400, true);
		for (int k = 0; k < ncuts; k++) {
			cut(&model.disk, (size_t)rand() % model.disk.nlog, &after);
			assert_int_equal(disk_check(&after, true), 0);
			mount(&model.fs, &after);
			assert_int_equal(fat_unmount(&model.fs), 0);
			assert_int_equal(disk_check(&after, true), 0);
			disk_free(&after);
		}
		disk_free(&model.disk);
	}
}

/* The file that is there, of two sizes. Returns: its size. */
static uint32_t found_size(struct fat *fs, uint32_t dir, const char *name)
{
	struct fat_dirent found;

	return find(fs, dir, name, &found) ? 0 : found.file.size;
}

/* @is_replacing: the new name is another file's. */
static void check_moves(const struct shape *shape, bool is_replacing)
{
	struct fat_file dir, moved, victim = { .slot = FAT_NO_SLOT };
	struct disk disk, after;
	uint32_t to;
	struct fat fs;

	disk_format(&disk, shape->bits, shape->kib, shape->options);
	mount(&fs, &disk);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "dir", 3, 0, noon, &dir), 0);
	assert_int_equal(fat_directory(&fs, &dir, &to), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "A long name of the old one.txt", &moved), 0);
	assert_int_equal(put(&fs, &moved, text, sizeof(text)), 0);
	if (is_replacing) {
		assert_int_equal(make(&fs, to, "a LONG name of the new one.txt", &victim), 0);
		assert_int_equal(put(&fs, &victim, text, 1), 0);
	}
	assert_int_equal(fat_sync(&fs), 0);
	disk_record(&disk);
	assert_int_equal(move(&fs, &moved, to, "A long name of the new one.txt", is_replacing ? &victim : NULL), 0);
	assert_int_equal(make(&fs, FAT_ROOT, "next", &moved), 0);
	srand(5);
	for (int i = 0; i < 60; i++) {
		cut(&disk, (size_t)i % (disk.nlog + 1), &after);
		assert_int_equal(disk_check(&after, true), 0);
		mount(&fs, &after);
		uint32_t new_size = found_size(&fs, to, "A long name of the new one.txt");
		uint32_t old_size = found_size(&fs, FAT_ROOT, "A long name of the old one.txt");

		assert_int_equal(old_size > 1 ? old_size : new_size, sizeof(text));
		assert_int_equal(old_size > 1 ? new_size : 0, old_size > 1 && is_replacing);
		assert_int_equal(fat_unmount(&fs), 0);
		disk_free(&after);
	}
	disk_free(&disk);
}

static void a_file_on_its_way_is_found_after_a_cut(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		check_moves(&small[i], false);
		check_moves(&small[i], true);
	}
}

/* Neither the file nor its move was on the disk for sure; the slots had another file's entry before. */
static void a_file_without_a_flush_may_be_moved(void **state)
{
	struct disk disk, after;
	struct fat_file dir, moved;
	uint32_t from, to;
	struct fat fs;

	disk_format(&disk, small[1].bits, small[1].kib, small[1].options);
	mount(&fs, &disk);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "from", 4, 0, noon, &dir), 0);
	assert_int_equal(fat_directory(&fs, &dir, &from), 0);
	assert_int_equal(fat_mkdir(&fs, FAT_ROOT, "to", 2, 0, noon, &dir), 0);
	assert_int_equal(fat_directory(&fs, &dir, &to), 0);
	assert_int_equal(make(&fs, from, "A long name of the old one.txt", &moved), 0);
	assert_int_equal(put(&fs, &moved, text, sizeof(text)), 0);
	assert_int_equal(fat_unlink(&fs, &moved), 0);
	assert_int_equal(fat_release(&fs, &moved), 0);
	assert_int_equal(fat_sync(&fs), 0);
	disk_record(&disk);
	assert_int_equal(make(&fs, from, "A long name of the old one.txt", &moved), 0);
	assert_int_equal(move(&fs, &moved, to, "A long name of the new one.txt", NULL), 0);
	assert_int_equal(fat_sync(&fs), 0);
	srand(6);
	for (int i = 0; i < 80; i++) {
		cut(&disk, (size_t)i % (disk.nlog + 1), &after);
		mount(&fs, &after);
		assert_int_equal(fat_unmount(&fs), 0);
		assert_int_equal(disk_check(&after, true), 0);
		disk_free(&after);
	}
	disk_free(&disk);
}

#define SECTOR_NAMES 4		/* names of four slots fill a sector */

static void several_slots(char out[32], int number)
{
	snprintf(out, 32, "A name of several slots %c.text", (char)('a' + number));
}

static int count_name(struct fat *fs, const char *name)
{
	struct fat_dirent found;
	uint32_t cookie = 0;
	int n = 0;

	while (fat_readdir(fs, FAT_ROOT, &cookie, &found) > 0)
		n += !strcmp(found.name, name);
	return n;
}

enum freeing { UNLINKED, MOVED_AWAY, UNLINKED_FOR_A_MOVE, NFREEINGS };

/* The last name, alone in the second sector, goes; then the first sector, where there is room, gets it. */
static void free_and_take(struct fat *fs, struct fat_file files[SECTOR_NAMES + 1], const char *name, enum freeing freeing)
{
	struct fat_file *last = &files[SECTOR_NAMES];

	if (freeing == MOVED_AWAY)
		assert_int_equal(move(fs, last, FAT_ROOT, "A name that nobody had.text", NULL), 0);
	else
		assert_int_equal(fat_unlink(fs, last), 0);
	if (freeing == UNLINKED_FOR_A_MOVE)
		assert_int_equal(move(fs, &files[1], FAT_ROOT, name, NULL), 0);
	else
		assert_int_equal(make(fs, FAT_ROOT, name, last), 0);
}

static void check_taken_name(const struct shape *shape, enum freeing freeing)
{
	struct fat_file files[SECTOR_NAMES + 1];
	struct disk disk, after;
	char name[32];
	struct fat fs;

	disk_format(&disk, shape->bits, shape->kib, shape->options);
	mount(&fs, &disk);
	for (int i = 0; i <= SECTOR_NAMES; i++) {
		several_slots(name, i);
		assert_int_equal(make(&fs, FAT_ROOT, name, &files[i]), 0);
	}
	assert_int_equal(files[SECTOR_NAMES].slot, 5 * SECTOR_NAMES - 1);
	assert_int_equal(fat_unlink(&fs, &files[0]), 0);
	assert_int_equal(fat_sync(&fs), 0);
	disk_record(&disk);
	free_and_take(&fs, files, name, freeing);
	srand(7);
	for (int i = 0; i < 24; i++) {
		cut(&disk, (size_t)i % (disk.nlog + 1), &after);
		assert_int_equal(disk_check(&after, true), 0);
		mount(&fs, &after);
		assert_true(count_name(&fs, name) <= 1);
		assert_int_equal(fat_unmount(&fs), 0);
		disk_free(&after);
	}
	disk_free(&disk);
}

static void a_name_that_was_free_is_there_once(void **state)
{
	for (size_t i = 0; i < 3; i++)
		for (int freeing = 0; freeing < NFREEINGS; freeing++)
			check_taken_name(&small[i], (enum freeing)freeing);
}

/* What was written before the library began anew is not on the disk for sure either. */
static void a_continued_volume_keeps_the_order_of_writes(void **state)
{
	for (size_t i = 0; i < 3; i++) {
		struct fat_file file, next;
		struct disk disk, after;
		struct fat fs;

		disk_format(&disk, small[i].bits, small[i].kib, small[i].options);
		mount(&fs, &disk);
		assert_int_equal(make(&fs, FAT_ROOT, "file", &file), 0);
		assert_int_equal(put(&fs, &file, text, sizeof(text)), 0);
		assert_int_equal(fat_sync(&fs), 0);
		disk_record(&disk);
		assert_int_equal(fat_unlink(&fs, &file), 0);
		assert_int_equal(fat_mount(&fs, &disk.dev, &(struct fat_options){ .is_continued = true }, cache, sizeof(cache)), 0);
		assert_int_equal(fat_release(&fs, &file), 0);
		assert_int_equal(make(&fs, FAT_ROOT, "next", &next), 0);
		srand(8);
		for (int k = 0; k < 24; k++) {
			cut(&disk, (size_t)k % (disk.nlog + 1), &after);
			assert_int_equal(disk_check(&after, true), 0);
			disk_free(&after);
		}
		disk_free(&disk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_others_are_read),
		cmocka_unit_test(others_read_our_files),
		cmocka_unit_test(names_keep_their_case_and_are_found_in_any),
		cmocka_unit_test(a_name_that_fat_cannot_have_is_refused),
		cmocka_unit_test(five_thousand_files_are_what_others_see),
		cmocka_unit_test(replacing_a_neighbour_is_one_write),
		cmocka_unit_test(a_full_disk_takes_nothing_half),
		cmocka_unit_test(a_fixed_root_is_full_at_some_point),
		cmocka_unit_test(times_and_attributes_are_kept),
		cmocka_unit_test(a_volume_in_use_says_so),
		cmocka_unit_test(damaged_chains_are_errors),
		cmocka_unit_test(a_broken_boot_sector_is_no_volume),
		cmocka_unit_test(random_operations_do_what_a_model_does),
		cmocka_unit_test(a_cut_leaves_lost_clusters_at_worst),
		cmocka_unit_test(a_file_on_its_way_is_found_after_a_cut),
		cmocka_unit_test(a_file_without_a_flush_may_be_moved),
		cmocka_unit_test(a_name_that_was_free_is_there_once),
		cmocka_unit_test(a_continued_volume_keeps_the_order_of_writes),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
