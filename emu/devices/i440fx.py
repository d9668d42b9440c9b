"""Intel 82441FX (440FX) host bridge: PAM shadow registers and SMRAM.

Data sheet: Intel 440FX PCIset, 82441FX PMC (290549-001), section 3.2.
"""
from . import pci

PAM0, SMRAM = 0x59, 0x72
# PAM attribute bits (a nibble a segment)
RE, WE = 1, 2
# SMRAM register
D_OPEN, D_CLS, D_LCK, G_SMRAME, C_BASE_SEG = 0x40, 0x20, 0x10, 0x08, 0x02

# The segments that PAM registers steer: (first address, bytes), in the order of pam()
SEGMENTS = ((0xF0000, 0x10000),) + tuple((0xC0000 + 0x4000 * i, 0x4000) for i in range(12))


class I440fx(pci.PciFunction):
    """The host bridge, function 00:00.0.  ``pam_changed`` is called when PAM or SMRAM registers changed."""

    VENDOR, DEVICE, REVISION, CLASS = 0x8086, 0x1237, 2, 0x060000
    SUBSYSTEM = (0x1AF4, 0x1100)        # SeaBIOS takes these for "a virtual 440FX" and then shadows by PAM
    COMMAND_RESET, COMMAND_MASK = pci.MEMORY_SPACE | pci.BUS_MASTER, pci.SERR | pci.PARITY
    STATUS_RESET = 0x0280
    REGISTERS = (
        (0x50, 2, 0x0000, 0xFFF7),                      # PMCCFG
        (0x52, 1, 0x00, 0x00),                          # DETURBO
        (0x57, 1, 0x01, 0xFF),                          # DRAMC
        (0x58, 1, 0x00, 0x7F),                          # DRAMT
        (PAM0, 7, 0x00, 0x33333333333330),              # PAM[6:0]; PAM0 has its high nibble only
        *((0x60 + i, 1, 0x01, 0xFF) for i in range(8)),         # DRB[0:7]
        (0x68, 1, 0x00, 0xFF),                          # FDHC
        (0x70, 1, 0x00, 0xFF),                          # MTT
        (0x71, 1, 0x10, 0x1F),                          # CLT
        (SMRAM, 1, C_BASE_SEG, D_OPEN | D_CLS | D_LCK | G_SMRAME),
        (0x90, 1, 0x00, 0x0F),                          # ERRCMD
        (0x93, 1, 0x00, 0x00),                          # TRC; resets are the business of port CF9
    )
    CLEAR_BITS = ((0x91, 1, 0x11),)                     # ERRSTS

    def pam_changed(self):
        """Called when PAM or SMRAM registers changed; the machine puts its own callback here."""

    def reset(self):
        super().reset()
        self.pam_changed()

    def write_config(self, offset, size, value):
        before = bytes(self.config)
        super().write_config(offset, size, value)
        if before[SMRAM] & D_LCK:
            # Once locked, the register is read-only but for D_CLS, and the lock lasts until a reset.
            self.config[SMRAM] = (before[SMRAM] & ~D_CLS) | (self.config[SMRAM] & D_CLS)
        if self.config[SMRAM] & D_LCK:
            self.config[SMRAM] &= 0xFF & ~D_OPEN
        after = bytes(self.config)
        if after[PAM0:PAM0 + 7] != before[PAM0:PAM0 + 7] or after[SMRAM] != before[SMRAM]:
            self.pam_changed()

    def pam(self, segment):
        """(read_ram, write_ram) of a segment: 0 is F0000-FFFFF, 1-12 are the 16 KiB from C0000 on.

        Where an attribute is off, the access goes to PCI (the ROM for reads).
        """
        attributes = self.config[PAM0] >> 4 if segment == 0 else \
            self.config[PAM0 + (segment + 1) // 2] >> (0 if segment & 1 else 4)
        return bool(attributes & RE), bool(attributes & WE)

    def smram_open(self):
        """Whether A0000-BFFFF is SMRAM for every access rather than the frame buffer."""
        return bool(self.config[SMRAM] & D_OPEN and self.config[SMRAM] & G_SMRAME)
