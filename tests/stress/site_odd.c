/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls from frames that nothing is known of, and from stacks that are nobody's
 * thread: a walk has to end there, and must not crash, wait, or change what
 * malloc does.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stress/tap.h"

static void *volatile block;

static __attribute__((noinline)) void allocate(void)
{
	block = malloc(opaque(200));
}

static bool have_block(void)
{
	void *had = block;

	block = NULL;
	if (had)
		memset(had, 1, 200);
	free(had);
	return had != NULL;
}

#ifdef __x86_64__
/* As functions do that old or odd code calls: it mends its own stack. */
static __attribute__((noinline, force_align_arg_pointer)) void mend(void)
{
	allocate();
}

/* No unwind table says what it does. */
void call_bare(void (*fn)(void));
/* Its stack is off by 8. */
void call_misaligned(void (*fn)(void));
/* One that says that its caller is itself, for ever. */
void call_circle(void (*fn)(void));
__asm__(".text\n"
	"call_bare:\n"
	"push %rbp\n"
	"push %rbx\n"
	"sub $264, %rsp\n"
	"call *%rdi\n"
	"add $264, %rsp\n"
	"pop %rbx\n"
	"pop %rbp\n"
	"ret\n"
	"call_misaligned:\n"
	".cfi_startproc\n"
	"call *%rdi\n"
	"ret\n"
	".cfi_endproc\n"
	"call_circle:\n"
	".cfi_startproc\n"
	"sub $24, %rsp\n"
	".cfi_def_cfa_offset 32\n"
	".cfi_return_column 16\n"
	".cfi_offset 16, -32\n"
	"lea 1f(%rip), %rax\n"
	"mov %rax, (%rsp)\n"
	"call *%rdi\n"
	"1:\n"
	"add $24, %rsp\n"
	"ret\n"
	".cfi_endproc\n");

static void odd_frames(void)
{
	call_bare(allocate);
	tap_ok(have_block(), "from code without unwind tables");
	call_misaligned(mend);
	tap_ok(have_block(), "from a stack that is not aligned");
	call_circle(allocate);
	tap_ok(have_block(), "from a frame that leads to itself");
}
#else
static void odd_frames(void)
{
}
#endif

static int in_clone(void *arg)
{
	allocate();
	_exit(block != NULL);
}

static bool with_own_stack(void)
{
	size_t size = 64 << 10;
	char *room = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	pid_t pid;

	if (room == MAP_FAILED)
		return false;
	/* The parent waits, so that the child may use its thread's data. */
	pid = clone(
		in_clone, room + size, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 1 && have_block();
}

static bool in_vfork(void)
{
	int status = 0;
	pid_t pid = vfork();

	if (!pid) {
		allocate();
		_exit(block != NULL);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 1 && have_block();
}

static sigjmp_buf out;

static void overflowed(int sig)
{
	allocate();
	siglongjmp(out, 1);
}

static __attribute__((noinline)) int recurse(int n)
{
	volatile char room[1000];

	room[0] = (char)n;
	return recurse(n + 1) + room[0];
}

static void *overflow(void *unused)
{
	static char room[64 << 10];
	stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction action = { .sa_handler = overflowed,
		.sa_flags = SA_ONSTACK };

	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (!sigsetjmp(out, 1))
		recurse(0);
	signal(SIGSEGV, SIG_DFL);
	return NULL;
}

static bool after_overflow(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, overflow, NULL) ||
		pthread_join(thread, NULL) || !have_block())
		return false;
	allocate();
	return have_block();
}

int main(void)
{
	odd_frames();
	tap_ok(with_own_stack(),
		"in a child of clone(2) on a stack of its own");
	tap_ok(in_vfork(), "in a child of vfork(2)");
	tap_ok(after_overflow(), "in the handler of a stack overflow");
	return tap_done();
}
