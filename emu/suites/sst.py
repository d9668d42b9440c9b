"""Readers of the SingleStepTests family: MOO files (1.0, 1.1) and the older JSON, packed by gzip or not.

MOO is a row of chunks: 4-byte type, u32 length, payload.  ``MOO `` comes first (version, number of tests, processor), then ``META``,
masks (``RMSK``, ``RM32``), then ``TEST`` chunks, which hold ``NAME``, ``BYTS``, ``INIT``, ``FINA``, ``EXCP``, ``HASH``.  INIT and FINA
hold registers (``REGS`` 16-bit, ``RG32``: a bitmap, then a value a set bit) and ``RAM ``.  A JSON file is a list of
{name, bytes, initial, final, hash}.
"""

import gzip
import json
import struct
import zlib

from .errors import BadSuite

# Registers of a test, in RG32's order; the C side (native/vectors.h) has the same
REGISTERS = ("cr0", "cr3", "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "cs", "ds", "es", "fs", "gs", "ss", "eip", "eflags",
             "dr6", "dr7")
NUMBER = {name: n for n, name in enumerate(REGISTERS)}
NUMBER |= {"dr6": 18, "dr7": 19, "ip": 16, "flags": 17} | {name[1:]: n for n, name in enumerate(REGISTERS) if name[0] == "e" and n < 10}
REGS = tuple(NUMBER[name] for name in "ax bx cx dx cs ss ds es sp bp si di ip flags".split())
RG32 = tuple(range(20))
PROCESSORS = {"8086": "8086", "8088": "8086", "80286": "80286", "C286": "80286", "286": "80286", "386E": "80386", "80386": "80386",
              "386": "80386", "386EX": "80386"}
MOO, GZIP = b"MOO ", b"\x1f\x8b"
FIRST = 1 << 18      # bytes that hold a file's first test


class Test:
    """One test.  ``before`` and ``after`` are lists in the order of REGISTERS, memory is 5 bytes (address, value) each byte.
    ``mask`` are the bits of registers that count by number, all where there is none."""

    __slots__ = ("index", "name", "code", "before", "after", "mask", "ram_before", "ram_after", "exception", "hash")
    __test__ = False


def unpack(path):
    """The contents of a file, unpacked: (bytes, None or what is wrong with it and where)."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadSuite(path, error.strerror or str(error)) from None
    if raw[:2] != GZIP:
        return raw, None
    try:
        return gzip.decompress(raw), None
    except (EOFError, OSError, zlib.error):
        pass
    machine, out, wrong = zlib.decompressobj(31), bytearray(), "the gzip file is cut short"
    for at in range(0, len(raw), 4096):
        try:
            out += machine.decompress(raw[at:at + 4096])
        except zlib.error:
            wrong = "the gzip file is damaged"
            break
    else:
        at = len(raw)
    return bytes(out), f"{wrong} at offset {min(at, len(raw))}"


def head_of(path):
    """A file's reader with no more than its beginning; ``count`` is what the file says, or a guess.  Raises what the readers raise."""
    try:
        with open(path, "rb") as file:
            data, size = file.read(FIRST), file.seek(0, 2)
            if data[:2] == GZIP and size > 4:
                file.seek(-4, 2)
                size = int.from_bytes(file.read(4), "little")     # of the unpacked file, in gzip's last bytes
    except OSError as error:
        raise BadSuite(path, error.strerror or str(error)) from None
    if data[:2] == GZIP:
        try:
            data = zlib.decompressobj(31).decompress(data, FIRST)
        except zlib.error:
            raise BadSuite(path, "the gzip file is damaged at offset 0") from None
    return Moo(data) if data[:4] == MOO else Json(data, size=size)


# -- MOO ---------------------------------------------------------------------------------------------------------

class Moo:
    """A MOO file.  ``tests()`` gives its tests; where it breaks off, ``wrong`` says so afterwards."""

    def __init__(self, data, wrong=None):
        self.data, self.wrong = data, wrong
        if data[:4] != MOO or len(data) < 20:
            raise ValueError(f"the MOO header breaks off at offset {len(data)}" if data[:4] == MOO else "not a MOO file")
        length, self.major, self.minor, self.count, cpu = struct.unpack_from("<IBBxxI4s", data, 4)
        self.cpu = cpu.decode("latin-1").strip().strip("\0")
        if self.major != 1:
            raise ValueError(f"MOO version {self.major}.{self.minor} (at offset 8) is not known")
        self.masks = {}
        self.mnemonic = ""
        self.start = 8 + length
        at = self.start
        while at + 8 <= len(data) and data[at:at + 4] != b"TEST":
            kind, length = struct.unpack_from("<4sI", data, at)
            payload = data[at + 8:at + 8 + length]
            if kind == b"META":
                self.mnemonic = payload[7:15].decode("latin-1").strip(" \0")
            elif kind in (b"RMSK", b"RM32"):
                self.masks |= _registers(payload, REGS if kind == b"RMSK" else RG32)
            at += 8 + length
        self.start = at

    def places(self):
        """The places of all whole TEST chunks: (first byte of its payload, end)."""
        at, data, out = self.start, self.data, []
        while at < len(data):
            if at + 8 > len(data):
                self._broken(at)
                break
            kind, length = struct.unpack_from("<4sI", data, at)
            if at + 8 + length > len(data) or not kind.replace(b" ", b"_").isalnum() and kind != b"____":
                self._broken(at)
                break
            if kind == b"TEST":
                out.append((at + 8, at + 8 + length))
            at += 8 + length
        if len(out) < self.count and self.wrong is None:
            self.wrong = f"{len(out)} tests instead of {self.count}"
        return out

    def _broken(self, at):
        if self.wrong is None:
            self.wrong = f"cut short or damaged at offset {at}"

    def test(self, start, end):
        """The test whose TEST chunk's payload lies at start..end.  Raises struct.error, KeyError, IndexError for nonsense."""
        data = self.data
        t = Test()
        t.index, = struct.unpack_from("<I", data, start)
        t.name, t.code, t.exception, t.hash = "", b"", None, ""
        at = start + 4
        chunks = {}
        while at + 8 <= end:
            kind, length = struct.unpack_from("<4sI", data, at)
            at += 8
            if kind == b"INIT" or kind == b"FINA":
                stop = at + length
                while at + 8 <= stop:
                    inner, size = struct.unpack_from("<4sI", data, at)
                    chunks[kind, inner] = data[at + 8:at + 8 + size]
                    at += 8 + size
                at = stop
                continue
            chunks[kind] = data[at:at + length]
            at += length
        t.code = chunks[b"BYTS"][4:]
        t.name = chunks[b"NAME"][4:].decode("latin-1") if b"NAME" in chunks else ""
        t.hash = chunks[b"HASH"].hex() if b"HASH" in chunks else ""
        wide = (b"INIT", b"RG32") in chunks
        t.before = _merged([0] * 20, chunks[b"INIT", b"RG32" if wide else b"REGS"], RG32 if wide else REGS)
        after = chunks.get((b"FINA", b"RG32" if wide else b"REGS"), b"")
        t.after = _merged(t.before, after, RG32 if wide else REGS) if after else t.before
        t.mask = self.masks
        for kind, order in ((b"RMSK", REGS), (b"RM32", RG32)):
            if kind in chunks or (b"FINA", kind) in chunks:
                t.mask = t.mask | _registers(chunks.get(kind) or chunks[b"FINA", kind], order)
        t.ram_before = _ram(chunks.get((b"INIT", b"RAM ")))
        t.ram_after = _ram(chunks.get((b"FINA", b"RAM ")))
        if b"EXCP" in chunks:
            t.exception, _ = struct.unpack_from("<BI", chunks[b"EXCP"])    # (where FLAGS lie, one byte too low where SP is odd)
        return t


def _ram(payload):
    if payload is None:
        return b""
    count, = struct.unpack_from("<I", payload)
    if len(payload) != 4 + 5 * count:
        raise ValueError("a RAM chunk whose length does not fit")
    return payload[4:]


_WHOLE = struct.Struct("<14H"), struct.Struct("<20I")


def _merged(values, payload, order):
    """A list of registers with those of a REGS or RG32 payload in their places."""
    out = list(values)
    wide = order is RG32
    bits = int.from_bytes(payload[:4 if wide else 2], "little")
    if bits == (0xFFFFF if wide else 0x3FFF):
        for n, value in zip(order, _WHOLE[wide].unpack_from(payload, 4 if wide else 2)):
            out[n] = value
        return out
    at, size = (4, 4) if wide else (2, 2)
    n = 0
    while bits:
        if bits & 1:
            if at + size > len(payload):
                raise ValueError("a register chunk that is too short")
            out[order[n]] = int.from_bytes(payload[at:at + size], "little")
            at += size
        bits >>= 1
        n += 1
    return out


def _registers(payload, order):
    """{register number: value} of a REGS, RG32, RMSK or RM32 payload."""
    wide = order is RG32
    bits = int.from_bytes(payload[:4 if wide else 2], "little")
    values = _merged([0] * 20, payload, order)
    return {order[n]: values[order[n]] for n in range(len(order)) if bits >> n & 1}


# -- JSON --------------------------------------------------------------------------------------------------------

class Json:
    """A JSON file of the family, with the same face as Moo.  A file that breaks off gives the tests before that.  The text is
    taken apart when a test is asked for; ``count`` is a guess until then."""

    def __init__(self, data, wrong=None, size=None):
        self.data, self.wrong, self.masks, self.mnemonic, self.cpu, self._items = data, wrong, {}, "", "", None
        first, length = _first_object(data[:FIRST])
        if first is not None and "initial" not in first:
            raise ValueError("not a JSON file of tests (at offset 0)")
        self.count = max((size or len(data)) // length, 1) if first is not None else 0
        if first is not None:
            self.mnemonic = first.get("name", "")
            self.cpu = "80386" if "eax" in first["initial"].get("regs", {}) else ""

    @property
    def items(self):
        """The list of tests; what is wrong with it is in ``wrong`` afterwards."""
        if self._items is None:
            text = self.data.decode("utf-8", "replace")
            try:
                self._items = json.loads(text)
            except (ValueError, RecursionError) as error:
                self._items = _whole_objects(text)
                if self.wrong is None:
                    self.wrong = f"cut short or damaged at offset {getattr(error, 'pos', len(text))}"
        return self._items

    def places(self):
        """Numbers of the tests, in Moo's form."""
        return [(n, n + 1) for n in range(len(self.items))]

    def test(self, start, end):
        """Test number ``start``."""
        item = self.items[start]
        t = Test()
        t.index, t.name, t.code = item.get("idx", start), item.get("name", ""), bytes(item["bytes"])
        t.hash = item.get("hash") or item.get("test_hash") or ""
        t.before = [0] * 20
        for name, value in item["initial"]["regs"].items():
            t.before[NUMBER[name]] = value
        t.after = list(t.before)
        for name, value in item["final"].get("regs", {}).items():
            t.after[NUMBER[name]] = value
        t.ram_before = b"".join(struct.pack("<IB", *pair[:2]) for pair in item["initial"]["ram"])
        t.ram_after = b"".join(struct.pack("<IB", *pair[:2]) for pair in item["final"]["ram"])
        t.mask, t.exception = self.masks, None
        if "exception" in item:
            t.exception = item["exception"]["number"]
        return t


def _first_object(data):
    """(the first object of a list, its length); (None, 0) for an empty list.  Raises ValueError for what is neither."""
    text = data.decode("utf-8", "replace")
    at = len(text) - len(text.lstrip())
    if text[at:at + 1] != "[":
        raise ValueError("not a JSON file of tests (at offset 0)")
    at += 1
    at += len(text[at:]) - len(text[at:].lstrip())
    if text[at:at + 1] == "]":
        return None, 0
    try:
        first, end = json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cut short or damaged at offset {getattr(error, 'pos', at)}") from None
    if not isinstance(first, dict) or not isinstance(first.get("initial", {}), dict) or not isinstance(first.get("name", ""), str):
        raise ValueError("not a JSON file of tests (at offset 0)")
    return first, end - at + 1


def _whole_objects(text):
    """The objects of a list that breaks off."""
    out, decoder, at = [], json.JSONDecoder(), text.find("[") + 1
    while at:
        while at < len(text) and text[at] in ", \r\n\t":
            at += 1
        try:
            item, at = decoder.raw_decode(text, at)
        except ValueError:
            break
        out.append(item)
    return out
