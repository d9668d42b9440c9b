"""What all media have: a subclass gives ``path``, ``size``, read() and close(), and write() and flush() if it is written."""

from emu.buffers import fill, total

HELD_SECONDS = 0.5              # how long a medium may hold back what was written


class Medium:
    """Bytes to be read.  A context manager that closes it."""

    read_only = True

    def read_into(self, offset, views):
        """Read from ``offset`` on into buffers; what lies outside the medium is zeros.  After an OSError they hold anything."""
        fill(views, self.read(offset, total(views)))

    def write(self, offset, data):
        """Such a medium is not written."""
        raise PermissionError(f"{self.path} is read-only")

    def flush(self):
        """Nothing to do."""

    def settle(self, most=0, seconds=0.0):
        """Some hold back a part of what was written, which dying loses unless it was flushed.  This ends that, if it is as much as
        ``most`` bytes or as old as ``seconds``."""

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.close()
