/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlopen and dlclose in loops, from several threads, of C and C++ modules:
 * lazily, at once, local, global, deeply bound.  Host and module free each
 * other's blocks.  Catches RTLD_DEEPBIND, which binds the module's free to
 * libc's own and so breaks every preloaded heap that does not see to it;
 * a rule's module table that outlives a module; a lost RUNPATH.
 */
#include "tests/stress/tap.h"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

struct plugin_calls {
	void *(*make)(size_t n);
	void *(*grow)(void *p, size_t n);
	void (*drop)(void *p);
	char *(*copy)(const char *s);
};

static const char *folder;

static void *load(const char *name, int flags)
{
	char path[4096];
	void *handle;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	handle = dlopen(path, flags);
	if (!handle)
		printf("# %s\n", dlerror());
	return handle;
}

static bool use(const struct plugin_calls *calls, uint32_t *state)
{
	bool good = true;

	for (int i = 0; i < 40; i++) {
		size_t n = draw(state) % (i % 8 ? 2000 : 200000) + 8;
		char *theirs = calls->make(n), *ours = malloc(n), *text;

		good &= malloc_usable_size(theirs) >= n;
		fill(theirs, n, 1);
		fill(ours, n, 2);
		theirs = realloc(theirs, n * 2);
		ours = calls->grow(ours, n * 2);
		good &= filled(theirs, n, 1) && filled(ours, n, 2);
		text = calls->copy("words");
		good &= !strcmp(text, "copied words");
		free(text);
		if (i % 2) {
			free(theirs);
			calls->drop(ours);
		} else {
			calls->drop(theirs);
			free(ours);
		}
	}
	return good;
}

static bool cycle(const char *name, int flags, int times)
{
	uint32_t state = (uint32_t)flags * 17 + 5;
	bool good = true;

	for (int i = 0; i < times && good; i++) {
		void *handle = load(name, flags);
		const struct plugin_calls *calls;
		char *kept;

		calls = handle ? dlsym(handle, "plugin_calls") : NULL;
		if (!calls)
			return false;
		good = use(calls, &state);
		kept = calls->make(3000);
		fill(kept, 3000, 3);
		dlclose(handle);
		good &= filled(kept, 3000, 3);
		free(kept);
	}
	return good;
}

static void *in_thread(void *arg)
{
	const char *name = arg;

	return cycle(name, RTLD_NOW | RTLD_LOCAL, 40) ? NULL : arg;
}

static void test_threads(void)
{
	pthread_t t[6];
	bool good = true;
	void *bad;

	for (int i = 0; i < 6; i++)
		pthread_create(&t[i], NULL, in_thread,
			i % 2 ? (void *)"plugin_cxx.so" : (void *)"plugin.so");
	for (int i = 0; i < 6; i++) {
		pthread_join(t[i], &bad);
		good &= !bad;
	}
	tap_ok(good, "six threads load and unload");
}

/* A namespace of its own has a libc of its own, and a heap of its own. */
static void test_namespace(void)
{
	char path[4096];
	bool good = true;

	snprintf(path, sizeof(path), "%s/plugin.so", folder);
	for (int i = 0; i < 10; i++) {
		void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
		const struct plugin_calls *calls;
		char *p;

		calls = handle ? dlsym(handle, "plugin_calls") : NULL;
		if (!calls)
			return tap_ok(false, "dlmopen");
		p = calls->make(5000);
		fill(p, 5000, 4);
		p = calls->grow(p, 90000);
		good &= filled(p, 5000, 4);
		calls->drop(p);
		dlclose(handle);
	}
	tap_ok(good, "modules in namespaces of their own");
}

static void test_errors(void)
{
	bool good = true;

	for (int i = 0; i < 100; i++) {
		good &= !dlopen("/nonexistent/module.so", RTLD_NOW);
		good &= strstr(dlerror(), "cannot open") != NULL;
		good &= !dlopen("libc.so.6", 0x40000000);
		good &= strstr(dlerror(), "invalid mode") != NULL;
		good &= !dlsym(RTLD_DEFAULT, "no_such_symbol_anywhere");
		good &= dlerror() != NULL && dlerror() == NULL;
	}
	tap_ok(good, "errors of dlopen and dlsym");
}

int main(int argc, char **argv)
{
	char *slash = strrchr(argv[0], '/');

	if (argc > 1)
		folder = argv[1];
	else if (slash)
		*slash = 0, folder = argv[0];
	tap_ok(cycle("plugin.so", RTLD_LAZY, 200), "lazy");
	tap_ok(cycle("plugin.so", RTLD_NOW | RTLD_GLOBAL, 100), "global");
	tap_ok(cycle("plugin_cxx.so", RTLD_NOW, 60), "C++ in a C program");
	tap_ok(cycle("plugin.so", RTLD_NOW | RTLD_DEEPBIND, 100), "deepbind");
	tap_ok(cycle("plugin.so", RTLD_LAZY | RTLD_DEEPBIND, 100),
		"deepbind, lazy");
	tap_ok(cycle("plugin_cxx.so", RTLD_NOW | RTLD_DEEPBIND, 60),
		"C++, deepbind");
	test_threads();
	test_namespace();
	test_errors();
	return tap_done();
}
