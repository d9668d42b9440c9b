"""Lets the display's tests use the VGA rig of the device tests."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "devices"))
