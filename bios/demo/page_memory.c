/* The memory map as the BIOS tells it. */
#include "screen.h"

#define BAR_X 24
#define BAR_W 752
#define BAR_Y (CONTENT_Y + 40)
#define LIST_Y (CONTENT_Y + 128)
#define ROWS 13

static const char *const kinds[] = { "?", "RAM", "reserved", "ACPI tables", "ACPI state", "bad" };
static const u8 colours[] = { C_FAINT, C_PASS, C_ORANGE, C_SKY, C_PURPLE, C_FAIL };

static u32 kind_of(const struct range *e) { return e->type < ARRAY_SIZE(kinds) ? e->type : 0; }

/* The first MiB has the bar's first quarter, the 4 GiB above (by logarithm, a doubling a step) the rest. */
static s32 place(u64 address)
{
    if (address >= 0x100000000ull)
        return BAR_W;
    u32 a = address;
    if (a <= 0x100000)
        return a >> 12;                                 /* 256 pixels */
    u32 doubling = 0, low = 0x100000;
    while (doubling < 11 && a >= low << 1) {
        doubling++;
        low <<= 1;
    }
    return 256 + doubling * 41 + ((a - low) >> 12) * 41 / (low >> 12);
}

static void draw(void)
{
    box(MARGIN, CONTENT_Y, 780, 428, C_TILE);
    draw_text(BAR_X, CONTENT_Y + 12, font16, C_SKY, "First MiB");
    draw_text(BAR_X + 260, CONTENT_Y + 12, font16, C_SKY, "1 MiB to 4 GiB, each step twice as far");
    fill(BAR_X, BAR_Y, BAR_W, 36, C_DEEP);
    for (u32 i = 0; i < facts.e820_count; i++) {
        s32 from = place(e820[i].base), to = place(e820[i].base + e820[i].length);
        fill(BAR_X + from, BAR_Y, to > from + 1 ? to - from : 1, 36, colours[kind_of(&e820[i])]);
    }
    for (s32 i = 0; i < 12; i++) {
        static const char *const marks[] = { "1M", "2M", "4M", "8M", "16M", "32M", "64M", "128", "256", "512", "1G", "2G" };
        fill(BAR_X + 256 + i * 41, BAR_Y + 36, 1, 6, C_FAINT);
        draw_text(BAR_X + 256 + i * 41, BAR_Y + 44, font14, C_FAINT, marks[i]);
    }
    for (u32 i = 0; i < facts.e820_count && i < ROWS; i++) {
        const struct range *e = &e820[i];
        s32 y = LIST_Y + i * 22;
        u64 last = e->base + e->length - 1;
        u32 kib = e->length >> 10;
        box(BAR_X, y + 2, 12, 12, colours[kind_of(e)]);
        draw_format(BAR_X + 24, y, font16, C_INK, "%x%08x - %x%08x", (u32)(e->base >> 32), (u32)e->base, (u32)(last >> 32), (u32)last);
        draw_format(BAR_X + 220, y, font16, C_DIM, kib < 4096 ? "%7u KiB" : "%7u MiB", kib < 4096 ? kib : kib >> 10);
        draw_text(BAR_X + 330, y, font16, colours[kind_of(e)], kinds[kind_of(e)]);
    }
}

const struct page page_memory = { "F3 Memory", draw, NULL, NULL, NULL, NULL };
