/* The loops.  A row: ECX rounds come in, a checksum goes out in EAX; only EBP and ESP have to be kept. */
#include "layout.h"

    .macro row name, rounds, mode=0
    .section .rows, "a"
    .long 8f, 9f, \rounds, \mode
    .text
8:  .asciz "\name"
    .balign 16
9:
    .endm

    .section .rows, "a"
    .balign 4
    .globl rows
rows:
    .text
    .code32

/* Arithmetic in registers */
row alu, 12000000
    movl $0x9E3779B9, %eax
    movl $0x7F4A7C15, %ebx
    xorl %edx, %edx
1:  addl %ebx, %eax
    rorl $7, %eax
    xorl %eax, %ebx
    leal 3(%ebx,%eax,2), %esi
    subl %esi, %edx
    shrl $3, %esi
    andl $0x0FFFFFFF, %esi
    adcl %esi, %edx
    notl %edx
    decl %ecx
    jnz 1b
    xorl %edx, %eax
    ret

/* A table that is read and written at places which the data choose, and branches that depend on them */
row mixed, 10000000
    movl $0x2545F491, %eax
    xorl %edx, %edx
1:  movl %eax, %esi
    shrl $5, %esi
    andl $0xFFC, %esi
    movl TABLE(%esi), %ebx
    addl %eax, %ebx
    movzbl %bh, %edi
    testb $4, %bl
    jz 2f
    leal (%edi,%edx,2), %edx
    cmpl $0x80, %edi
    jb 3f
    movl %ebx, TABLE(%esi)
    jmp 3f
2:  subl %edi, %edx
    addb %bl, TABLE + 1(%esi)
3:  leal 0x3039(%eax,%eax,4), %eax
    xorl %ebx, %eax
    decl %ecx
    jnz 1b
    addl %edx, %eax
    ret

/* Functions with frames, direct and by pointer */
row calls, 6000000
    movl $1, %eax
    movl $4f, NUMBERS
1:  pushl %eax
    pushl %ecx
    call 3f
    addl $8, %esp
    call *NUMBERS
    decl %ecx
    jnz 1b
    ret
3:  pushl %ebp
    movl %esp, %ebp
    pushl %ebx
    movl 8(%ebp), %ebx
    movl 12(%ebp), %eax
    leal (%eax,%ebx,8), %eax
    popl %ebx
    leave
    ret
4:  xorl $0x5A5A, %eax
    ret

row muldiv, 12000000
    movl $0x12345679, %eax
    movl $0x1000F, %ebx
    xorl %esi, %esi
1:  mull %ebx
    addl %edx, %esi
    divl %ebx
    subl %edx, %esi
    imull $0x19660D, %eax, %eax
    addl $0x3C6EF35F, %eax
    shldl $5, %eax, %esi
    decl %ecx
    jnz 1b
    addl %esi, %eax
    ret

row x87, 3000000
    fninit
    fld1
    fldl half
1:  fmull number
    faddl third
    fld %st(0)
    fsqrt
    fsubrp %st, %st(1)
    fabs
    fadd %st(1), %st
    fdivl number
    decl %ecx
    jnz 1b
    fstpl NUMBERS
    fstp %st(0)
    movl NUMBERS + 4, %eax
    ret

/* Doubles, and words of 32 bits */
row sse2, 4000000
    movupd pair, %xmm0
    movupd pair + 16, %xmm1
    movdqu pair, %xmm2
    pxor %xmm3, %xmm3
1:  mulpd %xmm1, %xmm0
    addpd pair, %xmm0
    movapd %xmm0, %xmm4
    subpd %xmm1, %xmm4
    paddd %xmm2, %xmm3
    pshufd $0x39, %xmm3, %xmm3
    pxor %xmm4, %xmm3
    movdqa %xmm3, NUMBERS
    decl %ecx
    jnz 1b
    movd %xmm3, %eax
    ret

/* 64 KiB a round */
row rep-movs, 16000
    movl %ecx, %edx
1:  movl $SOURCE, %esi
    movl $TARGET, %edi
    movl %edx, (%esi)
    movl $0x4000, %ecx
    rep movsl
    decl %edx
    jnz 1b
    movl TARGET, %eax
    ret

/* 64 KiB a round */
row copy-loop, 1500
1:  movl $SOURCE, %esi
    movl $TARGET, %edi
    movl $0x4000, %ebx
    movl %ecx, (%esi)
2:  movl (%esi), %eax
    movl %eax, (%edi)
    addl $4, %esi
    addl $4, %edi
    decl %ebx
    jnz 2b
    decl %ecx
    jnz 1b
    movl TARGET, %eax
    ret

row software-int, 1500000
    xorl %edx, %edx
1:  int $0x40
    decl %ecx
    jnz 1b
    movl %edx, %eax
    ret
    .globl gate_target
gate_target:
    addl $3, %edx
    iret

row port-io, 800000
    xorl %edx, %edx
1:  inb $0x61, %al
    andl $0x0F, %eax
    outb %al, $0x80
    incl %edx
    decl %ecx
    jnz 1b
    movl %edx, %eax
    ret

/* Reloading CR3 drops the TLB; eight pages are touched behind that */
row cr3-reload, 300000
    call paging_on
    movl $SOURCE, %esi
1:  movl %cr3, %eax
    movl %eax, %cr3
    movl %ecx, 0x10(%esi)
    addl %ecx, 0x1014(%esi)
    movl %ecx, 0x2018(%esi)
    addl %ecx, 0x301C(%esi)
    movl %ecx, 0x4020(%esi)
    addl %ecx, 0x5024(%esi)
    movl %ecx, 0x6028(%esi)
    addl %ecx, 0x702C(%esi)
    decl %ecx
    jnz 1b
    movl 0x1014(%esi), %ebx
    jmp paging_off

/* Every access another page, of 2048 */
row page-stride, 5000000
    call paging_on
    xorl %esi, %esi
    xorl %ebx, %ebx
1:  addl FAR_PAGES(%esi), %ebx
    addl $0x1040, %esi
    andl $0x7FFFFC, %esi
    decl %ecx
    jnz 1b
    movl %esi, %ebx
    jmp paging_off

paging_on:
    movl $DIRECTORY, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    ret
paging_off:                     /* and back to the frame, with EBX as the checksum */
    movl %cr0, %eax
    andl $0x7FFFFFFF, %eax
    movl %eax, %cr0
    movl %ebx, %eax
    ret

/* An instruction that is rewritten before it runs */
row self-modifying, 100000
    xorl %eax, %eax
1:  movl %ecx, 2f + 1
    jmp 2f
2:  movl $0x11223344, %ebx
    addl %ebx, %eax
    decl %ecx
    jnz 1b
    ret

/* A variable between instructions */
row data-by-code, 400000
    movl $0, 2f
1:  addl %ecx, 2f
    movl 2f, %eax
    decl %ecx
    jnz 1b
    ret
    .balign 4
2:  .long 0

/* 16-bit code with segments, in real mode */
row real-mode, 6000000
    movl %ecx, %edx
    movl $real_loop, %ebx
    pushl %ebp
    call in_real_mode
    popl %ebp
    movl %esi, %eax
    ret
    .code16
real_loop:
    movw $REAL_TABLE >> 4, %ax
    movw %ax, %es
    xorw %di, %di
    movw $130, %cx
    xorw %ax, %ax
    rep stosw
    xorl %esi, %esi
    xorw %bx, %bx
1:  movw %es:(%bx), %ax
    addw %dx, %ax
    movw %ax, %es:2(%bx)
    addw %ax, %si
    addb $4, %bl
    pushw %ax
    popw %cx
    decl %edx
    jnz 1b
    xorw %ax, %ax
    movw %ax, %es
    retw
    .code32

/* The text screen written cell by cell, then moved up by a line */
row text-screen, 400, TEXT_MODE
    movw $0x0720, %ax
1:  movl $0xB8000, %edi
    movl $2000, %ebx
2:  movw %ax, (%edi)
    addl $2, %edi
    incb %al
    decl %ebx
    jnz 2b
    movl $0xB80A0, %esi
    movl $0xB8000, %edi
    movl $960, %edx
    xchgl %edx, %ecx
    rep movsl
    movl %edx, %ecx
    incb %al
    decl %ecx
    jnz 1b
    movzwl 0xB8000, %eax
    ret

/* A picture of 320x200 in 256 colours, dot by dot */
row mode-13h, 200, MODE_13H
    xorl %eax, %eax
1:  movl $0xA0000, %edi
    movl $64000, %ebx
2:  movb %al, (%edi)
    incl %edi
    incl %eax
    decl %ebx
    jnz 2b
    addb %cl, %al
    decl %ecx
    jnz 1b
    movzbl 0xA1234, %eax
    ret

/* 640x480 in 16 colours: a colour filled into all planes, then a mask of bits of each byte, by way of the latches */
row planar, 20, PLANAR_MODE
1:  movw $0x3CE, %dx
    movb $8, %al                /* Bit Mask: all of them */
    movb $0xFF, %ah
    outw %ax, %dx
    movw $0x0F01, %ax           /* Enable Set/Reset: all planes */
    outw %ax, %dx
    movb %cl, %ah
    andb $15, %ah
    movb $0, %al                /* Set/Reset: a colour */
    outw %ax, %dx
    movl $0xA0000, %edi
    pushl %ecx
    movl $9600, %ecx
    rep stosl
    popl %ecx
    movw $0x5A08, %ax           /* Bit Mask: four of eight */
    outw %ax, %dx
    movb %cl, %ah
    notb %ah
    andb $15, %ah
    movb $0, %al
    outw %ax, %dx
    movl $0xA0000, %edi
    movl $38400, %ebx
2:  movb (%edi), %al
    movb %al, (%edi)
    incl %edi
    decl %ebx
    jnz 2b
    decl %ecx
    jnz 1b
    movzbl 0xA0123, %eax
    ret

    .section .rows, "a"
    .long 0

    .text
    .balign 16
pair: .double 1.25, 0.75, 0.5, -0.5
half: .double 0.5
third: .double 0.3
number: .double 1.17
