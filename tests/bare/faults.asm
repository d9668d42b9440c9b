; Exceptions in protected mode from levels 0 and 3: vector, error code, EIP, CS, EFLAGS; gates, double faults.
%include "frame.inc"
        DESC 0x60000, 0xFFF, A_DATA, 0                  ; 40: 4 KiB of data, 16-bit stack
        DESC 0x60000, 0xFFF, A_DATA, F32                ; 48: 4 KiB of data, 32-bit stack
        DESC T8, 0x67, A_TSS32, 0                       ; 50: the task of #DF
        DESC 0, 0xFFFFF, 0x9F, F32 | F4K                ; 58: conforming code, level 0
        DESC 0, 0xFFFFF, A_CODE & 0x7F, F32 | F4K       ; 60: code that is not present
        DESC 0, 0xFFF, A_CODE, F32                      ; 68: code of 4 KiB
        DESC 0, 0xFFFFF, A_DATA & 0x7F, F32 | F4K       ; 70: data that is not present
        DESC 0, 0xFFFFF, 0x91, F32 | F4K                ; 78: read-only data
        DESC 0x60000, 0xFFF, A_DATA3, F32               ; 80: 4 KiB of data, level 3
PROGRAM
T8      equ SCRATCH + 0x2000

%macro AT_USER 1-2 0            ; name, flags: tried at level 3; ends by INT 90h
        TRY %1, %%code
        USER %%code, %2
%%code:
%endmacro
%macro USER_DONE 0
        int 0x90
        DONE
%endmacro

main:
; -- each exception -----------------------------------------------------------------------------------------------------------
; 3A 6.15 for each; 3B 17.3.1.1: faults push RF set, traps and INT n leave it.
;= de.div #DE +0 8 RF
        xor ecx, ecx
        TRY "de.div"
        div ecx
        DONE
;= de.idiv #DE +0 8 RF                          | IDIV (volume 2): the quotient does not fit
        mov eax, 0x80000000
        cdq
        or ecx, -1
        TRY "de.idiv"
        idiv ecx
        DONE
;= de.aam #DE +0 8 RF                           | AAM (volume 2): AAM 0
        TRY "de.aam"
        aam 0
        DONE
;= bp #BP +1 8 -
        TRY "bp"
        int3
        DONE
;= bp.two #BP +2 8 -
        TRY "bp.two"
        db 0xCD, 3
        DONE
;= of #OF +1 8 OF
        TRY "of", .of
        push dword 0x802
        popfd
        jmp short .of
.of:    into
        DONE
;= of.clear ok
        TRY "of.clear"
        push dword 2
        popfd
        into
        DONE
;= br #BR +0 8 RF                               | BOUND (volume 2): a fault
        mov dword [SCRATCH], -5
        mov dword [SCRATCH + 4], 5
        mov eax, 6
        TRY "br"
        bound eax, [SCRATCH]
        DONE
;= br.inside ok                                 | signed, both bounds included
        mov eax, -5
        TRY "br.inside"
        bound eax, [SCRATCH]
        DONE
;= br.register #UD +0 8 RF
        TRY "br.register"
        db 0x62, 0xC0
        DONE
;= ud.ud2 #UD +0 8 RF
        TRY "ud.ud2"
        ud2
        DONE
;= ud.lock_mov #UD +0 8 RF                      | LOCK (volume 2)
        TRY "ud.lock_mov"
        db 0xF0, 0xA3
        dd SCRATCH
        DONE
;= ud.lock_register #UD +0 8 RF
        TRY "ud.lock_register"
        db 0xF0, 0x01, 0xC0
        DONE
;= ud.lock_cmp #UD +0 8 RF
        TRY "ud.lock_cmp"
        db 0xF0, 0x39, 0x05
        dd SCRATCH
        DONE
;= lock.add ok
        TRY "lock.add"
        lock add [SCRATCH], eax
        lock cmpxchg8b [SCRATCH]
        lock bts [SCRATCH], eax
        lock xchg [SCRATCH], eax
        lock not dword [SCRATCH]
        DONE
;= ud.lock_bt #UD +0 8 RF
        TRY "ud.lock_bt"
        db 0xF0, 0x0F, 0xA3, 0x05
        dd SCRATCH
        DONE
;= ud.mov_cs #UD +0 8 RF                        | MOV (volume 2)
        TRY "ud.mov_cs"
        db 0x8E, 0xC8
        DONE
;= ud.sreg6 #UD +0 8 RF
        TRY "ud.sreg6"
        db 0x8C, 0xF0
        DONE
;= ud.lea_register #UD +0 8 RF
        TRY "ud.lea_register"
        db 0x8D, 0xC0
        DONE
;= ud.les_register #UD +0 8 RF
        TRY "ud.les_register"
        db 0xC4, 0xC0
        DONE
;= ud.lgdt_register #UD +0 8 RF
        TRY "ud.lgdt_register"
        db 0x0F, 0x01, 0xD0
        DONE
;= ud.far_register #UD +0 8 RF
        TRY "ud.far_register"
        db 0xFF, 0xD8
        DONE
;= ud.cr1 #UD +0 8 RF                           | MOV CR (volume 2)
        TRY "ud.cr1"
        db 0x0F, 0x20, 0xC8
        DONE
;= ud.fe2 #UD +0 8 RF
        TRY "ud.fe2"
        db 0xFE, 0xD0
        DONE
;= ud.user #UD +0 1B RF
        AT_USER "ud.user"
        ud2
        USER_DONE
;= long.15 ok                                   | volume 2, 2.3.11: up to 15 bytes
        TRY "long.15"
        times 14 db 0x3E
        nop
        DONE
;= long.16 #GP(0) +0 8 RF                       | 3A 6.15 (#GP): more than 15
        TRY "long.16"
        times 15 db 0x3E
        nop
        DONE
;= long.16_immediate #GP(0) +0 8 RF
        TRY "long.16_immediate"
        times 9 db 0x3E
        mov dword [eax + 0x12], 0x12345678
        times 8 nop
        DONE
        jmp short nm
; NM and MF
nm:
;= nm.ts #NM +0 8 RF                            | 3A table 2-2
        mov eax, cr0
        or al, 8
        mov cr0, eax
        TRY "nm.ts"
        fld1
        DONE
        mov eax, cr0
        or al, 4
        mov cr0, eax
;= nm.em #NM +0 8 RF
        TRY "nm.em"
        fld1
        DONE
;= nm.em_mmx #UD +0 8 RF                        | 3A table 2-2: MMX instructions with EM are #UD
        TRY "nm.em_mmx"
        emms
        DONE
        mov eax, cr0
        and al, ~0xE
        mov cr0, eax
;= nm.wait_ts_mp #NM +0 8 RF                    | 3A table 2-2: WAIT needs MP and TS
        or al, 0xA
        mov cr0, eax
        TRY "nm.wait_ts_mp"
        wait
        DONE
        mov eax, cr0
        and al, ~2
        or al, 8
        mov cr0, eax
;= nm.wait_ts ok
        TRY "nm.wait_ts"
        wait
        DONE
        clts
;= mf #MF +0 8 RF                               | volume 1, 8.7: at the next instruction that waits
        fninit
        push dword 0x37B        ; divide by zero unmasked
        fldcw [esp]
        pop eax
        fld1
        fldz
        TRY "mf", .mf
        fdivp
        fnstsw ax               ; does not wait
        nop
.mf:    fld1
        DONE
        fnclex
;= mf.wait #MF +0 8 RF
        fninit
        push dword 0x37B
        fldcw [esp]
        pop eax
        fld1
        fldz
        TRY "mf.wait", .mfw
        fdivp
.mfw:   wait
        DONE
        fninit
;= gp.limit #GP(0) +0 8 RF                      | 3A 5.3
        mov ax, 0x48
        mov fs, ax
        TRY "gp.limit"
        mov al, [fs:0x1000]
        DONE
;= gp.limit_across #GP(0) +0 8 RF
        mov ax, 0x48
        mov fs, ax
        TRY "gp.limit_across"
        mov eax, [fs:0xFFE]
        DONE
;= ss.limit #SS(0) +0 1B RF                     | 3A 6.15 (#SS): by way of SS; error code 0
        TRY "ss.limit", .ss
        USER .to_ss
.to_ss: mov ax, 0x83
        mov ss, ax
.ss:    mov al, [ss:0x1000]
        int 0x90
        DONE
;= gp.null #GP(0) +0 8 RF                       | 3A 3.4.2: the null selector may be loaded, not used
        xor eax, eax
        mov fs, ax
        TRY "gp.null"
        mov al, [fs:0]
        DONE
;= gp.readonly #GP(0) +0 8 RF                   | 3A 5.5
        mov ax, 0x78
        mov fs, ax
        TRY "gp.readonly"
        mov [fs:SCRATCH], al
        DONE
;= gp.write_code #GP(0) +0 8 RF
        TRY "gp.write_code"
        mov [cs:SCRATCH], al
        DONE
;= gp.load_limit #GP(FFF8) +0 8 RF
        mov ax, 0xFFFB
        TRY "gp.load_limit"
        mov fs, ax
        DONE
;= np.load #NP(70) +0 8 RF
        mov ax, 0x70
        TRY "np.load"
        mov fs, ax
        DONE
;= ss.load #SS(70) +0 8 RF                      | 3A 6.15 (#SS): SS not present, with its selector
        mov ax, 0x70
        TRY "ss.load"
        mov ss, ax
        DONE
;= gp.ss_null #GP(0) +0 8 RF
        xor eax, eax
        TRY "gp.ss_null"
        mov ss, ax
        DONE
;= gp.ss_readonly #GP(78) +0 8 RF
        mov ax, 0x78
        TRY "gp.ss_readonly"
        mov ss, ax
        DONE
;= gp.tss_data #GP(50) +0 8 RF
        mov ax, 0x50
        TRY "gp.tss_data"
        mov fs, ax
        DONE
;= gp.user_ds #GP(10) +4 1B RF
        AT_USER "gp.user_ds"
        mov ax, DATA
        mov ds, ax
        USER_DONE
;= gp.jump_absent #NP(60) +0 8 RF
        TRY "gp.jump_absent"
        jmp 0x60:0
        DONE
;= gp.jump_limit #GP(0) +0 8 RF                 | JMP (volume 2): beyond the limit, before CS changes
        TRY "gp.jump_limit"
        jmp 0x68:0x1000
        DONE
;= gp.jump_data #GP(10) +0 8 RF
        TRY "gp.jump_data"
        jmp DATA:0
        DONE
;= gp.run_off #GP(0) +0 68 RF                   | 3A 5.3: fetching beyond the limit
        mov byte [0xFFF], 0x90
        mov dword [0x1000], 0x0B0F      ; UD2 for whoever gets there
        mov word [0x1008], 0x0B0F
        TRY "gp.run_off", 0x1000
        jmp 0x68:0xFFF
        DONE
;= gp.run_across #GP(0) +0 68 RF                | an instruction that crosses the limit
        mov word [0xFFE], 0x05C7
        TRY "gp.run_across", 0xFFE
        jmp 0x68:0xFFE
        DONE
;= conforming #UD +0 5B RF                      | 3A 5.8.1.2: CPL stays 3 in conforming code
        TRY "conforming", .conforming
        USER .to_conforming
.to_conforming:
        jmp 0x58:.conforming
.conforming:
        ud2
        DONE
;= gp.user_hlt #GP(0) +0 1B RF                  | 3A 5.9: privileged instructions
        AT_USER "gp.user_hlt"
        hlt
        USER_DONE
;= gp.user_cli #GP(0) +0 1B RF
        AT_USER "gp.user_cli"
        cli
        USER_DONE
;= gp.user_lmsw #GP(0) +0 1B RF
        AT_USER "gp.user_lmsw"
        lmsw ax
        USER_DONE
;= gp.user_rdmsr #GP(0) +0 1B RF
        AT_USER "gp.user_rdmsr"
        rdmsr
        USER_DONE
;= gp.user_ltr #GP(0) +0 1B RF
        AT_USER "gp.user_ltr"
        ltr ax
        USER_DONE
;= user.sgdt int 90 +D 1B -                     | SGDT, SIDT, SLDT, STR, SMSW (volume 2) are not privileged
        AT_USER "user.sgdt"
        sgdt [SCRATCH]
        str ax
        int 0x90
        DONE
;= user.popf int 90 +B 1B -                     | POPF (volume 2): IF and IOPL stay without a fault
        AT_USER "user.popf"
        push dword 0x3202
        popfd
        nop
        nop
        nop
        int 0x90
        DONE
;= ac #AC(0) +0 1B RF+AC                        | 3A 6.15 (#AC): level 3, CR0.AM, EFLAGS.AC
        mov eax, cr0
        or eax, 0x40000
        mov cr0, eax
        AT_USER "ac", AC_
        mov eax, [SCRATCH + 2]
        USER_DONE
;= ac.byte int 90 +7 1B AC
        AT_USER "ac.byte", AC_
        mov al, [SCRATCH + 3]
        USER_DONE
;= ac.word #AC(0) +0 1B RF+AC
        AT_USER "ac.word", AC_
        mov ax, [SCRATCH + 1]
        USER_DONE
;= ac.level0 ok
        TRY "ac.level0"
        push dword AC_ | 2
        popfd
        mov eax, [SCRATCH + 1]
        DONE
        mov eax, cr0
        and eax, ~0x40000
        mov cr0, eax
;= ac.off int 90 +7 1B AC                       | without AM
        AT_USER "ac.off", AC_
        mov eax, [SCRATCH + 2]
        USER_DONE

; -- interrupt and trap gates ------------------------------------------------------------------------------------------------
;= int.dpl #GP(202) +0 1B RF                    | 3A 6.12.1.1: DPL of the gate below CPL; error: vector 40h, IDT
        mov byte [IDT + 8 * 0x40 + 5], A_INT32
        AT_USER "int.dpl"
        int 0x40
        USER_DONE
;= int.dpl0 int 40 +2 8 -
        TRY "int.dpl0"
        int 0x40
        DONE
;= int.absent #NP(202) +0 8 RF
        mov byte [IDT + 8 * 0x40 + 5], A_INT32 & 0x7F
        TRY "int.absent"
        int 0x40
        DONE
;= int.call_gate #GP(202) +0 8 RF               | not an interrupt, trap or task gate
        mov byte [IDT + 8 * 0x40 + 5], A_CALL32
        TRY "int.call_gate"
        int 0x40
        DONE
;= int.null_cs #GP(0) +0 8 RF                   | INT n (volume 2): null selector in the gate
        SETINT 0x40, 0, stubs, A_INT32
        TRY "int.null_cs"
        int 0x40
        DONE
;= int.data_cs #GP(10) +0 8 RF
        SETINT 0x40, DATA, stubs, A_INT32
        TRY "int.data_cs"
        int 0x40
        DONE
;= int.absent_cs #NP(60) +0 8 RF
        SETINT 0x40, 0x60, stubs, A_INT32
        TRY "int.absent_cs"
        int 0x40
        DONE
;= int.outer_cs #GP(18) +0 8 RF                 | DPL above CPL
        SETINT 0x40, UCODE, stubs, A_INT32
        TRY "int.outer_cs"
        int 0x40
        DONE
;= int.offset #GP(0) +0 8 RF                    | beyond the limit of the code segment
        SETINT 0x40, 0x68, stubs, A_INT32
        TRY "int.offset"
        int 0x40
        DONE
;= int.exception_cs #GP(11) +0 8 RF             | 3A 6.13: EXT is set for an exception (#UD)
        SETINT 6, DATA, stubs, A_INT32
        TRY "int.exception_cs"
        ud2
        DONE
        OLDINT 6
;= int.limit #GP(402) +0 8 RF                   | 3A 6.10: vector 80h beyond the IDT's limit
        mov word [SCRATCH], 8 * 0x80 - 1
        mov dword [SCRATCH + 2], IDT
        lidt [SCRATCH]
        TRY "int.limit"
        int 0x80
        DONE
        lidt [idtr]
;= gate.int IF 0 200                            | 3A 6.12.1.3: an interrupt gate clears IF, a trap gate does not
        SETINT 0x41, CODE, seen_flags, A_INT32
        SETINT 0x42, CODE, seen_flags, A_TRAP32
        mov al, 0xFF
        out 0x21, al
        out 0xA1, al
        sti
        int 0x41
        mov ebx, [SCRATCH]
        int 0x42
        mov ecx, [SCRATCH]
        cli
        and ebx, IF_
        and ecx, IF_
        SHOW "gate.int IF", ebx, ecx
;= gate.cleared 0                               | 6.12.1.3: TF, NT, RF, VM are clear in the handler
        push dword NT_ | 2
        popfd
        int 0x42
        push dword 2
        popfd
        mov eax, [SCRATCH]
        and eax, NT_ | TF_ | RF_ | VM_
        SHOW "gate.cleared", eax
;= gate.16 6 8 4002                             | a 16-bit gate pushes three words: bytes, CS, FLAGS
        mov dword [IDT + 8 * 0x43], CODE16 << 16 | (A(gate16) - ORIGIN)
        mov dword [IDT + 8 * 0x43 + 4], A_TRAP16 << 8
        mov ebp, esp
        push dword NT_ | 2
        popfd
        mov dword [SCRATCH], .after16
        int 0x43
.after16:
        mov eax, [SCRATCH + 4]
        and ecx, 0xFFFF
        SHOW "gate.16", eax, ebx, ecx
;= inner int 44 +2 1B -
;= inner.stack 23 78000 71FEC 10 1B             | 3A 6.12.1: SS:ESP of level 3, at the end of the stack that the TSS names
        TRY "inner", .inner
        HOOK inner_stack
        USER .inner
.inner: int 0x44
        DONE
        SHOW "inner.stack", dword [SCRATCH], dword [SCRATCH + 4], dword [SCRATCH + 8], dword [SCRATCH + 12], dword [SCRATCH + 16]
        FINISH

seen_flags:
        pushfd
        pop dword [SCRATCH]
        iretd
        bits 16
gate16: jmp dword CODE:.wide
        bits 32
.wide:  movzx ebx, word [esp + 2]
        movzx ecx, word [esp + 4]
        sub ebp, esp
        mov [SCRATCH + 4], ebp
        push dword 2
        popfd
        add esp, 6
        jmp [SCRATCH]
inner_stack:
        mov eax, [esi + 16]
        mov [SCRATCH], eax
        mov eax, [esi + 12]
        mov [SCRATCH + 4], eax
        mov [SCRATCH + 8], esi
        mov eax, ss
        mov [SCRATCH + 12], eax
        mov eax, [esi + 4]
        mov [SCRATCH + 16], eax
        jmp resume
%include "frame_end.inc"
