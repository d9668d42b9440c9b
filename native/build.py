"""Builds the native engine: `python native/build.py [--sanitize] [OUTPUT FOLDER]`.

Generates the C (native/generate.py), compiles what changed, several files at once, and links emu/_native.abi3.so.
Needs cffi and a C compiler (CC, else gcc, clang or cc).  EMU_CFLAGS adds options (such as -g).  With --sanitize it is built
with AddressSanitizer and UBSan into a folder of its own, for tools/fuzz.py.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CFLAGS = ["-O2", "-fno-tree-slp-vectorize", "-fPIC", "-fno-strict-aliasing", "-fno-semantic-interposition", "-fvisibility=hidden", "-w", "-DPy_LIMITED_API=0x030b0000"]
X86_64 = platform.machine() in ("x86_64", "AMD64")
ABI = ["-mno-red-zone"] if X86_64 else []  # code calls in assembly (KEPT in core.h)
CFLAGS += ABI
KEEPING = ["-mgeneral-regs-only"] if X86_64 else []  # for functions that keep all registers
FILE_CFLAGS = {"slow": KEEPING, "walks": KEEPING, "gen_rare": KEEPING}
SUFFIX = "_native.abi3.so"
# Sibling calls must stay, or the handlers, which tail-call each other, use up the stack: locals under guard would prevent them
# (UBSan still checks the bounds of arrays).  tests/fuzz/test_fuzz.py looks at the code.
SANITIZE = ["-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer",
            "-foptimize-sibling-calls", "--param", "asan-stack=0"]
SANITIZED = ROOT / "build" / "sanitized"


def compiler():
    """The C compiler's command line as a list, or None if there is none."""
    for name in filter(None, [os.environ.get("CC"), "gcc", "clang", "cc"]):
        if shutil.which(name.split()[0]):
            return name.split()
    return None


def _run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command[:1]))} failed:\n{done.stderr[-4000:]}")


def build(output=None, work=None, sanitize=False):
    """Build the extension into ``output`` (default: the package folder).  Gives the path of the library.
    Raises RuntimeError if there is no compiler or it fails."""
    if sanitize:
        output = output or SANITIZED
        work = work or Path(output) / "work"
    cc = compiler()
    if cc is None:
        raise RuntimeError("no C compiler (gcc or clang) was found")
    sys.path.insert(0, str(ROOT))
    import cffi

    from native.generate import write_to
    extra = os.environ.get("EMU_CFLAGS", "").split() + (SANITIZE if sanitize else [])
    work = Path(work or ROOT / "build" / "native")
    folder = work / "gen"
    generator = write_to(folder)
    ffi = cffi.FFI()
    ffi.cdef(generator.cdef())
    ffi.set_source("emu._native", '#include "core.h"\n#include "vectors.h"\n' + re.sub(r'extern "Python.*', "", _prototypes()))
    glue = folder / "glue.c"
    fresh = folder / "glue.new"
    ffi.emit_c_code(str(fresh))
    if not glue.exists() or glue.read_bytes() != fresh.read_bytes():
        fresh.replace(glue)
    else:
        fresh.unlink()
    flags = CFLAGS + extra + [f"-I{ROOT / 'native'}", f"-I{folder}", f"-I{sysconfig.get_path('include')}"]
    headers = hashlib.sha256(b"".join(p.read_bytes() for p in sorted(folder.glob("*.h")) + sorted((ROOT / "native").glob("*.h")))
                             + " ".join(cc + flags).encode()).hexdigest()
    sources = sorted(folder.glob("*.c")) + sorted((ROOT / "native").glob("*.c"))
    objects, jobs = [], []
    for source in sources:
        target = work / (source.stem + ".o")
        stamp = work / (source.stem + ".stamp")
        key = headers + hashlib.sha256(source.read_bytes()).hexdigest()
        objects.append(str(target))
        if not target.exists() or not stamp.exists() or stamp.read_text() != key:
            jobs.append((source, target, stamp, key))

    def compile_one(job):
        source, target, stamp, key = job
        _run(cc + flags + FILE_CFLAGS.get(source.stem, []) + ["-c", str(source), "-o", str(target)])
        stamp.write_text(key)

    with ThreadPoolExecutor(int(os.environ.get("EMU_JOBS", os.cpu_count() or 1))) as pool:
        list(pool.map(compile_one, jobs))
    out = Path(output or ROOT / "emu")
    out.mkdir(parents=True, exist_ok=True)
    library = out / SUFFIX
    made = work / SUFFIX
    link = ["-shared"] + (["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else [])
    _run(cc + extra + link + objects + ["-o", str(made)])
    if library.exists():
        library.unlink()  # a running process keeps the old one
    shutil.copy2(made, library)
    return library


def _prototypes():
    from native.generate import API
    return API


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("output", nargs="?", metavar="FOLDER", help="default: the package, or build/sanitized")
    arguments.add_argument("--sanitize", action="store_true", help="with AddressSanitizer and UBSan")
    options = arguments.parse_args()
    print(build(options.output, sanitize=options.sanitize))
