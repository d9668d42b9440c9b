"""The boot image that ships is what its sources give, to the byte, with the tools that its .txt names."""

import subprocess
import sys

import pytest
from data import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import build_bench  # noqa: E402


def test_rebuilds_to_the_byte():
    try:
        here = build_bench.tools()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no gcc and binutils")
    recorded = build_bench.SHIPPED.with_suffix(".txt").read_text()
    if here != recorded:
        pytest.skip(f"other tools than those recorded: {here.splitlines()} instead of {recorded.splitlines()}")
    assert build_bench.build() == build_bench.SHIPPED.read_bytes(), "run tools/build_bench.py --ship"
