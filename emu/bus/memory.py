"""Physical memory: what answers at an address.

All host memory of a machine is one buffer, the *backing*: RAM from offset 0 (RAM address = offset), then video memory, then
ROMs.  The first MiB is mapped by 4 KiB pages (PAM, VGA window, A0000-FFFFF); above it lie RAM and a few regions (video
frame buffer, flash ROM, chips).  `watch` has a byte for each backing page that says whether writes to it matter to
somebody (decoded code, the display).
"""

from .component import Component, cold, hot, inline, intrinsic
from .types import Array, Derived, Native, Wire, u8, u16, u32

OPEN, DEVICE = 0xFFFFFFFF, 0xFFFFFFFE  # instead of a backing offset
LOW_PAGES = 256
REGIONS = 16
# Kinds of region: backing that can be written, backing that cannot, or DEVICE_KIND + slot
RW, RO, DEVICE_KIND = 1, 2, 16
WATCH_CODE, WATCH_VIDEO = 1, 2
VRAM_SIZE = 16 << 20
VRAM_MASK = VRAM_SIZE - 1
VGA_WINDOW = 0xA0000
APIC_SLOT = 0  # device slot of the local APIC's page


class Memory(Component):
    """The memory map.  ``backing`` and ``watch`` are buffers (of the C side under the native engine)."""

    ram_size: u32
    low_read: Array(u32, LOW_PAGES)
    low_write: Array(u32, LOW_PAGES)
    region_base: Array(u32, REGIONS)
    region_size: Array(u32, REGIONS)
    region_offset: Array(u32, REGIONS)
    region_kind: Array(u8, REGIONS)
    region_count: u8
    apic_page: u32  # the local APIC answers here, before anything else; OPEN: nowhere
    vram_offset: Derived(u32)
    backing_size: Native("u64")
    backing_data: Native("u8 *")
    watch_data: Native("u8 *")

    vga_read: Wire(u32, ret=u8)  # offset from A0000; the VGA's memory changes nothing that poll looks at
    vga_write: Wire(u32, u8)
    device_read: Wire(u8, u32, ret=u8)  # slot, offset in the region
    device_write: Wire(u8, u32, u8)
    device_read32: Wire(u8, u32, ret=u32)  # aligned
    device_write32: Wire(u8, u32, u32)

    def __init__(self):
        super().__init__()
        self.backing = bytearray()
        self.watch = bytearray()
        self.dirty = bytearray()  # video memory pages written since the display looked
        self.on_write = lambda offset, size: None  # called for writes to pages with WATCH_CODE

    # -- backing ---------------------------------------------------------------------------------------------------

    @intrinsic
    def peek8(self, offset: u32) -> u8:
        return self.backing[offset]

    @intrinsic
    def peek16(self, offset: u32) -> u16:
        return int.from_bytes(self.backing[offset:offset + 2], "little")

    @intrinsic
    def peek32(self, offset: u32) -> u32:
        return int.from_bytes(self.backing[offset:offset + 4], "little")

    @intrinsic
    def poke8(self, offset: u32, value: u8) -> None:
        self.backing[offset] = value
        if self.watch[offset >> 12]:
            self.written(offset, 1)

    @intrinsic
    def poke16(self, offset: u32, value: u16) -> None:
        self.backing[offset:offset + 2] = value.to_bytes(2, "little")
        if self.watch[offset >> 12]:
            self.written(offset, 2)

    @intrinsic
    def poke32(self, offset: u32, value: u32) -> None:
        self.backing[offset:offset + 4] = value.to_bytes(4, "little")
        if self.watch[offset >> 12]:
            self.written(offset, 4)

    @intrinsic
    def draw32(self, offset: u32, value: u32) -> None:
        """Write into video memory (by its own offset)."""
        at = self.vram_offset + offset
        self.backing[at:at + 4] = value.to_bytes(4, "little")
        self.dirty[offset >> 12] = 1
        if self.watch[at >> 12] & WATCH_CODE:
            self.on_write(at, 4)

    def written(self, offset, size):
        """A write to watched pages: tell the display and the code cache."""
        for page in range(offset >> 12, (offset + size - 1 >> 12) + 1):
            if self.watch[page] & WATCH_VIDEO:
                self.dirty[page - (self.vram_offset >> 12)] = 1
            if self.watch[page] & WATCH_CODE:
                start = max(offset, page << 12)
                self.on_write(start, min(offset + size, page + 1 << 12) - start)

    # -- the map ---------------------------------------------------------------------------------------------------

    @hot
    def region(self, addr: u32) -> u8:
        """Index of the region at an address above RAM, or REGIONS."""
        n: u8 = 0
        while n < self.region_count:
            if addr >= self.region_base[n & 15] and u32(addr - self.region_base[n & 15]) < self.region_size[n & 15]:
                return n & 15
            n = u8(n + 1)
        return REGIONS

    @inline
    def read_offset(self, addr: u32) -> u32:
        """Backing offset that a read of an address comes to, or OPEN or DEVICE."""
        if 0x100000 <= addr and addr < self.ram_size and addr & 0xFFFFF000 != self.apic_page:
            return addr
        return self.other_read_offset(addr)

    @hot
    def other_read_offset(self, addr: u32) -> u32:
        """The same outside the RAM above the first MiB."""
        if addr & 0xFFFFF000 == self.apic_page:
            return DEVICE
        if addr < 0x100000:
            page: u32 = self.low_read[addr >> 12 & 0xFF]
            return page if page >= DEVICE else u32(page + (addr & 0xFFF))
        n: u8 = self.region(addr)
        if n == REGIONS:
            return OPEN
        if self.region_kind[n & 15] >= DEVICE_KIND:
            return DEVICE
        return u32(self.region_offset[n & 15] + (addr - self.region_base[n & 15]))

    @inline
    def write_offset(self, addr: u32) -> u32:
        """Backing offset that a write to an address goes to, or OPEN (nowhere, ROM too) or DEVICE."""
        if 0x100000 <= addr and addr < self.ram_size and addr & 0xFFFFF000 != self.apic_page:
            return addr
        return self.other_write_offset(addr)

    @hot
    def other_write_offset(self, addr: u32) -> u32:
        """The same outside the RAM above the first MiB."""
        if addr & 0xFFFFF000 == self.apic_page:
            return DEVICE
        if addr < 0x100000:
            page: u32 = self.low_write[addr >> 12 & 0xFF]
            return page if page >= DEVICE else u32(page + (addr & 0xFFF))
        n: u8 = self.region(addr)
        if n == REGIONS or self.region_kind[n & 15] == RO:
            return OPEN
        if self.region_kind[n & 15] >= DEVICE_KIND:
            return DEVICE
        return u32(self.region_offset[n & 15] + (addr - self.region_base[n & 15]))

    @inline
    def in_window(self, addr: u32) -> bool:
        """Whether an address where a device answers is in the VGA's window."""
        return addr < 0x100000 and addr & 0xFFFFF000 != self.apic_page

    @hot
    def chip(self, addr: u32) -> (u8, u32):
        """Which device answers at an address outside the VGA's window, and the offset in it."""
        if addr & 0xFFFFF000 == self.apic_page:
            return APIC_SLOT, addr & 0xFFF
        n: u8 = self.region(addr)
        return u8(self.region_kind[n & 15] - DEVICE_KIND), u32(addr - self.region_base[n & 15])

    @hot
    def chip_read(self, addr: u32) -> u8:
        if self.in_window(addr):
            return self.vga_read(u32(addr - VGA_WINDOW))
        slot, offset = self.chip(addr)
        return self.device_read(slot, offset)

    @hot
    def chip_write(self, addr: u32, value: u8) -> None:
        if self.in_window(addr):
            self.vga_write(u32(addr - VGA_WINDOW), value)
        else:
            slot, offset = self.chip(addr)
            self.device_write(slot, offset, value)

    # -- accesses (within one page) --------------------------------------------------------------------------------

    @hot
    def read8(self, addr: u32) -> u8:
        at: u32 = self.read_offset(addr)
        if at < DEVICE:
            return self.peek8(at)
        if at == DEVICE:
            return self.chip_read(addr)
        return 0xFF

    @hot
    def read16(self, addr: u32) -> u16:
        at: u32 = self.read_offset(addr)
        if at < DEVICE:
            return self.peek16(at)
        if at == DEVICE:
            low: u8 = self.chip_read(addr)
            high: u8 = self.chip_read(u32(addr + 1))
            return low | high << 8
        return 0xFFFF

    @inline
    def read32(self, addr: u32) -> u32:
        at: u32 = self.read_offset(addr)
        if at < DEVICE:
            return self.peek32(at)
        return self.chip_read32(addr, at == DEVICE)

    @hot
    def chip_read32(self, addr: u32, there: bool) -> u32:
        """From a chip, or from where nothing is."""
        if there and addr & 3 == 0 and not self.in_window(addr):
            slot, offset = self.chip(addr)
            return self.device_read32(slot, offset)
        if there:
            low: u16 = self.read16(addr)
            high: u16 = self.read16(u32(addr + 2))
            return low | high << 16
        return 0xFFFFFFFF

    @hot
    def write8(self, addr: u32, value: u8) -> None:
        at: u32 = self.write_offset(addr)
        if at < DEVICE:
            self.poke8(at, value)
        elif at == DEVICE:
            self.chip_write(addr, value)

    @hot
    def write16(self, addr: u32, value: u16) -> None:
        at: u32 = self.write_offset(addr)
        if at < DEVICE:
            self.poke16(at, value)
        elif at == DEVICE:
            self.chip_write(addr, u8(value))
            self.chip_write(u32(addr + 1), u8(value >> 8))

    @hot
    def write32(self, addr: u32, value: u32) -> None:
        at: u32 = self.write_offset(addr)
        if at < DEVICE:
            self.poke32(at, value)
        elif at == DEVICE and addr & 3 == 0 and not self.in_window(addr):
            slot, offset = self.chip(addr)
            self.device_write32(slot, offset, value)
        elif at == DEVICE:
            self.write16(addr, u16(value))
            self.write16(u32(addr + 2), u16(value >> 16))

    # -- video memory, by its own offsets --------------------------------------------------------------------------

    @hot
    def vram_read8(self, offset: u32) -> u8:
        return self.peek8(u32(self.vram_offset + (offset & VRAM_MASK)))

    @hot
    def vram_write8(self, offset: u32, value: u8) -> None:
        self.poke8(u32(self.vram_offset + (offset & VRAM_MASK)), value)

    @inline
    def vram_read32(self, offset: u32) -> u32:
        return self.peek32(u32(self.vram_offset + (offset & VRAM_MASK & 0xFFFFFFFC)))

    @inline
    def vram_write32(self, offset: u32, value: u32) -> None:
        self.draw32(offset & VRAM_MASK & 0xFFFFFFFC, value)

    @cold
    def vram_clear(self, length: u32) -> None:
        """Clear the first bytes of video memory."""
        length = min(length, VRAM_SIZE)
        self.backing[self.vram_offset:self.vram_offset + length] = bytes(length)
        if length:
            self.written(self.vram_offset, length)

    # -- bulk, for DMA and the host --------------------------------------------------------------------------------

    def _span(self, addr, size, lead):
        """Where an address leads (``lead`` is read_offset or write_offset), and how many of ``size`` bytes lie in a row
        there: a transfer of 4 GiB must not take a step a page."""
        at = lead(addr)
        if addr < 0x100000 or addr & 0xFFFFF000 == self.apic_page:
            return at, min(size, 0x1000 - (addr & 0xFFF))
        if addr < self.ram_size:
            ends = [self.ram_size]
        else:
            regions = [(self.region_base[n], self.region_size[n]) for n in range(self.region_count)]
            ends = [base for base, _size in regions] + [base + length for base, length in regions] + [1 << 32]
        ends.append(self.apic_page)
        return at, min(size, min(end for end in ends if end > addr) - addr)

    def read(self, addr, size):
        """``size`` bytes from a physical address; what nobody answers reads FFh."""
        out = bytearray()
        while size > 0:
            addr &= 0xFFFFFFFF
            at, n = self._span(addr, size, self.read_offset)
            if at < DEVICE:
                out += self.backing[at:at + n]
            elif at == DEVICE:
                out += bytes(self.chip_read(addr + i) for i in range(n))
            else:
                out += b"\xff" * n
            addr += n
            size -= n
        return bytes(out)

    def write(self, addr, data):
        """Write bytes at a physical address, as a bus master does."""
        data = memoryview(bytes(data))
        while len(data):
            addr &= 0xFFFFFFFF
            at, n = self._span(addr, len(data), self.write_offset)
            if at < DEVICE:
                self.backing[at:at + n] = data[:n]
                self.wrote(((at, n),))
            elif at == DEVICE:
                for i in range(n):
                    self.chip_write(addr + i, data[i])
            addr += n
            data = data[n:]

    def spans(self, addr, size, write):
        """(backing offset, bytes) of the parts of a range in order, or None where some of it is no plain memory."""
        if 0x100000 <= addr and addr + size <= self.ram_size and not addr - 0x1000 < self.apic_page < addr + size:
            return [(addr, size)]
        out, lead = [], self.write_offset if write else self.read_offset
        while size > 0:
            addr &= 0xFFFFFFFF
            at, n = self._span(addr, size, lead)
            if at >= DEVICE:
                return None
            out.append((at, n))
            addr += n
            size -= n
        return out

    def views(self, spans):
        """Buffers over spans of the backing.  Whoever has written to them says so by ``wrote``."""
        backing = memoryview(self.backing)
        return [backing[at:at + n] for at, n in spans]

    def wrote(self, spans):
        """Tell the display and the code cache."""
        for at, n in spans:
            if any(self.watch[at >> 12:(at + n - 1 >> 12) + 1]):
                self.written(at, n)

    # -- set up by the machine -------------------------------------------------------------------------------------

    def map_low(self, first, size, read, write):
        """Map pages of the first MiB: ``read`` and ``write`` are backing offsets, OPEN or DEVICE."""
        for i in range(size >> 12):
            page = (first >> 12) + i
            self.low_read[page] = read if read >= DEVICE else read + i * 0x1000
            self.low_write[page] = write if write >= DEVICE else write + i * 0x1000

    def set_regions(self, regions):
        """Replace the regions above RAM: (base, size, kind, backing offset) each."""
        for n, (base, size, kind, offset) in enumerate(regions):
            self.region_base[n], self.region_size[n] = base, size
            self.region_kind[n], self.region_offset[n] = kind, offset
        self.region_count = len(regions)
