; Non-maskable interrupts: from every mode, through every gate, what lets the next one in, and which of several comes first.
%include "frame.inc"
%include "irq.inc"
%include "task_gate.inc"
%include "v86.inc"
T1      equ SCRATCH + 0x1000
ICR     equ 0xFEE00300
        DESC T1, 0x67, A_TSS32, 0                       ; 40: the task of an NMI
PROGRAM

%macro NMI 0                    ; 3A 10.6.1: a message of delivery mode NMI to the APIC with ID 0, which is this one
        mov dword [ICR], 0x4400
%endmacro
%macro NMI_NOW 0                ; ... and time for it to come, where that takes some
        NMI
        jmp short $ + 2
        jmp short $ + 2
%endmacro
%macro UNBLOCK 0                ; a handler that ended without IRET
        call unblock
%endmacro

main:   call init_irqs
        mov al, 0xFF
        out 0x21, al
        mov dword [ICR + 0x10], 0

; -- when ----------------------------------------------------------------------------------------------------------------------
;= user NMI +0 1B -                             | 3A 6.12.1.2: the gate's DPL is not looked at
        SETINT 2, CODE, stubs + 16, A_INT32
        TRY "user", .user_at
        USER .user
.user:  NMI
.user_at:
        jmp $
        DONE
        OLDINT 2
        UNBLOCK
;= absent #NP(13) +0 8 RF                       | 3A 6.13: the IDT's bit, EXT set, vector 2
        mov byte [IDT + 8 * 2 + 5], A_INT32 & 0x7F
        TRY "absent", .absent
        NMI
.absent:
        jmp $
        DONE
        OLDINT 2
        UNBLOCK

; -- blocked until IRET --------------------------------------------------------------------------------------------------------
;= exception 1 2                                | 3A 6.7.1: no other NMI until IRET, also that of a handler of an exception inside
        mov dword [count], 0
        QUICK quick_exception
        NMI_NOW
        mov dword [quick], 0
        SHOW "exception", dword [count + 4], dword [count + 8]
;= return.near 1 1                              | ... but RETF and the like do not
        mov dword [count], 0
        QUICK quick_return
        NMI_NOW
        jmp short $ + 2
        mov dword [quick], 0
        SHOW "return.near", dword [count + 4], dword [count + 8]
;= priority 20220                               | 3A table 6-2: an NMI before an interrupt, both waiting for IRET
        mov al, 0xFE
        out 0x21, al
        mov dword [count], 0
        mov dword [count + 4], 0
        QUICK quick_priority
        NMI_NOW
        mov dword [quick], 0
        mov al, 0xFF
        out 0x21, al
        SHOW "priority", dword [count + 4]

; -- tasks -----------------------------------------------------------------------------------------------------------------------
;= task.in 40 28 1                              | 3A 6.12.2: through a task gate, linked back as by CALL
;= task.blocked 1
;= task.in 40 28 2                              | IRET of a nested task unblocks as well
;= task ok
        mov dword [count], 0
        TASK_OF 2, nmi_task
        TRY "task"
        NMI_NOW
        DONE
        OLDINT 2

; -- virtual-8086 mode -------------------------------------------------------------------------------------------------------------
;= v86.block NMI +0 8 -
;= v86 NMI +0 1000 I1+I2+VM                     | 3B 20.3: to the monitor; IRET to virtual-8086 mode unblocks
        TRY "v86.block", .v86
        NMI
.v86:   jmp $
        DONE
        NMI                             ; kept, since no IRET ended the one before
        CASE "v86", IOPL3
        nop
        jmp $
        CASE_END
        UNBLOCK
;= v86.block NMI +0 8 -
;= v86.return NMI +0 1000 VM                    | IOPL says nothing about NMIs
;= v86.return int 90 +3 1000 I1+I2+VM           | and back into it (the monitor has raised IOPL for the INT)
        mov byte [IDT + 8 * 2 + 5], A_INT32
        TRY "v86.block", .v86_again
        NMI
.v86_again:
        jmp $
        DONE
        HOOK hook_v86
        NMI_NOW
        CASE "v86.return", 0
        nop
        CASE_END
        OLDINT 2
        FINISH

unblock:
        pop eax
        pushfd
        push cs
        push eax
        iretd
quick_exception:
        cmp bl, 6
        je .ud
        inc dword [count]
        cmp dword [count], 1
        jne .end
        NMI_NOW
        mov eax, [count]
        mov [count + 4], eax
        ud2
        jmp short $ + 2
        mov eax, [count]
        mov [count + 8], eax
.end:   ret
.ud:    add dword [esi], 2
        ret
quick_return:
        inc dword [count]
        cmp dword [count], 1
        jne .end
        NMI_NOW
        mov eax, [count]
        mov [count + 4], eax
        push cs
        push dword .inside
        retf
.inside:
        jmp short $ + 2
        mov eax, [count]
        mov [count + 8], eax
.end:   ret
quick_priority:
        mov eax, [count + 4]
        shl eax, 8
        or eax, ebx
        mov [count + 4], eax
        cmp bl, 2
        jne .irq
        inc dword [count]
        cmp dword [count], 1
        jne .end
        or dword [esi + 8], IF_
        call make_pending
        NMI_NOW
.end:   ret
.irq:   and dword [esi + 8], ~IF_
        jmp eoi
hook_v86:
        mov dword [hook], 0
        or dword [esi + 8], IOPL3
        ret
nmi_task:
        inc dword [count]
        str eax
        SHOW "task.in", eax, dword [T1], dword [count]
        cmp dword [count], 1
        jne .end
        NMI_NOW
        SHOW "task.blocked", dword [count]
.end:   iretd
        jmp nmi_task

        align 4
count:  dd 0, 0, 0
        IRQ_ROUTINES
%include "frame_end.inc"
