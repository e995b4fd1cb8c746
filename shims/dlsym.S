/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dlsym(3), to give our functions for those of vendors' libraries.
 *
 * The loader takes from the return address what RTLD_NEXT is next to, so this
 * must be a jump that leaves no frame; hence no C.  Names that do not begin
 * like a vendor's (cu and a capital, hip, ze) go on at once.  For the others
 * hms_dlsym_pick() decides; it gives the answer, or 0 for the jump.
 */
#if defined(__x86_64__)

	.text
	.globl dlsym
	.type dlsym, @function
	.p2align 4
dlsym:
	.cfi_startproc
	endbr64
	movq hms_dlsym_next(%rip), %rax
	testq %rax, %rax
	jz 5f
1:	testq %rsi, %rsi
	jz 2f
	movzbl (%rsi), %ecx
	cmpb $'c', %cl
	je 3f
	cmpb $'h', %cl
	je 4f
	cmpb $'z', %cl
	je 6f
2:	jmp *%rax
3:	cmpb $'u', 1(%rsi)
	jne 2b
	movzbl 2(%rsi), %ecx
	subb $'A', %cl
	cmpb $'Z' - 'A', %cl
	ja 2b
	jmp 7f
4:	cmpb $'i', 1(%rsi)
	jne 2b
	cmpb $'p', 2(%rsi)
	jne 2b
	jmp 7f
6:	cmpb $'e', 1(%rsi)
	jne 2b
7:	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call hms_dlsym_pick
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	testq %rdx, %rdx
	jz 8f
	ret
8:	movq hms_dlsym_next(%rip), %rax
	jmp *%rax
5:	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call hms_dlsym_resolve
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	movq hms_dlsym_next(%rip), %rax
	jmp 1b
	.cfi_endproc
	.size dlsym, . - dlsym

#elif defined(__aarch64__)

	.macro keep
	stp x29, x30, [sp, -32]!
	.cfi_def_cfa_offset 32
	.cfi_offset 29, -32
	.cfi_offset 30, -24
	stp x0, x1, [sp, 16]
	.endm

	.macro restore
	ldp x29, x30, [sp], 32
	.cfi_def_cfa_offset 0
	.cfi_restore 29
	.cfi_restore 30
	.endm

	.text
	.globl dlsym
	.type dlsym, %function
	.p2align 4
dlsym:
	.cfi_startproc
	hint 34 /* bti c */
	adrp x16, hms_dlsym_next
	ldr x16, [x16, :lo12:hms_dlsym_next]
	cbz x16, 5f
1:	cbz x1, 2f
	ldrb w9, [x1]
	cmp w9, 'c'
	b.eq 3f
	cmp w9, 'h'
	b.eq 4f
	cmp w9, 'z'
	b.eq 6f
2:	br x16
3:	ldrb w9, [x1, 1]
	cmp w9, 'u'
	b.ne 2b
	ldrb w9, [x1, 2]
	sub w9, w9, 'A'
	cmp w9, 'Z' - 'A'
	b.hi 2b
	b 7f
4:	ldrb w9, [x1, 1]
	cmp w9, 'i'
	b.ne 2b
	ldrb w9, [x1, 2]
	cmp w9, 'p'
	b.ne 2b
	b 7f
6:	ldrb w9, [x1, 1]
	cmp w9, 'e'
	b.ne 2b
7:	keep
	bl hms_dlsym_pick
	cbz x1, 8f
	.cfi_remember_state
	restore
	ret
	.cfi_restore_state
8:	ldp x0, x1, [sp, 16]
	restore
	adrp x16, hms_dlsym_next
	ldr x16, [x16, :lo12:hms_dlsym_next]
	br x16
5:	keep
	bl hms_dlsym_resolve
	ldp x0, x1, [sp, 16]
	restore
	adrp x16, hms_dlsym_next
	ldr x16, [x16, :lo12:hms_dlsym_next]
	b 1b
	.cfi_endproc
	.size dlsym, . - dlsym

#else
#error "HMS knows the loader's calls of x86-64 and aarch64"
#endif

	.section .note.GNU-stack, "", %progbits
