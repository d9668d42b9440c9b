/* El Torito boot image, "no emulation": the BIOS loads these 2048 bytes to 7C00h.  They load the rest from the CD, ask the
 * BIOS for what only it knows, set a graphics mode and start the program in protected mode. */
#include "facts.h"

#define CHUNK 16                /* sectors of 2048 bytes a read: 32 KiB */
#define VESA_800X600X8 0x103
#define LINEAR 0x4000
#define MODE_OK 0x81            /* attributes: supported, with a linear frame buffer */

    .code16
    .section .boot, "ax"
    .globl start
start:
    jmp begin

    .org 8                      /* boot information table, filled in when the CD is made */
volume_lba: .long 0
file_lba: .long 0
file_length: .long 0
    .org 64

begin:
    cli
    ljmp $0, $1f
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $start, %sp
    sti
    cld
    movw $FACTS, %di
    movw $FACTS_SIZE, %cx
    rep stosb
    movb %dl, FACTS + FACT_DRIVE
    movw $loading, %si
    call say

/* The program */
    movl file_lba, %ebp
    incl %ebp
    movl file_length, %ebx
    decl %ebx
    shrl $11, %ebx              /* sectors behind the first */
    movw $MAIN / 16, packet_segment
2:  movw $CHUNK, %cx
    cmpw %cx, %bx
    jae 3f
    movw %bx, %cx
3:  movw %cx, packet_count
    movl %ebp, packet_lba
    movw $3, %di                /* tries */
4:  movb FACTS + FACT_DRIVE, %dl
    movb $0x42, %ah
    movw $packet, %si
    pushal
    int $0x13
    popal
    jnc 5f
    decw %di
    jnz 4b
    movw $failed, %si
    call say
    int $0x18
    hlt
5:  movzwl %cx, %ecx
    addl %ecx, %ebp
    addw $CHUNK * 128, packet_segment
    subw %cx, %bx
    jnz 2b

/* Memory map */
    xorl %ebx, %ebx
    movw $E820, %di
6:  movl $0xE820, %eax
    movl $20, %ecx
    movl $0x534D4150, %edx
    int $0x15
    jc 7f
    cmpl $0x534D4150, %eax
    jne 7f
    incl FACTS + FACT_E820_COUNT
    addw $20, %di
    cmpl $E820_MOST, FACTS + FACT_E820_COUNT
    jae 7f
    testl %ebx, %ebx
    jnz 6b
7:
/* Fonts */
    movb $3, %bh
    movw $FACTS + FACT_FONT8, %di
    call font
    movb $2, %bh
    movw $FACTS + FACT_FONT14, %di
    call font
    movb $6, %bh
    movw $FACTS + FACT_FONT16, %di
    call font

/* Display */
    xorw %ax, %ax
    movw %ax, %es
    movl $0x32454256, VBE_INFO  /* "VBE2": asks for the long form */
    movw $0x4F00, %ax
    movw $VBE_INFO, %di
    int $0x10
    cmpw $0x004F, %ax
    jne 9f
    movw $0x4F01, %ax
    movw $VESA_800X600X8, %cx
    movw $MODE_INFO, %di
    int $0x10
    cmpw $0x004F, %ax
    jne 9f
    movb MODE_INFO, %al
    andb $MODE_OK, %al
    cmpb $MODE_OK, %al
    jne 9f
    cmpb $8, MODE_INFO + 25
    jne 9f
    movw $0x4F02, %ax
    movw $VESA_800X600X8 | LINEAR, %bx
    int $0x10
    cmpw $0x004F, %ax
    jne 9f
    movw $VESA_800X600X8, FACTS + FACT_MODE
    movw $0x4F08, %ax           /* palette of 8 bits a colour where the DAC can */
    movw $0x0800, %bx
    int $0x10
    movb $6, FACTS + FACT_DAC_BITS
    cmpw $0x004F, %ax
    jne 9f
    movb %bh, FACTS + FACT_DAC_BITS
9:
    movw $0x2401, %ax           /* A20 on: by the BIOS, and by port 92h */
    int $0x15
    cli
    inb $0x92, %al
    orb $2, %al
    andb $0xFE, %al
    outb %al, $0x92
    lgdt gdt_pointer
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmp $8, $protected

say:
    lodsb
    testb %al, %al
    jz 1f
    movb $0x0E, %ah
    movw $7, %bx
    int $0x10
    jmp say
1:  ret

/* The font BH of the VGA BIOS: its linear address to DI */
font:
    pushw %di
    movw $0x1130, %ax
    int $0x10
    popw %di
    xorl %eax, %eax
    movw %es, %ax
    shll $4, %eax
    movzwl %bp, %ebp
    addl %ebp, %eax
    movl %eax, (%di)
    ret

    .code32
protected:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $MAIN, %eax
    jmp *%eax

    .align 8
gdt:
    .quad 0
    .quad 0x00CF9A000000FFFF    /* 08: code, flat */
    .quad 0x00CF92000000FFFF    /* 10: data, flat */
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .align 4
packet:
    .word 16
packet_count: .word 0
    .word 0
packet_segment: .word 0
packet_lba: .long 0, 0

loading: .asciz "\r\nStarting the demonstration ...\r\n"
failed: .asciz "The CD cannot be read.\r\n"
    .org 2048
