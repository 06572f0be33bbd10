/* The newc format (man 5 cpio): a header of ASCII fields, the name with its NUL,
 * padding to 4, the data, padding to 4. Offsets count from the archive's start. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <cpio/cpio.h>
#include <format/format.h>

#define MAGIC "070701"
#define TRAILER "TRAILER!!!"

struct newc_header {
	char magic[6];
	char ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8];
	char dev_major[8], dev_minor[8], rdev_major[8], rdev_minor[8];
	char namesize[8], check[8];
};

/* Parse one field into *@out; a bad digit clears *@is_valid. */
static void parse_field(const char field[8], uint32_t *out, bool *is_valid)
{
	int i, digit;

	*out = 0;
	for (i = 0; i < 8; i++) {
		digit = fmt_hex_digit(field[i]);
		if (digit < 0) {
			*is_valid = false;
			return;
		}
		*out = *out << 4 | (uint32_t)digit;
	}
}

/* Take @len bytes and the padding behind them, which may be missing at the very end. */
static const void *take(struct cpio_reader *reader, size_t len)
{
	const char *start = (const char *)reader->archive + reader->offset;

	if (len > reader->len - reader->offset)
		return NULL;
	reader->offset += len;
	reader->offset += -reader->offset & 3;
	if (reader->offset > reader->len)
		reader->offset = reader->len;
	return start;
}

void cpio_open(struct cpio_reader *reader, const void *archive, size_t len)
{
	*reader = (struct cpio_reader){ .archive = archive, .len = len };
}

/* Zero bytes may stand between entries: the bundle fills each file's last page with
 * them, and Linux Documentation/driver-api/early-userspace/buffer-format.rst allows them. */
static void skip_zeroes(struct cpio_reader *reader)
{
	const char *bytes = reader->archive;

	while (reader->offset < reader->len && bytes[reader->offset] == '\0')
		reader->offset++;
	reader->offset &= ~(size_t)3;
}

static int parse_entry(struct cpio_reader *reader, struct cpio_entry *entry)
{
	const struct newc_header *hdr;
	uint32_t namesize, filesize;
	bool is_valid = true;

	skip_zeroes(reader);
	/* The name follows the header unpadded; together they are padded. */
	if (sizeof(*hdr) > reader->len - reader->offset)
		return -EINVAL;
	hdr = (const void *)((const char *)reader->archive + reader->offset);
	if (memcmp(hdr->magic, MAGIC, sizeof(hdr->magic)) != 0)
		return -EINVAL;
	parse_field(hdr->ino, &entry->ino, &is_valid);
	parse_field(hdr->mode, &entry->mode, &is_valid);
	parse_field(hdr->uid, &entry->uid, &is_valid);
	parse_field(hdr->gid, &entry->gid, &is_valid);
	parse_field(hdr->nlink, &entry->nlink, &is_valid);
	parse_field(hdr->mtime, &entry->mtime, &is_valid);
	parse_field(hdr->rdev_major, &entry->rdev_major, &is_valid);
	parse_field(hdr->rdev_minor, &entry->rdev_minor, &is_valid);
	parse_field(hdr->filesize, &filesize, &is_valid);
	parse_field(hdr->namesize, &namesize, &is_valid);
	if (!is_valid || namesize == 0)
		return -EINVAL;

	if (!take(reader, sizeof(*hdr) + (size_t)namesize))
		return -EINVAL;
	entry->name = (const char *)(hdr + 1);
	if (entry->name[namesize - 1] != '\0')
		return -EINVAL;
	entry->name_len = strlen(entry->name);
	entry->data_len = filesize;
	entry->data = take(reader, filesize);
	return entry->data ? 1 : -EINVAL;
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry)
{
	size_t start = reader->offset;
	int result = parse_entry(reader, entry);

	if (result < 0 || strcmp(entry->name, TRAILER) == 0) {
		reader->offset = start;
		return result < 0 ? result : 0;
	}
	return 1;
}

int cpio_find(const void *archive, size_t len, const char *name, struct cpio_entry *entry)
{
	struct cpio_reader reader;
	int result;

	cpio_open(&reader, archive, len);
	while ((result = cpio_next(&reader, entry)) > 0)
		if (strcmp(entry->name, name) == 0)
			return 0;
	return result < 0 ? result : -ENOENT;
}
