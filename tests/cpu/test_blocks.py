"""Blocks of the Python engine against the same engine one by one: the same state wherever a run is cut."""

import random
from math import inf

import pytest
from data import nasm

from emu.bus.component import checked
from emu.bus.memory import WATCH_VIDEO
from emu.cpu.blocks import Block
from emu.cpu.paging import lookup_write
from emu.cpu.python_engine import MOST_DECODED
from emu.machine import board as topology
from emu.machine.python_parts import PythonParts
from emu.suites.bare import BareBoard

SIZE, START, DATA = 1 << 20, 0x7C00, 0x9000

# Real mode; DS, ES and SS at 0, SP at 7C00h.  The handler of #DE notes the flags and goes on behind the instruction of two bytes.
HEAD = f"""
bits 16
org {START}
data equ {DATA}
mov word [0], divide
mov word [2], 0
jmp start
divide: push bp
        mov bp, sp
        push ax
        mov ax, [bp + 6]
        mov [data + 0x100], ax
        add word [bp + 2], 2
        inc word [data + 0x102]
        pop ax
        pop bp
        iret
start:  mov sp, 0x7c00
"""

PROGRAMS = {
    "arithmetic": """
        mov cx, 300
turn:   add ax, cx
        adc bx, ax
        sbb dl, bh
        rol dx, 3
        inc si
        xor eax, 0x12345678
        shr edx, 5
        imul ebx, eax, 77
        cmp ax, bx
        jle less
        neg dx
less:   setc [data]
        movsx edi, al
        bt eax, 5
        cmovc ebp, edi
        dec cx
        jnz turn
""",
    "memory": """
        mov cx, 200
        mov bx, data
turn:   mov [bx], eax
        add ax, [bx + 1]
        inc word [bx + 3]
        xchg [bx + 2], dx
        cmpxchg [bx], ax
        xadd [bx + 5], dl
        push word [bx]
        pop word [bx + 4]
        lodsb
        stosw
        cmpsb
        and si, 0x3ff
        and di, 0x3ff
        add di, data
        add bx, 7
        dec cx
        jnz turn
""",
    "faults": """
        mov cx, 100
turn:   mov ax, cx
        mov bl, cl
        and bl, 3
        add dx, 0x7fff
        div bl
        add si, ax
        dec cx
        jnz turn
""",
    "own code": """
        mov cx, 120
turn:   inc word [place + 1]
        add dx, 3
place:  mov ax, 5
        add bx, ax
        test cl, 7
        jnz no
        xor byte [other], 8
no:     nop
other:  inc di
        dec cx
        jnz turn
""",
    "page": """
        mov cx, 100
        jmp across
        times 0x7fe0 - START - ($ - $$) db 0x90
across: add ax, cx
        mov [data + 0xfff], eax
        add eax, 0x12345678
        mov edx, [data + 0xffe]
        mov ebx, 0x12345678
        add esi, 0x01020304
        xor edi, esi
        dec cx
        jnz across
""",
    "calls": """
        mov cx, 100
turn:   push cx
        call sub1
        pop cx
        loop turn
        jmp done
sub1:   push bp
        mov bp, sp
        mov ax, [bp + 4]
        add bx, ax
        call sub2
        leave
        ret
sub2:   pushf
        pop dx
        rep stosb
        pusha
        popa
        ret
done:   nop
""",
    "ports": """
        mov cx, 150
turn:   mov dx, 0x60
        mov ax, cx
        xchg ebx, eax
        in al, dx
        add bx, ax
        pushf
        and word [data + 2], 0x0cd5
        popf
        jc even
        mov eax, ebp
        mov ebp, 77
        out 0x70, eax
even:   out 0x61, al
        cli
patch:  add si, 5
        in ax, 0x40
        adc di, ax
        dec cx
        jnz turn
""",
    "beside code": """
        mov cx, 150
        jmp turn
        nop
place:  dd 0, 0, 0, 0, 0
turn:   mov [place + 1], ecx
        add [place + 6], cx
        inc byte [place + 19]
        mov ax, [place + 3]
        add bx, ax
        mov si, data
        mov di, place
        push cx
        mov cx, 12
        rep movsb
        mov cx, 11
        mov di, place + 15
        cmp byte [turn], 0xff
        je turn
        pop cx
        dec cx
        jnz turn
""",
}


def assemble(name, folder):
    (folder / "x.asm").write_text(HEAD.replace("{START}", str(START)) + PROGRAMS[name].replace("START", str(START))
                                  + "\n        jmp start\n")
    return nasm(folder / "x.asm", folder / "x.bin").read_bytes()


class Chip:
    """Answers with what it sees of the processor, changes registers as the VMware backdoor does, writes code as a DMA does."""

    def __init__(self, board):
        self.cpu, self.memory, self.seen = board.cpu, board.memory, []
        for bits in (8, 16, 32):
            setattr(board.cpu, f"port_read{bits}", self.read)
            setattr(board.cpu, f"port_write{bits}", self.write)

    def read(self, port):
        self.seen.append((port, self.cpu.icount, *self.cpu.gpr))
        if port == 0x40:
            self.cpu.set_register(3, self.cpu.icount & 0xFFFF)
        return (self.cpu.icount * 7 ^ self.cpu.gpr[1]) & 0x7F

    def write(self, port, value):
        self.seen.append((port, value, self.cpu.icount, *self.cpu.gpr))
        if port == 0x61 and value & 7 == 7:  # the immediate of the instruction after next
            at = self.memory.backing.find(b"\x83\xc6", START)
            self.memory.write(at + 2, [value])


def machine(code, hot):
    board = BareBoard("python", SIZE)
    board.chip = Chip(board)
    board.memory.backing[START:START + len(code)] = code
    cpu = board.cpu
    cpu.seg[1].sel = cpu.seg[1].base = 0
    cpu.eip = START
    board.parts.engine.hot = hot
    return board


def blocks(board):
    return sum(b.__class__ is Block for heads in board.parts.engine.heads.values() for b in heads.values())


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_state_wherever_it_is_cut(name, tmp_path):
    code = assemble(name, tmp_path)
    got, wanted = machine(code, 1), machine(code, inf)
    rng = random.Random(name)
    made = 0
    for _ in range(120):
        count = rng.choice((1, 2, 3, 7, 20, 50, 150))
        for board in (got, wanted):
            board.run(count)
        assert got.cpu.save() == wanted.cpu.save()
        assert got.memory.backing == wanted.memory.backing
        assert got.chip.seen == wanted.chip.seen
        made = max(made, blocks(got))
    assert made and not blocks(wanted)
    if name == "ports":
        assert len({seen[0] for seen in got.chip.seen}) == 4
    if name == "faults":
        assert int.from_bytes(got.memory.backing[DATA + 0x102:DATA + 0x104], "little")


def test_decoded_code_is_dropped_while_blocks_are_made(tmp_path):
    code = assemble("own code", tmp_path)
    got, wanted = machine(code, 1), machine(code, inf)
    for n in range(60):
        got.parts.engine.kept = MOST_DECODED - n
        for board in (got, wanted):
            board.run(40)
        assert got.cpu.save() == wanted.cpu.save()
    assert got.memory.backing == wanted.memory.backing


def test_no_blocks_where_stores_are_checked():
    parts = PythonParts(SIZE, None, {name: checked(cls) for name, cls in topology.PARTS.items()})
    assert parts.engine.hot == inf


def test_pages_of_video_memory_are_marked_again():
    """Blocks and runs mark what they write to, once for each time the display looks."""
    got = machine(b"", 1)
    memory, pages = got.memory, got.parts.engine.pages
    memory.vram_offset = DATA & ~0xFFF
    memory.watch[DATA >> 12] = WATCH_VIDEO
    lookup_write(got.cpu, DATA, False)
    store = pages.access(2)[3]
    for write in (lambda: store(DATA + 1, 0x1234), lambda: pages.fill_run(DATA, 3, 0x505, 2)):
        for _ in range(2):
            got.parts.rearm_video()
            assert DATA >> 12 not in pages.banks[0][1]
            memory.dirty[0] = 0
            write()
            assert memory.dirty[0] and memory.backing[DATA + 1]
            write()
            assert DATA >> 12 in pages.banks[0][1]


def test_poll_looks_after_a_chip_that_makes_a_timer_due_earlier():
    board = BareBoard("python", SIZE)
    parts, cpu = board.parts, board.cpu
    name, timer = topology.timers()[0]
    part = parts.parts[name]
    setattr(part, timer.deadline, 5000)
    assert cpu.next_deadline() == 5000
    cpu.attention = False
    parts.accessed()
    assert not cpu.attention
    setattr(part, timer.deadline, 6000)
    parts.accessed()
    assert not cpu.attention
    setattr(part, timer.deadline, 4000)
    parts.accessed()
    assert cpu.attention
