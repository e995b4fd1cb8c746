/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of many callers, of a C++ program that the compiler optimised, with
 * templates, inlined functions, exceptions, and a library; see
 * callers-place.sh.  Knows nothing of HMS: it asks the kernel for every page
 * that a block of a kind touches, and prints lines as where.h does.
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/vm/callers.h"
#include "tests/vm/where.h"

namespace
{
/* No function of its own is left of this: it is in both its callers. */
template <class Map>
__attribute__((always_inline)) inline void inlined(
	Map &map, Kind &kind, unsigned first)
{
	for (unsigned i = first; i < first + 150; i++)
		map[(int)i] = std::string(some_size(i), 'x');
	for (auto &entry : map) {
		kind.add(&entry, sizeof(entry));
		if (entry.second.capacity() > 15)
			kind.add(&entry.second[0], entry.second.capacity());
	}
}

class Table
{
	std::map<int, std::string> entries;

      public:
	APART void load(Kind &kind)
	{
		inlined(entries, kind, 0);
		KEEP();
	}
	APART void merge(Kind &kind)
	{
		inlined(entries, kind, 7);
		KEEP();
	}
};

template <class T> struct Store {
	std::vector<std::vector<T>> rows;
	APART void grow(Kind &kind);
};

template <class T> APART void Store<T>::grow(Kind &kind)
{
	for (unsigned i = 0; i < 150; i++) {
		std::vector<T> row;

		while (row.size() * sizeof(T) < some_size(i))
			row.push_back(T(1));
		rows.push_back(std::move(row));
	}
	for (auto &row : rows)
		kind.add(row.data(), row.size() * sizeof(T));
	KEEP();
}

struct Failure : std::runtime_error {
	char state[20000];
	Failure() : std::runtime_error("some reason")
	{
		std::fill_n(state, sizeof(state), 'f');
	}
};

/* What it throws is allocated by libstdc++, and charged to this function. */
APART void refuse(unsigned i)
{
	if (i != 1000)
		throw Failure();
}

/* Allocates while an exception goes by. */
struct Guard {
	Kind &kind;
	unsigned i;
	~Guard()
	{
		void *block = calloc(1, some_size(i));

		KEEP();
		kind.add(block, some_size(i));
	}
};

APART void unwound(Kind &kind, unsigned i)
{
	Guard guard{ kind, i };

	refuse(i);
	KEEP();
}

APART void exceptions(Kind &thrown, Kind &unwinding)
{
	static std::vector<std::exception_ptr> all;

	for (unsigned i = 0; i < 100; i++)
		try {
			unwound(unwinding, i);
		} catch (Failure &failure) {
			thrown.add(&failure, sizeof(failure));
			all.push_back(std::current_exception());
		}
}

APART void callback(Kind &kind, unsigned i)
{
	char *block = new char[some_size(i)]();

	KEEP();
	kind.add(block, some_size(i));
}

APART void worker(Kind *kind)
{
	for (unsigned i = 0; i < 150; i++)
		callback(*kind, i);
	KEEP();
}

APART void plain(Kind &kind)
{
	for (unsigned i = 0; i < 150; i++) {
		void *block = malloc(some_size(i));

		KEEP();
		kind.add(block, some_size(i));
	}
}

void ask(const Kind &kind)
{
	struct where sum;

	where_blocks(&sum, kind.blocks.data(), kind.sizes.data(),
		kind.blocks.size());
	where_print(kind.name, &sum);
}
} // namespace

int main()
{
	Kind load("load"), merge("merge"), ints("ints"), reals("reals"),
		thrown("thrown"), unwinding("unwinding"), library("library"),
		called("callback"), thread("thread"), own("plain");
	static Table first, second;
	static Store<int> store;
	static Store<double> wide;
	auto lib = make_library();

	/* In turns, so that blocks would lie side by side without rules. */
	first.load(load);
	second.merge(merge);
	store.grow(ints);
	wide.grow(reals);
	exceptions(thrown, unwinding);
	lib->fill(library);
	lib->each(callback, called);
	std::thread(worker, &thread).join();
	plain(own);
	for (const Kind *kind : { &load, &merge, &ints, &reals, &thrown,
		     &unwinding, &library, &called, &thread, &own })
		ask(*kind);
	return 0;
}
