"""Reader of ``.i6v.xz`` files: single instructions with a whole user-mode state before and after.

A file is an XZ stream: magic, length of a JSON header, count, the header with a list of forms, then the vectors back to
back, little-endian and unpadded.
"""

import json
import lzma
import struct

from . import suite
from .errors import BadSuite

MAGIC = b"I686VEC1"
HAS_FPU, HAS_XMM, TO_END, CODE16 = 1, 2, 4, 8  # Vector.flags
KNOWN_FLAGS = HAS_FPU | HAS_XMM | TO_END | CODE16
COMPLETED = 255  # Vector.exception
HEADER = 16         # bytes before the header
PIECE, OUT = 1 << 16, 1 << 18   # bytes read and unpacked at a time

_HEAD = struct.Struct("<HHBBB")
_STATE = struct.Struct("<10I6H")
_FPU = struct.Struct("<HHB")
_RESULT = struct.Struct("<III")
_RUN = struct.Struct("<IH")


class Form(suite.Form):
    """A form of the header.  ``ulp`` and ``approx`` are tolerances or None."""

    def __init__(self, entry):
        exotic = f"{entry['cls']} exotic" if "exotic" in entry["name"] else entry["cls"]
        super().__init__(entry["name"], entry["opcode"] or "", exotic)
        self.id, self.cls = entry["id"], entry["cls"]
        self.osz, self.ulp, self.approx, self.count = entry["osz"], entry["ulp"], entry["approx"], entry.get("n", 0)


class Fpu:
    """x87 state: ``regs`` are the eight physical registers, 10 bytes each."""

    __slots__ = ("fcw", "fsw", "ftw", "regs")

    def __init__(self, fcw, fsw, ftw, regs):
        self.fcw, self.fsw, self.ftw, self.regs = fcw, fsw, ftw, regs


class Vector:
    """One vector.  Names with ``_after`` are expected results, ``_ignore`` masks of bits not to compare; ``patches``,
    ``memory_after`` are (address, bytes), ``memory_ignore`` (address, size).  Changed registers come as whole lists."""

    __slots__ = ("form", "flags", "count", "code", "eip", "eflags", "gpr", "seg", "fpu", "mxcsr", "xmm", "patches",
                 "exception", "error", "cr2", "eip_after", "eflags_after", "eflags_ignore", "gpr_after", "gpr_ignore",
                 "seg_after", "fpu_after", "fsw_ignore", "mxcsr_after", "xmm_after", "memory_after", "memory_ignore")


def unpack(path, most=None):
    """The contents of an XZ file, or its first bytes: (bytes, None or what is wrong with it and where)."""
    machine, out, at = lzma.LZMADecompressor(), bytearray(), 0
    try:
        with open(path, "rb") as file:
            while not machine.eof and (most is None or len(out) < most):
                piece = b""
                if machine.needs_input:
                    piece = file.read(PIECE)
                    if not piece:
                        return bytes(out), f"the XZ file is cut short at offset {at}"
                out += machine.decompress(piece, OUT if most is None else most)     # little at a time: all that is before damage counts
                at += len(piece)
    except OSError as error:
        raise BadSuite(path, error.strerror or str(error)) from None
    except lzma.LZMAError as error:
        return bytes(out), f"the XZ file is damaged after offset {at}: {error}"
    return bytes(out), None


class Suite:
    """A file of vectors; ``header_only`` reads no more than the list of forms.  Raises BadSuite if nothing of it can be read.
    Where it breaks off, ``wrong`` says so, and what is before that can be run."""

    def __init__(self, path, header_only=False):
        self.path = path
        self.data, self.wrong = unpack(path, HEADER if header_only else None)
        if self.data[:8] != MAGIC:
            raise BadSuite(path, self.wrong or "not a file of instruction vectors (wrong magic at offset 0 of its contents)")
        try:
            length, self.count = struct.unpack_from("<II", self.data, 8)
            if header_only and len(self.data) < HEADER + length:
                self.data, self.wrong = unpack(path, HEADER + length)
            header = json.loads(self.data[HEADER:HEADER + length])
            if header["version"] != 1:
                raise BadSuite(path, f"version {header['version']} is not known (header at offset {HEADER} of its contents)")
            self.forms = [Form(entry) for entry in header["forms"]]
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise BadSuite(path, self.wrong or f"the header at offset {HEADER} of its contents is damaged ({type(error).__name__})") from None
        self._start, self._told = HEADER + length, False

    def select(self, wanted=None, limit=None):
        """Offsets of the vectors to run: those of matching forms, at most ``limit`` of each, spread evenly."""
        return [at for offsets in self.by_form(wanted, limit).values() for at in offsets]

    def by_form(self, wanted=None, limit=None):
        """The same by form number."""
        taken = [wanted is None or form.matches(wanted) for form in self.forms]
        found, at, data, unpack_from, end = {}, self._start, self.data, struct.Struct("<HH").unpack_from, len(self.data)
        for n in range(self.count):
            if at + 4 > end:
                self._broken(at, n)
                break
            length, form = unpack_from(data, at)
            if length < 4 or at + length > end or form >= len(taken):
                self._broken(at, n)
                break
            if taken[form]:
                found.setdefault(form, []).append(at)
            at += length
        return {form: suite.spread(offsets, limit) for form, offsets in found.items()}

    def _broken(self, at, n):
        if self.wrong is None:
            self.wrong = f"cut short or damaged at offset {at} of its contents"
        if not self._told:
            self.wrong += f", {n} of {self.count} vectors can be read"
        self._told = True

    def vector(self, at):
        """The vector at an offset.  Raises struct.error or IndexError for one that does not fit its length."""
        data, start = self.data, at
        v = Vector()
        length, v.form, v.flags, v.count, size = _HEAD.unpack_from(data, at)
        if v.flags & ~KNOWN_FLAGS:
            raise IndexError(f"a mode that is not known: flags {v.flags:02X}h")
        at += 7
        v.code = data[at:at + size]
        at += size
        state = _STATE.unpack_from(data, at)
        v.eip, v.eflags, v.gpr, v.seg = state[0], state[1], state[2:10], state[10:]
        at += 52
        if v.flags & HAS_FPU:
            fcw, fsw, ftw = _FPU.unpack_from(data, at)
            at += 5
            v.fpu = Fpu(fcw, fsw, ftw, [data[at + 10 * n:at + 10 * n + 10] for n in range(8)])
            at += 80
        else:
            v.fpu = None
        if v.flags & HAS_XMM:
            v.mxcsr, = struct.unpack_from("<I", data, at)
            v.xmm = [data[at + 4 + 16 * n:at + 20 + 16 * n] for n in range(8)]
            at += 132
        else:
            v.xmm = None
        v.patches, at = _runs(data, at)
        v.exception = data[at]
        at += 1
        v.error = v.cr2 = 0
        if v.exception != COMPLETED:
            v.error, v.cr2 = struct.unpack_from("<II", data, at)
            at += 8
        v.eip_after, v.eflags_after, v.eflags_ignore = _RESULT.unpack_from(data, at)
        at += 12
        v.gpr_after, at = _changed(data, at, v.gpr, "I", 4)
        mask = data[at]
        at += 1
        v.gpr_ignore = None
        if mask:
            v.gpr_ignore = [0] * 8
            for n in range(8):
                if mask >> n & 1:
                    v.gpr_ignore[n], = struct.unpack_from("<I", data, at)
                    at += 4
        v.seg_after, at = _changed(data, at, v.seg, "H", 2)
        if v.fpu is not None:
            fcw, fsw, v.fsw_ignore, ftw = struct.unpack_from("<HHHB", data, at)
            regs, at = _changed_bytes(data, at + 7, v.fpu.regs, 10)
            v.fpu_after = Fpu(fcw, fsw, ftw, regs)
        if v.xmm is not None:
            v.mxcsr_after, = struct.unpack_from("<I", data, at)
            v.xmm_after, at = _changed_bytes(data, at + 4, v.xmm, 16)
        v.memory_after, at = _runs(data, at)
        n = data[at]
        v.memory_ignore = [_RUN.unpack_from(data, at + 1 + 6 * k) for k in range(n)]
        if at + 1 + 6 * n != start + length:
            raise IndexError("the record does not fit its length")
        return v


def _runs(data, at):
    """A counted list of runs of bytes: ([(address, bytes)], offset after it)."""
    count = data[at]
    at += 1
    out = []
    for _ in range(count):
        address, size = _RUN.unpack_from(data, at)
        at += 6
        out.append((address, data[at:at + size]))
        at += size
    return out, at


def _changed(data, at, before, code, size):
    mask = data[at]
    at += 1
    if not mask:
        return before, at
    out = list(before)
    for n in range(8):
        if mask >> n & 1:
            out[n], = struct.unpack_from("<" + code, data, at)
            at += size
    return tuple(out), at


def _changed_bytes(data, at, before, size):
    mask = data[at]
    at += 1
    out = list(before)
    for n in range(8):
        if mask >> n & 1:
            out[n] = data[at:at + size]
            at += size
    return out, at
