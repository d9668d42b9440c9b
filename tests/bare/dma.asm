; Code that a device writes: the floppy controller by the 8237A, a disk by its PIIX3 as bus master, over code that has run and that runs.
; The program is its own medium: it reads sectors of the ROM image from drive A and from the first disk.
%include "frame.inc"
PD      equ TABLES
PT      equ TABLES + 0x1000
TARGET  equ SCRATCH             ; where the code runs: 512 bytes
PRD     equ SCRATCH + 0x3000
BMIDE   equ 0xC000              ; ports that the bus master is given
DELAY   equ 0x4000000           ; of a wait for a device: it ends what would hang
PROGRAM

%macro LOAD 1                   ; a block is there from the beginning, and has run
        mov esi, %1
        call copy_block
%endmacro
%macro SECTOR 1                 ; the sector that holds a block
        mov eax, (%1 - origin) / 512
%endmacro

main:   call floppy_reset
; -- the 8237A ---------------------------------------------------------------------------------------------------------------------
;= fdc.before 1                                 | 3A 11.6 (8.1.3): processors of this family notice what others write into code
;= fdc.after 2
        LOAD block_1
        call TARGET
        SHOW "fdc.before", eax
        SECTOR block_2
        call floppy_start
        call floppy_end
        call TARGET
        SHOW "fdc.after", eax
;= fdc.loop 3                                   | the loop that runs meanwhile ends, since its jump does
        LOAD block_loop
        SECTOR block_end
        call floppy_start
        call TARGET
        push eax
        call floppy_end
        pop eax
        SHOW "fdc.loop", eax
;= fdc.again 2                                  | and back
        SECTOR block_2
        call floppy_start
        call floppy_end
        call TARGET
        SHOW "fdc.again", eax

; -- the bus master ------------------------------------------------------------------------------------------------------------------
        call disk_init
;= ide.before 1
;= ide.after 2
        LOAD block_1
        call TARGET
        SHOW "ide.before", eax
        SECTOR block_2
        call disk_read
        call TARGET
        SHOW "ide.after", eax
;= ide.two 1 2                                  | two pages in one transfer, with code in both
        LOAD block_loop
        mov dword [PRD], TARGET + 0x1000 - 256
        mov word [PRD + 4], 256
        mov word [PRD + 6], 0
        mov dword [PRD + 8], TARGET + 0x1000
        mov word [PRD + 12], 256
        mov word [PRD + 14], 0x8000
        mov dword [TARGET + 0x1000 - 256], 0xC3C03190   ; NOP; XOR EAX,EAX; RET
        mov dword [TARGET + 0x1000], 0xC3C03190
        call TARGET + 0x1000 - 256
        call TARGET + 0x1000
        SECTOR block_two
        call disk_read_list
        call TARGET + 0x1000 - 256
        push eax
        call TARGET + 0x1000
        mov ebx, eax
        pop eax
        SHOW "ide.two", eax, ebx
;= ide.alias 1 2                                | by physical address, whatever linear address the code runs at
        mov edi, PT
        mov eax, 7
.fill:  stosd
        add eax, 0x1000
        cmp eax, 0x400000
        jb .fill
        mov dword [PT + 0x200 * 4], TARGET | 7
        mov dword [PD], PT | 7
        mov eax, PD
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        LOAD block_1
        call 0x200000
        push eax
        SECTOR block_2
        call disk_read
        call 0x200000
        mov ebx, eax
        pop eax
        SHOW "ide.alias", eax, ebx
;= ide.data 2                                   | a sector over the data of an instruction that has run
        mov dword [TARGET + 0x1FC], 0xC3C3C3C3
        mov eax, [TARGET + 0x1FC]
        SECTOR block_data
        call disk_read
        mov eax, [TARGET + 0x1FC]
        SHOW "ide.data", eax
        FINISH

copy_block:
        mov edi, TARGET
        mov ecx, 512 / 4
        rep movsd
        ret

; ---- 82077AA and 8237A -----------------------------------------------------------------------------------------------------------
floppy_reset:
        mov dx, 0x3F2
        xor al, al
        out dx, al
        call pause
        mov al, 0x1C            ; motor A, DMA, no reset
        out dx, al
        call pause
        mov ecx, 4              ; the interrupts of four drives
.sense: push ecx
        mov al, 8
        call floppy_put
        call floppy_get
        call floppy_get
        pop ecx
        loop .sense
        mov dx, 0x3F7
        xor al, al
        out dx, al              ; 500 kbit/s
        mov al, 3               ; SPECIFY
        call floppy_put
        mov al, 0xDF
        call floppy_put
        mov al, 2
        call floppy_put
        mov al, 7               ; RECALIBRATE
        call floppy_put
        xor al, al
        call floppy_put
seek_end:                       ; wait until the drive has moved
        mov ecx, DELAY
.busy:  mov dx, 0x3F4
        in al, dx
        test al, 1
        loopnz .busy
        mov al, 8
        call floppy_put
        call floppy_get
        test al, 0x20
        pushfd
        cmp al, 0x80            ; no interrupt yet: one byte only
        je .again
        call floppy_get
.again: popfd
        jz seek_end
        ret
floppy_put:
        push eax
        mov dx, 0x3F4
        mov ecx, DELAY
.wait:  in al, dx
        and al, 0xC0
        cmp al, 0x80
        loopnz .wait
        pop eax
        inc dx
        out dx, al
        ret
floppy_get:
        mov dx, 0x3F4
        mov ecx, DELAY
.wait:  in al, dx
        and al, 0xC0
        cmp al, 0xC0
        loopnz .wait
        inc dx
        in al, dx
        ret
floppy_start:                   ; EAX: a sector, which goes to TARGET
        mov bl, 36              ; sectors of a cylinder
        div bl
        mov bh, al              ; cylinder
        mov al, ah
        xor ah, ah
        mov bl, 18
        div bl                  ; AL head, AH sector
        inc ah
        push eax
        push ebx
        mov al, 0x0F            ; SEEK
        call floppy_put
        mov al, [esp + 4]
        shl al, 2
        call floppy_put
        mov al, [esp + 1]
        call floppy_put
        call seek_end
        mov al, 6               ; channel 2: masked, then memory is written, one byte at a time
        out 0x0A, al
        out 0x0C, al
        mov al, 0x46
        out 0x0B, al
        mov al, TARGET & 0xFF
        out 0x04, al
        mov al, TARGET >> 8 & 0xFF
        out 0x04, al
        mov al, TARGET >> 16
        out 0x81, al
        mov al, 511 & 0xFF
        out 0x05, al
        mov al, 511 >> 8
        out 0x05, al
        mov al, 2
        out 0x0A, al
        mov al, 0xC0            ; the first 8237A cascades
        out 0xD6, al
        xor al, al
        out 0xD4, al
        mov al, 0x46            ; READ DATA, MFM
        call floppy_put
        mov al, [esp + 4]       ; head
        shl al, 2
        call floppy_put
        mov al, [esp + 1]       ; C, H, R, N
        call floppy_put
        mov al, [esp + 4]
        call floppy_put
        mov al, [esp + 5]
        call floppy_put
        mov al, 2
        call floppy_put
        mov al, 18
        call floppy_put
        mov al, 0x1B
        call floppy_put
        mov al, 0xFF
        call floppy_put
        pop ebx
        pop eax
        ret
floppy_end:
        mov ecx, 7
.next:  push ecx
        call floppy_get
        pop ecx
        loop .next
        ret
pause:  mov ecx, 0x10000
.next:  in al, 0x80
        loop .next
        ret

; ---- PIIX3 -----------------------------------------------------------------------------------------------------------------------
%macro PCI_WRITE 2              ; register of function 1 of device 1, value
        mov eax, 0x80000900 | %1
        mov dx, 0xCF8
        out dx, eax
        mov eax, %2
        mov dx, 0xCFC
        out dx, eax
%endmacro
disk_init:
        PCI_WRITE 0x20, BMIDE | 1
        PCI_WRITE 0x40, 0x80008000      ; both channels answer
        PCI_WRITE 0x04, 5               ; ports, bus master
        mov dx, 0x3F6
        mov al, 2                       ; no interrupts
        out dx, al
        ret
disk_read:                      ; EAX: a sector, which goes to TARGET
        mov dword [PRD], TARGET
        mov dword [PRD + 4], 0x80000000 | 512
disk_read_list:
        push eax
        mov dx, BMIDE
        mov al, 0
        out dx, al
        mov dx, BMIDE + 2
        mov al, 6
        out dx, al
        mov dx, BMIDE + 4
        mov eax, PRD
        out dx, eax
        call disk_wait
        mov dx, 0x1F6
        mov al, 0xE0
        out dx, al
        call disk_wait
        mov dx, 0x1F2
        mov al, 1
        out dx, al
        inc dx
        pop eax
        out dx, al
        inc dx
        mov al, ah
        out dx, al
        inc dx
        xor al, al
        out dx, al
        mov dx, 0x1F7
        mov al, 0xC8            ; READ DMA
        out dx, al
        mov dx, BMIDE
        mov al, 9               ; to memory, start
        out dx, al
        mov ecx, DELAY
.wait:  mov dx, BMIDE + 2
        in al, dx
        test al, 1
        loopnz .wait
        call disk_wait
        mov dx, BMIDE
        mov al, 0
        out dx, al
        ret
disk_wait:
        mov dx, 0x1F7
        mov ecx, DELAY
.wait:  in al, dx
        test al, 0x80
        loopnz .wait
        ret

; ---- blocks: sectors of the medium -------------------------------------------------------------------------------------------------
        align 512
block_1:
        mov eax, 1
        ret
        align 512
block_2:
        mov eax, 2
        ret
        align 512
block_loop:                     ; these two differ in one byte
        mov eax, 3
        db 0xEB, 0xFE           ; JMP to itself
        ret
        align 512
block_end:
        mov eax, 3
        db 0xEB, 0x00           ; JMP to what follows
        ret
        align 512
block_two:
        mov eax, 1
        ret
        align 256
        mov eax, 2
        ret
        align 512
block_data:
        times 127 dd 0
        dd 2
%include "frame_end.inc"
