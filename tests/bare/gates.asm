; Call gates, far returns, IRET to outer levels, SYSENTER, LAR and its kin, segment limits.
%include "frame.inc"
        GATE CODE, A(same), A_CALL32 | 0x60, 3          ; 40: to level 0, 3 parameters
        GATE CODE16, A(entry16) - ORIGIN, A_CALL16 | 0x60, 2    ; 48: 16 bits, 2 parameters
        GATE CODE, A(same), A_CALL32, 0                 ; 50: DPL 0
        GATE CODE, A(same), (A_CALL32 | 0x60) & 0x7F, 0 ; 58: not present
        GATE 0x68, A(conforming), A_CALL32 | 0x60, 2    ; 60: to conforming code
        DESC 0, 0xFFFFF, 0x9F, F32 | F4K                ; 68: conforming code, level 0
        GATE DATA, 0, A_CALL32 | 0x60, 0                ; 70: to data
        GATE 0, 0, A_CALL32 | 0x60, 0                   ; 78: to nothing
        DESC 0, 0xFFFFF, 0xBB, F32 | F4K                ; 80: code, level 1
        DESC 0, 0xFFFFF, 0xB3, F32 | F4K                ; 88: data, level 1
        GATE 0x80, A(level1), A_CALL32 | 0x60, 0        ; 90: to level 1
        DESC 0x60000, 0x0FFF, 0x97, F32                 ; 98: expand-down from 1000h, 32 bits
        DESC 0x60000, 0x0FFF, 0x97, 0                   ; A0: expand-down, 16 bits: to FFFFh
        DESC 0, 0, A_LDT, 0                             ; A8
        DESC 0, 0, A_TSS16, 0                           ; B0
        DESC 0, 0xFFFFF, 0x99, F32                      ; B8: execute-only
        DESC 0, 0xFFFFF, 0x91, F4K                      ; C0: read-only
        DESC 0, 0xFFFFF, A_DATA & 0x7F, F32             ; C8: not present
        GATE 0, 0, A_INT32, 0                           ; D0: an interrupt gate
        GATE 0, 0, A_TASK, 0                            ; D8: a task gate
        DESC 0, 0xABCDE, 0x90, F32 | F4K                ; E0: data, not accessed yet
        DESC 0, 0xFFFFF, 0xFB, F32 | F4K                ; E8: for SYSEXIT's layout: unused
        DESC 0x60000, 0xFFFF, A_DATA3, 0                ; F0: a 16-bit stack of level 3
PROGRAM

%macro AT_USER 1
        TRY %1, %%code
        USER %%code
%%code:
%endmacro
%macro USER_DONE 0
        int 0x90
        DONE
%endmacro

main:
; -- call gates ------------------------------------------------------------------------------------------------------------
;= inner 1B 33333333 11111111 23 77FF4 71FE4    | 3A 5.8.5: return CS, parameters in order, SS, ESP; ESP inside
;= inner.return int 90 +1A 1B -                 | RET (volume 2): RETF 12 releases them on both stacks: PUSHes, CALL, INT follow on
;= inner.esp 78000
        mov dword [SCRATCH + 0x40], same_show
        TRY "inner.return", .u1
        USER .u1
.u1:    push dword 0x11111111
        push dword 0x22222222
        push dword 0x33333333
        call 0x40:0
        mov ecx, esp
        int 0x90
        DONE
        SHOW "inner.esp", ecx
        mov dword [SCRATCH + 0x40], 0
;= inner16.done #UD +0 30 RF sp+1FF4
;= inner16 1B 4444 3333 23 71FF4                | 16-bit gate: words: CS, parameters, SS
        TRY "inner16.done", entry16.ud - ORIGIN
        HOOK show16
        USER .u2
.u2:    push word 0x3333
        push word 0x4444
        call 0x48:0
        DONE
;= same 8 2222 1111
;= same.return ok                               | 5.8.5: at the same level nothing is copied, only CS and EIP pushed
        mov dword [SCRATCH + 0x40], same_level
        TRY "same.return"
        push dword 0x1111
        push dword 0x2222
        call 0x40:0
        add esp, 8
        DONE
;= conforming int 91 +2 6B -                    | 5.8.2: conforming code runs at CPL 3, on the same stack
        TRY "conforming", conforming
        USER .u3
.u3:    call 0x60:0
        DONE
;= gate.dpl #GP(50) +0 1B RF                    | 5.8.4: DPL of the gate below CPL
        AT_USER "gate.dpl"
        call 0x50:0
        USER_DONE
;= gate.rpl #GP(50) +0 8 RF                     | ... or below RPL
        TRY "gate.rpl"
        call 0x53:0
        DONE
;= gate.absent #NP(58) +0 8 RF
        TRY "gate.absent"
        call 0x58:0
        DONE
;= gate.data #GP(10) +0 8 RF                    | CALL (volume 2): the code segment's selector is the error code
        TRY "gate.data"
        call 0x70:0
        DONE
;= gate.null #GP(0) +0 8 RF
        TRY "gate.null"
        call 0x78:0
        DONE
;= gate.jump_inner #GP(8) +0 1B RF              | 5.8.4: JMP cannot change the level
        AT_USER "gate.jump_inner"
        jmp 0x40:0
        USER_DONE
;= gate.stack_null #TS(0) +0 1B RF              | CALL (volume 2): SS of the TSS is null
        mov dword [MAIN_TSS + 0x10], 0
        mov dword [MAIN_TSS + 0x0C], STACK1
        AT_USER "gate.stack_null"
        call 0x90:0
        USER_DONE
;= gate.stack_rpl #TS(88) +0 1B RF              | RPL of SS must be the new CPL
        mov dword [MAIN_TSS + 0x10], 0x88
        AT_USER "gate.stack_rpl"
        call 0x90:0
        USER_DONE
;= gate.level1 int 92 +2 81 -                   | level 1 on its own stack: the interrupt then goes on to level 0
        mov dword [MAIN_TSS + 0x10], 0x89
        TRY "gate.level1", level1
        USER .u4
.u4:    call 0x90:0
        DONE
;= call.user_direct #GP(8) +0 1B RF             | 5.8.1.1: nonconforming code of another level
        AT_USER "call.user_direct"
        call CODE:0
        USER_DONE
;= call.rpl #GP(8) +0 8 RF                      | RPL above CPL
        TRY "call.rpl"
        call (CODE | 3):0
        DONE

; -- far returns ------------------------------------------------------------------------------------------------------------
;= retf.outer.at int 90 +11 1B -
;= retf.outer 68 0 0 0 23                       | RET (volume 2), 5.8.6: data segments of inner levels become null (here DS, ES, GS)
        mov ax, 0x68            ; conforming code may stay
        mov fs, ax
        mov ax, DATA
        mov gs, ax
        HOOK outer_segments
        TRY "retf.outer.at", .r1
        push dword UDATA
        push dword USTACK
        push dword UCODE
        push dword .r1
        retf
.r1:    mov ax, ds
        shl eax, 16
        mov ax, es
        mov ebx, fs
        mov ecx, gs
        mov edx, ss
        int 0x90
        DONE
;= retf.inner #GP(8) +0 1B RF                   | RPL of the return CS below CPL
        TRY "retf.inner", .r2
        USER .r3
.r3:    push dword CODE
        push dword .r2
.r2:    retf
        DONE
;= retf.null #GP(0) +0 8 RF sp-8
        TRY "retf.null", .r4
        push dword 0
        push dword .r4
.r4:    retf
        DONE
;= retf.ss #GP(10) +0 8 RF sp-10                   | the outer SS must have its RPL and DPL
        TRY "retf.ss", .r5
        push dword DATA
        push dword USTACK
        push dword UCODE
        push dword .r5
.r5:    retf
        DONE
;= iret.ss_null #GP(0) +0 8 RF sp-14
        TRY "iret.ss_null", .r6
        push dword 0
        push dword USTACK
        push dword 2
        push dword UCODE
        push dword .r6
.r6:    iretd
        DONE
;= iret.flags int 90 +2 1B IF+I1+I2             | IRET (volume 2): level 0 sets IOPL and IF
        mov al, 0xFF
        out 0x21, al
        out 0xA1, al
        TRY "iret.flags", .r7
        USER .r7, IOPL3 | IF_
.r7:    int 0x90
        DONE
;= iret.user_flags int 90 +2 1B NT              | at level 3 with IOPL 0 neither changes; NT does
        TRY "iret.user_flags", .r9
        USER .r8
.r8:    push dword 0x7202
        push dword UCODE
        push dword .r9
        iretd
.r9:    int 0x90
        DONE
;= iret.16 int 90 +2 1B -                       | (stack of 16 bits) only SP is loaded: the upper half is left
;= iret.16.esp 7F00
        HOOK keep_esp
        TRY "iret.16", .r10
        push dword 0xF3
        push dword 0x12347F00
        push dword 2
        push dword UCODE
        push dword .r10
        iretd
.r10:   int 0x90
        DONE
        movzx eax, word [SCRATCH + 0x20]
        SHOW "iret.16.esp", eax

; -- SYSENTER and SYSEXIT ----------------------------------------------------------------------------------------------------
;= sysenter.null #GP(0) +0 8 RF                 | SYSENTER (volume 2): IA32_SYSENTER_CS is 0
        TRY "sysenter.null"
        sysenter
        DONE
        mov ecx, 0x174
        mov eax, CODE | 3
        xor edx, edx
        wrmsr
        inc ecx
        mov eax, STACK1
        wrmsr
        inc ecx
        mov eax, .entered
        wrmsr
;= sysenter 8 10 74000 0                        | CS from the MSR with RPL 0, SS the next; ESP; IF, VM and RF clear
;= sysenter.try ok
        TRY "sysenter.try"
        USER .s1, IOPL3 | IF_
.s1:    sysenter
.entered:
        mov [SCRATCH], esp
        mov esp, STACK
        pushfd
        pop edx
        and edx, IF_ | VM_ | RF_
        mov ax, DATA
        mov ds, ax
        mov es, ax
        mov eax, cs
        mov ebx, ss
        SHOW "sysenter", eax, ebx, dword [ss:SCRATCH], edx
        DONE
;= sysexit.user #GP(0) +0 1B RF                 | SYSEXIT (volume 2): level 0 only
        AT_USER "sysexit.user"
        sysexit
        USER_DONE
;= sysexit int 90 +2 1B -                       | CS + 16 with RPL 3
        TRY "sysexit", .s2
        mov edx, .s2
        mov ecx, USTACK
        sysexit
.s2:    int 0x90
        DONE

; -- LAR, LSL, VERR, VERW, ARPL ------------------------------------------------------------------------------------------------
; Each line: selector, ZF of LAR, what it gives, ZF of LSL, what it gives, ZF of VERR, of VERW
;= q 0 0 DEAD 0 DEAD 0 0                        | the null selector
;= q 8 1 C09B00 1 FFFFFFFF 1 0                  | code
;= q 10 1 C09300 1 FFFFFFFF 1 1
;= q 13 0 DEAD 0 DEAD 0 0                       | RPL 3 does not see level 0
;= q 23 1 C0F300 1 FFFFFFFF 1 1
;= q 28 1 8B00 1 2088 0 0                       | a busy TSS
;= q 40 1 EC00 0 DEAD 0 0                       | call gates: LAR only
;= q 48 1 E400 0 DEAD 0 0
;= q 6B 1 C09F00 1 FFFFFFFF 1 0                 | conforming code is visible to all
;= q 9B 0 DEAD 0 DEAD 0 0
;= q 98 1 409700 1 FFF 1 1                      | expand-down: the limit as it is
;= q A8 1 8200 1 0 0 0                          | an LDT
;= q B0 1 8100 1 0 0 0
;= q B8 1 409900 1 FFFFF 0 0                    | execute-only
;= q C0 1 809100 1 FFFFFFFF 1 0                 | read-only
;= q C8 1 401300 1 FFFFF 1 1                    | P does not matter
;= q D0 0 DEAD 0 DEAD 0 0                       | interrupt gates are not for LAR
;= q D8 1 8500 0 DEAD 0 0                       | task gates are
;= q E0 1 C09000 1 ABCDEFFF 1 0                 | LAR (volume 2): and does not mark it accessed
;= q 58 1 6C00 0 DEAD 0 0                       | a call gate that is not present
;= q FFF8 0 DEAD 0 DEAD 0 0                     | outside the table
;= q 4 0 DEAD 0 DEAD 0 0                        | in an LDT, which is null
        xor eax, eax
        mov edi, SCRATCH
        mov ecx, 8
        rep stosd
        mov esi, queries
.query: movzx eax, word [esi]
        cmp eax, 1
        je .queried
        mov ebx, 0xDEAD
        lar ebx, ax
        setz byte [SCRATCH]
        mov ecx, 0xDEAD
        lsl ecx, ax
        setz byte [SCRATCH + 4]
        verr ax
        setz byte [SCRATCH + 8]
        verw ax
        setz byte [SCRATCH + 12]
        and ebx, 0xF0FFFF               ; bits 16 to 19 are undefined (LAR, volume 2)
        SHOW "q", eax, dword [SCRATCH], ebx, dword [SCRATCH + 4], ecx, dword [SCRATCH + 8], dword [SCRATCH + 12]
        add esi, 2
        jmp .query
.queried:
        mov ax, 0x8010
        mov bx, 3
        arpl ax, bx
        setz cl
        movzx ecx, cl
        movzx eax, ax
;= arpl.raise 8013 1
        SHOW "arpl.raise", eax, ecx
        xor ebx, ebx
        arpl ax, bx
        setz cl
        movzx ecx, cl
;= arpl.keep 8013 0
        SHOW "arpl.keep", eax, ecx
        mov bx, 0xE0
        mov fs, bx
        movzx eax, byte [gdt + 0xE0 + 5]
;= accessed 91                                  | 3A 3.4.5.1: loading a segment register sets A
        SHOW "accessed", eax

; -- expand-down segments ------------------------------------------------------------------------------------------------------
; 3A 3.4.5.1, 5.3: offsets above the limit are inside
%macro DOWN 1                   ; name
        mov ax, 0x98
        mov fs, ax
        mov ax, 0xA0
        mov gs, ax
        TRY %1
%endmacro
;= down.limit #GP(0) +0 8 RF
        DOWN "down.limit"
        mov al, [fs:0xFFF]
        DONE
;= down.inside ok
        DOWN "down.inside"
        mov al, [fs:0x1000]
        mov al, [fs:0x20000]
        DONE
;= down.across #GP(0) +0 8 RF
        DOWN "down.across"
        mov eax, [fs:0xFFE]
        DONE
;= down16.top ok
        DOWN "down16.top"
        mov al, [gs:0xFFFF]
        DONE
;= down16.above #GP(0) +0 8 RF                  | B = 0: up to FFFFh
        DOWN "down16.above"
        mov al, [gs:0x10000]
        DONE
;= down16.across #GP(0) +0 8 RF
        DOWN "down16.across"
        mov eax, [gs:0xFFFE]
        DONE
;= wrap ok                                      | 3A 5.3.1: a 4 GiB segment has no end to cross (implementation: it wraps)
        mov dword [0], 0
        TRY "wrap"
        mov al, [0xFFFFFFFF]
        DONE
        FINISH

queries: dw 0, CODE, DATA, DATA | 3, UDATA, MAIN, 0x40, 0x48, 0x6B, 0x9B, 0x98, 0xA8, 0xB0, 0xB8, 0xC0, 0xC8, 0xD0, 0xD8, 0xE0
        dw 0x58, 0xFFF8, 4, 1

same:   jmp [ss:SCRATCH + 0x40]
same_show:
        mov ax, DATA
        mov ds, ax
        mov es, ax
        mov ebp, esp
        SHOW "inner", dword [ebp + 4], dword [ebp + 8], dword [ebp + 16], dword [ebp + 24], dword [ebp + 20], ebp
        retf 12
same_level:
        mov ebp, esp
        SHOW "same", dword [ebp + 4], dword [ebp + 8], dword [ebp + 12]
        retf
conforming:
        int 0x91
        bits 16
entry16:
        nop
.ud:    ud2
        bits 32
level1: int 0x92
show16: mov ebp, [esp + 4 + 8 + 12]
        lea ebp, [esi + 12]             ; same level: the frame of the gate
        movzx eax, word [ebp + 2]
        movzx ebx, word [ebp + 4]
        movzx ecx, word [ebp + 6]
        movzx edx, word [ebp + 10]
        SHOW "inner16", eax, ebx, ecx, edx, ebp
        jmp resume
outer_segments:
        mov eax, [esp + 4 + 8 + 28]
        movzx edi, ax                   ; ES
        shr eax, 16                     ; DS
        mov ebx, [esp + 4 + 8 + 16]
        mov ecx, [esp + 4 + 8 + 24]
        mov edx, [esp + 4 + 8 + 20]
        SHOW "retf.outer", ebx, eax, edi, ecx, edx
        jmp resume
keep_esp:
        mov eax, [esi + 12]
        mov [SCRATCH + 0x20], eax
        jmp resume
%include "frame_end.inc"
