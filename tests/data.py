"""Where the images and vectors of the tests lie, and what becomes of a test whose image does not."""
import os
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
