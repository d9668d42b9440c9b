"""Where the time of a run goes: `tools/profile_time.py [--top N] -- IMAGE [emu run options]`.

Linux's `perf` samples the native engine; each sample counts for what it fell into: instructions (and which), finding the next trace,
decoding, TLB misses and flushes, other slow memory paths, events and what ends a trace for them, chips (and which), Python, the host's
kernel.  For guest programs of a benchmark image see `emu bench`, for exact counts tools/count_instructions.py.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
LIBRARY = "_native.abi3.so"
# The first pattern that a function's name begins with says where a sample belongs.
GROUPS = (
    ("instructions: sequences", r"op_\w+__(?!flat$)"),
    ("instructions", r"op_|literal_"),
    ("leaving a trace: links, jumps, the table", r"leave_|jump_to|end_of_trace|overwritten|exit_mid|emu_run$|displaced|single"),
    ("decoding", r"decode_|make$|fetch_bytes|place|finish|fuse|check_writes|follows|literals_of"),
    ("code that was overwritten", r"backing_written|drop_overwritten|note_operand|code_store|kill"),
    ("TLB: misses and walks", r"lead_|paging_(lookup|walk|tlb_fill)|paging_\w*walk|keep_walk|find_directory"),
    ("TLB: flushes", r"paging_\w*(flush|drop)|host_drop|emu_map_changed|forget_walks"),
    ("slow memory paths", r"load_slow|store_slow|rmw_slow|\w+_general|other_|memory_|load_window|store_window|store_there|bank_"),
    ("repeated strings", r"(copy|fill|compare|scan)_(run|window)|string_"),
    ("events and interrupts", r"events_|exceptions_|frame_|returns_|board_expire|board_next|earliest|cut_short|look|deliver|sync_count"),
)


def samples(arguments, frequency):
    """[(library, function)] of a run, one for each sample."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        subprocess.run(["perf", "record", "-q", "-F", str(frequency), "-o", data, "--", sys.executable, "-m", "emu", "run",
                        "--display", "none", "--engine", "native", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym,dso"], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\s*[0-9a-f]+ (.*) \((.*)\)$", text, re.MULTILINE)
    return [(os.path.basename(library), function) for function, library in found]


def group(library, function, chips):
    """The group that a sample belongs to."""
    if library != LIBRARY:
        return "the host's kernel" if library.startswith("[") else "Python and libraries"
    for name, pattern in GROUPS:
        if re.match(pattern, function):
            return name
    chip = re.match(rf"({'|'.join(chips)})_", function)
    return f"chip: {chip[1]}" if chip else "what instructions call"


def table(title, counts, total, most):
    """Print shares, the largest first."""
    print(f"\n{title}")
    for name, n in counts.most_common(most):
        print(f"{n / total:8.1%}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--top", type=int, default=20, metavar="N", help="how many functions to list (default: 20)")
    parser.add_argument("--frequency", type=int, default=500, metavar="HZ", help="samples a second (default: 500)")
    parser.add_argument("run", nargs=argparse.REMAINDER, help="an image and options, as for emu run")
    args = parser.parse_args()
    if shutil.which("perf") is None:
        parser.error("perf is not installed (Debian: linux-perf)")
    from emu.bus.names import c_name
    from emu.machine import board
    chips = sorted((c_name(part) for part in board.PARTS if part not in ("cpu", "memory")), key=len, reverse=True)
    words = [str(Path(w).resolve()) if Path(w).is_file() else w for w in args.run[args.run[:1] == ["--"]:]]
    got = samples(words, args.frequency)
    if not got:
        parser.error("perf has taken no sample")
    table(f"{len(got)} samples", Counter(group(*s, chips) for s in got), len(got), None)
    table("functions of the engine", Counter(f for library, f in got if library == LIBRARY), len(got), args.top)


if __name__ == "__main__":
    main()
