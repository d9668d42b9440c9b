/* FM synthesiser (YM3812 or YMF262) at 388h: found by its timers, and a plain piano of nine voices. */
#include "core.h"

#define FM 0x388
#define TIMER_1 0x02
#define TIMERS 0x04
#define TIMERS_OFF 0x60         /* stopped and masked */
#define CLEAR 0x80
#define START_1 0x21            /* timer 2 masked */
#define FLAGS 0xE0
#define FLAG_1 0xC0
#define OPL2_BITS 0x06          /* set in the status of the older chip */
#define VOICES 9

static u8 known, kind;
static u8 high[VOICES];
static u32 playing[VOICES];     /* Hz, 0: free */

static void put(u8 reg, u8 value)
{
    outb(FM, reg);
    for (u32 i = 0; i < 6; i++)
        inb(FM);
    outb(FM + 1, value);
    for (u32 i = 0; i < 35; i++)
        inb(FM);
}

static u8 status(void) { return inb(FM); }

/* The timer counts n times 80 us; how long that was, or 0. */
static u32 timed(u32 n)
{
    put(TIMERS, TIMERS_OFF);
    put(TIMERS, CLEAR);
    put(TIMER_1, 256 - n);
    u32 began = stopwatch();
    put(TIMERS, START_1);
    int there = WAIT((status() & FLAGS) == FLAG_1, 10);
    u32 us = stopwatch_us(began);
    put(TIMERS, TIMERS_OFF);
    put(TIMERS, CLEAR);
    return there && !(status() & FLAGS) ? us : 0;
}

u32 fm_find(void)
{
    if (!known++) {
        put(TIMERS, TIMERS_OFF);
        put(TIMERS, CLEAR);
        if (!(status() & FLAGS) && timed(1))
            kind = status() & OPL2_BITS ? 2 : 3;
    }
    return kind;
}

u32 fm_timer_us(u32 n) { return timed(n); }

static void voice(u32 n)
{
    static const u8 place[] = { 0, 1, 2, 8, 9, 10, 16, 17, 18 };
    static const struct { u8 reg, value; } piano[] = {
        { 0x20, 0x01 }, { 0x40, 0x4F }, { 0x60, 0xF1 }, { 0x80, 0x53 }, { 0xE0, 0 },       /* modulator */
        { 0x23, 0x01 }, { 0x43, 0x00 }, { 0x63, 0xD2 }, { 0x83, 0x74 }, { 0xE3, 0 } };
    for (u32 i = 0; i < ARRAY_SIZE(piano); i++)
        put(piano[i].reg + place[n], piano[i].value);
    put(0xC0 + n, 0x36);
}

void fm_play(u32 hz)
{
    static u32 next;
    u32 n = next++ % VOICES, block = 0, number;
    while ((number = muldiv(hz, 1 << (20 - block), 49716)) > 1023)
        block++;
    fm_release(playing[n]);
    voice(n);
    put(0xA0 + n, number);
    put(0xB0 + n, high[n] = 0x20 | block << 2 | number >> 8);
    playing[n] = hz;
}

void fm_release(u32 hz)
{
    for (u32 n = 0; n < VOICES; n++)
        if (hz && playing[n] == hz) {
            put(0xB0 + n, high[n] & ~0x20);
            playing[n] = 0;
        }
}
