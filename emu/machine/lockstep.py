"""Lock-step: the same run on two engines, all declared state and memory compared.

The Python engine is the one to follow (or the native one, an instruction at a time).  A comparison starts from a saved
state; a stretch is compared after every instruction, the rest in runs of random length, since decoded runs of
instructions and what is kept across them work differently when the engine is stopped after each.
"""

import copy
import random
import traceback

from emu.cpu.paging import code_bank
from emu.cpu.state import TLB_SIZE, TLB_VALID

from .machine import Machine
from .snapshot import Comparison

EACH, RANDOM = "each", "random"
BULKY_EVERY, MEMORY_EVERY = 64, 2048  # instructions between comparisons of long arrays and of memory, in mode "each"
IDLE_NS = 100_000_000  # guest time that a halted processor may pass before the run counts as idle
BOOT_IDLE_NS = 600_000_000_000  # the same for the boot that the points are taken from
LONGEST = 20_000  # of the random runs


class Difference:
    """Where two engines part: after ``instructions`` from the start of the comparison in ``mode``.  ``where`` and
    ``code`` are the linear address and the bytes of the first instruction after which they differ, ``fields`` a list of
    (what, wanted, got), ``note`` what a person should know."""

    def __init__(self, mode, instructions, icount, where, code, fields, note=""):
        self.mode, self.instructions, self.icount = mode, instructions, icount
        self.where, self.code, self.fields, self.note = where, code, fields, note

    def as_dict(self):
        """For JSON."""
        return {"mode": self.mode, "instructions": self.instructions, "icount": self.icount, "where": self.where,
                "code": self.code, "note": self.note,
                "fields": [{"what": w, "wanted": _plain(a), "got": _plain(b)} for w, a, b in self.fields]}

    def __str__(self):
        lines = [f"mode {self.mode}, {self.instructions} instructions from the start (icount {self.icount})",
                 f"at {self.where}: {self.code}"]
        lines += [f"  {what}: wanted {_text(a)}, got {_text(b)}" for what, a, b in self.fields]
        return "\n".join(lines + ([self.note] if self.note else []))


def _plain(value):
    return value if isinstance(value, (int, str)) else str(value)


def _text(value):
    return f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def location(machine):
    """The next instruction of a machine: ("CS:EIP, linear address, processor mode", bytes in hex)."""
    cpu = machine._cpu
    cs = cpu.seg[1]
    lin = cs.base + cpu.eip & 0xFFFFFFFF
    mode = "real" if not cpu.cr0 & 1 else "V86" if cpu.eflags & 1 << 17 else f"CPL {cpu.cpl}"
    text = f"{cs.sel:04x}:{cpu.eip:08x} (linear {lin:08x}, {mode}, {'32' if cs.attr & 0x4000 else '16'} bits, mode word " \
           f"{cpu.mode:#x})"
    code = " ".join(f"{b:02x}" for b in map(lambda n: _peek(machine, lin + n & 0xFFFFFFFF), range(15)) if b is not None)
    return text, code


def _peek(machine, lin):
    """A byte of code without touching any state, or None."""
    cpu, memory = machine._cpu, machine._memory
    phys = lin & cpu.a20_mask
    if cpu.cr0 & 0x80000000:
        entry = cpu.tlb[code_bank(cpu) | lin >> 12 & TLB_SIZE - 1]
        if entry >> 32 != lin & 0xFFFFF000 | TLB_VALID:
            return _peek_walk(machine, lin)
        phys = entry & 0xFFFFF000 | lin & 0xFFF
    at = memory.read_offset(phys)
    return memory.backing[at] if at < len(memory.backing) else None


def _peek_walk(machine, lin):
    """The same through two-level page tables (enough for a report)."""
    cpu, memory = machine._cpu, machine._memory
    if cpu.cr4 & 0x20:
        return None
    entry = cpu.cr3 & 0xFFFFF000
    for shift in (22, 12):
        at = memory.read_offset(entry + (lin >> shift & 0x3FF) * 4)
        if at + 4 > len(memory.backing):
            return None
        value = int.from_bytes(memory.backing[at:at + 4], "little")
        if not value & 1:
            return None
        if shift == 22 and value & 0x80:
            entry = value & 0xFFC00000 | lin & 0x3FF000
            break
        entry = value & 0xFFFFF000
    at = memory.read_offset(entry | lin & 0xFFF)
    return memory.backing[at] if at < len(memory.backing) else None


def machines(config, reference="python"):
    """(wanted, got): two machines of a configuration in virtual time, the second on the native engine."""
    out = []
    for engine in (reference, "native"):
        out.append(Machine(_alone(config, engine)))
    return out


def _alone(config, engine):
    """The configuration in virtual time, its network card without a cable: what comes over it never comes twice.
    Sound goes nowhere."""
    made = copy.copy(config)
    made.engine, made.clock, made.net, made.forwards, made.pcap = engine, "virtual", "none", [], None
    made.sound, made.midi = "none", None
    return made


def advance(machine, count, idle=IDLE_NS):
    """Run ``count`` instructions, or until the machine ends or has been halted for ``idle`` ns of guest time."""
    cpu = machine._cpu
    target = cpu.icount + count
    limit = machine._clock.now() + count * 10 + idle
    while machine.ended is None and cpu.icount < target and machine._clock.now() < limit:
        machine._run(stop_time=limit, stop_count=target)


class Pair:
    """Two machines that should stay equal.  ``stepped`` says that the first one runs an instruction at a time."""

    def __init__(self, wanted, got, stepped=False):
        self.wanted, self.got, self.stepped = wanted, got, stepped
        self.comparison = Comparison(wanted, got)
        self.events = {}  # instructions from the start -> function(machine), called on both machines there

    def restore(self, state):
        """Put both into a saved state."""
        for machine in (self.wanted, self.got):
            machine.ended = None
            machine.restore(state)

    def run(self, count):
        """Run both; gives a note if an engine fails, or if one machine ends and the other does not."""
        notes = []
        for machine, stepped in ((self.wanted, self.stepped), (self.got, False)):
            try:
                if stepped:
                    start = machine._cpu.icount
                    while machine._cpu.icount < start + count:
                        before = machine._cpu.icount
                        advance(machine, 1)
                        if machine._cpu.icount == before:
                            break
                else:
                    advance(machine, count)
            except Exception:  # the engine's own failure is a difference too
                notes.append(f"{machine.engine_name} engine: " + "".join(traceback.format_exc(limit=-6)))
        if self.wanted.ended != self.got.ended:
            notes.append(f"ended: wanted {self.wanted.ended}, got {self.got.ended}")
        return "\n".join(notes)

    @property
    def over(self):
        """Has the run come to an end?"""
        return self.wanted.ended is not None

    # -- a comparison from a state ----------------------------------------------------------------------------------

    def compare(self, state, instructions, stretch, seed=0, longest=LONGEST):
        """Compare ``instructions`` from a saved state, the first ``stretch`` of them one by one.
        Gives (instructions compared, Difference or None)."""
        self.restore(state)
        found = self._first_differences(state)
        if found is not None:
            return 0, found
        done, found = self._each(state, min(stretch, instructions))
        if found is None and done < instructions and not self.over:
            cuts = self._cuts(instructions, min(stretch, instructions), seed, longest)
            self.restore(state)
            done, found = self._random(state, cuts)
        return done, found

    def _first_differences(self, state):
        if self.comparison.same():
            return None
        return self._report(EACH, 0, "differs as restored")

    @staticmethod
    def _cuts(instructions, stretch, seed, longest):
        """Lengths of runs that add up: many short ones first, then longer ones."""
        rng = random.Random(seed)
        out, total = [], 0
        while total < instructions:
            most = rng.choice((3, 30, 300, 3000, longest))
            n = min(rng.randint(1, most), instructions - total)
            out.append(n)
            total += n
        return out

    def _event(self, at):
        event = self.events.get(at)
        if event is not None:
            event(self.wanted)
            event(self.got)

    def _each(self, state, count):
        good = 0
        same_small, comparison = self.comparison.same_small, self.comparison
        for n in range(1, count + 1):
            self._event(n - 1)
            before = self.wanted._cpu.icount
            note = self.run(1)
            bad = bool(note) or not same_small()
            if not bad and n % BULKY_EVERY == 0:
                bad = not comparison.same_state()
            if not bad and (n % MEMORY_EVERY == 0 or n == count):
                bad = not comparison.same()
            if bad:
                return n, self._find_each(state, good, n, note)
            if n % MEMORY_EVERY == 0:
                good = n
            if self.over or self.wanted._cpu.icount == before:
                if not comparison.same():
                    return n, self._find_each(state, good, n, note)
                return n, None
        return count, None

    def _find_each(self, state, good, bad, note):
        """Run again one by one, and compare everything after each from where all was well."""
        self.restore(state)
        place = None
        for n in range(1, bad + 1):
            self._event(n - 1)
            if n > good:
                place = location(self.wanted)
            again = self.run(1)
            if n > good and (again or not self.comparison.same()):
                return self._report(EACH, n, again, place)
        return self._report(EACH, bad, note + "\nnot seen again in a second run", place)

    def _random(self, state, cuts):
        done, checked = 0, 0
        for n, count in enumerate(cuts):
            self._event(("cut", n))
            before = self.wanted._cpu.icount
            note = self.run(count)
            bad = bool(note) or not self.comparison.same_state()
            if not bad and (count > 200 or n % 16 == 0 or n == len(cuts) - 1):
                bad = not self.comparison.same_memory()
                if not bad:
                    checked = n + 1
            if bad:
                return done, self._find_random(state, cuts, checked, n, note)
            done += count
            if self.over or self.wanted._cpu.icount == before:
                break
        if not self.comparison.same():
            return done, self._find_random(state, cuts, checked, n, "")
        return done, None

    def _replay(self, state, cuts, last):
        """Run from the state through all cuts, the last one shortened; gives its note."""
        self.restore(state)
        note = ""
        for n, count in enumerate(cuts):
            self._event(("cut", n))
            note = self.run(last if n == len(cuts) - 1 else count)
        return note

    def _find_random(self, state, cuts, checked, bad, note):
        """The first cut after which all is not the same, then the shortest run from its start that shows it."""
        for n in range(checked, bad + 1):
            note = self._replay(state, cuts[:n + 1], cuts[n])
            if note or not self.comparison.same():
                break
        else:
            return self._report(RANDOM, sum(cuts[:bad + 1]), note + "\nnot seen again in a second run")
        low, high = 0, cuts[n]
        while high - low > 1:
            middle = (low + high) // 2
            note = self._replay(state, cuts[:n + 1], middle)
            if note or not self.comparison.same():
                high = middle
            else:
                low = middle
        if low:
            self._replay(state, cuts[:n + 1], low)
        else:
            self._replay(state, cuts[:n], cuts[n - 1]) if n else self.restore(state)
        place = location(self.wanted)
        note = self._replay(state, cuts[:n + 1], high)
        return self._report(RANDOM, sum(cuts[:n]) + high, f"{note}\nin a run of {high} instructions, after cuts of "
                            f"{cuts[max(0, n - 8):n]}", place)

    def _report(self, mode, instructions, note, place=None):
        where, code = place or location(self.wanted)
        return Difference(mode, instructions, self.wanted._cpu.icount, where, code, self.comparison.differences(),
                          note.strip())

    def close(self):
        """Give both machines back."""
        self.wanted.close()
        self.got.close()


class Point:
    """What was compared from one point of a boot."""

    def __init__(self, icount, where, compared, difference):
        self.icount, self.where, self.compared, self.difference = icount, where, compared, difference

    def as_dict(self):
        """For JSON."""
        return {"icount": self.icount, "where": self.where, "compared": self.compared,
                "difference": self.difference and self.difference.as_dict()}


def boot(config, first, points, every, instructions, stretch, seed=0, reference="python", progress=lambda point: None):
    """Boot on the native engine and compare from ``points`` states of it, ``every`` instructions apart, the first
    ``first`` instructions after power-on.  Gives a list of Point; stops at the first that differs."""
    out = []
    pair = Pair(*machines(config, reference), stepped=reference == "native")
    leader = Machine(_alone(config, "native"))
    try:
        for n in range(points):
            advance(leader, every if n else first, BOOT_IDLE_NS)
            where = location(leader)[0]
            at = leader._cpu.icount
            compared, difference = pair.compare(leader.save(), instructions, stretch, seed + n)
            out.append(Point(at, where, compared, difference))
            progress(out[-1])
            if difference is not None or leader.ended is not None:
                break
    finally:
        leader.close()
        pair.close()
    return out
