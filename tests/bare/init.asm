; INIT, which port 92h, a soft reset by port CF9h, the keyboard controller, the local APIC and a shutdown bring about: the processor
; starts anew and keeps what table 9-1 says; the board keeps all.  RESET by port CF9h does not.
%include "frame.inc"
PROGRAM
STAGE   equ 0x600
MAGIC   equ 0x5AFE0000
APIC    equ 0xFEE00000

main:   mov eax, [STAGE]
        mov ebx, eax
        and ebx, 0xFFFF0000
        cmp ebx, MAGIC
        je .again
        mov dword [STAGE], MAGIC
        jmp .next
; stage, SYSENTER_CS, low half of XMM1, mask of the slave 8259A, task priority
;= again 5AFE0001 1234 89ABCDEF A5 0             | 3A table 9-1, and 10.4.7.3: port 92h, bit 0
;= again 5AFE0002 1234 89ABCDEF A5 0             | 8042, command FEh
;= again 5AFE0003 1234 89ABCDEF A5 0             | PIIX3: port CF9h with SRST clear
;= again 5AFE0004 1234 89ABCDEF A5 0             | 3A 10.6.1: an INIT message to oneself
;= again 5AFE0005 1234 89ABCDEF A5 0             | 3A 8.4.1: a triple fault shuts the processor down, on which the PIIX3 asserts INIT#
;= again 5AFE0006 0 0 5A 0                       | PIIX3: port CF9h with SRST set resets everything
.again: mov ebx, cr4
        or ebx, 0x200
        mov cr4, ebx
        movd ebx, xmm1
        mov ecx, 0x174
        rdmsr
        mov esi, eax
        in al, 0xA1
        movzx edi, al
        mov edx, [APIC + 0x80]
        mov ecx, [STAGE]
        cmp cl, 6               ; an 8259A after RESET wants to be set up
        jne .show
        mov edi, 0x5A
.show:  SHOW "again", ecx, esi, ebx, edi, edx
.next:  inc dword [STAGE]
        mov eax, cr4
        or eax, 0x200           ; OSFXSR
        mov cr4, eax
        mov eax, 0x89ABCDEF
        movd xmm1, eax
        mov ecx, 0x174
        mov eax, 0x1234
        xor edx, edx
        wrmsr
        mov al, 0xA5
        out 0xA1, al
        mov dword [APIC + 0xF0], 0x1FF
        mov dword [APIC + 0x80], 0x40
        movzx eax, byte [STAGE]
        jmp [.ways - 4 + 4 * eax]
.ways:  dd .port92, .kbc, .soft, .apic, .triple, .hard, .end
.port92:
        in al, 0x92
        or al, 1
        out 0x92, al
        jmp $
.kbc:   in al, 0x64
        test al, 2
        jnz .kbc
        mov al, 0xFE
        out 0x64, al
        jmp $
.soft:  xor eax, eax
        jmp .cf9
.hard:  mov al, 2
.cf9:   mov dx, 0xCF9
        out dx, al
        or al, 4
        out dx, al
        jmp $
.apic:  mov eax, [APIC + 0x20]
        mov [APIC + 0x310], eax
        mov dword [APIC + 0x300], 0x4500
        jmp $
.triple:
        mov dword [SCRATCH], 0
        mov dword [SCRATCH + 4], 0
        lidt [SCRATCH]
        int3
.end:   mov dword [STAGE], 0
        FINISH
%include "frame_end.inc"
