; Virtual-8086 mode: how it is entered and left, what IOPL and VME make of its instructions.
%include "frame.inc"
%include "v86.inc"
T1      equ SCRATCH + 0x1000
        DESC T1, 0x67, A_TSS32, 0                       ; 40
        DESC 0, 0xFFFFF, 0x9F, F32 | F4K                ; 48: conforming code
        DESC 0, 0xFFFFF, 0xDB, F32 | F4K                ; 50: code of level 2
PROGRAM

main:
; The program's own handlers: real-mode vectors 20h and 21h
        mov dword [4 * 0x20], PARA << 16 | (own_handler - origin)
        mov dword [4 * 0x21], PARA << 16 | (own_iret - origin)
        mov edi, MAIN_TSS + 0x68        ; all INT n to the monitor at first
        or eax, -1
        mov ecx, 8
        rep stosd

; -- in and out ----------------------------------------------------------------------------------------------------------
;= frame int 90 +2 1000 I1+I2+VM
;= frame 7777 6666 1000 4000 6000 8000          | 3B 20.3.1 (20.2.4): GS, FS, DS, ES, SS, ESP on the stack of level 0
;= frame.inside 10 0                            | DS, ES, FS and GS are null in the handler (DS and ES after it reloads them)
        HOOK show_frame
        CASE "frame", IOPL3
        CASE_END
        SHOW "frame.inside", dword [SCRATCH + 0x20], dword [SCRATCH + 0x24]
;= ud #UD +0 1000 I1+I2+RF+VM                   | 3B 20.3.1: a fault, VM and RF in the image
        CASE "ud", IOPL3
        ud2
        CASE_END
;= limit #GP(0) +3 1000 I1+I2+RF+VM             | 3B 20.1.1: segments of 64 KiB
        CASE "limit", IOPL3
        mov bx, 0xFFFF
        mov ax, [bx]
        CASE_END
;= stack_limit #SS(0) +3 1000 I1+I2+RF+VM
        CASE "stack_limit", IOPL3
        mov bp, 0xFFFF
        mov ax, [bp]
        CASE_END
;= descriptors #UD +0 1000 I1+I2+RF+VM          | 3B 20.2.3 (20.2.7): LAR and the like are of protected mode
        CASE "descriptors", IOPL3
        lar ax, bx
        CASE_END
;= hlt #GP(0) +0 1000 I1+I2+RF+VM               | HLT (volume 2): level 0
        CASE "hlt", IOPL3
        hlt
        CASE_END
;= mov_cr #GP(0) +0 1000 I1+I2+RF+VM
        CASE "mov_cr", IOPL3
        mov eax, cr0
        CASE_END
;= clts #GP(0) +0 1000 I1+I2+RF+VM
        CASE "clts", IOPL3
        clts
        CASE_END
;= lgdt #GP(0) +0 1000 I1+I2+RF+VM
        CASE "lgdt", IOPL3
        lgdt [bx]
        CASE_END
;= smsw int 90 +5 1000 I1+I2+VM                 | SMSW (volume 2) is allowed
        CASE "smsw", IOPL3
        smsw ax
        CASE_END
;= segments int 90 +C 1000 I1+I2+VM             | 3B 20.1.1: selectors are paragraphs
;= segments.value 4000 A5
        mov byte [SCRATCH + 0xFF], 0xA5
        HOOK to_scratch
        CASE "segments", IOPL3
        mov ax, SCRATCH >> 4
        mov fs, ax
        mov bl, [fs:0xFF]
        CASE_END
        SHOW "segments.value", dword [SCRATCH + 0x10], dword [SCRATCH + 0x14]
;= conforming #GP(48) +0 1000 I1+I2+RF+VM       | 3B 20.3.1 (INT n, volume 2): the handler's code must be of level 0, not conforming
        SETINT 0x91, 0x48, stubs, A_INT32 | 0x60
        CASE "conforming", IOPL3
        int 0x91
        CASE_END
;= level2 #GP(50) +0 1000 I1+I2+RF+VM
        SETINT 0x91, 0x50, stubs, A_INT32 | 0x60
        CASE "level2", IOPL3
        int 0x91
        CASE_END
        OLDINT 0x91
;= gate16 77 1004                               | through a 16-bit gate the frame has 16-bit words: IP, CS, FLAGS, SP, SS, ES, DS, FS, GS
        mov dword [IDT + 8 * 0x92], CODE16 << 16 | (gate16 - origin)
        mov dword [IDT + 8 * 0x92 + 4], (A_INT16 | 0x60) << 8
        mov byte [SCRATCH], 0x77
        CASE "gate16", IOPL3
        int 0x92
        CASE_END
        movzx eax, word [SCRATCH + 4]
        movzx ebx, byte [SCRATCH]
        sub eax, gate16.from - origin
        SHOW "gate16", ebx, dword [SCRATCH + 8]

; -- by a task switch -----------------------------------------------------------------------------------------------------
;= task int 90 +2 1000 I1+I2+VM tr=40           | 3B 20.2.5: EFLAGS of the new TSS has VM set
;= task.selectors 7777 6666 1000 4000
        mov edi, T1
        xor eax, eax
        mov ecx, 0x68 / 4
        rep stosd
        mov dword [T1 + 4], STACK1
        mov dword [T1 + 8], DATA
        mov dword [T1 + 0x20], .task - origin
        mov dword [T1 + 0x24], VM_ | IOPL3 | 2
        mov dword [T1 + 0x38], 0x8000
        mov dword [T1 + 0x48], SCRATCH >> 4
        mov dword [T1 + 0x4C], PARA
        mov dword [T1 + 0x50], VSTACK
        mov dword [T1 + 0x54], PARA
        mov dword [T1 + 0x58], 0x6666
        mov dword [T1 + 0x5C], 0x7777
        HOOK keep_selectors
        TRY "task", .task - origin
        jmp 0x40:0
        bits 16
.task:  int 0x90
        bits 32
        DONE
        SHOW "task.selectors", dword [SCRATCH + 0x30], dword [SCRATCH + 0x34], dword [SCRATCH + 0x38], dword [SCRATCH + 0x3C]

; -- IOPL 3: CLI and the rest are allowed -----------------------------------------------------------------------------------
; 3B 20.2.7 (table 20-?): sensitive to IOPL: CLI, STI, PUSHF, POPF, INT n, IRET; not IN and OUT.
;= iopl3.sti int 90 +6 1000 IF+I1+I2+VM
        mov al, 0xFF
        out 0x21, al
        out 0xA1, al
        CASE "iopl3.sti", IOPL3
        cli
        sti
        nop
        nop
        CASE_END
;= iopl3.popf int 90 +6 1000 TF+IF+I1+I2+NT+VM  | POPF (volume 2): IOPL and VM stay; (TF is set for the INT only)
        CASE "iopl3.popf", IOPL3
        push word 0x4302
        popf
        CASE_END
;= iopl3.popfd int 90 +A 1000 I1+I2+VM+AC+ID    | RF, VM, VIF, VIP and IOPL stay
        CASE "iopl3.popfd", IOPL3
        push dword 0x3D0002
        popfd
        CASE_END
;= iopl3.iretd int 90 +2 1000 IF+I1+I2+VM+AC    | IRET (volume 2): VM and IOPL do not change
        V86 "iopl3.iretd", .iret_to, IOPL3
        bits 16
        db 0
.iret_do:
        push dword AC_ | IF_ | 2
        push dword PARA
        push dword .iret_to2 - origin
        iretd
.iret_to:
        mov word [try_at - origin], .iret_to2 - origin
        jmp .iret_do
.iret_to2:
        int 0x90
        bits 32
        DONE
;= iopl3.int3 #BP +1 1000 I1+I2+VM
        CASE "iopl3.int3", IOPL3
        int3
        CASE_END

; -- IOPL 0 without VME: #GP(0) ------------------------------------------------------------------------------------------
;= iopl0.cli #GP(0) +0 1000 RF+VM
        CASE "iopl0.cli", 0
        cli
        CASE_END
;= iopl0.sti #GP(0) +0 1000 RF+VM
        CASE "iopl0.sti", 0
        sti
        CASE_END
;= iopl0.pushf #GP(0) +0 1000 RF+VM
        CASE "iopl0.pushf", 0
        pushf
        CASE_END
;= iopl0.popf #GP(0) +0 1000 RF+VM
        CASE "iopl0.popf", 0
        popf
        CASE_END
;= iopl0.iret #GP(0) +0 1000 RF+VM
        CASE "iopl0.iret", 0
        iret
        CASE_END
;= iopl0.int #GP(0) +0 1000 RF+VM
        CASE "iopl0.int", 0
        int 0x90
        CASE_END
;= iopl0.int3 #BP +1 1000 VM                    | INT3 (volume 2) is not sensitive to IOPL
        CASE "iopl0.int3", 0
        int3
        CASE_END
;= iopl0.into #OF +1 1000 OF+VM
        CASE "iopl0.into", 0x800
        into
        CASE_END
;= iopl2.cli #GP(0) +0 1000 I2+RF+VM            | IOPL must be 3
        CASE "iopl2.cli", 0x2000
        cli
        CASE_END
;= io.open #GP(0) +2 1000 RF+VM                 | 3B 20.2.8.1: IN and OUT ask the I/O map alone; (the CLI then faults)
        CASE "io.open", 0
        out 0x80, al
        cli
        CASE_END
;= io.closed #GP(0) +0 1000 I1+I2+RF+VM         | even at IOPL 3
        bts dword [MAIN_TSS + 0x68 + 32 + 0x10], 0      ; port 80h
        CASE "io.closed", IOPL3
        out 0x80, al
        CASE_END
;= io.word #GP(0) +3 1000 I1+I2+RF+VM           | volume 1, 18.5.2 (19.5.2): every byte's bit counts
        CASE "io.word", IOPL3
        mov dx, 0x7F
        in ax, dx
        CASE_END
        btr dword [MAIN_TSS + 0x68 + 32 + 0x10], 0

; -- VME, IOPL 3 -----------------------------------------------------------------------------------------------------------
        CR4_SET 1
;= vme3.monitor int 90 +2 1000 I1+I2+VM         | 3B table 20-2, method 3 (IOPL 3, bit set): the monitor's gate
        CASE "vme3.monitor", IOPL3
        CASE_END
;= vme3.own #GP(0) +0 1000 I1+I2+RF+VM          | method 5 (IOPL 3, bit clear): the program's own handler, which executes HLT
;= vme3.own.stack 1000 3202 7FFA                | CS, FLAGS as they are; SP
        REDIRECT 0x20, 0
        HOOK own_stack
        CASE "vme3.own", IOPL3 | IF_
        mov word [try_at - origin], own_handler - origin
        int 0x20
        CASE_END
        SHOW "vme3.own.stack", dword [SCRATCH + 0x44], dword [SCRATCH + 0x48], dword [SCRATCH + 0x4C]

; -- VME, IOPL 0 -----------------------------------------------------------------------------------------------------------
;= vme0.monitor #GP(0) +0 1000 RF+VM            | method 2 (IOPL below 3, bit set): #GP(0)
        REDIRECT 0x20, 1
        CASE "vme0.monitor", 0
        int 0x20
        CASE_END
;= vme0.cli #GP(0) +1 1000 RF+VM                | CLI clears VIF, not IF (the HLT then faults)
        CASE "vme0.cli", VIF_
        cli
        hlt
        CASE_END
;= vme0.sti #GP(0) +1 1000 RF+VM+VIF
        CASE "vme0.sti", 0
        sti
        hlt
        CASE_END
;= vme0.sti_vip #GP(0) +0 1000 RF+VM+VIP        | STI with VIP set: #GP(0)
        CASE "vme0.sti_vip", VIP_
        sti
        hlt
        CASE_END
;= vme0.pushf #GP(0) +1 1000 RF+VM+VIF          | PUSHF: IF shows VIF, IOPL shows 3
;= vme0.pushf.image 3202
        HOOK own_stack
        CASE "vme0.pushf", VIF_
        pushf
        hlt
        CASE_END
        SHOW "vme0.pushf.image", dword [SCRATCH + 0x40]
;= vme0.pushf_if #GP(0) +1 1000 IF+RF+VM        | ... whatever IF is
;= vme0.pushf_if.image 3002
        HOOK own_stack
        CASE "vme0.pushf_if", IF_
        pushf
        hlt
        CASE_END
        SHOW "vme0.pushf_if.image", dword [SCRATCH + 0x40]
;= vme0.pushfd #GP(0) +0 1000 RF+VM             | 16 bits only
        CASE "vme0.pushfd", 0
        pushfd
        CASE_END
;= vme0.popf #GP(0) +4 1000 NT+RF+VM+VIF        | POPF: IF goes to VIF; IOPL and IF stay
        CASE "vme0.popf", 0
        push word 0x7202
        popf
        hlt
        CASE_END
;= vme0.popf_tf #GP(0) +3 1000 RF+VM            | TF in the image: #GP(0)
        CASE "vme0.popf_tf", 0
        push word 0x0102
        popf
        hlt
        CASE_END
;= vme0.popf_vip #GP(0) +3 1000 RF+VM+VIP       | IF in the image while VIP is set: #GP(0)
        CASE "vme0.popf_vip", VIP_
        push word 0x0202
        popf
        hlt
        CASE_END
;= vme0.popf_vip_clear #GP(0) +4 1000 RF+VM+VIP
        CASE "vme0.popf_vip_clear", VIP_
        push byte 2
        nop
        popf
        hlt
        CASE_END
;= vme0.both #GP(0) +0 1000 RF+VM+VIF+VIP       | 3B 20.3.2: VIF and VIP both set at the beginning of an instruction (after IRET)
        CASE "vme0.both", VIP_ | VIF_
        nop
        CASE_END
;= vme0.own #GP(0) +0 1000 IF+RF+VM             | method 6: own handler; VIF is cleared, IF stays
;= vme0.own.stack 1000 3202 7FFA                | the image shows VIF as IF, and IOPL 3
        REDIRECT 0x20, 0
        HOOK own_stack
        CASE "vme0.own", IF_ | VIF_
        mov word [try_at - origin], own_handler - origin
        int 0x20
        CASE_END
        SHOW "vme0.own.stack", dword [SCRATCH + 0x44], dword [SCRATCH + 0x48], dword [SCRATCH + 0x4C]
;= vme0.own_if #GP(0) +0 1000 IF+RF+VM
;= vme0.own_if.stack 1000 3002 7FFA             | VIF clear, IF set
        HOOK own_stack
        CASE "vme0.own_if", IF_
        mov word [try_at - origin], own_handler - origin
        int 0x20
        CASE_END
        SHOW "vme0.own_if.stack", dword [SCRATCH + 0x44], dword [SCRATCH + 0x48], dword [SCRATCH + 0x4C]
;= vme0.iret #GP(0) +2 1000 RF+VM+VIF           | INT 21h's own handler returns at once: VIF is set again
        REDIRECT 0x21, 0
        CASE "vme0.iret", VIF_
        int 0x21
        hlt
        CASE_END
;= vme0.iret_vip #GP(0) +6 1000 RF+VM+VIP       | IRET with IF in the image and VIP set: #GP(0) at IRET
        CASE "vme0.iret_vip", VIP_
        push word 0x0202
        push cs
        push word 0
        iret
        CASE_END
;= vme0.iretd #GP(0) +0 1000 RF+VM              | 16 bits only
        CASE "vme0.iretd", 0
        iretd
        CASE_END
;= vme0.int3 #BP +1 1000 VM                     | INT3 is not redirected
        REDIRECT 3, 0
        CASE "vme0.int3", 0
        int3
        CASE_END
;= vme0.int_3 #GP(0) +0 1000 RF+VM              | but CD 03 is, as any INT n (bit set again: #GP(0))
        REDIRECT 3, 1
        CASE "vme0.int_3", 0
        db 0xCD, 3
        CASE_END
        REDIRECT 0x20, 1
        REDIRECT 0x21, 1

; -- PVI: level 3 of protected mode ---------------------------------------------------------------------------------------
        mov eax, cr4
        and al, ~1
        or al, 2
        mov cr4, eax
;= pvi.sti #GP(0) +1 1B RF+VIF                  | 3B 20.4: STI and CLI work on VIF; (HLT faults)
        TRY "pvi.sti", .pvi1
        USER .pvi1
.pvi1:  sti
        hlt
        DONE
;= pvi.cli #GP(0) +1 1B IF+RF
        TRY "pvi.cli", .pvi2
        USER .pvi2, IF_ | VIF_
.pvi2:  cli
        hlt
        DONE
;= pvi.sti_vip #GP(0) +0 1B RF+VIP
        TRY "pvi.sti_vip", .pvi3
        USER .pvi3, VIP_
.pvi3:  sti
        hlt
        DONE
;= pvi.both #GP(0) +0 1B RF+VIF+VIP             | 3B 20.4 and 20.3.2
        TRY "pvi.both", .pvi5
        USER .pvi5, VIP_ | VIF_
.pvi5:  nop
        hlt
        DONE
;= pvi.popf #GP(0) +6 1B IF+RF                  | 3B 20.4: POPF is not changed: without privilege it leaves IF alone
        TRY "pvi.popf", .pvi4
        USER .pvi4, IF_
.pvi4:  push dword 2
        nop
        nop
        nop
        popfd
        hlt
        DONE
;= eip #GP(0) +0 8 RF                           | IRET (volume 2): EIP must be inside the segment; the fault is the monitor's
        TRY "eip", .iret
        push dword 0
        push dword 0
        push dword 0
        push dword 0
        push dword VSTACK
        push dword 0x8000
        push dword VM_ | IOPL3 | 2
        push dword PARA
        push dword 0x10000
        mov [try_esp], esp
.iret:  iretd
        DONE
        FINISH

show_frame:                     ; hooks
        mov eax, [esi + 12]
        SHOW "frame", dword [esi + 32], dword [esi + 28], dword [esi + 24], dword [esi + 20], dword [esi + 16], eax
        mov eax, ds
        mov [SCRATCH + 0x20], eax
        mov eax, fs
        mov [SCRATCH + 0x24], eax
        jmp resume
to_scratch:                     ; FS and BL of the program
        mov eax, [esi + 28]
        mov [SCRATCH + 0x10], eax
        movzx eax, byte [esp + 4 + 8 + 16]
        mov [SCRATCH + 0x14], eax
        jmp resume
keep_selectors:
        mov eax, [esi + 32]
        mov [SCRATCH + 0x30], eax
        mov eax, [esi + 28]
        mov [SCRATCH + 0x34], eax
        mov eax, [esi + 24]
        mov [SCRATCH + 0x38], eax
        mov eax, [esi + 20]
        mov [SCRATCH + 0x3C], eax
        jmp resume
own_stack:                      ; the top three words of the program's stack, and SP
        mov eax, [esi + 12]
        mov [SCRATCH + 0x4C], eax
        movzx ebx, word [(VSTACK << 4) + eax]
        mov [SCRATCH + 0x40], ebx
        movzx ebx, word [(VSTACK << 4) + eax + 2]
        mov [SCRATCH + 0x44], ebx
        movzx ebx, word [(VSTACK << 4) + eax + 4]
        mov [SCRATCH + 0x48], ebx
        jmp resume

        bits 16
own_handler:
        hlt
own_iret:
        iret
gate16:                         ; level 0, 16-bit code, the 32-bit stack of the TSS
        jmp dword CODE:.wide
.from:  nop
        bits 32
.wide:  mov ax, DATA
        mov ds, ax
        movzx eax, word [esp + 2]
        add eax, 4
        mov [SCRATCH + 8], eax
        jmp resume
%include "frame_end.inc"
