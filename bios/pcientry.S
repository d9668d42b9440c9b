/* BIOS32 service directory and PCI BIOS for protected mode (PCI BIOS Specification 2.1, sections 3 and 4).  Position
 * independent; only the caller's stack is written, through SS. */
    .code32
    .text
    .globl bios32_entry
bios32_entry:
    pushfl
    cmpl $0x49435024, %eax              /* "$PCI" */
    movb $0x80, %al                     /* no such service */
    jne 1f
    xorb %al, %al
    movl $0xE0000, %ebx
    movl $0x20000, %ecx
    movl $(pci_entry - 0xE0000), %edx
1:  popfl
    lret

/* struct regs on the stack: eight words for the call, segments and frame by name only. */
    .globl pci_entry
pci_entry:
    pushfl
    cli
    cld
    subl $16, %esp                      /* ds to flags */
    pushal
    movw $0, 46(%esp)
    movl %esp, %eax
    call pci_service32
    testb $1, 46(%esp)
    popal
    leal 16(%esp), %esp
    jnz 2f
    popfl
    clc
    lret
2:  popfl
    stc
    lret
