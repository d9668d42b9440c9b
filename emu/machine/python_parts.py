"""Parts with their state in Python objects, and the board's own services (port map, timers) in Python."""

from functools import partial
from math import inf

from emu.bus.types import NEVER
from emu.cpu.python_engine import PythonEngine

from . import board
from .wiring import join


class PythonParts:
    """All parts of a board, wired, under the Python engine."""

    engine_name = "python"

    def __init__(self, backing_size, owner, classes=None):
        self.owner = owner
        classes = classes or board.PARTS
        self.parts = {name: cls() for name, cls in classes.items()}
        memory = self.parts["memory"]
        memory.backing = bytearray(backing_size)
        memory.watch = bytearray((backing_size >> 12) + 1)
        memory.dirty = memoryview(bytearray(4096))
        self.maps = {8: bytearray(65536), 16: bytearray(65536), 32: bytearray(65536)}
        self._slots = [None] + board.slots()
        self._bases = [0] * len(self._slots)
        self._readers = [None] * len(self._slots)
        self._writers = [None] * len(self._slots)
        for slot in self._slots[1:]:
            part = self.parts[slot.part]
            self._readers[slot.number] = getattr(part, slot.port.read) if slot.port.read else None
            self._writers[slot.number] = getattr(part, slot.port.write) if slot.port.write else None
        self._timers = [(self.parts[part], t.deadline, getattr(self.parts[part], t.expire)) for part, t in board.timers()]
        deadlines = ", ".join(f"{part}.{t.deadline}" for part, t in board.timers())
        self._soonest = eval(f"lambda: min({NEVER}, {deadlines})", dict(self.parts))  # asked after every access to a chip
        self._awaited = 0  # the deadline that poll has last heard of
        self._devices = [tuple(method and getattr(self.parts[part], method) for method in methods) for part, *methods in board.DEVICES]
        self.services = {"expire_timers": self.expire_timers, "next_deadline": self.next_deadline,
                         "device_read": self.device_read, "device_write": self.device_write,
                         "device_read32": self.device_read32, "device_write32": self.device_write32,
                         "window_changed": lambda: owner.window_changed()}
        for width in (8, 16, 32):
            self.services[f"port_read{width}"] = partial(self.port_read, width)
            self.services[f"port_write{width}"] = partial(self.port_write, width)
        join(self.parts, self.services)
        self.engine = PythonEngine(self.parts["cpu"], memory)

    def set_ports(self, maps, bases):
        """Install a port map: see board.port_maps."""
        self.maps = maps
        self._bases = bases

    def accessed(self):
        """A chip was accessed: let poll look where a timer may be due before it would look by itself.  All else that matters to it
        tells the processor by itself.  In host time the processor's instructions do not say what is due."""
        if self._soonest() < self._awaited or self.parts["clock"].host:
            self.parts["cpu"].attention = True

    def port_read(self, width, port):
        slot = self.maps[width][port]
        if slot and self._readers[slot]:
            value = self._readers[slot](port - self._bases[slot] & 0xFFFF)
            self.accessed()
            return value
        if width == 8:
            return 0xFF
        half = width // 2
        low = self.port_read(half, port)
        return low | self.port_read(half, port + half // 8 & 0xFFFF) << half

    def port_write(self, width, port, value):
        slot = self.maps[width][port]
        if slot and self._writers[slot]:
            self._writers[slot](port - self._bases[slot] & 0xFFFF, value)
            self.accessed()
        elif width > 8:
            half = width // 2
            self.port_write(half, port, value & (1 << half) - 1)
            self.port_write(half, port + half // 8 & 0xFFFF, value >> half)

    def device_read(self, slot, offset):
        if slot >= len(self._devices):
            return 0xFF
        value = self._devices[slot][0](offset)
        self.accessed()
        return value

    def device_write(self, slot, offset, value):
        if slot < len(self._devices):
            self._devices[slot][1](offset, value)
            self.accessed()

    def device_read32(self, slot, offset):
        if slot < len(self._devices) and self._devices[slot][2]:
            value = self._devices[slot][2](offset)
            self.accessed()
            return value
        return sum(self.device_read(slot, offset + n) << 8 * n for n in range(4))

    def device_write32(self, slot, offset, value):
        if slot < len(self._devices) and self._devices[slot][3]:
            self._devices[slot][3](offset, value)
            self.accessed()
        else:
            for n in range(4):
                self.device_write(slot, offset + n, value >> 8 * n & 0xFF)

    def _earliest(self):
        best, which = NEVER, None
        for part, deadline, expire in self._timers:
            at = getattr(part, deadline)
            if at < best:
                best, which = at, expire
        return best, which

    def next_deadline(self):
        self._awaited = self._soonest()
        return self._awaited

    def expire_timers(self):
        now = self.parts["clock"].now
        if self._soonest() > now():
            return
        while True:
            at, expire = self._earliest()
            if expire is None or at > now():
                return
            expire()

    def run(self, until=inf):
        """Run until poll ends the run, or its first call after the host time ``until``; gives poll's code."""
        return self.engine.run(until)

    def map_changed(self):
        """The memory map or restored state changed."""
        self.engine.map_changed()

    def forget(self):
        """Memory was replaced behind the engine's back: drop all decoded code."""
        self.engine.forget()

    def rearm_video(self):
        """The display has looked at which pages of video memory were written."""
        self.engine.pages.rearm_video()

    def close(self):
        pass
