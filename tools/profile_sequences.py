"""Choose which instructions become one step together: `tools/profile_sequences.py [--write] -- IMAGE [emu run options] [-- IMAGE …]`.

Builds a native engine that counts how often each trace runs, runs each command line on it, and prints the sequences of handlers
that pay most; --write makes native/sequences.txt of them.  Every run counts the same, however long it is.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from string import ascii_lowercase

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDERS = "emu", "native"
COVERED = 0.995  # the share of all instructions that is looked at: the rest are many traces that hardly run


def profile(tree, arguments):
    """{a trace, as (handler, its registers as FIELDS has them) for each instruction: how often it ran, by all instructions of the run}
    of one run of the counting engine in ``tree``."""
    out = tree / "profile"
    environment = dict(os.environ, PYTHONPATH=str(tree), EMU_PROFILE=str(out))
    subprocess.run([sys.executable, "-m", "emu", "run", "--display", "none", "--engine", "native", *arguments], cwd=tree,
                   env=environment, check=True)
    traces = Counter()
    with open(out) as lines:
        for line in lines:
            runs, trace = line.rstrip().split(" ", 1)
            traces[trace] += int(runs)
    total = sum((trace.count(" ") + 1) * n for trace, n in traces.items())
    return {tuple((w[0], tuple(w[1:])) for w in (word.split("/") for word in trace.split())): n / total for trace, n in traces.items()}


def pieces(trace, kinds):
    """Stretches of a trace that may become one step: up to the last instruction only what goes to the next."""
    from emu.cpu.forms import GOTO, JUMP, NEXT
    start = 0
    for n, (handler, _) in enumerate(trace):
        if kinds.get(handler) != NEXT:
            end = n + 1 if kinds.get(handler) in (JUMP, GOTO) else n
            if end - start > 1:
                yield trace[start:end]
            start = n + 1
    if len(trace) - start > 1:
        yield trace[start:]


class Piece:
    """A piece, how often it runs, and the sequences that could stand at each place: any registers, and these ones."""

    def __init__(self, miner, piece, share):
        self.share, self.length = share, len(piece)
        self.keys = {(i, n): miner.keys_of(piece[i:i + n]) for i in range(len(piece)) for n in range(2, miner.longest + 1)
                     if i + n <= len(piece)}
        self.parts = []

    def parse(self, chosen, gain):
        """The steps that gain most, as native/make.c finds them: [(place, length, key or None)]."""
        best = [(0, None)] * (self.length + 1)
        for i in reversed(range(self.length)):
            found = best[i + 1][0], None
            for n in range(2, self.length - i + 1):
                keys = self.keys.get((i, n))
                if keys is None:
                    break
                for key in keys:
                    if key in chosen and best[i + n][0] + gain(key) > found[0]:
                        found = best[i + n][0] + gain(key), (i, n, key)
            best[i] = found
        self.parts, i = [], 0
        while i < self.length:
            self.parts.append(best[i][1] or (i, 1, None))
            i += self.parts[-1][1]

    def wishes(self, gain):
        """(key, what it would gain here) of sequences that are not there: two steps in one, or a step for just these registers."""
        for part, (j, m, second) in zip(self.parts, self.parts[1:] + [(0, 99, None)]):
            i, n, first = part
            now = gain(first)
            for key in self.keys.get((i, n), ()):
                if gain(key) > now:
                    yield key, self.share * (gain(key) - now)
            for key in self.keys.get((i, n + m), ()):
                yield key, self.share * (gain(key) - now - gain(second))


class Miner:
    def __init__(self, generator, longest):
        self.generator, self.longest, self.gains = generator, longest, {None: 0}

    def keys_of(self, part):
        """Keys are (handlers, letters or None)."""
        from native.sequences import FIELDS
        by_name, q = self.generator.by_name, self.generator.sequences
        names = tuple(name for name, _ in part)
        letters, met = [], {}
        for name, registers in part:
            named = dict(zip(FIELDS, registers))
            letters.append("".join(met.setdefault(named[f], ascii_lowercase[len(met)]) for f in q.fields(by_name[name])))
        alike = names, tuple(letters)
        return ((names, None), alike) if self.gain(alike) > self.gain((names, None)) else ((names, None),)

    def gain(self, key):
        if key not in self.gains:
            names, letters = key
            self.gains[key] = self.generator.sequences.gain([self.generator.by_name[n] for n in names], letters)
        return self.gains[key]

    def choose(self, shares, most):
        """{sequence: how often it runs} of the ``most`` that gain most together: what pays most comes first, again and again; then what
        is not needed once all are there makes room for more."""
        found = [Piece(self, piece, share) for piece, share in shares.items()]
        where = {}
        for piece in found:
            for keys in piece.keys.values():
                for key in keys:
                    where.setdefault(key, set()).add(piece)
        chosen, refused = set(), set()
        for piece in found:
            piece.parse(chosen, self.gain)
        while True:
            while len(chosen) < most:
                wishes = Counter()
                for piece in found:
                    for key, gained in piece.wishes(self.gain):
                        if key not in chosen and key not in refused:
                            wishes[key] += gained
                new = [key for key, gained in wishes.most_common(min(most - len(chosen), 1 + len(wishes) // 500)) if gained > 0]
                if not new:
                    break
                chosen.update(new)
                for piece in set().union(*(where[key] for key in new)):
                    piece.parse(chosen, self.gain)
            used = Counter()
            for piece in found:
                for _, _, key in piece.parts:
                    if key:
                        used[key] += piece.share * self.gain(key)
            least = sorted(used[c] for c in chosen)[len(chosen) // 20]
            idle = [c for c in chosen if used[c] < least / 2]
            if not idle or len(chosen) < most or len(refused) > 3 * most:
                return {c: used[c] for c in chosen}
            refused.update(idle)
            chosen.difference_update(idle)
            for piece in set().union(*(where[key] for key in idle)):
                piece.parse(chosen, self.gain)


def line(key):
    names, letters = key
    return " ".join(names if letters is None else (f"{n}:{c}" for n, c in zip(names, letters)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=700)
    parser.add_argument("--longest", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="write native/sequences.txt")
    parser.add_argument("commands", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    runs = [[]]
    for word in args.commands[args.commands[:1] == ["--"]:]:
        runs.append([]) if word == "--" else runs[-1].append(word)
    traces = Counter()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
        subprocess.run([sys.executable, "native/build.py"], cwd=tree, check=True,
                       env=dict(os.environ, EMU_CFLAGS="-DEMU_PROFILE", PYTHONPATH=str(tree)))
        for run in runs:
            for trace, share in profile(tree, [str(ROOT / w) if (ROOT / w).is_file() else w for w in run]).items():
                traces[trace] += share / len(runs)
    from native.generate import Generator
    generator = Generator()
    kinds = {name: generator.program.handlers[key] for name, key in generator.by_name.items()}
    shares, seen = Counter(), 0
    for trace, share in sorted(traces.items(), key=lambda t: -t[1] * len(t[0])):
        for piece in pieces(trace, kinds):
            shares[piece] += share
        seen += share * len(trace)
        if seen > COVERED:
            break
    chosen = Miner(generator, args.longest).choose(shares, args.most)
    for key in sorted(chosen, key=chosen.get, reverse=True)[:40]:
        print(f"{chosen[key]:7.2f}  {line(key)}")
    print(f"{sum(chosen.values()):.2f} host instructions gained for a guest's by {len(chosen)} sequences")
    if args.write:
        from native.sequences import FILE
        head = [text for text in FILE.read_text().splitlines() if text.startswith("#")]
        FILE.write_text("\n".join(head + sorted(map(line, chosen))) + "\n")


if __name__ == "__main__":
    main()
