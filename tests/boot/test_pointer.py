"""The VMware pointer under Linux's own driver: positions and buttons arrive as input events."""
import pytest

from emu import Machine

pytestmark = [pytest.mark.slow, pytest.mark.boot, pytest.mark.native]

# What each input device says first, as numbers of 16 bits: two of the time (32 bits each), type, code, value (32 bits)
LISTEN = "for e in /dev/input/event*; do (head -c 64 $e | od -An -tu2 > /tmp/${e##*/}) & done; sleep 2; echo LIST''ENING\n"
EV_KEY, EV_ABS, ABS_X, ABS_Y, BTN_LEFT = 1, 3, 0, 1, 272


def test_linux_vmmouse(image):
    with Machine(cdrom=image("debian-busybox.iso"), memory="128M", nic="none", net="none") as pc:
        pc.wait_for_text("DEBIAN-BUSYBOX-READY", timeout=300)
        assert pc.pointer_absolute
        pc.run_for(1)
        pc.send_serial(LISTEN.encode())
        pc.wait_for_text("LISTENING", timeout=60)
        height, width = pc.screenshot().array.shape[:2]
        pc.mouse.move_to(width // 2, height // 4)
        pc.mouse.click()
        pc.run_for(0.5)
        pc.send_serial(b"dmesg | grep -i vmware; cat /tmp/event*; echo DO''NE\n")
        pc.wait_for_text("DONE", timeout=60)
        assert "VirtualPS/2 VMware VMMouse" in pc.serial_text() and "Hypervisor detected: VMware" in pc.serial_text()
        rows = [line.split() for line in pc.serial_text().splitlines()]
        events = {tuple(map(int, row[4:7])) for row in rows if len(row) == 8 and all(word.isdigit() for word in row)}
        x, y = (((2 * at + 1) << 15) // size for at, size in ((width // 2, width), (height // 4, height)))
        assert {(EV_ABS, ABS_X, x), (EV_ABS, ABS_Y, y), (EV_KEY, BTN_LEFT, 1)} <= events, events
