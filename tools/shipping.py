"""What the builders of firmware share: the tools whose versions decide the bytes, and writing or checking what ships."""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRMWARE = ROOT / "emu" / "firmware"


def run(*command):
    subprocess.run([str(c) for c in command], check=True)


def tools():
    """The versions that decide the bytes."""
    first = [subprocess.run([t, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
             for t in ("gcc", "as", "ld")]
    return "\n".join(first) + "\n"


def main(description, name, build):
    """The command line of a builder.  ``build()`` gives (bytes, the text to stand beside them)."""
    shipped = FIRMWARE / name
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with what ships")
    parser.add_argument("--ship", action="store_true", help="write what ships")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / name)
    options = parser.parse_args()
    image, record = build()
    if options.check:
        if image != shipped.read_bytes():
            sys.exit(f"{shipped} is not what bios/ builds here.\nBuilt with:\n{shipped.with_suffix('.txt').read_text()}Here:\n{record}")
        return
    output = shipped if options.ship else options.output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(image)
    output.with_suffix(".txt").write_text(record)
