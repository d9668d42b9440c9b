"""The C writer: typed tree of the subset to C.

Conventions of the C: every function takes the machine ``M *m`` first; components are members of M.  A function that may
fault returns 1 on a fault (vector and error in m->cpu) and 0 otherwise; its results go to m->r[], or, if it is inlined, to
pointers.  Unsigned expressions are computed in u64 (u128 where wide), signed ones in i64.
"""

from emu.bus.component import Component
from emu.bus.names import c_name
from emu.bus.subset.tree import SubsetError
from emu.bus.types import Array, Derived, Signed, Unsigned

FLAT = "__flat"  # what the names of flat variants of jumps end in
RARE = "__rare"  # what the names of rare functions end in; the plain name is an inline function that calls them
RARE_REGISTERS = "Sdc"  # where its parameters are, as the assembler's constraints name them
RESULT_SLOTS = 4  # elements of m->r (native/core.h)


def c_width(declared):
    if isinstance(declared, Derived):
        declared = declared.type
    if isinstance(declared, (Unsigned, Signed)):
        return declared.name
    if declared is bool:
        return "bool"
    return declared.__name__


def c_type(t):
    """C type of a local, parameter or result of an expression type."""
    if t.kind == "u":
        if t.max <= 0xFF:
            return "u8"
        if t.max <= 0xFFFF:
            return "u16"
        if t.max <= 0xFFFFFFFF:
            return "u32"
        return "u64" if t.max <= (1 << 64) - 1 else "u128"
    if t.kind == "i":
        return next(f"i{n}" for n in (8, 16, 32, 64) if t.bits <= n)
    return {"b": "bool", "n": "void"}.get(t.kind) or f"{t.cls.__name__} *"


def slots(types):
    """Where results of these types lie in m->r: (first element, number of elements) each; a u128 takes two."""
    out, at = [], 0
    for t in types:
        n = 2 if c_type(t) == "u128" else 1
        out.append((at, n))
        at += n
    return out


def struct_text(cls, ffi=False):
    """The C struct of a component or struct; for cffi native pointers become void *."""
    lines = [f"typedef struct {cls.__name__} {{"]
    for f in cls.fields.values():
        if f.native:
            lines.append(f"    {f.native if not ffi or '*' not in f.native else 'void *'} {c_name(f.name)};")
        elif isinstance(f.type, Array):
            lines.append(f"    {c_width(f.type.element)} {c_name(f.name)}[{f.type.length}];")
        else:
            lines.append(f"    {c_width(f.type)} {c_name(f.name)};")
    if len(lines) == 1:
        lines.append("    u8 nothing;")
    lines.append(f"}} {cls.__name__};")
    return "\n".join(lines)


class FunctionWriter:
    """Writes one function.  ``program`` answers what a call resolves to (see native/program.py)."""

    def __init__(self, program, fn, handler=None, then=None, flat=False, quick=False):
        """``then``: the label to go to instead of the next instruction (all but the last of a sequence).  ``flat``: of a near jump, the
        variant for a flat code segment and 32 bits of EIP.  ``quick``: a part of a sequence, which leaves faults, and memory that the
        soft TLB does not lead to, to the handler for that instruction alone."""
        self.program, self.fn, self.handler, self.then, self.flat, self.quick = program, fn, handler, then, flat, quick
        self.lines = []
        self.depth = 1
        self.labels = 0
        self.on_fault = None
        self.outs = [] if fn.result.kind == "n" else list(fn.result.items) if fn.result.kind == "t" else [fn.result]
        self.by_pointer = (fn.inline or fn.intrinsic) and (fn.faults or len(self.outs) > 1)
        self.by_store = not (fn.inline or fn.intrinsic) and (fn.faults or len(self.outs) > 1)
        if self.by_store and sum(n for _, n in slots(self.outs)) > RESULT_SLOTS:
            raise SubsetError(f"{fn.file}: {fn.name}: too many results: make it inline")

    # -- signature -----------------------------------------------------------------------------------------------

    def parameters(self):
        """[(C type, C name)] of the parameters after the machine, but for results."""
        return [(c_type(t), c_name(name)) for name, t in self.fn.params if t.kind != "s" or not issubclass(t.cls, Component)]

    def result(self):
        """The C type of what is returned."""
        return "int" if self.fn.faults else "void" if not self.outs or self.by_pointer or self.by_store else c_type(self.outs[0])

    def signature(self):
        fn = self.fn
        if self.handler:
            return f"u32 {self.handler_name()}(M *m, Rec *restrict r)"
        params = ["M *m"] + [f"{t} {name}" for t, name in self.parameters()]
        if self.by_pointer:
            params += [f"{c_type(t)} *o__{i}" for i, t in enumerate(self.outs)]
        prefix = "static ALWAYS_INLINE " if fn.inline else "KEEPS_REGISTERS " if fn.rare else ""
        return f"{prefix}{self.result()} {self.program.c_name(fn.key)}{RARE if fn.rare else ''}({', '.join(params)})"

    def rare_call(self):
        """The function that calls a rare one, under its plain name."""
        params = self.parameters()
        if not 0 < len(params) <= len(RARE_REGISTERS):
            raise SubsetError(f"{self.fn.file}: {self.fn.name}: a rare function takes one to {len(RARE_REGISTERS)} parameters")
        name, names = self.program.c_name(self.fn.key), [name for _, name in params]
        registers = ", ".join(f'"{r}"((u64){n})' for r, n in zip(RARE_REGISTERS, names))
        call = f"KEPT({name}{RARE}, ({', '.join(['m'] + names)}), {registers});"
        result = self.result()
        return (f"static ALWAYS_INLINE {result} {name}({', '.join(['M *m'] + [f'{t} {n}' for t, n in params])})\n"
                f"{{\n    {'' if result == 'void' else f'return ({result})'}{call}\n}}")

    def write(self, head=True):
        fn = self.fn
        self.lines = [self.signature(), "{"] if head else ["{"]
        for name, t in fn.locals.items():
            self.emit(f"{c_type(t)} {c_name(name)}{' = 0' if t.kind != 's' else ''};")
        if self.handler == "ends":
            self.emit("ENTER(m, r);")
        self.block(fn.body)
        if self.handler in ("next", "ends"):
            self.emit(self.finish())
        elif not self.handler and fn.faults and not self.outs:
            self.emit("return 0;")
        self.lines.append("}")
        return "\n".join(self.lines)

    def handler_name(self):
        return self.program.c_name(self.fn.key) + (FLAT if self.flat else "")

    def finish(self):
        if self.then:
            return f"goto {self.then};"
        return "NEXT(m, r);" if self.handler == "next" else "LEAVE(m, r);"

    def emit(self, text):
        self.lines.append("    " * self.depth + text)

    # -- statements ----------------------------------------------------------------------------------------------

    def block(self, nodes):
        for n in nodes:
            getattr(self, "s_" + n.op)(n)

    def fault(self):
        if self.on_fault:
            return f"goto {self.on_fault};"
        if self.quick:
            return f"return {self.handler_name()}(m, r);"
        if self.handler:
            return "FAULT_ENDS(m, r);" if self.handler == "ends" else "FAULT(m, r);"
        return "return 1;"

    def call(self, node, take=None):
        """Emit a call that stands alone.  ``take(values)`` gets the C texts of the results."""
        target = self.program.target(node)
        args = self.arguments(node, target)
        outs = [] if node.type.kind == "n" else list(node.type.items) if node.type.kind == "t" else [node.type]
        faults, inline = target.faults, target.inline
        if not faults and len(outs) <= 1:
            text = f"{target.name}({', '.join(args)})"
            if take and outs:
                take([text if not target.u64_result else f"({c_type(outs[0])}){text}"])
            else:
                self.emit(text + ";")
            return
        if inline and outs:
            self.emit("{")
            self.depth += 1
            self.labels += 1
            temps = [f"t__{self.labels}_{i}" for i in range(len(outs))]
            for t, o in zip(temps, outs):
                self.emit(f"{c_type(o)} {t};")
            args += [f"&{t}" for t in temps]
            results = temps
        else:
            results = [f"({c_type(o)})m->r[{i}]" if n == 1 else f"((u128)m->r[{i + 1}] << 64 | m->r[{i}])"
                       for o, (i, n) in zip(outs, slots(outs))]
        text = f"{target.name}({', '.join(args)})"
        self.emit(f"if (UNLIKELY({text})) {self.fault()}" if faults else text + ";")
        if take and outs:
            take(results)
        if inline and outs:
            self.depth -= 1
            self.emit("}")

    def arguments(self, node, target):
        args = ["m"] + [str(c) for c in target.constants]
        for a in node.parts[1]:
            if a.type.kind == "s":
                if issubclass(a.type.cls, Component):
                    continue
                args.append(self.reference(a))
            else:
                args.append(self.expr(a))
        return args

    def s_expr(self, n):
        self.call(n.parts[0])

    def s_assign(self, n):
        place, value = n.parts
        if place.op == "local" and place.type.kind == "s":
            self.emit(f"{c_name(place.parts[0])} = {self.reference(value)};")
            return
        where = self.expr(place)
        if value.op == "call" and place.op != "local":  # the place is worked out after the call
            self.emit("{")
            self.nested_call(value, lambda v: self.emit(f"{c_type(value.type)} v__ = {v[0]}; {where} = v__;"))
            self.emit("}")
        elif value.op == "call":
            self.call(value, lambda v: self.emit(f"{where} = {v[0]};"))
        else:
            self.emit(f"{where} = {self.expr(value)};")

    def nested_call(self, value, take):
        self.depth += 1
        self.call(value, take)
        self.depth -= 1

    def s_assign_tuple(self, n):
        names, value = n.parts
        self.call(value, lambda v: [self.emit(f"{c_name(a)} = {b};") for a, b in zip(names, v)])

    def give(self, values):
        """Emit the return of values (C texts)."""
        h = self.handler
        if h in ("next", "ends"):
            self.emit(self.finish())
        elif h == "jump":
            suffix = FLAT if self.flat else ""
            self.emit(f"return ({values[0]}) ? jump_taken{suffix}(m, r) : jump_not_taken{suffix}(m, r);")
        elif h == "goto":
            self.emit(f"return jump_to(m, r, {values[0]});")
        elif self.by_pointer:
            for i, v in enumerate(values):
                self.emit(f"*o__{i} = {v};")
            self.emit("return 0;" if self.fn.faults else "return;")
        elif self.by_store:
            self.emit("{")
            self.depth += 1
            for i, (v, t) in enumerate(zip(values, self.outs)):  # all are worked out before the first is stored:
                self.emit(f"{c_type(t)} v__{i} = {v};")  # a nested call may use m->r
            for i, (at, n) in enumerate(slots(self.outs)):
                self.emit(f"m->r[{at}] = (u64)v__{i};")
                if n == 2:
                    self.emit(f"m->r[{at + 1}] = (u64)(v__{i} >> 64);")
            self.emit("return 0;" if self.fn.faults else "return;")
            self.depth -= 1
            self.emit("}")
        elif values:
            self.emit(f"return {values[0]};")
        else:
            self.emit("return 0;" if self.fn.faults else "return;")

    def s_return(self, n):
        values = n.parts[0]
        if len(values) == 1 and values[0].op == "call":
            self.call(values[0], self.give)
        else:
            self.give([self.expr(v) for v in values])

    def s_return_call(self, n):
        self.call(n.parts[0], self.give)

    def s_if(self, n):
        test, body, orelse = n.parts
        self.emit(f"if ({self.condition(test)}) {{")
        self.nested(body)
        if orelse:
            self.emit("} else {")
            self.nested(orelse)
        self.emit("}")

    def condition(self, e):
        """C text of a condition; a call that stands alone in it is made first."""
        if e.op == "not":
            return f"!{self.condition(e.parts[0])}"
        if e.op == "call":
            self.labels += 1
            name = f"c__{self.labels}"
            self.emit(f"bool {name};")
            self.call(e, lambda v: self.emit(f"{name} = {v[0]};"))
            return name
        return self.expr(e)

    def nested(self, nodes):
        self.depth += 1
        self.block(nodes)
        self.depth -= 1

    def s_while(self, n):
        self.emit(f"while ({self.expr(n.parts[0])}) {{")
        self.nested(n.parts[1])
        self.emit("}")

    def s_for(self, n):
        name, span, body = n.parts
        v = c_name(name)
        op = "<" if span.step > 0 else ">"
        self.labels += 1
        i = f"i__{self.labels}"
        self.emit(f"for (int {i} = {span.start}; {i} {op} {span.stop}; {i} += {span.step}) {{")
        self.depth += 1
        self.emit(f"{v} = {i};")
        self.block(body)
        self.depth -= 1
        self.emit("}")

    def s_break(self, n):
        self.emit("break;")

    def s_continue(self, n):
        self.emit("continue;")

    def s_raise(self, n):
        self.emit(f"m->cpu.fault_vector = {self.expr(n.parts[0])};")
        self.emit(f"m->cpu.fault_error = {self.expr(n.parts[1])};")
        self.emit(self.fault())

    def s_try(self, n):
        self.labels += 1
        label, done = f"except{self.labels}", f"done{self.labels}"
        before, self.on_fault = self.on_fault, label
        self.block(n.parts[0])
        self.on_fault = before
        self.emit(f"goto {done};")
        self.emit(f"{label}: UNUSED;")
        self.block(n.parts[1])
        self.emit(f"{done}: UNUSED;")

    # -- expressions ---------------------------------------------------------------------------------------------

    def reference(self, e):
        """C text of a pointer to a struct."""
        if e.op == "local":
            name = e.parts[0]
            if issubclass(e.type.cls, Component):
                return f"(&m->{self.program.instance(self.fn, e)})"
            return c_name(name)
        return f"&{self.expr(e)}"

    def expr(self, e):
        return getattr(self, "e_" + e.op)(e)

    def num(self, e):
        """C text of an operand of arithmetic, in the type that arithmetic is done in."""
        text = self.expr(e)
        if e.op == "const":
            return text
        if e.op in ("bin", "neg", "inv") and not (e.type.kind == "u" and e.type.wide):
            return text
        return f"({'i64' if e.type.kind == 'i' else 'u64'}){text}"

    def wide(self, e):
        return f"(u128){self.expr(e)}"

    def e_const(self, e):
        v = e.parts[0]
        if isinstance(v, bool):
            return "1" if v else "0"
        if e.type.kind == "i":
            return f"INT64_C({v})" if v > -(1 << 63) else "INT64_MIN"
        if v > (1 << 64) - 1:
            return f"((u128){v >> 64:#x}ull << 64 | {v & (1 << 64) - 1:#x}ull)"
        return f"{v if v < 10 else hex(v)}{'u' if v < 1 << 32 else 'ull'}"

    def e_local(self, e):
        if e.type.kind == "s" and issubclass(e.type.cls, Component):
            return f"m->{self.program.instance(self.fn, e)}"
        return c_name(e.parts[0])

    def e_field(self, e):
        base, name = e.parts
        if base.op == "local" and base.type.kind == "s" and not issubclass(base.type.cls, Component):
            return f"{c_name(base.parts[0])}->{c_name(name)}"
        return f"{self.expr(base)}.{c_name(name)}"

    def e_index(self, e):
        return f"{self.expr(e.parts[0])}[{self.expr(e.parts[1])}]"

    def e_table(self, e):
        return f"{self.program.table(e.parts[0])}[{self.expr(e.parts[1])}]"

    def e_and(self, e):
        return "(" + " && ".join(self.expr(x) for x in e.parts[0]) + ")"

    def e_or(self, e):
        return "(" + " || ".join(self.expr(x) for x in e.parts[0]) + ")"

    def e_not(self, e):
        return f"!{self.expr(e.parts[0])}"

    def e_neg(self, e):
        a = e.parts[0]
        if e.type.kind == "u":
            return f"({'(u128)0' if e.type.wide else '(u64)0'} - {self.wide(a) if e.type.wide else self.num(a)})"
        return f"(-{self.num(a)})"

    def e_inv(self, e):
        a = e.parts[0]
        return f"(~{self.wide(a)})" if e.type.wide else f"(~(u64){self.expr(a)})"

    def e_ifexp(self, e):
        test, a, b = e.parts
        cast = ""
        if e.type.kind == "u":
            cast = "(u128)" if e.type.wide else "(u64)"
        elif e.type.kind == "i":
            cast = "(i64)"
        return f"({self.expr(test)} ? {cast}{self.expr(a)} : {cast}{self.expr(b)})"

    def e_compare(self, e):
        op, a, b = e.parts
        if a.type.kind == "b":
            return f"({self.expr(a)} {op} {self.expr(b)})"
        if a.type.kind == "u" and (a.type.wide or b.type.wide):
            return f"({self.wide(a)} {op} {self.wide(b)})"
        return f"({self.num(a)} {op} {self.num(b)})"

    def e_bin(self, e):
        op, a, b = e.parts
        c_op = "/" if op == "//" else op
        if e.type.kind == "i":
            if op == "<<":
                return f"(i64)((u64){self.num(a)} << {self.expr(b)})"
            return f"({self.num(a)} {c_op} {self.num(b) if op != '>>' else self.expr(b)})"
        if e.type.wide:
            right = self.expr(b) if op in ("<<", ">>") else self.wide(b)
            return f"({self.wide(a)} {c_op} {right})"
        if op == "&" and b.op == "const" and a.type.max is not None and ~b.parts[0] & (1 << a.type.max.bit_length()) - 1 == 0:
            return self.num(a)  # what the mask would clear is 0 already
        left = f"(u64){self.expr(a)}" if a.op == "const" else self.num(a)
        return f"({left} {c_op} {self.expr(b) if op in ('<<', '>>') else self.num(b)})"

    def e_convert(self, e):
        width, a = e.parts
        text = self.expr(a)
        if isinstance(width, Signed):
            return f"(i64)({width.name})({text})"
        if a.type.kind == "b":
            return f"(u8)({text})"
        return f"({width.name})({text})"

    def e_call(self, e):
        target = self.program.target(e)
        if target.faults or e.type.kind == "t" or e.type.kind == "n":
            raise SubsetError(f"{self.fn.file}:{e.line}: this call stands alone")
        return f"(({c_type(e.type)}){target.name}({', '.join(self.arguments(e, target))}))"
