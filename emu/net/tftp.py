"""A TFTP server that only reads (RFC 1350, with the options of RFC 2347 to 2349), for boot files out of one folder."""
import os
import stat

PORT = 69
RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)
NOT_DEFINED, NOT_FOUND, DENIED, ILLEGAL, UNKNOWN_ID = 0, 1, 2, 4, 5
BLOCK, LEAST_BLOCK, MOST_BLOCK = 512, 8, 1428
MOST_TRANSFERS = 16
RESEND_NS, TRIES = 1_000_000_000, 5


def error(code, text):
    """An error packet."""
    return ERROR.to_bytes(2, "big") + code.to_bytes(2, "big") + text.encode() + b"\0"


class Transfer:
    """A file on its way to one client port."""

    def __init__(self, file, size, block):
        self.file, self.size, self.block = file, size, block
        self.number = self.tries = 0            # the block that was sent last, counted from 1; 0 is the OACK
        self.packet = b""
        self.due = 0

    def read(self, number):
        """The data packet of a block."""
        self.file.seek((number - 1) * self.block)
        return DATA.to_bytes(2, "big") + (number & 0xFFFF).to_bytes(2, "big") + self.file.read(self.block)

    @property
    def last(self):
        """The number of the last block, which is shorter than the others."""
        return self.size // self.block + 1


class Server:
    """Serves ``folder`` (None: nothing) to clients, each known by a key."""

    def __init__(self, folder):
        self.folder = None if folder is None else os.path.realpath(folder)
        self.transfers = {}

    def answer(self, client, data, now):
        """The packet to send to a client for one of its, or None."""
        op = int.from_bytes(data[:2], "big")
        if op == RRQ:
            return self._start(client, data[2:], now)
        if op == WRQ:
            return error(DENIED, "nothing can be written")
        transfer = self.transfers.get(client)
        if op == ERROR or transfer is None:
            self._end(client)
            return None if op == ERROR else error(UNKNOWN_ID, "no such transfer")
        if op != ACK or len(data) < 4:
            return None
        if int.from_bytes(data[2:4], "big") != transfer.number & 0xFFFF:
            return None                         # of a block that went out twice
        if transfer.number == transfer.last:
            self._end(client)
            return None
        return self._send(client, transfer, transfer.number + 1, now)

    def resend(self, now):
        """[(client, packet)] of what was not acknowledged in time; who answers no more is forgotten."""
        out = []
        for client, transfer in list(self.transfers.items()):
            if now >= transfer.due:
                transfer.tries += 1
                if transfer.tries > TRIES:
                    self._end(client)
                else:
                    transfer.due = now + RESEND_NS
                    out.append((client, transfer.packet))
        return out

    def _send(self, client, transfer, number, now):
        try:
            transfer.packet = transfer.read(number)
        except OSError:
            self._end(client)
            return error(NOT_DEFINED, "the file cannot be read")
        transfer.number, transfer.tries, transfer.due = number, 0, now + RESEND_NS
        return transfer.packet

    def _open(self, name):
        """The file of a name below the folder; links do not lead out of it."""
        if self.folder is None or "\0" in name:
            return None
        path = os.path.realpath(os.path.join(self.folder, name.replace("\\", "/").lstrip("/")))
        if os.path.commonpath((path, self.folder)) != self.folder:
            return None
        try:
            fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            return None
        return os.fdopen(fd, "rb")

    def _start(self, client, rest, now):
        words = rest.split(b"\0")
        if len(words) < 3 or words[1].lower() not in (b"octet", b"netascii"):
            return error(ILLEGAL, "which file, in which mode?")
        self._end(client)
        file = self._open(words[0].decode("utf-8", "replace"))
        if file is None:
            return error(NOT_FOUND, "no such file")
        while len(self.transfers) >= MOST_TRANSFERS:
            self._end(next(iter(self.transfers)))
        size, block, agreed = os.fstat(file.fileno()).st_size, BLOCK, []
        for name, value in zip(words[2::2], words[3::2]):
            name = name.lower()
            if name == b"blksize" and value.isdigit() and len(value) < 8 and int(value) >= LEAST_BLOCK:
                block = min(int(value), MOST_BLOCK)
                agreed += [name, str(block).encode()]
            elif name == b"tsize":
                agreed += [name, str(size).encode()]
        transfer = self.transfers[client] = Transfer(file, size, block)
        if not agreed:
            return self._send(client, transfer, 1, now)
        transfer.packet = OACK.to_bytes(2, "big") + b"\0".join(agreed) + b"\0"
        transfer.due = now + RESEND_NS
        return transfer.packet

    def _end(self, client):
        transfer = self.transfers.pop(client, None)
        if transfer is not None:
            transfer.file.close()

    def close(self):
        """Give all files back."""
        for client in list(self.transfers):
            self._end(client)
