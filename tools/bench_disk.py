"""Reads and writes of disks and CDs in a guest, ours against QEMU's IDE, in turn on one processor.

tools/bench_disk.py CD [--runs N] [--only NAME ...]

CD is debian-busybox.iso, whose Linux reads and writes by DMA; a boot sector reads by INT 13h of our firmware, which is
programmed I/O, in both.  COM1 says when each part begins and ends.  Printed are MB a second of wall time and CPU seconds for
100 MB, the medians of the runs, and the ratio of the throughputs (above 1: we are faster).
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from emu.media import convert, disks  # noqa: E402
from emu.media.qcow2 import create  # noqa: E402

MIB = 1 << 20
SIZE = 192 * MIB
TICKS = os.sysconf("SC_CLK_TCK")
KERNEL_LINE = "quiet net.ifnames=0 console=ttyS0,115200 rdinit=/bench"

# name: (command in the guest, bytes)
LINUX = {
    "read raw": ("dd if=/dev/sda of=/dev/null bs=1M", SIZE),
    "read qcow2": ("dd if=/dev/sdb of=/dev/null bs=1M", SIZE),
    "read over a backing file": ("dd if=/dev/sdc of=/dev/null bs=1M", SIZE),
    "read CD": ("dd if=/dev/sr0 of=/dev/null bs=1M count=128", 128 * MIB),
    "read raw, 4 KiB each": ("dd if=/dev/sda of=/dev/null bs=4k count=8192 iflag=direct", 32 * MIB),
    "write raw": ("dd if=/dev/zero of=/dev/sda bs=1M conv=fsync", SIZE),
    "write qcow2": ("tr '\\0' x </dev/zero | dd of=/dev/sdb bs=1M iflag=fullblock count=64 conv=fsync", 64 * MIB),
    "write over a backing file": ("tr '\\0' x </dev/zero | dd of=/dev/sdc bs=1M iflag=fullblock count=64 conv=fsync", 64 * MIB),
    "write over a backing file, 4 KiB": ("tr '\\0' x </dev/zero | dd of=/dev/sdc bs=4k seek=32768 iflag=fullblock count=2048 conv=fsync", 8 * MIB),
}
PIO_SECTORS, PIO_READS = 64, 1024
PIO = "read raw by INT 13h"
INIT = """#!/bin/busybox sh
/bin/busybox --install -s
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
for m in ata_piix sr_mod sd_mod; do modprobe $m; done
while [ ! -b /dev/sr0 ] || [ ! -b /dev/sdc ]; do sleep 0.1; done
exec </dev/ttyS0 >/dev/ttyS0 2>&1
echo 0 >/proc/sys/kernel/printk
%s
echo BENCH-END
while :; do sleep 100; done
"""
SECTOR = """
        org 7C00h
        bits 16
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 7C00h
        mov [drive], dl
        mov dx, 3FBh
        mov al, 3
        out dx, al
        mov al, 'B'
        call say
again:  mov si, packet
        mov dl, [drive]
        mov ah, 42h
        int 13h
        jc failed
        add dword [lba], %(sectors)d
        dec word [left]
        jnz again
        mov al, 'E'
        jmp end
failed: mov al, '!'
end:    call say
stop:   hlt
        jmp stop
say:    mov ah, al
        call put
        mov ah, 10
put:    mov dx, 3FDh
busy:   in al, dx
        test al, 20h
        jz busy
        mov dx, 3F8h
        mov al, ah
        out dx, al
        ret
drive:  db 0
left:   dw %(reads)d
        align 4
packet: db 16, 0
        dw %(sectors)d, 0, 1000h
lba:    dq 64
        times 510-($-$$) db 0
        dw 0AA55h
"""


def archive(name, data):
    """A cpio archive (newc) of one executable file, which a kernel unpacks after the one before it."""
    out = b""
    for entry, mode, content in ((name, 0o100755, data), ("TRAILER!!!", 0, b"")):
        path = entry.encode() + b"\0"
        numbers = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
        out += b"070701" + b"".join(b"%08X" % n for n in numbers) + path
        out += bytes(-len(out) % 4) + content
        out += bytes(-len(out) % 4)
    return out


def prepare(folder, cd, names):
    """Files that both emulators use: kernel, initial RAM disk, boot sector."""
    subprocess.run(["xorriso", "-osirrox", "on", "-indev", cd, "-extract", "/boot", folder / "boot"], check=True, capture_output=True)
    for path in (folder / "boot").iterdir():
        path.chmod(0o644)
    (folder / "boot").chmod(0o755)
    commands = "\n".join(f"echo 3 >/proc/sys/vm/drop_caches; echo 'BEGIN {name}'; {LINUX[name][0]}; echo 'END {name}'"
                         for name in names if name in LINUX)
    initrd = (folder / "boot/initrd.gz").read_bytes()
    initrd += bytes(-len(initrd) % 4) + archive("bench", (INIT % commands).encode())
    (folder / "initrd").write_bytes(initrd)
    noise = random.Random(1).randbytes(MIB)
    with open(folder / "base", "wb") as file:
        for _ in range(SIZE // MIB):
            file.write(noise)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o", folder / "cd", folder / "base"], check=True, capture_output=True)
    source = folder / "sector.asm"
    source.write_text(SECTOR % {"sectors": PIO_SECTORS, "reads": PIO_READS})
    subprocess.run(["nasm", "-f", "bin", "-o", folder / "sector", source], check=True)
    with open(folder / "base", "r+b") as file:
        file.write((folder / "sector").read_bytes())
    convert.convert(str(folder / "base"), str(folder / "made.qcow2"), "qcow2")


def fresh(folder):
    """Disks as they are at the start of a run."""
    shutil.copy(folder / "base", folder / "raw")
    shutil.copy(folder / "made.qcow2", folder / "qcow2")
    (folder / "over").unlink(missing_ok=True)
    create(folder / "over", SIZE, backing="base", backing_format="raw")
    for name in ("raw", "qcow2", "over", "cd"):
        with disks.open_image(folder / name) as image:      # they are in the host's cache for either
            for at in range(0, image.size, MIB):
                image.read(at, MIB)


def commands(folder, pio, which):
    """The command line of a run."""
    if which == "emu":
        start = [sys.executable, "-m", "emu", "run", "--display", "none", "--serial", "stdio", "--net", "none", "--nic", "none", "--memory", "128M"]
        if pio:
            return [*start, "--disk", folder / "raw"]
        return [*start, "--kernel", folder / "boot/vmlinuz", "--initrd", folder / "initrd", "--append", KERNEL_LINE, "--cdrom", folder / "cd",
                "--disk", folder / "raw", "--disk", folder / "qcow2", "--disk", folder / "over"]
    start = ["qemu-system-i386", "-accel", "tcg,thread=single", "-cpu", "pentium3", "-m", "128", "-display", "none", "-monitor", "none",
             "-serial", "stdio", "-net", "none"]
    drives = [("raw", "raw", "disk", 0)]
    if pio:
        start += ["-bios", ROOT / "emu/firmware/bios.bin"]
    else:
        start += ["-kernel", folder / "boot/vmlinuz", "-initrd", folder / "initrd", "-append", KERNEL_LINE]
        drives += [("qcow2", "qcow2", "disk", 1), ("over", "qcow2", "disk", 3), ("cd", "raw", "cdrom", 2)]
    for name, format, media, index in drives:
        start += ["-drive", f"file={folder / name},format={format},if=ide,media={media},index={index}"]
    return start


def spent(process):
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def run(command, cpu, timeout, show):
    """[(name, wall seconds, CPU seconds)] of a run, as its guest tells of them."""
    process = subprocess.Popen(["taskset", "-c", str(cpu), *map(str, command)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    found, begun = [], {}
    timer = threading.Timer(timeout, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            now, cpu_now, text = time.perf_counter(), spent(process), line.decode("latin-1").strip()
            if show:
                print("   ", text, flush=True)
            word, _, name = text.partition(" ")
            if text in ("B", "E"):
                word, name = {"B": "BEGIN", "E": "END"}[text], PIO
            if word == "BEGIN":
                begun[name] = now, cpu_now
            elif word == "END" and name in begun:
                found.append((name, now - begun[name][0], cpu_now - begun[name][1]))
            if text in ("BENCH-END", "E", "!"):
                break
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cd", help="debian-busybox.iso")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=[*LINUX, PIO], default=[*LINUX, PIO], metavar="NAME", help="parts: " + ", ".join([*LINUX, PIO]))
    parser.add_argument("--without-qemu", action="store_true")
    parser.add_argument("--cpu", type=int, default=(os.cpu_count() or 1) - 1, help="processor to run on")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("--show", action="store_true", help="what the guest says")
    args = parser.parse_args()
    sizes = {**{name: size for name, (_, size) in LINUX.items()}, PIO: PIO_SECTORS * 512 * PIO_READS}
    times = {}
    with tempfile.TemporaryDirectory(prefix="emu-bench-") as name:
        folder = Path(name)
        prepare(folder, args.cd, args.only)
        for _ in range(args.runs):
            for which in ("emu",) if args.without_qemu else ("emu", "qemu"):
                for pio in (False, True):
                    if not any((part == PIO) == pio for part in args.only):
                        continue
                    fresh(folder)
                    for part, wall, cpu in run(commands(folder, pio, which), args.cpu, args.timeout, args.show):
                        times.setdefault(part, {}).setdefault(which, []).append((wall, cpu))
    print(f"{'':34}{'emu MB/s':>10}{'qemu MB/s':>10}{'ratio':>8}{'emu CPU':>10}{'qemu CPU':>10}")
    for part in args.only:
        line, rates = f"{part:34}", {}
        for which, values in times.get(part, {}).items():
            wall, cpu = (statistics.median(v[n] for v in values) for n in (0, 1))
            rates[which] = sizes[part] / wall / 1e6, cpu / sizes[part] * 1e8
        for n in (0, 1):
            line += "".join(f"{rates[w][n]:>10.{2 * n}f}" if w in rates else f"{'-':>10}" for w in ("emu", "qemu"))
            if n == 0:
                line += f"{rates['emu'][0] / rates['qemu'][0]:>8.2f}" if len(rates) == 2 else f"{'-':>8}"
        print(line)


if __name__ == "__main__":
    main()
