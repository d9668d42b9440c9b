"""x87 control: control and status words, environment, save and restore, tags.

Layouts of the environment: Intel SDM volume 1, figures 8-9 to 8-12.
"""
from emu.bus.component import hot, inline
from emu.bus.types import T, u8, u16, u32, u64
from emu.cpu.fpu.f80 import EXP, is_normal
from emu.cpu.fpu.stack import empty, fpu_nowait, fpu_wait, note, pop, set_status, st, status, update_error
from emu.cpu.fpu.state import BUSY, ES, EXCEPTIONS, FCW_ALWAYS, FCW_INIT, FCW_WRITABLE, SF, Fpu
from emu.cpu.memory import ea, linear_write, read_mem, slow_check_write, write_mem
from emu.cpu.registers import set_reg
from emu.cpu.state import CR0_PE, VM, Cpu, Rec

VALID, ZERO, SPECIAL, EMPTY = range(4)


# -- words -------------------------------------------------------------------------------------------------------

@hot
def FLDCW(cpu: Cpu, r: Rec) -> None:
    """D9 /5: load the control word; unmasking an exception that is set makes it pending."""
    fpu_wait(cpu, r)
    src: u16 = read_mem[u16](cpu, r, r.seg, ea(cpu, r))
    cpu.fpu.fcw = (src & FCW_WRITABLE) | FCW_ALWAYS
    update_error(cpu, r)


@hot
def FNSTCW(cpu: Cpu, r: Rec) -> None:
    """D9 /7: store the control word."""
    fpu_nowait(cpu)
    write_mem[u16](cpu, r, r.seg, ea(cpu, r), cpu.fpu.fcw)


@hot
def FNSTSW_m16(cpu: Cpu, r: Rec) -> None:
    """DD /7: store the status word."""
    fpu_nowait(cpu)
    write_mem[u16](cpu, r, r.seg, ea(cpu, r), status(cpu.fpu))


@hot
def FNSTSW_AX(cpu: Cpu, r: Rec) -> None:
    """DF E0: AX = status word."""
    fpu_nowait(cpu)
    set_reg[u16](cpu, 0, status(cpu.fpu))


@hot
def FNCLEX(cpu: Cpu, r: Rec) -> None:
    """DB E2: clear exceptions."""
    fpu_nowait(cpu)
    cpu.fpu.fsw = cpu.fpu.fsw & (0xFFFF - BUSY - ES - SF - EXCEPTIONS)
    update_error(cpu, r)


@inline
def initialise(cpu: Cpu, r: Rec) -> None:
    """FNINIT, and the end of FNSAVE."""
    f = cpu.fpu
    f.fcw = FCW_INIT
    f.fsw = 0
    f.top = 0
    f.ftw = 0
    f.fop = 0
    f.fip = 0
    f.fcs = 0
    f.fdp = 0
    f.fds = 0
    update_error(cpu, r)


@hot
def FNINIT(cpu: Cpu, r: Rec) -> None:
    """DB E3: initialise; the registers keep their contents but are empty."""
    fpu_nowait(cpu)
    initialise(cpu, r)


@hot
def FNOP(cpu: Cpu) -> None:
    """D9 D0."""
    pass


@hot
def FNOP_nowait(cpu: Cpu, r: Rec) -> None:
    """DB E0, E1, E4 (FENI, FDISI, FSETPM): did something on an 8087 or 80287 only."""
    fpu_nowait(cpu)


@hot
def FFREE(cpu: Cpu, i: u8) -> None:
    """DD C0+i: tag ST(i) empty."""
    f = cpu.fpu
    f.ftw = f.ftw & (0xFF ^ (1 << (st(f, i) & 7)))


@hot
def FFREEP(cpu: Cpu, i: u8) -> None:
    """DF C0+i (undocumented): tag ST(i) empty, and pop."""
    f = cpu.fpu
    f.ftw = f.ftw & (0xFF ^ (1 << (st(f, i) & 7)))
    pop(f)


@hot
def FINCSTP(cpu: Cpu) -> None:
    """D9 F7: increment TOP; tags stay."""
    cpu.fpu.top = (cpu.fpu.top + 1) & 7
    note(cpu.fpu, 0)


@hot
def FDECSTP(cpu: Cpu) -> None:
    """D9 F6: decrement TOP; tags stay."""
    cpu.fpu.top = (cpu.fpu.top + 7) & 7
    note(cpu.fpu, 0)


# -- environment -------------------------------------------------------------------------------------------------

@hot
def full_tags(f: Fpu) -> u16:
    """The tag word with two bits a register, as FNSTENV stores it."""
    word: u16 = 0
    for n in range(8):
        tag: u16 = SPECIAL
        if empty(f, n):
            tag = EMPTY
        elif is_normal(f.mant[n], f.sexp[n]):
            tag = VALID
        elif f.mant[n] == 0 and (f.sexp[n] & EXP) == 0:
            tag = ZERO
        word = word | u16(tag << (2 * n))
    return word


@hot
def short_tags(word: u16) -> u8:
    """A bit per register that a full tag word does not call empty."""
    tags: u8 = 0
    for n in range(8):
        if (word >> (2 * n)) & 3 != EMPTY:
            tags = tags | (1 << n)
    return tags


@inline
def real_layout(cpu: Cpu) -> bool:
    """Whether pointers are stored as linear addresses (real and virtual-8086 mode)."""
    return (cpu.cr0 & CR0_PE) == 0 or (cpu.eflags & VM) != 0


@inline
def check_block(cpu: Cpu, seg: u8, off: u32, last: u32) -> None:
    """Raise what a write of bytes off to off + last would raise (less than a page)."""
    first: u32 = linear_write[u8](cpu, seg, off)
    end: u32 = linear_write[u8](cpu, seg, u32(off + last))
    slow_check_write[u8](cpu, first)
    slow_check_write[u8](cpu, end)


@inline
def store_environment(cpu: Cpu, r: Rec, off: u32) -> None:
    """Seven words (T is u16 or u32) from off."""
    f = cpu.fpu
    code: u32 = f.fip
    code_seg: u32 = f.fcs
    data: u32 = f.fdp
    data_seg: u32 = f.fds
    fill: u32 = 0  # reserved upper halves of 32-bit words
    if T.bits == 32:
        fill = 0xFFFF0000
    if real_layout(cpu):
        code = u32(code + (code_seg << 4))
        data = u32(data + (data_seg << 4))
        code_seg = ((code >> 4) & 0xF000) | f.fop
        data_seg = (data >> 4) & 0xF000
        if T.bits == 32:
            code_seg = ((code >> 4) & 0xFFFF000) | f.fop
            data_seg = (data >> 4) & 0xFFFF000
            code = (code & 0xFFFF) | fill
            data = (data & 0xFFFF) | fill
    elif T.bits == 32:
        code_seg = code_seg | (u32(f.fop) << 16)
        data_seg = data_seg | fill
    write_mem[T](cpu, r, r.seg, off, T(fill | f.fcw))
    write_mem[T](cpu, r, r.seg, u32(off + T.bits // 8), T(fill | status(f)))
    write_mem[T](cpu, r, r.seg, u32(off + T.bits // 4), T(fill | full_tags(f)))
    write_mem[T](cpu, r, r.seg, u32(off + 3 * (T.bits // 8)), T(code))
    write_mem[T](cpu, r, r.seg, u32(off + 4 * (T.bits // 8)), T(code_seg))
    write_mem[T](cpu, r, r.seg, u32(off + 5 * (T.bits // 8)), T(data))
    write_mem[T](cpu, r, r.seg, u32(off + 6 * (T.bits // 8)), T(data_seg))


@inline
def load_environment(cpu: Cpu, r: Rec, off: u32) -> None:
    """Seven words (T is u16 or u32) from off, committed when all are read."""
    control: T = read_mem[T](cpu, r, r.seg, off)
    state: T = read_mem[T](cpu, r, r.seg, u32(off + T.bits // 8))
    tags: T = read_mem[T](cpu, r, r.seg, u32(off + T.bits // 4))
    code: u32 = read_mem[T](cpu, r, r.seg, u32(off + 3 * (T.bits // 8)))
    code_seg: u32 = read_mem[T](cpu, r, r.seg, u32(off + 4 * (T.bits // 8)))
    data: u32 = read_mem[T](cpu, r, r.seg, u32(off + 5 * (T.bits // 8)))
    data_seg: u32 = read_mem[T](cpu, r, r.seg, u32(off + 6 * (T.bits // 8)))
    f = cpu.fpu
    if real_layout(cpu):
        f.fop = u16(code_seg) & 0x7FF
        f.fip = (code & 0xFFFF) | ((code_seg & 0xFFFF000) << 4)
        f.fcs = 0
        f.fdp = (data & 0xFFFF) | ((data_seg & 0xFFFF000) << 4)
        f.fds = 0
    else:
        if T.bits == 32:
            f.fop = u16(code_seg >> 16) & 0x7FF
        f.fip = code
        f.fcs = u16(code_seg)
        f.fdp = data
        f.fds = u16(data_seg)
    f.fcw = (u16(control) & FCW_WRITABLE) | FCW_ALWAYS
    set_status(f, u16(state))
    f.ftw = short_tags(u16(tags))
    update_error(cpu, r)


@hot
def FNSTENV(cpu: Cpu, r: Rec) -> None:
    """D9 /6: store the environment, then mask all exceptions."""
    fpu_nowait(cpu)
    off = ea(cpu, r)
    check_block(cpu, r.seg, off, 7 * (T.bits // 8) - 1)
    store_environment[T](cpu, r, off)
    cpu.fpu.fcw = cpu.fpu.fcw | EXCEPTIONS
    update_error(cpu, r)


@hot
def FLDENV(cpu: Cpu, r: Rec) -> None:
    """D9 /4: load the environment."""
    fpu_wait(cpu, r)
    load_environment[T](cpu, r, ea(cpu, r))


@hot
def FNSAVE(cpu: Cpu, r: Rec) -> None:
    """DD /6: store environment and registers, then initialise."""
    fpu_nowait(cpu)
    f = cpu.fpu
    off = ea(cpu, r)
    check_block(cpu, r.seg, off, 7 * (T.bits // 8) + 79)
    store_environment[T](cpu, r, off)
    at: u32 = u32(off + 7 * (T.bits // 8))
    for n in range(8):
        a = st(f, n) & 7
        write_mem[u64](cpu, r, r.seg, u32(at + 10 * n), f.mant[a])
        write_mem[u16](cpu, r, r.seg, u32(at + (10 * n + 8)), f.sexp[a])
    initialise(cpu, r)


@hot
def FRSTOR(cpu: Cpu, r: Rec) -> None:
    """DD /4: load environment and registers."""
    fpu_wait(cpu, r)
    off = ea(cpu, r)
    # touch the far end, so that a page fault comes before anything changes
    last: u8 = read_mem[u8](cpu, r, r.seg, u32(off + (7 * (T.bits // 8) + 79)))
    load_environment[T](cpu, r, off)
    f = cpu.fpu
    at: u32 = u32(off + 7 * (T.bits // 8))
    for n in range(8):
        a = st(f, n) & 7
        f.mant[a] = read_mem[u64](cpu, r, r.seg, u32(at + 10 * n))
        f.sexp[a] = read_mem[u16](cpu, r, r.seg, u32(at + (10 * n + 8)))
