; Control registers and model-specific registers: reserved bits, fixed bits, what is privileged.
%include "frame.inc"
PROGRAM

%macro READ 2                   ; name, MSR
        mov ecx, %2
        rdmsr
        SHOW %1, edx, eax
%endmacro
%macro WRITE 4                  ; name, MSR, high, low: tried
        TRY %1, %%write
        mov ecx, %2
        mov edx, %3
        mov eax, %4
%%write:
        wrmsr
        DONE
%endmacro

main:
; -- CR0, CR4 ------------------------------------------------------------------------------------------------------------------
;= cr0.nw #GP(0) +0 8 RF                        | MOV CR (volume 2): NW without CD
        mov eax, cr0
        and eax, ~0x40000000
        or eax, 0x20000000
        TRY "cr0.nw"
        mov cr0, eax
        DONE
        mov eax, cr0
        and al, ~0x10
        or eax, 0x40
        mov cr0, eax
        mov eax, cr0
        and eax, 0x50
;= cr0.fixed 10                                 | 3A 2.5: ET is always 1; writes to reserved bits are ignored
        SHOW "cr0.fixed", eax
        smsw eax
        mov ebx, cr0
        xor eax, ebx
;= smsw 0                                       | SMSW (volume 2): the whole of CR0 into a 32-bit register
        SHOW "smsw", eax
        mov eax, cr0
        and al, ~1
        lmsw ax
        mov eax, cr0
        and eax, 1
;= lmsw 1                                       | LMSW (volume 2) cannot clear PE
        SHOW "lmsw", eax
        mov eax, 0x12345678
        mov cr2, eax
        mov ebx, cr2
;= cr2 12345678
        SHOW "cr2", ebx
;= tsd #GP(0) +0 1B RF                          | RDTSC (volume 2): CR4.TSD keeps level 3 from it
        mov eax, cr4
        or al, 4
        mov cr4, eax
        TRY "tsd", .tsd
        USER .tsd
.tsd:   rdtsc
        DONE
;= tsd.level0 ok
        TRY "tsd.level0"
        rdtsc
        DONE
        mov eax, cr4
        and al, ~4
        mov cr4, eax
;= rdtsc int 90 +4 1B -
        TRY "rdtsc", .rdtsc
        USER .rdtsc
.rdtsc: rdtsc
        int 0x90
        DONE
;= rdpmc #GP(0) +0 1B RF                        | RDPMC (volume 2): level 3 needs CR4.PCE
        TRY "rdpmc", .rdpmc
        USER .rdpmc
.rdpmc: rdpmc
        DONE
        rdtsc
        mov esi, eax
        mov edi, edx
        rdtsc
        sub eax, esi
        sbb edx, edi
        sbb eax, eax
;= rdtsc.grows 0
        SHOW "rdtsc.grows", eax

; -- MSRs ----------------------------------------------------------------------------------------------------------------------
;= msr.user #GP(0) +0 1B RF
        mov ecx, 0x10
        TRY "msr.user", .msr_user
        USER .msr_user
.msr_user:
        rdmsr
        DONE
;= pat.reset 70406 70406                        | 3A 11.12.4 (table 11-12)
        READ "pat.reset", 0x277
;= pat.type2 #GP(0) +0 8 RF                     | 11.12.2: types 2 and 3 are reserved
        WRITE "pat.type2", 0x277, 0x00070406, 0x00070402
;= pat.type8 #GP(0) +0 8 RF                     | bits 3 to 7 of each byte are reserved
        WRITE "pat.type8", 0x277, 0x08070406, 0x00070406
;= pat.types ok
        WRITE "pat.types", 0x277, 0x07060504, 0x01000106
;= pat.kept 7060504 1000106
        READ "pat.kept", 0x277
;= mtrrcap.write #GP(0) +0 8 RF                 | 11.11.1: read-only
        WRITE "mtrrcap.write", 0xFE, 0, 0x508
        READ "mtrr.default", 0x2FF
;= mtrr.default 0 0                             | 11.11.2.1: disabled after reset
;= mtrr.default_type #GP(0) +0 8 RF             | type 2 is reserved
        WRITE "mtrr.default_type", 0x2FF, 0, 2
;= mtrr.default_bits #GP(0) +0 8 RF             | bit 8 is reserved
        WRITE "mtrr.default_bits", 0x2FF, 0, 0x100
;= mtrr.default_write ok
        WRITE "mtrr.default_write", 0x2FF, 0, 0xC06
;= mtrr.base_type #GP(0) +0 8 RF                | 11.11.2.3
        WRITE "mtrr.base_type", 0x200, 0, 0x100003
;= mtrr.base_high #GP(0) +0 8 RF                | beyond the physical address width
        WRITE "mtrr.base_high", 0x200, 0x10000, 6
;= mtrr.mask_low #GP(0) +0 8 RF                 | bits 0 to 10 of a mask
        WRITE "mtrr.mask_low", 0x201, 0xF, 0xFFF00801
;= mtrr.base ok
        WRITE "mtrr.base", 0x202, 0xF, 0x00100006
;= mtrr.base_kept F 100006
        READ "mtrr.base_kept", 0x202
;= mtrr.fixed_type #GP(0) +0 8 RF               | 11.11.2.2
        WRITE "mtrr.fixed_type", 0x250, 0x06060606, 0x06060206
;= mtrr.fixed ok
        WRITE "mtrr.fixed", 0x26F, 0x05050505, 0x06040100
;= mtrr.fixed_kept 5050505 6040100
        READ "mtrr.fixed_kept", 0x26F
;= sysenter.esp ok
        WRITE "sysenter.esp", 0x175, 0, 0xCAFEBABE
;= sysenter.kept 0 CAFEBABE
        READ "sysenter.kept", 0x175
;= apic.base 0 FEE00900                         | 3A 10.4.4: enabled, of the bootstrap processor
        READ "apic.base", 0x1B
;= apic.reserved #GP(0) +0 8 RF                 | WRMSR (volume 2): reserved bits
        WRITE "apic.reserved", 0x1B, 0, 0xFEE00D00
;= apic.off ok
        WRITE "apic.off", 0x1B, 0, 0xFEE00100
        mov eax, 1
        cpuid
        and edx, 0x200
;= apic.cpuid 0                                 | 10.4.3: and CPUID says so
        SHOW "apic.cpuid", edx
        WRITE "tsc.write", 0x10, 0, 0
;= tsc.write ok
        rdtsc
        shr eax, 30
;= tsc.written 0 0
        SHOW "tsc.written", edx, eax
;= msr.unknown #GP(0) +0 8 RF                   | RDMSR (volume 2)
        mov ecx, 0x12345
        TRY "msr.unknown"
        rdmsr
        DONE
        mov ecx, 0x12345
;= msr.unknown_write #GP(0) +0 8 RF
        TRY "msr.unknown_write"
        wrmsr
        DONE
;= cr4.reserved #GP(0) +0 8 RF                  | MOV CR (volume 2)
        mov eax, cr4
        or eax, 0x80000000
        TRY "cr4.reserved"
        mov cr4, eax
        DONE
        FINISH
%include "frame_end.inc"
