/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "config/words.h"
#include "engine/site/demangle.h"
#include "engine/site/hint.h"
#include "engine/site/symbols.h"

/* Symbols as g++ 12 makes them; names as c++filt(1) has them, shortened. */
static const struct {
	const char *symbol, *name, *plain;
} names[] = {
	{ "_Z3foov", "foo", "foo" },
	{ "_ZN2ns5Class6methodEi", "ns::Class::method", "ns::Class::method" },
	{ "_ZN2ns5TableIiE4growEm", "ns::Table<int>::grow", "ns::Table::grow" },
	{ "_ZN2ns5TableIiEC2Ev", "ns::Table<int>::Table", "ns::Table::Table" },
	{ "_ZN2ns5TableIiED0Ev", "ns::Table<int>::~Table",
		"ns::Table::~Table" },
	{ "_ZNKSt6vectorIiSaIiEE4sizeEv",
		"std::vector<int, std::allocator<int>>::size",
		"std::vector::size" },
	{ "_ZN12_GLOBAL__N_16hiddenEv", "(anonymous namespace)::hidden",
		"(anonymous namespace)::hidden" },
	{ "_ZlsRSoRK5Point", "operator<<", "operator<<" },
	{ "_ZZ4mainENKUlvE_clEv", "main::{lambda}::operator()",
		"main::{lambda}::operator()" },
	{ "_Z3addIdET_S0_S0_", "add<double>", "add" },
	{ "_ZN5OuterILi3ELb1EE5InnerIPKcE3runEv",
		"Outer<3, true>::Inner<char const*>::run",
		"Outer::Inner::run" },
	{ "_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_"
	  "createERmm",
		"std::__cxx11::basic_string<char, std::char_traits<char>, "
		"std::allocator<char>>::_M_create",
		"std::__cxx11::basic_string::_M_create" },
	{ "_ZNSo3putEc", "std::ostream::put", "std::ostream::put" },
	{ "_ZN1AcvbEv", "A::operator bool", "A::operator bool" },
	{ "_ZNSt6vectorI1ASaIS0_EE17_M_realloc_insertIJRKS0_EEEvN9__gnu_"
	  "cxx17__normal_iteratorIPS0_S2_EEDpOT_",
		"std::vector<A, std::allocator<A>>::_M_realloc_insert<A const&>",
		"std::vector::_M_realloc_insert" },
	{ "_ZN4llvm12is_containedIRA41_KjjEEbOT_RKT0_",
		"llvm::is_contained<unsigned int const (&) [41], unsigned int>",
		"llvm::is_contained" },
	{ "_Z4callIPFvRKiEM1AFvvEEvT_T0_",
		"call<void (*)(int const&), void (A::*)()>", "call" },
	{ "_ZN4llvmlsINS_10BasicBlockEEERNS_11raw_ostreamES3_PKNS_"
	  "15DomTreeNodeBaseIT_EE",
		"llvm::operator<< <llvm::BasicBlock>", "llvm::operator<<" },
	{ "_ZN1A3runIXadL_ZNS_4stepEiEEEEvv", "A::run<&A::step>", "A::run" },
	{ "_ZNSt4pairIKS_IiiES0_E4swapEv",
		"std::pair<std::pair<int, int> const, "
		"std::pair<int, int>>::swap",
		"std::pair::swap" },
	{ "_ZN5alloc7raw_vec11finish_grow17h0123456789abcdefE",
		"alloc::raw_vec::finish_grow", "alloc::raw_vec::finish_grow" },
	{ "_ZN60_$LT$alloc..string..String$u20$as$u20$core..clone..Clone$GT$"
	  "5clone17h0123456789abcdefE",
		"<alloc::string::String as core::clone::Clone>::clone",
		"::clone" },
	{ "_RNvNtCs6GmmlP4bgsG_1r4deep4grow", "r::deep::grow",
		"r::deep::grow" },
	{ "_RINvCs6GmmlP4bgsG_1r5applyNCNvB2_4main0EB2_",
		"r::apply<r::main::{closure}>", "r::apply" },
	{ "_RINvCs6GmmlP4bgsG_1r3arrKj2a_EB2_", "r::arr<42>", "r::arr" },
};

/* Catches each form of a name on its own. */
Test(site_symbols, demangled)
{
	char buf[512];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		cr_expect(hms_demangle(names[i].symbol, buf, sizeof(buf)), "%s",
			names[i].symbol);
		cr_expect_str_eq(buf, names[i].name);
		hms_demangle_plain(buf);
		cr_expect_str_eq(buf, names[i].plain);
	}
}

/* Catches reading past the end of symbols that break off anywhere. */
Test(site_symbols, broken_symbols)
{
	char buf[64], cut[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		for (size_t n = 0; n < strlen(names[i].symbol); n++) {
			memcpy(cut, names[i].symbol, n);
			cut[n] = 0;
			hms_demangle(cut, buf, sizeof(buf));
			cr_assert_lt(strlen(buf), sizeof(buf));
		}
}

/* Base 62, as Rust counts: _ is 0, 0_ is 1. */
static char *put_number(char *at, size_t n)
{
	char digits[12];
	size_t len = 0;

	if (n--)
		do
			digits[len++] = "0123456789abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n % 62];
		while (n /= 62);
	while (len)
		*at++ = digits[--len];
	*at++ = '_';
	return at;
}

/*
 * Each type stands in an impl that refers to the one before it eight times:
 * nothing of that is printed, so no output's end stops it.  Catches names that
 * take years.
 */
Test(site_symbols, references_in_what_is_not_printed, .timeout = 60)
{
	char symbol[2048] = "_RINvC1a1f", *at = symbol + strlen(symbol);
	const char *start = symbol + 2;
	size_t before = 0, here;
	char buf[512];

	for (int level = 0; level < 16; level++) {
		here = (size_t)(at - start);
		at = stpcpy(at, "MIC1b");
		for (int i = 0; level && i < 8; i++) {
			*at++ = 'B';
			at = put_number(at, before);
		}
		at = stpcpy(at, "hEh");
		before = here;
	}
	stpcpy(at, "E");
	cr_expect(!hms_demangle(symbol, buf, sizeof(buf)));
	/* Few of them are what compilers write. */
	strcpy(symbol, "_RINvC1a1fMIC1bhEhB7_E");
	cr_expect(hms_demangle(symbol, buf, sizeof(buf)));
	cr_expect_str_eq(buf, "a::f<<u8>, <u8>>");
}

/* Catches a filter that is too eager, and names matched only in part. */
Test(site_symbols, globs)
{
	cr_expect(hms_symbol_matches("build_table", "build_table"));
	cr_expect(hms_symbol_matches("build_table", "build_table.isra.0"));
	cr_expect(hms_symbol_matches("fields::make", "__fields_MOD_make"));
	cr_expect(hms_symbol_matches(
		"fields::make", "__fields_MOD_make.constprop.0"));
	cr_expect(!hms_symbol_matches("fields::mak", "__fields_MOD_make"));
	cr_expect(!hms_symbol_matches("::*", "___MOD_make"));
	cr_expect(!hms_symbol_matches("build_table", "build_tables"));
	cr_expect(hms_symbol_matches(
		"ns::Class::method*", "_ZN2ns5Class6methodEi"));
	cr_expect(hms_symbol_matches(
		"ns::Table::grow", "_ZN2ns5TableIiE4growEm"));
	cr_expect(hms_symbol_matches(
		"ns::Table<int>::*", "_ZN2ns5TableIiE4growEm"));
	cr_expect(!hms_symbol_matches(
		"ns::Table<long>::*", "_ZN2ns5TableIiE4growEm"));
	cr_expect(hms_symbol_matches("_ZN2ns*", "_ZN2ns5TableIiE4growEm"));
	cr_expect(hms_symbol_matches("std::ostream::*", "_ZNSo3putEc"));
	cr_expect(!hms_symbol_matches("put", "_ZNSo3putEc"));
	cr_expect(hms_symbol_matches(
		"r::main::{closure}", "_RNCNvCs6GmmlP4bgsG_1r4main0B3_"));
	cr_expect(hms_symbol_matches("alloc::raw_vec::*",
		"_ZN5alloc7raw_vec11finish_grow17h0123456789abcdefE"));
}

/* Catches hints that change with what compilers add, or with versions. */
Test(site_symbols, hint_digits)
{
	unsigned digit = site_hint_of_symbol("build_table");
	unsigned seen = 0;
	char name[] = "f_";

	cr_expect_eq(site_hint_of_symbol("build_table.isra.0"), digit);
	cr_expect_eq(site_hint_of_symbol("build_table@@V_1.2"), digit);
	cr_expect_neq(site_hint_of_symbol(".build_table"), 0);
	cr_expect_eq(site_hint_of_module("/usr/lib/libfoo-2.31.so.1"),
		site_hint_of_module("/opt/libfoo.so.2"));
	for (name[1] = 'a'; name[1] <= 'z'; name[1]++)
		seen |= 1u << site_hint_of_symbol(name);
	cr_expect_eq(seen & 1, 0, "0 is for no frame");
	cr_expect_geq(__builtin_popcount(seen), 10);
	cr_expect_eq(site_hint_place(0xa, 0) | site_hint_place(0xb, 7) |
			     site_hint_place(0xc, 8),
		0xa000000bu);
}

/* Catches a table that is searched wrongly at its ends or in its gaps. */
Test(site_symbols, hint_table)
{
	struct hms_arena arena = { 0 };
	struct site_module m = {
		.start = 0x1000, .end = 0x100000, .path = "/lib/libm.so"
	};
	unsigned other = site_hint_of_module(m.path);
	char name[16];

	site_hints_wanted = true;
	cr_expect_eq(site_hint_at(&m, 0x1000, 0, 0), other);
	site_hints_room(&m, 500, &arena);
	for (unsigned i = 0; i < 500; i++) {
		unsigned k = i * 7 % 250;

		sprintf(name, "f%u", k);
		site_hints_add(&m, name, 0x2000 + k * 0x40, 0x20);
	}
	site_hints_add(&m, "too_many", 0x2010, 1);
	site_hints_room(&m, 3, &arena);
	site_hints_add(&m, "elsewhere", 0x200000, 1);
	site_hints_add(&m, "assembly", 0x1800, 0);
	site_hints_sort(&m);
	cr_assert_eq(m.nhints, 251);
	for (unsigned k = 0; k < 250; k++) {
		uintptr_t at = 0x2000 + k * 0x40;

		sprintf(name, "f%u", k);
		cr_expect_eq(
			site_hint_at(&m, at, 0, 0), site_hint_of_symbol(name));
		cr_expect_eq(site_hint_at(&m, at + 0x1f, 0, 0),
			site_hint_of_symbol(name));
		cr_expect_eq(site_hint_at(&m, at + 0x20, 0, 0), other);
	}
	cr_expect_eq(site_hint_at(&m, 0x17ff, 0, 0), other);
	cr_expect_eq(site_hint_at(&m, 0x1805, 0x1800, 0x1810),
		site_hint_of_symbol("assembly"));
	cr_expect_eq(site_hint_at(&m, 0x1805, 0, 0), other);
	site_hints_wanted = false;
	cr_expect_eq(site_hint_at(&m, 0x2000, 0, 0), 0);
	hms_arena_free(&arena);
}

/* Catches IDs that are read in part, or with another one's hint. */
Test(site_symbols, ids)
{
	uint64_t id;
	uint32_t hint = 7;

	cr_expect(hms_word_site("0123456789abcdef", &id, &hint));
	cr_expect_eq(id, UINT64_C(0x0123456789abcdef));
	cr_expect_eq(hint, 0);
	cr_expect(hms_word_site("fedcba9876543210.89abcdef", &id, &hint));
	cr_expect_eq(id, UINT64_C(0xfedcba9876543210));
	cr_expect_eq(hint, 0x89abcdefu);
	cr_expect(!hms_word_site("0123456789abcde", &id, &hint));
	cr_expect(!hms_word_site("0123456789abcdef.", &id, &hint));
	cr_expect(!hms_word_site("0123456789abcdef.0123456", &id, &hint));
	cr_expect(!hms_word_site("0123456789abcdef.012345678", &id, &hint));
	cr_expect(!hms_word_site("0123456789abcdef0", &id, &hint));
	cr_expect(!hms_word_site("0123456789ABCDEF", &id, &hint));
}
