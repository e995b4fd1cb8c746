/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `hms measure` found out, the system's first, so that the user's own
 * measurement has the last word.  Lines "fits node:0 size=BYTES cpus=LIST"
 * say which machine the values are of: nodes that changed since then (memory
 * was added, CPUs are off, a device took another number) keep what else is
 * known of them.  Where firmware and measurement are more than a factor of
 * two apart, one of them is wrong, and that is said.
 */
#include "engine/topology/builder.h"
#include "engine/topology/readers.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "config/files.h"
#include "engine/target/target.h"
#include "engine/topology/text.h"
#include "engine/topology/where.h"

#define BITS (8 * sizeof(unsigned long))
#define APART 2
#define FILE_MAX ((size_t)64 << 20)

struct file {
	struct hms_builder *b;
	const char *path;
	char *text;
	unsigned long changed[HMS_MASK_WORDS]; /* nodes */
};

/* A word of a line; len 0: no more of them. */
struct word {
	const char *at;
	size_t len;
};

static struct word next_word(const char **at, const char *end)
{
	struct word word;

	while (*at < end && (**at == ' ' || **at == '\t'))
		(*at)++;
	word.at = *at;
	while (*at < end && **at != ' ' && **at != '\t' && **at != '#')
		(*at)++;
	word.len = (size_t)(*at - word.at);
	return word;
}

static bool is(const struct word *word, const char *text)
{
	return word->len == strlen(text) && !memcmp(word->at, text, word->len);
}

/* The value of "key=value", or len 0. */
static struct word value_of(const struct word *word, const char *key)
{
	size_t len = strlen(key);

	if (word->len > len && !memcmp(word->at, key, len) &&
		word->at[len] == '=')
		return (struct word){ word->at + len + 1, word->len - len - 1 };
	return (struct word){ word->at, 0 };
}

/* The object's word of a line of version 1, *at behind it. */
static struct word object(const char **at, const char *end)
{
	struct word word = next_word(at, end);

	if (is(&word, "v1"))
		word = next_word(at, end);
	return word;
}

/* The number behind "cpu:" or "node:" at text; -1: it is none. */
static int node_number(const char *text, size_t len)
{
	size_t at = len > 4 && !memcmp(text, "cpu:", 4)	   ? 4
		    : len > 5 && !memcmp(text, "node:", 5) ? 5
							   : len;
	unsigned n = 0;

	if (at == len)
		return -1;
	for (; at < len && text[at] >= '0' && text[at] <= '9'; at++) {
		n = n * 10 + (unsigned)(text[at] - '0');
		if (n >= HMS_MAX_NODES)
			return -1;
	}
	return (int)n;
}

static void set_changed(struct file *file, int node)
{
	file->changed[(size_t)node / BITS] |= 1UL << (size_t)node % BITS;
}

static bool is_changed(const struct file *file, int node)
{
	return node >= 0 && node < HMS_MAX_NODES &&
	       file->changed[(size_t)node / BITS] >> (size_t)node % BITS & 1;
}

/*
 * Memory of virtual machines grows and shrinks, and is the same memory; that
 * is what factor is for.
 */
static bool same_size(uint64_t a, uint64_t b, unsigned factor)
{
	return a / factor <= b && b / factor <= a;
}

/* "fits node:0 size=25165824K cpus=0-1" */
static void check_node(
	struct file *file, const char *at, const char *end, unsigned line)
{
	struct word id = next_word(&at, end), word, value;
	int node = node_number(id.at, id.len), target, cpus;
	const char *list = "";
	char name[24];
	struct hms_text text = HMS_TEXT(name);
	uint64_t size;

	if (node < 0)
		return;
	target = hms_builder_find_node(file->b, (unsigned)node);
	hms_text_add(&text, "cpu:%d", node);
	cpus = hms_builder_find_initiator(file->b, name);
	if (cpus >= 0 && hms_builder_at(file->b, cpus)->cpus)
		list = hms_builder_at(file->b, cpus)->cpus;
	while ((word = next_word(&at, end)).len) {
		const struct hms_memory *memory =
			hms_builder_memory(file->b, target);

		value = value_of(&word, "size");
		if (value.len && !hms_text_size(value.at, value.len, &size) &&
			size &&
			(target < 0 ||
				(memory->size && !same_size(size, memory->size,
							 cpus >= 0 ? 4 : 2)))) {
			set_changed(file, node);
			hms_builder_complain(file->b, file->path, line,
				target < 0 ? "node %d is not there any more; "
					     "its values are left out"
					   : "node %d has another size than "
					     "when it was measured; its values "
					     "are left out, measure again",
				node);
			return;
		}
		value = value_of(&word, "cpus");
		if (value.len && !is(&value, list)) {
			set_changed(file, node);
			hms_builder_complain(file->b, file->path, line,
				"node %d has other CPUs than when it was "
				"measured; its values are left out, measure "
				"again",
				node);
			return;
		}
	}
}

/* "cpu:0-node:1": made a comment if one of them has changed. */
static void check_link(struct file *file, char *line, struct word id)
{
	for (size_t i = 0; i < id.len; i++) {
		if (i && id.at[i - 1] != '-')
			continue;
		if (is_changed(file, node_number(id.at + i, id.len - i))) {
			*line = '#';
			return;
		}
	}
}

static void each_line(struct file *file, bool links)
{
	unsigned number = 1;
	char *line = file->text, *end;

	for (; *line; line = *end ? end + 1 : end, number++) {
		const char *at = line;
		struct word word;

		end = line + strcspn(line, "\n");
		word = object(&at, end);
		if (links && is(&word, "link"))
			check_link(file, line, next_word(&at, end));
		else if (!links && is(&word, "fits"))
			check_node(file, at, end, number);
	}
}

static bool apart(uint32_t a, uint32_t b)
{
	return a > (uint64_t)b * APART || b > (uint64_t)a * APART;
}

/* firmware: as it was before; says what is far from it now. */
static void compare(
	struct file *file, const struct hms_perf *firmware, int measured)
{
	const struct hms_link *link = hms_builder_link_at(file->b, measured);
	char buf[256];
	struct hms_text text = HMS_TEXT(buf);

	for (unsigned i = 0; i < HMS_MEASURES; i++) {
		const char *unit =
			i == HMS_READ_LATENCY || i == HMS_WRITE_LATENCY
				? "ns"
				: "MB/s";

		if (firmware->origin[i] != HMS_FIRMWARE ||
			link->perf.origin[i] != HMS_MEASURED ||
			!apart(firmware->value[i], link->perf.value[i]))
			continue;
		hms_text_add(&text, "%s%s %u %s against %u",
			text.len ? ", " : "",
			hms_measure_name((enum hms_measure)i),
			link->perf.value[i], unit, firmware->value[i]);
	}
	if (text.len)
		hms_builder_complain(file->b, file->path, 0,
			"%s: firmware says something else than was measured: "
			"%s",
			link->id, buf);
}

/* All links with what firmware says of them, before measured values come. */
static struct hms_perf *remember(
	struct hms_builder *b, struct hms_arena *arena, unsigned *n)
{
	struct hms_perf *perfs;

	*n = hms_builder_depth(b) >= HMS_DEPTH_PATHS ? hms_builder_links(b) : 0;
	perfs = *n ? hms_arena_alloc(arena, *n * sizeof(*perfs)) : NULL;
	for (unsigned i = 0; perfs && i < *n; i++)
		perfs[i] = hms_builder_link_at(b, (int)i)->perf;
	return perfs;
}

static bool from_firmware(const struct hms_perf *perf)
{
	for (unsigned i = 0; i < HMS_MEASURES; i++)
		if (perf->origin[i] == HMS_FIRMWARE)
			return true;
	return false;
}

/* Each pair that a link of firmware's is for, if it has a link of its own. */
static void compare_pairs(
	struct file *file, const struct hms_perf *firmware, int link)
{
	const struct hms_link *of = hms_builder_link_at(file->b, link);

	for (unsigned i = 0; i < of->ninitiators; i++)
		for (unsigned t = 0; t < of->ntargets; t++) {
			char id[160];
			struct hms_text text = HMS_TEXT(id);
			int pair;

			hms_text_add(&text, "%s-%s",
				hms_builder_at(file->b, (int)of->initiators[i])
					->id,
				hms_builder_memory(file->b, (int)of->targets[t])
					->id);
			pair = hms_builder_find_link(file->b, id);
			if (pair >= 0)
				compare(file, firmware, pair);
		}
}

static void use(struct file *file, size_t len, struct hms_arena *arena)
{
	struct hms_topology_source source = {
		.name = file->path,
		.text = file->text,
		.len = len,
		.origin = HMS_MEASURED,
	};
	struct hms_perf *before;
	unsigned n;

	each_line(file, false);
	each_line(file, true);
	before = remember(file->b, arena, &n);
	hms_topology_parse(file->b, &source);
	for (unsigned i = 0; before && i < n; i++)
		if (from_firmware(&before[i]))
			compare_pairs(file, &before[i], (int)i);
}

static void read_of(struct hms_builder *b, enum hms_whose whose)
{
	char path[HMS_WHERE_BYTES];
	struct file file = { .b = b, .path = path };
	struct hms_arena arena = { 0 };
	struct hms_file text;
	int rc = hms_where_measured(
		hms_builder_root(b), whose, path, sizeof(path));

	if (!rc)
		rc = hms_file_read_most(path, FILE_MAX, &arena, &text);
	if (!rc) {
		file.text = text.text;
		use(&file, text.len, &arena);
	} else if (rc != -ENOENT && rc != -ENOTDIR) {
		hms_builder_complain(b, path, 0, "cannot be read: %s",
			rc == -EFBIG ? "it is larger than 64 MiB"
				     : hms_file_error(rc));
	}
	hms_arena_free(&arena);
}

void hms_read_measured(struct hms_builder *b)
{
	read_of(b, HMS_OF_SYSTEM);
	read_of(b, HMS_OF_USER);
}
