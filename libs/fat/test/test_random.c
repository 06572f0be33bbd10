/* Operations drawn at random, on a volume and on a model beside it. */
#include "support.h"

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
			disk_cut(&model.disk, (size_t)rand() % model.disk.nlog, (unsigned int)rand(), &after);
			assert_int_equal(disk_check(&after, true), 0);
			mount(&model.fs, &after);
			assert_int_equal(fat_unmount(&model.fs), 0);
			assert_int_equal(disk_check(&after, true), 0);
			disk_free(&after);
		}
		disk_free(&model.disk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_do_what_a_model_does),
		cmocka_unit_test(a_cut_leaves_lost_clusters_at_worst),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
