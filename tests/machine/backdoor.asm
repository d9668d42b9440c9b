; A ROM that asks the VMware backdoor for its version and the pointer, and says what it heard at port E9h.
bits 16
org 0
MAGIC equ 0x564D5868

%macro ask 2                    ; command, parameter
    mov eax, MAGIC
    mov ebx, %2
    mov ecx, %1
    mov dx, 0x5658
    in eax, dx
%endmacro

start:
    xor ax, ax
    mov ss, ax
    mov sp, 0x7000
    ask 10, 0
    call hex
    mov eax, ebx
    call hex
    mov eax, 1
    cpuid
    mov eax, ecx
    call hex
    mov eax, 0x40000000
    cpuid
    mov eax, edx
    call hex
    ask 41, 0x45414552          ; enable
    ask 39, 1
    call hex
    ask 41, 0x53424152          ; absolute
    mov al, '!'
    out 0xE9, al
wait_for_it:
    ask 40, 0
    cmp eax, 4
    jne wait_for_it
    ask 39, 4
    push edx
    push ecx
    push ebx
    call hex
    pop eax
    call hex
    pop eax
    call hex
    pop eax
    call hex
    cli
    hlt

hex:                            ; EAX and a space
    push ecx
    push edx
    mov edx, eax
    mov cx, 8
.digit:
    rol edx, 4
    mov al, dl
    and al, 15
    cmp al, 10
    sbb al, 0x69
    das
    out 0xE9, al
    loop .digit
    mov al, ' '
    out 0xE9, al
    pop edx
    pop ecx
    ret

times 0xFFF0 - ($ - $$) db 0
    jmp 0xF000:start
times 0x10000 - ($ - $$) db 0
