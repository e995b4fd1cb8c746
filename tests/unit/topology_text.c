/* SPDX-License-Identifier: BSD-2-Clause */
/* Graphs as text: there and back, overrides, and what people write wrongly. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/topology/text.h"
#include "tests/unit/random_graph.h"

static char all[1 << 20];

static const char *put_graph(const struct hms_graph *graph)
{
	struct hms_text text = HMS_TEXT(all);

	all[0] = 0;
	for (unsigned i = 0; i < graph->ntargets; i++)
		hms_topology_put_target(&text, graph, i);
	for (unsigned i = 0; i < graph->ninitiators; i++)
		hms_topology_put_initiator(&text, graph, i);
	for (unsigned i = 0; i < graph->nlinks; i++)
		hms_topology_put_link(&text, graph, i);
	for (unsigned i = 0; i < graph->nbridges; i++)
		hms_topology_put_bridge(&text, graph, i);
	cr_assert(!text.cut);
	return all;
}

static void parse(struct hms_builder *b, const char *text, bool define)
{
	struct hms_topology_source source = {
		.name = "text",
		.text = text,
		.len = strlen(text),
		.origin = HMS_USER,
		.define = define,
	};

	hms_topology_parse(b, &source);
}

static struct hms_graph *made_of(const char *text)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	struct hms_graph *graph;

	cr_assert(b);
	parse(b, text, true);
	graph = hms_builder_finish(b);
	cr_assert(graph);
	return graph;
}

static void same_text(const char *a, const char *b)
{
	cr_assert_eq(!a, !b);
	if (a)
		cr_assert_str_eq(a, b);
}

static void same_list(
	const unsigned *a, unsigned na, const unsigned *b, unsigned nb)
{
	cr_assert_eq(na, nb);
	for (unsigned i = 0; i < na; i++)
		cr_assert_eq(a[i], b[i]);
}

static void same_perf(const struct hms_perf *a, const struct hms_perf *b)
{
	cr_assert_arr_eq(a->value, b->value, sizeof(a->value));
	cr_assert_arr_eq(a->origin, b->origin, sizeof(a->origin));
}

static void same_target(const struct hms_memory *a, const struct hms_memory *b)
{
	same_text(a->id, b->id);
	same_text(a->name, b->name);
	same_text(a->device, b->device);
	cr_assert_eq(a->kind, b->kind);
	cr_assert_eq(a->manager, b->manager);
	cr_assert_eq(a->node, b->node);
	cr_assert_eq(a->tier, b->tier);
	cr_assert_eq(a->size, b->size);
	cr_assert_eq(a->free, b->free);
	cr_assert_eq(a->granularity, b->granularity);
	cr_assert_eq(a->properties, b->properties);
	cr_assert_arr_eq(a->origin, b->origin, sizeof(a->origin));
	cr_assert_eq(a->allowed, b->allowed);
}

static void same_initiator(
	const struct hms_initiator *a, const struct hms_initiator *b)
{
	same_text(a->id, b->id);
	same_text(a->name, b->name);
	same_text(a->cpus, b->cpus);
	cr_assert_eq(a->kind, b->kind);
	cr_assert_eq(a->node, b->node);
	cr_assert_eq(a->naliases, b->naliases);
	for (unsigned i = 0; i < a->naliases; i++)
		same_text(a->aliases[i], b->aliases[i]);
}

static void same_graph(const struct hms_graph *a, const struct hms_graph *b)
{
	cr_assert_eq(a->ntargets, b->ntargets);
	cr_assert_eq(a->ninitiators, b->ninitiators);
	cr_assert_eq(a->nlinks, b->nlinks);
	cr_assert_eq(a->nbridges, b->nbridges);
	for (unsigned i = 0; i < a->ntargets; i++)
		same_target(&a->targets[i], &b->targets[i]);
	for (unsigned i = 0; i < a->ninitiators; i++)
		same_initiator(&a->initiators[i], &b->initiators[i]);
	for (unsigned i = 0; i < a->nlinks; i++) {
		const struct hms_link *x = &a->links[i], *y = &b->links[i];

		same_text(x->id, y->id);
		same_perf(&x->perf, &y->perf);
		cr_assert_eq(x->coherent, y->coherent);
		same_list(x->targets, x->ntargets, y->targets, y->ntargets);
		same_list(x->initiators, x->ninitiators, y->initiators,
			y->ninitiators);
	}
	for (unsigned i = 0; i < a->nbridges; i++) {
		const struct hms_bridge *x = &a->bridges[i];
		const struct hms_bridge *y = &b->bridges[i];

		same_text(x->id, y->id);
		same_perf(&x->perf, &y->perf);
		cr_assert_eq(x->coherent, y->coherent);
		cr_assert_eq(x->from, y->from);
		cr_assert_eq(x->to, y->to);
		same_list(x->initiators, x->ninitiators, y->initiators,
			y->ninitiators);
	}
}

/* Would catch: a field that is not written, not read, or comes back changed. */
Test(topology_text, there_and_back)
{
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct hms_graph *graph = random_graph(seed, 8), *again;

		again = made_of(put_graph(graph));
		cr_assert_eq(again->nfindings, 0, "seed %lu: %s",
			(unsigned long)seed, again->findings[0]);
		same_graph(graph, again);
		hms_graph_free(again);
		hms_graph_free(graph);
	}
}

/* Would catch: ids and names that become something else on the way. */
Test(topology_text, any_bytes_in_names)
{
	static const char *const names[] = { "", " ", "a b", "a\"b", "\\", "#",
		"a=b", "a,b", "a@user", "new\nline", "\x01\x7f\xff",
		"\xc3\xa9t\xc3\xa9", "v1", "target", "x\\x41" };
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	struct hms_graph *graph, *again;
	int l = hms_builder_link(b, "l"), i, t;

	for (size_t n = 1; n < sizeof(names) / sizeof(names[0]); n++) {
		t = hms_builder_target(b, names[n]);
		hms_builder_memory(b, t)->name = names[n];
		hms_builder_memory(b, t)->device = names[n - 1];
		i = hms_builder_initiator(b, names[n], HMS_INITIATOR_OTHER);
		hms_builder_at(b, i)->name = names[n - 1];
		hms_builder_link_initiator(b, l, i);
		hms_builder_link_target(b, l, t);
		hms_builder_bridge(
			b, names[n], l, hms_builder_link(b, names[n]));
	}
	hms_builder_alias(b, 0, "one, two");
	hms_builder_alias(b, 0, "\"three\"");
	graph = hms_builder_finish(b);
	again = made_of(put_graph(graph));
	cr_assert_eq(again->nfindings, 0, "%s", again->findings[0]);
	same_graph(graph, again);
	hms_graph_free(again);
	hms_graph_free(graph);
}

/* Would catch: lines written otherwise than hms-topology(5) says. */
Test(topology_text, lines)
{
	static const char text[] =
		"v1 target node:2 kind=hbm@firmware node=2@user size=64G@user"
		" free=3 coherent=yes@measured allowed=no name=\"a \\\"b\\\"\"\n"
		"v1 initiator cpu:0 kind=cpu node=0 cpus=\"0-1,4\""
		" aliases=node:0,\"x y\"\n"
		"v1 link l initiators=cpu:0 targets=node:2 latency=90ns@guessed"
		" read-bandwidth=1500MB/s@user coherent=no\n"
		"v1 link m targets=node:2\n"
		"v1 bridge from=l to=m initiators=cpu:0 read-latency=1ns@user"
		" write-latency=2ns@user bandwidth=7MB/s@driver\n";
	struct hms_graph *graph = made_of(text);

	cr_assert_eq(graph->nfindings, 0, "%s", graph->findings[0]);
	cr_assert_str_eq(put_graph(graph), text);
	hms_graph_free(graph);
}

/* Would catch: units, comments, ends of lines, or versions misread. */
Test(topology_text, what_people_write)
{
	struct hms_graph *graph = made_of(
		"# a comment\r\n"
		"\r\n"
		"\ttarget node:1\tsize=1.5G kind=cxl# the slow one\r\n"
		"v1 link a targets=node:1 latency=0.25us bandwidth=1.5GB/s\r\n"
		"link b targets=node:1 read-latency=7 write-bandwidth=12345\n"
		"v2 target node:7 kind=\x01\n"
		"v1 socket 3 cores=4\n"
		"v1 target node:1 flavour=sweet kind=quantum hotplug=yes\n"
		"link c targets=node:1 read-latency=1.4ns "
		"write-latency=1.6ns");

	cr_assert_eq(graph->nfindings, 0, "%s", graph->findings[0]);
	cr_assert_str_eq(put_graph(graph),
		"v1 target node:1 kind=cxl@user size=1536M@user "
		"hotplug=yes@user\n"
		"v1 link a targets=node:1 latency=250ns@user "
		"bandwidth=1500MB/s@user\n"
		"v1 link b targets=node:1 read-latency=7ns@user "
		"write-bandwidth=12345MB/s@user\n"
		"v1 link c targets=node:1 read-latency=1ns@user "
		"write-latency=2ns@user\n");
	hms_graph_free(graph);
}

static struct hms_builder *small_machine(void)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);

	cr_assert(b);
	parse(b,
		"target node:0 kind=dram@firmware size=8G@firmware\n"
		"target node:1 kind=cxl@guessed\n"
		"initiator cpu:0 node=0\n"
		"initiator pci:0000-01 kind=gpu aliases=cuda:0\n"
		"link memory:0 targets=node:0 initiators=cpu:0 "
		"latency=80ns@firmware\n"
		"link memory:1 targets=node:1\n"
		"link fabric:0 initiators=cpu:0\n"
		"bridge from=fabric:0 to=memory:1 latency=50ns@guessed\n",
		true);
	return b;
}

/* Would catch: overrides that do not override, or make up objects. */
Test(topology_text, overrides)
{
	struct hms_builder *b = small_machine();
	struct hms_graph *graph;

	parse(b,
		"target node:1 kind=pmem\n"
		"target node:0 kind=hbm@guessed\n"
		"link cpu:0-node:1 latency=300ns\n"
		"link cuda:0-node:0 bandwidth=20GB/s\n"
		"link memory:0 latency=85ns@measured\n"
		"bridge from=fabric:0 to=memory:1 latency=60ns\n",
		false);
	graph = hms_builder_finish(b);
	cr_assert_eq(graph->nfindings, 0, "%s", graph->findings[0]);
	cr_assert_str_eq(put_graph(graph),
		"v1 target node:0 kind=dram@firmware size=8G@firmware\n"
		"v1 target node:1 kind=pmem@user\n"
		"v1 initiator cpu:0 kind=cpu node=0\n"
		"v1 initiator pci:0000-01 kind=gpu aliases=cuda:0\n"
		"v1 link memory:0 initiators=cpu:0 targets=node:0 "
		"latency=85ns@measured\n"
		"v1 link memory:1 targets=node:1\n"
		"v1 link fabric:0 initiators=cpu:0\n"
		"v1 link cpu:0-node:1 initiators=cpu:0 targets=node:1 "
		"latency=300ns@user\n"
		"v1 link pci:0000-01-node:0 initiators=pci:0000-01 "
		"targets=node:0 bandwidth=20000MB/s@user\n"
		"v1 bridge from=fabric:0 to=memory:1 latency=60ns@user\n");
	hms_graph_free(graph);
}

static const struct {
	const char *line, *finding;
} mistakes[] = {
	{ "target node:00 kind=hbm",
		"there is no target \"node:00\"; did you mean \"node:0\"?" },
	{ "target something-else kind=hbm",
		"there is no target \"something-else\"" },
	{ "initiator cpu:7 node=1",
		"there is no initiator \"cpu:7\"; did you mean \"cpu:0\"?" },
	{ "link memry:1 latency=1ns",
		"there is no link \"memry:1\"; did you mean \"memory:1\"?" },
	{ "link cpu:0-node:9 latency=1ns",
		"there is no link \"cpu:0-node:9\"" },
	{ "bridge from=memory:1 to=memory:0 latency=1",
		"there is no such bridge from memory:1 to memory:0" },
	{ "bridge from=memory:1", "a bridge has from= and to=" },
	{ "bridge x latency=1ns", "a bridge has from= and to=" },
	{ "bridge from=memory:1 to=memory:1", "a bridge has two ends" },
	{ "target", "which target?" },
	{ "target kind=hbm", "which target?" },
	{ "target \"\" kind=hbm", "an id has from 1 to 255 bytes" },
	{ "target node:1 hbm", "\"hbm\" has no value" },
	{ "target node:1 kind=\"hbm", "a quote is not closed" },
	{ "target node:1 name=\"\\n\"",
		"\\ in quotes is followed by \\, \" or xHH" },
	{ "target node:1 kind=hbm\x02", "a byte of value 2 is no text" },
	{ "target node:1 kind=hmb",
		"no kind is \"hmb\"; did you mean \"hbm\"?" },
	{ "target node:1 knd=hbm",
		"no property is \"knd\"; did you mean \"kind\"?" },
	{ "tagret node:1 kind=hbm",
		"what is \"tagret\"? Did you mean \"target\"?" },
	{ "target node:1 size=12X", "size=12X is no size" },
	{ "target node:1 size=", "size= is no size" },
	{ "target node:1 size=99999999999T", "size=99999999999T is no size" },
	{ "target node:1 node=1024",
		"node=1024 is no number of a node, nor none" },
	{ "target node:1 node=-1", "node=-1 is no number of a node, nor none" },
	{ "target node:1 tier=99999999999",
		"tier=99999999999 is no number of a tier" },
	{ "target node:1 coherent=perhaps",
		"coherent=perhaps is no yes or no" },
	{ "target node:1 manager=me",
		"manager=me is no manager: kernel or driver" },
	{ "target node:1 kind=hbm@firm", "nothing comes from \"firm\"" },
	{ "target node:1 kind=hbm@unknown", "nothing comes from \"unknown\"" },
	{ "target node:1 kind=hbm@", "nothing comes from \"\"" },
	{ "link memory:0 latency=0", "latency=0 is no latency" },
	{ "link memory:0 latency=5GB/s", "latency=5GB/s is no latency" },
	{ "link memory:0 latency=5000000us",
		"latency=5000000us is no latency" },
	{ "link memory:0 bandwidth=5ns", "bandwidth=5ns is no bandwidth" },
	{ "link memory:0 bandwidth=5.GB/s",
		"bandwidth=5.GB/s is no bandwidth" },
	{ "link memory:0 bandwidth=4294968GB/s",
		"bandwidth=4294968GB/s is no bandwidth" },
	{ "link memory:0 targets=node:1,nod:0",
		"there is no target \"nod:0\"; did you mean \"node:0\"?" },
	{ "initiator cpu:0 aliases=cuda:0",
		"another initiator is \"cuda:0\" already" },
};
#define NMISTAKES (sizeof(mistakes) / sizeof(mistakes[0]))

/* Would catch: a mistake that goes unsaid, or is said of another line. */
Test(topology_text, mistakes)
{
	for (size_t i = 0; i < NMISTAKES; i++) {
		struct hms_builder *b = small_machine();
		struct hms_graph *graph;
		char text[256], finding[256];

		snprintf(text, sizeof(text),
			"# one\n%s granularity=1K\ntarget node:0 tier=4\n",
			mistakes[i].line);
		/* Only the line itself, for those that end in something open.
		 */
		if (strchr("@=\"\x02",
			    mistakes[i].line[strlen(mistakes[i].line) - 1]))
			snprintf(text, sizeof(text),
				"# one\n%s\ntarget node:0 tier=4\n",
				mistakes[i].line);
		snprintf(finding, sizeof(finding), "text:2: %s",
			mistakes[i].finding);
		parse(b, text, false);
		graph = hms_builder_finish(b);
		cr_assert_eq(graph->nfindings, 1, "%s", mistakes[i].line);
		cr_assert_str_eq(graph->findings[0], finding);
		/* What is right is used, on this line and after it. */
		cr_assert_eq(graph->targets[0].tier, 4);
		hms_graph_free(graph);
	}
}

/* Would catch: a bridge that is two at once. */
Test(topology_text, bridges_stay)
{
	struct hms_graph *graph = made_of("bridge way from=a to=b\n"
					  "bridge way from=b to=a latency=1\n"
					  "bridge way latency=2\n");

	cr_assert_eq(graph->nfindings, 1);
	cr_assert_str_eq(
		graph->findings[0], "text:2: bridge \"way\" is elsewhere");
	cr_assert_eq(graph->nbridges, 1);
	cr_assert_eq(graph->bridges[0].perf.value[HMS_READ_LATENCY], 2);
	hms_graph_free(graph);
}

/* Would catch: one bad property that takes the good ones with it. */
Test(topology_text, the_rest_is_used)
{
	struct hms_builder *b = small_machine();
	struct hms_graph *graph;

	parse(b, "target node:1 size=x kind=pmem\nv1 target node:1 knd=a\n",
		false);
	graph = hms_builder_finish(b);
	cr_assert_eq(graph->nfindings, 1);
	cr_assert_str_eq(graph->findings[0], "text:1: size=x is no size");
	cr_assert_eq(graph->targets[1].kind, HMS_KIND_PMEM);
	hms_graph_free(graph);
}

/* Would catch: long lists cut short, long ids that are taken in part. */
Test(topology_text, long_lines)
{
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	int l = hms_builder_link(b, "l");
	struct hms_graph *graph, *again;
	char id[600], *line;

	for (int i = 0; i < 2000; i++) {
		snprintf(id, sizeof(id), "initiator-with-a-name:%d", i);
		hms_builder_link_initiator(b, l,
			hms_builder_initiator(b, id, HMS_INITIATOR_OTHER));
	}
	graph = hms_builder_finish(b);
	again = made_of(put_graph(graph));
	cr_assert_eq(again->nfindings, 0);
	same_graph(graph, again);
	hms_graph_free(again);
	hms_graph_free(graph);

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = 0;
	cr_assert(asprintf(&line, "target %s kind=hbm", id) > 0);
	graph = made_of(line);
	cr_assert_eq(graph->ntargets, 0);
	cr_assert_str_eq(
		graph->findings[0], "text:1: an id has from 1 to 255 bytes");
	hms_graph_free(graph);
	free(line);
}

/* Would catch: a missing file that is said, an unreadable one that is not. */
Test(topology_text, files)
{
	struct hms_builder *b = small_machine();
	char name[] = "/tmp/hms-topology-XXXXXX";
	struct hms_graph *graph;
	int fd = mkstemp(name);

	cr_assert(fd >= 0);
	dprintf(fd, "target node:1 kind=pmem\ntarget node:5 kind=pmem");
	close(fd);
	cr_assert_eq(hms_topology_parse_file(b, name, HMS_USER, false), 0);
	cr_assert_eq(unlink(name), 0);
	cr_assert_eq(
		hms_topology_parse_file(b, name, HMS_USER, false), -ENOENT);
	cr_assert_eq(
		hms_topology_parse_file(b, "/tmp", HMS_USER, false), -EISDIR);
	graph = hms_builder_finish(b);
	cr_assert_eq(graph->targets[1].kind, HMS_KIND_PMEM);
	cr_assert_eq(graph->nfindings, 2);
	cr_assert_str_eq(graph->findings[0] + sizeof(name) - 1,
		":2: there is no target \"node:5\"; did you mean \"node:0\"?");
	cr_assert_str_eq(
		graph->findings[1], "/tmp: cannot be read: it is a folder");
	hms_graph_free(graph);
}
