/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every form of operator new and delete, as C++17 and libstdc++ have them.
 * Catches a form that is not intercepted (its block would meet the wrong
 * heap), a new_handler that is not called, a bad_alloc that is not thrown.
 */
#include "tests/stress/tap.h"

#include <cstddef>
#include <malloc.h>
#include <memory_resource>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

static bool aligned(const void *p, std::size_t align)
{
	return (reinterpret_cast<std::uintptr_t>(p) & (align - 1)) == 0;
}

static void test_plain()
{
	bool good = true;

	errno = 4711;
	for (std::size_t n = 0; n < (9u << 20); n = n * 3 + 1) {
		void *a = ::operator new(n), *b = ::operator new[](n);
		void *c = ::operator new(n, std::nothrow);
		void *d = ::operator new[](n, std::nothrow);

		good &= a && b && c && d && aligned(a, 16) && aligned(b, 16) &&
			malloc_usable_size(a) >= n &&
			malloc_usable_size(d) >= n;
		memset(a, 1, n);
		memset(b, 1, n);
		::operator delete(a);
		::operator delete[](b);
		::operator delete(c, std::nothrow);
		::operator delete[](d, std::nothrow);
		::operator delete(::operator new(n), n);
		::operator delete[](::operator new[](n), n);
	}
	::operator delete(nullptr);
	::operator delete[](nullptr);
	::operator delete(nullptr, std::size_t(8));
	tap_ok(good && errno == 4711, "new, new[], nothrow, sized delete");
}

static void test_aligned()
{
	bool good = true;

	for (std::size_t a = 1; a <= (2u << 20); a *= 2) {
		auto al = std::align_val_t(a);

		for (std::size_t n = 0; n < 100000; n = n * 5 + 3) {
			void *p = ::operator new(n, al);
			void *q = ::operator new[](n, al);
			void *r = ::operator new(n, al, std::nothrow);
			void *s = ::operator new[](n, al, std::nothrow);

			if (!aligned(p, a) || !aligned(q, a) ||
				!aligned(r, a) || !aligned(s, a))
				good = tap_bad("aligned new", a);
			memset(p, 1, n);
			::operator delete(p, al);
			::operator delete[](q, al);
			::operator delete(r, al, std::nothrow);
			::operator delete[](s, al, std::nothrow);
			::operator delete(::operator new(n, al), n, al);
			::operator delete[](::operator new[](n, al), n, al);
		}
	}
	tap_ok(good, "aligned new and delete, 1 byte to 2 MiB");
}

static bool throws(std::size_t n, std::size_t align)
{
	try {
		void *p = align ? ::operator new(n, std::align_val_t(align))
				: ::operator new[](n);

		::operator delete(p);
	} catch (const std::bad_alloc &) {
		return true;
	}
	return false;
}

static int handled;

static void handler()
{
	if (++handled == 3)
		std::set_new_handler(nullptr);
}

static void test_failure()
{
	/* libstdc++ 12 wraps when it rounds up larger sizes to alignments. */
	static const std::size_t sizes[] = { std::size_t(PTRDIFF_MAX) + 1,
		SIZE_MAX - 4096, PTRDIFF_MAX };
	bool good = true;

	for (std::size_t n : sizes) {
		n = opaque(n);
		good &= throws(n, 0) && throws(n, 64);
		good &= !::operator new(n, std::nothrow);
		good &= !::operator new[](n, std::nothrow);
		good &= !::operator new(n, std::align_val_t(128), std::nothrow);
	}
	tap_ok(good, "bad_alloc, and NULL from nothrow");
	std::set_new_handler(handler);
	handled = 0;
	good = throws(opaque(SIZE_MAX), 0) && handled == 3;
	tap_ok(good, "the new_handler is called until it gives up");
	std::set_new_handler(handler);
	handled = 0;
	good = !::operator new(opaque(SIZE_MAX), std::nothrow) && handled == 3;
	tap_ok(good, "nothrow new calls the new_handler too");
	std::set_new_handler(handler);
	handled = 0;
	good = throws(opaque(SIZE_MAX - 4096), 256) && handled == 3;
	tap_ok(good, "aligned new calls the new_handler too");
	std::set_new_handler([] { throw 42; });
	good = false;
	try {
		::operator delete(::operator new(opaque(SIZE_MAX)));
	} catch (int n) {
		good = n == 42;
	}
	tap_ok(good, "an exception of the new_handler's own comes through");
	std::set_new_handler(nullptr);
	good = false;
	try {
		delete[] new int[opaque(SIZE_MAX / 2)];
	} catch (const std::bad_array_new_length &) {
		good = true;
	}
	tap_ok(good, "bad_array_new_length");
}

struct alignas(128) wide {
	char text[300];
	virtual ~wide() = default;
};
struct wider : wide {
	std::vector<std::string> words;
};

static void test_users()
{
	std::unordered_map<std::string, std::vector<int>> map;
	bool good = true;

	for (int i = 0; i < 5000; i++)
		map["key number " + std::to_string(i % 700)].push_back(i);
	good &= map.size() == 700 && map["key number 3"].size() == 8;
	for (int i = 0; i < 1000; i++) {
		wide *w = new wider;

		static_cast<wider *>(w)->words.assign(9,
			"longer than any small string");
		good &= aligned(w, 128);
		delete w;
	}
	tap_ok(good, "containers and over-aligned classes");

	std::pmr::unsynchronized_pool_resource pool;
	std::pmr::monotonic_buffer_resource buffer(&pool);
	std::pmr::vector<std::pmr::string> words(&buffer);

	for (int i = 0; i < 3000; i++)
		words.emplace_back("polymorphic " + std::to_string(i * i));
	void *p = std::pmr::new_delete_resource()->allocate(5000, 4096);

	good = words[2999] == "polymorphic 8994001" && aligned(p, 4096);
	std::pmr::new_delete_resource()->deallocate(p, 5000, 4096);
	tap_ok(good, "std::pmr");
}

int main()
{
	test_plain();
	test_aligned();
	test_failure();
	test_users();
	return tap_done();
}
