/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/topology/order.h"

#include <errno.h>
#include <string.h>

#include "engine/target/target.h"

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

int hms_id_compare(const char *a, const char *b)
{
	const char *const start[2] = { a, b };

	while (*a && *b) {
		size_t m = 0, n = 0;
		int order;

		if (!digit(*a) || !digit(*b)) {
			if (*a != *b)
				return (unsigned char)*a - (unsigned char)*b;
			a++;
			b++;
			continue;
		}
		a += strspn(a, "0");
		b += strspn(b, "0");
		while (digit(a[m]))
			m++;
		while (digit(b[n]))
			n++;
		order = m != n ? (m < n ? -1 : 1) : memcmp(a, b, m);
		if (order)
			return order;
		a += m;
		b += n;
	}
	if (*a || *b)
		return *a ? 1 : -1;
	/* "node:01" is not "node:1". */
	return strcmp(start[0], start[1]);
}

void hms_order(unsigned *items, unsigned n, unsigned *spare,
	int (*compare)(const void *context, unsigned a, unsigned b),
	const void *context)
{
	unsigned half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	/* As deep as n has bits. */
	hms_order(items, half, spare, compare, context);
	hms_order(items + half, n - half, spare, compare, context);
	/* Often they are in order already. */
	if (compare(context, items[half - 1], items[half]) <= 0)
		return;
	memcpy(spare, items, half * sizeof(*items));
	while (i < half && j < n)
		items[k++] = compare(context, spare[i], items[j]) <= 0
				     ? spare[i++]
				     : items[j++];
	while (i < half)
		items[k++] = spare[i++];
}

/* What is at hand while steps are made. */
struct making {
	const struct hms_graph *graph;
	const struct hms_orders *orders;
	struct hms_arena *arena;
	struct hms_ranking *out;
	unsigned nchosen; /* of each order, from its start */
	bool *taken; /* [ntargets]: by a step, or the one in hand */
	bool *has_cpu; /* [HMS_MAX_NODES] */
	unsigned *members; /* of the union in hand, then of one kind */
	unsigned *parts;
};

/* Takes those refused by some CPU out of the orders of all. */
static void drop_refused(struct making *m)
{
	const struct hms_candidate *candidates = m->out->candidates;

	for (unsigned i = 0; i < m->orders->n; i++) {
		unsigned *order = m->orders->orders[i], n = 0;

		for (unsigned k = 0; k < m->graph->ntargets; k++)
			if (candidates[order[k]].verdict == HMS_CHOSEN)
				order[n++] = order[k];
		m->nchosen = n;
	}
}

static int by_number(const void *context, unsigned a, unsigned b)
{
	(void)context;
	return a < b ? -1 : a > b;
}

static int add_step(struct making *m, const unsigned *members, unsigned n)
{
	struct hms_ranking *out = m->out;
	struct hms_rank_step *step = &out->steps[out->nsteps];

	step->targets =
		hms_arena_alloc(m->arena, 2 * n * sizeof(*step->targets));
	if (!step->targets)
		return -ENOMEM;
	memcpy(step->targets, members, n * sizeof(*members));
	step->ntargets = n;
	hms_order(step->targets, n, step->targets + n, by_number, NULL);
	for (unsigned i = 0; i < n; i++)
		out->candidates[members[i]].step = out->nsteps;
	out->nsteps++;
	return 0;
}

/* How far into a node's zonelist another one is; 0: unknown. */
static unsigned distance(const struct making *m, int from, int to)
{
	unsigned d;

	if (from < 0 || to < 0)
		return 0;
	if (from == to)
		return 1;
	d = hms_graph_distance(m->graph, (unsigned)from, (unsigned)to);
	return d ? 1 + d + (to < from) + m->has_cpu[to] : 0;
}

/* Would the kernel give a CPU another kind than its k-th choice? */
static bool misled(const struct making *m, unsigned i, unsigned k, unsigned n)
{
	const struct hms_memory *targets = m->graph->targets;
	const struct hms_memory *own = &targets[m->orders->orders[i][k]];
	int node = m->graph->initiators[m->orders->cpus[i]].node;
	unsigned far = distance(m, node, own->node), d;
	bool there = false;

	for (unsigned j = 0; j < n && !there; j++)
		there = &targets[m->members[j]] == own;
	if (!there || !far)
		return false;
	for (unsigned j = 0; j < n; j++) {
		const struct hms_memory *other = &targets[m->members[j]];

		if (other->kind == own->kind)
			continue;
		d = distance(m, node, other->node);
		if (d && d <= far)
			return true;
	}
	return false;
}

static bool kinds_differ(const struct making *m, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (m->graph->targets[m->members[i]].kind !=
			m->graph->targets[m->members[0]].kind)
			return true;
	return false;
}

/* A step for each kind, that of the best target first. */
static int add_kinds(struct making *m, unsigned n)
{
	const struct hms_memory *targets = m->graph->targets;
	int rc = 0;

	hms_order(m->members, n, m->parts, m->orders->compare,
		m->orders->context);
	while (n && !rc) {
		enum hms_kind kind = targets[m->members[0]].kind;
		unsigned part = 0, rest = 0;

		for (unsigned i = 0; i < n; i++)
			if (targets[m->members[i]].kind == kind)
				m->parts[part++] = m->members[i];
			else
				m->members[rest++] = m->members[i];
		n = rest;
		rc = add_step(m, m->parts, part);
	}
	return rc;
}

static int add_union(struct making *m, unsigned k)
{
	unsigned n = 0;
	bool split = false;

	for (unsigned i = 0; i < m->orders->n; i++) {
		unsigned target = m->orders->orders[i][k];

		if (m->taken[target])
			continue;
		m->taken[target] = true;
		m->members[n++] = target;
	}
	if (!n)
		return 0;
	for (unsigned i = 0; i < m->orders->n && !split; i++)
		split = kinds_differ(m, n) && misled(m, i, k, n);
	return split ? add_kinds(m, n) : add_step(m, m->members, n);
}

static void find_cpu_nodes(struct making *m)
{
	for (unsigned i = 0; m->orders->cpus && i < m->orders->n; i++) {
		int node = m->graph->initiators[m->orders->cpus[i]].node;

		if (node >= 0 && node < HMS_MAX_NODES)
			m->has_cpu[node] = true;
	}
}

int hms_rank_steps(const struct hms_graph *graph,
	const struct hms_orders *orders, struct hms_arena *arena,
	struct hms_arena *scratch, struct hms_ranking *out)
{
	struct making m = {
		.graph = graph, .orders = orders, .arena = arena, .out = out
	};
	unsigned n = graph->ntargets;
	size_t size = n * sizeof(*m.members) + 1;
	int rc = 0;

	m.taken = hms_arena_alloc(scratch, n + 1);
	m.has_cpu = hms_arena_alloc(scratch, HMS_MAX_NODES);
	m.members = hms_arena_alloc(scratch, size);
	m.parts = hms_arena_alloc(scratch, size);
	out->steps = hms_arena_alloc(arena, n * sizeof(*out->steps) + 1);
	if (!m.taken || !m.has_cpu || !m.members || !m.parts || !out->steps)
		return -ENOMEM;
	find_cpu_nodes(&m);
	drop_refused(&m);
	for (unsigned k = 0; k < m.nchosen && !rc; k++)
		rc = orders->cpus ? add_union(&m, k)
				  : add_step(&m, &orders->orders[0][k], 1);
	return rc;
}
