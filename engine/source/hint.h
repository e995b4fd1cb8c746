/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of NUMA hint faults, apart from the kernel.
 *
 * The kernel marks the pages of a process every second or more; the next
 * access of each faults.  When it did so is not told.  Marking goes through
 * memory in order, so all of a chunk of 64 MiB is taken to be marked when the
 * first fault comes after a silence of 0.3 s [shared reference on statistics,
 * section 3], or when a page faults that has faulted since.
 */
#ifndef HMS_ENGINE_SOURCE_HINT_H
#define HMS_ENGINE_SOURCE_HINT_H

#include "base/array.h"
#include "engine/source/pieces.h"
#include "engine/source/purse.h"
#include "engine/source/source.h"
#include "engine/source/split.h"

#define HMS_CHUNK ((uintptr_t)64 << 20)
#define HMS_CHUNK_PAGES (HMS_CHUNK / 4096)
#define HMS_CHUNK_BLOCKS (HMS_CHUNK / HMS_SOURCE_BLOCK)

struct hms_chunk {
	uintptr_t start;
	uint64_t marked; /* ns; 0: not known yet */
	uint64_t last; /* fault */
	uint64_t told; /* exposure is told up to here */
	unsigned markings; /* so many were noticed */
	uint64_t block[HMS_CHUNK_BLOCKS]; /* last fault in it, ns */
	/* Huge pages: did several fault at once as it was marked? */
	bool sure;
	uint64_t held_at; /* the first of them, not told yet; 0: none */
	struct hms_sight held;
	/* By page: is it there, and has it faulted since it was marked? */
	uint64_t known[HMS_CHUNK_PAGES / 64];
	uint64_t faulted[HMS_CHUNK_PAGES / 64];
};

/*
 * A fault in the chunk.  huge: its memory is mapped by huge pages, where one
 * fault is of a whole block.  pieces: what is watched.  A page's first fault
 * ever may be its first touch: it is only remembered.
 *
 * A huge page may be the only one of its chunk that is ever accessed; then it
 * is itself what shows the marking.  It must have been marked again a period
 * after its last fault, so it went without access at least since then.  Not so
 * if others fault within 2 ms of it: all of them were accessed at once.  Until
 * then it is held back.
 * *period: the shortest between two faults of a block so far; 0 at first.
 */
void hms_chunk_fault(struct hms_chunk *chunk, const struct hms_fault *fault,
	bool huge, const struct hms_pieces *pieces, uint64_t *period,
	const struct hms_sights *sights);
/* Exposure of what has not faulted, since it was told last. */
void hms_chunk_tell(struct hms_chunk *chunk, uint64_t now, bool huge,
	const struct hms_pieces *pieces, const struct hms_sights *sights);
/* Nobody came since it must have been marked, at this time or before. */
void hms_chunk_silent(struct hms_chunk *chunk, uint64_t now);

/*
 * How the kernel is made to balance memory.  It unmaps pages of a policy with
 * MPOL_F_NUMA_BALANCING, and at the fault moves them to the node of the CPU
 * that faulted if the policy names it; where pages are is HMS's to say.  So the
 * policy names nodes without CPUs, the calm ones: pages fault and stay.
 * Source: the kernel's mm/mempolicy.c, mpol_misplaced().
 */
struct hms_balance {
	bool bind_only; /* the kernel balances MPOL_BIND only */
	/* Calm nodes have no room: all are named, and the kernel may move. */
	bool crowded;
	unsigned long all[HMS_POLICY_WORDS]; /* that the process may use */
	unsigned long calm[HMS_POLICY_WORDS]; /* of these */
};

/* Fills in the nodes.  0 or -errno. */
int hms_balance_look(struct hms_balance *balance);
bool hms_balance_has_calm(const struct hms_balance *balance);
/*
 * MPOL_BIND to nodes without room lets the OOM killer loose.  Have the calm
 * ones what may be wanted of them within seconds, if so much memory is bound
 * to them, all of it there: as much again after a fork, or a gigabyte and a
 * quarter of it, which nobody copies as fast?
 */
bool hms_balance_roomy(const struct hms_balance *balance, uint64_t bytes);
/*
 * The policy that is to be set so that the kernel balances memory that had
 * this one.  0; -EOPNOTSUPP: such memory cannot be balanced.
 */
int hms_balanced(const struct hms_balance *balance,
	const struct hms_mempolicy *had, struct hms_mempolicy *out);
/* Would new pages go elsewhere under it?  Then all are to be there before. */
bool hms_balanced_strays(
	const struct hms_mempolicy *had, const struct hms_mempolicy *now);
/* Does the kernel take it?  A block at addr keeps it.  0 or -errno. */
int hms_balance_try(const struct hms_balance *balance, void *addr);

/* state[] of a piece; POLICY: index + 1 of what it had, 0: as it was. */
enum { HMS_HINT_POLICY, HMS_HINT_PENDING, HMS_HINT_HUGE };

/* Memory that the kernel balances for us; all zero but `balance`: none yet. */
struct hms_hint_bound {
	struct hms_balance balance;
	struct hms_array policies; /* struct hms_mempolicy */
	uint64_t tended; /* ns */
	uint64_t tried, try_gap; /* pending pieces, ns */
	unsigned turned; /* pieces that were turned on, so far */
	uintptr_t checked; /* up to here policies have been looked at */
};

/* Or it is PENDING: not all of its pages are there. */
void hms_hint_turn_on(struct hms_hint_bound *bound, struct hms_watched *piece);
/* It gets what it had; pieces stay as they are. */
void hms_hint_turn_off(struct hms_hint_bound *bound, struct hms_pieces *pieces,
	uintptr_t start, uintptr_t end);
/* There are new ones that may be pending. */
void hms_hint_try_soon(struct hms_hint_bound *bound);
/*
 * Once a second: pending pieces, or those parts of them of which all pages are
 * there, are tried again, and what others gave another
 * policy is balanced again.  True if a piece was turned on.
 */
bool hms_hint_tend(struct hms_hint_bound *bound, struct hms_pieces *pieces,
	uint64_t now, const struct hms_purse *purse);
/* In a forked child, where nobody tends it: its memory gets what it had. */
void hms_hint_child(struct hms_hint_bound *bound, struct hms_pieces *pieces);

#endif
