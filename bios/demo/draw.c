/* Filling, text and small pictures in the frame buffer.  Sparing: four pixels at a time. */
#include "screen.h"
#include "cursor.h"

struct screen screen;
struct font font8 = { 0, 8 }, font14 = { 0, 14 }, font16 = { 0, 16 };

/* Four bits of a glyph as a mask of four pixels; the leftmost has the lowest address */
static const u32 masks[16] = {
    0, 0xFF000000, 0x00FF0000, 0xFFFF0000, 0x0000FF00, 0xFF00FF00, 0x00FFFF00, 0xFFFFFF00,
    0x000000FF, 0xFF0000FF, 0x00FF00FF, 0xFFFF00FF, 0x0000FFFF, 0xFF00FFFF, 0x00FFFFFF, 0xFFFFFFFF };

void screen_start(void)
{
    font8.bits = facts.font8;
    font14.bits = facts.font14;
    font16.bits = facts.font16;
    if (!facts.mode)
        return;
    screen.base = mode_info.frame_buffer;
    screen.pitch = mode_info.pitch;
    screen.width = mode_info.width;
    screen.height = mode_info.height;
}

static void row(u8 *p, s32 w, u32 colour)
{
    fill32(p, colour, w >> 2);
    for (s32 i = w & ~3; i < w; i++)
        p[i] = colour;
}

void fill(s32 x, s32 y, s32 w, s32 h, u32 colour)
{
    if (!screen.base)
        return;
    below_cursor(x, y, w, h);
    for (u8 *p = screen.base + y * screen.pitch + x; h > 0; h--, p += screen.pitch)
        row(p, w, colour * 0x01010101);
}

void box(s32 x, s32 y, s32 w, s32 h, u32 colour)
{
    static const u8 inset[] = { 3, 2, 1 };
    for (s32 i = 0; i < 3; i++) {
        fill(x + inset[i], y + i, w - 2 * inset[i], 1, colour);
        fill(x + inset[i], y + h - 1 - i, w - 2 * inset[i], 1, colour);
    }
    fill(x, y + 3, w, h - 6, colour);
}

void ground(s32 x, s32 y, s32 w, s32 h)
{
    for (; h > 0; h--, y++)
        fill(x, y, w, 1, C_GROUND + y * GROUND_STEPS / 600);
}

void point(s32 x, s32 y, u32 colour)
{
    if (!screen.base)
        return;
    below_cursor(x, y, 1, 1);
    screen.base[y * screen.pitch + x] = colour;
}

void draw_text(s32 x, s32 y, struct font font, u32 colour, const char *text)
{
    colour *= 0x01010101;
    if (!screen.base)
        return;
    below_cursor(x, y, strlen(text) * 8, font.height);
    for (; *text && x <= (s32)screen.width - 8; text++, x += 8) {
        const u8 *glyph = font.bits + (u8)*text * font.height;
        u8 *p = screen.base + y * screen.pitch + x;
        for (u32 i = 0; i < font.height; i++, p += screen.pitch) {
            u32 *to = (u32 *)p, left = masks[glyph[i] >> 4], right = masks[glyph[i] & 15];
            if (left)
                to[0] = (to[0] & ~left) | (colour & left);
            if (right)
                to[1] = (to[1] & ~right) | (colour & right);
        }
    }
}

void draw_format(s32 x, s32 y, struct font font, u32 colour, const char *f, ...)
{
    char text[104];
    __builtin_va_list args;
    __builtin_va_start(args, f);
    vformat(text, sizeof text, f, args);
    __builtin_va_end(args);
    draw_text(x, y, font, colour, text);
}

void draw_bitmap(s32 x, s32 y, const u16 *rows, u32 height, u32 colour)
{
    for (u32 i = 0; i < height; i++)
        for (u32 bits = rows[i], at = 0; bits; bits = (u16)(bits << 1), at++)
            if (bits & 0x8000)
                point(x + at, y + i, colour);
}
