"""What ``emu cpu-test`` shows: progress, a line for each form that fails, a table, or all of it as JSON."""

import json
import sys
import time
from xml.etree.ElementTree import Element, ElementTree, SubElement

UNDOCUMENTED, PROGRAM = "undoc", "program"
COLUMNS = 3    # instructions in a row of the table


class Progress:
    """Progress on a terminal's stderr: rich's bar where rich is installed, else a line."""

    def __init__(self, total):
        self.total, self.done, self._shown = total, 0, 0.0
        self._bar = self._task = None
        self._terminal = sys.stderr.isatty()

    def __enter__(self):
        if self._terminal:
            try:
                from rich.console import Console
                from rich.progress import Progress as Bar
            except ImportError:
                return self
            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("vectors", total=self.total)
        return self

    def advance(self, count):
        """Vectors were done."""
        self.done += count
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done)
        elif self._terminal and time.monotonic() - self._shown > 0.2:
            self._shown = time.monotonic()
            print(f"\r{self.done} of {self.total} vectors", end="", file=sys.stderr, flush=True)

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.stop()
        elif self._terminal:
            print("\r" + " " * 40 + "\r", end="", file=sys.stderr, flush=True)


class Report:
    """All results of a run, and the ways to show them."""

    def __init__(self, options, results, left_out, wrong, seconds):
        self.options, self.results, self.left_out, self.wrong, self.seconds = options, results, left_out, wrong, seconds
        self.engine = "lockstep" if options.lockstep else options.engine

    def failing(self):
        """The results of forms that fail."""
        return [r for r in self.results if r.tally.failed]

    def print(self):
        """A line for each form that fails, a table of instructions, a table of suites, and what was left out."""
        for r in self.failing():
            t = r.tally
            what = f" ({r.form.opcode or 'sequence'})" if r.form.group != PROGRAM else ""
            code = f"; {t.text} ({t.code})" if t.code else ""
            print(f"{r.suite}: {r.form.name.strip()}{what}: {t.failed} of {t.vectors} fail{code}: {t.difference}")
        self._print_instructions()
        self._print_suites()
        for reason, count in sorted(self.left_out.items()):
            print(f"left out: {count} ({reason})")
        vectors = sum(r.tally.vectors for r in self.results)
        print(f"{vectors:,} vectors in {self.seconds:.1f} s ({vectors / max(self.seconds, 1e-3):,.0f} a second)")

    def instructions(self):
        """[instruction, vectors, failed], by name."""
        rows = {}
        for r in self.results:
            row = rows.setdefault(r.form.mnemonic.lower(), [r.form.mnemonic.lower(), 0, 0])
            row[1] += r.tally.vectors
            row[2] += r.tally.failed
        return [rows[name] for name in sorted(rows)]

    def _print_instructions(self):
        rows = self.instructions()
        cells = [f"{name:<14}{vectors:>8}{failed:>7}" for name, vectors, failed in rows]
        columns = min(COLUMNS, len(cells))
        if columns:
            deep = -(-len(cells) // columns)
            print("   ".join([f"{'instruction':<14}{'vectors':>8}{'failed':>7}"] * columns))
            for n in range(deep):
                print("   ".join(cells[n::deep]))
            print()

    def rows(self):
        """[suite, class, forms, forms that fail, vectors, failed] by suite and class."""
        rows = {}
        for r in self.results:
            row = rows.setdefault((r.suite, r.form.group), [r.suite, r.form.group, 0, 0, 0, 0])
            row[2] += 1
            row[3] += bool(r.tally.failed)
            row[4] += r.tally.vectors
            row[5] += r.tally.failed
        return list(rows.values())

    def _print_suites(self):
        """Undocumented instructions and exotic operands stand on lines of their own."""
        rows = self.rows()
        plain = [row for row in rows if not _apart(row)]
        apart = [row for row in rows if _apart(row)]
        lines = [["suite", "class", "forms", "failing", "vectors", "failed"]] + plain + apart
        lines += [[name, mark] + [sum(row[n] for row in group) for n in range(2, 6)]
                  for name, mark, group in (("total", f"({self.engine})", plain), ("apart", "", apart)) if group]
        widths = [max(len(str(line[n])) for line in lines) for n in range(6)]
        for line in lines:
            cells = [str(cell).ljust(w) if n < 2 else str(cell).rjust(w) for n, (cell, w) in enumerate(zip(line, widths))]
            print("  ".join(cells).rstrip())

    def print_json(self):
        """Everything as one JSON object."""
        rows = [dict(zip(("suite", "class", "forms", "failing", "vectors", "failed"), row)) for row in self.rows()]
        failures = [{"suite": r.suite, "form": r.form.name.strip(), "opcode": r.form.opcode, "class": r.form.group,
                     "vectors": r.tally.vectors, "failed": r.tally.failed, "code": r.tally.code, "text": r.tally.text,
                     "difference": r.tally.difference} for r in self.failing()]
        instructions = [dict(zip(("instruction", "vectors", "failed"), row)) for row in self.instructions()]
        print(json.dumps({"engine": self.engine, "cpu": self.options.model, "vectors": sum(r.tally.vectors for r in self.results),
                          "failed": sum(r.tally.failed for r in self.results), "seconds": round(self.seconds, 3), "suites": rows,
                          "instructions": instructions, "failures": failures, "left_out": self.left_out, "unreadable": self.wrong},
                         indent=1))

    def write_junit(self, path):
        """The results as JUnit XML: a test suite for each suite, a test case for each form."""
        top = Element("testsuites", name="emu cpu-test", time=f"{self.seconds:.3f}")
        suites = {}
        for r in self.results:
            at = suites.get(r.suite)
            if at is None:
                at = suites[r.suite] = SubElement(top, "testsuite", name=r.suite, tests="0", failures="0", errors="0")
            at.set("tests", str(int(at.get("tests")) + 1))
            case = SubElement(at, "testcase", classname=f"{r.suite}.{r.form.group}", name=f"{r.form.name.strip()} {r.form.opcode}".strip())
            if r.tally.failed:
                at.set("failures", str(int(at.get("failures")) + 1))
                made = SubElement(case, "failure", message=r.tally.difference)
                made.text = f"{r.tally.failed} of {r.tally.vectors} fail; {r.tally.text} ({r.tally.code})"
        if self.wrong:
            at = SubElement(top, "testsuite", name="files", tests=str(len(self.wrong)), failures="0", errors=str(len(self.wrong)))
            for line in self.wrong:
                SubElement(SubElement(at, "testcase", classname="files", name=line), "error", message=line)
        ElementTree(top).write(path, encoding="utf-8", xml_declaration=True)


def _apart(row):
    return row[1] == UNDOCUMENTED or row[1].endswith("exotic")
