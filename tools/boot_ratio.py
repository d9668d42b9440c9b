"""CPU seconds of a boot, ours against QEMU's, in turn on one processor: `tools/boot_ratio.py ISO --until TEXT`.

Both are watched through COM1; the time of each is that of its process when the text appears.  Prints the medians and
their ratio (below 1: we are faster).
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def cpu_seconds(command, serial, text, timeout, cpu):
    """Start a command whose COM1 goes to the file ``serial``; its CPU seconds when ``text`` shows there, or None."""
    process = subprocess.Popen(["taskset", "-c", str(cpu), *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    deadline = time.monotonic() + timeout
    seen = False
    while time.monotonic() < deadline and process.poll() is None and not seen:
        time.sleep(0.1)
        seen = serial.exists() and text.encode() in serial.read_bytes()
    seen = seen or serial.exists() and text.encode() in serial.read_bytes()
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime if seen else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("iso")
    parser.add_argument("--until", required=True, metavar="TEXT", help="text on COM1 that ends a run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", default="128")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--cpu", type=int, default=(os.cpu_count() or 1) - 1, help="processor to run on")
    args = parser.parse_args()
    times = {"emu": [], "qemu": []}
    with tempfile.TemporaryDirectory() as folder:
        for n in range(args.runs):
            for name in times:
                serial = Path(folder) / f"{name}{n}"
                if name == "emu":
                    command = [sys.executable, "-m", "emu", "run", args.iso, "--display", "none", "--memory", args.memory + "M",
                               "--serial", str(serial), "--timeout", str(args.timeout)]
                else:
                    command = ["qemu-system-i386", "-accel", "tcg,thread=single", "-cpu", "pentium3", "-m", args.memory, "-cdrom", args.iso,
                               "-boot", "d", "-display", "none", "-monitor", "none", "-serial", f"file:{serial}"]
                seconds = cpu_seconds(command, serial, args.until, args.timeout, args.cpu)
                if seconds is None:
                    sys.exit(f"{name}: {args.until!r} did not show")
                times[name].append(seconds)
                print(f"{name} {seconds:.2f} s", flush=True)
    ours, theirs = (statistics.median(times[n]) for n in ("emu", "qemu"))
    print(f"emu {ours:.2f} s, qemu {theirs:.2f} s of CPU: ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main()
