/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/tree.h"

#include <bsd/sys/tree.h>
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/sys.h"

#define SLAB_SIZE ((size_t)64 << 10)

struct node {
	struct hms_range range;
	RB_ENTRY(node) entry; /* left also links free nodes */
	bool stripe;
};

static int compare(const struct node *a, const struct node *b)
{
	if (a->range.start < b->range.start)
		return -1;
	return a->range.start > b->range.start;
}

RB_HEAD(tree, node);
/* RB_GENERATE_STATIC of libbsd leans on a macro that it does not define. */
RB_GENERATE_INTERNAL(tree, node, entry, compare, __attribute__((unused)) static)

static struct tree tree = RB_INITIALIZER(&tree);
static struct node *unused;
static size_t count, stripes; /* atomic */

static void add_to(size_t *counter, size_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void put_node(struct node *node)
{
	RB_LEFT(node, entry) = unused;
	unused = node;
}

static struct node *get_node(void)
{
	struct node *node = unused;

	if (!node) {
		node = hms_sys_mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (hms_sys_failed(node))
			return NULL;
		for (size_t i = 0; i < SLAB_SIZE / sizeof(*node); i++)
			put_node(&node[i]);
		node = unused;
	}
	unused = RB_LEFT(node, entry);
	return node;
}

static void link_node(struct node *node)
{
	RB_INSERT(tree, &tree, node);
	add_to(&count, 1);
	add_to(&stripes, node->stripe);
}

static void unlink_node(struct node *node)
{
	RB_REMOVE(tree, &tree, node);
	add_to(&count, (size_t)-1);
	add_to(&stripes, -(size_t)node->stripe);
	put_node(node);
}

/* The piece with the highest start that is not above addr. */
static struct node *at_or_below(uintptr_t addr)
{
	struct node *node = RB_ROOT(&tree), *best = NULL;

	while (node) {
		if (node->range.start <= addr) {
			best = node;
			node = RB_RIGHT(node, entry);
		} else {
			node = RB_LEFT(node, entry);
		}
	}
	return best;
}

static bool continues(const struct hms_range *a, const struct hms_range *b)
{
	return a->end == b->start && a->place == b->place &&
	       a->target == b->target && a->rule == b->rule &&
	       a->step == b->step && a->options == b->options &&
	       a->kind == b->kind && a->site == b->site &&
	       a->reserve == b->reserve;
}

int hms_tree_add(const struct hms_range *range, bool stripe)
{
	struct node *before = at_or_below(range->start);
	struct node *after =
		before ? RB_NEXT(tree, &tree, before) : RB_MIN(tree, &tree);
	struct node *node;

	if (before && continues(&before->range, range)) {
		before->range.end = range->end;
		if (after && continues(&before->range, &after->range)) {
			before->range.end = after->range.end;
			unlink_node(after);
		}
		return 0;
	}
	if (after && continues(range, &after->range)) {
		/* Still between the same neighbours: the order holds. */
		after->range.start = range->start;
		return 0;
	}
	node = get_node();
	if (!node)
		return -ENOMEM;
	node->range = *range;
	node->stripe = stripe;
	link_node(node);
	return 0;
}

static struct node *first(uintptr_t start, uintptr_t end)
{
	struct node *node = at_or_below(start);

	if (!node)
		node = RB_MIN(tree, &tree);
	else if (node->range.end <= start)
		node = RB_NEXT(tree, &tree, node);
	return node && node->range.start < end ? node : NULL;
}

bool hms_tree_take(uintptr_t start, uintptr_t end, struct hms_range *taken,
	struct hms_range *lost)
{
	struct node *node = first(start, end), *rest;

	lost->start = lost->end = 0;
	if (!node)
		return false;
	*taken = node->range;
	if (taken->start < start)
		taken->start = start;
	if (taken->end > end)
		taken->end = end;
	if (taken->start == node->range.start) {
		if (taken->end == node->range.end)
			unlink_node(node);
		else
			node->range.start = taken->end;
		return true;
	}
	if (taken->end < node->range.end) {
		rest = get_node();
		if (rest) {
			rest->range = node->range;
			rest->range.start = taken->end;
			rest->stripe = false;
			link_node(rest);
		} else {
			*lost = node->range;
			lost->start = taken->end;
		}
	}
	node->range.end = taken->start;
	return true;
}

const struct hms_range *hms_tree_first(uintptr_t start, uintptr_t end)
{
	struct node *node = first(start, end);

	return node ? &node->range : NULL;
}

const struct hms_range *hms_tree_after(const struct hms_range *range)
{
	struct node *node = (struct node *)((uintptr_t)range -
					    offsetof(struct node, range));

	node = RB_NEXT(tree, &tree, node);
	return node ? &node->range : NULL;
}

struct hms_range *hms_tree_edit(const struct hms_range *range)
{
	return &((struct node *)((uintptr_t)range -
				 offsetof(struct node, range)))
			->range;
}

size_t hms_tree_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

size_t hms_tree_stripes(void)
{
	return __atomic_load_n(&stripes, __ATOMIC_RELAXED);
}
