/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with operator new of its own: the standard lets it, so all of
 * libstdc++ must use it, and a preload must not come in between.
 */
#include "tests/stress/tap.h"

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

/* In front of each block, so that a free by anyone else is seen. */
struct header {
	std::size_t magic, size;
};
static const std::size_t MAGIC = 0x51a7e0f5;
static long alive, made;

void *operator new(std::size_t n)
{
	header *h = static_cast<header *>(std::malloc(n + sizeof(*h)));

	if (!h)
		throw std::bad_alloc();
	h->magic = MAGIC;
	h->size = n;
	alive++;
	made++;
	return h + 1;
}

void operator delete(void *p) noexcept
{
	header *h = static_cast<header *>(p) - 1;

	if (!p)
		return;
	if (h->magic != MAGIC)
		std::abort();
	h->magic = 0;
	alive--;
	std::free(h);
}

void operator delete(void *p, std::size_t) noexcept
{
	::operator delete(p);
}

int main()
{
	long before = alive;

	{
		std::vector<std::string> words;

		for (int i = 0; i < 10000; i++)
			words.push_back("a string that is not small " +
				std::to_string(i));
		int *numbers = new int[1000]();
		tap_ok(numbers[999] == 0 && words[77].size() == 29,
			"content is right");
		delete[] numbers;
		delete new (std::nothrow) double(1.5);
	}
	tap_ok(made > 10000, "the program's own operator new is used");
	tap_ok(alive == before, "and its own operator delete");
	return tap_done();
}
