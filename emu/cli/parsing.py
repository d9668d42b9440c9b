"""What the commands' parsers share: one clear line for a wrong command line, and exit code 2."""

import argparse
import os
import signal
import sys

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_TIMEOUT, EXIT_GUEST = 0, 1, 2, 3, 4
EXIT_PIPE = 128 + signal.SIGPIPE                # nobody reads standard output any more
EXIT_DEBUG = 64                                 # + the low six bits of what the guest wrote to port F4h


class UsageError(Exception):
    """The command line, or a file that it names, is wrong: one line."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that says what is wrong in one line, and takes no abbreviated options."""

    def __init__(self, **kwargs):
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message):
        raise UsageError(f"{message} (see {self.prog} --help)")


class InOrder(argparse.Action):
    """Collects the options of several kinds in the order of the command line, as (kind, value) in ``dest``."""

    def __call__(self, parser, namespace, values, option_string=None):
        steps = list(getattr(namespace, self.dest) or ())
        steps.append((option_string.lstrip("-"), values))
        setattr(namespace, self.dest, steps)


def positive_seconds(text):
    """A number of seconds, 0 or more."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e12:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def positive_int(text):
    """A whole number from 1."""
    if not (text.isascii() and text.isdigit() and int(text[:18]) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def complain(prog, message):
    """One line on stderr."""
    print(f"{prog}: {' '.join(str(message).split())}", file=sys.stderr, flush=True)


def stdout_gone():
    """Nobody reads standard output any more: say so by the exit code alone, and let what is buffered go nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):               # a stdout of a test, without a descriptor
        pass
    return EXIT_PIPE
