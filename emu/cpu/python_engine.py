"""The Python engine: the reference.  Decodes an instruction once, then calls the function of its form.

The same functions, simply executed; no compiler needed.  Where much is executed they are joined to blocks (blocks.py).
"""

from math import inf
from time import monotonic

from emu.bus.types import Fault

from .blocks import GO_ON, LOOK, SIZES, STALE, Block, compile_block
from .decode import LONG_HANDLER, MORE, decode
from .events import RUN, poll, settle
from .exceptions import deliver_fault
from .forms import ENDS, GOTO, JUMP, NEXT, compile_form, namespace, tables
from .host_pages import USABLE, HostPages
from .paging import code_bank, lookup_exec
from .state import CS, GP, MODE_AC, MODE_DEBUG, REC_ENDS, REC_OSIZE32, TLB_SIZE, Rec

DEVICE = 0xFFFFFFFE
NOTHING, ROOM = bytes(32), 15
MARKED = b"\1" * ROOM
MOST_DECODED = 100_000  # instructions that are kept; then all are dropped, or a guest could fill the host's memory
MOST_BLOCKS = 2_000  # the same for blocks
HOT = 250  # a place that was jumped to so often becomes the start of a block
MOST_REMADE = 4  # blocks that are overwritten are made anew so often
IDLE, IDLE_SPACE = 512, 100  # runs of a block that led nowhere, and instructions between two of them, that are too much


class PythonEngine:
    """Runs a processor.  ``memory`` is the board's Memory, of which decoded pages are watched."""

    name = "python"

    def __init__(self, cpu, memory):
        self.cpu, self.memory = cpu, memory
        self.decoded = {}  # backing page -> {offset in page: {mode: (function, record, kind, length - 1)}}
        self.marks = {}  # backing page -> a byte for each of its bytes: 1 where decoded code lies
        self.kept = 0  # instructions in it, those overwritten since included
        self.heads = {}  # backing page -> {offset in page | mode << 12: block, times jumped to, or None: no block}
        self.blocks = 0
        self.overwritten = {}  # (backing page, key in heads) -> blocks lost there
        # no blocks where every store is to be checked (component.checked)
        self.hot = HOT if USABLE and type(cpu).__setattr__ is object.__setattr__ else inf
        self.pages = cpu.host_pages = HostPages(cpu, memory, self.marks)
        self._functions = {}
        self._names = namespace()
        memory.on_write = self.written

    def handler(self, number):
        """(function, kind) of a handler number; compiled when first needed."""
        made = self._functions.get(number)
        if made is None:
            form = tables().handlers[number]
            made = self._functions[number] = compile_form(form, self._names), form.kind
        return made

    def overlapping(self, offset, size):
        """Decoded instructions that have one of these bytes of a page: (offset in page, mode) each."""
        page = self.decoded.get(offset >> 12)
        start = offset & 0xFFF
        return [(at, mode) for at in range(start - ROOM + 1, start + size) if at in page
                for mode, found in page[at].items() if at + found[1].len > start] if page else []

    def written(self, offset, size):
        """Bytes of a page with decoded code were written."""
        lost = self.overlapping(offset, size)
        if not lost:
            return
        number = offset >> 12
        self.cpu.attention = True  # a chip has written, maybe into the block that runs
        page = self.decoded[number]
        marks = self.marks[number]
        low, high = min(at for at, _ in lost), max(at + page[at][mode][1].len for at, mode in lost)
        for at, mode in lost:
            del page[at][mode]
        marks[low:high] = bytes(high - low)
        for at, mode in self.overlapping(offset & ~0xFFF | low, high - low):
            marks[at:page[at][mode][3] + at + 1] = MARKED[:page[at][mode][3] + 1]
        start = offset & 0xFFF
        heads = self.heads[number]
        for key, block in list(heads.items()):
            if block.__class__ is Block and any(low < start + size and start < high for low, high in block.spans):
                self.lose(number, key)

    def lose(self, number, key):
        """A block does no longer hold; after some times no other is made."""
        times = self.overwritten[number, key] = self.overwritten.get((number, key), 0) + 1
        self.heads[number][key] = 0 if times < MOST_REMADE else None

    def judge(self, block, page, key):
        """A block has often left at its first instruction: give it up if little else has run meanwhile."""
        if self.cpu.icount - block.since < IDLE * IDLE_SPACE:
            self.lose(page, key)
        block.idle, block.since = 0, self.cpu.icount

    def forget(self):
        """Drop all decoded code (restored state, another memory map)."""
        for page in self.decoded:
            self.memory.watch[page] &= ~1
        self.decoded.clear()
        self.marks.clear()
        self.kept = 0
        self.forget_blocks()
        self.pages.clear()

    def forget_blocks(self):
        for heads in self.heads.values():
            heads.clear()
        self.overwritten.clear()
        self.blocks = 0

    def map_changed(self):
        """The memory map changed: look at the page of the next instruction anew."""
        self.pages.clear()
        self.cpu.attention = True

    def run(self, until=inf):
        """Run until poll says otherwise, at its first call after the host time ``until`` in any case; gives its code."""
        cpu = self.cpu
        cpu.left = 0
        cpu.attention = True
        seg_cs = cpu.seg[CS]
        decoded, all_heads = self.decoded, self.heads
        tlb = cpu.tlb
        pages = self.pages
        read_offset = self.memory.read_offset
        arrived = True  # a place that was jumped to
        while True:
            if cpu.attention or cpu.left <= 0:
                if monotonic() > until:
                    cpu.stop_request = True
                code = poll(cpu)
                if code != RUN:
                    return code
                page_tag = -1
                arrived = True
            eip = cpu.eip
            try:
                lin = seg_cs.base + eip & 0xFFFFFFFF
                tag = lin & 0xFFFFF000 | (2 if cpu.cpl == 3 else 0)
                if tag != page_tag or tlb[index] != entry:
                    base = read_offset(lookup_exec(cpu, lin) & 0xFFFFF000)
                    page_tag = tag
                    index = code_bank(cpu) | lin >> 12 & TLB_SIZE - 1
                    entry = tlb[index]
                    page = decoded.get(base >> 12) if base < DEVICE else None
                    heads = all_heads.get(base >> 12) if base < DEVICE else None
                    pages.bank = tag >> 1 & 1
                    read, write = pages.banks[pages.bank]
                if arrived and heads is not None:
                    key = lin & 0xFFF | cpu.mode << 12
                    block = heads.get(key, 0)
                    arrived = False
                    if block.__class__ is Block:
                        if cpu.left >= block.need and block.low <= eip and eip + block.high <= seg_cs.limit:
                            arrived = True
                            left = cpu.left
                            code = block.run(eip, read, write)
                            if code == GO_ON:
                                continue
                            if code == LOOK:
                                cpu.attention = True
                                continue
                            if code == STALE:
                                self.lose(base >> 12, key)
                            elif cpu.left == left:
                                block.idle += 1
                                if block.idle == IDLE:
                                    self.judge(block, base >> 12, key)
                            elif cpu.left <= 0:
                                continue
                            eip = cpu.eip
                            lin = seg_cs.base + eip & 0xFFFFFFFF
                    elif block is not None:
                        heads[key] = block + 1
                        if block >= self.hot:
                            heads[key] = self.make_block(lin, eip, base)
                            page_tag = -1  # decoded code may have been dropped
                            arrived = True
                            continue
                cpu.left -= 1
                at = lin & 0xFFF
                modes = page.get(at) if page is not None else None
                found = modes.get(cpu.mode) if modes is not None else None
                if found is None:
                    found = self.fetch(lin, eip, base)
                    page = decoded.get(base >> 12) if base < DEVICE else None
                    heads = all_heads.get(base >> 12) if base < DEVICE else None
                function, r, kind, last = found
                if eip + last > seg_cs.limit:
                    raise Fault(GP, 0)
                if kind == NEXT:
                    function(cpu, r)
                    cpu.eip = eip + r.len & 0xFFFFFFFF
                elif kind == JUMP:
                    if function(cpu, r):
                        target = eip + r.len + r.imm & (0xFFFFFFFF if r.flags & REC_OSIZE32 else 0xFFFF)
                        if target > seg_cs.limit:
                            raise Fault(GP, 0)
                        cpu.eip = target
                        arrived = True
                    else:
                        cpu.eip = eip + r.len & 0xFFFFFFFF
                elif kind == GOTO:
                    target = function(cpu, r)
                    if target > seg_cs.limit:
                        raise Fault(GP, 0)
                    cpu.eip = target
                    arrived = True
                else:
                    cpu.eip = eip + r.len & 0xFFFFFFFF
                    function(cpu, r)
                    if settle(cpu):
                        page_tag = -1
                        arrived = True
                    else:
                        cpu.attention = True
                cpu.icount += 1
            except Fault as fault:
                cpu.eip = eip
                cpu.icount += 1
                cpu.stepping = False
                cpu.attention = True
                deliver_fault(cpu, fault.vector, fault.error)

    def make_block(self, lin, eip, base):
        """The block that starts at a linear address of a page of the backing, or None."""
        cpu = self.cpu
        if cpu.mode & (MODE_AC | MODE_DEBUG):
            return None
        if self.kept >= MOST_DECODED - max(SIZES):  # a block must not lose its first instructions while it is made
            self.forget()
        elif self.blocks >= MOST_BLOCKS:
            self.forget_blocks()
        self.blocks += 1
        first = lin & 0xFFF

        def decoded(at):
            start = eip + at - first
            found = self.decoded.get(base >> 12, {}).get(at, {}).get(cpu.mode)
            if found is None and 0 <= start <= cpu.seg[CS].limit:
                found = self.decode_in_page(lin & 0xFFFFF000 | at, start, base)
            return found and found[:3]

        return compile_block(cpu, self.pages, decoded, first)

    def decode_in_page(self, lin, eip, base):
        """Decode an instruction that lies in one page of the backing and keep it; None if it does not."""
        r = Rec()
        r.rest = 1
        self.fill(lin, base, 0, min(ROOM, self.cpu.seg[CS].limit - eip + 1, 0x1000 - (lin & 0xFFF)))
        number = decode(self.cpu, r)
        if number == MORE:
            return None
        function, kind = self.handler(number)
        found = function, r, kind, r.len - 1
        if base < DEVICE:
            if self.kept >= MOST_DECODED:
                self.forget()
            self.kept += 1
            page = base >> 12
            if not self.memory.watch[page] & 1:
                self.memory.watch[page] |= 1
                self.pages.watched(page)
            at = lin & 0xFFF
            self.marks.setdefault(page, bytearray(0x1000))[at:at + r.len] = MARKED[:r.len]
            self.decoded.setdefault(page, {}).setdefault(lin & 0xFFF, {})[self.cpu.mode] = found
            self.heads.setdefault(page, {})
        return found

    def fetch(self, lin, eip, base):
        """Decode the instruction at a linear address whose page is at a backing offset (or DEVICE, OPEN)."""
        cpu = self.cpu
        n = min(ROOM, cpu.seg[CS].limit - eip + 1)
        if n <= 0:
            return *self.long(), 0
        found = self.decode_in_page(lin, eip, base)
        if found is not None:
            return found
        in_page = 0x1000 - (lin & 0xFFF)
        if n > in_page:
            second = self.memory.read_offset(lookup_exec(cpu, lin + in_page & 0xFFFFFFFF))
            self.fill(lin + in_page & 0xFFFFFFFF, second, in_page, n - in_page)
            r = Rec()
            r.rest = 1
            number = decode(cpu, r)
            if number != MORE:
                function, kind = self.handler(number)
                return function, r, kind, r.len - 1
        return *self.long(), 0

    def long(self):
        r = Rec()
        r.len, r.rest, r.flags = 1, 1, REC_ENDS
        function, kind = self.handler(LONG_HANDLER)
        return function, r, kind

    def fill(self, lin, base, at, n):
        """Put n bytes of code into cpu.code from position ``at``."""
        cpu = self.cpu
        if at == 0:
            cpu.code[0:32] = NOTHING
        if base < DEVICE:
            start = base + (lin & 0xFFF)
            cpu.code[at:at + n] = self.memory.backing[start:start + n]
        else:
            phys = lookup_exec(cpu, lin)
            for i in range(n):
                cpu.code[at + i] = self.memory.read8(phys + i)
        cpu.code_len = at + n
