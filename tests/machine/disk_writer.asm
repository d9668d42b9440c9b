; Boot sector: writes 64 sectors after another to the disk it came from, by INT 13h, and tells of each on port E9h: "." or, for an
; error, "!" and its status in hexadecimal.  The first sectors are left alone.
        org 7C00h
        bits 16
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 7C00h
        mov [drive], dl
again:  mov si, packet
        mov word [si+2], 64         ; after an error: how many were written
        mov dl, [drive]
        mov ax, 4300h
        int 13h
        jc failed
        mov al, '.'
        out 0E9h, al
        add dword [lba], 64
        jmp again
failed: mov bl, ah
        mov al, '!'
        out 0E9h, al
        mov al, bl
        shr al, 4
        call digit
        mov al, bl
        and al, 15
        call digit
        hlt
        jmp again

digit:  cmp al, 10
        sbb al, 69h
        das
        out 0E9h, al
        ret

drive:  db 0
        align 4
packet: db 16, 0
        dw 64, 0, 0F000h        ; of the system BIOS, which is not zeros
lba:    dq 64
        times 510-($-$$) db 0
        dw 0AA55h
