/* The palette: dark ground, hues that stay apart for eyes that see few of them; and the part of it that flows. */
#include "screen.h"

#define DAC_WRITE 0x3C8
#define DAC_DATA 0x3C9

static const struct { u8 index; u32 rgb; } fixed[] = {
    { C_BLACK, 0x000000 }, { C_INK, 0xE9EEF6 }, { C_DIM, 0x9FB0C6 }, { C_FAINT, 0x5F718B }, { C_TILE, 0x1A2538 }, { C_HOVER, 0x263652 },
    { C_EDGE, 0x33445F }, { C_PASS, 0x29C08E }, { C_FAIL, 0xF2693C }, { C_ABSENT, 0x6F8099 }, { C_SKY, 0x5CB8F0 }, { C_YELLOW, 0xF0E050 },
    { C_ORANGE, 0xEBA31C }, { C_PURPLE, 0xD384B4 }, { C_BLUE, 0x3F7FE0 }, { C_WHITE, 0xFFFFFF }, { C_DEEP, 0x0B111C }, { C_CANVAS, 0x10182A },
    { C_RUN, 0xEBA31C }, { C_KEY, 0x26344D }, { C_KEY_DOWN, 0x5CB8F0 },
};
static const u32 ground_ends[] = { 0x182A4A, 0x0C1220, 0x0A0E18 };
static const u32 flow_stops[] = { 0x5CB8F0, 0x29C08E, 0xF0E050, 0xEBA31C, 0xD384B4, 0x5CB8F0 };
static u32 flow[FLOW_STEPS], phase;

static void set(u32 rgb)
{
    u32 shift = 8 - facts.dac_bits;
    outb(DAC_DATA, (u8)(rgb >> 16) >> shift);
    outb(DAC_DATA, (u8)(rgb >> 8) >> shift);
    outb(DAC_DATA, (u8)rgb >> shift);
}

static u32 mix(u32 a, u32 b, u32 part, u32 whole)
{
    u32 v = 0;
    for (u32 shift = 0; shift < 24; shift += 8)
        v |= (((a >> shift & 0xFF) * (whole - part) + (b >> shift & 0xFF) * part) / whole) << shift;
    return v;
}

/* The colour at ``at`` of ``steps`` along the stops. */
static u32 along(const u32 *stops, u32 count, u32 at, u32 steps)
{
    u32 place = at * (count - 1);
    return mix(stops[place / steps], stops[place / steps + 1], place % steps, steps);
}

void theme_flow(void)
{
    phase++;
    outb(DAC_WRITE, C_FLOW);
    for (u32 i = 0; i < FLOW_STEPS; i++)
        set(flow[(i - phase) % FLOW_STEPS]);
}

void theme_start(void)
{
    if (!screen.base)
        return;
    for (u32 i = 0; i < ARRAY_SIZE(fixed); i++) {
        outb(DAC_WRITE, fixed[i].index);
        set(fixed[i].rgb);
    }
    outb(DAC_WRITE, C_GROUND);
    for (u32 i = 0; i < GROUND_STEPS; i++)
        set(along(ground_ends, ARRAY_SIZE(ground_ends), i, GROUND_STEPS));
    for (u32 i = 0; i < FLOW_STEPS; i++)
        flow[i] = along(flow_stops, ARRAY_SIZE(flow_stops), i, FLOW_STEPS);
    theme_flow();
}
