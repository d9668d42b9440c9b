/* What the VGA does beyond showing its memory as it lies: logic between planes, addresses of four pixels, panning, a split screen,
 * colours that move. */
#include "vga.h"

#define VGA ((volatile u8 *)0xA0000)
#define MODE_0D (&vga_modes[8])
#define MODE_12 (&vga_modes[13])
#define MODE_13 (&vga_modes[14])

/* A wave of 256 steps, 0 to 255, of two parabolas */
static u32 wave(u32 at)
{
    u32 x = at & 0x7F, hill = x * (128 - x) * 127 / 4096;
    return at & 0x80 ? 128 - hill : 127 + hill;
}

/* -- planes: colours combined by the graphics controller, blocks copied through the latches ------------------------------- */

static void planes(void)
{
    static const char *const names[] = { "set", "and", "or", "xor" };
    vga_set(MODE_12);
    plot_text(16, 8, 15, "Planar pixels: writes meet the latches; copies move four planes at once");
    for (s32 f = 0; f < 4; f++) {
        s32 x = 16 + f * 152;
        for (s32 i = 0; i < 16; i++)
            plot_fill(x, 40 + i * 8, 136, 8, i);
        graphics(3, f << 3);
        for (s32 y = 40; y < 168; y++)
            for (s32 at = 0; at < 9; at++) {
                graphics(8, at ? 0xFF : 0x0F);
                (void)VGA[y * 80 + x / 8 + 4 + at];
                VGA[y * 80 + x / 8 + 4 + at] = 10;
            }
        graphics(3, 0);
        plot_text(x, 172, 15, names[f]);
    }
    graphics(8, 0xFF);
    graphics(5, 1);             /* write mode 1: the latches */
    for (s32 copy = 0; copy < 2; copy++)
        for (s32 y = 0; y < 140; y++)
            for (s32 at = 0; at < 76; at++) {
                s32 from = (40 + y) * 80 + 2 + at;
                (void)VGA[from];
                VGA[from + (152 * (copy + 1)) * 80] = 0;
            }
    graphics(5, 3);             /* write mode 3: the byte is a mask for the colour of set/reset */
    graphics(0, 14);
    for (s32 y = 192; y < 480; y++)
        for (s32 at = 0; at < 80; at += 20) {
            (void)VGA[y * 80 + at];
            VGA[y * 80 + at] = 0x11 << (y & 3);
        }
    graphics(5, 2);
}

/* -- unchained: two pages, the hidden one drawn ---------------------------------------------------------------------------- */

#define PAGE_SIZE (80 * 240)

static void unchained(void)
{
    vga_set(MODE_13);
    vga_unchain();
    for (u32 i = 0; i < 256; i++)
        dac(i, hue(i));
    dac(0, 0x080818);
    dac(255, 0xFFFFFF);
}

static void unchained_step(u32 n)
{
    static const s32 sizes[] = { 40, 28, 18 };
    u32 page = (n & 1) * PAGE_SIZE;
    plot_page(page, 80);
    plot_fill(0, 0, 320, 240, 0);
    for (s32 i = 0; i < 320; i += 32)
        plot_line(i, 0, 319 - i, 239, 200);
    for (u32 i = 0; i < 3; i++)
        plot_disc(60 + wave(n * 3 + i * 80) * 200 / 255, 70 + wave(n * 5 + i * 60) * 100 / 255, sizes[i], 20 + i * 70);
    plot_text(8, 8, 255, "Unchained: 320x240, two pages");
    vga_start(page);
}

/* -- panning: a picture wider than the screen, by pixels -------------------------------------------------------------------- */

#define WIDE 640

static void panning(void)
{
    static const struct vga_mode wide = { 0x0D, PLANAR, WIDE, 200, 16 };
    char text[16];
    vga_set(MODE_0D);
    crtc(0x13, WIDE / 16);
    plot_mode(&wide);
    for (s32 x = 0; x < WIDE; x += 40) {
        plot_fill(x, 40, 40, 120, 1 + x / 40 % 14);
        plot_line(x, 20, x, 179, 15);
        format(text, sizeof text, "%u", x);
        plot_text(x + 4, 24, 15, text);
    }
    plot_disc(WIDE / 2, 100, 50, 15);
    plot_text(WIDE / 2 - 28, 96, 1, "Panning");
}

static void panning_step(u32 n)
{
    u32 x = n % 640;
    x = x < 320 ? x : 639 - x;
    wait_retrace();
    vga_start(x / 8);
    wait_retrace();
    attribute(0x13, x & 7);
}

/* -- split: the lower part shows memory from 0 on and stands still ------------------------------------------------------------ */

#define PANEL 48

static void split(void)
{
    static const struct vga_mode tall = { 0x0D, PLANAR, 320, 600, 16 };
    char text[32];
    vga_set(MODE_0D);
    plot_mode(&tall);
    plot_fill(0, 0, 320, PANEL, 1);
    plot_line(0, 0, 319, 0, 15);
    plot_text(16, 12, 15, "Split screen: this part stands,");
    plot_text(16, 28, 14, "and does not pan");
    for (s32 y = PANEL; y < 600; y += 24) {
        plot_fill(0, y, 320, 24, 2 + y / 24 % 13);
        format(text, sizeof text, "line %u", y);
        plot_text(16, y + 8, 15, text);
        plot_line(0, y, 319, y + 23, 0);
    }
    attribute(0x10, 0x21);      /* the lower part keeps its place */
    attribute(0x13, 3);
}

static void split_step(u32 n)
{
    u32 rise = n < PANEL ? n : PANEL, compare = (200 - rise) * 2 - 1, down = n % 700;
    crtc(0x18, compare);
    crtc(0x07, compare & 0x100 ? 0x1F : 0x0F);
    crtc(0x09, 0x80 | (compare & 0x200 ? 0x40 : 0));
    vga_start((PANEL + (down < 350 ? down : 699 - down)) * 40);
}

/* -- colours that move over a still picture --------------------------------------------------------------------------------- */

static void palette(void)
{
    vga_set(MODE_13);
    for (s32 y = 0; y < 200; y++)
        for (s32 x = 0; x < 320; x++)
            VGA[y * 320 + x] = wave(x) + wave(y * 2) + wave(x + y) / 2 + wave((160 - x) * (160 - x) / 128 + (y - 100) * (y - 100) / 64);
    plot_text(8, 188, 255, "Palette animation: no pixel changes");
}

static void palette_step(u32 n)
{
    wait_retrace();
    for (u32 i = 0; i < 255; i++)
        dac(i, hue((i + n * 2) & 0xFF));
    dac(255, 0xFFFFFF);
}

const struct exhibit exhibits[] = {
    { "planes", "Planar pixels", planes, NULL },
    { "unchained", "Unchained pixels", unchained, unchained_step },
    { "panning", "Panning", panning, panning_step },
    { "split", "Split screen", split, split_step },
    { "palette", "Palette animation", palette, palette_step },
};
const u32 exhibit_count = ARRAY_SIZE(exhibits);
