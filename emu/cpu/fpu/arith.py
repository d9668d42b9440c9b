"""x87 arithmetic with two operands: FADD FSUB FSUBR FMUL FDIV FDIVR in all their forms.

Intel SDM volume 2; volume 1, 8.3.5.
"""
from emu.bus.component import hot
from emu.bus.types import i16, i32, u8, u16, u32, u64
from emu.cpu.fpu.convert import from_f32, from_f64, from_i64
from emu.cpu.fpu.operate import ADD, DIV, DIVR, MUL, SUB, SUBR, with_memory, with_register
from emu.cpu.fpu.stack import pop, st
from emu.cpu.state import Cpu


# -- arithmetic with memory --------------------------------------------------------------------------------------

@hot
def FADD_m32(cpu: Cpu, src: u32) -> None:
    """D8 /0: ST0 + m32fp."""
    m, se, denormal = from_f32(src)
    with_memory(cpu.fpu, ADD, m, se, denormal)


@hot
def FADD_m64(cpu: Cpu, src: u64) -> None:
    """DC /0: ST0 + m64fp."""
    m, se, denormal = from_f64(src)
    with_memory(cpu.fpu, ADD, m, se, denormal)


@hot
def FIADD_m32(cpu: Cpu, src: u32) -> None:
    """DA /0: ST0 + m32int."""
    m, se = from_i64(u64(i32(src)))
    with_memory(cpu.fpu, ADD, m, se, 0)


@hot
def FIADD_m16(cpu: Cpu, src: u16) -> None:
    """DE /0: ST0 + m16int."""
    m, se = from_i64(u64(i16(src)))
    with_memory(cpu.fpu, ADD, m, se, 0)


@hot
def FMUL_m32(cpu: Cpu, src: u32) -> None:
    """D8 /1: ST0 * m32fp."""
    m, se, denormal = from_f32(src)
    with_memory(cpu.fpu, MUL, m, se, denormal)


@hot
def FMUL_m64(cpu: Cpu, src: u64) -> None:
    """DC /1: ST0 * m64fp."""
    m, se, denormal = from_f64(src)
    with_memory(cpu.fpu, MUL, m, se, denormal)


@hot
def FIMUL_m32(cpu: Cpu, src: u32) -> None:
    """DA /1: ST0 * m32int."""
    m, se = from_i64(u64(i32(src)))
    with_memory(cpu.fpu, MUL, m, se, 0)


@hot
def FIMUL_m16(cpu: Cpu, src: u16) -> None:
    """DE /1: ST0 * m16int."""
    m, se = from_i64(u64(i16(src)))
    with_memory(cpu.fpu, MUL, m, se, 0)


@hot
def FSUB_m32(cpu: Cpu, src: u32) -> None:
    """D8 /4: ST0 - m32fp."""
    m, se, denormal = from_f32(src)
    with_memory(cpu.fpu, SUB, m, se, denormal)


@hot
def FSUB_m64(cpu: Cpu, src: u64) -> None:
    """DC /4: ST0 - m64fp."""
    m, se, denormal = from_f64(src)
    with_memory(cpu.fpu, SUB, m, se, denormal)


@hot
def FISUB_m32(cpu: Cpu, src: u32) -> None:
    """DA /4: ST0 - m32int."""
    m, se = from_i64(u64(i32(src)))
    with_memory(cpu.fpu, SUB, m, se, 0)


@hot
def FISUB_m16(cpu: Cpu, src: u16) -> None:
    """DE /4: ST0 - m16int."""
    m, se = from_i64(u64(i16(src)))
    with_memory(cpu.fpu, SUB, m, se, 0)


@hot
def FSUBR_m32(cpu: Cpu, src: u32) -> None:
    """D8 /5: m32fp - ST0."""
    m, se, denormal = from_f32(src)
    with_memory(cpu.fpu, SUBR, m, se, denormal)


@hot
def FSUBR_m64(cpu: Cpu, src: u64) -> None:
    """DC /5: m64fp - ST0."""
    m, se, denormal = from_f64(src)
    with_memory(cpu.fpu, SUBR, m, se, denormal)


@hot
def FISUBR_m32(cpu: Cpu, src: u32) -> None:
    """DA /5: m32int - ST0."""
    m, se = from_i64(u64(i32(src)))
    with_memory(cpu.fpu, SUBR, m, se, 0)


@hot
def FISUBR_m16(cpu: Cpu, src: u16) -> None:
    """DE /5: m16int - ST0."""
    m, se = from_i64(u64(i16(src)))
    with_memory(cpu.fpu, SUBR, m, se, 0)


@hot
def FDIV_m32(cpu: Cpu, src: u32) -> None:
    """D8 /6: ST0 / m32fp."""
    m, se, denormal = from_f32(src)
    with_memory(cpu.fpu, DIV, m, se, denormal)


@hot
def FDIV_m64(cpu: Cpu, src: u64) -> None:
    """DC /6: ST0 / m64fp."""
    m, se, denormal = from_f64(src)
    with_memory(cpu.fpu, DIV, m, se, denormal)


@hot
def FIDIV_m32(cpu: Cpu, src: u32) -> None:
    """DA /6: ST0 / m32int."""
    m, se = from_i64(u64(i32(src)))
    with_memory(cpu.fpu, DIV, m, se, 0)


@hot
def FIDIV_m16(cpu: Cpu, src: u16) -> None:
    """DE /6: ST0 / m16int."""
    m, se = from_i64(u64(i16(src)))
    with_memory(cpu.fpu, DIV, m, se, 0)


@hot
def FDIVR_m32(cpu: Cpu, src: u32) -> None:
    """D8 /7: m32fp / ST0."""
    m, se, denormal = from_f32(src)
    with_memory(cpu.fpu, DIVR, m, se, denormal)


@hot
def FDIVR_m64(cpu: Cpu, src: u64) -> None:
    """DC /7: m64fp / ST0."""
    m, se, denormal = from_f64(src)
    with_memory(cpu.fpu, DIVR, m, se, denormal)


@hot
def FIDIVR_m32(cpu: Cpu, src: u32) -> None:
    """DA /7: m32int / ST0."""
    m, se = from_i64(u64(i32(src)))
    with_memory(cpu.fpu, DIVR, m, se, 0)


@hot
def FIDIVR_m16(cpu: Cpu, src: u16) -> None:
    """DE /7: m16int / ST0."""
    m, se = from_i64(u64(i16(src)))
    with_memory(cpu.fpu, DIVR, m, se, 0)


# -- arithmetic between registers --------------------------------------------------------------------------------

@hot
def FADD_st0_sti(cpu: Cpu, i: u8) -> None:
    """D8 C0+i: ST0 = ST0 + ST(i)."""
    with_register(cpu.fpu, ADD, cpu.fpu.top, i)


@hot
def FMUL_st0_sti(cpu: Cpu, i: u8) -> None:
    """D8 C8+i: ST0 = ST0 * ST(i)."""
    with_register(cpu.fpu, MUL, cpu.fpu.top, i)


@hot
def FSUB_st0_sti(cpu: Cpu, i: u8) -> None:
    """D8 E0+i: ST0 = ST0 - ST(i)."""
    with_register(cpu.fpu, SUB, cpu.fpu.top, i)


@hot
def FSUBR_st0_sti(cpu: Cpu, i: u8) -> None:
    """D8 E8+i: ST0 = ST(i) - ST0."""
    with_register(cpu.fpu, SUBR, cpu.fpu.top, i)


@hot
def FDIV_st0_sti(cpu: Cpu, i: u8) -> None:
    """D8 F0+i: ST0 = ST0 / ST(i)."""
    with_register(cpu.fpu, DIV, cpu.fpu.top, i)


@hot
def FDIVR_st0_sti(cpu: Cpu, i: u8) -> None:
    """D8 F8+i: ST0 = ST(i) / ST0."""
    with_register(cpu.fpu, DIVR, cpu.fpu.top, i)


@hot
def FADD_sti_st0(cpu: Cpu, i: u8) -> None:
    """DC C0+i: ST(i) = ST0 + ST(i)."""
    with_register(cpu.fpu, ADD, st(cpu.fpu, i), i)


@hot
def FADDP(cpu: Cpu, i: u8) -> None:
    """DE C0+i: ST(i) = ST0 + ST(i), and pop."""
    done: bool = with_register(cpu.fpu, ADD, st(cpu.fpu, i), i)
    if done:
        pop(cpu.fpu)


@hot
def FMUL_sti_st0(cpu: Cpu, i: u8) -> None:
    """DC C8+i: ST(i) = ST0 * ST(i)."""
    with_register(cpu.fpu, MUL, st(cpu.fpu, i), i)


@hot
def FMULP(cpu: Cpu, i: u8) -> None:
    """DE C8+i: ST(i) = ST0 * ST(i), and pop."""
    done: bool = with_register(cpu.fpu, MUL, st(cpu.fpu, i), i)
    if done:
        pop(cpu.fpu)


@hot
def FSUBR_sti_st0(cpu: Cpu, i: u8) -> None:
    """DC E0+i: ST(i) = ST0 - ST(i)."""
    with_register(cpu.fpu, SUB, st(cpu.fpu, i), i)


@hot
def FSUBRP(cpu: Cpu, i: u8) -> None:
    """DE E0+i: ST(i) = ST0 - ST(i), and pop."""
    done: bool = with_register(cpu.fpu, SUB, st(cpu.fpu, i), i)
    if done:
        pop(cpu.fpu)


@hot
def FSUB_sti_st0(cpu: Cpu, i: u8) -> None:
    """DC E8+i: ST(i) = ST(i) - ST0."""
    with_register(cpu.fpu, SUBR, st(cpu.fpu, i), i)


@hot
def FSUBP(cpu: Cpu, i: u8) -> None:
    """DE E8+i: ST(i) = ST(i) - ST0, and pop."""
    done: bool = with_register(cpu.fpu, SUBR, st(cpu.fpu, i), i)
    if done:
        pop(cpu.fpu)


@hot
def FDIVR_sti_st0(cpu: Cpu, i: u8) -> None:
    """DC F0+i: ST(i) = ST0 / ST(i)."""
    with_register(cpu.fpu, DIV, st(cpu.fpu, i), i)


@hot
def FDIVRP(cpu: Cpu, i: u8) -> None:
    """DE F0+i: ST(i) = ST0 / ST(i), and pop."""
    done: bool = with_register(cpu.fpu, DIV, st(cpu.fpu, i), i)
    if done:
        pop(cpu.fpu)


@hot
def FDIV_sti_st0(cpu: Cpu, i: u8) -> None:
    """DC F8+i: ST(i) = ST(i) / ST0."""
    with_register(cpu.fpu, DIVR, st(cpu.fpu, i), i)


@hot
def FDIVP(cpu: Cpu, i: u8) -> None:
    """DE F8+i: ST(i) = ST(i) / ST0, and pop."""
    done: bool = with_register(cpu.fpu, DIVR, st(cpu.fpu, i), i)
    if done:
        pop(cpu.fpu)
