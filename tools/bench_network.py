"""Speed of the network, ours against QEMU's: `tools/bench_network.py vmlinuz initrd.gz` (of the Debian and busybox image).

The same kernel in both, on an RTL8029 with user-mode networking; the guest's wget takes a file from a server on the host's
loopback, and nc sends one there.  The two run in turn on one processor, this program on another.  Prints CPU and wall
seconds of the emulator's process for each transfer, medians and ratios (below 1: we are faster).
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPEND = "console=ttyS0,115200 net.ifnames=0 quiet"
READY, DONE = b"DEBIAN-BUSYBOX-READY", b"TRANSFER-DONE"
CHUNK = bytes(range(256)) * 256
TICK = os.sysconf("SC_CLK_TCK")


def serve(listener, size):
    """Answer every connection: a request for a file gets one, anything else is read to its end and counted."""
    def client(sock):
        with sock:
            first = sock.recv(65536)
            if not first.startswith(b"GET"):
                while sock.recv(1 << 20):
                    pass
                return
            sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for at in range(0, size, len(CHUNK)):
                sock.sendall(CHUNK[:size - at])

    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=client, args=(sock,), daemon=True).start()


class Guest:
    """An emulator whose guest has a shell on its standard input and output."""

    def __init__(self, command, cpu, timeout):
        self.deadline = time.monotonic() + timeout
        self.process = subprocess.Popen(["taskset", "-c", str(cpu), *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.seen = b""
        self.watchdog = threading.Timer(timeout, self.process.kill)
        self.watchdog.start()

    def wait(self, text):
        """Read what the guest says until a text comes."""
        while text not in self.seen:
            got = os.read(self.process.stdout.fileno(), 65536)
            if not got:
                sys.exit(f"{text.decode()!r} did not come; the guest's last words:\n{self.seen[-2000:].decode(errors='replace')}")
            self.seen += got
        self.seen = self.seen.partition(text)[2]

    def cpu_seconds(self):
        """What the process has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def timed(self, command):
        """(CPU seconds, wall seconds) of a command in the guest."""
        self.process.stdin.write(f"{command}; echo TRANSFER-''DONE $?\n".encode())
        self.process.stdin.flush()
        cpu, wall = self.cpu_seconds(), time.monotonic()
        self.wait(DONE)
        return self.cpu_seconds() - cpu, time.monotonic() - wall

    def close(self):
        """Pull the plug."""
        self.watchdog.cancel()
        self.process.kill()
        self.process.communicate()


def commands(args):
    """The command line of each emulator."""
    ours = [sys.executable, "-m", "emu", "run", "--kernel", args.kernel, "--initrd", args.initrd, "--append", APPEND, "--memory", "128M",
            "--display", "none", "--serial", "stdio", "--clock", args.clock, "--net", "user,host-access"]
    qemu = ["qemu-system-i386", "-accel", "tcg,thread=single", "-cpu", "pentium3", "-m", "128", "-kernel", args.kernel, "-initrd", args.initrd,
            "-append", APPEND, "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "user,model=ne2k_pci"]
    return {name: command for name, command in (("emu", ours), ("qemu", qemu)) if args.only in (None, name)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel")
    parser.add_argument("initrd")
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=("emu", "qemu"))
    parser.add_argument("--clock", choices=("host", "virtual"), default="host", help="our guest's time")
    parser.add_argument("--timeout", type=float, default=600, help="of one run, with its boot")
    parser.add_argument("--cpu", type=int, default=(os.cpu_count() or 1) - 1, help="processor of the emulators")
    args = parser.parse_args()
    size = args.megabytes * 1_000_000
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    port = listener.getsockname()[1]
    threading.Thread(target=serve, args=(listener, size), daemon=True).start()
    transfers = {"download": f"wget -q -O /dev/null http://10.0.2.2:{port}/f",
                 "upload": f"dd if=/dev/zero bs=100000 count={size // 100000} 2>/dev/null | nc 10.0.2.2 {port}"}
    taken = {(name, transfer): [] for name in commands(args) for transfer in transfers}
    for _ in range(args.runs):
        for name, command in commands(args).items():
            guest = Guest(command, args.cpu, args.timeout)
            try:
                guest.wait(READY)
                guest.timed("sleep 2")
                for transfer, line in transfers.items():
                    cpu, wall = guest.timed(line)
                    taken[name, transfer].append((cpu, wall))
                    print(f"{name:5} {transfer:9} {cpu:6.2f} s of CPU, {wall:6.2f} s, {size / 1e6 / wall:6.1f} MB/s", flush=True)
            finally:
                guest.close()
    for transfer in transfers:
        middle = {name: [statistics.median(column) for column in zip(*taken[name, transfer])] for name in commands(args)}
        print(f"{transfer}: " + ", ".join(f"{name} {cpu:.2f} s of CPU, {wall:.2f} s" for name, (cpu, wall) in middle.items()))
        if len(middle) == 2:
            ours, theirs = middle.values()
            print(f"    ratio of CPU {ours[0] / theirs[0]:.2f}, of wall time {ours[1] / theirs[1]:.2f}")


if __name__ == "__main__":
    main()
