/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of text.h's form: words, objects, who is meant by an id. */
#include "engine/topology/parse.h"

#include <errno.h>
#include <string.h>

#include "config/files.h"
#include "engine/target/target.h"
#include "engine/topology/read/read.h"
#include "engine/topology/sysfs.h"

#define FILE_MAX ((size_t)64 << 20)
#define TEXT_VERSION 1

static const char *const objects[HMS_OBJECTS] = { "target", "initiator", "link",
	"bridge" };

static const char *id_at(
	const struct hms_builder *b, enum hms_object what, int i)
{
	struct hms_builder *any = (struct hms_builder *)b;

	switch (what) {
	case HMS_OBJECT_TARGET:
		return hms_builder_memory(any, i)->id;
	case HMS_OBJECT_INITIATOR:
		return hms_builder_at(any, i)->id;
	default:
		return hms_builder_link_at(any, i)->id;
	}
}

const char *hms_line_nearest(
	const struct hms_builder *b, enum hms_object what, const char *id)
{
	unsigned n = what == HMS_OBJECT_TARGET	    ? hms_builder_targets(b)
		     : what == HMS_OBJECT_INITIATOR ? hms_builder_initiators(b)
						    : hms_builder_links(b);
	const char *pair[2] = { NULL, NULL };

	for (unsigned i = 0; i < n; i++) {
		pair[pair[0] != NULL] = id_at(b, what, (int)i);
		pair[0] = hms_text_nearest(id, pair, pair[1] ? 2 : 1);
		pair[1] = NULL;
	}
	return pair[0];
}

static enum hms_initiator_kind kind_of(const char *id)
{
	if (!strncmp(id, "cpu:", 4))
		return HMS_INITIATOR_CPU;
	if (!strncmp(id, "gi:", 3))
		return HMS_INITIATOR_GENERIC;
	return HMS_INITIATOR_OTHER;
}

/* "cpu:0-node:1" is the link of these two; ids may hold a - themselves. */
static int find_pair(struct hms_builder *b, char *id)
{
	int initiator = -1, target = -1;

	for (char *dash = strchr(id, '-'); dash; dash = strchr(dash + 1, '-')) {
		*dash = 0;
		initiator = hms_builder_find_initiator(b, id);
		*dash = '-';
		target = hms_builder_find_target(b, dash + 1);
		if (initiator >= 0 && target >= 0)
			return hms_builder_pair(b, initiator, target);
	}
	return -1;
}

static int make(
	struct hms_builder *b, enum hms_object what, char *id, bool pair)
{
	int link;

	switch (what) {
	case HMS_OBJECT_TARGET:
		return hms_builder_target(b, id);
	case HMS_OBJECT_INITIATOR:
		return hms_builder_initiator(b, id, kind_of(id));
	default:
		link = hms_builder_find_link(b, id);
		if (link < 0 && pair)
			link = find_pair(b, id);
		return link < 0 ? hms_builder_link(b, id) : link;
	}
}

/*
 * "memory:1", "fabric:0": every node has them, though the readers that make
 * them may come later; -1: there is no such node.
 */
static int standing_link(struct hms_builder *b, const char *id)
{
	bool memory = !strncmp(id, "memory:", 7);
	const char *end;
	uint64_t node;

	if (!memory && strncmp(id, "fabric:", 7) != 0)
		return -1;
	end = hms_sysfs_digits(id + 7, &node);
	if (!end || *end || node >= HMS_MAX_NODES)
		return -1;
	return memory ? hms_reader_memory(b, (unsigned)node)
		      : hms_reader_fabric(b, (unsigned)node);
}

/* The reader of distances makes a way from every fabric to every memory. */
static bool standing_bridge(struct hms_piece from, struct hms_piece to)
{
	return from.len > 7 && to.len > 7 && !memcmp(from.at, "fabric:", 7) &&
	       !memcmp(to.at, "memory:", 7);
}

static int look(struct hms_builder *b, enum hms_object what, char *id)
{
	int link;

	switch (what) {
	case HMS_OBJECT_TARGET:
		return hms_builder_find_target(b, id);
	case HMS_OBJECT_INITIATOR:
		return hms_builder_find_initiator(b, id);
	default:
		link = hms_builder_find_link(b, id);
		if (link < 0)
			link = standing_link(b, id);
		return link < 0 ? find_pair(b, id) : link;
	}
}

/* Fills in an id; false: said. */
static bool take_id(struct hms_line *line, enum hms_object what,
	struct hms_piece piece, char *id)
{
	bool pair = what == HMS_OBJECT_LINK || what == HMS_OBJECT_BRIDGE;
	size_t size = pair ? HMS_LINK_ID_BYTES : HMS_ID_BYTES;

	if (hms_piece_text(piece, id, size) && id[0])
		return true;
	hms_line_complain(
		line, "an id has from 1 to %u bytes", (unsigned)size - 1);
	return false;
}

int hms_line_object(struct hms_line *line, enum hms_object what,
	struct hms_piece piece, bool pair)
{
	char id[HMS_LINK_ID_BYTES];
	const char *near;
	int i;

	if (!take_id(line, what, piece, id))
		return -1;
	if (line->source->define)
		return make(line->b, what, id, pair);
	i = look(line->b, what, id);
	if (i >= 0)
		return i;
	near = hms_line_nearest(line->b, what, id);
	if (near)
		hms_line_complain(line,
			"there is no %s \"%s\"; did you mean \"%s\"?",
			objects[what], id, near);
	else
		hms_line_complain(
			line, "there is no %s \"%s\"", objects[what], id);
	return -1;
}

/* What a line is about, once all its words have been looked at. */
struct subject {
	struct hms_piece id, from, to; /* at NULL: not given */
	bool members; /* says who is on it */
};

static bool is(struct hms_piece piece, const char *word)
{
	return piece.len == strlen(word) && !memcmp(piece.at, word, piece.len);
}

static bool split(
	struct hms_piece word, struct hms_piece *key, struct hms_piece *value)
{
	size_t at = hms_piece_find(word, "=");

	if (at == word.len)
		return false;
	*key = (struct hms_piece){ word.at, at };
	*value = (struct hms_piece){ word.at + at + 1, word.len - at - 1 };
	return true;
}

/* The id is the first word, if it is no property. */
static bool look_over(struct hms_line line, struct subject *subject)
{
	struct hms_piece word, key, value;
	bool first = true;

	for (; hms_line_word(&line, &word); first = false) {
		if (split(word, &key, &value)) {
			if (is(key, "from"))
				subject->from = value;
			else if (is(key, "to"))
				subject->to = value;
			else if (is(key, "targets") || is(key, "initiators"))
				subject->members = true;
		} else if (first) {
			subject->id = word;
		} else {
			hms_line_complain(&line, "\"%.*s\" has no value",
				(int)(word.len < 80 ? word.len : 80), word.at);
			return false;
		}
	}
	return true;
}

static int bridge(struct hms_line *line, const struct subject *subject)
{
	char id[HMS_LINK_ID_BYTES], *name = NULL;
	struct hms_builder *b = line->b;
	const struct hms_bridge *at;
	int from = -1, to = -1, i;

	if (subject->id.at) {
		name = id;
		if (!take_id(line, HMS_OBJECT_BRIDGE, subject->id, id))
			return -1;
	}
	i = name ? hms_builder_find_bridge(b, name, -1, -1) : -1;
	if (!subject->from.at != !subject->to.at ||
		(i < 0 && !subject->from.at)) {
		hms_line_complain(line, "a bridge has from= and to=");
		return -1;
	}
	if (!subject->from.at)
		return i;
	from = hms_line_object(line, HMS_OBJECT_LINK, subject->from, false);
	to = hms_line_object(line, HMS_OBJECT_LINK, subject->to, false);
	if (from < 0 || to < 0)
		return -1;
	if (from == to) {
		hms_line_complain(line, "a bridge has two ends");
		return -1;
	}
	if (line->source->define || standing_bridge(subject->from, subject->to))
		i = hms_builder_bridge(b, name, from, to);
	else
		i = hms_builder_find_bridge(b, name, from, to);
	at = hms_builder_bridge_at(b, i);
	if (!at) {
		hms_line_complain(line,
			"there is no such bridge from %.*s to %.*s",
			(int)subject->from.len, subject->from.at,
			(int)subject->to.len, subject->to.at);
		return -1;
	}
	if (at->from != (unsigned)from || at->to != (unsigned)to) {
		hms_line_complain(line, "bridge \"%s\" is elsewhere", name);
		return -1;
	}
	return i;
}

static void parse_object(struct hms_line *line, enum hms_object what)
{
	struct hms_piece word, key, value;
	struct subject subject = { 0 };
	int i;

	if (!look_over(*line, &subject))
		return;
	if (what == HMS_OBJECT_BRIDGE) {
		i = bridge(line, &subject);
	} else if (!subject.id.at) {
		hms_line_complain(line, "which %s?", objects[what]);
		return;
	} else {
		i = hms_line_object(line, what, subject.id, !subject.members);
	}
	if (i < 0)
		return;
	while (hms_line_word(line, &word))
		if (split(word, &key, &value))
			hms_line_property(line, what, i, key, value);
}

/* "v1"; 0: it is no version. */
static unsigned version(struct hms_piece word)
{
	unsigned n = 0;

	if (word.len < 2 || word.len > 9 || word.at[0] != 'v')
		return 0;
	for (size_t i = 1; i < word.len; i++) {
		if (word.at[i] < '0' || word.at[i] > '9')
			return 0;
		n = n * 10 + (unsigned)(word.at[i] - '0');
	}
	return n;
}

static void parse_line(struct hms_line *line)
{
	struct hms_line rest;
	struct hms_piece word;
	char text[32];
	const char *near;

	rest = *line;
	if (hms_line_word(&rest, &word) && version(word)) {
		/* Whatever it is, it is not for us. */
		if (version(word) != TEXT_VERSION)
			return;
		line->versioned = true;
		line->at = rest.at;
	}
	if (!hms_line_sound(line) || !hms_line_word(line, &word))
		return;
	for (unsigned i = 0; i < HMS_OBJECTS; i++)
		if (is(word, objects[i])) {
			parse_object(line, (enum hms_object)i);
			return;
		}
	if (line->versioned || !hms_piece_text(word, text, sizeof(text)))
		return;
	near = hms_text_nearest(text, objects, HMS_OBJECTS);
	if (near)
		hms_line_complain(line, "what is \"%s\"? Did you mean \"%s\"?",
			text, near);
}

void hms_topology_parse(
	struct hms_builder *b, const struct hms_topology_source *source)
{
	const char *at = source->text, *end = at + source->len, *stop;
	struct hms_line line = { .b = b, .source = source };

	while (at < end) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		line.number++;
		line.versioned = false;
		line.at = at;
		line.end = stop;
		if (stop > at && stop[-1] == '\r')
			line.end--;
		parse_line(&line);
		at = stop + 1;
	}
}

int hms_topology_parse_file(struct hms_builder *b, const char *path,
	enum hms_origin origin, bool define)
{
	struct hms_topology_source source = {
		.name = path,
		.origin = origin,
		.define = define,
	};
	struct hms_arena arena = { 0 };
	struct hms_file file;
	int rc = hms_file_read_most(path, FILE_MAX, &arena, &file);

	if (!rc) {
		source.text = file.text;
		source.len = file.len;
		hms_topology_parse(b, &source);
	} else if (rc != -ENOENT) {
		hms_builder_complain(b, path, 0, "cannot be read: %s",
			rc == -EFBIG ? "it is larger than 64 MiB"
				     : hms_file_error(rc));
	}
	hms_arena_free(&arena);
	return rc;
}
