"""Runs tests of real mode (emu/suites/real_tests.py) on either engine: whole registers and a few bytes of memory before and after."""

from emu.cpu.flags import read_eflags
from emu.cpu.paging import set_a20
from emu.cpu.segments import update_mode
from emu.cpu.state import K_FLAGS

from .bare import MODEL, BareBoard
from .compare import FLAG_NAMES
from .harness import FCW, GaveUp
from .real_tests import (AFTER, BEFORE, CR0, CR3, DR6, DR7, EFLAGS, EIP, FLAGS_AT, FLAGS_MASK, HALTS, LIMIT, MASK, SEG)
from .sst import NUMBER, REGISTERS

SIZE = 2 << 20
GPR = tuple(NUMBER[n] for n in ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"))


class RealHarness:
    """A processor in real mode, with memory that holds 0 between tests."""

    def __init__(self, engine, processor, model=MODEL):
        self.processor = processor
        self.board = BareBoard(engine, SIZE, model)
        self.cpu, self.memory = self.board.cpu, self.board.memory
        self.prepare()

    def prepare(self):
        """The processor after power-on, all memory 0."""
        self.board.reset()
        self.cpu.fpu.fcw = FCW    # exceptions masked: an escape must not end in an interrupt
        set_a20(self.cpu, 1 if self.processor.gate else 0)
        self.clean()

    def close(self):
        """Give the machine back."""
        self.board.close()

    def clean(self):
        """Is all memory 0 again?  Clears it otherwise."""
        parts = self.board.parts
        if parts.engine_name == "native":
            dirty = not parts.lib.emu_memory_clear(parts.m)
        else:
            dirty = bytes(self.memory.backing[:SIZE]).count(0) != SIZE
        if dirty:
            self.memory.backing[:SIZE] = bytes(SIZE)
            parts.forget()
        return not dirty

    def verdicts(self, tests, chosen):
        """What the C side says of tests by their numbers (native engine): a byte each, 0 for one that passed."""
        parts = self.board.parts
        ffi, count = parts.ffi, len(chosen)
        rows = tests.native
        if rows is None:
            rows = ffi.from_buffer("RealTest[]", tests.words)
        data = ffi.from_buffer("u8[]", tests.data)
        out, places, done = ffi.new("u8[]", max(count, 1)), ffi.new("u32[]", chosen), 0
        while done < count:
            done += parts.lib.emu_run_real(parts.m, rows, data, len(tests.data), places + done, count - done, out + done)
            if parts.error is not None:
                error, parts.error = parts.error, None
                raise error
            if out[done - 1]:
                self.prepare()
        return bytes(ffi.buffer(out))[:count]

    def _put(self, ram):
        for n in range(0, len(ram), 5):
            address = int.from_bytes(ram[n:n + 4], "little") & self.cpu.a20_mask
            if address >= SIZE:
                raise GaveUp(f"it puts a byte at {address:08X}, outside real mode's memory")
            yield address, ram[n + 4]

    def run(self, row, ram_before, ram_after):
        """Run a test; gives the registers that came out, and {address: byte} of the memory that it lists."""
        before, limit, halts = row[BEFORE:AFTER], row[LIMIT], row[HALTS]
        cpu, memory = self.cpu, self.memory
        listed = dict(self._put(ram_before))
        for address, value in listed.items():
            memory.poke8(address, value)
        for n, name in enumerate(GPR):
            cpu.gpr[n] = before[name]
        for n, name in enumerate(SEG):
            cpu.seg[n].sel, cpu.seg[n].base = before[name] & 0xFFFF, (before[name] & 0xFFFF) << 4
        cpu.cr0, cpu.cr3, cpu.dr[6], cpu.dr[7] = before[CR0], before[CR3], before[DR6], before[DR7]
        cpu.eip, cpu.eflags, cpu.cc_kind = before[EIP], before[EFLAGS], K_FLAGS
        cpu.shadow = cpu.trap = 0
        cpu.halted = cpu.shutdown = cpu.stepping = cpu.resuming = cpu.reset_request = False
        update_mode(cpu)
        if halts:
            self.board.run(limit)
        else:
            for _ in range(limit):
                self.board.run(1)
                if cpu.eip != before[EIP] or cpu.halted:
                    break
        stopped = cpu.halted or not halts
        out = [0] * 20
        for n, name in enumerate(GPR):
            out[name] = cpu.gpr[n]
        for n, name in enumerate(SEG):
            out[name] = cpu.seg[n].sel
        out[CR0], out[CR3], out[DR6], out[DR7] = cpu.cr0, cpu.cr3, cpu.dr[6], cpu.dr[7]
        out[EIP], out[EFLAGS] = cpu.eip, read_eflags(cpu)
        places = set(listed) | {address for address, _ in self._put(ram_after)}
        got = {address: memory.peek8(address) for address in places}
        for address in places:
            memory.poke8(address, 0)
        if cpu.shutdown or cpu.reset_request:
            raise GaveUp("the processor shut down or asked for a reset")
        if not stopped:
            raise GaveUp("it does not come to its HLT")
        return out, got

    def difference(self, row, ram_before, ram_after):
        """Run a test; gives the first difference as a line, or None."""
        out, got = self.run(row, ram_before, ram_after)
        after, mask, flags_at, flags_mask = row[AFTER:MASK], row[MASK:FLAGS_AT], row[FLAGS_AT], row[FLAGS_MASK]
        for n, name in enumerate(REGISTERS):
            if (out[n] ^ after[n]) & mask[n]:
                wide = 8 if mask[n] >> 16 else 4
                where = ""
                if n == EFLAGS:
                    wrong = (out[n] ^ after[n]) & mask[n]
                    where = " (" + " ".join(sorted({text for bit, text in FLAG_NAMES.items() if wrong >> bit & 1})) + ")"
                return f"{name.upper()}{where}: wanted {after[n] & 16 ** wide - 1:0{wide}X}, got {out[n] & 16 ** wide - 1:0{wide}X}"
        want = dict(self._put(ram_before)) | dict(self._put(ram_after))
        for address, value in sorted(want.items()):
            ignored = flags_mask >> 8 * (address - flags_at) & 0xFF if 0 <= address - flags_at < 2 else 0
            if (got[address] ^ value) & ~ignored:
                return f"memory at {address:06X}: wanted {value:02X}, got {got[address]:02X}"
        return None
