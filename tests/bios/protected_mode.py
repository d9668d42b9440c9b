"""Calls into the BIOS from protected mode, by a piece of code that INT 60h leads to."""

import struct

from emu.machine.boot_rom import assemble

# Real mode to flat protected mode, a far call, and back.  EAX to EDI are loaded from 7000h and stored at 7020h.
CALLER = """
    FA                      ; cli
    60                      ; pusha
    0F 01 16 {w:pointer}    ; lgdt [pointer]
    0F 20 C0                ; mov eax, cr0
    0C 01                   ; or al, 1
    0F 22 C0                ; mov cr0, eax
    EA {w:flat} 08 00       ; jmp 8:flat
flat:
    66 B8 10 00             ; mov ax, 10h                   32-bit code
    8E D8                   ; mov ds, ax
    8E C0                   ; mov es, ax
    8E D0                   ; mov ss, ax
    89 25 40 70 00 00       ; mov [7040h], esp
    BC 00 70 00 00          ; mov esp, 7000h
    A1 00 70 00 00          ; mov eax, [7000h]
    8B 1D 04 70 00 00       ; mov ebx, [7004h]
    8B 0D 08 70 00 00       ; mov ecx, [7008h]
    8B 15 0C 70 00 00       ; mov edx, [700Ch]
    8B 35 10 70 00 00       ; mov esi, [7010h]
    8B 3D 14 70 00 00       ; mov edi, [7014h]
    FF 1D 18 70 00 00       ; call far [7018h]
    A3 20 70 00 00          ; mov [7020h], eax
    89 1D 24 70 00 00       ; mov [7024h], ebx
    89 0D 28 70 00 00       ; mov [7028h], ecx
    89 15 2C 70 00 00       ; mov [702Ch], edx
    89 35 30 70 00 00       ; mov [7030h], esi
    89 3D 34 70 00 00       ; mov [7034h], edi
    9C                      ; pushf
    8F 05 38 70 00 00       ; pop dword [7038h]
    8B 25 40 70 00 00       ; mov esp, [7040h]
    EA {d:real16} 18 00     ; jmp 18h:real16
real16:
    B8 20 00                ; mov ax, 20h                   16-bit code
    8E D8                   ; mov ds, ax
    8E C0                   ; mov es, ax
    8E D0                   ; mov ss, ax
    0F 20 C0                ; mov eax, cr0
    24 FE                   ; and al, 0FEh
    0F 22 C0                ; mov cr0, eax
    EA {w:real} 00 00       ; jmp 0:real
real:
    31 C0                   ; xor ax, ax
    8E D8                   ; mov ds, ax
    8E C0                   ; mov es, ax
    8E D0                   ; mov ss, ax
    61                      ; popa
    CF                      ; iret
pointer:
    2F 00 {d:gdt}           ;
gdt:
    00 00 00 00 00 00 00 00 ;
    FF FF 00 00 00 9A CF 00 ; 8: flat code
    FF FF 00 00 00 92 CF 00 ; 10h: flat data
    FF FF 00 00 00 9A 00 00 ; 18h: 16-bit code
    FF FF 00 00 00 92 00 00 ; 20h: 16-bit data
    FF FF 00 00 0F 9A 00 00 ; 28h: 16-bit code at F0000
"""


class Protected:
    """Far calls from protected mode: 32-bit ones, or 16-bit ones (the stack is a 32-bit one all the same)."""

    def __init__(self, rig, wide=True):
        self.rig, self.wide = rig, wide
        source = CALLER if wide else CALLER.replace("FF 1D 18 70 00 00       ;", "66 FF 1D 18 70 00 00    ;")
        rig.put(assemble(source, 0x8000, {}), 0x8000)
        rig.put(bytes.fromhex("00 80 00 00"), 0x60 * 4)

    def call(self, offset, selector=8, **registers):
        """The registers after it.  ESP is 7000h before: the values of EAX to EDI are what the far end finds there."""
        values = [registers.get(name, 0) for name in ("eax", "ebx", "ecx", "edx", "esi", "edi")]
        self.rig.put(struct.pack("<6IIH" if self.wide else "<6IHH", *values, offset, selector), 0x7000)
        self.rig.call(0x60)
        return dict(zip(("eax", "ebx", "ecx", "edx", "esi", "edi", "flags"), self.rig.read(0x7020, "7I")))
