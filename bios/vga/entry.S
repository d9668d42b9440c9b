/* Header, entries and the protected-mode part of the VGA BIOS.
 *
 * PCI Firmware Specification 3.0, section 5 (header, PCI data structure); VBE Core Functions 3.0, section 5.
 */
    .code16
    .section .header, "a"

    .globl rom_start
rom_start:
    .byte 0x55, 0xAA
    .byte ROM_BLOCKS            /* in 512 bytes; from the build */
    .byte 0xE9                  /* jump near: three bytes wherever POST lies */
    .word post_entry - rom_start - 6
    .org 0x18
    .word pci_data
    .word 0
    .org 0x1E
    .ascii "IBM compatible VGA BIOS of emu"
    .byte 0
    .balign 4
pci_data:
    .ascii "PCIR"
    .word 0x1234, 0x1111        /* vendor, device */
    .word 0                     /* no device list */
    .word 0x18                  /* length of this structure */
    .byte 0                     /* revision */
    .byte 0x00, 0x00, 0x03      /* class: VGA compatible display controller */
    .word ROM_BLOCKS
    .word 1                     /* code revision */
    .byte 0, 0x80               /* PC-AT code, last image */
    .word 0

/* Bus, device and function, which POST writes here while the ROM is still writable; FFFF: not known */
    .globl pci_address, pci_balance
pci_address:
    .word 0xFFFF
pci_balance:
    .byte 0                     /* keeps the ROM's checksum */

    .text
    .globl post_entry
/* POST: far call with AX = bus, device and function */
post_entry:
    pushfw
    cld
    cli
    pushl %esp
    pushal
    pushw %ds
    pushw %es
    pushw %fs
    pushw %gs
    call prepare
    pushw $0
    callw post
    popw %gs
    popw %fs
    popw %es
    popw %ds
    popal
    popl %esp
    popfw
    lretw

/* INT 10h.  The upper half of ESP need not be 0 in the caller, but C code addresses the stack with all of it. */
    .globl int10_entry
int10_entry:
    cld
    pushl %esp
    pushal
    pushw %ds
    pushw %es
    pushw %fs
    pushw %gs
    call prepare
    pushw $0
    callw int10
    popw %gs
    popw %fs
    popw %es
    popw %ds
    popal
    popl %esp
    .globl bare_iret
bare_iret:
    iretw

/* Segments for C; gives EAX = address of the saved registers */
prepare:
    movw %ss, %ax
    movw %ax, %ds
    movw %cs, %ax
    movw %ax, %fs
    xorl %eax, %eax
    movw %ax, %gs
    movw %sp, %ax
    movl %eax, %esp
    incw %ax
    incw %ax                    /* the registers lie above our return address */
    ret

/* VBE window function: far call with BH = 0 set or 1 get, BL = window, DX = position */
    .globl window_function
window_function:
    orb %bl, %bl
    jnz 2f
    pushw %ax
    pushw %cx
    movw %dx, %cx
    movw $0x1CE, %dx
    movw $5, %ax
    outw %ax, %dx
    incw %dx
    orb %bh, %bh
    jnz 1f
    movw %cx, %ax
    outw %ax, %dx
    movw %cx, %dx
    popw %cx
    popw %ax
    movw $0x004F, %ax
    lretw
1:  inw %dx, %ax
    movw %ax, %dx
    popw %cx
    popw %ax
    movw $0x004F, %ax
    lretw
2:  movw $0x014F, %ax
    lretw

/* VBE protected-mode interface: four offsets from its start, then 32-bit code that runs wherever it was copied */
    .balign 4
    .globl pm_interface, pm_interface_end
pm_interface:
    .word pm_window - pm_interface
    .word pm_start - pm_interface
    .word pm_palette - pm_interface
    .word pm_resources - pm_interface
pm_resources:
    .word 0x1CE, 0x1CF, 0x1D0, 0x3C6, 0x3C7, 0x3C8, 0x3C9, 0x3DA, 0xFFFF  /* ports */
    .word 0xFFFF                /* no memory */

    .code32
/* As function 05h, BH = 0: window BL to DX */
pm_window:
    orb %bl, %bl
    jnz pm_fail
    pushl %ecx
    pushl %edx
    movl %edx, %ecx
    movw $0x1CE, %dx
    movw $5, %ax
    outw %ax, %dx
    incw %dx
    orb %bh, %bh
    jnz 1f
    movl %ecx, %eax
    outw %ax, %dx
    popl %edx
    popl %ecx
    movw $0x004F, %ax
    ret
1:  inw %dx, %ax
    popl %edx
    movw %ax, %dx
    popl %ecx
    movw $0x004F, %ax
    ret
pm_fail:
    movw $0x014F, %ax
    ret

/* As function 07h, BL = 0 or 80h: CX and DX are the lower and upper half of the start address in double words */
pm_start:
    testb $0x7F, %bl
    jnz pm_fail
    pushl %ebx
    pushl %ecx
    pushl %edx
    pushl %esi
    pushl %edi
    movl %ebx, %edi
    shll $16, %edx
    movw %cx, %dx
    shll $2, %edx
    movl %edx, %esi             /* bytes */
    movw $0x1CE, %dx
    movw $3, %ax                /* depth */
    outw %ax, %dx
    incw %dx
    xorl %eax, %eax
    inw %dx, %ax
    addl $7, %eax
    shrl $3, %eax
    movl %eax, %ecx             /* bytes of a pixel; 4-bit modes count as if they had 1 */
    decw %dx
    movw $6, %ax                /* virtual width */
    outw %ax, %dx
    incw %dx
    xorl %eax, %eax
    inw %dx, %ax
    mull %ecx
    movl %eax, %ebx             /* pitch */
    orl %ebx, %ebx
    jz 3f
    xorl %edx, %edx
    movl %esi, %eax
    divl %ebx
    pushl %eax                  /* line */
    movl %edx, %eax
    xorl %edx, %edx
    divl %ecx
    movl %eax, %ecx             /* pixel */
    testl $0x80, %edi
    jz 2f
    movl $0x3DA, %edx           /* wait for the retrace to begin, but not for ever */
    movl $0x10000, %ebx
1:  inb %dx, %al
    testb $8, %al
    jnz 2f
    decl %ebx
    jnz 1b
2:  movw $0x1CE, %dx
    movw $8, %ax
    outw %ax, %dx
    incw %dx
    movl %ecx, %eax
    outw %ax, %dx
    decw %dx
    movw $9, %ax
    outw %ax, %dx
    incw %dx
    popl %eax
    outw %ax, %dx
3:  popl %edi
    popl %esi
    popl %edx
    popl %ecx
    popl %ebx
    movw $0x004F, %ax
    ret

/* As function 09h, BL = 0 or 80h: CX entries from DX on, at ES:EDI (blue, green, red, 0) */
pm_palette:
    testb $0x7F, %bl
    jnz pm_fail
    pushl %ecx
    pushl %edx
    pushl %edi
    movzwl %cx, %ecx
    jecxz 5f
    testb $0x80, %bl
    jz 2f
    pushl %ecx
    pushl %edx
    movl $0x3DA, %edx
    movl $0x10000, %ecx
1:  inb %dx, %al
    testb $8, %al
    jnz 6f
    decl %ecx
    jnz 1b
6:  popl %edx
    popl %ecx
2:  movb %dl, %al
    movl $0x3C8, %edx
    outb %al, %dx
    incl %edx
3:  movb %es:2(%edi), %al
    outb %al, %dx
    movb %es:1(%edi), %al
    outb %al, %dx
    movb %es:(%edi), %al
    outb %al, %dx
    addl $4, %edi
    decl %ecx
    jnz 3b
5:  popl %edi
    popl %edx
    popl %ecx
    movw $0x004F, %ax
    ret
    .globl pm_interface_end
pm_interface_end:
