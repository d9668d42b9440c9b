"""What is wrong with a suite: one line that names the file."""


class BadSuite(Exception):
    """A file that is not a suite or that cannot be read."""

    def __init__(self, path, what):
        super().__init__(f"{path}: {what}")
        self.path, self.what = path, what


class Refused(Exception):
    """Nothing can be run as it was asked: one line."""
