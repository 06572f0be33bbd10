/* tests/linux/files_random.c: contents and names under random changes, against a model in memory. */
#include "common.h"

#include <dirent.h>
#include <linux/falloc.h>
#include <sys/mman.h>

#define FILES 4
#define MAX_BYTES (300u << 10)
#define STEPS 400
#define NAMES 40

static uint64_t state = 1;

static uint32_t pick(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

struct model {
	int fd;
	size_t size;
	uint8_t bytes[MAX_BYTES];
};

static struct model models[FILES];

static void fill(uint8_t *bytes, size_t len)
{
	while (len--)
		*bytes++ = (uint8_t)(1 + pick(255));
}

/* Mostly where a block or a page begins, or the file ends. */
static size_t pick_offset(const struct model *model)
{
	switch (pick(4)) {
	case 0:
		return pick(MAX_BYTES / 1024) * 1024;
	case 1:
		return pick(MAX_BYTES / 4096) * 4096 + pick(3);
	case 2:
		return model->size ? model->size - pick(2) : 0;
	default:
		return pick(MAX_BYTES);
	}
}

static size_t pick_end(size_t offset)
{
	size_t end = offset + 1 + (pick(3) ? pick(9000) : pick(70000));

	return end < MAX_BYTES ? end : MAX_BYTES;
}

static void grow(struct model *model, size_t size)
{
	if (size > model->size)
		model->size = size;
}

static void write_some(struct model *model, size_t offset, size_t end)
{
	fill(model->bytes + offset, end - offset);
	need(pwrite(model->fd, model->bytes + offset, end - offset, (off_t)offset) == (ssize_t)(end - offset) ? 0 : -1);
	grow(model, end);
}

static void write_mapped(struct model *model, size_t offset, size_t end)
{
	uint8_t *map;

	if (end > model->size)
		end = model->size;
	if (offset >= end)
		return;
	map = mmap(NULL, model->size, PROT_READ | PROT_WRITE, MAP_SHARED, model->fd, 0);
	if (map == MAP_FAILED)
		need(-1);
	fill(model->bytes + offset, end - offset);
	memcpy(map + offset, model->bytes + offset, end - offset);
	if (pick(2))
		need(msync(map, model->size, MS_SYNC));
	need(munmap(map, model->size));
}

static void cut(struct model *model, size_t size)
{
	need(ftruncate(model->fd, (off_t)size));
	if (size < model->size)
		memset(model->bytes + size, 0, model->size - size);
	model->size = size;
}

static void punch(struct model *model, size_t offset, size_t end)
{
	need(fallocate(model->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)(end - offset)));
	if (end > model->size)
		end = model->size;
	if (offset < end)
		memset(model->bytes + offset, 0, end - offset);
}

static void allocate(struct model *model, size_t offset, size_t end)
{
	bool is_kept = pick(2);

	need(fallocate(model->fd, is_kept ? FALLOC_FL_KEEP_SIZE : 0, (off_t)offset, (off_t)(end - offset)));
	if (!is_kept)
		grow(model, end);
}

static bool is_right(const struct model *model)
{
	static uint8_t found[MAX_BYTES + 1];
	ssize_t n = pread(model->fd, found, sizeof(found), 0);

	return n == (ssize_t)model->size && !memcmp(found, model->bytes, model->size);
}

/* Every byte that is not zero is said to be data. */
static bool has_right_holes(const struct model *model)
{
	size_t at = 0;

	while (at < model->size) {
		off_t data = lseek(model->fd, (off_t)at, SEEK_DATA);
		size_t end = data < 0 ? model->size : (size_t)data;

		for (; at < end; at++)
			if (model->bytes[at])
				return false;
		if (data < 0)
			return errno == ENXIO;
		at = (size_t)lseek(model->fd, data, SEEK_HOLE);
		if (at <= (size_t)data)
			return false;
	}
	return true;
}

static void change(struct model *model)
{
	size_t offset = pick_offset(model), end;

	if (offset >= MAX_BYTES)
		offset = MAX_BYTES - 1;
	end = pick_end(offset);
	switch (pick(9)) {
	case 0:
		cut(model, offset);
		break;
	case 1:
		punch(model, offset, end);
		break;
	case 2:
		allocate(model, offset, end);
		break;
	case 3:
		need(fsync(model->fd));
		break;
	case 4:
	case 5:
		write_mapped(model, offset, end);
		break;
	default:
		write_some(model, offset, end);
	}
}

static void open_model(struct model *model, const char *name)
{
	if (model->fd > 0)
		need(close(model->fd));
	model->fd = (int)need(open(name, O_RDWR | O_CREAT, 0644));
}

TEST(contents_are_what_a_model_says)
{
	static const char *const names[FILES] = { "a", "b", "c", "d" };
	unsigned int wrong = 0, holes = 0, at;

	state = 20;
	for (unsigned int i = 0; i < FILES; i++)
		open_model(&models[i], names[i]);
	for (unsigned int step = 0; step < STEPS; step++) {
		at = pick(FILES);
		change(&models[at]);
		if (!pick(20))
			open_model(&models[at], names[at]);
		if (!pick(6))
			wrong += !is_right(&models[at]);
		if (!pick(10))
			holes += !has_right_holes(&models[at]);
	}
	for (unsigned int i = 0; i < FILES; i++)
		wrong += !is_right(&models[i]);
	say("  wrong contents: %u, wrong holes: %u", wrong, holes);
}

/* ---- names ---- */

static int owners[NAMES];	/* of each name, the file; -1: none */

static void name_of(unsigned int i, char out[64])
{
	snprintf(out, 64, "%s/a name that takes some room %u", i % 2 ? "x" : "y", i);
}

static nlink_t count_links(int file)
{
	nlink_t n = 0;

	for (unsigned int i = 0; i < NAMES; i++)
		n += owners[i] == file;
	return n;
}

static void take(int got, int expected)
{
	static unsigned int shown;

	if (got != expected && shown++ < 5)
		say("  got %s, expected %s", errno_name(got), errno_name(expected));
}

#define outcome(call) ((call) < 0 ? errno : 0)

static void change_names(unsigned int step)
{
	unsigned int i = pick(NAMES), j = pick(NAMES);
	char from[64], to[64];

	name_of(i, from);
	name_of(j, to);
	switch (pick(5)) {
	case 0:
	case 1:
		take(outcome(mknod(from, S_IFREG | 0600, 0)), owners[i] < 0 ? 0 : EEXIST);
		if (owners[i] < 0)
			owners[i] = (int)step;
		break;
	case 2:
		take(outcome(link(from, to)), owners[i] < 0 ? ENOENT : owners[j] >= 0 ? EEXIST : 0);
		if (owners[i] >= 0 && owners[j] < 0)
			owners[j] = owners[i];
		break;
	case 3:
		take(outcome(unlink(from)), owners[i] < 0 ? ENOENT : 0);
		owners[i] = -1;
		break;
	default:
		take(outcome(rename(from, to)), owners[i] < 0 ? ENOENT : 0);
		if (owners[i] < 0 || owners[i] == owners[j])
			break;
		owners[j] = owners[i];
		owners[i] = -1;
	}
}

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

TEST(names_and_links_are_what_a_model_says)
{
	unsigned int wrong = 0, entries = 4;
	struct stat st;
	char name[64];

	state = 7;
	memset(owners, -1, sizeof(owners));
	need(mkdir("x", 0755));
	need(mkdir("y", 0755));
	for (unsigned int step = 0; step < 1500; step++)
		change_names(step);
	for (unsigned int i = 0; i < NAMES; i++) {
		name_of(i, name);
		if (lstat(name, &st))
			wrong += owners[i] >= 0;
		else
			wrong += owners[i] < 0 || st.st_nlink != count_links(owners[i]);
		entries += owners[i] >= 0;
	}
	say("  wrong names: %u", wrong);
	claim("each is listed once", count_entries("x") + count_entries("y") == entries);
}
