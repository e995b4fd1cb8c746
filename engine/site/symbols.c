/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/symbols.h"

#include <elf.h>
#include <string.h>

#include "base/arena.h"
#include "base/sys.h"
#include "base/text.h"
#include "engine/site/demangle.h"
#include "engine/site/elf.h"
#include "engine/site/hint.h"

#define MOST_NAME 4096 /* bytes of a demangled name */
#define FIRST_PAGE 4096 /* of a module: mapped whenever the module is */

/* One pattern's function, and letters that its symbols must have. */
struct matcher {
	const char *glob;
	unsigned pattern;
	char word[64];
};

/* All of this is used under the lock of sites. */
static struct matcher matchers[HMS_PATTERNS];
static unsigned nmatchers;
static char demangled[MOST_NAME];

uint64_t site_patterns_met;

static void met(uint64_t set)
{
	__atomic_store_n(
		&site_patterns_met, site_patterns_met | set, __ATOMIC_RELAXED);
}

struct scan {
	struct site_module *module;
	struct hms_arena *arena;
	bool wrappers;
	unsigned room; /* of module->ranges */
};

static bool is_any(const char *function)
{
	return !function || !strcmp(function, "*");
}

static bool is_offset(const char *function)
{
	return function[0] == '0' && function[1] == 'x';
}

/* Some words of C++ and Rust names are abbreviated in symbols. */
static bool is_abbreviated(const char *word)
{
	static const char words[] =
		"basic_string basic_ostream basic_istream basic_iostream "
		"allocator char_traits std operator new delete unsigned signed "
		"char8_t char16_t char32_t wchar_t int long short double float "
		"bool void const volatile auto __int128 __float128 true false "
		"anonymous namespace lambda unnamed string decltype nullptr "
		"sizeof alignof noexcept parm half _Float16 _Float128 decimal128 "
		"bfloat16_t __vector _Complex __restrict closure shim isize "
		"usize str i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 i128 u128 fn "
		"mut dyn as unsafe extern";

	return strstr(words, word) != NULL;
}

/* The longest identifier of a glob: it stands in every symbol that matches. */
static void find_word(const char *glob, char *word, size_t size)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
		"0123456789";
	char tried[64];
	size_t best = 0;

	word[0] = 0;
	if (strpbrk(glob, "[\\"))
		return;
	while (*glob) {
		size_t n = strspn(glob, letters);

		if (n > best && n < size && n < sizeof(tried)) {
			memcpy(tried, glob, n);
			tried[n] = 0;
			/* Numbers are written otherwise in some. */
			if ((*tried < '0' || *tried > '9') &&
				!is_abbreviated(tried)) {
				memcpy(word, tried, n + 1);
				best = n;
			}
		}
		glob += n ? n : 1;
	}
}

/*
 * A procedure of a Fortran module, "__fields_MOD_make" (gfortran's "Naming
 * conventions"), becomes "fields::make", as debuggers print it.
 */
static bool fortran_name(const char *name, char *buf, size_t size)
{
	struct hms_text text = { buf, size, 0, false };
	const char *mark;

	if (name[0] != '_' || name[1] != '_')
		return false;
	mark = strstr(name + 2, "_MOD_");
	if (!mark || mark == name + 2)
		return false;
	hms_text_put(&text, name + 2, (size_t)(mark - name - 2));
	hms_text_put(&text, "::", 2);
	hms_text_put(&text, mark + 5, strcspn(mark + 5, "."));
	return !text.cut;
}

static bool matches(const struct matcher *m, const char *name)
{
	const char *dot;
	size_t n;

	if (hms_text_glob(m->glob, name))
		return true;
	if (fortran_name(name, demangled, sizeof(demangled)) &&
		hms_text_glob(m->glob, demangled))
		return true;
	/* f.isra.0, f.cold: still f. */
	dot = strchr(name, '.');
	n = dot ? (size_t)(dot - name) : 0;
	if (n && n < sizeof(demangled)) {
		memcpy(demangled, name, n);
		demangled[n] = 0;
		if (hms_text_glob(m->glob, demangled))
			return true;
	}
	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R') ||
		(m->word[0] && !strstr(name, m->word)) ||
		!hms_demangle(name, demangled, sizeof(demangled)))
		return false;
	if (hms_text_glob(m->glob, demangled))
		return true;
	hms_demangle_plain(demangled);
	return hms_text_glob(m->glob, demangled);
}

bool hms_symbol_matches(const char *glob, const char *name)
{
	struct matcher m = { .glob = glob };

	find_word(glob, m.word, sizeof(m.word));
	return matches(&m, name);
}

/*
 * Functions that exist to allocate for their callers, in libraries that do
 * more than that.
 */
static bool is_wrapper(const char *name)
{
	static const char *const names[] = { "g_malloc", "g_malloc0",
		"g_malloc_n", "g_malloc0_n", "g_realloc", "g_realloc_n",
		"g_try_malloc", "g_try_malloc0", "g_try_realloc",
		"g_slice_alloc", "g_slice_alloc0", "g_memdup", "g_memdup2",
		"g_strdup", "g_strndup", "xmalloc", "xcalloc", "xrealloc",
		"xzalloc", "xstrdup", "xstrndup", "xmemdup", "xnmalloc",
		"x2nrealloc", "PyMem_RawMalloc", "PyMem_RawCalloc",
		"PyMem_RawRealloc", "PyMem_Malloc", "PyMem_Calloc",
		"PyMem_Realloc", "PyObject_Malloc", "PyObject_Calloc",
		"PyObject_Realloc", "_PyMem_RawMalloc", "_PyMem_RawCalloc",
		"_PyMem_RawRealloc", "_PyObject_Malloc", "_PyObject_Calloc",
		"_PyObject_Realloc", "CRYPTO_malloc", "CRYPTO_zalloc",
		"CRYPTO_realloc", "Perl_safesysmalloc", "Perl_safesyscalloc",
		"Perl_safesysrealloc", "zmalloc", "zcalloc", "zrealloc",
		"av_malloc", "av_mallocz", "av_realloc", "apr_palloc" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (*name == *names[i] && !strcmp(name, names[i]))
			return true;
	return false;
}

static void keep(struct scan *s, uintptr_t start, uintptr_t end, uint64_t set)
{
	struct site_module *m = s->module;
	struct site_range *grown;

	if (m->nranges == s->room) {
		unsigned room = s->room ? 2 * s->room : 16;

		grown = hms_arena_alloc(s->arena, room * sizeof(*grown));
		if (!grown)
			return;
		if (m->nranges)
			memcpy(grown, m->ranges, m->nranges * sizeof(*grown));
		m->ranges = grown;
		s->room = room;
	}
	m->ranges[m->nranges++] = (struct site_range){ start, end, set };
}

static void look_at(void *scan, const char *name, uint64_t at, uint64_t size)
{
	struct scan *s = scan;
	uintptr_t start = s->module->base + at;
	uint64_t set = 0;

	for (unsigned i = 0; i < nmatchers; i++)
		if (matches(&matchers[i], name))
			set |= UINT64_C(1) << matchers[i].pattern;
	if (s->wrappers && is_wrapper(name))
		set |= SITE_SYMBOLS_WRAPPER;
	if (site_hints_wanted)
		site_hints_add(s->module, name, start, size);
	met(set);
	if (set)
		keep(s, start, start + size, set);
}

static void expect(void *scan, size_t n)
{
	struct scan *s = scan;

	if (site_hints_wanted)
		site_hints_room(s->module, n, s->arena);
}

/* True if there was a full symbol table. */
static bool read_file(struct scan *s, const char *path, bool debug)
{
	const void *own = (const void *)s->module->start;
	struct site_elf_reader reader = { .dynamic = !debug,
		.arg = s,
		.table = expect,
		.function = look_at };

	/* The file's head must be the module's own, or it was replaced. */
	if (!debug && hms_sys_readable(own) && !memcmp(own, ELFMAG, SELFMAG))
		reader.head = own;
	return site_elf_functions(path, &reader) > 0;
}

/* Where Debian, Fedora and others put them: gdb(1), "Separate Debug Files". */
static void read_debug_file(struct scan *s)
{
	const struct site_module *m = s->module;
	char path[128];
	struct hms_text text = HMS_TEXT(path);

	if (m->build_id_len < 2)
		return;
	hms_text_add(&text, "/usr/lib/debug/.build-id/%02x/", m->build_id[0]);
	for (unsigned i = 1; i < m->build_id_len; i++)
		hms_text_add(&text, "%02x", m->build_id[i]);
	hms_text_add(&text, ".debug");
	if (!text.cut)
		read_file(s, path, true);
}

void site_symbols_read(struct site_module *module,
	const struct hms_pattern *patterns, unsigned n, struct hms_arena *arena)
{
	struct scan s = { .module = module, .arena = arena };

	nmatchers = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct hms_pattern *p = &patterns[i];

		/* `from` asks who allocates, so wrappers matter. */
		s.wrappers |= !p->function && !module->runtime;
		if (p->module && !hms_text_glob_file(p->module, module->path))
			continue;
		if (is_any(p->function)) {
			module->patterns |= UINT64_C(1) << i;
		} else if (!is_offset(p->function)) {
			struct matcher *m = &matchers[nmatchers++];

			m->glob = p->function;
			m->pattern = i;
			find_word(m->glob, m->word, sizeof(m->word));
		}
	}
	met(module->patterns);
	if (!nmatchers && !s.wrappers && !site_hints_wanted)
		return;
	if (!read_file(&s, module->path, false))
		read_debug_file(&s);
	site_hints_sort(module);
}

/* "0x1234": an offset in the file, of any byte of the function. */
static bool offset_matches(const struct site_module *module, const char *text,
	uintptr_t start, uintptr_t end)
{
	uintptr_t at = 0;

	for (text += 2; *text; text++) {
		static const char digits[] = "0123456789abcdef";
		const char *digit = strchr(digits, *text | 0x20);

		if (!digit)
			return false;
		at = at << 4 | (uintptr_t)(digit - digits);
	}
	at += module->base;
	return at >= start && at < end;
}

uint64_t site_symbols_match(const struct site_module *module, uintptr_t addr,
	uintptr_t start, uintptr_t end, const struct hms_pattern *patterns,
	unsigned n)
{
	uint64_t set = module->patterns;

	for (unsigned i = 0; i < module->nranges; i++) {
		const struct site_range *r = &module->ranges[i];

		/* Written in assembly, a function may lack a size. */
		if ((addr >= r->start && addr < r->end) ||
			(r->start == r->end && r->start >= start &&
				r->start < end))
			set |= r->patterns;
	}
	for (unsigned i = 0; i < n; i++)
		if (patterns[i].function && is_offset(patterns[i].function) &&
			(!patterns[i].module ||
				hms_text_glob_file(
					patterns[i].module, module->path)) &&
			offset_matches(
				module, patterns[i].function, start, end))
			set |= UINT64_C(1) << i;
	met(set);
	return set;
}
