"""IDE channel: the registers and data port that two ATA or ATAPI drives share.

ATA/ATAPI-5 (T13/1321D), chapters 7 (registers), 8 and 9 (protocols).  What the drives do is in ata.py and atapi.py:
objects that are attached to the channel and keep all their state in it.
"""
from emu.bus.component import Component, Port, Timer, cold, hot
from emu.bus.types import NEVER, Array, Wire, u8, u16, u32, u64
from emu.buffers import skip

from .ide_state import (
    DATA, ERROR, SECTOR_COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, STATUS, FEATURES, COMMAND, BSY, DRDY, DSC, DRQ,
    ERR, DEVICE_FIXED, HOB, SRST, NIEN, CD, IO, DEVICE_RESET, EXECUTE_DIAGNOSTIC, NO_DRIVE, ATAPI, IDLE,
    COMMAND_BUSY, BLOCK_BUSY, TRANSFER_BUSY, STATUS_BUSY, RESET_BUSY, RESET_HELD, PIO_IN, PIO_OUT, DMA_IN, DMA_OUT,
    MORE, REPORT, BUFFER, BUFFER_MASK, COMMAND_NS, BLOCK_NS, RESET_NS,
    NO_SIGNATURE, Drive)


class IdeChannel(Component):
    """One IDE channel.  ``ports`` (1F0 or 170) are the command block, ``control_ports`` (3F6 or 376) the control block.

    ``attach`` puts a drive object on it before power-on.  ``irq`` and ``dmarq`` are levels.
    """

    drives: Array(Drive, 2)
    device: u8
    control: u8
    active: u8                  # the drive that phase is about
    phase: u8
    outward: u8                 # the transfer goes from the host to the drive
    finish: u8
    irq_level: u8
    deadline: u64
    buffer: Array(u8, BUFFER)
    position: u32               # next byte of the buffer
    block_end: u32              # end of the DRQ block
    filled: u32                 # end of what is (or goes) in the buffer
    block: u32                  # most bytes a DRQ block

    irq: Wire(u8)
    dmarq: Wire(u8)             # up while a drive waits for the bus master
    now: Wire(ret=u64)

    ports = (
        Port(0, 1, "read_data8", "write_data8", text="data"),
        Port(0, 1, "read_data16", "write_data16", 16, text="data"),
        Port(0, 1, "read_data32", "write_data32", 32, text="data"),
        Port(1, 7, "read", "write", text="command block"),
    )
    control_ports = (Port(0, 1, "read_control", "write_control", text="alternate status, device control"),)
    timers = (Timer("deadline", "expire"),)

    def __init__(self):
        super().__init__()
        self.devices = [None, None]

    def attach(self, index, device):
        """Put an AtaDisk or AtapiDrive on the channel as drive 0 (master) or 1; None takes it off."""
        self.devices[index] = device
        self.drives[index].kind = NO_DRIVE if device is None else device.kind
        if device is not None:
            device.channel, device.index = self, index
            device.power_on(self.drives[index])
            self._signature(index)

    def reset(self):
        """RESET#: a hardware reset of both drives."""
        self.control = 0
        for index, device in enumerate(self.devices):
            if device is not None:
                device.power_on(self.drives[index])
        self._reset_done()

    def _signature(self, index):
        """What a drive's registers hold after a reset or diagnostic (ATA/ATAPI-5, 9.12)."""
        drive, device = self.drives[index], self.devices[index]
        drive.error = drive.count = drive.lba_low = 1
        # Where there is no drive there is no signature of one, least of all that of the other drive: DOS CD drivers
        # and Linux look for a slave by it (test_absent_slave_shows_no_signature).
        drive.lba_mid, drive.lba_high = NO_SIGNATURE if device is None else device.signature
        drive.hob_features = drive.hob_count = drive.hob_low = drive.hob_mid = drive.hob_high = 0
        drive.features = 0
        drive.status = 0 if device is None else device.reset_status
        drive.intrq = 0
        drive.awaits_packet = 0

    def _reset_done(self):
        self._stop()
        self.device = DEVICE_FIXED
        for index in range(2):
            self._signature(index)
        self.update_irq()

    def _stop(self):
        """Forget a transfer."""
        if self.phase in (DMA_IN, DMA_OUT):
            self.dmarq(0)
        self.phase, self.deadline = IDLE, NEVER
        self.position = self.block_end = self.filled = 0

    # -- registers ---------------------------------------------------------------------------------------------

    @hot
    def update_irq(self) -> None:
        """INTRQ is driven by the selected drive, unless nIEN is set."""
        level: u8 = 0
        if (self.control & NIEN) == 0:
            level = self.drives[(self.device >> 4) & 1].intrq
        if level != self.irq_level:
            self.irq_level = level
            self.irq(level)

    @hot
    def read_status(self) -> u8:
        """The selected drive's status; 0 for an absent one, which BIOSes and DOS drivers take for "nothing there"."""
        which: u8 = (self.device >> 4) & 1
        if self.drives[which & 1].kind == NO_DRIVE:
            return 0
        return self.drives[which & 1].status

    @hot
    def read(self, offset: u16) -> u8:
        which: u8 = (self.device >> 4) & 1
        register: u16 = offset & 7
        if register == STATUS:
            status: u8 = self.read_status()
            if self.drives[which & 1].intrq != 0:
                self.drives[which & 1].intrq = 0
                self.update_irq()
            return status
        if self.drives[0].kind == NO_DRIVE and self.drives[which & 1].kind == NO_DRIVE:
            return 0            # nobody drives the bus; for an absent drive 1, drive 0 answers (ATA/ATAPI-5, 9.16.2)
        if register == DEVICE:
            return self.device
        if (self.control & HOB) != 0:
            if register == SECTOR_COUNT:
                return self.drives[which & 1].hob_count
            if register == LBA_LOW:
                return self.drives[which & 1].hob_low
            if register == LBA_MID:
                return self.drives[which & 1].hob_mid
            if register == LBA_HIGH:
                return self.drives[which & 1].hob_high
        if register == ERROR:
            return self.drives[which & 1].error
        if register == SECTOR_COUNT:
            return self.drives[which & 1].count
        if register == LBA_LOW:
            return self.drives[which & 1].lba_low
        if register == LBA_MID:
            return self.drives[which & 1].lba_mid
        return self.drives[which & 1].lba_high

    @hot
    def write(self, offset: u16, value: u8) -> None:
        """Both drives see what is written; a drive with BSY or DRQ set takes nothing but DEVICE RESET."""
        register: u16 = offset & 7
        if register == COMMAND and value == DEVICE_RESET and self.phase != RESET_HELD and self.phase != RESET_BUSY:
            self.device_reset()
            return
        if self.phase != IDLE:
            return
        self.control = self.control & (0xFF ^ HOB)
        if register == COMMAND:
            self.write_command(value)
        elif register == DEVICE:
            self.device = value | DEVICE_FIXED
            self.update_irq()
        else:
            self.write_task_file(0, register, value)
            self.write_task_file(1, register, value)

    @hot
    def write_task_file(self, which: u8, register: u16, value: u8) -> None:
        if register == FEATURES:
            self.drives[which & 1].hob_features = self.drives[which & 1].features
            self.drives[which & 1].features = value
        elif register == SECTOR_COUNT:
            self.drives[which & 1].hob_count = self.drives[which & 1].count
            self.drives[which & 1].count = value
        elif register == LBA_LOW:
            self.drives[which & 1].hob_low = self.drives[which & 1].lba_low
            self.drives[which & 1].lba_low = value
        elif register == LBA_MID:
            self.drives[which & 1].hob_mid = self.drives[which & 1].lba_mid
            self.drives[which & 1].lba_mid = value
        elif register == LBA_HIGH:
            self.drives[which & 1].hob_high = self.drives[which & 1].lba_high
            self.drives[which & 1].lba_high = value

    @hot
    def write_command(self, value: u8) -> None:
        which: u8 = (self.device >> 4) & 1
        if value == EXECUTE_DIAGNOSTIC:
            which = 0           # for both drives, whichever is selected; drive 0 reports
            if self.drives[0].kind == NO_DRIVE:
                which = 1
        if self.drives[which & 1].kind == NO_DRIVE:
            return
        self.active = which & 1
        self.drives[which & 1].command = value
        self.drives[which & 1].intrq = 0
        self.update_irq()
        self.go_busy(COMMAND_BUSY, COMMAND_NS)

    @hot
    def go_busy(self, phase: u8, duration: u64) -> None:
        """The active drive sets BSY; when the time is over, expire() goes on with ``phase``."""
        self.drives[self.active & 1].status = BSY
        self.phase = phase
        now: u64 = self.now()
        self.deadline = u64(now + duration)

    @hot
    def interrupt(self) -> None:
        self.drives[self.active & 1].intrq = 1
        self.update_irq()

    @hot
    def read_control(self, offset: u16) -> u8:
        return self.read_status()

    @hot
    def write_control(self, offset: u16, value: u8) -> None:
        before: u8 = self.control
        self.control = value & (HOB | SRST | NIEN)
        if ((before ^ value) & SRST) != 0:
            self.soft_reset()
        self.update_irq()

    @cold
    def soft_reset(self) -> None:
        """SRST changed: while it is up the drives are busy, after it fell they take a moment."""
        self._stop()
        if self.control & SRST:
            for drive in self.drives:
                drive.intrq = 0
                drive.status = BSY
            self.phase = RESET_HELD
        else:
            self.phase = RESET_BUSY
            self.deadline = self.now() + RESET_NS

    @cold
    def device_reset(self) -> None:
        """DEVICE RESET (08h) on the selected drive: packet drives stop whatever they do; disks refuse it."""
        index = self.device >> 4 & 1
        drive, device = self.drives[index], self.devices[index]
        if device is None:
            return
        if drive.kind == ATAPI:
            if self.phase != IDLE and self.active == index:
                self._stop()
            device.soft_reset(drive)
            self._signature(index)
            self.update_irq()
        elif self.phase == IDLE:
            self.write_command(DEVICE_RESET)

    # -- data port -----------------------------------------------------------------------------------------------

    @hot
    def read_data16(self, offset: u16) -> u16:
        at: u32 = self.position
        if self.phase != PIO_IN:
            return 0xFFFF
        value: u16 = u16(self.buffer[at & BUFFER_MASK] | (self.buffer[(at + 1) & BUFFER_MASK] << 8))
        self.position = u32(at + 2)
        if at + 2 >= self.block_end:
            self.block_read()
        return value

    @hot
    def read_data32(self, offset: u16) -> u32:
        at: u32 = self.position
        if self.phase == PIO_IN and at + 4 <= self.block_end:
            value: u32 = (self.buffer[at & BUFFER_MASK] | (self.buffer[(at + 1) & BUFFER_MASK] << 8)
                          | (self.buffer[(at + 2) & BUFFER_MASK] << 16) | (self.buffer[(at + 3) & BUFFER_MASK] << 24))
            self.position = u32(at + 4)
            if at + 4 == self.block_end:
                self.block_read()
            return value
        low: u16 = self.read_data16(0)
        high: u16 = self.read_data16(0)
        return u32(low | (high << 16))

    @hot
    def read_data8(self, offset: u16) -> u8:
        word: u16 = self.read_data16(0)
        return u8(word)

    @hot
    def write_data16(self, offset: u16, value: u16) -> None:
        at: u32 = self.position
        if self.phase != PIO_OUT:
            return
        self.buffer[at & BUFFER_MASK] = u8(value)
        self.buffer[(at + 1) & BUFFER_MASK] = u8(value >> 8)
        self.position = u32(at + 2)
        if at + 2 >= self.block_end:
            self.block_written()

    @hot
    def write_data32(self, offset: u16, value: u32) -> None:
        self.write_data16(0, u16(value))
        self.write_data16(0, u16(value >> 16))

    @hot
    def write_data8(self, offset: u16, value: u8) -> None:
        self.write_data16(0, value)

    @hot
    def block_read(self) -> None:
        """The host has read a whole DRQ block."""
        if self.block_end < self.filled:
            self.go_busy(BLOCK_BUSY, BLOCK_NS)
        elif self.finish == MORE:
            self.go_busy(TRANSFER_BUSY, BLOCK_NS)
        elif self.finish == REPORT:
            self.go_busy(STATUS_BUSY, BLOCK_NS)
        else:
            self.phase = IDLE
            self.drives[self.active & 1].status = DRDY | DSC

    @hot
    def block_written(self) -> None:
        """The host has written a whole DRQ block."""
        if self.block_end < self.filled:
            self.go_busy(BLOCK_BUSY, BLOCK_NS)
        else:
            self.go_busy(TRANSFER_BUSY, BLOCK_NS)

    @hot
    def begin_block(self) -> None:
        """Set up the next DRQ block and raise DRQ.  Packet drives tell its kind and length."""
        size: u32 = self.block
        left: u32 = u32(self.filled - self.position)
        if size > left:
            size = left
        self.block_end = u32(self.position + size)
        if self.drives[self.active & 1].awaits_packet != 0:
            self.drives[self.active & 1].count = CD
        elif self.drives[self.active & 1].kind == ATAPI:
            self.drives[self.active & 1].lba_mid = u8(size)
            self.drives[self.active & 1].lba_high = u8(size >> 8)
            self.drives[self.active & 1].count = IO
            if self.outward != 0:
                self.drives[self.active & 1].count = 0
        self.phase = PIO_IN
        if self.outward != 0:
            self.phase = PIO_OUT
        self.drives[self.active & 1].status = DRDY | DSC | DRQ

    @hot
    def end_command(self) -> None:
        """Good status, with an interrupt."""
        self.phase = IDLE
        if self.drives[self.active & 1].kind == ATAPI:
            self.drives[self.active & 1].count = IO | CD
        self.drives[self.active & 1].status = DRDY | DSC
        self.interrupt()

    @hot
    def expire(self) -> None:
        """The active drive is no longer busy."""
        phase: u8 = self.phase
        self.deadline = NEVER
        if phase == BLOCK_BUSY:
            self.begin_block()
            self.interrupt()
        elif phase == STATUS_BUSY:
            self.end_command()
        elif phase == COMMAND_BUSY:
            self.execute()
        elif phase == TRANSFER_BUSY:
            self.transfer()
        elif phase == RESET_BUSY:
            self.end_reset()

    @cold
    def execute(self) -> None:
        """Let the drive carry out the command that was written."""
        drive, device = self.drives[self.active], self.devices[self.active]
        if device is None:              # taken off while busy
            self._stop()
        elif drive.command == EXECUTE_DIAGNOSTIC:
            self._stop()
            self.device = DEVICE_FIXED
            for index in range(2):
                self._signature(index)
            self.drives[self.active].intrq = 1
            self.update_irq()
        else:
            drive.status, drive.error = DRDY | DSC, 0
            device.execute(self, drive, drive.command)

    @cold
    def transfer(self) -> None:
        """The buffer is exhausted: let the drive go on."""
        if self.devices[self.active] is None:
            self._stop()
        else:
            self.devices[self.active].proceed(self, self.drives[self.active])

    @cold
    def end_reset(self) -> None:
        for drive, device in zip(self.drives, self.devices):
            if device is not None:
                device.soft_reset(drive)
        self._reset_done()

    # -- what the drives call --------------------------------------------------------------------------------------

    def begin(self, size, block, outward=False, dma=False, finish=MORE, quiet=False):
        """Start the data phase of a command: ``size`` bytes of the buffer, in DRQ blocks of ``block`` bytes.

        ``outward`` is host to drive; ``quiet`` means no interrupt before the first block.
        """
        self.position, self.filled, self.block = 0, size, block
        self.outward, self.finish = int(outward), finish
        if dma:
            self.phase = DMA_OUT if outward else DMA_IN
            self.drives[self.active].status = DRDY | DSC | DRQ
            self.dmarq(1)
        else:
            self.begin_block()
            if not quiet:
                self.interrupt()

    def more(self, size, finish=MORE):
        """Go on with ``size`` more bytes of the buffer."""
        self.position, self.filled, self.finish = 0, size, finish
        if self.phase not in (DMA_IN, DMA_OUT):
            self.begin_block()
            self.interrupt()

    def done(self):
        """The command is complete.  In a DMA phase the bus master first brings its own part to an end."""
        if self.phase in (DMA_IN, DMA_OUT):
            self.position = self.filled = 0
            self.finish = REPORT
        else:
            self.end_command()

    def fail(self, error, status=DRDY | DSC | ERR):
        """The command ends with an error register and status."""
        drive = self.drives[self.active]
        self._stop()
        drive.error, drive.status = error, status
        if drive.kind == ATAPI:
            drive.count = IO | CD
        self.interrupt()

    # -- what the bus master calls ---------------------------------------------------------------------------------

    def dma_left(self):
        """Bytes that the drive still transfers in this DMA phase; 0 outside of one."""
        if self.phase not in (DMA_IN, DMA_OUT):
            return 0
        left = self.filled - self.position
        return left + (self.devices[self.active].pending(self, self.drives[self.active]) if self.finish == MORE else 0)

    def dma_outward(self):
        """Whether the DMA phase goes from memory to the drive."""
        return self.phase == DMA_OUT

    def dma_read(self, views):
        """Fill buffers with what the drive has, as far as that goes; returns the bytes."""
        moved = 0
        while views and self.phase == DMA_IN:
            device, drive = self.devices[self.active], self.drives[self.active]
            size = min(len(views[0]), self.filled - self.position)
            if size:
                views[0][:size] = self.buffer[self.position:self.position + size]
                self.position += size
            elif self.finish != MORE:
                break
            else:
                size = device.read_direct(self, drive, views)
                if not size:
                    device.proceed(self, drive)
            views, moved = skip(views, size), moved + size
        return moved

    def dma_write(self, views):
        """Hand the drive what is in buffers; returns how many bytes it took."""
        moved = 0
        while views and self.phase == DMA_OUT and self.position < self.filled:
            device, drive = self.devices[self.active], self.drives[self.active]
            size = 0 if self.position else device.write_direct(self, drive, views)
            if not size and self.phase == DMA_OUT:
                size = min(len(views[0]), self.filled - self.position)
                self.buffer[self.position:self.position + size] = views[0][:size]
                self.position += size
                if self.position == self.filled:
                    device.proceed(self, drive)
            views, moved = skip(views, size), moved + size
        return moved

    def dma_settle(self):
        """After memory is up to date: end the DMA phase if all data are through.  True if end_command() is to follow."""
        if self.phase not in (DMA_IN, DMA_OUT) or self.position < self.filled or self.finish == MORE:
            return False
        self._stop()
        return True

    def peek(self, offset):
        """A register of the command block without taking data or INTRQ away."""
        which = self.device >> 4 & 1
        if offset & 7 == STATUS:
            return self.read_status()
        if offset & 7 == DATA:
            return self.buffer[self.position & BUFFER_MASK] if self.phase == PIO_IN else 0xFF
        return self.read(offset) if self.drives[which].kind or self.drives[0].kind else 0
