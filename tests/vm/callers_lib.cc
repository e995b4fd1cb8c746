/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The library of callers.cc.  Most of its memory is allocated by libstdc++
 * and libc on its behalf.
 */
#include "tests/vm/callers.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace
{
class Shelf : public Library
{
	std::vector<std::string> texts;
	std::vector<char *> copies;
	std::map<unsigned, std::vector<double>> columns;

      public:
	void fill(Kind &kind) override;
	void each(void (*callback)(Kind &, unsigned), Kind &kind) override;
};

APART void Shelf::fill(Kind &kind)
{
	for (unsigned i = 0; i < 150; i++) {
		std::string text;
		char *line = nullptr;

		/* Out of line, in libstdc++: it is the one that grows. */
		while (text.size() < some_size(i))
			text.append("a part of some text ");
		texts.push_back(std::move(text));
		copies.push_back(strdup(texts.back().c_str()));
		if (asprintf(&line, "%*u", (int)some_size(i), i) > 0)
			copies.push_back(line);
		columns[i].assign(some_size(i) / sizeof(double) + 2, 1.5);
	}
	for (auto &text : texts)
		kind.add(&text[0], text.capacity());
	for (char *copy : copies)
		kind.add(copy, strlen(copy) + 1);
	for (auto &column : columns) {
		kind.add(&column, sizeof(column));
		kind.add(column.second.data(),
			column.second.size() * sizeof(double));
	}
}

APART void Shelf::each(void (*callback)(Kind &, unsigned), Kind &kind)
{
	for (unsigned i = 0; i < 150; i++)
		callback(kind, i);
	KEEP();
}
} // namespace

std::unique_ptr<Library> make_library()
{
	return std::make_unique<Shelf>();
}
