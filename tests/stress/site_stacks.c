/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls from places that were never seen before, on stacks that leave little
 * room: what is found out about them must not be found out there.  Each stack
 * ends at a page that cannot be written.
 */
#include <signal.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/stress/tap.h"

#define PAGE 4096
#define LITTLE (2 * PAGE)

static void *volatile blocks[16];

#define PLACE(n)                                                               \
	static __attribute__((noinline)) void place_##n(void)                  \
	{                                                                      \
		blocks[n] = malloc(opaque(100 + n));                           \
	}
PLACE(0)
PLACE(1)
PLACE(2)
PLACE(3)
PLACE(4)
PLACE(5)
PLACE(6)
PLACE(7)
PLACE(8)
PLACE(9)
PLACE(10)
PLACE(11)

static void (*const places[])(void) = { place_0, place_1, place_2, place_3,
	place_4, place_5, place_6, place_7, place_8, place_9, place_10,
	place_11 };

/* As malloc gave it: all of it can be written. */
static bool usable(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		if (!blocks[i])
			return false;
		memset(blocks[i], 1, 100 + i);
		free(blocks[i]);
	}
	return true;
}

static char *little_stack(size_t size)
{
	char *room = mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED || mprotect(room, PAGE, PROT_NONE))
		return NULL;
	return room + PAGE;
}

static ucontext_t outside, inside;
static unsigned turn;

static void coroutine(void)
{
	places[turn]();
	swapcontext(&inside, &outside);
}

static bool in_coroutines(unsigned from, unsigned to)
{
	for (turn = from; turn < to; turn++) {
		char *room = little_stack(LITTLE);

		if (!room)
			return false;
		getcontext(&inside);
		inside.uc_stack.ss_sp = room;
		inside.uc_stack.ss_size = LITTLE;
		inside.uc_link = &outside;
		makecontext(&inside, coroutine, 0);
		swapcontext(&outside, &inside);
		munmap(room - PAGE, PAGE + LITTLE);
	}
	return usable(from, to);
}

static void handler(int sig)
{
	places[turn]();
}

/* The kernel's own frame takes what sysconf(3) says, of what is there. */
static bool in_handlers(unsigned from, unsigned to)
{
	size_t size = (size_t)sysconf(_SC_MINSIGSTKSZ) + LITTLE - PAGE;
	stack_t stack = { .ss_size = (size + PAGE - 1) & -(size_t)PAGE };
	struct sigaction action = { .sa_handler = handler,
		.sa_flags = SA_ONSTACK };

	stack.ss_sp = little_stack(stack.ss_size);
	if (!stack.ss_sp || sigaltstack(&stack, NULL) ||
		sigaction(SIGUSR1, &action, NULL))
		return false;
	for (turn = from; turn < to; turn++)
		raise(SIGUSR1);
	return usable(from, to);
}

static void *thread(void *unused)
{
	volatile char mine[6 << 10];

	for (size_t i = 0; i < sizeof(mine); i += 64)
		mine[i] = 1;
	places[turn]();
	return (void *)(uintptr_t)mine[64];
}

static bool in_threads(unsigned from, unsigned to)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN));
	for (turn = from; turn < to; turn++) {
		pthread_t id;

		if (pthread_create(&id, &attr, thread, NULL) ||
			pthread_join(id, NULL))
			return false;
	}
	return usable(from, to);
}

int main(void)
{
	tap_ok(in_coroutines(0, 4), "coroutines with stacks of 8 KiB");
	tap_ok(in_handlers(4, 8), "handlers on small stacks");
	tap_ok(in_threads(8, 12), "threads with the smallest stacks");
	return tap_done();
}
