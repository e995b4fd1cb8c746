/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that comes and goes.  The kernel says so by uevents
 * (NETLINK_KOBJECT_UEVENT, kobject_uevent.c), which not everyone may hear;
 * a look every second finds what was missed, and recorded machines' changes.
 */
#include "tools/list/list.h"

#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "tools/cmd.h"

#define LOOK_MS 1000 /* between looks without an event */
#define QUIET_MS 200 /* a hot-added memory is many events */
#define SETTLE_MS 3000 /* but they may never end */

static int open_events(const char *root)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK,
		.nl_groups = 1 };
	int fd;

	if (root[0])
		return -1;
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		NETLINK_KOBJECT_UEVENT);
	if (fd >= 0 &&
		bind(fd, (const struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* "ACTION@PATH", then variables, each ended with a 0. */
static bool concerns_memory(const char *event, size_t len)
{
	static const char *const wanted[] = { "memory", "node", "dax", "cxl",
		"nd", "pci" };
	static const char key[] = "SUBSYSTEM=";

	for (size_t at = 0; at < len; at += strlen(event + at) + 1) {
		const char *text = event + at;

		if (strncmp(text, key, sizeof(key) - 1) != 0)
			continue;
		for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]);
			i++)
			if (!strcmp(text + sizeof(key) - 1, wanted[i]))
				return true;
	}
	return false;
}

/* Reads what is there; true if any of it is about memory. */
static bool drain(int fd)
{
	char buf[8192];
	bool any = false;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT)) != 0) {
		if (n < 0 && errno == ENOBUFS) {
			any = true; /* some are lost */
			continue;
		}
		if (n < 0)
			break;
		buf[n] = 0;
		any |= concerns_memory(buf, (size_t)n);
	}
	return any;
}

static uint64_t mix(uint64_t hash, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return hash;
}

static uint64_t mix_file(
	uint64_t hash, const char *root, const char *path, bool first_line)
{
	char buf[4096];
	struct hms_text name = HMS_TEXT(buf);
	FILE *file;

	hms_text_add(&name, "%s/%s", root, path);
	file = fopen(buf, "re");
	if (!file)
		return mix(hash, "-", 1);
	while (fgets(buf, sizeof(buf), file)) {
		hash = mix(hash, buf, strlen(buf));
		if (first_line)
			break;
	}
	fclose(file);
	return hash;
}

/* The names in a folder, in whichever order; of nodes, their sizes too. */
static uint64_t mix_folder(
	uint64_t hash, const char *root, const char *path, bool sizes)
{
	char buf[4096];
	struct hms_text name = HMS_TEXT(buf);
	struct dirent *entry;
	uint64_t sum = 0;
	DIR *dir;

	hms_text_add(&name, "%s/%s", root, path);
	dir = opendir(buf);
	while (dir && (entry = readdir(dir))) {
		sum += mix(1, entry->d_name, strlen(entry->d_name));
		if (!sizes || strncmp(entry->d_name, "node", 4) != 0)
			continue;
		name.len = 0;
		hms_text_add(&name, "%s/%s/meminfo", path, entry->d_name);
		sum += mix_file(mix(1, entry->d_name, strlen(entry->d_name)),
			root, buf, true);
	}
	if (dir)
		closedir(dir);
	return mix(hash, (const char *)&sum, sizeof(sum));
}

/* Cheap: differs if memory has come or gone. */
static uint64_t fingerprint(const char *root)
{
	static const char nodes[] = "sys/devices/system/node";
	uint64_t hash = 0xcbf29ce484222325;

	hash = mix_file(
		hash, root, "sys/devices/system/node/has_memory", false);
	hash = mix_file(hash, root, "sys/devices/system/node/online", false);
	hash = mix_folder(hash, root, nodes, true);
	hash = mix_folder(hash, root, "sys/bus/dax/devices", false);
	return mix_folder(hash, root, "sys/bus/pci/devices", false);
}

static void put_change(FILE *out, char sign, const struct hms_memory *memory)
{
	char human[16];

	fprintf(out, "%c %s %s %s\n", sign, memory->id,
		hms_kind_name(memory->kind),
		hms_text_human(memory->size, human));
}

/* "+ node:3 pmem 1 GiB"; how many there are. */
static unsigned put_changes(
	FILE *out, const struct hms_graph *old, const struct hms_graph *now)
{
	unsigned changes = 0;

	for (unsigned t = 0; t < old->ntargets; t++)
		if (hms_graph_target(now, old->targets[t].id) < 0) {
			put_change(out, '-', &old->targets[t]);
			changes++;
		}
	for (unsigned t = 0; t < now->ntargets; t++) {
		const struct hms_memory *memory = &now->targets[t], *before;
		int index = hms_graph_target(old, memory->id);
		char from[16], to[16];

		if (index < 0) {
			put_change(out, '+', memory);
			changes++;
			continue;
		}
		before = &old->targets[index];
		if (before->size == memory->size &&
			before->kind == memory->kind)
			continue;
		fprintf(out, "~ %s %s %s -> %s %s\n", memory->id,
			hms_kind_name(before->kind),
			hms_text_human(before->size, from),
			hms_kind_name(memory->kind),
			hms_text_human(memory->size, to));
		changes++;
	}
	return changes;
}

/* Until something may have changed. */
static void wait_for_change(int fd, const char *root, uint64_t *last)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	for (;;) {
		int ready = poll(&poller, 1, LOOK_MS);
		uint64_t now;

		if (ready > 0 && drain(fd))
			for (int quiet = 0; quiet < SETTLE_MS;
				quiet += QUIET_MS) {
				if (poll(&poller, 1, QUIET_MS) <= 0)
					break;
				drain(fd);
			}
		else if (ready > 0)
			continue;
		now = fingerprint(root);
		if (now != *last || ready > 0) {
			*last = now;
			return;
		}
	}
}

static bool flushed(void)
{
	return !fflush(stdout) && !ferror(stdout);
}

int list_watch(const char *root, const struct list_show *show)
{
	int fd = open_events(root);
	struct hms_graph *graph, *old = NULL;
	uint64_t last = fingerprint(root);
	int status;

	while (!(status = tool_machine_read("list", root, &graph))) {
		if (!old || put_changes(show->changes, old, graph))
			show->print(show, graph);
		if (old)
			hms_graph_free(old);
		old = graph;
		fflush(show->changes);
		if (!flushed())
			break;
		wait_for_change(fd, root, &last);
	}
	if (old)
		hms_graph_free(old);
	if (fd >= 0)
		close(fd);
	return status;
}
