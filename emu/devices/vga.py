"""VGA with Bochs VBE extensions (the QEMU "standard VGA"): register ports.

IBM PS/2 Hardware Technical Reference, "Video Subsystem"; DISPI in vga_dispi.py, memory in vga_memory.py.
"""
from emu.bus.component import Port, hot
from emu.bus.types import Const, u8, u16

from .vga_dispi import ID_LAST, VgaDispi
from .vga_state import (AR_INDEX_VIDEO, CR_LINE_COMPARE, CR_OVERFLOW, CR_PROTECT, CR_START_HIGH, CR_START_LOW,
                        CR_V_RETRACE_END, DISPI_BPP, DISPI_ID, DISPI_MEMORY_64K, DISPI_VIRT_HEIGHT, DISPI_VIRT_WIDTH,
                        DISPI_XRES, DISPI_YRES, GC_COLOUR_COMPARE, GC_COLOUR_DONT_CARE, GC_MISC, GC_MODE, GC_READ_MAP,
                        MISC_COLOUR, NO_WINDOW, SR_CLOCKING, SR_MAP_MASK, SR_MEMORY_MODE, VRAM_SIZE)

# Port numbers in the colour position
P_ATTRIBUTE, P_ATTRIBUTE_READ, P_MISC, P_SUBSYSTEM, P_SEQUENCER, P_SEQUENCER_DATA = range(0x3C0, 0x3C6)
P_DAC_MASK, P_DAC_READ, P_DAC_WRITE, P_DAC_DATA, P_FEATURE = range(0x3C6, 0x3CB)
P_MISC_READ, P_GRAPHICS, P_GRAPHICS_DATA = 0x3CC, 0x3CE, 0x3CF
P_CRTC, P_CRTC_DATA, P_STATUS1 = 0x3D4, 0x3D5, 0x3DA

# Bits that each register has
SEQUENCER_BITS = Const(u8, (0x03, 0x3D, 0x0F, 0x3F, 0x0E, 0, 0, 0))
GRAPHICS_BITS = Const(u8, (0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF, 0, 0, 0, 0, 0, 0, 0))
CRTC_BITS = Const(u8, (0xFF,) * 8 + (0x7F, 0xFF, 0x3F, 0x7F) + (0xFF,) * 8 + (0x7F, 0xFF, 0xFF, 0xEF, 0xFF)
                  + (0,) * 7)
ATTRIBUTE_BITS = Const(u8, (0x3F,) * 16 + (0xEF, 0xFF, 0x3F, 0x0F, 0x0F) + (0,) * 11)

INPUT_STATUS_0 = 0x10  # switch sense: the DAC's comparators find a colour monitor


class Vga(VgaDispi):
    """The whole VGA; ports are absolute (base 0), BAR 2 of the PCI function reaches them too."""

    ports = (
        Port(0x3B0, 0x30, "read", "write", text="VGA registers"),
        Port(0x1CE, 1, "dispi_read_index", "dispi_write_index", width=16, text="DISPI index"),
        Port(0x1CF, 1, "dispi_read_data", "dispi_write_data", width=16, text="DISPI data"),
        Port(0x1D0, 1, "dispi_read_data", "dispi_write_data", width=16, text="DISPI data (as 1CF)"),
    )

    def reset(self):
        """Power-on state: no mode set, memory decode off, VGA ports in the mono position."""
        for name in ("misc", "feature", "sequencer_index", "graphics_index", "crtc_index", "attribute_index",
                     "dac_read_index", "dac_write_index", "dac_component", "dac_state", "latch", "start_frame",
                     "start_before", "dispi_index"):
            setattr(self, name, 0)
        self.subsystem = 1
        self.attribute_data = False
        for registers in (self.sequencer, self.graphics, self.crtc, self.attribute, self.dac_entry, self.palette,
                          self.dispi):
            for i in range(len(registers)):
                registers[i] = 0
        self.dac_mask = 0xFF
        self.dispi[DISPI_ID] = ID_LAST
        # Never 0: a VGA BIOS divides by them before it sets a mode
        self.dispi[DISPI_XRES] = self.dispi[DISPI_VIRT_WIDTH] = 640
        self.dispi[DISPI_YRES] = self.dispi[DISPI_VIRT_HEIGHT] = 480
        self.dispi[DISPI_BPP] = 8
        self.dispi[DISPI_MEMORY_64K] = VRAM_SIZE >> 16
        self.update_timing()
        self.window = NO_WINDOW
        self.update_memory()
        self.window_changed()
        self.changed()

    # -- ports ---------------------------------------------------------------------------------------------------

    @hot
    def colour_port(self, port: u16) -> u16:
        """The port in the colour position, or 0 if misc output bit 0 has this one switched off."""
        number: u16 = port & 0x3FF
        if number >= 0x3C0 and number < 0x3D0:
            return number
        if (self.misc & MISC_COLOUR) != 0:
            if number >= 0x3D0:
                return number
        elif number < 0x3C0:
            return u16(number + 0x20)
        return 0

    @hot
    def read(self, port: u16) -> u8:
        """Read a VGA register."""
        number: u16 = self.colour_port(port)
        if number == P_STATUS1:
            self.attribute_data = False
            return self.status1()
        if number == P_DAC_DATA:
            return self.dac_read()
        return self.register(number)

    @hot
    def register(self, number: u16) -> u8:
        """Registers whose reading changes nothing."""
        if number == P_ATTRIBUTE:
            return self.attribute_index
        if number == P_ATTRIBUTE_READ:
            return self.attribute[self.attribute_index & 31]
        if number == P_MISC:
            return INPUT_STATUS_0
        if number == P_SUBSYSTEM:
            return self.subsystem
        if number == P_SEQUENCER:
            return self.sequencer_index
        if number == P_SEQUENCER_DATA:
            return self.sequencer[self.sequencer_index & 7]
        if number == P_DAC_MASK:
            return self.dac_mask
        if number == P_DAC_READ:
            return self.dac_state
        if number == P_DAC_WRITE:
            return self.dac_write_index
        if number == P_FEATURE:
            return self.feature
        if number == P_MISC_READ:
            return self.misc
        if number == P_GRAPHICS:
            return self.graphics_index
        if number == P_GRAPHICS_DATA:
            return self.graphics[self.graphics_index & 15]
        if number == P_CRTC:
            return self.crtc_index
        if number == P_CRTC_DATA:
            return self.crtc_register()
        return 0xFF

    @hot
    def crtc_register(self) -> u8:
        """CRTC data read; 22, 24 and 26 show the latch of the selected plane and the attribute controller's state."""
        if self.crtc_index < 32:
            return self.crtc[self.crtc_index & 31]
        if self.crtc_index == 0x22:
            return u8(self.latch >> ((self.graphics[4] & 3) * 8))
        if self.crtc_index == 0x24:
            return u8(u8(self.attribute_data) << 7)
        if self.crtc_index == 0x26:
            return self.attribute_index
        return 0

    @hot
    def write(self, port: u16, value: u8) -> None:
        """Write a VGA register."""
        number: u16 = self.colour_port(port)
        if number == P_ATTRIBUTE or number == P_ATTRIBUTE_READ:
            self.attribute_write(value)
        elif number == P_MISC:
            self.misc = value
            self.update_timing()
            self.update_memory()
            self.changed()
        elif number == P_SUBSYSTEM:
            self.subsystem = value & 1
            self.update_memory()
            self.changed()
        elif number == P_SEQUENCER:
            self.sequencer_index = value & 7
        elif number == P_SEQUENCER_DATA:
            self.sequencer_write(value)
        elif number == P_DAC_MASK:
            self.dac_mask = value
            self.changed()
        elif number == P_DAC_READ:
            self.dac_read_index = value
            self.dac_component = 0
            self.dac_state = 3
        elif number == P_DAC_WRITE:
            self.dac_write_index = value
            self.dac_component = 0
            self.dac_state = 0
        elif number == P_DAC_DATA:
            self.dac_write(value)
        elif number == P_GRAPHICS:
            self.graphics_index = value & 15
        elif number == P_GRAPHICS_DATA:
            self.graphics_write(value)
        elif number == P_CRTC:
            self.crtc_index = value & 0x3F
        elif number == P_CRTC_DATA:
            self.crtc_write(value)
        elif number == P_STATUS1:
            self.feature = value & 0x03

    def peek(self, port):
        """What read would return, without side effects."""
        number = self.colour_port(port)
        if number == P_STATUS1:
            return self.status1()
        if number == P_DAC_DATA:
            value = self.palette[(self.dac_read_index * 4 + self.dac_component) & 1023]
            return value if self.dac_8bit() else value >> 2
        return self.register(number)

    # -- register groups -----------------------------------------------------------------------------------------

    @hot
    def attribute_write(self, value: u8) -> None:
        """3C0: index and data in turn, told apart by the flip-flop that reading input status 1 resets."""
        if not self.attribute_data:
            self.attribute_data = True
            if ((self.attribute_index ^ value) & AR_INDEX_VIDEO) != 0:
                self.changed()
            self.attribute_index = value & 0x3F
            return
        self.attribute_data = False
        index: u8 = self.attribute_index & 31
        new: u8 = value & ATTRIBUTE_BITS[index & 31]
        if self.attribute[index & 31] != new:
            self.attribute[index & 31] = new
            self.changed()

    @hot
    def sequencer_write(self, value: u8) -> None:
        index: u8 = self.sequencer_index & 7
        new: u8 = value & SEQUENCER_BITS[index & 7]
        if self.sequencer[index & 7] != new:
            self.sequencer[index & 7] = new
            if index == SR_MAP_MASK or index == SR_MEMORY_MODE:
                if index == SR_MEMORY_MODE:
                    self.update_read_places()
                self.update_write_places()
                self.update_window()
            else:
                self.changed()
                if index == SR_CLOCKING:
                    self.update_timing()

    @hot
    def graphics_write(self, value: u8) -> None:
        index: u8 = self.graphics_index & 15
        new: u8 = value & GRAPHICS_BITS[index & 15]
        if self.graphics[index & 15] != new:
            self.graphics[index & 15] = new
            if index == GC_MODE or index == GC_MISC:
                self.update_memory()
                self.changed()
            elif index == GC_READ_MAP:
                self.update_read_places()
            elif index != GC_COLOUR_COMPARE and index != GC_COLOUR_DONT_CARE:
                self.update_writes()
                self.update_window()

    @hot
    def crtc_write(self, value: u8) -> None:
        index: u8 = self.crtc_index & 31
        if self.crtc_index > CR_LINE_COMPARE:
            return
        new: u8 = value & CRTC_BITS[index & 31]
        if index < 8 and (self.crtc[CR_V_RETRACE_END] & CR_PROTECT) != 0:
            if index != CR_OVERFLOW:
                return
            new = u8((self.crtc[CR_OVERFLOW] & 0xEF) | (value & 0x10))  # line compare bit 8 is never protected
        if self.crtc[index & 31] == new:
            return
        if index == CR_START_HIGH or index == CR_START_LOW:
            self.start_written()
        self.crtc[index & 31] = new
        self.changed()
        if index < 8 or index >= 16:
            self.update_timing()

    @hot
    def dac_write(self, value: u8) -> None:
        """3C9: red, green, blue; the entry changes with the third."""
        level: u8 = value
        if not self.dac_8bit():
            level = u8(value << 2)
        self.dac_entry[self.dac_component & 3] = level
        self.dac_component = u8(self.dac_component + 1)
        if self.dac_component < 3:
            return
        self.dac_component = 0
        place: u16 = u16(self.dac_write_index * 4)
        for i in range(3):
            self.palette[(place + i) & 1023] = self.dac_entry[i & 3]
        self.dac_write_index = u8(self.dac_write_index + 1)
        self.changed()

    @hot
    def dac_read(self) -> u8:
        """3C9: the components of the entry at the read index in turn."""
        level: u8 = self.palette[(self.dac_read_index * 4 + self.dac_component) & 1023]
        self.dac_component = u8(self.dac_component + 1)
        if self.dac_component >= 3:
            self.dac_component = 0
            self.dac_read_index = u8(self.dac_read_index + 1)
        if not self.dac_8bit():
            level = level >> 2
        return level
