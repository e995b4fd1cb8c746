/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/machine.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "engine/topology/topology.h"

struct machine machine;
struct hms_nodes machine_nodes;
struct hms_policy *machine_policy;
struct hms_places machine_places;
struct hms_diag machine_diag;
unsigned machine_missing;

int __wrap_hms_sys_mbind(void *addr, size_t len, int mode,
	const unsigned long *nodes, unsigned long bits, unsigned int flags);
int __wrap_hms_sys_madvise(void *addr, size_t len, int advice);
int __wrap_hms_sys_mincore(void *addr, size_t len, unsigned char *vec);
void __wrap_hms_node_memory(
	const char *root, unsigned node, struct hms_node_memory *memory);
void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);
void *__real_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off);

int __wrap_hms_sys_mbind(void *addr, size_t len, int mode,
	const unsigned long *nodes, unsigned long bits, unsigned int flags)
{
	size_t n;

	if (machine.refuse_bind && machine.nbinds >= machine.refuse_after &&
		(machine.refuse_mode < 0 || machine.refuse_mode == mode))
		return machine.refuse_bind;
	cr_assert(flags == 0 && bits <= HMS_MAX_NODES + 1);
	n = __atomic_fetch_add(&machine.nbinds, 1, __ATOMIC_RELAXED);
	cr_assert_lt(n, MACHINE_BINDS);
	machine.binds[n] = (struct machine_bind){
		(uintptr_t)addr,
		(uintptr_t)addr + len,
		mode,
		nodes ? nodes[0] : 0,
	};
	return 0;
}

int __wrap_hms_sys_madvise(void *addr, size_t len, int advice)
{
	(void)addr;
	(void)len;
	machine.advices[advice]++;
	return 0;
}

int __wrap_hms_sys_mincore(void *addr, size_t len, unsigned char *vec)
{
	(void)addr;
	memset(vec, machine.touched, len / 4096);
	return 0;
}

void __wrap_hms_node_memory(
	const char *root, unsigned node, struct hms_node_memory *memory)
{
	(void)root;
	machine.reads++;
	memset(memory, 0, sizeof(*memory));
	memory->total = machine_nodes.node[node].size;
	memory->free = machine.free[node];
	memory->cache = machine.cache[node];
}

void *__wrap_hms_sys_mmap(
	void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	if (machine.refuse_mmap)
		return (void *)-ENOMEM;
	return __real_hms_sys_mmap(addr, len, prot, flags, fd, off);
}

const char *machine_root(const char *name)
{
	static char path[400];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof(path), "%s/tests/unit/data/%s", top ? top : ".",
		name);
	return path;
}

int machine_resolve(const char *name, const char *policy)
{
	static struct hms_arena arena;
	struct hms_policy_input in = { .source = "test",
		.text = policy,
		.len = strlen(policy),
		.program = "program" };

	struct hms_topology_request request = { .root = machine_root(name),
		.depth = HMS_DEPTH_DEVICES };
	struct hms_graph *graph;

	cr_assert_eq(hms_topology_read(&request, &graph), 0);
	hms_topology_nodes(graph, &machine_nodes);
	for (unsigned n = 0; n < 64; n++)
		if (!machine.free[n])
			machine.free[n] = machine_nodes.node[n].size / 2;
	machine.refuse_mode = -1;
	cr_assert_eq(
		hms_policy_parse(&in, &arena, &machine_policy, &machine_diag),
		0, "%s", machine_diag.text);
	return hms_places_resolve(machine_policy, graph, &machine_nodes, &arena,
		&machine_places, &machine_missing, &machine_diag);
}

void machine_start(const char *name, const char *policy)
{
	cr_assert_eq(machine_resolve(name, policy), 0, "%s", machine_diag.text);
	hms_ranges_setup(&machine_places);
}

int machine_bind(uintptr_t start, size_t len)
{
	struct hms_range as = {
		.start = start,
		.end = start + len,
		.place = &machine_places.places[machine_places.rule_place[0]],
		.options = machine_policy->rules[0].options,
		.kind = HMS_RANGE_MAP,
	};

	return hms_range_bind(&as, PROT_READ | PROT_WRITE);
}

/* Bytes of a part whose pages the kernel would deal out by address. */
static size_t dealt_to(const struct machine_bind *bind, uintptr_t start,
	uintptr_t end, unsigned node)
{
	size_t len = end - start;

	if (!(bind->nodes >> node & 1))
		return 0;
	return bind->mode == MPOL_INTERLEAVE
		       ? len / (unsigned)__builtin_popcountl(bind->nodes)
		       : len;
}

size_t machine_bound_to(uintptr_t start, uintptr_t end, unsigned node)
{
	size_t sum = 0;

	for (size_t i = 0; i < machine.nbinds; i++) {
		const struct machine_bind *b = &machine.binds[i];

		if (b->end > start && b->start < end)
			sum += dealt_to(b, b->start > start ? b->start : start,
				b->end < end ? b->end : end, node);
	}
	return sum;
}

struct on_step {
	int step;
	size_t sum;
};

static void add_on_step(const struct hms_range *range, void *arg)
{
	struct on_step *wanted = arg;

	if (range->step == wanted->step)
		wanted->sum += range->end - range->start;
}

size_t machine_on_step(int step)
{
	struct on_step wanted = { step, 0 };

	hms_range_each(add_on_step, &wanted);
	return wanted.sum;
}
