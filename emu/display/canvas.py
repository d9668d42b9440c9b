"""The guest's picture in the window: taking frames, and drawing them pixel for pixel, by whole multiples, or smoothly."""
import numpy as np
import pygame

from . import link


class Canvas:
    """The last whole frame, and where and how it is drawn."""

    def __init__(self, frame):
        self.frame = frame
        self.sequence = 0
        self.picture = None  # a surface of the frame's own size
        self.smooth = False
        self.area = pygame.Rect(0, 0, 1, 1)  # where the picture may be

    @property
    def size(self):
        """Of the frame in pixels; (0, 0) before there is one."""
        return self.picture.get_size() if self.picture else (0, 0)

    def take(self):
        """Take a new frame, if there is one.  Gives the rows that changed as (first, end), or None."""
        header = self.frame.header
        sequence = int(header[link.SEQUENCE])
        if sequence == self.sequence or sequence & 1:
            return None
        width, height = int(header[link.WIDTH]), int(header[link.HEIGHT])
        if not (0 < width and 0 < height and width * height <= link.MAX_PIXELS):
            return None
        fresh = self.frame.pixels(height, width)
        if self.size != (width, height):
            self.picture = pygame.Surface((width, height), 0, 32, (0xFF0000, 0xFF00, 0xFF, 0))
            first, end = 0, height
        else:
            first, end = self.frame.changed(self.sequence, sequence)
            end = min(end, height)
        if first < end:
            shown = pygame.surfarray.pixels2d(self.picture)
            np.copyto(shown[:, first:end], fresh[first:end].T)
            del shown
        if int(header[link.SEQUENCE]) == sequence:  # else it was written meanwhile: look again next time
            self.sequence = sequence
        return (first, end) if first < end else None

    @property
    def rect(self):
        """Where the picture lies: the largest whole multiple that fits in the middle of the area, smaller if none does; as
        large as the area allows when smooth."""
        area = self.area
        w, h = self.size
        if not w or not h:
            return pygame.Rect(area.center, (0, 0))
        scale = min(area.w / w, area.h / h)
        if scale >= 1 and not self.smooth:
            scale = int(scale)
        w, h = max(1, int(w * scale)), max(1, int(h * scale))
        return pygame.Rect(area.x + (area.w - w) // 2, area.y + (area.h - h) // 2, w, h)

    def pixel_at(self, x, y):
        """The frame's pixel under a point of the window, the nearest if it lies outside."""
        rect, (w, h) = self.rect, self.size
        return (min(max((x - rect.x) * w // max(rect.w, 1), 0), w - 1), min(max((y - rect.y) * h // max(rect.h, 1), 0), h - 1))

    def draw(self, surface, rows=None):
        """Draw the picture, or only rows (first, end) of it.  Gives the part of the surface that changed."""
        rect = self.rect
        if not self.picture or not rect.w or not rect.h:
            return rect
        w, h = self.size
        scale = rect.w // w if rect.w % w == 0 and rect.h == rect.w // w * h else 0
        if not scale:
            surface.blit(self._smoothed(rect.size), rect)
            return rect
        first, end = rows or (0, h)
        part = self.picture.subsurface((0, first, w, end - first))
        if scale > 1:
            part = pygame.transform.scale(part, (w * scale, (end - first) * scale))
        return surface.blit(part, (rect.x, rect.y + first * scale))

    def _smoothed(self, size):
        """At a size that is no whole multiple: enlarged by the next one first, so that pixels keep their edges."""
        w, h = self.size
        whole = -(-size[0] // w)
        picture = pygame.transform.scale(self.picture, (w * whole, h * whole)) if 1 < whole <= 4 else self.picture
        return pygame.transform.smoothscale(picture, size)
