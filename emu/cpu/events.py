"""What happens between instructions: timers, traps, interrupts, HLT, and how long the engine may run on."""

from emu.bus.clock import NS_PER_INSTRUCTION
from emu.bus.component import hot, inline
from emu.bus.types import NEVER, i64, u8, u64

from .exceptions import check_interrupts, debug_fetch, deliver_debug_trap, virtual_interrupt
from .state import DR6_BS, IF, MODE_DEBUG, RF, SHADOW_SS, TF, VIF, VIP, WAKE_INIT, WAKE_NMI, Cpu

# What poll says.  IDLE: the processor waits; HALT: for what cannot come.
RUN, STOP, IDLE, SHUTDOWN, HALT = range(5)
# The longest run between two polls, in instructions: keeps stop requests prompt, and timers exact in host time.
VIRTUAL_SLICE, HOST_SLICE = 400_000, 20_000


@inline
def settle(cpu: Cpu) -> bool:
    """After an instruction that may have changed anything: is there nothing for poll to do?  Then what shadows the next
    instruction is done with, since there is nothing to hold off.  Whatever makes the processor stand still asks for attention, and
    nothing is left where each instruction is looked at (breakpoints, TF and RF as they were before it)."""
    if cpu.attention or cpu.left <= 0 or cpu.eflags & (TF | RF | VIF | VIP) != 0 or cpu.trap != 0 or cpu.nmi != 0:
        return False
    if cpu.intr != 0 and cpu.eflags & IF != 0:
        return False
    cpu.shadow = 0
    return True


@hot
def poll(cpu: Cpu) -> u8:
    """Called at an instruction boundary.  Serves what is due and sets cpu.left to the number of instructions that may
    run before the next call.  Calling it more often than needed changes nothing."""
    cpu.attention = False
    if cpu.resuming:
        cpu.resuming = False
        if not cpu.repeating:
            cpu.eflags = cpu.eflags & ~RF & 0xFFFFFFFF
    while True:
        cpu.expire_timers()
        if cpu.reset_request or cpu.init_request:
            return STOP
        if cpu.shutdown:
            return SHUTDOWN
        now: u64 = cpu.now()
        if now >= cpu.stop_time or cpu.icount >= cpu.stop_count or cpu.stop_request:
            return STOP
        inhibited: bool = cpu.shadow != 0
        if cpu.shadow & SHADOW_SS == 0:
            if cpu.stepping:
                cpu.trap = cpu.trap | DR6_BS
            if cpu.trap != 0:
                deliver_debug_trap(cpu)
        cpu.stepping = False
        if not inhibited:
            taken: bool = check_interrupts(cpu)
            if taken and cpu.trap != 0:  # into a task whose TSS has the T bit set
                deliver_debug_trap(cpu)
        if cpu.mode & MODE_DEBUG != 0 and cpu.shadow & SHADOW_SS == 0 and not cpu.halted and not cpu.frozen \
                and not cpu.repeating:
            hit: bool = debug_fetch(cpu)
        virtual: bool = virtual_interrupt(cpu)
        if cpu.shutdown:
            return SHUTDOWN
        if cpu.ignne != 0:
            cpu.frozen = False
        if not cpu.halted and not cpu.frozen:
            break
        if cpu.eflags & IF == 0:
            wakers: u8 = cpu.wakers()
            if wakers & WAKE_INIT == 0 and (wakers & WAKE_NMI == 0 or cpu.nmi_masked):
                return HALT
        deadline: u64 = cpu.next_deadline()
        if cpu.stop_time < deadline:
            deadline = cpu.stop_time
        if deadline == NEVER or not cpu.may_skip:
            return IDLE
        if deadline > now:
            # round up so that the clock reaches the deadline
            cpu.skip(u64(deadline - now))
    cpu.shadow = 0
    cpu.repeating = False
    budget: u64 = cpu.slice
    due: u64 = cpu.next_deadline()
    if cpu.stop_time < due:
        due = cpu.stop_time
    if due <= now:
        budget = 1
    elif u64(due - now) // NS_PER_INSTRUCTION < budget:
        budget = u64(u64(due - now + (NS_PER_INSTRUCTION - 1)) // NS_PER_INSTRUCTION)
    if u64(cpu.stop_count - cpu.icount) < budget:
        budget = u64(cpu.stop_count - cpu.icount)
    if inhibited or cpu.mode & MODE_DEBUG != 0:
        budget = 1
    cpu.beyond = 0
    if cpu.eflags & RF != 0:  # until the next instruction is done, which may be a REP
        if budget > 1:
            cpu.beyond = i64(budget - 1)
        budget = 1
        cpu.resuming = True
    if cpu.eflags & TF != 0:
        budget = 1
        cpu.stepping = True
    cpu.left = i64(budget)
    return RUN
