/* The export directory: three parallel tables. */
#include <string.h>

#include "private.h"

#define EXPORT_DIRECTORY_BYTES 40u
#define BATCH 32u

struct exports {
	struct pe_directory range; /* RVAs in here are forwarders */
	uint32_t ordinal_base;
	uint32_t nfunctions;
	uint32_t nnames;
	uint32_t functions_rva;
	uint32_t names_rva;
	uint32_t ordinals_rva;
};

static bool is_table_within(const struct pe_image *image, uint32_t rva, uint32_t count, uint32_t item)
{
	return rva <= image->size_of_image && (uint64_t)count * item <= image->size_of_image - rva;
}

static enum pe_error open_exports(const struct pe_reader *reader, const struct pe_image *image, struct exports *out)
{
	uint8_t raw[EXPORT_DIRECTORY_BYTES];
	enum pe_error err;

	out->range = image->directories[PE_DIR_EXPORT];
	if (!out->range.rva || !out->range.size)
		return PE_ERR_NOT_FOUND;
	err = pe_read(reader, image, out->range.rva, raw, sizeof(raw));
	if (err)
		return err;
	out->ordinal_base = pe_le32(raw + 16);
	out->nfunctions = pe_le32(raw + 20);
	out->nnames = pe_le32(raw + 24);
	out->functions_rva = pe_le32(raw + 28);
	out->names_rva = pe_le32(raw + 32);
	out->ordinals_rva = pe_le32(raw + 36);
	if (out->nfunctions > PE_MAX_EXPORTS || out->nnames > PE_MAX_EXPORTS ||
	    !is_table_within(image, out->functions_rva, out->nfunctions, 4) ||
	    !is_table_within(image, out->names_rva, out->nnames, 4) ||
	    !is_table_within(image, out->ordinals_rva, out->nnames, 2))
		return PE_ERR_EXPORTS;
	return PE_OK;
}

static bool is_forwarder_rva(const struct exports *exports, uint32_t rva)
{
	return rva >= exports->range.rva && rva - exports->range.rva < exports->range.size;
}

static enum pe_error function_rva(const struct pe_reader *reader, const struct pe_image *image,
				  const struct exports *exports, uint16_t index, uint32_t *rva)
{
	uint8_t raw[4];
	enum pe_error err;

	if (index >= exports->nfunctions)
		return PE_ERR_EXPORTS;
	err = pe_read(reader, image, exports->functions_rva + 4 * (uint32_t)index, raw, sizeof(raw));
	if (err)
		return err;
	*rva = pe_le32(raw);
	return *rva < image->size_of_image ? PE_OK : PE_ERR_EXPORTS;
}

/* What one walk carries: names may share bytes, so that a hostile file could make it read
 * PE_MAX_EXPORTS times the longest name; bytes_left keeps that to the image's size. */
struct walk {
	const struct pe_reader *reader;
	const struct pe_image *image;
	struct exports exports;
	uint64_t bytes_left;
	pe_export_fn visit;
	void *ctx;
	bool is_stopped;
};

static enum pe_error read_name(struct walk *walk, uint32_t rva, char *buf)
{
	enum pe_error err;
	size_t len;

	err = pe_read_string(walk->reader, walk->image, rva, buf, &len);
	if (err)
		return err;
	if (len > walk->bytes_left)
		return PE_ERR_EXPORTS;
	walk->bytes_left -= len;
	return PE_OK;
}

static enum pe_error show_forwarder(struct walk *walk, struct pe_export *found)
{
	char forwarder[PE_MAX_NAME_BYTES];
	enum pe_error err;

	err = read_name(walk, found->rva, forwarder);
	if (err)
		return err;
	found->forwarder = forwarder;
	walk->is_stopped = !walk->visit(walk->ctx, found);
	return PE_OK;
}

static enum pe_error show_export(struct walk *walk, uint32_t name_rva, uint16_t index)
{
	char name[PE_MAX_NAME_BYTES];
	struct pe_export found = { .name = name, .ordinal = walk->exports.ordinal_base + index };
	enum pe_error err;

	err = function_rva(walk->reader, walk->image, &walk->exports, index, &found.rva);
	if (err)
		return err;
	err = read_name(walk, name_rva, name);
	if (err)
		return err;
	if (is_forwarder_rva(&walk->exports, found.rva))
		return show_forwarder(walk, &found);
	walk->is_stopped = !walk->visit(walk->ctx, &found);
	return PE_OK;
}

static enum pe_error show_batch(struct walk *walk, uint32_t first, uint32_t count)
{
	uint8_t names[BATCH * 4], ordinals[BATCH * 2];
	enum pe_error err;
	uint32_t i;

	err = pe_read(walk->reader, walk->image, walk->exports.names_rva + first * 4, names, count * 4);
	if (!err)
		err = pe_read(walk->reader, walk->image, walk->exports.ordinals_rva + first * 2, ordinals, count * 2);
	for (i = 0; !err && i < count && !walk->is_stopped; i++)
		err = show_export(walk, pe_le32(names + i * 4), pe_le16(ordinals + i * 2));
	return err;
}

enum pe_error pe_exports(const struct pe_reader *reader, const struct pe_image *image, pe_export_fn visit, void *ctx)
{
	struct walk walk = {
		.reader = reader, .image = image, .bytes_left = image->size_of_image, .visit = visit, .ctx = ctx,
	};
	uint32_t first, left;
	enum pe_error err;

	err = open_exports(reader, image, &walk.exports);
	if (err)
		return err == PE_ERR_NOT_FOUND ? PE_OK : err;
	for (first = 0; !err && first < walk.exports.nnames && !walk.is_stopped; first += BATCH) {
		left = walk.exports.nnames - first;
		err = show_batch(&walk, first, left < BATCH ? left : BATCH);
	}
	return err;
}

static enum pe_error compare_name(const struct pe_reader *reader, const struct pe_image *image,
				  const struct exports *exports, uint32_t index, const char *name, int *order)
{
	char other[PE_MAX_NAME_BYTES];
	enum pe_error err;
	uint8_t raw[4];

	err = pe_read(reader, image, exports->names_rva + index * 4, raw, sizeof(raw));
	if (!err)
		err = pe_read_string(reader, image, pe_le32(raw), other, NULL);
	if (!err)
		*order = strcmp(name, other);
	return err;
}

/* Returns: PE_OK and the name's index; PE_ERR_NOT_FOUND; as pe_read_string(). */
static enum pe_error find_name(const struct pe_reader *reader, const struct pe_image *image,
			       const struct exports *exports, const char *name, uint32_t *index)
{
	uint32_t low = 0, high = exports->nnames, middle;
	enum pe_error err;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		err = compare_name(reader, image, exports, middle, name, &order);
		if (err)
			return err;
		if (order == 0) {
			*index = middle;
			return PE_OK;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return PE_ERR_NOT_FOUND;
}

enum pe_error pe_export_find(const struct pe_reader *reader, const struct pe_image *image, const char *name,
			     uint32_t *rva_out, bool *is_forwarder)
{
	struct exports exports;
	uint8_t ordinal[2];
	enum pe_error err;
	uint32_t index;

	err = open_exports(reader, image, &exports);
	if (!err)
		err = find_name(reader, image, &exports, name, &index);
	if (!err)
		err = pe_read(reader, image, exports.ordinals_rva + index * 2, ordinal, sizeof(ordinal));
	if (!err)
		err = function_rva(reader, image, &exports, pe_le16(ordinal), rva_out);
	if (!err)
		*is_forwarder = is_forwarder_rva(&exports, *rva_out);
	return err;
}
