"""A small assembler for ACPI machine language: each function returns the bytes of one term.

Source: ACPI Specification 2.0, chapter 17 (AML) and 6.4 (resource descriptors).
"""
import struct

ZERO, ONE, ONES = b"\x00", b"\x01", b"\xff"
LOCAL0, LOCAL1 = b"\x60", b"\x61"
ARG0, ARG1 = b"\x68", b"\x69"


def package_length(content):
    """PkgLength: counts itself and the content."""
    size = len(content)
    if size + 1 < 0x40:
        return bytes((size + 1,))
    for extra in (1, 2, 3):
        total = size + 1 + extra
        if total < 1 << (4 + 8 * extra):
            return bytes((extra << 6 | total & 0x0F,)) + (total >> 4).to_bytes(extra, "little")
    raise ValueError(f"AML package of {size} bytes")


def sized(opcode, content):
    """An opcode whose operands are preceded by their length."""
    return opcode + package_length(content) + content


def name(path):
    r"""NameString of a path such as ``\_SB.PCI0``, ``^LNKA`` or ``_CRS``."""
    prefix = path[:len(path) - len(path.lstrip("\\^"))]
    parts = [part.ljust(4, "_").encode() for part in path[len(prefix):].split(".") if part]
    head = {0: b"\x00", 1: b"", 2: b"\x2e"}.get(len(parts), b"\x2f" + bytes((len(parts),)))
    return prefix.encode() + head + b"".join(parts)


def integer(value):
    """The shortest constant of a value up to 32 bits."""
    if value in (0, 1):
        return bytes((value,))
    if value < 0x100:
        return b"\x0a" + bytes((value,))
    if value < 0x10000:
        return b"\x0b" + struct.pack("<H", value)
    return b"\x0c" + struct.pack("<I", value)


def eisa_id(text):
    """A compressed plug-and-play id such as PNP0A03."""
    vendor = 0
    for letter in text[:3]:
        vendor = vendor << 5 | ord(letter) - 0x40
    return b"\x0c" + struct.pack(">HH", vendor, int(text[3:], 16))


def buffer(data):
    return sized(b"\x11", integer(len(data)) + data)


def package(*items):
    return sized(b"\x12", bytes((len(items),)) + b"".join(items))


def define(path, value):
    """Name(path, value)"""
    return b"\x08" + name(path) + value


def scope(path, *terms):
    return sized(b"\x10", name(path) + b"".join(terms))


def device(path, *terms):
    return sized(b"\x5b\x82", name(path) + b"".join(terms))


def processor(path, number, block=0, block_length=0, *terms):
    return sized(b"\x5b\x83", name(path) + struct.pack("<BIB", number, block, block_length) + b"".join(terms))


def method(path, arguments, *terms, serialized=False):
    return sized(b"\x14", name(path) + bytes((arguments | serialized << 3,)) + b"".join(terms))


PCI_CONFIG = 2


def region(path, space, offset, length):
    """OperationRegion"""
    return b"\x5b\x80" + name(path) + bytes((space,)) + integer(offset) + integer(length)


def byte_field(path, *names):
    """Field(path, ByteAcc, NoLock, Preserve) of consecutive bytes."""
    return sized(b"\x5b\x81", name(path) + b"\x01" + b"".join(n.encode().ljust(4, b"_") + b"\x08" for n in names))


def dword_field(source, offset, path):
    """CreateDWordField"""
    return b"\x8a" + source + integer(offset) + name(path)


def store(value, target):
    return b"\x70" + value + target


def and_(a, b, target=b"\x00"):
    return b"\x7b" + a + b + target


def or_(a, b, target=b"\x00"):
    return b"\x7d" + a + b + target


def if_(condition, *terms):
    return sized(b"\xa0", condition + b"".join(terms))


def else_(*terms):
    return sized(b"\xa1", b"".join(terms))


def return_(value):
    return b"\xa4" + value


# -- resource descriptors ----------------------------------------------------------------------------------------

def resources(*descriptors):
    """ResourceTemplate: the descriptors and an end tag without checksum."""
    return buffer(b"".join(descriptors) + b"\x79\x00")


def io(first, length, align=1):
    """Fixed I/O ports, decoded in 16 bits."""
    return struct.pack("<BBHHBB", 0x47, 1, first, first, align, length)


def irq(*lines):
    """ISA interrupt: edge, active high, not shared."""
    return struct.pack("<BH", 0x22, sum(1 << line for line in lines))


def dma(channel):
    """ISA DMA: compatible timing, 8 bits, no bus master."""
    return bytes((0x2A, 1 << channel, 0))


def interrupts(*numbers):
    """Extended interrupt: consumer, level, active high, shared."""
    count = len(numbers)
    return struct.pack(f"<BHBB{count}I", 0x89, 2 + 4 * count, 0x09, count, *numbers)


def bus_numbers(first, last):
    """WordBusNumber that the bridge passes down."""
    return struct.pack("<BHBBBHHHHH", 0x88, 13, 2, 0x0C, 0, 0, first, last, 0, last - first + 1)


def io_window(first, last):
    """WordIO that the bridge passes down, the whole range of addresses."""
    return struct.pack("<BHBBBHHHHH", 0x88, 13, 1, 0x0C, 3, 0, first, last, 0, last - first + 1)


def memory_window(first, last, cacheable=False):
    """DWordMemory that the bridge passes down, read and write."""
    return struct.pack("<BHBBBIIIII", 0x87, 23, 0, 0x0C, 3 if cacheable else 1, 0, first, last, 0, last - first + 1)
