/* A test card for each mode number: all colours, edges, lines, text; still, so that two adapters can be compared. */
#include "vga.h"

#define GRID 16                 /* attributes in a row */

static void name(char *out, u32 size, const struct vga_mode *mode)
{
    const char *what = mode->kind == TEXT_MODE ? "characters" : "pixels";
    format(out, size, "Mode %02xh: %ux%u %s, %u colours", mode->number, mode->width, mode->height, what, mode->colours);
}

static void text_card(const struct vga_mode *mode)
{
    volatile u16 *cells = (u16 *)(mode->number == 7 ? 0xB0000 : 0xB8000);
    char title[60];
    name(title, sizeof title, mode);
    for (u32 i = 0; i < mode->width * mode->height; i++)
        cells[i] = 0x0720;
    for (u32 i = 0; title[i] && i < mode->width; i++)
        cells[i] = 0x0F00 | (u8)title[i];
    for (u32 attribute = 0; attribute < 256; attribute++)
        for (u32 i = 0; i < 2; i++)
            cells[(2 + attribute / GRID) * mode->width + attribute % GRID * 2 + 2 + i] = attribute << 8 | (i ? 'g' : 'A');
    for (u32 i = 0; i < 256 && 18 * mode->width + i < (u32)mode->width * mode->height; i++)
        cells[18 * mode->width + i] = 0x0700 | i;
}

void card(const struct vga_mode *mode)
{
    char title[60];
    s32 w = mode->width, h = mode->height, bars = mode->colours < 16 && mode->kind != PLANAR ? mode->colours : 16;
    u32 white = mode->kind == PACKED_256 ? 15 : bars - 1;
    if (mode->kind == TEXT_MODE) {
        text_card(mode);
        return;
    }
    plot_line(0, 0, w - 1, 0, white);
    plot_line(0, h - 1, w - 1, h - 1, white);
    plot_line(0, 0, 0, h - 1, white);
    plot_line(w - 1, 0, w - 1, h - 1, white);
    for (s32 i = 0; i < bars; i++)
        plot_fill(16 + i * (w - 32) / bars, 24, (w - 32) / bars, h / 4, i);
    if (mode->kind == PACKED_256)
        for (s32 i = 0; i < 256; i++)
            plot_fill(32 + i, h / 4 + 32, 1, h / 4, i);
    else
        for (s32 i = 0; i < w / 8; i++)
            plot_line(w / 2, h / 2 - 8 + h / 4, i * 8, h - 8, i % (bars - 1) + 1);
    plot_disc(w / 2, h / 2 + h / 8, h / 8, white);
    plot_disc(w / 2, h / 2 + h / 8, h / 10, bars > 4 ? 4 : 0);
    name(title, sizeof title, mode);
    plot_text(8, 8, white, title);
}
