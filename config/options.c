/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/options.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/diag.h"

#define NAME_LONGEST 64
#define ALL_SHIMS ((1u << HMS_FAMILIES) - 1)

static const char *const names[HMS_OPTIONS] = {
#define HMS_OPTION(id, name, type, standard, help) [HMS_OPTION_##id] = name,
#include "config/options.def"
#undef HMS_OPTION
};

static const char *const defaults[HMS_OPTIONS] = {
#define HMS_OPTION(id, name, type, standard, help) [HMS_OPTION_##id] = standard,
#include "config/options.def"
#undef HMS_OPTION
};

/* What reading goes through; the first error stays in diag. */
struct reader {
	struct hms_options *out;
	struct hms_diag *diag;
	int error;
};

/* Says that value id is wrong at byte offset; word: what stands there. */
static void refuse(struct reader *reader, enum hms_option_id id, size_t offset,
	const char *what, const char *word, const char *const *known,
	size_t nknown)
{
	const char *value = reader->out->text[id];
	struct hms_rule_text source = { names[id], value, strlen(value), 1 };
	const char *near = hms_text_nearest(word, known, nknown);

	if (reader->error)
		return;
	reader->error = -EINVAL;
	if (near)
		hms_diag_error(reader->diag, &source, 1, (unsigned)offset + 1,
			"%s \"%s\"; did you mean \"%s\"?", what, word, near);
	else
		hms_diag_error(reader->diag, &source, 1, (unsigned)offset + 1,
			"%s \"%s\"", what, word);
}

static bool read_flag(struct reader *reader, enum hms_option_id id)
{
	static const char *const words[] = { "0", "no", "off", "false", "1",
		"yes", "on", "true" };
	const char *value = reader->out->text[id];

	for (size_t i = 0; i < 8; i++)
		if (!strcmp(value, words[i]))
			return i >= 4;
	refuse(reader, id, 0, "1 or 0 is wanted here, not", value, words, 8);
	return false;
}

/* Next item of a comma's list, blanks cut off; false at the end. */
static bool next_item(const char **list, const char **item, size_t *len)
{
	const char *p = *list, *end;

	if (!*p)
		return false;
	p += strspn(p, " \t");
	end = strchrnul(p, ',');
	*list = *end ? end + 1 : end;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*item = p;
	*len = (size_t)(end - p);
	return true;
}

/* Copies an item into a buffer of NAME_LONGEST; cut if it is longer. */
static const char *copy_item(char *buf, const char *item, size_t len)
{
	if (len >= NAME_LONGEST)
		len = NAME_LONGEST - 1;
	memcpy(buf, item, len);
	buf[len] = 0;
	return buf;
}

bool hms_program_listed(const char *globs, const char *program)
{
	char glob[256];
	const char *item;
	size_t len;

	while (next_item(&globs, &item, &len)) {
		if (!len || len >= sizeof(glob))
			continue;
		memcpy(glob, item, len);
		glob[len] = 0;
		if (hms_text_glob(glob, program))
			return true;
	}
	return false;
}

/* The families that a name stands for; 0: unknown. */
static uint32_t families_named(const char *name)
{
	if (!strcmp(name, "all"))
		return ALL_SHIMS;
	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (!strcmp(name, hms_family_name((enum hms_family)i)))
			return 1u << i;
	return 0;
}

/* "all", "none", "heap,map", "-map": all but map. */
static uint32_t read_shims(struct reader *reader)
{
	const char *known[HMS_FAMILIES + 2] = { "all", "none" };
	const char *value = reader->out->text[HMS_OPTION_SHIMS];
	const char *list = value, *item;
	char buf[NAME_LONGEST];
	uint32_t shims = 0, some;
	bool first = true, minus;
	size_t len;

	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		known[i + 2] = hms_family_name((enum hms_family)i);
	for (; next_item(&list, &item, &len); first = false) {
		minus = len && *item == '-';
		copy_item(buf, item + minus, len - minus);
		if (!strcmp(buf, "none") && !minus) {
			shims = 0;
			continue;
		}
		some = families_named(buf);
		if (!some)
			refuse(reader, HMS_OPTION_SHIMS,
				(size_t)(item - value) + minus,
				"unknown family", buf, known, HMS_FAMILIES + 2);
		if (first && minus)
			shims = ALL_SHIMS;
		shims = minus ? shims & ~some : shims | some;
	}
	return shims;
}

/* LEVEL[:PATH]. */
static void read_log(struct reader *reader)
{
	static const char *const levels[] = { "off", "error", "warn", "info",
		"debug" };
	const char *value = reader->out->text[HMS_OPTION_LOG];
	const char *end = strchrnul(value, ':');
	char buf[NAME_LONGEST];

	copy_item(buf, value, (size_t)(end - value));
	reader->out->log_level = HMS_LOG_ERROR;
	if (*end && end[1])
		reader->out->log_path = end + 1;
	for (unsigned i = 0; i < 5; i++)
		if (!strcmp(buf, levels[i])) {
			reader->out->log_level = (enum hms_log_level)i;
			return;
		}
	refuse(reader, HMS_OPTION_LOG, 0, "unknown level", buf, levels, 5);
}

static bool read_children(struct reader *reader)
{
	static const char *const words[] = { "inherit", "drop" };
	const char *value = reader->out->text[HMS_OPTION_CHILDREN];

	if (!strcmp(value, "drop"))
		return true;
	if (strcmp(value, "inherit") != 0)
		refuse(reader, HMS_OPTION_CHILDREN, 0,
			"inherit or drop is wanted here, not", value, words, 2);
	return false;
}

/*
 * Below 1 KiB nearly every call would be a sample, each of which takes some
 * pages: then exact is cheaper.
 */
#define SITES_LEAST (UINT64_C(1) << 10)
#define SITES_MOST (UINT64_C(1) << 30)

static uint64_t read_sites(struct reader *reader)
{
	static const char *const words[] = { "off", "sampled", "exact" };
	static const uint64_t values[] = { 0, HMS_SITES_STANDARD, 1 };
	const char *value = reader->out->text[HMS_OPTION_SITES];
	uint64_t bytes;

	for (int i = 0; i < 3; i++)
		if (!strcmp(value, words[i]))
			return values[i];
	if (hms_text_size(value, strlen(value), &bytes))
		refuse(reader, HMS_OPTION_SITES, 0,
			"off, sampled, exact or a size is wanted here, not",
			value, words, 3);
	else if (bytes >= SITES_LEAST && bytes <= SITES_MOST)
		return bytes;
	else
		refuse(reader, HMS_OPTION_SITES, 0,
			"a size from 1K to 1G is wanted here, not", value, NULL,
			0);
	return HMS_SITES_STANDARD;
}

/* "0.5%" in 1/10,000; 0: that is none. */
static unsigned read_share(const char *text, size_t len)
{
	unsigned share = 0, unit = 100;
	size_t i = 0;

	for (; i < len && text[i] >= '0' && text[i] <= '9' && i < 4; i++)
		share = 10 * share + (unsigned)(text[i] - '0') * 100;
	if (!i)
		return 0;
	if (i < len && text[i] == '.')
		for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++)
			share += (unsigned)(text[i] - '0') * (unit /= 10);
	return i + 1 == len && text[i] == '%' ? share : 0;
}

/* "1%", "1%,512M", "512M". */
static void read_budget(struct reader *reader)
{
	const char *value = reader->out->text[HMS_OPTION_BUDGET];
	const char *list = value, *item;
	char buf[NAME_LONGEST];
	uint64_t rate;
	size_t len;

	reader->out->budget_share = HMS_BUDGET_STANDARD;
	while (next_item(&list, &item, &len)) {
		unsigned share = read_share(item, len);

		if (share && share <= HMS_BUDGET_MOST)
			reader->out->budget_share = share;
		else if (share || memchr(item, '%', len))
			refuse(reader, HMS_OPTION_BUDGET,
				(size_t)(item - value),
				"a share from 0.01% to 3% is wanted here, not",
				copy_item(buf, item, len), NULL, 0);
		else if (!hms_text_size(item, len, &rate) && rate)
			reader->out->budget_rate = rate;
		else
			refuse(reader, HMS_OPTION_BUDGET,
				(size_t)(item - value),
				"a share such as 1% or bytes per second are wanted here, not",
				copy_item(buf, item, len), NULL, 0);
	}
}

/* The row that a variable "NAME=VALUE" belongs to, -1: none. */
static int find_option(const char *variable)
{
	for (int i = 0; i < HMS_OPTIONS; i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(variable, names[i], len) && variable[len] == '=')
			return i;
	}
	return -1;
}

static void warn_unknown(struct hms_diag *diag, const char *variable)
{
	struct hms_text text = HMS_TEXT(diag->text);
	const char *end = strchrnul(variable, '='), *near;
	char name[NAME_LONGEST];

	if (diag->text[0])
		return;
	copy_item(name, variable, (size_t)(end - variable));
	near = hms_text_nearest(name, names, HMS_OPTIONS);
	hms_text_add(&text, "%s: warning: HMS has no such variable", name);
	if (near)
		hms_text_add(&text, "; did you mean %s?", near);
}

static int collect(struct hms_options *out, char *const *envp,
	struct hms_arena *arena, struct hms_diag *diag)
{
	for (; envp && *envp; envp++) {
		const char *value;
		int id;

		if (strncmp(*envp, "HMS_", 4) != 0)
			continue;
		id = find_option(*envp);
		if (id < 0) {
			warn_unknown(diag, *envp);
			continue;
		}
		value = *envp + strlen(names[id]) + 1;
		if (!*value)
			continue;
		out->text[id] = hms_arena_strdup(arena, value);
		if (!out->text[id]) {
			out->text[id] = defaults[id];
			return -ENOMEM;
		}
	}
	return 0;
}

/* True if HMS_DISABLE is on, before anything is allocated. */
static bool disabled(char *const *envp)
{
	static const char name[] = "HMS_DISABLE=";
	static const char *const on[] = { "1", "yes", "on", "true" };

	for (; envp && *envp; envp++) {
		if (strncmp(*envp, name, sizeof(name) - 1) != 0)
			continue;
		for (int i = 0; i < 4; i++)
			if (!strcmp(*envp + sizeof(name) - 1, on[i]))
				return true;
	}
	return false;
}

int hms_options_read(struct hms_options *out, char *const *envp,
	const char *program, bool secure, struct hms_arena *arena,
	struct hms_diag *diag)
{
	struct reader reader = { out, diag, 0 };
	int rc = 0;

	*out = (struct hms_options){ .trusted = !secure };
	diag->text[0] = 0;
	diag->line = diag->column = 0;
	for (int i = 0; i < HMS_OPTIONS; i++)
		out->text[i] = defaults[i];
	if (secure)
		envp = NULL;
	if (disabled(envp)) {
		out->disable = true;
		return 0;
	}
	rc = collect(out, envp, arena, diag);
	out->disable = read_flag(&reader, HMS_OPTION_DISABLE);
	out->strict = read_flag(&reader, HMS_OPTION_STRICT);
	out->here =
		hms_program_listed(out->text[HMS_OPTION_PROCESSES], program);
	out->drop = read_children(&reader);
	out->shims = read_shims(&reader);
	out->sites = read_sites(&reader);
	read_budget(&reader);
	read_log(&reader);
	if (*out->text[HMS_OPTION_POLICY])
		out->policy = out->text[HMS_OPTION_POLICY];
	if (*out->text[HMS_OPTION_REPORT])
		out->report = out->text[HMS_OPTION_REPORT];
	if (*out->text[HMS_OPTION_SOURCE])
		out->source = out->text[HMS_OPTION_SOURCE];
	if (*out->text[HMS_OPTION_TRACE])
		out->trace = out->text[HMS_OPTION_TRACE];
	out->topology = out->text[HMS_OPTION_TOPOLOGY];
	return reader.error ? reader.error : rc;
}
