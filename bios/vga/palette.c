/* Palette registers and DAC: functions 0Bh and 10h. */
#include "vga.h"

u8 attribute_read(u8 index)
{
    u8 value;
    inb(status_port());
    outb(P_ATTRIBUTE, index);
    value = inb(P_ATTRIBUTE_READ);
    inb(status_port());
    outb(P_ATTRIBUTE, 0x20);  /* the palette answers the display again */
    return value;
}

void attribute_write(u8 index, u8 value)
{
    inb(status_port());
    outb(P_ATTRIBUTE, index);
    outb(P_ATTRIBUTE, value);
    outb(P_ATTRIBUTE, 0x20);
}

void write_dac(u8 index, u8 red, u8 green, u8 blue)
{
    outb(P_DAC_WRITE, index);
    outb(P_DAC_DATA, red);
    outb(P_DAC_DATA, green);
    outb(P_DAC_DATA, blue);
}

void read_dac(u8 index, u8 *colour)
{
    outb(P_DAC_READ, index);
    colour[0] = inb(P_DAC_DATA);
    colour[1] = inb(P_DAC_DATA);
    colour[2] = inb(P_DAC_DATA);
}

/* Brightness as the eye sees it: 30 % red, 59 % green, 11 % blue */
static u8 grey(u8 red, u8 green, u8 blue)
{
    return (red * 77 + green * 151 + blue * 28 + 128) >> 8;
}

void grey_sum(u16 first, u16 count)
{
    for (; count; count--) {
        u8 colour[3];
        read_dac(first, colour);
        u8 level = grey(colour[0], colour[1], colour[2]);
        write_dac(first, level, level, level);
        first++;
    }
}

/* The DAC's colours of a mode: 64 entries (what the palette registers can name), 256 in mode 13h */
void load_dac(u8 mode)
{
    ROM u8 *colour = dac_ega;
    u16 entries = 64, i;
    if (mode == 7 || mode == 0x0F)
        colour = dac_mono;
    else if (mode == 0x13) {
        colour = dac_256;
        entries = 256;
    } else if ((mode >= 4 && mode < 0x0F) || (mode < 4 && params_index(mode) < 4))
        colour = dac_cga;
    outb(P_DAC_MASK, 0xFF);
    outb(P_DAC_WRITE, 0);
    for (i = 0; i < entries * 3; i++)
        outb(P_DAC_DATA, *colour++);
    for (; i < 256 * 3; i++)
        outb(P_DAC_DATA, 0);
    if (BDA_FLAGS & FLAG_GREY)
        grey_sum(0, entries);
}

/* Function 0Bh: background and border (BH = 0), or one of the two palettes of mode 4 (BH = 1) */
void set_border(struct regs *r)
{
    u8 i, kind = model();
    if (r->bh == 0) {
        u8 colour = (r->bl & 7) | (r->bl & 8) << 1;  /* intensity is bit 4 of a palette register */
        BDA_CGA_PALETTE = (BDA_CGA_PALETTE & 0xE0) | (r->bl & 0x1F);
        attribute_write(0x11, colour);
        if (kind == CGA_4 || kind == CGA_2)
            attribute_write(0, colour);
        if (kind == CGA_4) {
            for (i = 1; i < 4; i++)
                attribute_write(i, (attribute_read(i) & ~0x10) | (r->bl & 0x10));
        }
    } else if (r->bh == 1) {
        BDA_CGA_PALETTE = (BDA_CGA_PALETTE & 0xDF) | (r->bl & 1) << 5;
        if (kind == CGA_4) {
            for (i = 1; i < 4; i++)
                attribute_write(i, (attribute_read(i) & ~1) | (r->bl & 1));
        }
    }
}

static void write_all(u16 segment, u16 offset)
{
    u8 i;
    for (i = 0; i < 17; i++)
        attribute_write(i < 16 ? i : 0x11, peek8(segment, offset++));
}

static void read_all(u16 segment, u16 offset)
{
    u8 i;
    for (i = 0; i < 17; i++)
        poke8(segment, offset++, attribute_read(i < 16 ? i : 0x11));
}

static void write_block(u8 first, u16 count, u16 segment, u16 offset)
{
    u8 sum = BDA_FLAGS & FLAG_GREY;
    for (; count; count--) {
        u8 red = peek8(segment, offset), green = peek8(segment, offset + 1), blue = peek8(segment, offset + 2);
        if (sum)
            red = green = blue = grey(red, green, blue);
        write_dac(first++, red, green, blue);
        offset += 3;
    }
}

static void read_block(u16 count, u8 first, u16 segment, u16 offset)
{
    outb(P_DAC_READ, first);
    for (count *= 3; count; count--)
        poke8(segment, offset++, inb(P_DAC_DATA));
}

/* 64-colour pages (BL = 0 chooses their size: 4 of 64 or 16 of 16; BL = 1 the page) */
static void select_page(u8 what, u8 value)
{
    u8 mode = attribute_read(0x10);
    if (what == 0)
        attribute_write(0x10, (mode & 0x7F) | value << 7);
    else if (what == 1)
        attribute_write(0x14, mode & 0x80 ? value & 0x0F : value << 2 & 0x0F);
}

/* Function 10h */
void palette_service(struct regs *r)
{
    u8 colour[3];
    switch (r->al) {
    case 0x00:
        if (r->bl <= 0x14)
            attribute_write(r->bl, r->bh);
        break;
    case 0x01: attribute_write(0x11, r->bh); break;
    case 0x02: write_all(r->es, r->dx); break;
    case 0x03:
        if (r->bl <= 1) {
            attribute_write(0x10, (attribute_read(0x10) & ~0x08) | r->bl << 3);
            BDA_CGA_MODE = (BDA_CGA_MODE & ~0x20) | r->bl << 5;
        }
        break;
    case 0x07:
        if (r->bl <= 0x14)
            r->bh = attribute_read(r->bl);
        break;
    case 0x08: r->bh = attribute_read(0x11); break;
    case 0x09: read_all(r->es, r->dx); break;
    case 0x10:
        if (BDA_FLAGS & FLAG_GREY)
            r->dh = r->ch = r->cl = grey(r->dh, r->ch, r->cl);
        write_dac(r->bl, r->dh, r->ch, r->cl);
        break;
    case 0x12: write_block(r->bl, r->cx, r->es, r->dx); break;
    case 0x13: select_page(r->bl, r->bh); break;
    case 0x15:
        read_dac(r->bl, colour);
        r->dh = colour[0];
        r->ch = colour[1];
        r->cl = colour[2];
        break;
    case 0x17: read_block(r->cx, r->bl, r->es, r->dx); break;
    case 0x18: outb(P_DAC_MASK, r->bl); break;
    case 0x19: r->bl = inb(P_DAC_MASK); break;
    case 0x1A:
        r->bl = attribute_read(0x10) >> 7;
        r->bh = attribute_read(0x14);
        if (!r->bl)
            r->bh >>= 2;
        break;
    case 0x1B: grey_sum(r->bx, r->cx); break;
    }
}
