/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlopen(3) and dlmopen(3), to clear RTLD_DEEPBIND and nothing else.
 *
 * A module loaded with it resolves free() to libc's, and hands libc a pointer
 * of ours: Debian's php dies so under every preloaded allocator.  The loader
 * takes the caller's RUNPATH and namespace from the return address, so this
 * must be a jump that leaves no frame; hence no C.
 *
 * hms_loader_mask holds the flags that stay: all of them while HMS is
 * disabled.  hms_loader_resolve(), a C function, is called while the next
 * function is not known yet.
 */
#define RTLD_DEEPBIND_BIT 8

#if defined(__x86_64__)

	.macro tail name, mode, next
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	andl hms_loader_mask(%rip), \mode
	movq \next(%rip), %rax
	testq %rax, %rax
	jnz 1f
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	call hms_loader_resolve
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	movq \next(%rip), %rax
1:	jmp *%rax
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
	tail dlopen, %esi, hms_loader_dlopen
	tail dlmopen, %edx, hms_loader_dlmopen

#elif defined(__aarch64__)

	.macro tail name, mode, next
	.globl \name
	.type \name, %function
	.p2align 4
\name:
	.cfi_startproc
	hint 34 /* bti c */
	adrp x16, hms_loader_mask
	ldr w17, [x16, :lo12:hms_loader_mask]
	and \mode, \mode, w17
	adrp x16, \next
	ldr x16, [x16, :lo12:\next]
	cbnz x16, 1f
	stp x29, x30, [sp, -48]!
	.cfi_def_cfa_offset 48
	.cfi_offset 29, -48
	.cfi_offset 30, -40
	stp x0, x1, [sp, 16]
	str x2, [sp, 32]
	bl hms_loader_resolve
	ldr x2, [sp, 32]
	ldp x0, x1, [sp, 16]
	ldp x29, x30, [sp], 48
	.cfi_def_cfa_offset 0
	.cfi_restore 29
	.cfi_restore 30
	adrp x16, \next
	ldr x16, [x16, :lo12:\next]
1:	br x16
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
	tail dlopen, w1, hms_loader_dlopen
	tail dlmopen, w2, hms_loader_dlmopen

#else
#error "HMS knows the loader's calls of x86-64 and aarch64"
#endif

	.section .note.GNU-stack, "", %progbits
