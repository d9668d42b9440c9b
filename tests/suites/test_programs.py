"""emu cpu-test: ROM images that report by POST codes, and multiboot kernels."""

import json
import struct

import pytest

from emu.cli.main import main

ENGINES = [pytest.param("python"), pytest.param("native", marks=pytest.mark.native)]
SIZE = 0x20000


def rom(code):
    """A ROM with code at F000:0000 and a jump to it at the reset vector."""
    out = bytearray(b"\xff" * SIZE)
    out[0x10000:0x10000 + len(code)] = code
    out[SIZE - 16:SIZE - 11] = b"\xea\x00\x00\x00\xf0"
    return bytes(out)


def post(code, port=0x190):
    return b"\xba" + struct.pack("<H", port) + b"\xb0" + bytes([code]) + b"\xee"          # mov dx, port; mov al, code; out dx, al


def say(text, port, strobe=False):
    return b"".join(b"\xba" + struct.pack("<H", port) + b"\xb0" + bytes([c]) + b"\xee"
                    + b"\x42\x42\xb0\x0d\xee\xb0\x0c\xee" * strobe for c in text.encode())


def send(text, port):
    """The same on a serial line, when its transmitter is ready."""
    return b"".join(b"\xba" + struct.pack("<H", port + 5) + b"\xec\xa8\x20\x74\xfb\xba" + struct.pack("<H", port) + b"\xb0" + bytes([c])
                    + b"\xee" for c in text.encode())


RAM = b"\x31\xc0\x8e\xd8\xc7\x06\x00\x05\x34\x12\x81\x3e\x00\x05\x34\x12\x75\xfe"    # a word of RAM holds what it is given
END = b"\xfa\xf4"


def run(path, capsys, engine, *more):
    code = main(["cpu-test", "--engine", engine, "--jobs", "1", "--suite", str(path), "--json", *more])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("code, difference", [
    (RAM + post(1) + post(0xFF) + END, None), (post(1, 0x80) + post(0xFF, 0x80) + END, None), (post(1) + post(0x0B) + END, "POST codes 01 0B"), (END, "POST codes none"),
    (post(3) + b"\xeb\xfe", "still running after 1 seconds, POST codes 03"), (post(4) + b"\x0f\x01\x1e\x00\x05\x0f\x0b", "POST codes 04")])
def test_rom(engine, code, difference, tmp_path, capsys):
    (tmp_path / "test386.bin").write_bytes(rom(code))
    status, found = run(tmp_path, capsys, engine, "--timeout", "1")
    assert status == (1 if difference else 0) and found["vectors"] == 1
    if difference:
        assert difference in found["failures"][0]["difference"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("text", [say("AAA\nok", 0x3BC), say("AAA\nok", 0x378, True), say("AAA\nok", 0xE9), send("AAA\nok", 0x3F8),
                                  send("AAA\nok", 0x2F8)], ids=["lpt1", "lpt2", "e9", "com1", "com2"])
def test_rom_with_a_reference(engine, text, tmp_path, capsys):
    (tmp_path / "test386.bin").write_bytes(rom(text + post(0xFF) + END))
    (tmp_path / "test386-EE-reference.txt").write_text("AAA\nok\n")
    status, found = run(tmp_path, capsys, engine)
    assert status == 0, found["failures"]
    (tmp_path / "test386-EE-reference.txt").write_text("AAA\nno\n")
    status, found = run(tmp_path, capsys, engine)
    assert status == 1 and "line 2 of test386-EE-reference.txt: wanted 'no', got 'ok'" in found["failures"][0]["difference"]


def kernel(code, load=0x100000):
    size = 32 + len(code)
    flags = 1 << 16 | 3
    return struct.pack("<8I", 0x1BADB002, flags, -(0x1BADB002 + flags) & 0xFFFFFFFF, load, load, load + size, load + size + 4096,
                       load + 32) + code


def out(port, text):
    return b"".join(b"\x66\xba" + struct.pack("<H", port) + b"\xb0" + bytes([c]) + b"\xee" for c in text.encode())


def leave(value):
    return b"\xb0" + bytes([value]) + b"\xe6\xf4\xf4\xeb\xfd"


@pytest.mark.native
@pytest.mark.boot
@pytest.mark.parametrize("code, difference", [
    (out(0xE9, "PASS: a\n") + leave(0), None), (leave(1), "exit value 1"), (out(0xE9, "PASS: a\nFAIL: b\n") + leave(0), "FAIL: b"),
    (out(0xE9, "busy") + b"\xeb\xfe", "still running after 3 seconds, last words 'busy'"), (b"\xfa\xf4", "ended by halt")])
def test_kernel(code, difference, tmp_path, capsys):
    path = tmp_path / "unit.flat"
    path.write_bytes(kernel(code))
    status, found = run(path, capsys, "native", "--timeout", "3" if difference else "60")
    assert status == (1 if difference else 0), found["failures"]
    if difference:
        assert difference in found["failures"][0]["difference"]
