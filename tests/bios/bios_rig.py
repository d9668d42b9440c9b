"""A machine whose boot sector calls BIOS services for the tests: each call is put into a mailbox in guest memory."""

import struct
from dataclasses import dataclass, fields

from emu import Machine
from emu.machine.boot_rom import assemble

MAIL = 0x600
CODE = 0x700                # what is called: an INT and RET, unless a test says otherwise
BUFFER = 0x9000             # for what services read and write; up to the EBDA it is the tests'
IDLE, CALL, DONE = 0, 1, 2
CF, ZF, IF = 0x001, 0x040, 0x200

SERVER = """
    FA                      ; cli
    31 C0                   ; xor ax, ax
    8E D8                   ; mov ds, ax
    8E D0                   ; mov ss, ax
    BC 00 7C                ; mov sp, 7C00h
    B0 00                   ; mov al, 0
    88 D4                   ; mov ah, dl
    A3 00 06                ; mov [600h], ax            no call, the boot drive
    FB                      ; sti
next:
    F4                      ; hlt
    80 3E 00 06 01          ; cmp byte [600h], 1
    75 {next}               ; jne next
    66 8B 1E 08 06          ; mov ebx, [608h]
    66 8B 0E 0C 06          ; mov ecx, [60Ch]
    66 8B 16 10 06          ; mov edx, [610h]
    66 8B 36 14 06          ; mov esi, [614h]
    66 8B 3E 18 06          ; mov edi, [618h]
    66 8B 2E 1C 06          ; mov ebp, [61Ch]
    8E 06 22 06             ; mov es, [622h]
    66 A1 04 06             ; mov eax, [604h]
    FF 36 24 06             ; push word [624h]
    8E 1E 20 06             ; mov ds, [620h]
    9D                      ; popf
    36 FF 16 26 06          ; call word ss:[626h]
    9C                      ; pushf
    1E                      ; push ds
    16                      ; push ss
    1F                      ; pop ds
    66 A3 04 06             ; mov [604h], eax
    66 89 1E 08 06          ; mov [608h], ebx
    66 89 0E 0C 06          ; mov [60Ch], ecx
    66 89 16 10 06          ; mov [610h], edx
    66 89 36 14 06          ; mov [614h], esi
    66 89 3E 18 06          ; mov [618h], edi
    66 89 2E 1C 06          ; mov [61Ch], ebp
    8C 06 22 06             ; mov [622h], es
    8F 06 20 06             ; pop word [620h]
    8F 06 24 06             ; pop word [624h]
    89 26 28 06             ; mov [628h], sp
    C6 06 00 06 02          ; mov byte [600h], 2
    FB                      ; sti
    EB {next}               ; jmp next
"""


def boot_sector(size=512):
    """The server as a boot sector; partition table and signature are the caller's to change."""
    code = assemble(SERVER, 0x7C00, {})
    assert len(code) <= 446
    return code.ljust(510, b"\0") + b"\x55\xaa" + bytes(size - 512)


@dataclass
class Regs:
    """Registers of a call, and after it."""

    eax: int = 0
    ebx: int = 0
    ecx: int = 0
    edx: int = 0
    esi: int = 0
    edi: int = 0
    ebp: int = 0
    ds: int = 0
    es: int = 0
    flags: int = IF
    target: int = CODE
    sp: int = 0

    @property
    def ah(self):
        return self.eax >> 8 & 0xFF

    @property
    def cf(self):
        return self.flags & CF != 0

    @property
    def zf(self):
        return self.flags & ZF != 0

    def __getattr__(self, name):
        """ax, al, bh and so on."""
        if name in ("si", "di", "bp"):
            return getattr(self, "e" + name) & 0xFFFF
        whole = {"a": "eax", "b": "ebx", "c": "ecx", "d": "edx"}.get(name[0])
        if len(name) == 2 and whole:
            value = getattr(self, whole)
            return {"x": value & 0xFFFF, "l": value & 0xFF, "h": value >> 8 & 0xFF}[name[1]]
        raise AttributeError(name)


_LAYOUT = "<7I5H"


class BiosRig:
    """A machine that has booted the server.  A context manager."""

    def __init__(self, **settings):
        settings = {"memory": "16M", "nic": "none", "net": "none", "no_reboot": True, **settings}
        self.pc = Machine(**settings)
        self.boot()

    def boot(self):
        """Run until the server waits."""
        code = boot_sector()[:64]
        if not self.pc.run(lambda: self.pc.memory.read(0x7C00, 64) == code and self.pc.cpu.halted, timeout=60):
            raise AssertionError("the boot sector does not run:\n" + "\n".join(self.pc.screen_text()))
        self.drive = self.pc.memory.read(MAIL + 1, 1)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.pc.close()

    def start(self, vector, code=None, **registers):
        """Begin a call (in the guest's time, at its next timer tick) of an INT, or of ``code``, which ends with RET."""
        values = Regs(**registers)
        self.pc.memory.write(CODE, code or bytes((0xCD, vector, 0xC3)))
        self.pc.memory.write(MAIL, bytes((IDLE, vector, 0, 0)) + struct.pack(_LAYOUT, *(getattr(values, f.name) for f in fields(values))))
        self.pc.memory.write(MAIL, bytes((CALL,)))

    def done(self):
        return self.pc.memory.read(MAIL, 1)[0] == DONE

    def result(self, timeout=60):
        """Run to the end of the call that was begun: its registers."""
        if not self.pc.run(self.done, timeout=timeout):
            raise AssertionError("the call does not come back:\n" + "\n".join(self.pc.screen_text()))
        return Regs(*struct.unpack(_LAYOUT, self.pc.memory.read(MAIL + 4, struct.calcsize(_LAYOUT))))

    def call(self, vector, code=None, **registers):
        """An INT, or ``code``, with registers (what is not named is 0, interrupts are on): the registers after it."""
        self.start(vector, code, **registers)
        return self.result()

    def read(self, address, layout):
        """A value of the struct layout at a physical address."""
        value = struct.unpack("<" + layout, self.pc.memory.read(address, struct.calcsize("<" + layout)))
        return value[0] if len(value) == 1 else value

    def put(self, data, address=BUFFER):
        self.pc.memory.write(address, data)

    def get(self, size, address=BUFFER):
        return self.pc.memory.read(address, size)
