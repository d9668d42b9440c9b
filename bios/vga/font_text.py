"""The fonts' text files: ``fonts/8xN.txt``, each glyph a line with code and character, then its rows of ``.`` and ``#``.

A glyph whose line ends in ``nine`` replaces the one before it where a cell has nine dots.  Lines that begin with a semicolon are
comments.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "fonts"
HEIGHTS = (8, 14, 16)
WIDTH = 8


def read_font(height):
    """(256 glyphs, {code: glyph where a cell has nine dots}); a glyph is bytes, one a row.  Raises ValueError."""
    path = FOLDER / f"{WIDTH}x{height}.txt"
    glyphs, ninth, rows, code, alternate = {}, {}, [], None, False

    def finish():
        if code is None:
            return
        if len(rows) != height:
            raise ValueError(f"{path}: glyph {code:02X} has {len(rows)} rows")
        table = ninth if alternate else glyphs
        if code in table:
            raise ValueError(f"{path}: glyph {code:02X} is there twice")
        table[code] = bytes(rows)

    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(";") or not line:
            continue
        if len(line) == WIDTH and set(line) <= {".", "#"}:
            rows.append(int(line.replace(".", "0").replace("#", "1"), 2))
            continue
        finish()
        words = line.split()
        try:
            code = int(words[0], 16)
        except ValueError:
            raise ValueError(f"{path}, line {number}: neither a row nor a glyph's name: {line!r}") from None
        alternate, rows = words[-1] == "nine", []
    finish()
    if sorted(glyphs) != list(range(256)):
        raise ValueError(f"{path}: glyphs are missing: {', '.join(f'{n:02X}' for n in range(256) if n not in glyphs)}")
    return [glyphs[n] for n in range(256)], ninth
