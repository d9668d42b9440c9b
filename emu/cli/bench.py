"""``emu bench``: the command line of the benchmark."""

import json
import os
import sys
import tempfile

from .parsing import EXIT_OK, EXIT_TIMEOUT, Parser, UsageError, complain, positive_int, positive_seconds

PROG = "emu bench"
ENGINES = ("native", "python")
PEERS = ("qemu", "bochs")
RUNS = 3                                        # of our own set, whose result is the median
QUICK = 1 / 16                                  # of the rounds
TIMEOUT = 3600


def parser():
    """The options of ``emu bench``."""
    p = Parser(prog=PROG, description="How fast guests run: in guest instructions per second of host CPU time, beside the emulators that are "
               "installed (QEMU, Bochs) on the very same image.",
               epilog="An image of one's own says on COM1 `BEGIN name`, then `BENCH name rounds seconds checksum` for each row, and `BENCH-DONE` at the "
                      "end. Exit codes: 0 measured, 1 a bug, 2 the command line or a file is wrong, or the image is no benchmark, 3 timeout.")
    p.add_argument("image", nargs="?", metavar="IMAGE", help="an ISO, floppy or disk image to run (default: loops of our own, without an "
                   "operating system)")
    p.add_argument("--engine", action="append", choices=ENGINES, help="an engine to measure, the first is what all are compared with; may be "
                   "given again (default: those that are built, for an IMAGE the fastest alone)")
    p.add_argument("--peer", action="append", choices=(*PEERS, "none"), help="a peer to compare with; may be given again (default: all that are installed)")
    p.add_argument("--row", action="append", metavar="NAME", help="only this row of our set; may be given again")
    p.add_argument("--quick", action="store_true", help="a sixteenth of the rounds of our set, and once: a first impression")
    p.add_argument("--runs", type=positive_int, metavar="N", help=f"how often to run all; medians are shown (default {RUNS}, for an IMAGE 1)")
    p.add_argument("--timeout", type=positive_seconds, default=TIMEOUT, metavar="SECONDS", help=f"for each run (default {TIMEOUT})")
    p.add_argument("--chart", metavar="FILE.svg", help="write the results as a picture, too")
    p.add_argument("--json", action="store_true", help="print the results as JSON")
    return p


class Progress:
    """What runs, on a terminal's stderr."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def __call__(self, text):
        if self.shown:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    def close(self):
        """Leave the line empty."""
        self("")


def main(argv):
    """Parse and run.  Returns the exit code."""
    args = parser().parse_args(argv)
    from emu.bench import compete, contestants, results
    from emu.bench.measure import Failed
    rivals = _contestants(args, contestants)
    if args.chart is not None:
        _writable(args.chart)
    progress = Progress()
    try:
        with tempfile.TemporaryDirectory(prefix="emu-mips-") as folder:
            image_for, what = _images(args, folder)
            runs = args.runs or (1 if args.quick or args.image else RUNS)
            measured, notes = compete.compete(rivals, image_for, runs, args.timeout, progress)
    except Failed as error:
        progress.close()
        message = f"{args.image or 'the set'}: {error}"
        if not error.late:
            raise UsageError(message) from None
        complain(PROG, message)
        return EXIT_TIMEOUT
    finally:
        progress.close()
    found = results.gather(what, [rival for rival in rivals if rival.name in measured], measured, runs, notes)
    if args.chart is not None:
        from emu.bench.chart import svg
        with open(args.chart, "w", encoding="utf-8") as file:
            file.write(svg(found))
    if args.json:
        json.dump(found.as_dict(), sys.stdout, indent=1)
        print()
    else:
        from emu.bench.table import Table
        Table(found).print()
    return EXIT_OK


def _contestants(args, contestants):
    """Who takes part.  Raises UsageError for what is not there."""
    there = contestants.engines()
    engines = list(dict.fromkeys(args.engine or (there[:1] if args.image else there)))
    if any(engine not in there for engine in engines):
        raise UsageError("--engine native: the native engine is not built (it needs a C compiler at installation)")
    peers = {peer.name: peer for peer in contestants.peers() if not args.peer or peer.name in args.peer}
    for name in args.peer or ():
        if name != "none" and name not in peers:
            raise UsageError(f"--peer {name}: is not installed")
    return [contestants.Engine(engine) for engine in engines] + list(peers.values())


def _images(args, folder):
    """(what gives a contestant's image, what it is called).  Raises UsageError."""
    from emu.bench import image
    if args.image is not None:
        for option, given in (("--row", args.row), ("--quick", args.quick)):
            if given:
                raise UsageError(f"{option}: goes with our own set, not with an image")
        theirs = _open(args.image, image)
        return lambda _contestant: theirs, os.path.basename(args.image)
    rows = image.own_rows()
    for row in args.row or ():
        if row not in rows:
            raise UsageError(f"--row {row}: there is no such row (there is {', '.join(rows)})")

    def own(contestant):
        return image.write_own(os.path.join(folder, "bench.iso"), contestant.share * (QUICK if args.quick else 1), args.row or rows)

    return own, "bare metal"


def _open(path, image):
    """The image that `emu run` would boot.  Raises UsageError."""
    from emu.machine.config import ConfigError
    from emu.media.errors import MediaError

    from . import run_options
    try:
        config = run_options.configure(run_options.parser().parse_args(["--display", "none", "--", path]))
    except (ConfigError, MediaError) as error:
        raise UsageError(error) from None
    for kind, media in (("cdrom", [config.cdrom] if config.cdrom else []), ("floppy", [f.path for f in config.floppies]),
                        ("disk", [d.path for d in config.disks])):
        if media:
            return image.Image(os.path.abspath(media[0]), kind, image.MEMORY)
    raise UsageError(f"{path}: nothing that boots")


def _writable(path):
    """Look early whether a file can be written, and leave what is there."""
    try:
        with open(path, "a"):
            pass
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
