"""``python -m emu.cli``."""

import sys

from .main import main

sys.exit(main())
