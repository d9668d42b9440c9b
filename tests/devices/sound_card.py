"""A Sound Blaster 16 on its own: DSP, mixer, two DMA controllers, memory, and a clock that is turned by hand."""

from emu.bus.component import checked
from emu.devices.dma import Dma, DmaPages
from emu.devices.sb16 import Sb16

DSP = 0x226


class Card:
    def __init__(self):
        self.time = 0
        self.memory = bytearray(1 << 20)
        self.irqs, self.steps, self.midi = [], [], []
        self.sb = sb = checked(Sb16)()
        self.pages = DmaPages()
        self.dma = [checked(Dma)(), checked(Dma)()]
        for shift, dma in enumerate(self.dma):
            dma.shift = shift
            dma.page = lambda channel, shift=shift: self.pages.page(shift, channel)
            dma.memory_read = lambda at: self.memory[at]
            dma.memory_write = self.memory.__setitem__
            dma.following = sb.follow
            dma.reset()
            for name in ("ready", "take", "give"):
                setattr(sb, f"{name}{8 << shift}", getattr(dma, name))
        sb.now = lambda: self.time
        sb.irq = lambda line, level: self.irqs.append((self.time, line, level))
        sb.step = lambda at, left, right: self.steps.append((at, left, right))
        sb.midi = self.midi.append
        sb.reset()

    def out(self, port, value):
        if port < DSP:
            (self.sb.write_mixer_index, self.sb.write_mixer)[port & 1](0, value)
        else:
            self.sb.write_dsp(port - DSP, value)

    def inp(self, port):
        return self.sb.read_mixer(0) if port < DSP else self.sb.read_dsp(port - DSP)

    def mixer(self, index, value=None):
        self.out(0x224, index)
        return self.inp(0x225) if value is None else self.out(0x225, value)

    def command(self, *values):
        for value in values:
            assert self.inp(0x22C) & 0x80 == 0
            self.out(0x22C, value)

    def answers(self):
        out = []
        while self.sb.answer_count:
            out.append(self.inp(0x22A))
        return out

    def reset(self):
        self.out(DSP, 1)
        self.out(DSP, 0)

    def program(self, channel, address, size, mode=0x48):
        """A DMA channel, as drivers set it up; mode 48h is out, 44h in, 10h more is automatic."""
        shift = channel >> 2
        dma, n = self.dma[shift], channel & 3

        def put(register, value):
            dma.write(register << shift, value)

        put(10, 4 | n)
        put(12, 0)
        put(11, mode | n)
        for register, value in ((n * 2, address >> shift), (n * 2 + 1, (size >> shift) - 1)):
            put(register, value & 0xFF)
            put(register, value >> 8 & 0xFF)
        self.pages.write({1: 0x3, 0: 0x7, 3: 0x2, 5: 0xB, 6: 0x9, 7: 0xA}[channel], address >> 16)
        put(10, n)

    def run(self, ns):
        """Let time pass, with the chip's timers."""
        end = self.time + ns
        while True:
            due = min(getattr(self.sb, timer.deadline) for timer in self.sb.timers)
            if due > end:
                break
            assert due >= self.time
            self.time = due
            for timer in self.sb.timers:
                if getattr(self.sb, timer.deadline) <= due:
                    getattr(self.sb, timer.expire)()
        self.time = end

    def levels(self):
        """[(time, left, right)] of the output since the beginning."""
        out, left, right = [], 0, 0
        for at, a, b in self.steps:
            left, right = left + a, right + b
            out.append((at, left, right))
        return out

    def loud(self):
        """All levels of the mixer at their largest, and somebody listens."""
        for index in (0x30, 0x31, 0x32, 0x33, 0x34, 0x35):
            self.mixer(index, 0xF8)
        self.sb.start()
