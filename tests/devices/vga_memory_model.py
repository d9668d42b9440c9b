"""The VGA's memory from the manual, a bit and a plane at a time, out of the registers as they are: slow and plain."""
from vga_rig import at


class Model:
    """Video memory and the latches, beside a Vga whose registers it reads."""

    def __init__(self, vga, memory):
        self.vga, self.memory = vga, bytearray(memory)
        self.latches = [0, 0, 0, 0]

    def place(self, offset):
        """("planes", offset in the map), ("linear", offset of video memory) or (None, 0)."""
        vga = self.vga
        if not vga.misc & 2 or not vga.subsystem & 1:
            return None, 0
        if vga.dispi[4] & 1 and vga.dispi[3] > 4:
            return ("linear", vga.dispi[5] * 0x10000 + offset) if offset < 0x10000 else (None, 0)
        first, last = {0: (0, 0x1FFFF), 1: (0, 0xFFFF), 2: (0x10000, 0x17FFF), 3: (0x18000, 0x1FFFF)}[vga.graphics[6] >> 2 & 3]
        return ("planes", offset - first) if first <= offset <= last else (None, 0)

    def where(self, plane, address):
        """The offset of a plane's byte; in DISPI modes with 4 bits a pixel a bank is 64 KiB of each plane."""
        address &= 0xFFFF
        if self.vga.dispi[4] & 1:
            return (self.vga.dispi[5] * 0x10000 + address) * 4 + plane & 0xFFFFFF
        return at(address) + plane

    def chained(self, place, bits):
        """The plane address where the low bits of a place choose planes: A16 takes the place of A0 in chain-4, and in odd/even
        where the miscellaneous register says so and the map has 128 KiB."""
        address = place & ~((1 << bits) - 1)
        if bits == 2 or self.vga.graphics[6] & 2 and self.vga.graphics[6] >> 2 & 3 == 0:
            address |= place >> 16
        return address

    def read(self, offset):
        vga, (kind, place) = self.vga, self.place(offset)
        if kind != "planes":
            return self.memory[place] if kind else 0xFF
        plane, address = vga.graphics[4] & 3, place
        if vga.sequencer[4] & 8:
            plane, address = place & 3, self.chained(place, 2)
        elif vga.graphics[5] & 0x10:
            plane, address = plane & 2 | place & 1, self.chained(place, 1)
        self.latches = [self.memory[self.where(p, address)] for p in range(4)]
        if not vga.graphics[5] & 8:
            return self.latches[plane]
        cared = [p for p in range(4) if vga.graphics[7] >> p & 1]
        return sum(all(self.latches[p] >> bit & 1 == vga.graphics[2] >> p & 1 for p in cared) << bit for bit in range(8))

    def write(self, offset, value):
        vga, (kind, place) = self.vga, self.place(offset)
        if kind == "linear":
            self.memory[place] = value
        if kind != "planes":
            return
        planes, address = [p for p in range(4) if vga.sequencer[2] >> p & 1], place
        if vga.sequencer[4] & 8:
            planes, address = [p for p in planes if p == place & 3], self.chained(place, 2)
        elif not vga.sequencer[4] & 4:
            planes, address = [p for p in planes if p & 1 == place & 1], self.chained(place, 1)
        for p in planes:
            self.memory[self.where(p, address)] = self.combined(p, value)

    def combined(self, plane, value):
        gc, kept_byte = self.vga.graphics, self.latches[plane]
        mode, rotate, function = gc[5] & 3, gc[3] & 7, gc[3] >> 3 & 3
        rotated = (value >> rotate | value << 8 - rotate) & 0xFF
        if mode == 1:
            return kept_byte
        out = 0
        for bit in range(8):
            kept, mask = kept_byte >> bit & 1, gc[8] >> bit & 1
            if mode == 0:
                new = gc[0] >> plane & 1 if gc[1] >> plane & 1 else rotated >> bit & 1
            elif mode == 2:
                new = value >> plane & 1
            else:
                new, mask = gc[0] >> plane & 1, mask & rotated >> bit
            new = (new, new & kept, new | kept, new ^ kept)[function]
            out |= (new if mask else kept) << bit
        return out
