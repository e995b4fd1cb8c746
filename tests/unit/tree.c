/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/tree.h"

#include <criterion/criterion.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[200];
static struct hms_graph *graph;

static void make_folders(char *path)
{
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(path, 0755);
		*p = '/';
	}
}

static void write_file(const char *path, const char *contents)
{
	FILE *file = fopen(path, "w");

	cr_assert(file, "%s", path);
	for (; *contents; contents++) {
		if (contents[0] == '\\' && contents[1] == 'n') {
			fputc('\n', file);
			contents++;
		} else {
			fputc(*contents, file);
		}
	}
	fputc('\n', file);
	fclose(file);
}

static void add_line(const char *line, size_t len)
{
	char path[1024], *rest;

	snprintf(path, sizeof(path), "%s/%.*s", root, (int)len, line);
	rest = strchr(path + strlen(root), ' ');
	if (rest)
		*rest++ = 0;
	make_folders(path);
	if (rest && !strncmp(rest, "-> ", 3))
		cr_assert_eq(symlink(rest + 3, path), 0, "%s", path);
	else if (path[strlen(path) - 1] != '/')
		write_file(path, rest ? rest : "");
}

void tree_add(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len)
			add_line(text, len);
		text += len + (text[len] == '\n');
	}
}

const char *tree_make(const char *text)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%.100s/hms-tree.XXXXXX",
		tmp ? tmp : "/tmp");
	cr_assert(mkdtemp(root));
	tree_add(text);
	return root;
}

static int drop_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_drop(void)
{
	if (graph)
		hms_graph_free(graph);
	graph = NULL;
	if (root[0])
		nftw(root, drop_one, 16, FTW_DEPTH | FTW_PHYS);
	root[0] = 0;
}

const struct hms_graph *tree_read(enum hms_depth depth)
{
	const struct hms_topology_request request = {
		.root = root,
		.depth = depth,
	};

	if (graph)
		hms_graph_free(graph);
	graph = NULL;
	cr_assert_eq(hms_topology_read(&request, &graph), 0);
	return graph;
}

int tree_link(const char *id)
{
	for (unsigned i = 0; i < graph->nlinks; i++)
		if (!strcmp(graph->links[i].id, id))
			return (int)i;
	return -1;
}

int tree_bridge(const char *from, const char *to)
{
	int f = tree_link(from), t = tree_link(to);

	for (unsigned i = 0; i < graph->nbridges; i++)
		if ((int)graph->bridges[i].from == f &&
			(int)graph->bridges[i].to == t)
			return (int)i;
	return -1;
}

static char list[1024];

static void put(const char *id)
{
	size_t len = strlen(list);

	snprintf(list + len, sizeof(list) - len, "%s%s", len ? " " : "", id);
}

const char *tree_link_targets(const char *id)
{
	int link = tree_link(id);

	list[0] = 0;
	for (unsigned i = 0; link >= 0 && i < graph->links[link].ntargets; i++)
		put(graph->targets[graph->links[link].targets[i]].id);
	return list;
}

const char *tree_link_initiators(const char *id)
{
	int link = tree_link(id);

	list[0] = 0;
	for (unsigned i = 0; link >= 0 && i < graph->links[link].ninitiators;
		i++)
		put(graph->initiators[graph->links[link].initiators[i]].id);
	return list;
}

uint32_t tree_link_value(const char *id, enum hms_measure measure)
{
	int link = tree_link(id);

	return link < 0 ? 0 : graph->links[link].perf.value[measure];
}
