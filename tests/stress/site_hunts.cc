/* SPDX-License-Identifier: BSD-2-Clause */
/* The hunts of site_hunters.c that need C++, or unwind by themselves. */
#include <array>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "tests/stress/site_hunts.h"

#define NOINLINE __attribute__((noinline))

unsigned long hunted[met_count];

namespace
{
/* Before main, and before HMS is ready. */
struct Early {
	std::vector<std::string> all;
	Early()
	{
		for (int i = 0; i < 20; i++)
			all.push_back(std::string(50 + i, 'e'));
		deep(5);
		hunted_one(met_constructors);
	}
} early;

struct Ender {
	char *block = static_cast<char *>(malloc(30));
	~Ender()
	{
		free(block);
		deep(11);
		hunted_one(met_thread_ends);
	}
};
thread_local Ender ender;

/* Its destructor runs while an exception, or a cancellation, goes by. */
struct Cleaner {
	enum hunt kind;
	unsigned n;
	~Cleaner()
	{
		deep(n % 6);
		hunted_one(kind);
	}
};

int compare(const void *a, const void *)
{
	Cleaner cleaner{ met_exceptions, *(const unsigned *)a };

	deep(2);
	throw std::runtime_error("out of qsort, out of libc");
}

void *cancelled(void *arg)
{
	Cleaner cleaner{ met_cancelled, *(unsigned *)arg };

	for (;;) {
		deep(4);
		pause();
	}
	return nullptr;
}

sigjmp_buf out;

void handler(int)
{
	deep(7);
	siglongjmp(out, 1);
}

NOINLINE void raised(unsigned n)
{
	if (n % 3)
		raised(n - 1);
	else
		raise(SIGUSR2);
	__asm__ volatile("" ::: "memory");
}

void from_made_code(void *, unsigned i)
{
	deep(i % 40);
	hunted_one(met_made_code);
}

/* push %rbp; call *%rdi; pop %rbp; ret */
void *make_code()
{
	static const unsigned char code[] = { 0x55, 0xff, 0xd7, 0x5d, 0xc3 };
	void *made = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (made == MAP_FAILED)
		return nullptr;
	memcpy(made, code, sizeof(code));
	return made;
}

/* No two are alike, so that none are merged. */
template <size_t I> NOINLINE void new_call()
{
	free(malloc(8 + I));
	hunted_one(met_new_calls);
}

template <size_t... I>
std::array<void (*)(), sizeof...(I)> all_calls(std::index_sequence<I...>)
{
	return { { new_call<I>... } };
}

/* libunwind's own, if it is there: the program has it from no header. */
int (*own_unwind())(void **, int)
{
	static int (*found)(void **, int);
	static bool tried;

	if (!tried)
		if (void *lib = dlopen("libunwind.so.8", RTLD_NOW))
			*(void **)&found = dlsym(lib, "unw_backtrace");
	tried = true;
	return found;
}
} // namespace

NOINLINE void hunt_exceptions(unsigned i)
{
	unsigned numbers[] = { i, i + 1, i + 2 };

	try {
		qsort(numbers, 3, sizeof(*numbers), compare);
	} catch (const std::exception &e) {
		deep(static_cast<unsigned>(strlen(e.what()) % 5));
	}
}

void hunt_thread_end()
{
	ender.block[0] = 1;
}

void hunt_cancel(unsigned i)
{
	pthread_t thread;

	if (pthread_create(&thread, nullptr, cancelled, &i))
		return;
	pthread_cancel(thread);
	pthread_join(thread, nullptr);
}

void hunt_jump(unsigned i)
{
	signal(SIGUSR2, handler);
	if (!sigsetjmp(out, 1))
		raised(i);
	else
		hunted_one(met_jumps);
	deep(i % 3);
}

void hunt_backtrace(unsigned i)
{
	void *frames[64];

	deep(i % 4);
	if (backtrace(frames, 64) > 1)
		hunted_one(met_backtraces);
	if (own_unwind() && own_unwind()(frames, 64) > 1)
		hunted_one(met_unwound);
	deep(i % 5);
}

/* Each is looked into under the lock of what is known of callers. */
void hunt_new_calls(unsigned n)
{
	static const auto calls =
		all_calls(std::make_index_sequence<HUNT_NEW_CALLS>());
	static size_t next;

	for (; n && next < calls.size(); n--)
		calls[next++]();
}

void hunt_made_code(unsigned i)
{
	typedef void call_t(void (*)(void *, unsigned), unsigned);
	static call_t *const made = (call_t *)make_code();

	if (made)
		made(from_made_code, i);
}

void hunt_library(const char *folder)
{
	void (*use)(unsigned long *, unsigned);
	const std::string path = std::string(folder) + "/libhunt.so";
	void *lib = dlopen(path.c_str(), RTLD_NOW);

	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
	*(void **)&use = dlsym(lib, "hunt_use");
	use(hunted, 6);
	dlclose(lib);
}
