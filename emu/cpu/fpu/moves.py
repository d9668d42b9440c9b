"""x87 data movement: loads, constants, exchange, conditional moves; sign operations and FXAM.

Intel SDM volume 2; volume 1, 8.3.2 to 8.3.4.
"""
from emu.bus.component import hot, inline
from emu.bus.types import Const, i16, i32, u8, u16, u32, u64
from emu.cpu.flags import condition
from emu.cpu.fpu.convert import from_bcd, from_f32, from_f64, from_i64
from emu.cpu.fpu.f80 import EXP, QUIET, SIGN, is_snan
from emu.cpu.fpu.rounding import INDEFINITE, INDEFINITE_SEXP, INFINITY
from emu.cpu.fpu.stack import STACK_UNDERFLOW, empty, note, pop, push, push_any, put, st, underflow
from emu.cpu.fpu.state import C0, C1, C2, C3, IE, RC, RC_NEAREST, RC_UP, Fpu
from emu.cpu.memory import ea, read_mem
from emu.cpu.state import Cpu, Rec


@inline
def read80(cpu: Cpu, r: Rec) -> (u64, u16):
    """The ten bytes at the memory operand."""
    off = ea(cpu, r)
    low: u64 = read_mem[u64](cpu, r, r.seg, off)
    high: u16 = read_mem[u16](cpu, r, r.seg, u32(off + 8))
    return low, high


# -- loads -------------------------------------------------------------------------------------------------------

@inline
def load_float(f: Fpu, m: u64, se: u16, denormal: u16) -> None:
    """Push a value converted from a narrower format: here a signalling NaN is an invalid operand."""
    if is_snan(m, se):
        push(f, m | QUIET, se, IE)
    else:
        room: bool = empty(f, st(f, 7))
        push(f, m, se, 0)
        if room and denormal != 0:
            note(f, denormal)  # even unmasked it does not hold off the load


@hot
def FLD_m32(cpu: Cpu, src: u32) -> None:
    """D9 /0: push m32fp."""
    m, se, denormal = from_f32(src)
    load_float(cpu.fpu, m, se, denormal)


@hot
def FLD_m64(cpu: Cpu, src: u64) -> None:
    """DD /0: push m64fp."""
    m, se, denormal = from_f64(src)
    load_float(cpu.fpu, m, se, denormal)


@hot
def FLD_m80(cpu: Cpu, r: Rec) -> None:
    """DB /5: push m80fp, whatever it is."""
    m, se = read80(cpu, r)
    push(cpu.fpu, m, se, 0)


@hot
def FILD_m16(cpu: Cpu, src: u16) -> None:
    """DF /0: push m16int."""
    m, se = from_i64(u64(i16(src)))
    push(cpu.fpu, m, se, 0)


@hot
def FILD_m32(cpu: Cpu, src: u32) -> None:
    """DB /0: push m32int."""
    m, se = from_i64(u64(i32(src)))
    push(cpu.fpu, m, se, 0)


@hot
def FILD_m64(cpu: Cpu, src: u64) -> None:
    """DF /5: push m64int."""
    m, se = from_i64(src)
    push(cpu.fpu, m, se, 0)


@hot
def FBLD(cpu: Cpu, r: Rec) -> None:
    """DF /4: push m80bcd."""
    low, high = read80(cpu, r)
    m, se = from_bcd(low, high)
    push(cpu.fpu, m, se, 0)


@hot
def FLD_sti(cpu: Cpu, i: u8) -> None:
    """D9 C0+i: push ST(i)."""
    f = cpu.fpu
    a = st(f, i)
    if empty(f, a):
        push_any(f, INDEFINITE, INDEFINITE_SEXP, STACK_UNDERFLOW)
    else:
        push(f, f.mant[a & 7], f.sexp[a & 7], 0)


# pi, log2(10), log2(e), log10(2), ln(2): significand chopped, sign and exponent, whether the bits cut off make at
# least half a unit
CONST_MANT = Const(u64, (
    0xC90FDAA22168C234, 0xD49A784BCD1B8AFE, 0xB8AA3B295C17F0BB, 0x9A209A84FBCFF798, 0xB17217F7D1CF79AB, 0, 0, 0))
CONST_SEXP = Const(u16, (0x4000, 0x4000, 0x3FFF, 0x3FFD, 0x3FFE, 0, 0, 0))
CONST_HALF = Const(u8, (1, 0, 1, 1, 1, 0, 0, 0))


@inline
def load_constant(cpu: Cpu, n: u8) -> None:
    """Push an irrational constant rounded as rounding control says; no exceptions."""
    f = cpu.fpu
    rc = f.fcw & RC
    up: u8 = 0
    if rc == RC_UP:
        up = 1
    elif rc == RC_NEAREST:
        up = CONST_HALF[n & 7]
    push(f, u64(CONST_MANT[n & 7] + up), CONST_SEXP[n & 7], 0)


@hot
def FLD1(cpu: Cpu) -> None:
    """D9 E8: push 1.0."""
    push(cpu.fpu, INFINITY, 0x3FFF, 0)


@hot
def FLDZ(cpu: Cpu) -> None:
    """D9 EE: push 0.0."""
    push(cpu.fpu, 0, 0, 0)


@hot
def FLDPI(cpu: Cpu) -> None:
    """D9 EB: push pi."""
    load_constant(cpu, 0)


@hot
def FLDL2T(cpu: Cpu) -> None:
    """D9 E9: push log2(10)."""
    load_constant(cpu, 1)


@hot
def FLDL2E(cpu: Cpu) -> None:
    """D9 EA: push log2(e)."""
    load_constant(cpu, 2)


@hot
def FLDLG2(cpu: Cpu) -> None:
    """D9 EC: push log10(2)."""
    load_constant(cpu, 3)


@hot
def FLDLN2(cpu: Cpu) -> None:
    """D9 ED: push ln(2)."""
    load_constant(cpu, 4)


# -- between registers -------------------------------------------------------------------------------------------

@inline
def copy_st0(f: Fpu, i: u8) -> bool:
    """ST(i) = ST0; false if an unmasked stack fault forbids it."""
    a = f.top
    if empty(f, a):
        return underflow(f, st(f, i))
    return put(f, st(f, i), f.mant[a & 7], f.sexp[a & 7], 0)


@hot
def FST_sti(cpu: Cpu, i: u8) -> None:
    """DD D0+i: ST(i) = ST0."""
    copy_st0(cpu.fpu, i)


@hot
def FSTP_sti(cpu: Cpu, i: u8) -> None:
    """DD D8+i: ST(i) = ST0, and pop."""
    done: bool = copy_st0(cpu.fpu, i)
    if done:
        pop(cpu.fpu)


@hot
def exchange_empty(cpu: Cpu, a: u8, b: u8) -> None:
    """FXCH of two physical registers of which one is empty at least: masked, that counts as the indefinite NaN."""
    f = cpu.fpu
    am: u64 = f.mant[a & 7]
    ase: u16 = f.sexp[a & 7]
    bm: u64 = f.mant[b & 7]
    bse: u16 = f.sexp[b & 7]
    if empty(f, a):
        am = INDEFINITE
        ase = INDEFINITE_SEXP
    if empty(f, b):
        bm = INDEFINITE
        bse = INDEFINITE_SEXP
    done: bool = put(f, a, bm, bse, STACK_UNDERFLOW)
    if done:
        put(f, b, am, ase, STACK_UNDERFLOW)


@inline
def FXCH(cpu: Cpu, i: u8) -> None:
    """D9 C8+i: exchange ST0 and ST(i)."""
    f = cpu.fpu
    a = f.top & 7
    b = st(f, i) & 7
    if empty(f, a) or empty(f, b):
        exchange_empty(cpu, a, b)
    else:
        am: u64 = f.mant[a]
        ase: u16 = f.sexp[a]
        f.mant[a] = f.mant[b]
        f.sexp[a] = f.sexp[b]
        f.mant[b] = am
        f.sexp[b] = ase
        f.fsw = f.fsw & (0xFFFF - C1)


@hot
def FCMOV(cpu: Cpu, cc: u8, i: u8) -> None:
    """ST0 = ST(i) if condition ``cc`` (encoded as for Jcc) holds; either one empty is a stack fault in any case."""
    f = cpu.fpu
    b = st(f, i) & 7
    if empty(f, f.top) or empty(f, b):
        underflow(f, f.top)
    else:
        note(f, 0)
        if condition(cpu, cc):
            f.mant[f.top & 7] = f.mant[b]
            f.sexp[f.top & 7] = f.sexp[b]


@hot
def FCMOVB(cpu: Cpu, i: u8) -> None:
    """DA C0+i: if CF."""
    FCMOV(cpu, 2, i)


@hot
def FCMOVNB(cpu: Cpu, i: u8) -> None:
    """DB C0+i: if not CF."""
    FCMOV(cpu, 3, i)


@hot
def FCMOVE(cpu: Cpu, i: u8) -> None:
    """DA C8+i: if ZF."""
    FCMOV(cpu, 4, i)


@hot
def FCMOVNE(cpu: Cpu, i: u8) -> None:
    """DB C8+i: if not ZF."""
    FCMOV(cpu, 5, i)


@hot
def FCMOVBE(cpu: Cpu, i: u8) -> None:
    """DA D0+i: if CF or ZF."""
    FCMOV(cpu, 6, i)


@hot
def FCMOVNBE(cpu: Cpu, i: u8) -> None:
    """DB D0+i: if neither CF nor ZF."""
    FCMOV(cpu, 7, i)


@hot
def FCMOVU(cpu: Cpu, i: u8) -> None:
    """DA D8+i: if PF."""
    FCMOV(cpu, 10, i)


@hot
def FCMOVNU(cpu: Cpu, i: u8) -> None:
    """DB D8+i: if not PF."""
    FCMOV(cpu, 11, i)


# -- sign, class -------------------------------------------------------------------------------------------------

@inline
def change_sign(f: Fpu, keep: u16, flip: u16) -> None:
    r = f.top
    if empty(f, r):
        underflow(f, r)
    else:
        put(f, r, f.mant[r & 7], (f.sexp[r & 7] & keep) ^ flip, 0)


@hot
def FCHS(cpu: Cpu) -> None:
    """D9 E0: change the sign of ST0."""
    change_sign(cpu.fpu, 0xFFFF, SIGN)


@hot
def FABS(cpu: Cpu) -> None:
    """D9 E1: clear the sign of ST0."""
    change_sign(cpu.fpu, EXP, 0)


@hot
def FXAM(cpu: Cpu) -> None:
    """D9 E5: the class of ST0 in C3, C2, C0, its sign in C1 (also when it is empty)."""
    f = cpu.fpu
    r = f.top & 7
    m = f.mant[r]
    e = f.sexp[r] & EXP
    code: u16 = C2  # normal
    if empty(f, r):
        code = C3 | C0
    elif e == 0:
        code = C3 if m == 0 else C3 | C2
    elif m >> 63 == 0:
        code = 0  # unsupported
    elif e == EXP:
        code = C2 | C0 if m == INFINITY else C0
    if (f.sexp[r] & SIGN) != 0:
        code = code | C1
    f.fsw = (f.fsw & (0xFFFF - C0 - C1 - C2 - C3)) | code
