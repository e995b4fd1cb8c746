/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/worker/names.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "engine/policy/planner.h"
#include "engine/source/source.h"

#define LONGEST 32

static const char *const words[] = { "auto", "none" };

/* A source's name among `len` letters, or auto, or none. */
static bool is_source(const char *name, size_t len)
{
	for (size_t i = 0; i < 2; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], name, len))
			return true;
	for (size_t i = 0; hms_sources[i]; i++)
		if (strlen(hms_sources[i]->name) == len &&
			!memcmp(hms_sources[i]->name, name, len))
			return true;
	return false;
}

static const char *near_source(const char *name)
{
	const char *known[HMS_MAX_SOURCES + 2] = { "auto", "none" };
	size_t n = 2;

	for (size_t i = 0; hms_sources[i] && i < HMS_MAX_SOURCES; i++)
		known[n++] = hms_sources[i]->name;
	return hms_text_nearest(name, known, n);
}

/* The first name of a list that is none, copied; "" if all are. */
static void first_unknown(const char *list, char *name)
{
	struct hms_text text = { name, LONGEST, 0, false };
	size_t len;

	*name = 0;
	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (is_source(list, len))
			continue;
		hms_text_put(&text, list, len);
		return;
	}
}

static int bad_name(const struct hms_policy *policy,
	const struct hms_migrate_name *at, const char *what, const char *name,
	const char *near, struct hms_diag *diag)
{
	if (near)
		hms_policy_error(policy, at->line, at->column, diag,
			"unknown %s \"%s\"; did you mean \"%s\"?", what, name,
			near);
	else
		hms_policy_error(policy, at->line, at->column, diag,
			"unknown %s \"%s\"", what, name);
	return -EINVAL;
}

static int bad_variable(const char *name, struct hms_diag *diag)
{
	struct hms_text text = HMS_TEXT(diag->text);
	const char *near = near_source(name);

	hms_text_add(&text, "HMS_SOURCE: error: unknown source \"%s\"", name);
	if (near)
		hms_text_add(&text, "; did you mean \"%s\"?", near);
	return -EINVAL;
}

static int find_planner(const struct hms_policy *policy,
	const struct hms_planner **planner, struct hms_diag *diag)
{
	const struct hms_migrate_name *at = &policy->migration.planner;
	const char *known[16];
	size_t n = 0;

	*planner = hms_planner_find(at->text ? at->text : "rate");
	if (*planner)
		return 0;
	for (; hms_planners[n] && n < 16; n++)
		known[n] = hms_planners[n]->name;
	return bad_name(policy, at, "planner", at->text,
		hms_text_nearest(at->text, known, n), diag);
}

int hms_learn_names(const struct hms_policy *policy, const char *source,
	const struct hms_planner **planner, struct hms_diag *diag)
{
	const struct hms_migrate_name *at = &policy->migration.source;
	char name[LONGEST];
	int rc = find_planner(policy, planner, diag);

	if (rc)
		return rc;
	if (source) {
		first_unknown(source, name);
		if (*name)
			return bad_variable(name, diag);
	}
	if (at->text) {
		first_unknown(at->text, name);
		if (*name)
			return bad_name(policy, at, "source", name,
				near_source(name), diag);
	}
	return 0;
}
