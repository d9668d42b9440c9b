/* The 32-bit program's first instructions, and the way from an interrupt to C. */
    .code32
    .section .start, "ax"
    movl $bss_start, %edi
    movl $bss_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    cld
    rep stosl
    movl $stack_top, %esp
    call main

    .text
    .globl vectors
/* Exceptions push an error code or a 0 in its place; interrupt lines follow at 20h, then the local APIC's timer */
.macro VECTOR n
vector\n:
    .ifeq (\n == 8) + (\n >= 10 && \n <= 14) + (\n == 17)
    pushl $0
    .endif
    pushl $\n
    jmp common
.endm
.altmacro
.set n, 0
.rept 49
    VECTOR %n
    .set n, n + 1
.endr
common:
    pushal
    cld
    movl %esp, %eax
    call interrupt
    popal
    addl $8, %esp
    iret

    .section .rodata
.macro ADDRESS n
    .long vector\n
.endm
vectors:
.set n, 0
.rept 49
    ADDRESS %n
    .set n, n + 1
.endr
