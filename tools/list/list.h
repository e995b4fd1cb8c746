/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `hms list`: one machine, several ways to show it.  Everything that prints
 * does so to out, and leaves errors of out to whoever flushes it.
 */
#ifndef HMS_TOOLS_LIST_LIST_H
#define HMS_TOOLS_LIST_LIST_H

#include "tools/machine.h"

#include <stdio.h>

struct list_style {
	unsigned width; /* columns of the terminal */
	bool colours;
	bool verbose; /* reads and writes apart, nothing left out */
};

/* For people: tree, targets, ways, and who reaches what how fast. */
void list_tree(const struct tool_machine *machine,
	const struct list_style *style, FILE *out);
void list_targets(const struct tool_machine *machine,
	const struct list_style *style, FILE *out);
/* The huge pages of each, if anything is known of them. */
void list_huge_pages(const struct tool_machine *machine,
	const struct list_style *style, FILE *out);
void list_ways(const struct tool_machine *machine,
	const struct list_style *style, FILE *out);
void list_matrix(const struct tool_machine *machine,
	const struct list_style *style, FILE *out);

/* The versioned text form of hms-topology(5). */
void list_text(const struct tool_machine *machine, FILE *out);
/* Of the objects that have a value of this origin, with all of theirs. */
void list_text_from(
	const struct hms_graph *graph, enum hms_origin origin, FILE *out);
/* The schema is in hms(1). */
void list_json(const struct tool_machine *machine, FILE *out);
void list_svg(const struct tool_machine *machine, FILE *out);
/* As hwloc's tools read it: version 2 of its XML. */
void list_xml(const struct tool_machine *machine, FILE *out);

/*
 * Reads root's machine, copying below dir what the readers ask for.  EX_OK
 * and others of sysexits.h, after saying why.
 */
int list_record(const char *root, const char *dir);

/*
 * Calls print again whenever the machine's memory has changed, after saying
 * how; ends when interrupted, or when out takes no more.  An exit status.
 */
struct list_show {
	void (*print)(
		const struct list_show *show, const struct hms_graph *graph);
	const void *arg;
	FILE *changes; /* where to say what has changed */
};
int list_watch(const char *root, const struct list_show *show);

/* "f", the letter of an origin in tables; '-' for HMS_UNKNOWN. */
char list_origin_letter(enum hms_origin origin);
/* An escape sequence, or NULL without colours. */
const char *list_kind_colour(
	const struct list_style *style, enum hms_kind kind);
/* "80 f"; "?" if it is unknown.  buf of 24 bytes is returned. */
const char *list_value(uint32_t value, enum hms_origin origin, char *buf);

#endif
