/* SPDX-License-Identifier: BSD-2-Clause */
#include <criterion/criterion.h>

#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "engine/site/walk.h"

#define MOST 64
#define NOINLINE __attribute__((noinline, noclone))

/* A stack as libgcc sees it, and as we do. */
struct seen {
	uintptr_t ours[MOST];
	void *theirs[MOST];
	unsigned nours, ntheirs;
};

static struct seen seen;
static unsigned signals; /* handlers on the stack */
static volatile int keep; /* calls that are no jumps */

static const struct hms_pattern patterns[] = {
	{ "middle", NULL },
	{ "no_such_function", NULL },
	{ NULL, "libc.so.6" },
	{ NULL, "site_walk*" },
	{ "qsort*", "libc.so*" },
};

static void setup(void)
{
	void *warm[2];

	backtrace(warm, 2);
	cr_assert_eq(hms_sites_start(patterns, 5), 0);
}

TestSuite(site_walk, .init = setup);

static NOINLINE void look(void)
{
	seen.nours = hms_walk_addresses(
		__builtin_return_address(0), seen.ours, MOST);
	seen.ntheirs = (unsigned)backtrace(seen.theirs, MOST);
	keep++;
}

/*
 * libgcc's list begins in look() itself, or, built with ASan, in its own
 * backtrace() before that.  Code that was interrupted has not called: ours is
 * then one byte after, as if it had.
 */
static void compare(unsigned least)
{
	unsigned interrupted = 0, skip = 1;

	cr_assert_geq(seen.nours, least);
	if ((uintptr_t)seen.theirs[skip] != seen.ours[0])
		skip++;
	cr_assert_eq(seen.nours, seen.ntheirs - skip, "%u and %u frames",
		seen.nours, seen.ntheirs - skip);
	for (unsigned i = 0; i < seen.nours; i++) {
		uintptr_t theirs = (uintptr_t)seen.theirs[i + skip];

		if (seen.ours[i] == theirs + 1)
			interrupted++;
		else
			cr_assert_eq(seen.ours[i], theirs,
				"frame %u: %lx, not %lx", i, seen.ours[i],
				theirs);
	}
	cr_expect_eq(interrupted, signals);
	signals = 0;
}

static NOINLINE void deep(unsigned n)
{
	volatile char room[24 + 8 * (n % 5)]; /* frames of many sizes */

	room[0] = 0;
	if (n)
		deep(n - 1);
	else
		look();
	keep += room[0];
}

/* Catches rules that are wrong for frames without frame pointer, and VLAs. */
Test(site_walk, agrees_with_libgcc)
{
	look();
	compare(3);
	for (unsigned n = 1; n < 20; n++) {
		deep(n);
		compare(n + 3);
	}
}

static int by_qsort(const void *a, const void *b)
{
	look();
	keep++;
	return *(const int *)a - *(const int *)b;
}

/* Catches modules other than the program's. */
Test(site_walk, through_libc)
{
	int numbers[2] = { 2, 1 };

	qsort(numbers, 2, sizeof(*numbers), by_qsort);
	compare(5);
}

static void *in_thread(void *unused)
{
	deep(3);
	return NULL;
}

/* Catches a walk that runs over a thread's end. */
Test(site_walk, of_a_thread)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, in_thread, NULL), 0);
	pthread_join(thread, NULL);
	compare(5);
}

static void handler(int sig)
{
	signals++;
	look();
	keep++;
}

static NOINLINE void middle(int sig)
{
	raise(sig);
	keep++;
}

/* Catches signal frames taken for calls. */
Test(site_walk, through_a_signal)
{
	signal(SIGUSR1, handler);
	middle(SIGUSR1);
	compare(6);
}

/* Catches walks that want every frame to be above the one before. */
Test(site_walk, through_a_signal_on_its_own_stack)
{
	static char room[65536];
	stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction action = { .sa_handler = handler,
		.sa_flags = SA_ONSTACK };

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	middle(SIGUSR1);
	compare(6);
}

static ucontext_t outside, inside;

static void coroutine(void)
{
	deep(4);
	swapcontext(&inside, &outside);
}

/*
 * Catches a walk that does not end where a coroutine does.  Its stack ends
 * right before a page that cannot be read.
 */
Test(site_walk, of_a_coroutine)
{
	char *room = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_eq(mprotect(room + 4 * 4096, 4096, PROT_NONE), 0);
	getcontext(&inside);
	inside.uc_stack.ss_sp = room;
	inside.uc_stack.ss_size = 4 * 4096;
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	swapcontext(&outside, &inside);
	compare(6);
}

/*
 * Code that no module holds, called and calling: push %rbp; call *%rdi;
 * pop %rbp; ret.  Catches guesses about frames of code without tables.
 */
Test(site_walk, ends_at_jit_code)
{
	static const unsigned char code[] = { 0x55, 0xff, 0xd7, 0x5d, 0xc3 };
	void (*jit)(void (*)(unsigned), ...);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, code, sizeof(code));
	memcpy(&jit, &page, sizeof(jit));
	((void (*)(void (*)(void)))(uintptr_t)jit)(look);
	cr_expect_eq(seen.nours, 0);
}

static struct hms_stack stack;

static NOINLINE void ask(bool only_caller)
{
	hms_walk(__builtin_return_address(0), only_caller, &stack);
	keep++;
}

static int ask_by_qsort(const void *a, const void *b)
{
	ask(false);
	keep++;
	return 0;
}

/* Catches patterns of modules and functions, and who is charged. */
Test(site_walk, matches_patterns)
{
	int numbers[2] = { 1, 2 };

	qsort(numbers, 2, sizeof(*numbers), ask_by_qsort);
	cr_expect_eq(stack.patterns & 31, 4 | 8 | 16);
	cr_expect_eq(stack.caller & 31, 8);
	cr_expect(strstr(stack.module, "site_walk"));
	ask(true);
	cr_expect_eq(stack.patterns & 31, 8);
	cr_expect_eq(stack.depth, 1);
}

static NOINLINE void site_a(void)
{
	ask(false);
	keep++;
}

static NOINLINE void site_b(void)
{
	ask(false);
	keep += 2;
}

/* Catches identities that are alike for two places, or not for one. */
Test(site_walk, sites)
{
	uint64_t a[3], b;

#pragma GCC unroll 0
	for (int i = 0; i < 3; i++) {
		site_a();
		a[i] = stack.site;
	}
	site_b();
	b = stack.site;
	cr_expect_eq(a[0], a[1]);
	cr_expect_eq(a[0], a[2]);
	cr_expect_neq(a[0], b);
	cr_expect_neq(a[0], 0);
}

static NOINLINE void ask_from(void)
{
	ask(false);
	keep++;
}

static NOINLINE void way_one(void)
{
	ask_from();
	keep++;
}

static NOINLINE void way_two(void)
{
	ask_from();
	keep += 3;
}

/*
 * Catches a remembered walk that is taken for another one, which differs only
 * in one return address far from the call.
 */
Test(site_walk, remembered_walks_differ)
{
	void (*const ways[])(void) = { way_one, way_two };
	uint64_t sites[2] = { 0, 0 };

#pragma GCC unroll 0
	for (int i = 0; i < 100; i++) {
		ways[i % 2]();
		if (i >= 2)
			cr_assert_eq(stack.site, sites[i % 2]);
		sites[i % 2] = stack.site;
	}
	cr_expect_neq(sites[0], sites[1]);
}

/* Says that its caller's frame is where its argument points. */
#ifdef __x86_64__
void bogus(void *frame, void (*call)(void));
__asm__(".text\n"
	".globl bogus\n"
	".type bogus, @function\n"
	"bogus:\n"
	".cfi_startproc\n"
	"push %rbp\n"
	".cfi_adjust_cfa_offset 8\n"
	".cfi_offset %rbp, -16\n"
	"mov %rdi, %rbp\n"
	".cfi_def_cfa %rbp, 16\n"
	"call *%rsi\n"
	"pop %rbp\n"
	".cfi_def_cfa %rsp, 8\n"
	"ret\n"
	".cfi_endproc\n"
	".size bogus, . - bogus\n");

static NOINLINE void look_ours(void)
{
	seen.nours = hms_walk_addresses(
		__builtin_return_address(0), seen.ours, MOST);
	keep++;
}

/* Catches trust in unwind tables: reading where nothing can be read. */
Test(site_walk, survives_wrong_tables)
{
	char *room = mmap(
		NULL, 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	bogus(room, look_ours);
	cr_expect_eq(seen.nours, 1);
	bogus((void *)(uintptr_t)-4096, look_ours);
	cr_expect_eq(seen.nours, 1);
	bogus((void *)8, look_ours);
	cr_expect_eq(seen.nours, 1);
	bogus(room + 3, look_ours);
	cr_expect_eq(seen.nours, 1);
	mprotect(room, 4096, PROT_READ | PROT_WRITE);
	bogus(room, look_ours);
	cr_expect_leq(seen.nours, 2);
}

static void *look_above(void *room)
{
	bogus(room, look_ours);
	cr_expect_leq(seen.nours, 2);
	munmap(room, 4096);
	bogus(room, look_ours);
	cr_expect_eq(seen.nours, 1);
	return NULL;
}

/* Catches a page of no stack that is taken to be there because it was. */
Test(site_walk, memory_may_go)
{
	const size_t far = (size_t)256 << 20, size = (size_t)1 << 20;
	char *room = mmap(NULL, far, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pthread_attr_t below;
	pthread_t thread;

	pthread_attr_init(&below);
	cr_assert_eq(pthread_attr_setstack(&below, room, size), 0);
	cr_assert_eq(
		pthread_create(&thread, &below, look_above, room + far - 4096),
		0);
	pthread_join(thread, NULL);
}

/* Says that its caller's frame pointer is in a register that nobody follows. */
void fp_lost(void (*call)(void *caller));
__asm__(".text\n"
	".globl fp_lost\n"
	".type fp_lost, @function\n"
	"fp_lost:\n"
	".cfi_startproc\n"
	"push %rbp\n"
	".cfi_adjust_cfa_offset 8\n"
	".cfi_register %rbp, %r12\n"
	"mov %rdi, %rax\n"
	"mov 8(%rsp), %rdi\n"
	"call *%rax\n"
	"pop %rbp\n"
	".cfi_adjust_cfa_offset -8\n"
	"ret\n"
	".cfi_endproc\n"
	".size fp_lost, . - fp_lost\n");

static void ask_for(void *caller)
{
	hms_walk(caller, false, &stack);
	keep++;
}

/* What a walk of before left on the stack must mean nothing. */
static NOINLINE void litter(void)
{
	volatile char room[8192];

	for (size_t i = 0; i < sizeof(room); i++)
		room[i] = 0x55;
}

static NOINLINE void lose_fp(void)
{
	litter();
	fp_lost(ask_for);
	keep++;
}

/* Catches walks that go on from what was never written. */
Test(site_walk, where_the_frame_pointer_is_lost)
{
	lose_fp();
	cr_expect_geq(stack.depth, 1);
	cr_expect_leq(stack.depth, 64);
	cr_expect_eq(stack.caller & 31, 8);
	cr_expect_eq(stack.patterns & 2, 0);
}
#endif
