"""What is said when a file that the user named cannot be used."""


class MediaError(Exception):
    """A file is missing, unreadable or not what it should be: ``path`` and one line that says ``what`` is wrong."""

    def __init__(self, path, what):
        super().__init__(f"{path}: {what}")
        self.path = str(path)
        self.what = what


def reason(error):
    """One short phrase for an OSError."""
    text = error.strerror or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]
