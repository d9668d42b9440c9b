"""qemu-img and qemu-io as the second opinion on images."""

import shutil
import subprocess

from data import absent


def _tool(name):
    if shutil.which(name) is None:
        absent(f"{name} (Debian: qemu-utils)")
    return name


def img(*arguments, code=0):
    """Run qemu-img; gives its output and sees that its exit code is ``code``, or one of them."""
    done = subprocess.run([_tool("qemu-img"), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    wanted = code if isinstance(code, tuple) else (code,)
    assert done.returncode in wanted, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


def io(path, *commands, format="qcow2"):
    """Run qemu-io's commands on an image."""
    asked = [part for command in commands for part in ("-c", command)]
    done = subprocess.run([_tool("qemu-io"), "-f", format, *asked, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "failed" not in done.stdout, (commands, done.stdout, done.stderr)
    return done.stdout


def whole(path):
    """Is a qcow2 image without errors and leaks?"""
    img("check", "-f", "qcow2", path)


def holds(path, data, folder, format="qcow2"):
    """Does the image hold ``data`` (zeros behind it are all right)?"""
    raw = folder / "holds.raw"
    raw.write_bytes(data)
    img("compare", "-f", format, "-F", "raw", path, raw)
