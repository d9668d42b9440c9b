"""The decoder: bytes of one instruction to a record and the number of its handler.

Intel SDM volume 2, chapter 2 and appendix A.  The opcode tables come from the encodings (emu/cpu/forms.py).
"""

from emu.bus.component import hot
from emu.bus.types import Const, i8, i16, u8, u16, u32

from .forms import (CHECKED, E_ENDS, E_LOCK, E_MOD3, E_MODRM, IMM_B, IMM_BS, IMM_NONE, IMM_OFFS, IMM_PTR, IMM_W, IMM_WB, LONG_FORM,
                    FLAT, FLAT_BASE, MODRM_TABLE, UD_FORM, VARIANTS, tables)
from .state import (CS, DS, EBP, EBX, EDI, ES, ESI, ESP, FS, GS, MODE_CODE32, MODE_FLAT, NO_REG, REC_ASIZE32, REC_ENDS, REC_LOCK, REC_MEM,
                    REC_OSIZE32, REC_REP, REC_REPNE, SS, Cpu, Rec)

MORE = 0xFFFF  # the instruction needs more bytes than there are
MAX_LENGTH = 15


def _power_of_two(values):
    size = 1 << (len(values) - 1).bit_length()
    return list(values) + [0] * (size - len(values))


_t = tables()
SLOTS = Const(u16, _t.slots)
MODRM = Const(u16, _power_of_two([n for row in _t.modrm_tables for n in row]))
ENTRY_FLAGS = Const(u8, _power_of_two(_t.entry_flags))
ENTRY_IMM = Const(u8, _power_of_two(_t.entry_imm))
ENTRY_FEATURE = Const(u32, _power_of_two(_t.entry_feature))
ENTRY_REG = Const(u8, _power_of_two(_t.entry_reg))
ENTRY_FORM = Const(u16, _power_of_two(_t.entry_form))
FORM_HANDLERS = Const(u16, _power_of_two([h for pair in _t.form_handlers for h in pair]))
MODRM_MASK, ENTRY_MASK, FORM_MASK = len(MODRM) - 1, len(ENTRY_FLAGS) - 1, len(FORM_HANDLERS) - 1
UD_HANDLER, LONG_HANDLER = _t.form_handlers[UD_FORM][0], _t.form_handlers[LONG_FORM][0]
BASE16 = Const(u8, (EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX))
INDEX16 = Const(u8, (ESI, EDI, ESI, EDI, NO_REG, NO_REG, NO_REG, NO_REG))


@hot
def word_at(cpu: Cpu, at: u8) -> u16:
    return cpu.code[at & 31] | cpu.code[(at + 1) & 31] << 8


@hot
def dword_at(cpu: Cpu, at: u8) -> u32:
    return word_at(cpu, at) | word_at(cpu, u8(at + 2)) << 16


@hot
def decode(cpu: Cpu, r: Rec) -> u16:
    """Decode the instruction at the start of cpu.code (cpu.code_len bytes are there).  Fills the record and gives the
    number of its handler, or MORE."""
    osize32: bool = cpu.mode & MODE_CODE32 != 0
    asize32: bool = osize32
    flags: u8 = 0
    seg: u8 = 0xFF
    prefix: u8 = 0
    at: u8 = 0
    op: u8 = cpu.code[0]
    more: bool = True
    while more and at < MAX_LENGTH:
        op = cpu.code[at & 31]
        at = u8(at + 1)
        if op == 0x66:
            osize32 = cpu.mode & MODE_CODE32 == 0
            if prefix == 0:
                prefix = 1
        elif op == 0x67:
            asize32 = cpu.mode & MODE_CODE32 == 0
        elif op == 0xF2:
            prefix = 3
            flags = (flags & ~REC_REP & 0xFF) | REC_REPNE
        elif op == 0xF3:
            prefix = 2
            flags = (flags & ~REC_REPNE & 0xFF) | REC_REP
        elif op == 0xF0:
            flags = flags | REC_LOCK
        elif op == 0x26:
            seg = ES
        elif op == 0x2E:
            seg = CS
        elif op == 0x36:
            seg = SS
        elif op == 0x3E:
            seg = DS
        elif op == 0x64:
            seg = FS
        elif op == 0x65:
            seg = GS
        else:
            more = False
    if more:
        r.len = MAX_LENGTH
        r.flags = REC_ENDS
        return LONG_HANDLER if cpu.code_len >= MAX_LENGTH else MORE
    table: u16 = 0
    if op == 0x0F:
        op = cpu.code[at & 31]
        at = u8(at + 1)
        table = 2048
    slot: u16 = SLOTS[(table + (prefix & 3) * 512 + u16(osize32) * 256 + op) & 4095]
    entry: u16 = slot
    modrm: u8 = cpu.code[at & 31]
    if slot & MODRM_TABLE != 0:
        entry = MODRM[((slot & 0x7FFF) * 256 + modrm) & MODRM_MASK]
    kind: u8 = ENTRY_FLAGS[entry & ENTRY_MASK]
    r.opcode = op
    r.rm = op & 7
    r.reg = 0
    r.base = NO_REG
    r.idx = NO_REG
    r.scale = 0
    r.disp = 0
    r.imm = 0
    r.imm2 = 0
    layout: u8 = 0
    mem: bool = False
    default_seg: u8 = DS
    if kind & E_MODRM != 0 or slot & MODRM_TABLE != 0:
        at = u8(at + 1)
        mod: u8 = modrm >> 6
        if kind & E_MOD3 != 0:
            mod = 3
        r.reg = modrm >> 3 & 7
        r.rm = modrm & 7
        r.imm2 = u16(op & 7) << 8 | modrm  # an x87's opcode as it remembers it
        if mod != 3:
            mem = True
            disp_size: u8 = mod
            if asize32:
                if modrm & 7 == 4:
                    sib: u8 = cpu.code[at & 31]
                    at = u8(at + 1)
                    r.base = sib & 7
                    r.scale = sib >> 6
                    if sib >> 3 & 7 != 4:
                        r.idx = sib >> 3 & 7
                    else:
                        r.scale = 0
                    if sib & 7 == EBP and mod == 0:
                        r.base = NO_REG
                        disp_size = 4
                elif modrm & 7 == EBP and mod == 0:
                    disp_size = 4
                else:
                    r.base = modrm & 7
                if mod == 2:
                    disp_size = 4
                if r.base == ESP or r.base == EBP:
                    default_seg = SS
            else:
                r.base = BASE16[modrm & 7]
                r.idx = INDEX16[modrm & 7]
                if modrm & 7 == 6 and mod == 0:
                    r.base = NO_REG
                    disp_size = 2
                elif r.base == EBP:
                    default_seg = SS
            if disp_size == 1:
                r.disp = u32(i8(cpu.code[at & 31]))
            elif disp_size == 2:
                r.disp = u32(i16(word_at(cpu, at)))
            elif disp_size == 4:
                r.disp = dword_at(cpu, at)
            at = u8(at + disp_size)
            layout = disp_size
    if ENTRY_REG[entry & ENTRY_MASK] != 0xFF:
        r.reg = ENTRY_REG[entry & ENTRY_MASK] & 7
    imm: u8 = ENTRY_IMM[entry & ENTRY_MASK]
    r.layout = layout | (imm & 7) << 3
    if imm != IMM_NONE:
        if imm == IMM_B:
            r.imm = cpu.code[at & 31]
            at = u8(at + 1)
        elif imm == IMM_BS:
            r.imm = u32(i8(cpu.code[at & 31]))
            at = u8(at + 1)
        elif imm == IMM_W:
            r.imm = word_at(cpu, at)
            at = u8(at + 2)
        elif imm == IMM_WB:
            r.imm = word_at(cpu, at)
            r.imm2 = cpu.code[(at + 2) & 31]
            at = u8(at + 3)
        elif imm == IMM_OFFS:
            mem = True
            if asize32:
                r.disp = dword_at(cpu, at)
                at = u8(at + 4)
            else:
                r.disp = word_at(cpu, at)
                at = u8(at + 2)
        else:
            if osize32:
                r.imm = dword_at(cpu, at)
                at = u8(at + 4)
            else:
                r.imm = u32(i16(word_at(cpu, at)))
                at = u8(at + 2)
            if imm == IMM_PTR:
                r.imm2 = word_at(cpu, at)
                at = u8(at + 2)
    r.seg = (default_seg if seg == 0xFF else seg) & 7
    if osize32:
        flags = flags | REC_OSIZE32
    if asize32:
        flags = flags | REC_ASIZE32
    if mem:
        flags = flags | REC_MEM
    if at > MAX_LENGTH:
        r.len = MAX_LENGTH
        r.flags = REC_ENDS
        return LONG_HANDLER if cpu.code_len >= MAX_LENGTH else MORE
    if at > cpu.code_len:
        return MORE
    r.len = at & 15
    form: u16 = ENTRY_FORM[(entry * 4 + u16(osize32) * 2 + u16(mem)) & (ENTRY_MASK * 4 + 3)]
    feature: u32 = ENTRY_FEATURE[entry & ENTRY_MASK]
    if cpu.features & feature != feature or flags & REC_LOCK != 0 and (kind & E_LOCK == 0 or not mem):
        form = UD_FORM
    if kind & E_ENDS != 0 or form == UD_FORM:
        flags = flags | REC_ENDS
    r.flags = flags
    variant: u8 = CHECKED
    if cpu.mode & MODE_FLAT != 0 and asize32 and (r.seg == DS or r.seg == SS or r.seg == ES):
        variant = FLAT_BASE if r.idx == NO_REG else FLAT
    return FORM_HANDLERS[(form * VARIANTS + variant) & FORM_MASK]
