"""``emu run``: boot an image, take it through its script, say how it ended."""

import json
import signal
import sys
import time

from ..machine.config import ConfigError, parse_display
from ..media.errors import MediaError
from .notice import demonstration, python_engine
from .parsing import (EXIT_DEBUG, EXIT_FAILED, EXIT_GUEST, EXIT_OK, EXIT_PIPE, EXIT_TIMEOUT, EXIT_USAGE, UsageError, complain,
                      stdout_gone)
from .report import write_report
from .run_options import configure, is_demonstration, parser
from .script import Script

PROG = "emu run"


class Interrupts:
    """SIGINT and SIGTERM as a flag that the loop looks at between slices; a second one interrupts at once."""

    def __init__(self):
        self.signal = 0
        self._before = {}

    def _took(self, number, _frame):
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                self._before[number] = signal.signal(number, self._took)
            except ValueError:                  # not the main thread: then its owner handles signals
                pass
        return self

    def __exit__(self, *_exc):
        for number, handler in self._before.items():
            signal.signal(number, handler)


def interact(machine, script, viewer, interrupts, deadline, need_window=False, clock=time.monotonic):
    """Run until something ends it.  Returns the exit code.

    A window that fails (nobody closed it) ends the run if it was asked for; else the run goes on without it.
    """
    while True:
        if script.advance(machine):
            return EXIT_OK
        if machine.ended is not None:
            script.advance(machine, final=True)
            return guest_exit(machine, script)
        if interrupts.signal:
            return 128 + interrupts.signal
        if viewer is not None:
            viewer.poll()
            if viewer.closed:
                if not getattr(viewer, "failed", False):
                    return EXIT_OK
                if getattr(viewer, "outlived", None):
                    complain(PROG, viewer.outlived)
                    viewer.close()
                    viewer = None
                    continue
                if viewer.shown:
                    complain(PROG, "the window's display is gone, and the run ends with it")
                    return EXIT_OK
                if need_window:
                    complain(PROG, "--display window: the window could not be shown")
                    return EXIT_USAGE
                complain(PROG, "the window could not be shown; the run goes on without it")
                viewer.close()
                viewer = None
        if deadline is not None and clock() >= deadline:
            if script.advance(machine, final=True):
                return EXIT_OK
            tell(machine, "timeout" + (f" at {script.what}" if script.what else ""))
            return EXIT_TIMEOUT
        try:
            machine.step_slice()
        except MediaError as error:             # the host cannot read or write a medium
            if viewer is None:
                raise
            tell(machine, f"{error}; the machine is paused")
            viewer.note(f"{error}; the machine is paused", warning=True)


def tell(machine, message):
    """Say something about a run, behind all that the guest has sent so far."""
    try:
        machine.finish_output()
    except (BrokenPipeError, MediaError):       # whoever asks next hears of it
        pass
    complain(PROG, message)


def guest_exit(machine, script):
    """The exit code for the way in which the guest ended."""
    if machine.ended == "debug-exit":
        return EXIT_DEBUG + (machine.exit_value & 63)
    if script.succeeded or machine.ended == "window":
        return EXIT_OK
    if machine.ended == "poweroff" and not script.pending:
        return EXIT_OK
    at = f" at {script.what}" if script.pending else ""
    tell(machine, f"the guest ended: {machine.ended}{at}")
    return EXIT_GUEST


def main(argv, make_machine=None):
    """Parse and run.  Returns the exit code.  ``make_machine(config)`` stands in for Machine in tests."""
    began = time.monotonic()
    args = parser().parse_args(argv)
    try:
        config = configure(args)
        viewer_class = _viewer_class(args, config)
        if make_machine is None:
            from ..machine.machine import Machine as make_machine
        with Interrupts() as interrupts:
            # The machine is built inside, so that Ctrl+C is as prompt then.
            return _run(args, config, make_machine, viewer_class, interrupts, began)
    except (MediaError, ConfigError, UsageError) as error:
        complain(PROG, error)
        return EXIT_USAGE
    except OSError as error:                    # a file that went away, or cannot be made, since it was looked at
        if error.filename is None:
            raise
        complain(PROG, f"{error.filename}: {error.strerror}")
        return EXIT_USAGE


def _run(args, config, make_machine, viewer_class, interrupts, began):
    machine = make_machine(config)
    if config.engine == "auto" and machine.engine_name == "python":
        python_engine(PROG)
    if is_demonstration(args, config):
        demonstration(PROG)
    viewer, code = None, EXIT_FAILED
    try:
        script = Script(args.steps, args.until)
        deadline = None if args.timeout is None else began + args.timeout
        try:
            if viewer_class is not None:
                viewer = viewer_class(machine)
            code = interact(machine, script, viewer, interrupts, deadline, need_window=args.display == "window")
        except KeyboardInterrupt:
            code = 128 + (interrupts.signal or signal.SIGINT)
        except BrokenPipeError:
            code = stdout_gone()
        except MediaError as error:             # what the guest sends cannot be written
            tell(machine, error)
            code = EXIT_USAGE
        except Exception:
            tell(machine, write_report(machine))
            code = EXIT_FAILED
        ran = time.monotonic() - began
        code = _finish(args, machine, code)
        stats = _stats(machine, ran, code) if args.stats else None
    finally:
        if viewer is not None and hasattr(viewer, "close"):
            viewer.close()
        machine.close()
    if stats is not None:
        print(json.dumps(stats), file=sys.stderr, flush=True)
    return code


def _finish(args, machine, code):
    """What is written at the end of the run, whatever its cause.  Returns the exit code."""
    if code not in (EXIT_USAGE, EXIT_PIPE):
        try:
            machine.finish_output()
        except BrokenPipeError:
            code = stdout_gone()
        except MediaError as error:
            complain(PROG, error)
            code = EXIT_USAGE
    if args.dump_text:
        try:
            print("\n".join(row.rstrip() for row in machine.screen_text()), flush=True)
        except BrokenPipeError:
            code = stdout_gone()
        except Exception:
            complain(PROG, write_report(machine))
            code = EXIT_FAILED
    if args.screenshot is not None:
        try:
            machine.screenshot().save(args.screenshot)
        except OSError as error:
            complain(PROG, f"{args.screenshot}: cannot be written: {error.strerror or error}")
            code = code or EXIT_USAGE
        except Exception:
            complain(PROG, write_report(machine))
            code = EXIT_FAILED
    return code


def _stats(machine, ran, code):
    instructions = machine.instructions
    return {"instructions": instructions, "host_seconds": round(ran, 6),
            "guest_seconds": round(machine.guest_seconds, 9),
            "mips": round(instructions / ran / 1e6, 3) if ran > 0 else 0.0, "engine": machine.engine_name, "exit": code}


def _viewer_class(args, config):
    """What makes the viewer of a machine, or None without one.  A window that was not asked for may be missing."""
    kind = parse_display(config.display)[0]
    if kind == "none":
        return None
    if kind != "window":
        from ..display import remote
        settings = remote.prepare(config)
        complain(PROG, f"the screen is at {remote.where(*settings[:2])}")
        return lambda machine: remote.RemoteViewer(machine, *settings)
    try:
        from ..display.window import Viewer
    except ImportError as error:
        if args.display == "window":
            raise UsageError(f"--display window: not possible here: {error}") from None
        complain(PROG, f"no window: {error}")
        config.display = "none"
        return None
    return Viewer
