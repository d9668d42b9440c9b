; Debug registers, single steps, and what holds debug exceptions off.
%include "frame.inc"
PROGRAM

VAR     equ SCRATCH + 0x100     ; what data breakpoints watch

%macro STEP 1                   ; name: what follows is tried with TF set
        TRY %1, %%at
        push dword TF_ | 2
        popfd
%%at:
%endmacro

%macro BREAK 4                  ; number, address, R/W field, LEN field: the only breakpoint from now on
        mov eax, %2
        mov dr%1, eax
        mov eax, 1 << 2 * %1 | (%3) << (16 + 4 * %1) | (%4) << (18 + 4 * %1)
        mov dr7, eax
%endmacro
EXEC    equ 0
WRITE   equ 1
IO      equ 2
ACCESS  equ 3

%macro NOBREAK 0
        xor eax, eax
        mov dr7, eax
%endmacro

main:   mov ax, ss
        mov esi, SCRATCH
        mov edi, SCRATCH + 0x40

; -- single steps ----------------------------------------------------------------------------------------------------
; 3B 17.3.1.4: a trap after each instruction that begins with TF set; TF is still set in the image, RF is not.

;= step.nop #DB +1 8 TF dr6=FFFF4FF0            | 3B 17.3.1.4: not after the POPF that sets TF, but after the next one
        STEP "step.nop"
        nop
        DONE
;= step.popf_clears #DB +1 8 - sp+4 dr6=FFFF4FF0 | 3B 17.3.1.4: TF was set when the instruction began
        push dword 2
        STEP "step.popf_clears"
        popfd
        DONE
        pop eax
;= step.iret_sets #DB +1 8 TF dr6=FFFF4FF0      | 3B 17.3.1.4: like POPF
        TRY "step.iret_sets", .after_iret
        push dword TF_ | 2
        push cs
        push dword .after_iret
        iretd
.after_iret:
        nop
        DONE
;= step.mov_ss #DB +3 8 TF dr6=FFFF4FF0         | 3A 6.8.3: MOV SS holds debug exceptions off until after the next one
        mov ax, ss
        STEP "step.mov_ss"
        mov ss, ax
        nop
        DONE
;= step.pop_ss #DB +2 8 TF sp+4 dr6=FFFF4FF0    | 3A 6.8.3
        push ss
        STEP "step.pop_ss"
        pop ss
        nop
        DONE
        pop eax
;= step.lss #DB +7 8 TF dr6=FFFF4FF0            | 3A 6.8.3 names MOV SS and POP SS, not LSS
        mov [SCRATCH], esp
        mov word [SCRATCH + 4], ss
        STEP "step.lss"
        lss esp, [SCRATCH]
        nop
        nop
        DONE
;= step.sti #DB +1 8 TF+IF dr6=FFFF4FF0         | 3A 6.8.3: STI holds off maskable interrupts only
        mov al, 0xFF
        out 0x21, al
        out 0xA1, al
        STEP "step.sti"
        sti
        nop
        nop
        DONE
;= step.int int 80 +2 8 TF                      | 3B 17.3.1.4: INT n clears TF when it enters the handler: no trap
        STEP "step.int"
        int 0x80
        DONE
;= step.int3 #BP +1 8 TF                        | 3B 17.3.1.4
        STEP "step.int3"
        int3
        DONE
;= step.divide #DE +0 8 TF+RF                   | 3A 6.9: the fault ends the instruction, there is no trap after it
        xor ecx, ecx
        STEP "step.divide"
        div ecx
        DONE
;= step.jump #DB +4 8 TF dr6=FFFF4FF0           | 3B 17.3.1.4
        STEP "step.jump"
        jmp short $ + 4
        nop
        nop
        nop
        DONE
;= step.mov_cr0 #DB +3 8 TF dr6=FFFF4FF0        | 3B 17.3.1.4
        mov eax, cr0
        STEP "step.mov_cr0"
        mov cr0, eax
        DONE
;= step.mov_dr7 #DB +3 8 TF dr6=FFFF4FF0        | 3B 17.3.1.4
        xor eax, eax
        STEP "step.mov_dr7"
        mov dr7, eax
        DONE
;= step.far_jump #DB +7 8 TF dr6=FFFF4FF0       | 3B 17.3.1.4
        STEP "step.far_jump"
        jmp CODE:$ + 7
        DONE
;= step.out #DB +2 8 TF dr6=FFFF4FF0            | 3B 17.3.1.4
        STEP "step.out"
        out 0x80, al
        DONE
;= step.fpu #DB +2 8 TF dr6=FFFF4FF0            | 3B 17.3.1.4
        STEP "step.fpu"
        fldz
        DONE
        finit
;= step.cpuid #DB +2 8 TF dr6=FFFF4FF0          | 3B 17.3.1.4
        STEP "step.cpuid"
        cpuid
        DONE
        HOOK pushed_image
        TRY "step.pushf", .pushf
        push dword TF_ | 2
        popfd
.pushf: pushfd
;= step.pushf #DB +1 8 TF sp-4 dr6=FFFF4FF0     | 3B 17.3.1.4
;= step.pushf.image 102                         | PUSHF (volume 2) stores TF as it is
        DONE
        mov eax, [SCRATCH]
        and eax, 0x102
        SHOW "step.pushf.image", eax
;= step.lldt #DB +3 8 TF dr6=FFFF4FF0           | 3B 17.3.1.4
        xor eax, eax
        STEP "step.lldt"
        lldt ax
        DONE
;= step.user #DB +1 1B TF dr6=FFFF4FF0          | 3B 17.3.1.4: IRET to level 3 with TF in its image
        TRY "step.user", .user
        USER .user, TF_
.user:  nop
        DONE
;= step.prefixes #DB +5 8 TF dr6=FFFF4FF0       | 3B 17.3.1.4
        STEP "step.prefixes"
        db 0x26, 0x3E, 0x66, 0x64, 0x90
        DONE

; -- REP: a trap after each iteration ---------------------------------------------------------------------------------
; 3B 17.3.1.1: RF is set in the image of a trap after any iteration but the last.
;= step.rep #DB +0 8 TF+RF dr6=FFFF4FF0         | 3B 17.3.1.4 and 17.3.1.1
;= step.rep #DB +0 8 TF+RF dr6=FFFF4FF0
;= step.rep #DB +2 8 TF dr6=FFFF4FF0            | after the last one EIP is that of the next instruction
;= step.rep.left 0
        mov esi, SCRATCH
        mov edi, SCRATCH + 0x40
        mov ecx, 3
        HOOK while_ecx
        STEP "step.rep"
        rep movsb
        DONE
        SHOW "step.rep.left", ecx
;= step.rep_1 #DB +2 8 TF dr6=FFFF4FF0
        mov ecx, 1
        STEP "step.rep_1"
        rep movsb
        DONE
;= step.rep_0 #DB +2 8 TF dr6=FFFF4FF0
        xor ecx, ecx
        STEP "step.rep_0"
        rep movsb
        DONE
;= step.repe #DB +0 8 TF+RF dr6=FFFF4FF0        | ends by its condition, after the second iteration
;= step.repe #DB +2 8 TF dr6=FFFF4FF0
        mov dword [SCRATCH], 0x00000100
        mov dword [SCRATCH + 0x40], 0
        mov esi, SCRATCH
        mov edi, SCRATCH + 0x40
        mov ecx, 4
        HOOK while_ecx2
        STEP "step.repe"
        repe cmpsb
        DONE

; -- instruction breakpoints -------------------------------------------------------------------------------------------
;= exec #DB +0 8 - dr6=FFFF0FF1                 | 3B 17.3.1.1: a fault, before the instruction, whose image has RF as it was
        BREAK 0, .exec, EXEC, 0
        TRY "exec", .exec
.exec:  nop
        DONE
;= exec.3 #DB +0 8 - dr6=FFFF0FF8               | 3B 17.2.3
        BREAK 3, .exec3, EXEC, 0
        TRY "exec.3", .exec3
.exec3: nop
        DONE
;= exec.global #DB +0 8 - dr6=FFFF0FF1          | 3B 17.2.4: Gn enables as Ln does
        mov eax, .global
        mov dr0, eax
        mov eax, 2
        mov dr7, eax
        TRY "exec.global", .global
.global:
        nop
        DONE
;= exec.both #DB +0 8 - dr6=FFFF0FF3            | 3B 17.2.3: all breakpoints that match show
        mov eax, .both
        mov dr0, eax
        mov dr1, eax
        mov eax, 5
        mov dr7, eax
        TRY "exec.both", .both
.both:  nop
        DONE
;= exec.second_byte ok                          | 3B 17.3.1.1: the address must be that of the first byte
        BREAK 0, .second + 1, EXEC, 0
        TRY "exec.second_byte"
.second:
        mov eax, 1
        DONE
;= exec.prefix #DB +0 8 - dr6=FFFF0FF1          | 3B 17.3.1.1: of the first prefix
        BREAK 0, .prefix, EXEC, 0
        TRY "exec.prefix", .prefix
.prefix:
        db 0x3E, 0x90
        DONE
;= exec.rf #DB +1 8 - dr6=FFFF0FF2              | 3B 17.3.1.1: IRET with RF lets one instruction pass, and no more
        mov eax, .rf
        mov dr0, eax
        inc eax
        mov dr1, eax
        mov eax, 5
        mov dr7, eax
        TRY "exec.rf", .rf
        push dword RF_ | 2
        push cs
        push dword .rf
        iretd
.rf:    nop
        nop
        DONE
;= exec.rf_jump #DB +0 8 - dr6=FFFF0FF1         | 3B 17.3.1.1: RF is cleared after the instruction that IRET goes to
        BREAK 0, .rfj, EXEC, 0
        TRY "exec.rf_jump", .rfj
        push dword RF_ | 2
        push cs
        push dword .rfj
        iretd
.rfj:   jmp .rfj
        DONE
;= exec.popf_rf #DB +0 8 - dr6=FFFF0FF1         | POPF (volume 2): RF is cleared
        BREAK 0, .popf, EXEC, 0
        TRY "exec.popf_rf", .popf
        push dword RF_ | 2
        popfd
.popf:  nop
        DONE
;= exec.mov_ss ok                               | 3A 6.8.3: held off by MOV SS; an instruction breakpoint is then lost
        BREAK 0, .mov_ss, EXEC, 0
        TRY "exec.mov_ss"
        mov ax, ss
        mov ss, ax
.mov_ss:
        nop
        DONE
;= exec.sti #DB +0 8 IF dr6=FFFF0FF1            | 3A 6.8.3: STI holds off maskable interrupts only
        BREAK 0, .sti, EXEC, 0
        TRY "exec.sti", .sti
        sti
.sti:   nop
        DONE
;= exec.rep #DB +0 8 - dr6=FFFF0FF1             | 3B 17.3.1.1: RF stays set until the whole REP instruction is done
;= exec.rep ok
        BREAK 0, .rep, EXEC, 0
        mov esi, SCRATCH
        mov edi, SCRATCH + 0x40
        mov ecx, 3
        HOOK set_rf
        TRY "exec.rep", .rep
.rep:   rep movsb
        DONE
;= exec.before_fault #DB +0 8 - dr6=FFFF0FF1    | 3A table 6-2: instruction breakpoints come before faults of the instruction
;= exec.before_fault #DE +0 8 RF
        BREAK 0, .fault, EXEC, 0
        xor ecx, ecx
        HOOK set_rf_once
        TRY "exec.before_fault", .fault
.fault: div ecx
        DONE
        NOBREAK

; -- data breakpoints --------------------------------------------------------------------------------------------------
; 3B 17.3.1.2: traps, after the instruction.
;= write #DB +5 8 - dr6=FFFF0FF1
        BREAK 0, VAR, WRITE, 0
        TRY "write"
        mov [VAR], al
        DONE
;= write.read ok                                | 3B 17.2.4: R/W = 1 is writes only
        TRY "write.read"
        mov al, [VAR]
        DONE
;= access.read #DB +5 8 - dr6=FFFF0FF1          | 3B 17.2.4: R/W = 3
        BREAK 0, VAR, ACCESS, 0
        TRY "access.read"
        mov al, [VAR]
        DONE
;= access.write #DB +5 8 - dr6=FFFF0FF1
        TRY "access.write"
        mov [VAR], al
        DONE
;= access.fetch ok                              | 3B 17.2.4: but not instruction fetches
        mov byte [VAR + 0x10], 0xC3
        BREAK 0, VAR + 0x10, ACCESS, 0
        TRY "access.fetch"
        call VAR + 0x10
        DONE
;= len1.beside ok                               | 3B 17.2.5
        BREAK 0, VAR, WRITE, 0
        TRY "len1.beside"
        mov [VAR + 1], al
        mov [VAR - 4], eax
        DONE
;= len1.inside #DB +5 8 - dr6=FFFF0FF1          | 3B 17.2.5: any byte of the access
        TRY "len1.inside"
        mov [VAR - 3], eax
        DONE
;= len2.last #DB +5 8 - dr6=FFFF0FF1
        BREAK 0, VAR, WRITE, 1
        TRY "len2.last"
        mov [VAR + 1], al
        DONE
;= len2.beside ok
        TRY "len2.beside"
        mov [VAR + 2], al
        mov [VAR - 1], al
        DONE
;= len2.unaligned #DB +5 8 - dr6=FFFF0FF1       | 3B 17.2.5: the low bits of the address are ignored
        BREAK 0, VAR + 1, WRITE, 1
        TRY "len2.unaligned"
        mov [VAR], al
        DONE
;= len4.last #DB +5 8 - dr6=FFFF0FF1
        BREAK 0, VAR, WRITE, 3
        TRY "len4.last"
        mov [VAR + 3], al
        DONE
;= len4.word #DB +6 8 - dr6=FFFF0FF1
        TRY "len4.word"
        mov [VAR - 1], ax
        DONE
;= len4.beside ok
        TRY "len4.beside"
        mov [VAR + 4], al
        mov [VAR - 4], eax
        DONE
;= data.two #DB +5 8 - dr6=FFFF0FF5             | 3B 17.2.3
        mov eax, VAR
        mov dr0, eax
        add eax, 2
        mov dr2, eax
        mov eax, 1 | 1 << 4 | WRITE << 16 | ACCESS << 24
        mov dr7, eax
        TRY "data.two"
        mov [VAR], eax
        DONE
;= data.step #DB +5 8 TF dr6=FFFF4FF1           | 3B 17.3.1.4 and 17.3.1.2 at once
        BREAK 0, VAR, WRITE, 0
        STEP "data.step"
        mov [VAR], al
        DONE
;= data.push #DB +1 1B - dr6=FFFF0FF1
        BREAK 0, USTACK - 4, WRITE, 3
        TRY "data.push", .push
        USER .push
.push:  push eax
        DONE
;= data.rmw #DB +6 8 - dr6=FFFF0FF1
        BREAK 0, VAR, WRITE, 0
        TRY "data.rmw"
        inc dword [VAR]
        DONE
;= data.cmp ok                                  | CMP and TEST do not write
        TRY "data.cmp"
        cmp [VAR], eax
        test [VAR], eax
        DONE
;= data.fstp #DB +6 8 - dr6=FFFF0FF1            | all ten bytes count
        BREAK 0, VAR + 9, WRITE, 0
        fldz
        TRY "data.fstp"
        fstp tword [VAR]
        DONE
;= data.mov_ss #DB +7 8 - dr6=FFFF0FF1          | 3A 6.8.3: pending until after the instruction that follows MOV SS
        mov word [VAR], ss
        BREAK 0, VAR, ACCESS, 1
        TRY "data.mov_ss", .data_ss
.data_ss:
        mov ss, [VAR]
        nop
        nop
        DONE
;= data.mov_ss_int #DB +0 8 - sp-C dr6=FFFF0FF1      | 3A 6.8.3: after INT n, that is before the first instruction of its handler
        BREAK 0, VAR, ACCESS, 1
        TRY "data.mov_ss_int", stubs + 8 * 0x80
        mov ss, [VAR]
        int 0x80
        DONE
;= data.mov_ss_icebp #DB +7 8 - dr6=FFFF0FF1        | 3A 6.8.3: INT1 is a debug trap, too: the two are one
        BREAK 0, VAR, ACCESS, 1
        TRY "data.mov_ss_icebp"
        mov ss, [VAR]
        db 0xF1
        DONE
;= data.mov_ss_int3 #DB +0 8 - sp-C dr6=FFFF0FF1     | 3A 6.8.3: INT3 is none: #DB comes in its handler
        BREAK 0, VAR, ACCESS, 1
        TRY "data.mov_ss_int3", stubs + 8 * 3
        mov ss, [VAR]
        int3
        DONE
;= data.rep #DB +0 8 RF dr6=FFFF0FF1            | 3B 17.3.1.2: after the iteration; 17.3.1.1: RF set unless it is the last
;= data.rep.left 3
        mov esi, SCRATCH
        mov edi, VAR - 1
        mov ecx, 5
        BREAK 0, VAR, WRITE, 0
        TRY "data.rep"
        rep movsb
        DONE
        SHOW "data.rep.left", ecx
;= data.rep_last #DB +2 8 - dr6=FFFF0FF1
        mov esi, SCRATCH
        mov edi, VAR - 1
        mov ecx, 2
        BREAK 0, VAR, WRITE, 0
        TRY "data.rep_last"
        rep movsb
        DONE
;= data.user #DB +5 1B - dr6=FFFF0FF1
        BREAK 0, VAR, WRITE, 0
        TRY "data.user", .user_data
        USER .user_data
.user_data:
        mov [VAR], al
        DONE

; -- I/O breakpoints ---------------------------------------------------------------------------------------------------
;= io.no_de ok                                  | 3B 17.2.4: R/W = 2 is undefined without CR4.DE; nothing happens here
        BREAK 0, 0x80, IO, 0
        TRY "io.no_de"
        out 0x80, al
        DONE
        mov eax, cr4
        or al, 8                ; DE
        mov cr4, eax
;= io.out #DB +2 8 - dr6=FFFF0FF1               | 3B 17.3.1.2
        TRY "io.out"
        out 0x80, al
        DONE
;= io.in #DB +2 8 - dr6=FFFF0FF1                | 3B 17.2.4: reads as well
        TRY "io.in"
        in al, 0x80
        DONE
;= io.beside ok
        TRY "io.beside"
        out 0x84, al
        DONE
;= io.wide #DB +2 8 - dr6=FFFF0FF1              | 3B 17.2.5
        BREAK 0, 0x82, IO, 0
        mov dx, 0x81
        TRY "io.wide"
        out dx, ax
        DONE
        NOBREAK

; -- the registers -----------------------------------------------------------------------------------------------------
;= dr5.de #UD +0 8 RF                           | 3B 17.2.2: with CR4.DE set, DR4 and DR5 do not exist
        TRY "dr5.de"
        mov eax, dr5
        DONE
        mov eax, cr4
        and al, ~8
        mov cr4, eax
        mov eax, dr5
;= dr5 400                                      | 3B 17.2.2: else they are DR6 and DR7
        SHOW "dr5", eax
        xor eax, eax
        mov dr6, eax
        mov eax, dr6
;= dr6.zero FFFF0FF0                            | 3B 17.2.3: reserved bits
        SHOW "dr6.zero", eax
        or eax, -1
        mov dr6, eax
        mov eax, dr6
;= dr6.ones FFFFEFFF                            | 3B 17.2.3: bit 12 is always 0
        SHOW "dr6.ones", eax
        mov eax, 0xDC00
        mov dr7, eax
        mov eax, dr7
;= dr7.reserved 400                             | 3B 17.2.4: bits 11, 12, 14 and 15 are 0, bit 10 is 1
        SHOW "dr7.reserved", eax
;= dr.user #GP(0) +0 1B RF                      | MOV DR (volume 2): level 0 only
        TRY "dr.user", .dr_user
        USER .dr_user
.dr_user:
        mov eax, dr0
        DONE
;= gd #DB +0 8 RF dr6=FFFF2FF0                  | 3B 17.3.1.3: a fault before the access; 17.3.1.1: RF is set as for any fault
        xor eax, eax
        mov dr6, eax
        mov eax, 0x2000
        mov dr7, eax
        TRY "gd"
        mov eax, dr0
        DONE
        mov eax, dr7
;= gd.handler 400                               | 3B 17.2.4: GD is cleared on entering the handler
        SHOW "gd.handler", eax
;= icebp #DB +1 8 - dr6=FFFF0FF0                | INT1 (volume 2): a trap, no condition shows in DR6
        TRY "icebp"
        db 0xF1
        DONE
;= icebp.user #DB +1 1B - dr6=FFFF0FF0          | INT1 (volume 2): the gate's DPL is not checked
        mov byte [IDT + 8 + 5], A_INT32
        TRY "icebp.user", .ice_user
        USER .ice_user
.ice_user:
        db 0xF1
        DONE
;= int1.user #GP(A) +0 1B RF                    | INT n (volume 2): the gate's DPL is below CPL
        TRY "int1.user", .int_user
        USER .int_user
.int_user:
        int 1
        DONE
;= step.hlt #DB +1 8 TF dr6=FFFF4FF0            | HLT (volume 2): debug exceptions resume execution
        STEP "step.hlt"
        hlt
        DONE
        FINISH

while_ecx:                      ; hooks: end the try when nothing is left
        cmp dword [esp + 4 + 8 + 24], 0
        je resume
        ret
while_ecx2:
        cmp dword [esp + 4 + 8 + 24], 2
        je resume
        ret
pushed_image:
        mov eax, [esi + 12]
        mov [SCRATCH], eax
        jmp resume
set_rf: or dword [esi + 8], RF_
        ret
set_rf_once:
        mov dword [hook], 0
        or dword [esi + 8], RF_
        ret
%include "frame_end.inc"
