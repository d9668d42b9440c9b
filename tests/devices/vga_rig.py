"""A VGA with its memory, for tests, and the standard modes' register values (IBM VGA parameter tables)."""
from emu.bus.component import checked
from emu.devices.vga import Vga

VRAM_SIZE = 16 << 20

# mode: misc, sequencer 1-4, CRTC 0-18, attribute 0-14, graphics 0-8
MODES = {
    0x01: ("67", "08030002", "2d27 2890 2ba0 bf1f 004f 0d0e 0000 0000 9c8e 8f14 1f96 b9a3 ff",
           "000102030405140738393a3b3c3d3e3f0c000f0800", "00000000 00100e00ff"),
    0x03: ("67", "00030002", "5f4f 5082 5581 bf1f 004f 0d0e 0000 0000 9c8e 8f28 1f96 b9a3 ff",
           "000102030405140738393a3b3c3d3e3f0c000f0800", "00000000 00100e00ff"),
    0x04: ("63", "09030002", "2d27 2890 2b80 bf1f 00c1 0000 0000 0000 9c8e 8f14 0096 b9a2 ff",
           "001315170204060710111213141516170100030000", "00000000 00300f00ff"),
    0x06: ("63", "01010006", "5f4f 5082 5480 bf1f 00c1 0000 0000 0000 9c8e 8f28 0096 b9c2 ff",
           "001717171717171717171717171717170100010000", "00000000 00000d00ff"),
    0x0D: ("63", "090f0006", "2d27 2890 2b80 bf1f 00c0 0000 0000 0000 9c8e 8f14 0096 b9e3 ff",
           "000102030405060710111213141516170100 0f0000", "00000000 0000050fff"),
    0x12: ("e3", "010f0006", "5f4f 5082 5480 0b3e 0040 0000 0000 0000 ea8c df28 00e7 04e3 ff",
           "000102030405140738393a3b3c3d3e3f0100 0f0000", "00000000 0000050fff"),
    0x13: ("63", "010f000e", "5f4f 5082 5480 bf1f 0041 0000 0000 0000 9c8e 8f28 4096 b9a3 ff",
           "000102030405060708090a0b0c0d0e0f4100 0f0000", "00000000 0040050fff"),
}


def at(address):
    """Where in video memory the four planes' bytes at a plane address are."""
    return (address & 0xFFFC) + ((address & 3) << 16)


class Rig:
    """A checked Vga joined to 16 MiB of memory; time is ``ns``; ``windows`` logs direct_window()."""

    def __init__(self, mode=None):
        self.vram = bytearray(VRAM_SIZE)
        self.dirty = bytearray(VRAM_SIZE >> 12)
        self.ns = 0
        self.windows = []
        self.vga = vga = checked(Vga)()
        vga.now = lambda: self.ns
        vga.vram_read = lambda at: self.vram[at]
        vga.vram_read32 = lambda at: int.from_bytes(self.vram[at:at + 4], "little")
        vga.vram_write, vga.vram_write32 = self._write, self._write32
        vga.vram_clear = self._clear
        vga.window_changed = lambda: self.windows.append(vga.direct_window())
        vga.reset()
        if mode is not None:
            self.set_mode(mode)

    def _write(self, at, value):
        self.vram[at] = value
        self.dirty[at >> 12] = 1

    def _write32(self, at, value):
        assert at % 4 == 0
        self.vram[at:at + 4] = value.to_bytes(4, "little")
        self.dirty[at >> 12] = 1

    def _clear(self, length):
        self.vram[:length] = bytes(length)
        self.dirty[:-(-length >> 12)] = b"\1" * -(-length >> 12)

    def out(self, port, value):
        self.vga.write(port, value)

    def sr(self, index, value):
        self.out(0x3C4, index)
        self.out(0x3C5, value)

    def gc(self, index, value):
        self.out(0x3CE, index)
        self.out(0x3CF, value)

    def cr(self, index, value):
        self.out(0x3D4, index)
        self.out(0x3D5, value)

    def ar(self, index, value):
        self.vga.read(0x3DA)
        self.out(0x3C0, index)
        self.out(0x3C0, value)
        self.out(0x3C0, 0x20)

    def dac(self, index, *colours):
        self.out(0x3C8, index)
        for value in colours:
            self.out(0x3C9, value)

    def set_mode(self, mode):
        """Program a standard mode, and a palette: entry n is (n, 63 - n, n ^ 21) in 6 bits."""
        misc, sequencer, crtc, attribute, graphics = (bytes.fromhex(text) for text in MODES[mode])
        self.out(0x3C2, misc[0])
        for i, value in enumerate(sequencer):
            self.sr(i + 1, value)
        self.cr(0x11, 0)
        for i, value in enumerate(crtc):
            self.cr(i, value)
        for i, value in enumerate(graphics):
            self.gc(i, value)
        for i, value in enumerate(attribute):
            self.ar(i, value)
        self.dac(0, *(v & 63 for n in range(256) for v in (n, 63 - n, n ^ 21)))

    def dispi(self, index, value=None):
        self.vga.dispi_write_index(0x1CE, index)
        if value is None:
            return self.vga.dispi_read_data(0x1CF)
        return self.vga.dispi_write_data(0x1CF, value)

    def set_dispi(self, width, height, bpp, flags=0x41):
        self.dispi(4, 0)
        self.dispi(1, width)
        self.dispi(2, height)
        self.dispi(3, bpp)
        self.dispi(4, flags)
        self.ar(0x10, 0x41)

    def poke(self, address, *data):
        """Write bytes at a physical address from A0000 on."""
        for i, value in enumerate(data):
            self.vga.mem_write(address + i - 0xA0000, value)

    def peek(self, address):
        return self.vga.mem_read(address - 0xA0000)


def dac_colour(n):
    """The palette of set_mode() as (r, g, b) in 8 bits."""
    return tuple((v & 63) << 2 | (v & 63) >> 4 for v in (n, 63 - n, n ^ 21))
