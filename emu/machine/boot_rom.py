"""The option ROM that starts a kernel given with --kernel: it fetches the kernel's pieces through fw_cfg and jumps.

The firmware finds it as the fw_cfg file ROM_NAME, installs it as a device to boot from (BIOS Boot Specification 1.01: an
expansion header with a bootstrap entry vector), and calls it after its own initialisation.  The ROM is made here, as a
header, machine code and a list of pieces; each line of the code is its bytes and, after the semicolon, what they say.
``{name}`` is an 8-bit jump to a label, ``{w:name}`` and ``{d:name}`` are 16 and 32 bits of a value or of a label's offset.
"""

import re
from dataclasses import dataclass

from emu.devices.fw_cfg import DMA_READ, DMA_SELECT

ROM_NAME = "genroms/kernel.bin"
BOOT_ORDER = b"/rom@" + ROM_NAME.encode() + b"\n\0"
PNP_AT, CODE_AT = 0x20, 0x40

# DS:SI walks the list of requests.  Each is copied to the stack, since the device writes its answer over it.
FETCH = """
    FA                          ; cli
    FC                          ; cld
    8C C8                       ; mov ax, cs
    8E D8                       ; mov ds, ax
    BE {w:pieces}               ; mov si, pieces
next:
    66 8B 04                    ; mov eax, [si]
    66 85 C0                    ; test eax, eax             a control word of 0 ends the list
    74 {go}                     ; jz go
    66 FF 74 0C                 ; push dword [si + 12]
    66 FF 74 08                 ; push dword [si + 8]
    66 FF 74 04                 ; push dword [si + 4]
    66 FF 34                    ; push dword [si]
    66 31 C0                    ; xor eax, eax
    8C D0                       ; mov ax, ss
    66 C1 E0 04                 ; shl eax, 4
    66 0F B7 DC                 ; movzx ebx, sp
    66 01 D8                    ; add eax, ebx              the request's physical address
    66 0F C8                    ; bswap eax
    BA 18 05                    ; mov dx, 518h              DMA address register, low half
    66 EF                       ; out dx, eax
    89 E5                       ; mov bp, sp
wait:
    66 8B 46 00                 ; mov eax, [bp]
    66 0F C8                    ; bswap eax
    A8 01                       ; test al, 1                error
    75 {fail}                   ; jnz fail
    66 85 C0                    ; test eax, eax             done?
    75 {wait}                   ; jnz wait
    83 C4 10                    ; add sp, 16
    83 C6 10                    ; add si, 16
    EB {next}                   ; jmp next
fail:
    CD 18                       ; int 18h                   boot from something else
go:
"""

# Linux boot protocol, "Running the kernel": all segments at the setup code, which is entered 20h further.
LINUX = """
    B8 {w:setup_segment}        ; mov ax, setup_segment
    8E D8                       ; mov ds, ax
    8E C0                       ; mov es, ax
    8E E0                       ; mov fs, ax
    8E E8                       ; mov gs, ax
    8E D0                       ; mov ss, ax
    BC {w:stack}                ; mov sp, stack
    EA 00 00 {w:entry_segment}  ; jmp entry_segment:0
"""

# Multiboot 3.2 and 3.3: the memory map as the firmware has it, then 32-bit mode with flat segments.  ES is the information
# structure, which was fetched like the rest.
MULTIBOOT = """
    B8 {w:info_segment}         ; mov ax, info_segment
    8E C0                       ; mov es, ax
    CD 12                       ; int 12h                   KiB below 640 KiB
    66 0F B7 C0                 ; movzx eax, ax
    26 66 A3 04 00              ; mov [es:4], eax           mem_lower
    BF {w:map}                  ; mov di, map + 4
    66 31 DB                    ; xor ebx, ebx
more:
    66 B8 20 E8 00 00           ; mov eax, 0E820h
    66 BA 50 41 4D 53           ; mov edx, 'SMAP'
    66 B9 14 00 00 00           ; mov ecx, 20
    CD 15                       ; int 15h
    72 {mapped}                 ; jc mapped
    66 3D 50 41 4D 53           ; cmp eax, 'SMAP'
    75 {mapped}                 ; jne mapped
    26 66 C7 45 FC 14 00 00 00  ; mov dword [es:di - 4], 20 the entry's size
    26 66 81 3D 00 00 10 00     ; cmp dword [es:di], 100000h
    75 {other}                  ; jne other
    26 66 83 7D 04 00           ; cmp dword [es:di + 4], 0
    75 {other}                  ; jne other
    26 66 8B 45 08              ; mov eax, [es:di + 8]
    66 C1 E8 0A                 ; shr eax, 10
    26 66 A3 08 00              ; mov [es:8], eax           mem_upper: KiB from 1 MiB on
other:
    83 C7 18                    ; add di, 24
    81 FF {w:map_end}           ; cmp di, map_end
    73 {mapped}                 ; jae mapped
    66 85 DB                    ; test ebx, ebx
    75 {more}                   ; jnz more
mapped:
    81 EF {w:map}               ; sub di, map + 4
    66 0F B7 FF                 ; movzx edi, di
    26 66 89 3E 2C 00           ; mov [es:44], edi          mmap_length
    B8 01 24                    ; mov ax, 2401h
    CD 15                       ; int 15h                   address line 20 on
    E4 92                       ; in al, 92h
    0C 02                       ; or al, 2                  the same by hand, should the firmware not know how
    24 FE                       ; and al, 0FEh
    E6 92                       ; out 92h, al
    FA                          ; cli
    66 31 DB                    ; xor ebx, ebx
    8C CB                       ; mov bx, cs
    66 C1 E3 04                 ; shl ebx, 4                where this ROM lies
    66 B8 {d:gdt}               ; mov eax, gdt
    66 01 D8                    ; add eax, ebx
    66 50                       ; push eax
    6A 17                       ; push 17h
    89 E5                       ; mov bp, sp
    66 0F 01 56 00              ; lgdt [bp]
    66 6A 08                    ; push dword 8
    66 81 C3 {d:flat}           ; add ebx, flat
    66 53                       ; push ebx
    0F 20 C0                    ; mov eax, cr0
    0C 01                       ; or al, 1
    0F 22 C0                    ; mov cr0, eax
    66 CB                       ; retfd                     to 8:flat
gdt:
    00 00 00 00 00 00 00 00     ; none
    FF FF 00 00 00 9A CF 00     ; 8: code, 0 to 4 GiB
    FF FF 00 00 00 92 CF 00     ; 10h: data, 0 to 4 GiB
flat:
    66 B8 10 00                 ; mov ax, 10h               32-bit code from here
    8E D8                       ; mov ds, ax
    8E C0                       ; mov es, ax
    8E E0                       ; mov fs, ax
    8E E8                       ; mov gs, ax
    8E D0                       ; mov ss, ax
    B8 02 B0 AD 2B              ; mov eax, 2BADB002h
    BB {d:info}                 ; mov ebx, info
    BD {d:entry}                ; mov ebp, entry
    FF E5                       ; jmp ebp
"""


@dataclass
class Piece:
    """Bytes for guest memory: they go to ``address``; ``size`` beyond the data is filled with zeros."""

    address: int
    data: bytes
    size: int = 0

    def __post_init__(self):
        self.size = max(self.size, len(self.data))

    @property
    def end(self):
        return self.address + self.size


def assemble(source, at, values):
    """Machine code from lines as above, to lie at offset ``at``.  ``values`` are the names that are no labels."""
    names = dict(values)
    items = []
    offset = at
    for line in source.splitlines():
        text = line.partition(";")[0].strip()
        if text.endswith(":"):
            names[text[:-1]] = offset
            continue
        for word in re.findall(r"\S+", text):
            found = re.fullmatch(r"\{(?:([wd]):)?(\w+)\}", word)
            size = {None: 1, "w": 2, "d": 4}[found[1]] if found else 1
            items.append((offset, size, found[2] if found else int(word, 16)))
            offset += size
    names.setdefault("pieces", offset + 15 & ~15)
    code = bytearray()
    for where, size, what in items:
        if isinstance(what, int):
            code.append(what)
        elif size == 1:
            code += (names[what] - where - 1).to_bytes(1, "little", signed=True)
        else:
            code += names[what].to_bytes(size, "little")
    return bytes(code.ljust(names["pieces"] - at, b"\0"))


def build(tail, values, pieces):
    """The ROM.  ``tail`` is LINUX or MULTIBOOT, ``pieces`` are (fw_cfg key, Piece)."""
    code = assemble(FETCH + tail, CODE_AT, values)
    rom = bytearray(CODE_AT)
    rom[0:2] = b"\x55\xaa"
    rom[3] = 0xCB                               # called once at power-on: retf
    rom[0x1A:0x1C] = PNP_AT.to_bytes(2, "little")
    rom += code
    for key, piece in pieces:
        for word, size in ((key << 16 | DMA_SELECT | DMA_READ, 4), (piece.size, 4), (piece.address, 8)):
            rom += word.to_bytes(size, "big")
    rom += bytes(4)
    names_at = len(rom)
    rom += b"emu\0" + b"Kernel\0"
    header = bytearray(32)                      # Plug and Play BIOS specification 1.0A, 3.2
    header[0:6] = b"$PnP\x01\x02"
    header[0x0E:0x10] = names_at.to_bytes(2, "little")
    header[0x10:0x12] = (names_at + 4).to_bytes(2, "little")
    header[0x12] = 0x80                         # other device
    header[0x15] = 0x04                         # initial program load device
    header[0x1A:0x1C] = CODE_AT.to_bytes(2, "little")
    header[9] = -sum(header) & 0xFF
    rom[PNP_AT:CODE_AT] = header
    rom += bytes(-(len(rom) + 1) % 512)
    rom[2] = (len(rom) + 1) // 512
    return bytes(rom) + bytes([-sum(rom) & 0xFF])
