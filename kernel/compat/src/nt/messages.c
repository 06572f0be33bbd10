/* kernel/compat/src/nt/messages.c: what libwine's DLLs and programs write past their standard streams.
 *
 * One service takes two kinds of text. A line that begins "TID:err:…", with another class too, is what a DLL
 * tells about itself: it goes to the log. All else is meant for the program's user: it goes to standard error.
 */
#include <io/file.h>
#include <nucleus/log.h>
#include <string.h>

#include "file.h"
#include "nt.h"

#define MESSAGE_BYTES 200

static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

static bool is_remark(const char *text)
{
	static const char *const classes[] = { "err:", "fixme:", "warn:", "trace:" };

	if (!is_hex(*text))
		return false;
	while (is_hex(*text))
		text++;
	if (*text++ != ':')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (!strncmp(text, classes[i], strlen(classes[i])))
			return true;
	}
	return false;
}

static void write_to_user(uint64_t text, size_t n)
{
	struct io_segment segment = { text, n };
	struct io_vector v;
	struct object *obj;
	uint64_t parameters, handle;

	/* ntdll moves the parameters, and a program may change its standard error. */
	if (nt_get(&parameters, nt_current()->peb + PEB_PARAMETERS, sizeof(parameters)) ||
	    nt_get(&handle, parameters + PARAMS_STDERR, sizeof(handle)) ||
	    nt_handle_lookup(handle, OBJECT_FILE, FILE_WRITE_DATA, &obj))
		return;
	io_vector_init(&v, &segment, 1, false);
	/* As with a debugger's port, nobody is told whether somebody listens. */
	(void)file_write(file_from_object(obj), &v);
	object_put(obj);
}

ntstatus nt_sys___wine_dbg_write(const uint64_t *a)
{
	char text[MESSAGE_BYTES];
	size_t n = (uint32_t)a[1], got = copy_from_user_partial(text, nt_ptr(a[0]), MIN(n, sizeof(text) - 1));

	text[got] = '\0';
	if (!is_remark(text)) {
		write_to_user(a[0], n);
		return (ntstatus)n;
	}
	while (got && text[got - 1] == '\n')
		text[--got] = '\0';
	log_info(COMPAT, "%s: %s", ps_current()->name, text);
	return (ntstatus)n;
}
