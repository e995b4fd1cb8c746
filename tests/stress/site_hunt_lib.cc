/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that allocates as it comes and goes; see site_hunters.c. */
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/stress/site_hunts.h"

#define EXPORTED extern "C" __attribute__((visibility("default"), noinline))

EXPORTED void hunt_use(unsigned long *counters, unsigned n);

static unsigned long *counts;
static unsigned long built;

namespace
{
/* Static: its constructor runs in dlopen(), its destructor in dlclose(). */
struct Registry {
	std::vector<std::string> names;
	Registry()
	{
		for (int i = 0; i < 10; i++)
			names.push_back(std::string(100, 'n'));
		built++;
	}
	~Registry()
	{
		names.push_back(std::string(1000, 'e'));
		if (counts)
			__atomic_add_fetch(
				&counts[met_destructors], 1, __ATOMIC_RELAXED);
	}
} registry;

struct Bomb {
	std::string text;
};

__attribute__((noinline)) void throw_in(unsigned n)
{
	std::string local(200 + n, 'x');

	if (!n)
		throw Bomb{ local };
	throw_in(n - 1);
	__asm__ volatile("" ::"r"(local.data()) : "memory");
}
} // namespace

EXPORTED void hunt_use(unsigned long *counters, unsigned n)
{
	counts = counters;
	__atomic_add_fetch(&counts[met_constructors], built, __ATOMIC_RELAXED);
	built = 0;
	try {
		throw_in(n);
	} catch (const Bomb &bomb) {
		registry.names.push_back(bomb.text);
	}
}
