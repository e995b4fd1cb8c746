/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts that rules come from: the first one, and what it includes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "config/compile.h"
#include "config/files.h"

static int check_text(
	struct compile *c, const char *name, const char *text, size_t len)
{
	struct hms_rule_text source = { name, text, len, 1 };
	const char *nul, *line;
	unsigned lines = 1;

	if (len > HMS_RULES_MAX) {
		hms_diag_error(c->diag, &source, 0, 0,
			"more than %d bytes of rules", HMS_RULES_MAX);
		return -EINVAL;
	}
	nul = memchr(text, 0, len);
	if (!nul)
		return 0;
	line = text;
	for (const char *p = text; p < nul; p++)
		if (*p == '\n') {
			lines++;
			line = p + 1;
		}
	hms_diag_error(c->diag, &source, lines,
		hms_diag_columns(line, (size_t)(nul - line)) + 1,
		"a NUL byte; is this a text file?");
	return -EINVAL;
}

static int grow_sources(struct compile *c)
{
	struct hms_policy *policy = c->policy;
	unsigned n = policy->nsources;

	policy->sources =
		compile_grow(c, policy->sources, n, sizeof(*policy->sources));
	c->files = compile_grow(c, c->files, n, sizeof(*c->files));
	return policy->sources && c->files ? 0 : compile_no_memory(c);
}

/* Makes a text the next source; its lines follow those of the one before. */
static int add_source(struct compile *c, const char *name, const char *text,
	size_t len, const struct source_file *file)
{
	struct hms_policy *policy = c->policy;
	unsigned n = policy->nsources, first = 1;
	int rc = grow_sources(c);

	if (rc)
		return rc;
	if (n) {
		const struct hms_rule_text *before = &policy->sources[n - 1];

		first = before->first + 1;
		for (size_t i = 0; i < before->len; i++)
			first += before->text[i] == '\n';
	}
	policy->sources[n] = (struct hms_rule_text){ name, text, len, first };
	c->files[n] = *file;
	policy->nsources++;
	return 0;
}

/*
 * The path of an included file: as written, or relative to the folder of the
 * file that includes it.  NULL: no memory.
 */
static const char *include_path(
	struct compile *c, const char *base, const char *path)
{
	const char *slash = base ? strrchr(base, '/') : NULL;
	size_t len = slash ? (size_t)(slash - base) + 1 : 0;
	char *joined;

	if (path[0] == '/' || !len)
		return path;
	joined = hms_arena_alloc(c->arena, len + strlen(path) + 1);
	if (!joined)
		return NULL;
	memcpy(joined, base, len);
	memcpy(joined + len, path, strlen(path));
	return joined;
}

/* "a.hms includes b.hms includes a.hms" */
static int cycle_error(
	struct compile *c, const struct ast_stmt *stmt, unsigned from)
{
	char chain[256];
	struct hms_text text = HMS_TEXT(chain);
	unsigned path[MAX_DEPTH + 1], n = 0;

	for (unsigned s = stmt->source; n <= MAX_DEPTH;
		s = c->files[s].parent) {
		path[n++] = s;
		if (s == from)
			break;
	}
	while (n--)
		hms_text_add(&text, "%s includes ",
			c->policy->sources[path[n]].name);
	hms_text_add(&text, "%s", c->policy->sources[from].name);
	return compile_error(
		c, stmt->source, &stmt->loc, "an endless include: %s", chain);
}

static int check_include(struct compile *c, const struct ast_stmt *stmt,
	const struct source_file *file)
{
	for (unsigned s = stmt->source;; s = c->files[s].parent) {
		const struct source_file *open = &c->files[s];

		if (open->path && open->dev == file->dev &&
			open->ino == file->ino)
			return cycle_error(c, stmt, s);
		if (open->parent == s)
			break;
	}
	if (file->depth > MAX_DEPTH)
		return compile_error(c, stmt->source, &stmt->loc,
			"includes are nested more than %d deep", MAX_DEPTH);
	if (c->policy->nsources == MAX_SOURCES)
		return compile_error(c, stmt->source, &stmt->loc,
			"more than %d included files", MAX_SOURCES - 1);
	return 0;
}

static int read_statements(struct compile *c, unsigned source);

static int include(struct compile *c, const struct ast_stmt *stmt)
{
	struct source_file file = {
		.parent = stmt->source,
		.depth = c->files[stmt->source].depth + 1,
		.stmt = stmt,
	};
	const char *base = c->files[stmt->source].path;
	struct hms_file read;
	int rc;

	if (!base && stmt->name->text[0] != '/')
		return compile_error(c, stmt->source, &stmt->name->loc,
			"rules that are not in a file include absolute paths "
			"only");
	file.path = include_path(c, base, stmt->name->text);
	if (!file.path)
		return compile_no_memory(c);
	rc = hms_file_read(file.path, c->arena, &read);
	if (rc == -ENOMEM)
		return compile_no_memory(c);
	if (rc)
		return compile_error(c, stmt->source, &stmt->name->loc,
			"cannot read %s: %s", file.path, hms_file_error(rc));
	file.dev = read.dev;
	file.ino = read.ino;
	rc = check_include(c, stmt, &file);
	if (!rc)
		rc = check_text(c, file.path, read.text, read.len);
	if (!rc)
		rc = add_source(c, file.path, read.text, read.len, &file);
	return rc ? rc : read_statements(c, c->policy->nsources - 1);
}

static int read_statements(struct compile *c, unsigned source)
{
	struct hms_rule_text copy = c->policy->sources[source];
	struct ast_stmt *stmt, *next;
	int rc = hms_rules_read(&copy, c->arena, &stmt, c->diag);

	if (rc)
		compile_chain(c, source, c->diag);
	for (; !rc && stmt; stmt = next) {
		next = stmt->next;
		stmt->source = source;
		stmt->next = NULL;
		if (stmt->type == AST_INCLUDE) {
			rc = include(c, stmt);
			continue;
		}
		*c->last = stmt;
		c->last = &stmt->next;
	}
	return rc;
}

int compile_sources(struct compile *c)
{
	const struct hms_policy_input *in = c->in;
	struct source_file file = { .path = in->path };
	struct hms_file_id id;
	const char *name;
	char *text;
	int rc = check_text(c, in->source, in->text, in->len);

	if (rc)
		return rc;
	if (in->path && !hms_file_identify(in->path, &id)) {
		file.dev = id.dev;
		file.ino = id.ino;
	}
	text = hms_arena_strndup(c->arena, in->text, in->len);
	name = hms_arena_strdup(c->arena, in->source);
	if (!text || !name)
		return compile_no_memory(c);
	c->policy->source = name;
	c->policy->text = text;
	rc = add_source(c, name, text, in->len, &file);
	return rc ? rc : read_statements(c, 0);
}
