"""``emu lockstep``: the command line of the comparison of both engines."""

from .parsing import Parser, UsageError, positive_int


def parser():
    """The options of ``emu lockstep``."""
    p = Parser(prog="emu lockstep", description="Run an image on both engines side by side; stop where they differ.")
    p.add_argument("image", nargs="?", metavar="IMAGE", help="an ISO, floppy or disk image")
    p.add_argument("--memory", default="64M", metavar="SIZE", help="guest RAM (default 64M)")
    p.add_argument("--boot", choices=("cdrom", "disk", "floppy"), help="what to boot first")
    p.add_argument("--bios", metavar="FILE", help="system BIOS")
    p.add_argument("--vga-bios", metavar="FILE", help="VGA BIOS")
    p.add_argument("--instructions", type=positive_int, default=10_000_000, metavar="N",
                   help="how far (default 10000000)")
    p.add_argument("--every", type=positive_int, default=10_000, metavar="N",
                   help="compare every N instructions, then find the first that differs (default 10000)")
    p.add_argument("--json", action="store_true", help="print the result as JSON")
    return p


def main(argv):
    """Parse and run.  Returns 0 if the engines agree, 1 where they differ."""
    args = parser().parse_args(argv)
    try:
        from emu.machine import lockstep
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("emu.machine"):
            raise
        raise UsageError("this version has no lock-step comparison yet") from None
    return lockstep.main(args)
