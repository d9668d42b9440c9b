"""PS/2 keyboard with scan-code sets 1, 2 and 3.

Source: IBM PS/2 Technical Reference "Keyboards (101- and 102-Key)" (1991).

Of the three code sets only the keys themselves are modelled, without the shift codes that IBM's keyboard wraps around
the grey cursor keys for the sake of 84-key software; Pause and Print Screen are complete.
"""
from collections import namedtuple

from emu.bus.component import Component, Timer, hot
from emu.bus.types import NEVER, Array, Const, Wire, u8, u16, u64

Key = namedtuple("Key", "name set1 set2 set3 extended")

# name, code in set 1, set 2 and set 3 (0: the key does not exist there); E0h before it in sets 1 and 2
_PLAIN = """
esc 01 76 08      1 02 16 16        2 03 1e 1e        3 04 26 26        4 05 25 25        5 06 2e 2e
6 07 36 36        7 08 3d 3d        8 09 3e 3e        9 0a 46 46        0 0b 45 45        minus 0c 4e 4e
equal 0d 55 55    backspace 0e 66 66                  tab 0f 0d 0d      q 10 15 15        w 11 1d 1d
e 12 24 24        r 13 2d 2d        t 14 2c 2c        y 15 35 35        u 16 3c 3c        i 17 43 43
o 18 44 44        p 19 4d 4d        leftbracket 1a 54 54                rightbracket 1b 5b 5b
enter 1c 5a 5a    leftctrl 1d 14 11                   a 1e 1c 1c        s 1f 1b 1b        d 20 23 23
f 21 2b 2b        g 22 34 34        h 23 33 33        j 24 3b 3b        k 25 42 42        l 26 4b 4b
semicolon 27 4c 4c                  quote 28 52 52    grave 29 0e 0e    leftshift 2a 12 12
backslash 2b 5d 5c                  z 2c 1a 1a        x 2d 22 22        c 2e 21 21        v 2f 2a 2a
b 30 32 32        n 31 31 31        m 32 3a 3a        comma 33 41 41    period 34 49 49   slash 35 4a 4a
rightshift 36 59 59                 kpasterisk 37 7c 7e                 leftalt 38 11 19  space 39 29 29
capslock 3a 58 14 f1 3b 05 07       f2 3c 06 0f       f3 3d 04 17       f4 3e 0c 1f       f5 3f 03 27
f6 40 0b 2f       f7 41 83 37       f8 42 0a 3f       f9 43 01 47       f10 44 09 4f      numlock 45 77 76
scrolllock 46 7e 5f                 kp7 47 6c 6c      kp8 48 75 75      kp9 49 7d 7d      kpminus 4a 7b 84
kp4 4b 6b 6b      kp5 4c 73 73      kp6 4d 74 74      kpplus 4e 79 7c   kp1 4f 69 69      kp2 50 72 72
kp3 51 7a 7a      kp0 52 70 70      kpperiod 53 71 71 less 56 61 13     f11 57 78 56      f12 58 07 5e
f13 64 08 00      f14 65 10 00      f15 66 18 00      f16 67 20 00      f17 68 28 00      f18 69 30 00
f19 6a 38 00      f20 6b 40 00      f21 6c 48 00      f22 6d 50 00      f23 6e 57 00      f24 76 5f 00
katakana 70 13 87 ro 73 51 51       henkan 79 64 86   muhenkan 7b 67 85 yen 7d 6a 5d      kpcomma 7e 6d 00
"""
_EXTENDED = """
kpenter 1c 5a 79  rightctrl 1d 14 58                  kpslash 35 4a 77  rightalt 38 11 39 home 47 6c 6e
up 48 75 63       pageup 49 7d 6f   left 4b 6b 61     right 4d 74 6a    end 4f 69 65      down 50 72 60
pagedown 51 7a 6d insert 52 70 67   delete 53 71 64   leftwin 5b 1f 8b  rightwin 5c 27 8c menu 5d 2f 8d
power 5e 37 00    sleep 5f 3f 00    wake 63 5e 00     previous 10 15 00 next 19 4d 00     mute 20 23 00
play 22 34 00     stop 24 3b 00     volumedown 2e 21 00                 volumeup 30 32 00
printscreen 37 7c 57
"""


def _keys():
    for text, extended in ((_PLAIN, 0), (_EXTENDED, 1)):
        words = text.split()
        for i in range(0, len(words), 4):
            yield Key(words[i], *(int(code, 16) for code in words[i + 1:i + 4]), extended)
    yield Key("pause", 0x45, 0x77, 0x62, 0)


KEYS = tuple(_keys())                                       # a key's id is its index here
KEY_IDS = {key.name: i for i, key in enumerate(KEYS)}       # name -> id for Keyboard.key()

KEY_COUNT = len(KEYS)
KEY_PAUSE = KEY_IDS["pause"]
KEY_PRINT = KEY_IDS["printscreen"]
KEY_LEFT_SHIFT, KEY_RIGHT_SHIFT = KEY_IDS["leftshift"], KEY_IDS["rightshift"]
KEY_LEFT_CTRL, KEY_RIGHT_CTRL = KEY_IDS["leftctrl"], KEY_IDS["rightctrl"]
KEY_LEFT_ALT, KEY_RIGHT_ALT = KEY_IDS["leftalt"], KEY_IDS["rightalt"]

# What a key of set 3 does
REPEATS = 1
BREAKS = 2


def _set3_default(key):
    if key.name in ("leftctrl", "leftshift", "rightshift", "capslock", "leftalt"):
        return BREAKS
    make_only = ("esc printscreen scrolllock pause numlock rightctrl rightalt insert home pageup end pagedown kpenter "
                 "kpminus kpasterisk kpslash kpperiod leftwin rightwin menu").split()
    make_only += [f"f{n}" for n in range(1, 25)] + [f"kp{n}" for n in range(10)]
    return 0 if key.name in make_only else REPEATS


def _table(column):
    return Const(u8, tuple(column) + (0,) * (256 - KEY_COUNT))


SET1 = _table(key.set1 for key in KEYS)
SET2 = _table(key.set2 for key in KEYS)
SET3 = _table(key.set3 for key in KEYS)
EXTENDED = _table(key.extended for key in KEYS)
SET3_TYPES = _table(_set3_default(key) for key in KEYS)

PAUSE1 = Const(u8, (0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5, 0, 0))
PAUSE2 = Const(u8, (0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77))

# Commands
SET_LEDS = 0xED
ECHO = 0xEE
SCAN_CODE_SET = 0xF0
READ_ID = 0xF2
SET_TYPEMATIC = 0xF3
ENABLE = 0xF4
DISABLE = 0xF5
SET_DEFAULT = 0xF6
ALL_FIRST, ALL_LAST = 0xF7, 0xFA        # all keys: repeat; make and break; make; repeat, make and break
KEY_FIRST, KEY_LAST = 0xFB, 0xFD        # the keys that follow: repeat; make and break; make
RESEND = 0xFE
RESET = 0xFF

# Replies
ACK = 0xFA
BAT_OK = 0xAA
ERROR = 0xFE

NONE = 0x100
TYPEMATIC_DEFAULT = 0x2B                # 500 ms, 10.9 a second
BUFFER = 16
LONGEST = 8                             # bytes that one key may send: Pause


class Keyboard(Component):
    """The keyboard.  ``send`` takes a byte from the controller, ``take`` gives it one, ``key`` is the user's hand."""

    fifo: Array(u8, 32)         # scan codes; BUFFER of them, and one for the overrun code
    head: u8
    count: u8
    overrun: u8                 # the overrun code stands last in the buffer
    reply: Array(u8, 8)
    reply_head: u8
    reply_count: u8
    stage: Array(u8, 16)        # the codes of one stroke, until they are known to fit
    stage_count: u8
    scanning: u8                # enabled (F4h)
    code_set: u8                # 1, 2 or 3
    types: Array(u8, 256)       # REPEATS and BREAKS of each key in set 3
    held: Array(u8, 256)
    leds: u8                    # bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock
    typematic: u8
    parameter_of: u8            # the command whose parameter comes next, or 0
    last_sent: u8
    repeat_key: u8
    repeat_at: u64

    now: Wire(ret=u64)
    ready: Wire()
    leds_changed: Wire(u8)

    timers = (Timer("repeat_at", "repeat"),)

    def reset(self):
        self.reply_head = self.reply_count = self.parameter_of = self.last_sent = self.leds = 0
        for i in range(256):
            self.held[i] = 0
        self.defaults()

    def has_room(self):
        """True while the codes of any key fit into the buffer."""
        return self.count <= BUFFER - LONGEST

    def idle(self):
        """True when the controller has taken everything that was typed."""
        return self.count == 0 and self.reply_count == 0

    # -- to the controller ---------------------------------------------------------------------------------------

    @hot
    def take(self) -> u16:
        """The next byte for the controller, or 100h."""
        value: u8 = 0
        if self.reply_count != 0:
            value = self.reply[self.reply_head & 7]
            self.reply_head = (self.reply_head + 1) & 7
            self.reply_count = u8(self.reply_count - 1)
        elif self.count != 0:
            value = self.fifo[self.head & 31]
            self.head = (self.head + 1) & 31
            self.count = u8(self.count - 1)
            if self.count == 0:
                self.overrun = 0
        else:
            return NONE
        self.last_sent = value
        return value

    @hot
    def answer(self, value: u8) -> None:
        if self.reply_count < 8:
            self.reply[(self.reply_head + self.reply_count) & 7] = value
            self.reply_count = u8(self.reply_count + 1)
        self.ready()

    @hot
    def clear_buffer(self) -> None:
        self.head = 0
        self.count = 0
        self.overrun = 0
        self.repeat_at = NEVER

    @hot
    def stage_byte(self, value: u8) -> None:
        self.stage[self.stage_count & 15] = value
        self.stage_count = u8(self.stage_count + 1)

    @hot
    def commit(self) -> None:
        """Queue the staged codes, all or none; a full buffer ends with the overrun code."""
        length: u8 = self.stage_count
        self.stage_count = 0
        if length == 0:
            return
        if self.count + length > BUFFER:
            if self.overrun == 0:
                self.overrun = 1
                self.fifo[(self.head + self.count) & 31] = 0xFF if self.code_set == 1 else 0x00
                self.count = u8(self.count + 1)
        else:
            i: u8 = 0
            while i < length:
                self.fifo[(self.head + self.count) & 31] = self.stage[i & 15]
                self.count = u8(self.count + 1)
                i = u8(i + 1)
        self.ready()

    # -- commands ------------------------------------------------------------------------------------------------

    @hot
    def defaults(self) -> None:
        """Power-on conditions (F6h)."""
        self.clear_buffer()
        self.code_set = 2
        self.typematic = TYPEMATIC_DEFAULT
        self.scanning = 1
        for i in range(256):
            self.types[i] = SET3_TYPES[i]

    @hot
    def send(self, value: u8) -> None:
        """A byte from the controller."""
        command: u8 = self.parameter_of
        if command >= KEY_FIRST and value < 0x90:
            self.set_key_type(value, self.type_of(command))
            self.answer(ACK)
            return
        self.parameter_of = 0
        if command != 0 and value < 0x80:
            self.parameter(command, value)
        else:
            self.command(value)

    @hot
    def parameter(self, command: u8, value: u8) -> None:
        if command == SET_LEDS:
            self.answer(ACK)
            if self.leds != (value & 7):
                self.leds = value & 7
                self.leds_changed(self.leds)
        elif command == SET_TYPEMATIC:
            self.typematic = value & 0x7F
            self.answer(ACK)
        elif command == SCAN_CODE_SET and value <= 3:
            self.clear_buffer()
            self.answer(ACK)
            if value == 0:
                self.answer(self.code_set)
            else:
                self.code_set = value
        else:
            self.answer(ERROR)

    @hot
    def command(self, value: u8) -> None:
        if value == ECHO:
            self.answer(ECHO)
        elif value == RESEND:
            self.answer(self.last_sent)
        elif value == SET_LEDS or value == SET_TYPEMATIC or value == SCAN_CODE_SET:
            self.answer(ACK)
            self.parameter_of = value
        elif value == READ_ID:
            self.answer(ACK)
            self.answer(0xAB)
            self.answer(0x83)
        elif value == ENABLE:
            self.clear_buffer()
            self.scanning = 1
            self.answer(ACK)
        elif value == DISABLE:
            self.defaults()
            self.scanning = 0
            self.answer(ACK)
        elif value == SET_DEFAULT:
            self.defaults()
            self.answer(ACK)
        elif value >= ALL_FIRST and value <= ALL_LAST:
            self.clear_buffer()
            self.set_all_types(self.type_of(value))
            self.answer(ACK)
        elif value >= KEY_FIRST and value <= KEY_LAST:
            self.clear_buffer()
            self.answer(ACK)
            self.parameter_of = value
        elif value == RESET:
            self.reply_count = 0
            self.answer(ACK)
            self.defaults()
            if self.leds != 0:
                self.leds = 0
                self.leds_changed(0)
            self.answer(BAT_OK)
        else:
            self.answer(ERROR)

    @hot
    def type_of(self, command: u8) -> u8:
        """REPEATS and BREAKS as the commands F7h-FAh (all keys) and FBh-FDh (one key) say."""
        if command == 0xF7 or command == 0xFB:
            return REPEATS
        if command == 0xF8 or command == 0xFC:
            return BREAKS
        if command == 0xFA:
            return 3
        return 0

    @hot
    def set_all_types(self, kind: u8) -> None:
        for i in range(256):
            self.types[i] = kind

    @hot
    def set_key_type(self, code: u8, kind: u8) -> None:
        i: u8 = 0
        while i < KEY_COUNT:
            if SET3[i] == code:
                self.types[i] = kind
            i = u8(i + 1)

    # -- keys ----------------------------------------------------------------------------------------------------

    @hot
    def key(self, code: u8, pressed: u8) -> None:
        """A key (an id of KEY_IDS) goes down or up.  The host's own repetition of a held key is ignored."""
        if code >= KEY_COUNT or self.held[code] == pressed:
            return
        self.held[code] = pressed & 1
        if self.scanning == 0:
            return
        if pressed != 0:
            self.make(code, 0)
            self.repeat_at = NEVER
            if self.repeats(code):
                self.repeat_key = code
                now: u64 = self.now()
                self.repeat_at = u64(now + ((self.typematic >> 5) + 1) * 250_000_000)
        else:
            if code == self.repeat_key:
                self.repeat_at = NEVER
            self.release(code)

    @hot
    def repeats(self, code: u8) -> bool:
        if self.code_set == 3:
            return (self.types[code] & REPEATS) != 0
        return code != KEY_PAUSE

    @hot
    def repeat(self) -> None:
        """Typematic: the period is (8 + A) * 2**B / 240 s, of the rate's bits 0-2 and 3-4."""
        if self.scanning == 0 or self.held[self.repeat_key] == 0:
            self.repeat_at = NEVER
            return
        period: u64 = ((8 + (self.typematic & 7)) << ((self.typematic >> 3) & 3)) * 1_000_000_000 // 240
        self.repeat_at = u64(self.repeat_at + period)
        self.make(self.repeat_key, 1)

    @hot
    def shifted(self) -> bool:
        return self.held[KEY_LEFT_SHIFT] != 0 or self.held[KEY_RIGHT_SHIFT] != 0

    @hot
    def controlled(self) -> bool:
        return self.held[KEY_LEFT_CTRL] != 0 or self.held[KEY_RIGHT_CTRL] != 0

    @hot
    def alternated(self) -> bool:
        return self.held[KEY_LEFT_ALT] != 0 or self.held[KEY_RIGHT_ALT] != 0

    @hot
    def make(self, code: u8, again: u8) -> None:
        """Queue the make code; again says that the key repeats."""
        if self.code_set == 3:
            if SET3[code] != 0:
                self.stage_byte(SET3[code])
        elif code == KEY_PAUSE:
            self.pause()
        elif code == KEY_PRINT:
            if self.alternated():                       # SysRq
                self.stage_byte(0x54 if self.code_set == 1 else 0x84)
            else:
                if again == 0 and not self.shifted() and not self.controlled():
                    self.stage_byte(0xE0)
                    self.stage_byte(0x2A if self.code_set == 1 else 0x12)
                self.stage_make(code)
        else:
            self.stage_make(code)
        self.commit()

    @hot
    def release(self, code: u8) -> None:
        """Queue the break code."""
        if self.code_set == 3:
            if SET3[code] != 0 and (self.types[code] & BREAKS) != 0:
                self.stage_byte(0xF0)
                self.stage_byte(SET3[code])
        elif code == KEY_PRINT:
            if self.alternated():
                if self.code_set == 1:
                    self.stage_byte(0xD4)
                else:
                    self.stage_byte(0xF0)
                    self.stage_byte(0x84)
            else:
                self.stage_break(code)
                if not self.shifted() and not self.controlled():
                    self.stage_byte(0xE0)
                    if self.code_set == 2:
                        self.stage_byte(0xF0)
                    self.stage_byte(0xAA if self.code_set == 1 else 0x12)
        elif code != KEY_PAUSE:                         # Pause has said everything when it went down
            self.stage_break(code)
        self.commit()

    @hot
    def stage_make(self, code: u8) -> None:
        if EXTENDED[code] != 0:
            self.stage_byte(0xE0)
        self.stage_byte(SET1[code] if self.code_set == 1 else SET2[code])

    @hot
    def stage_break(self, code: u8) -> None:
        if EXTENDED[code] != 0:
            self.stage_byte(0xE0)
        if self.code_set == 1:
            self.stage_byte(SET1[code] | 0x80)
        else:
            self.stage_byte(0xF0)
            self.stage_byte(SET2[code])

    @hot
    def pause(self) -> None:
        """Pause: make and break in one; with Ctrl it is Break."""
        first: bool = self.code_set == 1
        if self.controlled():
            self.stage_byte(0xE0)
            self.stage_byte(0x46 if first else 0x7E)
            self.stage_byte(0xE0)
            if first:
                self.stage_byte(0xC6)
            else:
                self.stage_byte(0xF0)
                self.stage_byte(0x7E)
            return
        length: u8 = 6 if first else 8
        i: u8 = 0
        while i < length:
            self.stage_byte(PAUSE1[i & 7] if first else PAUSE2[i & 7])
            i = u8(i + 1)
