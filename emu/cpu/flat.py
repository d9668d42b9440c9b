"""Flat twins: the functions of instructions once more, with the checks left out that the flat mode makes pointless.

MODE_FLAT says that the segments start at 0 and are 4 GiB long, that the stack pointer is ESP, and that nothing is watched.
A twin has the source of its original; only what these names mean differs.
"""

from functools import cache
from types import FunctionType

from emu.bus.component import Generic, inline
from emu.bus.types import u8, u32

from . import flow_target, memory
from .state import ESP, Cpu, Rec

# Families that load segment registers or change the mode before they are done, and what they are made of
EXCLUDED = {"far", "returns", "system", "selectors", "tasks", "segments", "exceptions", "frame", "paging", "events"}


@inline
def linear(cpu: Cpu, seg: u8, off: u32) -> u32:
    """The linear address of any access."""
    return off


@inline
def stack_offset(cpu: Cpu, delta: u32) -> u32:
    """The address of ESP plus delta."""
    return u32(cpu.gpr[ESP] + delta)


@inline
def stack_move(cpu: Cpu, delta: u32) -> None:
    """Add delta to ESP."""
    cpu.gpr[ESP] = u32(cpu.gpr[ESP] + delta)


@inline
def unchecked_target(cpu: Cpu, r: Rec) -> None:
    """All relative branches stay in the code segment."""
    return


@inline
def unchecked_eip(cpu: Cpu, eip: u32) -> None:
    """All of EIP is in the code segment."""
    return


_MEANS = {flow_target.check_target: unchecked_target, flow_target.check_eip: unchecked_eip,
          memory.linear_read: Generic(linear), memory.linear_write: Generic(linear), memory.stack_offset: stack_offset,
          memory.stack_move: stack_move, memory.ea: memory.ea_flat}


@cache
def twin(function):
    """The flat twin of a hot function; the function itself where nothing would differ."""
    if function in _MEANS:
        return _MEANS[function]
    plain = function.function if isinstance(function, Generic) else function
    if getattr(plain, "intrinsic", False) or plain.__module__.rpartition(".")[2] in EXCLUDED:
        return function
    other = {}
    for name in plain.__code__.co_names:
        called = plain.__globals__.get(name)
        if called is not function and (isinstance(called, Generic) or hasattr(called, "subset")) and twin(called) is not called:
            other[name] = twin(called)
    if not other:
        return function
    made = FunctionType(plain.__code__, {**plain.__globals__, **other}, f"{plain.__name__}_flat")
    made.__annotations__ = plain.__annotations__
    made.__dict__.update(plain.__dict__)
    return Generic(made) if isinstance(function, Generic) else made
