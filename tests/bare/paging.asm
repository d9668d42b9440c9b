; Paging: protection, error codes, accessed and dirty bits, TLBs, 4 MiB pages, PAE.
%include "frame.inc"
        DESC 0x430000, 0xFF, A_LDT, 0                 ; 40: an LDT in an absent page
PROGRAM

; Linear 0 to 3FFFFFh is itself, for all; the pages at 400000h are the tests' own.
PD      equ TABLES
PT0     equ TABLES + 0x1000
PT1     equ TABLES + 0x2000
PT2     equ TABLES + 0x3000
PAE_PDPT equ TABLES + 0x4000
PAE_PD0 equ TABLES + 0x5000
PAE_PD1 equ TABLES + 0x6000
PAE_PT  equ TABLES + 0x7000
FRAME   equ 0x50000             ; frames for the pages, from here on
P       equ 1
W       equ 2
U       equ 4
AD      equ 0x60
PS      equ 0x80
G       equ 0x100

%define PAGE(n) (0x400000 + 0x1000 * (n))
%macro MAP 3                    ; page, frame number, flags; drops the TLB's entry
        mov dword [PT1 + 4 * (%1)], FRAME + 0x1000 * (%2) + (%3)
        invlpg [PAGE(%1)]
%endmacro
%macro BITS_OF 2                ; name, page: P to G of its PTE
        mov eax, [PT1 + 4 * (%2)]
        and eax, 0x1FF
        SHOW %1, eax
%endmacro
%macro BY_USER 1                ; name: the next line of code is tried at level 3; ends with INT 90h
        TRY %1, %%code
        USER %%code
%%code:
%endmacro
%macro USER_DONE 0
        int 0x90
        DONE
%endmacro
%macro CR0_OR 1
        mov eax, cr0
        or eax, %1
        mov cr0, eax
%endmacro
%macro CR0_AND 1
        mov eax, cr0
        and eax, %1
        mov cr0, eax
%endmacro
%macro CR4_OR 1
        mov eax, cr4
        or eax, %1
        mov cr4, eax
%endmacro
%macro CR4_AND 1
        mov eax, cr4
        and eax, %1
        mov cr4, eax
%endmacro
WP      equ 0x10000
PG      equ 0x80000000

main:   mov edi, TABLES
        xor eax, eax
        mov ecx, 0x8000 / 4
        rep stosd
        mov edi, PT0
        mov eax, P | W | U
.fill:  stosd
        add eax, 0x1000
        cmp eax, 0x400000
        jb .fill
        mov dword [PD], PT0 | P | W | U
        mov dword [PD + 4], PT1 | P | W | U
        mov eax, PD
        mov [main_cr3], eax
        mov cr3, eax
        CR0_OR PG
        mov dword [FRAME], 0xA0A0A0A0
        mov dword [FRAME + 0x1000], 0xB1B1B1B1
        mov dword [FRAME + 0x2000], 0xC3C3C3C3

; -- error codes -----------------------------------------------------------------------------------------------------------
; 3A 4.7 (P, W/R, U/S, RSVD), 6.15 (#PF: CR2, EIP of the instruction).
;= absent.read #PF(0) +0 8 RF cr2=400123
        TRY "absent.read"
        mov al, [PAGE(0) + 0x123]
        DONE
;= absent.write #PF(2) +0 8 RF cr2=400FFF
        TRY "absent.write"
        mov [PAGE(0) + 0xFFF], al
        DONE
;= absent.rmw #PF(2) +0 8 RF cr2=400000         | 4.7: what will be written is checked as a write
        TRY "absent.rmw"
        inc dword [PAGE(0)]
        DONE
;= absent.fetch #PF(0) +0 8 RF cr2=400010
        mov eax, PAGE(0) + 0x10
        TRY "absent.fetch", PAGE(0) + 0x10
        jmp eax
        DONE
;= absent.pde #PF(2) +0 8 RF cr2=C00000
        TRY "absent.pde"
        mov [0xC00000], al
        DONE
;= absent.user_read #PF(4) +0 1B RF cr2=400000
        BY_USER "absent.user_read"
        mov al, [PAGE(0)]
        USER_DONE
;= absent.user_write #PF(6) +0 1B RF cr2=400000
        BY_USER "absent.user_write"
        mov [PAGE(0)], al
        USER_DONE
;= super.user_read #PF(5) +0 1B RF cr2=401000   | 4.6: U clear in the PTE
        MAP 1, 0, P | W
        BY_USER "super.user_read"
        mov al, [PAGE(1)]
        USER_DONE
;= super.user_fetch #PF(5) +0 1B RF cr2=401000
        mov eax, PAGE(1)
        TRY "super.user_fetch", PAGE(1)
        USER .super_jump
.super_jump:
        jmp eax
        DONE
;= super.bits 3                                 | 4.8: a faulting access sets neither A nor D in the PTE
        BITS_OF "super.bits", 1
;= readonly.user_write #PF(7) +0 1B RF cr2=402000
        MAP 2, 0, P | U
        BY_USER "readonly.user_write"
        mov [PAGE(2)], al
        USER_DONE
;= readonly.user_read int 90 +7 1B -
        BY_USER "readonly.user_read"
        mov al, [PAGE(2)]
        USER_DONE
;= readonly.super ok                            | 4.6: without CR0.WP supervisors write everywhere
        TRY "readonly.super"
        mov byte [PAGE(2) + 8], 0
        DONE
        CR0_OR WP
;= readonly.wp #PF(3) +0 8 RF cr2=402008
        TRY "readonly.wp"
        mov byte [PAGE(2) + 8], 0
        DONE
;= readonly.wp_rmw #PF(3) +0 8 RF cr2=402008
        TRY "readonly.wp_rmw"
        add dword [PAGE(2) + 8], 1
        DONE
;= readonly.wp_cmpxchg #PF(3) +0 8 RF cr2=402000 | CMPXCHG (volume 2) always writes
        xor eax, eax
        TRY "readonly.wp_cmpxchg"
        cmpxchg [PAGE(2)], ecx
        DONE
;= readonly.wp_bt ok                            | BT reads, BTS writes
        TRY "readonly.wp_bt"
        bt dword [PAGE(2)], 3
        DONE
;= readonly.wp_bts #PF(3) +0 8 RF cr2=402000
        TRY "readonly.wp_bts"
        bts dword [PAGE(2)], 3
        DONE
        CR0_AND ~WP
;= pde.super #PF(5) +0 1B RF cr2=403000         | 4.6: both entries must allow it
        MAP 3, 0, P | W | U
        mov dword [PD + 4], PT1 | P | W
        mov eax, cr3
        mov cr3, eax
        BY_USER "pde.super"
        mov al, [PAGE(3)]
        USER_DONE
;= pde.readonly #PF(7) +0 1B RF cr2=403000
        mov dword [PD + 4], PT1 | P | U
        mov eax, cr3
        mov cr3, eax
        BY_USER "pde.readonly"
        mov [PAGE(3)], al
        USER_DONE
        mov dword [PD + 4], PT1 | P | W | U
        mov eax, cr3
        mov cr3, eax
;= system.ldt #PF(0) +4 1B RF cr2=430008        | 4.6.1: descriptor tables are read as a supervisor, also for level 3
        mov ax, 0x40
        lldt ax
        BY_USER "system.ldt"
        mov ax, 0x0F
        mov fs, ax
        USER_DONE
;= push.user #PF(6) +0 1B RF cr2=400FFC
        TRY "push.user", .push
        USER .push_start
.push_start:
        mov esp, PAGE(1)
.push:  push eax
        DONE

; -- crossing pages ---------------------------------------------------------------------------------------------------------
;= cross.read #PF(0) +0 8 RF cr2=405000         | CR2 is the first address that faults
        MAP 4, 0, P | W | U
        MAP 5, 0, 0
        TRY "cross.read"
        mov eax, [PAGE(4) + 0xFFE]
        DONE
;= cross.read_first #PF(0) +0 8 RF cr2=405FFE
        MAP 6, 0, P | W | U
        TRY "cross.read_first"
        mov eax, [PAGE(5) + 0xFFE]
        DONE
;= cross.write #PF(2) +0 8 RF cr2=405000
;= cross.write.untouched 5A5A                   | the part on the first page is not written
        mov word [PAGE(4) + 0xFFE], 0x5A5A
        TRY "cross.write"
        mov dword [PAGE(4) + 0xFFE], 0x12345678
        DONE
        movzx eax, word [PAGE(4) + 0xFFE]
        SHOW "cross.write.untouched", eax
;= cross.fetch #PF(0) +0 8 RF cr2=405000        | EIP is the instruction's, CR2 the second page
        mov byte [PAGE(4) + 0xFFF], 0xB0        ; MOV AL, ...
        mov eax, PAGE(4) + 0xFFF
        TRY "cross.fetch", PAGE(4) + 0xFFF
        jmp eax
        DONE
;= cross.next #PF(0) +0 8 RF cr2=405000         | an instruction that ends with its page does not touch the next
        mov byte [PAGE(4) + 0xFFF], 0x90
        mov eax, PAGE(4) + 0xFFF
        TRY "cross.next", PAGE(5)
        jmp eax
        DONE
;= cross.push #PF(6) +0 1B RF cr2=405FFE        | a push is checked as a whole
        TRY "cross.push", .cpush
        USER .cpush_start
.cpush_start:
        mov esp, PAGE(6) + 2
.cpush: push eax
        DONE
;= cross.rep #PF(2) +0 8 RF cr2=405000          | REP stops at the element that faults; ESI, EDI, ECX are those of it
;= cross.rep.left 3 405000
        mov edi, PAGE(4) + 0xFF8
        mov ecx, 5
        TRY "cross.rep"
        rep stosd
        DONE
        SHOW "cross.rep.left", ecx, edi
;= cross.movsd #PF(2) +0 8 RF cr2=405000        | nothing moves on a fault
;= cross.movsd.regs 404000 405000
        mov esi, PAGE(4)
        mov edi, PAGE(5)
        TRY "cross.movsd"
        movsd
        DONE
        SHOW "cross.movsd.regs", esi, edi

; -- accessed and dirty -----------------------------------------------------------------------------------------------------
; 4.8
        MAP 8, 0, P | W | U
        MAP 9, 0, P | W | U
        MAP 10, 2, P | W | U
        and dword [PD + 4], ~AD
        mov eax, cr3
        mov cr3, eax
;= ad.none 7
        BITS_OF "ad.none", 8
        mov al, [PAGE(8) + 0x20]
;= ad.read 27
        BITS_OF "ad.read", 8
        mov eax, [PD + 4]
        and eax, 0xFF
;= ad.pde 27                                    | D is ignored in an entry that leads to a page table
        SHOW "ad.pde", eax
        mov [PAGE(8) + 0x20], al
;= ad.read_write 67                             | a write through an entry that a read has filled sets D
        BITS_OF "ad.read_write", 8
        mov [PAGE(9) + 0x20], al
;= ad.write 67
        BITS_OF "ad.write", 9
        mov eax, PAGE(10)
        call eax
;= ad.fetch 27
        BITS_OF "ad.fetch", 10
        and dword [PT1 + 4 * 8], ~AD
        mov al, [PAGE(8) + 0x20]
;= ad.cached 7                                  | 4.10.2: the TLB answers, the table is not looked at
        BITS_OF "ad.cached", 8
        invlpg [PAGE(8)]
        mov al, [PAGE(8) + 0x20]
;= ad.invlpg 27
        BITS_OF "ad.invlpg", 8
        MAP 11, 0, P | W | U
        prefetchnta [PAGE(12)]
        lea eax, [PAGE(11)]
        verr ax
;= ad.lea 7
        BITS_OF "ad.lea", 11
        xor ecx, ecx
        mov edi, PAGE(11)
        rep stosd
;= ad.rep_0 7                                   | REP with a count of 0 accesses nothing
        BITS_OF "ad.rep_0", 11
        xor eax, eax
        mov edx, 1
        cmp edx, eax
        cmove eax, [PAGE(11)]
;= ad.cmov 27                                   | CMOVcc (volume 2) reads its operand whatever the condition
        BITS_OF "ad.cmov", 11

; -- TLBs -------------------------------------------------------------------------------------------------------------------
        MAP 16, 0, P | W | U
        mov eax, [PAGE(16)]
        mov dword [PT1 + 4 * 16], FRAME + 0x1000 + (P | W | U)
        mov eax, [PAGE(16)]
;= tlb.stale A0A0A0A0                           | 4.10.2.3: what is cached may be used until it is invalidated
        SHOW "tlb.stale", eax
        invlpg [PAGE(16) + 0x800]
        mov eax, [PAGE(16)]
;= tlb.invlpg B1B1B1B1                          | 4.10.4.1: any address of the page
        SHOW "tlb.invlpg", eax
        mov dword [PT1 + 4 * 16], FRAME + (P | W | U)
        mov eax, cr3
        mov cr3, eax
        mov eax, [PAGE(16)]
;= tlb.cr3 A0A0A0A0
        SHOW "tlb.cr3", eax
;= tlb.absent #PF(0) +0 8 RF cr2=411000
        TRY "tlb.absent"
        mov eax, [PAGE(17)]
        DONE
        mov dword [PT1 + 4 * 17], FRAME + (P | W | U)
        mov eax, [PAGE(17)]
;= tlb.present A0A0A0A0                         | 4.10.2.3: absent entries are never cached
        SHOW "tlb.present", eax
;= tlb.fault #PF(7) +0 1B RF cr2=412000
        MAP 18, 0, P | U
        BY_USER "tlb.fault"
        mov [PAGE(18)], eax
        USER_DONE
;= tlb.after_fault int 90 +7 1B -               | 4.10.4.1: the fault has dropped the entry: more rights need no INVLPG
        mov dword [PT1 + 4 * 18], FRAME + 0x3000 + (P | W | U)
        BY_USER "tlb.after_fault"
        mov [PAGE(18)], eax
        USER_DONE
        CR4_OR 0x80             ; PGE
        MAP 19, 0, P | W | U | G
        mov eax, [PAGE(19)]
        mov dword [PT1 + 4 * 19], FRAME + 0x1000 + (P | W | U | G)
        mov eax, cr3
        mov cr3, eax
        mov eax, [PAGE(19)]
;= global.cr3 A0A0A0A0                          | 4.10.2.4: a load of CR3 keeps global entries
        SHOW "global.cr3", eax
        invlpg [PAGE(19)]
        mov eax, [PAGE(19)]
;= global.invlpg B1B1B1B1                       | 4.10.4.1: INVLPG does not
        SHOW "global.invlpg", eax
        mov dword [PT1 + 4 * 19], FRAME + (P | W | U | G)
        CR4_AND ~0x80
        mov eax, [PAGE(19)]
;= global.pge A0A0A0A0                          | 4.10.4.1: nor does a change of CR4.PGE
        SHOW "global.pge", eax
        mov dword [PT1 + 4 * 19], FRAME + 0x1000 + (P | W | U | G)
        mov eax, cr3
        mov cr3, eax
        mov eax, [PAGE(19)]
;= global.off B1B1B1B1                          | 4.10.2.4: without CR4.PGE the bit means nothing
        SHOW "global.off", eax
;= invlpg.user #GP(0) +0 1B RF                  | INVLPG (volume 2)
        BY_USER "invlpg.user"
        invlpg [PAGE(1)]
        USER_DONE
;= invlpg.absent ok
        TRY "invlpg.absent"
        invlpg [0xFFFFF000]
        DONE
;= invlpg.register #UD +0 8 RF
        TRY "invlpg.register"
        db 0x0F, 0x01, 0xF8
        DONE

; -- 4 MiB pages --------------------------------------------------------------------------------------------------------------
        mov dword [PD + 8], PT2 | P | W | U | PS
        mov dword [PT2], FRAME + 0x1000 + (P | W | U)
        mov eax, [0x800000]
;= pse.off B1B1B1B1                             | 4.3: without CR4.PSE the PS bit is ignored
        SHOW "pse.off", eax
        CR4_OR 0x10
        mov dword [PD + 8], P | W | PS
        mov eax, cr3
        mov cr3, eax
        mov eax, [0x800000 + FRAME + 0x1000]
;= pse.read B1B1B1B1
        SHOW "pse.read", eax
        mov eax, [PD + 8]
;= pse.read.bits A3
        SHOW "pse.read.bits", eax
        mov byte [0x800000 + FRAME + 0x3000], 1
        mov eax, [PD + 8]
;= pse.write.bits E3                            | 4.8: D in the PDE of a 4 MiB page
        SHOW "pse.write.bits", eax
;= pse.user #PF(5) +0 1B RF cr2=800000
        BY_USER "pse.user"
        mov al, [0x800000]
        USER_DONE
;= pse.reserved #PF(9) +0 8 RF cr2=800000       | 4.3, 4.7: bit 21 is reserved
        mov dword [PD + 8], P | W | PS | 0x200000
        mov eax, cr3
        mov cr3, eax
        TRY "pse.reserved"
        mov al, [0x800000]
        DONE
;= pse.reserved_user #PF(F) +0 1B RF cr2=800000 | the other bits say what the access was
        BY_USER "pse.reserved_user"
        mov [0x800000], al
        USER_DONE
        mov dword [PD + 8], 0

; -- PAE ------------------------------------------------------------------------------------------------------------------------
        CR0_AND ~PG
        mov dword [PAE_PDPT], PAE_PD0 | P
        mov dword [PAE_PDPT + 8], PAE_PD1 | P
        mov dword [PAE_PD0], P | W | U | PS
        mov dword [PAE_PD0 + 8], 0x200000 | P | W | U | PS
        mov dword [PAE_PD0 + 16], PAE_PT | P | W | U
        mov dword [PAE_PD1], PAE_PT | P | W | U
        mov dword [PAE_PT], FRAME + (P | W | U)
        mov dword [PAE_PT + 8], FRAME + 0x1000 + (P | W | U)
        CR4_OR 0x20
        mov eax, PAE_PDPT
        mov [main_cr3], eax
        mov cr3, eax
        CR0_OR PG
        mov eax, [0x401000]
        mov ebx, [0x40001000]
;= pae.read B1B1B1B1 B1B1B1B1                   | 4.4
        SHOW "pae.read", eax, ebx
        mov eax, [PAE_PT + 8]
        and eax, 0xFFF
;= pae.bits 27
        SHOW "pae.bits", eax
;= pae.absent #PF(2) +0 8 RF cr2=402000
        TRY "pae.absent"
        mov [0x402000], al
        DONE
;= pae.no_pdpte #PF(0) +0 8 RF cr2=80000000
        TRY "pae.no_pdpte"
        mov al, [0x80000000]
        DONE
;= pae.nx #PF(9) +0 8 RF cr2=403000             | 4.4.2: bit 63 is reserved where there is no execute-disable
        mov dword [PAE_PT + 24], FRAME + (P | W | U)
        mov dword [PAE_PT + 28], 0x80000000
        TRY "pae.nx"
        mov al, [0x403000]
        DONE
;= pae.maxphyaddr #PF(9) +0 8 RF cr2=403000     | 4.4.2: bits from 36 on are reserved
        mov dword [PAE_PT + 28], 0x10
        TRY "pae.maxphyaddr"
        mov al, [0x403000]
        DONE
;= pae.large_reserved #PF(9) +0 8 RF cr2=600000 | 4.4.2: bits 20 to 13 of a 2 MiB page
        mov dword [PAE_PD0 + 24], P | W | PS | 0x2000
        TRY "pae.large_reserved"
        mov al, [0x600000]
        DONE
        mov dword [PAE_PDPT + 8], 0
        mov dword [main_cr3], 0         ; keep the common handler from loading them
        invlpg [0x40000000]
;= pae.pdpte_kept ok                            | 4.4.1: PDPTEs are registers that MOV to CR3 loads
        TRY "pae.pdpte_kept"
        mov eax, [0x40000000]
        DONE
        mov eax, cr3
        mov cr3, eax
;= pae.pdpte_loaded #PF(0) +0 8 RF cr2=40000000
        TRY "pae.pdpte_loaded"
        mov eax, [0x40000000]
        DONE
;= pae.pdpte_reserved #GP(0) +0 8 RF            | 4.4.1: a reserved bit in a present PDPTE: #GP(0) at MOV to CR3, nothing changes
        mov dword [PAE_PDPT + 8], PAE_PD1 | P | W
        mov eax, cr3
        TRY "pae.pdpte_reserved"
        mov cr3, eax
        DONE
        mov dword [PAE_PDPT + 8], 0
        CR0_AND ~PG
        CR4_AND ~0x20
;= pg.no_pe #GP(0) +0 8 RF                      | MOV CR0 (volume 2): PG needs PE
        mov eax, cr0
        or eax, PG
        and al, ~1
        TRY "pg.no_pe"
        mov cr0, eax
        DONE
        FINISH
%include "frame_end.inc"
