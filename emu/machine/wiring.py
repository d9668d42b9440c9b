"""Joins the board's wires between Python objects."""

from functools import partial

from . import board


def join(parts, services):
    """Join the board's wires between Python objects."""
    for wire, target, *constants in board.WIRES:
        part, name = wire.split(".")
        if callable(target):
            to = partial(target, parts["cpu"])
        elif target.startswith("@"):
            to = services[target[1:]]
        else:
            other, method = target.split(".")
            to = getattr(parts[other], method)
        setattr(parts[part], name, partial(to, *constants) if constants else to)
