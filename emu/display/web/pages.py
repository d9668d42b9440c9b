"""The files of noVNC, wherever its package lies."""
import importlib.util
import zipfile
from pathlib import Path
from urllib.parse import unquote

START = "vnc.html"
SYSTEM_FOLDERS = ("/usr/share/novnc", "/usr/share/webapps/novnc", "/usr/local/share/novnc", "/usr/local/libexec/novnc")
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon",
         ".woff": "font/woff", ".ttf": "font/ttf", ".mp3": "audio/mpeg", ".oga": "audio/ogg"}


def find():
    """noVNC's files as a Path or a zipfile.Path: from Python's package novnc, or the system's.  None where there are none."""
    spec = importlib.util.find_spec("novnc")  # looks for it and does not run it
    for folder in map(Path, spec.submodule_search_locations or () if spec else ()):
        for archive in sorted(folder.glob("**/*.zip")):
            root = zipfile.Path(archive)
            if (root / START).is_file():
                return root
        for page in sorted(folder.glob(f"**/{START}")):
            return page.parent
    return next((root for root in map(Path, SYSTEM_FOLDERS) if (root / START).is_file()), None)


def read(root, path):
    """(content type, bytes) of a file named by a URL's path, or None: only what lies below the root, and only known types."""
    parts = unquote(path).removeprefix("/").split("/")
    kind = TYPES.get(Path(parts[-1]).suffix)
    if kind is None or any(part in ("", ".", "..") or set(part) & set("\\\0:") for part in parts):
        return None
    file = root.joinpath(*parts)
    try:
        return (kind, file.read_bytes()) if file.is_file() else None
    except OSError:
        return None
