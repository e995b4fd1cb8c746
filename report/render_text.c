/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/policy.h"

#define WIDTH 96 /* where lists wrap; tables are made to fit it */

void hms_sink_add(struct hms_sink *sink, const char *format, ...)
{
	char buf[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(buf))
		n = sizeof(buf) - 1;
	sink->write(sink, buf, (size_t)n);
}

/* "0" and "1.5 GiB": a table is easier to read where nothing has no unit. */
static const char *amount(uint64_t bytes, char *buf)
{
	if (!bytes)
		return strcpy(buf, "0");
	return hms_text_human(bytes, buf);
}

static void column(struct hms_sink *sink, uint64_t bytes)
{
	char buf[16];

	hms_sink_add(sink, " %9s", amount(bytes, buf));
}

/* Left-aligned text of a fixed width, "~" where it was cut. */
static void label(struct hms_sink *sink, const char *text, int width)
{
	if (strlen(text) > (size_t)width)
		hms_sink_add(sink, "%.*s~", width - 1, text);
	else
		hms_sink_add(sink, "%-*s", width, text);
}

static void header(const struct hms_status *s, struct hms_sink *sink)
{
	uint64_t last = s->ended_ns ? s->ended_ns : s->updated_ns;
	uint64_t ms =
		last > s->started_ns ? (last - s->started_ns) / 1000000 : 0;

	hms_sink_add(sink, "hms: %s, pid %u, %llu.%llu s%s\n", s->program,
		s->pid, (unsigned long long)ms / 1000,
		(unsigned long long)ms / 100 % 10,
		s->ended_ns ? "" : " so far");
	hms_sink_add(sink, "policy: %s\n",
		s->policy[0] ? s->policy : "none, HMS only observes");
	if (s->refusal[0])
		hms_sink_add(sink, "not followed:\n%s%s", s->refusal,
			s->refusal[strlen(s->refusal) - 1] == '\n' ? "" : "\n");
}

static void rule_row(const struct hms_status *s, int i, struct hms_sink *sink)
{
	struct hms_tally_rule calls = hms_status_calls(s, i);
	const struct hms_status_rule *rule = &s->rules[i];

	label(sink, rule->name, 12);
	sink->write(sink, " ", 1);
	label(sink, rule->place, 14);
	hms_sink_add(sink, " %9llu", (unsigned long long)calls.calls);
	column(sink, calls.bytes);
	column(sink, rule->bound);
	column(sink, rule->bound_peak);
	column(sink, rule->first);
	column(sink, rule->spilled);
	column(sink, rule->refused);
	sink->write(sink, "\n", 1);
}

static void rules(const struct hms_status *s, struct hms_sink *sink)
{
	struct hms_tally_rule none = hms_status_calls(s, -1);

	hms_sink_add(sink, "\n%-12s %-14s %9s %9s %9s %9s %9s %9s %9s\n",
		"rule", "place", "calls", "asked", "bound", "peak", "first",
		"spilled", "refused");
	for (uint32_t i = 0; i < s->nrules; i++)
		rule_row(s, (int)i, sink);
	hms_sink_add(sink, "%-12s %-14s %9llu", "(no rule)", "default",
		(unsigned long long)none.calls);
	column(sink, none.bytes);
	sink->write(sink, "\n", 1);
	for (uint32_t i = 0; i < s->nrules; i++)
		if (s->rules[i].failures)
			hms_sink_add(sink,
				"rule %s is strict and made %llu calls fail\n",
				s->rules[i].name,
				(unsigned long long)s->rules[i].failures);
}

/* A list of "WORD BYTES" behind a label, wrapped. */
struct list {
	struct hms_sink *sink;
	size_t at; /* column; 0: nothing written yet */
};

static void item(struct list *list, const char *label_text, const char *word,
	uint64_t bytes)
{
	char size[16], text[64];
	int len;

	if (!bytes)
		return;
	len = snprintf(text, sizeof(text), "%s %s", word, amount(bytes, size));
	if (!list->at) {
		hms_sink_add(list->sink, "  ");
		label(list->sink, label_text, 12);
		hms_sink_add(list->sink, " ");
		list->at = 15;
	} else if (list->at + (size_t)len + 2 > WIDTH) {
		hms_sink_add(list->sink, ",\n%15s", "");
		list->at = 15;
	} else {
		hms_sink_add(list->sink, ", ");
		list->at += 2;
	}
	hms_sink_add(list->sink, "%s", text);
	list->at += (size_t)len;
}

static void where(const struct hms_status *s, struct hms_sink *sink)
{
	if (!s->updated_ns) {
		hms_sink_add(sink,
			"\nthe kernel was not asked yet where pages are\n");
		return;
	}
	hms_sink_add(sink, "\nwhere the kernel says the pages are\n");
	for (uint32_t i = 0; i < s->nrules; i++) {
		const struct hms_status_rule *rule = &s->rules[i];
		struct list list = { sink, 0 };
		char word[16];

		for (unsigned n = 0; n < 64; n++) {
			snprintf(word, sizeof(word), "node:%u%s", n,
				n == 63 ? "+" : "");
			item(&list, rule->name, word, rule->actual_node[n]);
		}
		item(&list, rule->name, "file", rule->actual_file);
		item(&list, rule->name, "untouched", rule->actual_absent);
		if (list.at)
			hms_sink_add(sink, "\n");
	}
}

static void targets(const struct hms_status *s, struct hms_sink *sink)
{
	if (!s->ntargets)
		return;
	hms_sink_add(sink, "\n%-27s %9s %9s %9s %9s %9s %9s\n", "target",
		"requested", "peak", "actual", "elsewhere", "untouched",
		"refusals");
	for (uint32_t i = 0; i < s->ntargets; i++) {
		const struct hms_status_target *target = &s->targets[i];

		label(sink, target->text, 27);
		column(sink, target->bound);
		column(sink, target->bound_peak);
		column(sink, target->actual);
		column(sink, target->elsewhere);
		column(sink, target->absent);
		hms_sink_add(
			sink, " %9llu\n", (unsigned long long)target->refusals);
	}
}

static void families(const struct hms_status *s, struct hms_sink *sink)
{
	const char *between = "\nintercepted:";

	for (int i = 0; i < HMS_FAMILIES; i++) {
		if (!(s->families_live & 1u << i))
			continue;
		hms_sink_add(sink, "%s %s %llu calls", between,
			hms_family_name((enum hms_family)i),
			(unsigned long long)hms_status_family_calls(
				s, (enum hms_family)i));
		between = ",";
	}
	if (s->families_live)
		hms_sink_add(sink, "\n");
	else
		hms_sink_add(sink, "\nintercepted: nothing\n");
	for (int i = 0; i < HMS_FAMILIES; i++)
		if (s->families_dead & 1u << i)
			hms_sink_add(sink,
				"dead: rules ask for %s, but its calls do not "
				"reach HMS\n",
				hms_family_name((enum hms_family)i));
}

void hms_render_text(const struct hms_status *status, struct hms_sink *sink)
{
	char size[16];

	header(status, sink);
	rules(status, sink);
	if (status->nrules)
		where(status, sink);
	targets(status, sink);
	families(status, sink);
	if (status->bootstrap_bytes)
		hms_sink_add(sink, "before the heap was live: %s\n",
			amount(status->bootstrap_bytes, size));
	if (status->lost_tallies)
		hms_sink_add(sink,
			"%llu threads shared one tally: their counts are "
			"approximate\n",
			(unsigned long long)status->lost_tallies);
}
