"""Takes the guest's pointer to where the user's is, with a mouse that only knows how to move."""
from collections import deque

STEP = 100          # counts in one go
MOST_WAITING = 64   # positions
BEYOND = 200        # counts past an edge of the picture, which bring back a pointer that has gone astray


class PointerFollower:
    """Follows positions in the picture with a machine's relative mouse.

    The guest does not say where its pointer is.  It is pushed into the upper left corner at first, and after a change of mode,
    and past an edge when it is to be at one; in between its way is added up, which a guest that accelerates makes inexact.
    """

    def __init__(self, machine):
        self._machine = machine
        self._waiting = deque()     # [x, y, buttons, wheel], oldest first
        self._at = None             # where the pointer is believed
        self._size = None
        self._push = [0, 0]         # counts that are left of a push past an edge
        self._pushed = [0, 0]       # -1, 1: against which edge it has been pushed since it was last off it

    def go(self, x, y, buttons, wheel):
        """The user's pointer is at a pixel, with these buttons held and the wheel turned.  A way between is not kept."""
        last = self._waiting[-1] if self._waiting else None
        if last is not None and (last[2] == buttons and not last[3] and not wheel or len(self._waiting) >= MOST_WAITING):
            last[:3] = x, y, buttons
        else:
            self._waiting.append([x, y, buttons, wheel])

    def advance(self, height, width):
        """Go on, once the guest has taken what was before.  Call it often, with the size of the picture."""
        machine, size = self._machine, (width, height)
        if size != self._size:
            self._size, self._at = size, None
        if not machine.mouse_heard:
            self._at = None
            if self._waiting:
                machine.mouse_buttons(self._waiting[-1][2])
                self._waiting.clear()
            return
        while self._waiting and machine.mouse_idle and self._arrived(size):
            _, _, buttons, wheel = self._waiting.popleft()
            if wheel:
                machine.mouse_move(0, 0, wheel)
            machine.mouse_buttons(buttons)

    def _arrived(self, size):
        """Take a step towards the first position; True if none was needed."""
        target = self._waiting[0]
        if self._at is None:
            self._at = [0, 0]
            self._push = [-(side + BEYOND) for side in size]
            self._pushed = [-1, -1]
        move = [_step(push) for push in self._push]
        for axis in (0, 1):
            self._push[axis] -= move[axis]
        if move == [0, 0]:
            move = [_step(target[axis] - self._at[axis]) for axis in (0, 1)]
            for axis in (0, 1):
                self._at[axis] += move[axis]
        if move == [0, 0]:
            for axis, last in enumerate(size):
                edge = -1 if target[axis] <= 0 else 1 if target[axis] >= last - 1 else 0
                if edge != self._pushed[axis]:
                    self._pushed[axis] = edge
                    self._push[axis] = edge * BEYOND
            move = [_step(push) for push in self._push]
            for axis in (0, 1):
                self._push[axis] -= move[axis]
        if move == [0, 0]:
            return True
        self._machine.mouse_move(*move)
        return False


def _step(counts):
    return max(-STEP, min(STEP, counts))
