"""Intel 82077AA CHMOS single-chip floppy disk controller, in AT mode, with its drives.

Data sheet: Intel 82077AA (290166); section numbers below are its.
"""
from emu.bus.component import Component, Port, Timer, hot
from emu.bus.types import NEVER, Array, Wire, u8, u16, u64
from emu.devices.fdc_commands import Commands
from emu.devices.fdc_registers import (
    BYTE_TIME, COMMAND, DIR_DSKCHG, DOR_NDMAGATE, DOR_NRESET, DSR_POWER_DOWN, DSR_RATE, DSR_RESET, EFIFO, EXECUTION, FAST, FIFOTHR,
    HOST, IC_POLLING, MSR_BUSY, MSR_DIO, MSR_NON_DMA, MSR_RQM, POLL, POLLING, REFILL, RESULT, command_length)

FLOAT = 0xFF                    # status registers A and B are not driven in AT mode
RESET_TIME = 20_000             # ns from the end of a reset to its interrupt
FIFO_BYTES = 16
PATIENCE = 50_000_000           # ns that a disk waits for programmed I/O: no real one waits at all


class Fdc(Commands, Component):
    """The controller and four drive connectors.

    Back ends, set by the board: ``dma`` (transfer_to_memory(channel, bytes) -> number taken,
    transfer_from_memory(channel, n) -> bytes, terminal_count(channel) -> bool), and the disks by insert() and eject().
    """

    # registers
    dor: u8
    tdr: u8
    rate: u8                    # DSR and CCR: 0 500, 1 300, 2 250, 3 1000 kbit/s
    powered_down: bool          # by the DSR; a reset ends it
    # command, execution and result phase
    phase: u8
    command: Array(u8, 16)
    command_count: u8
    command_size: u8
    result: Array(u8, 16)
    result_count: u8
    result_at: u8
    int_pending: bool           # the INT pin, before DMAGATE
    irq_level: u8
    # what is moved by programmed I/O: one sector, or the four bytes of an ID, a FIFO at a time
    buffer: Array(u8, 512)
    buffer_size: u16
    buffer_at: u16
    request_end: u16            # where this service request ends
    buffer_ready: bool          # the FIFO may be read, or written
    buffer_to_host: bool
    # the command in execution
    action: u8
    cylinder: u8                # C, H, R, N of the sector that is next
    head: u8
    sector: u8
    size_code: u8
    side: u8                    # the head that is selected
    drive: u8
    left: u16                   # sectors still to do, for commands that count them
    st0: u8
    st1: u8
    st2: u8
    tc: bool                    # terminal count was seen
    deadline: u64
    due: u64                    # the deadline that came last
    loaded_drive: u8            # whose head is loaded, and until when
    loaded_until: u64
    # SPECIFY, CONFIGURE, PERPENDICULAR, LOCK (5.2)
    srt_hut: u8
    hlt_nd: u8
    configuration: u8           # EIS 40h, EFIFO 20h, POLL 10h, FIFOTHR 0Fh
    pretrk: u8
    perpendicular: u8
    lock: bool
    last_eot: u8                # for DUMPREG
    # seeks and the interrupt status of each drive
    pcn: Array(u8, 4)           # the cylinder that the controller believes in
    track: Array(u8, 4)         # where the heads are
    seek_target: Array(u8, 4)   # for a seek under way: the cylinder where the heads will be
    seek_busy: u8               # a bit a drive, as in the MSR
    seek_stepped: u8            # a bit a drive: the seek steps, which takes the DSKCHG line back
    seek_end: Array(u64, 4)
    seek_deadline: u64          # the first of them
    sense_pending: u8           # a bit a drive
    sense_st0: Array(u8, 4)
    # the drives and what is in them; 0 cylinders: no disk
    drive_type: Array(u8, 4)    # as in CMOS: 0 none, 1 360K, 2 1.2M, 3 720K, 4 1.44M, 5 2.88M
    disk_cylinders: Array(u8, 4)
    disk_heads: Array(u8, 4)
    disk_sectors: Array(u8, 4)
    disk_rate: Array(u16, 4)    # kbit/s
    disk_protected: u8          # a bit a drive
    disk_changed: u8            # a bit a drive: the DSKCHG line
    fast: bool                  # disks turn and heads step 32 times as fast; set by the board
    # wires
    irq: Wire(u8)
    now: Wire(ret=u64)

    ports = (
        Port(0, 6, "read", "write", text="SRA, SRB, DOR, TDR, MSR/DSR, FIFO"),
        Port(7, 1, "read", "write", text="DIR/CCR"),
    )
    timers = (Timer("deadline", "expire"), Timer("seek_deadline", "seek_expire"))

    def __init__(self):
        super().__init__()
        self.dma = None
        self.disks = [None] * 4

    def reset(self):
        """The RESET pin (2.1, 4.1): registers cleared, LOCK too.  Disks and heads stay where they are."""
        self.dor = 0
        self.tdr = 0
        self.rate = 2
        self.lock = False
        self.srt_hut = 0
        self.hlt_nd = 0
        self.perpendicular = 0
        self.last_eot = 0
        self.command[:] = bytes(16)
        self.result[:] = bytes(16)
        for drive in range(4):
            self.pcn[drive] = 0
        self.software_reset()
        self.update_irq()

    @hot
    def software_reset(self) -> None:
        """What DOR and DSR resets do: abandon everything; CONFIGURE's values go unless LOCK holds them (5.2.7)."""
        self.phase = COMMAND
        self.command_count = 0
        self.result_count = 0
        self.result_at = 0
        self.buffer_ready = False
        self.int_pending = False
        self.action = POLLING
        self.powered_down = False
        self.loaded_until = 0
        self.deadline = NEVER
        self.seek_deadline = NEVER
        self.seek_busy = 0
        self.seek_stepped = 0
        self.sense_pending = 0
        self.perpendicular = self.perpendicular & 0xFC
        for i in range(4):
            self.pcn[i] = 0
            self.seek_end[i] = NEVER
        if self.lock:
            self.configuration = self.configuration & (EFIFO | FIFOTHR)
        else:
            self.configuration = EFIFO
            self.pretrk = 0

    @hot
    def start(self) -> None:
        """A reset ends: the polling of the drives will report each of them as changed, with an interrupt (5.2.4)."""
        for i in range(4):
            self.sense_st0[i] = u8(IC_POLLING | i)
        t: u64 = self.now()
        self.action = POLLING
        self.deadline = u64(t + RESET_TIME)

    @hot
    def update_irq(self) -> None:
        """Drive the interrupt line: the INT pin, where the DOR lets it through."""
        level: u8 = 0
        if self.int_pending and (self.dor & DOR_NDMAGATE) != 0:
            level = 1
        if level != self.irq_level:
            self.irq_level = level
            self.irq(level)

    @hot
    def interrupt(self) -> None:
        """Raise INT."""
        self.int_pending = True
        self.update_irq()

    @hot
    def status(self) -> u8:
        """The main status register."""
        if (self.dor & DOR_NRESET) == 0 or self.powered_down:
            return 0
        value: u8 = self.seek_busy
        if self.phase == COMMAND:
            value = value | MSR_RQM
            if self.command_count != 0:
                value = value | MSR_BUSY
        elif self.phase == RESULT:
            value = value | MSR_RQM | MSR_DIO | MSR_BUSY
        else:
            value = value | MSR_BUSY
            if (self.hlt_nd & 1) != 0:
                value = value | MSR_NON_DMA
            if self.buffer_ready:
                value = value | MSR_RQM
                if self.buffer_to_host:
                    value = value | MSR_DIO
        return value

    @hot
    def disk_change(self) -> u8:
        """The DIR: DSKCHG of the selected drive, which answers only while its motor is on."""
        drive: u8 = self.dor & 3
        if not self.powered_down and (self.dor >> ((4 + drive) & 7)) & 1 != 0 and (self.disk_changed >> (drive & 3)) & 1 != 0:
            return DIR_DSKCHG
        return 0

    @hot
    def read(self, offset: u16) -> u8:
        """Read a register."""
        n: u16 = offset & 7
        if n == 2:
            return self.dor
        if n == 3:
            return self.tdr
        if n == 4:
            return self.status()
        if n == 7:
            return self.disk_change()
        if n == 5:
            value: u8 = self.fifo_read()
            return value
        return FLOAT

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Write a register."""
        n: u16 = offset & 7
        if n == 2:
            self.dor_write(value)
        elif n == 3:
            self.tdr = value & 3
        elif n == 4:
            self.rate = value & DSR_RATE
            if (value & DSR_RESET) != 0 and (self.dor & DOR_NRESET) != 0:
                self.software_reset()
                self.start()
                self.update_irq()
            elif (value & DSR_POWER_DOWN) != 0:          # clocks stand still, the drives' lines are let go (2.1.5)
                self.software_reset()
                self.powered_down = True
                self.update_irq()
        elif n == 5:
            self.fifo_write(value)
        elif n == 7:
            self.rate = value & DSR_RATE

    @hot
    def dor_write(self, value: u8) -> None:
        """The digital output register: bit 2 at 0 holds the controller in reset."""
        before: u8 = self.dor
        self.dor = value
        if (value & DOR_NRESET) == 0:
            self.software_reset()
        elif (before & DOR_NRESET) == 0:
            self.start()
        self.update_irq()

    @hot
    def fifo_read(self) -> u8:
        """A byte of data in execution, or of the result; the first result byte takes INT back (4.3)."""
        if (self.dor & DOR_NRESET) == 0 or self.powered_down:
            return 0
        if self.phase == EXECUTION:
            if not self.buffer_ready or not self.buffer_to_host:
                return 0
            data: u8 = self.buffer[self.buffer_at & 511]
            self.buffer_at = u16(self.buffer_at + 1)
            if self.buffer_at >= self.request_end:
                self.served()
            return data
        if self.phase != RESULT:
            return 0
        if self.int_pending:
            self.int_pending = False
            self.update_irq()
        value: u8 = self.result[self.result_at & 15]
        self.result_at = u8(self.result_at + 1)
        if self.result_at >= self.result_count:
            self.phase = COMMAND
            self.command_count = 0
        return value

    @hot
    def fifo_write(self, value: u8) -> None:
        """A byte of a command, or of data in execution.  What comes at the wrong time is lost."""
        if (self.dor & DOR_NRESET) == 0 or self.powered_down:
            return
        if self.phase == EXECUTION:
            if self.buffer_ready and not self.buffer_to_host:
                self.buffer[self.buffer_at & 511] = value
                self.buffer_at = u16(self.buffer_at + 1)
                if self.buffer_at >= self.request_end:
                    self.served()
            return
        if self.phase != COMMAND:
            return
        if self.command_count == 0:
            self.command_size = command_length(value)
        self.command[self.command_count & 15] = value
        self.command_count = u8(self.command_count + 1)
        if self.command_count >= self.command_size:      # at once for what is no command
            self.execute()

    @hot
    def request_service(self) -> None:
        """Programmed I/O: RQM and INT ask the host to empty the FIFO, or to fill it (4.2.1, 4.2.2)."""
        n: u16 = 1                              # without FIFO each byte asks for itself
        if (self.configuration & EFIFO) == 0:
            n = u16(FIFO_BYTES - 1 - (self.configuration & FIFOTHR))
            if not self.buffer_to_host and self.buffer_at == 0:
                n = FIFO_BYTES
            if n == 0:
                n = 1
        self.request_end = u16(self.buffer_at + n)
        if self.request_end > self.buffer_size:
            self.request_end = self.buffer_size
        self.buffer_ready = True
        t: u64 = self.now()
        self.action = HOST
        self.deadline = u64(t + PATIENCE)
        self.interrupt()

    @hot
    def served(self) -> None:
        """Programmed I/O has emptied the FIFO, or filled it."""
        self.buffer_ready = False
        self.int_pending = False
        self.update_irq()
        self.deadline = NEVER
        if self.buffer_at >= self.buffer_size:
            self.moved()
        else:
            step: u64 = u64(BYTE_TIME[self.rate & 3])
            if self.fast:
                step = step // FAST
            t: u64 = self.now()
            self.action = REFILL
            self.deadline = u64(t + step)

    @hot
    def expire(self) -> None:
        """The time of the command in execution, or of the interrupt after a reset."""
        self.due = self.deadline
        self.deadline = NEVER
        if self.action == POLLING:
            if (self.configuration & POLL) == 0:
                self.sense_pending = 0x0F
                self.interrupt()
        elif self.action == REFILL:
            self.request_service()
        else:
            self.step()

    @hot
    def seek_expire(self) -> None:
        """Some drive's heads have arrived."""
        self.seek_deadline = NEVER
        self.seeks_done()

    def peek(self, offset):
        """What read(offset) would give."""
        n = offset & 7
        if n == 5:
            if self.phase == EXECUTION:
                return self.buffer[self.buffer_at & 511] if self.buffer_ready and self.buffer_to_host else 0
            return self.result[self.result_at & 15] if self.phase == RESULT else 0
        return self.read(offset)

    # -- disks ---------------------------------------------------------------------------------------------------

    def insert(self, drive, disk):
        """Put ``disk`` (emu.media.floppy.FloppyMedium, or one like it) in; what was in comes out and is returned."""
        before = self.disks[drive]
        self.disks[drive] = disk
        form = disk.format
        self.disk_cylinders[drive], self.disk_heads[drive] = form.cylinders, form.heads
        self.disk_sectors[drive], self.disk_rate[drive] = form.sectors, form.rate
        self.disk_protected = self.disk_protected & ~(1 << drive) | (1 << drive if disk.read_only else 0)
        self.disk_changed = self.disk_changed | 1 << drive
        return before

    def eject(self, drive):
        """Take the disk out; returns it, or None."""
        before = self.disks[drive]
        self.disks[drive] = None
        self.disk_cylinders[drive] = self.disk_heads[drive] = 0
        self.disk_sectors[drive] = self.disk_rate[drive] = 0
        self.disk_protected = self.disk_protected & ~(1 << drive)
        if self.drive_type[drive]:
            self.disk_changed = self.disk_changed | 1 << drive
        return before

    def set_drive(self, drive, drive_type):
        """Connect a drive (its CMOS type; 0 takes it away).  A drive without a disk reports a change."""
        self.drive_type[drive] = drive_type
        self.disk_changed = self.disk_changed & ~(1 << drive) | (1 << drive if drive_type else 0)
