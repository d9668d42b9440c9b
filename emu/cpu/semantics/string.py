"""String instructions.  Intel SDM volume 2: CMPS LODS MOVS SCAS STOS REP REPE REPNE.

A repeated one commits its registers after each iteration and runs until it is done, faults, or has used up what the
engine lets it: then EIP stays on it.  Its flags change when it is done, so that a fault leaves them as they were.  Iterations
that move upwards through plain memory, where nothing can happen between them, are done a page at a time (emu/cpu/runs.py).
"""

from emu.bus.component import hot, inline
from emu.bus.types import T, i64, u8, u32, u64

from ..flags import cc_sub
from ..memory import read_mem, write_mem
from ..registers import reg, set_reg
from ..runs import compare_run, copy_run, fill_run, room_read, room_write, scan_run
from ..state import DF, EAX, ECX, EDI, ES, ESI, MODE_AC, MODE_DEBUG, REC_ASIZE32, TF, Cpu, Rec


# -- registers ---------------------------------------------------------------------------------------------------

@inline
def index(cpu: Cpu, r: Rec, n: u8) -> u32:
    """(E)SI, (E)DI or (E)CX by address size."""
    return cpu.gpr[n & 7] if r.flags & REC_ASIZE32 != 0 else cpu.gpr[n & 7] & 0xFFFF


@inline
def set_index(cpu: Cpu, r: Rec, n: u8, value: u32) -> None:
    """Set (E)SI, (E)DI or (E)CX by address size."""
    if r.flags & REC_ASIZE32 != 0:
        cpu.gpr[n & 7] = value
    else:
        cpu.gpr[n & 7] = (cpu.gpr[n & 7] & 0xFFFF0000) | (value & 0xFFFF)


@inline
def step(cpu: Cpu, r: Rec, n: u8) -> None:
    """Move (E)SI or (E)DI to the next element."""
    if cpu.eflags & DF != 0:
        set_index(cpu, r, n, u32(cpu.gpr[n & 7] - (T.bits >> 3)))
    else:
        set_index(cpu, r, n, u32(cpu.gpr[n & 7] + (T.bits >> 3)))


# -- repetition --------------------------------------------------------------------------------------------------

@inline
def rep_left(cpu: Cpu) -> i64:
    """Iterations that may still be begun, if positive."""
    return i64(u64(cpu.left) + u64(cpu.beyond))


@inline
def rep_more(cpu: Cpu) -> bool:
    """Whether another iteration may run now; counts it as an instruction.  Traps and events come between iterations."""
    if rep_left(cpu) <= 0 or cpu.attention or cpu.trap != 0 or cpu.eflags & TF != 0:
        return False
    cpu.left = i64(u64(cpu.left) - 1)
    cpu.icount = u64(cpu.icount + 1)
    return True


@inline
def rep_count(cpu: Cpu, r: Rec) -> u32:
    """Iterations still to do."""
    return index(cpu, r, ECX)


@inline
def rep_down(cpu: Cpu, r: Rec) -> u32:
    """Count one iteration as done; gives what is left to do."""
    set_index(cpu, r, ECX, u32(cpu.gpr[ECX] - 1))
    return index(cpu, r, ECX)


@inline
def rep_again(cpu: Cpu, r: Rec) -> bool:
    """Whether to go on at once; if not, EIP goes back to the instruction."""
    more: bool = rep_more(cpu)
    if not more:
        cpu.eip = u32(cpu.eip - r.len)
        cpu.repeating = True
    return more


@inline
def rep_next(cpu: Cpu, r: Rec) -> bool:
    """After an iteration: count it, and say whether to go on at once."""
    todo: u32 = rep_down(cpu, r)
    if todo == 0:
        return False
    return rep_again(cpu, r)


# -- many iterations at once -----------------------------------------------------------------------------------------

@inline
def run_limit(cpu: Cpu, r: Rec) -> u32:
    """How many iterations may be done at once with another one begun after them: 0 where each is to be looked at."""
    todo: u32 = rep_count(cpu, r)
    if todo < 2 or cpu.eflags & (DF | TF) != 0 or cpu.attention or cpu.trap != 0 or cpu.mode & (MODE_AC | MODE_DEBUG) != 0:
        return 0
    todo = u32(todo - 1)
    left: i64 = rep_left(cpu)
    if left <= 0:
        return 0
    return todo if u64(left) >= todo else u32(left)


@inline
def run_done(cpu: Cpu, r: Rec, done: u32) -> None:
    """Count iterations that were done at once, and the next one as begun."""
    cpu.left = i64(u64(cpu.left) - done)
    cpu.icount = u64(cpu.icount + done)
    set_index(cpu, r, ECX, u32(cpu.gpr[ECX] - done))


@inline
def run_step(cpu: Cpu, r: Rec, n: u8, done: u32) -> None:
    """Move (E)SI or (E)DI upwards by so many elements."""
    set_index(cpu, r, n, u32(cpu.gpr[n & 7] + done * (T.bits >> 3)))


@inline
def least(a: u32, b: u32) -> u32:
    return a if a < b else b


# -- MOVS, STOS, LODS ----------------------------------------------------------------------------------------------

@hot
def MOVS(cpu: Cpu, r: Rec) -> None:
    value: T = read_mem[T](cpu, r, r.seg, index(cpu, r, ESI))
    write_mem[T](cpu, r, ES, index(cpu, r, EDI), value)
    step[T](cpu, r, ESI)
    step[T](cpu, r, EDI)


@hot
def MOVS_rep(cpu: Cpu, r: Rec) -> None:
    more: bool = rep_count(cpu, r) != 0
    while more:
        limit: u32 = run_limit(cpu, r)
        if limit != 0:
            source: u32 = index(cpu, r, ESI)
            target: u32 = index(cpu, r, EDI)
            limit = least(limit, least(room_read[T](cpu, r, r.seg, source), room_write[T](cpu, r, ES, target)))
            done: u32 = copy_run[T](cpu, u32(cpu.seg[r.seg & 7].base + source), u32(cpu.seg[ES].base + target), limit)
            run_done(cpu, r, done)
            run_step[T](cpu, r, ESI, done)
            run_step[T](cpu, r, EDI, done)
        MOVS[T](cpu, r)
        more = rep_next(cpu, r)


@hot
def STOS(cpu: Cpu, r: Rec) -> None:
    write_mem[T](cpu, r, ES, index(cpu, r, EDI), reg[T](cpu, EAX))
    step[T](cpu, r, EDI)


@hot
def STOS_rep(cpu: Cpu, r: Rec) -> None:
    more: bool = rep_count(cpu, r) != 0
    while more:
        limit: u32 = run_limit(cpu, r)
        if limit != 0:
            target: u32 = index(cpu, r, EDI)
            limit = least(limit, room_write[T](cpu, r, ES, target))
            done: u32 = fill_run[T](cpu, u32(cpu.seg[ES].base + target), limit, reg[T](cpu, EAX))
            run_done(cpu, r, done)
            run_step[T](cpu, r, EDI, done)
        STOS[T](cpu, r)
        more = rep_next(cpu, r)


@hot
def LODS(cpu: Cpu, r: Rec) -> None:
    value: T = read_mem[T](cpu, r, r.seg, index(cpu, r, ESI))
    set_reg[T](cpu, EAX, value)
    step[T](cpu, r, ESI)


@hot
def LODS_rep(cpu: Cpu, r: Rec) -> None:
    more: bool = rep_count(cpu, r) != 0
    while more:
        LODS[T](cpu, r)
        more = rep_next(cpu, r)


# -- CMPS (reads ES:DI first), SCAS ----------------------------------------------------------------------------------

@hot
def CMPS(cpu: Cpu, r: Rec) -> None:
    b: T = read_mem[T](cpu, r, ES, index(cpu, r, EDI))
    a: T = read_mem[T](cpu, r, r.seg, index(cpu, r, ESI))
    step[T](cpu, r, ESI)
    step[T](cpu, r, EDI)
    cc_sub[T](cpu, T(a - b), a, b)


@inline
def repeat_cmps(cpu: Cpu, r: Rec, equal: bool) -> None:
    """CMPS while the elements are equal, or while they are not."""
    more: bool = rep_count(cpu, r) != 0
    while more:
        limit: u32 = run_limit(cpu, r)
        if limit != 0:
            source: u32 = index(cpu, r, ESI)
            target: u32 = index(cpu, r, EDI)
            limit = least(limit, least(room_read[T](cpu, r, r.seg, source), room_read[T](cpu, r, ES, target)))
            done: u32 = compare_run[T](cpu, u32(cpu.seg[r.seg & 7].base + source), u32(cpu.seg[ES].base + target), limit, equal)
            run_done(cpu, r, done)
            run_step[T](cpu, r, ESI, done)
            run_step[T](cpu, r, EDI, done)
        b: T = read_mem[T](cpu, r, ES, index(cpu, r, EDI))
        a: T = read_mem[T](cpu, r, r.seg, index(cpu, r, ESI))
        step[T](cpu, r, ESI)
        step[T](cpu, r, EDI)
        todo: u32 = rep_down(cpu, r)
        if todo != 0 and (a == b) == equal:
            more = rep_again(cpu, r)
        else:
            cc_sub[T](cpu, T(a - b), a, b)
            more = False


@hot
def CMPS_repe(cpu: Cpu, r: Rec) -> None:
    repeat_cmps[T](cpu, r, True)


@hot
def CMPS_repne(cpu: Cpu, r: Rec) -> None:
    repeat_cmps[T](cpu, r, False)


@hot
def SCAS(cpu: Cpu, r: Rec) -> None:
    a: T = reg[T](cpu, EAX)
    b: T = read_mem[T](cpu, r, ES, index(cpu, r, EDI))
    step[T](cpu, r, EDI)
    cc_sub[T](cpu, T(a - b), a, b)


@inline
def repeat_scas(cpu: Cpu, r: Rec, equal: bool) -> None:
    """SCAS while the elements equal the accumulator, or while they do not."""
    a: T = reg[T](cpu, EAX)
    more: bool = rep_count(cpu, r) != 0
    while more:
        limit: u32 = run_limit(cpu, r)
        if limit != 0:
            target: u32 = index(cpu, r, EDI)
            limit = least(limit, room_read[T](cpu, r, ES, target))
            done: u32 = scan_run[T](cpu, u32(cpu.seg[ES].base + target), limit, a, equal)
            run_done(cpu, r, done)
            run_step[T](cpu, r, EDI, done)
        b: T = read_mem[T](cpu, r, ES, index(cpu, r, EDI))
        step[T](cpu, r, EDI)
        todo: u32 = rep_down(cpu, r)
        if todo != 0 and (a == b) == equal:
            more = rep_again(cpu, r)
        else:
            cc_sub[T](cpu, T(a - b), a, b)
            more = False


@hot
def SCAS_repe(cpu: Cpu, r: Rec) -> None:
    repeat_scas[T](cpu, r, True)


@hot
def SCAS_repne(cpu: Cpu, r: Rec) -> None:
    repeat_scas[T](cpu, r, False)
