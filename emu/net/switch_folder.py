"""Where the machines on a switch meet: a folder of this user's, with a socket for each port of the switch in use.

A port belongs to whoever holds its lock file's lock, so the end of a process, however it came, frees it.
"""
import os
import socket
import stat
import tempfile

try:
    import fcntl
except ImportError:             # not on this system
    fcntl = None

PORTS = 64
TRIES = 8


def available():
    """Does this system have what a switch needs?"""
    return fcntl is not None and hasattr(socket, "AF_UNIX")


def _private(path):
    """Make a folder that is this user's alone, or see that it is.  Raises OSError."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
        raise PermissionError(1, "is not a folder of this user's alone", path)
    return path


def _runtime():
    """The user's runtime folder, if there is a good one, else a folder for temporary files."""
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        if os.path.isabs(named) and os.stat(named).st_uid == os.getuid():
            return os.path.join(named, "emu")
    except OSError:
        pass
    return os.path.join(tempfile.gettempdir(), f"emu-{os.getuid()}")


class Port:
    """A port of the switch ``name`` (which is a file name), the lowest that is free.  Raises OSError."""

    def __init__(self, name):
        self.folder = os.path.join(_runtime(), name)
        self.listener = self._lock = None
        for _ in range(TRIES):
            _private(os.path.dirname(self.folder))
            _private(self.folder)
            for number in range(PORTS):
                try:
                    self._lock = self._claim(number)
                except FileNotFoundError:       # the last one out has just removed the folder
                    break
                if self._lock is not None:
                    self.number = number
                    self._listen()
                    return
            else:
                raise OSError(0, f"has {PORTS} machines already")
        raise OSError(0, "cannot be entered")

    def path(self, number):
        """The socket of a port."""
        return os.path.join(self.folder, str(number))

    def _claim(self, number):
        """The descriptor that holds a port's lock, or None if another has it."""
        path = self.path(number) + ".lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(path)):     # else it was given up and removed meanwhile
                return lock
        except OSError:
            pass
        os.close(lock)
        return None

    def _free(self, number, lock):
        """Remove a port whose lock is held."""
        for path in (self.path(number), self.path(number) + ".lock"):
            try:
                os.unlink(path)
            except OSError:
                pass
        os.close(lock)

    def _listen(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if os.path.lexists(self.path(self.number)):
                os.unlink(self.path(self.number))
            self.listener.setblocking(False)
            self.listener.bind(self.path(self.number))
            self.listener.listen(PORTS)
        except OSError as error:
            self.close()
            raise OSError(error.errno or 0, error.strerror or str(error)) from None

    def others(self):
        """The numbers of the other ports that may be in use."""
        try:
            names = os.listdir(self.folder)
        except OSError:
            return []
        return sorted(int(n) for n in names if n.isascii() and n.isdigit() and int(n) != self.number and int(n) < PORTS)

    def connect(self, number):
        """A socket to another port, or None.  What a machine that is no more has left there is removed."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            sock.connect(self.path(number))
            return sock
        except ConnectionRefusedError:
            try:
                lock = self._claim(number)
            except OSError:
                lock = None
            if lock is not None:
                self._free(number, lock)
        except OSError:
            pass
        sock.close()
        return None

    def close(self):
        """Leave the switch; the last one out removes the folder."""
        if self.listener is not None:
            self.listener.close()
            self.listener = None
        if self._lock is not None:
            self._free(self.number, self._lock)
            self._lock = None
            try:
                os.rmdir(self.folder)
            except OSError:
                pass
