/* Letters twice or four times as large, with the edges smoothed: a pixel's quarter takes the colour of two neighbours that
 * agree and of which the opposite ones differ. */
#include "screen.h"

static u32 rows[64];

static void spread(u32 *to, u32 left, u32 right, u32 width)
{
    u32 v = 0;
    for (u32 i = width; i--;)
        v = v << 2 | (left >> i & 1) << 1 | (right >> i & 1);
    *to = v;
}

static void twice(u32 width, u32 height)
{
    static u32 big[64];
    for (u32 y = 0; y < height; y++) {
        u32 e = rows[y], b = y ? rows[y - 1] : 0, h = y + 1 < height ? rows[y + 1] : 0, d = e >> 1, f = e << 1, c[4], v[4];
        c[0] = ~(d ^ b) & (b ^ f) & (d ^ h);
        c[1] = ~(f ^ b) & (b ^ d) & (f ^ h);
        c[2] = ~(d ^ h) & (d ^ b) & (h ^ f);
        c[3] = ~(f ^ h) & (h ^ d) & (f ^ b);
        for (u32 i = 0; i < 4; i++)
            v[i] = (c[i] & (i & 1 ? f : d)) | (~c[i] & e);
        spread(&big[2 * y], v[0], v[1], width);
        spread(&big[2 * y + 1], v[2], v[3], width);
    }
    copy32(rows, big, 2 * height);
}

void draw_big(s32 x, s32 y, u32 doublings, u32 colour, const char *text)
{
    for (; *text && screen.base; text++) {
        u32 width = 8, height = 16;
        for (u32 i = 0; i < 16; i++)
            rows[i] = font16.bits[(u8)*text * 16 + i];
        for (u32 i = 0; i < doublings; i++, width *= 2, height *= 2)
            twice(width, height);
        for (u32 i = 0; i < height; i++)
            for (u32 bits = rows[i] << (32 - width), at = x; bits; bits <<= 1, at++)
                if (bits >> 31)
                    point(at, y + i, colour == C_FLOW ? C_FLOW + (at & (FLOW_STEPS - 1)) : colour);
        x += width;
    }
}
