/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/list/svg.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "tools/utf8.h"

/* Control characters are no part of XML 1.0, and bad UTF-8 breaks it. */
void svg_escape(FILE *out, const char *text)
{
	while (*text) {
		unsigned n = tool_utf8(text);

		if (!n || (n == 1 && (*text < ' ' || *text == 0x7f)))
			fputs("\xef\xbf\xbd", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else if (*text == '\'')
			fputs("&#39;", out);
		else
			fwrite(text, 1, n, out);
		text += n ? n : 1;
	}
}

/* In parts of the font's size. */
static double advance(const char *text)
{
	if ((unsigned char)*text >= 0x80)
		return 1.0;
	if (strchr("ijl|'!", *text))
		return 0.30;
	if (strchr(".,:;/\\ ()[]-ftrI", *text))
		return 0.42;
	if (strchr("mMW@%w", *text))
		return 0.97;
	return isupper((unsigned char)*text) ? 0.73 : 0.64;
}

static unsigned step(const char *text)
{
	unsigned n = tool_utf8(text);

	return n ? n : 1;
}

double svg_width(const char *text, double size, bool bold)
{
	double width = 0;

	for (; *text; text += step(text))
		width += advance(text);
	return width * size * (bold ? 1.12 : 1);
}

static void put_cut(
	FILE *out, double room, const struct svg_font *font, const char *text)
{
	char buf[512];
	size_t used = 0;

	if (room <= 0 || svg_width(text, font->size, font->bold) <= room) {
		svg_escape(out, text);
		return;
	}
	while (*text) {
		unsigned n = step(text);

		if (used + n + 1 > sizeof(buf))
			break;
		memcpy(buf + used, text, n);
		buf[used + n] = 0;
		if (svg_width(buf, font->size, font->bold) >
			room - font->size) {
			buf[used] = 0;
			break;
		}
		used += n;
		text += n;
	}
	svg_escape(out, buf);
	fputs("\xe2\x80\xa6", out);
}

void svg_text(FILE *out, double x, double y, double room,
	const struct svg_font *font, const char *text)
{
	static const char *const anchors[] = { "", " text-anchor='middle'",
		" text-anchor='end'" };

	if (font->halo) {
		double width = svg_width(text, font->size, font->bold);
		const struct svg_box back = { x - 3 - width * font->anchor / 2,
			y - font->size, width + 6, font->size + 4 };

		svg_rect(out, &back, "fill='#fff'");
	}
	fprintf(out, "<text x='%.1f' y='%.1f' font-size='%g'%s%s%s", x, y,
		font->size, anchors[font->anchor],
		font->bold ? " font-weight='bold'" : "",
		font->italic ? " font-style='italic'" : "");
	if (font->fill)
		fprintf(out, " fill='%s'", font->fill);
	fputc('>', out);
	put_cut(out, room, font, text);
	fputs("</text>\n", out);
}

void svg_rect(FILE *out, const struct svg_box *box, const char *attributes)
{
	fprintf(out,
		"<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' %s/>\n",
		box->x, box->y, box->w, box->h, attributes);
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2,
	const char *style)
{
	fprintf(out, "<path d='M%.1f %.1fL%.1f %.1f' %s/>\n", x1, y1, x2, y2,
		style);
}

void svg_title(FILE *out, const char *format, ...)
{
	char buf[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	fputs("<title>", out);
	svg_escape(out, buf);
	fputs("</title>\n", out);
}

void svg_open(FILE *out, double width, double height, const char *title)
{
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' "
		"height='%.0f' viewBox='0 0 %.0f %.0f' "
		"font-family=\"'DejaVu Sans', Verdana, Helvetica, "
		"sans-serif\" fill='#1c2733'>\n",
		width, height, width, height);
	fputs("<style>path{fill:none}</style>\n", out);
	svg_title(out, "%s", title);
	fputs("<rect width='100%' height='100%' fill='#fff'/>\n", out);
}

void svg_close(FILE *out)
{
	fputs("</svg>\n", out);
}
