"""The opcode maps: every integer and system instruction of the processor, one line an encoding (notation: docs/cpu.md).

Intel SDM volume 2, appendix A; what it leaves out (D6, 82, F1, the /1 and /6 aliases, the hint NOPs) as a P6 has it.
Besides the attributes in docs/cpu.md there are ``pm`` (#UD in real and virtual-8086 mode), ``mod3`` (mod is taken as 3
whatever it says) and ``reg=N`` (Rec.reg is N).  ``91..97`` is a run of opcodes; its low three bits are the Z operand.
"""

ONE_BYTE = """
00 /r      ADD Eb,Gb                  lock
01 /r      ADD Ev,Gv                  lock
02 /r      ADD Gb,Eb
03 /r      ADD Gv,Ev
04         ADD AL,Ib
05         ADD eAX,Iz
06         PUSH:PUSH_sreg             raw reg=0
07         POP:POP_sreg               raw ends reg=0
08 /r      OR Eb,Gb                   lock undef=AF
09 /r      OR Ev,Gv                   lock undef=AF
0A /r      OR Gb,Eb                   undef=AF
0B /r      OR Gv,Ev                   undef=AF
0C         OR AL,Ib                   undef=AF
0D         OR eAX,Iz                  undef=AF
0E         PUSH:PUSH_sreg             raw reg=1
10 /r      ADC Eb,Gb                  lock
11 /r      ADC Ev,Gv                  lock
12 /r      ADC Gb,Eb
13 /r      ADC Gv,Ev
14         ADC AL,Ib
15         ADC eAX,Iz
16         PUSH:PUSH_sreg             raw reg=2
17         POP:POP_sreg               raw ends reg=2
18 /r      SBB Eb,Gb                  lock
19 /r      SBB Ev,Gv                  lock
1A /r      SBB Gb,Eb
1B /r      SBB Gv,Ev
1C         SBB AL,Ib
1D         SBB eAX,Iz
1E         PUSH:PUSH_sreg             raw reg=3
1F         POP:POP_sreg               raw ends reg=3
20 /r      AND Eb,Gb                  lock undef=AF
21 /r      AND Ev,Gv                  lock undef=AF
22 /r      AND Gb,Eb                  undef=AF
23 /r      AND Gv,Ev                  undef=AF
24         AND AL,Ib                  undef=AF
25         AND eAX,Iz                 undef=AF
27         DAA                        undef=OF
28 /r      SUB Eb,Gb                  lock
29 /r      SUB Ev,Gv                  lock
2A /r      SUB Gb,Eb
2B /r      SUB Gv,Ev
2C         SUB AL,Ib
2D         SUB eAX,Iz
2F         DAS                        undef=OF
30 /r      XOR Eb,Gb                  lock undef=AF
31 /r      XOR Ev,Gv                  lock undef=AF
32 /r      XOR Gb,Eb                  undef=AF
33 /r      XOR Gv,Ev                  undef=AF
34         XOR AL,Ib                  undef=AF
35         XOR eAX,Iz                 undef=AF
37         AAA                        undef=OF,SF,ZF,PF
38 /r      CMP Eb,Gb
39 /r      CMP Ev,Gv
3A /r      CMP Gb,Eb
3B /r      CMP Gv,Ev
3C         CMP AL,Ib
3D         CMP eAX,Iz
3F         AAS                        undef=OF,SF,ZF,PF
40+r       INC Zv
48+r       DEC Zv
50+r       PUSH Zv
58+r       POP Zv
60         PUSHA                      raw
61         POPA                       raw
62 /r m    BOUND Gv,Ma                raw
63 /r      ARPL Ew,Gw                 raw pm
68         PUSH Iz
69 /r      IMUL:IMUL2 Gv,Ev,Iz        undef=SF,ZF,AF,PF
6A         PUSH Ibs
6B /r      IMUL:IMUL2 Gv,Ev,Ibs       undef=SF,ZF,AF,PF
6C         INS Yb,DX                  raw ends rep
6D         INS Yv,DX                  raw ends rep
6E         OUTS DX,Xb                 raw ends rep
6F         OUTS DX,Xv                 raw ends rep
70+cc      Jcc Jb                     branch
80 /0      ADD Eb,Ib                  lock
80 /1      OR Eb,Ib                   lock undef=AF
80 /2      ADC Eb,Ib                  lock
80 /3      SBB Eb,Ib                  lock
80 /4      AND Eb,Ib                  lock undef=AF
80 /5      SUB Eb,Ib                  lock
80 /6      XOR Eb,Ib                  lock undef=AF
80 /7      CMP Eb,Ib
81 /0      ADD Ev,Iz                  lock
81 /1      OR Ev,Iz                   lock undef=AF
81 /2      ADC Ev,Iz                  lock
81 /3      SBB Ev,Iz                  lock
81 /4      AND Ev,Iz                  lock undef=AF
81 /5      SUB Ev,Iz                  lock
81 /6      XOR Ev,Iz                  lock undef=AF
81 /7      CMP Ev,Iz
82 /0      ADD Eb,Ib                  lock
82 /1      OR Eb,Ib                   lock undef=AF
82 /2      ADC Eb,Ib                  lock
82 /3      SBB Eb,Ib                  lock
82 /4      AND Eb,Ib                  lock undef=AF
82 /5      SUB Eb,Ib                  lock
82 /6      XOR Eb,Ib                  lock undef=AF
82 /7      CMP Eb,Ib
83 /0      ADD Ev,Ibs                 lock
83 /1      OR Ev,Ibs                  lock undef=AF
83 /2      ADC Ev,Ibs                 lock
83 /3      SBB Ev,Ibs                 lock
83 /4      AND Ev,Ibs                 lock undef=AF
83 /5      SUB Ev,Ibs                 lock
83 /6      XOR Ev,Ibs                 lock undef=AF
83 /7      CMP Ev,Ibs
84 /r      TEST Eb,Gb                 undef=AF
85 /r      TEST Ev,Gv                 undef=AF
86 /r      XCHG Eb,Gb                 lock
87 /r      XCHG Ev,Gv                 lock
88 /r      MOV Eb,Gb
89 /r      MOV Ev,Gv
8A /r      MOV Gb,Eb
8B /r      MOV Gv,Ev
8C /r r    MOV:MOV_reg_sreg Rv,Sw     raw
8C /r m    MOV:MOV_mem_sreg Mw,Sw     raw
8D /r m    LEA Gv,M
8E /r      MOV:MOV_to_sreg Sw,Ew      raw ends
8F /0 r    POP Rv
8F /0 m    POP:POP_mem Mv             raw
90         NOP
F3 90      PAUSE:NOP
91..97     XCHG Zv,eAX
98         CBW                        o16
98         CWDE                       o32
99         CWD                        o16
99         CDQ                        o32
9A         CALLF:CALLF_ptr Ap         raw ends
9B         FWAIT                      raw ends
9C         PUSHF                      raw
9D         POPF                       raw ends
9E         SAHF
9F         LAHF
A0         MOV AL,Ob
A1         MOV eAX,Ov
A2         MOV Ob,AL
A3         MOV Ov,eAX
A4         MOVS Yb,Xb                 raw
A5         MOVS Yv,Xv                 raw
A6         CMPS Xb,Yb                 raw
A7         CMPS Xv,Yv                 raw
F2 A4      MOVS:MOVS_rep Yb,Xb        raw ends
F3 A4      MOVS:MOVS_rep Yb,Xb        raw ends
F2 A5      MOVS:MOVS_rep Yv,Xv        raw ends
F3 A5      MOVS:MOVS_rep Yv,Xv        raw ends
F2 A6      CMPS:CMPS_repne Xb,Yb      raw ends
F3 A6      CMPS:CMPS_repe Xb,Yb       raw ends
F2 A7      CMPS:CMPS_repne Xv,Yv      raw ends
F3 A7      CMPS:CMPS_repe Xv,Yv       raw ends
A8         TEST AL,Ib                 undef=AF
A9         TEST eAX,Iz                undef=AF
AA         STOS Yb,AL                 raw
AB         STOS Yv,eAX                raw
AC         LODS AL,Xb                 raw
AD         LODS eAX,Xv                raw
AE         SCAS AL,Yb                 raw
AF         SCAS eAX,Yv                raw
F2 AA      STOS:STOS_rep Yb,AL        raw ends
F3 AA      STOS:STOS_rep Yb,AL        raw ends
F2 AB      STOS:STOS_rep Yv,eAX       raw ends
F3 AB      STOS:STOS_rep Yv,eAX       raw ends
F2 AC      LODS:LODS_rep AL,Xb        raw ends
F3 AC      LODS:LODS_rep AL,Xb        raw ends
F2 AD      LODS:LODS_rep eAX,Xv       raw ends
F3 AD      LODS:LODS_rep eAX,Xv       raw ends
F2 AE      SCAS:SCAS_repne AL,Yb      raw ends
F3 AE      SCAS:SCAS_repe AL,Yb       raw ends
F2 AF      SCAS:SCAS_repne eAX,Yv     raw ends
F3 AF      SCAS:SCAS_repe eAX,Yv      raw ends
B0+r       MOV Zb,Ib
B8+r       MOV Zv,Iv
C0 /0      ROL Eb,Ib                  undef=OF
C0 /1      ROR Eb,Ib                  undef=OF
C0 /2      RCL Eb,Ib                  undef=OF
C0 /3      RCR Eb,Ib                  undef=OF
C0 /4      SHL Eb,Ib                  undef=AF,OF,CF
C0 /5      SHR Eb,Ib                  undef=AF,OF,CF
C0 /6      SAL:SHL Eb,Ib              undef=AF,OF,CF
C0 /7      SAR Eb,Ib                  undef=AF,OF
C1 /0      ROL Ev,Ib                  undef=OF
C1 /1      ROR Ev,Ib                  undef=OF
C1 /2      RCL Ev,Ib                  undef=OF
C1 /3      RCR Ev,Ib                  undef=OF
C1 /4      SHL Ev,Ib                  undef=AF,OF,CF
C1 /5      SHR Ev,Ib                  undef=AF,OF,CF
C1 /6      SAL:SHL Ev,Ib              undef=AF,OF,CF
C1 /7      SAR Ev,Ib                  undef=AF,OF
C2         RET:RET_imm Iw             branch
C3         RET                        branch
C4 /r m    LES Gv,Mp                  raw ends
C5 /r m    LDS Gv,Mp                  raw ends
C6 /0      MOV Eb,Ib
C7 /0      MOV Ev,Iz
C8         ENTER Iw,Ib                raw
C9         LEAVE                      raw
CA         RETF:RETF_imm Iw           raw ends
CB         RETF                       raw ends
CC         INT3                       raw ends
CD         INT:INT_n Ib               raw ends
CE         INTO                       raw ends
CF         IRET                       raw ends
D0 /0      ROL Eb,1
D0 /1      ROR Eb,1
D0 /2      RCL Eb,1
D0 /3      RCR Eb,1
D0 /4      SHL Eb,1                   undef=AF
D0 /5      SHR Eb,1                   undef=AF
D0 /6      SAL:SHL Eb,1               undef=AF
D0 /7      SAR Eb,1                   undef=AF
D1 /0      ROL Ev,1
D1 /1      ROR Ev,1
D1 /2      RCL Ev,1
D1 /3      RCR Ev,1
D1 /4      SHL Ev,1                   undef=AF
D1 /5      SHR Ev,1                   undef=AF
D1 /6      SAL:SHL Ev,1               undef=AF
D1 /7      SAR Ev,1                   undef=AF
D2 /0      ROL Eb,CL                  undef=OF
D2 /1      ROR Eb,CL                  undef=OF
D2 /2      RCL Eb,CL                  undef=OF
D2 /3      RCR Eb,CL                  undef=OF
D2 /4      SHL Eb,CL                  undef=AF,OF,CF
D2 /5      SHR Eb,CL                  undef=AF,OF,CF
D2 /6      SAL:SHL Eb,CL              undef=AF,OF,CF
D2 /7      SAR Eb,CL                  undef=AF,OF
D3 /0      ROL Ev,CL                  undef=OF
D3 /1      ROR Ev,CL                  undef=OF
D3 /2      RCL Ev,CL                  undef=OF
D3 /3      RCR Ev,CL                  undef=OF
D3 /4      SHL Ev,CL                  undef=AF,OF,CF
D3 /5      SHR Ev,CL                  undef=AF,OF,CF
D3 /6      SAL:SHL Ev,CL              undef=AF,OF,CF
D3 /7      SAR Ev,CL                  undef=AF,OF
D4         AAM Ib                     undef=OF,AF,CF
D5         AAD Ib                     undef=OF,AF,CF
D6         SALC AL
D7         XLAT                       raw
E0         LOOPNE Jb                  branch
E1         LOOPE Jb                   branch
E2         LOOP Jb                    branch
E3         JCXZ Jb                    branch
E4         IN:IN_imm AL,Ib            raw ends
E5         IN:IN_imm eAX,Ib           raw ends
E6         OUT:OUT_imm Ib,AL          raw ends
E7         OUT:OUT_imm Ib,eAX         raw ends
E8         CALL:CALL_rel Jz           branch
E9         JMP Jz                     branch
EA         JMPF:JMPF_ptr Ap           raw ends
EB         JMP Jb                     branch
EC         IN:IN_dx AL,DX             raw ends
ED         IN:IN_dx eAX,DX            raw ends
EE         OUT:OUT_dx DX,AL           raw ends
EF         OUT:OUT_dx DX,eAX          raw ends
F1         INT1                       raw ends
F4         HLT                        raw ends cpl0
F5         CMC
F6 /0      TEST Eb,Ib                 undef=AF
F6 /1      TEST Eb,Ib                 undef=AF
F6 /2      NOT Eb                     lock
F6 /3      NEG Eb                     lock
F6 /4      MUL Eb                     undef=SF,ZF,AF,PF
F6 /5      IMUL Eb                    undef=SF,ZF,AF,PF
F6 /6      DIV Eb                     undef=CF,PF,AF,ZF,SF,OF
F6 /7      IDIV Eb                    undef=CF,PF,AF,ZF,SF,OF
F7 /0      TEST Ev,Iz                 undef=AF
F7 /1      TEST Ev,Iz                 undef=AF
F7 /2      NOT Ev                     lock
F7 /3      NEG Ev                     lock
F7 /4      MUL Ev                     undef=SF,ZF,AF,PF
F7 /5      IMUL Ev                    undef=SF,ZF,AF,PF
F7 /6      DIV Ev                     undef=CF,PF,AF,ZF,SF,OF
F7 /7      IDIV Ev                    undef=CF,PF,AF,ZF,SF,OF
F8         CLC
F9         STC
FA         CLI                        raw ends
FB         STI                        raw ends
FC         CLD
FD         STD
FE /0      INC Eb                     lock
FE /1      DEC Eb                     lock
FF /0      INC Ev                     lock
FF /1      DEC Ev                     lock
FF /2      CALL:CALL_ind Ev           branch
FF /3 m    CALLF:CALLF_mem Mp         raw ends
FF /4      JMP:JMP_ind Ev             branch
FF /5 m    JMPF:JMPF_mem Mp           raw ends
FF /6      PUSH Ev
"""

TWO_BYTE = """
0F 00 /0     SLDT Ev                  raw pm
0F 00 /1     STR Ev                   raw pm
0F 00 /2     LLDT Ew                  raw ends pm cpl0
0F 00 /3     LTR Ew                   raw ends pm cpl0
0F 00 /4     VERR Ew                  raw pm
0F 00 /5     VERW Ew                  raw pm
0F 01 /0 m   SGDT Ms                  raw
0F 01 /1 m   SIDT Ms                  raw
0F 01 /2 m   LGDT Ms                  raw ends cpl0
0F 01 /3 m   LIDT Ms                  raw ends cpl0
0F 01 /4     SMSW Ev                  raw
0F 01 /6     LMSW Ew                  raw ends cpl0
0F 01 /7 m   INVLPG Mb                raw ends cpl0
0F 02 /r     LAR Gv,Ew                raw pm
0F 03 /r     LSL Gv,Ew                raw pm
0F 06        CLTS                     raw ends cpl0
0F 08        INVD                     raw ends cpl0
0F 09        WBINVD                   raw ends cpl0
0F 0B        UD2                      raw
0F 18 /0 m   PREFETCHNTA:NOP M        cpu=p6
0F 18 /1 m   PREFETCHT0:NOP M         cpu=p6
0F 18 /2 m   PREFETCHT1:NOP M         cpu=p6
0F 18 /3 m   PREFETCHT2:NOP M         cpu=p6
0F 18 /4 m   NOP M                    cpu=p6
0F 18 /5 m   NOP M                    cpu=p6
0F 18 /6 m   NOP M                    cpu=p6
0F 18 /7 m   NOP M                    cpu=p6
0F 18 /r r   NOP Rv                   cpu=p6
0F 19..1F /r NOP Ev                   cpu=p6
0F 20 /r     MOV:MOV_from_cr Rd,Cd    raw ends cpl0 mod3
0F 21 /r     MOV:MOV_from_dr Rd,Dd    raw ends cpl0 mod3
0F 22 /r     MOV:MOV_to_cr Cd,Rd      raw ends cpl0 mod3
0F 23 /r     MOV:MOV_to_dr Dd,Rd      raw ends cpl0 mod3
0F 24 /r     MOV:MOV_from_tr Rd,Td    raw ends cpl0 mod3 cpu=tr
0F 26 /r     MOV:MOV_to_tr Td,Rd      raw ends cpl0 mod3 cpu=tr
0F 30        WRMSR                    raw ends cpl0 cpu=msr
0F 31        RDTSC                    raw ends cpu=tsc
0F 32        RDMSR                    raw ends cpl0 cpu=msr
0F 33        RDPMC                    raw ends cpu=mmx
0F 34        SYSENTER                 raw ends cpu=sep
0F 35        SYSEXIT                  raw ends cpl0 cpu=sep
0F 40+cc /r  CMOVcc Gv,Ev             cpu=cmov
0F 80+cc     Jcc Jz                   branch
0F 90+cc /r  SETcc Eb
0F A0        PUSH:PUSH_sreg           raw reg=4
0F A1        POP:POP_sreg             raw ends reg=4
0F A2        CPUID                    raw ends
0F A3 /r r   BT Rv,Gv                 undef=OF,SF,AF,PF
0F A3 /r m   BT:BT_mem Mv,Gv          raw undef=OF,SF,AF,PF
0F A4 /r     SHLD Ev,Gv,Ib            undef=CF,PF,AF,ZF,SF,OF
0F A5 /r     SHLD Ev,Gv,CL            undef=CF,PF,AF,ZF,SF,OF
0F A8        PUSH:PUSH_sreg           raw reg=5
0F A9        POP:POP_sreg             raw ends reg=5
0F AB /r r   BTS Rv,Gv                undef=OF,SF,AF,PF
0F AB /r m   BTS:BTS_mem Mv,Gv        raw lock undef=OF,SF,AF,PF
0F AC /r     SHRD Ev,Gv,Ib            undef=CF,PF,AF,ZF,SF,OF
0F AD /r     SHRD Ev,Gv,CL            undef=CF,PF,AF,ZF,SF,OF
0F AE /0 m   FXSAVE M                 raw ends np cpu=fxsr
0F AE /1 m   FXRSTOR M                raw ends np cpu=fxsr
0F AE /5 r   LFENCE:NOP               np cpu=sse2
0F AE /6 r   MFENCE:NOP               np cpu=sse2
0F AE /7 r   SFENCE:NOP               np cpu=sse
0F AE /7 m   CLFLUSH Mb               raw np cpu=clfsh
0F AF /r     IMUL:IMUL2 Gv,Ev         undef=SF,ZF,AF,PF
0F B0 /r     CMPXCHG Eb,Gb            lock
0F B1 /r     CMPXCHG Ev,Gv            lock
0F B2 /r m   LSS Gv,Mp                raw ends
0F B3 /r r   BTR Rv,Gv                undef=OF,SF,AF,PF
0F B3 /r m   BTR:BTR_mem Mv,Gv        raw lock undef=OF,SF,AF,PF
0F B4 /r m   LFS Gv,Mp                raw ends
0F B5 /r m   LGS Gv,Mp                raw ends
0F B6 /r     MOVZX Gv,Eb
0F B7 /r     MOVZX:MOVZXW Gv,Ew
0F B9 /r     UD1 Gv,Ev                raw
0F BA /4     BT Ev,Ib                 undef=OF,SF,AF,PF
0F BA /5     BTS Ev,Ib                lock undef=OF,SF,AF,PF
0F BA /6     BTR Ev,Ib                lock undef=OF,SF,AF,PF
0F BA /7     BTC Ev,Ib                lock undef=OF,SF,AF,PF
0F BB /r r   BTC Rv,Gv                undef=OF,SF,AF,PF
0F BB /r m   BTC:BTC_mem Mv,Gv        raw lock undef=OF,SF,AF,PF
0F BC /r     BSF Gv,Ev                undef=CF,OF,SF,AF,PF
0F BD /r     BSR Gv,Ev                undef=CF,OF,SF,AF,PF
0F BE /r     MOVSX Gv,Eb
0F BF /r     MOVSX:MOVSXW Gv,Ew
0F C0 /r     XADD Eb,Gb               lock
0F C1 /r     XADD Ev,Gv               lock
0F C3 /r m   MOVNTI:MOV Ed,Gd         np cpu=sse2
0F C7 /1 m   CMPXCHG8B Mq             raw lock cpu=cx8
0F C8+r      BSWAP Zv
0F FF        UD0                      raw
"""
