/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that use the heap while the interrupted code is outside of it
 * (raise, sigsuspend, a timer during computation), on the thread's stack
 * and on one of the handler's own, and longjmp out of handlers and frames.
 * Catches a guard or lock kept over a jump, and state tied to one stack.
 * The timer also hits code that only computes: no async-signal-unsafe call
 * is ever interrupted, so glibc promises all of this.
 */
#include "tests/stress/tap.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t handled, wrong;
static sigjmp_buf out;
static void *kept[64];

static void use_heap(int seed)
{
	size_t n = (size_t)(seed % 50) * 777 + 1;
	char *p = malloc(n);

	fill(p, n, (unsigned)seed);
	p = realloc(p, n * 3);
	if (!p || !filled(p, n, (unsigned)seed))
		wrong = 1;
	free(kept[seed % 64]);
	kept[seed % 64] = p;
}

static void allocate(int sig)
{
	int error = errno;

	errno = 4711;
	use_heap(handled++);
	if (errno != 4711)
		wrong = 2;
	errno = error;
}

static void jump(int sig)
{
	allocate(sig);
	siglongjmp(out, 1);
}

static void handle(int sig, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(sig, &action, NULL);
}

static void test_raise(void)
{
	handled = 0;
	handle(SIGUSR1, allocate, 0);
	for (int i = 0; i < 10000; i++) {
		char *p = malloc((size_t)i + 1);

		raise(SIGUSR1);
		free(p);
	}
	tap_ok(handled == 10000 && !wrong, "handlers of raise allocate");
}

static void test_own_stack(void)
{
	stack_t stack = { .ss_size = 256 << 10 }, old;

	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, &old);
	handled = 0;
	handle(SIGUSR2, allocate, SA_ONSTACK);
	for (int i = 0; i < 10000; i++)
		raise(SIGUSR2);
	sigaltstack(&old, NULL);
	free(stack.ss_sp);
	tap_ok(handled == 10000 && !wrong, "and on a stack of their own");
}

static void test_jump(void)
{
	volatile int jumped = 0;

	handled = 0;
	handle(SIGUSR1, jump, 0);
	for (volatile int i = 0; i < 10000; i++) {
		char *volatile p = malloc(1000);

		if (!sigsetjmp(out, 1))
			raise(SIGUSR1);
		else
			jumped++;
		use_heap(i);
		free(p);
	}
	tap_ok(jumped == 10000 && !wrong, "siglongjmp out of them");
}

static void descend(jmp_buf env, int depth);
static void (*volatile next_frame)(jmp_buf, int) = descend;

static void descend(jmp_buf env, int depth)
{
	char *p = malloc(100);

	fill(p, 100, 1);
	free(p);
	if (!depth)
		longjmp(env, 1);
	next_frame(env, depth - 1);
	wrong = 3;
}

static void test_longjmp(void)
{
	volatile int jumped = 0;
	jmp_buf env;

	for (volatile int i = 0; i < 20000; i++) {
		if (!setjmp(env))
			descend(env, 10);
		jumped++;
	}
	use_heap(1);
	tap_ok(jumped == 20000 && !wrong, "longjmp through allocating frames");
}

/* Computes, never allocates; the timer interrupts it. */
static void test_timer(void)
{
	struct itimerval timer = { .it_interval.tv_usec = 500,
		.it_value.tv_usec = 500 };
	volatile uint32_t state = 1;

	handled = 0;
	handle(SIGALRM, allocate, SA_RESTART);
	setitimer(ITIMER_REAL, &timer, NULL);
	while (handled < 200) {
		uint32_t s = state;

		draw(&s);
		state = s;
	}
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	tap_ok(!wrong, "a timer's handler allocates while main computes");
}

static void *waiter(void *arg)
{
	sigset_t *open = arg;

	for (int i = 0; i < 200; i++)
		sigsuspend(open);
	return NULL;
}

/* One waits in sigsuspend, its handler allocates, while others allocate. */
static void *busy(void *arg)
{
	volatile bool *stop = arg;

	while (!*stop) {
		char *p = malloc(300);

		memset(p, 1, 300);
		free(p);
	}
	return NULL;
}

static void test_sigsuspend(void)
{
	volatile bool stop = false;
	sigset_t block, open;
	pthread_t thread, other;

	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &block, &open);
	sigdelset(&open, SIGUSR1);
	handled = 0;
	handle(SIGUSR1, allocate, 0);
	pthread_create(&other, NULL, busy, (void *)&stop);
	pthread_create(&thread, NULL, waiter, &open);
	while (pthread_tryjoin_np(thread, NULL))
		pthread_kill(thread, SIGUSR1);
	stop = true;
	pthread_join(other, NULL);
	tap_ok(handled >= 200 && !wrong, "handlers under sigsuspend");
	pthread_sigmask(SIG_SETMASK, &open, NULL);
}

int main(void)
{
	test_raise();
	test_own_stack();
	test_jump();
	test_longjmp();
	test_timer();
	test_sigsuspend();
	return tap_done();
}
