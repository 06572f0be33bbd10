/* The names of imported DLLs. Both tables end with an entry of zeroes; Windows does not
 * look at the directories' sizes, so neither does this. */
#include "private.h"

#define IMPORT_BYTES 20u
#define DELAY_IMPORT_BYTES 32u
#define DELAY_BY_RVA 1u

/* Returns: PE_OK and where the entry's DLL name is, 0 for the last entry; PE_ERR_IMPORTS. */
typedef enum pe_error (*name_of_fn)(const uint8_t *entry, uint32_t *name_rva);

static enum pe_error import_name(const uint8_t *entry, uint32_t *name_rva)
{
	uint32_t first_thunk = pe_le32(entry + 16);

	*name_rva = first_thunk ? pe_le32(entry + 12) : 0;
	return PE_OK;
}

static enum pe_error delay_import_name(const uint8_t *entry, uint32_t *name_rva)
{
	*name_rva = pe_le32(entry + 4);
	return *name_rva && !(pe_le32(entry) & DELAY_BY_RVA) ? PE_ERR_IMPORTS : PE_OK;
}

static enum pe_error show_dll(const struct pe_reader *reader, const struct pe_image *image, uint32_t name_rva,
			      pe_import_fn visit, void *ctx, bool *go_on)
{
	char name[PE_MAX_NAME_BYTES];
	enum pe_error err;

	err = pe_read_string(reader, image, name_rva, name, NULL);
	if (!err)
		*go_on = visit(ctx, name);
	return err;
}

static enum pe_error walk_table(const struct pe_reader *reader, const struct pe_image *image, uint32_t rva,
				uint32_t entry_bytes, name_of_fn name_of, pe_import_fn visit, void *ctx)
{
	uint8_t entry[DELAY_IMPORT_BYTES];
	bool go_on = true;
	enum pe_error err;
	uint32_t i, name_rva;

	for (i = 0; i < PE_MAX_IMPORTED_DLLS; i++, rva += entry_bytes) {
		err = pe_read(reader, image, rva, entry, entry_bytes);
		if (!err)
			err = name_of(entry, &name_rva);
		if (err || !name_rva)
			return err;
		err = show_dll(reader, image, name_rva, visit, ctx, &go_on);
		if (err || !go_on)
			return err;
	}
	return PE_ERR_IMPORTS;
}

enum pe_error pe_imports(const struct pe_reader *reader, const struct pe_image *image, pe_import_fn visit, void *ctx)
{
	uint32_t rva = image->directories[PE_DIR_IMPORT].rva;

	return rva ? walk_table(reader, image, rva, IMPORT_BYTES, import_name, visit, ctx) : PE_OK;
}

enum pe_error pe_delay_imports(const struct pe_reader *reader, const struct pe_image *image, pe_import_fn visit,
			       void *ctx)
{
	uint32_t rva = image->directories[PE_DIR_DELAY_IMPORT].rva;

	return rva ? walk_table(reader, image, rva, DELAY_IMPORT_BYTES, delay_import_name, visit, ctx) : PE_OK;
}
