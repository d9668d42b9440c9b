; Interrupts and exceptions out of virtual-8086 mode: hardware interrupts through interrupt, trap and task gates, VIF and VIP,
; faults of the monitor while it serves one.
%include "frame.inc"
%include "irq.inc"
%include "task_gate.inc"
%include "v86.inc"
T1      equ SCRATCH + 0x1000
        DESC T1, 0x67, A_TSS32, 0                       ; 40
PROGRAM

main:   call init_irqs
        mov dword [4 * 0x20], PARA << 16 | (own_handler - origin)       ; the program's own handler, which no IRQ may reach
        mov edi, MAIN_TSS + 0x68
        or eax, -1
        mov ecx, 8
        rep stosd

; -- where it is taken -----------------------------------------------------------------------------------------------------------
;= iret int 20 +0 1000 IF+I1+I2+VM              | 3B 20.3.1: to the monitor, before the first instruction
        PENDING
        CASE "iret", IOPL3 | IF_
        nop
        CASE_END
        call eoi
;= sti int 20 +2 1000 IF+I1+I2+VM               | STI (volume 2): after the instruction that follows
        PENDING
        CASE "sti", IOPL3
        sti
        nop
        nop
        CASE_END
        call eoi
;= iopl0 int 20 +0 1000 IF+VM                   | 3B 20.3.1: IOPL says nothing about hardware interrupts
        PENDING
        CASE "iopl0", IF_
        nop
        CASE_END
        call eoi
;= hlt #GP(0) +1 1000 IF+I1+I2+RF+VM            | HLT faults, whatever is on its way
        call start_timer
        CASE "hlt", IOPL3 | IF_
        nop
        hlt
        CASE_END
        PENDING
        call eoi

; -- gates ---------------------------------------------------------------------------------------------------------------------------
;= int_gate int 20 +0 1000 IF+I1+I2+NT+VM
;= int_gate.flags 0                             | 3A 6.12.1.2: an interrupt gate clears IF, and VM, NT and TF
;= int_gate int 90 +2 1000 IF+I1+I2+NT+VM       | IRET goes on where it was
        HOOK hook_flags
        PENDING
        CASE "int_gate", IOPL3 | IF_ | NT_
        CASE_END
;= trap_gate.flags 200                          | a trap gate leaves IF
        SETINT 0x20, CODE, trap_seen, A_TRAP32
        HOOK hook_once
        PENDING
        CASE "trap_gate", IOPL3 | IF_
        CASE_END
;= trap_gate int 90 +2 1000 IF+I1+I2+VM
        OLDINT 0x20
;= nested 6 8 0                                 | a fault of the monitor comes at its own level: CS is 8, VM is clear
;= nested int 90 +3 1000 IF+I1+I2+VM
        SETINT 0x20, CODE, nest_seen, A_INT32
        PENDING
        CASE "nested", IOPL3 | IF_
        nop
        CASE_END
        OLDINT 0x20
;= task.in 28 23206 1000 2                      | 3A 6.12.2: a task gate: the link, and EFLAGS with VM, CS, EIP in the old TSS
;= task int 90 +4 1000 IF+I1+I2+VM
;= task.back B 7777 6666                        | IRET: TR's task is busy again; GS and FS are paragraphs
        TASK_OF 0x20, irq_task
        HOOK hook_task
        PENDING
        CASE "task", IOPL3 | 4
        sti
        nop                     ; (the interrupt comes after it)
        CASE_END
        OLDINT 0x20

; -- VME -----------------------------------------------------------------------------------------------------------------------------
        CR4_SET 1
        REDIRECT 0x20, 0
;= vme int 20 +0 1000 IF+VM                     | 3B 20.3.2: the redirection map is for INT n, not for hardware interrupts
        PENDING
        CASE "vme", IF_
        nop
        CASE_END
        call eoi
;= vme.vif int 20 +0 1000 IF+VM+VIF             | VIF stays as it is
        PENDING
        CASE "vme.vif", IF_ | VIF_
        nop
        CASE_END
        call eoi
;= vme.if #GP(0) +1 1000 RF+VM+VIF              | STI sets VIF: it lets nothing in that IF holds off (table 20-2, method 2)
;= vme.if int 20 +1 1000 IF+RF+VM+VIF           | until the monitor sets IF; RF is from the fault's image
        PENDING
        HOOK hook_if
        CASE "vme.if", 0
        sti
        int 0x91                ; to the monitor, which sets IF
        CASE_END
        call eoi
;= vip int 20 +0 1000 IF+VM                     | 3B 20.3.2: the monitor, finding VIF clear, sets VIP ...
;= vip #GP(0) +1 1000 IF+RF+VM+VIP              | ... and STI then calls it
        HOOK hook_vip
        PENDING
        CASE "vip", IF_
        nop
        sti
        CASE_END
;= vip.vif int 20 +0 1000 IF+VM+VIF
;= vip.vif #GP(0) +0 1000 IF+RF+VM+VIF+VIP      | both set: at the next instruction, before anything of it
        HOOK hook_vip
        PENDING
        CASE "vip.vif", IF_ | VIF_
        nop
        CASE_END
        FINISH

        bits 16
own_handler:
        hlt
        bits 32
hook_flags:
        cmp bl, 0x20
        jne .end
        pushfd
        pop eax
        and eax, IF_ | VM_ | NT_ | TF_
        SHOW "int_gate.flags", eax
        call eoi
.end:   jmp hook_once
hook_once:                      ; INT 90h is the last event
        cmp bl, 0x90
        jne .end
        pop eax
        add esp, 8
        popad
        jmp resume
.end:   ret
trap_seen:
        pushfd
        pushad
        mov ax, DATA
        mov ds, ax
        mov eax, [esp + 32]
        and eax, IF_ | VM_ | NT_ | TF_
        SHOW "trap_gate.flags", eax
        call eoi
        popad
        add esp, 4
        iretd
nest_seen:
        pushad
        mov ax, DATA
        mov ds, ax
        QUICK quick_nested
        ud2
        mov dword [quick], 0
        call eoi
        popad
        iretd
quick_nested:
        movzx eax, word [esi + 4]
        mov ecx, [esi + 8]
        and ecx, VM_
        SHOW "nested", ebx, eax, ecx
        add dword [esi], 2
        ret
irq_task:
        mov eax, [MAIN_TSS + 0x24]
        movzx ebx, word [MAIN_TSS + 0x4C]
        mov ecx, [MAIN_TSS + 0x20]
        sub ecx, [try_at]
        SHOW "task.in", dword [T1], eax, ebx, ecx
        call eoi
        iretd
        jmp irq_task
hook_task:                      ; in the handler of INT 90h
        movzx eax, byte [gdt + MAIN + 5]
        and eax, 0xF
        movzx ecx, word [esi + 32]
        movzx edx, word [esi + 28]
        SHOW "task.back", eax, ecx, edx
        jmp hook_once
hook_if:
        cmp bl, 13
        jne hook_once
        or dword [esi + 8], IF_
        mov dword [hook], 0
        ret
hook_vip:
        mov dword [hook], 0
        call eoi
        or dword [esi + 8], VIP_
        ret
        IRQ_ROUTINES
%include "frame_end.inc"
