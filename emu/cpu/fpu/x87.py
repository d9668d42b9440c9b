"""The x87 instructions: their encodings (notation: docs/cpu.md), and the functions under their names.

A function gets the value of an E operand, the number i of an ST(i) operand, or, if ``raw``, the decoded record.
``fpu`` stands for what all non-control x87 instructions do: first `fpu_wait`, last the pointers to instruction and operand.
Intel SDM volume 2, appendix B.17; the aliases that the manual leaves out (FCOM2 ...) act like their originals.
"""
from emu.cpu.fpu.arith import (  # noqa: F401
    FADDP, FADD_m32, FADD_m64, FADD_st0_sti, FADD_sti_st0, FDIVP, FDIVRP, FDIVR_m32, FDIVR_m64, FDIVR_st0_sti,
    FDIVR_sti_st0, FDIV_m32, FDIV_m64, FDIV_st0_sti, FDIV_sti_st0, FIADD_m16, FIADD_m32, FIDIVR_m16, FIDIVR_m32,
    FIDIV_m16, FIDIV_m32, FIMUL_m16, FIMUL_m32, FISUBR_m16, FISUBR_m32, FISUB_m16, FISUB_m32, FMULP, FMUL_m32,
    FMUL_m64, FMUL_st0_sti, FMUL_sti_st0, FSUBP, FSUBRP, FSUBR_m32, FSUBR_m64, FSUBR_st0_sti, FSUBR_sti_st0,
    FSUB_m32, FSUB_m64, FSUB_st0_sti, FSUB_sti_st0)
from emu.cpu.fpu.compare import (  # noqa: F401
    FCOMI, FCOMIP, FCOMPP, FCOMP_m32, FCOMP_m64, FCOMP_sti, FCOM_m32, FCOM_m64, FCOM_sti, FICOMP_m16, FICOMP_m32,
    FICOM_m16, FICOM_m32, FTST, FUCOMI, FUCOMIP, FUCOMPP, FUCOMP_sti, FUCOM_sti)
from emu.cpu.fpu.control import (  # noqa: F401
    FDECSTP, FFREE, FFREEP, FINCSTP, FLDCW, FLDENV, FNCLEX, FNINIT, FNOP, FNOP_nowait, FNSAVE, FNSTCW, FNSTENV,
    FNSTSW_AX, FNSTSW_m16, FRSTOR)
from emu.cpu.fpu.moves import (  # noqa: F401
    FABS, FBLD, FCHS, FCMOVB, FCMOVBE, FCMOVE, FCMOVNB, FCMOVNBE, FCMOVNE, FCMOVNU, FCMOVU, FILD_m16, FILD_m32,
    FILD_m64, FLD1, FLDL2E, FLDL2T, FLDLG2, FLDLN2, FLDPI, FLDZ, FLD_m32, FLD_m64, FLD_m80, FLD_sti, FSTP_sti,
    FST_sti, FXAM, FXCH)
from emu.cpu.fpu.numeric import FPREM, FPREM1, FRNDINT, FSCALE, FSQRT, FXTRACT  # noqa: F401
from emu.cpu.fpu.stack import FWAIT, fpu_nowait, fpu_wait  # noqa: F401
from emu.cpu.fpu.stores import (  # noqa: F401
    FBSTP, FISTP_m16, FISTP_m32, FISTP_m64, FIST_m16, FIST_m32, FSTP_m32, FSTP_m64, FSTP_m80, FST_m32, FST_m64)
from emu.cpu.fpu.transcendental import F2XM1, FCOS, FPATAN, FPTAN, FSIN, FSINCOS, FYL2X, FYL2XP1  # noqa: F401

X87 = """
# arithmetic with memory
D8 /0 m   FADD:FADD_m32              Ed       fpu
D8 /1 m   FMUL:FMUL_m32              Ed       fpu
D8 /2 m   FCOM:FCOM_m32              Ed       fpu
D8 /3 m   FCOMP:FCOMP_m32            Ed       fpu
D8 /4 m   FSUB:FSUB_m32              Ed       fpu
D8 /5 m   FSUBR:FSUBR_m32            Ed       fpu
D8 /6 m   FDIV:FDIV_m32              Ed       fpu
D8 /7 m   FDIVR:FDIVR_m32            Ed       fpu
DC /0 m   FADD:FADD_m64              Eq       fpu
DC /1 m   FMUL:FMUL_m64              Eq       fpu
DC /2 m   FCOM:FCOM_m64              Eq       fpu
DC /3 m   FCOMP:FCOMP_m64            Eq       fpu
DC /4 m   FSUB:FSUB_m64              Eq       fpu
DC /5 m   FSUBR:FSUBR_m64            Eq       fpu
DC /6 m   FDIV:FDIV_m64              Eq       fpu
DC /7 m   FDIVR:FDIVR_m64            Eq       fpu
DA /0 m   FIADD:FIADD_m32            Ed       fpu
DA /1 m   FIMUL:FIMUL_m32            Ed       fpu
DA /2 m   FICOM:FICOM_m32            Ed       fpu
DA /3 m   FICOMP:FICOMP_m32          Ed       fpu
DA /4 m   FISUB:FISUB_m32            Ed       fpu
DA /5 m   FISUBR:FISUBR_m32          Ed       fpu
DA /6 m   FIDIV:FIDIV_m32            Ed       fpu
DA /7 m   FIDIVR:FIDIVR_m32          Ed       fpu
DE /0 m   FIADD:FIADD_m16            Ew       fpu
DE /1 m   FIMUL:FIMUL_m16            Ew       fpu
DE /2 m   FICOM:FICOM_m16            Ew       fpu
DE /3 m   FICOMP:FICOMP_m16          Ew       fpu
DE /4 m   FISUB:FISUB_m16            Ew       fpu
DE /5 m   FISUBR:FISUBR_m16          Ew       fpu
DE /6 m   FIDIV:FIDIV_m16            Ew       fpu
DE /7 m   FIDIVR:FIDIVR_m16          Ew       fpu
# arithmetic between registers
D8 C0+i   FADD:FADD_st0_sti          ST0,STi  fpu
D8 C8+i   FMUL:FMUL_st0_sti          ST0,STi  fpu
D8 D0+i   FCOM:FCOM_sti              ST0,STi  fpu
D8 D8+i   FCOMP:FCOMP_sti            ST0,STi  fpu
D8 E0+i   FSUB:FSUB_st0_sti          ST0,STi  fpu
D8 E8+i   FSUBR:FSUBR_st0_sti        ST0,STi  fpu
D8 F0+i   FDIV:FDIV_st0_sti          ST0,STi  fpu
D8 F8+i   FDIVR:FDIVR_st0_sti        ST0,STi  fpu
DC C0+i   FADD:FADD_sti_st0          STi,ST0  fpu
DC C8+i   FMUL:FMUL_sti_st0          STi,ST0  fpu
DC E0+i   FSUBR:FSUBR_sti_st0        STi,ST0  fpu
DC E8+i   FSUB:FSUB_sti_st0          STi,ST0  fpu
DC F0+i   FDIVR:FDIVR_sti_st0        STi,ST0  fpu
DC F8+i   FDIV:FDIV_sti_st0          STi,ST0  fpu
DC D0+i   FCOM2:FCOM_sti             ST0,STi  fpu
DC D8+i   FCOMP3:FCOMP_sti           ST0,STi  fpu
DE C0+i   FADDP                      STi,ST0  fpu
DE C8+i   FMULP                      STi,ST0  fpu
DE E0+i   FSUBRP                     STi,ST0  fpu
DE E8+i   FSUBP                      STi,ST0  fpu
DE F0+i   FDIVRP                     STi,ST0  fpu
DE F8+i   FDIVP                      STi,ST0  fpu
DE D0+i   FCOMP5:FCOMP_sti           ST0,STi  fpu
DE D9     FCOMPP                              fpu
DA E9     FUCOMPP                             fpu
DD E0+i   FUCOM:FUCOM_sti            STi      fpu
DD E8+i   FUCOMP:FUCOMP_sti          STi      fpu
DB F0+i   FCOMI                      ST0,STi  fpu cpu=cmov
DB E8+i   FUCOMI                     ST0,STi  fpu cpu=cmov
DF F0+i   FCOMIP                     ST0,STi  fpu cpu=cmov
DF E8+i   FUCOMIP                    ST0,STi  fpu cpu=cmov
D9 E4     FTST                                fpu
# loads and stores
D9 /0 m   FLD:FLD_m32                Ed       fpu
DD /0 m   FLD:FLD_m64                Eq       fpu
DB /5 m   FLD:FLD_m80                         raw fpu
DF /0 m   FILD:FILD_m16              Ew       fpu
DB /0 m   FILD:FILD_m32              Ed       fpu
DF /5 m   FILD:FILD_m64              Eq       fpu
DF /4 m   FBLD                                raw fpu
D9 /2 m   FST:FST_m32                         raw fpu
D9 /3 m   FSTP:FSTP_m32                       raw fpu
DD /2 m   FST:FST_m64                         raw fpu
DD /3 m   FSTP:FSTP_m64                       raw fpu
DB /7 m   FSTP:FSTP_m80                       raw fpu
DF /2 m   FIST:FIST_m16                       raw fpu
DF /3 m   FISTP:FISTP_m16                     raw fpu
DB /2 m   FIST:FIST_m32                       raw fpu
DB /3 m   FISTP:FISTP_m32                     raw fpu
DF /7 m   FISTP:FISTP_m64                     raw fpu
DF /6 m   FBSTP                               raw fpu
D9 C0+i   FLD:FLD_sti                STi      fpu
DD D0+i   FST:FST_sti                STi      fpu
DD D8+i   FSTP:FSTP_sti              STi      fpu
D9 D8+i   FSTP1:FSTP_sti             STi      fpu
DF D0+i   FSTP8:FSTP_sti             STi      fpu
DF D8+i   FSTP9:FSTP_sti             STi      fpu
D9 C8+i   FXCH                       STi      fpu
DD C8+i   FXCH4:FXCH                 STi      fpu
DF C8+i   FXCH7:FXCH                 STi      fpu
DA C0+i   FCMOVB                     ST0,STi  fpu cpu=cmov
DB C0+i   FCMOVNB                    ST0,STi  fpu cpu=cmov
DA C8+i   FCMOVE                     ST0,STi  fpu cpu=cmov
DB C8+i   FCMOVNE                    ST0,STi  fpu cpu=cmov
DA D0+i   FCMOVBE                    ST0,STi  fpu cpu=cmov
DB D0+i   FCMOVNBE                   ST0,STi  fpu cpu=cmov
DA D8+i   FCMOVU                     ST0,STi  fpu cpu=cmov
DB D8+i   FCMOVNU                    ST0,STi  fpu cpu=cmov
# one operand, constants
D9 E0     FCHS                                fpu
D9 E1     FABS                                fpu
D9 E5     FXAM                                fpu
D9 E8     FLD1                                fpu
D9 E9     FLDL2T                              fpu
D9 EA     FLDL2E                              fpu
D9 EB     FLDPI                               fpu
D9 EC     FLDLG2                              fpu
D9 ED     FLDLN2                              fpu
D9 EE     FLDZ                                fpu
D9 F0     F2XM1                               fpu
D9 F1     FYL2X                               fpu
D9 F2     FPTAN                               fpu
D9 F3     FPATAN                              fpu
D9 F4     FXTRACT                             fpu
D9 F5     FPREM1                              fpu
D9 F6     FDECSTP                             fpu
D9 F7     FINCSTP                             fpu
D9 F8     FPREM                               fpu
D9 F9     FYL2XP1                             fpu
D9 FA     FSQRT                               fpu
D9 FB     FSINCOS                             fpu
D9 FC     FRNDINT                             fpu
D9 FD     FSCALE                              fpu
D9 FE     FSIN                                fpu
D9 FF     FCOS                                fpu
D9 D0     FNOP                                fpu
DD C0+i   FFREE                      STi      fpu
DF C0+i   FFREEP                     STi      fpu
# control: these check for #NM and #MF themselves, and leave the instruction and data pointers alone
D9 /5 m   FLDCW                               raw
D9 /7 m   FNSTCW                              raw
DD /7 m   FNSTSW:FNSTSW_m16                   raw
DF E0     FNSTSW:FNSTSW_AX                    raw
DB E2     FNCLEX                              raw
DB E3     FNINIT                              raw
DB E0     FENI:FNOP_nowait                    raw
DB E1     FDISI:FNOP_nowait                   raw
DB E4     FSETPM:FNOP_nowait                  raw
D9 /4 m   FLDENV                              raw
D9 /6 m   FNSTENV                             raw
DD /4 m   FRSTOR                              raw
DD /6 m   FNSAVE                              raw
"""
