/* The TLS directory and the load config. */
#include <string.h>

#include "private.h"

#define TLS_BYTES 40u
#define LOAD_CONFIG_COOKIE_AT 88u
#define LOAD_CONFIG_GUARD_FLAGS_AT 144u
#define LOAD_CONFIG_BYTES 148u /* as far as we look */

enum pe_error pe_tls(const struct pe_reader *reader, const struct pe_image *image, struct pe_tls *out)
{
	uint8_t raw[TLS_BYTES];
	enum pe_error err;

	if (!image->has_tls)
		return PE_ERR_NOT_FOUND;
	err = pe_read(reader, image, image->directories[PE_DIR_TLS].rva, raw, sizeof(raw));
	if (err)
		return err;
	out->data_start = pe_le64(raw);
	out->data_end = pe_le64(raw + 8);
	out->index_address = pe_le64(raw + 16);
	out->callbacks_address = pe_le64(raw + 24);
	out->zero_fill = pe_le32(raw + 32);
	out->characteristics = pe_le32(raw + 36);
	return out->data_end < out->data_start ? PE_ERR_TLS : PE_OK;
}

/* Its own size counts: the directory's is a fixed number in old files. */
enum pe_error pe_load_config(const struct pe_reader *reader, const struct pe_image *image,
			     struct pe_load_config *out)
{
	uint32_t rva = image->directories[PE_DIR_LOAD_CONFIG].rva;
	uint8_t raw[LOAD_CONFIG_BYTES] = {0};
	enum pe_error err;

	if (!rva)
		return PE_ERR_NOT_FOUND;
	err = pe_read(reader, image, rva, raw, 4);
	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	out->size = pe_le32(raw);
	if (out->size < 4)
		return PE_ERR_LOAD_CONFIG;
	err = pe_read(reader, image, rva, raw, out->size < sizeof(raw) ? out->size : sizeof(raw));
	if (err)
		return err;
	if (out->size >= LOAD_CONFIG_COOKIE_AT + 8)
		out->security_cookie = pe_le64(raw + LOAD_CONFIG_COOKIE_AT);
	if (out->size >= LOAD_CONFIG_GUARD_FLAGS_AT + 4)
		out->guard_flags = pe_le32(raw + LOAD_CONFIG_GUARD_FLAGS_AT);
	return PE_OK;
}
