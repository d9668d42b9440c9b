"""From encodings and semantic functions to handlers: one function an instruction form, as text in the subset.

A form is an encoding at one operand size, with a register or a memory operand; memory forms come three times: with segment
checks, and for the flat model with 32-bit addresses, with and without an index register; forms that reach memory by
themselves (the stack, strings) twice.  The same text is run by the Python engine and translated to C.  Decoding tables are made
here too; emu/cpu/decode.py reads them.
"""

import inspect
from functools import cache
from importlib import import_module

from emu.bus.component import Generic
from emu.bus.types import T, Const, Fault, u8, u16, u32, u64, u128

from . import cpuid, flat, memory, registers, state
from .encodings import encodings
from .state import GP, UD, Cpu, Rec

MODULES = ("arith", "logic", "shift", "bits", "muldiv", "bcd", "move", "stack", "string", "flow", "flagops", "misc", "far", "system",
           "io")
FIXED = {"AL": (8, 0), "CL": (8, 1), "AX": (16, 0), "DX": (16, 2)}
# CPUID bits of the table's cpu=; p6 stands for what that generation brought without a bit of its own
FEATURES = {"p6": cpuid.F_CMOV, **{name: getattr(cpuid, f"F_{name.upper()}") for name in (
    "fpu", "tr", "tsc", "msr", "cx8", "sep", "cmov", "clfsh", "mmx", "fxsr", "sse", "sse2")}}
NEXT, JUMP, GOTO, ENDS = "next", "jump", "goto", "ends"  # how a handler leaves: see emu/cpu/engine.py

# What an entry's immediate is
IMM_NONE, IMM_B, IMM_BS, IMM_W, IMM_Z, IMM_WB, IMM_PTR, IMM_OFFS = range(8)
# Entry flags
E_MODRM, E_LOCK, E_ENDS, E_MOD3 = 1, 2, 4, 8
MODRM_TABLE = 0x8000
UD_FORM, LONG_FORM = 0, 1
# Variants of a form: any segment and address size; flat with 32-bit addresses; the same without an index register.
CHECKED, FLAT, FLAT_BASE = range(3)
VARIANTS = 4  # places a form in FORM_HANDLERS
FLAT_ADDRESS = {FLAT: "ea_flat", FLAT_BASE: "ea_base"}
VECTOR_WIDTHS = {"ss": 32, "ps": 32, "sd": 64, "pd": 64}  # what T is bound to by a vector operand's size


@cache
def functions():
    """Every semantic function by name."""
    found = {}
    for name in ("emu.cpu.fpu.x87", "emu.cpu.vector.table") + tuple(f"emu.cpu.semantics.{m}" for m in MODULES):
        module = import_module(name)
        for key, value in vars(module).items():
            if key[0].isupper() and (isinstance(value, Generic) or inspect.isfunction(value) and hasattr(value, "subset")):
                found[key] = value
    return found


def flat_twin(name):
    """What the flat variants of a form call instead of the semantic function of that name."""
    return flat.twin(functions()[name])


@cache
def signature(name):
    """(annotations, names of the parameters after the processor, is it written for a width T?) of a semantic function."""
    function = functions()[name]
    generic = isinstance(function, Generic)
    plain = function.function if generic else function
    return inspect.get_annotations(plain), list(inspect.signature(plain).parameters)[1:], generic


class Form:
    """A handler to be: its name, its text in the subset, and how it leaves."""

    def __init__(self, name, text, kind):
        self.name, self.text, self.kind = name, text, kind


class _Builder:
    """Writes the text of one form."""

    def __init__(self, e, opcode, osize, mem, flat):
        self.e, self.opcode, self.mem, self.flat = e, opcode, mem, flat
        self.twin = bool(flat) and flat_twin(e.function) is not functions()[e.function]
        self.bits = next((VECTOR_WIDTHS[o[1:]] for o in e.operands if o[1:] in VECTOR_WIDTHS), e.width or osize)
        self.lines = []
        self.linear = None
        self.annotations, self.names, self.generic = signature(e.function)
        self.kind = ENDS if "ends" in e.attributes else NEXT
        if "branch" in e.attributes:
            self.kind = JUMP if self.annotations["return"] is bool else GOTO

    def call_name(self):
        name = f"{self.e.function}_flat" if self.twin else self.e.function
        return f"{name}_u{self.bits}" if self.generic else name

    def width(self, code):
        """Bits of an operand."""
        if code in FIXED:
            return FIXED[code][0]
        letter = code[1:]
        return {"b": 8, "bs": self.bits, "w": 16, "d": 32, "v": self.bits, "z": self.bits, "q": 64, "h": 64, "dq": 128, "ps": 128, "pd": 128, "ss": 32,
                "sd": 64}.get(letter, self.bits)

    def resolve(self, declared):
        return {8: u8, 16: u16, 32: u32, 64: u64}[self.bits] if declared is T else declared

    def address(self, write, bits):
        """Emit the linear address of the memory operand once."""
        if self.linear is None:
            aligned = bits == 128 and "unaligned" not in self.e.attributes
            if self.flat:
                self.lines.append(f"lin: u32 = {FLAT_ADDRESS[self.flat]}(cpu, r)")
                if aligned:
                    self.lines.append("check_aligned(lin)")
            else:
                self.lines.append("off: u32 = ea(cpu, r)")
                kind = "aligned_" if aligned else "linear_"
                self.lines.append(f"lin: u32 = {kind}{'write' if write else 'read'}{'' if aligned else f'_u{bits}'}(cpu, r.seg, off)")
            self.linear = "lin"

    def is_memory(self, code):
        return code[0] == "O" or code[0] in "EMQW" and self.mem

    def read(self, n, code, written):
        """The text of an operand's value; the texts of its halves if it has 128 bits."""
        bits = self.width(code)
        if code == "1":
            return "1"
        if code in FIXED:
            return f"reg_u{bits}(cpu, {FIXED[code][1]})"
        if code == "eAX":
            return f"reg_u{self.bits}(cpu, 0)"
        if code == "M":
            return f"{FLAT_ADDRESS.get(self.flat, 'ea')}(cpu, r)"
        if code[0] == "I":
            return "r.imm" if bits == 32 else f"u{bits}(r.imm)"
        if self.is_memory(code):
            self.address(written, bits)
            if bits == 128:
                self.lines += [f"a{n}: u64 = load_u64(cpu, r, lin)", f"b{n}: u64 = load_u64(cpu, r, u32(lin + 8))"]
                return f"a{n}", f"b{n}"
            self.lines.append(f"a{n}: u{bits} = load{'_rmw' if written else ''}_u{bits}(cpu, r, lin)")
            return f"a{n}"
        if code[0] in "PQN":
            value = f"cpu.fpu.mant[{self.number(code)}]"
            return value if bits == 64 else f"u32({value})"
        if code[0] in "VWU":
            low, high = self.halves(code)
            return (low, high) if bits == 128 else high if code[1:] == "h" else low if bits == 64 else f"u32({low})"
        return f"reg_u{bits}(cpu, {self.number(code)})"

    @staticmethod
    def number(code):
        """The text of a register operand's number."""
        return "r.reg" if code[0] in "GPV" else "r.rm"

    def halves(self, code):
        """The texts of an XMM register's halves."""
        n = self.number(code)
        return f"cpu.fpu.xmm[{n} * 2]", f"cpu.fpu.xmm[{n} * 2 + 1]"

    def write(self, code, value, read):
        bits = self.width(code)
        if bits == 128 and self.is_memory(code):
            self.lines.append(f"store_pair(cpu, r, lin, {', '.join(value)})")
        elif self.is_memory(code):
            self.lines.append(f"store{'_rmw' if read else ''}_u{bits}(cpu, r, lin, {value})")
        elif code[0] in "PQN":
            self.lines.append(f"set_mm(cpu, {self.number(code)}, {value})")
        elif code[0] in "VWU":
            low, high = self.halves(code)
            if bits == 128:
                self.lines += [f"{low} = {value[0]}", f"{high} = {value[1]}"]
            elif bits == 64:
                self.lines.append(f"{high if code[1:] == 'h' else low} = {value}")
            else:
                self.lines.append(f"{low} = ({low} & 0xFFFFFFFF00000000) | {value}")
        elif code in FIXED or code == "eAX":
            self.lines.append(f"set_reg_u{bits}(cpu, {FIXED.get(code, (0, 0))[1]}, {value})")
        else:
            self.lines.append(f"set_reg_u{bits}(cpu, {self.number(code)}, {value})")

    def checks(self):
        if "pm" in self.e.attributes:
            self.lines += ["if cpu.cr0 & CR0_PE == 0 or cpu.eflags & VM != 0:", "    raise Fault(UD, 0)"]
        if "cpl0" in self.e.attributes:
            self.lines += ["if cpu.cpl != 0:", "    raise Fault(GP, 0)"]
        if "fpu" in self.e.attributes:
            self.lines.append("fpu_wait(cpu, r)")
        for unit in ("sse", "mmx"):
            if unit in self.e.attributes:
                self.lines.append(f"{unit}_check(cpu{', r' if unit == 'mmx' else ''})")

    def build(self):
        e = self.e
        self.checks()
        result = self.annotations["return"]
        results = [self.resolve(t) for t in result] if isinstance(result, tuple) else [] if result is None else [self.resolve(result)]
        if "raw" in e.attributes:
            self.lines.append(f"{self.call_name()}(cpu, r)")
            self.after()
            return self.form(None)
        values = [n for n in self.names if n not in ("cc", "next", "r", "i")]
        operands = [o for o in e.operands if o[0] != "J" and o != "Ap" and not o.startswith("ST")]
        # one call for each half of 128-bit operands, or one for all
        wide = bool(operands) and self.width(operands[0]) == 128
        twice = wide and results == [u64]
        first, left = len(operands), len(values)
        while left > 0:
            first -= 1
            left -= 2 if not twice and self.width(operands[first]) == 128 else 1
        reads = set(range(first, len(operands)))
        writes = set(range(1 if wide and results else len(results))) if self.kind == NEXT else set()
        memory_first = sorted(reads, key=lambda n: not self.is_memory(operands[n]))  # fewer values live over the access
        texts = {n: self.read(n, operands[n], n in writes) for n in memory_first}
        for n in sorted(writes - reads):
            if self.is_memory(operands[n]):
                self.address(True, self.width(operands[n]))
        if twice:
            return self.build_halves(operands[0], [texts[n] for n in sorted(reads)])
        order = iter(t for n in sorted(reads) for t in ((texts[n],) if isinstance(texts[n], str) else texts[n]))
        args = ["cpu"]
        for name in self.names:
            if name == "cc":
                args.append(str(self.opcode & 15))
            elif name == "next":
                args.append("next_eip(cpu, r)")
            elif name == "r":
                args.append("r")
            elif name == "i":
                args.append("r.rm")
            else:
                args.append(next(order))
        call = f"{self.call_name()}({', '.join(args)})"
        if self.enters_first():
            self.lines.append("mmx_enter(cpu)")
        if self.kind in (JUMP, GOTO):
            self.lines.append(f"return {call}")
            return self.form("bool" if self.kind == JUMP else "u32")
        if not results:
            self.lines.append(call)
        else:
            names = [f"x{n}" for n in range(len(results))]
            if len(results) == 1:
                self.lines.append(f"x0: {results[0].name} = {call}")
            else:
                self.lines.append(f"{', '.join(names)} = {call}")
            if wide:
                self.write(operands[0], names, False)
                names = []
            for n in reversed(range(len(names))):  # XADD r,r keeps the sum: the first operand last
                self.write(operands[n], names[n], n in reads)
        self.after()
        return self.form(None)

    def build_halves(self, target, texts):
        """A function of 64 bits on both halves of its operands."""
        for half in (0, 1):
            args = ", ".join(["cpu"] + [t if isinstance(t, str) else t[half] for t in texts])
            self.lines.append(f"x{half}: u64 = {self.call_name()}({args})")
        self.write(target, ("x0", "x1"), False)
        self.after()
        return self.form(None)

    def after(self):
        if "fpu" in self.e.attributes:
            if self.mem:
                ready = "lin" if self.flat else "off"  # segments that are flat start at 0
                offset = ready if self.linear else FLAT_ADDRESS.get(self.flat, "ea") + "(cpu, r)"
                self.lines.append(f"fpu_operand(cpu, r, {offset})")
            self.lines.append("fpu_pointers(cpu, r)")
        if "mmx" in self.e.attributes and not self.enters_first():
            self.lines.append("mmx_enter(cpu)")

    def enters_first(self):
        """Conversions enter MMX state even where they then raise #XM."""
        return "mmx" in self.e.attributes and "sse" in self.e.attributes and "raw" not in self.e.attributes

    def form(self, result):
        e = self.e
        body = "\n".join("    " + line for line in self.lines)
        text = f"(cpu: Cpu, r: Rec) -> {result}:\n{body}\n"
        shape = "_".join(o.replace(",", "") for o in e.operands if o[0] not in "J")
        name = "_".join(filter(None, [e.function, f"{self.opcode & 15:x}" if "cc" in self.names else "", shape,
                                      f"{self.bits}" if self.generic or any(o[1:] == "v" or o == "eAX" for o in e.operands) else "",
                                      "m" + ("", "f", "b")[self.flat] if self.mem else "f" if self.twin else ""]))
        return name, text, self.kind


class Tables:
    """All forms, and the decoding tables."""

    def __init__(self):
        self.forms = []
        self._by_text = {}
        self._names = set()
        self.handlers = []  # per handler number: Form
        self.form_handlers = []  # form number -> handler numbers by variant
        self._form_numbers = {}
        self.entry_flags, self.entry_imm, self.entry_feature, self.entry_reg = [], [], [], []
        self.entry_form = []
        self.entry_line = []
        self.modrm_tables = []
        self._modrm_numbers = {}
        for name, vector in (("UD", "UD"), ("TOO_LONG", "GP")):
            n = self._handler(name, f"(cpu: Cpu, r: Rec) -> None:\n    raise Fault({vector}, 0)\n", ENDS)
            self._form(n, n, n, n)
        self._entry(None, 0)  # entry 0: undefined opcode
        self._entries, self._slots = {}, {}
        slots = [0] * 4096
        by_opcode = {}
        for e in encodings():
            for op in e.opcodes:
                by_opcode.setdefault((e.map, op), []).append(e)
        for (table, op), rows in by_opcode.items():
            for p, prefix in enumerate((None, 0x66, 0xF3, 0xF2)):
                for o32 in (0, 1):
                    slots[((((table == "0F") * 4 + p) * 2 + o32) * 256) + op] = self._slot(rows, op, prefix, o32)
        self.slots = slots

    def _slot(self, rows, op, prefix, o32):
        """What an opcode leads to under a prefix: the entry of the first line that fits; lines with the prefix come first."""
        fit = [e for wanted in dict.fromkeys((None, prefix)) for e in reversed(rows)
               if e.prefix == wanted and ("o16" if o32 else "o32") not in e.attributes and (wanted == prefix or not e.bare)]
        by_modrm = any(e.modrm for e in rows)
        key = op, by_modrm, *map(id, fit)
        if key not in self._slots:
            self._slots[key] = self._filled(fit, op, by_modrm)
        return self._slots[key]

    def _filled(self, fit, op, by_modrm):
        """The same for the lines that fit: of two the later one wins."""
        row = [None] * 256
        for e in fit:
            for modrm in e.modrms if e.modrm else range(256):
                row[modrm] = e
        if not by_modrm:
            return self._number(row[0], op)
        owners = list(map(id, row))
        numbers = {owner: self._number(e, op) for owner, e in dict(zip(owners, row)).items()}
        return MODRM_TABLE | self._modrm(tuple([numbers[owner] for owner in owners]))

    def _number(self, e, op):
        """The entry of a line; 0 for none."""
        if e is None:
            return 0
        key = id(e), op if e.plus == "cc" else 0
        if key not in self._entries:
            self._entries[key] = self._entry(e, op)
        return self._entries[key]

    def _modrm(self, row):
        if row not in self._modrm_numbers:
            self._modrm_numbers[row] = len(self.modrm_tables)
            self.modrm_tables.append(row)
        return self._modrm_numbers[row]

    def _handler(self, name, text, kind):
        key = (text, kind)
        if key not in self._by_text:
            while name in self._names:
                name += "_"
            self._names.add(name)
            self._by_text[key] = len(self.handlers)
            self.handlers.append(Form(name, text, kind))
        return self._by_text[key]

    def _form(self, *key):
        if key not in self._form_numbers:
            self._form_numbers[key] = len(self.form_handlers)
            self.form_handlers.append(key)
        return self._form_numbers[key]

    def _entry(self, e, op):
        flags = imm = feature = 0
        reg = 0xFF
        forms = [UD_FORM] * 4
        if e is not None:
            offs = any(o[0] == "O" for o in e.operands)
            memory_operand = e.modrm or offs
            flags = (E_MODRM if e.modrm else 0) | (E_LOCK if "lock" in e.attributes else 0) \
                | (E_ENDS if e.attributes & {"ends", "branch"} else 0) | (E_MOD3 if "mod3" in e.attributes else 0)
            imm = self._immediate(e)
            feature = FEATURES.get(e.feature, 0) if e.feature else 0
            if e.feature and not feature:
                raise ValueError(f"unknown feature in {e.line!r}")
            reg = 0xFF if e.reg is None else e.reg
            made = {}       # by the width that the operand size gives
            for o32 in (0, 1):
                for mem in (0, 1):
                    if mem and not memory_operand or mem and e.reg_only or not mem and (e.mem_only or offs):
                        continue
                    builders = [_Builder(e, op, 32 if o32 else 16, bool(mem), v) for v in (CHECKED, FLAT, FLAT_BASE)]
                    key = mem, builders[0].bits
                    if key not in made:
                        made[key] = self._variants(builders)
                    forms[o32 * 2 + mem] = made[key]
        self.entry_flags.append(flags)
        self.entry_imm.append(imm)
        self.entry_feature.append(feature)
        self.entry_reg.append(reg)
        self.entry_form += forms
        self.entry_line.append(e)
        return len(self.entry_flags) - 1

    def _variants(self, builders):
        """The form whose variants these builders write; those without a memory operand or a flat twin are the same."""
        checked, flat, flat_base = builders
        numbers = [self._handler(*checked.build())]
        numbers.append(self._handler(*flat.build()) if flat.mem or flat.twin else numbers[CHECKED])
        numbers.append(self._handler(*flat_base.build()) if flat.mem else numbers[FLAT])
        return self._form(*numbers, numbers[CHECKED])

    @staticmethod
    def _immediate(e):
        kinds = [o for o in e.operands if o[0] in "IJO" or o == "Ap"]
        if kinds == ["Iw", "Ib"]:
            return IMM_WB
        if not kinds:
            return IMM_NONE
        code = kinds[0]
        if code == "Ib":
            return IMM_B
        if code in ("Ibs", "Jb"):
            return IMM_BS
        if code == "Iw":
            return IMM_W
        if code in ("Iz", "Iv", "Jz"):
            return IMM_Z
        if code == "Ap":
            return IMM_PTR
        return IMM_OFFS


@cache
def tables():
    return Tables()


def namespace():
    """The globals that handler texts are compiled in."""
    out = {"__name__": "op"}
    from . import flow_target
    from .fpu import pointers, stack
    from .vector import access
    out |= {"Cpu": Cpu, "Rec": Rec, "Fault": Fault, "UD": UD, "GP": GP, "CR0_PE": state.CR0_PE, "VM": state.VM, "u8": u8, "u16": u16,
            "u32": u32, "u64": u64, "ea": memory.ea, "ea_flat": memory.ea_flat, "ea_base": memory.ea_base, "fpu_wait": stack.fpu_wait,
            "fpu_operand": pointers.fpu_operand, "fpu_pointers": pointers.fpu_pointers, "next_eip": flow_target.next_eip}
    for f in (access.mmx_check, access.mmx_enter, access.sse_check, access.set_mm, access.check_aligned, access.aligned_read,
              access.aligned_write, access.store_pair):
        out[f.__name__] = f
    for f in (memory.linear_read, memory.linear_write):
        out[f"{f.__name__}_u128"] = f[u128]
    for width in (u8, u16, u32, u64):
        for f in (memory.load, memory.store, memory.load_rmw, memory.store_rmw, memory.linear_read, memory.linear_write,
                  registers.reg, registers.set_reg):
            out[f"{f.__name__}_{width.name}"] = f[width]
    for name, f in functions().items():
        for called, made in ((name, f), (f"{name}_flat", flat_twin(name))):
            if isinstance(made, Generic):
                out |= {f"{called}_{width.name}": made[width] for width in (u8, u16, u32, u64)}
            else:
                out[called] = made
    return out


def compile_form(form, names):
    """The Python function of a form."""
    text = f"def op_{form.name}{form.text}"
    exec(compile(text, f"<form {form.name}>", "exec"), names)
    function = names[f"op_{form.name}"]
    function.subset = True
    function.subset_source = text
    return function
