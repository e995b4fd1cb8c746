/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Python does: loads a library with RTLD_LOCAL, which brings the vendor's
 * with it, and calls into it.  plugin FILE [ARG...]
 */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	int (*run)(int, char **) =
		plugin ? (int (*)(int, char **))dlsym(plugin, "calls_main")
		       : NULL;

	if (!run) {
		printf("%s\n", dlerror());
		return 1;
	}
	return run(argc - 1, argv + 1);
}
