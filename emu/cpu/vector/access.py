"""What vector instructions check before and do after, and their 128-bit memory operands.

Intel SDM volume 1, 9.6 and 11.5 (exceptions), 11.4.4 and volume 3, 13.1 (control bits); volume 2, 2.4 (alignment).
"""
from emu.bus.component import hot, inline
from emu.bus.types import Fault, u8, u16, u32, u64, u128
from emu.cpu.fpu.stack import pending_error
from emu.cpu.fpu.state import DE, ES, EXCEPTIONS, IE, ZE
from emu.cpu.memory import linear_read, linear_write, load_rmw, store
from emu.cpu.state import CR0_EM, CR0_TS, CR4_OSFXSR, CR4_OSXMMEXCPT, GP, NM, UD, XM, Cpu, Rec

MMX_SEXP = 0xFFFF  # sign and exponent of a register that an MMX instruction has written
BEFORE = IE | DE | ZE  # found before the operation


# -- control bits ------------------------------------------------------------------------------------------------

@inline
def mmx_check(cpu: Cpu, r: Rec) -> None:
    """What every MMX instruction does first: #UD, #NM, or #MF if an x87 exception is pending."""
    if (cpu.cr0 & (CR0_EM | CR0_TS)) != 0:
        refuse(cpu)
    if (cpu.fpu.fsw & ES) != 0:
        pending_error(cpu)


@inline
def mmx_enter(cpu: Cpu) -> None:
    """What every MMX instruction does last: the x87 registers are in use, R0 on top."""
    cpu.fpu.top = 0
    cpu.fpu.ftw = 0xFF


@inline
def set_mm(cpu: Cpu, n: u8, value: u64) -> None:
    """Write MMn."""
    cpu.fpu.mant[n & 7] = value
    cpu.fpu.sexp[n & 7] = MMX_SEXP


@inline
def sse_check(cpu: Cpu) -> None:
    """What every SSE instruction does first: #UD or #NM."""
    if (cpu.cr0 & (CR0_EM | CR0_TS)) != 0 or (cpu.cr4 & CR4_OSFXSR) == 0:
        refuse_sse(cpu)


@hot
def refuse(cpu: Cpu) -> None:
    """#UD while the FPU is emulated, else #NM."""
    if (cpu.cr0 & CR0_EM) != 0:
        raise Fault(UD, 0)
    raise Fault(NM, 0)


@hot
def refuse_sse(cpu: Cpu) -> None:
    """The same, and #UD if the system does not save XMM registers."""
    if (cpu.cr4 & CR4_OSFXSR) == 0:
        raise Fault(UD, 0)
    refuse(cpu)


# -- floating-point exceptions -----------------------------------------------------------------------------------

@inline
def raised(cpu: Cpu, fl: u16) -> None:
    """Add an operation's exceptions to MXCSR; unmasked ones fault before the result is written."""
    if (fl & ((cpu.fpu.mxcsr >> 7) ^ EXCEPTIONS) & EXCEPTIONS) != 0:
        unmasked_error(cpu, fl)
    cpu.fpu.mxcsr = cpu.fpu.mxcsr | fl


@hot
def unmasked_error(cpu: Cpu, fl: u16) -> None:
    """#XM, or #UD if the system does not know it.  After an unmasked IE, DE or ZE nothing was rounded."""
    if (fl & BEFORE & ((cpu.fpu.mxcsr >> 7) ^ EXCEPTIONS)) != 0:
        cpu.fpu.mxcsr = cpu.fpu.mxcsr | (fl & BEFORE)
    else:
        cpu.fpu.mxcsr = cpu.fpu.mxcsr | fl
    if (cpu.cr4 & CR4_OSXMMEXCPT) == 0:
        raise Fault(UD, 0)
    raise Fault(XM, 0)


# -- memory ------------------------------------------------------------------------------------------------------

@inline
def check_aligned(lin: u32) -> None:
    """#GP(0) unless a 128-bit operand is aligned."""
    if (lin & 15) != 0:
        raise Fault(GP, 0)


@inline
def aligned_read(cpu: Cpu, seg: u8, off: u32) -> u32:
    """Linear address of a 128-bit operand that must be aligned."""
    check_aligned(u32(cpu.seg[seg & 7].base + off))
    return linear_read[u128](cpu, seg, off)


@inline
def aligned_write(cpu: Cpu, seg: u8, off: u32) -> u32:
    """The same for a write."""
    check_aligned(u32(cpu.seg[seg & 7].base + off))
    return linear_write[u128](cpu, seg, off)


@inline
def store_pair(cpu: Cpu, r: Rec, lin: u32, low: u64, high: u64) -> None:
    """Write 128 bits; a fault in the second page comes before anything is written."""
    if (lin & 0xFFF) > 0xFF0:
        load_rmw[u64](cpu, r, lin)
        load_rmw[u64](cpu, r, u32(lin + 8))
    store[u64](cpu, r, lin, low)
    store[u64](cpu, r, u32(lin + 8), high)
