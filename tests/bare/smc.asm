; Self-modifying code.  3A 11.6: a write to code by the linear address that it runs at is seen by the very next
; instruction (since the P6); through another linear address after a serialising instruction.
%include "frame.inc"
PROGRAM
PD      equ TABLES
PT0     equ TABLES + 0x1000
PT1     equ TABLES + 0x2000
FRAME   equ 0x50000

main:
;= next 7                                       | the immediate of the next instruction
        mov byte [.next + 1], 7
.next:  mov eax, 0
        SHOW "next", eax
;= opcode 5                                     | the next opcode: INC becomes DEC
        mov eax, 6
        mov byte [.opcode], 0x48
.opcode:
        inc eax
        SHOW "opcode", eax
;= line 9                                       | some instructions ahead in the same line
        xor eax, eax
        mov byte [.line + 2], 9
        nop
        nop
        nop
.line:  add eax, byte 1
        SHOW "line", eax
;= loop 4                                       | NOP takes the place of INC in the fifth round
        xor eax, eax
        mov ecx, 8
.loop:  inc eax
        cmp ecx, 4
        jne .same
        mov byte [.loop], 0x90
.same:  loop .loop
        sub eax, 1
        SHOW "loop", eax
;= push 2A                                      | by a push onto the code
        mov edx, esp
        mov esp, .pushed + 5
        push dword 0x2A
.pushed:
        mov eax, 0
        mov esp, edx
        SHOW "push", eax
;= rmw 12                                       | by a read-modify-write
        add byte [.rmw + 1], 0x10
.rmw:   mov eax, 2
        SHOW "rmw", eax
;= xchg 33
        mov cl, 0x33
        lock xchg [.xchg + 1], cl
.xchg:  mov eax, 0
        SHOW "xchg", eax
;= fpu 3F800000                                 | by the FPU
        fld1
        fstp dword [.fpu + 1]
.fpu:   mov eax, 0
        SHOW "fpu", eax
;= movs 44434241                                | by REP MOVS over what follows
        mov esi, .new
        mov edi, .old
        mov ecx, .new_end - .new
        rep movsb
.old:   mov eax, 0x61626364
        jmp short .shown
.new:   mov eax, 0x44434241
        jmp short .shown
.new_end:
.shown: SHOW "movs", eax
;= call_chain 1 2                               | a function rewritten between two calls
        mov dword [SCRATCH], 0x000001B8
        mov word [SCRATCH + 4], 0xC300
        call SCRATCH
        mov ebx, eax
        mov byte [SCRATCH + 1], 2
        call SCRATCH
        SHOW "call_chain", ebx, eax
;= two_sizes.16 int 95 +7 30 -                  | the same bytes as 16-bit and as 32-bit code
;= two_sizes.32 int 95 +7 8 -
;= two_sizes 2345 12345
        mov byte [two_sizes], 0xB9              ; MOV CX, 2345h; ADD [BX+SI], AX; or MOV ECX, 12345h
        mov dword [two_sizes + 1], 0x00012345
        mov word [two_sizes + 5], 0x95CD
        xor ecx, ecx
        mov ebx, 0x600
        xor esi, esi
        TRY "two_sizes.16", two_sizes - origin
        jmp CODE16:(A(two_sizes) - ORIGIN)
        DONE
        mov edi, ecx
        TRY "two_sizes.32", two_sizes
        jmp CODE:two_sizes
        DONE
        SHOW "two_sizes", edi, ecx
; with paging: aliases, pages
        mov edi, TABLES
        xor eax, eax
        mov ecx, 0x3000 / 4
        rep stosd
        mov edi, PT0
        mov eax, 7
.fill:  stosd
        add eax, 0x1000
        cmp eax, 0x400000
        jb .fill
        mov dword [PD], PT0 | 7
        mov dword [PD + 4], PT1 | 7
        mov dword [PT1], FRAME | 7
        mov dword [PT1 + 4], FRAME + 0x1000 | 7
        mov dword [PT1 + 8], FRAME | 7
        mov dword [PT1 + 12], FRAME + 0x2000 | 7
        mov eax, PD
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
;= alias 1 2                                    | through another linear address, after CPUID
        mov dword [FRAME], 0x000001B8
        mov word [FRAME + 4], 0xC300
        mov esi, 0x400000
        call esi
        mov edi, eax
        mov byte [0x402001], 2
        xor eax, eax
        cpuid
        call esi
        SHOW "alias", edi, eax
;= across 11223344 11553344                     | an instruction that crosses pages, changed on its second one
        mov byte [FRAME + 0xFFE], 0xB8
        mov dword [FRAME + 0xFFF], 0x11223344
        mov byte [FRAME + 0x1003], 0xC3
        mov esi, 0x400FFE
        call esi
        mov edi, eax
        mov byte [0x401001], 0x55
        call esi
        SHOW "across", edi, eax
;= across.remap 11553344 99883344               | ... and another second page
        mov byte [FRAME + 0x2000], 0x33
        mov byte [FRAME + 0x2001], 0x88
        mov byte [FRAME + 0x2002], 0x99
        mov byte [FRAME + 0x2003], 0xC3
        mov edi, eax
        mov dword [PT1 + 4], FRAME + 0x2000 | 7
        invlpg [0x401000]
        call esi
        SHOW "across.remap", edi, eax
;= remap 2 77                                   | another page under the same address
        mov dword [FRAME + 0x3000], 0x000077B8
        mov word [FRAME + 0x3004], 0xC300
        mov esi, 0x400000
        call esi
        mov edi, eax
        mov dword [PT1], FRAME + 0x3000 | 7
        invlpg [0x400000]
        call esi
        SHOW "remap", edi, eax
        FINISH

        align 16
two_sizes:
        times 16 nop
%include "frame_end.inc"
