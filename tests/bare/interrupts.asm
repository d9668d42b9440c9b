; Hardware interrupts: where they are taken (STI, MOV SS, HLT, IRET, REP), FERR# and IRQ 13, the A20 gate; then double
; faults.
%include "frame.inc"
%include "irq.inc"
        DESC T8, 0x67, A_TSS32, 0                       ; 40: the task of #DF
        DESC 0x60000, 0xFFF, A_DATA, F32                ; 48: a stack of 4 KiB
        DESC 0x400000, 0x67, A_TSS32, 0                 ; 50: a TSS in an absent page
        DESC 0x400000, 0xFF, A_LDT, 0                   ; 58: an LDT there
PROGRAM
T8      equ SCRATCH + 0x2000
PD      equ TABLES
PT0     equ TABLES + 0x1000
PT1     equ TABLES + 0x2000

main:   call init_irqs

; -- where an interrupt is taken ---------------------------------------------------------------------------------------------
;= sti int 20 +2 8 IF                           | STI (volume 2): after the instruction that follows STI
        PENDING
        TRY "sti"
        sti
        nop
        nop
        nop
        DONE
        call eoi
;= sti.cli ok                                   | STI (volume 2): STI; CLI leaves no gap
        PENDING
        TRY "sti.cli"
        sti
        cli
        nop
        nop
        DONE
;= sti.hlt int 20 +2 8 IF                       | HLT (volume 2): EIP is that of the next instruction
        TRY "sti.hlt"
        sti
        hlt
        nop
        DONE
        call eoi
;= sti.mov_ss int 20 +4 8 IF                    | 3A 6.8.3: MOV SS holds off for one more
        PENDING
        mov ax, ss
        TRY "sti.mov_ss"
        sti
        mov ss, ax
        nop
        nop
        DONE
        call eoi
;= popf int 20 +6 8 IF                          | POPF holds nothing off
        PENDING
        TRY "popf"
        push dword IF_ | 2
        popfd
        nop
        nop
        DONE
        call eoi
;= iret int 20 +0 8 IF                          | nor does IRET
        PENDING
        TRY "iret", .iret
        push dword IF_ | 2
        push cs
        push dword .iret
        iretd
.iret:  nop
        nop
        DONE
        call eoi
;= user int 20 +0 1B IF                         | 3A 6.12.1: from level 3
        PENDING
        TRY "user", .user
        USER .user, IF_
.user:  jmp $
        DONE
        call eoi
;= hlt int 20 +1 8 IF                           | a HLT that waits
        call start_timer
        TRY "hlt", .hlt
        sti
        nop
.hlt:   hlt
        nop
        DONE
        call eoi
;= rep int 20 +0 8 IF+RF                        | 3B 17.3.1.1: RF is set in the image between iterations of REP
;= rep.rest 100000
        call start_timer
        mov esi, SCRATCH
        mov ecx, 0x100000
        TRY "rep", .rep
        sti
.rep:   rep lodsb
        DONE
        call eoi
        lea eax, [esi + ecx - SCRATCH]
        SHOW "rep.rest", eax
;= masked ok                                    | a masked request waits
        PENDING
        mov al, 0xFF
        out 0x21, al
        TRY "masked"
        sti
        nop
        nop
        cli
        DONE
;= unmasked int 20 +4 8 IF                      | (OUT takes two bytes, STI one, and the NOP after it)
        TRY "unmasked", .unmask
        mov al, 0xFE
.unmask:
        out 0x21, al
        sti
        nop
        nop
        DONE
        call eoi

; -- FERR# ---------------------------------------------------------------------------------------------------------------------
;= ferr 1 2D                                    | volume 1, 8.7.2: with NE clear the error comes as IRQ 13 (at WAIT at the latest)
;= ferr.try ok
        SETINT 0x2D, CODE, ferr_seen, A_INT32
        xor edi, edi
        mov eax, cr0
        and al, ~0x20
        mov cr0, eax
        mov al, 0xFB
        out 0x21, al
        mov al, 0xDF
        out 0xA1, al
        fninit
        push dword 0x37B
        fldcw [esp]
        pop eax
        fld1
        fldz
        TRY "ferr.try"
        sti
        fdivp
        wait
        cli
        SHOW "ferr", edi, 0x2D
        DONE
        OLDINT 0x2D
        mov al, 0xFF
        out 0x21, al
        out 0xA1, al
        mov eax, cr0
        or al, 0x20
        mov cr0, eax

; -- A20 -----------------------------------------------------------------------------------------------------------------------
;= a20 11 22 11                                 | 3A 8.7.13.4: low, it masks bit 20 of every address
        mov dword [0x600], 0x11
        mov dword [0x100600], 0x22
        mov ebx, [0x600]
        mov ecx, [0x100600]
        in al, 0x92
        and al, ~3
        out 0x92, al
        mov edx, [0x100600]
        or al, 2
        out 0x92, al
        SHOW "a20", ebx, ecx, edx
;= a20.back 22
        mov edx, [0x100600]
        SHOW "a20.back", edx

; -- double faults ---------------------------------------------------------------------------------------------------------------
; 3A table 6-5
;= df.np #DF(0) +0 8 RF                         | contributory (#GP), then contributory (#NP)
        mov byte [IDT + 8 * 13 + 5], A_INT32 & 0x7F
        mov ax, 0xFFFB
        TRY "df.np"
        mov fs, ax
        DONE
        OLDINT 13
;= df.benign #NP(33) +0 8 RF                    | benign (#UD), then contributory: the second one
        mov byte [IDT + 8 * 6 + 5], A_INT32 & 0x7F
        TRY "df.benign"
        ud2
        DONE
        OLDINT 6
;= df.int #NP(402) +0 8 RF                      | INT n is benign too
        mov byte [IDT + 8 * 0x80 + 5], A_INT32 & 0x7F
        TRY "df.int"
        int 0x80
        DONE
        OLDINT 0x80
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
        mov eax, PD
        mov cr3, eax
        mov [MAIN_TSS + 0x1C], eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
;= df.serial #PF(0) +0 8 RF cr2=400000          | contributory (#DE), then #PF: one after the other
        mov dword [IDT], 0x50 << 16
        mov dword [IDT + 4], A_TASK << 8
        xor ecx, ecx
        TRY "df.serial"
        div ecx
        DONE
        OLDINT 0
;= df.pf #DF(0) +0 8 RF                         | #PF, then #PF
        mov dword [IDT + 8 * 14], 0x50 << 16
        mov dword [IDT + 8 * 14 + 4], A_TASK << 8
        TRY "df.pf"
        mov al, [0x401000]
        DONE
        mov eax, cr2
;= df.pf.cr2 400000                             | 3A 6.15 (#PF): the second one's address
        SHOW "df.pf.cr2", eax
;= df.pf_gp #DF(0) +0 8 RF                      | #PF, then contributory (#NP)
        OLDINT 14
        mov byte [IDT + 8 * 14 + 5], A_INT32 & 0x7F
        TRY "df.pf_gp"
        mov al, [0x401000]
        DONE
        OLDINT 14
;= df.task 0 40                                 | 3A 6.15 (#DF): through a task gate with a stack of its own; error code 0
;= df.tried ok
        mov dword [T8 + 0x1C], PD
        mov dword [T8 + 0x20], double_fault
        mov dword [T8 + 0x24], 2
        mov dword [T8 + 0x38], STACK1
        mov dword [T8 + 0x4C], CODE
        mov dword [T8 + 0x50], DATA
        mov dword [T8 + 0x54], DATA
        mov dword [T8 + 0x48], DATA
        mov dword [IDT + 8 * 8], 0x40 << 16
        mov dword [IDT + 8 * 8 + 4], A_TASK << 8
        mov ax, 0x58
        lldt ax
        TRY "df.tried"
        xor eax, eax
        mov esp, 0x400800       ; pushes meet the absent page: #PF, #PF, #DF
        push eax
back_from_df:
        DONE
        FINISH

double_fault:
        pop eax
        str ebx
        SHOW "df.task", eax, ebx
        mov esp, [try_esp]
        jmp no_event

ferr_seen:
        inc edi
        xor al, al
        out 0xF0, al
        fnclex
        mov al, 0x20
        out 0xA0, al
        out 0x20, al
        iretd
        IRQ_ROUTINES
%include "frame_end.inc"
