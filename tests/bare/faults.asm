; Exceptions in protected mode, from levels 0 and 3: vector, error code, EIP, CS, EFLAGS.
%include "frame.inc"
PROGRAM
main:
;= divide.0 #DE +0 8 RF                         | 3A 6.15 (#DE is a fault, no error code), 3B 17.3.1.1 (faults push RF set)
        xor ecx, ecx
        TRY "divide.0"
        div ecx
        DONE
;= int3 #BP +1 8 -                              | 3A 6.15 (#BP is a trap), 3B 17.3.1.1 (RF of INT3 is as it was)
        TRY "int3"
        int3
        DONE
        FINISH
%include "frame_end.inc"
