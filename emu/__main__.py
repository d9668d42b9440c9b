"""`python -m emu` is the command `emu`."""

import sys

from .cli.main import entry

sys.exit(entry())
