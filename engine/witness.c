/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine/witness.h"

#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/sys.h"

#define TLS __attribute__((tls_model("initial-exec")))

static atomic_uint renames = 1;
static __thread char name[16] TLS; /* TASK_COMM_LEN, prctl(2) */
static __thread unsigned name_as_of TLS;

void hms_thread_renamed(void)
{
	atomic_fetch_add_explicit(&renames, 1, memory_order_relaxed);
}

static const char *thread_name(const struct hms_call *call)
{
	unsigned now = atomic_load_explicit(&renames, memory_order_relaxed);

	if (name_as_of != now) {
		if (hms_sys_thread_name(name))
			return NULL;
		name_as_of = now;
	}
	return name;
}

/*
 * glibc 2.35 and later; wait-free, so it may be asked in the middle of
 * malloc, whoever holds the loader's lock.
 */
#pragma weak _dl_find_object

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

static const char *module_path(const struct hms_call *call)
{
	struct search search = { (uintptr_t)call->caller, NULL };
	struct dl_find_object found;

	if (!call->caller)
		return NULL;
	/* One byte back: a call may be the last instruction of a module. */
	search.addr--;
	if (_dl_find_object) {
		if (_dl_find_object((void *)search.addr, &found))
			return NULL; /* code that no module holds: a JIT's */
		search.path = found.dlfo_link_map->l_name;
	} else {
		dl_iterate_phdr(search_module, &search);
	}
	return search.path && !*search.path ? program_path() : search.path;
}

const struct hms_witness hms_process_witness = {
	.module = module_path,
	.thread = thread_name,
};
