"""What the tests of IDE channel, drives and bus master share: a channel with a clock, a disk in memory, helpers."""
from emu.bus.component import checked
from emu.bus.types import NEVER
from emu.devices import ide
from emu.devices.bus_master import BusMaster
from emu.buffers import fill, total


class MemoryDisk:
    """A backend in memory; sectors in ``bad`` fail."""

    def __init__(self, data, read_only=False):
        self.data, self.read_only, self.bad, self.flushes = bytearray(data), read_only, set(), 0
        self.size = len(self.data)

    def _check(self, offset, size):
        if any(offset <= 512 * s < offset + size for s in self.bad):
            raise OSError("bad sector")

    def read(self, offset, size):
        self._check(offset, size)
        return bytes(self.data[offset:offset + size])

    def read_into(self, offset, views):
        fill(views, self.read(offset, total(views)))

    def write(self, offset, data):
        self._check(offset, len(data))
        self.data[offset:offset + len(data)] = data

    def flush(self):
        self.flushes += 1


def pattern(size, unit=512):
    """Data in which every unit is different."""
    return b"".join((i * 2654435761 & 0xFFFFFFFF).to_bytes(4, "little") * (unit // 4) for i in range(size // unit))


class Memory:
    """RAM for the bus master."""

    def __init__(self, size=1 << 20):
        self.data = bytearray(size)

    def read(self, address, size):
        return bytes(self.data[address:address + size]).ljust(size, b"\xff")

    def write(self, address, data):
        self.data[address:address + len(data)] = data

    def spans(self, address, size, write):
        return [(address, size)] if address + size <= len(self.data) else None

    def views(self, spans):
        return [memoryview(self.data)[at:at + n] for at, n in spans]

    def wrote(self, spans):
        """Nobody looks."""


class Rig:
    """A channel (and bus master) with drives; ``irqs`` records the interrupt line."""

    def __init__(self, master=None, slave=None):
        self.time = 0
        self.channel = checked(ide.IdeChannel)()
        self.bus_master = checked(BusMaster)()
        self.memory = Memory()
        self.irqs = []
        self.channel.now = self.bus_master.now = lambda: self.time
        self.channel.irq = self._irq
        self.channel.dmarq = lambda level: self.bus_master.set_dmarq(0, level)
        self.bus_master.memory = self.memory
        self.bus_master.channels = [self.channel, ide.IdeChannel()]
        self.bus_master.irq14 = self.irqs.append
        self.bus_master.over0 = self.channel.end_command
        for index, device in enumerate((master, slave)):
            if device is not None:
                self.channel.attach(index, device)
        self.bus_master.reset()
        self.channel.reset()

    def _irq(self, level):
        self.bus_master.set_irq(0, level)

    def step(self):
        """Go to the next deadline and serve it; False when nothing is to come."""
        deadline = min(self.channel.deadline, self.bus_master.deadline0, self.bus_master.deadline1)
        if deadline == NEVER:
            return False
        self.time = max(self.time, deadline)
        if self.channel.deadline <= self.time:
            self.channel.expire()
        elif self.bus_master.deadline0 <= self.time:
            self.bus_master.expire0()
        else:
            self.bus_master.expire1()
        return True

    def settle(self):
        while self.step():
            pass

    def out(self, register, value):
        self.channel.write(register, value)

    def inb(self, register):
        return self.channel.read(register)

    def status(self):
        """Status as a driver sees it after waiting for BSY to fall."""
        self.settle()
        return self.channel.read(ide.STATUS)

    def select(self, drive=0, lba=True, head=0):
        self.out(ide.DEVICE, 0xA0 | 0x40 * lba | drive << 4 | head)

    def task(self, lba, count):
        """LBA28 parameters; the device register keeps its drive."""
        self.out(ide.SECTOR_COUNT, count & 0xFF)
        for register, shift in ((ide.LBA_LOW, 0), (ide.LBA_MID, 8), (ide.LBA_HIGH, 16)):
            self.out(register, lba >> shift & 0xFF)

    def task48(self, lba, count):
        self.out(ide.SECTOR_COUNT, count >> 8)
        self.out(ide.SECTOR_COUNT, count & 0xFF)
        for register, shift in ((ide.LBA_LOW, 0), (ide.LBA_MID, 8), (ide.LBA_HIGH, 16)):
            self.out(register, lba >> shift + 24 & 0xFF)
            self.out(register, lba >> shift & 0xFF)

    def command(self, code):
        self.out(ide.COMMAND, code)
        return self.status()

    def pull(self, size, width=16):
        """Read bytes from the data port, however many blocks that takes."""
        data = b""
        while len(data) < size:
            self.settle()
            assert self.channel.read_status() & ide.DRQ
            data += self.channel.read_data16(0).to_bytes(2, "little") if width == 16 else \
                self.channel.read_data32(0).to_bytes(4, "little")
        self.settle()
        return data[:size]

    def push(self, data):
        for i in range(0, len(data), 2):
            self.settle()
            assert self.channel.read_status() & ide.DRQ
            self.channel.write_data16(0, int.from_bytes(data[i:i + 2], "little"))
        self.settle()

    def prds(self, address, regions):
        """Write a PRD table: (base, size) each, the last with EOT."""
        for i, (base, size) in enumerate(regions):
            eot = 0x80000000 if i == len(regions) - 1 else 0
            control = (size & 0xFFFF) | eot
            self.memory.write(address + 8 * i, base.to_bytes(4, "little") + control.to_bytes(4, "little"))
        for i in range(4):
            self.bus_master.write(4 + i, address >> 8 * i & 0xFF)

    def start_dma(self, to_memory=True):
        self.bus_master.write_config(4, 2, 5)
        self.bus_master.write(0, 0x08 * to_memory)
        self.bus_master.write(0, 0x08 * to_memory | 1)
