"""A bare board: a processor with plain memory, nothing that ticks, and nothing at any port until it is put there."""

from emu.bus.memory import OPEN
from emu.bus.types import NEVER
from emu.cpu.cpuid import MODELS
from emu.cpu.fpu.state import reset_fpu
from emu.cpu.reset import reset_cpu
from emu.machine import board

LOW = 0x100000
SLICE = 400_000
MODEL = "pentium4"  # has everything that vectors use


def native_built():
    """Is the native engine of this package built?"""
    from emu.machine.native_parts import available
    return available()


class BareBoard:
    """``parts`` are the engine's, ``cpu`` has been reset as ``model`` (a name), all of ``size`` bytes is RAM."""

    def __init__(self, engine, size, model=MODEL):
        if engine == "native":
            from emu.machine.native_parts import NativeParts as Parts
        else:
            from emu.machine.python_parts import PythonParts as Parts
        self.parts = Parts(size, self)
        self.cpu, self.memory = self.parts.parts["cpu"], self.parts.parts["memory"]
        for part, timer in board.timers():
            setattr(self.parts.parts[part], timer.deadline, NEVER)
        self.memory.ram_size, self.memory.apic_page = size, OPEN
        self.memory.map_low(0, LOW, 0, 0)
        self.parts.map_changed()
        self.cpu.model = next(n for n, m in enumerate(MODELS) if m.name == model)
        self.reset()
        self.cpu.stop_time, self.cpu.slice, self.cpu.may_skip = NEVER, SLICE, True

    def reset(self):
        """The processor after power-on."""
        reset_cpu(self.cpu)
        reset_fpu(self.cpu.fpu)
        self.cpu.intr = self.cpu.nmi = 0
        self.cpu.reset_request = False
        self.parts.map_changed()

    def window_changed(self):
        """The display's window is of no interest here."""

    def run(self, count):
        """Run at most so many instructions; gives poll's code."""
        self.cpu.stop_request = False
        self.cpu.stop_count = self.cpu.icount + count
        return self.parts.run()

    def close(self):
        """Give the memory back."""
        self.parts.close()
