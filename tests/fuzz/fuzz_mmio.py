"""Random memory accesses of all widths to the VGA window, PCI regions, ROM and open addresses, in all VGA modes."""

import struct

import fuzz_code
import fuzz_rig as rig
from fuzz_ports import Traffic, number

CODE = 0x10000
WINDOWS = ((0xA0000, 0x20000), (0xA0000, 0x10000), (0xB8000, 0x8000), (0xB0000, 0x8000), (0xC0000, 0x40000), (0xE0000000, 0x1000000),
           (0xE1000000, 0x1000), (0xE1000400, 0x200), (rig.MEMORY - 16, 64), (0xFFFF0000, 0x10000), (0x80000000, 0x7FFFFFFF), (0x100000, 16),
           (0x9FFF0, 32), (0xE0FFFFF0, 32), (CODE, 0x4000),
           (0xFEE00000, 0x400), (0xFEE00000, 0x1000), (0xFEC00000, 0x20))
# Where PCI regions are moved to: over the window, ROM, RAM's end, each other, the top of memory
PLACES = (0xA0000, 0xC0000, 0x100000, rig.MEMORY, 0xE0000000, 0xE1000000, 0xE0800000, 0xFE000000, 0xFF000000, 0xFFFF0000, 0xFFFFF000)
VGA_BARS = (0x80001010, 0x80001018, 0x80001030)
PAM = (0x80000058, 0x8000005C)


def set_mode(pc, rng):
    """A VGA mode from the registers: random, or random upon Bochs VBE."""
    write = pc.parts.services

    class Host(Traffic):
        """The same traffic, but done by the host at once."""

        def out(self, port, value, width=8):
            write[f"port_write{width}"](port, value & (1 << width) - 1)

        def inp(self, port, width=8):
            write[f"port_read{width}"](port)

    traffic = Host(rng)
    for register, value in ((0x80001010, 0xE0000000), (0x80001018, 0xE1000000), (0x80001004, 3)):
        traffic.out(0xCF8, register, 32)
        traffic.out(0xCFC, value, 32)
    for _ in range(rng.randrange(40)):
        traffic.vga()
    if rng.randrange(2):
        for index, value in ((4, 0), (1, rng.choice((1, 320, 640, 1024, 2560))), (2, rng.choice((1, 200, 768, 1600))),
                             (3, rng.choice((4, 8, 15, 16, 24, 32))), (4, rng.choice((1, 0x41, 0xC1))), (6, number(rng, 16)), (8, number(rng, 16)),
                             (9, number(rng, 16)), (5, number(rng, 16))):
            traffic.out(0x1CE, index, 16)
            traffic.out(0x1CF, value, 16)
    for _ in range(rng.randrange(4)):
        traffic.dispi()
    for _ in range(rng.choice((0, 0, 1, 3))):
        kind = rng.randrange(4)
        if kind < 2:
            traffic.out(0xCF8, rng.choice(VGA_BARS), 32)
            traffic.out(0xCFC, rng.choice(PLACES) | rng.randrange(2), 32)
        elif kind == 2:
            traffic.out(0xCF8, rng.choice(PAM), 32)
            traffic.out(0xCFC, rng.choice((0, 0x33333333, 0x11111111, 0x22222222, rng.getrandbits(32))), 32)
        else:
            traffic.out(0x92, rng.choice((0, 2)))


def accesses(rng, count):
    """32-bit code of plain, string, x87 and read-modify-write accesses."""
    out = bytearray(b"\x0f\x06\xdb\xe3")
    for _ in range(count):
        base, size = rng.choice(WINDOWS)
        address = struct.pack("<I", base + rng.randrange(size) & 0xFFFFFFFF)
        kind = rng.randrange(16)
        if kind < 4:
            out += rng.choice((b"\xa0", b"\xa1", b"\x66\xa1")) + address
        elif kind < 8:
            out += b"\xb8" + struct.pack("<I", number(rng, 32)) + rng.choice((b"\xa2", b"\xa3", b"\x66\xa3")) + address
        elif kind < 10:
            out += b"\xbf" + address + b"\xbe" + struct.pack("<I", rng.choice(WINDOWS)[0]) + b"\xb9" + struct.pack("<I", rng.choice((1, 4, 77, 1000)))
            out += rng.choice((b"\xfc", b"\xfc", b"\xfd")) + b"\xf3" + rng.choice((b"\xa4", b"\xa5", b"\xaa", b"\xab", b"\xac", b"\xad", b"\xa6", b"\xae"))
        elif kind < 12:
            out += rng.choice((b"\xdd\x05", b"\xdd\x1d", b"\xdf\x3d", b"\xdb\x2d", b"\xdd\x35", b"\xdd\x25", b"\x0f\xc7\x0d", b"\x0f\xae\x05")) + address
        elif kind < 14:
            out += rng.choice((b"\x01\x05", b"\xf0\x0f\xb1\x0d", b"\x87\x05", b"\x0f\xab\x05", b"\xff\x05", b"\x66\x11\x05", b"\x30\x05")) + address
        elif kind == 14:
            out += b"\xff\x35" + address + b"\x8f\x05" + address + b"\x0f\x01\x3d" + address        # push, pop, invlpg
        else:
            target = struct.unpack("<i", struct.pack("<I", base + rng.randrange(size) - (CODE + len(out) + 5) & 0xFFFFFFFF))[0]
            if rng.randrange(20) == 0:
                out += b"\xe8" + struct.pack("<i", target)       # execute what is there
    return bytes(out) + b"\xeb\xfe"


def play(pc, rng, work):
    """Yields after each step of a case."""
    for _ in range(max(1, work // 4)):
        rig.restart(pc)
        rig.set_interrupts(pc)
        set_mode(pc, rng)
        fuzz_code.tables(pc, rng, False)
        pc.memory.write(CODE, accesses(rng, 400))
        pc.memory.write(fuzz_code.ENTRY, fuzz_code.prologue(rng, "protected"))
        rig.set_block(pc, gdt=(fuzz_code.GDT, 0x2FF), idt=(fuzz_code.IDT, 0x7FF), cr0=0x11, entry=(fuzz_code.ENTRY, 8))
        for _ in range(3):
            rig.run(pc, instructions=4000)
            pc.screen_text()
            pc.screenshot()
            yield
            set_mode(pc, rng)
    rig.still_works(pc)
