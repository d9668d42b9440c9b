"""The window, as the machine sees it: a viewer whose process is window_process.py."""
from .viewer import Viewer as _Viewer


class Viewer(_Viewer):
    """The window."""

    module = "emu.display.window_process"
