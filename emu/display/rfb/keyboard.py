"""One client's keyboard: which of the PC's keys it holds down."""
from .keysyms import ALTS, CTRLS, KEY_CODES, LEFT_SHIFT, RIGHT_ALT, SHIFTS, USAGES, named, printable

NUM_LOCK, CAPS_LOCK = 2, 4  # bits of the lights
# With Ctrl and Alt held these are for us; what else a viewer can do has buttons of its own, or none
COPY, PASTE = USAGES["c"], USAGES["v"]


class ClientKeys:
    """Turns a client's key events into key(usage, pressed).

    A client that sends keysyms alone means the characters: where its Shift is not what the US keyboard needs, Shift goes
    down or up for that stroke.  ``lights()``: the guest's lock lights; ``copy()`` and ``paste()``: Ctrl+Alt+C and V.
    """

    def __init__(self, key, lights, copy, paste):
        self._key, self._lights, self._copy, self._paste = key, lights, copy, paste
        self.held = set()
        self._names = {}  # what the client calls a key that is down -> its usage

    def event(self, keysym, pressed, code=0):
        """A key event, with the key code if there is one."""
        usage, shift = KEY_CODES.get(code), None
        name = keysym if usage is None else (code,)
        if usage is None:
            usage = named(keysym, self._lights() & NUM_LOCK)
        if usage is None:
            found = printable(keysym)
            if found is None:
                return
            usage, shift = found
            if 0x41 <= keysym & ~0x20 <= 0x5A and self._lights() & CAPS_LOCK:
                shift = not shift
        if pressed:
            self._press(name, usage, shift)
        else:
            self._release(self._names.pop(name, usage))

    def _press(self, name, usage, shift):
        if usage in self.held:
            return  # the client's own repetition: the PC's keyboard has one of its own
        if self.held & CTRLS and self.held & ALTS and usage in (COPY, PASTE):
            self.release_all()
            (self._copy if usage == COPY else self._paste)()
            return
        lifted, added = [], []
        if shift is not None:
            shifts = self.held & SHIFTS
            if shift and not shifts:
                added = [LEFT_SHIFT]
            elif not shift:
                lifted = sorted(shifts)
            if RIGHT_ALT in self.held:  # AltGr has chosen the character, and is done with
                lifted.append(RIGHT_ALT)
        for modifier in lifted:
            self._key(modifier, False)
        for modifier in added:
            self._key(modifier, True)
        self.held.add(usage)
        self._names[name] = usage
        self._key(usage, True)
        for modifier in added:
            self._key(modifier, False)
        for modifier in lifted:
            self._key(modifier, True)

    def _release(self, usage):
        if usage in self.held:
            self.held.remove(usage)
            self._key(usage, False)
        for name in [name for name, held in self._names.items() if held == usage]:
            del self._names[name]

    def release_all(self):
        """Let go of everything: the client is gone, or meant us."""
        for usage in sorted(self.held):
            self._key(usage, False)
        self.held.clear()
        self._names.clear()
