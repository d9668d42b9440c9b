"""The results as a picture: an SVG of bars on a logarithmic scale, a group of rows below the other."""

from math import floor, log10
from xml.sax.saxutils import escape

from .results import ALL
from .table import number, scale

COLOURS = ("#2563a8", "#d9822b", "#7a8b99", "#4c9f70")
LEFT, RIGHT, TOP, PLOT = 150, 70, 64, 560
BAR, GAP, GROUP_GAP = 9, 7, 16
STYLE = "text{font:12px system-ui,sans-serif;fill:#222}.t{font-weight:600;font-size:14px}.n{font-size:10px;fill:#555}.g{font-weight:600}"


def svg(results):
    """The text of the picture."""
    names = list(results.figures)
    values = [value for name in names for row in results.rows() if (value := results.mips(name, row))]
    low, high = scale(values or [1])

    def x(value):
        return LEFT + PLOT * (log10(value) - low) / (high - low)

    parts, y = [], TOP
    groups = results.groups()
    for group, rows in groups.items():
        if group == ALL and len(groups) > 1:
            continue
        parts.append(_text(8, y + 10, group, "g"))
        y += 18
        for row in rows:
            height = BAR * len(names)
            parts.append(_text(LEFT - 8, y + height / 2 + 4, row, anchor="end"))
            for n, name in enumerate(names):
                value = results.mips(name, row)
                if value:
                    parts.append(f'<rect x="{LEFT}" y="{y + n * BAR}" width="{max(1.0, x(value) - LEFT):.1f}" height="{BAR - 1}" '
                                 f'fill="{COLOURS[n % len(COLOURS)]}"/>')
                    parts.append(_text(max(LEFT + 1.0, x(value)) + 4, y + n * BAR + BAR - 1.5, number(value), "n"))
            y += height + GAP
        y += GROUP_GAP - GAP
    lines = []
    for power in range(low, floor(high) + 1):
        at = x(10.0 ** power)
        lines.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 8}" y2="{y}" stroke="#ddd"/>')
        lines.append(_text(at, TOP - 14, f"{10.0 ** power:,g}", "n", "middle"))
    head = [_text(8, 20, "Guest MIPS by host CPU time", "t")]
    at = LEFT + 150
    for n, name in enumerate(names):
        head.append(f'<rect x="{at}" y="11" width="10" height="10" fill="{COLOURS[n % len(COLOURS)]}"/>')
        head.append(_text(at + 15, 20, name))
        at += 40 + 8 * len(name)
    width, height = LEFT + PLOT + RIGHT, y + 8
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
                      f"<style>{STYLE}</style>", f'<rect width="{width}" height="{height}" fill="#fff"/>', *head, *lines, *parts, "</svg>", ""])


def _text(x, y, text, kind=None, anchor=None):
    more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:.1f}" y="{y:.1f}"{more}>{escape(text)}</text>'
