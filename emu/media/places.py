"""Where files may lie that an image names: beside it.  An image from elsewhere must not lead to the host's other files."""

import os
import re

from .errors import MediaError


def beside(path, name, what, anywhere=False):
    """The path of the file that the image at ``path`` names as its ``what``.

    Raises MediaError for one outside of the image's folder, unless ``anywhere``."""
    name = name.removeprefix("file:")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", name):
        raise MediaError(path, f"has a {what} that is no file: {_shown(name)}")
    folder = os.path.dirname(os.path.realpath(path))
    found = os.path.join(folder, name)
    if not anywhere:
        parts = name.replace("\\", "/").split("/")
        if os.path.isabs(name) or ".." in parts or not _inside(os.path.realpath(found), folder):
            raise MediaError(path, f"has a {what} outside its folder: {_shown(name)} (--backing-anywhere allows that)")
    return found


def _inside(path, folder):
    return os.path.commonpath((path, folder)) == folder


def _shown(name):
    return "".join(c if c.isprintable() else "?" for c in name[:200])
