from emu.bus.component import checked
from emu.devices.debug_ports import DebugConsole, DebugExit


def test_console():
    port = checked(DebugConsole)()
    port.reset()
    port.write(0, 0x41)         # nobody listens
    said = bytearray()
    port.sink = said.append
    for byte in b"hello\n\xff":
        port.write(0, byte)
    assert said == b"hello\n\xff" and port.value == 0xFF
    assert port.read(0) == port.peek(0) == 0xE9


def test_exit():
    port = checked(DebugExit)()
    port.reset()
    port.write(0, 1)
    codes = []
    port.on_exit = codes.append
    port.write(0, 42)
    assert codes == [42] and port.value == 42
    assert port.read(0) == port.peek(0) == 0


def test_two_consoles_are_apart():
    a, b = DebugConsole(), DebugConsole()
    heard = []
    a.sink = heard.append
    b.write(0, 1)
    assert heard == []
