/* Local APIC: its timer against the PIT, and an interrupt by it; I/O APIC: its version. */
#include "core.h"

#define IA32_APIC_BASE 0x1B
#define ENABLED 0x800
#define ID 0x20
#define VERSION 0x30
#define EOI 0xB0
#define SPURIOUS 0xF0
#define LVT_TIMER 0x320
#define LVT_LINT0 0x350
#define LVT_LINT1 0x360
#define INITIAL 0x380
#define CURRENT 0x390
#define DIVIDE 0x3E0
#define MASKED 0x10000
#define EXTINT 0x700
#define NMI 0x400
#define DIVIDE_16 3
/* I/O APIC, in 32-bit words */
#define IOREGSEL 0
#define IOWIN 4
#define IO_VERSION 1

static u32 base;
static volatile u32 interrupts;

static volatile u32 *reg(u32 at) { return (u32 *)(base + at); }

static void interrupt_local(void)
{
    interrupts++;
    *reg(EOI) = 0;
}

void check_apic(struct check *c)
{
    u32 count, version = 0, lines = 0, family = processor.signature >> 8 & 15;
    if (!(processor.features & F_APIC)) {
        absent(c, "none");
        return;
    }
    base = 0xFEE00000;
    if (family >= 6 && (processor.features & F_MSR)) {          /* a Pentium has no such register */
        u32 msr = rdmsr(IA32_APIC_BASE);
        if (!(msr & ENABLED)) {
            absent(c, "disabled");
            return;
        }
        base = msr & 0xFFFFF000;
    }
    CLI();
    *reg(LVT_LINT0) = EXTINT;     /* the 8259A's interrupts still come through */
    *reg(LVT_LINT1) = NMI;
    *reg(LVT_TIMER) = MASKED;
    *reg(SPURIOUS) = 0x1FF;
    *reg(DIVIDE) = DIVIDE_16;
    STI();
    sleep(1);
    *reg(INITIAL) = ~0u;
    sleep(5);
    count = ~0u - *reg(CURRENT);
    local_interrupt = interrupt_local;
    *reg(LVT_TIMER) = LOCAL_VECTOR;
    *reg(INITIAL) = count / 10 + 1;     /* half a tick */
    int alive = WAIT(interrupts, 10);
    *reg(LVT_TIMER) = MASKED;
    *reg(INITIAL) = 0;
    if (tables.io_apic) {
        volatile u32 *io = (u32 *)tables.io_apic;
        io[IOREGSEL] = IO_VERSION;
        version = io[IOWIN];
        lines = (version >> 16 & 0xFF) + 1;
    }
    u32 khz = muldiv(count, TICKS_PER_SECOND * 16, 5 * 1000);
    if (!count)
        fail(c, "the timer stands");
    else if (!alive)
        fail(c, "no interrupt");
    else if (tables.io_apic && (u8)version < 0x10)
        fail(c, "I/O APIC: version %x", version);
    else if (tables.io_apic)
        pass(c, "bus %u MHz, %u lines", (khz + 500) / 1000, lines);
    else
        pass(c, "bus %u MHz", (khz + 500) / 1000);
    detail(c, "local APIC %u version %x at %08x, I/O APIC version %x at %08x", *reg(ID) >> 24, (u8)*reg(VERSION), base,
           (u8)version, tables.io_apic);
}
