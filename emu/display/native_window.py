"""SDL's window behind pygame.display: resizing, moving and full screen without making it anew, which would lose the focus."""
import warnings

import pygame

from .window_manager import has_window_manager


class NativeWindow:
    """The window.  pygame.display.get_surface() is its surface after every change."""

    def __init__(self, size):
        pygame.display.set_mode(size, pygame.RESIZABLE)
        self._window = None
        try:
            from pygame._sdl2.video import Window
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self._window = Window.from_display_module()
        except (ImportError, AttributeError):  # then the long way
            pass

    @property
    def size(self):
        """Width and height."""
        return pygame.display.get_surface().get_size()

    def resize(self, size, desktop):
        """Give it another size, and keep it on the screen: without a window manager nobody else sees to that."""
        if self._window is None:
            pygame.display.set_mode(size, pygame.RESIZABLE)
            return
        self._window.size = size
        x, y = self._window.position
        inside = tuple(max(0, min(at, whole - part)) for at, whole, part in zip((x, y), desktop, size))
        if inside != (x, y):
            self._window.position = inside

    def full_screen(self, desktop):
        """Cover the screen: the window manager does it, where there is one."""
        if self._window is None:
            pygame.display.set_mode(desktop, pygame.FULLSCREEN)
        else:
            self._before = None
            if not has_window_manager(pygame.display.get_driver()):
                self._before = self._window.size, self._window.position
                self._window.position, self._window.size = (0, 0), desktop
            self._window.set_fullscreen(True)

    def windowed(self, size):
        """Back from the full screen."""
        if self._window is None:
            pygame.display.set_mode(size, pygame.RESIZABLE)
        else:
            self._window.set_windowed()
            if self._before is not None:
                self._window.size, self._window.position = self._before
