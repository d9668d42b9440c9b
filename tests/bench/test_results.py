"""The benchmark's way from lines on COM1 to figures: processes that only print stand in for emulators."""

import io
import sys
from xml.etree import ElementTree

import pytest

from emu.bench import chart, image, results
from emu.bench.compete import compete
from emu.bench.measure import Failed, Rows
from emu.bench.table import Table

SILENT = "import time; time.sleep(60)"


class Prints:
    """A contestant that runs Python code."""

    share = 1

    def __init__(self, name, code, counts):
        self.name, self.title, self.code, self.counts = name, name.upper(), code, counts

    def command(self, _image, _folder):
        return [sys.executable, "-S", "-c", self.code], None

    def environment(self):
        return None


def ours(name, *figures):
    """Rows of (name, rounds, CPU seconds, instructions) after each other."""
    lines, cpu, count = [], 1.0, 100
    for row, rounds, seconds, instructions in figures:
        lines.append(f"{cpu} {count} BEGIN {row}")
        cpu, count = cpu + seconds, count + instructions
        lines.append(f"{cpu} {count} BENCH {row} {rounds} 0 5A")
    text = "\n".join([*lines, f"{cpu} {count} BENCH-DONE", ""])
    return Prints(name, f"print({text!r}, flush=True)", True)


PEER = Prints("peer", """
import time
print("hello\\nBEGIN alu", flush=True)
end = time.process_time() + 0.2
while time.process_time() < end: pass
print("BENCH alu 1000 0 5B\\r\\nBENCH-DONE", flush=True)
time.sleep(60)
""", False)


def test_figures():
    first = ours("first", ("alu", 500, 0.5, 10_000_000), ("x87", 7, 0.25, 1_000_000))
    second = ours("second", ("alu", 50, 0.5, 1_000_000), ("x87", 7, 0.25, 1_000_000))
    contestants = [first, second, PEER]
    measured, notes = compete(contestants, lambda _: None, 2, 30, lambda _: None)
    found = results.gather("test", contestants, measured, 2, notes)
    assert found.mips("first", "alu") == pytest.approx(20) and found.ratio("second", "alu") == pytest.approx(10)
    # a thousand rounds of 20,000 instructions in 0.2 s of its own CPU time, as seen from outside
    assert 60 < found.mips("peer", "alu") <= 101 and found.mips("peer", "x87") is None
    assert found.group_mips("first", ["alu", "x87"]) == pytest.approx(80 ** 0.5)
    assert list(found.groups()) == ["integer", "floating point", "all"]
    # the checksum is compared only where as many rounds were run
    assert found.notes == []
    measured["second"][1][1].checksum = "5C"
    assert results.gather("test", contestants, measured, 2, []).notes == ["x87: second has the checksum 5C, first 5A"]
    out = io.StringIO()
    Table(found, out).print()
    text = out.getvalue()
    assert "\x1b" not in text and "#####" in text and "peer: PEER" in text
    assert next(line for line in text.splitlines() if line.startswith("alu")).split()[1:5] == ["20.0", "0.500", "2.00", "10.0"]
    assert found.as_dict()["rows"][0]["figures"]["second"]["ratio"] == 10
    ElementTree.fromstring(chart.svg(found))


@pytest.mark.parametrize("code", ["print('1.0 5 BEGIN a')", "print('1.0 5 BENCH-DONE')", "raise SystemExit('no memory')", SILENT])
def test_who_fails(code):
    """Of ours: an error.  Of the peers: a note, and the others go on."""
    fails = Prints("fails", code, True)
    timeout = 0.4 if code is SILENT else 30
    with pytest.raises(Failed) as caught:
        compete([fails], lambda _: None, 1, timeout, lambda _: None)
    assert caught.value.late == (code is SILENT)
    fails.counts, fails.code = False, code.replace("1.0 5 ", "")
    fine = ours("first", ("alu", 5, 0.5, 10))
    measured, notes = compete([fine, fails], lambda _: None, 2, max(timeout, 1), lambda _: None)
    assert list(measured) == ["first"] and len(measured["first"]) == 2
    assert len(notes) == 1 and notes[0].startswith("fails is left out: ")
    assert "no memory" in notes[0] or "memory" not in code


def test_lines_that_are_none():
    rows = Rows(lambda _: None)
    for text in ("BENCH never-begun 5 0 0", "BEGIN", "BEGIN a b", "BENCH a 5 0", "BEGIN c", "BENCH c many 0 0", "BENCH-DONE"):
        rows.line(text, 1.0, 5)
    assert rows.rows == [] and rows.done


def test_every_row_of_ours_has_a_group():
    rows = image.own_rows()
    assert len(rows) == len(set(rows)) >= 16
    assert sorted(rows) == sorted(" ".join(image.OWN_GROUPS.values()).split())
