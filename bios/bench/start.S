/* The bare-metal benchmark's frame: a boot image that runs one loop after the other and says so on COM1.
 *
 *     BEGIN name
 *     BENCH name ROUNDS 0 CHECKSUM
 *
 * and BENCH-DONE at the end; who runs it reads the clock when a line comes.  `emu bench` writes into the head how many rounds
 * are to be run and which rows. */
#include "layout.h"

    .code16
    .section .start, "ax"
    .globl start
start:
    jmp begin

    .org 64                     /* behind the boot information table */
    .ascii "EMUBENCH"
scale: .long 1024               /* rounds, in 1024ths of what the rows say */
rows_wanted: .long -1           /* a bit a row */
    .long rows                  /* for who asks what rows there are */

begin:
    cli
    ljmp $0, $1f
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $STACK_TOP, %esp
    cld
    movw $0x3FF, IVT_POINTER
    movl $0, IVT_POINTER + 2
    movw $0x7FF, IDT_POINTER
    movl $IDT, IDT_POINTER + 2
    inb $0x92, %al              /* A20 */
    orb $2, %al
    andb $0xFE, %al
    outb %al, $0x92
    movw $0x3FB, %dx            /* COM1: 115,200 baud, 8N1 */
    movb $0x83, %al
    outb %al, %dx
    movw $0x3F8, %dx
    movb $1, %al
    outb %al, %dx
    incw %dx
    movb $0, %al
    outb %al, %dx
    movw $0x3FB, %dx
    movb $3, %al
    outb %al, %dx
    lgdtl gdt_pointer
    pushl $main
    jmp to_protected

/* Real mode to protected mode; the address to go on at is on the stack, as 32 bits. */
to_protected:
    cli
    lidtl IDT_POINTER
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $CODE32, $1f
    .code32
1:  movw $DATA32, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    ret

/* Call a 16-bit routine in real mode: its address in EBX.  EAX, ECX and EDX go in, EDX and ESI come out. */
    .text
    .globl in_real_mode
in_real_mode:
    movl %eax, %edi
    ljmpl $CODE16, $1f
    .code16
1:  movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movl %cr0, %eax
    andb $0xFE, %al
    movl %eax, %cr0
    ljmp $0, $2f
2:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    lidtl IVT_POINTER
    movl %edi, %eax
    call *%bx
    jmp to_protected

set_mode:                       /* AX: the video mode */
    int $0x10
    cli
    cld
    retw

    .code32
main:
    fninit
    movl %cr4, %eax
    orl $0x200, %eax            /* OSFXSR, for SSE2 */
    movl %eax, %cr4
    call prepare
    movl $rows, %ebp
    xorl %edi, %edi             /* number of the row */
next_row:
    movl ROW_NAME(%ebp), %esi
    testl %esi, %esi
    jz finished
    btl %edi, rows_wanted
    jnc 3f
    pushl %edi
    movl ROW_MODE(%ebp), %eax
    testl %eax, %eax
    jz 1f
    movl $set_mode, %ebx
    pushl %ebp
    call in_real_mode
    popl %ebp
1:  movl $begin_text, %esi
    call say
    movl ROW_NAME(%ebp), %esi
    call say
    movb $'\n', %al
    call put
    movl ROW_ROUNDS(%ebp), %eax
    mull scale
    shrdl $10, %edx, %eax
    testl %eax, %eax
    jnz 2f
    incl %eax
2:  movl %eax, %ecx
    pushl %eax
    pushl %ebp
    call *ROW_CODE(%ebp)
    popl %ebp
    popl %ecx
    pushl %eax
    movl $bench_text, %esi
    call say
    movl ROW_NAME(%ebp), %esi
    call say
    movb $' ', %al
    call put
    movl %ecx, %eax
    call put_decimal
    movl $middle_text, %esi
    call say
    popl %eax
    call put_hexadecimal
    movb $'\n', %al
    call put
    cmpl $0, ROW_MODE(%ebp)
    je 4f
    movl $TEXT_MODE, %eax
    movl $set_mode, %ebx
    pushl %ebp
    call in_real_mode
    popl %ebp
4:  popl %edi
3:  incl %edi
    addl $ROW_SIZE, %ebp
    jmp next_row

finished:
    movl $done_text, %esi
    call say
    movw $0x3FD, %dx            /* the last byte has to leave the port */
5:  inb %dx, %al
    testb $0x40, %al
    jz 5b
    cli
6:  hlt
    jmp 6b

/* What rows find: pages, a gate for INT 40h, tables. */
prepare:
    movl $TABLES, %edi
    movl $3, %eax
    movl $4096, %ecx
1:  stosl
    addl $4096, %eax
    loop 1b
    movl $DIRECTORY, %edi
    xorl %eax, %eax
    movl $1024, %ecx
    rep stosl
    movl $DIRECTORY, %edi
    movl $TABLES + 3, %eax
    movl $4, %ecx
2:  stosl
    addl $4096, %eax
    loop 2b
    movl $IDT, %edi
    xorl %eax, %eax
    movl $512, %ecx
    rep stosl
    movl $gate_target, %eax
    movw %ax, IDT + 0x40 * 8
    movw $CODE32, IDT + 0x40 * 8 + 2
    movw $0x8E00, IDT + 0x40 * 8 + 4
    shrl $16, %eax
    movw %ax, IDT + 0x40 * 8 + 6
    movl $SOURCE, %edi
    movl $0x10203040, %eax
    movl $0x40000, %ecx
3:  stosl
    addl $0x01030507, %eax
    loop 3b
    movl $TABLE, %edi
    movl $1024, %ecx
4:  stosl
    leal 1(%eax,%eax,4), %eax
    loop 4b
    ret

/* Text on COM1; all registers are kept. */
put:
    pushl %edx
    pushl %eax
    movw $0x3FD, %dx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    movl (%esp), %eax
    movw $0x3F8, %dx
    outb %al, %dx
    popl %eax
    popl %edx
    ret

say:                            /* ESI: ends in 0 */
    pushl %eax
1:  lodsb
    testb %al, %al
    jz 2f
    call put
    jmp 1b
2:  popl %eax
    ret

put_decimal:
    pushal
    movl $10, %ebx
    xorl %ecx, %ecx
1:  xorl %edx, %edx
    divl %ebx
    addb $'0', %dl
    pushl %edx
    incl %ecx
    testl %eax, %eax
    jnz 1b
2:  popl %eax
    call put
    loop 2b
    popal
    ret

put_hexadecimal:
    pushal
    movl %eax, %edx
    movl $8, %ecx
1:  roll $4, %edx
    movb %dl, %al
    andb $15, %al
    cmpb $10, %al
    sbbb $0x69, %al             /* the classic: 0..15 to a hexadecimal digit */
    das
    call put
    loop 1b
    popal
    ret

begin_text: .asciz "BEGIN "
bench_text: .asciz "BENCH "
middle_text: .asciz " 0 "
done_text: .asciz "BENCH-DONE\n"

    .balign 8
gdt: .quad 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF, 0x00009A000000FFFF, 0x000092000000FFFF
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .equ ROW_NAME, 0
    .equ ROW_CODE, 4
    .equ ROW_ROUNDS, 8
    .equ ROW_MODE, 12
    .equ ROW_SIZE, 16
