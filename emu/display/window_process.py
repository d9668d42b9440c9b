"""The window, run as ``python -m emu.display.window_process FRAME TITLE`` by window.py.

Frames come from shared memory (link.py), records of input go to standard output; standard input is held open by the
machine, and its end ends the window.  Works with pygame 2 and pygame-ce.
"""
import os
import sys
import threading
import time

import numpy as np
import pygame

from . import link

FRAMES_PER_SECOND = 60
HINT_SECONDS = 4
CAPTURED = "Mouse captured: press Ctrl+Alt to release it"
BACKGROUND = (24, 24, 24)

# USB HID usages, which is what pygame calls scan codes
HID_LEFT_CTRL, HID_LEFT_ALT, HID_RIGHT_CTRL, HID_RIGHT_ALT = 0xE0, 0xE2, 0xE4, 0xE6
CTRL, ALT = {HID_LEFT_CTRL, HID_RIGHT_CTRL}, {HID_LEFT_ALT, HID_RIGHT_ALT}
HID_B, HID_G, HID_P, HID_Q, HID_R = 0x05, 0x0A, 0x13, 0x14, 0x15
# Ctrl+Alt and one of these is for the window; the guest gets all others, Ctrl+Alt+Delete and Ctrl+Alt+F1 included
COMMANDS = {HID_B: link.POWER_BUTTON, HID_P: link.PAUSE, HID_Q: link.POWER_OFF, HID_R: link.RESET}
BUTTONS = {1: 1, 3: 2, 2: 4}  # pygame's left, right, middle → bits of the mask


class Window:
    """The window with its frame, mouse and keys."""

    def __init__(self, frame, title, out):
        self.frame, self.title, self.out = frame, title, out
        self.running = True
        self.sequence = None
        self.picture = None  # the last whole frame, as a surface of its own size
        self.keys = set()  # HID usages that the guest holds down
        self.chord = False  # Ctrl+Alt are down and nothing else was pressed since
        self.buttons = 0
        self.captured = False
        self.hint_until = 0.0
        self.hint = None
        self.paused = False
        self.size = (720, 400)
        pygame.display.init()
        pygame.font.init()
        self.font = pygame.font.Font(None, 22)
        self._resize(self.size)
        self._caption()

    def _resize(self, size):
        self.surface = pygame.display.set_mode(size, pygame.RESIZABLE)

    def _caption(self):
        state = " [paused]" if self.paused else ""
        help_text = "Ctrl+Alt releases the mouse" if self.captured else "click captures the mouse"
        pygame.display.set_caption(f"{self.title}{state} - {help_text}")

    def send(self, kind, a=0, b=0, c=0):
        """Tell the machine; without one there is no use for a window."""
        try:
            os.write(self.out, link.RECORD.pack(kind, a, b, c))
        except OSError:
            self.running = False

    # -- input ---------------------------------------------------------------------------------------------------

    def handle(self, event):
        """Act on one pygame event."""
        kind = event.type
        if kind == pygame.QUIT:
            self.send(link.CLOSE)
            self.running = False
        elif kind == pygame.KEYDOWN:
            self.key_down(event.scancode)
        elif kind == pygame.KEYUP:
            self.key_up(event.scancode)
        elif kind == pygame.MOUSEBUTTONDOWN and event.button in BUTTONS:
            if not self.captured:
                self.capture(True)
            else:
                self.set_buttons(self.buttons | BUTTONS[event.button])
        elif kind == pygame.MOUSEBUTTONUP and event.button in BUTTONS:
            self.set_buttons(self.buttons & ~BUTTONS[event.button])
        elif kind == pygame.MOUSEMOTION and self.captured:
            if event.rel != (0, 0):
                self.send(link.MOUSE_MOVE, int(event.rel[0]), int(event.rel[1]), 0)
        elif kind == pygame.MOUSEWHEEL and self.captured:
            self.send(link.MOUSE_MOVE, 0, 0, int(event.y))
        elif kind == pygame.WINDOWFOCUSLOST:
            self.release_all()
        elif kind in (pygame.VIDEORESIZE, pygame.VIDEOEXPOSE):
            self.surface = pygame.display.get_surface()
            self.show()

    def key_down(self, usage):
        if not 0 < usage < 0x100:
            return
        if self.keys & CTRL and self.keys & ALT and usage not in CTRL | ALT:
            self.chord = False
            if usage == HID_G:
                self.capture(not self.captured)
                return
            if usage in COMMANDS:
                self.send(COMMANDS[usage])
                return
        if usage not in self.keys:
            self.keys.add(usage)
            self.send(link.KEY, usage, 1)
        if usage in CTRL | ALT:
            self.chord = bool(self.keys & CTRL and self.keys & ALT) and self.keys <= CTRL | ALT

    def key_up(self, usage):
        if usage in self.keys:
            self.keys.remove(usage)
            self.send(link.KEY, usage, 0)
        if self.chord and usage in CTRL | ALT:
            self.chord = False
            if self.captured:
                self.capture(False)

    def set_buttons(self, mask):
        if mask != self.buttons:
            self.buttons = mask
            self.send(link.MOUSE_BUTTONS, mask)

    def release_all(self):
        """The window lost the focus: the guest must not be left with keys that it never sees go up."""
        for usage in sorted(self.keys):
            self.send(link.KEY, usage, 0)
        self.keys.clear()
        self.chord = False
        self.set_buttons(0)
        if self.captured:
            self.capture(False)

    def capture(self, on):
        """Take the mouse for the guest, or give it back."""
        self.captured = on
        if not on:
            self.set_buttons(0)
        pygame.event.set_grab(on)
        pygame.mouse.set_visible(not on)  # hidden and grabbed: motion is relative and has no edges
        self.hint_until = time.monotonic() + HINT_SECONDS if on else 0.0
        self._caption()
        self.show()

    # -- output --------------------------------------------------------------------------------------------------

    def update(self):
        """Take a new frame, if there is one, and show it."""
        header = self.frame.header
        paused = bool(self.frame.state & link.PAUSED)
        if paused != self.paused:
            self.paused = paused
            self._caption()
        sequence = int(header[link.SEQUENCE])
        fresh = sequence != self.sequence and not sequence & 1 and sequence
        if fresh:
            size = int(header[link.WIDTH]), int(header[link.HEIGHT])
            if self.picture is None or self.picture.get_size() != size:
                self.picture = pygame.Surface(size, 0, 32, (0xFF0000, 0xFF00, 0xFF, 0))
                self.fit(size)
            pixels = pygame.surfarray.pixels2d(self.picture)
            np.copyto(pixels, self.frame.pixels(size[1], size[0]).T)
            del pixels  # unlocks the surface
            if int(header[link.SEQUENCE]) == sequence:  # else it was written meanwhile: look again next time
                self.sequence = sequence
        if fresh or self.hint_until and self.hint_until < time.monotonic():
            self.show()

    def fit(self, size):
        """A picture of a new size: the window follows, unless the user made it larger than that."""
        width, height = self.surface.get_size()
        if size[0] > width or size[1] > height or (width, height) == self.size:
            self._resize(size)
        self.size = size

    def place(self):
        """Where the picture goes: the largest whole multiple that fits, in the middle; smaller windows shrink it."""
        width, height = self.surface.get_size()
        w, h = self.picture.get_size()
        scale = min(width // w, height // h)
        if scale < 1:
            shrink = min(width / w, height / h)
            w, h = max(1, int(w * shrink)), max(1, int(h * shrink))
        else:
            w, h = w * scale, h * scale
        return pygame.Rect((width - w) // 2, (height - h) // 2, w, h)

    def show(self):
        """Put picture and hint on the screen."""
        self.surface.fill(BACKGROUND)
        if self.picture is not None:
            rect = self.place()
            if rect.size == self.picture.get_size():
                self.surface.blit(self.picture, rect)
            elif rect.width < self.picture.get_width():
                self.surface.blit(pygame.transform.smoothscale(self.picture, rect.size), rect)
            else:
                self.surface.blit(pygame.transform.scale(self.picture, rect.size), rect)
        if self.hint_until > time.monotonic():
            if self.hint is None:
                self.hint = self.font.render(CAPTURED, True, (255, 255, 255), (40, 70, 130))
            self.surface.blit(self.hint, (8, 8))
        else:
            self.hint_until = 0.0
        pygame.display.flip()

    def run(self):
        """Show frames and send input until the window is closed or the machine is gone."""
        self.send(link.SHOWN)
        clock = pygame.time.Clock()
        while self.running:
            for event in pygame.event.get():
                self.handle(event)
            self.update()
            clock.tick(FRAMES_PER_SECOND)
        pygame.quit()


def main():
    """Entry point of the process."""
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get between the records
    window = Window(link.SharedFrame(sys.argv[1]), sys.argv[2], out)

    def wait_for_the_end():
        while os.read(0, 4096):
            pass
        window.running = False

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    window.run()
    window.frame.close()


if __name__ == "__main__":
    main()
