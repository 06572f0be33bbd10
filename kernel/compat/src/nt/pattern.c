/* kernel/compat/src/nt/pattern.c: names of listings against patterns ([MS-FSA] 2.1.4.4), and their order.
 *
 * A listing is filtered, nothing is found by these: what a name leads to is vfsd's to say.
 */
#include "file.h"

#define DOS_STAR '<'
#define DOS_QM '>'
#define DOS_DOT '"'

/* Upper case of the scripts that file names are commonly in. */
static uint16_t upper(uint16_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) ||
	    (c >= 0x430 && c <= 0x44f))
		return (uint16_t)(c - 32);
	if (c >= 0x450 && c <= 0x45f)
		return (uint16_t)(c - 80);
	if ((c >= 0x100 && c <= 0x137 && c != 0x131) || (c >= 0x14a && c <= 0x177))
		return c & 0xfffe;
	return c;
}

static bool has_dot_behind(const struct nt_string *name, uint32_t at)
{
	for (uint32_t i = at + 1; i < name->nchars; i++) {
		if (name->chars[i] == '.')
			return true;
	}
	return false;
}

enum step { NO, TAKES_CHAR, TAKES_NOTHING };

/* What pattern character @c does at name position @at, stars apart. */
static enum step step(uint16_t c, const struct nt_string *name, uint32_t at)
{
	bool at_end = at == name->nchars;
	uint16_t n = at_end ? 0 : name->chars[at];

	switch (c) {
	case '?':
		return at_end ? NO : TAKES_CHAR;
	case DOS_QM:
		return at_end || n == '.' ? TAKES_NOTHING : TAKES_CHAR;
	case DOS_DOT:
		return at_end ? TAKES_NOTHING : n == '.' ? TAKES_CHAR : NO;
	default:
		return !at_end && upper(c) == upper(n) ? TAKES_CHAR : NO;
	}
}

static bool is_star(uint16_t c) { return c == '*' || c == DOS_STAR; }

/* May the star @c take the character at @at too? `<` stops before the last dot. */
static bool star_takes(uint16_t c, const struct nt_string *name, uint32_t at)
{
	return c == '*' || name->chars[at] != '.' || has_dot_behind(name, at);
}

bool nt_pattern_matches(const struct nt_string *pattern, const struct nt_string *name)
{
	uint32_t p = 0, at = 0, star = ~0u, star_at = 0;

	for (;;) {
		enum step s = NO;

		if (p < pattern->nchars && is_star(pattern->chars[p])) {
			star = p++;
			star_at = at;
			continue;
		}
		if (p == pattern->nchars && at == name->nchars)
			return true;
		if (p < pattern->nchars)
			s = step(pattern->chars[p], name, at);
		if (s != NO) {
			p++;
			at += s == TAKES_CHAR;
			continue;
		}
		/* Let the last star take one more. */
		if (star == ~0u || star_at == name->nchars || !star_takes(pattern->chars[star], name, star_at))
			return false;
		at = ++star_at;
		p = star + 1;
	}
}

int nt_name_compare(const struct nt_string *a, const struct nt_string *b)
{
	for (uint32_t i = 0; i < a->nchars && i < b->nchars; i++) {
		int d = upper(a->chars[i]) - upper(b->chars[i]);

		if (d)
			return d;
	}
	return a->nchars < b->nchars ? -1 : a->nchars > b->nchars;
}
