/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading of text.h's form, for its parts: parse_words.c, parse.c (lines and
 * what they are about), parse_values.c and parse_target.c (what properties
 * say).  Pieces of text are borrowed.
 */
#ifndef HMS_ENGINE_TOPOLOGY_PARSE_H
#define HMS_ENGINE_TOPOLOGY_PARSE_H

#include "engine/topology/text.h"

/*
 * The longest id, that of a link or bridge, and the longest value, with the
 * closing 0.  Links of a pair have the ids of both.
 */
#define HMS_ID_BYTES 256
#define HMS_LINK_ID_BYTES (2 * HMS_ID_BYTES)
#define HMS_VALUE_BYTES 8192

struct hms_piece {
	const char *at;
	size_t len;
};

struct hms_line {
	struct hms_builder *b;
	const struct hms_topology_source *source;
	unsigned number; /* of the source, from 1 */
	bool versioned; /* a program wrote it, or someone who knows */
	const char *at, *end; /* what is left of it */
};

/* What lines are about.  Indexes are the builder's. */
enum hms_object {
	HMS_OBJECT_TARGET,
	HMS_OBJECT_INITIATOR,
	HMS_OBJECT_LINK,
	HMS_OBJECT_BRIDGE,
	HMS_OBJECTS,
};

/* Says it with the source's name and the line's number. */
#define hms_line_complain(line, ...)                                           \
	hms_builder_complain(                                                  \
		(line)->b, (line)->source->name, (line)->number, __VA_ARGS__)

/*
 * The text that a word stands for: quotes and escapes undone, ended with a 0.
 * False: too long for buf, or malformed; the latter cannot be if the word
 * came from a line.
 */
bool hms_piece_text(struct hms_piece piece, char *buf, size_t size);
/* Takes the next of the parts between commas (not quoted); false: no more. */
bool hms_piece_next(struct hms_piece *list, struct hms_piece *part);

/* Where the first of some characters stands outside of quotes, or len. */
size_t hms_piece_find(struct hms_piece piece, const char *any);
/*
 * Takes the next word; false: only blanks or a comment are left.
 */
bool hms_line_word(struct hms_line *line, struct hms_piece *word);
/* Is every byte text, every quote closed, every escape known?  If not: said. */
bool hms_line_sound(struct hms_line *line);

/*
 * The object of an id; made if the source defines, else looked for and, if it
 * is not there, said.  -1: none.  pair: a link that is not there may be the
 * one of an initiator and a target, and is on both.
 */
int hms_line_object(struct hms_line *line, enum hms_object what,
	struct hms_piece id, bool pair);
/* The known id nearest to a wrong one, or NULL; of what can be looked for. */
const char *hms_line_nearest(
	const struct hms_builder *b, enum hms_object what, const char *id);

/* A property of an object: "KEY=VALUE", the value as it stands there. */
void hms_line_property(struct hms_line *line, enum hms_object what, int index,
	struct hms_piece key, struct hms_piece value);

/* A property that is being set. */
struct hms_setting {
	struct hms_line *line;
	int index; /* of the object */
	unsigned arg; /* the row's */
	enum hms_origin origin;
	struct hms_piece raw; /* without its origin */
	const char *key, *text; /* unquoted */
};

struct hms_key {
	const char *name; /* NULL: the table's end */
	void (*set)(const struct hms_setting *set);
	unsigned arg;
	bool origin; /* "...@firmware" is split off */
	bool list; /* of any length: set by raw, text may be cut */
};

#define HMS_KEYS_MAX 16
extern const struct hms_key hms_target_keys[];

/* "KEY=VALUE is no WHAT". */
void hms_setting_wrong(const struct hms_setting *set, const char *what);
/* yes or no; else said, and false. */
bool hms_setting_bool(const struct hms_setting *set, bool *out);
bool hms_setting_number(
	const struct hms_setting *set, unsigned max, unsigned *out);
/* Says it if the word is someone's slip, rather than a later version's. */
void hms_setting_meant(struct hms_line *line, const char *what,
	const char *word, const char *const *words, size_t n);

#endif
