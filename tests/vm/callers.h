/* SPDX-License-Identifier: BSD-2-Clause */
/* What the program callers.cc and its library callers_lib.cc share. */
#ifndef TESTS_VM_CALLERS_H
#define TESTS_VM_CALLERS_H

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

/* Nothing is inlined, merged or made a jump that is to be seen as a frame. */
#define APART __attribute__((noinline, noclone))
#define KEEP() __asm__ volatile("" ::: "memory")

/* Where one kind's blocks are. */
struct Kind {
	const char *name;
	std::vector<void *> blocks;
	std::vector<std::size_t> sizes;
	explicit Kind(const char *text) : name(text)
	{
	}
	void add(void *block, std::size_t size)
	{
		blocks.push_back(block);
		sizes.push_back(size);
	}
};

/* Sizes from words to many pages, small ones more often. */
inline std::size_t some_size(unsigned i)
{
	return i % 20 == 19 ? 40000 + i * 64 : 16 + i * 37 % 3000;
}

/* What a library keeps: vectors, strings, streams, copies by libc. */
struct Library {
	virtual ~Library() = default;
	virtual void fill(Kind &kind) = 0;
	virtual void each(void (*callback)(Kind &, unsigned), Kind &kind) = 0;
};

std::unique_ptr<Library> make_library();

#endif
