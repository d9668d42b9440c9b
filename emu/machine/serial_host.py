"""COM1 on the host: the terminal both ways, or a file."""

import os
import sys
import threading


class FileSink:
    """Bytes to a file, or to standard output."""

    def __init__(self, stream, owned):
        self.stream, self.owned = stream, owned

    def write(self, byte):
        self.stream.write(bytes((byte,)))
        if byte == 10 or not self.owned:
            self.stream.flush()

    def close(self):
        try:
            self.stream.flush()
            if self.owned:
                self.stream.close()
        except OSError:
            pass


class StandardInput:
    """Reads standard input on a thread, so that a machine never waits for it."""

    def __init__(self):
        self.waiting = bytearray()
        self.lock = threading.Lock()
        self.restore = None
        fd = sys.stdin.fileno()
        if os.isatty(fd):
            import termios
            import tty
            self.restore = (fd, termios.tcgetattr(fd))
            tty.setcbreak(fd)
        threading.Thread(target=self._read, args=(fd,), daemon=True).start()

    def _read(self, fd):
        while True:
            try:
                data = os.read(fd, 4096)
            except OSError:
                return
            if not data:
                return
            with self.lock:
                self.waiting += data

    def feed(self, machine):
        """Give the guest what it has room for."""
        with self.lock:
            if self.waiting:
                del self.waiting[:machine.send_serial(bytes(self.waiting))]

    def close(self):
        if self.restore:
            import termios
            termios.tcsetattr(self.restore[0], termios.TCSADRAIN, self.restore[1])
            self.restore = None


class StandardIo(FileSink):
    """Standard output, with the terminal put back at the end."""

    def __init__(self, source):
        super().__init__(sys.stdout.buffer, False)
        self.source = source

    def close(self):
        super().close()
        self.source.close()


def connect(machine, where):
    """Join COM1 to ``stdio`` or a file.  Raises OSError with the file's name."""
    if where == "stdio":
        source = StandardInput()
        machine._serial_sink = StandardIo(source)
        machine._serial_source = lambda: source.feed(machine)
    else:
        machine._serial_sink = FileSink(open(where, "wb"), True)
