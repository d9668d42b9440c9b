/* VBE: function 4Fh. */
#include "vbe.h"

#define SIGNATURE_VESA 0x41534556
#define SIGNATURE_VBE2 0x32454256

/* -- where the frame buffer is ----------------------------------------------------------------------------------------- */

#define P_PCI_ADDRESS 0xCF8
#define P_PCI_DATA 0xCFC
#define PCI_ID 0x11111234
#define BAR_0 0x10
#define NO_ADDRESS 0xFFFF
#define ISA_FRAME_BUFFER 0xE0000000  /* of an adapter that is no PCI device */

static u32 pci_read(u16 function, u8 place)
{
    outl(P_PCI_ADDRESS, 0x80000000 | (u32)function << 8 | place);
    return inl(P_PCI_DATA);
}

static u32 bar_of(u16 function)
{
    return pci_read(function, BAR_0) & ~0x0F;
}

/* The address may have moved since POST, so it is read every time */
u32 frame_buffer(void)
{
    u32 before = inl(P_PCI_ADDRESS), address = ISA_FRAME_BUFFER;
    u16 function = pci_address;
    if (function != NO_ADDRESS && pci_read(function, 0) == PCI_ID) {
        address = bar_of(function);
    } else {
        for (function = 0; function < 256; function += 8) {
            if (pci_read(function, 0) == PCI_ID) {
                address = bar_of(function);
                break;
            }
        }
    }
    outl(P_PCI_ADDRESS, before);
    return address;
}

/* -- information about the whole --------------------------------------------------------------------------------------- */

/* Copies a text of the ROM; gives the offset behind its end */
static u16 put_text(u16 segment, u16 to, ROM u8 *text)
{
    u8 letter;
    do {
        letter = *text++;
        poke8(segment, to++, letter);
    } while (letter);
    return to;
}

/* Places of the texts' pointers, and the texts */
static ROM u8 *text_of(u8 n)
{
    return n == 0 ? oem_text : n == 1 ? vendor_text : n == 2 ? product_text : revision_text;
}

/* Function 00h.  A caller of VBE 1 has 256 bytes; one that asks for VBE2 has 512, and finds the texts in the upper half. */
static u16 information(u16 segment, u16 to)
{
    static ROM u8 places[4] = {6, 22, 26, 30};
    u8 version2 = peek16(segment, to) == (u16)SIGNATURE_VBE2 && peek16(segment, to + 2) == SIGNATURE_VBE2 >> 16, n;
    u16 texts = to + 256;
    fill8(segment, to, 0, version2 ? 512 : 256);
    poke32(segment, to, SIGNATURE_VESA);
    poke16(segment, to + 4, 0x0300);
    poke32(segment, to + 10, 0x0001);  /* the DAC can be switched to 8 bits */
    poke32(segment, to + 14, (u32)segment << 16 | (u16)(to + 34));
    poke16(segment, to + 18, dispi_get(DISPI_MEMORY_64K));
    for (n = 0; n < (version2 ? 4 : 1); n++) {
        poke32(segment, to + places[n], version2 ? (u32)segment << 16 | texts : ROM_POINTER(text_of(n)));
        if (version2)
            texts = put_text(segment, texts, text_of(n));
    }
    if (version2)
        poke16(segment, to + 20, 0x0100);  /* of this implementation */
    list_modes(segment, to + 34);
    return VBE_DONE;
}

/* -- palette ----------------------------------------------------------------------------------------------------------- */

/* Function 08h: bits of a colour part in the DAC */
static u16 dac_width(struct regs *r)
{
    u16 enable = dispi_get(DISPI_ENABLE);
    if (!BDA_VBE_MODE || dispi_get(DISPI_BPP) > 8)
        return VBE_INVALID;
    if (r->bl > 1)
        return VBE_FAILED;
    if (r->bl == 0) {
        enable = r->bh >= 8 ? enable | DISPI_8BIT_DAC : enable & ~DISPI_8BIT_DAC;
        dispi_set(DISPI_ENABLE, enable | DISPI_NO_CLEAR);
    }
    r->bh = enable & DISPI_8BIT_DAC ? 8 : 6;
    return VBE_DONE;
}

/* Function 09h: entries of blue, green, red, 0 at ES:DI */
static u16 palette_data(struct regs *r)
{
    u16 at = r->di, count = r->cx;
    u8 index = r->dx, colour[3];
    if (r->dx + count > 256 || r->dx > 255)
        return VBE_FAILED;
    switch (r->bl) {
    case 0x80:
        wait_retrace();
        /* fall through */
    case 0x00:
        for (; count; count--) {
            write_dac(index++, peek8(r->es, at + 2), peek8(r->es, at + 1), peek8(r->es, at));
            at += 4;
        }
        return VBE_DONE;
    case 0x01:
        for (; count; count--) {
            read_dac(index++, colour);
            poke8(r->es, at, colour[2]);
            poke8(r->es, at + 1, colour[1]);
            poke8(r->es, at + 2, colour[0]);
            poke8(r->es, at + 3, 0);
            at += 4;
        }
        return VBE_DONE;
    }
    return VBE_FAILED;
}

/* -- the rest ---------------------------------------------------------------------------------------------------------- */

/* Function 04h */
static u16 save_restore_state(struct regs *r)
{
    u16 parts = r->cx & 15;
    switch (r->dl) {
    case 0: r->bx = state_size(parts) >> 6; break;
    case 1: state_save(parts, r->es, r->bx); break;
    case 2: state_restore(parts, r->es, r->bx); break;
    default: return VBE_FAILED;
    }
    return VBE_DONE;
}

static u16 protected_mode_interface(struct regs *r)
{
    u32 at = ROM_POINTER(pm_interface);
    if (r->bl)
        return VBE_FAILED;
    r->es = at >> 16;
    r->di = at;
    r->cx = pm_interface_end - pm_interface;
    return VBE_DONE;
}

/* Function 0Bh: the clock that comes nearest to the one wanted.  No clock is programmed, so every one can be had. */
static u16 pixel_clock(struct regs *r)
{
    if (r->bl || !find_mode(r->dx & MODE_NUMBER).x)
        return VBE_FAILED;
    return VBE_DONE;
}

/* Function 10h: states on (0), standby (1), suspend (2), off (4); all but the first show nothing */
static u16 display_power(struct regs *r)
{
    switch (r->bl) {
    case 0:
        r->bx = 0x0710;  /* which states there are; version 1.0 */
        return VBE_DONE;
    case 1:
        if (r->bh != 0 && r->bh != 1 && r->bh != 2 && r->bh != 4)
            return VBE_FAILED;
        sequencer(1, (index_read(P_SEQUENCER, 1) & ~0x20) | (r->bh ? 0x20 : 0));
        BDA_POWER = r->bh;
        return VBE_DONE;
    case 2:
        r->bh = index_read(P_SEQUENCER, 1) & 0x20 ? BDA_POWER : 0;
        return VBE_DONE;
    }
    return VBE_FAILED;
}

/* Function 15h: display data channel */
static u16 display_data(struct regs *r)
{
    u16 i;
    switch (r->bl) {
    case 0:
        r->bx = 0x0102;  /* a second for a block; DDC2; the screen stays on */
        return VBE_DONE;
    case 1:
        if (r->cx || r->dx)  /* one controller, one block */
            return VBE_FAILED;
        for (i = 0; i < 128; i++)
            poke8(r->es, r->di + i, edid[i]);
        return VBE_DONE;
    }
    return VBE_FAILED;
}

void vbe_service(struct regs *r)
{
    u16 result = VBE_UNKNOWN;
    if (!dispi_present()) {
        r->ax = result;
        return;
    }
    switch (r->al) {
    case 0x00: result = information(r->es, r->di); break;
    case 0x01: result = mode_information(r->cx, r->es, r->di); break;
    case 0x02: result = set_vbe_mode(r->bx); break;
    case 0x03:
        r->bx = current_mode();
        result = VBE_DONE;
        break;
    case 0x04: result = save_restore_state(r); break;
    case 0x05: result = window_service(r); break;
    case 0x06: result = line_length(r); break;
    case 0x07: result = display_start(r); break;
    case 0x08: result = dac_width(r); break;
    case 0x09: result = palette_data(r); break;
    case 0x0A: result = protected_mode_interface(r); break;
    case 0x0B: result = pixel_clock(r); break;
    case 0x10: result = display_power(r); break;
    case 0x15: result = display_data(r); break;
    }
    r->ax = result;
}
