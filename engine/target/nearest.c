/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/target/nearest.h"

#include <fcntl.h>

#include "base/sys.h"
#include "base/text.h"
#include "engine/room.h"
#include "engine/target/node.h"

/* A file of numbers, read in pieces: a row of 1,024 is longer than a page. */
struct numbers {
	int fd;
	ssize_t at, len;
	char buf[128];
};

static void start(struct numbers *n, const char *root, const char *name)
{
	char path[320];
	struct hms_text text = HMS_TEXT(path);

	hms_text_add(&text, "%s/sys/devices/system/node/%s", root, name);
	n->fd = text.cut ? -1 : hms_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	n->at = n->len = 0;
}

static void end(struct numbers *n)
{
	if (n->fd >= 0)
		hms_sys_close(n->fd);
}

/* The next byte, 0 at the end; it stays until at moves. */
static char peek(struct numbers *n)
{
	if (n->at == n->len && n->fd >= 0) {
		n->len = hms_sys_read(n->fd, n->buf, sizeof(n->buf));
		n->at = 0;
	}
	return n->at < n->len ? n->buf[n->at] : 0;
}

/* The next number, up to what follows it; false: there is none. */
static bool next(struct numbers *n, unsigned *out)
{
	char c = peek(n);

	while (c && (c < '0' || c > '9')) {
		n->at++;
		c = peek(n);
	}
	if (!c)
		return false;
	*out = 0;
	while (c >= '0' && c <= '9') {
		*out = *out * 10 + (unsigned)(c - '0');
		n->at++;
		c = peek(n);
	}
	return true;
}

/* Nodes of a list such as "0-3,8", one after the other. */
struct list {
	struct numbers numbers;
	unsigned now, last;
	bool running; /* in a range, not at its last node yet */
};

static bool next_node(struct list *list, unsigned *node)
{
	if (list->running) {
		*node = ++list->now;
	} else {
		if (!next(&list->numbers, &list->now))
			return false;
		*node = list->last = list->now;
		if (peek(&list->numbers) == '-')
			next(&list->numbers, &list->last);
	}
	list->running = list->now < list->last;
	return *node < HMS_MAX_NODES;
}

int hms_node_nearest(
	const struct hms_target *target, size_t len, const char *root)
{
	struct list online = { .running = false };
	struct numbers row;
	unsigned own, node, distance, least = 0;
	char name[32];
	struct hms_text text = HMS_TEXT(name);
	int best = -1;

	if (hms_sys_getcpu(NULL, &own))
		return -1;
	hms_text_add(&text, "node%u/distance", own);
	start(&online.numbers, root, "online");
	start(&row, root, name);
	while (next_node(&online, &node) && next(&row, &distance)) {
		if (!hms_target_has_node(target, node) ||
			(best >= 0 && distance >= least) ||
			hms_node_room(node) < len)
			continue;
		best = (int)node;
		least = distance;
	}
	end(&row);
	end(&online.numbers);
	return best;
}
