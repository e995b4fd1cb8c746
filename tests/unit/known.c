/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of a machine besides what its kernel shows: measurements,
 * hms.conf, recorded devices; and where these files are.
 */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "engine/topology/readers.h"
#include "engine/topology/text.h"
#include "engine/topology/where.h"

static char root[64], path[128];
static bool privileged;

char *__wrap_secure_getenv(const char *name);
char *__wrap_secure_getenv(const char *name)
{
	return privileged ? NULL : getenv(name);
}

static void make_root(void)
{
	privileged = false;
	strcpy(root, "/tmp/hms-known.XXXXXX");
	cr_assert(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/hms", root);
	cr_assert_eq(mkdir(path, 0700), 0);
}

static void remove_root(void)
{
	static const char *const names[] = { "hms/measured", "hms/conf",
		"hms/devices", "hms/hms.conf", "hms", "" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		remove(path);
	}
}

TestSuite(known, .init = make_root, .fini = remove_root);

static void put(const char *name, const char *text)
{
	FILE *out;

	snprintf(path, sizeof(path), "%s/hms/%s", root, name);
	out = fopen(path, "w");
	cr_assert(out);
	fputs(text, out);
	cr_assert_eq(fclose(out), 0);
}

/* Two nodes with CPUs and one without, as nodes and access leave them. */
static struct hms_builder *machine(const char *at)
{
	struct hms_builder *b = hms_builder_new(at, HMS_DEPTH_PATHS);

	cr_assert(b);
	for (int n = 0; n < 3; n++) {
		char id[16];
		int target, link, cpu;

		snprintf(id, sizeof(id), "node:%d", n);
		target = hms_builder_target(b, id);
		hms_builder_node(b, target, n, HMS_FIRMWARE);
		hms_builder_size(b, target, UINT64_C(64) << 30, HMS_FIRMWARE);
		snprintf(id, sizeof(id), "memory:%d", n);
		link = hms_builder_link(b, id);
		hms_builder_link_target(b, link, target);
		hms_builder_link_perf(
			b, link, HMS_READ_LATENCY, 100, HMS_FIRMWARE);
		hms_builder_link_perf(
			b, link, HMS_READ_BANDWIDTH, 50000, HMS_FIRMWARE);
		snprintf(id, sizeof(id), "cpu:%d", n % 2);
		cpu = hms_builder_initiator(b, id, HMS_INITIATOR_CPU);
		hms_builder_at(b, cpu)->node = n % 2;
		hms_builder_at(b, cpu)->cpus = n % 2 ? "4-7" : "0-3";
		hms_builder_link_initiator(b, link, cpu);
	}
	return b;
}

static const struct hms_perf *pair(struct hms_graph *graph, const char *id)
{
	static const struct hms_perf none;

	for (unsigned i = 0; i < graph->nlinks; i++)
		if (!strcmp(graph->links[i].id, id))
			return &graph->links[i].perf;
	return &none;
}

/* "FILE" is replaced by the path of what was put last. */
static void finding(
	const struct hms_graph *graph, unsigned index, const char *rest)
{
	char wanted[512];

	cr_assert_lt(index, graph->nfindings, "no finding %s", rest);
	snprintf(wanted, sizeof(wanted), "%s%s", path, rest);
	cr_assert_str_eq(graph->findings[index], wanted);
}

/* Catches values that go to another measure, pair or origin. */
Test(known, measured_values_are_of_their_pair)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;
	const struct hms_perf *perf;

	put("measured", "# a comment\n"
			"v1 fits node:0 size=60G cpus=0-3\n"
			"v1 link cpu:0-node:1 read-latency=150ns "
			"loaded-latency=400ns@measured "
			"read-bandwidth=30000MB/s@measured\n");
	hms_read_measured(b);
	graph = hms_builder_finish(b);
	perf = pair(graph, "cpu:0-node:1");
	cr_assert_eq(perf->value[HMS_READ_LATENCY], 150);
	cr_assert_eq(perf->origin[HMS_READ_LATENCY], HMS_MEASURED);
	cr_assert_eq(perf->value[HMS_READ_BANDWIDTH], 30000);
	cr_assert_eq(perf->origin[HMS_WRITE_LATENCY], HMS_UNKNOWN);
	cr_assert_eq(perf->origin[HMS_WRITE_BANDWIDTH], HMS_UNKNOWN);
	cr_assert_eq(pair(graph, "memory:1")->value[HMS_READ_LATENCY], 100);
	cr_assert_eq(graph->nfindings, 0);
	hms_graph_free(graph);
}

/* Catches the order of trust turned round. */
Test(known, users_word_is_the_last)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;

	put("measured", "v1 link cpu:0-node:1 read-latency=150ns\n");
	put("conf", "link cpu:0-node:1 latency=240ns\n"
		    "target node:2 kind=hbm\n");
	hms_read_conf(b);
	hms_read_measured(b);
	graph = hms_builder_finish(b);
	cr_assert_eq(pair(graph, "cpu:0-node:1")->value[HMS_READ_LATENCY], 240);
	cr_assert_eq(pair(graph, "cpu:0-node:1")->origin[HMS_READ_LATENCY],
		HMS_USER);
	cr_assert_eq(graph->targets[2].kind, HMS_KIND_HBM);
	cr_assert_eq(graph->targets[2].origin[HMS_FIELD_KIND], HMS_USER);
	cr_assert_eq(graph->nfindings, 0);
	hms_graph_free(graph);
}

/*
 * Catches values of memory that was taken out or replaced, and leaving more
 * out than what changed; a balloon's or kernel's share is no change.
 */
Test(known, a_node_of_another_size_keeps_its_own_values)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;

	put("measured", "v1 link cpu:0-node:0 read-latency=81ns\n"
			"v1 fits node:0 size=17G cpus=0-3\n"
			"v1 fits node:1 size=15G cpus=4-7\n"
			"fits node:2 size=16G\n"
			"v1 link cpu:1-node:0 read-latency=82ns\n"
			"v1 link cpu:0-node:1 read-latency=83ns\n"
			"link cpu:0-node:2 read-latency=84ns\n"
			"v1 link cpu:0-node:10 read-latency=85ns\n");
	hms_read_measured(b);
	graph = hms_builder_finish(b);
	cr_assert_eq(pair(graph, "cpu:0-node:0")->value[HMS_READ_LATENCY], 81);
	cr_assert_eq(pair(graph, "cpu:1-node:0")->value[HMS_READ_LATENCY], 0);
	cr_assert_eq(pair(graph, "cpu:0-node:1")->value[HMS_READ_LATENCY], 0);
	cr_assert_eq(pair(graph, "cpu:0-node:2")->value[HMS_READ_LATENCY], 0);
	finding(graph, 0,
		":3: node 1 has another size than when it was measured; its "
		"values are left out, measure again");
	finding(graph, 1,
		":4: node 2 has another size than when it was measured; its "
		"values are left out, measure again");
	cr_assert_eq(graph->nfindings, 3);
	hms_graph_free(graph);
}

/* Catches bandwidths of CPUs that are not there any more. */
Test(known, a_node_with_other_cpus)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;

	put("measured", "v1 fits node:0 size=64G cpus=0-3,8-11\n"
			"v1 fits node:1 size=64G cpus=4-7\n"
			"v1 fits node:2 size=64G\n"
			"v1 link cpu:0-node:1 read-bandwidth=9000\n"
			"v1 link cpu:1-node:2 read-bandwidth=40000\n");
	hms_read_measured(b);
	graph = hms_builder_finish(b);
	finding(graph, 0,
		":1: node 0 has other CPUs than when it was measured; its "
		"values are left out, measure again");
	cr_assert_eq(graph->nfindings, 1);
	cr_assert_eq(pair(graph, "cpu:0-node:1")->value[HMS_READ_BANDWIDTH], 0);
	cr_assert_eq(
		pair(graph, "cpu:1-node:2")->value[HMS_READ_BANDWIDTH], 40000);
	hms_graph_free(graph);
}

/* Catches a second complaint for each link of a node that is gone. */
Test(known, a_node_that_is_gone_is_said_once)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;

	put("measured", "v1 fits node:7 size=64G\n"
			"v1 fits node:9999999999 size=64G\n"
			"v1 link cpu:0-node:7 read-latency=300ns\n"
			"v1 link cpu:7-node:0 read-latency=300ns\n");
	hms_read_measured(b);
	graph = hms_builder_finish(b);
	finding(graph, 0,
		":1: node 7 is not there any more; its values are left out");
	cr_assert_eq(graph->nfindings, 1);
	cr_assert_eq(hms_graph_node(graph, 7), -1);
	hms_graph_free(graph);
}

/*
 * Catches a disagreement that nobody hears of, on a link of firmware's for
 * several pairs and on the pair's own (raw HMAT); and one that is none.
 */
Test(known, firmware_that_disagrees_is_said)
{
	struct hms_builder *b = machine(root);
	int own = hms_builder_pair(b, hms_builder_find_initiator(b, "cpu:1"),
		hms_builder_find_target(b, "node:0"));
	struct hms_graph *graph;

	hms_builder_link_perf(b, own, HMS_READ_LATENCY, 200, HMS_FIRMWARE);
	put("measured", "v1 link cpu:0-node:0 read-latency=201ns "
			"read-bandwidth=24000\n"
			"v1 link cpu:1-node:1 read-latency=200ns "
			"read-bandwidth=25000\n"
			"v1 link cpu:1-node:0 read-latency=99ns\n");
	hms_read_measured(b);
	graph = hms_builder_finish(b);
	finding(graph, 0,
		": cpu:0-node:0: firmware says something else than was "
		"measured: read-latency 201 ns against 100, read-bandwidth "
		"24000 MB/s against 50000");
	finding(graph, 1,
		": cpu:1-node:0: firmware says something else than was "
		"measured: read-latency 99 ns against 200");
	cr_assert_eq(graph->nfindings, 2);
	hms_graph_free(graph);
}

/* Catches an override that is used by nobody and said by nobody. */
Test(known, an_override_that_names_nothing)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;

	put("conf", "target node:1 kind=cxl\n\n"
		    "target node:22 kind=hbm\n");
	hms_read_conf(b);
	graph = hms_builder_finish(b);
	cr_assert_eq(graph->targets[1].kind, HMS_KIND_CXL);
	cr_assert_eq(graph->ntargets, 3);
	cr_assert_eq(graph->nfindings, 1);
	cr_assert(strstr(graph->findings[0], "/hms/conf:3: "));
	cr_assert(strstr(graph->findings[0], "did you mean \"node:2\"?"), "%s",
		graph->findings[0]);
	hms_graph_free(graph);
}

/* Catches a recording's devices that are taken for a user's mistakes. */
Test(known, recorded_devices_are_there)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;
	int gpu;

	put("devices", "v1 target cuda:0 kind=gpu size=80G manager=driver\n"
		       "v1 initiator pci:0000:41:00.0 kind=gpu node=1 "
		       "aliases=cuda:0\n");
	hms_read_recorded(b);
	graph = hms_builder_finish(b);
	gpu = hms_graph_target(graph, "cuda:0");
	cr_assert_geq(gpu, 0);
	cr_assert_eq(graph->targets[gpu].origin[HMS_FIELD_SIZE], HMS_DRIVER);
	cr_assert_geq(hms_graph_initiator(graph, "cuda:0"), 0);
	cr_assert_eq(graph->nfindings, 0);
	hms_graph_free(graph);
}

/* Catches a real machine's files mixed into a recorded one's. */
Test(known, a_recording_has_only_its_own_files)
{
	struct hms_builder *b = machine(root);
	struct hms_graph *graph;
	char buf[HMS_WHERE_BYTES];

	put("hms.conf", "target node:2 kind=hbm\n");
	setenv("XDG_CONFIG_HOME", root, 1);
	hms_read_conf(b);
	graph = hms_builder_finish(b);
	cr_assert_eq(graph->targets[2].kind, HMS_KIND_DRAM);
	hms_graph_free(graph);
	cr_assert_eq(
		hms_where_conf("/r", HMS_OF_USER, buf, sizeof(buf)), -ENOENT);
	cr_assert_eq(hms_where_measured("/r", HMS_OF_USER, buf, sizeof(buf)),
		-ENOENT);
}

/* Catches a set-user-id program that believes its caller's files. */
Test(known, set_user_id_programs_read_the_systems_files_only)
{
	char buf[HMS_WHERE_BYTES];

	put("hms.conf", "target node:2 kind=hbm\n");
	setenv("XDG_CONFIG_HOME", root, 1);
	setenv("XDG_STATE_HOME", root, 1);
	for (int i = 0; i < 2; i++) {
		struct hms_builder *b = machine("");
		struct hms_graph *graph;

		privileged = i;
		hms_read_conf(b);
		hms_read_measured(b);
		graph = hms_builder_finish(b);
		cr_assert_eq(graph->targets[2].kind,
			privileged ? HMS_KIND_DRAM : HMS_KIND_HBM);
		hms_graph_free(graph);
		cr_assert_eq(hms_where_conf("", HMS_OF_USER, buf, sizeof(buf)),
			privileged ? -ENOENT : 0);
		cr_assert_eq(
			hms_where_measured("", HMS_OF_USER, buf, sizeof(buf)),
			privileged ? -ENOENT : 0);
	}
}

/* Catches relative folders, which the specification forbids, and cuts. */
Test(known, where_users_files_are)
{
	char buf[HMS_WHERE_BYTES], small[16];

	setenv("HOME", "/home/u", 1);
	setenv("XDG_CONFIG_HOME", "", 1);
	cr_assert_eq(hms_where_conf("", HMS_OF_USER, buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "/home/u/.config/hms/hms.conf");
	setenv("XDG_CONFIG_HOME", "here", 1);
	cr_assert_eq(
		hms_where_conf("", HMS_OF_USER, buf, sizeof(buf)), -ENOENT);
	setenv("XDG_CONFIG_HOME", "/conf", 1);
	cr_assert_eq(hms_where_conf("", HMS_OF_USER, buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "/conf/hms/hms.conf");
	cr_assert_eq(hms_where_conf("", HMS_OF_USER, small, sizeof(small)),
		-ENAMETOOLONG);
	cr_assert_eq(hms_where_conf("/r", HMS_OF_SYSTEM, buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "/r/hms/conf");
}

static void hex(const uint8_t hash[HMS_SHA256_BYTES], char out[65])
{
	for (unsigned i = 0; i < HMS_SHA256_BYTES; i++)
		sprintf(out + 2 * i, "%02x", hash[i]);
}

/* FIPS 180-4's example, padding of every length class, RFC 4231's case 2. */
Test(known, hashes_are_those_of_the_standards)
{
	static const char jefe[] = "what do ya want for nothing?";
	uint8_t hash[HMS_SHA256_BYTES];
	char text[65];

	hms_sha256("abc", 3, hash);
	hex(hash, text);
	cr_assert_str_eq(text, "ba7816bf8f01cfea414140de5dae2223"
			       "b00361a396177a9cb410ff61f20015ad");
	hms_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		56, hash);
	hex(hash, text);
	cr_assert_str_eq(text, "248d6a61d20638b8e5c026930c3e6039"
			       "a33ce45964ff2167f6ecedd419db06c1");
	hms_hmac_sha256("Jefe", 4, jefe, sizeof(jefe) - 1, hash);
	hex(hash, text);
	cr_assert_str_eq(text, "5bdcc146bf60754e6a042426089575c7"
			       "5a003f089d2739839dec58b964ec3843");
}
