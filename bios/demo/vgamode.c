/* Setting the VGA's modes through its registers, with the values that the VGA BIOS has for them. */
#include "vga.h"

#define SAVE_POINTER (*(volatile u16 (*)[2])0x4A8)
#define ATTRIBUTE 0x3C0
#define MISC 0x3C2
#define SEQUENCER 0x3C4
#define DAC_MASK 0x3C6
#define DAC_WRITE 0x3C8
#define GRAPHICS 0x3CE
#define SHOW 0x20               /* in the attribute index: the palette is the picture's */
#define SCREEN_OFF 0x20
#define DISPI_INDEX 0x1CE
#define DISPI_DATA 0x1CF
#define DISPI_ENABLED 0x01
#define DISPI_8BIT_DAC 0x20
#define DISPI_LINEAR 0x40
#define DISPI_KEEP 0x80
#define MODE_13 0x1C            /* in the table */
#define RETRACE 8
#define MOST_LOOKS 200000

const struct vga_mode vga_modes[] = {
    { 0x00, TEXT_MODE, 40, 25, 16 }, { 0x01, TEXT_MODE, 40, 25, 16 }, { 0x02, TEXT_MODE, 80, 25, 16 }, { 0x03, TEXT_MODE, 80, 25, 16 },
    { 0x04, CGA_4, 320, 200, 4 }, { 0x05, CGA_4, 320, 200, 4 }, { 0x06, CGA_2, 640, 200, 2 }, { 0x07, TEXT_MODE, 80, 25, 2 },
    { 0x0D, PLANAR, 320, 200, 16 }, { 0x0E, PLANAR, 640, 200, 16 }, { 0x0F, PLANAR, 640, 350, 2 }, { 0x10, PLANAR, 640, 350, 16 },
    { 0x11, PLANAR, 640, 480, 2 }, { 0x12, PLANAR, 640, 480, 16 }, { 0x13, PACKED_256, 320, 200, 256 },
};
const u32 vga_mode_count = ARRAY_SIZE(vga_modes);

/* The table's entry of a mode, that with the most lines */
static const u8 entries[0x14] = {
    0x17, 0x17, 0x18, 0x18, 4, 5, 6, 0x19, 0, 0, 0, 0, 0, 0x0D, 0x0E, 0x11, 0x12, 0x1A, 0x1B, MODE_13 };

static u16 crtc_port = 0x3D4;

static const struct params *parameters(void)
{
    const u16 *first = (const u16 *)(SAVE_POINTER[1] * 16u + SAVE_POINTER[0]);
    return (const struct params *)(first[1] * 16u + first[0]);
}

static void dispi(u16 index, u16 value)
{
    outw(DISPI_INDEX, index);
    outw(DISPI_DATA, value);
}

int vga_modes_there(void)
{
    outw(DISPI_INDEX, 0);
    if (!screen.base || (inw(DISPI_DATA) & 0xFFF0) != 0xB0C0 || (!SAVE_POINTER[0] && !SAVE_POINTER[1]))
        return 0;
    const struct params *p = &parameters()[MODE_13];
    return p->columns == 40 && p->crtc[0x14] == 0x40 && p->sequencer[3] == 0x0E;
}

static void indexed(u16 port, u8 index, u8 value)
{
    outb(port, index);
    outb(port + 1, value);
}

void sequencer(u8 index, u8 value) { indexed(SEQUENCER, index, value); }
void graphics(u8 index, u8 value) { indexed(GRAPHICS, index, value); }
void crtc(u8 index, u8 value) { indexed(crtc_port, index, value); }

void attribute(u8 index, u8 value)
{
    inb(crtc_port + 6);
    outb(ATTRIBUTE, index);
    outb(ATTRIBUTE, value);
    outb(ATTRIBUTE, SHOW);
}

void dac(u8 index, u32 rgb)
{
    outb(DAC_WRITE, index);
    for (s32 shift = 16; shift >= 0; shift -= 8)
        outb(DAC_WRITE + 1, (u8)(rgb >> shift) >> 2);
}

u32 hue(u32 at)
{
    u32 part = at * 6 & 0xFF, sector = at * 6 >> 8;
    u32 up = part, down = 255 - part;
    static const u8 order[6][3] = { { 2, 0, 3 }, { 1, 2, 3 }, { 3, 2, 0 }, { 3, 1, 2 }, { 0, 3, 2 }, { 2, 3, 1 } };
    const u32 levels[4] = { up, down, 255, 0 };
    u32 rgb = 0;
    for (u32 i = 0; i < 3; i++)
        rgb = rgb << 8 | levels[order[sector][i]];
    return rgb;
}

static void registers(const struct params *p)
{
    crtc_port = p->misc & 1 ? 0x3D4 : 0x3B4;
    sequencer(0, 1);
    sequencer(1, p->sequencer[0] | SCREEN_OFF);
    for (u32 i = 1; i < 4; i++)
        sequencer(i + 1, p->sequencer[i]);
    outb(MISC, p->misc);
    sequencer(0, 3);
    crtc(0x11, p->crtc[0x11] & 0x7F);
    for (u32 i = 0; i < 25; i++)
        crtc(i, p->crtc[i]);
    for (u32 i = 0; i < 9; i++)
        graphics(i, p->graphics[i]);
    for (u32 i = 0; i < 20; i++)
        attribute(i, p->attribute[i]);
    attribute(0x14, 0);
    outb(DAC_MASK, 0xFF);
}

/* All four planes, through a map of them all */
static void clear(void)
{
    sequencer(4, 6);
    sequencer(2, 15);
    graphics(1, 0);
    graphics(3, 0);
    graphics(5, 0);
    graphics(6, 5);
    graphics(8, 0xFF);
    fill32((void *)0xA0000, 0, 0x4000);
}

static void load_font(void)
{
    sequencer(4, 6);
    sequencer(2, 4);
    graphics(5, 0);
    graphics(6, 4);
    for (u32 i = 0; i < 256; i++)
        for (u32 k = 0; k < 16; k++)
            ((volatile u8 *)0xA0000)[i * 32 + k] = font16.bits[i * 16 + k];
}

/* Two thirds and one third of blue, green and red; in modes of 200 lines as the CGA had them, in mono modes bright and brighter */
static void colours(const struct vga_mode *mode)
{
    u32 bright = mode->kind == PACKED_256 ? 8 : 0x10;
    for (u32 n = 0; n < 256; n++) {
        u32 rgb = 0, third = n >> 3;
        if (mode->kind == PACKED_256 && n > 15) {
            rgb = n < 32 ? (n - 16) * 0x111111 : hue(n);
        } else if (mode->number == 7 || mode->number == 0x0F) {
            rgb = n & 0x10 ? 0xFFFFFF : n & 8 ? 0xAAAAAA : 0;
        } else {
            if (mode->height <= 200 && mode->kind != TEXT_MODE)
                third = n & bright ? 7 : 0;
            for (s32 bit = 2; bit >= 0; bit--)
                rgb = rgb << 8 | ((n >> bit & 1 ? 0xAA : 0) + (third >> bit & 1 ? 0x55 : 0));
            if (mode->height <= 200 && mode->kind != TEXT_MODE && (n & (7 | bright)) == 6)
                rgb = 0xAA5500;
        }
        dac(n, rgb);
    }
}

void vga_set(const struct vga_mode *mode)
{
    const struct params *p = &parameters()[entries[mode->number]];
    dispi(4, 0);
    registers(p);
    clear();
    if (mode->kind == TEXT_MODE)
        load_font();
    registers(p);
    colours(mode);
    if (mode->kind == TEXT_MODE || mode->number == 0x0F)
        attribute(0x10, p->attribute[0x10] & ~8);       /* the pictures stand still */
    crtc(0x0A, 0x20);
    sequencer(1, p->sequencer[0]);
    plot_mode(mode);
}

void vga_unchain(void)
{
    static const u8 lines_240[][2] = {
        { 0x06, 0x0D }, { 0x07, 0x3E }, { 0x09, 0x41 }, { 0x10, 0xEA }, { 0x11, 0x2C }, { 0x12, 0xDF }, { 0x14, 0x00 }, { 0x15, 0xE7 },
        { 0x16, 0x06 }, { 0x17, 0xE3 } };
    static const struct vga_mode mode = { 0x13, UNCHAINED, 320, 240, 256 };
    sequencer(4, 6);
    sequencer(0, 1);
    outb(MISC, 0xE3);
    sequencer(0, 3);
    for (u32 i = 0; i < ARRAY_SIZE(lines_240); i++)
        crtc(lines_240[i][0], lines_240[i][1]);
    plot_mode(&mode);
}

void vga_start(u32 address)
{
    crtc(0x0C, address >> 8);
    crtc(0x0D, address);
}

void wait_retrace(void)
{
    for (u32 i = 0; i < MOST_LOOKS && inb(crtc_port + 6) & RETRACE; i++)
        ;
    for (u32 i = 0; i < MOST_LOOKS && !(inb(crtc_port + 6) & RETRACE); i++)
        ;
}

void vga_leave(void)
{
    registers(&parameters()[MODE_13]);
    sequencer(1, parameters()[MODE_13].sequencer[0]);
    dispi(1, screen.width);
    dispi(2, screen.height);
    dispi(3, 8);
    dispi(4, DISPI_ENABLED | DISPI_LINEAR | DISPI_KEEP | (facts.dac_bits == 8 ? DISPI_8BIT_DAC : 0));
}
