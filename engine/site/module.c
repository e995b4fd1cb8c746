/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/site/module.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>

#include "base/arena.h"
#include "base/sys.h"
#include "base/text.h"
#include "engine/site/elf.h"
#include "engine/site/hash.h"

/*
 * glibc 2.35 and later; wait-free, so it may be asked in the middle of
 * malloc, whoever holds the loader's lock.
 */
#pragma weak _dl_find_object

#define FIRST_PAGE 4096 /* of a module: mapped whenever the module is */

static struct site_module *modules;

/* Modules of the program's start; few enough to be searched one by one. */
#define MAX_STARTED 512
static const struct link_map *started[MAX_STARTED];
static unsigned nstarted;

/* The program itself has no name among the loader's modules. */
static const char *program_path(void)
{
	static char path[4096];
	static atomic_int known;
	ssize_t len;

	if (!atomic_load_explicit(&known, memory_order_acquire)) {
		len = hms_sys_readlink(
			"/proc/self/exe", path, sizeof(path) - 1);
		if (len < 0)
			return NULL;
		atomic_store_explicit(&known, 1, memory_order_release);
	}
	return path;
}

struct search {
	uintptr_t addr;
	const char *path;
};

static int search_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD &&
			search->addr - (info->dlpi_addr + p->p_vaddr) <
				p->p_memsz) {
			search->path = info->dlpi_name;
			return 1;
		}
	}
	return 0;
}

bool site_modules_known(void)
{
	return _dl_find_object != NULL;
}

const char *site_module_path(uintptr_t addr)
{
	struct search search = { addr, NULL };
	struct dl_find_object found;

	if (_dl_find_object) {
		if (_dl_find_object((void *)addr, &found))
			return NULL; /* code that no module holds: a JIT's */
		search.path = found.dlfo_link_map->l_name;
	} else {
		dl_iterate_phdr(search_module, &search);
	}
	return search.path && !*search.path ? program_path() : search.path;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Within a module's reach: code models keep it below 2 GiB. */
static bool near(uintptr_t a, const void *b)
{
	const uintptr_t reach = UINT64_C(1) << 31;

	return a - (uintptr_t)b + reach < 2 * reach;
}

/*
 * The names that a module's dynamic section refers to.  The loader makes
 * addresses of its offsets, but not where it may not write: in the kernel's
 * vdso, and in libraries linked with -z rodynamic.
 */
static const char *dynamic_strings(const struct link_map *map)
{
	uintptr_t at = 0;

	for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag; d++)
		if (d->d_tag == DT_STRTAB)
			at = d->d_un.d_ptr;
	if (!near(at, map->l_ld))
		at += map->l_addr;
	return near(at, map->l_ld) ? (const char *)at : NULL;
}

/* Does a started module ask for a library of this name? */
static bool needs(const struct link_map *map, const char *name)
{
	const char *strings = dynamic_strings(map);

	for (const ElfW(Dyn) *d = map->l_ld; strings && d->d_tag; d++)
		if (d->d_tag == DT_NEEDED &&
			!strcmp(base_name(strings + d->d_un.d_val), name))
			return true;
	return false;
}

/*
 * What other constructors dlopened before ours may go again: started are the
 * program, and what it and those that it needs ask for by name.
 */
void site_modules_start(void)
{
	struct dl_find_object own;
	const struct link_map *first;
	bool more = true;

	if (!_dl_find_object ||
		_dl_find_object((void *)site_modules_start, &own))
		return;
	for (first = own.dlfo_link_map; first->l_prev;)
		first = first->l_prev;
	started[nstarted++] = first;
	if (own.dlfo_link_map != first)
		started[nstarted++] = own.dlfo_link_map;
	while (more) {
		more = false;
		for (const struct link_map *m = first; m; m = m->l_next) {
			bool known = false, wanted = false;

			for (unsigned i = 0; i < nstarted && !known; i++) {
				known = started[i] == m;
				wanted |=
					!known &&
					needs(started[i], base_name(m->l_name));
			}
			if (known || !wanted || nstarted == MAX_STARTED)
				continue;
			started[nstarted++] = m;
			more = true;
		}
	}
}

static bool is_started(const struct link_map *map)
{
	for (unsigned i = 0; i < nstarted; i++)
		if (started[i] == map)
			return true;
	return false;
}

/*
 * What stands at the head of the table of exported names, which follows from
 * the names (GNU's DT_GNU_HASH: a bloom filter, then hashes).
 */
static void take_names(struct site_module *module, const ElfW(Dyn) * dynamic)
{
	for (const ElfW(Dyn) *d = dynamic; d && d->d_tag; d++) {
		uintptr_t at = d->d_un.d_ptr;

		if (d->d_tag != DT_GNU_HASH || at < module->start ||
			at + sizeof(module->names_copy) > module->end)
			continue;
		module->names = (const unsigned char *)at;
		memcpy(module->names_copy, module->names,
			sizeof(module->names_copy));
	}
}

/*
 * Without a build-id, the heads of the tables for unwinding and of exported
 * names tell modules apart.
 */
static void take_print(struct site_module *module, const struct link_map *map)
{
	const unsigned char *id = NULL;
	unsigned len;

	if (module->end - module->start >= FIRST_PAGE &&
		hms_sys_readable((const void *)module->start))
		id = site_elf_build_id((const unsigned char *)module->start,
			FIRST_PAGE, module->base - module->start, &len);
	if (id && len <= sizeof(module->build_id)) {
		memcpy(module->build_id, id, len);
		module->build_id_len = len;
		module->print = id;
		module->print_len = len;
	} else {
		module->print = module->unwind;
		module->print_len = 32;
		take_names(module, map->l_ld);
	}
	memcpy(module->print_copy, module->print, module->print_len);
	module->identity = module->build_id_len
				   ? site_hash(SITE_HASH, module->build_id,
					     module->build_id_len)
				   : site_hash(SITE_HASH, module->path,
					     strlen(module->path));
}

bool site_module_is_runtime(const char *path)
{
	/*
	 * Libraries that allocate only because somebody else asked them to:
	 * operator new, strdup, getline, fopen.
	 */
	static const char *const names[] = { "libstdc++.so*", "libc++.so*",
		"libc++abi.so*", "libgcc_s.so*", "libc.so.6", "libc-2.*.so",
		"ld-linux*.so*", "libgfortran.so*", "libjemalloc.so*",
		"libtcmalloc*.so*", "libmimalloc.so*", "libtbbmalloc*.so*",
		"libmemkind.so*" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (hms_text_glob_file(names[i], path))
			return true;
	return false;
}

/*
 * The loader does not free a name while code of the module is among the
 * callers: it is asked about no other.
 */
static bool same(
	const struct site_module *module, const struct dl_find_object *found)
{
	return module->start == (uintptr_t)found->dlfo_map_start &&
	       module->end == (uintptr_t)found->dlfo_map_end &&
	       module->unwind == found->dlfo_eh_frame &&
	       !memcmp(module->print, module->print_copy, module->print_len) &&
	       (!module->names || !memcmp(module->names, module->names_copy,
					  sizeof(module->names_copy))) &&
	       !strcmp(module->name, found->dlfo_link_map->l_name);
}

bool site_module_stays(const struct site_module *module, uintptr_t addr)
{
	struct dl_find_object found;

	return module->permanent ||
	       (!_dl_find_object((void *)addr, &found) && same(module, &found));
}

bool site_module_none(uintptr_t addr)
{
	struct dl_find_object found;

	return _dl_find_object((void *)addr, &found) != 0;
}

static struct site_module *add(
	const struct dl_find_object *found, struct hms_arena *arena)
{
	const char *name = found->dlfo_link_map->l_name;
	struct site_module *module = hms_arena_alloc(arena, sizeof(*module));

	if (!module)
		return NULL;
	module->name = hms_arena_strdup(arena, name);
	module->path = *name ? module->name : program_path();
	if (!module->name)
		return NULL;
	if (!module->path)
		module->path = "";
	module->start = (uintptr_t)found->dlfo_map_start;
	module->end = (uintptr_t)found->dlfo_map_end;
	module->unwind = found->dlfo_eh_frame;
	module->base = found->dlfo_link_map->l_addr;
	module->permanent = is_started(found->dlfo_link_map);
	module->runtime = site_module_is_runtime(module->path);
	take_print(module, found->dlfo_link_map);
	module->next = modules;
	modules = module;
	return module;
}

struct site_module *site_module_find(uintptr_t addr, struct hms_arena *arena)
{
	struct dl_find_object found;

	if (_dl_find_object((void *)addr, &found) || !found.dlfo_eh_frame)
		return NULL;
	for (struct site_module *m = modules; m; m = m->next)
		if (same(m, &found))
			return m;
	return add(&found, arena);
}
