"""The results on a terminal: a line a row, with a bar on a logarithmic scale."""

import math
import os
import shutil
import sys

NAME_WIDTH = 15
BAR_LEAST, BAR_MOST = 12, 48
PLAIN_WIDTH = 110                               # where standard output is no terminal
EIGHTHS = "▏▎▍▌▋▊▉█"
STRONG, BAR, FAINT, END = "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[0m"


def number(value):
    """Three digits that count, or a dash."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def scale(values):
    """The decimal logarithms that a scale for the values goes from and to: a power of ten, and the highest."""
    low, high = math.floor(math.log10(min(values))), math.log10(max(values))
    return low, max(high, low + 1)


def bar(value, low, high, width, fine):
    """A bar of up to ``width`` characters for a value on a scale."""
    eighths = max(1, round((math.log10(value) - low) / (high - low) * width * 8))
    if not fine:
        return "#" * max(1, round(eighths / 8))
    return "█" * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")


class Table:
    """Prints Results."""

    def __init__(self, results, out=None):
        self.results, self.out = results, out or sys.stdout
        terminal = self.out.isatty()
        self.colours = terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.fine = "utf" in (getattr(self.out, "encoding", None) or "").lower()
        self.width = shutil.get_terminal_size().columns if terminal else PLAIN_WIDTH

    def _in(self, colour, text):
        return f"{colour}{text}{END}" if self.colours else text

    def _line(self, name, cells, value=None, strong=False):
        text = f"{name:<{NAME_WIDTH}.{NAME_WIDTH}}" + "".join(f"{cell:>9}" for cell in cells)
        drawn = ""
        room = min(BAR_MOST, self.width - len(text) - 3)
        if value and room >= BAR_LEAST:
            drawn = "  " + self._in(BAR, bar(value, *self.scale, room, self.fine))
        print((self._in(STRONG, text) if strong else text.rstrip() if not drawn else text) + drawn, file=self.out)

    def print(self):
        """All of it."""
        r = self.results
        others = [name for name in r.figures if name != r.first]
        values = [value for row in r.rows() if (value := r.mips(r.first, row))]
        self.scale = scale(values or [1])
        self._line("", [r.first, "CPU"] + [cell for name in others for cell in (name, r.first)])
        self._line("", ["MIPS", "seconds"] + [cell for name in others for cell in ("MIPS", "is ×" if self.fine else "is x")])
        for row in r.rows():
            self._line(row, [number(r.mips(r.first, row)), f"{r.figures[r.first][row].cpu:.3f}"]
                       + [cell for name in others for cell in (number(r.mips(name, row)), number(r.ratio(name, row)))], r.mips(r.first, row))
        print(file=self.out)
        for group, rows in r.groups().items():
            value = r.group_mips(r.first, rows)
            self._line(group, [number(value), ""] + [cell for name in others for cell in (number(r.group_mips(name, rows)),
                                                                                          number(r.group_ratio(name, rows)))], value, True)
        print(file=self.out)
        legend = "Guest instructions by host CPU time"
        legend += f", and how many times as fast {r.first} is" if others else ""
        legend += f"; medians of {r.runs} runs" if r.runs > 1 else ""
        print(self._in(FAINT, f"{legend}. Groups: geometric means."), file=self.out)
        print(self._in(FAINT, f"Bars: MIPS on a logarithmic scale that begins at {10.0 ** self.scale[0]:g}."), file=self.out)
        for name, title in r.titles.items():
            if title != name:
                print(self._in(FAINT, f"{name}: {title}"), file=self.out)
        for note in r.notes:
            print(f"note: {note}", file=self.out)
