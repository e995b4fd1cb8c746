/* SPDX-License-Identifier: BSD-2-Clause */
#include "tools/measure/measure.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/topology/where.h"
#include "tools/cmd.h"

volatile sig_atomic_t measure_stopped;

struct command {
	struct measure_options options;
	struct measure_wish initiators, targets;
	const char *output; /* instead of where it is looked for */
	bool json, print, dry;
};

static void stop(int sig)
{
	measure_stopped = sig;
}

/* The signals that people and systems end a tool with; 0: undisturbed. */
static void catch_signals(void (*handler)(int))
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = handler };
	struct sigaction old;

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		/* What nohup(1) and shells ignore stays ignored. */
		if (!sigaction(signals[i], NULL, &old) &&
			old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
}

void measure_progress(
	const struct measure_options *options, const char *format, ...)
{
	va_list args;

	if (!options->progress)
		return;
	fprintf(stderr, "%s%3u %% ", options->terminal ? "\r\033[K" : "",
		options->steps ? 100 * options->step / options->steps : 0);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (!options->terminal)
		fputc('\n', stderr);
}

void measure_progress_end(const struct measure_options *options)
{
	if (options->progress && options->terminal)
		fputs("\r\033[K", stderr);
}

static int add_name(struct measure_wish *wish, const char *name)
{
	if (wish->n == sizeof(wish->names) / sizeof(wish->names[0])) {
		hms_complain("measure", "more than %u names", wish->n);
		return EX_USAGE;
	}
	wish->names[wish->n++] = name;
	return EX_OK;
}

static int take_size(struct command *command, const char *text)
{
	uint64_t bytes;

	if (hms_text_size(text, strlen(text), &bytes)) {
		hms_complain("measure", "\"%s\" is no size", text);
		return EX_USAGE;
	}
	if (bytes < MEASURE_LEAST) {
		hms_complain("measure",
			"%s of memory is too little to measure anything: 4M at "
			"least",
			text);
		return EX_USAGE;
	}
	command->options.most = (size_t)bytes;
	return EX_OK;
}

enum { LOAD = 256, QUICK, JSON, PRINT, DRY, PROGRESS, MEMORY };

static int take_option(struct command *command, int option)
{
	switch (option) {
	case 'i':
		return add_name(&command->initiators, optarg);
	case 't':
		return add_name(&command->targets, optarg);
	case 'o':
		command->output = optarg;
		return EX_OK;
	case LOAD:
		command->options.load = true;
		return EX_OK;
	case QUICK:
		command->options.quick = true;
		return EX_OK;
	case JSON:
		command->json = true;
		return EX_OK;
	case PRINT:
		command->print = true;
		return EX_OK;
	case DRY:
		command->dry = true;
		return EX_OK;
	case PROGRESS:
		command->options.progress = true;
		return EX_OK;
	case MEMORY:
		return take_size(command, optarg);
	default:
		return hms_usage("measure");
	}
}

static int parse(struct command *command, int argc, char **argv)
{
	static const struct option options[] = {
		{ "initiator", required_argument, NULL, 'i' },
		{ "target", required_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' },
		{ "load", no_argument, NULL, LOAD },
		{ "quick", no_argument, NULL, QUICK },
		{ "json", no_argument, NULL, JSON },
		{ "print", no_argument, NULL, PRINT },
		{ "dry-run", no_argument, NULL, DRY },
		{ "progress", no_argument, NULL, PROGRESS },
		{ "memory", required_argument, NULL, MEMORY },
		{ 0 },
	};
	int option, rc = EX_OK;

	command->options.terminal = isatty(STDERR_FILENO);
	command->options.progress = command->options.terminal;
	opterr = 0;
	while (!rc && (option = getopt_long(
			       argc, argv, "i:t:o:", options, NULL)) != -1)
		rc = take_option(command, option);
	if (!rc && optind < argc)
		rc = hms_usage("measure");
	return rc;
}

static int read_machine(struct hms_graph **graph)
{
	const char *recorded = getenv("HMS_TOPOLOGY");
	struct hms_topology_request request = {
		.root = "",
		.depth = HMS_DEPTH_DEVICES,
		.may_load = true,
	};
	int rc;

	if (recorded && *recorded) {
		hms_complain("measure",
			"HMS_TOPOLOGY names a recorded machine; only this one "
			"can be measured");
		return EX_USAGE;
	}
	rc = hms_topology_read(&request, graph);
	if (rc)
		hms_complain("measure", "cannot read the machine: %s",
			strerror(-rc));
	return rc ? EX_OSERR : EX_OK;
}

static void say_failure(const struct hms_memory *target, int rc)
{
	char human[16];

	if (rc == -ENOMEM)
		hms_complain("measure",
			"%s: not measured: there is not enough free memory "
			"(%s may be taken)",
			target->id,
			hms_text_human(
				measure_room((unsigned)target->node), human));
	else if (rc == -EXDEV)
		hms_complain("measure",
			"%s: not measured: the kernel puts the pages on other "
			"nodes",
			target->id);
	else
		hms_complain("measure", "%s: not measured: %s", target->id,
			strerror(-rc));
}

/* EX_UNAVAILABLE if something could not be measured; the rest was. */
static int run(struct command *command, struct measure_plan *plan)
{
	int rc, status = plan->n ? EX_OK : EX_UNAVAILABLE;
	unsigned n;

	if (!plan->n)
		hms_complain("measure", "there is nothing to measure");
	command->options.steps = 2 * plan->n;
	for (unsigned i = 0; i < plan->n; i += n) {
		struct measure_result *first = &plan->results[i];

		for (n = 1; i + n < plan->n; n++)
			if (first[n].runtime != first->runtime ||
				(!first->runtime &&
					first[n].target != first->target))
				break;
		command->options.step = 2 * i;
		rc = (first->runtime ? measure_devices : measure_target)(
			plan->graph, &command->options, first, n);
		measure_progress_end(&command->options);
		if (measure_stopped)
			break;
		if (!rc)
			continue;
		status = EX_UNAVAILABLE;
		if (!first->runtime)
			say_failure(&plan->graph->targets[first->target], rc);
	}
	return status;
}

/* What the readers say of the file, now that it is there. */
static void say_findings(const char *path)
{
	struct hms_graph *graph;
	size_t len = strlen(path);

	if (read_machine(&graph))
		return;
	for (unsigned i = 0; i < graph->nfindings; i++)
		if (!strncmp(graph->findings[i], path, len))
			hms_complain("measure", "%s", graph->findings[i]);
	hms_graph_free(graph);
}

static int choose_path(const struct command *command, char *buf, size_t size)
{
	if (!command->output)
		return measure_store_path(buf, size);
	if ((size_t)snprintf(buf, size, "%s", command->output) < size)
		return EX_OK;
	hms_complain(
		"measure", "%s: %s", command->output, strerror(ENAMETOOLONG));
	return EX_CANTCREAT;
}

static int finish(
	const struct command *command, const struct measure_plan *plan)
{
	char path[HMS_WHERE_BYTES];
	const char *stored = NULL;
	bool any = false;
	int rc = EX_OK;

	for (unsigned i = 0; i < plan->n; i++)
		any |= measure_is_kept(plan->graph, &plan->results[i]);
	if (command->print)
		return measure_store_print(stdout, plan, NULL);
	/* Values next to a load are not the machine's. */
	if (any && !command->options.load) {
		rc = choose_path(command, path, sizeof(path));
		if (!rc)
			rc = measure_store(plan, path);
		stored = rc ? NULL : path;
	}
	if (command->json)
		measure_print_json(stdout, plan, &command->options, stored);
	else
		measure_print_table(stdout, plan, &command->options);
	if (stored && !command->json)
		printf("Stored in %s\n", stored);
	if (stored)
		say_findings(stored);
	return rc;
}

static int measure(struct command *command, const struct hms_graph *graph)
{
	char path[HMS_WHERE_BYTES];
	struct measure_plan plan;
	int rc = measure_plan_make(
		&plan, graph, &command->initiators, &command->targets);
	int failed;

	if (rc)
		return rc;
	if (command->dry) {
		rc = choose_path(command, path, sizeof(path));
		measure_print_plan(stdout, &plan, &command->options,
			rc || command->options.load ? NULL : path);
		free(plan.results);
		return rc;
	}
	catch_signals(stop);
	failed = run(command, &plan);
	if (!measure_stopped)
		rc = finish(command, &plan);
	catch_signals(SIG_DFL);
	free(plan.results);
	return rc ? rc : failed;
}

int hms_cmd_measure(int argc, char **argv)
{
	struct command command = { 0 };
	struct hms_graph *graph;
	int rc = parse(&command, argc, argv);

	if (!rc)
		rc = read_machine(&graph);
	if (rc)
		return rc;
	rc = measure(&command, graph);
	hms_graph_free(graph);
	/* As if it had not been caught; nothing was stored. */
	if (measure_stopped)
		raise(measure_stopped);
	return rc;
}
