/* Character sets: function 11h. */
#include "vga.h"

/* Plane 2 alone, at A0000, while a set is loaded */
static void open_plane(void)
{
    sequencer(0, 1);
    sequencer(2, 0x04);
    sequencer(4, 0x07);
    sequencer(0, 3);
    graphics(4, 0x02);
    graphics(5, 0x00);
    graphics(6, 0x04);
}

static void close_plane(void)
{
    sequencer(0, 1);
    sequencer(2, 0x03);
    sequencer(4, 0x03);
    sequencer(0, 3);
    graphics(4, 0x00);
    graphics(5, 0x10);
    graphics(6, BDA_CRTC == 0x3B4 ? 0x0A : 0x0E);
}

/* A block holds 256 pictures of 32 lines; blocks 4-7 lie between 0-3 */
static u16 block_offset(u8 block)
{
    return (u16)((block & 3) * 0x4000 + (block & 4) * 0x800);
}

void load_font(u16 segment, u16 offset, u16 first, u16 count, u8 block, u8 height)
{
    u16 to = block_offset(block) + first * 32;
    open_plane();
    for (; count; count--) {
        copy8(0xA000, to, segment, offset, height);
        to += 32;
        offset += height;
    }
    close_plane();
}

/* Pictures that differ where a cell has nine dots: (code, picture)… to a code 0 */
static void load_changes(ROM u8 *change, u8 block, u8 height)
{
    u16 segment = rom_segment(), offset = (u16)(u32)change, base = block_offset(block);
    u8 code;
    open_plane();
    while ((code = peek8(segment, offset)) != 0) {
        copy8(0xA000, base + code * 32, segment, offset + 1, height);
        offset += height + 1;
    }
    close_plane();
}

static ROM u8 *rom_font(u8 height)
{
    return height == 8 ? font8 : height == 14 ? font14 : font16;
}

void load_rom_font(u8 height, u8 block)
{
    load_font(rom_segment(), (u16)(u32)rom_font(height), 0, 256, block, height);
    if (height != 8 && !(index_read(P_SEQUENCER, 1) & 1))
        load_changes(height == 14 ? ninth14 : ninth16, block, height);
}

void set_graphics_font(u8 height)
{
    VECTOR(INT_FONT) = ROM_POINTER(rom_font(height));
}

static u16 scan_lines(void)
{
    u8 overflow = crtc_read(7);
    u16 lines = (crtc_read(0x12) | (overflow & 0x02) << 7 | (overflow & 0x40) << 3) + 1;
    return crtc_read(9) & 0x80 ? lines >> 1 : lines;  /* each line twice: 200 of them */
}

/* Make the text rows as high as the set just loaded */
static void fit_rows(u8 height)
{
    u16 lines = scan_lines(), rows = lines / height, end;
    crtc(9, (crtc_read(9) & 0xE0) | (height - 1));
    BDA_CHAR_HEIGHT = height;
    BDA_LAST_ROW = rows - 1;
    end = rows * height;
    if (crtc_read(9) & 0x80)
        end <<= 1;
    end--;
    crtc(0x12, end);
    crtc(7, (crtc_read(7) & ~0x42) | (end >> 7 & 0x02) | (end >> 3 & 0x40));
    BDA_PAGE_SIZE = (rows * BDA_COLUMNS * 2 + 0xFF) & 0xFF00;  /* a little room, as with 25 rows */
    if (BDA_CRTC == 0x3B4)
        crtc(0x14, (crtc_read(0x14) & 0xE0) | (height - 1));  /* underline */
    set_cursor_shape(BDA_CURSOR_SHAPE & 0x2000 ? 0x2000 : height > 8 ? (height - 3) << 8 | (height - 2) : 0x0607);
    BDA_CURSOR_SHAPE = 0x0607;
}

static void graphics_font(u8 rows_code, u8 rows, u8 height)
{
    static ROM u8 rows_of[4] = {0, 14, 25, 43};
    BDA_CHAR_HEIGHT = height;
    BDA_LAST_ROW = (rows_code && rows_code < 4 ? rows_of[rows_code] : rows) - 1;
}

/* AL = 30h: where a character set is */
static void font_information(struct regs *r)
{
    u32 font;
    switch (r->bh) {
    case 0: font = VECTOR(INT_FONT_HIGH); break;
    case 1: font = VECTOR(INT_FONT); break;
    case 2: font = ROM_POINTER(font14); break;
    case 3: font = ROM_POINTER(font8); break;
    case 4: font = ROM_POINTER(font8 + 128 * 8); break;
    case 5: font = ROM_POINTER(ninth14); break;
    case 6: font = ROM_POINTER(font16); break;
    case 7: font = ROM_POINTER(ninth16); break;
    default: return;
    }
    r->es = font >> 16;
    r->bp = font;
    r->cx = BDA_CHAR_HEIGHT & 0xFF;
    r->dl = BDA_LAST_ROW;
}

static void load_and_fit(struct regs *r, u8 height)
{
    load_rom_font(height, r->bl);
    if (r->al & 0x10)
        fit_rows(height);
}

/* Function 11h: 0xh loads, 1xh also makes the rows fit, 2xh is for graphics modes */
void font_service(struct regs *r)
{
    switch (r->al) {
    case 0x00:
    case 0x10:
        if (r->bh == 0 || r->bh > 32)
            return;
        load_font(r->es, r->bp, r->dx, r->cx, r->bl, r->bh);
        if (r->al & 0x10)
            fit_rows(r->bh);
        break;
    case 0x01: case 0x11: load_and_fit(r, 14); break;
    case 0x02: case 0x12: load_and_fit(r, 8); break;
    case 0x04: case 0x14: load_and_fit(r, 16); break;
    case 0x03: sequencer(3, r->bl); break;
    case 0x20:
        VECTOR(INT_FONT_HIGH) = (u32)r->es << 16 | r->bp;
        break;
    case 0x21:
        VECTOR(INT_FONT) = (u32)r->es << 16 | r->bp;
        graphics_font(r->bl, r->dl, r->cx);
        break;
    case 0x22:
        set_graphics_font(14);
        graphics_font(r->bl, r->dl, 14);
        break;
    case 0x23:
        set_graphics_font(8);
        graphics_font(r->bl, r->dl, 8);
        break;
    case 0x24:
        set_graphics_font(16);
        graphics_font(r->bl, r->dl, 16);
        break;
    case 0x30: font_information(r); break;
    }
}
