/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/words.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum state { NOW, LATER };

static const struct {
	const char *name;
	enum hms_family family;
	enum state state;
} apis[HMS_APIS] = {
#define HMS_API(id, name, family, state)                                       \
	[HMS_API_##id] = { name, HMS_FAMILY_##family, state },
#include "config/api.def"
#undef HMS_API
};

static const char *const families[HMS_FAMILIES] = {
	[HMS_FAMILY_HEAP] = "heap",
	[HMS_FAMILY_MAP] = "map",
	[HMS_FAMILY_BRK] = "brk",
	[HMS_FAMILY_CUDA] = "cuda",
	[HMS_FAMILY_OPENCL] = "opencl",
	[HMS_FAMILY_HIP] = "hip",
	[HMS_FAMILY_ZE] = "ze",
};

static const char *const api_words[] = {
	"heap",
	"map",
	"cuda",
	"opencl",
	"hip",
	"ze",
#define HMS_API(id, name, family, state) name,
#include "config/api.def"
#undef HMS_API
};

/* Files are a kind of memory, but no kind that a rule can name. */
static const char *const kinds[HMS_KIND_FILE] = {
	[HMS_KIND_DRAM] = "dram",
	[HMS_KIND_HBM] = "hbm",
	[HMS_KIND_CXL] = "cxl",
	[HMS_KIND_PMEM] = "pmem",
	[HMS_KIND_GPU] = "gpu",
};

/* In the order of the bits of enum hms_call_flag. */
static const char *const flags[] = { "shared", "private", "anonymous", "file",
	"hugetlb", "fixed", "noreserve", "populate", "locked", "stack",
	"reserve", "exec", "zeroed" };

const char *hms_api_name(enum hms_api api)
{
	return apis[api].name;
}

enum hms_family hms_api_family(enum hms_api api)
{
	return apis[api].family;
}

const char *hms_family_name(enum hms_family family)
{
	return families[family];
}

/* A family's name wins over an API's: `brk` is brk and sbrk. */
uint64_t hms_word_apis(const char *word)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < HMS_APIS; i++)
		if (!strcmp(word, families[apis[i].family]))
			set |= HMS_API_BIT(i);
	for (unsigned i = 0; i < HMS_APIS && !set; i++)
		if (!strcmp(word, apis[i].name))
			set = HMS_API_BIT(i);
	return set;
}

uint64_t hms_apis_now(void)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < HMS_APIS; i++)
		if (apis[i].state == NOW)
			set |= HMS_API_BIT(i);
	return set;
}

uint64_t hms_apis_any(void)
{
	uint64_t set = hms_apis_now();

	for (unsigned i = 0; i < HMS_FAMILIES; i++)
		if (hms_family_vendor(i))
			set &= ~hms_apis_family(i);
	return set;
}

uint64_t hms_apis_family(enum hms_family family)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < HMS_APIS; i++)
		if (apis[i].family == family)
			set |= HMS_API_BIT(i);
	return set;
}

static int find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return (int)i;
	return -1;
}

int hms_word_kind(const char *word)
{
	return find(kinds, LENGTH(kinds), word);
}

uint32_t hms_word_flag(const char *word)
{
	int i = find(flags, LENGTH(flags), word);

	return i < 0 ? 0 : 1u << i;
}

const char *const *hms_words_apis(unsigned *n)
{
	*n = LENGTH(api_words);
	return api_words;
}

const char *const *hms_words_kinds(unsigned *n)
{
	*n = LENGTH(kinds);
	return kinds;
}

const char *const *hms_words_flags(unsigned *n)
{
	*n = LENGTH(flags);
	return flags;
}

static bool hexadecimal(const char *text, size_t n, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";

	*out = 0;
	for (size_t i = 0; i < n; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;

		if (!digit)
			return false;
		*out = *out << 4 | (uint64_t)(digit - digits);
	}
	return true;
}

bool hms_word_site(const char *text, uint64_t *id, uint32_t *hint)
{
	uint64_t more = 0;

	if (!hexadecimal(text, 16, id))
		return false;
	text += 16;
	if (*text &&
		(*text != '.' || !hexadecimal(text + 1, 8, &more) || text[9]))
		return false;
	*hint = (uint32_t)more;
	return true;
}
