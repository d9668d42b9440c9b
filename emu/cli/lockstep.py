"""``emu lockstep``: the command line of the comparison of both engines."""

import json
import sys

from ..machine.config import CPUS
from . import run_options
from .parsing import EXIT_FAILED, EXIT_OK, Parser, positive_int


def parser():
    """The options of ``emu lockstep``."""
    p = Parser(prog="emu lockstep", description="Boot an image on the native engine; from points of that boot run both "
               "engines side by side, and stop where their state or memory differ.",
               epilog="Exit codes: 0 the engines agree, 1 they differ, 2 the command line or a file is wrong.")
    p.add_argument("image", nargs="?", metavar="IMAGE", help="an ISO, floppy or disk image; never written to")
    p.add_argument("--kernel", metavar="FILE", help="start this Linux bzImage or multiboot kernel instead")
    p.add_argument("--initrd", metavar="FILE", help="its initial RAM disk")
    p.add_argument("--append", metavar="TEXT", help="its command line")
    p.add_argument("--cpu", choices=CPUS, help="CPU model (default pentium4)")
    p.add_argument("--memory", default="64M", metavar="SIZE", help="guest RAM (default 64M)")
    p.add_argument("--boot", choices=("cdrom", "disk", "floppy"), help="what to boot first")
    p.add_argument("--bios", metavar="FILE", help="system BIOS")
    p.add_argument("--vga-bios", metavar="FILE", help="VGA BIOS")
    p.add_argument("--points", type=positive_int, default=8, metavar="N",
                   help="from how many points of the boot (default 8)")
    p.add_argument("--first", type=positive_int, default=0, metavar="N",
                   help="the first of them, in instructions from power-on (default 0)")
    p.add_argument("--every", type=positive_int, default=100_000_000, metavar="N",
                   help="instructions between them (default 100000000)")
    p.add_argument("--instructions", type=positive_int, default=200_000, metavar="N",
                   help="how many instructions to compare from each (default 200000)")
    p.add_argument("--each", type=positive_int, default=5_000, metavar="N",
                   help="how many of them after every single one; the rest in random runs (default 5000)")
    p.add_argument("--reference", choices=("python", "native"), default="python",
                   help="what the native engine is compared with: the Python engine, or itself an instruction at a time")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="of the random runs (default 0)")
    p.add_argument("--json", action="store_true", help="print the result as JSON")
    return p


def _config(args):
    """The machine that ``emu run`` would make of the options."""
    argv = [args.image] if args.image else []
    argv += ["--memory", args.memory, "--display", "none", "--clock", "virtual", "--snapshot"]
    for name in ("boot", "bios", "vga_bios", "kernel", "initrd", "append", "cpu"):
        if getattr(args, name) is not None:
            argv += ["--" + name.replace("_", "-"), getattr(args, name)]
    return run_options.configure(run_options.parser().parse_args(argv))


def main(argv):
    """Parse and run.  Returns 0 if the engines agree, 1 where they differ."""
    args = parser().parse_args(argv)
    from emu.machine import lockstep
    from emu.machine.config import ConfigError
    from emu.media.errors import MediaError

    from .parsing import UsageError

    def progress(point):
        if not args.json:
            print(f"{point.icount:>13,}  {point.where}: {point.compared:,} instructions "
                  f"{'agree' if point.difference is None else 'until they differ'}", flush=True)

    try:
        points = lockstep.boot(_config(args), args.first, args.points, args.every, args.instructions, args.each, args.seed,
                               args.reference, progress)
    except (ConfigError, MediaError) as error:
        raise UsageError(error) from None
    difference = points[-1].difference
    if args.json:
        json.dump({"agree": difference is None, "points": [p.as_dict() for p in points]}, sys.stdout, indent=1)
        print()
    elif difference is not None:
        print(difference)
    return EXIT_OK if difference is None else EXIT_FAILED
