"""The command ``emu``: finds the subcommand and hands over; each has a module of its own, imported when it is used."""

import importlib
import signal
import sys

from .parsing import EXIT_FAILED, EXIT_OK, EXIT_USAGE, UsageError, complain, stdout_gone

COMMANDS = {                                    # name: (module, what it does)
    "run": ("run", "boot an image in a machine"),
    "cpu-test": ("cpu_test", "run single-instruction test suites"),
    "disk": ("disk", "make, describe, convert and check disk images"),
    "bench": ("bench", "measure how fast guests run, beside other emulators"),
    "lockstep": ("lockstep", "run both engines side by side and compare them"),
}


def usage():
    """The text of ``emu --help``."""
    lines = ["usage: emu COMMAND [options]", "", "A 32-bit PC.", "", "commands:"]
    lines += [f"  {name:10} {text}" for name, (_module, text) in COMMANDS.items()]
    return "\n".join([*lines, "", "emu COMMAND --help tells more; emu --version tells the version."])


def version():
    """The installed version."""
    from importlib import metadata
    try:
        return metadata.version("emu")
    except metadata.PackageNotFoundError:
        return "not installed"


def entry():
    """The command's entry point: SIGTERM ends it as an exception does, with all that has to be put back."""
    signal.signal(signal.SIGTERM, _terminated)
    code = main()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = stdout_gone()
    sys.stderr.flush()
    return code


def _terminated(number, _frame):
    raise SystemExit(128 + number)


def main(argv=None):
    """Run the command line (default: sys.argv).  Returns the exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    command = argv[0] if argv else ""
    prog = "emu"
    try:
        if command in ("-h", "--help"):
            print(usage())
            return EXIT_OK
        if command == "--version":
            print(f"emu {version()}")
            return EXIT_OK
        if command not in COMMANDS:
            known = ", ".join(COMMANDS)
            raise UsageError(f"there is no command {command!r} (there is {known})" if command else
                             f"which command? ({known}; see emu --help)")
        prog = f"emu {command}"
        module = importlib.import_module(f".{COMMANDS[command][0]}", __package__)
        return module.main(argv[1:])
    except UsageError as error:
        complain(prog, error)
        return EXIT_USAGE
    except SystemExit as end:                   # argparse after --help
        return end.code if isinstance(end.code, int) else EXIT_OK
    except BrokenPipeError:
        return stdout_gone()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception:
        from .report import write_report
        complain(prog, write_report())
        return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(entry())
