"""What scripts see of a machine: processor registers by name, physical memory, the mouse."""

from emu.cpu.flags import read_eflags

_GPR = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi")
_SEG = ("es", "cs", "ss", "ds", "fs", "gs")
_PLAIN = ("eip", "cr0", "cr2", "cr3", "cr4", "cpl")


class CpuView:
    """Registers by their names: eax … edi, eip, eflags, es … gs (selectors), cr0 …, cpl, halted."""

    def __init__(self, cpu):
        object.__setattr__(self, "_cpu", cpu)

    def __getattr__(self, name):
        cpu = self._cpu
        if name in _GPR:
            return cpu.gpr[_GPR.index(name)]
        if name == "eflags":
            return read_eflags(cpu)
        if name in _SEG:
            return cpu.seg[_SEG.index(name)].sel
        if name in _PLAIN or name == "halted":
            return getattr(cpu, name)
        raise AttributeError(name)

    def __setattr__(self, name, value):
        cpu = self._cpu
        if name in _GPR:
            cpu.gpr[_GPR.index(name)] = value & 0xFFFFFFFF
        elif name == "eip":
            cpu.eip = value & 0xFFFFFFFF
        else:
            raise AttributeError(f"{name} cannot be set")


class MemoryView:
    """Physical memory as a bus master sees it."""

    def __init__(self, memory):
        self._memory = memory

    def read(self, address, size):
        """``size`` bytes at a physical address."""
        return self._memory.read(address, size)

    def write(self, address, data):
        """Write bytes at a physical address."""
        self._memory.write(address, data)


class Mouse:
    """The mouse: positions where the guest's driver takes them, else the PS/2 mouse's relative motion."""

    STEP = 100  # a report carries up to 255 counts

    def __init__(self, machine):
        self._machine = machine

    def move(self, dx, dy):
        """Move by counts; dy is positive downwards."""
        while dx or dy:
            x, y = (max(-self.STEP, min(self.STEP, v)) for v in (dx, dy))
            self._machine.mouse_move(x, y)
            dx, dy = dx - x, dy - y
            self._machine.run_for(0.02)

    def move_to(self, x, y):
        """Go to a point of the screen: without a driver for positions to its corner first, since the guest does not say
        where the pointer is."""
        if self._machine.pointer(x, y):
            self._machine.run_for(0.05)
            return
        self.move(-4000, -4000)
        self.move(x, y)

    def click(self, button=1, double=False):
        """Press and release a button (1 left, 2 right, 4 middle)."""
        for _ in range(2 if double else 1):
            self._machine.mouse_buttons(button)
            self._machine.run_for(0.05)
            self._machine.mouse_buttons(0)
            self._machine.run_for(0.05)
