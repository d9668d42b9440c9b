"""The commands of the 82077AA: what happens once their bytes are in.  The cold half of emu.devices.fdc.

Data sheet: Intel 82077AA (290166), sections 5 (commands) and 6 (status registers).
"""
from emu.bus.component import cold
from emu.bus.types import NEVER
from emu.devices.fdc_registers import (
    CM, COMMAND, CONFIGURE, DE, DOR_NDMAGATE, DUMPREG, EC, EIS, EN, END, EXECUTION, FAST, FORMAT, FORMAT_SECTOR, HOST,
    IC_ABNORMAL, IC_INVALID, IC_POLLING, IMPLIED_SEEK, INWARD, LOCK, MA, MFM, MT, ND, NW, OR, PERPENDICULAR,
    READ_DELETED, READ_ID, READ_ID_MARK, READ_TRACK, RECALIBRATE, RELATIVE, RESULT, SCAN_EQUAL, SCAN_HIGH, SCAN_LOW,
    SE, SECTOR, SEEK, SENSE_DRIVE, SENSE_INTERRUPT, SH, SK, SN, SPECIFY, ST3_ONES, T0, VERIFY, VERSION, WC, WP, WRITE,
    WRITE_DELETED, command_length)

SECTOR_BYTES, SECTOR_CODE = 512, 2              # the only sector size that raw images have; N of it
CHANNEL = 2                                     # of the DMA controller, on every AT
MS = 1_000_000
SHORT = 20_000                                  # ns: what takes no mechanical movement
RECALIBRATE_STEPS = 79
VERSION_82077 = 0x90
RATES = (500, 300, 250, 1000)                   # kbit/s by DSR bits 1, 0
TYPE_360K, TYPE_1200K = 1, 2
FROM_HOST = (WRITE, WRITE_DELETED, FORMAT, SCAN_EQUAL, SCAN_LOW, SCAN_HIGH)
WRITES = (WRITE, WRITE_DELETED, FORMAT)
SCANS = (SCAN_EQUAL, SCAN_LOW, SCAN_HIGH)


class Commands:
    """Execution of commands, on the state that Fdc declares."""

    # -- entries from the hot half -------------------------------------------------------------------------------

    @cold
    def execute(self) -> None:
        """All bytes of a command are in."""
        self.phase = EXECUTION
        if command_length(self.command[0]) == 0:
            self._results(IC_INVALID)
            return
        code = self.command[0] & 0x1F
        simple = _SIMPLE.get(code)
        if simple is not None:
            simple(self)
        else:
            self._begin(code)

    @cold
    def step(self) -> None:
        """The time that the command in execution waited for has come."""
        action = self.action
        try:
            if action == SECTOR:
                self._at_sector()
            elif action == READ_ID_MARK:
                self._at_id()
            elif action == FORMAT_SECTOR:
                self._at_format()
            elif action == IMPLIED_SEEK:
                self._arrived()
            elif action == END:
                self._end()
            elif action == HOST:                # programmed I/O came too late
                self.int_pending = False        # a new edge for the result: Linux without DMA ends its reads so
                self.update_irq()
                self._fail(OR)
        except (OSError, ValueError):           # the host cannot read or write the image: a bad sector
            self._fail(DE)

    @cold
    def moved(self) -> None:
        """Programmed I/O has read, or filled, the buffer."""
        if self.buffer_to_host:
            self._after_sector()
        else:
            self._schedule(FORMAT_SECTOR if self.command[0] & 0x1F == FORMAT else SECTOR)

    @cold
    def seeks_done(self) -> None:
        """Heads have arrived: status for SENSE INTERRUPT STATUS, and INT."""
        now, first = self.now(), NEVER
        for drive in range(4):
            bit = 1 << drive
            if self.seek_busy & bit == 0:
                continue
            if self.seek_end[drive] > now:
                first = min(first, self.seek_end[drive])
                continue
            self.seek_end[drive] = NEVER
            self.seek_busy &= ~bit
            self.track[drive] = self.seek_target[drive]
            if self.seek_stepped & bit:
                self._stepped(drive)
            self.sense_pending |= bit
            self.interrupt()
        self.seek_deadline = first

    # -- commands without a data transfer ------------------------------------------------------------------------

    def _results(self, *values):
        self.result[:] = bytes(values).ljust(16, b"\0")
        self.result_count = len(values)
        self.result_at = 0
        self.action = END
        self.phase = RESULT

    def _done(self):
        """A command without a result phase is over."""
        self.phase = COMMAND
        self.command_count = 0

    def _specify(self):
        self.srt_hut, self.hlt_nd = self.command[1], self.command[2]
        self._done()

    def _configure(self):
        self.configuration, self.pretrk = self.command[2] & 0x7F, self.command[3]
        self._done()

    def _perpendicular(self):
        value = self.command[1]
        drives = value if value & 0x80 else self.perpendicular      # OW: the drives' bits may be written
        self.perpendicular = drives & 0x3C | value & 0x03
        self._done()

    def _lock(self):
        self.lock = self.command[0] & 0x80 != 0
        self._results(0x10 if self.lock else 0)

    def _version(self):
        self._results(VERSION_82077)

    def _dumpreg(self):
        self._results(*self.pcn, self.srt_hut, self.hlt_nd, self.last_eot,
                      (0x80 if self.lock else 0) | self.perpendicular, self.configuration, self.pretrk)

    def _sense_drive(self):
        drive = self.command[1] & 3
        at_0 = self.drive_type[drive] != 0 and self.track[drive] == 0
        protected = self.disk_protected >> drive & 1
        self._results(ST3_ONES | (WP if protected else 0) | (T0 if at_0 else 0) | self.command[1] & 7)

    def _sense_interrupt(self):
        for drive in range(4):
            if self.sense_pending >> drive & 1:
                break
        else:
            self._results(IC_INVALID)
            return
        self.sense_pending &= ~(1 << drive)
        self.int_pending = False
        self.update_irq()
        if any(self.sense_pending >> d & 1 and self.sense_st0[d] & IC_POLLING != IC_POLLING for d in range(4)):
            self.interrupt()                    # another drive's seek: a new edge for it
        self._results(self.sense_st0[drive], self.pcn[drive])

    # -- seeks ---------------------------------------------------------------------------------------------------

    def _scaled(self, ns):
        return ns // FAST if self.fast else ns

    def _step_time(self):
        """ns a step: SRT counts down from 16 ms at 500 kbit/s, and scales with the data rate (table 5-11)."""
        return self._scaled((16 - (self.srt_hut >> 4)) * MS * 500 // RATES[self.rate])

    def _load_time(self):
        """ns until the head is loaded: HLT in units of 2 ms at 500 kbit/s (table 5-11)."""
        return self._scaled(((self.hlt_nd >> 1) or 128) * 2 * MS * 500 // RATES[self.rate])

    def _unload_time(self):
        """ns that the head stays loaded after a command: HUT in units of 16 ms at 500 kbit/s."""
        return self._scaled(((self.srt_hut & 0x0F) or 16) * 16 * MS * 500 // RATES[self.rate])

    def _last_track(self, drive):
        """Where the drive's heads stop: a little behind its last cylinder."""
        return 41 if self.drive_type[drive] == TYPE_360K else 83

    def _stepped(self, drive):
        if self.disk_cylinders[drive]:
            self.disk_changed &= ~(1 << drive)

    def _move(self, drive, target, steps, st0):
        bit = 1 << drive
        self.seek_target[drive] = max(0, min(target, self._last_track(drive)))
        self.seek_stepped = self.seek_stepped & ~bit | (bit if steps else 0)
        self.seek_end[drive] = self.now() + max(steps * self._step_time(), SHORT)
        self.seek_busy |= bit
        self.sense_pending &= ~bit
        self.sense_st0[drive] = st0
        self.seek_deadline = min(self.seek_deadline, self.seek_end[drive])
        self._done()

    def _seek(self):
        first, select, target = self.command[0], self.command[1], self.command[2]
        drive = select & 3
        before = self.pcn[drive]
        if first & RELATIVE:
            steps = target if first & INWARD else -target
        else:
            steps = target - before
        self.pcn[drive] = before + steps & 0xFF
        self._move(drive, self.track[drive] + steps, abs(steps), SE | select & 7)

    def _recalibrate(self):
        drive = self.command[1] & 3
        self.pcn[drive] = 0
        if self.drive_type[drive] == 0:         # nobody pulls TRK0
            self._move(drive, 0, RECALIBRATE_STEPS, IC_ABNORMAL | SE | EC | drive)
            return
        steps = min(self.track[drive], RECALIBRATE_STEPS)
        rest = self.track[drive] - steps
        self._move(drive, rest, steps, SE | drive | (IC_ABNORMAL | EC if rest else 0))

    # -- the disk under the head ---------------------------------------------------------------------------------

    def _disk(self):
        return self.disks[self.drive]

    def _cylinder_below(self):
        """The disk's cylinder below the heads; a 1.2M drive steps twice for each of a 360K disk."""
        track = self.track[self.drive]
        if self.drive_type[self.drive] == TYPE_1200K and self.disk_cylinders[self.drive] == 40:
            return track // 2
        return track

    def _turn(self):
        """ns a turn: 360 a minute in a 1.2M drive, 300 in the others."""
        return self._scaled(500 * MS // 3 if self.drive_type[self.drive] == TYPE_1200K else 200 * MS)

    def _slot(self):
        """ns a sector, gaps included."""
        return self._turn() // (self.disk_sectors[self.drive] or 18)

    def _readable(self):
        """Are there ID marks that the controller can read where the head is?"""
        drive = self.drive
        if self._disk() is None or self.drive_type[drive] == 0 or not self.dor >> (4 + drive) & 1:
            return False
        rate = self.disk_rate[drive]
        if self.drive_type[drive] == TYPE_1200K and rate == 250:
            rate = 300                          # it turns faster
        return (self.command[0] & MFM != 0 and RATES[self.rate] == rate and self.side < self.disk_heads[drive]
                and self._cylinder_below() < self.disk_cylinders[drive])

    def _lba(self, sector):
        drive = self.drive
        return (self._cylinder_below() * self.disk_heads[drive] + self.side) * self.disk_sectors[drive] + sector - 1

    # -- commands that read or write the disk --------------------------------------------------------------------

    def _begin(self, code):
        c = self.command
        self.drive, self.side = c[1] & 3, c[1] >> 2 & 1
        self.st0 = self.st1 = self.st2 = 0
        self.tc = False
        self.left = 0
        self.due = self.now()
        if code in (READ_ID, FORMAT):
            self.cylinder, self.head, self.sector, self.size_code = self.pcn[self.drive], self.side, 1, SECTOR_CODE
        else:
            self.cylinder, self.head, self.sector, self.size_code = c[2], c[3], c[4], c[5]
            self.last_eot = c[6]
        if code == FORMAT:
            self.last_eot = self.left = c[3]
        elif code == READ_TRACK:
            self.left = c[6]
            self.sector = 1
        elif code == VERIFY and c[1] & 0x80:
            self.left = c[8]                    # EC: the last byte is a count of sectors
        if self.configuration & EIS and code not in (READ_ID, FORMAT):
            self.st0 = SE
            self.action = IMPLIED_SEEK
            steps = abs(self.cylinder - self.pcn[self.drive])
            self.deadline = self.due + steps * self._step_time()
            return
        self._arrived()

    def _arrived(self):
        drive, code = self.drive, self.command[0] & 0x1F
        if self.action == IMPLIED_SEEK:
            steps = self.cylinder - self.pcn[drive]
            self.track[drive] = max(0, min(self.track[drive] + steps, self._last_track(drive)))
            self.pcn[drive] = self.cylinder
            if steps:
                self._stepped(drive)
        self.due = self.now()
        if self.loaded_drive != drive or self.due > self.loaded_until:
            self.due += self._load_time()
        if code in WRITES and self.disk_protected >> drive & 1:
            self._give_up(NW, 0, SHORT)
        elif code == READ_ID:
            self._schedule_id()
        elif code in (FORMAT, READ_TRACK) and self.left == 0:
            self._give_up(ND, 0, self._turn())
        else:
            self._next(first=True)

    def _give_up(self, st1, st2, delay):
        """End abnormally, after the time that it takes to find out."""
        self.st0 |= IC_ABNORMAL
        self.st1 |= st1
        self.st2 |= st2
        self.action = END
        self.deadline = self.now() + delay

    def _next(self, first=False):
        """Go for the next sector: find its ID, ask the host for data."""
        code, drive = self.command[0] & 0x1F, self.drive
        if not first and self.command[0] & MT and code not in (FORMAT, READ_TRACK):
            self.side = self.head & 1
        if not self._readable() and (code != FORMAT or self._disk() is None):
            self._give_up(MA, 0, 2 * self._turn())
            return
        if code not in (FORMAT, READ_TRACK):
            if self.cylinder != self._cylinder_below():
                self._give_up(ND, WC, 2 * self._turn())
                return
            if (self.head != self.side or self.size_code != SECTOR_CODE
                    or not 1 <= self.sector <= self.disk_sectors[drive]):
                self._give_up(ND, 0, 2 * self._turn())
                return
        elif code == READ_TRACK and self.sector > self.disk_sectors[drive]:
            self._give_up(ND, 0, self._turn())
            return
        if code in FROM_HOST and self.hlt_nd & 1:
            self._ask(4 if code == FORMAT else SECTOR_BYTES)
            return
        self._schedule(FORMAT_SECTOR if code == FORMAT else SECTOR, first)

    def _schedule(self, action, first=False):
        """Wait until the sector has passed the head."""
        slot = self._slot()
        start = self.due
        if first and not self.fast:             # wait for it to come; a little late is early enough (gap 3)
            place = 0 if action == FORMAT_SECTOR else self.sector - 1
            late = (start - place * slot) % self._turn()
            if late > slot // 8:
                start += self._turn() - late
        self.action = action
        self.deadline = max(start + slot, self.now())

    def _schedule_id(self):
        if not self._readable():
            self._give_up(MA, 0, 2 * self._turn())
            return
        slot = self._slot()
        place = self.due // slot + 1            # the next ID mark to pass
        self.sector = place % self.disk_sectors[self.drive] + 1
        self.action = READ_ID_MARK
        self.deadline = place * slot

    def _at_id(self):
        self.cylinder, self.head, self.size_code = self._cylinder_below(), self.side, SECTOR_CODE
        self._end()

    # -- data to and from the host -------------------------------------------------------------------------------

    def _ask(self, n):
        """Programmed I/O: have the host fill the buffer."""
        self._offer(n, to_host=False)

    def _offer(self, n, to_host):
        self.buffer_size, self.buffer_at = n, 0
        self.buffer_to_host = to_host
        self.request_service()

    def _fetch(self, n):
        """``n`` bytes that the host gives for this sector; None if it gave none in time."""
        if self.hlt_nd & 1:
            return bytes(self.buffer[0:n])
        if self.dma is None or not self.dor & DOR_NDMAGATE:
            return None
        data = bytes(self.dma.transfer_from_memory(CHANNEL, n))
        self.tc = len(data) < n or bool(self.dma.terminal_count(CHANNEL))
        return data.ljust(n, b"\0") if data else None

    def _give(self, data):
        """Hand a sector to the host.  True if it is there; False if that waits for programmed I/O, or failed."""
        if self.hlt_nd & 1:
            self.buffer[0:len(data)] = data
            self._offer(len(data), to_host=True)
            return False
        taken = 0
        if self.dma is not None and self.dor & DOR_NDMAGATE:
            taken = self.dma.transfer_to_memory(CHANNEL, data)
            self.tc = taken < len(data) or bool(self.dma.terminal_count(CHANNEL))
        if taken == 0:
            self._fail(OR)
        return taken != 0

    # -- a sector is below the head ------------------------------------------------------------------------------

    def _at_sector(self):
        code, disk = self.command[0] & 0x1F, self._disk()
        if disk is None:                        # taken out meanwhile
            self._give_up(MA, 0, 2 * self._turn())
            return
        lba = self._lba(self.sector)
        if code in (WRITE, WRITE_DELETED):
            if self._write(disk, lba, code):
                self._after_sector()
            return
        if code == READ_TRACK:
            wanted, found = (self.command[2], self.command[3]), (self._cylinder_below(), self.side)
            if wanted != found or self.size_code != SECTOR_CODE:
                self.st1 |= ND                  # said at the end; the data come all the same (5.1.3)
        else:
            wrong = (lba in disk.deleted) != (code == READ_DELETED)
            if wrong and self.command[0] & SK:
                self._after_sector(skipped=True)
                return
            if wrong:
                self.st2 |= CM
        try:
            data = disk.read(lba * SECTOR_BYTES, SECTOR_BYTES)
        except OSError:                         # the host cannot: as a sector with a wrong CRC
            self._fail(DE)
            return
        if code in SCANS:
            self._scan(code, data)
        elif code == VERIFY or self._give(data):
            self._after_sector()

    def _write(self, disk, lba, code):
        data = self._fetch(SECTOR_BYTES)
        if data is None:
            self._fail(OR)
            return False
        try:
            disk.write(lba * SECTOR_BYTES, data)
        except OSError:
            self._fail(DE)
            return False
        if code == WRITE_DELETED:
            disk.deleted.add(lba)
        else:
            disk.deleted.discard(lba)
        return True

    def _scan(self, code, data):
        """Compare with the host's data, byte by byte; FFh on either side fits all (5.1.10)."""
        wanted = self._fetch(SECTOR_BYTES)
        if wanted is None:
            self._fail(OR)
            return
        pairs = [(d, w) for d, w in zip(data, wanted) if d != w and d != 0xFF and w != 0xFF]
        met = not pairs or (code == SCAN_LOW and all(d < w for d, w in pairs)) or (
            code == SCAN_HIGH and all(d > w for d, w in pairs))
        if met:
            self.st2 = self.st2 & ~SN | (0 if pairs else SH)
            self._end()
            return
        self.st2 |= SN
        self._after_sector()

    def _after_sector(self, skipped=False):
        """A sector is done: end, or go on with the next."""
        code = self.command[0] & 0x1F
        stop = self.tc or (self.st2 & CM != 0 and code not in SCANS)
        if code in (FORMAT, READ_TRACK) or (code == VERIFY and self.left):
            self.left -= not skipped
            stop = stop or self.left == 0
        if code == READ_TRACK:
            self.sector = self.sector + 1 & 0xFF
            past = False
        else:
            past = self._advance(2 if code in SCANS and self.command[8] == 2 else 1)
        if stop:
            self._end()
        elif past:
            if code not in SCANS and not (code == VERIFY and not self.command[1] & 0x80):
                self.st0, self.st1 = self.st0 | IC_ABNORMAL, self.st1 | EN
            self._end()
        else:
            self._next()

    def _advance(self, by):
        """The ID after this sector (table 5-7).  True if that is past the end, EOT of the last side."""
        eot = self.command[6]
        if self.sector != eot and not (by == 2 and self.sector + 1 == eot):
            self.sector = self.sector + by & 0xFF
            return False
        self.sector = 1
        if self.command[0] & MT:
            self.head ^= 1
            if self.side == 0:
                return False
        self.cylinder = self.cylinder + 1 & 0xFF
        return True

    def _at_format(self):
        """One sector of FORMAT TRACK: the host gives its ID.  What an image cannot hold is not found again (ND)."""
        disk, ident = self._disk(), self._fetch(4)
        if disk is None or ident is None:
            self._fail(MA if disk is None else OR)
            return
        self.cylinder, self.head, self.sector, self.size_code = ident
        place = (self._cylinder_below(), self.side, SECTOR_CODE)
        fits = (self._readable() and (self.cylinder, self.head, self.size_code) == place
                and 1 <= self.sector <= self.disk_sectors[self.drive])
        if fits:
            lba = self._lba(self.sector)
            try:
                disk.write(lba * SECTOR_BYTES, bytes([self.command[5]]) * SECTOR_BYTES)
            except OSError:
                self._fail(DE)
                return
            disk.deleted.discard(lba)
        else:
            self.st0, self.st1 = self.st0 | IC_ABNORMAL, self.st1 | ND
        self.left -= 1
        if self.tc or self.left == 0:
            self._end()
        else:
            self._next()

    def _fail(self, st1):
        self.st0, self.st1 = self.st0 | IC_ABNORMAL, self.st1 | st1
        self._end()

    def _end(self):
        """The result phase of a command that was in execution."""
        self.buffer_ready = False
        self.deadline = NEVER
        self.loaded_drive, self.loaded_until = self.drive, self.now() + self._unload_time()
        self._results(self.st0 | self.side << 2 | self.drive, self.st1, self.st2,
                      self.cylinder, self.head, self.sector, self.size_code)
        self.interrupt()


_SIMPLE = {
    SPECIFY: Commands._specify, SENSE_DRIVE: Commands._sense_drive, RECALIBRATE: Commands._recalibrate,
    SENSE_INTERRUPT: Commands._sense_interrupt, DUMPREG: Commands._dumpreg, SEEK: Commands._seek,
    VERSION: Commands._version, PERPENDICULAR: Commands._perpendicular, CONFIGURE: Commands._configure,
    LOCK: Commands._lock,
}
