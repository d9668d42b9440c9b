"""Rewrite gcc's 16-bit code (-m16) for simple x86 interpreters, and look that an image has nothing which they lack.

X servers, boot managers and drivers run a VGA BIOS by interpreters of the 8086 that were taught some of the 386.  Many of them
push and pop 16 bits at near calls, returns and LEAVE whatever the operand size, cut LEA to 16 bits, and know no instruction of
the 486.  ``rewrite`` turns these into others of the same effect; ``scan`` reads a disassembly and names what is left.
"""

import re

# The 8086's and 386's instructions that interpreters have; by objdump's names without size suffix
KNOWN = set("""
    mov movz movs movsb movsw movsl movzb movzw movzx movsx movzbw movzbl movzwl movsbw movsbl movswl stos lods xchg push pop pusha popa pushf popf
    add adc sub sbb cmp and or xor test not neg inc dec mul imul div idiv shl shr sar rol ror rcl rcr shld shrd
    lea cbtw cwtl cwtd cltd jmp call ret lret iret in out cli sti cld std clc stc cmc nop rep repz repnz
    ja jae jb jbe jc je jne jg jge jl jle jo jno jp jnp js jns jcxz loop
    seta setae setb setbe sete setne setg setge setl setle seto setno sets setns bt bts btr bsf bsr""".split())
# In these the operand size changes more than the registers' width, and interpreters get it wrong
WORD_ONLY = {"call", "ret", "leave", "enter", "lea", "jmp", "iret", "lret"}

REGISTER = r"%e[a-ds][xip]"
LEA = re.compile(r"\tleal\t(?P<disp>[^(,]*)(?:\((?P<base>%\w+)?(?:,(?P<index>%\w+)(?:,(?P<scale>\d))?)?\))?, (?P<to>%\w+)$")
READS_FLAGS = re.compile(r"j(?!mp)|set|adc|sbb|rcl|rcr|pushf|lahf|loop")
SETS_FLAGS = re.compile(r"(add|sub|cmp|test|and|or|xor|neg|mul|imul|bt|cld|std|popf)[bwl]?$")


def rewrite(text):
    """Assembler text of gcc -m16, with near calls and returns of 16 bits on a stack of 32, and without LEA."""
    lines = text.splitlines()
    out = []
    for n, line in enumerate(lines):
        fields = line.split("\t")
        name = fields[1] if len(fields) > 1 and not fields[0] else ""
        if name == "call":
            out += ["\tpushw\t%ax", f"\tcallw\t{fields[2]}"]
        elif name == "ret":
            out.append("\tretw\t$2")
        elif name == "leave":
            out += ["\tmovl\t%ebp, %esp", "\tpopl\t%ebp"]
        elif name == "pushl" and fields[2].startswith("$"):  # never the form with a byte, which some extend to 16 bits
            out += ["\t.byte\t0x66, 0x68", f"\t.long\t{fields[2][1:]}"]
        elif name == "leal":
            out += without_lea(line, flags_live(lines, n + 1))
        else:
            out.append(line)
    return "\n".join(out) + "\n"


def flags_live(lines, n, seen=()):
    """Does an instruction from line ``n`` on read flags that were set before?"""
    while n < len(lines):
        fields = lines[n].split("\t")
        name = fields[1] if len(fields) > 1 and not fields[0] else ""
        if READS_FLAGS.match(name):
            return True
        if SETS_FLAGS.match(name) or name in ("call", "ret"):
            return False
        if name == "jmp":
            target = fields[2] + ":"
            if target in seen or target not in lines:  # another function
                return False
            return flags_live(lines, lines.index(target), (*seen, target))
        n += 1
    return False


def without_lea(line, keep_flags):
    """The lines that do what a LEA does."""
    found = LEA.match(line)
    if not found:
        raise ValueError(f"LEA of an unknown form: {line}")
    base, index, to, disp = found["base"], found["index"], found["to"], found["disp"]
    shift = (int(found["scale"] or 1)).bit_length() - 1
    move, steps = [], []
    if index is None:
        if base is None:
            return [f"\tmovl\t${disp}, {to}"]
        if base != to:
            move = [f"\tmovl\t{base}, {to}"]
    elif base == index == to:
        steps = [f"\timull\t${1 + (1 << shift)}, {to}, {to}"]
    elif base == to:
        steps = [f"\taddl\t{index}, {to}"] * (1 << shift)
    else:
        first = base if base is not None and shift == 0 and index != to else index
        second = index if first == base else base
        if first != to:
            move = [f"\tmovl\t{first}, {to}"]
        if shift:
            steps.append(f"\tshll\t${shift}, {to}")
        if second is not None:
            steps.append(f"\taddl\t{second}, {to}")
    if disp not in ("", "0"):
        steps.append(f"\taddl\t${disp}, {to}")
    if keep_flags and steps:
        if any("%esp" in step for step in steps):
            raise ValueError(f"LEA with ESP amid flags: {line}")
        steps = ["\tpushfw", *steps, "\tpopfw"]
    return move + steps


def scan(disassembly):
    """What a 16-bit disassembly (objdump -d -M i8086, with the bytes) has that interpreters lack: a list of texts."""
    wrong = []
    for line in disassembly.splitlines():
        fields = line.split("\t")
        if len(fields) < 3 or not fields[0].strip().rstrip(":").isalnum():
            continue
        code = bytes.fromhex(fields[1])
        words = re.sub(r"#.*|<.*?>", "", fields[2]).split()
        while words and words[0] in ("rep", "repz", "repnz", "addr32", "data32", "data16", "addr16", "fs", "gs", "cs", "ds", "es", "ss"):
            words.pop(0)
        name = words[0].split(",")[0] if words else "rep"
        bare = name if name in KNOWN or name[:-1] not in KNOWN | WORD_ONLY else name[:-1]
        prefixes = code[:len(code) - len(code.lstrip(b"\x66\x67\xf2\xf3\x26\x2e\x36\x3e\x64\x65"))]
        why = None
        if bare not in KNOWN:
            why = "no instruction that all interpreters have"
        elif bare in WORD_ONLY and b"\x66" in prefixes:
            why = "taken for 16 bits"
        elif bare == "lea":
            why = "cut to 16 bits"
        elif b"\x66" in prefixes and code[len(prefixes)] in (0x06, 0x0E, 0x16, 0x1E, 0x6A, 0x07, 0x17, 0x1F):
            why = "pushes 16 bits"
        elif b"\xf2" in prefixes[1:] or b"\xf3" in prefixes[1:]:
            why = "a prefix before REP is forgotten"
        elif len(words) > 1 and re.search(r"(?<![\w:%$])-?0x[0-9a-f]+(?!\(|[0-9a-f])", words[1]) and bare not in ("jmp", "call") \
                and not bare.startswith("j") and not bare.startswith("loop") and "%fs:" not in words[1] \
                and "%gs:" not in words[1] and "%es:" not in words[1]:
            why = "a constant outside the ROM's segment"
        if why:
            wrong.append(f"{line.strip()}: {why}")
    return wrong
