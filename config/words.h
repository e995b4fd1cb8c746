/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the rule language: which exist, what they mean, and which one
 * was meant by a word that does not.  Constant tables; all functions are
 * pure and safe anywhere.
 */
#ifndef HMS_CONFIG_WORDS_H
#define HMS_CONFIG_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/call.h"
#include "config/policy.h"

/* The APIs that a name or family stands for; 0: no such name. */
uint64_t hms_word_apis(const char *word);
/* Those that some shim intercepts. */
uint64_t hms_apis_now(void);
/* Of these, what `*` stands for: memory of the system, not of vendors. */
uint64_t hms_apis_any(void);
/* Those of a family. */
uint64_t hms_apis_family(enum hms_family family);
/* Is it the family of a vendor's library? */
static inline bool hms_family_vendor(enum hms_family family)
{
	return family >= HMS_FAMILY_CUDA;
}
/* -1: no such word. */
int hms_word_kind(const char *word);
/* enum hms_call_flag; 0: no such word. */
uint32_t hms_word_flag(const char *word);

/*
 * A site's ID as reports print it: 16 digits, then, if it is there, a dot and
 * 8 more, the hint (*hint is 0 without).  False: it is none.
 */
bool hms_word_site(const char *text, uint64_t *id, uint32_t *hint);

/* Does it mean something already, so that no target can have the name? */
bool hms_word_reserved(const char *word);

/* Names of APIs and families, kinds, flags; *n of them. */
const char *const *hms_words_apis(unsigned *n);
const char *const *hms_words_kinds(unsigned *n);
const char *const *hms_words_flags(unsigned *n);

#endif
