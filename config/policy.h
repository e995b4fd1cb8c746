/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A rule set: parsed once, then immutable, so it is read without locks.
 *
 * The language is described in hms-policy(5).  Parsing allocates only from
 * the arena it is given, never exits, never prints, and is used the same way
 * inside the preloaded library, in the tools and in tests.
 */
#ifndef HMS_CONFIG_POLICY_H
#define HMS_CONFIG_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/call.h"

enum hms_kind {
	HMS_KIND_DRAM,
	HMS_KIND_HBM,
	HMS_KIND_CXL,
	HMS_KIND_PMEM,
	HMS_KIND_GPU,
	HMS_KIND_FILE, /* in topologies only: no word of rules */
	HMS_KINDS,
};

enum hms_term_type {
	HMS_TERM_DEFAULT, /* leave it alone: the system's own choice */
	HMS_TERM_LOCAL, /* next to the CPU that touches it first */
	HMS_TERM_NODE, /* node:N */
	HMS_TERM_KIND, /* dram, hbm, gpu...: every node of that kind */
	HMS_TERM_FILE, /* file:/path, a folder or a file */
	HMS_TERM_DAX, /* dax:0.0 */
	HMS_TERM_DEVICE, /* cuda:0, opencl:0, hip:0, ze:0 */
	HMS_TERM_BEST, /* best NEED [read|write] [for I and I] [noncoherent] */
	HMS_TERM_NEAR, /* near I [noncoherent]; `near cpu` is LOCAL */
	HMS_TERM_INTERLEAVE, /* interleave(term*w, ...) */
	HMS_TERM_MANAGED, /* managed(place) */
	HMS_TERM_LIST, /* a name's own spill list, in an interleave */
};

enum hms_need { HMS_BANDWIDTH, HMS_LATENCY, HMS_CAPACITY };
enum hms_access { HMS_READ_WRITE, HMS_READ, HMS_WRITE };

/*
 * A text that rules came from.  Lines of a policy are numbered through all
 * its sources: those of the text itself first, then those of each included
 * file.  hms_policy_error() and hms_policy_line() turn them back.
 */
struct hms_rule_text {
	const char *name; /* as messages name it */
	const char *text; /* ended with a 0 */
	size_t len;
	unsigned first; /* running number of its first line, from 1 */
};

/* One step of a place; text is how reports name it ("node:1", "hbm"). */
struct hms_term {
	enum hms_term_type type;
	const char *text;
	unsigned line, column; /* where it stands, for messages */
	unsigned number; /* NODE, DEVICE: the number */
	enum hms_kind kind; /* KIND */
	const char *path; /* FILE: the path; DAX: "0.0"; DEVICE: "cuda" */
	enum hms_need need; /* BEST */
	enum hms_access access; /* BEST */
	bool noncoherent; /* BEST, NEAR: memory reached so will do */
	unsigned ninitiators; /* BEST, NEAR; BEST without any: cpu */
	const char **initiators;
	unsigned weight; /* in an interleave; 0: it has no weights at all */
	int limit; /* index into limits[], or -1 */
	unsigned nterms; /* INTERLEAVE, MANAGED, LIST: what is inside */
	struct hms_term *terms;
};

/* A place: terms in spill order.  Equal places are one object. */
struct hms_place_spec {
	const char *text; /* as written, names expanded; for reports */
	unsigned nterms;
	struct hms_term *terms;
};

struct hms_limit_spec {
	const char *name; /* the target name it caps */
	const char *what; /* the name stands for, as written, names expanded */
	uint64_t bytes; /* per process, or */
	bool shared; /* over the processes of one user on this host */
};

enum hms_option {
	HMS_OPT_STRICT = 1 << 0, /* fail rather than spill */
	HMS_OPT_MIGRATE = 1 << 1,
	HMS_OPT_PIN = 1 << 2,
	HMS_OPT_HUGE = 1 << 3,
	HMS_OPT_NOHUGE = 1 << 4,
	HMS_OPT_POPULATE = 1 << 5,
};

/*
 * What rules ask of frames: a function of a module.  Equal ones are one; a
 * rule keeps the number of its own, from 1; 0 is none.
 */
struct hms_pattern {
	/* A glob, or "0x1234": the function there; NULL: any. */
	const char *function;
	const char *module; /* a glob; NULL: any */
};
/* Sets of patterns are 64 bits; one is kept for functions that are skipped. */
#define HMS_PATTERNS 63

/* What is known of the stack of a call. */
struct hms_stack {
	uint64_t patterns; /* bit i: some frame matches pattern i */
	uint64_t caller; /* those of the frame that asked for the memory */
	uint64_t site; /* the same for the same call in every process */
	uint32_t hint; /* a digit per frame, of its function's name */
	const char *module; /* path, of that frame */
	unsigned depth; /* frames looked at */
};

struct hms_rule {
	const char *name; /* as given, or "line 3", "line 3:20" */
	const char *text; /* the statement's own text, one line, for reports */
	unsigned line, column;
	uint64_t apis; /* bits of enum hms_api */
	size_t size_min, size_max; /* bytes, inclusive */
	size_t align_min, align_max; /* bytes, inclusive */
	const char *from; /* globs, or NULL: any */
	const char *via, *via_module;
	const char *site;
	unsigned from_pattern, via_pattern;
	uint64_t site_id;
	uint32_t site_hint; /* that was written with it; 0: none */
	const char *thread;
	const char *process;
	uint32_t flags; /* any of enum hms_call_flag; 0: whatever */
	unsigned place; /* index into places[] */
	uint32_t options; /* enum hms_option */
	uint64_t limit; /* `limit SIZE` of this rule; UINT64_MAX: none */
};

/* A word of `migrate`, and where it stands; text NULL: not given. */
struct hms_migrate_name {
	const char *text;
	unsigned line, column;
};

/* What `migrate` says; all zero without it. */
struct hms_migration {
	bool automatic; /* auto: every rule whose place has a choice */
	uint64_t interval; /* ns between two looks; 0: the standard */
	uint64_t rate; /* bytes per second moved at most; 0: the standard */
	struct hms_migrate_name source,
		planner; /* names; the engine knows them */
};

/* Sizes up to `last` and above the route before: which rule to try first. */
struct hms_route {
	size_t last; /* bytes, inclusive; the last route's is SIZE_MAX */
	int rule; /* first rule that may match; -1: none ever does */
	bool decided; /* size and API alone decide: it does match */
};

struct hms_policy {
	const char *source; /* file name, "HMS_POLICY" or "preset fast" */
	const char *text; /* what was parsed, ended with a 0 */
	unsigned nsources; /* [0] is that text, the others were included */
	struct hms_rule_text *sources;
	unsigned nwarnings; /* for `hms check`: each a complete diagnostic */
	const char **warnings;
	unsigned nrules;
	struct hms_rule *rules;
	unsigned nplaces;
	struct hms_place_spec *places;
	unsigned nlimits;
	struct hms_limit_spec *limits;
	struct hms_migration migration;
	bool needs_modules, needs_threads; /* some rule has from / thread */
	bool needs_stacks; /* some rule has via / site */
	unsigned npatterns;
	struct hms_pattern *patterns;
	const struct hms_route *routes[HMS_APIS]; /* per API, ascending */
	unsigned nroutes[HMS_APIS];
};

/*
 * May memory of this rule move later, if its place has a choice of targets?
 * `migrate` and `pin` of the rule win over the policy's `migrate`; strict
 * memory stays where it was asked for.
 */
static inline bool hms_rule_migrates(
	const struct hms_policy *policy, const struct hms_rule *rule)
{
	if (rule->options & (HMS_OPT_PIN | HMS_OPT_STRICT))
		return false;
	return policy->migration.automatic || (rule->options & HMS_OPT_MIGRATE);
}

/* What went wrong, where; text is complete: message, line, caret. */
struct hms_diag {
	unsigned line, column; /* from 1; 0: not at a place in the text */
	char text[1024];
};

#define HMS_RULES_MAX (1 << 20)

struct hms_policy_input {
	const char *source; /* name used in messages */
	const char *text; /* may hold any bytes, 0 too */
	size_t len; /* at most HMS_RULES_MAX */
	const char *program; /* base name of this process, for `process`;
				NULL: rules for every program are kept */
	const char *path; /* file that text was read from: includes are
				relative to its folder; NULL: not a file */
};

/*
 * Parses and compiles.  Rules whose `process` does not match program are
 * dropped.  On success *out is set and lives in the arena.
 * 0; -EINVAL with diag filled; -ENOMEM with diag filled.
 */
int hms_policy_parse(const struct hms_policy_input *in, struct hms_arena *arena,
	struct hms_policy **out, struct hms_diag *diag);

/*
 * The policy this process is to follow: HMS_POLICY (a preset's name, a
 * path, or rules inline), or the first file found of
 * $XDG_CONFIG_HOME/hms/PROGRAM.hms, SYSCONFDIR/hms/PROGRAM.hms,
 * $XDG_CONFIG_HOME/hms/default.hms, SYSCONFDIR/hms/default.hms.
 * value: HMS_POLICY's, or NULL.  trusted: false for set-user-id programs,
 * which get the system's folder only.  program: base name; NULL: none, rules
 * for every program are kept, and only the default files are looked for.
 * 0 and *out NULL if there is none at all; errors as hms_policy_parse, and
 * -errno with diag filled for a file that cannot be read.
 */
int hms_policy_find(const char *value, const char *program, bool trusted,
	struct hms_arena *arena, struct hms_policy **out,
	struct hms_diag *diag);

/*
 * Fills diag with "source:line:column: error: MESSAGE", the line, a caret.
 * For errors that only show when a parsed policy meets a machine.
 */
void hms_policy_error(const struct hms_policy *policy, unsigned line,
	unsigned column, struct hms_diag *diag, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* The same with "warning": such a policy is followed. */
void hms_policy_warning(const struct hms_policy *policy, unsigned line,
	unsigned column, struct hms_diag *diag, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/*
 * The source that a rule's or term's line stands in; *local: its line there.
 */
const struct hms_rule_text *hms_policy_line(
	const struct hms_policy *policy, unsigned line, unsigned *local);

/*
 * Text of a preset that is part of the library ("local", "fast"...), NULL if
 * there is none of that name.  hms_preset_name: the names, NULL at the end.
 */
const char *hms_preset_text(const char *name);
const char *hms_preset_name(unsigned index);

/*
 * Answers what a rule may ask about a call beyond its plain data.  The
 * library looks at the running process, `hms explain` at what it was told.
 * Strings stay valid until the next question.  NULL: not known.
 */
struct hms_witness {
	const char *(*module)(const struct hms_call *call); /* path */
	const char *(*thread)(const struct hms_call *call); /* comm */
	/*
	 * Fills *out; with only_caller, no more than caller, module and what
	 * was met on the way.  False: nothing is known, module() may be asked.
	 * NULL: it never is.
	 */
	bool (*stack)(const struct hms_call *call, bool only_caller,
		struct hms_stack *out);
};

/*
 * Index of the first rule that matches, or -1.  Lock-free, allocates
 * nothing, async-signal-safe if the witness is.
 */
int hms_policy_match(const struct hms_policy *policy,
	const struct hms_call *call, const struct hms_witness *witness);
/*
 * Given that rule (or -1) matches the call: would it match every call of this
 * API and caller, without alignment and flags, of first to last bytes?
 */
bool hms_policy_by_caller(const struct hms_policy *policy,
	const struct hms_call *call, int rule, size_t *first, size_t *last);
/* The same for every call of this API and stack. */
bool hms_policy_by_stack(const struct hms_policy *policy,
	const struct hms_call *call, int rule, size_t *first, size_t *last);
/* Does this one rule match?  For explain. */
bool hms_rule_match(const struct hms_rule *rule, const struct hms_call *call,
	const struct hms_witness *witness);

/* Names, for parsing and for reports. */
const char *hms_api_name(enum hms_api api);
enum hms_family hms_api_family(enum hms_api api);
const char *hms_family_name(enum hms_family family);

#endif
