"""A PC: the board with its media and firmware, and what can be done with it.

`from emu import Machine` is this class; the command line uses nothing else.
"""

import time
from collections import deque
from contextlib import ExitStack

from emu.bus.memory import DEVICE, DEVICE_KIND, OPEN, RO, RW, VGA_WINDOW, VRAM_SIZE, WATCH_VIDEO
from emu.bus.types import NEVER
from emu.cpu.cpuid import F_TSC, MODELS
from emu.cpu.events import HALT, HOST_SLICE, IDLE, SHUTDOWN, VIRTUAL_SLICE
from emu.cpu.fpu.state import reset_fpu
from emu.cpu.reset import init_cpu, reset_cpu
from emu.cpu.state import CR0_PE
from emu.devices.ata import AtaDisk
from emu.devices.atapi import AtapiDrive
from emu.devices.i440fx import SEGMENTS
from emu.devices.io_apic import BASE as IO_APIC_BASE
from emu.devices.piix3 import pirq_pin
from emu.media import opening

from . import board, firmware, keys, option_rom
from .config import ConfigError, MachineConfig, parse_nic
from .drives import Drives
from .log import Log
from .sound import MidiOut, Sound, WavSink
from .views import CpuView, MemoryView, Mouse

TICK = 10_000_000  # ns of guest time between the fixed points at which the host may look and type
VIRTUAL_EPOCH = 1_767_225_600  # 2026-01-01 00:00 UTC: the date at power-on in virtual time, so that runs repeat
VGA_ROM_AT, NIC_ROM_AT = 256 << 10, 512 << 10  # in the backing, after the system BIOS
ROM_ROOM = NIC_ROM_AT + option_rom.MOST
FONT_SEARCH = 2_000_000_000  # guest ns until memory may be searched for a font again
LOOK = 100_000_000  # guest ns between two looks of a wait at a picture, which takes longer to read than a text screen
FONT_MEMORY = 256 << 20  # what is searched: kernels lie low
HOST_SLEEP = 0.01
PROMPT = 0.02  # host seconds: a run comes back after about as long, to see whether somebody wants something
CHUNK, MOST_CHUNK = 20_000, 1 << 22  # instructions of a run: at first, and what a fast host works up to
STEP_IDLE, STEP_PIECE = 1_000_000_000, 4000  # ns of guest time that a processor may wait in so many instructions of step()
KEYS_WAITING = 256  # events of keys
BDA_KEY_HEAD, BDA_KEY_TAIL = 0x41A, 0x41C  # BIOS data area: the ring of typed keys


def make_parts(engine, backing_size, owner):
    """The parts under the engine asked for ("auto": native where built).  Raises ConfigError."""
    if engine != "python":
        from . import native_parts
        if native_parts.available():
            return native_parts.NativeParts(backing_size, owner)
        if engine == "native":
            raise ConfigError("engine: the native engine is not built (it needs a C compiler at installation)")
    from .python_parts import PythonParts
    return PythonParts(backing_size, owner)


class Machine:
    """A machine from a MachineConfig or its fields as keyword arguments (``cdrom=``, ``memory="256M"`` …).

    Raises ConfigError and MediaError.  A context manager; closing it gives memory and files back.
    """

    def __init__(self, config=None, **fields):
        self.config = config = config if config is not None else MachineConfig.make(**fields)
        self.ended = None
        self.exit_value = 0
        self.paused = self._resume_host = False
        self._fault = None  # MediaError of a medium that failed in this run
        self.closed = False
        self._chunk = CHUNK
        self.viewed = False  # a viewer clears the marks of written video memory
        self._text = self._fonts = None
        self._font_search = self._next_look = 0
        self.drives = None
        self._typing = []
        self._keys = deque()  # from a viewer, not yet the keyboard's
        self._serial = Log()
        self._serial_seen = 0
        self._serial_sink = self._serial_source = self._debug_sink = None
        self._network = self._sound = self._midi = None
        self._debug = Log()
        self.firmware_log = Log()
        ram = config.memory
        self._vram_at = (ram + 0xFFFFF) & ~0xFFFFF
        self._rom_at = self._vram_at + VRAM_SIZE
        self.parts = make_parts(config.engine, self._rom_at + ROM_ROOM, self)
        for name, part in self.parts.parts.items():
            setattr(self, "_" + name, part)
        try:
            self._assemble()
        except BaseException:
            self.close()
            raise

    # -- assembly ------------------------------------------------------------------------------------------------

    def _assemble(self):
        config, p = self.config, self.parts.parts
        card = parse_nic(config.nic)
        nic, self._nic_base = card.kind, card.port
        self._absent = {name for name, asked in (("debug_exit", config.debug_exit), ("pm", not config.no_acpi),
                                                 ("vmware", not config.no_vmware), ("nic", nic != "none"), ("nic_pci", nic == "ne2k_pci"),
                                                 *((part, config.sound_card != "none") for part in ("opl3", "sb16", "mpu401")))
                        if not asked}
        self._nic.isa_line = card.line
        memory = self._memory
        memory.ram_size = config.memory
        memory.vram_offset = self._vram_at
        for page in range(self._vram_at >> 12, self._rom_at >> 12):
            memory.watch[page] = WATCH_VIDEO
        self._bios = config.bios_path().read_bytes()
        self._vga_bios = config.vga_bios_path().read_bytes()
        memory.backing[self._rom_at:self._rom_at + len(self._bios)] = self._bios
        at = self._rom_at + VGA_ROM_AT
        memory.backing[at:at + len(self._vga_bios)] = self._vga_bios
        if config.nic_rom is not None:
            rom = option_rom.for_card(config.nic_rom, self._nic_pci.VENDOR, self._nic_pci.DEVICE)
            self._nic_pci.fit_rom(len(rom))
            at = self._rom_at + NIC_ROM_AT
            memory.backing[at:at + self._nic_pci.rom_size] = rom.ljust(self._nic_pci.rom_size, b"\xFF")
        self.vga, self.vram, self.vram_dirty = self._vga, memoryview(memory.backing)[self._vram_at:self._rom_at], memory.dirty
        self._clock.host = config.wanted_clock() == "host"
        if self._clock.host:
            self._clock.skew = -self._clock.host_time() & NEVER
        self._pic0.slaves, self._pic0.elcr_writable, self._pic1.elcr_writable = 4, 0xF8, 0xDE
        self._dma0.shift, self._dma1.shift = 0, 1
        for part in (self._dma0, self._dma1, self._bus_master, self._fw_cfg):
            part.memory = memory
        self._bus_master.channels = [self._ide0, self._ide1]
        self._fdc.dma = self._dma0
        self._fdc.fast = True
        for (device, function), name in board.PCI_FUNCTIONS.items():
            if name not in self._absent:
                self._pci.functions[device << 3 | function] = p[name]
                p[name].remap = self._remap
        self._piix3.connect(board.NIC_SLOT, pirq_pin(board.NIC_SLOT, 0))
        self._i440fx.pam_changed = self._remap
        self._uart0.sink = self._serial_out
        self._uart0.fast = self._uart1.fast = True
        self._debug_console.sink = self._debug_out
        self._firmware_log.sink = self.firmware_log.append
        self._debug_exit.on_exit = self._debug_exit_written
        self._pm.on_power_off = self._powered_off
        self._cpu.model = next(n for n, m in enumerate(MODELS) if m.name == config.cpu)
        self._cpu.no_apic = config.no_apic
        model = MODELS[self._cpu.model]
        self._cpu.hypervisor = "vmware" not in self._absent and bool(model.features & F_TSC)     # it tells of the TSC
        self._lapic.version = model.apic_version
        self._insert_media()
        if nic != "none":
            from .network import plug_in
            self._network = plug_in(config, self._clock, self._nic, 0 if self._clock.host else VIRTUAL_EPOCH)
        self._power_on()
        self.cpu = CpuView(self._cpu)
        self.memory = MemoryView(memory)
        self.mouse = Mouse(self)
        from . import serial_host
        if config.serial != "null":
            serial_host.connect(self, config.serial)
        if config.debug_console:
            self._debug_sink = serial_host.Output(2, "standard error", False)
        if config.sound_file is not None:
            self.play_sound(WavSink(config.sound_file))
        if config.midi is not None:
            self._mpu401.sink = self._midi = MidiOut(config.midi, self._clock.now)

    def _insert_media(self):
        config = self.config
        self.drives = drives = Drives(self._fdc, config.snapshot, self._medium_failed)
        places = [(self._ide0, 0), (self._ide0, 1), (self._ide1, 0), (self._ide1, 1)]
        if config.cdrom is not None:
            drives.cdrom = AtapiDrive(drives.add("cdrom", opening.open_cdrom(config.cdrom)))
            self._ide1.attach(0, drives.cdrom)
            places.remove((self._ide1, 0))
        for n, disk in enumerate(config.disks):
            image = drives.add("disk", opening.open_disk(disk.path, config.disk_keeps_writes(disk), config.backing_anywhere))
            channel, index = places[n]
            channel.attach(index, AtaDisk(image, serial=f"EM{n + 1:05}"))
        if config.cdrom is None and (self._ide1, 0) in places[len(config.disks):]:
            drives.cdrom = AtapiDrive(None)
            self._ide1.attach(0, drives.cdrom)
        wanted = []
        for n, floppy in enumerate(config.floppies):
            medium = drives.add("floppy", opening.open_floppy(floppy.path, config.disk_keeps_writes(floppy), floppy.read_only))
            wanted.append(medium.format.drive_type)
            self._fdc.insert(n, medium)
        self._floppy_kinds = config.floppy_kinds(wanted)
        for n, kind in enumerate(self._floppy_kinds):
            self._fdc.set_drive(n, kind)

    def _power_on(self):
        for name, part in self.parts.parts.items():
            if name not in ("cpu", "clock", "memory"):
                part.reset()
        self._reset_cpu()
        self._rtc.set_time(time.time() if self._clock.host else VIRTUAL_EPOCH)
        firmware.set_cmos(self._rtc, self.config, self._floppy_kinds)
        firmware.fill_fw_cfg(self._fw_cfg, self.config, self._cpu)
        self._remap()

    def _reset_cpu(self):
        reset_cpu(self._cpu)
        reset_fpu(self._cpu.fpu)
        self._cpu.reset_request = False

    def reset(self):
        """Pull the machine's reset line: everything but RAM and the clock starts anew."""
        for name, part in self.parts.parts.items():
            if name not in ("cpu", "clock", "memory", "rtc", "irqs"):
                part.reset()
        for line in range(16):
            self._irqs.sources[line] = 0
        self._reset_cpu()
        self._cpu.intr = 0
        if self._network is not None:
            self._network.reset()
        firmware.fill_fw_cfg(self._fw_cfg, self.config, self._cpu)
        self._remap()

    def _remap(self):
        """Build the port and memory maps from the chips' registers."""
        bases = {} if self._nic_base is None else {("nic", "ports"): self._nic_base}
        regions = []
        for function in self._pci.functions.values():
            for index, is_io, base, size in function.bars():
                if is_io:
                    if function is self._bus_master and index == 4:
                        bases["bus_master", "bus_master_ports"] = base
                    elif function is self._pm:
                        bases["pm", "pm_ports" if index == 7 else "smbus_ports"] = base
                    elif function is self._nic_pci:
                        bases["nic", "ports"] = base
                elif function is self._nic_pci:
                    regions.append((base, size, RO, self._rom_at + NIC_ROM_AT))
                elif function is self._vga_pci:
                    if index == 0:
                        regions.append((base, size, RW, self._vram_at))
                    elif index == 2:
                        regions.append((base, size, DEVICE_KIND + board.VGA_MMIO, 0))
                    elif index == 6:
                        regions.append((base, size, RO, self._rom_at + VGA_ROM_AT))
        if self.config.has_apic:
            regions.append((IO_APIC_BASE, 0x1000, DEVICE_KIND + board.IO_APIC, 0))
        bios = len(self._bios)
        regions.append((0x1_0000_0000 - bios, bios, RO, self._rom_at))
        maps = board.port_maps(bases, self._absent)
        bases_by_slot = [0] + [slot.base if slot.base is not board.MOVABLE else bases.get((slot.part, slot.attribute), 0)
                               for slot in board.slots()]
        self.parts.set_ports(maps, bases_by_slot)
        memory = self._memory
        memory.set_regions(regions)
        low = min(self.config.memory, VGA_WINDOW)
        memory.map_low(0, low, 0, 0)
        if low < VGA_WINDOW:
            memory.map_low(low, VGA_WINDOW - low, OPEN, OPEN)
        self._map_window()
        rom = min(bios, 0x20000)
        for n, (base, size) in enumerate(SEGMENTS):
            read_ram, write_ram = self._i440fx.pam(n)
            for page in range(base, base + size, 0x1000):
                at = self._rom_at + bios - (0x100000 - page) if page >= 0x100000 - rom else OPEN
                memory.map_low(page, 0x1000, page if read_ram else at, page if write_ram else OPEN)
        self.parts.map_changed()

    def _map_window(self):
        memory = self._memory
        direct = self._vga.direct_window()
        at = DEVICE if direct == OPEN else self._vram_at + direct
        memory.map_low(VGA_WINDOW, 0x10000, at, at)
        memory.map_low(VGA_WINDOW + 0x10000, 0x10000, DEVICE, DEVICE)
        memory.apic_page = self._lapic.page

    def window_changed(self):
        """The VGA's window at A0000 shows video memory directly, or does no more; the local APIC's page has moved (called by
        the board)."""
        self._map_window()
        self.parts.map_changed()

    # -- running -------------------------------------------------------------------------------------------------

    @property
    def engine_name(self):
        return self.parts.engine_name

    @property
    def instructions(self):
        """Instructions executed since power-on."""
        return self._cpu.icount

    @property
    def guest_ns(self):
        """Guest time since power-on in ns."""
        return self._clock.now()

    @property
    def guest_seconds(self):
        return self.guest_ns / 1e9

    def _run(self, stop_time=NEVER, stop_count=NEVER):
        """Run to a guest time or an instruction count, or until something ends the run, and deal with what it was; or
        about PROMPT host seconds (where it stops then makes no difference to the guest).  Gives poll's code.

        If the host could not read or write a medium, the machine is paused, and MediaError raised."""
        cpu = self._cpu
        began, before = time.monotonic(), cpu.icount
        cpu.stop_time, cpu.stop_count = stop_time, min(stop_count, before + self._chunk)
        cpu.stop_request = False
        cpu.slice = HOST_SLICE if self._clock.host else VIRTUAL_SLICE
        cpu.may_skip = not self._clock.host
        self.parts.rearm_video()
        code = self.parts.run(until=began + PROMPT)
        took = time.monotonic() - began
        if took > PROMPT:
            self._chunk = max(1, self._chunk // 2)
        elif took < PROMPT / 4 and cpu.icount - before >= self._chunk:
            self._chunk = min(MOST_CHUNK, self._chunk * 2)
        if self._fault is not None:
            fault, self._fault = self._fault, None
            self.pause()
            raise fault
        if self._memory.dirty.tobytes().find(1) >= 0:
            self._text = None
            if not self.viewed:
                self._memory.dirty[:] = bytes(len(self._memory.dirty))
        if self.ended is not None:
            pass
        elif cpu.reset_request or cpu.init_request or code == SHUTDOWN:
            self._reset_asked("triple-fault" if code == SHUTDOWN else "reset")
        elif code == HALT:
            self.ended = "halt"
        elif code == IDLE:
            self._idle(stop_time)
        return code

    def _medium_failed(self, error):
        """The host cannot read or write a medium: the guest hears of it from its drive; stop before it does more."""
        self._fault = self._fault or error
        self._cpu.stop_request = True
        self._cpu.attention = True

    def _reset_asked(self, why):
        """RESET, or INIT: the processor starts anew and the board stays as it is.  A processor that has shut down gets an INIT."""
        if self.config.no_reboot:
            self.ended = why
        elif self._cpu.reset_request:
            self.reset()
        else:
            init_cpu(self._cpu)
            self._lapic.initialise()
            self.parts.map_changed()

    def _idle(self, stop_time):
        """The processor halts and time does not skip: wait for a timer."""
        wait = HOST_SLEEP
        if self._clock.host:
            due = min(self._next_deadline(), stop_time)
            wait = min(wait, max(0, due - self._clock.now()) / 1e9)
        if wait > 0:
            (time.sleep if self._network is None else self._network.sleep)(wait)

    def _next_deadline(self):
        return self._cpu.next_deadline()

    def step_slice(self):
        """Run to the next fixed point of guest time (every 10 ms), then type and take input that is due; or as far
        as the machine gets in about 20 ms of host time.  True if it is a point to look at what the guest shows."""
        if self.paused or self.ended is not None:
            self.drives.settle()
            time.sleep(HOST_SLEEP)
            return True
        return self._to_tick(NEVER)

    def _to_tick(self, end):
        """Run to the next fixed point or to ``end``, or for about 20 ms of host time.  True at a fixed point."""
        if self._network is not None and not self._network.in_time():
            return False
        now = self._clock.now()
        tick = now - now % TICK + TICK
        self._run(stop_time=min(tick, end))
        fixed = self._clock.host or self._clock.now() >= tick
        if fixed:
            self._host_input()
        return fixed or self.ended is not None

    def run(self, until=None, timeout=None):
        """Run until ``until()`` is true or the machine ends; True if it became true.  ``timeout`` in host seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        fixed = True
        while True:
            if until is not None and fixed and until():
                return True
            if self.ended is not None or deadline is not None and time.monotonic() >= deadline:
                return False
            fixed = self.step_slice()

    def run_for(self, seconds):
        """Run for ``seconds`` of guest time (less if the machine ends)."""
        end = self._clock.now() + round(seconds * 1e9)
        while self.ended is None and self._clock.now() < end:
            self._to_tick(end)

    def step(self, count=1):
        """Execute ``count`` instructions; fewer if the machine ends, or halts for a second of guest time.

        It goes by pieces, so that where it gives up depends on the guest alone, not on the host's time."""
        cpu, now = self._cpu, self._clock.now
        target = cpu.icount + count
        piece = cpu.icount
        while self.ended is None and cpu.icount == piece < target:
            piece, limit = min(target, piece + STEP_PIECE), now() + STEP_IDLE
            while self.ended is None and cpu.icount < piece and now() < limit:
                self._run(stop_time=limit, stop_count=piece)

    def _host_input(self):
        self.drives.settle()
        if self._serial_source is not None:
            self._serial_source()
        if self._network is not None:
            self._network.poll()
        self._feed_keys()
        if self._typing and self._ready_for_key():
            chord = self._typing.pop(0)
            for code in chord:
                self._keyboard.key(code, 1)
            for code in reversed(chord):
                self._keyboard.key(code, 0)

    def _ready_for_key(self):
        """Has the guest taken the keys before: from the keyboard, and (in real mode) from the BIOS's ring of 15?"""
        if not (self._keyboard.idle() and self._kbc.idle()):
            return False
        if self._cpu.cr0 & CR0_PE:
            return True
        head, tail = (int.from_bytes(self._memory.read(at, 2), "little") for at in (BDA_KEY_HEAD, BDA_KEY_TAIL))
        return (tail - head) % 32 < 16

    # -- control -------------------------------------------------------------------------------------------------

    def pause(self):
        """Stand still, and guest time with it (the guest's date falls behind), until resume()."""
        if not self.paused:
            self.paused, self._resume_host = True, self._clock.host
            self._clock.use_host(False)

    def resume(self):
        """Go on after pause()."""
        if self.paused:
            self._clock.use_host(self._resume_host)
            self.paused = False

    def press_power_button(self):
        """The ACPI power button: a guest that listens shuts down."""
        self._pm.press_power_button()

    def insert(self, path):
        """Put an image into the drive that its content asks for; gives "cdrom" or "floppy".  Raises MediaError."""
        return self.drives.insert(path)

    def insert_cdrom(self, path):
        """Put a CD into the drive, whatever was in it.  Raises MediaError."""
        return self.drives.insert_cdrom(path)

    def eject_cdrom(self, force=False):
        """Take the CD out.  False if the guest has locked the tray: it was asked to let go, unless ``force``."""
        return self.drives.eject_cdrom(force)

    def insert_floppy(self, path, drive=0, read_only=False):
        """Put a floppy into a drive (0 is A); the guest's writes go to its file (with ``snapshot`` they last for the run), or it
        is write-protected.  Raises MediaError."""
        return self.drives.insert_floppy(path, drive, read_only)

    def eject_floppy(self, drive=0):
        """Take the floppy out."""
        self.drives.eject_floppy(drive)

    def media(self):
        """What is in the drives: {"cdrom": path or None, "floppy": path or None}, without drives that the machine lacks."""
        return self.drives.media()

    def activity(self):
        """How often drives and network were used so far: {"cdrom": n, "floppy": n, "disk": n, "network": n}."""
        uses = self.drives.activity()
        if self._network is not None:
            uses["network"] = self._nic.link.frames
        return uses

    @property
    def fitted(self):
        """Those of cdrom, floppy, disk, network, sound, power_button that this machine has."""
        there = set(self.media()) | {"disk"} & {kind for kind, _ in self.drives.open}
        for name, fitted in (("network", self._network is not None), ("sound", self._sound is not None), ("power_button", "pm" not in self._absent)):
            if fitted:
                there.add(name)
        return there

    def power_off(self):
        """Pull the plug."""
        self.ended = "poweroff"

    def _powered_off(self):
        self.ended = "poweroff"
        self._cpu.stop_request = True
        self._cpu.attention = True

    def _debug_exit_written(self, value):
        self.ended, self.exit_value = "debug-exit", value
        self._cpu.stop_request = True
        self._cpu.attention = True

    def finish_output(self):
        """Have what COM1 and the debug console sent, and what was played, written.  Raises MediaError, or BrokenPipeError, if
        it cannot be."""
        for sink in (self._serial_sink, self._debug_sink, self._sound, self._midi):
            if sink is not None:
                sink.flush()

    def close(self):
        """Give memory and files back.  Raises MediaError if what was written to a disk could not be finished."""
        if self.closed:
            return
        self.closed = True
        self.vram = self.vram_dirty = None
        for sink in (self._serial_sink, self._debug_sink):
            if sink is not None:
                sink.close()
        if self._network is not None:
            self._network.close()
        with ExitStack() as last:                   # whatever of it fails
            if self.drives is not None:
                last.callback(self.drives.close)
            last.callback(self.parts.close)
            if self._midi is not None:
                last.callback(self._midi.close)
            last.callback(self.play_sound, None)

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()

    # -- keyboard and mouse --------------------------------------------------------------------------------------

    def type(self, text, escapes=False):
        """Queue keys: text on a US keyboard, or with ``escapes`` also `{f12}` and the like (see emu/machine/keys.py).

        They are typed while the machine runs, each when the guest has taken the one before.  Raises ValueError for
        what cannot be typed."""
        self._typing += keys.chords(text, escapes)

    def paste(self, text):
        """Queue text as it stands, without braces that mean keys.  What the US keyboard does not have is left out; gives the
        number of such characters."""
        chords, left_out = keys.literal(text)
        self._typing += chords
        return left_out

    def stop_typing(self):
        """Drop what is queued and not typed yet."""
        self._typing.clear()

    @property
    def typing(self):
        """Is there text queued that is not typed yet?"""
        return bool(self._typing)

    @property
    def lock_lights(self):
        """The keyboard's lights: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock."""
        return self._keyboard.leds

    @property
    def typing_done(self):
        return not self._typing and self._keyboard.idle() and self._kbc.idle()

    def key(self, hid_usage, pressed):
        """A key by its USB HID usage, as a window gives it; unknown ones are ignored.  What comes faster than the guest takes
        it waits, so that no key seems to be held for ever; a guest that takes none loses what is pressed, not what is let go."""
        name = keys.HID_USAGES.get(hid_usage)
        if name is not None and not (pressed and len(self._keys) >= KEYS_WAITING):
            self._keys.append((keys.key_id(name), 1 if pressed else 0))
            self._feed_keys()

    def _feed_keys(self):
        while self._keys and self._keyboard.has_room():
            self._keyboard.key(*self._keys.popleft())

    def mouse_move(self, dx, dy, wheel=0):
        """Relative motion, dy positive down, wheel positive towards the user."""
        if self._vmware.enabled:
            self._vmware.motion(dx, dy, wheel)
        else:
            self._mouse.move(dx, dy, wheel)

    def mouse_buttons(self, mask):
        """Bit 0 left, 1 right, 2 middle."""
        if self._vmware.enabled:
            self._vmware.press(mask)
        else:
            self._mouse.buttons(mask)

    @property
    def pointer_absolute(self):
        """Has the guest a driver that takes positions (of the VMware pointer), and asked for them?"""
        return self._vmware.takes_positions()

    def pointer(self, x, y, buttons=0, wheel=0):
        """The pointer is at a pixel of the picture, with these buttons held (as in mouse_buttons) and the wheel turned.

        False, and nothing done, while the guest takes relative motion only."""
        if not self.pointer_absolute:
            return False
        from emu.display.mode import Mode
        mode = Mode.of(self.vga)
        x, y = (((2 * min(max(at, 0), size - 1) + 1) << 15) // size for at, size in ((x, mode.width), (y, mode.height)))
        self._vmware.pointer(x, y, buttons & 7, wheel)
        return True

    @property
    def mouse_heard(self):
        """Does the guest listen to the PS/2 mouse?"""
        return self._mouse.reporting != 0

    @property
    def mouse_idle(self):
        """Has the guest taken all that the PS/2 mouse had to say?"""
        return self._mouse.idle()

    # -- what can be seen ----------------------------------------------------------------------------------------

    def _renderer(self):
        from emu.display.glyphs import find_fonts
        from emu.display.render import Renderer
        if self._fonts is None:
            self._fonts = find_fonts(self._vga_bios)
        return Renderer(self.vga, self.vram, None, self._fonts)

    def _read_screen(self):
        """The text on the screen.  Where it is drawn in a font that the VGA BIOS has not, the guest has it in its memory; that is
        searched at growing distances, since there are pictures without text."""
        from emu.display.glyphs import find_fonts
        renderer = self._renderer()
        text = renderer.text()
        self._next_look = 0 if renderer.certain else self.guest_ns + LOOK
        if renderer.certain or self.guest_ns < self._font_search:
            return text
        before = len(self._fonts)
        memory = memoryview(self._memory.backing)[:min(self.config.memory, FONT_MEMORY)]
        self._fonts += [font for font in find_fonts(memory) if font not in self._fonts]
        self._font_search = self.guest_ns * 5 // 4 + FONT_SEARCH
        return self._renderer().text() if len(self._fonts) > before else text

    def screen_text(self):
        """The rows of the text screen (or of text in a known font on a graphical one)."""
        key = self.vga.revision, self.vga.start_address()   # the latter changes by itself, with the vertical retrace
        if self._text is None or self._text[0] != key:
            self._text = key, self._read_screen()
        return list(self._text[1])

    def watched_text(self):
        """screen_text() for who looks again and again: up to LOOK old where it is a picture."""
        if self.guest_ns >= self._next_look:
            self._watched = self.screen_text()
        return self._watched

    def screenshot(self):
        """The picture on the monitor: .array is (height, width, 3) uint8, .save(path) writes a PNG."""
        from emu.display.screenshot import Screenshot
        renderer = self._renderer()
        renderer.update()
        return Screenshot(renderer.frame())

    def serial_text(self):
        """All that COM1 has sent so far (of very much, the latest)."""
        return self._serial.text()

    def serial_find(self, text, start=0):
        """Where COM1 sent a text, counted from the first byte ever and not before ``start``; -1 if it did not."""
        return self._serial.find(text, start)

    def debug_text(self):
        """All that was written to port E9h."""
        return self._debug.text()

    def _serial_out(self, byte):
        self._serial.append(byte)
        if self._serial_sink is not None:
            self._serial_sink.write(byte)

    def _debug_out(self, byte):
        self._debug.append(byte)
        if self._debug_sink is not None:
            self._debug_sink.write(byte)

    def join_serial(self, sink):
        """Give all that COM1 sends to ``sink.write(byte)`` too; it has ``flush()`` and ``close()`` for the end of the run."""
        self._serial_sink = sink

    def send_serial(self, data):
        """Bytes to COM1's receiver; gives how many it took."""
        return self._uart0.receive(data)

    def wait_for_text(self, text, timeout=60):
        """Run until ``text`` shows on the text screen or comes from COM1.  ``timeout`` in host seconds.

        Raises TimeoutError with the screen in its message, also if the machine ends first."""
        start = self._serial_seen

        def there():
            found = self._serial.find(text, start)
            if found >= 0:
                self._serial_seen = found + len(text)
                return True
            return any(text in row for row in self.watched_text())

        if not self.run(until=there, timeout=timeout):
            screen = "\n".join(row.rstrip() for row in self.screen_text())
            why = f"the machine ended ({self.ended})" if self.ended else f"not within {timeout} s"
            raise TimeoutError(f"{text!r}: {why}; the screen:\n{screen}")

    # -- what can be heard ---------------------------------------------------------------------------------------

    def play_sound(self, sink):
        """Give what the machine plays from now on to ``sink`` (None: to nobody): 48,000 Hz, 16-bit stereo, by write(pcm) in
        blocks of 10 ms of guest time; silence(blocks) comes, perhaps late, for long stretches without any; flush(), close()."""
        before, self._sound = self._sound, None
        if before is not None:
            before.close()
        if sink is not None:
            self._sound = Sound(self._line_out, [self._speaker, self._opl3, self._sb16], sink)

    # -- state ---------------------------------------------------------------------------------------------------

    def save(self):
        """The whole declared state and all memory, as plain data."""
        return {"parts": {name: part.save() for name, part in self.parts.parts.items()},
                "backing": bytes(self._memory.backing)}

    def restore(self, state):
        """Take back what save() gave, into a machine of the same configuration."""
        for name, part in self.parts.parts.items():
            part.restore(state["parts"][name])
        self._memory.backing[:] = state["backing"]
        self._memory.dirty[:] = b"\1" * len(self._memory.dirty)
        self._text = None
        self._font_search = self._next_look = 0
        self.parts.forget()
        self._remap()
        if self._sound is not None:
            self._sound.settle()
