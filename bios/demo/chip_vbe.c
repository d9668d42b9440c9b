/* VESA BIOS and, where it is there, Bochs' display interface: the mode in force, memory beyond the picture. */
#include "core.h"
#include "screen.h"

#define DISPI_INDEX 0x1CE
#define DISPI_DATA 0x1CF

void check_vbe(struct check *c)
{
    if (!screen.base) {
        absent(c, "no 800x600 mode");
        return;
    }
    volatile u32 *hidden = (u32 *)(screen.base + screen.pitch * screen.height);
    u32 before = *hidden, good;
    *hidden = 0x12345678;
    good = *hidden == 0x12345678;
    *hidden = before;
    outw(DISPI_INDEX, 0);
    u32 id = inw(DISPI_DATA);
    (good ? pass : fail)(c, good ? "%ux%u, %u MiB" : "frame buffer", screen.width, screen.height, vbe_info.memory_64k / 16);
    detail(c, "VBE %u.%u, frame buffer at %08x%s", vbe_info.version >> 8, vbe_info.version & 0xFF, (u32)screen.base,
           (id & 0xFFF0) == 0xB0C0 ? ", DISPI" : "");
}
