"""emu: a whole 32-bit PC as a Python package."""

__version__ = "0.1.0"
__all__ = ["Machine", "MachineConfig"]


def __getattr__(name):  # imported when first used: the command line's --help needs none of it
    if name == "Machine":
        from .machine.machine import Machine
        return Machine
    if name == "MachineConfig":
        from .machine.config import MachineConfig
        return MachineConfig
    raise AttributeError(name)
