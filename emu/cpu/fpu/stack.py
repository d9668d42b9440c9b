"""The register stack: tags, results and their exceptions, pending errors.

Intel SDM volume 1, 8.1.2 (stack), 8.5.1.1 (stack faults), 8.6 (synchronisation), appendix D (FERR# and IGNNE#); volume 3,
2.5 (CR0.EM, TS, MP, NE).
"""
from emu.bus.component import hot, inline, intrinsic
from emu.bus.types import Fault, u8, u16, u64
from emu.cpu.cpuid import F_PAE
from emu.cpu.fpu.rounding import INDEFINITE, INDEFINITE_SEXP
from emu.cpu.fpu.state import BUSY, C1, DE, ES, EXCEPTIONS, IE, SF, TOP, ZE, Fpu
from emu.cpu.state import CR0_EM, CR0_MP, CR0_NE, CR0_TS, FREEZE, MF, NM, Cpu, Rec

BEFORE = IE | DE | ZE  # found before the operation: unmasked, they keep the operands as they are
STACK_UNDERFLOW = IE | SF
STACK_OVERFLOW = IE | SF | C1


# -- errors and the control bits ---------------------------------------------------------------------------------

@intrinsic
def notice(cpu: Cpu, r: Rec) -> None:
    """A line into the processor may have risen by this instruction's own doing: look at events after it."""
    cpu.attention = True


@inline
def fpu_wait(cpu: Cpu, r: Rec) -> None:
    """What every waiting x87 instruction does first: #NM, or #MF if an unmasked exception is pending."""
    if (cpu.cr0 & (CR0_EM | CR0_TS)) != 0:
        raise Fault(NM, 0)
    if (cpu.fpu.fsw & ES) != 0:
        pending_error(cpu)


@inline
def fpu_nowait(cpu: Cpu) -> None:
    """What the FN… instructions do first: #NM only."""
    if (cpu.cr0 & (CR0_EM | CR0_TS)) != 0:
        raise Fault(NM, 0)


@hot
def raise_ferr(cpu: Cpu) -> None:
    """Pull FERR#, the PC's own report of an error: interrupt 13."""
    if cpu.fpu.ferr == 0:
        cpu.fpu.ferr = 1
        cpu.ferr(1)


@hot
def pending_error(cpu: Cpu) -> None:
    """#MF; with CR0.NE clear FERR#, and the processor stands still before the instruction until an interrupt comes or
    IGNNE#, which lets it go on, is asserted."""
    if (cpu.cr0 & CR0_NE) != 0:
        raise Fault(MF, 0)
    if cpu.ignne == 0:
        raise_ferr(cpu)
        raise Fault(FREEZE, 0)


@hot
def report_error(cpu: Cpu, r: Rec) -> None:
    """After an instruction that leaves an unmasked exception: a P6 pulls FERR# at once, its predecessors when the next
    waiting instruction comes."""
    if (cpu.cr0 & CR0_NE) == 0 and cpu.features & F_PAE != 0 and cpu.ignne == 0 and cpu.fpu.ferr == 0:
        raise_ferr(cpu)
        notice(cpu, r)


@hot
def update_error(cpu: Cpu, r: Rec) -> None:
    """ES and B after the status or control word was loaded; FERR# goes when the error does."""
    f = cpu.fpu
    if (f.fsw & (f.fcw ^ EXCEPTIONS) & EXCEPTIONS) != 0:
        f.fsw = f.fsw | ES | BUSY
        report_error(cpu, r)
    else:
        f.fsw = f.fsw & (0xFFFF - ES - BUSY)
        if f.ferr != 0:
            f.ferr = 0
            cpu.ferr(0)


@hot
def FWAIT(cpu: Cpu, r: Rec) -> None:
    """WAIT: #NM if both TS and MP are set, and pending errors."""
    if (cpu.cr0 & CR0_TS) != 0 and (cpu.cr0 & CR0_MP) != 0:
        raise Fault(NM, 0)
    if (cpu.fpu.fsw & ES) != 0:
        pending_error(cpu)


@inline
def unmasked(f: Fpu, fl: u16) -> u16:
    """Those of the exceptions in fl that the control word does not mask."""
    return fl & (f.fcw ^ EXCEPTIONS) & EXCEPTIONS


@inline
def status(f: Fpu) -> u16:
    """The status word as the guest reads it."""
    return u16(f.fsw | (f.top << 11))


@inline
def set_status(f: Fpu, value: u16) -> None:
    """Load TOP and the other bits of the status word, except ES and B."""
    f.fsw = value & (0xFFFF - TOP)
    f.top = u8(value >> 11) & 7


# -- the stack ---------------------------------------------------------------------------------------------------

@inline
def st(f: Fpu, i: u8) -> u8:
    """Physical register of ST(i)."""
    return u8(f.top + i) & 7


@inline
def empty(f: Fpu, r: u8) -> bool:
    """Whether physical register r is tagged empty."""
    return (f.ftw >> (r & 7)) & 1 == 0


@inline
def pop(f: Fpu) -> None:
    """Tag ST0 empty and increment TOP."""
    f.ftw = f.ftw & (0xFF ^ (1 << (f.top & 7)))
    f.top = (f.top + 1) & 7


@inline
def note(f: Fpu, fl: u16) -> None:
    """Add exceptions to the status word; C1 is as fl says."""
    f.fsw = (f.fsw & (0xFFFF - C1)) | fl
    if unmasked(f, fl) != 0:
        f.fsw = f.fsw | ES | BUSY


@inline
def put(f: Fpu, r: u8, m: u64, se: u16, fl: u16) -> bool:
    """Write the result of an operation to physical register r; false if an unmasked exception forbids it."""
    if unmasked(f, fl) != 0:
        return put_unmasked(f, r, m, se, fl)
    f.fsw = (f.fsw & (0xFFFF - C1)) | fl
    f.mant[r & 7] = m
    f.sexp[r & 7] = se
    f.ftw = f.ftw | u8(1 << (r & 7))
    return True


@hot
def put_unmasked(f: Fpu, r: u8, m: u64, se: u16, fl: u16) -> bool:
    """put with an unmasked exception."""
    if unmasked(f, fl & BEFORE) != 0:
        # the operation did not happen: neither did its rounding
        note(f, fl & (BEFORE | SF | (C1 if (fl & SF) != 0 else 0)))
        return False
    note(f, fl)
    f.mant[r & 7] = m
    f.sexp[r & 7] = se
    f.ftw = f.ftw | u8(1 << (r & 7))
    return True


@inline
def underflow(f: Fpu, r: u8) -> bool:
    """An empty operand: masked, the result in physical register r is the indefinite NaN."""
    return put(f, r, INDEFINITE, INDEFINITE_SEXP, STACK_UNDERFLOW)


@inline
def push_any(f: Fpu, m: u64, se: u16, fl: u16) -> bool:
    """Decrement TOP and write ST0, whether or not there is room; false if an unmasked exception forbids it."""
    r = u8(f.top + 7) & 7
    done: bool = put(f, r, m, se, fl)
    if done:
        f.top = r
        return True
    return False


@inline
def push(f: Fpu, m: u64, se: u16, fl: u16) -> bool:
    """Load a value: decrement TOP and write ST0, or a stack overflow."""
    if empty(f, u8(f.top + 7)):
        return push_any(f, m, se, fl)
    return push_any(f, INDEFINITE, INDEFINITE_SEXP, STACK_OVERFLOW)
