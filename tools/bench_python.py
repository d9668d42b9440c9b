"""Speed of the Python engine on integer loops: without blocks, with them, and the ratio, in CPU seconds of one run.

    python tools/bench_python.py [NAME…] [--seconds N] [--show]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from math import inf
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from emu.cpu.blocks import Compiler  # noqa: E402
from emu.cpu.segments import update_mode  # noqa: E402
from emu.cpu.state import CR0_PE, CS, SEG_READ, SEG_WRITE  # noqa: E402
from emu.suites.bare import BareBoard  # noqa: E402

SIZE, START = 1 << 20, 0x10000
DATA, STACK = 0x20000, 0x9000
FLAT_CODE, FLAT_DATA = 0xC09B, 0xC093

LOOPS = {
    "sieve": """
again:  mov edi, DATA
        mov ecx, 2000
        mov eax, 0x01010101
fill:   mov [edi], eax
        add edi, 4
        dec ecx
        jnz fill
        mov esi, 2
outer:  cmp byte [esi + DATA], 0
        je next
        lea ebx, [esi + esi]
mark:   mov byte [ebx + DATA], 0
        add ebx, esi
        cmp ebx, 8000
        jb mark
next:   inc esi
        cmp esi, 90
        jb outer
        jmp again
""",
    "crc": """
again:  mov esi, DATA
        mov ecx, 1000
        mov eax, -1
byte1:  movzx edx, byte [esi]
        inc esi
        xor eax, edx
        mov ebx, 8
bit1:   shr eax, 1
        jnc skip
        xor eax, 0xEDB88320
skip:   dec ebx
        jnz bit1
        dec ecx
        jnz byte1
        mov [DATA], eax
        jmp again
""",
    "sort": """
again:  mov edi, DATA
        mov ecx, 200
        mov eax, 12345
make:   imul eax, eax, 1103515245
        add eax, 12345
        mov [edi], eax
        add edi, 4
        loop make
        mov ecx, 199
pass1:  mov esi, DATA
        mov edx, ecx
pair:   mov eax, [esi]
        mov ebx, [esi + 4]
        cmp eax, ebx
        jle right
        mov [esi], ebx
        mov [esi + 4], eax
right:  add esi, 4
        dec edx
        jnz pair
        dec ecx
        jnz pass1
        jmp again
""",
    "calls": """
again:  mov ecx, 1000
turn:   push ecx
        push 7
        call add7
        pop ecx
        add ebx, eax
        dec ecx
        jnz turn
        jmp again
add7:   push ebp
        mov ebp, esp
        mov eax, [ebp + 8]
        add eax, [ebp + 12]
        pop ebp
        ret 4
""",
}


def assemble(source):
    """Machine code of 32-bit assembly."""
    with tempfile.TemporaryDirectory() as folder:
        asm, out = Path(folder) / "x.asm", Path(folder) / "x.bin"
        asm.write_text(f"bits 32\norg {START}\nDATA equ {DATA}\n{source}")
        subprocess.run(["nasm", "-f", "bin", "-o", out, asm], check=True)
        return out.read_bytes()


def board_with(code, hot=None):
    """A flat 32-bit processor at the start of some code."""
    board = BareBoard("python", SIZE)
    cpu = board.cpu
    board.memory.backing[START:START + len(code)] = code
    cpu.cr0 |= CR0_PE
    for n in range(6):
        s = cpu.seg[n]
        s.sel, s.base, s.limit, s.low, s.high = 8, 0, 0xFFFFFFFF, 0, 0xFFFFFFFF
        s.attr, s.access = FLAT_CODE if n == CS else FLAT_DATA, SEG_READ | SEG_WRITE
    update_mode(cpu)
    cpu.eip, cpu.gpr[4] = START, STACK
    if hot is not None:
        board.parts.engine.hot = hot
    return board


def speed(board, seconds):
    """Instructions a CPU second."""
    board.run(20_000)
    first, start = board.cpu.icount, time.process_time()
    while time.process_time() - start < seconds:
        board.run(50_000)
    return (board.cpu.icount - first) / (time.process_time() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(LOOPS))
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU seconds a figure")
    parser.add_argument("--show", action="store_true", help="print the blocks")
    args = parser.parse_args()
    Compiler.shown = print if args.show else None
    total, names = 1.0, args.names or list(LOOPS)
    print(f"{'':8}{'one by one':>12}{'blocks':>12}{'ratio':>8}   (million instructions a CPU second)")
    for name in names:
        code = assemble(LOOPS[name])
        before = speed(board_with(code, inf), args.seconds)
        board = board_with(code)
        after = speed(board, args.seconds)
        total *= after
        print(f"{name:8}{before / 1e6:12.3f}{after / 1e6:12.3f}{after / before:8.1f}")
    print(f"{'mean':8}{'':12}{total ** (1 / len(names)) / 1e6:12.3f}")


if __name__ == "__main__":
    main()
