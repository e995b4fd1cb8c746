/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlsym(3) as programs use it, with the hook in place or without: each line
 * it prints is compared with a run without HMS.
 *
 * Would catch: a hook that leaves a frame (RTLD_NEXT then starts from HMS: the
 * library finds itself, or nothing; a plugin's RUNPATH is not used), one that
 * touches dlerror(3) or errno, one that makes a vendor's function look present
 * where there is no driver.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int over(int depth); /* of libdlsym_over, which asks for the next one */

static void say(const char *what, const void *found)
{
	const char *error = dlerror();

	printf("%s: %s, %s\n", what, found ? "found" : "not there",
		error ? "an error" : "no error");
}

/* Names that look like a vendor's, and those that nearly do. */
static void names(void)
{
	static const char *const all[] = { "cuMemAlloc_v2", "cuGetProcAddress",
		"cuGetProcAddress_v2", "cuInit", "cu", "c", "", "h", "hi",
		"hip", "hipMalloc", "z", "ze", "zeMemFree", "cut", "cuserid",
		"dlsym", "malloc" };
	void *self = dlopen(NULL, RTLD_NOW);

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char what[64];

		snprintf(what, sizeof(what), "default \"%s\"", all[i]);
		say(what, dlsym(RTLD_DEFAULT, all[i]));
		snprintf(what, sizeof(what), "self \"%s\"", all[i]);
		say(what, dlsym(self, all[i]));
		snprintf(what, sizeof(what), "next \"%s\"", all[i]);
		say(what, dlsym(RTLD_NEXT, all[i]));
	}
	dlclose(self);
}

int main(int argc, char **argv)
{
	void *plugin, *(*load)(void);
	int (*local)(int);

	names();
	printf("next of a library: %d\n", over(0));
	plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (!plugin) {
		printf("no plugin: %s\n", dlerror());
		return 1;
	}
	local = (int (*)(int))dlsym(plugin, "over");
	printf("next of a plugin: %d\n", local ? local(0) : -1);
	load = (void *(*)(void))dlsym(plugin, "load_hidden");
	say("a plugin's RUNPATH", load ? load() : NULL);
	errno = 77;
	dlsym(plugin, "over");
	printf("errno after success: %d\n", errno);
	dlsym(plugin, "nothing of that name");
	printf("dlerror: %s\n", strstr(dlerror(), "nothing of that name")
					? "names it"
					: "something else");
	return 0;
}
