/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/source/source.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "engine/source/hold.h"

#define HMS_SOURCE(name) extern const struct hms_source hms_source_##name;
#include "engine/source/sources.def"
#undef HMS_SOURCE

#define HMS_SOURCE(name) &hms_source_##name,
const struct hms_source *const hms_sources[] = {
#include "engine/source/sources.def"
	NULL,
};
#undef HMS_SOURCE

_Static_assert(
	sizeof(hms_sources) / sizeof(hms_sources[0]) <= HMS_MAX_SOURCES + 1,
	"HMS_MAX_SOURCES is too small");

static struct hms_source_holds holds;

void hms_sources_setup(const struct hms_source_holds *given)
{
	holds = *given;
}

bool hms_hold(uintptr_t start, uintptr_t end)
{
	if (holds.hold)
		holds.hold();
	if (!holds.still || holds.still(start, end))
		return true;
	hms_let_go();
	return false;
}

void hms_let_go(void)
{
	if (holds.let_go)
		holds.let_go();
}

const struct hms_source *hms_source_find(const char *name)
{
	for (size_t i = 0; hms_sources[i]; i++)
		if (strcmp(hms_sources[i]->name, name) == 0)
			return hms_sources[i];
	return NULL;
}

static bool is_touch(const struct hms_source *source)
{
	return strcmp(source->name, "touch") == 0;
}

/* The next name of a list with commas between; NULL: it is none of ours. */
static const struct hms_source *next_name(const char **list)
{
	char name[16];
	size_t len = strcspn(*list, ",");
	const char *s = *list;

	*list += len + (s[len] == ',');
	if (len >= sizeof(name))
		return NULL;
	memcpy(name, s, len);
	name[len] = 0;
	return hms_source_find(name);
}

static int check(const char *list)
{
	while (*list)
		if (!next_name(&list))
			return -EINVAL;
	return 0;
}

static bool listed(const struct hms_source_choices *choices,
	const struct hms_source *source)
{
	for (unsigned i = 0; i < choices->n; i++)
		if (choices->row[i].source == source)
			return true;
	return false;
}

static void add(struct hms_source_choices *out, const struct hms_source *source,
	bool asked)
{
	if (!listed(out, source))
		out->row[out->n++] =
			(struct hms_source_choice){ .source = source,
				.asked = asked || is_touch(source) };
}

static void ask(struct hms_source_choice *row)
{
	if (!row->asked) {
		strcpy(row->why, "HMS_SOURCE names others");
		return;
	}
	row->works = row->source->probe(row->why) == 0;
	if (row->works)
		row->why[0] = 0;
	hms_log(HMS_LOG_INFO, "source %s: %s", row->source->name,
		row->works ? "works here" : row->why);
}

int hms_sources_select(const char *wanted, struct hms_source_choices *out)
{
	bool all = !wanted || !wanted[0] || strcmp(wanted, "auto") == 0;
	bool none = !all && strcmp(wanted, "none") == 0;
	int rc = all || none ? 0 : check(wanted);

	memset(out, 0, sizeof(*out));
	if (!all && !none && rc == 0)
		for (const char *s = wanted; *s;)
			add(out, next_name(&s), true);
	for (size_t i = 0; hms_sources[i]; i++)
		add(out, hms_sources[i], all || rc < 0);
	for (unsigned i = 0; i < out->n; i++)
		ask(&out->row[i]);
	return rc;
}

const struct hms_source *hms_source_for(
	const struct hms_source_choices *choices, const struct hms_watch *watch)
{
	for (unsigned i = 0; i < choices->n; i++) {
		const struct hms_source_choice *row = &choices->row[i];

		if (row->works && !is_touch(row->source) &&
			row->source->fits(watch))
			return row->source;
	}
	return NULL;
}
