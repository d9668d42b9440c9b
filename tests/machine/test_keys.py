"""Text to key strokes."""
import pytest

from emu.devices.keyboard import KEY_IDS, KEYS
from emu.machine.keys import HID_USAGES, chords, strokes


def names(text, **options):
    return [[KEYS[key].name for key in chord] for chord in chords(text, **options)]


def test_text():
    assert names("aZ 1!") == [["a"], ["leftshift", "z"], ["space"], ["1"], ["leftshift", "1"]]
    assert names("\n\t\x1b") == names(r"\n\t\e") == [["enter"], ["tab"], ["esc"]]
    assert names("C:\\new", escapes=False)[2:4] == [["backslash"], ["n"]]


def test_every_printable_character_can_be_typed():
    for code in range(32, 127):
        text = {"{": "{{", "\\": "\\\\"}.get(chr(code), chr(code))
        assert len(chords(text)) == 1
    assert len({tuple(chords(chr(c) if chr(c) != "{" else "{{", escapes=False)[0]) for c in range(32, 127)}) == 95


def test_names():
    assert names("{f12}{ctrl-c}{up}{Ctrl-Alt-Del}") == [
        ["f12"], ["leftctrl", "c"], ["up"], ["leftctrl", "leftalt", "delete"]]
    assert names("{ctrl--}{-}{{}") == [["leftctrl", "minus"], ["minus"], ["leftshift", "leftbracket"],
                                       ["leftshift", "rightbracket"]]


def test_strokes():
    shift, a = KEY_IDS["leftshift"], KEY_IDS["a"]
    assert strokes("A") == [(shift, 1), (a, 1), (a, 0), (shift, 0)]


@pytest.mark.parametrize("text", ["{nosuch}", "{up", "\\q", "\\", "ä", "{}", "{ctrl-}"])
def test_what_cannot_be_typed(text):
    with pytest.raises(ValueError):
        chords(text)


def test_hid_usages():
    assert set(HID_USAGES.values()) <= set(KEY_IDS)
    for usage, key in ((0x04, "a"), (0x27, "0"), (0x28, "enter"), (0x31, "backslash"), (0x39, "capslock"), (0x45, "f12"),
                       (0x52, "up"), (0x64, "less"), (0x65, "menu"), (0x73, "f24"), (0xE7, "rightwin")):
        assert HID_USAGES[usage] == key
