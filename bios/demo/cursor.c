/* The mouse pointer: drawn over the picture, which it keeps; taken away by whoever draws below it. */
#include "screen.h"
#include "cursor.h"

#define WIDTH 12
#define HEIGHT 18

static const u16 edge[HEIGHT] = {
    0x8000, 0xC000, 0xA000, 0x9000, 0x8800, 0x8400, 0x8200, 0x8100, 0x8080, 0x8040, 0x8020, 0x83F0, 0x9200, 0xA900, 0xC900, 0x8480, 0x0480, 0x0300 };
static const u16 inside[HEIGHT] = {
    0, 0, 0x4000, 0x6000, 0x7000, 0x7800, 0x7C00, 0x7E00, 0x7F00, 0x7F80, 0x7FC0, 0x7C00, 0x6C00, 0x4600, 0x0600, 0x0300, 0x0300, 0 };

struct cursor cursor;
static u8 under[HEIGHT][WIDTH];

/* The picture under the pointer: kept, or put back. */
static void copy(int back)
{
    for (s32 i = 0; i < cursor.h; i++) {
        u8 *p = screen.base + (cursor.y + i) * screen.pitch + cursor.x;
        memcpy(back ? p : under[i], back ? under[i] : p, cursor.w);
    }
}

static void paint(const u16 *rows, u32 colour)
{
    for (s32 i = 0; i < cursor.h; i++) {
        u8 *p = screen.base + (cursor.y + i) * screen.pitch + cursor.x;
        u32 bits = rows[i];
        for (s32 at = 0; bits && at < cursor.w; at++, bits = (u16)(bits << 1))
            if (bits & 0x8000)
                p[at] = colour;
    }
}

void cursor_hide(void)
{
    if (!cursor.shown)
        return;
    cursor.shown = 0;
    copy(1);
}

void cursor_show(void)
{
    if (cursor.shown || !screen.base || !mouse.there)
        return;
    cursor.x = pointer.x;
    cursor.y = pointer.y;
    cursor.w = screen.width - cursor.x < WIDTH ? screen.width - cursor.x : WIDTH;
    cursor.h = screen.height - cursor.y < HEIGHT ? screen.height - cursor.y : HEIGHT;
    copy(0);
    paint(inside, C_WHITE);
    paint(edge, C_BLACK);
    cursor.shown = 1;
}
