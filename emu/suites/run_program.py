"""Runs whole programs: ROM images that report by POST codes, and multiboot kernels that report by serial line, port E9h or F4h."""

import re
import time
from pathlib import Path

from emu.bus.memory import RO
from emu.bus.types import NEVER
from emu.bus.types import NEVER
from emu.cpu.cpuid import MODELS
from emu.machine import board

from . import suite
from .bare import BareBoard

# ROMs in the manner of test386.asm: at the top of the first MiB and of the address space.  POST codes go to one of POST_PORTS, text to
# the data port of a printer (it may come without a strobe), to a port that does nothing else, or to COM1 or COM2
POST_PORTS, POST_PASSED = (0x80, 0x84, 0x190, 0x300), 0xFF
TEXT_PORTS, COM_PORTS = (0x3BC, 0x378, 0x278, 0xE9, 0x402), {"uart0": 0x3F8, "uart1": 0x2F8}
SKIPPED = 77                # what a kernel that finds nothing to test exits with (as automake's tests do)
ROM_RAM, SLICE = 8 << 20, 2_000_000
ROM_SIZES = (0x10000, 0x20000, 0x40000)
RESET_AT = 16               # the first instruction lies so far before the end
JUMPS = (0xEA, 0xE9, 0xEB)
KERNEL_MEMORY, SAID = "128M", 200


def is_rom(path, head):
    """Is a file a ROM image: of a ROM's size, with a jump where a processor starts?  (``head`` is the file's beginning.)"""
    try:
        size = path.stat().st_size
        if size not in ROM_SIZES:
            return False
        with open(path, "rb") as file:
            file.seek(size - RESET_AT)
            return file.read(1)[0] in JUMPS
    except (OSError, IndexError):
        return False


def is_kernel(path):
    """Is a file a multiboot kernel?"""
    from emu.media import detect
    return detect.detect(path).kind == detect.MULTIBOOT


class Plan:
    """A program: one form, one vector for each engine that runs it."""

    def __init__(self, path, options, kind):
        self.path, self.name, self.kind = path, path.name, kind
        self.forms = {0: suite.Form(path.name, "", "program")}
        self.vectors = self.parts = 1 if options.filter is None or self.forms[0].matches(options.filter) else 0


def run(path, part, parts, options, kind):
    """Run the program; gives a suite.Outcome."""
    out = suite.Outcome()
    tally = out.tally(0)
    for engine in ("native", "python") if options.lockstep else (options.engine,):
        tally.vectors += 1
        difference = run_rom(path, engine, options) if kind == "rom" else run_kernel(path, engine, options)
        if difference is not None:
            tally.failed += 1
            tally.difference = tally.difference or f"{engine}: {difference}"
    return out


# -- ROMs --------------------------------------------------------------------------------------------------------

class RomBoard(BareBoard):
    """A processor, RAM, the ROM, and ports that listen: POST codes, text, serial lines."""

    def __init__(self, engine, rom, model):
        super().__init__(engine, ROM_RAM + 0x100000, model)
        self.codes, self.text, self.lines = [], bytearray(), [bytearray(), bytearray()]
        memory, size = self.memory, len(rom)
        memory.ram_size = ROM_RAM
        memory.backing[ROM_RAM:ROM_RAM + size] = rom
        memory.map_low(0x100000 - size, size, ROM_RAM, 0xFFFFFFFF)
        memory.set_regions([(0x1_0000_0000 - size, size, RO, ROM_RAM)])
        self.parts.map_changed()
        p = self.parts.parts
        p["firmware_log"].sink, p["debug_console"].sink = self.codes.append, self.text.append
        bases = [0] + [slot.base if slot.base is not board.MOVABLE else 0 for slot in board.slots()]
        maps = board.port_maps({}, absent=set(board.PARTS) - set(COM_PORTS) - {"pic0", "pic1"})
        for slot in board.slots():
            for port in {"firmware_log": POST_PORTS, "debug_console": TEXT_PORTS}.get(slot.part, ()):
                maps[slot.port.width][port] = slot.number
        self.parts.set_ports(maps, bases)
        for name in (*COM_PORTS, "pic0", "pic1"):
            p[name].reset()
        for line, name in zip(self.lines, COM_PORTS):       # as a firmware would leave them: 115,200 baud, 8 bits
            p[name].sink, p[name].fast, p[name].divisor, p[name].lcr = line.append, True, 1, 3

    def drain(self):
        """Have what is still on its way through the serial ports sent."""
        for name in COM_PORTS:
            while self.parts.parts[name].tx_at != NEVER:
                self.parts.parts[name].transmitted()


def run_rom(path, engine, options):
    """Run a ROM until it halts.  Gives what is wrong, or None: the last POST code was FFh."""
    rom = RomBoard(engine, path.read_bytes(), options.model)
    end = time.monotonic() + options.seconds
    cpu = rom.cpu
    try:
        while not cpu.halted and not cpu.shutdown and not cpu.reset_request:
            if time.monotonic() > end:
                return f"still running after {options.seconds:g} seconds, {_codes(rom)}"
            rom.run(SLICE if engine == "native" else SLICE // 50)
        if cpu.shutdown or cpu.reset_request:
            return f"the processor shut down, {_codes(rom)}"
        if not rom.codes or rom.codes[-1] != POST_PASSED:
            return f"halted at {cpu.seg[1].sel:04X}:{cpu.eip:08X}, {_codes(rom)}"
        rom.drain()
        return _compare_text(path, rom.text, *rom.lines)
    finally:
        rom.close()


def _codes(rom):
    return "POST codes " + (" ".join(f"{c:02X}" for c in rom.codes[-12:]) or "none")


def reference(path):
    """The text that a ROM should print: a file beside it with its name or one that begins so."""
    found = sorted(p for p in path.parent.glob("*.txt") if re.match(re.escape(path.stem) + r"([-._].*)?\.txt$", p.name))
    return found[0] if found else None


def _compare_text(path, *texts):
    beside = reference(path)
    if beside is None:
        return None
    want = beside.read_text("latin-1").splitlines()
    got = max(texts, key=len).decode("latin-1").splitlines()
    for n in range(max(len(want), len(got))):
        a, b = (lines[n].rstrip() if n < len(lines) else "(nothing)" for lines in (want, got))
        if a != b:
            return f"line {n + 1} of {beside.name}: wanted {a!r}, got {b!r}"
    return None


# -- kernels -----------------------------------------------------------------------------------------------------

def run_kernel(path, engine, options):
    """Run a kernel until it writes to port F4h: 0 says that it passed, SKIPPED that there was nothing to test.  (Hosts see the value as 2N+1, emu run as 64+N.)"""
    from emu import Machine
    from emu.machine.config import ConfigError
    from emu.media.errors import MediaError
    try:
        with Machine(kernel=str(path), memory=KERNEL_MEMORY, engine=engine, cpu=options.model, debug_exit=True, debug_console=True,
                     no_reboot=True, nic="none", net="none") as pc:
            pc.run(timeout=options.seconds)
            said = (pc.serial_text() + pc.debug_text()).strip()
            last = f", last words {said[-SAID:]!r}" if said else ""
            if pc.ended != "debug-exit":
                return (f"still running after {options.seconds:g} seconds" if pc.ended is None else f"ended by {pc.ended}") + last
            failed = next((line for line in said.splitlines() if line.startswith("FAIL")), None)
            if pc.exit_value not in (0, SKIPPED) or failed:
                return f"exit value {pc.exit_value}" + (f", {failed}" if failed else last)
            return None
    except (ConfigError, MediaError) as error:
        return str(error)


def model_names():
    """The processors that there are."""
    return [m.name for m in MODELS]


def rom_or_kernel(path, head):
    """"rom", "kernel", or None: neither."""
    if is_rom(Path(path), head):
        return "rom"
    return "kernel" if is_kernel(path) else None
