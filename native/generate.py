"""Writes the C of the native engine: `python -m native.generate FOLDER`.

Reads the board (emu/machine/board.py), the instruction forms (emu/cpu/forms.py) and every hot function they reach.
"""

import inspect
import sys
from bisect import bisect_left
from pathlib import Path

from emu.bus import memory as physical
from emu.bus.component import Struct
from emu.bus.subset.tree import Node
from emu.bus.types import Array, Derived, u8, u16, u32, u64
from emu.cpu import decode, events, exceptions, forms, memory, paging, state
from emu.cpu.fpu import ieee
from emu.machine import board

from .cwriter import FLAT, c_name, c_width, struct_text
from . import sequences
from .program import Program

CONSTANTS = {"TLB_SIZE": state.TLB_SIZE, "TLB_USER": state.TLB_USER, "TLB_CODE": state.TLB_CODE, "TLB_ALL": state.TLB_ALL,
             "TLB_VALID": state.TLB_VALID, "TLB_LOCAL": state.TLB_LOCAL, "TLB_GLOBAL": state.TLB_GLOBAL,
             **{name: getattr(paging, name) for name in ("PTE_P", "PTE_PS", "PTE_G")},
             "CR0_PG": state.CR0_PG, "CR0_WP": state.CR0_WP, "CR4_PAE": state.CR4_PAE, "CR4_PGE": state.CR4_PGE,
             "MODE_AC": state.MODE_AC, "MODE_DEBUG": state.MODE_DEBUG,
             "MODE_FLAT": state.MODE_FLAT, "REC_OSIZE32": state.REC_OSIZE32,
             "FLOAT_ADD": ieee.ADD, "FLOAT_SUB": ieee.SUB, "FLOAT_MUL": ieee.MUL,
             "DEVICE": physical.DEVICE, "VGA_WINDOW": physical.VGA_WINDOW,
             "REC_ENDS": state.REC_ENDS, "REC_ASIZE32": state.REC_ASIZE32, "LONG_HANDLER": decode.LONG_HANDLER,
             "MORE": decode.MORE, "MAX_LENGTH": decode.MAX_LENGTH,
             **{name: getattr(forms, name) for name in ("IMM_NONE", "IMM_B", "IMM_BS", "IMM_W", "IMM_Z", "IMM_OFFS")}}
HANDLERS_A_FILE = 160
VECTORS = Path(__file__).parent / "vectors.h"
FUNCTIONS_A_FILE = 220
INLINE_SIZE = 60  # nodes of the typed tree


def size(nodes):
    """Number of nodes in statements or expressions."""
    total = 0
    for n in nodes:
        if isinstance(n, Node):
            total += 1 + size(p for part in n.parts for p in (part if isinstance(part, list) else [part]))
    return total



def joined_wires():
    """The board's wires in the form that Program takes."""
    out = {}
    for wire, target, *constants in board.WIRES:
        if callable(target):
            out[wire] = ("function", target, tuple(constants))
        elif target.startswith("@"):
            out[wire] = ("board_cold", target[1:]) if target == "@window_changed" else ("c", "board_" + target[1:])
        else:
            part, method = target.split(".")
            out[wire] = ("method", part, method, tuple(constants))
    return out


def _structs(classes):
    """Struct classes that the components use, inner ones first."""
    found = []

    def visit(declared):
        if isinstance(declared, Derived):
            declared = declared.type
        if isinstance(declared, Array):
            declared = declared.element
        if isinstance(declared, type) and issubclass(declared, Struct) and declared not in found:
            for f in declared.fields.values():
                if f.type is not None:
                    visit(f.type)
            found.append(declared)

    visit(state.Rec)
    for cls in classes:
        for f in cls.fields.values():
            if f.type is not None:
                visit(f.type)
    return found


class Generator:
    """Everything the build needs: texts by file name, and the cdef for cffi."""

    def __init__(self):
        self.program = p = Program(board.PARTS, joined_wires())
        names = forms.namespace()
        self.tables = forms.tables()
        self.handlers = [p.add_handler(forms.compile_form(f, names), f.kind) for f in self.tables.handlers]
        roots = [events.poll, events.settle, exceptions.deliver_fault, paging.lookup_exec, paging.flush_tlb_all, decode.decode]
        for f in (memory.slow_load, memory.slow_store, memory.slow_check_write):
            roots += [f[w] for w in (u8, u16, u32, u64)]
        for f in roots:
            p.add(f)
        self.lookups = [p.add(f) for f in (paging.tlb_fill, paging.lookup_read, paging.lookup_write)]  # part of native/slow.c
        for name in ("read_offset", "write_offset", "read8", "in_window"):
            p.add_method("memory", name)
        p.add_method("clock", "now")
        self.slots = board.slots()
        for slot in self.slots:
            for name in (slot.port.read, slot.port.write):
                self._method(slot.part, name)
        for part, *methods in board.DEVICES:
            for name in methods:
                self._method(part, name)
        for part, timer in board.timers():
            self._method(part, timer.expire)
        self.entries = [(wire, p.add_method(*target.split(".")), constants) for wire, target, *constants in board.WIRES
                        if board.hot_wire(target)]
        by_name = {p.c_name(k): k for k in self.handlers}
        self.by_name = by_name
        self.chosen = sequences.read(by_name)
        p.follow()
        self.inline_small()
        p.analyse()
        self.files = {}
        self.write()

    def inline_small(self):
        """Inline what handlers call first, where it is small: the semantics proper."""
        functions = self.program.functions
        for key in self.handlers:
            for call, _, _ in functions[key].calls:
                if call.parts[0][0] == "fn":
                    fn = functions[call.parts[0][1]]
                    if not fn.intrinsic and size(fn.body) <= INLINE_SIZE:
                        fn.inline = True

    def _method(self, part, name):
        if name and not getattr(inspect.getattr_static(board.PARTS[part], name), "cold", False):
            self.program.add_method(part, name)

    def callee_key(self, part, name):
        return inspect.getattr_static(board.PARTS[part], name), part

    def callee(self, part, name):
        """C name of a chip's method, hot or cold."""
        key = self.callee_key(part, name)
        if getattr(key[0], "cold", False):
            return self.program.cold_target(part, name).name
        return self.program.c_name(key)

    # -- texts ---------------------------------------------------------------------------------------------------

    def write(self):
        p = self.program
        fns = list(p.functions.values())
        inlines = [f for f in fns if f.inline and not f.intrinsic]
        plain = [f for f in fns if not f.inline and not f.intrinsic and f.key not in p.handlers]
        lookups = [f for f in plain if f.key in self.lookups]
        rare = [f for f in plain if f.rare]
        handlers = [p.functions[k] for k in self.handlers]
        texts = {f.key: p.writer(f).write() for f in inlines + plain + handlers}
        for f in handlers:
            if self.jumps(f.key):
                texts[f.key] += "\n\n" + p.writer(f, flat=True).write()
        board_text = self.board_text()
        self.sequences = sequences.Sequences(p, p.body, {p.c_name(f.key): texts[f.key] for f in inlines + plain}, p.handlers)
        for n in range(0, len(self.chosen), HANDLERS_A_FILE):
            body = "\n\n".join(self.sequences.text(*c, flat) for c in self.chosen[n:n + HANDLERS_A_FILE] for flat in self.flats(c[0][-1]))
            self.files[f"gen_sequences{n // HANDLERS_A_FILE}.c"] = f'#define QUICK\n#include "core.h"\n\n{body}\n'
        for stem, group, size in (("gen_functions", [f for f in plain if f not in lookups + rare], FUNCTIONS_A_FILE),
                                   ("gen_handlers", handlers, HANDLERS_A_FILE)):
            for n in range(0, len(group), size):
                body = "\n\n".join(texts[f.key] for f in group[n:n + size])
                self.files[f"{stem}{n // size}.c"] = f'#include "core.h"\n\n{body}\n'
        self.files["gen_board.c"] = f'#include "core.h"\n\n{board_text}\n'
        self.files["gen_tables.c"] = '#include "core.h"\n\n' + p.table_text().replace("static const", "const") + "\n"
        self.files["inlines.h"] = "\n".join(p.writer(f).signature() + ";" for f in inlines) + "\n\n" \
            + "\n\n".join(texts[f.key] for f in inlines) + "\n"
        self.files["lookups.h"] = "\n\n".join(texts[f.key] for f in lookups) + "\n"
        self.files["gen_rare.c"] = '#include "core.h"\n\n' + "\n\n".join(texts[f.key] for f in rare) + "\n"
        self.files["machine.h"] = self.machine_text()
        self.files["prototypes.h"] = self.prototype_text(plain, handlers)

    def jumps(self, key):
        """Is a handler a near jump, which has a variant for flat code?"""
        return self.program.handlers[key] == forms.JUMP

    def flats(self, key):
        return ("", FLAT) if self.jumps(key) else ("",)

    def machine_text(self):
        classes = list(dict.fromkeys(board.PARTS.values()))
        out = [f"#define {k} {v}u" for k, v in CONSTANTS.items()]
        out.append(f"#define HANDLER_COUNT {len(self.handlers)}")
        out.append("#define HANDLER_TABLE " + ", ".join(self.program.c_name(k) for k in self.handlers))
        out.append("#define FLAT_TABLE " + ", ".join(self.program.c_name(k) + FLAT if self.jumps(k) else "0" for k in self.handlers))
        for wire in ("vga_read", "vga_write"):
            _, part, method, _ = self.program.wires[f"memory.{wire}"]
            out.append(f"#define memory_{wire} {self.callee(part, method)}")
        out.append("#define HANDLER_NAMES " + ", ".join(f'"{self.program.c_name(k)}"' for k in self.handlers))
        number = {k: n for n, k in enumerate(self.handlers)}
        chosen, q = sorted(self.chosen, key=lambda c: number[c[0][0]]), self.sequences
        rows = (", ".join([str(len(keys)), str(q.gain(keys, letters)), f"{{{', '.join(str(number[k]) for k in keys[1:])}}}",
                           q.registers(keys, letters), q.name(keys, letters), q.name(keys, letters, FLAT) if self.jumps(keys[-1]) else "0"])
                for keys, letters in chosen)
        out.append(f"#define NO_REGISTER {sequences.ANY}\n#define SEQUENCE_MAX {max(len(keys) for keys, _ in chosen)}")
        out.append("#define SEQUENCE_TABLE " + ", ".join(f"{{{row}}}" for row in rows))
        firsts = [number[keys[0]] for keys, _ in chosen]
        out.append("#define SEQUENCE_START " + ", ".join(str(bisect_left(firsts, n)) for n in range(len(self.handlers) + 1)))
        out += [struct_text(c) for c in _structs(classes) + classes]
        out.append("#define MACHINE_PARTS " + " ".join(f"{cls.__name__} {c_name(n)};"
                                                       for n, cls in sorted(board.PARTS.items(), key=lambda part: part[0] != "cpu")))
        out.append("#define PART_OFFSETS " + " ".join(
            f'if (!strcmp(name, "{n}")) return (u32)offsetof(M, {c_name(n)});' for n in board.PARTS))
        return "\n".join(out) + "\n"

    def prototype_text(self, plain, handlers):
        p = self.program
        out = [("__attribute__((pure)) " if f.pure else "") + p.writer(f).signature() + ";" for f in plain + handlers]
        out += [p.writer(f).rare_call() for f in plain if f.rare]
        out += [f"Handler {p.c_name(f.key)}{FLAT};" for f in handlers if self.jumps(f.key)]
        out += [f"Handler {self.sequences.name(*c, flat)};" for c in self.chosen for flat in self.flats(c[0][-1])]
        out += [line.replace("static const", "extern const").partition(" = ")[0] + ";" for line in p.table_text().splitlines()]
        out.append(p.cold_text())
        for w in (8, 16, 32):
            out.append(f"u{w} board_port_read{w}(M *m, u16 port);\nvoid board_port_write{w}(M *m, u16 port, u{w} value);")
        out.append("u8 board_device_read(M *m, u8 slot, u32 offset);\nvoid board_device_write(M *m, u8 slot, u32 offset, u8 value);")
        out.append("u32 board_device_read32(M *m, u8 slot, u32 offset);\nvoid board_device_write32(M *m, u8 slot, u32 offset, u32 value);")
        out.append("void board_expire_timers(M *m);\nu64 board_next_deadline(M *m);")
        out.append(self.entry_prototypes())
        return "\n".join(out) + "\n"

    def moved(self, part, name):
        """The deadlines that a chip's method may move.  Methods that are not translated ask for attention anyway (cold_call)."""
        key = self.callee_key(part, name)
        return self.program.written(key, self.deadlines) if key in self.program.functions else []

    def access(self, part, name, arguments, result=None):
        """The statements of an access to a chip."""
        call = f"{self.callee(part, name)}(m, {arguments}); looked_at(m);"
        moved = "".join(f" moved(m, m->{d});" for d in self.moved(part, name))
        return f"{{ {result} value = {call}{moved} return value; }}" if result else f"{call}{moved} return;"

    def entry(self, wire, key, constants):
        """What Python calls to use a wire: (prototype, its statement)."""
        part, name = wire.split(".")
        declared = board.PARTS[part].wires[name]
        ret = c_width(declared.ret) if declared.ret is not None else "void"
        args = [f"a{n}" for n in range(len(declared.args))]
        prototype = ", ".join(["M *m"] + [f"{c_width(t)} {a}" for t, a in zip(declared.args, args)])
        call = f"{self.program.c_name(key)}({', '.join(['m'] + [str(c) for c in constants] + args)});"
        return f"{ret} wire_{part}_{name}({prototype})", f"return {call}" if ret != "void" else call

    def board_text(self):
        self.deadlines = [f"{c_name(part)}.{t.deadline}" for part, t in board.timers()]
        out = [ACCESSED]
        for w in (8, 16, 32):
            offset = "(u16)(port - m->core.slot_base[{}])".format
            cases = "".join(f"    case {s.number}: {self.access(s.part, s.port.read, offset(s.number), f'u{w}')}\n"
                            for s in self.slots if s.port.width == w and s.port.read)
            half = w // 2
            split = "    return 0xFF;" if w == 8 else (
                f"    u{w} low = board_port_read{half}(m, port);\n"
                f"    return (u{w})(low | (u{w})board_port_read{half}(m, (u16)(port + {half // 8})) << {half});")
            out.append(f"u{w} board_port_read{w}(M *m, u16 port)\n{{\n"
                       f"    switch (m->core.port{w}[port]) {{\n{cases}    }}\n{split}\n}}\n")
            cases = "".join(
                f"    case {s.number}: {self.access(s.part, s.port.write, offset(s.number) + ', value')}\n"
                for s in self.slots if s.port.width == w and s.port.write)
            split = "" if w == 8 else (f"    board_port_write{half}(m, port, (u{half})value);\n"
                                       f"    board_port_write{half}(m, (u16)(port + {half // 8}), (u{half})(value >> {half}));")
            out.append(f"void board_port_write{w}(M *m, u16 port, u{w} value)\n{{\n"
                       f"    switch (m->core.port{w}[port]) {{\n{cases}    }}\n{split}\n}}\n")
        out += self.device_text("u8", "", 1, "    return 0xFF;", "")
        out += self.device_text("u32", "32", 3, "    u32 value = 0;\n    for (u32 n = 0; n < 4; n++)\n"
                                "        value |= (u32)board_device_read(m, slot, offset + n) << n * 8;\n    return value;",
                                "    for (u32 n = 0; n < 4; n++)\n        board_device_write(m, slot, offset + n, (u8)(value >> n * 8));\n")
        timers = board.timers()
        least = "".join(f"    if (m->{c_name(part)}.{t.deadline} < best)\n        best = m->{c_name(part)}.{t.deadline}, which = {n};\n"
                        for n, (part, t) in enumerate(timers))
        calls = "".join(f"        case {n}: {self.callee(part, t.expire)}(m); break;\n" for n, (part, t) in enumerate(timers))
        out.append(f"static u64 earliest(M *m, int *out)\n{{\n    u64 best = ~(u64)0;\n    int which = -1;\n{least}    *out = which;\n    return best;\n}}\n")
        out.append(f"void board_expire_timers(M *m)\n{{\n    int which;\n    while (earliest(m, &which) <= clock_now(m) && which >= 0)\n"
                   f"        switch (which) {{\n{calls}        }}\n}}\n")
        out.append("u64 board_next_deadline(M *m)\n{\n    int which;\n    return m->core.awaited = earliest(m, &which);\n}\n")
        for entry in self.entries:
            prototype, statement = self.entry(*entry)
            out.append(f"{prototype}\n{{\n    {statement}\n}}\n")
        return "\n".join(out)

    def entry_prototypes(self):
        return "".join(f"{self.entry(*entry)[0]};\n" for entry in self.entries)

    def device_text(self, width, suffix, column, other_read, other_write):
        """The two functions that lead accesses of one width to the devices of the memory map."""
        reads = "".join(f"    case {n}: {self.access(d[0], d[column], 'offset', width)}\n"
                        for n, d in enumerate(board.DEVICES) if d[column])
        writes = "".join(f"    case {n}: {self.access(d[0], d[column + 1], 'offset, value')}\n"
                         for n, d in enumerate(board.DEVICES) if d[column + 1])
        start = "\n{\n    switch (slot) {\n"
        return (f"{width} board_device_read{suffix}(M *m, u8 slot, u32 offset){start}{reads}    }}\n{other_read}\n}}\n",
                f"void board_device_write{suffix}(M *m, u8 slot, u32 offset, {width} value){start}{writes}    }}\n{other_write}}}\n")

    def cdef(self):
        """What Python sees of the C: the structs of the parts and the few functions of core.c."""
        classes = list(dict.fromkeys(board.PARTS.values()))
        out = ["typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;",
               "typedef int8_t i8; typedef int16_t i16; typedef int32_t i32; typedef int64_t i64; typedef struct M M;"]
        out += [struct_text(c, ffi=True) for c in _structs(classes) + classes if c is not state.Rec]
        out += [API, self.entry_prototypes()]
        out.append("\n".join(line for line in VECTORS.read_text().splitlines() if not line.startswith("#")))
        return "\n".join(out)

    def cold_names(self):
        return [f"{owner}.{method}" for owner, method in self.program.cold]


# After an access to a chip: a deadline that is nearer than the one that poll waits for wants attention, as every access does while the
# host's clock runs.  All else that matters to poll tells the processor by itself.
ACCESSED = """static ALWAYS_INLINE void looked_at(M *m)
{
    if (UNLIKELY(m->clock.host))
        m->cpu.attention = true;
}

static ALWAYS_INLINE void moved(M *m, u64 deadline)
{
    if (UNLIKELY(deadline < m->core.awaited))
        m->cpu.attention = true;
}
"""

API = """
M *emu_new(u64 backing_size, void *handle);
void emu_free(M *m);
int emu_run(M *m);
void emu_map_changed(M *m);
void emu_rearm_video(M *m);
void emu_written(M *m, u32 offset, u32 size);
void emu_forget_code(M *m);
u32 emu_part_offset(const char *name);
u8 *emu_port_map(M *m, int width);
u16 *emu_slot_bases(M *m);
u8 *emu_dirty(M *m);
void board_expire_timers(M *m);
u64 board_next_deadline(M *m);
u8 board_device_read(M *m, u8 slot, u32 offset);
void board_device_write(M *m, u8 slot, u32 offset, u8 value);
u32 board_device_read32(M *m, u8 slot, u32 offset);
void board_device_write32(M *m, u8 slot, u32 offset, u32 value);
u8 board_port_read8(M *m, u16 port);
u16 board_port_read16(M *m, u16 port);
u32 board_port_read32(M *m, u16 port);
void board_port_write8(M *m, u16 port, u8 value);
void board_port_write16(M *m, u16 port, u16 value);
void board_port_write32(M *m, u16 port, u32 value);
const char *emu_cold_names(void);
extern "Python+C" u64 emu_cold(void *handle, u32 number, u64 a, u64 b, u64 c);
"""


def write_to(folder):
    """Generate into a folder, leaving files alone that do not change.  Gives the generator."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    g = Generator()
    names = ",".join(g.cold_names())
    g.files["gen_board.c"] += f'\nconst char *emu_cold_names(void)\n{{\n    return "{names}";\n}}\n'
    for old in folder.glob("gen_*.c"):
        if old.name not in g.files:
            old.unlink()
    for name, text in g.files.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return g


if __name__ == "__main__":
    write_to(sys.argv[1] if len(sys.argv) > 1 else "build/native")
