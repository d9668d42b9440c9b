"""Count which instructions follow each other: `tools/profile_pairs.py [--write] -- IMAGE [emu run options] [-- IMAGE …]`.

Builds a native engine that counts, runs each command line on it, and prints the pairs of handlers that pay most as steps of
their own; --write makes native/pairs.txt of them.  Every run counts the same, however long it is.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDERS = "emu", "native"


def profile(tree, arguments):
    """{(first, second): share of all steps} of one run of the counting engine in ``tree``."""
    out = tree / "pairs"
    environment = dict(os.environ, PYTHONPATH=str(tree), EMU_PROFILE=str(out))
    subprocess.run([sys.executable, "-m", "emu", "run", "--display", "none", "--engine", "native", *arguments], cwd=tree,
                   env=environment, check=True)
    rows = [line.split() for line in out.read_text().splitlines()]
    total = sum(int(n) for n, _, _ in rows)
    return {(first, second): int(n) / total for n, first, second in rows}


def choose(shares, most, branches):
    """The ``most`` frequent pairs, and ``branches`` more of those that end in a conditional branch."""
    from emu.cpu.forms import GOTO, JUMP, NEXT, tables
    kinds = {f"op_{f.name}": f.kind for f in tables().handlers}
    possible = [p for p, _ in shares.most_common() if kinds[p[0]] == NEXT and kinds[p[1]] in (NEXT, JUMP, GOTO)]
    rest = [p for p in possible[most:] if kinds[p[1]] == JUMP]
    return possible[:most] + rest[:branches]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=260)
    parser.add_argument("--branches", type=int, default=140)
    parser.add_argument("--write", action="store_true", help="write native/pairs.txt")
    parser.add_argument("commands", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    runs = [[]]
    for word in args.commands[args.commands[:1] == ["--"]:]:
        runs.append([]) if word == "--" else runs[-1].append(word)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        subprocess.run([sys.executable, "native/build.py"], cwd=tree, check=True,
                       env=dict(os.environ, EMU_CFLAGS="-DEMU_PROFILE", PYTHONPATH=str(tree)))
        shares = Counter()
        for run in runs:
            for pair, share in profile(tree, [str(ROOT / w) if (ROOT / w).is_file() else w for w in run]).items():
                shares[pair] += share / len(runs)
    chosen = choose(shares, args.most, args.branches)
    for pair in chosen[:40]:
        print(f"{shares[pair]:7.2%}  {pair[0]} {pair[1]}")
    print(f"{sum(shares[p] for p in chosen):7.2%}  of all steps in {len(chosen)} pairs")
    if args.write:
        path = ROOT / "native" / "pairs.txt"
        head = [line for line in path.read_text().splitlines() if line.startswith("#")]
        path.write_text("\n".join(head + sorted(" ".join(p) for p in chosen)) + "\n")


if __name__ == "__main__":
    main()
