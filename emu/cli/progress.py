"""A progress bar on a terminal's stderr, in bytes; nothing where stderr is no terminal."""

import sys


class Progress:
    """Call it with (done, total)."""

    def __init__(self, what):
        self._what, self._bar, self._task = what, None, None

    def __enter__(self):
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
            self._bar = Bar(TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TimeRemainingColumn(),
                            console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=None)
        return self

    def __call__(self, done, total):
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *_exc):
        if self._bar is not None:
            self._bar.stop()
