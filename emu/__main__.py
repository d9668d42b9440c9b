"""`python -m emu` is the command `emu`."""

import sys

from .cli.main import main

sys.exit(main())
