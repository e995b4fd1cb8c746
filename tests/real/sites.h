/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SITES_H
#define SITES_H

#include <cstddef>
#include <vector>

namespace ns
{
template <class T> struct Table {
	std::vector<T> items;
	void grow(std::size_t n);
};
} // namespace ns

extern "C" char *lib_copy(const char *text);
extern "C" void lib_fill(ns::Table<int> *a, ns::Table<long> *b);

#endif
