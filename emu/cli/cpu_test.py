"""``emu cpu-test``: the command line of the instruction test suites."""

from ..machine.config import CPUS
from .parsing import EXIT_FAILED, EXIT_OK, EXIT_USAGE, Parser, UsageError, positive_int, positive_seconds


def parser():
    """The options of ``emu cpu-test``."""
    p = Parser(prog="emu cpu-test", description="Run suites of single-instruction vectors and whole-program suites.",
               epilog="A file may be .i6v.xz, .MOO or .json of SingleStepTests (packed by gzip or not), a ROM in the manner of test386.bin, "
                      "or a multiboot kernel; what it is is told from its content. Exit codes: 0 all pass, 1 some fail, 2 the command line "
                      "is wrong or a file cannot be read (what could be read was run).")
    p.add_argument("--engine", choices=("auto", "native", "python"),
                   help="the engine to test (default: native where built)")
    p.add_argument("--suite", action="append", metavar="NAME|PATH",
                   help="a file, a folder, the name of a file or folder of the corpus, or `streams` (random instructions in every "
                        "processor mode, with --lockstep); may be given again (default: the whole corpus)")
    p.add_argument("--filter", metavar="MNEMONIC|OPCODE", help="only these instructions: ADD, add.32, 0fc1, or a whole name of a form")
    p.add_argument("--limit", type=positive_int, metavar="N", help="at most N vectors of each form")
    p.add_argument("--jobs", type=positive_int, metavar="N", help="processes (default: one for each processor)")
    p.add_argument("--seed", type=int, metavar="N", help="the first random stream (default 0)")
    p.add_argument("--lockstep", action="store_true", help="each vector on both engines, which are compared with each other too")
    p.add_argument("--cpu", choices=CPUS, help="the processor model (default pentium4)")
    p.add_argument("--timeout", type=positive_seconds, metavar="SECONDS", help="how long a whole program may run (default 60)")
    p.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML")
    p.add_argument("--json", action="store_true", help="print the results as JSON")
    return p


def main(argv):
    """Parse and run.  Returns 0 if all pass, 1 if any fails, 2 for a suite that cannot be read."""
    args = parser().parse_args(argv)
    from emu.suites import runner
    from emu.suites.errors import Refused
    exits = {runner.PASSED: EXIT_OK, runner.FAILED: EXIT_FAILED, runner.WRONG: EXIT_USAGE}
    try:
        return exits[runner.main(args)]
    except Refused as error:
        raise UsageError(error) from None
