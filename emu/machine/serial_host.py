"""COM1 on the host: the terminal both ways, or a file."""

import os
import stat
import sys
import threading
import time

from emu.media.errors import MediaError, reason

NEWLINE = 10
BACKLOG = 1 << 20  # bytes that wait for a slow reader before the guest does
PATIENCE = 0.01  # host seconds that a byte then waits
GATHER = 0.004  # host seconds that the beginning of a line waits for more of it: a thread woken for each byte costs more than the guest
LAST_WAIT = 1.0  # host seconds that the end of the run waits for a reader


class Output:
    """Bytes to a descriptor, written on a thread: a reader that does not read holds up neither requests nor the end."""

    def __init__(self, fd, name, owned):
        self.fd, self.name, self.owned = fd, name, owned
        self.error = None
        self._waiting = bytearray()
        self._writing = self._ending = False
        self._flushing = 0  # calls of flush() that wait
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def write(self, byte):
        """Send a byte.  Raises MediaError once the host cannot write, BrokenPipeError if nobody reads any more."""
        if self.error is not None:
            raise self.error
        with self._changed:
            self._waiting.append(byte)
            if byte == NEWLINE or len(self._waiting) == 1:
                self._changed.notify_all()
            full = len(self._waiting) > BACKLOG
        if full:
            time.sleep(PATIENCE)

    def _work(self):
        while True:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
                while not self._waiting:
                    if self._ending:
                        return
                    self._changed.wait()
                if NEWLINE not in self._waiting and not self._flushing:
                    self._changed.wait_for(lambda: NEWLINE in self._waiting or self._flushing, GATHER)
                data = bytes(self._waiting)
                self._waiting.clear()
                self._writing = True
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(self.fd, view):]
            except BrokenPipeError as error:
                self.error = error
            except OSError as error:
                self.error = MediaError(self.name, f"cannot be written: {reason(error)}")
            if self.error is not None:
                with self._changed:
                    self._writing = False
                    self._waiting.clear()
                    self._changed.notify_all()
                return

    def flush(self):
        """Wait a little until all is written.  Raises what write() raises."""
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: not (self._waiting or self._writing), LAST_WAIT)
            self._flushing -= 1
        if self.error is not None:
            raise self.error

    def close(self):
        """End the thread, unless it hangs in a write."""
        try:
            self.flush()
        except (OSError, MediaError):
            pass
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join(0.1)
        if self.owned and not self._thread.is_alive():
            os.close(self.fd)
            self.owned = False


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


class StandardIo(Output):
    """Standard output, with the terminal put back at the end."""

    def __init__(self, source):
        super().__init__(sys.stdout.fileno(), "standard output", False)
        self.source = source

    def close(self):
        super().close()
        self.source.close()


def open_output(path):
    """A descriptor of a file to write.  Raises MediaError."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o666)
    except OSError as error:
        pipe = os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode)
        raise MediaError(path, "is a pipe that nobody reads" if pipe else f"cannot be written: {reason(error)}") from None
    os.set_blocking(fd, True)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        os.ftruncate(fd, 0)
    return fd


def connect(machine, where):
    """Join COM1 to ``stdio`` or a file.  Raises MediaError."""
    if where == "stdio":
        source = StandardInput()
        machine.join_serial(StandardIo(source))
        machine._serial_source = lambda: source.feed(machine)
    else:
        machine.join_serial(Output(open_output(where), where, True))
