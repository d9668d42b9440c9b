"""Reader of ``.i6v.xz`` files: single instructions with a whole user-mode state before and after.

A file is an XZ stream: magic, length of a JSON header, count, the header with a list of forms, then the vectors back to
back, little-endian and unpadded.
"""

import json
import lzma
import struct

MAGIC = b"I686VEC1"
HAS_FPU, HAS_XMM, TO_END, CODE16 = 1, 2, 4, 8  # Vector.flags
COMPLETED = 255  # Vector.exception

_HEAD = struct.Struct("<HHBBB")
_STATE = struct.Struct("<10I6H")
_FPU = struct.Struct("<HHB")
_RESULT = struct.Struct("<III")
_RUN = struct.Struct("<IH")


class BadSuite(Exception):
    """A file that is not a suite or that cannot be read: one line."""


class Form:
    """One form of the header: an instruction with its operands.  ``ulp`` and ``approx`` are tolerances or None."""

    def __init__(self, entry):
        self.id, self.name, self.opcode, self.cls = entry["id"], entry["name"], entry["opcode"], entry["cls"]
        self.osz, self.ulp, self.approx = entry["osz"], entry["ulp"], entry["approx"]

    @property
    def group(self):
        """The line of the table that the form counts for: its class; exotic operands apart."""
        return f"{self.cls} exotic" if "exotic" in self.name else self.cls

    def matches(self, wanted):
        """Whether a mnemonic or an opcode in hex names this form."""
        wanted = wanted.lower()
        return wanted in (self.name.split()[0].split(".")[0], self.name.split()[0], self.opcode, self.name)


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


class Suite:
    """A file of vectors.  Raises BadSuite if it cannot be read."""

    def __init__(self, path):
        self.path = path
        try:
            with lzma.open(path) as file:
                self.data = file.read()
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise BadSuite(f"{path}: {error}") from None
        if self.data[:8] != MAGIC:
            raise BadSuite(f"{path}: not a file of instruction vectors")
        try:
            length, self.count = struct.unpack_from("<II", self.data, 8)
            header = json.loads(self.data[16:16 + length])
            if header["version"] != 1:
                raise BadSuite(f"{path}: version {header['version']} is not known")
            self.forms = [Form(entry) for entry in header["forms"]]
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise BadSuite(f"{path}: bad header: {error}") from None
        self._start = 16 + length

    def select(self, wanted=None, limit=None):
        """Offsets of the vectors to run: those of matching forms, at most ``limit`` of each, spread evenly."""
        taken = [wanted is None or form.matches(wanted) for form in self.forms]
        by_form = {}
        at, data, unpack = self._start, self.data, struct.Struct("<HH").unpack_from
        try:
            for _ in range(self.count):
                length, form = unpack(data, at)
                if taken[form]:
                    by_form.setdefault(form, []).append(at)
                at += length
        except (struct.error, IndexError):
            raise BadSuite(f"{self.path}: cut short") from None
        out = []
        for offsets in by_form.values():
            if limit is not None and len(offsets) > limit:
                offsets = [offsets[n * len(offsets) // limit] for n in range(limit)]
            out += offsets
        return out

    def vector(self, at):
        """The vector at an offset."""
        data = self.data
        v = Vector()
        _, v.form, v.flags, v.count, size = _HEAD.unpack_from(data, at)
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
