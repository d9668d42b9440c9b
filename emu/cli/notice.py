"""What a new user is told: that the native engine is missing (on the first run, and then no more), what runs without an image."""

import os
from pathlib import Path

from .parsing import complain


def python_engine(prog):
    """One line on stderr; a mark in the user's cache folder keeps it from coming again."""
    try:
        mark = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emu" / "told-of-python-engine"
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    except (OSError, RuntimeError):             # then it comes every time
        pass
    complain(prog, "the native engine is not built, so this runs on the much slower Python engine; with a C compiler "
                   "on the machine, install emu again")


def demonstration(prog):
    """No image was named."""
    complain(prog, "no image given, so this is the demonstration CD; 'emu run some.iso' boots yours, "
                   "'emu run --help' lists all options")
