/* SPDX-License-Identifier: BSD-2-Clause */
/* A library with templates, and one that lets libc allocate; see sites.sh. */
#include <cstring>

#include "sites.h"

#define KEEP() __asm__ volatile("" ::: "memory")
#define NOINLINE __attribute__((noinline))

namespace ns
{
template <class T> NOINLINE void Table<T>::grow(size_t n)
{
	for (size_t i = 0; i < n; i++)
		items.push_back((T)i);
	KEEP();
}
template struct Table<int>;
template struct Table<long>;
}

NOINLINE char *lib_copy(const char *text)
{
	char *copy = strdup(text);

	KEEP();
	return copy;
}

NOINLINE void lib_fill(ns::Table<int> *a, ns::Table<long> *b)
{
	a->grow(1000);
	b->grow(1000);
	KEEP();
}
