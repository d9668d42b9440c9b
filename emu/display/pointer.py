"""Takes the guest's pointer to where the user's is, with a mouse that only knows how to move."""
from collections import deque

import numpy as np

STEP, FINE_STEP = 100, 4    # counts in one go; in one that no guest accelerates
MOST_WAITING = 64           # positions
BEYOND = 200                # pixels past an edge of the picture, which bring back a pointer that has gone astray
TRIAL = 40                  # counts of each leg of the trial
SPEEDS = 0.25, 3            # pixels a count that are believed
LOOK = 540                  # pixels of the corner that are looked at: the longest way of the trial, and the pointer
MOVING_NS = 50_000_000      # guest time up to which one go follows another without a pause
DRAWING_NS = 80_000_000     # after which the guest has surely drawn its pointer
RESTING_NS = 500_000_000    # after which it takes the mouse to have rested


class PointerFollower:
    """Follows positions in the picture with a machine's relative mouse.

    The guest does not say where its pointer is, nor how far it goes.  So at first, and after a change of mode, it is pushed into
    the upper left corner, and goes some legs along the diagonal: what changes in the picture (``look(side)``: its corner) tells
    its speed, whether large steps are faster, which are then not used, and whether the first step after a rest is slower.  Where
    that cannot be told, a count is taken for a pixel.  At an edge of the picture it is pushed against it.
    """

    def __init__(self, machine, look):
        self._machine, self._look = machine, look
        self._waiting = deque()     # [x, y, buttons, wheel], oldest first
        self._size = None
        self._rest_until = self._moved = 0      # guest time
        self._course = self._steer()

    def go(self, x, y, buttons, wheel):
        """The user's pointer is at a pixel, with these buttons held and the wheel turned.  A way between is not kept."""
        last = self._waiting[-1] if self._waiting else None
        if last is not None and (last[2] == buttons and not last[3] and not wheel or len(self._waiting) >= MOST_WAITING):
            last[:3] = x, y, buttons
        else:
            self._waiting.append([x, y, buttons, wheel])

    def advance(self, height, width):
        """Go on, once the guest has taken what was before.  Call it often, with the size of the picture."""
        machine = self._machine
        if (width, height) != self._size or not machine.mouse_heard:
            self._size = width, height
            self._course = self._steer()
        if not machine.mouse_heard:
            if self._waiting:
                machine.mouse_buttons(self._waiting[-1][2])
                self._waiting.clear()
        elif self._waiting and machine.mouse_idle and machine.guest_ns >= self._rest_until:
            next(self._course)

    def forget(self):
        """Somebody else has moved the pointer: find it again."""
        self._waiting.clear()
        self._size = None

    # Generators, which go on with the next advance()

    def _steer(self):
        self._speed = self._first = 1.0         # pixels a count; in the first go after a rest
        self._step = STEP
        pushed = -1, -1                         # against which edges it was pushed since it was last off them
        yield from self._push(pushed, max(self._size) / SPEEDS[0])
        yield from self._try_out()
        yield from self._push(pushed, max(self._size) / SPEEDS[0])
        at = [0, 0]
        while True:
            x, y, buttons, wheel = self._waiting[0]
            speed, step = self._speed, self._step
            pause = self._machine.guest_ns - self._moved
            if pause > MOVING_NS:               # how fast this one is is not certain: let it be small
                speed, step = self._first if pause > RESTING_NS else speed, 1
            move = [round((target - here) / self._speed) for target, here in zip((x, y), at)]
            edges = tuple(-1 if target <= 0 else target >= side - 1 for target, side in zip((x, y), self._size))
            if any(move):
                move = [max(-step, min(step, counts)) for counts in move]
                self._move(*move)
                at = [here + counts * speed for here, counts in zip(at, move)]
            elif edges != pushed:
                yield from self._push([edge * (edge != before) for edge, before in zip(edges, pushed)], BEYOND / self._speed)
                pushed = edges
                at = [{-1: 0, 0: here, 1: side - 1}[edge] for edge, here, side in zip(edges, at, self._size)]
                continue
            else:
                self._waiting.popleft()
                if wheel:
                    self._machine.mouse_move(0, 0, wheel)
                self._machine.mouse_buttons(buttons)
            yield

    def _move(self, dx, dy):
        self._machine.mouse_move(dx, dy)
        self._moved = self._machine.guest_ns

    def _push(self, direction, counts):
        while counts > 0 and any(direction):
            self._move(*(edge * STEP for edge in direction))
            counts -= STEP
            yield

    def _rest(self, time):
        self._rest_until = self._machine.guest_ns + time
        yield

    def _try_out(self):
        """From the corner, find out the speeds."""
        yield from self._rest(DRAWING_NS)
        before, ends = self._look(LOOK), []
        for goes in ((1, TRIAL), (1, *(FINE_STEP,) * (TRIAL // FINE_STEP)), (1, TRIAL), (TRIAL,)):
            if len(goes) == 1:
                yield from self._rest(2 * RESTING_NS)
            for counts in goes:
                self._move(counts, counts)
                yield
            yield from self._rest(DRAWING_NS)
            ends.append(_end(before, self._look(LOOK)))
        if not all(ends):
            return
        fine, coarse, first = legs = [tuple(b - a for a, b in zip(one, other)) for one, other in zip(ends, ends[1:])]
        if all(abs(x - y) <= 2 and SPEEDS[0] <= x / TRIAL <= SPEEDS[1] for x, y in legs):
            self._speed = _nice(fine[0] / (TRIAL + 1))
            self._first = _nice(first[0] / TRIAL)
            self._step = STEP if abs(coarse[0] - fine[0]) <= 2 else FINE_STEP


def _nice(speed):
    """A speed that is nearly a multiple of a quarter is one."""
    nice = round(speed * 4) / 4
    return nice if abs(nice - speed) * TRIAL <= 2 else speed


def _end(before, after):
    """Right and lower end of what changed in a picture; None for nothing."""
    changed = before != after if before.shape == after.shape else np.zeros((1, 1), bool)
    if not changed.any():
        return None
    return int(np.flatnonzero(changed.any(0))[-1]), int(np.flatnonzero(changed.any(1))[-1])
