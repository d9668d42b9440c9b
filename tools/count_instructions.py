"""Count the host instructions that the native engine executes for our benchmark's rows: tools/count_instructions.py [--store] [ROW …].

Speed by the clock differs from run to run; this count hardly does.  Valgrind's callgrind counts what `emu_run` executes for
MEASURED guest instructions of a row, on a board without chips, after the first WARM, which set the row up and have its traces
made.  --store writes the counts to tests/bench/instructions.json, under the compiler, its options and the machine; the test
beside it holds later engines to them.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "tests" / "bench" / "instructions.json"
WARM, MEASURED = 1_000_000, 500_000             # guest instructions; setting up takes 0.8 million
MEMORY = 16 << 20
MOST = 0.05                                     # more of it is too many
ENDLESS = 1024                                  # times the usual rounds
WITHOUT_CHIPS = ("text-screen", "mode-13h", "planar", "port-io")     # need what the board has not
FUNCTION = "emu_run"


def rows():
    """The rows that are counted."""
    sys.path.insert(0, str(ROOT))
    from emu.bench import image
    return [name for name in image.own_rows() if name not in WITHOUT_CHIPS]


def drive(names):
    """Runs under valgrind: each row on a board of its own, by two calls of the engine."""
    sys.path.insert(0, str(ROOT))
    from emu.bench import image
    from emu.cpu.segments import update_mode
    from emu.cpu.state import CS
    from emu.suites.bare import BareBoard
    for name in names:
        board = BareBoard("native", MEMORY)
        code = image.own_code(ENDLESS, [name])
        board.memory.backing[image.LOADED_AT:image.LOADED_AT + len(code)] = code
        board.cpu.seg[CS].sel = board.cpu.seg[CS].base = 0
        board.cpu.eip = image.LOADED_AT
        update_mode(board.cpu)
        for count in (WARM, MEASURED):
            before = board.cpu.icount
            board.run(count)
            assert board.cpu.icount - before == count, f"{name} ended early"
        board.close()


def environment_key():
    """What the counts depend on, besides the engine: the compiler, its options, the machine."""
    sys.path.insert(0, str(ROOT))
    from native import build
    cc = build.compiler()
    if cc is None:
        return None
    version = subprocess.run([*cc, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    options = [option for option in build.CFLAGS if not option.startswith("-D")] + os.environ.get("EMU_CFLAGS", "").split()
    return f"{version}; {' '.join(options)}; {platform.machine()}"


def count(names):
    """{row: host instructions}.  Raises RuntimeError if valgrind fails."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--toggle-collect={FUNCTION}", f"--dump-after={FUNCTION}", f"--callgrind-out-file={out}",
                   sys.executable, __file__, "--drive", *names]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "0"})
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        totals = [int(re.search(r"^totals: (\d+)$", Path(f"{out}.{n}").read_text(), re.MULTILINE)[1]) for n in range(1, 2 * len(names) + 1)]
    return dict(zip(names, totals[1::2]))


def grown(before, found, most=MOST):
    """A line for each row that executes more than before, by more than ``most``."""
    return [f"{name}: {found[name]:,} host instructions instead of {before[name]:,} ({found[name] / before[name] - 1:+.1%})"
            for name in before if name in found and found[name] > before[name] * (1 + most)]


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help=f"write the counts to {STORED.relative_to(ROOT)}")
    parser.add_argument("--drive", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("row", nargs="*", help="default: all that need no chips")
    options = parser.parse_args()
    names = options.row or rows()
    if options.drive:
        drive(names)
        return
    if not shutil.which("valgrind"):
        sys.exit("valgrind is not installed")
    key = environment_key()
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    before = stored.get(key, {})
    found = count(names)
    print(key)
    for name, value in found.items():
        change = f"{(value / before[name] - 1) * 100:+7.2f} %" if name in before else ""
        print(f"{name:<15} {value:>12,} {value / MEASURED:>7.2f} a guest instruction {change}")
    if options.store:
        stored[key] = {**before, **found}
        STORED.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
