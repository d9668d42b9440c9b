; The first sector of a hard disk: moves itself from 7C00h to 600h, reads its first partition to 7C00h, and starts that.
org 0x600
        xor ax, ax
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7C00
        mov si, sp
        mov di, 0x600
        mov cx, 256
        cld
        rep movsw
        jmp 0:moved
moved:
        mov si, packet
        mov ah, 0x42
        mov dl, 0x80
        int 0x13
        jc $
        mov si, entry
        jmp 0:0x7C00
packet: db 16, 0, 1, 0
        dw 0x7C00, 0
        dq 63
        times 446 - ($ - $$) db 0
entry:  db 0x80, 1, 1, 0, 1, 15, 0x3F, 16
        dd 63, 16065
        times 510 - ($ - $$) db 0
        dw 0xAA55
