/* tests/machine/power_cut.c FOLDER MARKS SEED COUNT: changes below FOLDER until the power goes.
 *
 * Before and after each of COUNT operations a line goes to the device MARKS, past every cache, so that a log of
 * what reached the machine's disks tells which operations had begun and which had been acknowledged at any of its
 * entries: "B NUMBER OPERATION ARGUMENTS", "E NUMBER RESULT". x/testing/power_cut.py knows what must hold then.
 *
 * Each 512 bytes of a file say whose they are: its number, the number of the write and that of the block. What failed
 * is left alone from then on: nobody knows what became of it.
 */
#include "counters.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NSLOTS 40
#define NFOLDERS 4		/* the first is FOLDER itself */
#define BLOCK 512u
#define BLOCKS_MAX 200u
#define MARK_BYTES 4096u	/* a page each: no mark overwrites its neighbour */
#define MARKS 256u
#define PATH_BYTES 160
#define TRIES 20

struct slot {
	bool is_there;
	unsigned int folder, generation;
	uint32_t file, version, size;
	int fd;			/* -1: not open */
};

static struct slot slots[NSLOTS];
static struct {
	unsigned int number, generation;
} folders[NFOLDERS];
static uint64_t random_state;
static uint32_t next_file = 1, next_folder = 1, operation;
static unsigned int next_mark;
static int marks;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33) % n;
}

static void mark(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void mark(const char *format, ...)
{
	static uint8_t page[MARK_BYTES] __attribute__((aligned(MARK_BYTES)));
	va_list args;

	memset(page, 0, sizeof(page));
	va_start(args, format);
	vsnprintf((char *)page, BLOCK, format, args);
	va_end(args);
	/* A fault that the disk was given may meet this write too. */
	while (pwrite(marks, page, BLOCK, (off_t)(next_mark % MARKS) * MARK_BYTES) != BLOCK)
		if (errno != EIO)
			die("pwrite of a mark");
	next_mark++;
}

static void finish(void)
{
	mark("D");
	puts("done");
	exit(0);
}

/* The end of an operation. Returns: it was acknowledged. */
static bool ended(int result)
{
	int error = result < 0 ? errno : 0;

	mark("E %u %d", operation++, error);
	/* A journal that failed takes no change any more. */
	if (error == EROFS)
		finish();
	return !error;
}

/* ---- names ---- */

static const char *folder_path(unsigned int folder, char *out)
{
	if (!folder)
		strcpy(out, ".");
	else
		snprintf(out, PATH_BYTES, "folder-%u-%u", folders[folder].number, folders[folder].generation);
	return out;
}

static const char *slot_path(const struct slot *slot, char *out)
{
	char folder[PATH_BYTES / 2];
	unsigned int number = (unsigned int)(slot - slots);

	folder_path(slot->folder, folder);
	if (number % 2)
		snprintf(out, PATH_BYTES, "%s/a-name-of-several-slots-%u-%u.text", folder, number, slot->generation);
	else
		snprintf(out, PATH_BYTES, "%s/S%uG%u", folder, number, slot->generation);
	return out;
}

static void let_go(struct slot *slot)
{
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
	slot->is_there = false;
}

/* Its name is not used again. */
static void abandon(struct slot *slot)
{
	let_go(slot);
	slot->generation++;
}

/* ---- operations ---- */

static int slot_open(struct slot *slot)
{
	char path[PATH_BYTES];

	if (slot->fd < 0)
		slot->fd = open(slot_path(slot, path), O_RDWR);
	return slot->fd;
}

static void fill(uint8_t *to, const struct slot *slot, uint32_t first, uint32_t nblocks)
{
	for (uint32_t block = first; block < first + nblocks; block++)
		for (unsigned int i = 0; i < BLOCK / 16; i++, to += 16)
			memcpy(to, (uint32_t[]){ slot->file, slot->version, block, ~block }, 16);
}

static void write_slot(struct slot *slot)
{
	static uint8_t data[BLOCKS_MAX * BLOCK];
	uint32_t first = below(slot->size / BLOCK + 1), room = BLOCKS_MAX - first;
	uint32_t nblocks = 1 + below(below(8) ? (room < 24 ? room : 24) : room), end = (first + nblocks) * BLOCK;
	int result;

	/* The last block may be short, where the file ends. */
	if (end >= slot->size + BLOCK)
		end -= below(BLOCK);
	else if (end > slot->size)
		end = slot->size;
	slot->version++;
	fill(data, slot, first, nblocks);
	mark("B %u write %u %u %u %u", operation, slot->file, slot->version, first * BLOCK, end);
	result = slot_open(slot);
	if (result >= 0 && pwrite(slot->fd, data, end - first * BLOCK, first * BLOCK) != (ssize_t)(end - first * BLOCK))
		result = -1;
	if (end > slot->size)
		slot->size = end;
	if (!ended(result))
		abandon(slot);
}

static void create(struct slot *slot)
{
	char path[PATH_BYTES];

	slot->folder = below(NFOLDERS);
	slot->file = next_file++;
	slot->version = slot->size = 0;
	mark("B %u create %s %u", operation, slot_path(slot, path), slot->file);
	slot->fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	slot->is_there = true;
	if (!ended(slot->fd))
		abandon(slot);
	else
		write_slot(slot);
}

static void resize(struct slot *slot)
{
	uint32_t size = below(slot->size / BLOCK + 1) * BLOCK;

	/* Larger only where no block is short. */
	if (slot->size % BLOCK == 0 && !below(3))
		size = slot->size + below(BLOCKS_MAX - slot->size / BLOCK + 1) * BLOCK;
	mark("B %u size %u %u", operation, slot->file, size);
	slot->size = size;
	if (!ended(slot_open(slot) < 0 ? -1 : ftruncate(slot->fd, size)))
		abandon(slot);
}

static void sync_slot(struct slot *slot, bool data_only)
{
	mark("B %u fsync %u", operation, slot->file);
	if (!ended(slot_open(slot) < 0 ? -1 : data_only ? fdatasync(slot->fd) : fsync(slot->fd)))
		abandon(slot);
}

static void close_slot(struct slot *slot)
{
	int fd = slot->fd;

	slot->fd = -1;
	mark("B %u close %u", operation, slot->file);
	if (!ended(fd < 0 ? 0 : close(fd)))
		abandon(slot);
}

static void delete(struct slot *slot)
{
	char path[PATH_BYTES];

	mark("B %u unlink %s", operation, slot_path(slot, path));
	if (ended(unlink(path)))
		let_go(slot);
	else
		abandon(slot);
}

static void move(struct slot *slot)
{
	struct slot *to = &slots[below(NSLOTS)], target = *to;
	char path[PATH_BYTES], new_path[PATH_BYTES];
	bool is_there = to->is_there;

	if (to == slot)
		return;
	if (!is_there)
		to->folder = below(3) ? slot->folder : below(NFOLDERS);
	mark("B %u rename %s %s", operation, slot_path(slot, path), slot_path(to, new_path));
	if (!ended(rename(path, new_path))) {
		abandon(slot);
		abandon(to);
		return;
	}
	if (is_there)
		let_go(to);
	target = *to;
	*to = *slot;
	to->folder = target.folder;
	to->generation = target.generation;
	slot->is_there = false;
	slot->fd = -1;
}

static void replace(struct slot *slot)
{
	close_slot(slot);
	if (slot->is_there)
		sync_slot(slot, false);
	if (slot->is_there)
		move(slot);
}

static void make_folder(unsigned int folder)
{
	char path[PATH_BYTES];

	for (unsigned int tries = 0; tries < TRIES; tries++) {
		folders[folder].number = next_folder++;
		mark("B %u mkdir %s", operation, folder_path(folder, path));
		if (ended(mkdir(path, 0755)))
			return;
	}
	finish();
}

static void leave_folder(unsigned int folder)
{
	for (struct slot *slot = slots; slot < slots + NSLOTS; slot++)
		if (slot->is_there && slot->folder == folder)
			abandon(slot);
	make_folder(folder);
}

static void move_folder(unsigned int folder)
{
	char path[PATH_BYTES], new_path[PATH_BYTES];

	folder_path(folder, path);
	folders[folder].generation++;
	mark("B %u move-folder %s %s", operation, path, folder_path(folder, new_path));
	if (!ended(rename(path, new_path)))
		leave_folder(folder);
}

static void sync_folder(unsigned int folder)
{
	char path[PATH_BYTES];
	int fd;

	mark("B %u sync", operation);
	fd = open(folder_path(folder, path), O_RDONLY | O_DIRECTORY);
	ended(fd < 0 ? -1 : fsync(fd));
	if (fd >= 0)
		close(fd);
}

static void operate(void)
{
	struct slot *slot = &slots[below(NSLOTS)];
	uint32_t choice = below(24);

	if (choice == 0)
		move_folder(1 + below(NFOLDERS - 1));
	else if (choice == 1)
		sync_folder(below(NFOLDERS));
	else if (!slot->is_there)
		create(slot);
	else if (choice < 6)
		write_slot(slot);
	else if (choice < 11)
		sync_slot(slot, choice == 10);
	else if (choice < 16)
		move(slot);
	else if (choice < 18)
		replace(slot);
	else if (choice < 20)
		resize(slot);
	else if (choice < 22)
		delete(slot);
	else
		close_slot(slot);
}

int main(int argc, char **argv)
{
	uint32_t count;

	if (argc != 5)
		die("FOLDER MARKS SEED COUNT");
	marks = need(open(argv[2], O_RDWR | O_DIRECT));
	need(chdir(argv[1]));
	random_state = strtoull(argv[3], NULL, 0);
	count = (uint32_t)atoi(argv[4]);
	for (unsigned int i = 0; i < NSLOTS; i++)
		slots[i].fd = -1;
	for (unsigned int i = 1; i < NFOLDERS; i++)
		make_folder(i);
	while (operation < count)
		operate();
	finish();
}
