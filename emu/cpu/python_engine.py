"""The Python engine: the reference.  Decodes an instruction once, then calls the function of its form.

The same functions, simply executed; no compiler needed.
"""

from math import inf
from time import monotonic

from emu.bus.types import Fault

from .decode import LONG_HANDLER, MORE, decode
from .events import RUN, poll
from .exceptions import deliver_fault
from .forms import ENDS, GOTO, JUMP, NEXT, compile_form, namespace, tables
from .paging import lookup_exec
from .state import CS, GP, REC_ENDS, REC_OSIZE32, Rec

DEVICE = 0xFFFFFFFE
NOTHING, ROOM = bytes(32), 15
MOST_DECODED = 100_000  # instructions that are kept; then all are dropped, or a guest could fill the host's memory


class PythonEngine:
    """Runs a processor.  ``memory`` is the board's Memory, of which decoded pages are watched."""

    name = "python"

    def __init__(self, cpu, memory):
        self.cpu, self.memory = cpu, memory
        self.decoded = {}  # backing page -> {offset in page: {mode: (function, record, kind)}}
        self.kept = 0  # instructions in it, those overwritten since included
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

    def written(self, offset, size):
        """Bytes of a page with decoded code were written."""
        page = self.decoded.get(offset >> 12)
        if page:
            start = offset & 0xFFF
            for at in range(start - ROOM + 1, start + size):
                page.pop(at, None)

    def forget(self):
        """Drop all decoded code (restored state, another memory map)."""
        for page in self.decoded:
            self.memory.watch[page] &= ~1
        self.decoded.clear()
        self.kept = 0

    def map_changed(self):
        """The memory map changed: look at the page of the next instruction anew."""
        self.cpu.attention = True

    def run(self, until=inf):
        """Run until poll says otherwise, at its first call after the host time ``until`` in any case; gives its code."""
        cpu = self.cpu
        cpu.left = 0
        cpu.attention = True
        seg_cs = cpu.seg[CS]
        decoded = self.decoded
        itlb = cpu.itlb
        read_offset = self.memory.read_offset
        while True:
            if cpu.attention or cpu.left <= 0:
                if monotonic() > until:
                    cpu.stop_request = True
                code = poll(cpu)
                if code != RUN:
                    return code
                page_tag = -1
            eip = cpu.eip
            cpu.left -= 1
            try:
                lin = seg_cs.base + eip & 0xFFFFFFFF
                tag = lin & 0xFFFFF000 | (2 if cpu.cpl == 3 else 0)
                entry = itlb[lin >> 12 & 127]
                if tag != page_tag or entry.tag != tag:
                    base = read_offset(lookup_exec(cpu, lin) & 0xFFFFF000)
                    page_tag = tag
                    page = decoded.get(base >> 12) if base < DEVICE else None
                at = lin & 0xFFF
                modes = page.get(at) if page is not None else None
                found = modes.get(cpu.mode) if modes is not None else None
                if found is None:
                    found = self.fetch(lin, eip, base)
                    page = decoded.get(base >> 12) if base < DEVICE else None
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
                    else:
                        cpu.eip = eip + r.len & 0xFFFFFFFF
                elif kind == GOTO:
                    target = function(cpu, r)
                    if target > seg_cs.limit:
                        raise Fault(GP, 0)
                    cpu.eip = target
                else:
                    cpu.attention = True
                    cpu.eip = eip + r.len & 0xFFFFFFFF
                    function(cpu, r)
                cpu.icount += 1
            except Fault as fault:
                cpu.eip = eip
                cpu.icount += 1
                cpu.stepping = False
                cpu.attention = True
                deliver_fault(cpu, fault.vector, fault.error)

    def fetch(self, lin, eip, base):
        """Decode the instruction at a linear address whose page is at a backing offset (or DEVICE, OPEN)."""
        cpu = self.cpu
        limit = cpu.seg[CS].limit
        n = min(ROOM, limit - eip + 1)
        if n <= 0:
            return *self.long(), 0
        in_page = 0x1000 - (lin & 0xFFF)
        r = Rec()
        r.rest = 1
        self.fill(lin, base, 0, min(n, in_page))
        number = decode(cpu, r)
        if number != MORE:
            found = *self.handler(number), r.len - 1
            found = found[0], r, found[1], found[2]
            if base < DEVICE:
                if self.kept >= MOST_DECODED:
                    self.forget()
                self.kept += 1
                self.memory.watch[base >> 12] |= 1
                self.decoded.setdefault(base >> 12, {}).setdefault(lin & 0xFFF, {})[cpu.mode] = found
            return found
        if n > in_page:
            second = self.memory.read_offset(lookup_exec(cpu, lin + in_page & 0xFFFFFFFF))
            self.fill(lin + in_page & 0xFFFFFFFF, second, in_page, n - in_page)
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
