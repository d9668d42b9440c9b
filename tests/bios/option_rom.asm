; An option ROM with a boot entry: what it finds of the firmware goes to 9A000h, and its entry says that it ran.
        bits 16
        org 0
%ifndef IDS
%define IDS 0
%endif
        db 0x55, 0xAA, 1
        jmp near init
        db 0                            ; checksum
        times 0x18-($-$$) db 0
        dw pcir, pnp
pcir:   db "PCIR"
        dd IDS
        dw 0, 0x18
        db 0, 0, 0, 2                   ; revision, class: network
        dw 1, 0
        db 0, 0x80
        dw 0
        times 0x40-($-$$) db 0
pnp:    db "$PnP", 1, 2
        dw 0
        db 0, 0
        dd 0
        dw 0, name
        db 2, 0, 0, 0x14
        dw 0, 0, boot, 0, 0
name:   db "test ROM", 0

init:   pusha
        push ds
        push es
        mov bx, 0x99A0             ; 9A000h is at 600h
        mov ds, bx
        mov [0x600], ax                 ; bus, device and function
        mov eax, [es:di]
        mov [0x604], eax                ; "$PnP"
        mov ax, 0xF000
        mov es, ax
        xor di, di
.next:  cmp dword [es:di], "$PMM"
        je .found
        add di, 16
        jnz .next
        jmp .end
.found: push dword [es:di + 7]
        pop dword [0x640]
        mov edx, 0x00001000             ; 64 KiB, aligned, extended
        mov cx, 6
        mov si, 0x608
        call allocate
        mov edx, 0x00000040             ; 1 KiB, conventional
        mov cx, 1
        mov si, 0x60C
        call allocate
        push dword 0x12340006           ; find
        push word 1
        call far [0x640]
        add sp, 6
        mov [0x610], ax
        mov [0x612], dx
        push dword [0x608]              ; release
        push word 2
        call far [0x640]
        add sp, 6
        mov [0x614], ax
        push word 9
        call far [0x640]
        add sp, 2
        mov [0x618], ax
        mov [0x61A], dx
.end:   pop es
        pop ds
        popa
        mov ax, 0x20                    ; a device to boot from
        retf

allocate:
        push cx                         ; flags
        push word 0x1234                ; handle
        push cx
        push edx
        push word 0
        call far [0x640]
        add sp, 12
        mov [si], ax
        mov [si + 2], dx
        ret

boot:   mov bx, 0x99A0             ; 9A000h is at 600h
        mov ds, bx
        mov eax, [es:di]
        mov [0x620], eax
        mov ax, 0xF000
        mov es, ax
        xor di, di
.next:  cmp dword [es:di], "$PMM"
        je .there
        add di, 16
        jnz .next
        mov byte [0x624], 1             ; it is over
.there: mov ax, 0x0E40
        int 0x10
        mov dword [0x628], "BOOT"
        retf                            ; and on to the next device
        times 512-($-$$) db 0
