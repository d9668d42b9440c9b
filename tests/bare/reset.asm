; Resets: a triple fault, port 92h, port CF9h and the keyboard controller start the processor anew; memory stays.
%include "frame.inc"
PROGRAM
STAGE   equ 0x600
MAGIC   equ 0x5AFE0000

main:   mov eax, [STAGE]
        mov ebx, eax
        and ebx, 0xFFFF0000
        cmp ebx, MAGIC
        je .again
        mov eax, MAGIC
        mov [STAGE], eax
;= first 0                                      | 3A table 9-1 (9.1.1): DR7 is 400h after a reset, CR2, CR3 and CR4 are 0
        SHOW "first", 0
        jmp .next
.again: mov ebx, cr4
        mov ecx, cr3
        mov edx, dr7
        SHOW "again", eax, ebx, ecx, edx
;= again 5AFE0001 0 0 400                       | 3A 6.15 (#DF): a third fault shuts down, on which the board resets
;= again 5AFE0002 0 0 400                       | port 92h, bit 0
;= again 5AFE0003 0 0 400                       | port CF9h
;= again 5AFE0004 0 0 400                       | 8042, command FEh
.next:  inc dword [STAGE]
        mov ebx, 0x18
        mov cr4, ebx
        mov ebx, 0x5000
        mov cr3, ebx
        mov ebx, 0x55
        mov dr7, ebx
        cmp al, 1
        jb .triple
        je .port92
        cmp al, 3
        jb .cf9
        je .kbc
        mov dword [STAGE], 0
        FINISH
.triple:
        mov dword [SCRATCH], 0
        mov dword [SCRATCH + 4], 0
        lidt [SCRATCH]
        int3
.port92:
        in al, 0x92
        or al, 1
        out 0x92, al
        jmp .wait
.cf9:   mov dx, 0xCF9
        mov al, 2
        out dx, al
        mov al, 6
        out dx, al
        jmp .wait
.kbc:   in al, 0x64
        test al, 2
        jnz .kbc
        mov al, 0xFE
        out 0x64, al
.wait:  jmp .wait
%include "frame_end.inc"
