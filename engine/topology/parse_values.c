/* SPDX-License-Identifier: BSD-2-Clause */
/* Properties of text.h's form: what each may say, and where it goes. */
#include <limits.h>
#include <string.h>

#include "engine/target/target.h"
#include "engine/topology/parse.h"

void hms_setting_wrong(const struct hms_setting *set, const char *what)
{
	hms_line_complain(
		set->line, "%s=%.80s is no %s", set->key, set->text, what);
}

void hms_setting_meant(struct hms_line *line, const char *what,
	const char *word, const char *const *words, size_t n)
{
	const char *near;

	if (line->versioned || line->source->define)
		return;
	near = hms_text_nearest(word, words, n);
	if (near)
		hms_line_complain(line, "no %s is \"%s\"; did you mean \"%s\"?",
			what, word, near);
}

bool hms_setting_number(
	const struct hms_setting *set, unsigned max, unsigned *out)
{
	const char *text = set->text;
	unsigned n = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > UINT_MAX / 16)
			return false;
		n = n * 10 + (unsigned)(*text - '0');
	}
	*out = n;
	return n <= max;
}

bool hms_setting_bool(const struct hms_setting *set, bool *out)
{
	*out = !strcmp(set->text, "yes");
	if (*out || !strcmp(set->text, "no"))
		return true;
	hms_setting_wrong(set, "yes or no");
	return false;
}

static void set_initiator_kind(const struct hms_setting *set)
{
	const char *names[HMS_INITIATOR_KINDS];

	for (unsigned i = 0; i < HMS_INITIATOR_KINDS; i++) {
		names[i] = hms_initiator_kind_name((enum hms_initiator_kind)i);
		if (!strcmp(set->text, names[i])) {
			hms_builder_at(set->line->b, set->index)->kind =
				(enum hms_initiator_kind)i;
			return;
		}
	}
	hms_setting_meant(
		set->line, "kind", set->text, names, HMS_INITIATOR_KINDS);
}

static void set_initiator_node(const struct hms_setting *set)
{
	unsigned node;

	if (hms_setting_number(set, HMS_MAX_NODES - 1, &node))
		hms_builder_at(set->line->b, set->index)->node = (int)node;
	else
		hms_setting_wrong(set, "number of a node");
}

enum { NAME, CPUS };

static void set_initiator_text(const struct hms_setting *set)
{
	struct hms_builder *b = set->line->b;
	const char *copy = hms_builder_text(b, set->text);

	if (set->arg == CPUS)
		hms_builder_at(b, set->index)->cpus = copy;
	else
		hms_builder_at(b, set->index)->name = copy;
}

static void set_aliases(const struct hms_setting *set)
{
	struct hms_piece list = set->raw, part;
	struct hms_builder *b = set->line->b;
	char id[HMS_ID_BYTES];

	while (hms_piece_next(&list, &part)) {
		if (!hms_piece_text(part, id, sizeof(id)) || !id[0]) {
			hms_setting_wrong(set, "list of aliases");
			return;
		}
		hms_builder_alias(b, set->index, id);
		if (hms_builder_find_initiator(b, id) != set->index)
			hms_line_complain(set->line,
				"another initiator is \"%s\" already", id);
	}
}

static void set_members(const struct hms_setting *set)
{
	struct hms_piece list = set->raw, part;
	enum hms_object what = (enum hms_object)set->arg;

	while (hms_piece_next(&list, &part)) {
		int i = hms_line_object(set->line, what, part, false);

		if (what == HMS_OBJECT_TARGET)
			hms_builder_link_target(set->line->b, set->index, i);
		else
			hms_builder_link_initiator(set->line->b, set->index, i);
	}
}

static void set_users(const struct hms_setting *set)
{
	struct hms_piece list = set->raw, part;

	while (hms_piece_next(&list, &part))
		hms_builder_bridge_initiator(set->line->b, set->index,
			hms_line_object(
				set->line, HMS_OBJECT_INITIATOR, part, false));
}

static void set_link_coherent(const struct hms_setting *set)
{
	bool value;

	if (hms_setting_bool(set, &value))
		hms_builder_link_at(set->line->b, set->index)->coherent = value;
}

static void set_bridge_coherent(const struct hms_setting *set)
{
	bool value;

	if (hms_setting_bool(set, &value))
		hms_builder_bridge_at(set->line->b, set->index)->coherent =
			value;
}

/* Digits, a fraction if the unit has room for it, and the unit. */
static bool scaled(
	const char *text, const char *unit, const char *large, uint32_t *out)
{
	uint64_t value = 0, digit = 1000;
	size_t n = strspn(text, "0123456789");
	const char *end = text + n;

	if (!n || n > 10)
		return false;
	for (; text < end; text++)
		value = value * 10 + (uint64_t)(*text - '0');
	value *= 1000;
	if (*text == '.') {
		if (text[1] < '0' || text[1] > '9')
			return false;
		for (text++; *text >= '0' && *text <= '9'; text++) {
			digit /= 10;
			value += digit * (uint64_t)(*text - '0');
		}
	}
	if (!*text || !strcmp(text, unit))
		value = (value + 500) / 1000;
	else if (strcmp(text, large) != 0)
		return false;
	*out = (uint32_t)value;
	return value && value <= UINT32_MAX;
}

/* arg: the measures, a bit each. */
static void set_perf(const struct hms_setting *set,
	bool (*to)(struct hms_builder *b, int index, enum hms_measure measure,
		uint32_t value, enum hms_origin origin))
{
	bool wide = set->arg >> HMS_READ_BANDWIDTH;
	uint32_t value;

	if (!scaled(set->text, wide ? "MB/s" : "ns", wide ? "GB/s" : "us",
		    &value)) {
		hms_setting_wrong(set, wide ? "bandwidth" : "latency");
		return;
	}
	for (unsigned m = 0; m < HMS_MEASURES; m++)
		if (set->arg & 1u << m)
			to(set->line->b, set->index, (enum hms_measure)m, value,
				set->origin);
}

static void set_link_perf(const struct hms_setting *set)
{
	set_perf(set, hms_builder_link_perf);
}

static void set_bridge_perf(const struct hms_setting *set)
{
	set_perf(set, hms_builder_bridge_perf);
}

/* Ends of bridges: read before. */
static void set_nothing(const struct hms_setting *set)
{
	(void)set;
}

enum {
	RL = 1 << HMS_READ_LATENCY,
	WL = 1 << HMS_WRITE_LATENCY,
	RB = 1 << HMS_READ_BANDWIDTH,
	WB = 1 << HMS_WRITE_BANDWIDTH
};

#define PERF(set)                                                              \
	{ "latency", set, RL | WL, true, false },                              \
		{ "bandwidth", set, RB | WB, true, false },                    \
		{ "read-latency", set, RL, true, false },                      \
		{ "write-latency", set, WL, true, false },                     \
		{ "read-bandwidth", set, RB, true, false },                    \
	{                                                                      \
		"write-bandwidth", set, WB, true, false                        \
	}

static const struct hms_key initiator_keys[] = {
	{ "kind", set_initiator_kind, 0, true, false },
	{ "aliases", set_aliases, 0, false, true },
	{ "node", set_initiator_node, 0, true, false },
	{ "name", set_initiator_text, NAME, false, false },
	{ "cpus", set_initiator_text, CPUS, false, false },
	{ NULL, NULL, 0, false, false },
};

static const struct hms_key link_keys[] = {
	{ "initiators", set_members, HMS_OBJECT_INITIATOR, false, true },
	{ "targets", set_members, HMS_OBJECT_TARGET, false, true },
	{ "coherent", set_link_coherent, 0, false, false },
	PERF(set_link_perf),
	{ NULL, NULL, 0, false, false },
};

static const struct hms_key bridge_keys[] = {
	{ "from", set_nothing, 0, false, true },
	{ "to", set_nothing, 0, false, true },
	{ "initiators", set_users, 0, false, true },
	{ "coherent", set_bridge_coherent, 0, false, false },
	PERF(set_bridge_perf),
	{ NULL, NULL, 0, false, false },
};

static const struct hms_key *const keys[HMS_OBJECTS] = {
	[HMS_OBJECT_TARGET] = hms_target_keys,
	[HMS_OBJECT_INITIATOR] = initiator_keys,
	[HMS_OBJECT_LINK] = link_keys,
	[HMS_OBJECT_BRIDGE] = bridge_keys,
};

static const struct hms_key *find_key(
	enum hms_object what, struct hms_piece word)
{
	for (const struct hms_key *key = keys[what]; key->name; key++)
		if (strlen(key->name) == word.len &&
			!memcmp(key->name, word.at, word.len))
			return key;
	return NULL;
}

static void unknown_key(
	struct hms_line *line, enum hms_object what, struct hms_piece word)
{
	const char *names[HMS_KEYS_MAX];
	char text[32];
	size_t n = 0;

	for (; n < HMS_KEYS_MAX && keys[what][n].name; n++)
		names[n] = keys[what][n].name;
	if (hms_piece_text(word, text, sizeof(text)))
		hms_setting_meant(line, "property", text, names, n);
}

/* Takes "@ORIGIN" off the end; false: said. */
static bool take_origin(
	struct hms_line *line, struct hms_piece *value, enum hms_origin *origin)
{
	size_t at = value->len;
	int found;

	while (at && value->at[at - 1] != '@' && value->at[at - 1] != '"')
		at--;
	if (!at || value->at[at - 1] == '"')
		return true;
	found = hms_origin_find(value->at + at, value->len - at);
	if (found <= HMS_UNKNOWN) {
		hms_line_complain(line, "nothing comes from \"%.*s\"",
			(int)(value->len - at < 32 ? value->len - at : 32),
			value->at + at);
		return false;
	}
	value->len = at - 1;
	*origin = (enum hms_origin)found;
	return true;
}

void hms_line_property(struct hms_line *line, enum hms_object what, int index,
	struct hms_piece word, struct hms_piece value)
{
	const struct hms_key *key = find_key(what, word);
	struct hms_setting set = {
		.line = line,
		.index = index,
		.origin = line->source->origin,
		.raw = value,
	};
	char text[HMS_VALUE_BYTES];

	if (!key) {
		unknown_key(line, what, word);
		return;
	}
	if (key->origin && !take_origin(line, &set.raw, &set.origin))
		return;
	set.key = key->name;
	set.arg = key->arg;
	set.text = text;
	if (hms_piece_text(set.raw, text, sizeof(text))) {
		key->set(&set);
		return;
	}
	/* Lists may be longer; they are taken part by part. */
	if (key->list) {
		set.text = "...";
		key->set(&set);
		return;
	}
	hms_line_complain(line, "%s= is longer than %d bytes", key->name,
		HMS_VALUE_BYTES - 1);
}
