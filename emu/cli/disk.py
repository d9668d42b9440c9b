"""``emu disk``: makes, describes, converts and checks disk images."""

import argparse
import json
import re

from ..media.errors import MediaError
from .parsing import EXIT_FAILED, EXIT_OK, Parser, UsageError
from .progress import Progress

FORMATS = ("qcow2", "raw")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SECTOR, SIZE_MOST = 512, 1 << 57


def size(text):
    """Bytes of "20G", "1.5T", "512M" or a plain number of bytes; up to whole sectors."""
    found = re.fullmatch(r"([0-9]{1,20})(?:\.([0-9]{1,9}))?\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE | re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size (try 20G)")
    part = found[2] or ""
    number = int(found[1] + part) * _UNITS[found[3].upper()] // 10 ** len(part)
    number += -number % SECTOR
    if not 0 < number <= SIZE_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is out of range: a disk has 512 bytes to 128 PiB")
    return number


def cluster(text):
    """Bytes of a cluster."""
    number = size(text)
    if not 512 <= number <= 2 << 20 or number & (number - 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a power of 2 from 512 to 2M")
    return number


def parser():
    """The options of ``emu disk``."""
    p = Parser(prog="emu disk", description="Make, describe, convert and check disk images.")
    commands = p.add_subparsers(dest="command", required=True, metavar="create|info|convert|check", parser_class=Parser)
    made = Parser(add_help=False)
    made.add_argument("--format", choices=FORMATS, default="qcow2", help="of the new image (default qcow2)")
    made.add_argument("--cluster-size", type=cluster, default=None, metavar="SIZE", help="of a qcow2 image: 512 to 2M (default 64K)")
    made.add_argument("--compat", type=int, choices=(2, 3), default=None, help="version of a qcow2 image (default 3)")
    led = Parser(add_help=False)
    led.add_argument("--backing-anywhere", action="store_true", help="images may name files outside their folder")

    c = commands.add_parser("create", parents=[made, led], help="make an empty image", description="Make an empty disk image. It "
                            "takes up little room until it is written.")
    c.add_argument("file", metavar="FILE")
    c.add_argument("size", metavar="SIZE", type=size, nargs="?", help="such as 20G; with --backing that image's size by default")
    c.add_argument("--allocate-now", action="store_true", help="take up all of its room on the host's disk at once")
    c.add_argument("--backing", metavar="FILE", help="an image that shows wherever the new one is not written")
    i = commands.add_parser("info", parents=[led], help="tell what an image is")
    i.add_argument("file", metavar="FILE")
    i.add_argument("--json", action="store_true", help="as JSON")
    v = commands.add_parser("convert", parents=[made, led], help="copy an image into a new one of another format",
                            description="Copy a raw, qcow2, VMDK or VHD image, with all that is below it, into a new image; of a folder, a FAT disk.")
    v.add_argument("source", metavar="IN")
    v.add_argument("file", metavar="OUT")
    k = commands.add_parser("check", parents=[led], help="see whether an image is whole",
                            description="Exit codes: 0 nothing is wrong, 1 something is, 2 the image cannot be read.")
    k.add_argument("file", metavar="FILE")
    k.add_argument("--repair", action="store_true", help="give back room that nothing uses")
    k.add_argument("--json", action="store_true", help="as JSON")
    return p


def main(argv):
    """Parse and run.  Returns the exit code."""
    args = parser().parse_args(argv)
    try:
        return {"create": _create, "info": _info, "convert": _convert, "check": _check}[args.command](args)
    except MediaError as error:
        raise UsageError(error) from None


def _options(args):
    """What the command line says of a new qcow2 image."""
    given = {"cluster": args.cluster_size, "version": args.compat}
    given = {name: value for name, value in given.items() if value is not None}
    if args.format != "qcow2" and given:
        raise UsageError("--cluster-size and --compat are of qcow2 images")
    return given


def _create(args):
    from ..media.convert import create
    if args.backing is not None and args.format != "qcow2":
        raise UsageError("--backing: only a qcow2 image has one")
    if args.size is None and args.backing is None:
        raise UsageError("which SIZE?")
    if args.backing is not None and args.allocate_now:
        raise UsageError("--allocate-now: an image with all its room would hide what is in --backing")
    with Progress("allocating") as progress:
        create(args.file, args.size, args.format, args.backing, args.allocate_now, progress, args.backing_anywhere, **_options(args))
    return EXIT_OK


def _convert(args):
    from ..media.convert import convert
    with Progress("converting") as progress:
        convert(args.source, args.file, args.format, progress, args.backing_anywhere, **_options(args))
    return EXIT_OK


def _human(number):
    """A number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if number < 1024 or unit == "TiB":
            return f"{number} bytes" if unit == "bytes" else f"{number:.4g} {unit}"
        number /= 1024


def _info(args):
    from ..media.describe import info
    found = info(args.file, args.backing_anywhere)
    if args.json:
        print(json.dumps(found, indent=1))
        return EXIT_OK
    print(f"{found['file']}: {found['format']}" + (f" version {found['version']}" if "version" in found else ""))
    print(f"  disk size   {_human(found['size'])} ({found['size']} bytes)")
    print(f"  on the host {_human(found['allocated'])}")
    if found["format"] == "qcow2":
        print(f"  clusters    {_human(found['cluster_size'])}, counts of {found['refcount_bits']} bits, compression {found['compression']}")
        for below in found["backing"]:
            print(f"  backing     {below['file']} ({below['format']}, {_human(below['size'])})")
        for snapshot in found["snapshots"]:
            print(f"  snapshot    {snapshot['id']} {snapshot['name']}")
        if found["corrupt"]:
            print("  marked as corrupt")
        elif found["dirty"] and not found["in_use"]:
            print("  was not closed: it will be put in order when it is next written")
    if found["in_use"]:
        print("  in use by a machine")
    return EXIT_OK


def _check(args):
    from ..media.describe import check
    with Progress("checking") as progress:
        found = check(args.file, args.repair, args.backing_anywhere, progress)
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        for text in found["what"]:
            print(f"{found['file']}: {text}")
        if found["repaired"]:
            print(f"{found['file']}: {found['repaired']} clusters given back")
        print(f"{found['file']}: " + (f"{found['errors']} errors, {found['leaks']} clusters counted and not used"
                                      if found["errors"] or found["leaks"] else "nothing is wrong"))
    return EXIT_FAILED if found["errors"] or found["leaks"] else EXIT_OK
