"""Joins the board's wires between Python objects."""

from functools import partial

from . import board


def join(parts, services, hot=None):
    """Join the board's wires between Python objects.  ``hot(wire)`` gives what is called instead for a wire that leads to a hot method,
    constants included."""
    for wire, target, *constants in board.WIRES:
        part, name = wire.split(".")
        if hot and board.hot_wire(target):
            setattr(parts[part], name, hot(wire))
            continue
        if callable(target):
            to = partial(target, parts["cpu"])
        elif target.startswith("@"):
            to = services[target[1:]]
        else:
            other, method = target.split(".")
            to = getattr(parts[other], method)
        setattr(parts[part], name, partial(to, *constants) if constants else to)
