"""From a client's keysyms and key codes to the PC's keys, as USB HID usages.

Sources: the X protocol's appendix on keysyms; rfbproto, "QEMU Extended Key Event Message".
"""
from emu.devices.keyboard import KEYS
from emu.machine.keys import HID_USAGES, KEY_IDS, chords

USAGES = {}  # a key's name -> its first HID usage
for _usage, _name in HID_USAGES.items():
    USAGES.setdefault(_name, _usage)
NAMES = {KEY_IDS[name]: name for name in USAGES}  # a key's id -> its name

LEFT_SHIFT, RIGHT_SHIFT, RIGHT_ALT = USAGES["leftshift"], USAGES["rightshift"], USAGES["rightalt"]
SHIFTS = {LEFT_SHIFT, RIGHT_SHIFT}
CTRLS, ALTS = {USAGES["leftctrl"], USAGES["rightctrl"]}, {USAGES["leftalt"], RIGHT_ALT}

# Scan codes of set 1, those after E0h with bit 7; Pause and SysRq as clients send them
EXTENDED = 0x80
KEY_CODES = {}
for _key in KEYS:
    if _key.name in USAGES:
        KEY_CODES.setdefault(_key.set1 | (EXTENDED if _key.extended else 0), USAGES[_key.name])
KEY_CODES[0x46 | EXTENDED] = USAGES["pause"]
KEY_CODES[0x54] = USAGES["printscreen"]

# Runs of keysyms that are keys by themselves: first keysym, names in their order ("-": none)
_NAMED = {name: USAGES[key] for first, names in (
    (0xFF08, "backspace tab enter - - enter"),
    (0xFF13, "pause scrolllock printscreen"),
    (0xFF1B, "esc"),
    (0xFF22, "muhenkan henkan"),
    (0xFF27, "katakana"),
    (0xFF50, "home left up right down pageup pagedown end"),
    (0xFF61, "printscreen - insert"),
    (0xFF67, "menu - - - pause"),
    (0xFF7E, "rightalt numlock space"),
    (0xFF89, "tab"),
    (0xFF8D, "kpenter"),
    (0xFFAA, "kpasterisk kpplus kpcomma kpminus - kpslash"),
    (0xFFBE, " ".join(f"f{n}" for n in range(1, 25))),
    (0xFFE1, "leftshift rightshift leftctrl rightctrl capslock capslock leftwin rightwin leftalt rightalt leftwin rightwin"),
    (0xFFFF, "delete"),
    (0xFE03, "rightalt"),
    (0xFE20, "tab"),
    (0x1008FF11, "volumedown mute volumeup play stop previous next"),
    (0x1008FF2A, "power wake"),
    (0x1008FF2F, "sleep"),
) for name, key in enumerate(names.split(), first) if key != "-"}

# The keypad, which means digits or movement as Num Lock says: keysym -> (key with Num Lock, key without)
_MOVES = dict(zip("7 4 8 6 2 9 3 1 5 0 period".split(), "home left up right down pageup pagedown end kp5 insert delete".split()))
_KEYPAD = {}
for _n, (_digit, _move) in enumerate(_MOVES.items(), 0xFF95):       # KP_Home to KP_Delete
    _KEYPAD[_n] = USAGES[_move], USAGES[f"kp{_digit}"]
for _digit in range(10):                                            # KP_0 to KP_9
    _KEYPAD[0xFFB0 + _digit] = USAGES[f"kp{_digit}"], USAGES[str(_digit)]
_KEYPAD[0xFFAE] = USAGES["kpperiod"], USAGES["period"]              # KP_Decimal
_KEYPAD[0xFFBD] = USAGES["equal"], USAGES["equal"]                  # KP_Equal

UNICODE = 0x01000000  # a keysym from here on is a character of that number


def named(keysym, num_lock):
    """The HID usage of a keysym that is a key rather than a character, or None."""
    if keysym in _KEYPAD:
        return _KEYPAD[keysym][0 if num_lock else 1]
    return _NAMED.get(keysym)


def printable(keysym):
    """(HID usage, with Shift?) of a keysym that is a character of the US keyboard, or None."""
    code = keysym - UNICODE if UNICODE <= keysym < UNICODE + 0x110000 else keysym
    if not 0x20 <= code < 0x7F:
        return None
    character = chr(code)
    ids = chords("{{" if character == "{" else character, escapes=False)[0]
    return USAGES[NAMES[ids[-1]]], len(ids) > 1
