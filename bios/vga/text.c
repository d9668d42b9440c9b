/* Text services of INT 10h: cursor, pages, scrolling, characters, teletype, strings. */
#include "vga.h"

u16 text_segment(void) { return BDA_MODE == 7 && !BDA_VBE_MODE ? 0xB000 : 0xB800; }

/* Offset of a cell in video memory, in bytes */
static u16 cell_offset(u8 page, u8 row, u8 column)
{
    return BDA_PAGE_SIZE * (page & 7) + (row * BDA_COLUMNS + column) * 2;
}

/* A scan line of an 8-line cell on a cell of the present height: lines in the lower part keep their distance from the
 * bottom (the underline cursor 6-7 of CGA programs stays one), lines in the upper part their share of the height. */
static u8 scaled_line(u8 line, u8 height)
{
    if (line >= 6)
        return height - 8 + line - (height > 8);
    return line * height / 8;
}

/* Function 01h */
void set_cursor_shape(u16 shape)
{
    u8 first = shape >> 8 & 0x3F, last = shape & 0x1F, height = BDA_CHAR_HEIGHT;
    BDA_CURSOR_SHAPE = shape & 0x7F1F;
    if (model() != TEXT)
        return;
    if (!(BDA_CONTROL & CONTROL_NO_EMULATION) && height > 8 && first < 8 && last < 8 && first <= last) {
        u8 block = first < 5;
        first = scaled_line(first, height);
        last = scaled_line(last, height) + (block && last == 7);  /* a block reaches the very bottom */
    }
    crtc(0x0A, first);
    crtc(0x0B, last);
}

static void show_cursor(u8 page)
{
    u16 position = BDA_CURSOR(page);
    if (model() == TEXT) {
        u16 cell = cell_offset(page, position >> 8, position) >> 1;
        crtc(0x0E, cell >> 8);
        crtc(0x0F, cell);
    }
}

/* Function 02h */
void set_cursor(u8 page, u16 position)
{
    BDA_CURSOR(page) = position;
    if ((page & 7) == BDA_PAGE)
        show_cursor(page);
}

/* Function 05h */
void set_page(u8 page)
{
    u8 kind = model();
    if (page > 7 || BDA_VBE_MODE)
        return;
    u16 start = BDA_PAGE_SIZE * page;
    BDA_PAGE = page;
    BDA_PAGE_START = start;
    if (kind != PLANAR)
        start >>= kind == PACKED ? 2 : 1;
    crtc(0x0C, start >> 8);
    crtc(0x0D, start);
    show_cursor(page);
}

static void scroll_text(u8 page, u8 lines, u8 attribute, u8 top, u8 left, u8 bottom, u8 right, u8 down)
{
    u16 segment = text_segment(), width = right - left + 1, row_size = BDA_COLUMNS * 2;
    u16 blank = (u16)(attribute << 8 | ' '), rows = bottom - top + 1;
    u16 to = cell_offset(page, down ? bottom : top, left);
    u16 step = down ? -row_size : row_size, away = lines * step;
    for (; rows > lines; rows--) {
        copy16(segment, to, segment, to + away, width);
        to += step;
    }
    for (; rows; rows--) {
        fill16(segment, to, blank, width);
        to += step;
    }
}

static void scroll_page(u8 page, u8 lines, u8 attribute, u16 top_left, u16 bottom_right, u8 down)
{
    u8 top = top_left >> 8, left = top_left, bottom = bottom_right >> 8, right = bottom_right;
    if (bottom > BDA_LAST_ROW)
        bottom = BDA_LAST_ROW;
    if (right >= BDA_COLUMNS)
        right = BDA_COLUMNS - 1;
    if (top > bottom || left > right)
        return;
    if (lines == 0 || lines > bottom - top)
        lines = bottom - top + 1;
    if (model() == TEXT)
        scroll_text(page, lines, attribute, top, left, bottom, right, down);
    else
        scroll_graphics(lines, attribute, top, left, bottom, right, down);
}

/* Functions 06h and 07h: the active page */
void scroll(u8 lines, u8 attribute, u16 top_left, u16 bottom_right, u8 down)
{
    scroll_page(BDA_PAGE, lines, attribute, top_left, bottom_right, down);
}

/* Function 08h: character in the lower half, attribute in the upper */
u16 read_cell(u8 page)
{
    u16 position = BDA_CURSOR(page);
    u8 row = position >> 8, column = position;
    if (model() != TEXT)
        return read_character(page, row, column);
    return peek16(text_segment(), cell_offset(page, row, column));
}

static void put_cell(u8 page, u8 row, u8 column, u8 character, u8 attribute, u8 with_attribute)
{
    if (model() != TEXT) {
        draw_character(page, character, attribute, row, column);
        return;
    }
    u16 place = cell_offset(page, row, column);
    if (with_attribute)
        poke16(text_segment(), place, (u16)(attribute << 8 | character));
    else
        poke8(text_segment(), place, character);
}

/* Functions 09h and 0Ah: a character several times from the cursor on */
void write_cells(u8 page, u8 character, u8 attribute, u16 count, u8 with_attribute)
{
    u16 position = BDA_CURSOR(page);
    u8 row = position >> 8, column = position;
    if (model() == TEXT && with_attribute) {
        fill16(text_segment(), cell_offset(page, row, column), (u16)(attribute << 8 | character), count);
        return;
    }
    for (; count && row <= BDA_LAST_ROW; count--) {
        put_cell(page, row, column, character, attribute, with_attribute);
        if (++column >= BDA_COLUMNS) {
            column = 0;
            row++;
        }
    }
}

/* Half-waves of the refresh toggle in port 61h (15.09 us each) measure the time, the loop's end where it stands still */
static void wait_toggles(u16 toggles)
{
    u8 before = inb(0x61) & 0x10;
    u32 most = (u32)toggles * 16;
    while (toggles && most--) {
        u8 now = inb(0x61) & 0x10;
        if (now != before) {
            before = now;
            toggles--;
        }
    }
}

/* BEL: about 900 Hz for an eighteenth of a second */
static void beep(void)
{
    u8 speaker = inb(0x61);
    outb(0x43, 0xB6);
    outb(0x42, 0x2E);
    outb(0x42, 0x05);
    outb(0x61, speaker | 3);
    wait_toggles(3600);
    outb(0x61, speaker);
}

/* Function 0Eh; in function 13h also with an attribute */
void teletype(u8 page, u8 character, u8 colour, u8 with_attribute)
{
    u16 position = BDA_CURSOR(page);
    u8 row = position >> 8, column = position;
    switch (character) {
    case 7:
        beep();
        return;
    case 8:
        if (column)
            column--;
        break;
    case 10:
        row++;
        break;
    case 13:
        column = 0;
        break;
    default:
        put_cell(page, row, column, character, colour, with_attribute);
        column++;
    }
    if (column >= BDA_COLUMNS) {
        column = 0;
        row++;
    }
    if (row > BDA_LAST_ROW) {
        u8 blank = 0;
        row = BDA_LAST_ROW;
        if (model() == TEXT)
            blank = peek16(text_segment(), cell_offset(page, row, column)) >> 8;
        scroll_page(page, 1, blank, 0, (u16)(row << 8 | (BDA_COLUMNS - 1)), 0);
    }
    set_cursor(page, (u16)(row << 8 | column));
}

/* Function 13h: bit 0 moves the cursor, bit 1 finds an attribute after every character */
void write_string(struct regs *r)
{
    u8 page = r->bh, attribute = r->bl;
    u16 before = BDA_CURSOR(page), from = r->bp, count = r->cx;
    if (r->al > 3)
        return;
    set_cursor(page, r->dx);
    for (; count; count--) {
        u8 character = peek8(r->es, from++);
        if (r->al & 2)
            attribute = peek8(r->es, from++);
        teletype(page, character, attribute, 1);
    }
    if (!(r->al & 1))
        set_cursor(page, before);
}
