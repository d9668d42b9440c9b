/* Characters, pixels and scrolling in the graphics modes. */
#include "vga.h"

#define XOR 0x80  /* colour bit 7: exclusive or (but in modes of 256 colours, where it is a colour bit) */

static void select_bank(u32 address)
{
    if (BDA_VBE_MODE && dispi_get(DISPI_BANK) != address >> 16)
        dispi_set(DISPI_BANK, address >> 16);
}

static u8 video_read(u32 address)
{
    select_bank(address);
    return peek8(0xA000, address);
}

static void video_write(u32 address, u8 value)
{
    select_bank(address);
    poke8(0xA000, address, value);
}

/* Bytes from a scan line to the next */
static u16 line_size(void)
{
    u8 kind = model();
    if (BDA_VBE_MODE)
        return pitch();
    return kind == PACKED ? 320 : kind == PLANAR ? BDA_COLUMNS : 80;
}

static u8 pixel_bytes(void)
{
    return BDA_VBE_MODE ? (dispi_get(DISPI_BPP) + 7) >> 3 : 1;
}

static u16 cga_offset(u16 y) { return (y >> 1) * 80 + (y & 1) * 0x2000; }

static u32 planar_offset(u8 page, u16 x, u16 y)
{
    return (BDA_VBE_MODE ? 0 : (u32)BDA_PAGE_SIZE * (page & 7)) + (u32)y * line_size() + (x >> 3);
}

/* Colours of direct modes: the 16 of CGA, and white for what lies above */
static u32 direct_colour(u8 colour, u8 bits)
{
    u8 high = colour & 8 ? 0xFF : 0xAA, low = colour & 8 ? 0x55 : 0;
    u32 red = colour & 4 ? high : low, green = colour & 2 ? high : low, blue = colour & 1 ? high : low;
    if ((colour & 15) == 6)
        green = 0x55;
    if (bits == 15)
        return red >> 3 << 10 | green >> 3 << 5 | blue >> 3;
    if (bits == 16)
        return red >> 3 << 11 | green >> 2 << 5 | blue >> 3;
    return red << 16 | green << 8 | blue;
}

/* -- pixels ---------------------------------------------------------------------------------------------------- */

/* One byte of four planes: bits become colour, the others stay */
static void planar_bits(u32 address, u8 bits, u8 colour)
{
    graphics(8, bits);
    video_read(address);  /* fills the latches */
    video_write(address, colour);
}

static void planar_begin(u8 colour)
{
    sequencer(2, 0x0F);
    graphics(5, 0x02);  /* write mode 2: the byte written is a colour */
    graphics(3, colour & XOR ? 0x18 : 0);
}

static void planar_end(void)
{
    graphics(3, 0);
    graphics(5, 0);
    graphics(8, 0xFF);
}

static u8 planar_pixel(u32 address, u8 mask)
{
    u8 plane, colour = 0;
    for (plane = 0; plane < 4; plane++) {
        graphics(4, plane);
        if (video_read(address) & mask)
            colour |= 1 << plane;
    }
    graphics(4, 0);
    return colour;
}

static void packed_pixel(u32 address, u8 bytes, u32 colour)
{
    for (; bytes; bytes--) {
        video_write(address++, colour);
        colour >>= 8;
    }
}

/* Function 0Ch */
void write_pixel(u8 page, u16 x, u16 y, u8 colour)
{
    u8 shift, mask, old;
    switch (model()) {
    case CGA_4:
    case CGA_2:
        if (model() == CGA_4) {
            shift = (~x & 3) * 2;
            mask = 3;
            x >>= 2;
        } else {
            shift = ~x & 7;
            mask = 1;
            x >>= 3;
        }
        x += cga_offset(y);
        old = peek8(0xB800, x);
        if (colour & XOR)
            old ^= (colour & mask) << shift;
        else
            old = (old & ~(mask << shift)) | (colour & mask) << shift;
        poke8(0xB800, x, old);
        break;
    case PLANAR:
        planar_begin(colour);
        planar_bits(planar_offset(page, x, y), 0x80 >> (x & 7), colour);
        planar_end();
        break;
    case PACKED: {
        u8 bytes = pixel_bytes();
        u32 value = bytes == 1 ? colour : direct_colour(colour, dispi_get(DISPI_BPP));
        packed_pixel((u32)y * line_size() + (u32)x * bytes, bytes, value);
    }
    }
}

/* Function 0Dh */
u8 read_pixel(u8 page, u16 x, u16 y)
{
    switch (model()) {
    case CGA_4:
        return peek8(0xB800, cga_offset(y) + (x >> 2)) >> (~x & 3) * 2 & 3;
    case CGA_2:
        return peek8(0xB800, cga_offset(y) + (x >> 3)) >> (~x & 7) & 1;
    case PLANAR:
        return planar_pixel(planar_offset(page, x, y), 0x80 >> (x & 7));
    case PACKED: {
        u8 bytes = pixel_bytes(), value = 0;
        u32 address = (u32)y * line_size() + (u32)x * bytes;
        for (; bytes; bytes--)
            value |= video_read(address++);  /* of a direct colour: whether it is black */
        return value;
    }
    }
    return 0;
}

/* -- characters ------------------------------------------------------------------------------------------------ */

/* Far address of a character's picture; the CGA modes have the upper half of the set at a vector of its own */
static u32 picture(u8 character)
{
    u32 font = VECTOR(INT_FONT);
    u8 kind = model();
    if ((kind == CGA_4 || kind == CGA_2) && character & 0x80) {
        font = VECTOR(INT_FONT_HIGH);
        character &= 0x7F;
    }
    return font + (u16)(character * BDA_CHAR_HEIGHT);
}

/* Eight dots to eight pairs of bits */
static u16 doubled(u8 dots)
{
    u16 pairs = 0;
    u8 i;
    for (i = 0; i < 8; i++) {
        pairs <<= 2;
        if (dots & 0x80)
            pairs |= 3;
        dots <<= 1;
    }
    return pairs;
}

static void draw_cga(u16 place, u8 dots, u8 colour, u8 pairs)
{
    if (!pairs) {
        u8 value = colour & 1 ? dots : 0;
        poke8(0xB800, place, colour & XOR ? peek8(0xB800, place) ^ value : value);
        return;
    }
    u16 value = doubled(dots) & (colour & 3) * 0x5555;
    value = (u16)(value << 8 | value >> 8);
    poke16(0xB800, place, colour & XOR ? peek16(0xB800, place) ^ value : value);
}

static void draw_packed(u32 address, u8 dots, u8 bytes, u32 colour)
{
    u8 i;
    for (i = 0; i < 8; i++) {
        packed_pixel(address, bytes, dots & 0x80 ? colour : 0);
        address += bytes;
        dots <<= 1;
    }
}

void draw_character(u8 page, u8 character, u8 colour, u8 row, u8 column)
{
    u32 font = picture(character), address;
    u8 kind = model(), height = BDA_CHAR_HEIGHT, bytes = 1, i;
    u16 y = row * height, step = 0;
    u32 value = colour;
    if (kind == PLANAR) {
        address = planar_offset(page, column * 8, y);
        step = line_size();
        planar_begin(colour);
    } else {
        if (kind == PACKED) {
            bytes = pixel_bytes();
            step = line_size();
            if (bytes > 1)
                value = direct_colour(colour, dispi_get(DISPI_BPP));
        }
        address = (u32)y * step + column * 8 * bytes;
    }
    for (i = 0; i < height; i++) {
        u8 dots = peek8(font >> 16, (u16)font + i);
        if (kind == CGA_4) {
            draw_cga(cga_offset(y + i) + column * 2, dots, colour, 1);
        } else if (kind == CGA_2) {
            draw_cga(cga_offset(y + i) + column, dots, colour, 0);
        } else if (kind == PLANAR) {
            planar_bits(address, dots, colour & 0x0F);
            if (!(colour & XOR))
                planar_bits(address, ~dots, 0);
        } else {
            draw_packed(address, dots, bytes, value);
        }
        address += step;
    }
    if (kind == PLANAR)
        planar_end();
}

/* Function 08h: the character whose picture stands there, 0 if there is none */
u8 read_character(u8 page, u8 row, u8 column)
{
    u8 seen[32], height = BDA_CHAR_HEIGHT, i, x;
    u16 character;
    if (height > 32)
        return 0;
    for (i = 0; i < height; i++) {
        u8 dots = 0;
        for (x = 0; x < 8; x++)
            dots = dots << 1 | (read_pixel(page, column * 8 + x, row * height + i) != 0);
        seen[i] = dots;
    }
    for (character = 0; character < 256; character++) {
        u32 font = picture(character);
        for (i = 0; i < height && peek8(font >> 16, (u16)font + i) == seen[i]; i++)
            ;
        if (i == height)
            return character;
    }
    return 0;
}

/* -- scrolling ------------------------------------------------------------------------------------------------- */

static void cga_line(u16 to, u16 from, u8 blank, u8 value, u16 x, u16 bytes)
{
    to = cga_offset(to) + x;
    if (blank)
        fill8(0xB800, to, value, bytes);
    else
        copy8(0xB800, to, 0xB800, cga_offset(from) + x, bytes);
}

/* With more than 64 KiB of memory the two lines may lie in different banks: by way of the stack */
static void packed_line(u32 to, u32 from, u8 blank, u8 value, u16 bytes)
{
    u8 buffer[64];
    while (bytes) {
        u16 part = bytes < sizeof buffer ? bytes : sizeof buffer;
        u32 left_to = 0x10000 - (to & 0xFFFF), left_from = 0x10000 - (from & 0xFFFF);
        if (part > left_to)
            part = left_to;
        if (!blank && part > left_from)
            part = left_from;
        if (!blank) {
            select_bank(from);
            copy8(stack_segment(), (u16)(u32)buffer, 0xA000, from, part);
        }
        select_bank(to);
        if (blank)
            fill8(0xA000, to, value, part);
        else
            copy8(0xA000, to, stack_segment(), (u16)(u32)buffer, part);
        to += part;
        from += part;
        bytes -= part;
    }
}

/* Copies go through the latches, all planes at once; so a bank crossing needs them filled byte by byte */
static void planar_line(u32 to, u32 from, u8 blank, u8 value, u16 bytes)
{
    if (!BDA_VBE_MODE) {
        if (blank)
            fill8(0xA000, to, value, bytes);
        else
            copy8(0xA000, to, 0xA000, from, bytes);
        return;
    }
    for (; bytes; bytes--) {
        if (!blank)
            video_read(from++);
        video_write(to++, value);
    }
}

void scroll_graphics(u8 lines, u8 colour, u8 top, u8 left, u8 bottom, u8 right, u8 down)
{
    u8 kind = model(), height = BDA_CHAR_HEIGHT, bytes = kind == CGA_4 ? 2 : 1;
    u16 count = (bottom - top + 1) * height, away = lines * height, step, y;
    if (kind == PACKED)
        bytes = pixel_bytes() * 8;
    u16 x = left * bytes, width = (right - left + 1) * bytes;
    step = line_size();
    y = down ? (bottom + 1) * height - 1 : top * height;
    if (kind == PLANAR) {
        sequencer(2, 0x0F);
        graphics(5, 1);  /* write mode 1: what the latches hold */
    }
    for (; count; count--) {
        u8 blank = count <= away;
        u16 source = down ? y - away : y + away;
        if (blank && kind == PLANAR) {
            graphics(5, 0);
            graphics(0, colour);
            graphics(1, 0x0F);
        }
        if (kind == PLANAR)
            planar_line(planar_offset(BDA_PAGE, x * 8, y), planar_offset(BDA_PAGE, x * 8, source), blank, colour, width);
        else if (kind == PACKED)
            packed_line((u32)y * step + x, (u32)source * step + x, blank, colour, width);
        else
            cga_line(y, source, blank, colour, x, width);
        y = down ? y - 1 : y + 1;
    }
    if (kind == PLANAR) {
        graphics(1, 0);
        graphics(0, 0);
        graphics(5, 0);
    }
}
