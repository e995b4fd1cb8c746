/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/policy.h"
#include "report/render_learning.h"
#include "report/render_sites.h"

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
const char *hms_render_amount(uint64_t bytes, char *buf)
{
	if (!bytes)
		return strcpy(buf, "0");
	return hms_text_human(bytes, buf);
}

void hms_render_column(struct hms_sink *sink, uint64_t bytes)
{
	char buf[16];

	hms_sink_add(sink, " %9s", hms_render_amount(bytes, buf));
}

/* Left-aligned text of a fixed width, "~" where it was cut. */
void hms_render_label(struct hms_sink *sink, const char *text, int width)
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

	hms_render_label(sink, rule->name, 12);
	sink->write(sink, " ", 1);
	hms_render_label(sink, rule->place, 14);
	hms_sink_add(sink, " %9llu", (unsigned long long)calls.calls);
	hms_render_column(sink, calls.bytes);
	hms_render_column(sink, rule->bound);
	hms_render_column(sink, rule->bound_peak);
	hms_render_column(sink, rule->first);
	hms_render_column(sink, rule->spilled);
	hms_render_column(sink, rule->refused);
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
	hms_render_column(sink, none.bytes);
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
	len = snprintf(text, sizeof(text), "%s %s", word,
		hms_render_amount(bytes, size));
	if (!list->at) {
		hms_sink_add(list->sink, "  ");
		hms_render_label(list->sink, label_text, 12);
		hms_sink_add(list->sink, " ");
		list->at = 15;
	} else if (list->at + (size_t)len + 2 > HMS_RENDER_WIDTH) {
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

		hms_render_label(sink, target->text, 27);
		hms_render_column(sink, target->bound);
		hms_render_column(sink, target->bound_peak);
		hms_render_column(sink, target->actual);
		hms_render_column(sink, target->elsewhere);
		hms_render_column(sink, target->absent);
		hms_sink_add(
			sink, " %9llu\n", (unsigned long long)target->refusals);
	}
}

static void limits(const struct hms_status *s, struct hms_sink *sink)
{
	char used[16], bytes[16];

	for (uint32_t i = 0; i < s->nlimits; i++) {
		const struct hms_status_limit *limit = &s->limits[i];

		hms_sink_add(sink, "%slimit %s: %s of %s", i ? "" : "\n",
			limit->name, hms_render_amount(limit->used, used),
			hms_render_amount(limit->bytes, bytes));
		if (limit->sharing == HMS_STATUS_SHARED)
			hms_sink_add(sink, ", %s by all processes",
				hms_render_amount(limit->all, used));
		else if (limit->sharing == HMS_STATUS_UNSHARED)
			hms_sink_add(sink, ", could not be shared");
		hms_sink_add(sink, "\n");
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

void hms_render_text(const struct hms_render *what, struct hms_sink *sink)
{
	const struct hms_status *status = what->status;
	char size[16];

	header(status, sink);
	rules(status, sink);
	if (status->nrules)
		where(status, sink);
	targets(status, sink);
	limits(status, sink);
	hms_render_devices_text(status, sink);
	families(status, sink);
	if (status->bootstrap_bytes)
		hms_sink_add(sink, "before the heap was live: %s\n",
			hms_render_amount(status->bootstrap_bytes, size));
	if (status->lost_tallies)
		hms_sink_add(sink,
			"%llu threads shared one tally: their counts are "
			"approximate\n",
			(unsigned long long)status->lost_tallies);
	/* That part says it, too. */
	if ((status->minor_faults || status->major_faults) &&
		status->learning.state != HMS_LEARNING_RUNS)
		hms_sink_add(sink, "page faults: %llu, %llu of them major\n",
			(unsigned long long)status->minor_faults +
				status->major_faults,
			(unsigned long long)status->major_faults);
	hms_render_learning_text(what, sink);
	hms_render_nowhere_text(what, sink);
	hms_render_unknown_text(what, sink);
	hms_render_sites_text(what, sink);
}
