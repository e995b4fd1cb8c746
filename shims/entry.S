/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program's registers, before a compiler's function can change them: shims
 * jump here, without a frame of their own, and from here on to C with the
 * stack pointer and the frame pointer as the two last arguments.
 */
#if defined(__x86_64__)

	.macro with_registers name, sp, fp
	.globl \name
	.hidden \name
	.type \name, @function
	.p2align 4
\name:
	.cfi_startproc
	leaq 8(%rsp), \sp
	movq %rbp, \fp
	jmp \name\()_at
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
	with_registers hms_slow_alloc, %rcx, %r8
	with_registers hms_slow_calloc, %rdx, %rcx
	with_registers hms_slow_realloc, %rcx, %r8
	with_registers hms_slow_new, %r8, %r9

#elif defined(__aarch64__)

	/* Stacks are not looked at there (engine/site/walk.c). */
	.macro without_registers name, sp, fp
	.globl \name
	.hidden \name
	.type \name, %function
	.p2align 4
\name:
	.cfi_startproc
	hint 34 /* bti c */
	mov \sp, xzr
	mov \fp, xzr
	b \name\()_at
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
	without_registers hms_slow_alloc, x3, x4
	without_registers hms_slow_calloc, x2, x3
	without_registers hms_slow_realloc, x3, x4
	without_registers hms_slow_new, x4, x5

#else
#error "HMS knows the calls of x86-64 and aarch64"
#endif

	.section .note.GNU-stack, "", %progbits
