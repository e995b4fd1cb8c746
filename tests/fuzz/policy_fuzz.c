/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds the rule language whatever libFuzzer finds interesting, and checks
 * what must hold of every result:
 *  - a refusal has a message, and its position is in the text;
 *  - an accepted policy has routes for each API that ascend to the end, and
 *    matching by them gives what trying rule after rule gives.
 * The arena is one of malloc, and runs dry where the input says.  Included
 * files are made up.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/files.h"
#include "config/policy.h"
#include "tests/fuzz/fuzz.h"

static const char *input_text;
static size_t input_len;

int __wrap_hms_file_read(
	const char *path, struct hms_arena *arena, struct hms_file *out);
int __wrap_hms_file_identify(const char *path, struct hms_file_id *out);

/* /self is the input; another name of it each time is another file. */
int __wrap_hms_file_read(
	const char *path, struct hms_arena *arena, struct hms_file *out)
{
	static ino_t fresh = 2;

	if (strncmp(path, "/self", 5) != 0)
		return -ENOENT;
	out->text = hms_arena_strndup(arena, input_text, input_len);
	if (!out->text)
		return -ENOMEM;
	out->len = input_len;
	out->dev = 1;
	out->ino = path[5] ? fresh++ : 1;
	return 0;
}

int __wrap_hms_file_identify(const char *path, struct hms_file_id *out)
{
	*out = (struct hms_file_id){ 1, 1 };
	return 0;
}

static const char *module(const struct hms_call *call)
{
	return call->caller ? "/usr/lib/libfoo.so.1" : NULL;
}

static const char *thread(const struct hms_call *call)
{
	return call->flags & 1 ? "log1" : NULL;
}

static const struct hms_witness witness = { module, thread, NULL };

static void check_call(
	const struct hms_policy *policy, const struct hms_call *call)
{
	int naive = -1;

	for (unsigned i = 0; i < policy->nrules && naive < 0; i++)
		if (hms_rule_match(&policy->rules[i], call, &witness))
			naive = (int)i;
	fuzz_require(hms_policy_match(policy, call, &witness) == naive,
		"routes and rules agree");
}

static void check_api(const struct hms_policy *policy, enum hms_api api)
{
	unsigned n = policy->nroutes[api];
	const struct hms_route *routes = policy->routes[api];

	fuzz_require(
		n > 0 && routes[n - 1].last == SIZE_MAX, "routes have an end");
	for (unsigned i = 0; i < n && i < 200; i++) {
		for (uint32_t flags = 0; flags < 4; flags++) {
			struct hms_call call = { .api = api,
				.flags = flags,
				.size = routes[i].last,
				.align = (size_t)64 << (flags * 5),
				.caller = flags & 2 ? &witness : NULL };

			check_call(policy, &call);
			call.size++;
			check_call(policy, &call);
		}
		fuzz_require(!i || routes[i - 1].last < routes[i].last,
			"routes ascend");
	}
}

static void check_policy(const struct hms_policy *policy)
{
	unsigned local;

	for (unsigned i = 0; i < policy->nrules; i++) {
		const struct hms_rule *rule = &policy->rules[i];

		fuzz_require(
			rule->place < policy->nplaces, "a rule has a place");
		fuzz_require(rule->name && rule->text && rule->apis,
			"a rule is complete");
		fuzz_require(policy->places[rule->place].nterms > 0,
			"a place has terms");
		hms_policy_line(policy, rule->line, &local);
		fuzz_require(local > 0, "a rule has a line");
	}
	for (unsigned api = 0; api < HMS_APIS; api++)
		check_api(policy, (enum hms_api)api);
}

static void check_diag(const struct hms_diag *diag, unsigned lines)
{
	fuzz_require(memchr(diag->text, 0, sizeof(diag->text)) && diag->text[0],
		"a refusal has a message");
	fuzz_require(diag->line <= lines, "it is in the text");
	fuzz_require(
		!diag->line == !diag->column, "line and column go together");
	fuzz_require(strstr(diag->text, "error: ") != NULL, "it is an error");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hms_arena arena = { 0 };
	struct hms_policy *policy = NULL;
	struct hms_diag diag;
	struct hms_policy_input in = { .source = "fuzz", .program = "prog" };
	unsigned lines = 1;
	char *copy;
	int rc;

	fuzz_pieces_left = -1;
	/* A last byte that is no ASCII says after how much memory ends. */
	if (size && data[size - 1] >= 0x80)
		fuzz_pieces_left = (data[--size] & 0x7f) * 2;
	copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	for (size_t i = 0; i < size; i++)
		lines += copy[i] == '\n';
	in.text = input_text = copy;
	in.len = input_len = size;
	in.path = size & 1 ? "/self" : NULL;
	rc = hms_policy_parse(&in, &arena, &policy, &diag);
	fuzz_pieces_left = -1;
	if (rc)
		check_diag(&diag, lines);
	else
		check_policy(policy);
	fuzz_require(
		rc == 0 || rc == -EINVAL || rc == -ENOMEM, "a known result");
	free(copy);
	hms_arena_free(&arena);
	return 0;
}
