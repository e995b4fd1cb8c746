/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/aside.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/sys.h"

/* Else valgrind may take the other stack for a large frame on this one. */
#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) (void)(id)
#endif

/*
 * Calls job(arg) with the stack pointer at top, a multiple of 16.  What it
 * says of its frame leads debuggers back to the other stack.
 */
void hms_aside_switch(void *top, void (*job)(void *arg), void *arg)
	__attribute__((visibility("hidden")));

#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".globl hms_aside_switch\n"
	".hidden hms_aside_switch\n"
	".type hms_aside_switch, @function\n"
	"hms_aside_switch:\n"
	".cfi_startproc\n"
	"push %rbp\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset %rbp, -16\n"
	"mov %rsp, %rbp\n"
	".cfi_def_cfa_register %rbp\n"
	"mov %rdi, %rsp\n"
	"mov %rdx, %rdi\n"
	"call *%rsi\n"
	"mov %rbp, %rsp\n"
	"pop %rbp\n"
	".cfi_def_cfa %rsp, 8\n"
	"ret\n"
	".cfi_endproc\n"
	".size hms_aside_switch, . - hms_aside_switch\n"
	".popsection\n");
#elif defined(__aarch64__)
__asm__(".pushsection .text\n"
	".globl hms_aside_switch\n"
	".hidden hms_aside_switch\n"
	".type hms_aside_switch, @function\n"
	"hms_aside_switch:\n"
	".cfi_startproc\n"
	"stp x29, x30, [sp, #-16]!\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset x29, -16\n"
	".cfi_offset x30, -8\n"
	"mov x29, sp\n"
	".cfi_def_cfa_register x29\n"
	"mov sp, x0\n"
	"mov x0, x2\n"
	"blr x1\n"
	"mov sp, x29\n"
	".cfi_def_cfa_register sp\n"
	"ldp x29, x30, [sp], #16\n"
	".cfi_restore x29\n"
	".cfi_restore x30\n"
	".cfi_def_cfa_offset 0\n"
	"ret\n"
	".cfi_endproc\n"
	".size hms_aside_switch, . - hms_aside_switch\n"
	".popsection\n");
#else
void hms_aside_switch(void *top, void (*job)(void *arg), void *arg)
{
	job(arg);
}
#endif

int hms_aside_open(struct hms_aside *aside)
{
	size_t page = hms_sys_page_size();
	char *all = hms_sys_mmap(NULL, HMS_ASIDE_SIZE + page,
		PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	aside->stack = NULL;
	if (hms_sys_failed(all))
		return (int)(intptr_t)all;
	/* Without the guard it is a stack still. */
	hms_sys_mprotect(all, page, PROT_NONE);
	aside->stack = all + page;
	aside->id = VALGRIND_STACK_REGISTER(
		aside->stack, aside->stack + HMS_ASIDE_SIZE);
	return 0;
}

void hms_aside_close(struct hms_aside *aside)
{
	size_t page = hms_sys_page_size();

	if (!aside->stack)
		return;
	VALGRIND_STACK_DEREGISTER(aside->id);
	hms_sys_munmap(aside->stack - page, HMS_ASIDE_SIZE + page);
	aside->stack = NULL;
}

void hms_aside_call(
	const struct hms_aside *aside, void (*job)(void *arg), void *arg)
{
	if (aside->stack)
		hms_aside_switch(aside->stack + HMS_ASIDE_SIZE, job, arg);
	else
		job(arg);
}

void hms_aside_once(void (*job)(void *arg), void *arg)
{
	uint64_t mask = hms_sys_block_signals();
	struct hms_aside aside;

	hms_aside_open(&aside);
	hms_aside_call(&aside, job, arg);
	hms_aside_close(&aside);
	hms_sys_restore_signals(mask);
}

/* What was never written is 0, as the kernel gave it. */
size_t hms_aside_depth(const struct hms_aside *aside)
{
	size_t untouched = 0;

	if (!aside->stack)
		return 0;
	while (untouched < HMS_ASIDE_SIZE &&
		!*(const uint64_t *)(const void *)(aside->stack + untouched))
		untouched += sizeof(uint64_t);
	return HMS_ASIDE_SIZE - untouched;
}
