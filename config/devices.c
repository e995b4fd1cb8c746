/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which calls can be given which memory: a device's is its vendor's to hand
 * out, and what a vendor registers must be ordinary memory.
 */
#include <errno.h>
#include <string.h>

#include "config/compile.h"
#include "config/words.h"

struct check {
	struct compile *c;
	const struct ast_stmt *stmt;
	const struct hms_rule *rule;
	uint64_t vendors; /* APIs of the rule that are a vendor's */
	uint64_t pinned; /* of these, whose host memory is pinned */
};

static int complain(const struct check *k, const struct hms_term *term,
	const char *why, const char *word)
{
	hms_policy_error(k->c->policy, term->line, term->column, k->c->diag,
		"%s: %s%s", term->text, why, word);
	compile_chain(k->c, k->stmt->source, k->c->diag);
	return -EINVAL;
}

/* The first API of a set, for messages. */
static const char *first_of(uint64_t apis)
{
	return hms_api_name((enum hms_api)__builtin_ctzll(apis));
}

/* A device of one vendor, for calls of another or of none. */
static int check_device(const struct check *k, const struct hms_term *term)
{
	uint64_t others = k->rule->apis;

	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (!strcmp(term->path, hms_family_name(i)))
			others &= ~hms_apis_family(i);
	if (!others)
		return 0;
	return complain(k, term,
		"memory of a device is handed out by its own vendor's calls; this rule is for ",
		first_of(others));
}

static int check_terms(const struct check *k, const struct hms_term *terms,
	unsigned n, bool managed)
{
	uint64_t others = k->rule->apis & ~k->vendors;
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++) {
		const struct hms_term *term = &terms[i];

		switch (term->type) {
		case HMS_TERM_DEVICE:
			rc = check_device(k, term);
			break;
		case HMS_TERM_MANAGED:
			if (others)
				return complain(k, term,
					"only vendors' calls can be given managed memory; this rule is for ",
					first_of(others));
			if (managed)
				return complain(k, term,
					"managed memory is inside of managed memory",
					"");
			rc = check_terms(k, term->terms, term->nterms, true);
			break;
		case HMS_TERM_FILE:
		case HMS_TERM_DAX:
			if (k->pinned)
				return complain(k, term,
					"vendors' calls cannot be given memory of a file; this rule is for ",
					first_of(k->pinned));
			break;
		case HMS_TERM_INTERLEAVE:
		case HMS_TERM_DEFAULT:
			if (managed)
				return complain(k, term,
					"managed memory is on one target at a time",
					"");
			rc = check_terms(k, term->terms, term->nterms, managed);
			break;
		default:
			rc = check_terms(k, term->terms, term->nterms, managed);
		}
	}
	return rc;
}

int compile_devices(struct compile *c, const struct ast_stmt *stmt,
	const struct hms_rule *rule)
{
	const struct hms_place_spec *place = &c->policy->places[rule->place];
	struct check k = { .c = c, .stmt = stmt, .rule = rule };

	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (hms_family_vendor(i))
			k.vendors |= rule->apis & hms_apis_family(i);
	k.pinned = k.vendors & ~hms_apis_family(HMS_FAMILY_OPENCL);
	return check_terms(&k, place->terms, place->nterms, false);
}
