"""One handler for instructions that follow each other: native/sequences.txt, and the C of it.

A line names the handlers.  Letters behind a colon stand for the registers that one uses, in the order of FIELDS: equal letters for one
register, others for another.  What two of them use is then kept in a host register.  Without letters a line serves any registers.
"""

import re
from pathlib import Path

from emu.cpu.forms import JUMP

FILE = Path(__file__).with_suffix(".txt")
FIELDS = "rm", "reg", "base", "idx"
ANY = 255                       # make.c: NO_REGISTER
STEP, REUSE, BRANCH = 3, 2, 2   # what is gained, in host instructions: a step less, a register not loaded, a branch not alone
ACCESS = re.compile(r"registers_(?:set_)?reg_u(?:16|32)\(m, r->(rm|reg)\b")
ADDRESSES = "memory_ea_base", "memory_ea_flat"
REGISTER = re.compile(r"m->cpu\.gpr\[r->(\w+)\]")
CALL = re.compile(r"\b([a-z]\w*)\(m\b")
WRITES = re.compile(r"gpr\[[^\]]*\] = ")


def read(by_name):
    """[(handlers' keys, letters of each or None)] of the file."""
    out = []
    for line in FILE.read_text().splitlines():
        if line and line[0] != "#":
            words = [word.partition(":") for word in line.split()]
            letters = tuple(w[2] for w in words) if any(w[1] for w in words) else None
            out.append((tuple(by_name[w[0]] for w in words), letters))
    return out


class Sequences:
    """``body(key, n, then, flat)`` gives the C of an instruction that goes on at the label ``then``; ``texts`` that of all other
    functions, by their C names; ``kinds`` how handlers end."""

    def __init__(self, program, body, texts, kinds):
        self.program, self.body, self.texts, self.kinds = program, body, texts, kinds
        self._fields, self._clobbers, self._writers = {}, {}, {}

    def fields(self, key):
        """The register fields of a handler that may be kept in host registers."""
        if key not in self._fields:
            text = "\n".join(self.body(key, 0, "then", False))
            found = set(ACCESS.findall(text))
            for name in ADDRESSES:
                if f"{name}(m, r)" in text:
                    found.update(REGISTER.findall(self.texts[name]))
            self._fields[key] = tuple(f for f in FIELDS if f in found)
        return self._fields[key]

    def _writes(self, name):
        """Does a function change a general register?"""
        if name not in self._writers:
            text = self.texts.get(name, "")
            self._writers[name] = False
            self._writers[name] = name.startswith("cold_") or bool(WRITES.search(text)) or any(map(self._writes, CALL.findall(text)))
        return self._writers[name]

    def clobbers(self, key):
        """Does an instruction change registers that no letter stands for?"""
        if key not in self._clobbers:
            text = re.sub(r"registers_set_reg_u(16|32)\(m, r->(rm|reg)\b", "", "\n".join(self.body(key, 0, "then", False)))
            self._clobbers[key] = bool(WRITES.search(text)) or any(map(self._writes, CALL.findall(text)))
        return self._clobbers[key]

    def gain(self, keys, letters):
        """What a sequence saves, in host instructions or so."""
        saved = STEP * (len(keys) - 1) + (BRANCH if self.kinds[keys[-1]] == JUMP else 0)
        known = set()
        for key, own in zip(keys, letters or ()):
            saved += REUSE * sum(c in known for c in own)
            known = set() if self.clobbers(key) else known | set(own)
        return saved

    def name(self, keys, letters, flat=""):
        c = self.program.c_name
        return "__".join([c(keys[0])] + [c(k)[3:] for k in keys[1:]]) + (f"__{'_'.join(letters)}" if letters else "") + flat

    def registers(self, keys, letters):
        """The C initialiser of struct Sequence's ``registers``."""
        numbers, rows = {}, []
        for key, own in zip(keys, letters or [""] * len(keys)):
            row = dict(zip(self.fields(key), own))
            rows.append([numbers.setdefault(row[f], len(numbers)) if f in row else ANY for f in FIELDS])
        return "{" + ", ".join(f"{{{', '.join(map(str, row))}}}" for row in rows) + "}"

    def text(self, keys, letters, flat):
        """The handler.  What an instruction calls may want the trace to end before the next: then the next one's handler has been
        exchanged.  Faults, and memory that the soft TLB does not lead to, are left to the handler for that instruction alone: what
        is in a host register is in its place, too."""
        out = [f"u32 {self.name(keys, letters, flat)}(M *m, Rec *restrict r)", "{"]
        for letter in sorted(set("".join(letters or ()))):
            out.append(f"    u8 n_{letter};\n    u32 g_{letter};")
        met, known = set(), set()
        for n, key in enumerate(keys):
            last = n == len(keys) - 1
            own = dict(zip(self.fields(key), letters[n])) if letters else {}
            for field, letter in own.items():
                if letter not in met:
                    out.append(f"    n_{letter} = r->{field};")
                if letter not in known:
                    out.append(f"    g_{letter} = registers_reg_u32(m, n_{letter});")
                met.add(letter)
                known.add(letter)
            out += [self._substituted(line, own) for line in self.body(key, n, None if last else f"then{n}", flat if last else "")]
            if letters and self.clobbers(key):
                known.clear()
            if not last:
                out += [f"then{n}: UNUSED;", "    r++;"]
                if self.program.may_cut(self.program.functions[key]):
                    name = self.program.c_name(keys[n + 1]) + (flat if n + 2 == len(keys) else "")
                    out.append(f"    if (UNLIKELY(r->h != {name}))\n        return r->h(m, r);")
        return "\n".join(out + ["}"])

    def _substituted(self, line, own):
        for field, c in own.items():
            line = line.replace(f"registers_reg_u32(m, r->{field})", f"g_{c}").replace(f"registers_reg_u16(m, r->{field})", f"(u16)g_{c}")
            line = re.sub(rf"registers_set_reg_u(16|32)\(m, r->{field}, .*\);$",
                          lambda found: f"{found[0].replace(f'r->{field}', f'n_{c}', 1)} g_{c} = registers_reg_u32(m, n_{c});", line)
        for name in ADDRESSES:
            if own and f"{name}(m, r)" in line:
                sum_ = re.search(r"return (.*);", self.texts[name])[1]
                line = line.replace(f"{name}(m, r)", REGISTER.sub(lambda found: f"g_{own[found[1]]}", sum_))
        return line
