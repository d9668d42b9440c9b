"""TCP segments (RFC 9293, section 3.1)."""
import struct
from typing import NamedTuple

from .checksum import checksum, pseudo_header
from .ip import TCP

FIN, SYN, RST, PSH, ACK = (1 << n for n in range(5))
_HEADER = struct.Struct(">HHIIBBHHH")
HEADER = _HEADER.size
END, NOP, MSS, SCALE = 0, 1, 2, 3
MOST_SCALE = 14


class Segment(NamedTuple):
    """A segment; ``mss`` and ``scale`` are None where the option is absent."""

    source: int
    target: int
    seq: int
    ack: int
    flags: int
    window: int
    data: bytes = b""
    mss: int | None = None
    scale: int | None = None

    @property
    def length(self):
        """The sequence numbers that it takes."""
        return len(self.data) + (self.flags & SYN > 0) + (self.flags & FIN > 0)


def _options(data):
    found, at = {}, 0
    while at < len(data) and data[at] != END:
        if data[at] == NOP:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            break
        found[data[at], size] = data[at + 2:at + size]
        at += size
    return found


def parse(packet):
    """The Segment in an IP packet, or None if it is none."""
    data = packet.payload
    if len(data) < HEADER or checksum(pseudo_header(packet.src, packet.dst, TCP, len(data)), data):
        return None
    source, target, seq, ack, offset, flags, window, _, _ = _HEADER.unpack_from(data)
    size = offset >> 4 << 2
    if not HEADER <= size <= len(data):
        return None
    options = _options(data[HEADER:size]) if flags & SYN else {}
    mss, scale = options.get((MSS, 4)), options.get((SCALE, 3))
    return Segment(source, target, seq, ack, flags & 0x1F, window, data[size:],
                   int.from_bytes(mss, "big") if mss else None, min(scale[0], MOST_SCALE) if scale else None)


def build(src, dst, segment):
    """The payload of an IP packet."""
    options = b""
    if segment.mss is not None:
        options += struct.pack(">BBH", MSS, 4, segment.mss)
    if segment.scale is not None:
        options += bytes((NOP, SCALE, 3, segment.scale))
    head = _HEADER.pack(segment.source, segment.target, segment.seq, segment.ack, 5 + len(options) // 4 << 4, segment.flags,
                        segment.window, 0, 0) + options
    length = len(head) + len(segment.data)
    value = checksum(pseudo_header(src, dst, TCP, length), head, segment.data)
    return head[:16] + value.to_bytes(2, "big") + head[18:] + segment.data
