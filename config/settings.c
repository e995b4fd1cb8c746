/* SPDX-License-Identifier: BSD-2-Clause */
/* From the settings of `migrate` to what they mean. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/compile.h"

/* Shorter would be all work, longer would never learn. */
#define INTERVAL_LEAST UINT64_C(1000000) /* ns */
#define INTERVAL_MOST UINT64_C(600000000000)

static const char *const names[] = { "interval", "rate", "source", "planner" };
#define NAMES (sizeof(names) / sizeof(names[0]))

/* One setting that is read. */
struct setting {
	struct compile *c;
	unsigned source;
	const struct ast_word *name, *value;
};

static int wants(const struct setting *s, const char *what)
{
	return compile_error(s->c, s->source, &s->value->loc, "\"%s\" wants %s",
		s->name->text, what);
}

/* A number and us, ms, s or m. */
static int read_interval(const struct setting *s, uint64_t *out)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "m", UINT64_C(60000000000) } };
	const char *text = s->value->text;
	size_t digits = strspn(text, "0123456789");
	uint64_t n = 0;

	/* More digits than any interval that is allowed has. */
	for (size_t i = 0; i < digits && i < 10; i++)
		n = 10 * n + (uint64_t)(text[i] - '0');
	for (size_t i = 0; digits && i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(text + digits, units[i].unit)) {
			*out = n * units[i].ns;
			if (*out >= INTERVAL_LEAST && *out <= INTERVAL_MOST &&
				digits <= 10)
				return 0;
			return wants(s, "a time from 1ms to 10m");
		}
	return wants(s, "a time such as 100ms");
}

static int read_rate(const struct setting *s, uint64_t *out)
{
	const char *text = s->value->text;

	if (!hms_text_size(text, strlen(text), out) && *out)
		return 0;
	return wants(s, "bytes per second, such as 1G");
}

/* Which names there are, the engine knows. */
static int read_name(const struct setting *s, struct hms_migrate_name *out)
{
	if (!strspn(s->value->text, "0123456789")) {
		out->text = s->value->text;
		out->line = compile_line(s->c, s->source, &s->value->loc);
		out->column = s->value->loc.column;
		return 0;
	}
	return wants(s, "a name");
}

static int unknown(const struct setting *s)
{
	const char *near = hms_text_nearest(s->name->text, names, NAMES);

	if (near)
		return compile_error(s->c, s->source, &s->name->loc,
			"unknown setting \"%s\"; did you mean \"%s\"?",
			s->name->text, near);
	return compile_error(s->c, s->source, &s->name->loc,
		"unknown setting \"%s\"; there are interval, rate, source and "
		"planner",
		s->name->text);
}

static int read_setting(const struct setting *s)
{
	struct hms_migration *to = &s->c->policy->migration;
	size_t i = 0;

	while (i < NAMES && strcmp(s->name->text, names[i]) != 0)
		i++;
	switch (i) {
	case 0:
		return read_interval(s, &to->interval);
	case 1:
		return read_rate(s, &to->rate);
	case 2:
		return read_name(s, &to->source);
	case 3:
		return read_name(s, &to->planner);
	default:
		return unknown(s);
	}
}

int compile_settings(struct compile *c, const struct ast_stmt *stmt)
{
	const struct ast_word *w, *v;
	struct setting s = { .c = c, .source = stmt->source };
	int rc;

	if (c->migrate)
		return compile_error(c, stmt->source, &stmt->loc,
			"there is a \"migrate\" already");
	c->migrate = true;
	c->policy->migration.automatic = stmt->on;
	for (w = stmt->settings; w; w = w->next->next) {
		for (v = stmt->settings; v != w; v = v->next->next)
			if (!strcmp(v->text, w->text))
				return compile_error(c, stmt->source, &w->loc,
					"\"%s\" is given twice", w->text);
		s.name = w;
		s.value = w->next;
		rc = read_setting(&s);
		if (rc)
			return rc;
	}
	return 0;
}
