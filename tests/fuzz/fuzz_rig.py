"""What all fuzzers share: a machine with a boot ROM of a few instructions that takes the guest to a prepared state, and a
check that the machine still works afterwards.

The ROM loads GDTR, IDTR, CR3, CR4 and CR0 from a block in RAM and jumps where the block says, so that a fuzzer writes
programs, tables and the block into RAM and needs no access to the engine's insides.
"""

import struct
import tempfile
import time
from pathlib import Path

from emu import Machine

MEMORY = 4 << 20
BLOCK = 0x500           # GDTR, IDTR at +8, CR3 at +10h, CR4, CR0, far pointer (offset, selector)
HANDLERS = 0x600
CODE = 0x7C00
MARK_AT, MARK = 0x5F0, 0x600DCAFE
SLOWEST = 10.0          # processor seconds that a piece of a run may take before it counts as a hang
PIECE = 0.001           # guest seconds in a piece
MOST = {"native": 2_000_000, "python": 20_000, "checked": 20_000}     # instructions of a run in guest time
PIT_PERIOD = 2000       # PIT clocks between timer interrupts

_STUB = bytes.fromhex(
    "fa31c08ed88ec08ed0bc0070"          # cli; DS = ES = SS = 0; sp = 7000h
    "660f01160005" "660f011e0805"       # lgdt, lidt
    "66a11005" "0f22d8" "66a11405" "0f22e0" "66a11805" "0f22c0"
    "66ff2e1c05")                       # jmp far [block + 1Ch]


class Finding(Exception):
    """The machine did what no guest may make it do."""


def rom():
    """A 64 KiB system ROM: the stub, and the jump to it at the reset vector."""
    image = bytearray(b"\xf4" * 0x10000)
    image[:len(_STUB)] = _STUB
    image[0xFFF0:0xFFF5] = bytes.fromhex("ea000000f0")
    return bytes(image)


class Media:
    """A folder with the ROM and small media for the machines of a run."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="emu-fuzz-")
        self.path = Path(self._folder.name)
        self.bios = self.file("rom.bin", rom())
        self.vga_bios = self.file("vga.bin", b"\x55\xaa\x01\xcb" + bytes(508))
        self.floppy = self.file("floppy.img", bytes(range(256)) * (2880 * 2))
        self.disk = self.file("disk.img", bytes(range(256)) * (4 << 12))
        self.cdrom = self.file("cd.iso", iso())

    def file(self, name, data):
        """Write a file; gives its path."""
        path = self.path / name
        path.write_bytes(data)
        return str(path)

    def close(self):
        """Remove everything."""
        self._folder.cleanup()


def iso(sectors=64, boot=b"", catalogue=None):
    """An ISO image with a primary volume descriptor, and with El Torito if there is a boot catalogue (sector 19)."""
    image = bytearray(sectors * 2048)

    def descriptor(sector, kind, body=b""):
        image[sector * 2048:sector * 2048 + 7] = bytes((kind,)) + b"CD001\x01"
        image[sector * 2048 + 7:sector * 2048 + 7 + len(body)] = body

    descriptor(16, 1)
    image[16 * 2048 + 80:16 * 2048 + 88] = struct.pack("<I", sectors) + struct.pack(">I", sectors)
    image[16 * 2048 + 128:16 * 2048 + 130] = struct.pack("<H", 2048)
    descriptor(17, 255 if catalogue is None else 0, b"EL TORITO SPECIFICATION")
    if catalogue is not None:
        image[17 * 2048 + 0x47:17 * 2048 + 0x4B] = struct.pack("<I", 19)
        descriptor(18, 255)
        image[19 * 2048:19 * 2048 + len(catalogue)] = catalogue
        image[20 * 2048:20 * 2048 + len(boot)] = boot
    return bytes(image)


def machine(media, engine, most=None, **more):
    """A machine with the stub ROM, all drives and 4 MiB.  Engine "checked": Python, every store to a field checked.
    ``most``: instructions that run() lets pass when it is asked for guest time."""
    pc = _machine(media, engine, more)
    pc.most = most or MOST[engine]
    return pc


def _machine(media, engine, more):
    fields = dict(bios=media.bios, vga_bios=media.vga_bios, memory=MEMORY, cdrom=media.cdrom, snapshot=True,
                  floppies=[media.floppy], disks=[media.disk], no_reboot=True, net="user,restrict")
    fields.update(more)
    if engine == "checked":
        from emu.bus.component import checked
        from emu.machine import board, machine as module
        from emu.machine.python_parts import PythonParts
        original = module.make_parts
        classes = {name: checked(cls) for name, cls in board.PARTS.items()}
        module.make_parts = lambda _engine, size, owner: PythonParts(size, owner, classes)
        try:
            return Machine(engine="python", **fields)
        finally:
            module.make_parts = original
    return Machine(engine=engine, **fields)


def restart(pc):
    """Reset the machine, whatever it died of."""
    pc.ended = None
    pc.reset()


def set_block(pc, gdt=(0, 0xFFFF), idt=(0, 0x3FF), cr3=0, cr4=0, cr0=0x10, entry=(CODE, 0)):
    """What the ROM loads: (base, limit) of both tables, control registers, (offset, selector) to jump to."""
    pc.memory.write(BLOCK, struct.pack("<HIxx", gdt[1], gdt[0]) + struct.pack("<HIxx", idt[1], idt[0])
                    + struct.pack("<IIIIH", cr3, cr4, cr0, *entry))


def set_interrupts(pc, base=0x20):
    """Program both PICs (vectors from ``base``) and the PIT, as a firmware would."""
    out = pc.parts.services["port_write8"]
    for port, value in ((0x20, 0x11), (0x21, base), (0x21, 4), (0x21, 1), (0xA0, 0x11), (0xA1, base + 8), (0xA1, 2),
                        (0xA1, 1), (0x21, 0), (0xA1, 0), (0x43, 0x34), (0x40, PIT_PERIOD & 255), (0x40, PIT_PERIOD >> 8)):
        out(port, value)


def real_mode_vectors(pc, skip=2, irq_skip=0):
    """An IVT whose exception handlers go on ``skip`` bytes further; interrupts are acknowledged (IRQ 0 may skip too)."""
    fault = bytes((0x55, 0x89, 0xE5, 0x83, 0x46, 0x02, skip & 0x7F, 0x5D, 0xCF))
    irq = bytes((0x55, 0x89, 0xE5, 0x83, 0x46, 0x02, irq_skip & 0x7F, 0x5D, 0x50, 0xB0, 0x20, 0xE6, 0x20, 0xE6, 0xA0, 0x58, 0xCF))
    pc.memory.write(HANDLERS, fault)
    pc.memory.write(HANDLERS + 0x20, irq)
    table = [HANDLERS + (0x20 if 0x20 <= v < 0x30 else 0) for v in range(256)]
    pc.memory.write(0, struct.pack("<256I", *table))


def run(pc, seconds=None, instructions=None):
    """Run for guest seconds or instructions, or until it ends; a piece that takes too long is a finding."""
    if instructions is not None:
        timed(lambda: pc.step(instructions), f"a run of {instructions} instructions")
        return
    first, end = pc.instructions, pc.guest_ns + round(seconds * 1e9)
    while pc.ended is None and pc.guest_ns < end and pc.instructions < first + pc.most:
        timed(lambda: pc.run_for(min(PIECE, max(end - pc.guest_ns, 1) / 1e9)), f"a run of {PIECE} s")


def timed(piece, what, most=SLOWEST):
    """Do it; longer than ``most`` seconds of processor time is a finding."""
    start = time.process_time()
    result = piece()
    took = time.process_time() - start
    if took > most:
        raise Finding(f"{what} took {took:.1f} s")
    return result


def still_works(pc):
    """After a reset a known program must run: it counts to 1,000 and leaves its mark."""
    restart(pc)
    pc.memory.write(MARK_AT, bytes(4))
    set_block(pc)
    # mov cx,1000; again: inc ax; loop again; mov dword [mark],MARK; cli; hlt
    pc.memory.write(CODE, bytes.fromhex("b9e80340e2fd66c706") + struct.pack("<HI", MARK_AT, MARK) + b"\xfa\xf4")
    pc.step(20)
    pc.step(2100)
    found = int.from_bytes(pc.memory.read(MARK_AT, 4), "little")
    if found != MARK or pc.ended != "halt":
        raise Finding(f"after a reset the machine does not run: mark {found:08X}, ended {pc.ended!r}, "
                      f"CS:EIP {pc.cpu.cs:04X}:{pc.cpu.eip:08X}")
    pc.screen_text()
    pc.screenshot()
    restart(pc)


def same(left, right, where="state"):
    """Finding if two saved states differ: the first few places."""
    found = []
    _differences(left["parts"], right["parts"], where, found)
    a, b = left["backing"], right["backing"]
    if a != b:
        at = next(i for i in range(len(a)) if a[i] != b[i])
        found.append(f"memory at {at:X}: {a[at:at + 8].hex()} and {b[at:at + 8].hex()}")
    if found:
        raise Finding("the engines differ: " + "; ".join(found[:12]))


def _differences(a, b, where, found):
    if isinstance(a, dict):
        for key in a:
            _differences(a[key], b[key], f"{where}.{key}", found)
    elif isinstance(a, list):
        if a != b:
            for n, (x, y) in enumerate(zip(a, b)):
                _differences(x, y, f"{where}[{n}]", found)
    elif a != b:
        found.append(f"{where}: {a} and {b}")
