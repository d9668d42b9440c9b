"""Random port traffic from a guest program, biased to what chips listen to, with interrupts on and time passing."""

import struct

from emu.machine import board

import fuzz_rig as rig

SEGMENT = 0x10000
OPS = 3500
TABLE = 0x3000          # where PRD tables, DMA buffers and fw_cfg descriptors are put
BUS_MASTER, NIC, PM_BASE, SMBUS_BASE = 0xC000, 0xC100, 0x600, 0x700

WILD = (0, 1, 0x7C00, 0x9FFFF, 0xA0000, 0xAFFFC, 0xB8000, 0xC0000, 0xF0000, 0xFFFFF, 0x100000, rig.MEMORY - 1, rig.MEMORY,
        0x80000000, 0xE0000000, 0xFD000000, 0xFEBF0000, 0xFEC00000, 0xFFFF0000, 0xFFFFFFF0, 0xFFFFFFFF, TABLE, TABLE + 0x1000)
ATA_COMMANDS = (0x00, 0x08, 0x10, 0x20, 0x21, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x40, 0x70, 0x90, 0x91, 0xA0, 0xA0, 0xA0,
                0xA1, 0xC4, 0xC5, 0xC6, 0xC8, 0xCA, 0xE0, 0xE1, 0xE5, 0xE6, 0xE7, 0xEA, 0xEC, 0xEF, 0xF8)
PACKETS = (0x00, 0x03, 0x12, 0x1A, 0x1B, 0x1D, 0x1E, 0x23, 0x25, 0x28, 0x2B, 0x2F, 0x35, 0x42, 0x43, 0x44, 0x46, 0x4A, 0x4E, 0x51,
           0x52, 0x55, 0x5A, 0xA1, 0xA4, 0xA8, 0xAD, 0xB9, 0xBB, 0xBD, 0xBE)
FDC_COMMANDS = (0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x12, 0x13, 0x14, 0x16, 0x18,
                0x2E, 0x33, 0x34, 0x42, 0x45, 0x46, 0x4A, 0x4D, 0x8F, 0xC5, 0xC6, 0xCF, 0xE6)
DSP_COMMANDS = (0x10, 0x14, 0x17, 0x1C, 0x1F, 0x20, 0x24, 0x2C, 0x34, 0x38, 0x40, 0x41, 0x42, 0x45, 0x47, 0x48, 0x75, 0x77, 0x7D, 0x7F,
                0x80, 0x90, 0x91, 0xB0, 0xB6, 0xB8, 0xBE, 0xC0, 0xC6, 0xC8, 0xCE, 0xD0, 0xD4, 0xD5, 0xD6, 0xD9, 0xDA, 0xE1, 0xE2, 0xE3,
                0xE8, 0xF2, 0xF3, 0xF9, 0xFA)


class Deaf:
    """A sink for what is played: it is computed, and nobody hears it."""

    def write(self, pcm):
        pass

    silence = write

    def flush(self):
        pass

    close = flush


def number(rng, bits):
    """A number that is random, small, an edge or an address."""
    kind = rng.randrange(5)
    if kind == 0:
        value = rng.getrandbits(32)
    elif kind == 1:
        value = rng.randrange(16)
    elif kind == 2:
        value = 1 << rng.randrange(32)
    elif kind == 3:
        value = (1 << rng.randrange(33)) - 1
    else:
        value = rng.choice(WILD) + rng.randrange(-8, 9)
    return value & (1 << bits) - 1


class Traffic:
    """Builds a real-mode program of port accesses; each method is a plausible use of a chip with nonsense in it."""

    def __init__(self, rng):
        self.rng = rng
        self.code = bytearray()
        slots = board.slots()
        bases = {("pm", "pm_ports"): PM_BASE, ("pm", "smbus_ports"): SMBUS_BASE, ("bus_master", "bus_master_ports"): BUS_MASTER}
        self.ports = sorted({(bases.get((s.part, s.attribute), s.base) or NIC) + s.port.first + i & 0xFFFF for s in slots
                             for i in range(s.port.count)})
        self.kinds = [self.any_port, self.mapped_port, self.mapped_port, self.pci, self.pci, self.vga, self.dispi, self.ide, self.ide,
                      self.packet, self.packet, self.bus_master, self.fdc, self.fdc, self.dma, self.pic, self.pit, self.rtc, self.kbc, self.uart,
                      self.fw_cfg, self.pm, self.bulk, self.rest, self.nic,
                      self.sound, self.sound, self.fm]

    # -- instructions ----------------------------------------------------------------------------------------------

    def out(self, port, value, width=8):
        self.code += b"\xba" + struct.pack("<H", port & 0xFFFF)
        if width == 8:
            self.code += bytes((0xB0, value & 0xFF, 0xEE))
        elif width == 16:
            self.code += b"\xb8" + struct.pack("<H", value & 0xFFFF) + b"\xef"
        else:
            self.code += b"\x66\xb8" + struct.pack("<I", value & 0xFFFFFFFF) + b"\x66\xef"

    def inp(self, port, width=8):
        self.code += b"\xba" + struct.pack("<H", port & 0xFFFF) + {8: b"\xec", 16: b"\xed", 32: b"\x66\xed"}[width]
        self.code += b"\x66\x01\xc3"           # add ebx, eax: what was read stays visible in the state

    def poke(self, address, data):
        """Writes to low memory, by 4 bytes (DS = 0)."""
        data = bytes(data) + bytes(-len(data) % 4)
        for i in range(0, len(data), 4):
            self.code += b"\x66\xc7\x06" + struct.pack("<H", address + i & 0xFFFF) + data[i:i + 4]

    def width(self):
        return self.rng.choice((8, 8, 16, 32))

    def pause(self, loops=None):
        self.code += b"\xb9" + struct.pack("<H", loops or self.rng.choice((1, 20, 300))) + b"\xe2\xfe"

    def bulk(self, port=None):
        """REP INS and OUTS, of up to a sector or so."""
        rng = self.rng
        port = rng.choice((0x1F0, 0x170, 0x511, rng.choice(self.ports))) if port is None else port
        self.code += b"\xba" + struct.pack("<H", port) + b"\xb9" + struct.pack("<H", rng.choice((1, 6, 128, 256, 700)))
        at = struct.pack("<H", rng.choice((TABLE, 0x8000, 0xFFF0)))
        self.code += b"\xbf" + at + b"\xbe" + at + rng.choice((b"\xfc", b"\xfc", b"\xfd")) + rng.choice((b"", b"\x66")) + b"\xf3"
        self.code += rng.choice((b"\x6c", b"\x6d", b"\x6d", b"\x6e", b"\x6f"))

    # -- chips -----------------------------------------------------------------------------------------------------

    def access(self, port, width=None):
        width = width or self.width()
        if self.rng.randrange(2):
            self.inp(port, width)
        else:
            self.out(port, number(self.rng, width), width)

    def any_port(self):
        self.access(self.rng.getrandbits(16))

    def mapped_port(self):
        port = self.rng.choice(self.ports)
        if port == 0xCF9 and self.rng.randrange(20) or port == 0x92 and self.rng.randrange(5):
            return
        self.access(port)

    def pci(self):
        rng = self.rng
        function = rng.choice((0x00, 0x08, 0x09, 0x0B, 0x10, 0x18, rng.getrandbits(16)))
        register = rng.choice((0, 4, 6, 0x0C, 0x10, 0x14, 0x18, 0x20, 0x24, 0x30, 0x3C, 0x40, 0x59, 0x5C, 0x60, 0x80, 0x90, 0xD2, rng.getrandbits(8)))
        self.out(0xCF8, rng.choice((0x80000000,) * 7 + (0,)) | function << 8 | register & 0xFC, 32)
        value = rng.choice((0xFFFFFFFF, 0, 0xA0001, 0xE0000000, 0xFD000000, 0xC001, 7, number(rng, 32)))
        for _ in range(rng.randrange(1, 4)):
            width = self.width()
            if rng.randrange(2):
                self.out(0xCFC + rng.choice((register & 3, rng.randrange(4))), value, width)
            else:
                self.inp(0xCFC + rng.randrange(4), width)

    def vga(self):
        rng = self.rng
        port, registers = rng.choice(((0x3C4, 8), (0x3CE, 16), (0x3D4, 0x40), (0x3B4, 0x40)))
        if rng.randrange(4):
            for _ in range(rng.randrange(1, 6)):
                self.out(port, rng.randrange(registers) | number(rng, 8) << 8, 16)
        else:
            self.inp(rng.choice((0x3DA, 0x3BA)))
            for _ in range(rng.randrange(1, 8)):
                self.out(0x3C0, rng.choice((rng.randrange(32), number(rng, 8))))
            for _ in range(rng.randrange(1, 8)):
                self.access(rng.choice((0x3C2, 0x3C6, 0x3C7, 0x3C8, 0x3C9, 0x3C9, 0x3CC, 0x3C3, 0x3CD)), 8)

    def dispi(self):
        rng = self.rng
        for _ in range(rng.randrange(1, 6)):
            index = rng.randrange(12)
            self.out(0x1CE, index, 16)
            if index in (1, 2, 6, 7):
                value = rng.choice((0, 1, 8, 320, 640, 799, 1024, 1600, 2560, 16383, 16384, 65535))
            else:
                value = rng.choice((0, 1, 4, 8, 15, 16, 24, 32, 0x41, 0xC1, 0x61, 0x40, number(rng, 16)))
            if rng.randrange(4):
                self.out(rng.choice((0x1CF, 0x1CF, 0x1D0)), value, 16)
            else:
                self.inp(rng.choice((0x1CF, 0x1D0)), 16)

    def taskfile(self, base, command):
        rng = self.rng
        self.out(base + 6, rng.choice((0xA0, 0xB0, 0xE0, 0xF0, number(rng, 8))))
        for register in rng.sample(range(1, 6), rng.randrange(6)):
            self.out(base + register, rng.choice((0, 1, 2, 0xFF, number(rng, 8))))
        self.out(base + 7, command)

    def ide(self):
        rng = self.rng
        base = rng.choice((0x1F0, 0x170))
        self.taskfile(base, rng.choice(ATA_COMMANDS) if rng.randrange(8) else rng.getrandbits(8))
        for _ in range(rng.randrange(5)):
            choice = rng.randrange(6)
            if choice == 0:
                self.out(base + 0x206, rng.choice((0, 2, 4, 6, 8, 0x80, number(rng, 8))))
            elif choice == 1:
                self.pause()
            elif choice < 4:
                self.bulk(base)
            else:
                self.access(base + rng.randrange(8))

    def packet(self):
        rng = self.rng
        self.out(0x176, rng.choice((0xA0, 0xA0, 0xB0)))
        self.out(0x171, rng.choice((0, 0, 1, 2, 3)))
        limit = rng.choice((0, 1, 2, 0x20, 0x7FE, 0x800, 0xFFFE, 0xFFFF, number(rng, 16)))
        self.out(0x174, limit)
        self.out(0x175, limit >> 8)
        self.out(0x177, 0xA0)
        self.pause(20)
        body = [rng.choice(PACKETS) if rng.randrange(8) else rng.getrandbits(8)]
        body += [rng.choice((0, 0, 0, 1, 2, 16, 0xF8, 0xFF, rng.getrandbits(8))) for _ in range(11)]
        for i in range(0, 12, 2):
            self.out(0x170, body[i] | body[i + 1] << 8, 16)
        self.pause(300)
        for _ in range(rng.randrange(5)):
            self.bulk(0x170)
            self.inp(0x177)

    def bus_master(self):
        rng = self.rng
        table = rng.choice((TABLE, TABLE, rng.choice(WILD), number(rng, 32)))
        entries = b"".join(struct.pack("<II", rng.choice((TABLE, rng.choice(WILD), 0x9000, number(rng, 32))),
                                       rng.choice((0, 1, 2, 0x200, 0x800, 0xFFFE)) | rng.choice((0, 0, 0x80000000)))
                           for _ in range(rng.randrange(1, 6)))
        self.poke(TABLE, entries)
        which = rng.choice((0, 8))
        self.out(BUS_MASTER + which + 4, table, 32)
        self.out(BUS_MASTER + which + 2, rng.choice((6, 0x66, number(rng, 8))))
        if rng.randrange(2):
            self.taskfile((0x1F0, 0x170)[which >> 3], rng.choice((0xC8, 0xCA, 0x25, 0x35)))
        else:
            self.packet()
        self.out(BUS_MASTER + which, rng.choice((0, 1, 8, 9, 9, number(rng, 8))))
        self.pause()
        self.access(BUS_MASTER + rng.randrange(16))

    def fdc(self):
        rng = self.rng
        if rng.randrange(2):
            self.dma()
        self.out(0x3F2, rng.choice((0x1C, 0x1C, 0x0C, 0x2D, 0x00, number(rng, 8))))
        command = rng.choice(FDC_COMMANDS) | rng.choice((0, 0, 0x40, 0x80, 0xE0)) if rng.randrange(8) else rng.getrandbits(8)
        self.out(0x3F5, command)
        for _ in range(rng.randrange(10)):
            self.out(0x3F5, rng.choice((0, 0, 1, 2, 18, 80, 0xFF, number(rng, 8))))
        self.pause()
        for _ in range(rng.randrange(9)):
            self.access(rng.choice((0x3F5, 0x3F5, 0x3F4, 0x3F7, 0x3F0, 0x3F1, 0x3F3)), 8)

    def dma(self):
        rng = self.rng
        self.out(0x0A, rng.randrange(8))
        self.out(0x0C, 0)
        self.out(0x0B, rng.choice((0x46, 0x4A, 0x42, 0x66, 0x56, number(rng, 8))))
        for _ in range(2):
            value = rng.choice(WILD + (number(rng, 24),))
            self.out(0x04, value)
            self.out(0x04, value >> 8)
            self.out(0x81, value >> 16)
            self.out(0x05, number(rng, 8))
        self.out(0x0A, 2)
        for _ in range(rng.randrange(4)):
            self.access(rng.choice((rng.randrange(16), 0x80 + rng.randrange(16), 0xC0 + rng.randrange(32))))

    def pic(self):
        rng = self.rng
        if rng.randrange(6) == 0:
            base = rng.choice((0x20, 0xA0))
            for offset, value in ((0, 0x11), (1, 0x20 if base == 0x20 else 0x28), (1, number(rng, 8)), (1, number(rng, 8)), (1, 0)):
                self.out(base + offset, value)
        self.access(rng.choice((0x20, 0x20, 0xA0, 0xA1, 0x4D0, 0x4D1)), 8)
        self.out(0x21, rng.choice((0, 0, number(rng, 8))))

    def pit(self):
        rng = self.rng
        self.out(0x43, rng.getrandbits(8))
        for _ in range(rng.randrange(4)):
            self.access(0x40 + rng.randrange(4))
        self.access(0x61, 8)
        if rng.randrange(2):
            self.out(0x43, 0x34)
            self.out(0x40, rng.choice((0, 1, 2, 100, 255)))
            self.out(0x40, rng.choice((0, 0, 1, 16)))

    def rtc(self):
        rng = self.rng
        self.out(0x70, rng.choice((rng.randrange(16), rng.getrandbits(8))))
        self.access(0x71, 8)

    def kbc(self):
        rng = self.rng
        self.out(0x64, rng.choice((0x20, 0x60, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 0xAD, 0xAE, 0xC0, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD4, 0xDD,
                                   0xDF, 0xF0 + rng.randrange(15) if rng.randrange(4) == 0 else 0xD4)))
        self.out(0x60, rng.choice((0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xFF, 0xED, 0xEB, 0xE9, 0x47, 3, number(rng, 8))))
        for _ in range(rng.randrange(4)):
            self.inp(rng.choice((0x60, 0x64)))

    def uart(self):
        rng = self.rng
        base = rng.choice((0x3F8, 0x2F8))
        for _ in range(rng.randrange(1, 8)):
            self.access(base + rng.randrange(8), 8)

    def fw_cfg(self):
        rng = self.rng
        if rng.randrange(2):
            self.out(0x510, rng.choice((0, 1, 5, 0x19, 0x20 + rng.randrange(16), 0x8000, number(rng, 16))), 16)
            for _ in range(rng.randrange(6)):
                self.access(rng.choice((0x510, 0x511)))
            return
        control = rng.choice((2, 4, 8, 16, 10, 24, 0, 0x80)) | rng.choice((0, 0x19, 0x20 + rng.randrange(20), number(rng, 16))) << 16
        length = rng.choice((0, 1, 64, 4096, 70000, number(rng, 20), number(rng, 32) if rng.randrange(20) == 0 else 8))
        address = rng.choice(WILD) | rng.choice((0, 0, 0, 1, number(rng, 32))) << 32
        self.poke(TABLE + 0x800, struct.pack(">IIQ", control, length, address))
        if rng.randrange(4) == 0:
            self.out(0x514, number(rng, 32), 32)
        at = rng.choice((TABLE + 0x800, TABLE + 0x800, TABLE + 0x800, rng.choice(WILD)))
        self.out(0x518, int.from_bytes(at.to_bytes(4, "little"), "big"), 32)
        self.inp(rng.choice((0x514, 0x518)), 32)

    def pm(self):
        rng = self.rng
        block = rng.choice(((PM_BASE, 64), (PM_BASE, 12), (SMBUS_BASE, 16), (0xAFE0, 4), (0xB2, 2)))
        port = block[0] + rng.randrange(block[1])
        if port == PM_BASE + 5 and rng.randrange(10):
            return
        self.access(port)

    def nic(self):
        """The NE2000: pages, remote DMA by REP, transmission of what there is."""
        rng = self.rng
        for _ in range(rng.randrange(1, 5)):
            self.out(NIC, rng.choice((0x21, 0x22, 0x61, 0xA1, 0x0A, 0x12, 0x26, 0x1A, number(rng, 8))))
            for register in rng.sample(range(1, 16), rng.randrange(8)):
                self.out(NIC + register, rng.choice((0, 1, 0x40, 0x46, 0x60, 0x80, 0xFF, number(rng, 8))))
            if rng.randrange(2):
                self.bulk(NIC + 0x10)
            self.access(NIC + rng.randrange(32))

    def sound(self):
        """The Sound Blaster: transfers of nonsense by channels that are set up or not, mixer, MPU-401, the speaker's gate."""
        rng = self.rng
        for _ in range(rng.randrange(3)):
            self.out(0x224, rng.choice((0x80, 0x81, 0x30, 0x22, 0, number(rng, 8))))
            self.access(0x225, 8)
        channel = rng.choice((0, 1, 3, 5, 6, 7))
        base, n, stride = (0, channel, 1) if channel < 4 else (0xC0, channel & 3, 2)
        if rng.randrange(4):
            self.out(base + 12 * stride, 0)
            self.out(base + 11 * stride, n | rng.choice((0x48, 0x58, 0x44, 0x54, 0x68, number(rng, 8) & 0xFC)))
            for register in (n * 2, n * 2, n * 2 + 1, n * 2 + 1):
                self.out(base + register * stride, number(rng, 8))
            self.out((0x87, 0x83, 0x81, 0x82, 0x8F, 0x8B, 0x89, 0x8A)[channel], rng.choice((0, 0, 0x0A, 0x0F, number(rng, 8))))
            self.out(base + 10 * stride, n)
        if rng.randrange(6) == 0:
            self.out(0x226, 1)
            self.out(0x226, 0)
        for _ in range(rng.randrange(1, 5)):
            self.out(0x22C, rng.choice(DSP_COMMANDS) if rng.randrange(6) else rng.getrandbits(8))
            for _ in range(rng.randrange(4)):
                self.out(0x22C, rng.choice((0, 1, 2, 0x10, 0x30, 0xD2, 0xFF, number(rng, 8))))
        if rng.randrange(2):
            self.pause(3000)
        for _ in range(rng.randrange(4)):
            self.access(rng.choice((0x22A, 0x22E, 0x22F, 0x330, 0x331, 0x61, 0x42, 0x43)), 8)

    def fm(self):
        """The synthesiser: registers of both banks, keys, rhythm, timers."""
        rng = self.rng
        for _ in range(rng.randrange(1, 12)):
            port = rng.choice((0x388, 0x38A, 0x220, 0x222, 0x228))
            self.out(port, rng.choice((0xB0 + rng.randrange(9), 0xBD, 0x04, 0x05, 0x104 & 0xFF, number(rng, 8))))
            self.out(port + 1, number(rng, 8))
        self.inp(rng.choice((0x388, 0x220, 0x228)))

    def rest(self):
        self.access(self.rng.choice((0xE9, 0x402, 0x378, 0x379, 0x37A, 0xF0, 0xF4, 0x61, 0x80, 0xED)), 8)

    def program(self):
        """The whole program: random registers, traffic, then HLT with interrupts on for good."""
        self.code += bytes.fromhex("31c08ed88ec08ed0bc0070fb")
        # The movable blocks: bus master, PM, SMBus, and VGA memory at E0000000
        for register, value in ((0x80000920, BUS_MASTER | 1), (0x80000904, 5), (0x80000940, 0x80008000), (0x80000B40, PM_BASE | 1),
                                (0x80000B80, 1), (0x80000B90, SMBUS_BASE | 1), (0x80000BD0, 0x10000), (0x80000B04, 1),
                                (0x80001010, 0xE0000000), (0x80001018, 0xE1000000), (0x80001004, 3),
                                (0x80001810, NIC), (0x80001804, 1)):
            self.out(0xCF8, register, 32)
            self.out(0xCFC, value, 32)
        kinds = self.rng.sample(self.kinds, self.rng.randrange(2, len(self.kinds)))
        for _ in range(OPS):
            self.rng.choice(kinds)()
            if self.rng.randrange(12) == 0:
                self.pause()
            if len(self.code) > 0xF000:
                break
        self.code += b"\xfb\xf4\xeb\xfc"
        return bytes(self.code)


def outside(pc, rng):
    """What people do meanwhile: discs and floppies out and in, keys, the power button, save and restore, the screen."""
    kind = rng.randrange(10)
    if kind == 0:
        disc = pc.drives.cdrom.image
        if pc.drives.cdrom.eject(force=rng.randrange(2) == 1):
            run_on(pc, rng)
            pc.drives.cdrom.insert(disc)
    elif kind == 1:
        disk = pc._fdc.eject(0)
        run_on(pc, rng)
        if disk is not None:
            pc._fdc.insert(0, disk)
    elif kind == 2:
        for _ in range(20):
            pc.key(rng.randrange(256), rng.randrange(2))
    elif kind == 3:
        pc.press_power_button()
    elif kind == 4:
        pc.restore(pc.save())
    elif kind == 5:
        pc.screen_text()
        pc.screenshot()


def run_on(pc, rng):
    """A short run."""
    rig.run(pc, seconds=rng.choice((0.0001, 0.001)))


def play(pc, rng, work):
    """Yields after each step of a case."""
    for _ in range(max(1, work // 20)):
        rig.restart(pc)
        rig.set_interrupts(pc)
        rig.real_mode_vectors(pc, skip=rng.randrange(4))
        code = Traffic(rng).program()
        rig.set_block(pc, entry=(0, SEGMENT >> 4))
        pc.memory.write(SEGMENT, code)
        pc.play_sound(None if rng.randrange(2 if pc.most > 1_000_000 else 8) else Deaf())     # slow in Python
        pc.type("fuzz")
        for _ in range(4):
            rig.run(pc, seconds=rng.choice((0.0001, 0.001, 0.01)))
            pc.mouse_move(rng.randrange(-200, 200), rng.randrange(-200, 200), rng.randrange(-2, 3))
            pc.mouse_buttons(rng.randrange(8))
            pc.send_serial(bytes(rng.getrandbits(8) for _ in range(5)))
            outside(pc, rng)
            yield
        pc.screen_text()
        pc.screenshot()
        if rng.randrange(8) == 0:
            rig.run(pc, seconds=1 if pc.most > 1_000_000 else 0.02)     # a halted processor's fast timer costs, too
            yield
    rig.still_works(pc)
