/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Libraries take turns at the same addresses, and under the same name, while
 * other threads allocate and open libraries of their own; see sites.sh.  All
 * have one layout, so that code of one stands where another's stood.
 *
 *	libturn_a, _b	have build-ids
 *	libturn_c, _d	have none, and other functions at the same places
 *	libturn_x	a link to a, c or d
 *	libturn_e	is replaced by f after it was opened, before it is
 *called libturn_g	is the other threads'
 *
 * usage: site_modules FOLDER SCRATCH ROUNDS; ROUNDS 0: until HMS_TEST_SECONDS
 * are over.  Prints how many blocks each one made.  Would catch: a library
 * taken for the one that was there before, symbols of another file, records
 * that grow with each dlopen, reading code that is gone.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char names[] = "abcdxefg";
static atomic_bool stop;
static atomic_ulong made[sizeof(names)], picked;
static volatile int keep;
static const char *folder, *scratch;
static pthread_mutex_t turns = PTHREAD_MUTEX_INITIALIZER;
/* The loader has a descriptor open for a moment: not while they are counted. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static __attribute__((noinline)) void *own(size_t n)
{
	void *block = malloc(n);

	keep++;
	return block;
}

static void *open_lib(char name)
{
	bool linked = name == 'x' || name == 'e';
	char path[PATH_MAX];
	void *handle;

	snprintf(path, sizeof(path), "%s/libturn_%c.so",
		linked ? scratch : folder, name);
	handle = dlopen(path, RTLD_NOW | (keep % 3 ? 0 : RTLD_DEEPBIND));
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return handle;
}

/* From now on scratch's libturn_FROM.so is folder's libturn_TO.so. */
static void point(char from, char to)
{
	char link[PATH_MAX], path[PATH_MAX], target[PATH_MAX];

	snprintf(target, sizeof(target), "%s/libturn_%c.so", folder, to);
	snprintf(link, sizeof(link), "%s/next", scratch);
	snprintf(path, sizeof(path), "%s/libturn_%c.so", scratch, from);
	unlink(link);
	if (symlink(target, link) || rename(link, path))
		exit(1);
}

static uintptr_t call(void *lib, char name, char file)
{
	void *(*make)(size_t);

	*(void **)&make = dlsym(lib, "turn_make");
	for (int k = 0; k < 5; k++) {
		free(make(100));
		made[strchr(names, name) - names]++;
		picked += file == 'c';
	}
	return (uintptr_t)make;
}

static uintptr_t turn(unsigned i)
{
	static const char order[] = "abcdaxcbdxx", files[] = "abcdaacbdcd";
	const char name = order[i % 11], file = files[i % 11];
	uintptr_t where;
	void *lib;

	if (name == 'x')
		point('x', file);
	pthread_mutex_lock(&turns);
	lib = open_lib(name);
	where = call(lib, name, file);
	dlclose(lib);
	pthread_mutex_unlock(&turns);
	return where;
}

static void *allocate(void *unused)
{
	while (!stop)
		free(own(40));
	return NULL;
}

static void *reload(void *unused)
{
	void *lib;

	while (!stop) {
		pthread_mutex_lock(&loading);
		lib = open_lib('g');
		pthread_mutex_unlock(&loading);
		call(lib, 'g', 'g');
		dlclose(lib);
		/* The others' code is to come back to where it was. */
		pthread_mutex_lock(&turns);
		pthread_mutex_unlock(&turns);
	}
	return NULL;
}

/* What must not grow: bytes of address space and of memory, maps, files. */
struct size {
	size_t mapped, resident, maps, files;
};

static struct size size(void)
{
	struct size s = {};
	DIR *dir;
	FILE *f;
	int c;

	pthread_mutex_lock(&loading);
	f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%zu %zu", &s.mapped, &s.resident) != 2)
		exit(1);
	fclose(f);
	f = fopen("/proc/self/maps", "r");
	while (f && (c = getc(f)) != EOF)
		s.maps += c == '\n';
	if (f)
		fclose(f);
	dir = opendir("/proc/self/fd");
	while (dir && readdir(dir))
		s.files++;
	if (dir)
		closedir(dir);
	pthread_mutex_unlock(&loading);
	return s;
}

static bool grew(const struct size *a, const struct size *b)
{
	const struct size d = { b->mapped - a->mapped,
		b->resident - a->resident, b->maps - a->maps,
		b->files - a->files };
	const bool bad = (ssize_t)d.mapped > 2048 ||
			 (ssize_t)d.resident > 2048 || (ssize_t)d.maps > 20 ||
			 d.files;

	if (bad)
		fprintf(stderr,
			"grew by %zd, %zd resident pages, %zd maps, %zd files\n",
			(ssize_t)d.mapped, (ssize_t)d.resident, (ssize_t)d.maps,
			(ssize_t)d.files);
	return bad;
}

static bool more(unsigned i, unsigned rounds)
{
	static time_t end;
	const char *text = getenv("HMS_TEST_SECONDS");
	struct timespec now;

	if (rounds)
		return i < rounds;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!end)
		end = now.tv_sec + (text ? atoi(text) : 10);
	return now.tv_sec < end;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 500, alike = 0;
	uintptr_t before = 0, where;
	struct size start = {}, end;
	pthread_t threads[4];
	void *late;

	folder = argv[1];
	scratch = argv[2];
	point('e', 'e');
	late = open_lib('e');
	point('e', 'f');
	call(late, 'e', 'e');
	for (int i = 0; i < 4; i++)
		pthread_create(
			&threads[i], NULL, i % 2 ? allocate : reload, NULL);
	for (unsigned i = 0; more(i, rounds); i++) {
		where = turn(i);
		alike += where == before;
		before = where;
		if (i == 250)
			start = size();
	}
	end = size();
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; names[i]; i++)
		printf("%c=%lu ", names[i], made[i]);
	printf("picked=%lu %s %s\n", picked, alike ? "alike" : "apart",
		grew(&start, &end) ? "grew" : "steady");
	return 0;
}
