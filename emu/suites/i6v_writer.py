"""Writer of ``.i6v.xz`` files (format: i6v.py, version 1)."""

import json
import lzma
import struct

from .i6v import COMPLETED, HAS_FPU, HAS_XMM, MAGIC


def _runs(items):
    return bytes([len(items)]) + b"".join(struct.pack("<IH", address, len(data)) + data for address, data in items)


def _changed(code, before, after):
    values = b"".join(struct.pack("<" + code, b) for a, b in zip(before, after) if a != b)
    return bytes([sum(1 << n for n, (a, b) in enumerate(zip(before, after)) if a != b)]) + values


def _changed_bytes(before, after):
    return bytes([sum(1 << n for n, (a, b) in enumerate(zip(before, after)) if a != b)]) \
        + b"".join(b for a, b in zip(before, after) if a != b)


def record(v):
    """The bytes of a Vector (i6v.py)."""
    out = struct.pack("<HBBB", v.form, v.flags, v.count, len(v.code)) + v.code + struct.pack("<10I6H", v.eip, v.eflags, *v.gpr, *v.seg)
    if v.flags & HAS_FPU:
        out += struct.pack("<HHB", v.fpu.fcw, v.fpu.fsw, v.fpu.ftw) + b"".join(v.fpu.regs)
    if v.flags & HAS_XMM:
        out += struct.pack("<I", v.mxcsr) + b"".join(v.xmm)
    out += _runs(v.patches) + bytes([v.exception])
    if v.exception != COMPLETED:
        out += struct.pack("<II", v.error, v.cr2)
    out += struct.pack("<III", v.eip_after, v.eflags_after, v.eflags_ignore) + _changed("I", v.gpr, v.gpr_after)
    ignored = v.gpr_ignore or [0] * 8
    out += _changed("I", [0] * 8, ignored) + _changed("H", v.seg, v.seg_after)
    if v.flags & HAS_FPU:
        after = v.fpu_after
        out += struct.pack("<HHHB", after.fcw, after.fsw, v.fsw_ignore, after.ftw) + _changed_bytes(v.fpu.regs, after.regs)
    if v.flags & HAS_XMM:
        out += struct.pack("<I", v.mxcsr_after) + _changed_bytes(v.xmm, v.xmm_after)
    out += _runs(v.memory_after) + bytes([len(v.memory_ignore)]) + b"".join(struct.pack("<IH", *run) for run in v.memory_ignore)
    return struct.pack("<H", len(out) + 2) + out


def write(path, header, vectors):
    """Write a file: ``header`` without the counts, its ``forms`` with all but ``n`` and ``exc``, and the vectors."""
    for form in header["forms"]:
        own = [v for v in vectors if v.form == form["id"]]
        form["n"] = len(own)
        form["exc"] = {str(e): sum(v.exception == e for v in own) for e in sorted({v.exception for v in own}) if e != COMPLETED}
    text = json.dumps(header | {"version": 1, "vectors": len(vectors)}).encode()
    data = MAGIC + struct.pack("<II", len(text), len(vectors)) + text + b"".join(map(record, vectors))
    path.write_bytes(lzma.compress(data))
