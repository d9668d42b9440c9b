"""Bits of the 82077AA's registers and commands, shared by its two halves.

Data sheet: Intel 82077AA (290166); section numbers are its.
"""
from emu.bus.component import hot
from emu.bus.types import Const, u8, u16

# Digital output register (2.1.2)
DOR_NRESET, DOR_NDMAGATE = 0x04, 0x08
# Main status register (2.1.4)
MSR_RQM, MSR_DIO, MSR_NON_DMA, MSR_BUSY = 0x80, 0x40, 0x20, 0x10
# Data rate select register (2.1.5)
DSR_RESET, DSR_POWER_DOWN, DSR_RATE = 0x80, 0x40, 0x03
# Digital input register, AT mode (2.1.7)
DIR_DSKCHG = 0x80
# Second byte of CONFIGURE (5.2.7)
EIS, EFIFO, POLL, FIFOTHR = 0x40, 0x20, 0x10, 0x0F
# Status register 0 (6.1): interrupt code, seek end, equipment check
IC_ABNORMAL, IC_INVALID, IC_POLLING, SE, EC = 0x40, 0x80, 0xC0, 0x20, 0x10
# Status register 1 (6.2)
EN, DE, OR, ND, NW, MA = 0x80, 0x20, 0x10, 0x04, 0x02, 0x01
# Status register 2 (6.3)
CM, WC, SH, SN = 0x40, 0x10, 0x08, 0x04
# Status register 3 (6.4); bits 5 and 3 are always 1
WP, T0 = 0x40, 0x10
ST3_ONES = 0x28

# phase: of a command
COMMAND, EXECUTION, RESULT = 0, 1, 2
# action: what the command in execution waits for
POLLING, SECTOR, READ_ID_MARK, FORMAT_SECTOR, IMPLIED_SEEK, END, REFILL, HOST = 0, 1, 2, 3, 4, 5, 6, 7

# Commands (table 5-1), the low five bits of the first byte
(READ_TRACK, SPECIFY, SENSE_DRIVE, WRITE, READ, RECALIBRATE, SENSE_INTERRUPT, WRITE_DELETED, READ_ID, READ_DELETED,
 FORMAT, DUMPREG, SEEK, VERSION, SCAN_EQUAL, PERPENDICULAR, CONFIGURE, LOCK, VERIFY, SCAN_LOW, SCAN_HIGH) = (
    0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0C,
    0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x19, 0x1D)
MT, MFM, SK = 0x80, 0x40, 0x20
RELATIVE, INWARD = 0x80, 0x40   # of SEEK

# Bytes in the command phase, by code; 0: there is no such command (PART ID came with the 82078).
LENGTHS = Const(u8, (0, 0, 9, 3, 2, 9, 9, 2, 1, 9, 2, 0, 9, 6, 1, 3,
                     1, 9, 2, 4, 1, 0, 9, 0, 0, 9, 0, 0, 0, 9, 0, 0))
# ns a byte of MFM takes, by DSR bits 1, 0
BYTE_TIME = Const(u16, (16_000, 26_667, 32_000, 8_000))
FAST = 32                       # what an impatient board divides all times of the drives by

# Which of the upper three bits may be set in the first byte, by code.
FLAGS = Const(u8, (0, 0, MFM, 0, 0, MT | MFM, 0xE0, 0, 0, MT | MFM, MFM, 0, 0xE0, MFM, 0, 0xC0,
                   0, 0xE0, 0, 0, 0x80, 0, 0xE0, 0, 0, 0xE0, 0, 0, 0, 0xE0, 0, 0))


@hot
def command_length(first: u8) -> u8:
    """How many bytes the command that starts with ``first`` has; 0 if there is no such command."""
    if (first & 0xE0 & ~FLAGS[first & 0x1F] & 0xFF) != 0 or first == (SEEK | INWARD):
        return 0
    return LENGTHS[first & 0x1F]
