/* Reset, the way into and out of protected mode, the frame around every 16-bit handler, and the entries at fixed places.
 *
 * The F segment is code, data and stack of all 16-bit services (CS = DS = ES = SS = F000h), so that C may take any
 * address.  Handlers run with interrupts off except where they yield.  */

    .set FSEG, 0xF000
    .set FBASE, 0xF0000
    .set POST_STACK, 0x7C00
    .set SAVED, 48                      /* bytes of struct regs */
    .set ROOM, 256                      /* for code that we call, and interrupts, while they are on our stack */
    .set FLAT_CODE, 0x08
    .set FLAT_DATA, 0x10
    .set CODE16, 0x18
    .set DATA16, 0x20
    .set BIG_DATA, 0x28

    .code16
    .text

/* -- reset --------------------------------------------------------------------------------------------------------- */

post_entry:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl gdt_pointer
    movl %cr0, %eax
    andl $0x1FFFFFFF, %eax              /* caches on */
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $FLAT_CODE, $(shadow + 0xFFFF0000)    /* in the ROM below 4 GiB, which stays while F0000 changes */

    .code32
shadow:
    movl $FLAT_DATA, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    /* 440FX PAM registers: E0000-FFFFF reads and writes RAM.  The other chipsets just take no notice. */
    movl $0x80000058, %eax
    movw $0xCF8, %dx
    outl %eax, %dx
    movw $0xCFD, %dx
    movb $0x30, %al
    outb %al, %dx
    movl $0x8000005C, %eax
    movw $0xCF8, %dx
    outl %eax, %dx
    movw $0xCFE, %dx
    movw $0x3333, %ax
    outw %ax, %dx
    /* A program that returns from protected mode by a reset says so in CMOS 0Fh; the services are in RAM then. */
    movb $0x8F, %al
    outb %al, $0x70
    inb $0x71, %al
    movb %al, %bl
    movb $0x8F, %al
    outb %al, $0x70
    xorl %eax, %eax
    outb %al, $0x71
    cmpl $0x534F4942, alive + FBASE     /* "BIOS" */
    jne cold
    cmpb $0x05, %bl
    je resume
    cmpb $0x09, %bl
    je resume
    cmpb $0x0A, %bl
    je resume
    /* INIT alone, which has left the board as it was: reset all of it. */
    movl $0, alive + FBASE
    movw $0xCF9, %dx
    movb $0x02, %al
    outb %al, %dx
    movb $0x06, %al
    outb %al, %dx
cold:
    movl $0xFFFF0000, %esi
    movl $FBASE, %edi
    movl $0x4000, %ecx
    rep movsl
    movl $0xFFFE0000, %esi
    movl $0xE0000, %edi
    movl $(seg32_end - 0xE0000), %ecx
    shrl $2, %ecx
    rep movsl
    movl $0x534F4942, alive + FBASE
    movl $POST_STACK, %esp
    movl $post_main, %eax
    call *%eax
1:  hlt
    jmp 1b

/* CMOS 0Fh: 05h end the interrupt and jump through 40:67, 0Ah jump, 09h return from a block move by IRET there. */
resume:
    movw $0xCFC, %dx                    /* option ROMs are in RAM as well: C0000-DFFFF */
    movw $0x3333, %ax
    outw %ax, %dx
    movl $0x80000058, %eax
    movw $0xCF8, %dx
    outl %eax, %dx
    movw $0xCFE, %dx
    movw $0x3333, %ax
    outw %ax, %dx
    ljmp $CODE16, $resume_16
    .code16
resume_16:
    movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $FSEG, $resume_real
resume_real:
    movw %cs, %ax
    movw %ax, %ds
    lidtl ivt_pointer
    xorw %ax, %ax
    movw %ax, %ss
    movl $POST_STACK, %esp
    movw $0x40, %ax
    movw %ax, %ds
    cmpb $0x09, %bl
    je 2f
    cmpb $0x05, %bl
    jne 1f
    movb $0x20, %al
    outb %al, $0xA0
    outb %al, $0x20
    inb $0x60, %al
1:  ljmp *0x67
2:  lssw 0x67, %sp
    popw %ds
    popw %es
    popal
    iretw

    .balign 8
gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF            /* 08h: flat code */
    .quad 0x00CF93000000FFFF            /* 10h: flat data */
    .quad 0x00009B0F0000FFFF            /* 18h: 16-bit code at F0000 */
    .quad 0x000093000000FFFF            /* 20h: 16-bit data at 0 */
    .quad 0x008F93000000FFFF            /* 28h: 16-bit data, limit 4 GiB */
gdt_end:
    .word 0
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt + FBASE
    .word 0
ivt_pointer:
    .word 0x3FF
    .long 0

/* -- between the modes --------------------------------------------------------------------------------------------- */

/* call16_asm(struct regs *r), for 32-bit code on a stack below 64 KiB: goes to r->cs:ip in real mode with r's registers,
 * interrupts as r->flags has them; the far end returns by IRET or RETF, and r has the registers then.  Option ROMs are
 * called with data segments that reach all memory (PCI Firmware Specification 3.0), a boot sector as after a reset. */
    .code32
    .globl call16_asm
call16_asm:
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movl %eax, call16_regs + FBASE
    movl %esp, call16_esp + FBASE
    movl %eax, %ebx
    movl call16_data + FBASE, %ecx
    ljmp $CODE16, $1f
    .code16
1:  movw %cx, %ds
    movw %cx, %es
    movw %cx, %fs
    movw %cx, %gs
    movw %cx, %ss
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $FSEG, $2f
2:  xorl %eax, %eax
    movw %ax, %ds
    movw %ax, %ss
    lidtl %cs:ivt_pointer
    pushw 46(%bx)
    pushw %cs
    pushw $3f
    pushw 46(%bx)
    pushw 44(%bx)
    pushw 42(%bx)
    movl 0(%bx), %edi
    movl 4(%bx), %esi
    movl 8(%bx), %ebp
    movl 20(%bx), %edx
    movl 24(%bx), %ecx
    movl 28(%bx), %eax
    movw 34(%bx), %es
    pushl 16(%bx)
    movw 32(%bx), %ds
    popl %ebx
    iretw
3:  pushfw
    cli
    cld
    subw $6, %sp
    pushw %gs
    pushw %fs
    pushw %es
    pushw %ds
    pushal
    movw %cs, %ax
    movw %ax, %ds
    lgdtl gdt_pointer
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $FLAT_CODE, $(4f + FBASE)
    .code32
4:  movl $FLAT_DATA, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movzwl %sp, %esi
    movl call16_regs + FBASE, %edi
    movl $(SAVED / 4), %ecx
    rep movsl
    movl call16_esp + FBASE, %esp
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
    ret

/* INT 19h: boot, on a fresh stack.  INT 18h: go on with the next device. */
    .code16
    .globl enter_boot, enter_next
enter_next:
    movl $1, %ebx
    jmp 1f
enter_boot:
    xorl %ebx, %ebx
1:  cli
    cld
    movw $FSEG, %ax
    movw %ax, %ds
    inb $0x92, %al
    orb $2, %al
    andb $0xFE, %al
    outb %al, $0x92
    lgdtl gdt_pointer
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $FLAT_CODE, $(1f + FBASE)
    .code32
1:  movl $FLAT_DATA, %eax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $POST_STACK, %esp
    movl $stack16, stack_pos + FBASE
    movl $DATA16, call16_data + FBASE
    movl %ebx, %eax
    movl $boot_main, %edx
    call *%edx
2:  hlt
    jmp 2b

/* For the boot menu: sleep once. */
    .code16
    .globl rest_entry
rest_entry:
    hlt
    iretw

/* Plug and Play BIOS: no function but 60h, which says that the BIOS Boot Specification 1.1 is kept to.  The protected-mode
 * entry is 16-bit code, yet its caller's stack may be a 32-bit one. */
    .globl pnp_real, pnp_prot
pnp_real:
    pushl %ebp
    movzwl %sp, %ebp
    jmp 1f
pnp_prot:
    pushl %ebp
    movl %esp, %ebp
1:  movw $0x82, %ax                     /* function not supported */
    cmpw $0x60, 8(%ebp)
    jne 2f
    pushw %es
    pushw %bx
    lesw 10(%ebp), %bx
    movw $0x0101, %es:(%bx)
    xorw %ax, %ax
    popw %bx
    popw %es
2:  popl %ebp
    lretw

/* POST Memory Manager: a far call with words on the stack, made an interrupt for the frame below. */
    .globl pmm_far
pmm_far:
    pushfw
    pushw %cs
    pushw $1f
    jmp pmm_entry
1:  lretw

/* -- the frame of a handler ---------------------------------------------------------------------------------------- */

    .code16
/* Caller's stack: flags, CS, IP, handler.  The registers go to the caller's stack, a copy of them to ours, and back.
 * Handlers have a stack of their own since their callers' are small. */
enter:
    pushw %gs
    pushw %fs
    pushw %es
    pushw %ds
    pushal
    cli
    cld
    movw %ss, %ax
    movw %ax, %ds
    movl %esp, %ebp                     /* the upper half is the caller's too */
    movzwl %sp, %esi
    movw $FSEG, %bx
    movw %bx, %es
    cmpw %bx, %ax
    je 1f
    movw %bx, %ss
    movl %es:stack_pos, %esp
    jmp 2f
1:  movl %esi, %esp
2:  subl $SAVED, %esp
    movl %esp, %edi
    movl $(SAVED / 4), %ecx
    addr32 rep movsl
    movw %bx, %ds
    pushl caller_esp
    pushl caller_ss
    pushl %ebp
    pushl %eax
    movl %ebp, caller_esp
    movl %eax, caller_ss
    leal 16(%esp), %eax
    movzwl 40(%eax), %edx
    calll *%edx
    popl %eax
    popl %ebp
    popl caller_ss
    popl caller_esp
    movzwl %bp, %edi
    movl %esp, %esi
    movw %ax, %es
    movl $(SAVED / 4), %ecx
    addr32 rep movsl
    movw %ax, %ss
    movl %ebp, %esp
    popal
    popw %ds
    popw %es
    popw %fs
    popw %gs
    addw $2, %sp
    iretw

/* Whatever is not ours runs on the caller's stack, as if we had none.  Where the caller is on ours (code that we called),
 * it goes on below; stack_pos, where the next handler starts, leaves it room. */
    .macro TO_CALLER
    pushl stack_pos
    leal -ROOM(%esp), %ecx
    movl %ecx, stack_pos
    cmpw $FSEG, caller_ss
    je 9f
    movw caller_ss, %ss
    movl caller_esp, %esp
9:
    .endm
    .macro FROM_CALLER
    movw %cs, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %ss
    movl stack_pos, %esp
    addl $ROOM, %esp
    popl stack_pos
    .endm

/* yield(): let interrupts in; wait_irq(): and sleep until one comes. */
    .globl yield
yield:
    TO_CALLER
    sti
    nop
    nop
    cli
    FROM_CALLER
    retl
    .globl wait_irq
wait_irq:
    TO_CALLER
    sti
    hlt
    cli
    FROM_CALLER
    retl

/* far_call(struct regs *r): as call16_asm, for 16-bit code. */
    .globl far_call
far_call:
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movl %eax, %ebx
    pushl %eax
    TO_CALLER
    pushw 46(%ebx)                      /* an INT saves the flags, and IRET gives them back */
    pushw %cs
    pushw $1f
    pushw 46(%ebx)
    pushw 44(%ebx)
    pushw 42(%ebx)
    movl 0(%ebx), %edi
    movl 4(%ebx), %esi
    movl 8(%ebx), %ebp
    movl 20(%ebx), %edx
    movl 24(%ebx), %ecx
    movl 28(%ebx), %eax
    movw 34(%ebx), %es
    pushl 16(%ebx)
    movw 32(%ebx), %ds
    popl %ebx
    iretw
1:  pushfw
    cli
    cld
    subw $6, %sp
    pushw %gs
    pushw %fs
    pushw %es
    pushw %ds
    pushal
    movw %ss, %ax
    movw %ax, %ds
    movzwl %sp, %esi
    movw %cs, %ax
    movw %ax, %es
    movl %es:stack_pos, %ebx
    movl %es:ROOM + 4(%ebx), %edi       /* r */
    movl $(SAVED / 4), %ecx
    addr32 rep movsl
    FROM_CALLER
    popl %eax
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
    retl

/* far_call_words(u16 segment, u16 offset, u16 *four_words): pushes four words and makes a far call (PS/2 mouse handlers). */
    .globl far_call_words
far_call_words:
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movl %ecx, %ebx
    TO_CALLER
    pushw 0(%ebx)
    pushw 2(%ebx)
    pushw 4(%ebx)
    pushw 6(%ebx)
    pushw %cs
    pushw $1f
    pushw %ax
    pushw %dx
    sti
    lretw
1:  cli
    cld
    FROM_CALLER
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
    retl

/* move_block(u32 gdt, u32 words): INT 15h, AH = 87h.  The caller's table has the data and code segments filled in. */
    .globl move_block
move_block:
    pushl %ebx
    pushl %esi
    pushl %edi
    subl $8, %esp
    movw $47, (%esp)
    movl %eax, 2(%esp)
    lgdtl (%esp)
    addl $8, %esp
    movl %edx, %ecx
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmp $0x20, $1f
1:  movw $0x10, %ax
    movw %ax, %ds
    movw $0x18, %ax
    movw %ax, %es
    xorl %esi, %esi
    xorl %edi, %edi
    shrl $1, %ecx
    addr32 rep movsl
    adcl %ecx, %ecx
    addr32 rep movsw
    movw $0x28, %ax                     /* limits of real mode again */
    movw %ax, %ds
    movw %ax, %es
    movl %cr0, %eax
    andl $~1, %eax
    movl %eax, %cr0
    ljmp $FSEG, $2f
2:  movw %cs, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    popl %edi
    popl %esi
    popl %ebx
    retl

    .macro HANDLER name
\name\()_entry:
    pushw $\name
    jmp enter
    .endm

    HANDLER int05
    HANDLER int08
    HANDLER int09
    HANDLER int0e
    HANDLER int10_absent
    HANDLER int11
    HANDLER int12
    HANDLER int13
    HANDLER int14
    HANDLER int15
    HANDLER int16
    HANDLER int17
    HANDLER int1a
    HANDLER int40
    HANDLER int70
    HANDLER int71
    HANDLER int74
    HANDLER int75
    HANDLER int76
    HANDLER int77
    HANDLER irq_unused
    HANDLER drives_init
    HANDLER pci_service
    HANDLER pmm
    .globl drives_init_entry, int05_entry, int08_entry, int09_entry, int0e_entry, int10_absent_entry, int11_entry
    .globl int12_entry, int13_entry, int14_entry, int16_entry, int17_entry, int1a_entry, int40_entry, int70_entry
    .globl int71_entry, int74_entry, int75_entry, int76_entry, int77_entry, irq_unused_entry, iret_entry, int15_dispatch

/* APM works from registers alone, for callers in protected mode too; what is left goes to C. */
int15_dispatch:
    cmpb $0x53, %ah
    jne int15_entry
    pushw %bp
    movw %sp, %bp
    andb $0xFE, 6(%bp)
    popw %bp
    call apm16
    jnc iret_entry
    pushw %bp
    movw %sp, %bp
    orb $1, 6(%bp)
    popw %bp
iret_entry:
    iretw

    .globl apm_entry16
apm_entry16:
    call apm16
    lretw
    .set WIDTH, 16
#define NAME(x) x##16
#include "apm.inc"
#undef NAME
    .code32
    .globl apm_entry32
apm_entry32:
    call apm32
    lret
#define NAME(x) x##32
#include "apm.inc"
#undef NAME

/* -- data ---------------------------------------------------------------------------------------------------------- */

    .data
    .balign 4
    .globl stack_pos
stack_pos:      .long stack16
    .globl caller_esp, caller_ss
caller_esp:     .long 0                 /* of the handler that runs: its caller's stack, with the registers */
caller_ss:      .long 0
alive:          .long 0
call16_regs:    .long 0
call16_esp:     .long 0
    .globl call16_data                  /* selector: limits for the code that is called */
call16_data:    .long BIG_DATA

/* -- places that programs have always jumped to -------------------------------------------------------------------- */

    .section .fixed, "ax"
    .code16
    .macro AT_OFFSET where
    .org \where - 0xE000
    .endm

    AT_OFFSET 0xE05B
    jmp post_entry
    AT_OFFSET 0xE2C3
    iretw                               /* NMI */
    AT_OFFSET 0xE3FE
    jmp int13_entry
    AT_OFFSET 0xE6F2
    jmp enter_boot
    AT_OFFSET 0xE6F5                    /* system configuration, INT 15h AH = C0h */
    .globl configuration_table
configuration_table:
    .word 8
    .byte 0xFC, 0, 1                    /* AT, submodel, revision */
    .byte 0x74                          /* second 8259, RTC, INT 15h 4Fh, extended BIOS data area */
    .byte 0x40, 0, 0, 0                 /* INT 16h 09h */
    AT_OFFSET 0xE739
    jmp int14_entry
    AT_OFFSET 0xE82E
    jmp int16_entry
    AT_OFFSET 0xE987
    jmp int09_entry
    AT_OFFSET 0xEC59
    jmp int40_entry
    AT_OFFSET 0xEF57
    jmp int0e_entry
    AT_OFFSET 0xEFC7                    /* floppy parameters, INT 1Eh: 1.44 MB */
    .globl floppy_parameters
floppy_parameters:
    .byte 0xAF, 0x02, 0x25, 2, 18, 0x1B, 0xFF, 0x6C, 0xF6, 15, 8
    AT_OFFSET 0xEFD2
    jmp int17_entry
    AT_OFFSET 0xF065
    jmp int10_absent_entry
    AT_OFFSET 0xF841
    jmp int12_entry
    AT_OFFSET 0xF84D
    jmp int11_entry
    AT_OFFSET 0xF859
    jmp int15_dispatch
    AT_OFFSET 0xFE6E
    jmp int1a_entry
    AT_OFFSET 0xFEA5
    jmp int08_entry
    AT_OFFSET 0xFF53
    iretw
    AT_OFFSET 0xFF54
    jmp int05_entry
    AT_OFFSET 0xFFF0
    .globl reset
reset:
    ljmp $FSEG, $0xE05B
    .ascii "11/23/26"
    .byte 0, 0xFC, 0
