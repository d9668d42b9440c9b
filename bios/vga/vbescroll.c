/* VBE: the window on video memory, the length of a line, the start of the picture. */
#include "vbe.h"

/* Function 05h; the far call is in entry.S */
u16 window_service(struct regs *r)
{
    if (!BDA_VBE_MODE || BDA_VBE_MODE & MODE_LINEAR)
        return VBE_INVALID;
    if (r->bl || r->bh > 1)
        return VBE_FAILED;
    if (r->bh == 0) {
        u16 last = dispi_get(DISPI_MEMORY_64K);
        if (dispi_get(DISPI_BPP) == 4)
            last >>= 2;
        if (r->dx >= last)
            return VBE_FAILED;
        dispi_set(DISPI_BANK, r->dx);
    } else
        r->dx = dispi_get(DISPI_BANK);
    return VBE_DONE;
}

/* Pixels of a byte, or bytes of a pixel */
static u8 planar_mode(void) { return dispi_get(DISPI_BPP) == 4; }
static u8 bytes_of_pixel(void) { return (dispi_get(DISPI_BPP) + 7) >> 3; }

u16 pitch(void)
{
    u16 width = dispi_get(DISPI_VIRT_WIDTH);
    return planar_mode() ? width >> 3 : width * bytes_of_pixel();
}

static u32 memory_of_plane(void)
{
    u32 bytes = (u32)dispi_get(DISPI_MEMORY_64K) << 16;
    return planar_mode() ? bytes >> 2 : bytes;
}

/* The longest line with which the picture still fits */
static u16 longest_line(void)
{
    u32 bytes = memory_of_plane() / dispi_get(DISPI_YRES);
    u32 pixels = planar_mode() ? bytes << 3 : bytes / bytes_of_pixel();
    return pixels > 0x7FF8 / bytes_of_pixel() ? 0x7FF8 / bytes_of_pixel() : pixels & ~7;
}

/* Function 06h */
u16 line_length(struct regs *r)
{
    u16 width = r->cx, height;
    u32 lines;
    if (!BDA_VBE_MODE)
        return VBE_INVALID;
    switch (r->bl) {
    case 2:
        width = planar_mode() ? r->cx << 3 : (r->cx + bytes_of_pixel() - 1) / bytes_of_pixel();
        /* fall through */
    case 0:
        if (planar_mode())
            width = (width + 7) & ~7;
        if (width > longest_line())
            return VBE_FAILED;
        if (width < dispi_get(DISPI_XRES))
            width = dispi_get(DISPI_XRES);
        dispi_set(DISPI_VIRT_WIDTH, width);
        break;
    case 1: break;
    case 3:
        r->cx = longest_line();
        r->bx = planar_mode() ? r->cx >> 3 : r->cx * bytes_of_pixel();
        r->dx = dispi_get(DISPI_YRES);
        return VBE_DONE;
    default: return VBE_FAILED;
    }
    r->bx = pitch();
    r->cx = dispi_get(DISPI_VIRT_WIDTH);
    lines = r->bx ? memory_of_plane() / r->bx : 0;
    height = lines > 0xFFFF ? 0xFFFF : lines;
    r->dx = height;
    return VBE_DONE;
}

void wait_retrace(void)
{
    u32 most = 0x10000;  /* a display that is off has none */
    while (!(inb(status_port()) & 8) && --most)
        ;
}

static u16 start_at(u16 x, u16 y)
{
    if ((u32)(y + dispi_get(DISPI_YRES)) * pitch() > memory_of_plane()
            || x + dispi_get(DISPI_XRES) > dispi_get(DISPI_VIRT_WIDTH))
        return VBE_FAILED;
    dispi_set(DISPI_X_OFFSET, x);
    dispi_set(DISPI_Y_OFFSET, y);
    return VBE_DONE;
}

/* Function 07h.  02h starts at an address in bytes and at the next retrace: at once is early enough, so nothing is ever
 * pending (04h). */
u16 display_start(struct regs *r)
{
    if (!BDA_VBE_MODE)
        return VBE_INVALID;
    switch (r->bl) {
    case 0x80:
        wait_retrace();
        /* fall through */
    case 0x00:
        return start_at(r->cx, r->dx);
    case 0x01:
        r->bh = 0;
        r->cx = dispi_get(DISPI_X_OFFSET);
        r->dx = dispi_get(DISPI_Y_OFFSET);
        return VBE_DONE;
    case 0x82:
        wait_retrace();
        /* fall through */
    case 0x02: {
        u32 x = r->ecx % pitch(), y = r->ecx / pitch();
        x = planar_mode() ? x << 3 : x / bytes_of_pixel();
        return y > 0xFFFF ? VBE_FAILED : start_at(x, y);
    }
    case 0x04:
        r->cx = 1;
        return VBE_DONE;
    }
    return VBE_FAILED;
}
