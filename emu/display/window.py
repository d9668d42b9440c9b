"""The window, as the machine sees it: a viewer whose process is window_process.py, and which plays the machine's sound."""
from .sound_ring import SoundRing
from .viewer import Viewer as _Viewer


class Viewer(_Viewer):
    """The window."""

    module = "emu.display.window_process"
    environment = {"PYGAME_HIDE_SUPPORT_PROMPT": "1", "SDL_VIDEO_X11_WMCLASS": "emu", "SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS": "0",
                   "SDL_GRAB_KEYBOARD": "1",  # a captured mouse brings the desktop's own keys (Alt+Tab) along
                   "SDL_FRAMEBUFFER_ACCELERATION": "0",  # or SDL draws all of the window for a few rows, at 20 times the cost
                   "SDL_WINDOWS_DPI_AWARENESS": "permonitorv2"}
    _sounds = False

    def before_start(self):
        """The ring that sound goes through, if it is to be heard here."""
        config = getattr(self.machine, "config", None)
        if config is not None and config.sound == "window":
            self.machine.play_sound(SoundRing(self._frame.name, owner=True))
            self._sounds = True

    def after_end(self):
        """Nobody plays it any more."""
        if self._sounds:
            self.machine.play_sound(None)
            self._sounds = False
