r"""From text and from host key codes to strokes of the PC's keyboard (US layout).

In the text of --type, ``\n`` is Enter, ``\t`` Tab, ``\e`` Escape, ``\b`` Backspace, ``\\`` a backslash; ``{f12}``,
``{up}``, ``{ctrl-alt-delete}`` name keys and chords, ``{{`` is a brace.
"""
from emu.devices.keyboard import KEY_IDS

_UNSHIFTED = {
    "-": "minus", "=": "equal", "[": "leftbracket", "]": "rightbracket", "\\": "backslash", ";": "semicolon",
    "'": "quote", "`": "grave", ",": "comma", ".": "period", "/": "slash", " ": "space", "\n": "enter", "\r": "enter",
    "\t": "tab", "\x1b": "esc", "\b": "backspace",
}
_SHIFTED = {
    "!": "1", "@": "2", "#": "3", "$": "4", "%": "5", "^": "6", "&": "7", "*": "8", "(": "9", ")": "0", "_": "minus",
    "+": "equal", "{": "leftbracket", "}": "rightbracket", "|": "backslash", ":": "semicolon", '"': "quote",
    "~": "grave", "<": "comma", ">": "period", "?": "slash",
}
_MODIFIERS = {"ctrl": "leftctrl", "control": "leftctrl", "alt": "leftalt", "shift": "leftshift", "altgr": "rightalt",
              "win": "leftwin", "super": "leftwin", "meta": "leftwin"}
_ALIASES = {**_MODIFIERS, "escape": "esc", "return": "enter", "ret": "enter", "del": "delete", "ins": "insert",
            "pgup": "pageup",
            "pgdn": "pagedown", "pgdown": "pagedown", "bs": "backspace", "caps": "capslock",
            "print": "printscreen", "sysrq": "printscreen", "break": "pause", "scroll": "scrolllock", "spc": "space"}
_ESCAPES = {"n": "enter", "r": "enter", "t": "tab", "e": "esc", "b": "backspace", "\\": "backslash"}

# USB HID usage -> key name; without a page above it is of page 7, the keyboard's
HID_USAGES = {first + i: key for first, names in (
    (0x04, "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8 9 0 enter esc backspace tab space minus "
           "equal leftbracket rightbracket backslash backslash semicolon quote grave comma period slash capslock f1 f2 "
           "f3 f4 f5 f6 f7 f8 f9 f10 f11 f12 printscreen scrolllock pause insert home pageup delete end pagedown right "
           "left down up numlock kpslash kpasterisk kpminus kpplus kpenter kp1 kp2 kp3 kp4 kp5 kp6 kp7 kp8 kp9 kp0 "
           "kpperiod less menu power"),
    (0x68, "f13 f14 f15 f16 f17 f18 f19 f20 f21 f22 f23 f24"),
    (0x7F, "mute volumeup volumedown"),
    (0x85, "kpcomma"),
    (0x87, "ro katakana yen henkan muhenkan"),
    (0x10082, "sleep wake"),    # generic desktop
    (0xC00B5, "next previous stop"), (0xC00CD, "play"),     # consumer
    (0xE0, "leftctrl leftshift leftalt leftwin rightctrl rightshift rightalt rightwin"),
) for i, key in enumerate(names.split())}


def key_id(text):
    """The id of a key from its name or an alias.  Raises ValueError for a name that no key has."""
    found = text.lower()
    found = _ALIASES.get(found, found)
    if found not in KEY_IDS and len(text) == 1:
        found = _UNSHIFTED.get(text, found)
    if found not in KEY_IDS:
        raise ValueError(f"no key is called {text!r}")
    return KEY_IDS[found]


def _chord(text):
    """``ctrl-alt-delete`` as the ids of its keys; ``ctrl--`` ends with the minus key."""
    if text in ("-", ""):
        return [key_id(text)]
    parts = text[:-2].split("-") + ["-"] if text.endswith("--") else text.split("-")
    keys = [key_id(part) for part in parts[:-1]]
    last = parts[-1]
    if last in _SHIFTED:
        return [*keys, KEY_IDS["leftshift"], KEY_IDS[_SHIFTED[last]]]
    return [*keys, key_id(last)]


def _character(character):
    if character in KEY_IDS:
        return [KEY_IDS[character]]
    if character in _UNSHIFTED:
        return [KEY_IDS[_UNSHIFTED[character]]]
    if character in _SHIFTED:
        return [KEY_IDS["leftshift"], KEY_IDS[_SHIFTED[character]]]
    if "A" <= character <= "Z":
        return [KEY_IDS["leftshift"], KEY_IDS[character.lower()]]
    raise ValueError(f"the US keyboard has no key for {character!r}")


def chords(text, escapes=True):
    r"""Split text into chords: lists of key ids that go down one after another, and up again in reverse.

    With escapes, a backslash introduces ``\n`` and the like.  Raises ValueError for what cannot be typed.
    """
    found, i = [], 0
    while i < len(text):
        character = text[i]
        i += 1
        if character == "\\" and escapes:
            if text[i:i + 1] not in _ESCAPES:
                raise ValueError(f"unknown escape {text[i - 1:i + 1]!r} in {text!r}; a backslash is \\\\")
            found.append([KEY_IDS[_ESCAPES[text[i]]]])
            i += 1
        elif character == "{" and text[i:i + 1] == "{":
            found.append(_character("{"))
            i += 1
        elif character == "{":
            end = text.find("}", i)
            if end < 0:
                raise ValueError(f"'{{' without '}}' in {text!r}; a brace is '{{{{'")
            found.append(_chord(text[i:end]))
            i = end + 1
        else:
            found.append(_character(character))
    return found


def literal(text):
    """Text as chords without braces or escapes that mean keys, and the number of characters left out because the US
    keyboard has no key for them."""
    found, left_out = [], 0
    for character in text.replace("\r\n", "\n"):
        try:
            found.append(_character(character))
        except ValueError:
            left_out += 1
    return found, left_out


def strokes(text, escapes=True):
    """The same as a flat list of (key id, pressed) for Keyboard.key()."""
    return [event for chord in chords(text, escapes)
            for event in [(key, 1) for key in chord] + [(key, 0) for key in reversed(chord)]]
