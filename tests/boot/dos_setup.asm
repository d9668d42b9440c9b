; A DOS program that does what FORMAT and FDISK do: "dos_setup f" formats the 1.44M floppy in drive B:, track by track;
; "dos_setup h" gives the first hard disk a partition and a program that starts it.  Either gets the boot program of drive A:
; and an empty FAT12 file system.
org 0x100

SPT_FLOPPY      equ 18
ROOT            equ 224                 ; entries
FIRST           equ 63                  ; LBA of the partition
SECTORS         equ 16065               ; of it
ACTIVE          equ 0x7BE               ; MBR: where the table is after the move

start:
        mov al, [0x82]
        or al, 0x20
        mov [what], al
        mov ax, 0x0201                  ; A:'s boot sector
        mov bx, sector
        mov cx, 0x0001
        mov dx, 0x0000
        call disk
        mov di, sector + 0x0B           ; what describes the file system
        mov si, bpb_disk
        cmp byte [what], 'f'
        jne .describe
        mov si, bpb_floppy
.describe:
        mov cx, BPB_BYTES
        rep movsb
        mov word [sector + 510], 0xAA55
        cmp byte [what], 'f'
        jne hard_disk

; -- the floppy --------------------------------------------------------------------------------------------------------
        mov ax, 0x1800                  ; media type: 80 tracks of 18 sectors
        mov cx, 79 << 8 | SPT_FLOPPY
        mov dx, 0x0001
        push es
        call disk
        xor ax, ax
        mov ds, ax
        cli
        mov [0x1E * 4], di
        mov [0x1E * 4 + 2], es
        sti
        pop es
        push cs
        pop ds
        xor bp, bp                      ; track, times two, and head
.track:
        mov di, ids
        mov al, 1
.id:
        mov bx, bp
        shr bx, 1
        mov [di], bl
        mov bx, bp
        and bl, 1
        mov [di + 1], bl
        mov [di + 2], al
        mov byte [di + 3], 2
        add di, 4
        inc al
        cmp al, SPT_FLOPPY
        jbe .id
        mov ax, 0x0500 | SPT_FLOPPY
        mov bx, ids
        call track_place
        call disk
        mov ax, 0x0400 | SPT_FLOPPY     ; and verify it
        call track_place
        call disk
        inc bp
        cmp bp, 160
        jb .track
        mov ax, 0x0301
        mov bx, sector
        mov cx, 0x0001
        mov dx, 0x0001
        call disk
        mov bp, 1                       ; both FATs, then the root directory
.table:
        call clear
        cmp bp, 1
        je .head_of_fat
        cmp bp, 10
        jne .write
.head_of_fat:
        mov dword [sector], 0x00FFFFF0
.write:
        mov ax, bp
        xor dx, dx
        mov cx, SPT_FLOPPY
        div cx                          ; all on track 0
        mov cx, dx
        inc cx
        mov dh, al
        mov dl, 1
        mov ax, 0x0301
        mov bx, sector
        call disk
        inc bp
        cmp bp, 1 + 2 * 9 + ROOT / 16
        jb .table
        jmp done

track_place:
        mov cx, bp
        shr cx, 1
        mov ch, cl
        mov cl, 1
        mov dx, bp
        and dl, 1
        mov dh, dl
        mov dl, 1
        ret

; -- the hard disk -----------------------------------------------------------------------------------------------------
hard_disk:
        push es
        mov ah, 8                       ; its geometry belongs into the description
        mov dl, 0x80
        int 0x13
        pop es
        and cx, 63
        mov [sector + 0x18], cx
        movzx dx, dh
        inc dx
        mov [sector + 0x1A], dx
        mov eax, FIRST
        mov bp, 1
        call write
        mov eax, FIRST + 1
.table:
        call clear
        cmp ax, FIRST + 1
        je .head_of_fat
        cmp ax, FIRST + 1 + 6
        jne .write
.head_of_fat:
        mov dword [sector], 0x00FFFFF8
.write:
        call write
        inc eax
        cmp ax, FIRST + 1 + 2 * 6 + ROOT / 16
        jb .table
        mov si, mbr
        mov di, sector
        mov cx, 512
        rep movsb
        xor eax, eax
        call write
done:
        mov dx, text_done
        mov ah, 9
        int 0x21
        int 0x20

clear:
        push ax
        mov di, sector
        xor ax, ax
        mov cx, 256
        rep stosw
        pop ax
        ret

write:                                  ; the sector to LBA eax of the first hard disk
        pushad
        mov [packet + 8], eax
        mov [packet + 6], ds
        mov si, packet
        mov ax, 0x4300
        mov dl, 0x80
        call disk
        popad
        ret

disk:                                   ; INT 13h, a second time if the first says that the disk was changed
        push ax
        int 0x13
        jnc .good
        cmp ah, 6
        pop ax
        jne .bad
        int 0x13
        jc .bad
        ret
.good:
        add sp, 2
        ret
.bad:
        mov dx, text_bad
        mov ah, 9
        int 0x21
        int 0x20

what            db 0
text_done       db "All is set up.", 13, 10, "$"
text_bad        db "The disk does not work.", 13, 10, "$"
packet          db 16, 0, 1, 0
                dw sector, 0
                dq 0

; From 0Bh: bytes a sector, sectors a cluster, reserved ones, FATs, root entries, sectors, kind, sectors a FAT, a track,
; heads, sectors before it; sectors (32 bits), drive, 0, 29h, number, label, file system.
bpb_floppy      dw 512
                db 1
                dw 1
                db 2
                dw ROOT, 2880
                db 0xF0
                dw 9, SPT_FLOPPY, 2
                dd 0, 0
                db 0, 0, 0x29
                dd 0x12345678
                db "SET UP     FAT12   "
BPB_BYTES       equ $ - bpb_floppy
bpb_disk        dw 512
                db 8
                dw 1
                db 2
                dw ROOT, SECTORS
                db 0xF8
                dw 6, 63, 16
                dd FIRST, 0
                db 0x80, 0, 0x29
                dd 0x87654321
                db "SET UP     FAT12   "

; The first sector of the hard disk: moves itself to 0:600h and starts the partition.
mbr:
        incbin MBR

ids             equ $
sector          equ ids + 512
