/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/random_graph.h"

#include <stdio.h>
#include <stdlib.h>

uint64_t random_next(struct random *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned random_below(struct random *r, unsigned n)
{
	return (unsigned)(random_next(r) % n);
}

bool random_chance(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

static enum hms_origin any_origin(struct random *r)
{
	return (enum hms_origin)(1 + random_below(r, HMS_ORIGINS - 1));
}

/* A value for some measures: few different ones, often none. */
static void any_perf(struct random *r,
	bool (*set)(struct hms_builder *b, int which, enum hms_measure measure,
		uint32_t value, enum hms_origin origin),
	struct hms_builder *b, int which)
{
	for (unsigned m = 0; m < HMS_MEASURES; m++)
		if (random_chance(r, 60))
			set(b, which, (enum hms_measure)m,
				10 * (1 + random_below(r, 6)), any_origin(r));
}

static void add_node(struct random *r, struct hms_builder *b, unsigned n)
{
	bool cpu = !n || random_chance(r, 60);
	char text[64];
	int t, i;

	if (cpu) {
		snprintf(text, sizeof(text), "cpu:%u", n);
		i = hms_builder_initiator(b, text, HMS_INITIATOR_CPU);
		snprintf(text, sizeof(text), "node:%u", n);
		hms_builder_alias(b, i, text);
		snprintf(text, sizeof(text), "%u-%u,%u", n * 8, n * 8 + 3,
			n * 8 + 5);
		hms_builder_at(b, i)->cpus = hms_builder_text(b, text);
		hms_builder_at(b, i)->node = (int)n;
		if (n && random_chance(r, 10))
			return;
	}
	snprintf(text, sizeof(text), "node:%u", n);
	t = hms_builder_target(b, text);
	hms_builder_node(b, t, (int)n, HMS_FIRMWARE);
	hms_builder_kind(b, t,
		cpu ? HMS_KIND_DRAM
		    : (enum hms_kind)random_below(r, HMS_KIND_FILE),
		any_origin(r));
	if (random_chance(r, 95))
		hms_builder_size(b, t,
			random_chance(r, 5) ? 0
					    : (1 + random_next(r) % 1000) << 24,
			any_origin(r));
	if (random_chance(r, 30))
		hms_builder_granularity(b, t, 256, HMS_GUESSED);
	for (unsigned p = 0; p < HMS_PROPERTIES; p++)
		if (random_chance(r, 20))
			hms_builder_property(b, t, (enum hms_property)(1 << p),
				random_chance(r, 70), any_origin(r));
	if (random_chance(r, 30))
		hms_builder_memory(b, t)->tier = (int)random_below(r, 8);
	if (random_chance(r, 50))
		hms_builder_memory(b, t)->free = random_next(r) % (1 << 30);
	hms_builder_memory(b, t)->allowed = random_chance(r, 90);
}

/* A GPU or NIC; a GPU may have memory that its driver keeps. */
static void add_device(struct random *r, struct hms_builder *b, unsigned n)
{
	bool gpu = random_chance(r, 70);
	char text[64];
	int i, t;

	snprintf(text, sizeof(text), "pci:0000:%02x:00.0", n + 1);
	i = hms_builder_initiator(
		b, text, gpu ? HMS_INITIATOR_GPU : HMS_INITIATOR_NIC);
	hms_builder_at(b, i)->node = (int)random_below(r, 3) - 1;
	if (!gpu) {
		snprintf(text, sizeof(text), "nic:eth%u", n);
		hms_builder_alias(b, i, text);
		return;
	}
	snprintf(text, sizeof(text), "GPU \"%u\" of 16 # \\ kinds", n);
	hms_builder_at(b, i)->name = hms_builder_text(b, text);
	snprintf(text, sizeof(text), "cuda:%u", n);
	hms_builder_alias(b, i, text);
	snprintf(text, sizeof(text), "gpu:%u", n);
	hms_builder_alias(b, i, text);
	if (random_chance(r, 30))
		return;
	snprintf(text, sizeof(text), "cuda:%u", n);
	t = hms_builder_target(b, text);
	hms_builder_kind(b, t, HMS_KIND_GPU, HMS_DRIVER);
	hms_builder_manager(b, t, HMS_MANAGED_BY_DRIVER, HMS_DRIVER);
	hms_builder_size(b, t, (uint64_t)16 << 30, HMS_DRIVER);
	if (random_chance(r, 40))
		hms_builder_property(
			b, t, HMS_COHERENT, random_chance(r, 70), HMS_DRIVER);
	snprintf(text, sizeof(text), "0000:%02x:00.0", n + 1);
	hms_builder_memory(b, t)->device = hms_builder_text(b, text);
	hms_builder_memory(b, t)->name = hms_builder_text(b, "a GPU");
}

static void add_link(struct random *r, struct hms_builder *b, unsigned n)
{
	unsigned targets = hms_builder_targets(b);
	unsigned initiators = hms_builder_initiators(b);
	char id[32];
	int link;

	snprintf(id, sizeof(id), "link:%u", n);
	link = hms_builder_link(b, id);
	hms_builder_link_at(b, link)->coherent = random_chance(r, 90);
	any_perf(r, hms_builder_link_perf, b, link);
	/* Some only lead somewhere, some are only led to. */
	if (random_chance(r, 60))
		for (unsigned i = random_below(r, 3) + 1; i; i--)
			hms_builder_link_target(
				b, link, (int)random_below(r, targets));
	if (random_chance(r, 50))
		for (unsigned i = random_below(r, 3) + 1; i; i--)
			hms_builder_link_initiator(
				b, link, (int)random_below(r, initiators));
}

static void add_bridge(struct random *r, struct hms_builder *b, unsigned n)
{
	unsigned links = hms_builder_links(b);
	char id[32];
	int bridge;

	snprintf(id, sizeof(id), "way:%u", n);
	bridge = hms_builder_bridge(b, random_chance(r, 30) ? id : NULL,
		(int)random_below(r, links), (int)random_below(r, links));
	if (bridge < 0)
		return;
	hms_builder_bridge_at(b, bridge)->coherent = random_chance(r, 90);
	any_perf(r, hms_builder_bridge_perf, b, bridge);
	if (random_chance(r, 25))
		for (unsigned i = random_below(r, 3) + 1; i; i--)
			hms_builder_bridge_initiator(b, bridge,
				(int)random_below(
					r, hms_builder_initiators(b)));
}

struct hms_graph *random_graph(uint64_t seed, unsigned size)
{
	struct random random = { seed }, *r = &random;
	struct hms_builder *b = hms_builder_new("", HMS_DEPTH_PATHS);
	unsigned nodes = 1 + random_below(r, size);
	unsigned devices = random_below(r, nodes / 2 + 2), links;
	struct hms_graph *graph;

	for (unsigned n = 0; n < nodes; n++)
		add_node(r, b, n);
	for (unsigned n = 0; n < devices; n++)
		add_device(r, b, n);
	links = nodes + devices + random_below(r, nodes + 2);
	for (unsigned n = 0; n < links; n++)
		add_link(r, b, n);
	/* From too few to get anywhere to several ways to everywhere. */
	for (unsigned n = random_below(r, links * 3 + 1); n; n--)
		add_bridge(r, b, n);
	graph = hms_builder_finish(b);
	if (!graph)
		abort();
	return graph;
}
