"""What was measured, put together: medians, guest MIPS, and the ratios to the first engine."""

import math
import os
import platform
import statistics
from dataclasses import dataclass, field

from .image import group_of

ALL = "all"


@dataclass
class Figure:
    """A row of one contestant: guest MIPS, and the CPU seconds that so many rounds took."""

    rounds: int
    cpu: float
    mips: float | None
    checksum: str


@dataclass
class Results:
    """Contestants by name, in their order; figures[contestant][row]; ``notes`` are what has to be said."""

    image: str
    titles: dict
    figures: dict
    runs: int
    notes: list = field(default_factory=list)

    @property
    def first(self):
        """The contestant that all are compared with."""
        return next(iter(self.figures))

    def rows(self):
        """The names of the rows, in their order."""
        return list(self.figures[self.first])

    def mips(self, contestant, row):
        """Guest MIPS, or None where that is not known."""
        figure = self.figures[contestant].get(row)
        return None if figure is None else figure.mips

    def ratio(self, contestant, row):
        """How many times as fast the first contestant is, or None."""
        ours, theirs = self.mips(self.first, row), self.mips(contestant, row)
        return ours / theirs if ours and theirs else None

    def groups(self):
        """{group: its rows}, in the order of the first row of each; all of them as ALL at last."""
        groups = {}
        for row in self.rows():
            groups.setdefault(group_of(row), []).append(row)
        return {**groups, ALL: self.rows()} if len(groups) > 1 else {ALL: self.rows()}

    def group_mips(self, contestant, rows):
        """Geometric mean of the MIPS, or None where a row has none."""
        return mean([self.mips(contestant, row) for row in rows])

    def group_ratio(self, contestant, rows):
        """Geometric mean of the ratios that there are."""
        return mean([ratio for ratio in (self.ratio(contestant, row) for row in rows) if ratio is not None])

    def as_dict(self):
        """For JSON."""
        rows = [{"row": row, "group": group_of(row), "figures": {
            name: {"mips": rounded(figure.mips), "cpu_seconds": round(figure.cpu, 6), "rounds": figure.rounds, "checksum": figure.checksum,
                   "ratio": rounded(self.ratio(name, row))}
            for name, figure in ((name, of.get(row)) for name, of in self.figures.items()) if figure is not None}}
            for row in self.rows()]
        groups = [{"group": group, "figures": {name: {"mips": rounded(self.group_mips(name, members)),
                                                      "ratio": rounded(self.group_ratio(name, members))} for name in self.figures}}
                  for group, members in self.groups().items()]
        return {"image": self.image, "host": host(), "contestants": self.titles, "runs": self.runs, "rows": rows, "groups": groups,
                "notes": self.notes}


def rounded(value, digits=5):
    """To so many digits that count."""
    return None if value is None else float(f"{value:.{digits}g}")


def mean(values):
    """Geometric mean, or None of nothing or where a value is missing."""
    if not values or not all(values):
        return None
    return math.exp(sum(map(math.log, values)) / len(values))


def host():
    """What the figures depend on."""
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as file:
            name = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), name)
    except OSError:
        pass
    return {"processor": name, "processors": os.cpu_count(), "system": platform.platform(terse=True), "python": platform.python_version()}


def gather(image, contestants, measured, runs, notes):
    """Results of measured[contestant] = [rows of a run, …].  Who does not count instructions has those of the first of ours, by the round."""
    counts = {}
    for contestant in contestants:
        if contestant.counts:
            for row in measured[contestant.name][0]:
                counts.setdefault(row.name, row.instructions / row.rounds)
    figures, sums = {}, {}
    for contestant in contestants:
        mine = figures[contestant.name] = {}
        for row in measured[contestant.name][0]:
            same = [other for rows in measured[contestant.name] for other in rows if other.name == row.name]
            cpu = statistics.median(other.cpu for other in same)
            count = row.instructions if contestant.counts else counts[row.name] * row.rounds if row.name in counts else None
            mine[row.name] = Figure(row.rounds, cpu, None if count is None or cpu <= 0 else count / cpu / 1e6, row.checksum)
            expected = sums.setdefault((row.name, row.rounds), (row.checksum, contestant.name))
            for other in same:
                if other.checksum != expected[0]:
                    notes.append(f"{row.name}: {contestant.name} has the checksum {other.checksum}, {expected[1]} {expected[0]}")
                    break
    return Results(image, {c.name: c.title for c in contestants}, figures, runs, notes)
