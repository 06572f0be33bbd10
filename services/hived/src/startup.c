/* The keys that are there from the start. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "hive.h"

#define TEXT_CHARS 256u
#define REG_SZ 1u
#define REG_DWORD 4u

enum kind { START_KEY, START_SZ, START_DWORD };
struct entry {
	enum kind kind;
	const char *path, *name, *text;
	uint32_t number;
};

#define KEY(path)
#define SZ(path, name, text)
#define DWORD(path, name, number)
#define USER_KEY(path) { START_KEY, path, NULL, NULL, 0 },
#define USER_SZ(path, name, text) { START_SZ, path, name, text, 0 },
static const struct entry user_entries[] = {
#include "startup.def"
};
#undef KEY
#undef SZ
#undef DWORD
#undef USER_KEY
#undef USER_SZ

#define KEY(path) { START_KEY, path, NULL, NULL, 0 },
#define SZ(path, name, text) { START_SZ, path, name, text, 0 },
#define DWORD(path, name, number) { START_DWORD, path, name, NULL, number },
#define USER_KEY(path)
#define USER_SZ(path, name, text)
static const struct entry machine_entries[] = {
#include "startup.def"
};

static struct hive_text widen(const char *ascii, uint16_t chars[TEXT_CHARS])
{
	uint32_t n = 0;

	for (; *ascii && n < TEXT_CHARS; ascii++)
		chars[n++] = (unsigned char)*ascii;
	return (struct hive_text){ chars, n };
}

/* The machine's name as Windows writes it. */
static const char *host_name(void)
{
	static char name[65];

	if (!*name && gethostname(name, sizeof(name) - 1))
		strcpy(name, "ALBIREO");
	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return name;
}

/* Every part of @path is made. */
static int make(struct hive_key *from, const char *path, struct hive_key **out)
{
	uint16_t chars[TEXT_CHARS];
	struct hive_text all = widen(path, chars), none = { 0 };
	bool created;

	*out = from;
	for (uint32_t start = 0, end = 0; start < all.nchars; start = end + 1) {
		struct hive_text part = { all.chars + start, 0 };
		int err;

		end = start;
		while (end < all.nchars && all.chars[end] != '\\')
			end++;
		part.nchars = end - start;
		err = hive_open(*out, part, HIVE_OPEN_CREATE, none, out, &created);
		if (err)
			return err;
	}
	return 0;
}

static int put(struct hive_key *from, const struct entry *e)
{
	uint16_t name[TEXT_CHARS], text[TEXT_CHARS] = { 0 };
	struct hive_text value;
	struct hive_key *k;
	int err = make(from, e->path, &k);

	if (err || e->kind == START_KEY)
		return err;
	if (e->kind == START_DWORD)
		return hive_set(k, widen(e->name, name), REG_DWORD, &e->number, sizeof(e->number));
	value = widen(strcmp(e->text, "%HOST%") ? e->text : host_name(), text);
	return hive_set(k, widen(e->name, name), REG_SZ, text, (value.nchars + 1) * 2);
}

int hive_start_user(struct hive_key *user)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(user_entries) / sizeof(user_entries[0]) && !err; i++)
		err = put(user, &user_entries[i]);
	return err;
}

int hive_start_up(void)
{
	struct hive_key *root = hive_by_id(HIVE_ROOT);
	int err = 0;

	for (size_t i = 0; i < sizeof(machine_entries) / sizeof(machine_entries[0]) && !err; i++)
		err = put(root, &machine_entries[i]);
	return err;
}
