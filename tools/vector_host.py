"""The host's processor as tools/make_vectors.py asks it: tools/vector_host.c, compiled and running."""

import struct
import subprocess
import tempfile
from pathlib import Path

from emu.suites import i6v, world

HOST = Path(__file__).with_name("vector_host.c")
CFLAGS = ("-m32", "-O1", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector", "-fno-builtin", "-mno-sse", "-mno-mmx",
          "-ffreestanding", "-Wl,-Ttext-segment=0x40000000")
STATE = struct.Struct("<10I6H4H80sI128s")
CASE_PATCHES = 600
TRAP_STEP, TRAP_INT3, PAGE_FAULT = 1, 3, 14


class Host:
    """The helper, compiled and running."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        program = Path(self.folder.name) / "vector_host"
        subprocess.run(["gcc", *CFLAGS, "-o", str(program), str(HOST)], check=True, capture_output=True)
        self.process = subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        setup = struct.pack("<II", world.CODE, world.CODE_SIZE)
        for linear, size, _ in world.WINDOWS:
            setup += struct.pack("<II", linear, size)
        entries = [self._entry(selector >> 3, value) for selector, value in world.USER_LDT.items()]
        setup += struct.pack("<I", len(entries)) + b"".join(entries).ljust(16 * 16, b"\0")
        self.process.stdin.write(setup)

    @staticmethod
    def _entry(number, value):
        """A descriptor as modify_ldt wants it."""
        base = value >> 16 & 0xFFFFFF | value >> 56 << 24
        limit, kind = value & 0xFFFF | (value >> 48 & 15) << 16, value >> 40 & 0xFF
        code = kind >> 3 & 1
        bits = (value >> 54 & 1) | (code << 1 | kind >> 2 & 1) << 1 | (not kind >> 1 & 1) << 3 | (value >> 55 & 1) << 4 \
            | (not kind >> 7) << 5 | (value >> 52 & 1) << 6
        return struct.pack("<4I", number, base, limit, bits)

    def run(self, v):
        """Run a Vector; gives (trap, error, cr2, state, {address: byte that changed}).  Raises RuntimeError if the helper gives up."""
        patches = [(address + n, b) for address, data in v.patches for n, b in enumerate(data)]
        order = [v.fpu.regs[(v.fpu.fsw >> 11) + n & 7] for n in range(8)]
        state = STATE.pack(v.eip, v.eflags, *v.gpr, *v.seg, v.fpu.fcw, v.fpu.fsw, v.fpu.ftw, 0, b"".join(order), v.mxcsr, b"".join(v.xmm))
        at = v.eip + (world.CODE if v.flags & i6v.CODE16 else 0)
        case = struct.pack("<3I32s", v.flags & i6v.TO_END, at, len(v.code), v.code) + state + struct.pack("<I", len(patches))
        case += b"".join(struct.pack("<IB", *p) for p in patches).ljust(5 * CASE_PATCHES, b"\0")
        self.process.stdin.write(case)
        self.process.stdin.flush()
        head = self._read(12 + STATE.size + 4)
        trap, error, cr2 = struct.unpack_from("<3I", head)
        count, = struct.unpack_from("<I", head, 12 + STATE.size)
        changed = dict(struct.iter_unpack("<IB", self._read(5 * count)))
        return trap, error, cr2, STATE.unpack_from(head, 12), changed

    def _read(self, size):
        data = self.process.stdout.read(size)
        if len(data) < size:
            raise RuntimeError("the helper ended: " + (self.process.stderr.read().decode().strip() or "no word"))
        return data

    def close(self):
        """End the helper."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        self.folder.cleanup()
