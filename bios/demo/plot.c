/* Pixels in the VGA's own modes: by CGA's banks, by planes, by bytes. */
#include "vga.h"

#define CGA ((volatile u8 *)0xB8000)
#define VGA ((volatile u8 *)0xA0000)

static const struct vga_mode *mode;
static u32 page, pitch;

void plot_page(u32 address, u32 line)
{
    page = address;
    pitch = line;
}

void plot_mode(const struct vga_mode *wanted)
{
    mode = wanted;
    plot_page(0, wanted->kind == PACKED_256 ? 320 : wanted->kind == UNCHAINED ? 80 : wanted->width / 8);
    if (wanted->kind == PLANAR)
        graphics(5, 2);         /* write mode 2: the byte's lower bits are a colour */
}

static void cga(s32 x, s32 y, u32 colour, u32 bits)
{
    u32 most = (1 << bits) - 1, shift = (8 - bits) - x * bits % 8;
    volatile u8 *p = &CGA[(y & 1) * 0x2000 + (y >> 1) * 80 + x * bits / 8];
    *p = (*p & ~(most << shift)) | (colour & most) << shift;
}

/* The latches keep the byte's other pixels */
static void planar(volatile u8 *p, u8 pixels, u32 colour)
{
    graphics(8, pixels);
    (void)*p;
    *p = colour;
}

void plot(s32 x, s32 y, u32 colour)
{
    if (x < 0 || y < 0 || x >= mode->width || y >= mode->height)
        return;
    if (mode->kind == CGA_4) {
        cga(x, y, colour, 2);
    } else if (mode->kind == CGA_2) {
        cga(x, y, colour, 1);
    } else if (mode->kind == PLANAR) {
        planar(&VGA[page + y * pitch + x / 8], 0x80 >> (x & 7), colour);
    } else if (mode->kind == PACKED_256) {
        VGA[y * pitch + x] = colour;
    } else {
        sequencer(2, 1 << (x & 3));
        VGA[page + y * pitch + x / 4] = colour;
    }
}

void plot_fill(s32 x, s32 y, s32 w, s32 h, u32 colour)
{
    s32 unit = mode->kind == PLANAR ? 8 : mode->kind == UNCHAINED ? 4 : 0;
    for (s32 row = y; row < y + h; row++) {
        for (s32 at = x; at < x + w;) {
            if (!unit || at % unit || x + w - at < unit || at < 0 || at + unit > mode->width || row < 0 || row >= mode->height) {
                plot(at++, row, colour);
                continue;
            }
            if (unit == 4)
                sequencer(2, 15);
            else
                graphics(8, 0xFF);
            for (; x + w - at >= unit && at + unit <= mode->width; at += unit)
                VGA[page + row * pitch + at / unit] = colour;
        }
    }
}

void plot_line(s32 x0, s32 y0, s32 x1, s32 y1, u32 colour)
{
    s32 dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y1 - y0 : y0 - y1, most = dx > dy ? dx : dy;
    for (s32 i = 0; i <= most; i++)
        plot(x0 + (x1 - x0) * i / (most ? most : 1), y0 + (y1 - y0) * i / (most ? most : 1), colour);
}

void plot_disc(s32 x, s32 y, s32 radius, u32 colour)
{
    s32 w = 0;
    for (s32 dy = -radius; dy <= radius; dy++) {
        while (w * w + dy * dy <= radius * radius)
            w++;
        while (w && w * w + dy * dy > radius * radius)
            w--;
        plot_fill(x - w, y + dy, 2 * w + 1, 1, colour);
    }
}

void plot_text(s32 x, s32 y, u32 colour, const char *text)
{
    for (; *text; text++, x += 8)
        for (s32 row = 0; row < 8; row++)
            for (s32 dot = 0; dot < 8; dot++)
                if (font8.bits[(u8)*text * 8 + row] << dot & 0x80)
                    plot(x + dot, y + row, colour);
}
