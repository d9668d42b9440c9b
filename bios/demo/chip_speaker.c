/* PC speaker: channel 2 of the 8254, gated by port 61h: one shot timed silently, then a short tone. */
#include "core.h"

#define PIT2 0x42
#define PIT_CONTROL 0x43
#define ONE_SHOT_2 0xB0
#define SYSTEM 0x61
#define GATE 1
#define DATA 2
#define OUTPUT 0x20
#define COUNT 1193              /* a millisecond */

static u32 shot(void)
{
    outb(SYSTEM, inb(SYSTEM) & ~(GATE | DATA));
    outb(PIT_CONTROL, ONE_SHOT_2);
    outb(PIT2, (u8)COUNT);
    outb(PIT2, COUNT >> 8);
    u32 began = stopwatch();
    outb(SYSTEM, inb(SYSTEM) | GATE);
    for (u32 i = 0; i < 1000000; i++)
        if (inb(SYSTEM) & OUTPUT)
            return stopwatch_us(began);
    return 0;
}

void check_speaker(struct check *c)
{
    u32 best = 0;
    for (u32 tries = 0; tries < 5 && (best < 950 || best > 1100); tries++) {
        u32 us = shot();
        if (us && (!best || us < best))
            best = us;
    }
    outb(SYSTEM, inb(SYSTEM) & ~(GATE | DATA));
    if (best >= 950 && best <= 1500) {
        pass(c, "1 ms took %u.%02u ms", best / 1000, best / 10 % 100);
        tone(880, 5);
    } else
        fail(c, "1 ms took %u us", best);
}
