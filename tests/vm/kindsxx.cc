/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same question as kinds.c for C++: operator new in its forms and the
 * containers on top of it.  usage: kindsxx MIB
 */
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/vm/where.h"

namespace
{
struct alignas(4096) page {
	char bytes[4096];
};
} // namespace

int main(int argc, char **argv)
{
	const size_t size = std::strtoul(argc > 1 ? argv[1] : "16", nullptr, 10)
			    << 20;

	where_is("new", ::operator new(size), size);
	where_is("new-array", new char[size], size);
	where_is("new-nothrow", ::operator new(size, std::nothrow), size);
	where_is("new-aligned", new page[size / sizeof(page)], size);

	std::vector<long> grown;
	while (grown.size() < size / sizeof(long))
		grown.push_back(1);
	where_is("vector", grown.data(), size);

	std::string text;
	text.reserve(size);
	where_is("string", &text[0], size);

	struct where sum = {};
	std::vector<std::unique_ptr<char[]>> many;
	for (size_t i = 0; i < size >> 16; i++) {
		many.emplace_back(new char[1 << 16]());
		where_add(&sum, many.back().get(), 1 << 16);
	}
	where_print("unique_ptr", &sum);
	return 0;
}
