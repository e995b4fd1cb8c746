/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C++ exceptions through frames that allocate, in many threads, and
 * thread_local objects whose destructors allocate.  Catches a lock or a
 * nesting guard that is still held when a frame is left by unwinding, and a
 * heap that is gone before the thread's last destructor has run.
 */
#include "tests/stress/tap.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

static std::atomic<long> constructed, destroyed;

struct counted {
	std::string text;

	explicit counted(int i) : text(std::to_string(i) + std::string(100, 'x'))
	{
		constructed++;
	}
	~counted()
	{
		std::vector<std::string> late(3, text + " in a destructor");

		destroyed += late.size() == 3;
	}
	counted(const counted &) = delete;
	counted &operator=(const counted &) = delete;
};

static int deep(int depth, int seed)
{
	auto mine = std::make_unique<counted>(depth);

	if (depth == 0)
		throw std::runtime_error("bottom " + std::to_string(seed) +
			std::string(500, '.'));
	return deep(depth - 1, seed) + static_cast<int>(mine->text.size());
}

static thread_local std::unique_ptr<counted> first, second;

static void thrower(int seed, std::atomic<long> &caught)
{
	first = std::make_unique<counted>(seed);
	second = std::make_unique<counted>(seed);
	for (int i = 0; i < 50; i++) {
		try {
			deep(20, seed);
		} catch (const std::exception &e) {
			std::exception_ptr kept = std::current_exception();
			std::string what = e.what();

			try {
				std::rethrow_exception(kept);
			} catch (const std::runtime_error &again) {
				caught += what == again.what();
			}
		}
	}
}

int main()
{
	std::atomic<long> caught{ 0 };

	for (int round = 0; round < 50; round++) {
		std::vector<std::thread> threads;

		for (int i = 0; i < 8; i++)
			threads.emplace_back(thrower, i, std::ref(caught));
		for (auto &t : threads)
			t.join();
	}
	tap_ok(caught == 50L * 8 * 50, "every exception is caught, whole");
	tap_ok(constructed == destroyed && constructed > 0,
		"every destructor ran, thread_local ones too");
	return tap_done();
}
