/* INT 10h: which service, and POST. */
#include "vga.h"

/* What CGA's mode register would hold; also the value that function 0 gives in AL */
static ROM u8 cga_mode[8] = {0x2C, 0x28, 0x2D, 0x29, 0x2A, 0x2E, 0x1E, 0x29};

static void set_mode_service(struct regs *r)
{
    u8 mode = r->al & 0x7F;
    if (model_of(mode) == NO_MODE)
        return;
    set_mode(r->al);
    BDA_CGA_MODE = mode < 8 ? cga_mode[mode] : 0x29;
    BDA_CGA_PALETTE = mode == 6 ? 0x3F : 0x30;
    r->al = mode == 6 ? 0x3F : mode > 7 ? 0x20 : 0x30;
}

static void read_cursor(struct regs *r)
{
    r->cx = BDA_CURSOR_SHAPE;
    r->dx = BDA_CURSOR(r->bh);
}

static void get_mode(struct regs *r)
{
    r->al = BDA_MODE | (BDA_CONTROL & CONTROL_NOT_CLEARED);
    r->ah = BDA_COLUMNS;
    r->bh = BDA_PAGE;
}

/* The services that draw: a VBE mode's window must afterwards be where the program had it */
static void drawing_service(struct regs *r)
{
    u16 bank = BDA_VBE_MODE ? dispi_get(DISPI_BANK) : 0;
    switch (r->ah) {
    case 0x06:
    case 0x07:
        scroll(r->al, r->bh, r->cx, r->dx, r->ah & 1);
        break;
    case 0x08:
        r->ax = read_cell(r->bh);
        break;
    case 0x09:
    case 0x0A:
        write_cells(r->bh, r->al, r->bl, r->cx, r->ah == 0x09 || model() != TEXT);
        break;
    case 0x0C:
        write_pixel(r->bh, r->cx, r->dx, r->al);
        break;
    case 0x0D:
        r->al = read_pixel(r->bh, r->cx, r->dx);
        break;
    case 0x0E:
        teletype(BDA_PAGE, r->al, r->bl, 0);  /* whatever page BH names: IBM's looks at no other, and programs rely on it */
        break;
    case 0x13:
        write_string(r);
        break;
    }
    if (BDA_VBE_MODE)
        dispi_set(DISPI_BANK, bank);
}

void int10(struct regs *r)
{
    switch (r->ah) {
    case 0x00: set_mode_service(r); break;
    case 0x01: set_cursor_shape(r->cx); break;
    case 0x02: set_cursor(r->bh, r->dx); break;
    case 0x03: read_cursor(r); break;
    case 0x04: r->ah = 0; break;  /* no light pen */
    case 0x05: set_page(r->al); break;
    case 0x06: case 0x07: case 0x08: case 0x09: case 0x0A: case 0x0C: case 0x0D: case 0x0E: case 0x13:
        drawing_service(r);
        break;
    case 0x0B: set_border(r); break;
    case 0x0F: get_mode(r); break;
    case 0x10: palette_service(r); break;
    case 0x11: font_service(r); break;
    case 0x12: alternate_select(r); break;
    case 0x1A: display_combination(r); break;
    case 0x1B: functionality(r); break;
    case 0x1C: save_restore(r); break;
    case 0x4F: vbe_service(r); break;
    }
}

/* Keeps the PCI address in the ROM, whose bytes must still add up to 0; does nothing where the ROM is read only */
static void note_address(u16 address)
{
    u16 rom = rom_segment(), before = pci_address;
    u8 balance = pci_balance + (u8)before + (before >> 8) - (u8)address - (address >> 8);
    poke16(rom, (u16)(u32)&pci_address, address);
    poke8(rom, (u16)(u32)&pci_balance, balance);
}

/* Power-on: vectors, BIOS data area, mode 3.  AX is the PCI address of the function. */
void post(struct regs *r)
{
    note_address(r->ax);
    outb(P_ENABLE, 1);
    u32 before = VECTOR(0x10);
    u32 entry = ROM_POINTER(int10_entry);
    if (before != entry)
        VECTOR(0x42) = before ? before : ROM_POINTER(bare_iret);
    VECTOR(0x10) = entry;
    VECTOR(0x1D) = ROM_POINTER(crtc_6845_table);
    VECTOR(INT_FONT_HIGH) = ROM_POINTER(font8 + 128 * 8);
    VECTOR(INT_FONT) = ROM_POINTER(font16);
    LOW16(0x410) = (LOW16(0x410) & ~0x30) | 0x20;  /* equipment: 80 columns, colour */
    BDA_FLAGS = FLAG_VGA | FLAG_400_LINES | 0x40;
    BDA_SWITCHES = 0xF9;  /* EGA switches for a colour display of 350 lines and more */
    BDA_CONTROL = CONTROL_MEMORY_256K;
    BDA_COMBINATION = 11;  /* the table's entry for a colour VGA alone */
    BDA_SAVE_POINTER = ROM_POINTER(save_pointer_table);
    BDA_VBE_MODE = 0;
    BDA_CRTC = 0x3D4;
    outb(P_DAC_MASK, 0xFF);
    set_mode(3);
    BDA_CGA_MODE = 0x29;
    BDA_CGA_PALETTE = 0x30;
}
