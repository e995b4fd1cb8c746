/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fence that stays in front of the program's own SIGSEGV.
 *
 * Would catch: a writer that does not wait, or whose write is lost; a signal
 * that somebody sent and nobody got; handlers that call each other for ever; a
 * handler that does not run as the program wanted it to; a death that is no
 * death by the signal.
 */
#include "tests/stress/tap.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shims/fence.h"

#define PAGE ((size_t)4096)

static char *page; /* what is fenced */
static volatile char *hole; /* what nobody may touch */
static volatile sig_atomic_t first, second;
static sigjmp_buf out;

static void *nothing(void *arg)
{
	return arg;
}

static void fence(void)
{
	hms_fence_begin((uintptr_t)page, (uintptr_t)page + PAGE);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	hms_fence_end();
}

/* In a process that has had a second thread: else there is no fence. */
static int in_child(int (*test)(void))
{
	pthread_t thread;
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(20);
		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
		_exit(test());
	}
	waitpid(pid, &status, 0);
	return status;
}

static bool passes(int (*test)(void))
{
	int status = in_child(test);

	if (status)
		printf("# status 0x%x\n", status);
	return !status;
}

static bool dies(int (*test)(void))
{
	int status = in_child(test);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
		printf("# status 0x%x\n", status);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

/* ---- Writers ---- */

static atomic_int begun;

static void *write_one(void *arg)
{
	atomic_store(&begun, 1);
	*(volatile char *)page = 1;
	atomic_store(&begun, 2);
	return NULL;
}

static int writer_waits(void)
{
	pthread_t thread;
	int early;

	hms_fence_begin((uintptr_t)page, (uintptr_t)page + PAGE);
	pthread_create(&thread, NULL, write_one, NULL);
	while (!atomic_load(&begun))
		;
	early = atomic_load(&begun) == 2 || page[0];
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	hms_fence_end();
	pthread_join(thread, NULL);
	return early || page[0] != 1;
}

/* ---- What the program never handled ---- */

static int faults(void)
{
	fence();
	return *hole;
}

static int sent(void)
{
	fence();
	raise(SIGSEGV);
	return 0;
}

static int sent_to_all(void)
{
	fence();
	kill(getpid(), SIGSEGV);
	pause();
	return 0;
}

static int sent_twice_ignored(void)
{
	struct sigaction now;

	signal(SIGSEGV, SIG_IGN);
	fence();
	raise(SIGSEGV);
	raise(SIGSEGV);
	fence();
	raise(SIGSEGV);
	return sigaction(SIGSEGV, NULL, &now) ||
	       now.sa_handler == (void (*)(int))SIG_DFL;
}

static int fault_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	fence();
	return *hole;
}

static int default_as_action(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL,
		.sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	fence();
	return *hole;
}

/* ---- What it did ---- */

static void mend(int sig)
{
	first++;
	mprotect((void *)hole, PAGE, PROT_READ | PROT_WRITE);
}

static int handled(void)
{
	signal(SIGSEGV, mend);
	fence();
	*hole = 1;
	raise(SIGSEGV);
	return first != 2;
}

static struct sigaction found;

/* As a library's handler that has nothing to say to this fault. */
static void chain(int sig, siginfo_t *info, void *context)
{
	if (second++ > 100)
		_exit(9);
	if (found.sa_flags & SA_SIGINFO)
		found.sa_sigaction(sig, info, context);
	else
		found.sa_handler(sig);
}

static int chained(void)
{
	const struct sigaction action = { .sa_sigaction = chain,
		.sa_flags = SA_SIGINFO };

	signal(SIGSEGV, mend);
	fence();
	sigaction(SIGSEGV, &action, &found);
	fence();
	*hole = 1;
	return first != 1 || second != 1;
}

/* As a handler that gives back what it found, and sends it that once more. */
static void give_back(int sig)
{
	if (second++ > 100)
		_exit(9);
	sigaction(sig, &found, NULL);
	raise(sig);
}

static int given_back(void)
{
	const struct sigaction action = { .sa_handler = give_back,
		.sa_flags = SA_NODEFER };

	fence();
	sigaction(SIGSEGV, &action, &found);
	fence();
	return *hole;
}

static void jump(int sig)
{
	first++;
	siglongjmp(out, 1);
}

/* Out of the handler, with the signals that were blocked there. */
static int not_deferred(void)
{
	const struct sigaction action = { .sa_handler = jump,
		.sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	fence();
	for (int i = 0; i < 3; i++)
		if (!sigsetjmp(out, 0))
			(void)*hole;
	return first != 3;
}

static void see_mask(int sig)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	first = sigismember(&now, SIGUSR1) && sigismember(&now, SIGSEGV);
	mprotect((void *)hole, PAGE, PROT_READ | PROT_WRITE);
}

static int masked(void)
{
	struct sigaction action = { .sa_handler = see_mask };

	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGSEGV, &action, NULL);
	fence();
	*hole = 1;
	return first != 1;
}

/* It does not mend: the second time there is no handler any more. */
static void once(int sig)
{
	if (first++)
		_exit(9);
}

static int reset(void)
{
	const struct sigaction action = { .sa_handler = once,
		.sa_flags = (int)SA_RESETHAND };

	sigaction(SIGSEGV, &action, NULL);
	fence();
	return *hole;
}

int main(void)
{
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hole = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tap_ok(passes(writer_waits), "who writes waits, and writes");
	tap_ok(dies(faults), "a fault elsewhere is death");
	tap_ok(dies(fault_ignored), "also if it is ignored");
	tap_ok(dies(default_as_action), "or no handler has SA_SIGINFO");
	tap_ok(dies(sent), "so is raise(3)");
	tap_ok(dies(sent_to_all), "and kill(2)");
	tap_ok(passes(sent_twice_ignored), "unless they are ignored");
	tap_ok(passes(handled), "the program's handler has its faults");
	tap_ok(passes(chained), "one that it sets later may call ours");
	tap_ok(dies(given_back), "or put it back and send it the signal");
	tap_ok(passes(not_deferred), "SA_NODEFER holds");
	tap_ok(passes(masked), "so does a handler's mask");
	tap_ok(dies(reset), "and SA_RESETHAND");
	return tap_done();
}
