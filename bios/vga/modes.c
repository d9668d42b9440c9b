/* Setting the VGA's own modes.  IBM PS/2 Hardware Technical Reference, "Video Subsystem". */
#include "vga.h"

static ROM u8 models[0x14] = {
    TEXT, TEXT, TEXT, TEXT, CGA_4, CGA_4, CGA_2, TEXT, NO_MODE, NO_MODE, NO_MODE, NO_MODE, NO_MODE,
    PLANAR, PLANAR, PLANAR, PLANAR, PLANAR, PLANAR, PACKED,
};

u8 model_of(u8 mode) { return mode < sizeof models ? models[mode] : NO_MODE; }

/* How the mode in force keeps its picture */
u8 model(void)
{
    if (BDA_VBE_MODE)
        return dispi_get(DISPI_BPP) == 4 ? PLANAR : PACKED;
    return model_of(BDA_MODE & 0x7F);
}

/* Entry of the parameter table; text modes have a variant for each number of scan lines */
u8 params_index(u8 mode)
{
    u8 lines = BDA_FLAGS & (FLAG_400_LINES | FLAG_200_LINES);
    if (mode < 4) {
        if (lines == FLAG_200_LINES)
            return mode;
        return lines == FLAG_400_LINES ? 0x17 + (mode >> 1) : 0x13 + mode;
    }
    if (mode == 7)
        return lines == FLAG_400_LINES ? 0x19 : 7;
    if (mode == 0x0F || mode == 0x10)
        return mode + 2;
    return mode >= 0x11 ? mode + 9 : mode;
}

void dispi_off(void)
{
    if (dispi_present())
        dispi_set(DISPI_ENABLE, 0);
    BDA_VBE_MODE = 0;
}

static void clear_memory(u8 mode)
{
    u8 kind = model_of(mode);
    if (kind == TEXT)
        fill16(text_segment(), 0, 0x0720, 0x4000);
    else if (kind == CGA_4 || kind == CGA_2)
        fill16(0xB800, 0, 0, 0x4000);
    else
        fill16(0xA000, 0, 0, 0x8000);
}

/* The registers of a mode, without touching the BIOS data area but for the CRTC's port */
void program_vga(u8 mode, u8 clear)
{
    ROM struct params *p = &parameter_table[params_index(mode)];
    u8 i;
    BDA_CRTC = p->misc & 1 ? 0x3D4 : 0x3B4;
    sequencer(0, 1);  /* synchronous reset while the clock changes */
    sequencer(1, p->sequencer[0] | 0x20);
    for (i = 1; i < 4; i++)
        sequencer(i + 1, p->sequencer[i]);
    outb(P_MISC_WRITE, p->misc);
    sequencer(0, 3);
    crtc(0x11, p->crtc[0x11] & 0x7F);  /* unprotect 0-7 */
    for (i = 0; i < 25; i++)
        crtc(i, p->crtc[i]);
    for (i = 0; i < 9; i++)
        graphics(i, p->graphics[i]);
    inb(status_port());
    for (i = 0; i < 20; i++) {
        outb(P_ATTRIBUTE, i);
        outb(P_ATTRIBUTE, p->attribute[i]);
    }
    outb(P_ATTRIBUTE, 0x14);
    outb(P_ATTRIBUTE, 0);
    if (!(BDA_FLAGS & FLAG_NO_PALETTE))
        load_dac(mode);
    if (clear)
        clear_memory(mode);
    if (model_of(mode) == TEXT)
        load_rom_font(p->char_height, 0);
    sequencer(1, p->sequencer[0]);
    inb(status_port());
    outb(P_ATTRIBUTE, 0x20);  /* the palette answers the display again */
}

void start_data_area(u8 mode, u8 columns, u8 last_row, u8 char_height, u16 page_size)
{
    u8 page;
    BDA_MODE = mode;
    BDA_COLUMNS = columns;
    BDA_PAGE_SIZE = page_size;
    BDA_PAGE_START = 0;
    for (page = 0; page < 8; page++)
        BDA_CURSOR(page) = 0;
    BDA_PAGE = 0;
    BDA_LAST_ROW = last_row;
    BDA_CHAR_HEIGHT = char_height;
}

/* Function 00h: bit 7 of the mode keeps the memory as it is */
void set_mode(u8 with_flag)
{
    u8 mode = with_flag & 0x7F;
    ROM struct params *p = &parameter_table[params_index(mode)];
    dispi_off();
    /* the flag of a mono display follows the mode */
    if (mode == 7 || mode == 0x0F)
        BDA_FLAGS |= FLAG_MONO;
    else
        BDA_FLAGS &= ~FLAG_MONO;
    start_data_area(mode, p->columns, p->last_row, p->char_height, p->page_size);
    program_vga(mode, !(with_flag & 0x80));
    BDA_CONTROL = (BDA_CONTROL & 0x7F) | (with_flag & 0x80);
    BDA_CURSOR_SHAPE = model_of(mode) == TEXT ? (u16)(p->crtc[0x0A] << 8 | p->crtc[0x0B]) : 0x0607;
    if (model_of(mode) == TEXT && !(BDA_CONTROL & CONTROL_NO_EMULATION))
        BDA_CURSOR_SHAPE = mode == 7 ? 0x0B0C : 0x0607;
    VECTOR(INT_FONT_HIGH) = ROM_POINTER(font8 + 128 * 8);
    set_graphics_font(p->char_height);
}
