"""IRQ 1 and INT 16h: what typed keys come out as, the ring, shift states, lights."""

import pytest
from bios_machines import media, ours, rig  # noqa: F401
from bios_rig import BUFFER, ZF

pytestmark = pytest.mark.native


def press(rig, *chords):
    for chord in chords:
        rig.pc.type("{" + chord + "}", escapes=True)
    rig.pc.run(lambda: rig.pc.typing_done, timeout=30)
    rig.pc.run_for(0.05)


def taken(rig, function=0x10):
    return rig.call(0x16, eax=function << 8).ax


def waiting(rig, function=0x11):
    r = rig.call(0x16, eax=function << 8)
    return None if r.zf else r.ax


@pytest.mark.parametrize("chord, want", [
    ("a", 0x1E61), ("shift-a", 0x1E41), ("ctrl-a", 0x1E01), ("alt-a", 0x1E00), ("1", 0x0231), ("shift-1", 0x0221), ("alt-1", 0x7800),
    ("ctrl-2", 0x0300), ("ctrl-6", 0x071E), ("ctrl-minus", 0x0C1F), ("enter", 0x1C0D), ("ctrl-enter", 0x1C0A), ("alt-enter", 0x1C00),
    ("esc", 0x011B), ("backspace", 0x0E08), ("ctrl-backspace", 0x0E7F), ("tab", 0x0F09), ("shift-tab", 0x0F00), ("ctrl-tab", 0x9400),
    ("space", 0x3920), ("f1", 0x3B00), ("shift-f1", 0x5400), ("ctrl-f1", 0x5E00), ("alt-f1", 0x6800), ("f10", 0x4400), ("f11", 0x8500),
    ("shift-f11", 0x8700), ("ctrl-f12", 0x8A00), ("alt-f12", 0x8C00), ("up", 0x48E0), ("ctrl-up", 0x8DE0), ("alt-up", 0x9800),
    ("left", 0x4BE0), ("ctrl-left", 0x73E0), ("home", 0x47E0), ("end", 0x4FE0), ("pageup", 0x49E0), ("pagedown", 0x51E0), ("insert", 0x52E0),
    ("delete", 0x53E0), ("alt-delete", 0xA300), ("kpenter", 0xE00D), ("kpslash", 0xE02F), ("kpasterisk", 0x372A), ("kpplus", 0x4E2B),
    ("kp7", 0x4700), ("shift-kp7", 0x4737), ("kpperiod", 0x5300), ("shift-kpperiod", 0x532E), ("less", 0x565C), ("shift-less", 0x567C),
    ("grave", 0x2960), ("backslash", 0x2B5C), ("quote", 0x2827)])
def test_keys(rig, chord, want):
    press(rig, chord)
    assert waiting(rig) == want
    assert taken(rig) == want and waiting(rig) is None


@pytest.mark.parametrize("chord", ["ctrl-1", "ctrl-3", "shift"])
def test_no_key(rig, chord):
    press(rig, chord)
    assert waiting(rig) is None


@pytest.mark.parametrize("chord, want", [("up", 0x4800), ("kpenter", 0x1C0D), ("kpslash", 0x352F), ("a", 0x1E61), ("ctrl-home", 0x7700)])
def test_old_functions_translate(rig, chord, want):
    press(rig, chord)
    assert waiting(rig, 0x01) == want and taken(rig, 0x00) == want


def test_old_functions_hide_new_keys(rig):
    press(rig, "f11", "b")
    assert taken(rig, 0x00) == 0x3062 and waiting(rig) is None


def test_waits_for_a_key(rig):
    rig.start(0x16, eax=0x1000)
    rig.pc.run_for(0.5)
    assert not rig.done()
    press(rig, "x")
    assert rig.result().ax == 0x2D78


def test_waiting_lets_interrupts_in(rig):
    """A program that polls with interrupts off would never see its key."""
    press(rig, "q")
    assert rig.call(0x16, eax=0x1100, flags=0).ax == 0x1071
    assert rig.call(0x16, eax=0x1000, flags=0).ax == 0x1071
    r = rig.call(0x16, eax=0x1100, flags=0)
    assert r.flags & ZF


def test_ring_holds_fifteen(rig):
    for n in range(15):
        assert rig.call(0x16, eax=0x0500, ecx=0x1E61 + n).al == 0
    assert rig.call(0x16, eax=0x0500, ecx=0x1234).al == 1
    assert [taken(rig) & 0xFF for _ in range(15)] == list(range(0x61, 0x70)) and waiting(rig) is None


def test_shift_states(rig):
    def states():
        return rig.call(0x16, eax=0x0200).al
    assert states() == 0
    keyboard = rig.pc._keyboard
    from emu.machine.keys import key_id
    for name, bit, extended in (("leftshift", 0x02, 0), ("rightshift", 0x01, 0), ("leftctrl", 0x04, 0x01), ("rightctrl", 0x04, 0x04),
                                ("leftalt", 0x08, 0x02), ("rightalt", 0x08, 0x08)):
        keyboard.key(key_id(name), 1)
        rig.pc.run_for(0.05)
        r = rig.call(0x16, eax=0x1200)
        assert r.al == bit and r.ah & 0x0F == extended, name
        keyboard.key(key_id(name), 0)
        rig.pc.run_for(0.05)
        assert states() == 0
    for name, bit, light in (("capslock", 0x40, 4), ("numlock", 0x20, 2), ("scrolllock", 0x10, 1)):
        press(rig, name)
        assert states() == bit and rig.pc._keyboard.leds == light
        if name == "capslock":
            press(rig, "a", "shift-a", "1")
            assert [taken(rig) for _ in range(3)] == [0x1E41, 0x1E61, 0x0231]
        if name == "numlock":
            press(rig, "kp7", "shift-kp7", "up")
            assert [taken(rig) for _ in range(3)] == [0x4737, 0x4700, 0x48E0]
        press(rig, name)
        assert states() == 0 and rig.pc._keyboard.leds == 0


def test_insert_state(rig):
    press(rig, "insert")
    assert rig.read(0x417, "B") & 0x80
    press(rig, "insert")
    assert not rig.read(0x417, "B") & 0x80


def test_alt_and_digits(rig):
    from emu.machine.keys import key_id
    keyboard = rig.pc._keyboard
    keyboard.key(key_id("leftalt"), 1)
    for digit in "065":
        for down in (1, 0):
            keyboard.key(key_id("kp" + digit), down)
            rig.pc.run_for(0.03)
    keyboard.key(key_id("leftalt"), 0)
    rig.pc.run_for(0.05)
    assert taken(rig) == 65


def hook(rig, vector):
    """An interrupt handler that counts at BUFFER."""
    rig.put(bytes.fromhex("2E FF 06") + BUFFER.to_bytes(2, "little") + b"\xcf", 0x8000)
    rig.put(bytes(2), BUFFER)
    rig.put(bytes.fromhex("00 80 00 00"), vector * 4)


def test_break(rig):
    hook(rig, 0x1B)
    press(rig, "a", "ctrl-pause")
    assert rig.read(BUFFER, "H") == 1 and rig.read(0x471, "B") == 0x80
    assert waiting(rig) == 0 and taken(rig) == 0 and waiting(rig) is None


def test_print_screen(rig):
    hook(rig, 0x05)
    press(rig, "printscreen")
    assert rig.read(BUFFER, "H") == 1
    press(rig, "ctrl-printscreen")
    assert taken(rig) == 0x7200


def test_system_request_and_intercept(rig):
    """INT 15h 85h and 4Fh see the keys; a handler that clears carry swallows them."""
    hook(rig, 0x15)
    press(rig, "a")
    assert rig.read(BUFFER, "H") == 2                           # make and break
    assert waiting(rig) == 0x1E61                               # carry was set on the way in, and the handler left it
    rig.put(bytes.fromhex("55 89 E5 80 66 06 FE 5D CF"), 0x8000)    # push bp; mov bp, sp; and byte [bp + 6], 0FEh; pop bp; iret
    press(rig, "b")
    assert taken(rig) == 0x1E61 and waiting(rig) is None


def test_pause_stops_until_a_key(rig):
    press(rig, "pause")
    rig.start(0x12)
    rig.pc.run_for(0.3)
    assert not rig.done()
    press(rig, "b")
    assert rig.result().ax == 639 and waiting(rig) is None


def test_warm_start(rig):
    press(rig, "ctrl-alt-delete")
    rig.pc.run_for(0.2)
    assert rig.pc.ended == "reset" and rig.read(0x472, "H") == 0x1234


def test_abilities(rig):
    assert rig.call(0x16, eax=0x0900).al == 0x30
    assert rig.call(0x16, eax=0x0A00).bx == 0x41AB
    assert rig.call(0x16, eax=0x9200).ah == 0x80
    assert rig.call(0x16, eax=0x0305, ebx=0x0204).ax == 0x0305
    assert rig.call(0x16, eax=0xFF00).ax == 0xFF00
