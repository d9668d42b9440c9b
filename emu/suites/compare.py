"""Compares what a vector expects with what came out: the first difference as a line, or None."""

import struct

from . import world
from .i6v import COMPLETED

EFLAGS_COMPARED = 0x3F7FD5
FCW_COMPARED = 0xFFBF
PAGE_FAULT = 14
GPR_NAMES = ("EAX", "ECX", "EDX", "EBX", "ESP", "EBP", "ESI", "EDI")
SEG_NAMES = ("ES", "CS", "SS", "DS", "FS", "GS")
FLAG_NAMES = {0: "CF", 2: "PF", 4: "AF", 6: "ZF", 7: "SF", 8: "TF", 9: "IF", 10: "DF", 11: "OF", 12: "IOPL", 13: "IOPL",
              14: "NT", 16: "RF", 17: "VM", 18: "AC", 19: "VIF", 20: "VIP", 21: "ID"}


def _exception(number):
    return "no exception" if number == COMPLETED else f"exception {number}"


def first_difference(v, form, out, background):
    """The first difference between a vector of a form and an Outcome, or None."""
    if out.exception != v.exception:
        where = f" (error {out.error:04X}, EIP {out.eip:08X})" if out.exception != COMPLETED else ""
        return f"wanted {_exception(v.exception)}, got {_exception(out.exception)}{where}"
    if v.exception != COMPLETED:
        if out.error != v.error:
            return f"error code of exception {v.exception}: wanted {v.error:04X}, got {out.error:04X}"
        if v.exception == PAGE_FAULT and out.cr2 != v.cr2:
            return f"CR2: wanted {v.cr2:08X}, got {out.cr2:08X}"
    if out.eip != v.eip_after:
        return f"EIP: wanted {v.eip_after:08X}, got {out.eip:08X}"
    return _registers(v, out) or _fpu(v, form, out) or _xmm(v, form, out) or _memory(v, out, background)


def _registers(v, out):
    if tuple(out.gpr) != tuple(v.gpr_after):
        for n, name in enumerate(GPR_NAMES):
            mask = ~v.gpr_ignore[n] & 0xFFFFFFFF if v.gpr_ignore else 0xFFFFFFFF
            if (out.gpr[n] ^ v.gpr_after[n]) & mask:
                return f"{name}: wanted {v.gpr_after[n]:08X}, got {out.gpr[n]:08X}"
    if tuple(out.seg) != tuple(v.seg_after):
        for n, name in enumerate(SEG_NAMES):
            if out.seg[n] != v.seg_after[n]:
                return f"{name}: wanted {v.seg_after[n]:04X}, got {out.seg[n]:04X}"
    wrong = (out.eflags ^ v.eflags_after) & EFLAGS_COMPARED & ~v.eflags_ignore
    if wrong:
        names = " ".join(sorted({name for bit, name in FLAG_NAMES.items() if wrong >> bit & 1}))
        return f"EFLAGS ({names}): wanted {v.eflags_after:08X}, got {out.eflags:08X}"
    return None


# -- x87 and XMM -------------------------------------------------------------------------------------------------

def _fpu(v, form, out):
    if out.fpu is None:
        return None
    want = v.fpu_after
    if (out.fcw ^ want.fcw) & FCW_COMPARED:
        return f"FCW: wanted {want.fcw:04X}, got {out.fcw:04X}"
    if (out.fsw ^ want.fsw) & ~v.fsw_ignore & 0xFFFF:
        return f"FSW: wanted {want.fsw:04X} (ignoring {v.fsw_ignore:04X}), got {out.fsw:04X}"
    if out.ftw != want.ftw:
        return f"FTW: wanted {want.ftw:02X}, got {out.ftw:02X}"
    if out.fpu != want.regs:
        for n in range(8):
            if out.fpu[n] != want.regs[n] and not (form.ulp and _distance(out.fpu[n], want.regs[n]) <= form.ulp):
                return f"R{n}: wanted {want.regs[n][::-1].hex()}, got {out.fpu[n][::-1].hex()}"
    return None


def _distance(a, b):
    """Two extended-precision numbers' distance in units of the last place."""
    values = []
    for register in (a, b):
        mant, sexp = struct.unpack("<QH", register)
        value = (sexp & 0x7FFF) << 63 | mant & (1 << 63) - 1
        values.append(-value if sexp & 0x8000 else value)
    return abs(values[0] - values[1])


def _xmm(v, form, out):
    if out.xmm is None:
        return None
    if out.mxcsr != v.mxcsr_after:
        return f"MXCSR: wanted {v.mxcsr_after:08X}, got {out.mxcsr:08X}"
    if out.xmm != v.xmm_after:
        for n in range(8):
            if out.xmm[n] != v.xmm_after[n] and not (form.approx and _near(out.xmm[n], v.xmm_after[n], form.approx)):
                return f"XMM{n}: wanted {v.xmm_after[n][::-1].hex()}, got {out.xmm[n][::-1].hex()}"
    return None


def _near(a, b, bound):
    """Whether four single-precision numbers are equal, or as near as the approximations' error bound asks."""
    for n in range(0, 16, 4):
        if a[n:n + 4] != b[n:n + 4]:
            x, y = struct.unpack_from("<f", a, n)[0], struct.unpack_from("<f", b, n)[0]
            if not abs(x - y) <= 2 * bound * max(abs(x), abs(y)):
                return False
    return True


# -- memory ------------------------------------------------------------------------------------------------------

def _memory(v, out, background):
    if not v.patches and not v.memory_after and not v.memory_ignore:
        if out.memory == background:
            return None
        want = bytearray(background)
    else:
        want = bytearray(background)
        for address, data in v.patches + v.memory_after:
            offset = world.window_offset(address)
            want[offset:offset + len(data)] = data
        for address, size in v.memory_ignore:
            offset = world.window_offset(address)
            want[offset:offset + size] = out.memory[offset:offset + size]
        if out.memory == want:
            return None
    for linear, size, offset in world.WINDOWS:
        for n in range(offset, offset + size):
            if out.memory[n] != want[n]:
                return (f"memory at {linear + n - offset:08X}: wanted {want[n:min(n + 8, offset + size)].hex(' ')}, "
                        f"got {out.memory[n:min(n + 8, offset + size)].hex(' ')}")
    return None
