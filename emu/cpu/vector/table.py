"""The MMX, SSE and SSE2 instructions: their encodings (notation: docs/cpu.md), and the functions under their names.

Operand letters: P MMX register in ModRM reg, Q register or memory, N register in rm; V, W, U likewise for XMM registers.
Sizes: d, q, dq (128 bits), ps, pd (128 bits of floating point), ss, sd (its lowest element), h (the high 64 bits).
``mmx`` and ``sse`` stand for what these instructions do first and last (emu/cpu/vector/access.py); ``unaligned`` lifts the
alignment check of 128-bit memory operands.  A function with 64-bit parameters and result does both halves of XMM operands.
Intel SDM volume 2, appendices A and B.
"""
from emu.cpu.vector.approximate import RCPPS, RCPSS, RSQRTPS, RSQRTSS  # noqa: F401
from emu.cpu.vector.convert import (  # noqa: F401
    CVTDQ2PS, CVTPD2DQ, CVTPD2PI, CVTPD2PS, CVTPI2PD, CVTPI2PS, CVTPS2DQ, CVTPS2PD, CVTPS2PI, CVTS2SI, CVTSD2SS,
    CVTSI2S, CVTSS2SD, CVTTPD2DQ, CVTTPD2PI, CVTTPS2DQ, CVTTPS2PI, CVTTS2SI)
from emu.cpu.vector.floats import (  # noqa: F401
    ADD_packed, ADD_scalar, CMP_packed, CMP_scalar, COMIS, DIV_packed, DIV_scalar, MAX_packed, MAX_scalar,
    MIN_packed, MIN_scalar, MUL_packed, MUL_scalar, SQRT_packed, SQRT_scalar, SUB_packed, SUB_scalar, UCOMIS)
from emu.cpu.vector.integer import (  # noqa: F401
    PADDB, PADDD, PADDQ, PADDSB, PADDSW, PADDUSB, PADDUSW, PADDW, PAND, PANDN, PAVGB, PAVGW, PCMPEQB, PCMPEQD,
    PCMPEQW, PCMPGTB, PCMPGTD, PCMPGTW, PMADDWD, PMAXSW, PMAXUB, PMINSW, PMINUB, PMULHUW, PMULHW, PMULLW, PMULUDQ,
    POR, PSADBW, PSUBB, PSUBD, PSUBQ, PSUBSB, PSUBSW, PSUBUSB, PSUBUSW, PSUBW, PXOR)
from emu.cpu.vector.moves import (  # noqa: F401
    EMMS, LDMXCSR, MASKMOVDQU, MASKMOVQ, MOVD, MOVD_mm, MOVD_zero, MOVQ, MOVQ_zero, STMXCSR)
from emu.cpu.vector.shifts import (  # noqa: F401
    PSLLD, PSLLDQ, PSLLD_x, PSLLQ, PSLLQ_x, PSLLW, PSLLW_x, PSRAD, PSRAD_x, PSRAW, PSRAW_x, PSRLD, PSRLDQ, PSRLD_x,
    PSRLQ, PSRLQ_x, PSRLW, PSRLW_x)
from emu.cpu.vector.shuffle import (  # noqa: F401
    MOVMSKPD, MOVMSKPS, PACKSSDW, PACKSSDW_x, PACKSSWB, PACKSSWB_x, PACKUSWB, PACKUSWB_x, PEXTRW, PEXTRW_x, PINSRW,
    PINSRW_x, PMOVMSKB, PMOVMSKB_x, PSHUFD, PSHUFHW, PSHUFLW, PSHUFW, PUNPCKHBW, PUNPCKHBW_x, PUNPCKHDQ,
    PUNPCKHDQ_x, PUNPCKHQDQ, PUNPCKHWD, PUNPCKHWD_x, PUNPCKLBW, PUNPCKLBW_x, PUNPCKLDQ, PUNPCKLDQ_x, PUNPCKLQDQ,
    PUNPCKLWD, PUNPCKLWD_x, SHUFPD, SHUFPS)

VECTOR = """
# packed integers
0F 60 /r     PUNPCKLBW                    Pq,Qd          mmx cpu=mmx
0F 61 /r     PUNPCKLWD                    Pq,Qd          mmx cpu=mmx
0F 62 /r     PUNPCKLDQ                    Pq,Qd          mmx cpu=mmx
0F 63 /r     PACKSSWB                     Pq,Qq          mmx cpu=mmx
0F 64 /r     PCMPGTB                      Pq,Qq          mmx cpu=mmx
0F 65 /r     PCMPGTW                      Pq,Qq          mmx cpu=mmx
0F 66 /r     PCMPGTD                      Pq,Qq          mmx cpu=mmx
0F 67 /r     PACKUSWB                     Pq,Qq          mmx cpu=mmx
0F 68 /r     PUNPCKHBW                    Pq,Qq          mmx cpu=mmx
0F 69 /r     PUNPCKHWD                    Pq,Qq          mmx cpu=mmx
0F 6A /r     PUNPCKHDQ                    Pq,Qq          mmx cpu=mmx
0F 6B /r     PACKSSDW                     Pq,Qq          mmx cpu=mmx
0F 74 /r     PCMPEQB                      Pq,Qq          mmx cpu=mmx
0F 75 /r     PCMPEQW                      Pq,Qq          mmx cpu=mmx
0F 76 /r     PCMPEQD                      Pq,Qq          mmx cpu=mmx
0F D1 /r     PSRLW                        Pq,Qq          mmx cpu=mmx
0F D2 /r     PSRLD                        Pq,Qq          mmx cpu=mmx
0F D3 /r     PSRLQ                        Pq,Qq          mmx cpu=mmx
0F D4 /r     PADDQ                        Pq,Qq          mmx cpu=sse2
0F D5 /r     PMULLW                       Pq,Qq          mmx cpu=mmx
0F D8 /r     PSUBUSB                      Pq,Qq          mmx cpu=mmx
0F D9 /r     PSUBUSW                      Pq,Qq          mmx cpu=mmx
0F DA /r     PMINUB                       Pq,Qq          mmx cpu=sse
0F DB /r     PAND                         Pq,Qq          mmx cpu=mmx
0F DC /r     PADDUSB                      Pq,Qq          mmx cpu=mmx
0F DD /r     PADDUSW                      Pq,Qq          mmx cpu=mmx
0F DE /r     PMAXUB                       Pq,Qq          mmx cpu=sse
0F DF /r     PANDN                        Pq,Qq          mmx cpu=mmx
0F E0 /r     PAVGB                        Pq,Qq          mmx cpu=sse
0F E1 /r     PSRAW                        Pq,Qq          mmx cpu=mmx
0F E2 /r     PSRAD                        Pq,Qq          mmx cpu=mmx
0F E3 /r     PAVGW                        Pq,Qq          mmx cpu=sse
0F E4 /r     PMULHUW                      Pq,Qq          mmx cpu=sse
0F E5 /r     PMULHW                       Pq,Qq          mmx cpu=mmx
0F E8 /r     PSUBSB                       Pq,Qq          mmx cpu=mmx
0F E9 /r     PSUBSW                       Pq,Qq          mmx cpu=mmx
0F EA /r     PMINSW                       Pq,Qq          mmx cpu=sse
0F EB /r     POR                          Pq,Qq          mmx cpu=mmx
0F EC /r     PADDSB                       Pq,Qq          mmx cpu=mmx
0F ED /r     PADDSW                       Pq,Qq          mmx cpu=mmx
0F EE /r     PMAXSW                       Pq,Qq          mmx cpu=sse
0F EF /r     PXOR                         Pq,Qq          mmx cpu=mmx
0F F1 /r     PSLLW                        Pq,Qq          mmx cpu=mmx
0F F2 /r     PSLLD                        Pq,Qq          mmx cpu=mmx
0F F3 /r     PSLLQ                        Pq,Qq          mmx cpu=mmx
0F F4 /r     PMULUDQ                      Pq,Qq          mmx cpu=sse2
0F F5 /r     PMADDWD                      Pq,Qq          mmx cpu=mmx
0F F6 /r     PSADBW                       Pq,Qq          mmx cpu=sse
0F F8 /r     PSUBB                        Pq,Qq          mmx cpu=mmx
0F F9 /r     PSUBW                        Pq,Qq          mmx cpu=mmx
0F FA /r     PSUBD                        Pq,Qq          mmx cpu=mmx
0F FB /r     PSUBQ                        Pq,Qq          mmx cpu=sse2
0F FC /r     PADDB                        Pq,Qq          mmx cpu=mmx
0F FD /r     PADDW                        Pq,Qq          mmx cpu=mmx
0F FE /r     PADDD                        Pq,Qq          mmx cpu=mmx
66 0F 60 /r  PUNPCKLBW:PUNPCKLBW_x        Vdq,Wdq        sse cpu=sse2
66 0F 61 /r  PUNPCKLWD:PUNPCKLWD_x        Vdq,Wdq        sse cpu=sse2
66 0F 62 /r  PUNPCKLDQ:PUNPCKLDQ_x        Vdq,Wdq        sse cpu=sse2
66 0F 63 /r  PACKSSWB:PACKSSWB_x          Vdq,Wdq        sse cpu=sse2
66 0F 64 /r  PCMPGTB                      Vdq,Wdq        sse cpu=sse2
66 0F 65 /r  PCMPGTW                      Vdq,Wdq        sse cpu=sse2
66 0F 66 /r  PCMPGTD                      Vdq,Wdq        sse cpu=sse2
66 0F 67 /r  PACKUSWB:PACKUSWB_x          Vdq,Wdq        sse cpu=sse2
66 0F 68 /r  PUNPCKHBW:PUNPCKHBW_x        Vdq,Wdq        sse cpu=sse2
66 0F 69 /r  PUNPCKHWD:PUNPCKHWD_x        Vdq,Wdq        sse cpu=sse2
66 0F 6A /r  PUNPCKHDQ:PUNPCKHDQ_x        Vdq,Wdq        sse cpu=sse2
66 0F 6B /r  PACKSSDW:PACKSSDW_x          Vdq,Wdq        sse cpu=sse2
66 0F 74 /r  PCMPEQB                      Vdq,Wdq        sse cpu=sse2
66 0F 75 /r  PCMPEQW                      Vdq,Wdq        sse cpu=sse2
66 0F 76 /r  PCMPEQD                      Vdq,Wdq        sse cpu=sse2
66 0F D1 /r  PSRLW:PSRLW_x                Vdq,Wdq        sse cpu=sse2
66 0F D2 /r  PSRLD:PSRLD_x                Vdq,Wdq        sse cpu=sse2
66 0F D3 /r  PSRLQ:PSRLQ_x                Vdq,Wdq        sse cpu=sse2
66 0F D4 /r  PADDQ                        Vdq,Wdq        sse cpu=sse2
66 0F D5 /r  PMULLW                       Vdq,Wdq        sse cpu=sse2
66 0F D8 /r  PSUBUSB                      Vdq,Wdq        sse cpu=sse2
66 0F D9 /r  PSUBUSW                      Vdq,Wdq        sse cpu=sse2
66 0F DA /r  PMINUB                       Vdq,Wdq        sse cpu=sse2
66 0F DB /r  PAND                         Vdq,Wdq        sse cpu=sse2
66 0F DC /r  PADDUSB                      Vdq,Wdq        sse cpu=sse2
66 0F DD /r  PADDUSW                      Vdq,Wdq        sse cpu=sse2
66 0F DE /r  PMAXUB                       Vdq,Wdq        sse cpu=sse2
66 0F DF /r  PANDN                        Vdq,Wdq        sse cpu=sse2
66 0F E0 /r  PAVGB                        Vdq,Wdq        sse cpu=sse2
66 0F E1 /r  PSRAW:PSRAW_x                Vdq,Wdq        sse cpu=sse2
66 0F E2 /r  PSRAD:PSRAD_x                Vdq,Wdq        sse cpu=sse2
66 0F E3 /r  PAVGW                        Vdq,Wdq        sse cpu=sse2
66 0F E4 /r  PMULHUW                      Vdq,Wdq        sse cpu=sse2
66 0F E5 /r  PMULHW                       Vdq,Wdq        sse cpu=sse2
66 0F E8 /r  PSUBSB                       Vdq,Wdq        sse cpu=sse2
66 0F E9 /r  PSUBSW                       Vdq,Wdq        sse cpu=sse2
66 0F EA /r  PMINSW                       Vdq,Wdq        sse cpu=sse2
66 0F EB /r  POR                          Vdq,Wdq        sse cpu=sse2
66 0F EC /r  PADDSB                       Vdq,Wdq        sse cpu=sse2
66 0F ED /r  PADDSW                       Vdq,Wdq        sse cpu=sse2
66 0F EE /r  PMAXSW                       Vdq,Wdq        sse cpu=sse2
66 0F EF /r  PXOR                         Vdq,Wdq        sse cpu=sse2
66 0F F1 /r  PSLLW:PSLLW_x                Vdq,Wdq        sse cpu=sse2
66 0F F2 /r  PSLLD:PSLLD_x                Vdq,Wdq        sse cpu=sse2
66 0F F3 /r  PSLLQ:PSLLQ_x                Vdq,Wdq        sse cpu=sse2
66 0F F4 /r  PMULUDQ                      Vdq,Wdq        sse cpu=sse2
66 0F F5 /r  PMADDWD                      Vdq,Wdq        sse cpu=sse2
66 0F F6 /r  PSADBW                       Vdq,Wdq        sse cpu=sse2
66 0F F8 /r  PSUBB                        Vdq,Wdq        sse cpu=sse2
66 0F F9 /r  PSUBW                        Vdq,Wdq        sse cpu=sse2
66 0F FA /r  PSUBD                        Vdq,Wdq        sse cpu=sse2
66 0F FB /r  PSUBQ                        Vdq,Wdq        sse cpu=sse2
66 0F FC /r  PADDB                        Vdq,Wdq        sse cpu=sse2
66 0F FD /r  PADDW                        Vdq,Wdq        sse cpu=sse2
66 0F FE /r  PADDD                        Vdq,Wdq        sse cpu=sse2
66 0F 6C /r  PUNPCKLQDQ                   Vdq,Wdq        sse cpu=sse2
66 0F 6D /r  PUNPCKHQDQ                   Vdq,Wdq        sse cpu=sse2
# shifts by an immediate
0F 71 /2 r   PSRLW                        Nq,Ib          mmx cpu=mmx
66 0F 71 /2 r PSRLW                        Udq,Ib         sse cpu=sse2
0F 71 /4 r   PSRAW                        Nq,Ib          mmx cpu=mmx
66 0F 71 /4 r PSRAW                        Udq,Ib         sse cpu=sse2
0F 71 /6 r   PSLLW                        Nq,Ib          mmx cpu=mmx
66 0F 71 /6 r PSLLW                        Udq,Ib         sse cpu=sse2
0F 72 /2 r   PSRLD                        Nq,Ib          mmx cpu=mmx
66 0F 72 /2 r PSRLD                        Udq,Ib         sse cpu=sse2
0F 72 /4 r   PSRAD                        Nq,Ib          mmx cpu=mmx
66 0F 72 /4 r PSRAD                        Udq,Ib         sse cpu=sse2
0F 72 /6 r   PSLLD                        Nq,Ib          mmx cpu=mmx
66 0F 72 /6 r PSLLD                        Udq,Ib         sse cpu=sse2
0F 73 /2 r   PSRLQ                        Nq,Ib          mmx cpu=mmx
66 0F 73 /2 r PSRLQ                        Udq,Ib         sse cpu=sse2
0F 73 /6 r   PSLLQ                        Nq,Ib          mmx cpu=mmx
66 0F 73 /6 r PSLLQ                        Udq,Ib         sse cpu=sse2
66 0F 73 /3 r PSRLDQ                       Udq,Ib         sse cpu=sse2
66 0F 73 /7 r PSLLDQ                       Udq,Ib         sse cpu=sse2
# shuffles, single words, masks
0F 70 /r     PSHUFW                       Pq,Qq,Ib       mmx cpu=sse
66 0F 70 /r  PSHUFD                       Vdq,Wdq,Ib     sse cpu=sse2
F3 0F 70 /r  PSHUFHW                      Vdq,Wdq,Ib     sse cpu=sse2
F2 0F 70 /r  PSHUFLW                      Vdq,Wdq,Ib     sse cpu=sse2
0F C6 /r     SHUFPS                       Vps,Wps,Ib     sse cpu=sse
66 0F C6 /r  SHUFPD                       Vpd,Wpd,Ib     sse cpu=sse2
0F 14 /r     UNPCKLPS:PUNPCKLDQ_x         Vps,Wps        sse cpu=sse
66 0F 14 /r  UNPCKLPD:PUNPCKLQDQ          Vpd,Wpd        sse cpu=sse2
0F 15 /r     UNPCKHPS:PUNPCKHDQ_x         Vps,Wps        sse cpu=sse
66 0F 15 /r  UNPCKHPD:PUNPCKHQDQ          Vpd,Wpd        sse cpu=sse2
0F C4 /r     PINSRW                       Pq,Ew,Ib       mmx cpu=sse
66 0F C4 /r  PINSRW:PINSRW_x              Vdq,Ew,Ib      sse cpu=sse2
0F C5 /r r   PEXTRW                       Gd,Nq,Ib       mmx cpu=sse
66 0F C5 /r r PEXTRW:PEXTRW_x              Gd,Udq,Ib      sse cpu=sse2
0F D7 /r r   PMOVMSKB                     Gd,Nq          mmx cpu=sse
66 0F D7 /r r PMOVMSKB:PMOVMSKB_x          Gd,Udq         sse cpu=sse2
0F 50 /r r   MOVMSKPS                     Gd,Ups         sse cpu=sse
66 0F 50 /r r MOVMSKPD                     Gd,Upd         sse cpu=sse2
# moves
0F 6E /r     MOVD:MOVD_mm                 Pq,Ed          mmx cpu=mmx
66 0F 6E /r  MOVD:MOVD_zero               Vdq,Ed         sse cpu=sse2
0F 7E /r     MOVD                         Ed,Pd          mmx cpu=mmx
66 0F 7E /r  MOVD                         Ed,Vd          sse cpu=sse2
0F 6F /r     MOVQ                         Pq,Qq          mmx cpu=mmx
0F 7F /r     MOVQ                         Qq,Pq          mmx cpu=mmx
F3 0F 7E /r  MOVQ:MOVQ_zero               Vdq,Wq         sse cpu=sse2
66 0F D6 /r m MOVQ                         Mq,Vq          sse cpu=sse2
66 0F D6 /r r MOVQ:MOVQ_zero               Udq,Vq         sse cpu=sse2
F3 0F D6 /r r MOVQ2DQ:MOVQ_zero            Vdq,Nq         sse mmx cpu=sse2
F2 0F D6 /r r MOVDQ2Q:MOVQ                 Pq,Uq          sse mmx cpu=sse2
66 0F 6F /r  MOVDQA:MOVQ                  Vdq,Wdq        sse cpu=sse2
66 0F 7F /r  MOVDQA:MOVQ                  Wdq,Vdq        sse cpu=sse2
F3 0F 6F /r  MOVDQU:MOVQ                  Vdq,Wdq        sse unaligned cpu=sse2
F3 0F 7F /r  MOVDQU:MOVQ                  Wdq,Vdq        sse unaligned cpu=sse2
0F 28 /r     MOVAPS:MOVQ                  Vps,Wps        sse cpu=sse
0F 29 /r     MOVAPS:MOVQ                  Wps,Vps        sse cpu=sse
66 0F 28 /r  MOVAPD:MOVQ                  Vpd,Wpd        sse cpu=sse2
66 0F 29 /r  MOVAPD:MOVQ                  Wpd,Vpd        sse cpu=sse2
0F 10 /r     MOVUPS:MOVQ                  Vps,Wps        sse unaligned cpu=sse
0F 11 /r     MOVUPS:MOVQ                  Wps,Vps        sse unaligned cpu=sse
66 0F 10 /r  MOVUPD:MOVQ                  Vpd,Wpd        sse unaligned cpu=sse2
66 0F 11 /r  MOVUPD:MOVQ                  Wpd,Vpd        sse unaligned cpu=sse2
F3 0F 10 /r r MOVSS:MOVD                   Vss,Uss        sse cpu=sse
F3 0F 10 /r m MOVSS:MOVD_zero              Vdq,Md         sse cpu=sse
F3 0F 11 /r  MOVSS:MOVD                   Wss,Vss        sse cpu=sse
F2 0F 10 /r r MOVSD:MOVQ                   Vsd,Usd        sse cpu=sse2
F2 0F 10 /r m MOVSD:MOVQ_zero              Vdq,Mq         sse cpu=sse2
F2 0F 11 /r  MOVSD:MOVQ                   Wsd,Vsd        sse cpu=sse2
0F 12 /r r   MOVHLPS:MOVQ                 Vq,Uh          sse cpu=sse
0F 12 /r m   MOVLPS:MOVQ                  Vq,Mq          sse cpu=sse
0F 13 /r m   MOVLPS:MOVQ                  Mq,Vq          sse cpu=sse
0F 16 /r r   MOVLHPS:MOVQ                 Vh,Uq          sse cpu=sse
0F 16 /r m   MOVHPS:MOVQ                  Vh,Mq          sse cpu=sse
0F 17 /r m   MOVHPS:MOVQ                  Mq,Vh          sse cpu=sse
66 0F 12 /r m MOVLPD:MOVQ                  Vq,Mq          sse cpu=sse2
66 0F 13 /r m MOVLPD:MOVQ                  Mq,Vq          sse cpu=sse2
66 0F 16 /r m MOVHPD:MOVQ                  Vh,Mq          sse cpu=sse2
66 0F 17 /r m MOVHPD:MOVQ                  Mq,Vh          sse cpu=sse2
0F 2B /r m   MOVNTPS:MOVQ                 Mps,Vps        sse cpu=sse
66 0F 2B /r m MOVNTPD:MOVQ                 Mpd,Vpd        sse cpu=sse2
0F E7 /r m   MOVNTQ:MOVQ                  Mq,Pq          mmx cpu=sse
66 0F E7 /r m MOVNTDQ:MOVQ                 Mdq,Vdq        sse cpu=sse2
0F F7 /r r   MASKMOVQ                                    raw mmx cpu=sse
66 0F F7 /r r MASKMOVDQU                                  raw sse cpu=sse2
# state
0F 77        EMMS                                        raw np cpu=mmx
0F AE /2 m   LDMXCSR                      Md             sse cpu=sse
0F AE /3 m   STMXCSR                      Md             sse cpu=sse
# floating-point arithmetic
0F 51 /r     SQRTPS:SQRT_packed           Vps,Wps        sse cpu=sse
F3 0F 51 /r  SQRTSS:SQRT_scalar           Vss,Wss        sse cpu=sse
66 0F 51 /r  SQRTPD:SQRT_packed           Vpd,Wpd        sse cpu=sse2
F2 0F 51 /r  SQRTSD:SQRT_scalar           Vsd,Wsd        sse cpu=sse2
0F 58 /r     ADDPS:ADD_packed             Vps,Wps        sse cpu=sse
F3 0F 58 /r  ADDSS:ADD_scalar             Vss,Wss        sse cpu=sse
66 0F 58 /r  ADDPD:ADD_packed             Vpd,Wpd        sse cpu=sse2
F2 0F 58 /r  ADDSD:ADD_scalar             Vsd,Wsd        sse cpu=sse2
0F 59 /r     MULPS:MUL_packed             Vps,Wps        sse cpu=sse
F3 0F 59 /r  MULSS:MUL_scalar             Vss,Wss        sse cpu=sse
66 0F 59 /r  MULPD:MUL_packed             Vpd,Wpd        sse cpu=sse2
F2 0F 59 /r  MULSD:MUL_scalar             Vsd,Wsd        sse cpu=sse2
0F 5C /r     SUBPS:SUB_packed             Vps,Wps        sse cpu=sse
F3 0F 5C /r  SUBSS:SUB_scalar             Vss,Wss        sse cpu=sse
66 0F 5C /r  SUBPD:SUB_packed             Vpd,Wpd        sse cpu=sse2
F2 0F 5C /r  SUBSD:SUB_scalar             Vsd,Wsd        sse cpu=sse2
0F 5D /r     MINPS:MIN_packed             Vps,Wps        sse cpu=sse
F3 0F 5D /r  MINSS:MIN_scalar             Vss,Wss        sse cpu=sse
66 0F 5D /r  MINPD:MIN_packed             Vpd,Wpd        sse cpu=sse2
F2 0F 5D /r  MINSD:MIN_scalar             Vsd,Wsd        sse cpu=sse2
0F 5E /r     DIVPS:DIV_packed             Vps,Wps        sse cpu=sse
F3 0F 5E /r  DIVSS:DIV_scalar             Vss,Wss        sse cpu=sse
66 0F 5E /r  DIVPD:DIV_packed             Vpd,Wpd        sse cpu=sse2
F2 0F 5E /r  DIVSD:DIV_scalar             Vsd,Wsd        sse cpu=sse2
0F 5F /r     MAXPS:MAX_packed             Vps,Wps        sse cpu=sse
F3 0F 5F /r  MAXSS:MAX_scalar             Vss,Wss        sse cpu=sse
66 0F 5F /r  MAXPD:MAX_packed             Vpd,Wpd        sse cpu=sse2
F2 0F 5F /r  MAXSD:MAX_scalar             Vsd,Wsd        sse cpu=sse2
0F 52 /r     RSQRTPS                      Vps,Wps        sse cpu=sse
F3 0F 52 /r  RSQRTSS                      Vss,Wss        sse cpu=sse
0F 53 /r     RCPPS                        Vps,Wps        sse cpu=sse
F3 0F 53 /r  RCPSS                        Vss,Wss        sse cpu=sse
0F 54 /r     ANDPS:PAND                   Vps,Wps        sse cpu=sse
66 0F 54 /r  ANDPD:PAND                   Vpd,Wpd        sse cpu=sse2
0F 55 /r     ANDNPS:PANDN                 Vps,Wps        sse cpu=sse
66 0F 55 /r  ANDNPD:PANDN                 Vpd,Wpd        sse cpu=sse2
0F 56 /r     ORPS:POR                     Vps,Wps        sse cpu=sse
66 0F 56 /r  ORPD:POR                     Vpd,Wpd        sse cpu=sse2
0F 57 /r     XORPS:PXOR                   Vps,Wps        sse cpu=sse
66 0F 57 /r  XORPD:PXOR                   Vpd,Wpd        sse cpu=sse2
# comparison
0F C2 /r     CMPPS:CMP_packed             Vps,Wps,Ib     sse cpu=sse
F3 0F C2 /r  CMPSS:CMP_scalar             Vss,Wss,Ib     sse cpu=sse
66 0F C2 /r  CMPPD:CMP_packed             Vpd,Wpd,Ib     sse cpu=sse2
F2 0F C2 /r  CMPSD:CMP_scalar             Vsd,Wsd,Ib     sse cpu=sse2
0F 2E /r     UCOMISS:UCOMIS               Vss,Wss        sse cpu=sse
66 0F 2E /r  UCOMISD:UCOMIS               Vsd,Wsd        sse cpu=sse2
0F 2F /r     COMISS:COMIS                 Vss,Wss        sse cpu=sse
66 0F 2F /r  COMISD:COMIS                 Vsd,Wsd        sse cpu=sse2
# conversion; a memory operand leaves the x87 alone where the source would be an MMX register
0F 2A /r r   CVTPI2PS                     Vq,Nq          sse mmx cpu=sse
0F 2A /r m   CVTPI2PS                     Vq,Mq          sse cpu=sse
66 0F 2A /r r CVTPI2PD                     Vpd,Nq         sse mmx cpu=sse2
66 0F 2A /r m CVTPI2PD                     Vpd,Mq         sse cpu=sse2
F3 0F 2A /r  CVTSI2SS:CVTSI2S             Vss,Ed         sse cpu=sse
F2 0F 2A /r  CVTSI2SD:CVTSI2S             Vsd,Ed         sse cpu=sse2
0F 2C /r     CVTTPS2PI                    Pq,Wq          sse mmx cpu=sse
0F 2D /r     CVTPS2PI                     Pq,Wq          sse mmx cpu=sse
66 0F 2C /r  CVTTPD2PI                    Pq,Wpd         sse mmx cpu=sse2
66 0F 2D /r  CVTPD2PI                     Pq,Wpd         sse mmx cpu=sse2
F3 0F 2C /r  CVTTSS2SI:CVTTS2SI           Gd,Wss         sse cpu=sse
F3 0F 2D /r  CVTSS2SI:CVTS2SI             Gd,Wss         sse cpu=sse
F2 0F 2C /r  CVTTSD2SI:CVTTS2SI           Gd,Wsd         sse cpu=sse2
F2 0F 2D /r  CVTSD2SI:CVTS2SI             Gd,Wsd         sse cpu=sse2
0F 5A /r     CVTPS2PD                     Vpd,Wq         sse cpu=sse2
66 0F 5A /r  CVTPD2PS                     Vdq,Wpd        sse cpu=sse2
F3 0F 5A /r  CVTSS2SD                     Vsd,Wss        sse cpu=sse2
F2 0F 5A /r  CVTSD2SS                     Vss,Wsd        sse cpu=sse2
0F 5B /r     CVTDQ2PS                     Vps,Wdq        sse cpu=sse2
66 0F 5B /r  CVTPS2DQ                     Vdq,Wps        sse cpu=sse2
F3 0F 5B /r  CVTTPS2DQ                    Vdq,Wps        sse cpu=sse2
66 0F E6 /r  CVTTPD2DQ                    Vdq,Wpd        sse cpu=sse2
F2 0F E6 /r  CVTPD2DQ                     Vdq,Wpd        sse cpu=sse2
F3 0F E6 /r  CVTDQ2PD:CVTPI2PD            Vpd,Wq         sse cpu=sse2
"""
