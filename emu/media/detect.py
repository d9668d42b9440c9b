"""What a file is, told from its content, never from its name."""

import os
from dataclasses import dataclass

from . import eltorito
from .errors import MediaError, reason
from .floppy import BY_SIZE, LARGEST, SECTOR, format_for, wrong_size
from .hostfile import open_regular

ISO, FLOPPY, DISK, LINUX, MULTIBOOT, OTHER = "iso", "floppy", "disk", "linux", "multiboot", "other"

_CONTAINERS = (
    (0, b"QFI\xfb", "a qcow2 image"), (0, b"KDMV", "a VMDK image"), (0, b"# Disk DescriptorFile", "a VMDK descriptor"),
    (0x40, b"\x7f\x10\xda\xbe", "a VDI image"), (0, b"conectix", "a VHD image"), (0, b"vhdxfile", "a VHDX image"),
)
_UNSUPPORTED = ("a VDI image", "a VHDX image")
_MAGICS = (
    (0, b"\x1f\x8b", "a gzip file; unpack it first"), (0, b"BZh", "a bzip2 file; unpack it first"),
    (0, b"\xfd7zXZ\0", "an xz file; unpack it first"), (0, b"\x28\xb5\x2f\xfd", "a zstd file; unpack it first"),
    (0, b"PK\x03\x04", "a zip archive; unpack it first"), (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (0, b"\0" + b"\xff" * 10 + b"\0", "a raw CD image (2,352 bytes a sector); convert it to an ISO image"),
    (257, b"ustar", "a tar archive; unpack it first"), (0, b"%PDF", "a PDF file"),
    (0, b"MZ", "a DOS or Windows program"),
    (0, b"\x7fELF", "an ELF program"),
)


@dataclass(frozen=True)
class Content:
    """What a file is.

    ``kind`` is one of iso, floppy, disk, linux, multiboot, other; ``text`` says it for people.  Of an ISO: ``boot`` is
    its El Torito entry (None if it has none) and ``boot_error`` what is wrong with its boot catalogue; ``hybrid`` says
    that it carries a partition table as well.
    """

    kind: str
    size: int
    text: str
    boot: object = None
    boot_error: str = ""
    hybrid: bool = False


def detect(path):
    """Tell what the file at ``path`` is.  Raises MediaError if it cannot be read, is empty, or is a truncated ISO."""
    fd, size = open_regular(path)
    try:
        if size == 0:
            raise MediaError(path, "is empty")
        return _detect(path, size, lambda offset, n: os.pread(fd, n, offset))
    except OSError as error:
        raise MediaError(path, reason(error)) from None
    finally:
        os.close(fd)


def _detect(path, size, read):
    head = read(0, 8192)
    if read(eltorito.FIRST_DESCRIPTOR * eltorito.SECTOR + 1, 5) == b"CD001":
        return _iso(path, size, read, head)
    if _udf(read):
        return Content(ISO, size, "a UDF image", hybrid=head[510:512] == b"\x55\xaa")
    signed = head[510:512] == b"\x55\xaa"
    container = disk_format(head, read(max(0, size - 512), 512))
    if container:
        return Content(OTHER if container in _UNSUPPORTED else DISK, size, container)
    # Before kernels: an old kernel written to a floppy starts with its own boot sector.
    if size in BY_SIZE:
        return Content(FLOPPY, size, f"a {format_for(size, head).name} floppy image")
    if signed and head[0x202:0x206] == b"HdrS":
        return Content(LINUX, size, "a Linux kernel")
    if not signed and _multiboot(head):
        return Content(MULTIBOOT, size, "a multiboot kernel")
    if signed:
        if size <= LARGEST and format_for(size, head) and not partitioned(head, size):
            return Content(FLOPPY, size, "a floppy image")
        return Content(DISK, size, "a hard-disk image")
    plain = "a text file" if _is_text(head) else "no image that is known"
    return Content(OTHER, size, _magic(head, _MAGICS) or plain)


def _udf(read):
    """Is there a UDF file system (ECMA-167, part 2, 9: descriptors from byte 32768 on) and no ISO 9660 one beside it?"""
    names = [read((eltorito.FIRST_DESCRIPTOR + n) * eltorito.SECTOR + 1, 5) for n in range(4)]
    return b"BEA01" in names and (b"NSR02" in names or b"NSR03" in names)


def disk_format(head, tail=b""):
    """The name of the disk-image container that starts with ``head`` and ends with the 512 bytes ``tail``, or "" (a raw image
    has none)."""
    return _magic(head, _CONTAINERS) or ("a VHD image" if tail[:8] == b"conectix" else "")


def _magic(head, table):
    return next((text for at, magic, text in table if head[at:at + len(magic)] == magic), "")


def _iso(path, size, read, head):
    for kind, block in eltorito.descriptors(read):
        if kind == eltorito.PRIMARY:
            block_size = int.from_bytes(block[128:130], "little") or eltorito.SECTOR
            volume = int.from_bytes(block[80:84], "little") * block_size
            if volume > size:
                raise MediaError(
                    path, f"is a truncated ISO image: {size} bytes long, {volume} by its volume descriptor")
            break
    else:
        raise MediaError(path, "is a damaged ISO image: it has no primary volume descriptor")
    boot, boot_error = None, ""
    try:
        boot = eltorito.boot_entry(read, size)
    except eltorito.BootRecordError as error:
        boot_error = str(error)
    return Content(ISO, size, "an ISO image", boot, boot_error, hybrid=head[510:512] == b"\x55\xaa")


def partitioned(head, size):
    """Does this boot sector hold a plausible partition table (PC MBR, four entries at 1BEh) for ``size`` bytes?"""
    used = 0
    for at in range(0x1BE, 0x1FE, 16):
        entry = head[at:at + 16]
        if entry == bytes(16):
            continue
        first = int.from_bytes(entry[8:12], "little")
        count = int.from_bytes(entry[12:16], "little")
        if entry[0] not in (0, 0x80) or entry[4] == 0 or count == 0 or not 0 < first < size // 512:
            return False
        used += 1
    return used > 0


def _multiboot(head):
    """Multiboot specification 0.6.96, 3.1.1: a header within the first 8 KiB, on a multiple of 4, that adds up to 0."""
    at = head.find(b"\x02\xb0\xad\x1b")
    while at >= 0:
        words = [int.from_bytes(head[at + i:at + i + 4], "little") for i in (0, 4, 8)]
        if at % 4 == 0 and sum(words) & 0xFFFFFFFF == 0:
            return True
        at = head.find(b"\x02\xb0\xad\x1b", at + 1)
    return False


def _is_text(head):
    return not any(c < 32 and c not in b"\t\n\r\f\x1b" for c in head)


def require_bootable_cd(path, content):
    """Raise MediaError unless a PC's BIOS can boot the CD ``content`` (what detect() gave)."""
    if content.boot_error:
        raise MediaError(path, content.boot_error)
    if content.boot is None and content.text == "a folder":
        raise MediaError(path, "is a folder: as a CD it cannot be booted")
    if content.boot is None:
        raise MediaError(path, "is an ISO image without a boot record (El Torito): it cannot be booted")


def require_cd(path):
    """What detect() says, or MediaError unless it is an ISO image, or a folder, which is made one."""
    if os.path.isdir(path):
        return Content(ISO, 0, "a folder")
    content = detect(path)
    if content.kind != ISO:
        raise MediaError(path, f"is not an ISO image: it is {content.text}")
    return content


def require_floppy_size(path):
    """The floppy format of a file.  Raises MediaError if it has no floppy's size."""
    fd, size = open_regular(path)
    try:
        boot = os.pread(fd, SECTOR, 0)
    except OSError as error:
        raise MediaError(path, reason(error)) from None
    finally:
        os.close(fd)
    found = format_for(size, boot)
    if found is None:
        raise MediaError(path, wrong_size(size))
    return found


def require_kernel(path):
    """LINUX or MULTIBOOT, or MediaError unless the file is a Linux bzImage or a multiboot kernel."""
    fd, size = open_regular(path)
    try:
        head = os.pread(fd, 8192, 0)
    except OSError as error:
        raise MediaError(path, reason(error)) from None
    finally:
        os.close(fd)
    if size == 0:
        raise MediaError(path, "is empty")
    if head[0x1FE:0x200] == b"\x55\xaa" and head[0x202:0x206] == b"HdrS":
        return LINUX
    if _multiboot(head):
        return MULTIBOOT
    raise MediaError(path, "is neither a Linux bzImage nor a multiboot kernel")
