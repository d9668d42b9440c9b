"""The window's icons, drawn on a grid of 24 by 24, four times too large and then smoothed down."""
from functools import cache
from math import cos, pi, sin

import pygame

GRID, FINE = 24, 4
WHITE = (255, 255, 255, 255)
CLEAR = (0, 0, 0, 0)


class _Pen:
    """Draws in grid units on a fine surface."""

    def __init__(self, size):
        self.unit = size * FINE / GRID
        self.surface = pygame.Surface((size * FINE, size * FINE), pygame.SRCALPHA)

    def at(self, x, y):
        return x * self.unit, y * self.unit

    def line(self, *points, width=1.8, closed=False, colour=WHITE):
        points = [self.at(*p) for p in points]
        if closed:
            points.append(points[0])
        thick = max(1, round(width * self.unit))
        for a, b in zip(points, points[1:]):
            dx, dy = b[0] - a[0], b[1] - a[1]
            length = (dx * dx + dy * dy) ** 0.5 or 1
            nx, ny = -dy / length * thick / 2, dx / length * thick / 2
            pygame.draw.polygon(self.surface, colour, [(a[0] + nx, a[1] + ny), (b[0] + nx, b[1] + ny),
                                                       (b[0] - nx, b[1] - ny), (a[0] - nx, a[1] - ny)])
        for p in points:
            pygame.draw.circle(self.surface, colour, p, thick / 2)

    def fill(self, *points, colour=WHITE):
        pygame.draw.polygon(self.surface, colour, [self.at(*p) for p in points])

    def box(self, x, y, w, h, radius=0.0, colour=WHITE):
        pygame.draw.rect(self.surface, colour, (*self.at(x, y), *self.at(w, h)), border_radius=round(radius * self.unit))

    def frame(self, x, y, w, h, radius=2.0, width=1.8):
        self.box(x, y, w, h, radius)
        self.box(x + width, y + width, w - 2 * width, h - 2 * width, max(0.0, radius - width / 2), CLEAR)

    def disc(self, x, y, radius, colour=WHITE):
        pygame.draw.circle(self.surface, colour, self.at(x, y), radius * self.unit)

    def arc(self, x, y, radius, start, end, width=1.8):
        """From ``start`` to ``end`` in degrees, clockwise from the top."""
        steps = 24
        self.line(*((x + radius * sin(a), y - radius * cos(a))
                    for a in ((start + (end - start) * n / steps) * pi / 180 for n in range(steps + 1))), width=width)


def _run(p):
    p.fill((7, 4.5), (19.5, 12), (7, 19.5))


def _pause(p):
    p.box(6.5, 5, 3.8, 14, 1)
    p.box(13.7, 5, 3.8, 14, 1)


def _reset(p):
    p.arc(12, 12.5, 7, 50, 340)
    p.fill((12.2, 1.6), (12.2, 9.4), (6.4, 5.5))


def _shutdown(p):
    p.arc(12, 12.8, 7, 38, 322)
    p.line((12, 3.5), (12, 11.5))


def _power_off(p):
    p.line((9, 3.5), (9, 8))
    p.line((15, 3.5), (15, 8))
    p.box(6, 8, 12, 3.2, 0.8)
    p.fill((6.4, 10.5), (17.6, 10.5), (14.5, 16), (9.5, 16))
    p.line((12, 15.5), (12, 21))


def _keys(p):
    for x, y in ((8.6, 3.5), (2.6, 13), (14.6, 13)):
        p.frame(x, y, 7.2, 7.2, 1.8, 1.6)


def _cd(p):
    p.disc(12, 12, 9.2)
    p.disc(12, 12, 7.5, CLEAR)
    p.disc(12, 12, 2.9)
    p.disc(12, 12, 1.3, CLEAR)
    p.arc(12, 12, 5.2, 15, 75, 1.4)
    p.arc(12, 12, 5.2, 195, 255, 1.4)


def _floppy(p):
    p.frame(3.5, 3.5, 17, 17, 1.6)
    p.fill((17.5, 3), (21, 3), (21, 6.5), colour=CLEAR)
    p.line((17.2, 4.4), (19.6, 6.8))
    p.box(7.5, 4, 8, 5.5, 0.4)
    p.box(12.3, 5, 1.7, 3.5, 0, CLEAR)
    p.line((7.4, 20), (7.4, 13.4), (16.6, 13.4), (16.6, 20), width=1.5)


def _disk(p):
    p.frame(3, 6, 18, 12, 2)
    p.line((4, 13), (20, 13), width=1.4)
    p.disc(17.2, 15.6, 1.2)


def _network(p):
    p.line((8, 19), (8, 6))
    p.line((4.6, 9), (8, 5.4), (11.4, 9))
    p.line((16, 5), (16, 18))
    p.line((12.6, 15), (16, 18.6), (19.4, 15))


def _copy(p):
    p.frame(8, 8, 12.5, 12.5, 2)
    p.line((16, 5), (16, 4), (4, 4), (4, 16), (5, 16), width=1.8)


def _paste(p):
    p.frame(4.5, 4.5, 15, 17, 2)
    p.box(8.5, 2.5, 7, 4.2, 1.2)
    p.line((12, 10), (12, 17.4), width=1.7)
    p.line((9, 14.6), (12, 17.6), (15, 14.6), width=1.7)


def _camera(p):
    p.box(8.2, 4.2, 7.6, 4, 1.2)
    p.frame(2.5, 6.6, 19, 13, 2.4)
    p.disc(12, 13, 4)
    p.disc(12, 13, 2.2, CLEAR)


def _full_screen(p):
    for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        p.line((12 - 8 * x, 12 - 3 * y), (12 - 8 * x, 12 - 8 * y), (12 - 3 * x, 12 - 8 * y), width=2)


def _window(p):
    for x, y in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        p.line((12 - 8.4 * x, 12 - 3.6 * y), (12 - 3.6 * x, 12 - 3.6 * y), (12 - 3.6 * x, 12 - 8.4 * y), width=2)


def _crisp(p):
    p.frame(4, 4, 16, 16, 1)
    p.box(6, 6, 6, 6)
    p.box(12, 12, 6, 6)


def _smooth(p):
    p.frame(4, 4, 16, 16, 1)
    p.line((7, 16.6), (9.5, 15.6), (12, 12), (14.5, 8.4), (17, 7.4), width=2)


def _speaker(p):
    p.fill((3, 9), (7, 9), (12.4, 4.4), (12.4, 19.6), (7, 15), (3, 15))


def _sound(p):
    _speaker(p)
    p.arc(12, 12, 4.6, 45, 135, 1.7)
    p.arc(12, 12, 8.2, 45, 135, 1.7)


def _mute(p):
    _speaker(p)
    p.line((15.6, 9), (21, 15))
    p.line((21, 9), (15.6, 15))


def _menu(p):
    for y in (6.5, 12, 17.5):
        p.line((4.5, y), (19.5, y), width=2)


def _eject(p):
    p.fill((12, 4.5), (19.5, 13.5), (4.5, 13.5))
    p.box(4.5, 16, 15, 3, 0.6)


def _folder(p):
    p.fill((2.8, 5), (9.4, 5), (11.6, 7.6), (21.2, 7.6), (21.2, 10), (2.8, 10))
    p.box(2.8, 8.6, 18.4, 11, 1.4)


def _file(p):
    p.line((6, 3.5), (14, 3.5), (18.5, 8), (18.5, 20.5), (6, 20.5), closed=True, width=1.6)
    p.line((13.6, 4), (13.6, 8.6), (18, 8.6), width=1.4)


def _up(p):
    p.line((12, 19), (12, 6))
    p.line((6.6, 11), (12, 5.4), (17.4, 11))


def _lock(p):
    p.box(5, 10.5, 14, 10, 1.6)
    p.arc(12, 10, 4.4, -90, 90, 2)
    p.line((7.6, 10), (7.6, 11), width=2)
    p.line((16.4, 10), (16.4, 11), width=2)


def _mouse(p):
    p.frame(6.5, 3, 11, 18, 5.4)
    p.line((12, 6.5), (12, 9.5), width=1.7)


def _warning(p):
    p.line((12, 4), (21, 19.5), (3, 19.5), closed=True)
    p.line((12, 9.5), (12, 13.6), width=2)
    p.disc(12, 16.8, 1.2)


def _stop(p):
    p.box(6, 6, 12, 12, 1.4)


_DRAW = {name[1:]: made for name, made in list(globals().items()) if name.startswith("_") and name[1:2].islower()}
NAMES = sorted(_DRAW)


@cache
def icon(name, size, colour):
    """An icon as a surface of ``size`` by ``size`` pixels."""
    pen = _Pen(size)
    _DRAW[name](pen)
    smooth = pygame.transform.smoothscale(pen.surface, (size, size))
    made = pygame.Surface((size, size), pygame.SRCALPHA)
    made.fill((*colour, 255))
    alpha = pygame.surfarray.pixels_alpha(made)  # the shape alone: what is clear must not darken its edges
    alpha[:] = pygame.surfarray.array_alpha(smooth)
    del alpha
    return made
