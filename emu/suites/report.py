"""What ``emu cpu-test`` shows: progress, a line for each form that fails, a table, or all of it as JSON."""

import json
import sys
import time

UNDOCUMENTED = "undoc"


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


def print_failures(results):
    """A line for each form that fails."""
    for r in results:
        if r.failed:
            print(f"{r.suite}: {r.form.name.strip()} ({r.form.opcode or 'sequence'}): {r.failed} of {r.vectors} fail; "
                  f"{r.code}: {r.difference}")


def _rows(results):
    """[suite, class, forms, forms that fail, vectors, failed] by suite and class."""
    rows = {}
    for r in results:
        row = rows.setdefault((r.suite, r.form.group), [r.suite, r.form.group, 0, 0, 0, 0])
        row[2] += 1
        row[3] += bool(r.failed)
        row[4] += r.vectors
        row[5] += r.failed
    return list(rows.values())


def print_table(engine, results):
    """The table at the end; undocumented instructions and exotic operands stand on lines of their own."""
    rows = _rows(results)
    plain = [row for row in rows if not _apart(row)]
    apart = [row for row in rows if _apart(row)]
    head = ["suite", "class", "forms", "failing", "vectors", "failed"]
    totals = [["total", f"({engine})"] + [sum(row[n] for row in group) for n in range(2, 6)] if name == "total"
              else [name, ""] + [sum(row[n] for row in group) for n in range(2, 6)]
              for name, group in (("total", plain), ("apart", apart)) if group]
    lines = [head] + plain + apart + totals
    widths = [max(len(str(line[n])) for line in lines) for n in range(6)]
    for line in lines:
        cells = [str(cell).ljust(w) if n < 2 else str(cell).rjust(w) for n, (cell, w) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def _apart(row):
    return row[1] == UNDOCUMENTED or row[1].endswith("exotic")


def print_json(engine, results):
    """Everything as one JSON object."""
    rows = [dict(zip(("suite", "class", "forms", "failing", "vectors", "failed"), row)) for row in _rows(results)]
    failures = [{"suite": r.suite, "form": r.form.name.strip(), "opcode": r.form.opcode, "class": r.form.group,
                 "vectors": r.vectors, "failed": r.failed, "code": r.code, "difference": r.difference}
                for r in results if r.failed]
    print(json.dumps({"engine": engine, "vectors": sum(r.vectors for r in results),
                      "failed": sum(r.failed for r in results), "suites": rows, "failures": failures}, indent=1))
