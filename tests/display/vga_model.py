"""The VGA's picture worked out dot by dot, as the data sheets draw it; slow, and independent of emu/display."""


class Model:
    """The picture of the VGA proper: ``lines()`` gives rows of (r, g, b), one entry a frame pixel."""

    def __init__(self, vga, vram):
        self.vga, self.vram = vga, vram
        self.gc, self.cr, self.ar, self.sr = vga.graphics, vga.crtc, vga.attribute, vga.sequencer
        self.frame = vga.frame_number()
        self.text = not self.gc[6] & 1

    def planes(self, counter, row_scan):
        """The four bytes that the CRTC fetches."""
        if self.cr[0x14] & 0x40:
            address = (counter << 2 | counter >> 14 & 3) & 0xFFFF
        elif self.cr[0x17] & 0x40:
            address = counter
        else:
            address = (counter << 1 | counter >> (15 if self.cr[0x17] & 0x20 else 13) & 1) & 0xFFFF
        if not self.text:
            if not self.cr[0x17] & 1:
                address = address & ~0x2000 | (row_scan & 1) << 13
            if not self.cr[0x17] & 2:
                address = address & ~0x4000 | (row_scan >> 1 & 1) << 14
        place = (address & ~3) + ((address & 3) << 16)
        return self.vram[place:place + 4]

    def font_byte(self, code, attribute, row_scan):
        select = self.sr[3]
        if attribute & 8:
            bank = select >> 2 & 3 | select >> 3 & 4
        else:
            bank = select & 3 | select >> 2 & 4
        address = (bank & 3) * 0x4000 + (bank >> 2) * 0x2000 + code * 32 + row_scan
        return self.vram[(address & ~3) + ((address & 3) << 16) + 2]

    def characters(self, counter, row_scan):
        """The dots of one character clock in a text mode: attribute values."""
        code, attribute = self.planes(counter, row_scan)[:2]
        dots = [self.font_byte(code, attribute, row_scan) >> 7 - n & 1 for n in range(8)]
        if not self.sr[1] & 1:
            dots.append(dots[7] if self.ar[0x10] & 4 and 0xC0 <= code <= 0xDF else 0)
        if self.ar[0x10] & 2 and attribute & 7 == 1 and row_scan == self.cr[0x14] & 31:
            dots = [1] * len(dots)
        back = attribute >> 4
        if self.ar[0x10] & 8:
            back &= 7
            if attribute & 0x80 and self.frame >> 4 & 1:
                dots = [0] * len(dots)
        place = (self.cr[0x0E] << 8 | self.cr[0x0F]) + (self.cr[0x0B] >> 5 & 3)
        if counter == place and not self.cr[0x0A] & 0x20 and not self.frame >> 3 & 1 \
                and self.cr[0x0A] & 31 <= row_scan <= self.cr[0x0B] & 31:
            dots = [1] * len(dots)
        return [attribute & 15 if dot else back for dot in dots]

    def shifted(self, counter, row_scan):
        """The dots of one character clock in a graphics mode."""
        planes = self.planes(counter, row_scan)
        if self.gc[5] & 0x40:
            return [half for byte in planes for half in (byte >> 4, byte & 15)]
        if self.gc[5] & 0x20:
            return [(planes[pair] >> at & 3) | (planes[pair + 2] >> at & 3) << 2 for pair in (0, 1) for at in (6, 4, 2, 0)]
        return [sum((byte >> 7 - n & 1) << p for p, byte in enumerate(planes)) for n in range(8)]

    def dac(self, index):
        index &= self.vga.dac_mask
        entry = self.vga.palette[4 * index:4 * index + 3]
        return tuple(int(v) if self.vga.dac_8bit() else int(v) | int(v) >> 6 for v in entry)

    def colour(self, value):
        """Through the attribute controller."""
        value &= self.ar[0x12] & 15
        if not self.text and self.ar[0x10] & 9 == 9 and self.frame >> 4 & 1:
            value ^= 8
        index = self.ar[value]
        if self.ar[0x10] & 0x80:
            index = index & 15 | (self.ar[0x14] & 3) << 4
        return self.dac(index & 0x3F | (self.ar[0x14] >> 2 & 3) << 6)

    def line(self, counter, row_scan, pan):
        columns = self.cr[1] + 1
        draw = self.characters if self.text else self.shifted
        dots = [dot for n in range(columns + 1) for dot in draw(counter + n & 0xFFFF, row_scan)]
        width = len(dots) // (columns + 1) * columns
        if not self.text and self.ar[0x10] & 0x40:
            pairs = [self.dac(dots[n] << 4 | dots[n + 1]) for n in range(0, len(dots), 2)]
            shown = [colour for colour in pairs for _ in range(2)]
        else:
            shown = [self.colour(dot) for dot in dots]
        shown = shown[pan:pan + width]
        repeat = 2 if self.sr[1] & 8 else 1
        return [colour for colour in shown for _ in range(repeat)]

    def lines(self):
        cr, overflow = self.cr, self.cr[7]
        height = (cr[0x12] | (overflow & 2) << 7 | (overflow & 0x40) << 3) + 1
        compare = cr[0x18] | (overflow & 0x10) << 4 | (cr[9] & 0x40) << 3
        pan = self.ar[0x13]
        if self.text and not self.sr[1] & 1:
            pan = 0 if pan >= 8 else pan + 1
        else:
            pan &= 6 if not self.text and self.ar[0x10] & 0x40 else 7
        byte_pan = cr[8] >> 5 & 3
        counter, row_scan, again = self.vga.start_address() + byte_pan, cr[8] & 31, 0
        out = []
        for y in range(height):
            out.append(self.line(counter & 0xFFFF, row_scan, pan))
            if y == compare:
                if self.ar[0x10] & 0x20:
                    byte_pan = pan = 0
                counter, row_scan, again = byte_pan, 0, 0
                continue
            again += 1
            if again < (2 if cr[9] & 0x80 else 1):
                continue
            again = 0
            row_scan += 1
            if row_scan > cr[9] & 31:
                row_scan = 0
                counter += cr[0x13] * 2
        return out
