"""The host's own x87 and SSE, through a small C library built with gcc; None where there is no gcc or no x86-64."""
import ctypes
import functools
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path


class F80(ctypes.Structure):
    _fields_ = [("mant", ctypes.c_uint64), ("sexp", ctypes.c_uint16), ("pad", ctypes.c_uint8 * 6)]


@functools.cache
def library():
    """The compiled helper, or None."""
    if platform.machine() not in ("x86_64", "AMD64") or not shutil.which("gcc"):
        return None
    folder = tempfile.TemporaryDirectory()
    out = Path(folder.name) / "host_float.so"
    source = Path(__file__).with_name("host_float.c")
    # no red zone: the comparisons push EFLAGS
    made = subprocess.run(["gcc", "-O1", "-mno-red-zone", "-shared", "-fPIC", "-o", out, source],
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    lib = ctypes.CDLL(str(out))
    lib.folder = folder
    return lib


def x87(name, a, b, cw):
    """Results (significand, sign and exponent; raw 10 bytes for stores) and status words of an operation on lists."""
    n = len(a)
    array = F80 * n
    out, sw = array(), (ctypes.c_uint16 * n)()
    getattr(library(), "x87_" + name)(n, array(*a), array(*b), ctypes.c_uint16(cw), out, sw)
    return [(o.mant, o.sexp) for o in out], list(sw)


def sse(name, bits, a, b, csr):
    """Low 64 bits of the result and MXCSR flags of a scalar operation on lists.  Integers come in as 32 bits."""
    n = len(a)
    array = (ctypes.c_uint32 if bits == 32 or name.startswith("from") else ctypes.c_uint64) * n
    out, flags = (ctypes.c_uint64 * n)(), (ctypes.c_uint32 * n)()
    getattr(library(), f"sse_{name}_f{bits}")(n, array(*a), array(*b), ctypes.c_uint32(csr), out, flags)
    return list(out), list(flags)
