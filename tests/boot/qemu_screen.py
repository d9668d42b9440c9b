"""QEMU beside us: a CD in its PC, COM1 on a socket, and its picture."""

import json
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest

from emu.machine.config import FIRMWARE


def read_ppm(path):
    """A (height, width, 3) array."""
    data = path.read_bytes()
    kind, size, most, rest = data.split(b"\n", 3)
    assert (kind, most) == (b"P6", b"255")
    width, height = map(int, size.split())
    return np.frombuffer(rest, np.uint8, width * height * 3).reshape(height, width, 3)


class Qemu:
    """A PC with our VGA BIOS.  ``serial`` collects what COM1 said."""

    def __init__(self, folder, *options):
        if shutil.which("qemu-system-i386") is None:
            pytest.skip("qemu-system-i386 is absent")
        self.folder, self.serial = folder, ""
        self.process = subprocess.Popen(
            ["qemu-system-i386", "-M", "pc", "-display", "none", "-nic", "none", "-qmp", "stdio", "-vga", "none",
             "-device", f"VGA,romfile={FIRMWARE / 'vgabios.bin'}", "-serial", f"unix:{folder / 'com1'},server=on,wait=off", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.command("qmp_capabilities")
        self.com1 = socket.socket(socket.AF_UNIX)
        self.com1.connect(str(folder / "com1"))
        self.com1.settimeout(0.2)

    def command(self, name, **arguments):
        self.process.stdin.write(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        self.process.stdin.flush()
        while True:
            answer = json.loads(self.process.stdout.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def wait_for(self, text, seconds=60):
        """Until COM1 says it."""
        end = time.monotonic() + seconds
        while text not in self.serial:
            assert time.monotonic() < end, self.serial
            try:
                self.serial += self.com1.recv(4096).decode("latin-1")
            except TimeoutError:
                pass

    def send(self, line):
        self.com1.sendall(line.encode() + b"\n")

    def type(self, text):
        """Letters, digits, blanks and Enter."""
        for letter in text:
            self.command("send-key", keys=[{"type": "qcode", "data": {" ": "spc", "\n": "ret"}.get(letter, letter)}])
            time.sleep(0.2)

    def picture(self):
        path = self.folder / "screen.ppm"
        path.unlink(missing_ok=True)
        self.command("screendump", filename=str(path))
        return read_ppm(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.com1.close()
        self.process.stdin.close()
        self.process.stdout.close()
