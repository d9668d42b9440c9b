"""Where the images and vectors of the tests lie, and what becomes of a test that lacks what it needs."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / os.environ.get("EMU_TEST_DATA", "../shared")      # a relative path is one from the project's folder
REQUIRED = os.environ.get("EMU_TEST_DATA_REQUIRED") == "1"


def absent(what):
    """End the test: skipped, or failed where everything must be there."""
    if REQUIRED:
        pytest.fail(f"{what} is absent, and EMU_TEST_DATA_REQUIRED=1", pytrace=False)
    pytest.skip(f"{what} is absent")


def nasm(source, to, *options):
    """Assemble a flat binary and give its path; without NASM the test ends."""
    if not shutil.which("nasm"):
        absent("nasm")
    subprocess.run(["nasm", "-f", "bin", *options, "-o", to, source], check=True)
    return to
