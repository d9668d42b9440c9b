"""What is run: our own set, a boot image that takes its number of rounds from its head, or an image of the user's."""

import struct
from dataclasses import dataclass
from pathlib import Path

from emu.machine.config import FIRMWARE
from emu.media.iso_writer import IsoWriter

OWN = FIRMWARE / "bench.bin"                    # built from bios/bench by tools/build_bench.py
HEAD, MAGIC = 64, b"EMUBENCH"                   # then the rounds in UNITths of what the rows say, and a bit a row
UNIT = 1024
ROW = "4I"                                      # name, code, rounds, video mode
LOADED_AT, BLOCK = 0x7C00, 512
OWN_MEMORY, MEMORY = 64, 128                    # MiB

OWN_GROUPS = {
    "integer": "alu mixed calls muldiv real-mode",
    "floating point": "x87 sse2",
    "memory": "rep-movs copy-loop page-stride",
    "system": "software-int port-io cr3-reload",
    "changing code": "self-modifying data-by-code",
    "video": "text-screen mode-13h planar",
}
LINUX_GROUPS = {
    "integer": "sieve crc32 sha256 qsort strings coremix fib vm divmul",
    "x87": "matmul mandel nbody",
    "SSE2": "matmul-sse2 mandel-sse2 nbody-sse2 sha256-sse2",
    "memory": "repmovs repstos copyloop randmem smc",
    "kernel": "getpid80 syscall ctxsw pipe fork execs mmap files",
    "programs": "gzip gunzip sort awk shell",
    "CD-ROM": "cdread cdfile",
}
OTHER = "other"
_GROUP_OF = {name: group for groups in (LINUX_GROUPS, OWN_GROUPS) for group, names in groups.items() for name in names.split()}


def group_of(name):
    """The group that a row counts in."""
    return _GROUP_OF.get(name, OTHER)


@dataclass
class Image:
    """A file that boots: ``kind`` is cdrom, floppy or disk; ``memory`` in MiB."""

    path: str
    kind: str
    memory: int


def own_rows():
    """The names of our set's rows, in their order."""
    code = OWN.read_bytes()
    table, = struct.unpack_from("<I", code, HEAD + 16)
    names = []
    for at in range(table - LOADED_AT, len(code), struct.calcsize(ROW)):
        name = struct.unpack_from("<" + ROW, code, at)[0]
        if not name:
            break
        start = name - LOADED_AT
        names.append(code[start:code.index(0, start)].decode())
    return names


def own_code(share, wanted):
    """Our set as bytes for LOADED_AT: ``share`` of the usual rounds, of the rows that are named."""
    code = bytearray(OWN.read_bytes())
    assert code[HEAD:HEAD + len(MAGIC)] == MAGIC
    bits = sum(1 << n for n, name in enumerate(own_rows()) if name in wanted)
    struct.pack_into("<II", code, HEAD + len(MAGIC), max(1, round(share * UNIT)), bits)
    return bytes(code)


def write_own(path, share, wanted):
    """The same as a CD."""
    code = own_code(share, wanted)
    cd = IsoWriter("EMU BENCHMARK", publisher="the emu authors")
    cd.add_boot("boot/bench.bin", code, len(code) // BLOCK)
    Path(path).write_bytes(cd.write())
    return Image(str(path), "cdrom", OWN_MEMORY)
