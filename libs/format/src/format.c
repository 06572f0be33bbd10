#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <format/format.h>

#define MAX_DIGITS 22 /* 64 bits in octal */
#define NO_PRECISION (-1)

struct output {
	char *buf;
	size_t size;
	size_t len;
};

struct spec {
	bool is_left, is_zero_padded, wants_plus, wants_space, wants_prefix;
	int width;
	int precision;
	char length; /* H for hh, L for ll, else the letter or 0 */
	char conversion;
};

static void put_char(struct output *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_repeated(struct output *out, char c, int count)
{
	for (; count > 0; count--)
		put_char(out, c);
}

static void put_bytes(struct output *out, const char *bytes, size_t len)
{
	size_t room = out->len + 1 < out->size ? out->size - 1 - out->len : 0;

	if (room)
		memcpy(out->buf + out->len, bytes, len < room ? len : room);
	out->len += len;
}

static void put_string(struct output *out, const struct spec *spec, const char *s)
{
	size_t len = 0;
	int pad;

	if (!s)
		s = "(null)";
	while ((spec->precision == NO_PRECISION || len < (size_t)spec->precision) && s[len])
		len++;
	pad = len < (size_t)spec->width ? spec->width - (int)len : 0;
	if (!spec->is_left)
		put_repeated(out, ' ', pad);
	put_bytes(out, s, len);
	if (spec->is_left)
		put_repeated(out, ' ', pad);
}

/* Digits of @value, least significant first. Returns: how many; none for 0. */
static int make_digits(char digits[MAX_DIGITS], uint64_t value, unsigned int base, bool is_upper)
{
	const char *alphabet = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int n = 0;

	for (; value; value /= base)
		digits[n++] = alphabet[value % base];
	return n;
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value,
		       unsigned int base, const char *prefix)
{
	char digits[MAX_DIGITS];
	int ndigits = make_digits(digits, value, base, spec->conversion == 'X');
	int nprefix = (int)strlen(prefix);
	int nzeroes = (spec->precision == NO_PRECISION ? 1 : spec->precision) - ndigits;
	int pad;

	if (base == 8 && spec->wants_prefix && nzeroes < 1)
		nzeroes = 1;
	if (nzeroes < 0)
		nzeroes = 0;
	pad = spec->width - nprefix - nzeroes - ndigits;
	if (spec->is_zero_padded && !spec->is_left && spec->precision == NO_PRECISION && pad > 0) {
		nzeroes += pad;
		pad = 0;
	}
	if (!spec->is_left)
		put_repeated(out, ' ', pad);
	put_bytes(out, prefix, nprefix);
	put_repeated(out, '0', nzeroes);
	while (ndigits)
		put_char(out, digits[--ndigits]);
	if (spec->is_left)
		put_repeated(out, ' ', pad);
}

static void put_signed(struct output *out, const struct spec *spec, int64_t value)
{
	const char *sign = value < 0 ? "-" : spec->wants_plus ? "+" : spec->wants_space ? " " : "";

	put_number(out, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, sign);
}

static void put_unsigned(struct output *out, const struct spec *spec, uint64_t value)
{
	switch (spec->conversion) {
	case 'x':
		put_number(out, spec, value, 16, spec->wants_prefix && value ? "0x" : "");
		break;
	case 'X':
		put_number(out, spec, value, 16, spec->wants_prefix && value ? "0X" : "");
		break;
	case 'o':
		put_number(out, spec, value, 8, "");
		break;
	default:
		put_number(out, spec, value, 10, "");
	}
}

static void put_pointer(struct output *out, const struct spec *spec, const void *p)
{
	struct spec digits = *spec;

	digits.precision = 2 * sizeof(p);
	put_number(out, &digits, (uintptr_t)p, 16, "0x");
}

static const char *parse_flags(struct spec *spec, const char *fmt)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			spec->is_left = true;
			break;
		case '0':
			spec->is_zero_padded = true;
			break;
		case '+':
			spec->wants_plus = true;
			break;
		case ' ':
			spec->wants_space = true;
			break;
		case '#':
			spec->wants_prefix = true;
			break;
		default:
			return fmt;
		}
	}
}

/* Beyond this a width or a precision is a mistake; it also keeps sums far from overflow. */
#define MAX_FIELD 65535

static const char *parse_field(int *field, const char *fmt)
{
	for (*field = 0; *fmt >= '0' && *fmt <= '9'; fmt++)
		if (*field <= MAX_FIELD)
			*field = *field * 10 + (*fmt - '0');
	if (*field > MAX_FIELD)
		*field = MAX_FIELD;
	return fmt;
}

static int clamp_field(int field)
{
	return field > MAX_FIELD ? MAX_FIELD : field;
}

/* `va_list *` because a va_list that was passed by value must not be used again
 * by the caller (C11 7.16). */
static const char *parse_width(struct spec *spec, const char *fmt, va_list *args)
{
	if (*fmt != '*')
		return parse_field(&spec->width, fmt);
	spec->width = va_arg(*args, int);
	if (spec->width < 0) {
		spec->is_left = true;
		spec->width = spec->width < -MAX_FIELD ? MAX_FIELD : -spec->width;
	}
	spec->width = clamp_field(spec->width);
	return fmt + 1;
}

static const char *parse_precision(struct spec *spec, const char *fmt, va_list *args)
{
	spec->precision = NO_PRECISION;
	if (*fmt != '.')
		return fmt;
	fmt++;
	if (*fmt != '*')
		return parse_field(&spec->precision, fmt);
	spec->precision = va_arg(*args, int);
	spec->precision = spec->precision < 0 ? NO_PRECISION : clamp_field(spec->precision);
	return fmt + 1;
}

static const char *parse_length(struct spec *spec, const char *fmt)
{
	spec->length = 0;
	if (!*fmt || !strchr("hlzjt", *fmt))
		return fmt;
	spec->length = *fmt++;
	if (*fmt == spec->length && (*fmt == 'h' || *fmt == 'l')) {
		spec->length = *fmt == 'h' ? 'H' : 'L';
		fmt++;
	}
	return fmt;
}

static int64_t get_signed(const struct spec *spec, va_list *args)
{
	switch (spec->length) {
	case 'H':
		return (signed char)va_arg(*args, int);
	case 'h':
		return (short)va_arg(*args, int);
	case 0:
		return va_arg(*args, int);
	default:
		return va_arg(*args, int64_t);
	}
}

static uint64_t get_unsigned(const struct spec *spec, va_list *args)
{
	switch (spec->length) {
	case 'H':
		return (unsigned char)va_arg(*args, unsigned int);
	case 'h':
		return (unsigned short)va_arg(*args, unsigned int);
	case 0:
		return va_arg(*args, unsigned int);
	default:
		return va_arg(*args, uint64_t);
	}
}

/* Returns: whether the conversion is known. */
static bool convert(struct output *out, const struct spec *spec, va_list *args)
{
	char c;

	switch (spec->conversion) {
	case 'd':
	case 'i':
		put_signed(out, spec, get_signed(spec, args));
		return true;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(out, spec, get_unsigned(spec, args));
		return true;
	case 'p':
		put_pointer(out, spec, va_arg(*args, void *));
		return true;
	case 's':
		put_string(out, spec, va_arg(*args, const char *));
		return true;
	case 'c':
		c = (char)va_arg(*args, int);
		put_repeated(out, ' ', spec->is_left ? 0 : spec->width - 1);
		put_char(out, c);
		put_repeated(out, ' ', spec->is_left ? spec->width - 1 : 0);
		return true;
	case '%':
		put_char(out, '%');
		return true;
	default:
		return false;
	}
}

static void format(struct output *out, const char *fmt, va_list *args)
{
	while (*fmt) {
		const char *start = fmt;
		struct spec spec = { 0 };

		while (*fmt && *fmt != '%')
			fmt++;
		put_bytes(out, start, fmt - start);
		if (!*fmt)
			return;
		start = fmt;
		fmt = parse_flags(&spec, fmt + 1);
		fmt = parse_width(&spec, fmt, args);
		fmt = parse_precision(&spec, fmt, args);
		fmt = parse_length(&spec, fmt);
		spec.conversion = *fmt;
		if (*fmt)
			fmt++;
		if (!convert(out, &spec, args))
			put_bytes(out, start, fmt - start);
	}
}

size_t fmt_vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct output out = { buf, size, 0 };
	va_list copy;

	va_copy(copy, args);
	format(&out, fmt, &copy);
	va_end(copy);
	if (size)
		buf[out.len < size ? out.len : size - 1] = '\0';
	return out.len;
}

size_t fmt_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

size_t fmt_scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	size_t len;

	va_start(args, fmt);
	len = fmt_vsnprintf(buf, size, fmt, args);
	va_end(args);
	if (!size)
		return 0;
	return len < size ? len : size - 1;
}

int fmt_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
