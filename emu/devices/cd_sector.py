"""Raw CD-ROM sectors: sync, header, EDC and ECC of a mode 1 sector around its 2,048 bytes of user data.

ECMA-130, chapter 14 and annexes A and B.
"""

USER_BYTES, SYNC_BYTES, HEADER_BYTES, EDC_ECC_BYTES = 2048, 12, 4, 288
LEAD_IN_FRAMES = 150            # LBA 0 is at 00:02:00
SYNC = b"\x00" + b"\xFF" * 10 + b"\x00"

# Packet byte 9 of READ CD
WANT_SYNC, WANT_HEADER, WANT_USER, WANT_EDC_ECC = 0x80, 0x20, 0x10, 0x08
C2_MASK, C2_BITS = 0x06, 0x02           # error flags: a bit for each byte, or also a byte that sums them up
# Packet byte 10 of READ CD
NO_SUBCHANNEL, Q_SUBCHANNEL = 0, 2
CONTROL_ADR = 0x14              # data track, Q carries positions


def msf(frame):
    """Minute, second, frame of an absolute frame number."""
    return frame // (60 * 75) % 100, frame // 75 % 60, frame % 75


def bcd(value):
    """A number below 100 as packed decimal."""
    return value // 10 << 4 | value % 10


def _edc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0xD8018001 if n & 1 else 0)
        table.append(n)
    return table


def _field_tables():
    """Multiplication by x in GF(2^8) mod x^8+x^4+x^3+x^2+1, and division by x+1."""
    times_x = [(n << 1) ^ (0x11D if n & 0x80 else 0) for n in range(256)]
    over_x1 = [0] * 256
    for n in range(256):
        over_x1[n ^ times_x[n]] = n
    return times_x, over_x1


EDC_TABLE = _edc_table()
TIMES_X, OVER_X1 = _field_tables()


def edc(data):
    """The 32-bit error detection code of annex A."""
    code = 0
    for byte in data:
        code = code >> 8 ^ EDC_TABLE[(code ^ byte) & 0xFF]
    return code


def parity(data, vectors, length, start, step):
    """The two parity bytes of each Reed-Solomon vector (annex B): all first bytes, then all second ones."""
    size = vectors * length
    first, second = bytearray(vectors), bytearray(vectors)
    for n in range(vectors):
        at = (n >> 1) * start + (n & 1)
        weighted = plain = 0
        for _ in range(length):
            byte = data[at]
            at += step
            if at >= size:
                at -= size
            weighted = TIMES_X[weighted ^ byte]
            plain ^= byte
        first[n] = OVER_X1[TIMES_X[weighted] ^ plain]
        second[n] = first[n] ^ plain
    return bytes(first + second)


def header(lba):
    """The four header bytes of a mode 1 sector."""
    return bytes(bcd(v) for v in msf(lba + LEAD_IN_FRAMES)) + b"\x01"


def edc_ecc(lba, user):
    """The 288 bytes after the user data: EDC, 8 zeros, P parity, Q parity."""
    raw = header(lba) + user
    raw += edc(SYNC + raw).to_bytes(4, "little") + bytes(8)
    p = parity(raw, 86, 24, 2, 86)
    q = parity(raw + p, 52, 43, 86, 88)
    return raw[-12:] + p + q


def wanted_bytes(layout, subchannel):
    """Bytes a sector that READ CD returns for packet bytes 9 and 10 (mode 1 has no subheader)."""
    size = SYNC_BYTES * bool(layout & WANT_SYNC) + HEADER_BYTES * bool(layout & WANT_HEADER)
    size += USER_BYTES * bool(layout & WANT_USER) + EDC_ECC_BYTES * bool(layout & WANT_EDC_ECC)
    size += {0: 0, C2_BITS: 294}.get(layout & C2_MASK, 296)
    return size + (16 if subchannel == Q_SUBCHANNEL else 0)


def compose(lba, user, layout, subchannel):
    """The wanted parts of a sector, in the order in which they lie on the disc."""
    parts = []
    if layout & WANT_SYNC:
        parts.append(SYNC)
    if layout & WANT_HEADER:
        parts.append(header(lba))
    if layout & WANT_USER:
        parts.append(user)
    if layout & WANT_EDC_ECC:
        parts.append(edc_ecc(lba, user))
    if layout & C2_MASK:
        parts.append(bytes(294 if layout & C2_MASK == C2_BITS else 296))     # no errors
    if subchannel == Q_SUBCHANNEL:
        position = [bcd(v) for v in msf(lba)] + [0] + [bcd(v) for v in msf(lba + LEAD_IN_FRAMES)]
        parts.append(bytes([0x41, 1, 1] + position) + bytes(6))
    return b"".join(parts)
