"""Guests of a few instructions, as ROM images or floppies that `emu run` starts, and the command in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMU = [sys.executable, "-m", "emu"]

READY = bytes.fromhex("b083 bafb03 ee b001 baf803 ee b003 bafb03 ee b052 baf803 ee b90040 e2fe")   # 115,200 baud; 'R' on COM1
LOOPS = {
    "a tight loop": b"\xfa\xeb\xfe",
    "a halt with interrupts": b"\xfb\xf4\xeb\xfd",
    "a REP of 64 KiB": b"\xfa\xfc\x66\xb9\xff\xff\xff\xff\xf3\xaa\xeb\xf5",
    "port traffic": b"\xfa\xba\xf8\x0c\x66\xb8\x10\x10\x00\x80\xef\xba\xfc\x0c\x66\xed\x66\xef\xeb\xee",
    # one 8259A with automatic EOI, vector 8 to the IRET at 100h, the timer every two of its clocks
    "interrupts all the time": bytes.fromhex("31c08ed88ed0bc0070 c70620000001 c706220000f0 b013e620b008e621b003e621b000e621 "
                                             "b014e643b002e640 b0fee621 fb ebfe"),
    "a fault in a fault": b"\xfa\x0f\x01\x1e\x00\x70\xcd\x03",
}


def rom(code):
    """A 64 KiB system BIOS that says it is ready and runs ``code``."""
    image = bytearray(b"\xf4" * 0x10000)
    body = b"\xfa" + READY + code
    image[:len(body)] = body
    image[0x100] = 0xCF                         # IRET
    image[0xFFF0:0xFFF5] = b"\xea\x00\x00\x00\xf0"
    return bytes(image)


def environment(**more):
    """Of a process of this tree's emu without a display."""
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), env.get("PYTHONPATH"))))
    env.update(more)
    return env


def start(*options, **more):
    """`emu` with options, in a process group of its own."""
    more.setdefault("stdin", subprocess.DEVNULL)
    more.setdefault("env", environment())
    return subprocess.Popen([*EMU, *map(str, options)], start_new_session=True, stdout=more.pop("stdout", subprocess.PIPE),
                            stderr=subprocess.PIPE, **more)


def wait_until(condition, seconds=60):
    """Wait for something that another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def stop(process, number=signal.SIGINT, group=False):
    """Send a signal; gives (exit code, seconds until the end, what was on stderr)."""
    began = time.monotonic()
    (os.killpg if group else os.kill)(process.pid, number)
    try:
        _out, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise AssertionError("the run did not end") from None
    return process.returncode, time.monotonic() - began, err.decode()
