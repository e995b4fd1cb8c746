/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/check_program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "engine/site/demangle.h"
#include "engine/site/module.h"
#include "engine/site/symbols.h"
#include "tools/cmd.h"
#include "tools/program.h"
#include "tools/symbols/needed.h"
#include "tools/symbols/symbols.h"

#define MOST_NAME 4096 /* bytes of a demangled name */
#define NEAREST 3

struct module {
	const char *path;
	const char *name; /* its file's */
	char **symbols; /* sorted, each once */
	size_t n, room;
};

struct process {
	struct module *modules; /* the program first */
	size_t n;
	bool no_memory;
};

static void *checked(struct process *p, void *memory)
{
	p->no_memory |= !memory;
	return memory;
}

static void add_module(void *arg, const char *name, const char *path)
{
	struct process *p = arg;
	struct module *grown;
	char *copy;

	if (!path) {
		hms_complain("check", "the loader does not find %s", name);
		return;
	}
	copy = checked(p, strdup(path));
	grown = checked(p, realloc(p->modules, (p->n + 1) * sizeof(*grown)));
	if (grown)
		p->modules = grown;
	if (!copy || !grown) {
		free(copy);
		return;
	}
	grown[p->n++] =
		(struct module){ .path = copy, .name = strrchr(copy, '/') + 1 };
}

static void add_symbol(void *arg, const char *symbol)
{
	struct module *m = arg;
	char **grown, *copy;

	if (m->n == m->room) {
		grown = realloc(
			m->symbols, (2 * m->room + 64) * sizeof(*grown));
		if (!grown)
			return;
		m->symbols = grown;
		m->room = 2 * m->room + 64;
	}
	copy = strdup(symbol);
	if (copy)
		m->symbols[m->n++] = copy;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_symbols(struct module *m)
{
	size_t kept = 0;

	tool_functions(m->path, add_symbol, m);
	if (m->n)
		qsort(m->symbols, m->n, sizeof(*m->symbols), by_name);
	for (size_t i = 0; i < m->n; i++) {
		if (kept && !strcmp(m->symbols[kept - 1], m->symbols[i]))
			free(m->symbols[i]);
		else
			m->symbols[kept++] = m->symbols[i];
	}
	m->n = kept;
}

/* A name as people write it: what `via` would be given. */
static char *readable(const char *symbol)
{
	char name[MOST_NAME];

	if (hms_demangle(symbol, name, sizeof(name))) {
		hms_demangle_plain(name);
		return strdup(name);
	}
	return strndup(symbol, 1 + strcspn(symbol + 1, ".@"));
}

/* The glob without its stars; false where that says little. */
static bool plain_word(const char *glob, char *word, size_t size)
{
	size_t n = 0;

	for (; *glob && n + 1 < size; glob++)
		if (!strchr("*?[]\\", *glob))
			word[n++] = *glob;
	word[n] = 0;
	return n >= 2;
}

/* The nearest ones go to the front; how many. */
static size_t nearest(const char *glob, const char **words, size_t n)
{
	char word[256];
	size_t found = 0;

	if (!plain_word(glob, word, sizeof(word)))
		return 0;
	while (found < NEAREST && found < n) {
		const char *near =
			hms_text_nearest(word, words + found, n - found);
		size_t at = found;

		if (!near)
			break;
		while (words[at] != near)
			at++;
		words[at] = words[found];
		words[found] = near;
		/* One name may be that of several functions. */
		for (size_t i = ++found; i < n;) {
			if (strcmp(words[i], near)) {
				i++;
				continue;
			}
			words[i] = words[--n];
		}
	}
	return found;
}

static void print_nearest(const char *glob, const char **words, size_t n)
{
	size_t found = nearest(glob, words, n);

	for (size_t i = 0; i < found; i++)
		printf("%s%s", i ? ", " : "; nearest: ", words[i]);
}

static void check_modules(const struct process *p, const char *glob)
{
	const char **names = calloc(p->n, sizeof(*names));
	const char *before = "";
	size_t found = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (names)
			names[i] = p->modules[i].name;
		if (!hms_text_glob_file(glob, p->modules[i].path))
			continue;
		printf("%s%s", before, p->modules[i].name);
		before = ", ";
		found++;
	}
	if (!found)
		printf("no module");
	if (!found && names)
		print_nearest(glob, names, p->n);
	free(names);
}

static void no_function(
	const struct process *p, const struct hms_rule *rule, size_t all)
{
	const char **words = calloc(all + 1, sizeof(*words));
	size_t n = 0;

	printf("none of %zu functions", all);
	for (size_t i = 0; words && i < p->n; i++) {
		const struct module *m = &p->modules[i];

		if (rule->via_module &&
			!hms_text_glob_file(rule->via_module, m->path))
			continue;
		for (size_t k = 0; k < m->n; k++) {
			words[n] = readable(m->symbols[k]);
			n += words[n] != NULL;
		}
	}
	if (words) {
		char **owned = calloc(n + 1, sizeof(*owned));

		if (owned) {
			memcpy(owned, words, n * sizeof(*owned));
			print_nearest(rule->via, words, n);
			for (size_t i = 0; i < n; i++)
				free(owned[i]);
		}
		free(owned);
	}
	free(words);
}

static void check_offset(const struct module *m, const char *text)
{
	struct tool_module *module = tool_module_open(m->path, NULL, 0);
	struct hms_names names = { 0 };

	if (module)
		tool_module_name(module, strtoull(text, NULL, 16), &names);
	if (names.n)
		printf("%s of %s", names.at[names.n - 1].function, m->name);
	else
		printf("%s, where no symbol is", m->name);
	tool_module_close(module);
}

static void check_functions(
	const struct process *p, const struct hms_rule *rule)
{
	bool any = !strcmp(rule->via, "*"), some = false;
	size_t all = 0, found = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct module *m = &p->modules[i];
		size_t n = 0;

		if (rule->via_module &&
			!hms_text_glob_file(rule->via_module, m->path))
			continue;
		all += m->n;
		some = true;
		if (!strncmp(rule->via, "0x", 2)) {
			printf("%s", found++ ? ", " : "");
			check_offset(m, rule->via);
			continue;
		}
		for (size_t k = 0; k < m->n; k++)
			n += any ||
			     hms_symbol_matches(rule->via, m->symbols[k]);
		if (n || any)
			printf("%s%zu of %s", found++ ? ", " : "", n, m->name);
	}
	if (!some)
		check_modules(p, rule->via_module);
	else if (!found)
		no_function(p, rule, all);
}

static void check_rule(const struct process *p, const struct hms_rule *rule)
{
	if (rule->from) {
		printf("%s: from \"%s\": ", rule->name, rule->from);
		check_modules(p, rule->from);
		putchar('\n');
	}
	if (rule->via) {
		printf("%s: via \"%s%s%s\": ", rule->name, rule->via,
			rule->via_module ? "@" : "",
			rule->via_module ? rule->via_module : "");
		check_functions(p, rule);
		putchar('\n');
	}
}

static void forget(struct process *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct module *m = &p->modules[i];

		for (size_t k = 0; k < m->n; k++)
			free(m->symbols[k]);
		free(m->symbols);
		free((char *)(uintptr_t)m->path);
	}
	free(p->modules);
}

static int complain(const char *program, int rc)
{
	if (rc == -EINVAL)
		hms_complain("check",
			"%s: the loader cannot load it: a static program, a "
			"script, or one for another machine",
			program);
	else
		hms_complain("check", "%s: %s", program, strerror(-rc));
	return rc == -EINVAL   ? EX_DATAERR
	       : rc == -ENOMEM ? EX_OSERR
			       : EX_NOINPUT;
}

int tool_check_program(const struct hms_policy *policy, const char *program)
{
	char found[PATH_MAX], path[PATH_MAX];
	struct process p = { 0 };
	int rc = hms_program_find(program, found, sizeof(found));

	if (!rc && !realpath(found, path))
		rc = -errno;
	if (rc)
		return complain(program, rc);
	add_module(&p, path, path);
	rc = p.no_memory ? -ENOMEM : tool_needed(path, add_module, &p);
	if (!rc && p.no_memory)
		rc = -ENOMEM;
	for (size_t i = 0; i < p.n && !rc && policy->needs_stacks; i++)
		read_symbols(&p.modules[i]);
	if (!rc) {
		printf("\n%s and the %zu %s that it is loaded with; others may "
		       "come by dlopen\n",
			path, p.n - 1, p.n == 2 ? "library" : "libraries");
		for (unsigned i = 0; i < policy->nrules; i++)
			check_rule(&p, &policy->rules[i]);
	}
	forget(&p);
	return rc ? complain(program, rc) : EX_OK;
}
