/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that run-time libraries and wrappers allocate on somebody's behalf;
 * see wrapped.sh.  usage: wrapped KIND: one of them.
 */
#include <alloca.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <dlfcn.h>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#define APART __attribute__((noinline, noclone))
#define KEEP() __asm__ volatile("" ::: "memory")

extern "C" void *xmalloc(size_t n);
extern "C" void library_work(int n);

namespace
{
APART void by_append()
{
	std::string text;

	for (int i = 0; i < 100; i++)
		text.append("more than fits into the string itself ");
	KEEP();
}

APART void by_stream()
{
	std::ostringstream stream;

	for (int i = 0; i < 1000; i++)
		stream << i << ' ' << i / 3.0;
	KEEP();
}

APART void by_file_stream()
{
	std::ifstream stream("/proc/self/maps");
	std::string line;

	while (std::getline(stream, line))
		KEEP();
	KEEP();
}

APART void by_exception()
{
	try {
		throw std::runtime_error("a text of some length, that is kept");
	} catch (const std::exception &e) {
		KEEP();
	}
}

APART void by_thread()
{
	std::thread([] { KEEP(); }).join();
	KEEP();
}

APART void by_strdup()
{
	for (int i = 0; i < 10; i++)
		free(strdup("a text"));
	KEEP();
}

APART void by_getline()
{
	FILE *file = fopen("/proc/self/maps", "r");
	char *line = nullptr;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0)
		KEEP();
	free(line);
	if (file)
		fclose(file);
}

APART void by_asprintf()
{
	char *text = nullptr;

	if (asprintf(&text, "%5000d", 3) > 0)
		free(text);
	KEEP();
}

APART void by_memstream()
{
	char *text = nullptr;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	for (int i = 0; i < 5000; i++)
		fprintf(file, "%d ", i);
	fclose(file);
	free(text);
}

APART void by_opendir()
{
	DIR *dir = opendir("/proc/self");

	while (dir && readdir(dir))
		KEEP();
	if (dir)
		closedir(dir);
}

APART void by_xmalloc()
{
	free(xmalloc(1000));
	KEEP();
}

/* From ever another depth, so that no stack is like an earlier one. */
APART void by_turns(int depth = 200)
{
	char *volatile room = static_cast<char *>(alloca(depth % 7 * 16 + 16));

	*room = 1;
	free(xmalloc(100));
	free(xmalloc(3000));
	library_work(3);
	if (depth > 1)
		by_turns(depth - 1);
	KEEP();
}

APART void all_turns()
{
	by_turns();
	KEEP();
}

/* Without its headers, which need not be there. */
APART void by_glib()
{
	void *lib = dlopen("libglib-2.0.so.0", RTLD_NOW);
	char *(*copy)(const char *);
	void *(*allocate)(size_t);

	if (!lib)
		exit(77);
	*(void **)&copy = dlsym(lib, "g_strdup");
	*(void **)&allocate = dlsym(lib, "g_malloc");
	free(copy("a text"));
	free(allocate(100));
	KEEP();
}

const struct {
	const char *name;
	void (*run)();
} kinds[] = {
	{ "append", by_append },
	{ "turns", all_turns },
	{ "stream", by_stream },
	{ "file_stream", by_file_stream },
	{ "exception", by_exception },
	{ "thread", by_thread },
	{ "strdup", by_strdup },
	{ "getline", by_getline },
	{ "asprintf", by_asprintf },
	{ "memstream", by_memstream },
	{ "opendir", by_opendir },
	{ "xmalloc", by_xmalloc },
	{ "glib", by_glib },
};
} // namespace

int main(int argc, char **argv)
{
	for (auto &kind : kinds)
		if (argc > 1 && !strcmp(argv[1], kind.name))
			kind.run();
	return 0;
}
