"""x87 stores to memory.

A store is in two parts: ``value_...`` gives what to write, and exceptions, and changes nothing, so that a fault of the
write leaves the FPU as it was; ``stored`` then commits.  Intel SDM volume 2; volume 1, 8.3.2.
"""
from emu.bus.component import hot, inline
from emu.bus.types import u16, u32, u64
from emu.cpu.fpu.convert import BCD_INDEFINITE, BCD_INDEFINITE_HIGH, to_bcd, to_f32, to_f64, to_int
from emu.cpu.fpu.rounding import INDEFINITE, INDEFINITE_SEXP
from emu.cpu.fpu.stack import BEFORE, STACK_UNDERFLOW, empty, note, pop, unmasked
from emu.cpu.fpu.state import C1, OE, PE, UE, Fpu
from emu.cpu.memory import ea, linear_write, slow_check_write, store, write_mem
from emu.cpu.state import Cpu, Rec


# -- stores: values and commit -----------------------------------------------------------------------------------

@inline
def kept_back(f: Fpu, fl: u16) -> bool:
    """Whether an unmasked exception keeps a result out of memory."""
    return unmasked(f, fl & (BEFORE | OE | UE)) != 0


@inline
def stored(f: Fpu, fl: u16, pops: bool) -> None:
    """Commit a store: exceptions, and the pop if nothing forbids it."""
    if kept_back(f, fl):
        note(f, fl & (0xFFFF - PE - C1))  # nothing was rounded
    else:
        note(f, fl)
        if pops:
            pop(f)


@inline
def value_f32(f: Fpu) -> (u32, u16):
    """ST0 as m32fp, and exceptions."""
    r = f.top & 7
    if empty(f, r):
        return 0xFFC00000, STACK_UNDERFLOW
    return to_f32(f.mant[r], f.sexp[r], f.fcw)


@inline
def value_f64(f: Fpu) -> (u64, u16):
    """ST0 as m64fp, and exceptions."""
    r = f.top & 7
    if empty(f, r):
        return 0xFFF8000000000000, STACK_UNDERFLOW
    return to_f64(f.mant[r], f.sexp[r], f.fcw)


@inline
def value_f80(f: Fpu) -> (u64, u16, u16):
    """ST0 as m80fp: significand, sign and exponent, exceptions."""
    r = f.top & 7
    if empty(f, r):
        return INDEFINITE, INDEFINITE_SEXP, STACK_UNDERFLOW
    return f.mant[r], f.sexp[r], 0


@inline
def value_int(f: Fpu, limit: u64, mode: u16) -> (u64, u16):
    """ST0 as an integer (see to_int), rounded as the RC bits of ``mode`` say, and exceptions."""
    r = f.top & 7
    if empty(f, r):
        return u64(0 - limit), STACK_UNDERFLOW
    return to_int(f.mant[r], f.sexp[r], limit, mode)


@inline
def value_bcd(f: Fpu) -> (u64, u16, u16):
    """ST0 as m80bcd: bytes 0 to 7, bytes 8 and 9, exceptions."""
    r = f.top & 7
    if empty(f, r):
        return BCD_INDEFINITE, BCD_INDEFINITE_HIGH, STACK_UNDERFLOW
    return to_bcd(f.mant[r], f.sexp[r], f.fcw)


@inline
def write80(cpu: Cpu, r: Rec, low: u64, high: u16) -> None:
    """Write ten bytes to the memory operand, all or none."""
    off = ea(cpu, r)
    first: u32 = linear_write[u64](cpu, r.seg, off)
    second: u32 = linear_write[u16](cpu, r.seg, u32(off + 8))
    slow_check_write[u64](cpu, first)
    slow_check_write[u16](cpu, second)
    store[u64](cpu, r, first, low)
    store[u16](cpu, r, second, high)


@inline
def write_bcd(cpu: Cpu, r: Rec, low: u64, high: u16) -> None:
    """Write ten bytes to the memory operand as FBSTP does: the low eight stay written if the others meet a page fault."""
    off = ea(cpu, r)
    first: u32 = linear_write[u64](cpu, r.seg, off)
    second: u32 = linear_write[u16](cpu, r.seg, u32(off + 8))
    store[u64](cpu, r, first, low)
    store[u16](cpu, r, second, high)


# -- stores: instructions ----------------------------------------------------------------------------------------

@inline
def store_f32(cpu: Cpu, r: Rec, pops: bool) -> None:
    value, fl = value_f32(cpu.fpu)
    if not kept_back(cpu.fpu, fl):
        write_mem[u32](cpu, r, r.seg, ea(cpu, r), value)
    stored(cpu.fpu, fl, pops)


@inline
def store_f64(cpu: Cpu, r: Rec, pops: bool) -> None:
    value, fl = value_f64(cpu.fpu)
    if not kept_back(cpu.fpu, fl):
        write_mem[u64](cpu, r, r.seg, ea(cpu, r), value)
    stored(cpu.fpu, fl, pops)


@inline
def store_i16(cpu: Cpu, r: Rec, mode: u16, pops: bool) -> None:
    value, fl = value_int(cpu.fpu, 1 << 15, mode)
    if not kept_back(cpu.fpu, fl):
        write_mem[u16](cpu, r, r.seg, ea(cpu, r), u16(value))
    stored(cpu.fpu, fl, pops)


@inline
def store_i32(cpu: Cpu, r: Rec, mode: u16, pops: bool) -> None:
    value, fl = value_int(cpu.fpu, 1 << 31, mode)
    if not kept_back(cpu.fpu, fl):
        write_mem[u32](cpu, r, r.seg, ea(cpu, r), u32(value))
    stored(cpu.fpu, fl, pops)


@hot
def FST_m32(cpu: Cpu, r: Rec) -> None:
    """D9 /2: store ST0 as m32fp."""
    store_f32(cpu, r, False)


@hot
def FSTP_m32(cpu: Cpu, r: Rec) -> None:
    """D9 /3: store ST0 as m32fp, and pop."""
    store_f32(cpu, r, True)


@hot
def FST_m64(cpu: Cpu, r: Rec) -> None:
    """DD /2: store ST0 as m64fp."""
    store_f64(cpu, r, False)


@hot
def FSTP_m64(cpu: Cpu, r: Rec) -> None:
    """DD /3: store ST0 as m64fp, and pop."""
    store_f64(cpu, r, True)


@hot
def FSTP_m80(cpu: Cpu, r: Rec) -> None:
    """DB /7: store ST0 as it is, and pop."""
    m, se, fl = value_f80(cpu.fpu)
    if not kept_back(cpu.fpu, fl):
        write80(cpu, r, m, se)
    stored(cpu.fpu, fl, True)


@hot
def FIST_m16(cpu: Cpu, r: Rec) -> None:
    """DF /2: store ST0 as m16int."""
    store_i16(cpu, r, cpu.fpu.fcw, False)


@hot
def FISTP_m16(cpu: Cpu, r: Rec) -> None:
    """DF /3: store ST0 as m16int, and pop."""
    store_i16(cpu, r, cpu.fpu.fcw, True)


@hot
def FIST_m32(cpu: Cpu, r: Rec) -> None:
    """DB /2: store ST0 as m32int."""
    store_i32(cpu, r, cpu.fpu.fcw, False)


@hot
def FISTP_m32(cpu: Cpu, r: Rec) -> None:
    """DB /3: store ST0 as m32int, and pop."""
    store_i32(cpu, r, cpu.fpu.fcw, True)


@hot
def FISTP_m64(cpu: Cpu, r: Rec) -> None:
    """DF /7: store ST0 as m64int, and pop."""
    value, fl = value_int(cpu.fpu, 1 << 63, cpu.fpu.fcw)
    if not kept_back(cpu.fpu, fl):
        write_mem[u64](cpu, r, r.seg, ea(cpu, r), value)
    stored(cpu.fpu, fl, True)


@hot
def FBSTP(cpu: Cpu, r: Rec) -> None:
    """DF /6: store ST0 as m80bcd, and pop."""
    low, high, fl = value_bcd(cpu.fpu)
    if not kept_back(cpu.fpu, fl):
        write_bcd(cpu, r, low, high)
    stored(cpu.fpu, fl, True)
