"""Intel 82371SB (PIIX3) IDE function: bus master registers and PRD tables for both channels.

Data sheet: Intel 82371FB/82371SB (290550-002), sections 2.3, 2.7 and 3.5.
"""
import struct

from emu.bus.component import Port, Struct, Timer, cold, hot
from emu.bus.types import NEVER, Array, Wire, u8, u16, u32, u64

from . import pci

IDETIM = 0x40                   # two registers of 16 bits
IDE_DECODE_ENABLE = 0x8000      # IDETIM bit 15
BAR4 = 4

# Bus master registers of a channel
BMICOM, BMISTA, BMIDTP = 0, 2, 4
SSBM, RWCON = 0x01, 0x08                                # BMICOM: start, direction
ACTIVE, ERROR, INTERRUPT, DRIVE_CAPABLE = 0x01, 0x02, 0x04, 0x60        # BMISTA
PRD_EOT = 0x80000000
PRD_LIMIT = 8192                # entries in the 64 KiB that a table may take up

# Guest time in ns of a transfer: a fixed part, and one a byte
SETUP_NS, BYTE_NS = 20000, 5


class BusMasterChannel(Struct):
    """The registers of one channel, and how far its transfer is."""

    command: u8
    status: u8
    table: u32              # BMIDTP as written
    request: u8             # the drive's DMARQ


class BusMaster(pci.PciFunction):
    """The IDE function 00:01.1.

    Backends (plain attributes, set by the machine): ``memory`` with read(address, n) and write(address, data);
    ``channels``, the two IdeChannels.  Their lines come in by set_irq and set_dmarq; irq14 and irq15 go out.
    """

    VENDOR, DEVICE, REVISION, CLASS = 0x8086, 0x7010, 0, 0x010180
    SUBSYSTEM = (0x1AF4, 0x1100)
    COMMAND_MASK = pci.IO_SPACE | pci.BUS_MASTER
    STATUS_RESET = 0x0280
    BARS = {BAR4: pci.Bar(16, io=True)}
    REGISTERS = ((IDETIM, 4, 0, 0xFFFFFFFF), (0x44, 1, 0, 0xFF))        # IDETIM[1:0], SIDETIM

    masters: Array(BusMasterChannel, 2)
    deadline0: u64
    deadline1: u64
    irq14: Wire(u8)
    irq15: Wire(u8)
    over0: Wire()           # all of a command's data are through
    over1: Wire()
    now: Wire(ret=u64)

    bus_master_ports = (
        Port(0, 16, "read", "write", text="bus master IDE"),
    )
    bar_ports = {BAR4: bus_master_ports}
    timers = (Timer("deadline0", "expire0"), Timer("deadline1", "expire1"))

    def __init__(self):
        super().__init__()
        self.memory = None
        self.channels = [None, None]

    def reset(self):
        super().reset()
        for master in self.masters:
            master.command = master.status = master.table = 0
        self.deadline0 = self.deadline1 = NEVER

    def config_written(self, offset, size):
        if offset < 6 and offset + size > pci.COMMAND:
            self.schedule(0)            # a transfer may have waited for the bus master enable bit
            self.schedule(1)
        if offset < IDETIM + 4 and offset + size > IDETIM:
            self.remap()

    def decodes(self, channel):
        """Whether IDETIM lets a channel's ports (1F0, 170) be decoded; firmware sets this."""
        return bool(self.get(IDETIM + 2 * channel, 2) & IDE_DECODE_ENABLE)

    # -- lines from the channels -----------------------------------------------------------------------------------

    @hot
    def set_irq(self, channel: u8, level: u8) -> None:
        """INTRQ of a channel: its rise is remembered in BMISTA, and it goes on to IRQ 14 or 15."""
        if level != 0:
            self.masters[channel & 1].status = self.masters[channel & 1].status | INTERRUPT
        if (channel & 1) == 0:
            self.irq14(level)
        else:
            self.irq15(level)

    @hot
    def set_dmarq(self, channel: u8, level: u8) -> None:
        """DMARQ of a channel: the drive waits for its data to be moved."""
        self.masters[channel & 1].request = level
        self.schedule(channel)

    # -- registers -------------------------------------------------------------------------------------------------

    @hot
    def read(self, offset: u16) -> u8:
        which: u8 = u8((offset >> 3) & 1)
        register: u16 = offset & 7
        if register == BMICOM:
            return self.masters[which & 1].command
        if register == BMISTA:
            return self.masters[which & 1].status
        if register >= BMIDTP:
            return u8(self.masters[which & 1].table >> ((offset & 3) * 8))
        return 0

    @hot
    def write(self, offset: u16, value: u8) -> None:
        which: u8 = u8((offset >> 3) & 1)
        register: u16 = offset & 7
        status: u8 = self.masters[which & 1].status
        if register == BMICOM:
            before: u8 = self.masters[which & 1].command
            self.masters[which & 1].command = value & (SSBM | RWCON)
            if ((before ^ value) & SSBM) != 0:
                if (value & SSBM) != 0:
                    self.masters[which & 1].status = status | ACTIVE
                else:
                    self.masters[which & 1].status = status & (0xFF ^ ACTIVE)
                self.schedule(which)
        elif register == BMISTA:
            kept: u8 = status & (ACTIVE | u8((ERROR | INTERRUPT) & ~value))
            self.masters[which & 1].status = kept | (value & DRIVE_CAPABLE)
        elif register >= BMIDTP:
            shift: u8 = u8((offset & 3) * 8)
            others: u32 = self.masters[which & 1].table & u32(~(0xFF << (shift & 24)))
            self.masters[which & 1].table = (others | u32(value << (shift & 24))) & 0xFFFFFFFC

    # -- transfer --------------------------------------------------------------------------------------------------

    @hot
    def schedule(self, channel: u8) -> None:
        """Set the end of the transfer once drive, bus master and PCI command register are all ready; else none."""
        deadline: u64 = NEVER
        ready: bool = (self.masters[channel & 1].status & ACTIVE) != 0 and self.masters[channel & 1].request != 0
        if ready and (self.config[pci.COMMAND] & pci.BUS_MASTER) != 0:
            deadline = self.end(channel)
        if channel == 0:
            self.deadline0 = deadline
        else:
            self.deadline1 = deadline

    @cold
    def end(self, channel: u8) -> u64:
        """When a transfer that begins now is through."""
        return self.now() + SETUP_NS + BYTE_NS * self.channels[channel].dma_left()

    @hot
    def expire0(self) -> None:
        self.deadline0 = NEVER
        over: bool = self.run(0)
        if over:
            self.over0()

    @hot
    def expire1(self) -> None:
        self.deadline1 = NEVER
        over: bool = self.run(1)
        if over:
            self.over1()

    @cold
    def run(self, channel: u8) -> bool:
        """Move the data of the whole transfer along the PRD table; true if that ends the command.

        Ends as the data sheet's table of BMISTA has it: drive and table end together, INTERRUPT without ACTIVE; the
        table is longer, both; the table is shorter, neither, and the drive goes on waiting.
        """
        master, drive = self.masters[channel], self.channels[channel]
        regions, ended = self._regions(master.table, drive.dma_left())
        outward, moved, size = drive.dma_outward(), 0, sum(size for _, size in regions)
        for spans in self._spans(regions, outward):
            if isinstance(spans, tuple):
                done = self._by_bytes(drive, outward, *spans)
                wanted = spans[1]
            else:
                views, wanted = self.memory.views(spans), sum(n for _, n in spans)
                if outward:
                    done = drive.dma_write(views)
                else:
                    done = drive.dma_read(views)
                    self.memory.wrote(spans)
            moved += done
            if done < wanted:
                break
        if ended and moved == size:
            master.status &= ~ACTIVE
        return drive.dma_settle()

    def _regions(self, entry, wanted):
        """((address, bytes), ...) of a table's entries, up to ``wanted`` bytes or its end; and whether the last one ends it."""
        regions = []
        for _ in range(PRD_LIMIT // 8):
            page = self.memory.read(entry, min(64, 0x1000 - (entry & 0xFF8)))
            for base, control in struct.iter_unpack("<II", page[:len(page) & ~7]):
                size = (control & 0xFFFE) or 0x10000
                regions.append((base & 0xFFFFFFFE, size))
                wanted -= size
                if control & PRD_EOT or wanted <= 0:
                    return regions, bool(control & PRD_EOT)
            # A table does not cross a 64 KiB boundary.
            entry = (entry & 0xFFFF0000) | (entry + len(page) & 0xFFFF)
        return regions, False

    def _spans(self, regions, outward):
        """The regions as lists of spans of plain memory, and one by one, as (address, bytes), where chips or nobody answer."""
        together = []
        for base, size in regions:
            spans = self.memory.spans(base, size, write=not outward)
            if spans is not None:
                together += spans
                continue
            if together:
                yield together
                together = []
            yield base, size
        if together:
            yield together

    def _by_bytes(self, drive, outward, base, size):
        """A region that is no plain memory; returns the bytes moved."""
        if outward:
            return drive.dma_write([memoryview(self.memory.read(base, size))])
        data = bytearray(size)
        moved = drive.dma_read([memoryview(data)])
        self.memory.write(base, data[:moved])
        return moved

    def peek(self, offset):
        """A bus master register."""
        return self.read(offset)
