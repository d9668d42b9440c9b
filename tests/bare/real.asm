; Real mode: vectors, what is pushed, limits of 64 KiB, what is no instruction here.
%include "frame.inc"
PROGRAM
PARA    equ ORIGIN >> 4
RSTACK  equ 0x5000              ; segment of the stack; SP begins at 8000h

; REAL name [, where]: what follows up to REAL_DONE is 16-bit code, tried in real mode; it prints
;   name #XX +distance CS flags [sp=..]
%macro REAL 1-2
%if %0 > 1
        TRY %1, %2 - origin
%else
        TRY %1, %%code - origin
%endif
        mov ebx, %%code - origin
        jmp to_real
        bits 16
%%code:
%endmacro
%macro REAL_DONE 0
        int 0x90
        bits 32
        DONE
%endmacro

main:   xor edi, edi            ; the vectors
        mov eax, PARA << 16 | (real_stubs - origin)
        mov ecx, 256
.fill:  stosd
        add eax, 5
        loop .fill

;= int int 90 +2 1000 -                         | 3B 20.1.4: FLAGS, CS, IP
        REAL "int"
        REAL_DONE
;= int3 #BP +1 1000 -
        REAL "int3"
        int3
        REAL_DONE
;= de #DE +0 1000 -                             | 3B table 20-1
        REAL "de", .de
        xor cx, cx
.de:    div cx
        REAL_DONE
;= of #OF +1 1000 OF
        REAL "of", .of
        push word 0x802
        popf
.of:    into
        REAL_DONE
;= br #BR +0 1000 -
        REAL "br", .br
        mov ax, 7
.br:    bound ax, [es:0]
        REAL_DONE
;= ud #UD +0 1000 -
        REAL "ud"
        ud2
        REAL_DONE
;= ud.lar #UD +0 1000 -                         | LAR (volume 2): not in real mode; likewise the next ones
        REAL "ud.lar"
        lar ax, bx
        REAL_DONE
;= ud.lsl #UD +0 1000 -
        REAL "ud.lsl"
        lsl ax, bx
        REAL_DONE
;= ud.verr #UD +0 1000 -
        REAL "ud.verr"
        verr bx
        REAL_DONE
;= ud.sldt #UD +0 1000 -
        REAL "ud.sldt"
        sldt ax
        REAL_DONE
;= ud.ltr #UD +0 1000 -
        REAL "ud.ltr"
        ltr ax
        REAL_DONE
;= ud.arpl #UD +0 1000 -
        REAL "ud.arpl"
        arpl ax, bx
        REAL_DONE
;= ud.lock #UD +0 1000 -
        REAL "ud.lock"
        db 0xF0, 0x89, 0x07
        REAL_DONE
;= long #GP +0 1000 -                           | 3B table 20-1, #GP: more than 15 bytes
        REAL "long"
        times 15 db 0x3E
        nop
        REAL_DONE
;= system int 90 +11 1000 -                     | SMSW, MOV CR, SGDT and CLI work (level 0)
        REAL "system"
        smsw ax
        mov eax, cr0
        sgdt [es:0x20]
        cli
        clts
        REAL_DONE
;= gp.word #GP +0 1000 -                        | 3B 20.1.1: a word at FFFFh; no error code is pushed (20.1.4)
        REAL "gp.word", .gp
        mov bx, 0xFFFF
.gp:    mov ax, [bx]
        REAL_DONE
;= gp.offset #GP +0 1000 -                      | 3B 20.1.1: a 32-bit offset beyond FFFFh
        REAL "gp.offset", .gpo
        mov ebx, 0x10000
.gpo:   mov al, [ebx]
        REAL_DONE
;= ss.word #SS +0 1000 -
        REAL "ss.word", .ss
        mov bp, 0xFFFF
.ss:    mov ax, [bp]
        REAL_DONE
;= ss.pop #SS +0 1000 - sp=FFFF
        REAL "ss.pop", .pop
        mov sp, 0xFFFF
.pop:   pop ax
        REAL_DONE
;= push.wrap int 90 +3 1000 - sp=FFFE           | volume 1, 6.2: SP wraps from 0 to FFFEh
        REAL "push.wrap", .wrap
        xor sp, sp
.wrap:  push ax
        REAL_DONE
;= step #DB +1 1000 TF                          | 3B 17.3.1.4
        REAL "step", .step
        push word TF_ | 2
        popf
.step:  nop
        REAL_DONE
;= step.int int 80 +2 1000 TF                   | INT n (volume 2) clears TF
        REAL "step.int", .stepi
        push word TF_ | 2
        popf
.stepi: int 0x80
        REAL_DONE
;= iret int 90 +2 1000 I1+I2+NT                 | IRET (volume 2): IOPL and NT too
        REAL "iret", .iret
        push word 0x7002
        push cs
        push word .iret - origin
        iret
.iret:
        REAL_DONE
;= sysenter #GP +0 1000 -                       | SYSENTER (volume 2)
        REAL "sysenter"
        sysenter
        REAL_DONE
;= cs_write int 90 +6 1000 -                    | 3B 20.1.1: code segments are writable
        REAL "cs_write"
        mov [cs:scratch_word - origin], ax
        REAL_DONE
;= idt.limit #GP +0 1000 -                      | 3B 20.1.4: a vector beyond the limit of IDTR
        mov word [real_idtr], 4 * 0x90 - 1
        REAL "idt.limit"
        REAL_DONE
;= idt.double #DF +0 1000 -                     | ... and that of #GP as well
        mov word [real_idtr], 4 * 9 - 1
        REAL "idt.double"
        REAL_DONE
        mov word [real_idtr], 0x3FF
;= idt.moved int 90 +2 1000 -                   | 3B 20.1.4: the table is where IDTR says
        mov esi, 0
        mov edi, SCRATCH + 0x1000
        mov ecx, 256
        rep movsd
        mov dword [4 * 0x90], 0
        mov dword [real_idtr + 2], SCRATCH + 0x1000
        REAL "idt.moved"
        REAL_DONE
;= gp.jump #GP +0 1000 -                        | JMP (volume 2): EIP beyond FFFFh
        REAL "gp.jump"
        jmp dword PARA:0x10000
        REAL_DONE
;= gp.run_off #GP +0 1000 -                     | 3B 20.1.1: IP runs past FFFFh
        mov byte [ORIGIN + 0xFFFF], 0x90
        TRY "gp.run_off", 0
        mov ebx, 0xFFFF
        jmp to_real
        DONE
        FINISH

scratch_word: dw 0
real_idtr:
        dw 0x3FF
        dd 0
real_ss: dd 0
real_sp: dd 0
text_sp_is: db "sp=", 0

to_real:                        ; EBX: offset in PARA
        mov ax, DATA16
        mov ds, ax
        mov es, ax
        mov fs, ax
        mov gs, ax
        mov ss, ax
        jmp CODE16:.sized - origin
        bits 16
.sized: o32 lidt [real_idtr - origin]
        mov eax, cr0
        and al, ~1
        mov cr0, eax
        jmp PARA:.real - origin
.real:  mov ax, RSTACK
        mov ss, ax
        mov sp, 0x8000
        mov ax, SCRATCH >> 4
        mov es, ax
        mov ax, PARA
        mov ds, ax
        mov dword [es:0], 0x00050000
        push word 2
        popf
        jmp bx

real_stubs:
%assign n 0
%rep 256
        db 0x6A, n
        jmp near real_handler
%assign n n + 1
%endrep
real_handler:
        pushad
        mov ax, PARA
        mov ds, ax
        mov [real_ss - origin], ss
        mov [real_sp - origin], sp
        mov eax, cr0
        or al, 1
        mov cr0, eax
        jmp dword CODE:.protected
        bits 32
.protected:
        mov ax, DATA
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov esp, [try_esp]
        lidt [idtr]
        mov esi, [real_ss]
        shl esi, 4
        add esi, [real_sp]
        add esi, 32             ; vector, IP, CS, FLAGS
        push dword [try_name]
        call print_text
        movzx ebx, byte [esi]
        lea eax, [vectors + 4 * ebx]
        cmp ebx, 20
        jae .number
        push eax
        call print_spaced
        jmp short .where
.number:
        push dword text_int
        call print_spaced
        push ebx
        call print_value
.where: movzx eax, word [esi + 2]
        sub eax, [try_at]
        push eax
        mov al, ' '
        out 0xE9, al
        mov al, '+'
        out 0xE9, al
        call print_hex
        movzx eax, word [esi + 4]
        push eax
        call print_value
        mov al, ' '
        out 0xE9, al
        movzx eax, word [esi + 6]
        push eax
        call print_flags
        mov eax, [real_sp]
        add eax, 32 + 8
        movzx eax, ax
        cmp eax, 0x8000
        je .end
        push eax
        push dword text_sp_is
        call print_spaced
        call print_hex
.end:   call print_end
        jmp resume
%include "frame_end.inc"
