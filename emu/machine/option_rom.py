"""Option ROMs that the user names: are they such, and for which card (PCI Firmware Specification 3.0, chapter 5)."""

import os

from emu.media import detect
from emu.media.errors import MediaError, reason

# Where systems keep the boot ROM of an RTL8029 for QEMU (iPXE's).
NETWORK_ROMS = tuple(f"{folder}/pxe-ne2k_pci.rom" for folder in ("/usr/lib/ipxe/qemu", "/usr/share/ipxe/qemu", "/usr/share/ipxe", "/usr/share/qemu",
                                                               "/usr/local/share/qemu", "/opt/homebrew/share/qemu"))
MOST = 256 << 10                # of a file
UNIT = 512                      # of sizes in headers
CHECKSUM = 6                    # a byte that no program uses: it follows the jump at the entry
HEADER, PCI_DATA = 0x1A, 0x18   # bytes of the ROM's header, with the pointer to the PCI data; bytes of those
FOR_PC, LAST = 0, 0x80          # code type; indicator: no further image


def read(path):
    """A file that begins with a good option ROM for PCs.  Raises MediaError."""
    fd, _size = detect.open_regular(path)
    try:
        with os.fdopen(fd, "rb") as file:
            file.seek(0)
            data = file.read(MOST + 1)
    except OSError as error:
        raise MediaError(path, reason(error)) from None
    if len(data) > MOST:
        raise MediaError(path, f"is too large: an option ROM has up to {MOST >> 10} KiB")
    if len(data) < HEADER or data[:2] != b"\x55\xAA":
        raise MediaError(path, "is not an option ROM (it does not begin with 55 AA)")
    size = data[2] * UNIT
    if not 0 < size <= len(data):
        raise MediaError(path, f"is {len(data)} bytes long, and its header says {size}")
    if sum(data[:size]) & 0xFF:
        raise MediaError(path, "is a damaged option ROM (its checksum is wrong)")
    return data


def network_rom():
    """The boot ROM for the PCI network card that this host has, or None."""
    return next((path for path in NETWORK_ROMS if os.path.isfile(path)), None)


def images(data):
    """(place, PCI data, code type) of each image."""
    at = 0
    while data[at:at + 2] == b"\x55\xAA" and at + HEADER <= len(data):
        pci = at + int.from_bytes(data[at + PCI_DATA:at + PCI_DATA + 2], "little")
        if data[pci:pci + 4] != b"PCIR" or pci + PCI_DATA > len(data):
            return
        yield at, pci, data[pci + 0x14]
        size = int.from_bytes(data[pci + 0x10:pci + 0x12], "little") * UNIT
        if data[pci + 0x15] & LAST or not size:
            return
        at += size


def _listed(data, pci, device):
    """Is a device in the list that later revisions have?"""
    at = pci + int.from_bytes(data[pci + 8:pci + 10], "little")
    if data[pci + 0x0C] < 3 or at == pci:
        return False
    while (one := data[at:at + 2]) not in (b"\0\0", b"") and one != device:
        at += 2
    return one == device


def for_card(path, vendor, device):
    """What the expansion ROM of a PCI card has.  An image that says 0000:0000 is for whatever card it is on, and is told the
    card's ids, which firmware looks for.  Raises MediaError."""
    data = bytearray(read(path))
    ids = vendor.to_bytes(2, "little") + device.to_bytes(2, "little")
    found = [(at, pci) for at, pci, kind in images(data) if kind == FOR_PC]
    if not found:
        raise MediaError(path, "has no image for the BIOS of a PCI card")
    for at, pci in found:
        said = bytes(data[pci + 4:pci + 8])
        if said == ids or said[:2] == ids[:2] and _listed(data, pci, ids[2:]):
            return bytes(data)
        if said == bytes(4):
            data[pci + 4:pci + 8] = ids
            data[at + CHECKSUM] = (data[at + CHECKSUM] - sum(ids)) & 0xFF
            return bytes(data)
    other = f"{said[1]:02x}{said[0]:02x}:{said[3]:02x}{said[2]:02x}"
    raise MediaError(path, f"is the ROM of another card ({other}; this one is {vendor:04x}:{device:04x})")
