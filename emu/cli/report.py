"""What is said when the emulator itself failed."""

import os
import platform
import sys
import tempfile
import traceback


def write_report(machine=None):
    """Write the exception being handled to a file; returns the line that says where it is."""
    kind, error, _trace = sys.exc_info()
    what = f"internal error: {kind.__name__}: {error}"
    lines = [f"command: {sys.argv}", f"python: {sys.version}", f"host: {platform.platform()}"]
    for name in ("engine_name", "instructions", "guest_seconds"):
        try:
            if machine is not None:
                lines.append(f"{name}: {getattr(machine, name)}")
        except Exception as second:             # the machine may be what is broken
            lines.append(f"{name}: {second!r}")
    try:
        fd, path = tempfile.mkstemp(prefix="emu-report-", suffix=".txt")
        with os.fdopen(fd, "w") as file:
            file.write("\n".join(lines) + "\n\n" + traceback.format_exc())
    except OSError:
        traceback.print_exc()
        return what
    return f"{what}; this is a bug in the emulator, its report is in {path}"
