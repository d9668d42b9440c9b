"""``emu cpu-test``: the command line of the instruction test suites."""

from .parsing import Parser, UsageError, positive_int


def parser():
    """The options of ``emu cpu-test``."""
    p = Parser(prog="emu cpu-test", description="Run suites of single-instruction vectors and whole-program suites.")
    p.add_argument("--engine", choices=("auto", "native", "python"),
                   help="the engine to test (default: native where built)")
    p.add_argument("--suite", action="append", metavar="NAME|PATH", help="a suite; may be given again (default: all)")
    p.add_argument("--filter", metavar="MNEMONIC|OPCODE", help="only these instructions")
    p.add_argument("--limit", type=positive_int, metavar="N", help="at most N vectors of each form")
    p.add_argument("--jobs", type=positive_int, metavar="N", help="processes (default: one for each processor)")
    p.add_argument("--json", action="store_true", help="print the results as JSON")
    return p


def main(argv):
    """Parse and run.  Returns 0 if all pass, 1 if any fails, 2 for a suite that cannot be read."""
    args = parser().parse_args(argv)
    try:
        from emu.suites import runner
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("emu.suites"):
            raise
        raise UsageError("this version has no instruction tests yet") from None
    return runner.main(args)
