/* What the processor is and how fast it was found to be. */
#include "screen.h"
#include "speed.h"

#define BARS_X 24
#define BARS_Y (CONTENT_Y + 44)
#define BAR_PITCH 44
#define BAR_W 420
#define FEATURES_X 500

static const struct { u32 bit; const char *name; } names[] = {
    { F_FPU, "FPU" }, { F_VME, "VME" }, { F_DE, "DE" }, { F_PSE, "PSE" }, { F_TSC, "TSC" }, { F_MSR, "MSR" }, { F_PAE, "PAE" }, { F_MCE, "MCE" },
    { F_CX8, "CX8" }, { F_APIC, "APIC" }, { F_SEP, "SEP" }, { F_MTRR, "MTRR" }, { F_PGE, "PGE" }, { F_MCA, "MCA" }, { F_CMOV, "CMOV" }, { F_PAT, "PAT" },
    { F_PSE36, "PSE36" }, { F_CLFSH, "CLFSH" }, { F_MMX, "MMX" }, { F_FXSR, "FXSR" }, { F_SSE, "SSE" }, { F_SSE2, "SSE2" } };

/* Each doubling from 1 on has the same length. */
static u32 length(u32 tenths)
{
    u32 v = tenths / 10, doublings = 0, low = 1;
    if (!v)
        return 2;
    while (v >= low << 1) {
        low <<= 1;
        doublings++;
    }
    u32 w = doublings * 28 + (v - low) * 28 / low;
    return w < 4 ? 4 : w > BAR_W ? BAR_W : w;
}

static void bars(void)
{
    for (u32 i = 0; i < speed_count; i++) {
        s32 y = BARS_Y + i * BAR_PITCH;
        const struct speed *s = &speeds[i];
        fill(BARS_X, y, BAR_W, 38, C_TILE);
        draw_text(BARS_X, y, font16, C_INK, s->name);
        fill(BARS_X, y + 20, BAR_W, 10, C_DEEP);
        if (!s->tenths) {
            draw_text(BARS_X + 320, y, font16, C_FAINT, "not measured");
            continue;
        }
        draw_format(BARS_X + 256, y, font16, C_YELLOW, "%7u.%u %6s", s->tenths / 10, s->tenths % 10, s->unit);
        for (u32 x = 0, w = length(s->tenths); x < w; x += 8)
            fill(BARS_X + x, y + 20, w - x < 8 ? w - x : 8, 10, C_FLOW + (x >> 3 & (FLOW_STEPS - 1)));
    }
}

static void draw(void)
{
    box(MARGIN, CONTENT_Y, 456, 428, C_TILE);
    box(476, CONTENT_Y, 314, 428, C_TILE);
    draw_text(BARS_X, CONTENT_Y + 12, font16, C_SKY, "Measured, a doubling a step");
    draw_text(BARS_X, CONTENT_Y + 320, font14, C_FAINT, "Loops of known instruction counts, timed by the");
    draw_text(BARS_X, CONTENT_Y + 336, font14, C_FAINT, tables.pm_timer ? "ACPI PM timer, so in the guest's time: where that" : "8254 timer, so in the guest's time: where that");
    draw_text(BARS_X, CONTENT_Y + 352, font14, C_FAINT, "follows instructions, it is the same on every host.");
    draw_text(BARS_X, CONTENT_Y + 384, font16, C_DIM, "R measures again");
    bars();
    draw_text(FEATURES_X, CONTENT_Y + 12, font16, C_SKY, "Processor");
    draw_text(FEATURES_X, CONTENT_Y + 38, font16, C_INK, processor.brand);
    draw_format(FEATURES_X, CONTENT_Y + 60, font16, C_DIM, "%s", processor.vendor);
    draw_format(FEATURES_X, CONTENT_Y + 82, font16, C_DIM, "family %u model %u stepping %u", processor.signature >> 8 & 15,
                processor.signature >> 4 & 15, processor.signature & 15);
    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        s32 x = FEATURES_X + i % 4 * 70, y = CONTENT_Y + 120 + i / 4 * 28;
        int has = (processor.features & names[i].bit) != 0;
        box(x, y, 64, 22, has ? C_KEY : C_DEEP);
        draw_text(x + (64 - (s32)strlen(names[i].name) * 8) / 2, y + 4, font14, has ? C_INK : C_FAINT, names[i].name);
    }
}

static void again(void) { bars(); }

static void key(u32 code, char letter)
{
    (void)code;
    if (letter == 'r' || letter == 'R')
        measure(again);
}

const struct page page_speed = { "F5 Speed", draw, NULL, key, NULL, NULL };
