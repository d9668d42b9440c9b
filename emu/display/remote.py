"""Viewers over the network, as the machine sees them: a process that serves RFB (`--display vnc`) or a page for the browser
(`--display web`).  People come and go; the process stays."""
import importlib.util
import ipaddress
import json
import os
import socket

from emu.machine.config import ConfigError, parse_display

from . import link
from .pointer import PointerFollower
from .rfb import auth
from .viewer import Viewer

BACKLOG = 100


class RemoteViewer(Viewer):
    """Serves on ``listener``, a listening socket that it takes over.  ``kind``: vnc or web; ``host``: as the user named it."""

    module = "emu.display.remote_process"
    outlived = "the viewers' process ended; the run goes on without it"

    def __init__(self, machine, kind, listener, host, password=None, title="emu"):
        self.kind = kind
        self.watchers = 0
        self._pointer = PointerFollower(machine, self._corner)
        read_end, write_end = os.pipe()
        settings = {"kind": kind, "listener": listener.fileno(), "host": host, "password": password}
        os.write(write_end, json.dumps(settings).encode())  # so that no list of processes shows the password
        os.close(write_end)
        self.arguments = (str(read_end),)
        self.descriptors = (read_end, listener.fileno())
        try:
            super().__init__(machine, title)
        finally:
            os.close(read_end)
            listener.close()

    def poll(self):
        """As Viewer; but nothing is drawn for nobody."""
        self.forward()
        if self.machine.pointer_absolute:
            self._pointer.forget()
        else:
            self._pointer.advance(*self.renderer.pixels.shape)
        if self.watchers:
            self.show()

    def _corner(self, side):
        """The picture's upper left corner, of now."""
        self.draw()
        return self.renderer.pixels[:side, :side].copy()

    def _handle(self, kind, a, b, c):
        if kind == link.WATCHERS:
            self.watchers = a
            if a:
                self._next = 0.0
                self.show()
                self.send(link.SHOWN)
        elif kind == link.POINTER and not self.machine.pointer_absolute:
            self._pointer.go(a, b, c & 0xFF, c >> 8)
        else:
            super()._handle(kind, a, b, c)


def prepare(config):
    """(kind, listener, host, password): what a RemoteViewer needs, for a MachineConfig.  Raises ConfigError."""
    kind, (host, port) = parse_display(config.display)
    option = f"--display {config.display}"
    if kind == "web":
        _require_web(option)
    if config.display_password is not None:
        _require_password(config.display_password)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError):
        raise ConfigError(f"{option}: there is no address {host!r}") from None
    if config.display_password is None and not ipaddress.ip_address(address[0].partition("%")[0]).is_loopback:
        raise ConfigError(f"{option}: an address that others reach needs --display-password")
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was ours a moment ago
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ConfigError(f"{option}: cannot listen on {_shown(address)}: {error.strerror}") from None
    return kind, listener, host, config.display_password


def where(kind, listener):
    """Where a listener is found, for people."""
    address = _shown(listener.getsockname())
    return f"http://{address}/" if kind == "web" else f"VNC on {address}"


def _shown(address):
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"


def _require_web(option):
    from .web import pages
    missing = [] if importlib.util.find_spec("websockets") else ["websockets"]
    if not missing and not importlib.util.find_spec("websockets.asyncio"):
        missing = ["websockets 13 or later"]
    if pages.find() is None:
        missing.append("noVNC")
    if missing:
        raise ConfigError(f"{option}: {' and '.join(missing)} not installed: pip install 'emu[web]'")


def _require_password(password):
    try:
        auth.check_password(password)
    except ValueError:
        raise ConfigError(f"--display-password: 1 to {auth.MOST_PASSWORD} characters of Latin-1, as VNC has it") from None
    except ImportError:
        raise ConfigError("--display-password: needs pycryptodome: pip install 'emu[vnc]'") from None
