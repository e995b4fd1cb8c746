/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NUMA nodes: one, all of a kind, or whichever is next to the toucher.
 *
 * Never MPOL_BIND: where it finds no page left, the OOM killer is let loose.
 * Preferring lets the kernel go elsewhere, which reports then show.
 * Sources: mbind(2), set_mempolicy(2), the kernel's
 * admin-guide/mm/numa_memory_policy.rst.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdatomic.h>
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/room.h"
#include "engine/target/nearest.h"
#include "engine/target/node.h"
#include "engine/topology/graph.h"
#include "engine/topology/nodes.h"

/* Not in every kernel's headers: Linux 5.15, 6.9. */
#define PREFERRED_MANY 5
#define WEIGHTED_INTERLEAVE 6

#define WORD_BITS (8 * sizeof(unsigned long))
/* mbind takes one more than there are bits (mbind(2), NOTES of libnuma). */
#define MASK_BITS (HMS_MAX_NODES + 1)

/* Set once the kernel is known not to have MPOL_PREFERRED_MANY. */
static atomic_bool one_only;

static void add_node(struct hms_target *target, unsigned n)
{
	target->nodes[n / WORD_BITS] |= 1UL << n % WORD_BITS;
	target->nnodes++;
}

static int no_such_node(const struct hms_target_spec *spec)
{
	const struct hms_nodes *nodes = spec->nodes;
	char buf[256];
	struct hms_text text = HMS_TEXT(buf);

	for (unsigned n = 0; n <= nodes->max; n++)
		if (nodes->node[n].present)
			hms_text_add(&text, "%s%u", text.len ? ", " : "", n);
	hms_policy_error(spec->policy, spec->term->line, spec->term->column,
		spec->diag, "there is no node %u here; nodes here: %s",
		spec->term->number, buf);
	return -EINVAL;
}

void hms_node_target(struct hms_target *target, const unsigned long *nodes)
{
	target->ops = &hms_target_node;
	for (unsigned n = 0; n < HMS_MAX_NODES; n++)
		if (nodes[n / WORD_BITS] >> n % WORD_BITS & 1)
			add_node(target, n);
}

/*
 * Is it one of those that LOCAL or KIND stands for?  Nodes that this process
 * may not use (cpuset.mems) are not, nor is a GPU's local to anybody.
 */
static bool is_meant(const struct hms_target_spec *spec,
	const struct hms_term *term, unsigned n)
{
	const struct hms_node *node = &spec->nodes->node[n];
	int target = hms_graph_node(spec->graph, n);

	if (!node->present ||
		(target >= 0 && !spec->graph->targets[target].allowed))
		return false;
	if (term->type == HMS_TERM_LOCAL)
		return node->has_cpu && node->kind != HMS_KIND_GPU;
	return node->kind == term->kind;
}

static int create(struct hms_target *target, const struct hms_target_spec *spec)
{
	const struct hms_term *term = spec->term;
	const struct hms_nodes *nodes = spec->nodes;

	if (term->type == HMS_TERM_NODE) {
		if (term->number > nodes->max ||
			!nodes->node[term->number].present)
			return no_such_node(spec);
		add_node(target, term->number);
		return 0;
	}
	target->local = term->type == HMS_TERM_LOCAL;
	for (unsigned n = 0; n <= nodes->max; n++)
		if (is_meant(spec, term, n))
			add_node(target, n);
	return target->nnodes || target->local ? 0 : -ENOENT;
}

static int emptiest(const struct hms_target *target)
{
	uint64_t best_free = 0, bytes;
	int best = -1;

	for (unsigned n = 0; n < HMS_MAX_NODES; n++) {
		if (!hms_target_has_node(target, n))
			continue;
		bytes = hms_node_room(n);
		if (best < 0 || bytes > best_free) {
			best_free = bytes;
			best = (int)n;
		}
	}
	return best;
}

/*
 * Kernels without MPOL_PREFERRED_MANY: the node of the mask that is nearest to
 * the caller, if it has room, or else the emptiest one.
 */
static int bind_one(const struct hms_target *target, void *addr, size_t len)
{
	unsigned long mask[HMS_MASK_WORDS] = { 0 };
	int node = hms_node_nearest(target, len, hms_room_root());

	if (node < 0)
		node = emptiest(target);
	if (node < 0)
		return -EINVAL;
	mask[node / WORD_BITS] = 1UL << node % WORD_BITS;
	return hms_sys_mbind(addr, len, MPOL_PREFERRED, mask, MASK_BITS, 0);
}

static int bind_many(const struct hms_target *target, void *addr, size_t len)
{
	int rc;

	if (atomic_load_explicit(&one_only, memory_order_relaxed))
		return bind_one(target, addr, len);
	rc = hms_sys_mbind(
		addr, len, PREFERRED_MANY, target->nodes, MASK_BITS, 0);
	if (rc != -EINVAL)
		return rc;
	/* The mode, or the mask?  If one of its nodes will do, the mode. */
	rc = bind_one(target, addr, len);
	if (!rc)
		atomic_store_explicit(&one_only, true, memory_order_relaxed);
	return rc;
}

static int bind(struct hms_target *target, void *addr, size_t len, int prot)
{
	int rc;

	if (target->local)
		rc = hms_sys_mbind(addr, len, MPOL_LOCAL, NULL, 0, 0);
	else if (target->nnodes > 1)
		rc = bind_many(target, addr, len);
	else
		rc = hms_sys_mbind(
			addr, len, MPOL_PREFERRED, target->nodes, MASK_BITS, 0);
	if (rc)
		hms_target_refused(target, "mbind", -rc);
	return rc;
}

static size_t room(struct hms_target *target)
{
	return hms_nodes_room(target);
}

const struct hms_target_ops hms_target_node = {
	.name = "node",
	.create = create,
	.bind = bind,
	.room = room,
};

bool hms_targets_overlap(const struct hms_target *a, const struct hms_target *b)
{
	for (size_t i = 0; i < HMS_MASK_WORDS; i++)
		if (a->nodes[i] & b->nodes[i])
			return true;
	return false;
}

/* The system's weight of a node for weighted interleave; 0: unknown. */
static unsigned system_weight(const char *root, unsigned node)
{
	char path[512], buf[16];
	struct hms_text text = HMS_TEXT(path);
	unsigned weight = 0;

	hms_text_add(&text,
		"%s/sys/kernel/mm/mempolicy/weighted_interleave/node%u", root,
		node);
	if (text.cut || hms_sys_read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	for (const char *p = buf; *p >= '0' && *p <= '9'; p++)
		weight = weight * 10 + (unsigned)(*p - '0');
	return weight;
}

static unsigned target_weight(const struct hms_target *target, const char *root)
{
	unsigned sum = 0, weight;

	for (unsigned n = 0; n < HMS_MAX_NODES; n++) {
		if (!hms_target_has_node(target, n))
			continue;
		weight = system_weight(root, n);
		if (!weight)
			return 0;
		sum += weight;
	}
	return sum;
}

enum hms_sharing hms_node_sharing(const struct hms_step *step, const char *root)
{
	bool evenly = true, weighted = true;

	for (unsigned i = 0; i < step->ntargets; i++) {
		const struct hms_target *target = step->targets[i];

		if (target->ops != &hms_target_node || target->local)
			return HMS_SHARE_STRIPES;
		for (unsigned j = 0; j < i; j++)
			if (hms_targets_overlap(target, step->targets[j]))
				return HMS_SHARE_STRIPES;
		evenly =
			evenly &&
			(uint64_t)step->weights[i] * step->targets[0]->nnodes ==
				(uint64_t)step->weights[0] * target->nnodes;
	}
	if (evenly)
		return HMS_SHARE_EVENLY;
	for (unsigned i = 0; weighted && i < step->ntargets; i++) {
		uint64_t first = target_weight(step->targets[0], root);
		uint64_t mine = target_weight(step->targets[i], root);

		weighted = mine &&
			   mine * step->weights[0] == first * step->weights[i];
	}
	return weighted ? HMS_SHARE_WEIGHTED : HMS_SHARE_STRIPES;
}

int hms_node_interleave(struct hms_step *step, void *addr, size_t len)
{
	unsigned long mask[HMS_MASK_WORDS] = { 0 };
	bool weighted = step->sharing == HMS_SHARE_WEIGHTED;
	int rc;

	for (unsigned i = 0; i < step->ntargets; i++)
		for (size_t word = 0; word < HMS_MASK_WORDS; word++)
			mask[word] |= step->targets[i]->nodes[word];
	rc = hms_sys_mbind(addr, len,
		weighted ? WEIGHTED_INTERLEAVE : MPOL_INTERLEAVE, mask,
		MASK_BITS, 0);
	/* A kernel that has the weights in sysfs, but not the mode?  Once. */
	if (rc == -EINVAL && weighted) {
		__atomic_store_n(
			&step->sharing, HMS_SHARE_STRIPES, __ATOMIC_RELAXED);
		return -EOPNOTSUPP;
	}
	if (rc)
		hms_target_refused(step->targets[0], "mbind", -rc);
	return rc;
}

bool hms_node_policy_set(void)
{
	int mode = MPOL_DEFAULT;

	if (hms_sys_get_mempolicy(&mode, NULL, 0, NULL, 0))
		return false;
	return mode != MPOL_DEFAULT;
}
