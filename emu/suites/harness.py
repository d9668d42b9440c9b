"""Runs user-mode vectors on either engine: puts the processor into a vector's state, runs it, reads the result."""

import struct
from array import array

from emu.cpu.flags import read_eflags
from emu.cpu.paging import flush_tlb_all
from emu.cpu.semantics.system import cr4_bits
from emu.cpu.segments import set_null, set_segment, update_mode
from emu.cpu.state import (
    AC, CR0_AM, CR0_ET, CR0_MP, CR0_NE, CR0_PE, CR0_PG, CR0_WP, CR4_OSFXSR, CR4_OSXMMEXCPT, CS, DS, ES, ESP, K_FLAGS, LDTR,
    RF, SS, TF, TR)

from . import world
from .bare import MODEL, BareBoard
from .i6v import COMPLETED, TO_END
from .world import CODE, CODE_SIZE, DATA, DATA_SIZE, KERNEL

RUNAWAY = 1_000_000  # instructions after which a vector that runs to its end is given up
BREAKPOINT, INT3, NOP = 3, b"\xcc", b"\x90"
FCW, FSW, FTW, MXCSR = 0x037F, 0, 0, 0x1F80
SEGMENT_FIELDS = ("sel", "attr", "access", "base", "limit", "low", "high")


class Outcome:
    """State after a vector, at the point of delivery if an exception ended it.  ``fpu`` and ``xmm`` are None unless the
    vector has them; ``memory`` is the contents of the data windows."""

    __slots__ = ("exception", "error", "cr2", "eip", "eflags", "gpr", "seg", "fcw", "fsw", "ftw", "fpu", "mxcsr", "xmm",
                 "memory")


class GaveUp(Exception):
    """The vector did not come to its end: one line."""


class Harness:
    """A processor with its memory, set up once and used for many vectors.

    ``lead`` is a number of NOPs to run before each vector and together with it, so that it runs in the midst of a trace
    of the native engine; without it a vector of one instruction is run by itself.
    """

    def __init__(self, engine, lead=0, model=MODEL):
        self.lead = lead
        self.board = BareBoard(engine, world.SIZE, model)
        self.cpu, self.memory = self.board.cpu, self.board.memory
        self.background = world.background()
        self._selectors = {}
        self._modes = {}
        self._fpu_clean = False
        self.prepare()

    def close(self):
        """Give the machine back."""
        self.board.close()

    def forget_state(self):
        """Somebody else has run something on the processor: set everything anew."""
        self._fpu_clean = False

    def prepare(self):
        """Put everything where vectors expect it."""
        cpu, memory = self.cpu, self.memory
        self.board.reset()
        memory.backing[DATA:DATA + DATA_SIZE] = self.background
        kernel = world.kernel_area()
        memory.backing[KERNEL:KERNEL + len(kernel)] = kernel
        cpu.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG
        cpu.cr3 = KERNEL + world.DIRECTORY
        cpu.cr4 = (CR4_OSFXSR | CR4_OSXMMEXCPT) & cr4_bits(cpu.features)
        cpu.gdt_base, cpu.gdt_limit = world.KERNEL_LINEAR + world.GDT, len(world.gdt()) - 1
        cpu.idt_base, cpu.idt_limit = world.KERNEL_LINEAR + world.IDT, 0x7FF
        for register, selector in ((LDTR, world.LDT_SEL), (TR, world.TSS_SEL)):
            lo, hi = struct.unpack_from("<II", world.gdt(), selector)
            set_segment(cpu, register, selector, lo, hi)
        flush_tlb_all(cpu)
        self.board.parts.map_changed()

    # -- before ----------------------------------------------------------------------------------------------------

    def hidden(self, selector):
        """What a segment register holds after a selector has been loaded: values of SEGMENT_FIELDS."""
        found = self._selectors.get(selector)
        if found is None:
            value = world.segment_descriptor(selector)
            if value is None:
                set_null(self.cpu, ES, selector)
            else:
                set_segment(self.cpu, ES, selector, value & 0xFFFFFFFF, value >> 32)
            found = self._selectors[selector] = tuple(getattr(self.cpu.seg[ES], name) for name in SEGMENT_FIELDS)
        return found

    def _load_segments(self, selectors, eflags):
        cpu = self.cpu
        hidden = [self.hidden(selector) for selector in selectors]
        for s, values in zip(cpu.seg, hidden):
            s.sel, s.attr, s.access, s.base, s.limit, s.low, s.high = values
        key = selectors[ES], selectors[CS], selectors[SS], selectors[DS], eflags & AC
        mode = self._modes.get(key)
        if mode is None:
            update_mode(cpu)
            mode = self._modes[key] = cpu.mode
        cpu.mode = mode

    def _load_fpu(self, v):
        fpu = self.cpu.fpu
        if v.fpu is None and v.xmm is None and self._fpu_clean:
            return
        self._fpu_clean = v.fpu is None and v.xmm is None
        if v.fpu is None:
            fpu.fcw, fpu.fsw, fpu.top, fpu.ftw = FCW, FSW, 0, FTW
        else:
            words = [struct.unpack("<QH", register) for register in v.fpu.regs]
            fpu.mant[0:8] = array("Q", [mant for mant, _ in words])
            fpu.sexp[0:8] = array("H", [sexp for _, sexp in words])
            fpu.fcw, fpu.fsw, fpu.top, fpu.ftw = v.fpu.fcw, v.fpu.fsw & 0xC7FF, v.fpu.fsw >> 11 & 7, v.fpu.ftw
        fpu.mxcsr = MXCSR
        if v.xmm is not None:
            fpu.mxcsr = v.mxcsr
            fpu.xmm[0:16] = array("Q", b"".join(v.xmm))

    def _prepare_memory(self, v, linear, code):
        memory = self.memory
        memory.backing[DATA:DATA + DATA_SIZE] = self.background
        for address, data in v.patches:
            self.put(address, data)
        if any(memory.watch[DATA >> 12:DATA + DATA_SIZE >> 12]):
            memory.written(DATA, DATA_SIZE)
        memory.write(linear, code[:CODE + CODE_SIZE - linear])

    def put(self, address, data):
        """Bytes of a data window, by linear address."""
        offset = world.window_offset(address)
        if offset is None:
            raise GaveUp(f"the vector puts bytes at {address:08X}, outside the windows")
        self.memory.backing[DATA + offset:DATA + offset + len(data)] = data

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self, v):
        """Run a vector; gives its Outcome.  Raises GaveUp if it does not come to an end."""
        cpu = self.cpu
        base, limit = self.hidden(v.seg[CS])[3:5]
        end = v.eip + len(v.code)
        lead = self.lead if CODE - base + self.lead <= v.eip else 0
        to_end = v.flags & TO_END or lead and (v.exception != COMPLETED or v.eip_after == end)
        to_end = to_end and end <= limit and base + end < CODE + CODE_SIZE
        self._prepare_memory(v, base + v.eip - lead, NOP * lead + v.code + INT3 if to_end else NOP * lead + v.code)
        cpu.gpr[0:8] = array("I", v.gpr)
        cpu.eip, cpu.eflags, cpu.cc_kind, cpu.cpl = v.eip - lead, v.eflags, K_FLAGS, 3
        self._load_segments(v.seg, v.eflags)
        self._load_fpu(v)
        cpu.cr2 = 0
        cpu.shadow = cpu.trap = 0
        cpu.halted = cpu.shutdown = cpu.stepping = cpu.repeating = cpu.resuming = cpu.reset_request = False
        self.board.run(RUNAWAY if to_end else lead + v.count)
        if cpu.shutdown or cpu.reset_request:
            raise GaveUp("the processor shut down or asked for a reset")
        out = self._outcome(v)
        if to_end:
            if out.exception == COMPLETED:
                raise GaveUp("the vector does not come to its end")
            if out.exception == BREAKPOINT and out.eip == end + 1 and out.seg[CS] == v.seg[CS]:
                out.exception, out.eip = COMPLETED, end
        return out

    # -- after -----------------------------------------------------------------------------------------------------

    def _outcome(self, v):
        cpu = self.cpu
        out = Outcome()
        out.gpr = cpu.gpr[0:8].tolist()
        out.seg = [cpu.seg[n].sel for n in range(6)]
        out.error = out.cr2 = 0
        if cpu.cpl == 0:
            number = cpu.eip - world.HANDLERS - cpu.halted
            if number & 15 or not 0 <= number < 256 * 16 or out.seg[CS] != world.KERNEL_CS:
                raise GaveUp(f"the processor is in ring 0 at {out.seg[CS]:04X}:{cpu.eip:08X}")
            out.exception = number >> 4
            frame = out.gpr[ESP] - world.KERNEL_LINEAR + KERNEL
            if world.STACK_TOP - out.gpr[ESP] == 24:
                out.error, = struct.unpack_from("<I", self.memory.backing, frame)
                frame += 4
            elif world.STACK_TOP - out.gpr[ESP] != 20:
                raise GaveUp(f"ESP is {out.gpr[ESP]:08X} after delivery")
            out.eip, cs, out.eflags, out.gpr[ESP], ss = struct.unpack_from("<5I", self.memory.backing, frame)
            out.seg[CS], out.seg[SS] = cs & 0xFFFF, ss & 0xFFFF
            out.cr2 = cpu.cr2
        else:
            out.exception = COMPLETED
            out.eip, out.eflags = cpu.eip, read_eflags(cpu)
        out.eflags &= ~(RF | TF)
        out.fpu = out.xmm = None
        fpu = cpu.fpu
        if v.fpu is not None:
            out.fcw, out.fsw, out.ftw = fpu.fcw, fpu.fsw | fpu.top << 11, fpu.ftw
            out.fpu = [struct.pack("<QH", mant, sexp) for mant, sexp in zip(fpu.mant, fpu.sexp)]
        if v.xmm is not None:
            out.mxcsr = fpu.mxcsr
            raw = fpu.xmm.tobytes()
            out.xmm = [raw[16 * n:16 * n + 16] for n in range(8)]
        out.memory = bytes(self.memory.backing[DATA:DATA + DATA_SIZE])
        return out

