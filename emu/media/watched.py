"""A medium whose failures somebody hears of, besides the drive that has to tell its guest."""

from .errors import MediaError, reason


class Watched:
    """``medium``, with every OSError of it told to ``failed(MediaError)`` before it goes on to the drive."""

    def __init__(self, medium, failed):
        self.medium, self._failed, self._told = medium, failed, False

    def __getattr__(self, name):
        return getattr(self.medium, name)

    def read(self, offset, n):
        """The bytes at ``offset``."""
        try:
            return self.medium.read(offset, n)
        except OSError as error:
            self._tell(error)
            raise

    def read_into(self, offset, views):
        """Read from ``offset`` on into buffers."""
        try:
            self.medium.read_into(offset, views)
        except OSError as error:
            self._tell(error)
            raise

    def write(self, offset, data):
        """Write ``data`` at ``offset``."""
        try:
            self.medium.write(offset, data)
        except OSError as error:
            self._tell(error)
            raise

    def flush(self):
        """Have it all on the host's disk."""
        try:
            self.medium.flush()
        except OSError as error:
            self._tell(error)
            raise

    def settle(self, most=0, seconds=0.0):
        """Write what is held back, where a medium does that."""
        try:
            self.medium.settle(most, seconds)
        except OSError as error:
            self._tell(error)

    def _tell(self, error):
        self._told = True
        self._failed(MediaError(error.filename or self.medium.path, reason(error)))

    def close(self):
        """Close it.  Raises MediaError if something could not be written, unless that was told already."""
        try:
            self.medium.close()
        except OSError as error:
            if not self._told:
                raise MediaError(error.filename or self.medium.path, reason(error)) from None
