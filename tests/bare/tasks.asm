; Hardware task switches: JMP, CALL, INT and IRET, 16- and 32-bit TSS, what each changes, and faults on the way.
%include "frame.inc"
T1      equ SCRATCH + 0x1000    ; a 32-bit TSS
T2      equ SCRATCH + 0x1100    ; a 16-bit TSS
MYLDT   equ SCRATCH + 0x1200
T3      equ SCRATCH + 0x1300    ; a 32-bit TSS

        DESC T1, 0x67, A_TSS32, 0                       ; 40
        DESC T2, 0x2B, A_TSS16, 0                       ; 48
        GATE 0x40, 0, A_TASK, 0                         ; 50
        GATE 0x48, 0, A_TASK, 0                         ; 58
        DESC MYLDT, 0x0F, A_LDT, 0                      ; 60
        DESC T1, 0x66, A_TSS32, 0                       ; 68: too short
        DESC T1, 0x67, A_TSS32 & 0x7F, 0                ; 70: not present
        DESC 0x60000, 0xFFFF, A_DATA, 0                 ; 78: a 16-bit stack
        GATE 0x40, 0, A_TASK & 0x7F, 0                  ; 80: a gate that is not present
        GATE 0x40, 0, A_TASK | 0x60, 0                  ; 88: a gate that level 3 may use
        GATE MAIN, 0, A_TASK, 0                         ; 90: to a task that is busy
        GATE 0x44, 0, A_TASK, 0                         ; 98: into the LDT
        GATE 0x70, 0, A_TASK, 0                         ; A0: to a TSS that is not present
        DESC 0, 0xFFFFF, A_CODE3 & 0x7F, F32 | F4K      ; A8: level 3 code, not present
        DESC 0, 0xFFFFF, 0xF1, F32 | F4K                ; B0: level 3 data, read-only
        DESC 0, 0xFFFFF, A_DATA3 & 0x7F, F32 | F4K      ; B8: level 3 data, not present
        DESC 0, 0xFFFFF, 0xF9, F32 | F4K                ; C0: level 3 code, execute-only
        DESC MYLDT, 0x0F, A_LDT & 0x7F, 0               ; C8: an LDT that is not present
        DESC 0, 0xFFF, A_CODE3, F32                     ; D0: level 3 code of 4 KiB
        DESC T2, 0x2A, A_TSS16, 0                       ; D8: too short
        DESC 0x400000, 0x67, A_TSS32, 0                 ; E0: in an absent page, once paging is on
        DESC T3, 0x67, A_TSS32, 0                       ; E8
PROGRAM

%macro TASK 1-2 CODE            ; label, CS: a new task in T1
        mov eax, %1
        mov ebx, %2
        call new_task
%endmacro
%macro FIELD 2                  ; offset in T1, value
        mov dword [T1 + %1], %2
%endmacro
%macro STATE 1                  ; name: NT, CR0.TS, TR, access bytes of the TSS descriptors of MAIN, T1, T2, and links of T1, T2
        pushfd
        pop eax
        and eax, NT_
        mov ebx, cr0
        and ebx, 8
        str ecx
        movzx edx, byte [gdt + MAIN + 5]
        movzx esi, byte [gdt + 0x40 + 5]
        movzx edi, byte [gdt + 0x48 + 5]
        SHOW %1, eax, ebx, ecx, edx, esi, edi, dword [T1], dword [T2]
%endmacro

main:
; -- JMP ---------------------------------------------------------------------------------------------------------------
; 3A table 7-2 (busy, NT, links), 7.3 (CR0.TS), figure 7-2 (fields)
;= jmp.in 0 8 40 89 8B 81 0 0                   | the old task is no longer busy, no link, NT comes from the new TSS
;= jmp.saved 0 2 5A5A 70000 10                  | EIP of the next instruction, EFLAGS, EBX, ESP, SS
;= jmp.loaded 11111111 77777777 10 10 0         | EAX, EDI, DS, GS, LDTR
;= jmp.back 0 8 28 8B 89 81 0 0
;= jmp ok
        TASK .jmp_in
        clts
        mov ebx, 0x5A5A
        TRY "jmp"
        push dword 2
        popfd
        jmp 0x40:0
.jmp_next:
        STATE "jmp.back"
        DONE
        jmp call_tests
.jmp_in:
        mov [SCRATCH], eax
        mov [SCRATCH + 4], edi
        STATE "jmp.in"
        mov eax, [MAIN_TSS + 0x20]
        sub eax, .jmp_next
        SHOW "jmp.saved", eax, dword [MAIN_TSS + 0x24], dword [MAIN_TSS + 0x34], dword [MAIN_TSS + 0x38], dword [MAIN_TSS + 0x50]
        sldt eax
        mov ebx, gs
        mov ecx, ds
        SHOW "jmp.loaded", dword [SCRATCH], dword [SCRATCH + 4], ecx, ebx, eax
        jmp MAIN:0

; -- CALL and IRET -----------------------------------------------------------------------------------------------------
call_tests:
;= call.in 4000 8 40 8B 8B 81 28 0              | 3A table 7-2: both busy, NT set, link to the caller
;= call.back 0 8 28 8B 89 81 28 0               | IRET: the task it leaves is not busy any more
;= call.left 0 0                                | its EFLAGS image has NT clear, its EIP is after IRET
;= call.again 4000 8 40 8B 8B 81 28 0
;= call ok
        TASK .call_in
        clts
        TRY "call"
        call 0x40:0
        STATE "call.back"
        mov eax, [T1 + 0x24]
        and eax, NT_
        mov ebx, [T1 + 0x20]
        sub ebx, .call_again
        SHOW "call.left", eax, ebx
        call 0x50:0             ; through a task gate, and on after its IRET
        DONE
        jmp .chain
.call_in:
        STATE "call.in"
        iretd
.call_again:
        STATE "call.again"
        iretd

; Through 32 and 16 bits and back
.chain:
;= chain.in 4000 8 48 8B 8B 83 28 40            | T1 calls T2
;= chain.regs FFFF 8 78 0 0 7772                | CS is 8 after its far jump; FS and GS are null; SI
;= chain.ret 4000 8 40 8B 8B 81 28 40
;= chain.back 0 8 28 8B 89 81 28 40
;= chain ok
        TASK .chain1
        mov edi, T2
        call new_task16
        mov word [T2 + 0x0E], .chain2 - origin
        clts
        TRY "chain"
        call 0x40:0
        STATE "chain.back"
        DONE
        jmp .int_gate
.chain1:
        call 0x58:0
        STATE "chain.ret"
        iretd
        bits 16
.chain2:
        jmp dword CODE:.chain3
        bits 32
.chain3:
        mov ecx, esp
        movzx esp, sp
        push esi
        push ecx
        STATE "chain.in"
        pop ecx
        shr ecx, 16
        mov ebx, cs
        mov eax, ss
        pop esi
        and esi, 0xFFFF
        mov edx, fs
        mov edi, gs
        SHOW "chain.regs", ecx, ebx, eax, edx, edi, esi
        iretd

; -- INT and exceptions through task gates -----------------------------------------------------------------------------
.int_gate:
;= intgate.in 4000 8 40 8B 8B 81 28 40          | 3A 6.12.2 (task gates), table 7-2: like CALL
;= intgate.flags 202                            | the image of the old task keeps IF
;= intgate.back 0 8 28 8B 89 81 28 40
;= intgate ok
        mov al, 0xFF
        out 0x21, al
        out 0xA1, al
        TASK .int_in
        mov dword [IDT + 8 * 0x50], 0x40 << 16
        mov dword [IDT + 8 * 0x50 + 4], A_TASK << 8
        clts
        TRY "intgate"
        push dword IF_ | 2
        popfd
        int 0x50
        cli
        STATE "intgate.back"
        DONE
        jmp .exc_gate
.int_in:
        STATE "intgate.in"
        SHOW "intgate.flags", dword [MAIN_TSS + 0x24]
        iretd

.exc_gate:
;= excgate.in 4000 8 40 8B 8B 81 28 40
;= excgate.error 1234 73FFC 0 10000             | 3A 6.13: the error code is on the new stack; EIP at the fault, RF set (3B 17.3.1.1)
;= excgate.back 0 8 28 8B 89 81 28 40           | the task returned with EIP moved on
;= excgate ok
        TASK .exc_in
        mov dword [IDT + 8 * 13], 0x40 << 16
        mov dword [IDT + 8 * 13 + 4], (A_TASK << 8)
        clts
        TRY "excgate"
        mov ax, 0x1234          ; outside the GDT: #GP(1234)
.exc_at:
        mov ds, ax
.exc_next:
        STATE "excgate.back"
        DONE
        OLDINT 13
        jmp .nest
.exc_in:
        mov [SCRATCH], esp
        pop dword [SCRATCH + 4]
        STATE "excgate.in"
        mov eax, [MAIN_TSS + 0x20]
        sub eax, .exc_at
        mov ebx, [MAIN_TSS + 0x24]
        and ebx, RF_ | IF_
        SHOW "excgate.error", dword [SCRATCH + 4], dword [SCRATCH], eax, ebx
        mov dword [MAIN_TSS + 0x20], .exc_next
        iretd

; -- a fault of a task that serves an interrupt, through a task gate as well ----------------------------------------------
.nest:
;= nest.outer 4000 8 40 8B 8B 81 28 40          | 3A 6.12.2
;= nest.inner E8 40 1234 28 8B 8B 8B            | TR, link, error code; link of the task that faulted; all three are busy
;= nest.saved 4202 10000                        | its image: NT set, RF set as for any fault
;= nest.back 4000 8 40 8B 8B 81 28 40           | IRET: back in it, which is nested itself still
;= nest.freed 89
;= nest.ret 0 8 28 8B 89 81 28 40               | and IRET again
;= nest ok
        TASK .nest_in
        mov esi, T1
        mov edi, T3
        mov ecx, 0x68 / 4
        rep movsd
        mov dword [T3 + 0x20], .nest_fault
        mov dword [T3 + 0x38], STACK2
        mov dword [IDT + 8 * 0x50], 0x40 << 16
        mov dword [IDT + 8 * 0x50 + 4], A_TASK << 8
        mov dword [IDT + 8 * 13], 0xE8 << 16
        mov dword [IDT + 8 * 13 + 4], A_TASK << 8
        clts
        TRY "nest"
        int 0x50
        STATE "nest.ret"
        DONE
        OLDINT 13
        jmp .trap_bit
.nest_in:
        STATE "nest.outer"
        sti
        mov ax, 0x1234
        mov ds, ax
        jmp $
.nest_on:
        cli
        STATE "nest.back"
        movzx eax, byte [gdt + 0xE8 + 5]
        SHOW "nest.freed", eax
        iretd
.nest_fault:
        pop ebx
        str eax
        movzx edx, byte [gdt + MAIN + 5]
        movzx esi, byte [gdt + 0x40 + 5]
        movzx edi, byte [gdt + 0xE8 + 5]
        SHOW "nest.inner", eax, dword [T3], ebx, dword [T1], edx, esi, edi
        mov eax, [T1 + 0x24]
        mov ebx, eax
        and eax, NT_ | IF_ | 2
        and ebx, RF_
        SHOW "nest.saved", eax, ebx
        mov dword [T1 + 0x20], .nest_on
        iretd

; -- T bit, DR7 --------------------------------------------------------------------------------------------------------
.trap_bit:
;= trapbit #DB +0 8 - sp+4000 dr6=FFFF8FF0 tr=40        | 3B 17.3.1.5: after the switch, before the new task's first instruction
        TASK .traps
        FIELD 0x64, 1
        TRY "trapbit", .traps
        jmp 0x40:0
.traps: DONE
;= trapbit.call #DB +0 8 NT sp+4000 dr6=FFFF8FF0 tr=40
        TASK .traps2
        FIELD 0x64, 1
        TRY "trapbit.call", .traps2
        call 0x40:0
.traps2:
        DONE
;= step.jmp #DB +7 8 TF dr6=FFFF4FF0            | (the far jump that follows is not reached)
        TRY "step.jmp"
        push dword TF_ | 2
        popfd
        nop
        DONE
;= step.switch #DB +1 8 TF sp+4000 dr6=FFFF4FF0 tr=40   | 3B 17.3.1.4: TF of the new task counts from its first instruction on
        TASK .step
        FIELD 0x24, TF_ | 2
        TRY "step.switch", .step
        jmp 0x40:0
.step:  nop
        nop
        DONE
;= dr7 4AA                                      | 3B 17.2.4: a task switch clears L0 to L3 and LE, not G0 to G3
        TASK .dr7
        mov eax, SCRATCH
        mov dr0, eax
        mov dr1, eax
        mov dr2, eax
        mov dr3, eax
        mov eax, 0x1FF
        and al, 0xFF
        mov dr7, eax
        TRY "dr7.switch"
        jmp 0x40:0
.dr7:   mov eax, dr7
        xor ebx, ebx
        mov dr7, ebx
        and eax, 0x5FF
        SHOW "dr7", eax
;= dr7.switch ok
        DONE

; -- LDT and CR3 -------------------------------------------------------------------------------------------------------
;= ldt 60 4 7                                   | 3A 7.3: LDTR comes from the TSS, before the data segments
        mov dword [MYLDT], LO(0, 0xFFFFF)
        mov dword [MYLDT + 4], HI(0, 0xFFFFF, A_DATA, F32 | F4K)
        TASK .ldt
        FIELD 0x60, 0x60
        FIELD 0x54, 4           ; DS
        FIELD 0x5C, 7           ; GS, RPL 3
        mov byte [MYLDT + 5], A_DATA | 0x60
        TRY "ldt.switch"
        jmp 0x40:0
.ldt:   sldt eax
        mov ebx, ds
        mov ecx, gs
        SHOW "ldt", eax, ebx, ecx
;= ldt.switch ok
        DONE
; Identity mappings of 4 MiB, two of them
        mov edi, TABLES
        mov ecx, 0x2000 / 4
        xor eax, eax
        rep stosd
        mov dword [TABLES], 0x83
        mov dword [TABLES + 0x1000], 0x83
        mov eax, cr4
        or al, 0x10             ; PSE
        mov cr4, eax
        mov eax, TABLES
        mov [main_cr3], eax
        mov [MAIN_TSS + 0x1C], eax
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
;= cr3 81000 80000                              | 3A 7.2.1: CR3 is loaded, and not stored: MAIN's field stays
;= cr3.back 80000 81000
;= cr3.switch ok
        TASK .cr3
        FIELD 0x1C, TABLES + 0x1000
        TRY "cr3.switch"
        call 0x40:0
        mov eax, cr3
        SHOW "cr3.back", eax, dword [T1 + 0x1C]
        DONE
        jmp .no_paging
.cr3:   mov eax, cr3
        SHOW "cr3", eax, dword [MAIN_TSS + 0x1C]
        iretd
.no_paging:
;= old.page #PF(0) +0 8 RF cr2=400000           | 3A 7.3: the new TSS is read before anything changes
        TRY "old.page"
        jmp 0xE0:0
        DONE
        movzx eax, byte [gdt + 0xE0 + 5]
        movzx ebx, byte [gdt + MAIN + 5]
        str ecx
;= old.page.state 89 8B 28
        SHOW "old.page.state", eax, ebx, ecx
        mov eax, cr0
        and eax, 0x7FFFFFFF
        mov cr0, eax
        mov dword [main_cr3], 0

; -- faults that the old task takes ------------------------------------------------------------------------------------
; 3A table 7-1: these come before the switch; EIP is that of the instruction.
        TASK .never
;= old.busy #GP(28) +0 8 RF                     | 3A 7.2.2: the TSS of a jump must be available
        TRY "old.busy"
        jmp MAIN:0
        DONE
;= old.gate_busy #GP(28) +0 8 RF                | the error is the TSS's selector
        TRY "old.gate_busy"
        jmp 0x90:0
        DONE
;= old.absent #NP(70) +0 8 RF
        TRY "old.absent"
        jmp 0x70:0
        DONE
;= old.gate_absent #NP(80) +0 8 RF
        TRY "old.gate_absent"
        call 0x80:0
        DONE
;= old.gate_to_absent #NP(70) +0 8 RF
        TRY "old.gate_to_absent"
        call 0xA0:0
        DONE
;= old.gate_to_ldt #GP(44) +0 8 RF              | JMP (volume 2): the selector in the gate must be of the GDT
        TRY "old.gate_to_ldt"
        call 0x98:0
        DONE
;= old.short #TS(68) +0 8 RF                    | 3A table 7-1: limit below 67h
        TRY "old.short"
        jmp 0x68:0
        DONE
;= old.short16 #TS(D8) +0 8 RF                  | 3A table 7-1: below 2Bh
        TRY "old.short16"
        jmp 0xD8:0
        DONE
;= old.user_tss #GP(40) +0 1B RF                | 3A 7.2.3: DPL of the TSS below CPL
        TRY "old.user_tss", .user1
        USER .user1
.user1: call 0x40:0
        DONE
;= old.user_rpl #GP(88) +0 8 RF                 | 3A 7.2.5: ... or below the RPL (here of a gate of DPL 0 by RPL 3)
        mov byte [gdt + 0x88 + 5], A_TASK
        TRY "old.user_rpl"
        call 0x8B:0
        DONE
        mov byte [gdt + 0x88 + 5], A_TASK | 0x60
;= old.user_gate int 81 +2 1B NT tr=40          | 3A 7.2.5: through a gate of DPL 3, the TSS's own DPL does not count
        TASK .user2, UCODE
        FIELD 0x50, UDATA
        TRY "old.user_gate", .user2
        USER .user3
.user3: call 0x88:0
.user2: int 0x81
        DONE
;= old.iret_null #TS(0) +0 8 NT+RF              | IRET (volume 2): the link must be a busy TSS
        mov word [MAIN_TSS], 0
        TRY "old.iret_null", .iret1
        push dword NT_ | 2
        popfd
.iret1: iretd
        DONE
;= old.iret_free #TS(40) +0 8 NT+RF
        TASK .never
        mov word [MAIN_TSS], 0x40
        TRY "old.iret_free", .iret2
        push dword NT_ | 2
        popfd
.iret2: iretd
        DONE
;= old.iret_gdt #TS(1230) +0 8 NT+RF
        mov word [MAIN_TSS], 0x1233
        TRY "old.iret_gdt", .iret3
        push dword NT_ | 2
        popfd
.iret3: iretd
        DONE
;= old.iret_ldt #TS(44) +0 8 NT+RF
        mov word [MAIN_TSS], 0x44
        TRY "old.iret_ldt", .iret4
        push dword NT_ | 2
        popfd
.iret4: iretd
        DONE
        mov dword [MAIN_TSS], 0
;= old.int_absent #NP(70) +0 8 RF               | 3A 6.13: EXT is 0 for INT n
        mov dword [IDT + 8 * 0x51], 0x70 << 16
        mov dword [IDT + 8 * 0x51 + 4], A_TASK << 8
        TRY "old.int_absent"
        int 0x51
        DONE
;= old.int_gate_absent #NP(28A) +0 8 RF         | 3A 6.13: IDT bit and vector
        mov dword [IDT + 8 * 0x51 + 4], (A_TASK & 0x7F) << 8
        TRY "old.int_gate_absent"
        int 0x51
        DONE
;= old.exception_absent #NP(71) +0 8 RF         | 3A 6.13: EXT is 1 for an exception
        mov dword [IDT + 8 * 6], 0x70 << 16
        mov dword [IDT + 8 * 6 + 4], A_TASK << 8
        TRY "old.exception_absent"
        ud2
        DONE
        OLDINT 6

; -- faults that the new task takes ------------------------------------------------------------------------------------
; 3A table 7-1: after the switch, EIP is the new task's.
%macro NEW 4                    ; name, field, value, label
        TASK %4, UCODE
        FIELD 0x50, UDATA
        FIELD %2, %3
        TRY %1, %4
        jmp 0x40:0
%4:     DONE
%endmacro
;= new.cs_null #TS(0) +0 3 RF tr=40             | a CS of RPL 3 so that SS0 of the new TSS is used
        NEW "new.cs_null", 0x4C, 3, .n1
;= new.cs_data #TS(20) +0 23 RF tr=40
        NEW "new.cs_data", 0x4C, UDATA, .n2
;= new.cs_dpl #TS(8) +0 B RF tr=40
        NEW "new.cs_dpl", 0x4C, CODE | 3, .n3
;= new.cs_absent #NP(A8) +0 AB RF tr=40
        NEW "new.cs_absent", 0x4C, 0xAB, .n4
;= new.cs_limit #TS(1238) +0 123B RF tr=40
        NEW "new.cs_limit", 0x4C, 0x123B, .n5
;= new.ss_null #TS(0) +0 1B RF tr=40
        NEW "new.ss_null", 0x50, 0, .n6
;= new.ss_rpl #TS(20) +0 1B RF tr=40
        NEW "new.ss_rpl", 0x50, 0x20, .n7
;= new.ss_dpl #TS(10) +0 1B RF tr=40
        NEW "new.ss_dpl", 0x50, DATA | 3, .n8
;= new.ss_readonly #TS(B0) +0 1B RF tr=40
        NEW "new.ss_readonly", 0x50, 0xB3, .n9
;= new.ss_absent #SS(B8) +0 1B RF tr=40
        NEW "new.ss_absent", 0x50, 0xBB, .n10
;= new.ss_code #TS(18) +0 1B RF tr=40
        NEW "new.ss_code", 0x50, UCODE, .n11
;= new.ds_absent #NP(B8) +0 1B RF tr=40
        NEW "new.ds_absent", 0x54, 0xBB, .n12
;= new.ds_dpl #TS(10) +0 1B RF tr=40
        NEW "new.ds_dpl", 0x54, DATA, .n13
;= new.fs_execute #TS(C0) +0 1B RF tr=40
        NEW "new.fs_execute", 0x58, 0xC3, .n14
;= new.gs_tss #TS(40) +0 1B RF tr=40
        NEW "new.gs_tss", 0x5C, 0x43, .n15
;= new.es_limit #TS(FFF8) +0 1B RF tr=40
        NEW "new.es_limit", 0x48, 0xFFFB, .n16
;= new.ldt_data #TS(20) +0 1B RF tr=40
        NEW "new.ldt_data", 0x60, 0x20, .n17
;= new.ldt_absent #TS(C8) +0 1B RF tr=40        | table 7-1: #TS, not #NP
        NEW "new.ldt_absent", 0x60, 0xC8, .n18
;= new.ldt_in_ldt #TS(64) +0 1B RF tr=40
        NEW "new.ldt_in_ldt", 0x60, 0x64, .n19
;= new.eip #GP(0) +0 D3 RF tr=40
        NEW "new.eip", 0x4C, 0xD3, .n20
;= new.null_data int 82 +2 1B - tr=40           | null selectors in DS, ES, FS, GS are no fault
        TASK .n21, UCODE
        FIELD 0x50, UDATA
        FIELD 0x48, 0
        FIELD 0x54, 3
        TRY "new.null_data", .n21
        jmp 0x40:0
.n21:   int 0x82
        DONE
;= new.call #TS(10) +0 1B NT+RF tr=40           | by CALL: NT is set already
        TASK .n22, UCODE
        FIELD 0x50, DATA | 3
        TRY "new.call", .n22
        call 0x40:0
.n22:   DONE
;= new.exception #TS(11) +0 1B NT+RF tr=40      | by an exception: EXT is set
        TASK .n23, UCODE
        FIELD 0x50, DATA | 3
        mov dword [IDT + 8 * 6], 0x40 << 16
        mov dword [IDT + 8 * 6 + 4], A_TASK << 8
        TRY "new.exception", .n23
        ud2
.n23:   DONE
        OLDINT 6
.never: FINISH

; EAX: EIP, EBX: CS.  T1 becomes a task with flat segments, its descriptor available.
new_task:
        mov edi, T1
        push eax
        xor eax, eax
        mov ecx, 0x68 / 4
        rep stosd
        pop eax
        mov edi, T1
        mov byte [gdt + 0x40 + 5], A_TSS32
        mov dword [edi + 4], STACK1
        mov dword [edi + 8], DATA
        mov [edi + 0x20], eax
        mov dword [edi + 0x24], 2
        mov dword [edi + 0x28], 0x11111111
        mov dword [edi + 0x38], STACK1
        mov dword [edi + 0x44], 0x77777777
        mov dword [edi + 0x48], UDATA
        mov [edi + 0x4C], ebx
        mov dword [edi + 0x50], DATA
        mov dword [edi + 0x54], UDATA
        mov dword [edi + 0x58], UDATA
        mov dword [edi + 0x5C], UDATA
        cmp bl, CODE
        jne .end
        mov eax, DATA
        mov [edi + 0x48], eax
        mov [edi + 0x54], eax
        mov [edi + 0x58], eax
        mov [edi + 0x5C], eax
.end:   ret

new_task16:                     ; EDI
        push edi
        xor eax, eax
        mov ecx, 0x2C / 4
        rep stosd
        pop edi
        mov byte [gdt + 0x48 + 5], A_TSS16
        mov word [edi + 0x10], 2
        mov word [edi + 0x1A], 0xF000   ; SP
        mov word [edi + 0x1E], 0x7772   ; SI
        mov word [edi + 0x22], DATA
        mov word [edi + 0x24], CODE16
        mov word [edi + 0x26], 0x78
        mov word [edi + 0x28], DATA
        ret
%include "frame_end.inc"
