"""The steps of a run: --wait, --type, --wait-seconds in the order of the command line, then --until."""

TICKS = 100                                     # fixed points a guest second, at which texts are looked for

_ESCAPES = {"n": "\n", "t": "\t", "e": "\x1b", "r": "\r", "b": "\b", "\\": "{\\}"}


def unescape(text):
    r"""The text of a --type as Machine.type() takes it: ``\n``, ``\t``, ``\e`` become characters.

    ``\\`` becomes the key ``{\}``; ``{f12}`` and the like stay as they are.
    """
    out, i = [], 0
    while i < len(text):
        known = _ESCAPES.get(text[i + 1:i + 2]) if text[i] == "\\" else None
        out.append(known or text[i])
        i += 2 if known else 1
    return "".join(out)


class Script:
    """Takes a machine through its steps; call advance() between slices.

    ``steps`` are ("wait" | "type" | "wait-seconds", value).  On COM1 a text is looked for after the text found there
    before it, so that a prompt that comes again is a new one.
    """

    def __init__(self, steps, until=None):
        self._steps = list(steps)
        self._until = until
        self._at = 0
        self._began = None                      # guest seconds when the current step began
        self._typing = False
        self._tick = None
        self._serial = 0                        # how much of COM1's output earlier texts have used up
        self.succeeded = False

    @property
    def pending(self):
        """Is a --wait or an --until still to come true?"""
        waits = any(kind != "type" for kind, _value in self._steps[self._at:])
        return waits or (self._until is not None and not self.succeeded)

    @property
    def what(self):
        """What the script is at, for people."""
        if self._at < len(self._steps):
            kind, value = self._steps[self._at]
            return f"--{kind} {value}"
        return f"--until {self._until}" if self._until is not None and not self.succeeded else ""

    def advance(self, machine, final=False):
        """Do all that can be done now.  Returns True once --until has come true.

        Texts are looked for only when guest time has passed a fixed point, or ``final`` says that nothing more comes:
        then a run's course does not depend on the host's speed.
        """
        tick = int(machine.guest_seconds * TICKS + 1e-6)
        if tick == self._tick and not final:
            return self.succeeded
        self._tick = tick
        while self._at < len(self._steps):
            if self._began is None:
                self._began = machine.guest_seconds
            if not self._step(machine, *self._steps[self._at]):
                return False
            self._at += 1
            self._began = None
        if self._until is not None and not self.succeeded:
            self.succeeded = self._until == "" or self._shows(machine, self._until)
        return self.succeeded

    def _step(self, machine, kind, value):
        if kind == "wait":
            return self._shows(machine, value)
        if kind == "wait-seconds":
            return machine.guest_seconds - self._began >= value - 1e-9
        if not self._typing:
            machine.type(unescape(value))
            self._typing = True
        if machine.typing_done:
            self._typing = False
            return True
        return False

    def _shows(self, machine, text):
        at = machine.serial_find(text, self._serial)
        if at >= 0:
            self._serial = at + len(text)
            return True
        rows = machine.watched_text()
        return text in "\n".join(rows) or text in "".join(rows)      # the latter: wrapped at the edge
