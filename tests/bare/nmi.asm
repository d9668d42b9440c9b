; NMI: what sends one, when it is taken, and what holds it off.  Intel SDM volume 3A, 6.7 and chapter 10.
%include "frame.inc"
%include "irq.inc"
PROGRAM
APIC    equ 0xFEE00000
ICR     equ APIC + 0x300
IOAPIC  equ 0xFEC00000

%macro SEND_NMI 0               ; to this processor
        mov dword [ICR], 0x4400
%endmacro

main:   call init_irqs
        MASKS 0xFF, 0xFF
        mov eax, [APIC + 0x20]
        mov [ICR + 0x10], eax   ; destination: this processor

; -- what sends one ------------------------------------------------------------------------------------------------------------
;= icr NMI +A 8 -                               | 10.6.1: delivery mode NMI
        TRY "icr"
        SEND_NMI
        nop
        DONE
        call unblock
;= hlt NMI +1 8 -                               | HLT (volume 2): an NMI ends it with IF clear, too; here by the I/O APIC
        mov dword [IOAPIC], 0x15
        mov dword [IOAPIC + 0x10], 0
        mov dword [IOAPIC], 0x14
        mov dword [IOAPIC + 0x10], 0x400
        call start_timer
        TRY "hlt", .hlt
.hlt:   hlt
        nop
        DONE
        call unblock
        mov dword [IOAPIC], 0x14
        mov dword [IOAPIC + 0x10], 0x10000
;= lint0 NMI +1 8 -                             | 10.5.1: a LINT pin with delivery mode NMI
        MASKS 0xFE, 0xFF
        mov dword [APIC + 0x350], 0x400
        call start_timer
        TRY "lint0", .hlt2
.hlt2:  hlt
        nop
        DONE
        call unblock
        mov dword [APIC + 0x350], 0x10700
        MASKS 0xFF, 0xFF

; -- what holds it off -----------------------------------------------------------------------------------------------------------
;= held 1 2                                     | 6.7.1: until IRET, and then one of those that came
        SETINT 2, CODE, held, A_INT32
        xor edi, edi
        xor esi, esi
        SEND_NMI
        nop
        nop
        SHOW "held", esi, edi
;= iret 0 2                                     | 6.7.1: any IRET, also one to the handler itself
        SETINT 2, CODE, nested, A_INT32
        xor edi, edi
        xor esi, esi
        SEND_NMI
        nop
        SHOW "iret", esi, edi
;= iret.fault #GP(FFF8) +2 8 RF sp-18           | 6.7.1: an IRET that faults lets them in, too: before the handler's first instruction
;= iret.fault.count 2
        SETINT 2, CODE, faulty, A_INT32
        SETINT 13, CODE, general, A_INT32
        xor edi, edi
        TRY "iret.fault", faulty.iret - 2
        SEND_NMI
        nop
        DONE
        SHOW "iret.fault.count", edi
        OLDINT 13
;= mov_ss 1                                     | 6.8.3: MOV SS holds it off for an instruction
        SETINT 2, CODE, at_nop, A_INT32
        xor edi, edi
        mov dword [APIC + 0x350], 0x400
        mov eax, 0x400
        mov ecx, ss
        SEND_NMI
        mov ss, ecx
        nop
        SHOW "mov_ss", edi
        OLDINT 2
        FINISH

unblock:                        ; NMIs again
        pushfd
        push cs
        push dword .out
        iretd
.out:   ret

held:   inc edi
        cmp edi, 1
        jne .out
        SEND_NMI
        SEND_NMI
        nop
        mov esi, edi
.out:   iretd

nested: inc edi
        cmp edi, 1
        jne .out
        SEND_NMI
        mov esi, esp
        pushfd
        push cs
        push dword .in
        iretd
.in:    nop
        xor esi, esi
.out:   iretd

faulty: inc edi
        cmp edi, 1
        jne .out
        SEND_NMI
        pushfd
        push dword 0xFFF8
        push dword 0
        nop
        nop
.iret:  iretd
.out:   iretd

general:                        ; the NMI that waited comes before this
        push dword 13
        jmp handler

at_nop: inc edi
        iretd
        IRQ_ROUTINES
%include "frame_end.inc"
