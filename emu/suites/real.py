"""Runs tests of real mode (emu/suites/sst.py) on either engine: whole registers and a few bytes of memory before and after."""

import struct

from emu.cpu.flags import read_eflags
from emu.cpu.paging import set_a20
from emu.cpu.segments import update_mode
from emu.cpu.state import CR0_ET, CR0_PE, K_FLAGS

from .bare import MODEL, BareBoard
from .compare import FLAG_NAMES
from .harness import FCW, GaveUp
from .sst import NUMBER, REGISTERS

SIZE = 2 << 20
RUNAWAY, REPEATS = 200_000, 0x20001   # instructions: until HLT, and of a repeated string instruction
GPR = tuple(NUMBER[n] for n in ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"))
SEG = tuple(NUMBER[n] for n in ("es", "cs", "ss", "ds", "fs", "gs"))
CR0, CR3, EIP, EFLAGS, DR6, DR7, SS, ESP = (NUMBER[n] for n in ("cr0", "cr3", "eip", "eflags", "dr6", "dr7", "ss", "esp"))
WIDE_MASK = {CR0: 0xF, CR3: 0xFFFFF000, DR6: 0xE00F, DR7: 0xFFFF03FF}
DR6_FIXED, DR7_FIXED, EFLAGS_FIXED = 0xFFFF0FF0, 0x400, 2
_JOB = struct.Struct("<66I")   # RealTest of native/vectors.h
NO_FLAGS = 0xFFFFFFFF
PUSHES_FLAGS = {0x62, 0xCC, 0xCD, 0xCE, 0xD4, 0xF6, 0xF7}


def job(test, shape, processor, flags_mask, encoding):
    """The packed form of a test: RealTest, then the bytes of memory."""
    wide = processor.name == "80386"
    before, after = list(test.before), list(test.after)
    word = 0xFFFFFFFF if wide else 0xFFFF
    undefined = processor.undefined(shape, test, flags_mask, encoding)
    mask = [word] * 20
    for n in SEG:
        mask[n] = 0xFFFF
    for n, bits in WIDE_MASK.items():
        mask[n] = bits if wide else 0
    mask[EFLAGS] = processor.flags & ~undefined
    for n, bits in test.mask.items():
        mask[n] &= bits
    if before[CR0] & CR0_PE and wide:
        raise GaveUp("it starts in protected mode: only tests of real mode can be run")
    before[CR0] = before[CR0] & 0xE | CR0_ET
    before[EFLAGS] = before[EFLAGS] & processor.flags | EFLAGS_FIXED
    before[DR6] = before[DR6] & WIDE_MASK[DR6] | DR6_FIXED
    before[DR7] = before[DR7] & WIDE_MASK[DR7] | DR7_FIXED
    flags_at, flags_mask = pushed_flags(test, shape), 0
    if flags_at is None:
        flags_at = NO_FLAGS
    else:
        flags_mask = undefined | ~processor.flags & 0xFFFF
    limit = RUNAWAY if processor.halts else REPEATS if shape.repeats else 1
    return _JOB.pack(*before, *after, *mask, flags_at, flags_mask & 0xFFFF, limit, processor.halts, len(test.ram_before) // 5,
                     len(test.ram_after) // 5) + test.ram_before + test.ram_after


def pushed_flags(test, shape):
    """Where FLAGS lie that PUSHF, an INT or a fault has put on the stack, or None; their undefined and upper bits differ.
    (EXCP says it too, but one byte too low where SP is odd.)"""
    sp, used = test.after[ESP], test.before[ESP] - test.after[ESP] & 0xFFFF
    if shape.opcode == 0x9C:
        return (test.after[SS] << 4) + sp
    if test.exception is not None or used == 6 and shape.opcode in PUSHES_FLAGS:
        return (test.after[SS] << 4) + (sp + 4 & 0xFFFF)
    return None


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
        dirty = len(self.memory.backing) != bytes(self.memory.backing).count(0)
        if dirty:
            self.memory.backing[:] = bytes(len(self.memory.backing))
            self.board.parts.forget()
        return not dirty

    def verdicts(self, jobs):
        """What the C side says of many jobs at once (native engine): a byte each, 0 for one that passed."""
        parts = self.board.parts
        offsets, at = [], 0
        for one in jobs:
            offsets.append(at)
            at += len(one)
        data = parts.ffi.from_buffer("u8[]", b"".join(jobs))
        out, places, done = parts.ffi.new("u8[]", max(len(jobs), 1)), parts.ffi.new("u32[]", offsets), 0
        while done < len(jobs):
            done += parts.lib.emu_run_real(parts.m, data, at, places + done, len(jobs) - done, out + done)
            if parts.error is not None:
                error, parts.error = parts.error, None
                raise error
            if out[done - 1]:
                self.prepare()
        return bytes(parts.ffi.buffer(out))[:len(jobs)]

    def _put(self, ram):
        for n in range(0, len(ram), 5):
            address = int.from_bytes(ram[n:n + 4], "little") & self.cpu.a20_mask
            if address >= SIZE:
                raise GaveUp(f"it puts a byte at {address:08X}, outside real mode's memory")
            yield address, ram[n + 4]

    def run(self, packed):
        """Run a job; gives the registers that came out, and {address: byte} of the memory that the job lists."""
        values = _JOB.unpack_from(packed)
        before, (limit, halts, count_before) = values[:20], values[62:65]
        ram_before, ram_after = packed[_JOB.size:_JOB.size + 5 * count_before], packed[_JOB.size + 5 * count_before:]
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

    def difference(self, packed):
        """Run a job; gives the first difference as a line, or None."""
        out, got = self.run(packed)
        values = _JOB.unpack_from(packed)
        after, mask, flags_at, flags_mask, count = values[20:40], values[40:60], values[60], values[61], values[64]
        for n, name in enumerate(REGISTERS):
            if (out[n] ^ after[n]) & mask[n]:
                wide = 8 if mask[n] >> 16 else 4
                where = ""
                if n == EFLAGS:
                    wrong = (out[n] ^ after[n]) & mask[n]
                    where = " (" + " ".join(sorted({text for bit, text in FLAG_NAMES.items() if wrong >> bit & 1})) + ")"
                return f"{name.upper()}{where}: wanted {after[n] & 16 ** wide - 1:0{wide}X}, got {out[n] & 16 ** wide - 1:0{wide}X}"
        at = _JOB.size
        want = dict(self._put(packed[at:at + 5 * count])) | dict(self._put(packed[at + 5 * count:]))
        for address, value in sorted(want.items()):
            ignored = flags_mask >> 8 * (address - flags_at) & 0xFF if 0 <= address - flags_at < 2 else 0
            if (got[address] ^ value) & ~ignored:
                return f"memory at {address:06X}: wanted {value:02X}, got {got[address]:02X}"
        return None
