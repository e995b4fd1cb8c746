/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A C++ module for plugins.c, loaded into a C program, so that it brings its
 * own libstdc++ with it, in a local scope.
 */
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

namespace
{
std::map<std::string, std::string> table;
std::mutex table_lock;
thread_local std::string last;

void *make(std::size_t n)
{
	last = std::string(200, 'l');
	std::lock_guard<std::mutex> held(table_lock);

	table[std::to_string(n)] = last;
	return ::operator new(n);
}

void *grow(void *p, std::size_t n)
{
	try {
		throw std::runtime_error("as large as " + std::to_string(n));
	} catch (const std::exception &e) {
		last = e.what();
	}
	return std::realloc(p, n);
}

void drop(void *p)
{
	std::lock_guard<std::mutex> held(table_lock);

	table.clear();
	::operator delete(p);
}

char *copy(const char *s)
{
	return strdup(("copied " + std::string(s)).c_str());
}
}

struct plugin_calls {
	void *(*make)(std::size_t n);
	void *(*grow)(void *p, std::size_t n);
	void (*drop)(void *p);
	char *(*copy)(const char *s);
};
extern "C" __attribute__((visibility("default")))
const plugin_calls plugin_calls = { make, grow, drop, copy };
