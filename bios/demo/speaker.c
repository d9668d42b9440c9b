/* The PC speaker: 8254 channel 2 as a tone generator, gated by port 61h. */
#include "core.h"

#define PIT2 0x42
#define PIT_CONTROL 0x43
#define SQUARE_2 0xB6
#define SYSTEM 0x61
#define GATE_AND_DATA 3

static u32 left;

void tone(u32 hz, u32 length)
{
    u32 divisor = PIT_HZ / hz;
    outb(PIT_CONTROL, SQUARE_2);
    outb(PIT2, divisor);
    outb(PIT2, divisor >> 8);
    outb(SYSTEM, inb(SYSTEM) | GATE_AND_DATA);
    left = length;
}

void tone_tick(void)
{
    if (left && !--left)
        outb(SYSTEM, inb(SYSTEM) & ~GATE_AND_DATA);
}
