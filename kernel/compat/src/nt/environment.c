/* kernel/compat/src/nt/environment.c: an NT environment from a Linux one and one table. */
#include <mm/heap.h>
#include <string.h>

#include "text.h"

enum kind { ENV_SET, ENV_PATH, ENV_DROP };
static const struct {
	enum kind kind;
	const char *name, *value;
} table[] = {
#define NT_ENV(name, value) { ENV_SET, name, value },
#define NT_ENV_PATH(name, first) { ENV_PATH, name, first },
#define NT_ENV_DROP(name) { ENV_DROP, name, NULL },
#include "nt/environment.def"
#undef NT_ENV
#undef NT_ENV_PATH
#undef NT_ENV_DROP
};

#define NAME_BYTES 65
#define NUMBER_BYTES 12

struct facts { char user[NAME_BYTES], host[NAME_BYTES], cpus[NUMBER_BYTES]; };

static size_t length_to(const char *s, char end)
{
	size_t n = 0;

	while (s[n] && s[n] != end)
		n++;
	return n;
}

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

/* Is @line the variable @name, whatever its case? */
static bool is_variable(const char *line, const char *name)
{
	for (; *name; line++, name++) {
		if (upper(*line) != upper(*name))
			return false;
	}
	return *line == '=';
}

static bool is_in_table(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (is_variable(line, table[i].name))
			return true;
	}
	return false;
}

static void put_value(struct nt_text *t, const char *value, const struct facts *facts)
{
	while (*value) {
		size_t plain = length_to(value, '%');

		nt_text_utf8(t, value, plain);
		value += plain;
		if (!*value)
			break;
		if (!strncmp(value, "%USER%", 6))
			nt_text_ascii(t, facts->user);
		else if (!strncmp(value, "%HOST%", 6))
			nt_text_ascii(t, facts->host);
		else
			nt_text_ascii(t, facts->cpus);
		value += 6;
	}
}

/* "/a:/b" as ";Z:\a;Z:\b". */
static void put_folders(struct nt_text *t, const char *list)
{
	while (*list) {
		size_t len = length_to(list, ':');
		char *path = kmalloc(len + 1, HEAP_NOZERO);
		uint32_t nchars;
		uint16_t *name;

		if (!path) {
			t->failed = true;
			return;
		}
		memcpy(path, list, len);
		path[len] = '\0';
		name = *path == '/' ? nt_name_of_path(path, &nchars) : NULL;
		if (name) {
			nt_text_char(t, ';');
			nt_text_chars(t, name, nchars);
		}
		kfree(name);
		kfree(path);
		list += len + (list[len] == ':');
	}
}

static void find_value(const struct ps_strings *envp, const char *name, char *line, const char **value)
{
	*value = "";
	for (uint32_t i = 0; i < envp->count; i++) {
		ps_strings_get(envp, i, line);
		if (is_variable(line, name)) {
			*value = line + strlen(name) + 1;
			return;
		}
	}
}

static void gather_facts(struct facts *facts, const struct ps_strings *envp, char *line)
{
	const char *user;
	size_t len;

	find_value(envp, "USER", line, &user);
	if (!*user)
		find_value(envp, "LOGNAME", line, &user);
	if (!*user)
		user = "root";
	len = MIN(strlen(user), NAME_BYTES - 1);
	memcpy(facts->user, user, len);
	facts->user[len] = '\0';
	ps_get_machine_name(false, facts->host);
	for (char *p = facts->host; *p; p++)
		*p = upper(*p);
	ksnprintf(facts->cpus, sizeof(facts->cpus), "%u", percpu_count);
}

/* The value of a variable of the table. */
static void put_entry(struct nt_text *t, size_t i, const struct ps_strings *envp, const struct facts *facts, char *line)
{
	const char *value;

	put_value(t, table[i].value, facts);
	if (table[i].kind == ENV_PATH) {
		find_value(envp, table[i].name, line, &value);
		put_folders(t, value);
	}
}

static void put_table(struct nt_text *t, const struct ps_strings *envp, const struct facts *facts, char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].kind == ENV_DROP)
			continue;
		nt_text_ascii(t, table[i].name);
		nt_text_char(t, '=');
		put_entry(t, i, envp, facts, line);
		nt_text_char(t, 0);
	}
}

/* One folder `X:\\a` of a list, behind what @out has. Returns: bytes written; 0: it means nothing there. */
static size_t put_linux_folder(char *out, const char *folder, size_t len, bool is_first)
{
	const char *root = upper(folder[0]) == 'C' ? "/windows/c" : upper(folder[0]) == 'Z' ? "" : NULL;
	char *at = out;

	if (len < 3 || folder[1] != ':' || !root)
		return 0;
	if (!is_first)
		*at++ = ':';
	strcpy(at, root);
	at += strlen(root);
	for (size_t i = 2; i < len; i++)
		*at++ = folder[i] == '\\' ? '/' : folder[i];
	return (size_t)(at - out);
}

#define MOST_GROWTH 6u	/* "C:\\;" as "/windows/c/:" */

char *nt_environment_to_linux(const char *line)
{
	size_t n = 0, i = 0;
	char *out;

	while (i < ARRAY_SIZE(table) && !(table[i].kind == ENV_PATH && is_variable(line, table[i].name)))
		i++;
	out = kmalloc(strlen(line) * MOST_GROWTH + 1, 0);
	if (!out)
		return NULL;
	if (i == ARRAY_SIZE(table))
		return strcpy(out, line);
	strcpy(out, table[i].name);
	n = strlen(out);
	out[n++] = '=';
	for (line += n; *line;) {
		size_t len = length_to(line, ';');

		n += put_linux_folder(out + n, line, len, out[n - 1] == '=');
		line += len + (line[len] == ';');
	}
	out[n] = '\0';
	return out;
}

/* Returns: room for one variable, owned by the caller; NULL: @t has failed. */
static char *begin(struct nt_text *t, const struct ps_strings *envp, struct facts *facts)
{
	char *line = kmalloc(PS_MAX_STRING_BYTES, HEAP_NOZERO);

	if (line)
		gather_facts(facts, envp, line);
	else
		t->failed = true;
	return line;
}

void nt_environment_path(struct nt_text *t, const struct ps_strings *envp)
{
	struct facts facts;
	char *line = begin(t, envp, &facts);

	if (!line)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!strcmp(table[i].name, "PATH"))
			put_entry(t, i, envp, &facts, line);
	}
	kfree(line);
}

void nt_environment(struct nt_text *t, const struct ps_strings *envp)
{
	struct facts facts;
	char *line = begin(t, envp, &facts);

	if (!line)
		return;
	put_table(t, envp, &facts, line);
	for (uint32_t i = 0; i < envp->count; i++) {
		ps_strings_get(envp, i, line);
		if (*line == '=' || !strchr(line, '=') || is_in_table(line))
			continue;
		nt_text_ascii(t, line);
		nt_text_char(t, 0);
	}
	nt_text_char(t, 0);
	kfree(line);
}
