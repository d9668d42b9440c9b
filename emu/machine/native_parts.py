"""Parts with their state in the structs of the native engine: the same classes, their fields properties over C memory."""

import inspect
from functools import cache
from math import inf
from operator import attrgetter
from time import monotonic

from emu.bus.component import Struct
from emu.bus.names import c_name
from emu.bus.types import Array, Signed, Unsigned

from . import board
from .wiring import join

_FORMATS = {8: "B", 16: "H", 32: "I", 64: "Q"}


def available():
    """Whether the native engine is built."""
    try:
        from emu import _native  # noqa: F401
        return True
    except ImportError:
        return False


def _scalar(name):
    def put(self, value):
        setattr(self._c, name, value)

    return property(attrgetter(f"_c.{name}"), put)


def _is_struct(declared):
    return isinstance(declared, type) and issubclass(declared, Struct)


def _allocate(self):
    """Put arrays and inner structs over their C memory; scalars are properties."""
    for f in self.fields.values():
        if f.native is not None:
            continue
        if isinstance(f.type, Array):
            self.__dict__[f.name] = _view(self._ffi, getattr(self._c, c_name(f.name)), f.type.element, f.type.length)
        elif _is_struct(f.type):
            self.__dict__[f.name] = _over(f.type, self._ffi, getattr(self._c, c_name(f.name)))


def _view(ffi, c, element, length):
    """A declared array of the C struct as a sequence that behaves as the Python engine's does."""
    if isinstance(element, (Unsigned, Signed)):
        code = _FORMATS[element.bits]
        return memoryview(ffi.buffer(c)).cast("B").cast(code if isinstance(element, Unsigned) else code.lower())
    return [_over(element, ffi, c[i]) for i in range(length)]


@cache
def native_class(cls):
    """The subclass of a component or struct whose fields live in C."""
    space = {"_allocate": _allocate}
    for f in cls.fields.values():
        if f.native is None and not isinstance(f.type, Array) and not _is_struct(f.type):
            space[f.name] = _scalar(c_name(f.name))
    return type(cls.__name__, (cls,), space)


def _over(cls, ffi, c):
    """An object of the class over a C struct."""
    made = native_class(cls)
    self = made.__new__(made)
    self.__dict__["_c"], self.__dict__["_ffi"] = c, ffi
    self.__init__()
    return self


class NativeParts:
    """All parts of a board, wired, under the native engine."""

    engine_name = "native"

    def __init__(self, backing_size, owner):
        from emu import _native as native
        _register(native)
        self.ffi, self.lib = native.ffi, native.lib
        self.owner = owner
        self.error = None
        self.until = inf
        self.handle = self.ffi.new_handle(self)
        self.m = self.lib.emu_new(backing_size, self.handle)
        if self.m == self.ffi.NULL:
            raise MemoryError("no memory for the machine")
        base = int(self.ffi.cast("uintptr_t", self.m))
        self.parts = {}
        for name, cls in board.PARTS.items():
            offset = self.lib.emu_part_offset(name.encode())
            self.parts[name] = _over(cls, self.ffi, self.ffi.cast(cls.__name__ + " *", base + offset))
        memory = self.parts["memory"]
        data = memory._c
        memory.backing = memoryview(self.ffi.buffer(data.backing_data, data.backing_size)).cast("B")
        memory.watch = memoryview(self.ffi.buffer(data.watch_data, (data.backing_size + 0xFFF) >> 12)).cast("B")
        memory.dirty = memoryview(self.ffi.buffer(self.lib.emu_dirty(self.m), 4096)).cast("B")
        memory.on_write = lambda offset, size: self.lib.emu_written(self.m, offset, size)
        names = self.ffi.string(self.lib.emu_cold_names()).decode()
        self.cold = [self._cold(n) for n in names.split(",")]
        self.services = {"window_changed": lambda: owner.window_changed()}
        for name in ("expire_timers", "next_deadline", "device_read", "device_write", "device_read32", "device_write32",
                     *(f"port_{op}{w}" for op in ("read", "write") for w in (8, 16, 32))):
            self.services[name] = self._service(name)
        join(self.parts, self.services, self._wire)

    def _service(self, name):
        function = getattr(self.lib, "board_" + name)
        return lambda *args: function(self.m, *args)

    def _wire(self, wire):
        function, m = getattr(self.lib, "wire_" + wire.replace(".", "_")), self.m
        return lambda *args: function(m, *args)

    def _cold(self, name):
        part, method = name.split(".")
        if part == "board":
            return (lambda: getattr(self.owner, method)()), 0
        bound = getattr(self.parts[part], method)
        return bound, len(inspect.signature(bound).parameters)

    def set_ports(self, maps, bases):
        """Install a port map: see board.port_maps."""
        for width, table in maps.items():
            self.ffi.memmove(self.lib.emu_port_map(self.m, width), bytes(table), 65536)
        where = self.lib.emu_slot_bases(self.m)
        for n, base in enumerate(bases):
            where[n] = base

    def run(self, until=inf):
        """Run until poll ends the run, or the first cold method after the host time ``until``; gives poll's code.
        Raises what a cold method raised."""
        self.until = until
        code = self.lib.emu_run(self.m)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return code

    def map_changed(self):
        """The memory map or restored state changed."""
        self.lib.emu_map_changed(self.m)

    def forget(self):
        """Memory was replaced behind the engine's back: drop all decoded code."""
        self.lib.emu_forget_code(self.m)
        self.lib.emu_map_changed(self.m)

    def rearm_video(self):
        """Note again which pages of video memory are written: the display may have cleared the marks."""
        self.lib.emu_rearm_video(self.m)

    def close(self):
        """Give the memory back.  The parts cannot be used any more."""
        if self.m is not None:
            self.lib.emu_free(self.m)
            self.m = None


def _register(native):
    """Give the C side its way into Python: one function for all machines, each found by its handle."""

    @native.ffi.def_extern()
    def emu_cold(handle, number, a, b, c):
        parts = native.ffi.from_handle(handle)
        try:
            function, count = parts.cold[number]
            result = function(*(a, b, c)[:count])
            if monotonic() > parts.until:
                parts.parts["cpu"].stop_request = parts.parts["cpu"].attention = True
            return int(result) if result else 0
        except BaseException as error:  # never across a C frame: the run ends and raises it
            if parts.error is None:
                parts.error = error
            parts.parts["cpu"].stop_request = parts.parts["cpu"].attention = True
            return 0
