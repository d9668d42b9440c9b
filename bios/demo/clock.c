/* Time: the 8254's channel 0 at 100 Hz, sleeping in HLT, and a stopwatch. */
#include "core.h"

#define PIT 0x40
#define PIT_CONTROL 0x43
#define RATE_0 0x34             /* channel 0, low and high byte, mode 2 */

volatile u32 ticks;

static void tick(void)
{
    ticks++;
    tone_tick();
}

void pit_start(void)
{
    outb(PIT_CONTROL, RATE_0);
    outb(PIT, (u8)PIT_DIVISOR);
    outb(PIT, PIT_DIVISOR >> 8);
}

void clock_start(void)
{
    pit_start();
    irq_handle(0, tick);
}

void halt(void) { asm volatile("sti; hlt" : : : "memory"); }

void sleep(u32 count)
{
    for (u32 began = ticks; ticks - began < count;)
        halt();
}

u32 muldiv(u32 a, u32 b, u32 c)
{
    u32 low, high;
    asm("mull %4; divl %5" : "=&a"(low), "=&d"(high) : "0"(a), "1"(0), "r"(b), "r"(c) : "cc");
    return low;
}

static u32 pit_now(void)
{
    u32 flags, left, t;
    asm volatile("pushfl; popl %0; cli" : "=r"(flags) : : "memory");
    outb(PIT_CONTROL, 0);
    left = inb(PIT);
    left |= inb(PIT) << 8;
    t = ticks;
    if (left > PIT_DIVISOR / 2 && (pic_irr() & 1))     /* began anew, and the tick waits */
        t++;
    asm volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
    return t * PIT_DIVISOR + (PIT_DIVISOR - left);
}

u32 stopwatch(void) { return tables.pm_timer ? inl(tables.pm_timer) : pit_now(); }

u32 stopwatch_us(u32 since)
{
    u32 passed = stopwatch() - since;
    return tables.pm_timer ? muldiv(passed & 0xFFFFFF, 1000000, PM_TIMER_HZ) : muldiv(passed, 1000000, PIT_HZ);
}
