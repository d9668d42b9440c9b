"""Where the Python engine's blocks find a page's bytes: what the TLB holds, led on to the backing.

A page is in ``read`` or ``write`` only while the TLB allows that access and it leads to plain memory, so that an access through
them changes nothing that a guest can see.  Everything else goes through the methods, which refuse what is not simple.
"""

import sys

from emu.bus.memory import DEVICE, VGA_WINDOW, WATCH_CODE, WATCH_VIDEO

from .paging import PTE_W
from .state import TLB_SIZE, TLB_USER, TLB_VALID

FORMATS = {2: "H", 4: "I", 8: "Q"}  # of memoryview
USABLE = sys.byteorder == "little"  # the views of the backing are in the host's order


class HostPages:
    """Backing offset minus linear address by linear page, for both banks of the TLB."""

    def __init__(self, cpu, memory, marks):
        self.cpu, self.memory, self.marks = cpu, memory, marks
        self.banks = [({}, {}), ({}, {})]  # (read, write), supervisor and user
        self.coded = [{}, {}]  # the same with marks, for pages that may be written to where no decoded code lies
        self.bank = 0
        self.video = []  # (bank, page) that may be written to since the last call of rearm_video
        self.video_code = False  # some of video memory has been decoded as code
        self.held = {}  # TLB index -> linear page
        self.accesses = {}

    def access(self, size):
        """For accesses of ``size`` bytes: the backing as numbers of that size, and the functions load, load_rmw, store."""
        made = self.accesses.get(size)
        if made is None:
            backing = self.memory.backing
            view = memoryview(backing).cast(FORMATS[size]) if size > 1 else backing
            made = self.accesses[size] = view, self.load(size), self.load_rmw(size), self.store(size)
        return made

    def drop(self, index):
        """A TLB entry changes."""
        page = self.held.pop(index, None)
        if page is not None:
            read, write = self.banks[index >= TLB_USER]
            read.pop(page, None)
            write.pop(page, None)
            self.coded[index >= TLB_USER].pop(page, None)

    def clear(self):
        """The memory map or everything changed."""
        for read, write in self.banks:
            read.clear()
            write.clear()
        for coded in self.coded:
            coded.clear()
        self.held.clear()

    def rearm_video(self):
        """The display has looked: the next write to each page of video memory is to be marked."""
        for bank, page in self.video:
            self.banks[bank][1].pop(page, None)
        self.video.clear()

    def watched(self, backing_page):
        """Writes to a page of the backing begin to matter."""
        if self.memory.watch[backing_page] & WATCH_VIDEO:
            self.video_code = True
        start = backing_page << 12
        for _read, write in self.banks:
            for page in [page for page, delta in write.items() if delta + (page << 12) == start]:
                del write[page]

    def find_read(self, lin, size):
        """Backing offset of bytes that may be read, or -1."""
        if lin & 0xFFF > 0x1000 - size:
            return -1
        page = lin >> 12
        index = page & TLB_SIZE - 1 | self.bank * TLB_USER
        entry = self.cpu.tlb[index]
        if entry >> 32 != page << 12 | TLB_VALID:
            return -1
        at = self.memory.read_offset(entry & 0xFFFFF000)
        if at >= DEVICE:
            return -1
        self.banks[self.bank][0][page] = at - (page << 12)
        self.held[index] = page
        return at + (lin & 0xFFF)

    def find_write(self, lin, size):
        """Backing offset of bytes that may be written (and are read at the same place), or -1."""
        at = self.find_read(lin, size)
        if at < 0:
            return -1
        page = lin >> 12
        entry = self.cpu.tlb[page & TLB_SIZE - 1 | self.bank * TLB_USER]
        if entry & PTE_W == 0 or self.memory.write_offset(entry & 0xFFFFF000) != at & 0xFFFFF000:
            return -1
        watch = self.memory.watch[at >> 12]
        if not watch:
            self.banks[self.bank][1][page] = at - lin
        elif watch == WATCH_VIDEO:
            self.memory.dirty[(at >> 12) - (self.memory.vram_offset >> 12)] = 1
            self.banks[self.bank][1][page] = at - lin
            self.video.append((self.bank, page))
        elif watch & WATCH_CODE:
            marks = self.marks[at >> 12]
            if marks.find(1, at & 0xFFF, (at & 0xFFF) + size) >= 0:
                return -1
            if watch == WATCH_CODE:
                self.coded[self.bank][page] = at - lin, marks
        return at

    def place(self, lin, size):
        """The same for bytes in a page that was found before, aligned or not; -1 for others."""
        start = lin & 0xFFF
        page = lin >> 12
        if start <= 0x1000 - size:
            found = self.coded[self.bank].get(page)
            if found is not None:
                return found[0] + lin if found[1].find(1, start, start + size) < 0 else -1
            delta = self.banks[self.bank][1].get(page)
            if delta is not None:
                return delta + lin
        return -1

    # -- the VGA's window: to the chip, of which nothing comes that a block would have to leave for -----------------------

    def window(self, lin, size, write):
        """Offset from A0000 of bytes in the window that may be accessed, or -1."""
        entry = self.cpu.tlb[lin >> 12 & TLB_SIZE - 1 | self.bank * TLB_USER]
        if entry >> 32 != lin & 0xFFFFF000 | TLB_VALID or write and not entry & PTE_W or lin & 0xFFF > 0x1000 - size:
            return -1
        phys = entry & 0xFFFFF000
        lead = self.memory.write_offset if write else self.memory.read_offset
        return phys + (lin & 0xFFF) - VGA_WINDOW if lead(phys) == DEVICE and self.memory.in_window(phys) else -1

    def window_load(self, lin, size, write=False):
        """The bytes as a number, or None."""
        at = self.window(lin, size, write)
        return None if at < 0 else sum(self.memory.vga_read(at + n) << 8 * n for n in range(size))

    def window_store(self, lin, size, value):
        """Write the bytes of a number; gives True where it did not."""
        at = -1 if self.video_code else self.window(lin, size, True)
        if at < 0:
            return True
        for n in range(size):
            self.memory.vga_write(at + n, value >> 8 * n & 0xFF)
        return False

    # -- runs (runs.py) ------------------------------------------------------------------------------------------

    def slices(self, n, size, *places):
        """How many of n elements lie in the pages of all places, (function that finds, linear address) each, and before decoded
        code where they are written; and their backing offsets: (0, None) where one cannot be found."""
        found = []
        for find, lin in places:
            n = min(n, (0x1000 - (lin & 0xFFF)) // size)
            at = find(lin, size)
            if at < 0:
                return 0, None
            if find == self.find_write and self.memory.watch[at >> 12]:
                if self.memory.watch[at >> 12] & WATCH_VIDEO:
                    self.memory.dirty[(at >> 12) - (self.memory.vram_offset >> 12)] = 1
                if self.memory.watch[at >> 12] & WATCH_CODE:
                    code = self.marks[at >> 12].find(1, at & 0xFFF)
                    n = n if code < 0 else min(n, (code - (at & 0xFFF)) // size)
            found.append(at)
        return n, found

    def copy_run(self, source, target, n, size):
        n, found = self.slices(n, size, (self.find_read, source), (self.find_write, target))
        if n:
            backing = self.memory.backing
            start, end = found
            if start < end < start + n * size and (end - start) % size:
                return 0
            if start < end < start + n * size:  # what is written is read again: the first elements, over and over
                piece = backing[start:end]
                backing[end:end + n * size] = (piece * (n * size // len(piece) + 1))[:n * size]
            else:
                backing[end:end + n * size] = backing[start:start + n * size]
        return n

    def fill_run(self, target, n, value, size):
        n, found = self.slices(n, size, (self.find_write, target))
        if n:
            self.memory.backing[found[0]:found[0] + n * size] = value.to_bytes(size, "little") * n
        return n

    def compare_run(self, source, target, n, equal, size):
        n, found = self.slices(n, size, (self.find_read, source), (self.find_read, target))
        if not n:
            return 0
        a, b = (self.elements(at, n, size) for at in found)
        return next((i for i in range(n) if (a[i] == b[i]) != equal), n)

    def scan_run(self, target, n, value, equal, size):
        n, found = self.slices(n, size, (self.find_read, target))
        if not n:
            return 0
        return next((i for i, b in enumerate(self.elements(found[0], n, size)) if (b == value) != equal), n)

    def elements(self, at, n, size):
        """n elements of the backing as numbers."""
        data = bytes(self.memory.backing[at:at + n * size])
        return memoryview(data).cast(FORMATS[size]) if size > 1 else data

    # -- accesses by blocks --------------------------------------------------------------------------------------

    def load(self, size):
        """The function that reads ``size`` bytes, or gives None."""
        backing = self.memory.backing

        def load(lin):
            delta = self.banks[self.bank][0].get(lin >> 12)
            if delta is not None and lin & 0xFFF <= 0x1000 - size:
                at = delta + lin
                return int.from_bytes(backing[at:at + size], "little")
            at = self.find_read(lin, size)
            return self.window_load(lin, size) if at < 0 else int.from_bytes(backing[at:at + size], "little")
        return load

    def load_rmw(self, size):
        """The same for bytes that will be written: None where that could not be done here."""
        backing = self.memory.backing

        def load_rmw(lin):
            at = self.place(lin, size)
            if at < 0:
                at = self.find_write(lin, size)
            return self.window_load(lin, size, True) if at < 0 else int.from_bytes(backing[at:at + size], "little")
        return load_rmw

    def store(self, size):
        """The function that writes ``size`` bytes; gives True where it did not."""
        memory, backing = self.memory, self.memory.backing

        def store(lin, value):
            at = self.place(lin, size)
            if at >= 0:
                backing[at:at + size] = value.to_bytes(size, "little")
                return False
            at = self.find_write(lin, size)
            if at < 0:
                return self.window_store(lin, size, value)
            backing[at:at + size] = value.to_bytes(size, "little")
            if memory.watch[at >> 12] & WATCH_VIDEO:
                memory.dirty[(at - memory.vram_offset) >> 12] = 1
            return False
        return store
