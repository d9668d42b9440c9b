"""Compare two VGA BIOSes: the same calls on two machines, and what differs in registers, BIOS data area, VGA, colours, memory.

tools/compare_vgabios.py [--ours FILE] [--other FILE] [--bios FILE] [--all].  The other one is SeaBIOS's by default.
"""

import argparse

from int10 import BUFFER, NAMES, Int10

BDA = {0x449: 1, 0x44A: 2, 0x44C: 2, 0x44E: 2, 0x450: 16, 0x460: 2, 0x462: 1, 0x463: 2, 0x465: 1, 0x466: 1, 0x484: 1, 0x485: 2,
       0x487: 1, 0x488: 1, 0x489: 1, 0x48A: 1}
MODES = (0, 1, 2, 3, 4, 5, 6, 7, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13)
# What differs after nearly every call, and why: not shown without --all
EXPLAINED = {
    "BDA 65": "CGA's mode register, which SeaBIOS does not keep",
    "BDA 66": "CGA's palette register, the same",
    "BDA 8A": "the index into the table of display combinations: IBM's table has the VGA alone at 0Bh",
    "graphics 07": "colour don't care: IBM's tables have 0 in text and CGA modes, where nothing reads it",
}
TEXT = b"Hello, VGA\r\nline two\x08\x08!"


def teletype(text, **rest):
    return [{"ax": 0x0E00 | byte, "bx": 7, **rest} for byte in text]


def calls():
    """(name, list of calls): each starts from mode 3."""
    yield "power-on", []
    for mode in MODES:
        yield f"mode {mode:02X}", [{"ax": mode}]
        yield f"mode {mode:02X}, text", [{"ax": mode}, *teletype(TEXT), {"ax": 0x0941, "bx": 0x0E, "cx": 3}, {"ax": 0x0800}]
        yield f"mode {mode:02X}, scroll", [{"ax": mode}, *teletype(b"a\r\nb\r\nc"),
                                           {"ax": 0x0601, "bx": 0x0700, "cx": 0, "dx": 0x0304}, {"ax": 0x0F00}]
        yield f"mode {mode:02X}, pixels", [{"ax": mode}, {"ax": 0x0C03, "cx": 9, "dx": 5}, {"ax": 0x0C81, "cx": 10, "dx": 5},
                                           {"ax": 0x0D00, "cx": 9, "dx": 5}]
        yield f"mode {mode:02X}, information", [{"ax": mode}, {"ax": 0x1B00, "di": BUFFER}]
    for shape in (0x0607, 0x0007, 0x2000, 0x0001, 0x0407, 0x0D0E, 0x000F, 0x0307):
        yield f"cursor shape {shape:04X}", [{"ax": 0x0100, "cx": shape}, {"ax": 0x0300}]
    yield "cursor, page", [{"ax": 0x0200, "bx": 0x0100, "dx": 0x0A14}, {"ax": 0x0501}, {"ax": 0x0300, "bx": 0x0100}]
    for rows, lines in ((0x1111, 2), (0x1112, 2), (0x1114, 2), (0x1112, 1)):
        yield f"lines {lines}, font {rows:04X}", [{"ax": 0x1200 | lines, "bx": 0x30}, {"ax": 3}, {"ax": rows, "bx": 0},
                                                  {"ax": 0x1130, "bx": 0}]
    for number in range(8):
        yield f"font information {number}", [{"ax": 0x1130, "bx": number << 8}]
    for ax, bx in ((0x1000, 0x3F01), (0x1001, 0x0500), (0x1003, 0), (0x1003, 1), (0x1007, 3), (0x1008, 0), (0x1013, 0x0100),
                   (0x1013, 0x0201), (0x101A, 0), (0x1015, 5), (0x1019, 0), (0x0B00, 0x0003), (0x0B00, 0x0101)):
        yield f"palette {ax:04X} {bx:04X}", [{"ax": ax, "bx": bx}]
    yield "palette block", [{"ax": 0x1017, "bx": 0, "cx": 16, "dx": BUFFER}, {"ax": 0x1012, "bx": 32, "cx": 16, "dx": BUFFER}]
    yield "grey", [{"ax": 0x101B, "bx": 0, "cx": 64}]
    yield "palette in mode 4", [{"ax": 4}, {"ax": 0x0B00, "bx": 0x0101}, {"ax": 0x0B00, "bx": 0x0012}]
    for bl in (0x10, 0x20, 0x31, 0x32, 0x33, 0x34, 0x36):
        yield f"alternate select {bl:02X}", [{"ax": 0x1200, "bx": 0xFF00 | bl, "cx": 0xFFFF}]
    yield "combination", [{"ax": 0x1A00}]
    for parts in (1, 2, 4, 7):
        yield f"state size {parts}", [{"ax": 0x1C00, "cx": parts}]
    yield "string", [{"ax": 0x1301, "bx": 0x1F, "cx": 12, "dx": 0x0203, "bp": 0x7C00}]
    yield "string with attributes", [{"ax": 0x1303, "bx": 0, "cx": 6, "dx": 0x184C, "bp": 0x7C00}]
    yield "VBE information", [{"ax": 0x4F00, "di": BUFFER}]
    for mode in (0x100, 0x101, 0x102, 0x103, 0x111, 0x112, 0x144, 0x150):
        yield f"VBE mode information {mode:03X}", [{"ax": 0x4F01, "cx": mode, "di": BUFFER}]
        yield f"VBE mode {mode:03X}", [{"ax": 0x4F02, "bx": mode}, {"ax": 0x4F03}, {"ax": 0x0F00}]
        yield f"VBE mode {mode:03X}, line", [{"ax": 0x4F02, "bx": mode}, {"ax": 0x4F06, "bx": 0, "cx": 1200}, {"ax": 0x4F06, "bx": 3}]
        yield f"VBE mode {mode:03X}, start", [{"ax": 0x4F02, "bx": mode}, {"ax": 0x4F07, "bx": 0, "cx": 0, "dx": 20}, {"ax": 0x4F07, "bx": 1}]
    yield "VBE bank", [{"ax": 0x4F02, "bx": 0x103}, {"ax": 0x4F05, "bx": 0, "dx": 3}, {"ax": 0x4F05, "bx": 0x100}]
    yield "VBE DAC", [{"ax": 0x4F02, "bx": 0x103}, {"ax": 0x4F08, "bx": 0x0800}, {"ax": 0x4F08, "bx": 1}]
    yield "VBE power", [{"ax": 0x4F10, "bx": 0}, {"ax": 0x4F10, "bx": 0x0401}, {"ax": 0x4F10, "bx": 2}]
    yield "EDID", [{"ax": 0x4F15, "bx": 0}, {"ax": 0x4F15, "bx": 1, "di": BUFFER}]


def state(machine, results):
    """All that the calls may have changed, as {name: value}."""
    vga = machine.vga
    out = {}
    for n, result in enumerate(results):
        for name in (*NAMES, "es", "ds", "sp"):
            out[f"call {n}: {name}"] = result[name]
    for address, size in BDA.items():
        out[f"BDA {address & 0xFF:02X}"] = machine.read(address, size).hex()
    for name, count in (("sequencer", 5), ("crtc", 25), ("graphics", 9), ("attribute", 21), ("dispi", 11)):
        for index in range(count):
            out[f"{name} {index:02X}"] = getattr(vga, name)[index]
    out["misc"], out["dac mask"], out["display on"] = vga.misc, vga.dac_mask, vga.attribute_index & 0x20
    palette = bytes(vga.palette)
    out.update({f"colour {n:02X}": palette[4 * n:4 * n + 3].hex() for n in range(256)})
    out.update({f"buffer {n:03X}": value for n, value in enumerate(machine.read(BUFFER, 512))})
    out.update({f"text {n:04X}": value for n, value in enumerate(machine.read(0xB8000, 0x1000))})
    return out


def compare(ours, other, most, explained):
    """Print, for each group of calls, what differs."""
    for name, group in calls():
        states = []
        for machine in (ours, other):
            machine.call(0x1202, bx=0x30)
            machine.call(0x0003)
            machine.write(BUFFER, bytes(1024))
            states.append(state(machine, [machine.call(**call) for call in group]))
        found = [(key, value, states[1][key]) for key, value in states[0].items() if value != states[1][key] and key not in explained]
        if found:
            print(f"{name}: {len(found)} differ")
            for key, value, there in found[:most]:
                show = "{:X}" if isinstance(value, int) else "{}"
                print(f"    {key}: {show.format(value)}, there {show.format(there)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ours", default=None)
    parser.add_argument("--other", default="/usr/share/seabios/vgabios-stdvga.bin")
    parser.add_argument("--bios", default=None)
    parser.add_argument("--all", action="store_true", help="every difference, also those that are explained here")
    options = parser.parse_args()
    with Int10(options.ours, bios=options.bios) as ours, Int10(options.other, bios=options.bios) as other:
        compare(ours, other, 100_000 if options.all else 12, {} if options.all else EXPLAINED)


if __name__ == "__main__":
    main()
