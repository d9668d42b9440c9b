; A 64 KiB ROM that tries the local and the I/O APIC as the SDM demands and tells port E9 a line a check: "ok NAME" or
; "FAIL NAME".  After "DONE" it resets itself by an INIT message.  nasm -f bin -I ../bare/.
%include "frame.inc"
APIC equ 0xFEE00000
IOAPIC equ 0xFEC00000
COUNTS equ 0x2000               ; dword a vector: interrupts seen
SEEN equ 0x2400                 ; highest ISR word bits, as the last handler saw them
AUTO_EOI equ 0x2408             ; handlers end their interrupt
NESTED equ 0x240C               ; what a handler is to send to itself with interrupts on; 0: nothing
INSIDE equ 0x2410               ; count of the nested vector before EOI
MOVED equ 0x500000
%include "irq.inc"
PROGRAM

%macro check 2                  ; name, condition code that must hold; EAX is lost
    jmp short %%over
%%text:
    db %1, 0
%%over:
    mov dword [verdict], text_good
    j%2 %%good
    mov dword [verdict], text_bad
%%good:
    push dword [verdict]
    call print_text
    push dword %%text
    call print_text
    call print_end
%endmacro

%macro reg_write 2
    mov dword [APIC + %1], %2
%endmacro

%macro io_write 2               ; index, value
    mov dword [IOAPIC], %1
    mov dword [IOAPIC + 0x10], %2
%endmacro

%macro seen 2                   ; vector, count: compares and clears
    mov eax, [COUNTS + 4 * %1]
    mov dword [COUNTS + 4 * %1], 0
    cmp eax, %2
%endmacro

; What QUICK calls: EBX is the vector.
counted:
    inc dword [COUNTS + 4 * ebx]
    cmp ebx, 0x30               ; exceptions and the 8259s know no APIC
    jb .pic
    mov ecx, ebx
    shr ecx, 5
    shl ecx, 4
    mov ecx, [APIC + 0x100 + ecx]
    mov [SEEN], ecx
    mov ecx, [NESTED]
    jecxz .eoi
    mov dword [NESTED], 0
    mov [APIC + 0x300], ecx
    sti
    nop
    nop
    cli
    movzx ecx, cl
    mov ecx, [COUNTS + 4 * ecx]
    mov [INSIDE], ecx
.eoi:
    cmp dword [AUTO_EOI], 0
    je .done
    reg_write 0xB0, 0
    ret
.pic:
    cmp ebx, 0x20
    jb .done
    mov al, 0x20
    out 0x20, al
.done:
    ret

pit_once:                       ; interrupt 0 in a moment
    mov al, 0x30
    out 0x43, al
    mov al, 100
    out 0x40, al
    mov al, 0
    out 0x40, al
    ret

wait_interrupt:
    sti
    hlt
    cli
    ret

main:
    mov edi, COUNTS
    xor eax, eax
    mov ecx, 0x200
    cld
    rep stosd
    call init_pics
    QUICK counted

    mov eax, 1
    cpuid
    test edx, 1 << 9
    check "cpuid announces the APIC", nz
    mov ecx, 0x1B
    rdmsr
    cmp eax, APIC + 0x900
    check "base register after reset", e
    mov eax, [APIC + 0x30]
    cmp al, 0x14
    check "version", e

    call pit_once
    call wait_interrupt
    seen 0x20, 1
    check "8259 through virtual wire", e

    ; -- the local APIC alone
    mov al, 0xFF
    out 0x21, al
    reg_write 0xF0, 0x1FF
    mov dword [AUTO_EOI], 1
    reg_write 0x300, 0x40041
    sti
    nop
    cli
    seen 0x41, 1
    check "IPI to oneself", e
    test dword [SEEN], 1 << 1
    check "in service inside its handler", nz
    cmp dword [APIC + 0x120], 0
    check "and not after EOI", e

    sti
    nop
    reg_write 0x300, 0x40042
    seen 0x42, 1                ; it came before the load
    check "taken at the next boundary", e
    cli

    reg_write 0x80, 0x50
    reg_write 0x300, 0x4005F
    sti
    nop
    nop
    seen 0x5F, 0
    check "task priority holds its class", e
    cmp dword [APIC + 0x220], 1 << 31
    check "which waits in IRR", e
    reg_write 0x80, 0x40
    nop
    seen 0x5F, 1
    check "lower task priority lets it in", e
    cli
    mov eax, 0x12
    xchg [APIC + 0x80], eax
    cmp eax, 0x40
    check "XCHG with a register reads", e
    cmp dword [APIC + 0x80], 0x12
    check "XCHG with a register writes", e
    reg_write 0x80, 0

    mov dword [NESTED], 0x40061
    reg_write 0x300, 0x40051
    sti
    nop
    cli
    cmp dword [INSIDE], 1
    check "higher class nests", e
    mov dword [NESTED], 0x40072
    reg_write 0x300, 0x40071
    sti
    nop
    nop
    cli
    cmp dword [INSIDE], 0
    check "same class does not nest", e
    seen 0x72, 1
    check "but follows", e

    reg_write 0x310, 0
    reg_write 0x300, 0x4400
    nop
    seen 2, 1
    check "NMI to oneself with interrupts off", e
    reg_write 0x300, 0x40003
    reg_write 0x280, 0
    cmp dword [APIC + 0x280], 0x20
    check "illegal vector is an error", e

    ; -- timer
    reg_write 0x3E0, 0xB
    reg_write 0x320, 0x81
    rdtsc
    mov ebx, eax
    reg_write 0x380, 100000
    call wait_interrupt
    rdtsc
    sub eax, ebx
    sub eax, 1000000
    cmp eax, 1000
    check "one-shot timer by the TSC", b
    cmp dword [APIC + 0x390], 0
    check "stands at 0", e
    seen 0x81, 1
    check "fired once", e
    reg_write 0x320, 0x20082
    rdtsc
    mov ebx, eax
    reg_write 0x380, 10000
    mov edi, 10
.period:
    call wait_interrupt
    dec edi
    jnz .period
    rdtsc
    sub eax, ebx
    sub eax, 1000000
    cmp eax, 1000
    check "ten periods by the TSC", b
    reg_write 0x380, 0
    seen 0x82, 10
    check "ten interrupts", e

    ; -- the I/O APIC
    io_write 0x15, 0
    io_write 0x14, 0x91         ; input 2: IRQ 0, edge
    call pit_once
    call wait_interrupt
    seen 0x91, 1
    check "IRQ 0 at input 2", e
    io_write 0x14, 0x10000
    io_write 0x18, 0x80A4       ; input 4: COM1, level
    mov dx, 0x3FC
    mov al, 8
    out dx, al
    mov dx, 0x3F9
    mov al, 2                   ; transmitter empty: IRQ 4 until IIR is read
    out dx, al
    cmp dword [IOAPIC + 0x10], 0xC0A4
    check "level sets remote IRR", e
    mov dword [AUTO_EOI], 0
    sti
    nop
    nop
    cli
    seen 0xA4, 1
    check "level interrupt once before EOI", e
    mov eax, [APIC + 0x1D0]
    test eax, 1 << 4
    check "trigger mode register", nz
    mov dword [AUTO_EOI], 1
    reg_write 0xB0, 0
    test dword [APIC + 0x250], 1 << 4
    check "asks again while asserted", nz
    mov dx, 0x3FA
    in al, dx                   ; now the line falls
    sti
    nop
    nop
    cli
    seen 0xA4, 1
    check "and is taken again", e
    cmp dword [IOAPIC + 0x10], 0x80A4
    check "then idle", e
    mov dx, 0x3F9
    mov al, 0
    out dx, al
    io_write 0x18, 0x10000

    ; -- x87 errors, reported by FERR# and IRQ 13
    io_write 0x2A, 0xB1
    mov eax, cr0
    and eax, ~0x2C              ; NE, TS and EM off
    mov cr0, eax
    fninit
    push dword 0x37B            ; division by zero unmasked
    fldcw [esp]
    pop eax
    fldz
    fld1
    fdiv st0, st1               ; (a waiting instruction would freeze until the error is cleared)
    sti
    nop
    nop
    cli
    fnclex
    out 0xF0, al
    seen 0xB1, 1
    check "x87 error at input 13", e

    ; -- IA32_APIC_BASE
    mov dword [MOVED + 0x30], 0x12345678
    mov eax, MOVED + 0x900
    xor edx, edx
    mov ecx, 0x1B
    wrmsr
    cmp byte [MOVED + 0x30], 0x14
    check "page moves over memory", e
    cmp dword [APIC + 0x30], -1
    check "and leaves its place", e
    cmp dword [MOVED + 0xF0], 0x1FF
    check "with its state", e
    mov eax, APIC + 0x100
    wrmsr
    cmp dword [MOVED + 0x30], 0x12345678
    check "memory comes back", e
    mov eax, 1
    cpuid
    test edx, 1 << 9
    check "CPUID denies a disabled APIC", z
    mov al, 0xFE
    out 0x21, al
    call pit_once
    call wait_interrupt
    seen 0x20, 1
    check "8259 without the APIC", e
    mov ecx, 0x1B
    xor edx, edx
    mov eax, APIC + 0x900
    wrmsr
    cmp dword [APIC + 0xF0], 0xFF
    check "enabled again, as after reset", e

    push dword text_done
    call print_text
    call print_end
    reg_write 0x310, 0
    reg_write 0x300, 0xC500
    hlt

verdict:    dd 0
text_good:  db "ok ", 0
text_bad:   db "FAIL ", 0
text_done:  db "DONE", 0
    IRQ_ROUTINES
%include "frame_end.inc"
