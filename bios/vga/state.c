/* What the adapter is, and its state as a whole: functions 12h, 1Ah, 1Bh, 1Ch. */
#include "vga.h"

/* -- function 12h: alternate select ------------------------------------------------------------------------------------ */

static void set_flag(u8 flag, u8 on)
{
    BDA_FLAGS = on ? BDA_FLAGS | flag : BDA_FLAGS & ~flag;
}

/* Scan lines of the text modes from the next mode set on: AL = 0, 1, 2 for 200, 350, 400 */
static void select_lines(u8 choice)
{
    static ROM u8 flags[3] = {FLAG_200_LINES, 0, FLAG_400_LINES};
    static ROM u8 switches[3] = {8, 9, 9};
    BDA_FLAGS = (BDA_FLAGS & ~(FLAG_200_LINES | FLAG_400_LINES)) | flags[choice];
    BDA_SWITCHES = (BDA_SWITCHES & 0xF0) | switches[choice];
}

void alternate_select(struct regs *r)
{
    switch (r->bl) {
    case 0x10:
        r->bh = BDA_FLAGS & FLAG_MONO ? 1 : 0;
        r->bl = 3;  /* 256 KiB */
        r->ch = 0;
        r->cl = BDA_SWITCHES & 0x0F;
        return;
    case 0x20: break;  /* another print-screen routine: INT 5 of the system BIOS knows how many rows there are */
    case 0x30:
        if (r->al > 2)
            return;
        select_lines(r->al);
        break;
    case 0x31: set_flag(FLAG_NO_PALETTE, r->al & 1); break;
    case 0x32:
        outb(P_MISC_WRITE, (inb(P_MISC_READ) & ~0x02) | (r->al & 1 ? 0 : 0x02));
        break;
    case 0x33: set_flag(FLAG_GREY, !(r->al & 1)); break;
    case 0x34:
        BDA_CONTROL = (BDA_CONTROL & ~CONTROL_NO_EMULATION) | (r->al & 1);
        break;
    case 0x36:
        sequencer(1, (index_read(P_SEQUENCER, 1) & ~0x20) | (r->al & 1) << 5);
        break;
    default: return;
    }
    r->al = 0x12;  /* the function is known */
}

/* -- functions 1Ah and 1Bh --------------------------------------------------------------------------------------------- */

/* The active display in the lower half, the other one in the upper */
static u16 combination(void)
{
    ROM u8 *entry = combinations + 4 + BDA_COMBINATION * 2;
    if (BDA_COMBINATION >= combinations[0])
        return 0xFFFF;
    return (u16)(entry[0] << 8 | entry[1]);
}

void display_combination(struct regs *r)
{
    u8 i;
    if (r->al == 0) {
        r->bx = combination();
    } else if (r->al == 1) {
        ROM u8 *entry = combinations + 4;
        for (i = 0; i < combinations[0]; i++, entry += 2) {
            if ((entry[1] == r->bl && entry[0] == r->bh) || (entry[0] == r->bl && entry[1] == r->bh))
                BDA_COMBINATION = i;
        }
    } else
        return;
    r->al = 0x1A;
}

static u16 colours_of(u8 kind)
{
    u8 mode = BDA_MODE & 0x7F;
    switch (kind) {
    case CGA_4: return 4;
    case CGA_2: return 2;
    case PACKED: return 256;
    case PLANAR: return mode == 0x0F || mode == 0x11 ? 2 : 16;
    }
    return mode == 7 ? 0 : 16;
}

/* Pages that a mode's memory has room for */
static u8 pages_of(u8 kind)
{
    u8 mode = BDA_MODE & 0x7F;
    if (kind == TEXT || mode == 0x0D)
        return 8;
    return mode == 0x0E ? 4 : mode == 0x0F || mode == 0x10 ? 2 : 1;
}

/* Scan lines: 0, 1, 2, 3 for 200, 350, 400, 480, of which rows of characters may leave a few */
static u8 lines_code(void)
{
    u16 lines = (BDA_LAST_ROW + 1) * BDA_CHAR_HEIGHT;
    return lines >= 480 ? 3 : lines > 350 ? 2 : lines > 200 ? 1 : 0;
}

/* 64 bytes at ES:DI */
void functionality(struct regs *r)
{
    u16 to = r->di, i;
    u8 kind = model(), font = index_read(P_SEQUENCER, 3);
    if (r->bx != 0)
        return;
    fill8(r->es, to, 0, 64);
    poke32(r->es, to, ROM_POINTER(static_functionality));
    for (i = 0; i < 0x1E; i++)
        poke8(r->es, to + 4 + i, LOW8(0x449 + i));  /* mode to CGA palette */
    poke8(r->es, to + 0x22, BDA_LAST_ROW + 1);
    poke16(r->es, to + 0x23, BDA_CHAR_HEIGHT);
    poke16(r->es, to + 0x25, combination());
    poke16(r->es, to + 0x27, colours_of(kind));
    poke8(r->es, to + 0x29, pages_of(kind));
    poke8(r->es, to + 0x2A, lines_code());
    poke8(r->es, to + 0x2B, (font & 3) | (font & 0x10) >> 2);
    poke8(r->es, to + 0x2C, (font >> 2 & 3) | (font & 0x20) >> 3);
    poke8(r->es, to + 0x2D, (BDA_CONTROL & CONTROL_NO_EMULATION ? 0 : 0x10) | (BDA_FLAGS & FLAG_NO_PALETTE)
          | (BDA_FLAGS & FLAG_GREY) | 0x01 | (BDA_CGA_MODE & 0x20) | (BDA_FLAGS & FLAG_MONO));
    poke8(r->es, to + 0x31, 3);  /* 256 KiB */
    r->al = 0x1B;
}

/* -- function 1Ch, and 04h of VBE -------------------------------------------------------------------------------------- */

#define PART_REGISTERS 1
#define PART_DATA 2
#define PART_DAC 4
#define PART_DISPI 8

#define SIZE_REGISTERS 128
#define SIZE_DATA 64
#define SIZE_DAC 832
#define SIZE_DISPI 64

/* Parts of the BIOS data area, the two fonts' vectors, and ours */
static ROM u16 data_parts[][2] = {{0x410, 1}, {0x449, 0x1E}, {0x484, 7}, {0x4A8, 4}, {0x1F * 4, 4}, {0x43 * 4, 4}, {0x4BA, 4}};

u16 state_size(u16 parts)
{
    return (parts & PART_REGISTERS ? SIZE_REGISTERS : 0) + (parts & PART_DATA ? SIZE_DATA : 0)
        + (parts & PART_DAC ? SIZE_DAC : 0) + (parts & PART_DISPI ? SIZE_DISPI : 0);
}

/* Index registers first, then what they lead to; reading the data moves them */
static void save_registers(u16 segment, u16 to)
{
    u16 base = inb(P_MISC_READ) & 1 ? 0x3D4 : 0x3B4;
    u8 i, indexes[4];
    inb(base + 6);
    indexes[0] = inb(P_SEQUENCER);
    indexes[1] = inb(base);
    indexes[2] = inb(P_GRAPHICS);
    indexes[3] = inb(P_ATTRIBUTE);
    for (i = 0; i < 4; i++)
        poke8(segment, to++, indexes[i]);
    poke16(segment, to, base);
    poke8(segment, to + 2, inb(P_MISC_READ));
    poke8(segment, to + 3, inb(P_FEATURE_READ));
    to += 4;
    for (i = 0; i < 5; i++)
        poke8(segment, to++, index_read(P_SEQUENCER, i));
    for (i = 0; i < 25; i++)
        poke8(segment, to++, index_read(base, i));
    for (i = 0; i < 9; i++)
        poke8(segment, to++, index_read(P_GRAPHICS, i));
    for (i = 0; i < 21; i++) {
        inb(base + 6);
        outb(P_ATTRIBUTE, i | (indexes[3] & 0x20));
        poke8(segment, to++, inb(P_ATTRIBUTE_READ));
    }
    inb(base + 6);
    outb(P_ATTRIBUTE, indexes[3]);
    inb(base + 6);
    outb(P_SEQUENCER, indexes[0]);
    outb(base, indexes[1]);
    outb(P_GRAPHICS, indexes[2]);
}

static void restore_registers(u16 segment, u16 from)
{
    u16 indexes = from, base = peek16(segment, from + 4);
    u8 i;
    if (base != 0x3B4)
        base = 0x3D4;
    sequencer(0, 1);
    outb(P_MISC_WRITE, peek8(segment, from + 6));
    outb(base + 6, peek8(segment, from + 7));
    from += 8;
    for (i = 1; i < 5; i++)
        sequencer(i, peek8(segment, from + i));
    sequencer(0, peek8(segment, from));
    from += 5;
    index_write(base, 0x11, peek8(segment, from + 0x11) & 0x7F);
    for (i = 0; i < 25; i++)
        index_write(base, i, peek8(segment, from++));
    for (i = 0; i < 9; i++)
        graphics(i, peek8(segment, from++));
    for (i = 0; i < 21; i++) {
        inb(base + 6);
        outb(P_ATTRIBUTE, i);
        outb(P_ATTRIBUTE, peek8(segment, from++));
    }
    inb(base + 6);
    outb(P_ATTRIBUTE, peek8(segment, indexes + 3));
    inb(base + 6);
    outb(P_SEQUENCER, peek8(segment, indexes));
    outb(base, peek8(segment, indexes + 1));
    outb(P_GRAPHICS, peek8(segment, indexes + 2));
}

static void save_data(u16 segment, u16 to)
{
    u16 i, part;
    for (part = 0; part < sizeof data_parts / sizeof data_parts[0]; part++) {
        for (i = 0; i < data_parts[part][1]; i++)
            poke8(segment, to++, LOW8(data_parts[part][0] + i));
    }
}

static void restore_data(u16 segment, u16 from)
{
    u16 i, part;
    for (part = 0; part < sizeof data_parts / sizeof data_parts[0]; part++) {
        for (i = 0; i < data_parts[part][1]; i++) {
            u8 value = peek8(segment, from++);
            if (part == 0)  /* of the equipment word the display's bits only */
                value = (LOW8(0x410) & ~0x30) | (value & 0x30);
            LOW8(data_parts[part][0] + i) = value;
        }
    }
}

static void save_dac(u16 segment, u16 to)
{
    u16 i;
    poke8(segment, to++, inb(P_DAC_READ));
    poke8(segment, to++, inb(P_DAC_WRITE));
    poke8(segment, to++, inb(P_DAC_MASK));
    poke8(segment, to++, attribute_read(0x14));
    outb(P_DAC_READ, 0);
    for (i = 0; i < 768; i++)
        poke8(segment, to++, inb(P_DAC_DATA));
    outb(P_DAC_WRITE, peek8(segment, to - 771));
}

static void restore_dac(u16 segment, u16 from)
{
    u16 i;
    u8 write = peek8(segment, from + 1);
    outb(P_DAC_MASK, peek8(segment, from + 2));
    attribute_write(0x14, peek8(segment, from + 3));
    from += 4;
    outb(P_DAC_WRITE, 0);
    for (i = 0; i < 768; i++)
        outb(P_DAC_DATA, peek8(segment, from++));
    outb(P_DAC_WRITE, write);
}

static void save_dispi(u16 segment, u16 to)
{
    u8 i;
    for (i = DISPI_XRES; i <= DISPI_Y_OFFSET; i++) {
        poke16(segment, to, dispi_present() ? dispi_get(i) : 0);
        to += 2;
    }
}

static u16 saved_dispi(u16 segment, u16 from, u8 index) { return peek16(segment, from + (index - 1) * 2); }

static void restore_dispi(u16 segment, u16 from)
{
    u16 enable = saved_dispi(segment, from, DISPI_ENABLE);
    u8 i;
    if (!dispi_present())
        return;
    dispi_set(DISPI_ENABLE, 0);
    for (i = DISPI_XRES; i <= DISPI_BPP; i++)
        dispi_set(i, saved_dispi(segment, from, i));
    if (!(enable & DISPI_ENABLED))
        return;
    dispi_set(DISPI_ENABLE, enable | DISPI_NO_CLEAR);
    dispi_set(DISPI_BANK, saved_dispi(segment, from, DISPI_BANK));
    dispi_set(DISPI_VIRT_WIDTH, saved_dispi(segment, from, DISPI_VIRT_WIDTH));
    dispi_set(DISPI_X_OFFSET, saved_dispi(segment, from, DISPI_X_OFFSET));
    dispi_set(DISPI_Y_OFFSET, saved_dispi(segment, from, DISPI_Y_OFFSET));
}

void state_save(u16 parts, u16 segment, u16 to)
{
    if (parts & PART_REGISTERS) {
        save_registers(segment, to);
        to += SIZE_REGISTERS;
    }
    if (parts & PART_DATA) {
        save_data(segment, to);
        to += SIZE_DATA;
    }
    if (parts & PART_DAC) {
        save_dac(segment, to);
        to += SIZE_DAC;
    }
    if (parts & PART_DISPI)
        save_dispi(segment, to);
}

void state_restore(u16 parts, u16 segment, u16 from)
{
    if (parts & PART_DISPI)  /* starting a mode of it may change registers of the VGA: first */
        restore_dispi(segment, from + state_size(parts & ~PART_DISPI));
    if (parts & PART_REGISTERS) {
        restore_registers(segment, from);
        from += SIZE_REGISTERS;
    }
    if (parts & PART_DATA) {
        restore_data(segment, from);
        from += SIZE_DATA;
    }
    if (parts & PART_DAC)
        restore_dac(segment, from);
}

void save_restore(struct regs *r)
{
    u16 parts = r->cx & 7;
    switch (r->al) {
    case 0: r->bx = state_size(parts) >> 6; break;
    case 1: state_save(parts, r->es, r->bx); break;
    case 2: state_restore(parts, r->es, r->bx); break;
    default: return;
    }
    r->al = 0x1C;
}
