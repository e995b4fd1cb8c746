/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node -> node.  The kernel moves what it is given one by one; what becomes of
 * a block is read back, because a status says little: a page that was isolated
 * already is EBUSY though it moves, and a call that is interrupted leaves
 * statuses as they were.  No lock is held meanwhile: memory may be unmapped or
 * mapped anew under our feet, and a page that is on the wrong node for it.
 * Source: move_pages(2).
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "engine/mover/inside.h"
#include "engine/mover/look.h"
#include "engine/residency.h"
#include "engine/room.h"
#include "engine/target/node.h"

/* Pages that are in use may not be, a moment later. */
#define ROUNDS 3

enum pass {
	PASS_FIRST, /* see what is where, and move what is not there */
	PASS_AGAIN,
	PASS_CHECK, /* only see */
	PASS_BACK, /* what went goes home */
};

/* Pages of several blocks, moved by one call. */
static struct {
	struct hms_look look;
	uint8_t owner[HMS_LOOK_PAGES]; /* index of the block */
	int status[HMS_LOOK_PAGES];
	int node[HMS_LOOK_PAGES];
	void *asleep[HMS_LOOK_PAGES]; /* see residency.h */
	struct hms_moving *moving;
	int refused; /* -errno of a call as a whole */
} q;

static int target_node[HMS_MOVE_BATCH];
static int home_node[HMS_MOVE_BATCH];
static int never; /* the kernel refuses the call for good */

int hms_pages_supported(void)
{
	return never;
}

/* A target of several nodes takes it where most is free. */
static int node_of(const struct hms_target *target)
{
	uint64_t most = 0, room;
	int best = -1;

	for (unsigned n = 0; n < HMS_MAX_NODES; n++) {
		if (!hms_target_has_node(target, n))
			continue;
		if (target->nnodes == 1)
			return (int)n;
		room = hms_node_room(n);
		if (best < 0 || room > most) {
			most = room;
			best = (int)n;
		}
	}
	return best;
}

static bool is_on(const struct hms_moving *m, int node)
{
	return node >= 0 && node < HMS_MAX_NODES &&
	       hms_target_has_node(m->t->to, (unsigned)node);
}

/* Of a page that did not go; the weightiest reason names the block's. */
static void page_error(struct hms_moving *m, int err)
{
	static const struct {
		int err;
		enum hms_move_page end;
	} table[] = {
		{ -ENOMEM, HMS_PAGE_NOMEM },
		{ -ENODEV, HMS_PAGE_NOMEM },
		{ -EBUSY, HMS_PAGE_BUSY },
		{ -EAGAIN, HMS_PAGE_BUSY },
		{ -EACCES, HMS_PAGE_SHARED },
		{ -ENOENT, HMS_PAGE_GONE },
		{ -EFAULT, HMS_PAGE_GONE },
	};
	enum hms_move_page end = HMS_PAGE_OTHER;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].err == err)
			end = table[i].end;
	hms_move_count_page(end, 1);
	if (end == HMS_PAGE_GONE)
		return;
	if (end == HMS_PAGE_NOMEM)
		m->worst = -ENOSPC;
	else if (!m->worst)
		m->worst = -EBUSY;
}

/* The whole call failed. */
static void refuse(int err)
{
	q.refused = err == -ENOMEM || err == -ENODEV ? -ENOSPC : -EBUSY;
	if (err != -EPERM && err != -EACCES && err != -ENOSYS)
		return;
	q.refused = never = -EPERM;
	hms_log_once(HMS_LOG_WARN,
		"the kernel refuses move_pages (errno %d): memory is placed, not moved",
		-err);
}

/* All of them are there; some may be asleep. */
static long ask(void)
{
	struct hms_look *look = &q.look;
	long rc = hms_sys_move_pages(0, look->n, look->addr, NULL, q.status, 0);
	unsigned asleep = 0;

	for (unsigned i = 0; i < look->n && rc >= 0; i++)
		if (hms_page_sleeps(q.status[i]))
			q.asleep[asleep++] = look->addr[i];
	if (!asleep)
		return rc;
	hms_pages_wake(q.asleep, asleep);
	return hms_sys_move_pages(0, look->n, look->addr, NULL, q.status, 0);
}

/* Asks where the pages in hand are; counts the ones found. */
static void see(enum pass pass)
{
	const struct hms_look *look = &q.look;
	long rc = ask();

	if (rc < 0) {
		refuse((int)rc);
		return;
	}
	for (unsigned i = 0; i < look->n; i++) {
		struct hms_moving *m = &q.moving[q.owner[i]];

		if (q.status[i] < 0)
			continue;
		if (!is_on(m, q.status[i])) {
			m->left += look->bytes[i];
			if (pass == PASS_FIRST && home_node[q.owner[i]] < 0)
				home_node[q.owner[i]] = q.status[i];
		} else if (pass == PASS_FIRST) {
			m->there += look->bytes[i];
		} else {
			m->moved += look->bytes[i];
		}
	}
}

/* Keeps what is to go, and says where. */
static void choose(enum pass pass)
{
	struct hms_look *look = &q.look;
	unsigned n = 0;

	for (unsigned i = 0; i < look->n; i++) {
		const struct hms_moving *m = &q.moving[q.owner[i]];
		bool on = is_on(m, q.status[i]);

		if (q.status[i] < 0 || on != (pass == PASS_BACK))
			continue;
		q.node[n] =
			on ? home_node[q.owner[i]] : target_node[q.owner[i]];
		look->addr[n] = look->addr[i];
		look->bytes[n] = look->bytes[i];
		q.owner[n++] = q.owner[i];
	}
	look->n = n;
}

static void flush(enum pass pass)
{
	struct hms_look *look = &q.look;
	long rc;

	if (!look->n || q.refused)
		return;
	see(pass);
	if (!q.refused && pass != PASS_CHECK)
		choose(pass);
	if (!q.refused && pass != PASS_CHECK && look->n) {
		memset(q.status, 0, look->n * sizeof(q.status[0]));
		rc = hms_sys_move_pages(
			0, look->n, look->addr, q.node, q.status, MPOL_MF_MOVE);
		if (rc < 0)
			refuse((int)rc);
		for (unsigned i = 0; i < look->n && rc >= 0; i++)
			if (q.status[i] < 0)
				page_error(&q.moving[q.owner[i]], q.status[i]);
	}
	look->n = 0;
}

/* One pass over the blocks that are wanted. */
static void pass_over(struct hms_moving *moving, unsigned n, enum pass pass,
	bool (*wanted)(const struct hms_moving *m))
{
	struct hms_look *look = &q.look;

	q.moving = moving;
	look->n = 0;
	for (unsigned i = 0; i < n && !q.refused; i++) {
		struct hms_moving *m = &moving[i];

		if (!wanted(m))
			continue;
		m->left = m->moved = 0;
		for (look->next = m->t->start; look->next < m->t->end;) {
			unsigned had = look->n;
			int rc = hms_look(look, m->t->end, pass == PASS_FIRST);

			if (rc < 0) {
				m->worst = -EOPNOTSUPP;
				m->left = m->t->end - m->t->start;
				break;
			}
			memset(q.owner + had, (int)i, look->n - had);
			if (look->n == HMS_LOOK_PAGES)
				flush(pass);
			if (q.refused)
				break;
		}
	}
	flush(pass);
}

static bool any(const struct hms_moving *m)
{
	return m->worst != -EOPNOTSUPP;
}

static bool has_left(const struct hms_moving *m)
{
	return m->left && m->worst != -EOPNOTSUPP;
}

static bool is_torn(const struct hms_moving *m)
{
	return m->torn;
}

/* Blocks of which some pages went, and some did not, stay whole. */
static void bring_back(struct hms_moving *moving, unsigned n)
{
	size_t went[HMS_MOVE_BATCH], stray = 0, undone = 0;
	int worst[HMS_MOVE_BATCH];
	bool torn = false;

	for (unsigned i = 0; i < n; i++) {
		struct hms_moving *m = &moving[i];

		m->torn = m->left && m->moved > m->there;
		went[i] = m->torn ? m->moved : 0;
		worst[i] = m->worst;
		torn |= m->torn;
	}
	for (int round = 0; torn && round < ROUNDS; round++) {
		pass_over(moving, n, PASS_BACK, is_torn);
		pass_over(moving, n, PASS_CHECK, is_torn);
		torn = false;
		for (unsigned i = 0; i < n; i++) {
			moving[i].torn &= moving[i].moved != 0;
			torn |= moving[i].torn;
		}
	}
	for (unsigned i = 0; i < n; i++) {
		moving[i].worst = worst[i];
		stray += went[i] ? moving[i].moved : 0;
		if (went[i] > moving[i].moved)
			undone += went[i] - moving[i].moved;
	}
	hms_move_count_undone(undone, stray);
}

/* refused: -errno of a call as a whole, or 0. */
static void conclude(struct hms_moving *m, int refused)
{
	struct hms_transfer *t = m->t;

	t->left = m->left;
	t->moved = m->moved > m->there ? m->moved - m->there : 0;
	if (m->worst == -EOPNOTSUPP)
		t->result = m->worst;
	else if (m->left)
		t->result = refused ? refused : m->worst ? m->worst : -EBUSY;
	else if (!m->moved && !m->there)
		t->result = refused ? refused : -ENOENT;
	else
		t->result = 0;
	if (t->result)
		t->moved = 0;
}

void hms_pages_move(struct hms_moving *moving, unsigned n)
{
	int refused;

	q.refused = never;
	for (unsigned i = 0; i < n; i++) {
		struct hms_moving *m = &moving[i];

		m->there = m->left = m->moved = 0;
		home_node[i] = -1;
		target_node[i] = node_of(m->t->to);
		m->worst = target_node[i] < 0 ? -EOPNOTSUPP : 0;
	}
	pass_over(moving, n, PASS_FIRST, any);
	pass_over(moving, n, PASS_CHECK, any);
	for (int round = 1; round < ROUNDS && !q.refused; round++) {
		bool more = false;

		for (unsigned i = 0; i < n; i++) {
			more |= has_left(&moving[i]);
			if (has_left(&moving[i]))
				moving[i].worst = 0;
		}
		if (!more)
			break;
		pass_over(moving, n, PASS_AGAIN, has_left);
		pass_over(moving, n, PASS_CHECK, has_left);
	}
	refused = q.refused;
	/* What was moved before the call failed is to be known, and undone. */
	q.refused = never;
	if (refused)
		pass_over(moving, n, PASS_CHECK, any);
	bring_back(moving, n);
	for (unsigned i = 0; i < n; i++)
		conclude(&moving[i], refused);
}
