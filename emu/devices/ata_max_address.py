"""The host protected area: READ NATIVE MAX ADDRESS and SET MAX ADDRESS make a disk smaller than it is.

ATA/ATAPI-6 (T13/1410D), 6.10, 8.34, 8.46.  Without the security extensions.  What is set without the volatile bit lasts until the
machine ends, the rest until the next hardware reset.
"""
from .ide_state import ABRT, IDNF, LBA

READ_NATIVE_MAX_EXT, SET_MAX_EXT, READ_NATIVE_MAX, SET_MAX = 0x27, 0x37, 0xF8, 0xF9
LBA28_LIMIT = 1 << 28
KEEP = 1                        # sector count: also after a reset
# Drive.native_read: which command was the last
BY_28_BITS, BY_48_BITS = 1, 2


class MaxAddressCommands:
    """These commands, as a part of AtaDisk."""

    def power_on_max_address(self, drive):
        """After a hardware reset."""
        drive.accessible_kept = drive.accessible_kept or self.total
        drive.accessible = drive.accessible_kept
        drive.native_read = 0

    def read_native_max(self, channel, drive, extended):
        """The last sector that there is, and leave to set another one with the next command."""
        if extended and not channel.device & LBA:
            channel.fail(ABRT)
            return
        self._place(channel, drive, self.total - 1 if extended else min(self.total, LBA28_LIMIT) - 1, extended)
        drive.native_read = BY_48_BITS if extended else BY_28_BITS
        channel.done()

    def set_max(self, channel, drive, extended):
        """The last sector that there is from now on."""
        if drive.native_read != (BY_48_BITS if extended else BY_28_BITS) or not extended and drive.features:
            channel.fail(ABRT)                          # features: of the security extensions
            return
        last, _ = self._address(channel, drive, extended)
        if last is None or last >= self.total:
            channel.fail(IDNF)
            return
        drive.accessible = last + 1
        if drive.count & KEEP:
            drive.accessible_kept = drive.accessible
        channel.done()
