"""The window, as the machine sees it: a viewer whose process is window_process.py."""
from .viewer import Viewer as _Viewer


class Viewer(_Viewer):
    """The window."""

    module = "emu.display.window_process"
    environment = {"PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_VIDEO_X11_WMCLASS": "emu", "SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS": "0",
                   "SDL_GRAB_KEYBOARD": "1",  # a captured mouse brings the desktop's own keys (Alt+Tab) along
                   "SDL_FRAMEBUFFER_ACCELERATION": "0",  # or SDL draws all of the window for a few rows, at 20 times the cost
                   "SDL_WINDOWS_DPI_AWARENESS": "permonitorv2"}
