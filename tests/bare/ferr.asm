; Errors of the x87 in the PC's own way (CR0.NE = 0): FERR#, IRQ 13, the processor that stands still, port F0h and IGNNE#.
; Intel SDM volume 1, appendix D; the coprocessor error register of the PIIX3.
%include "frame.inc"
%include "irq.inc"
PROGRAM

%macro DIVIDE 0                 ; 1 / 0 is about to be divided, with that exception unmasked
        fninit
        push dword 0x37B
        fldcw [esp]
        pop eax
        fld1
        fldz
%endmacro

main:   call init_irqs
        MASKS 0xFF, 0xFF
        mov eax, cr0
        and al, ~0x20
        mov cr0, eax

; -- reporting ---------------------------------------------------------------------------------------------------------------
;= at_once int 2D +2 8 IF                       | D.2.2: a P6 asserts FERR# as soon as it has detected the exception
        DIVIDE
        MASKS 0xFB, 0xDF
        TRY "at_once", .fdiv
        sti
        nop
.fdiv:  fdivp
        nop
        nop
        DONE
        out 0xF0, al
        fnclex
        call eoi
;= unmask int 2D +3 8 IF                        | 8.7: so does what unmasks an exception that is there
        fninit
        fld1
        fldz
        fdivp
        push dword 0x37B
        TRY "unmask", .load
        sti
        nop
.load:  fldcw [esp]
        nop
        nop
        DONE
        pop eax
        out 0xF0, al
        fnclex
        call eoi

; -- the processor stands still ----------------------------------------------------------------------------------------------
;= freeze int 20 +0 8 IF                        | D.2.1.1: before the next waiting instruction, until an interrupt comes
        MASKS 0xFE, 0xFF
        DIVIDE
        call start_timer
        TRY "freeze", .wait
        fdivp
        sti
        nop
.wait:  wait
        DONE
        call eoi
;= freeze.again int 20 +0 8 IF                  | D.2.1.1: and again, while the error is there
        call start_timer
        TRY "freeze.again", .wait2
        sti
        nop
.wait2: fld1
        DONE
        call eoi
;= freeze.mmx int 20 +0 8 IF                    | 8.7: MMX instructions wait, too
        call start_timer
        TRY "freeze.mmx", .mmx
        sti
        nop
.mmx:   emms
        DONE
        call eoi
;= nowait ok                                    | D.2.1.1: the no-wait instructions go on
;= nowait.status B084                           | (TOP is 6: FDIVP, which did not happen, has not popped)
        TRY "nowait"
        fnstsw ax
        fnstcw [SCRATCH]
        DONE
        xor eax, eax
        fnstsw ax
        SHOW "nowait.status", eax

; -- IGNNE# ------------------------------------------------------------------------------------------------------------------
;= ignne ok                                     | D.2.1.2: port F0h asserts IGNNE#, and with it nothing waits
;= ignne.status A884                            | (the error stays)
        out 0xF0, al
        TRY "ignne"
        wait
        fld1
        DONE
        xor eax, eax
        fnstsw ax
        SHOW "ignne.status", eax
;= ignne.gone int 20 +0 8 IF                    | D.2.1.2: FERR# that falls ends IGNNE#
        fnclex
        DIVIDE
        fdivp
        call start_timer
        TRY "ignne.gone", .wait3
        sti
        nop
.wait3: wait
        DONE
        call eoi
;= ignne.none int 20 +0 8 IF                    | PIIX3: without FERR#, port F0h does nothing
        fnclex
        out 0xF0, al
        DIVIDE
        fdivp
        call start_timer
        TRY "ignne.none", .wait4
        sti
        nop
.wait4: wait
        DONE
        call eoi
;= handler 1 4                                  | D.2.1.2: a handler: port F0h, x87 instructions, FNCLEX
;= handler.try ok
        fnclex
        out 0xF0, al
        SETINT 0x2D, CODE, seen, A_INT32
        MASKS 0xFB, 0xDF
        xor edi, edi
        DIVIDE
        TRY "handler.try"
        fdivp
        sti
        nop
        wait
        fldz
        cli
        SHOW "handler", edi, esi
        DONE
        OLDINT 0x2D
        MASKS 0xFF, 0xFF

; -- NE ------------------------------------------------------------------------------------------------------------------------
;= native #MF +0 8 RF                           | 8.7.1: with NE set the same is #MF
        DIVIDE
        fdivp
        mov eax, cr0
        or al, 0x20
        mov cr0, eax
        TRY "native"
        wait
        DONE
        fnclex
        FINISH

seen:   inc edi
        out 0xF0, al
        fld1                    ; waits, but for IGNNE#
        fstp st0
        fnstsw [SCRATCH]
        movzx esi, word [SCRATCH]
        and esi, 4              ; ZE
        fnclex
        call eoi
        iretd
        IRQ_ROUTINES
%include "frame_end.inc"
