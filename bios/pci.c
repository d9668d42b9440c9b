/* PCI: bases for what asks for room, interrupt lines, and the chipset's own registers. */
#include "post.h"

#define IO_BASE 0xC000
#define MEMORY_TOP 0xFEC00000
#define MAX_BARS 96
#define CLASS_BRIDGE 0x0600

static const u8 lines[4] = { 10, 10, 11, 11 };

u32 pci_read(u16 bdf, u8 reg) { outl(0xCF8, 0x80000000 | (u32)bdf << 8 | (reg & 0xFC)); return inl(0xCFC); }
void pci_write(u16 bdf, u8 reg, u32 v) { outl(0xCF8, 0x80000000 | (u32)bdf << 8 | (reg & 0xFC)); outl(0xCFC, v); }
void pci_write8(u16 bdf, u8 reg, u8 v) { outl(0xCF8, 0x80000000 | (u32)bdf << 8 | (reg & 0xFC)); outb(0xCFC + (reg & 3), v); }
static void pci_write16(u16 bdf, u8 reg, u16 v) { outl(0xCF8, 0x80000000 | (u32)bdf << 8 | (reg & 0xFC)); outw(0xCFC + (reg & 2), v); }

static struct bar { u32 size; u8 bdf, reg, io, wide; } bars[MAX_BARS];
static u32 bar_count;

static void size_bars(u8 bdf)
{
    for (u8 reg = 0x10; reg <= 0x30; reg += 4) {
        if (reg == 0x28)
            reg = 0x30;
        u32 old = pci_read(bdf, reg);
        pci_write(bdf, reg, reg == 0x30 ? 0xFFFFF800 : 0xFFFFFFFF);
        u32 got = pci_read(bdf, reg);
        pci_write(bdf, reg, old);
        if (!got || got == 0xFFFFFFFF || bar_count == MAX_BARS)
            continue;
        int io = reg != 0x30 && got & 1, wide = reg != 0x30 && !io && (got & 6) == 4;
        u32 mask = got & (io ? 0xFFFFFFFC : reg == 0x30 ? 0xFFFFF800 : 0xFFFFFFF0);
        if (io)
            mask |= 0xFFFF0000;
        bars[bar_count++] = (struct bar){ -mask, bdf, reg, io, wide };
        if (wide)
            reg += 4;
    }
}

static void chipset(u8 bdf, u32 id)
{
    if (id == 0x70008086 || id == 0x71108086) {         /* PIIX3, PIIX4: interrupt routing */
        for (u8 i = 0; i < 4; i++)
            pci_write8(bdf, 0x60 + i, lines[i]);
        outb(0x4D0, 0);
        outb(0x4D1, 0x0C);
    } else if (id == 0x70108086 || id == 0x71118086) {  /* IDE: both channels decode */
        pci_write16(bdf, 0x40, 0x8000);
        pci_write16(bdf, 0x42, 0x8000);
    } else if (id == 0x71138086) {                      /* power management at 600h, SMBus at 700h */
        pci_write(bdf, 0x40, 0x601);
        pci_write8(bdf, 0x80, 1);
        pci_write(bdf, 0x90, 0x701);
        pci_write8(bdf, 0xD2, 9);
        pci_write8(bdf, 0x3C, 9);
    }
}

/* The first function from bdf on; 256: none. */
u32 pci_next(u32 bdf)
{
    for (; bdf < 256; bdf++) {
        u16 vendor = pci_read(bdf, 0);
        if (bdf & 7 && !(pci_read(bdf & ~7, 0x0C) & 0x800000))
            bdf |= 7;                                   /* no further functions */
        else if (vendor != 0xFFFF && vendor)
            break;
        else if (!(bdf & 7))
            bdf |= 7;
    }
    return bdf;
}

void pci_init(void)
{
    u32 io = IO_BASE, total = 0, largest = 0x1000;
    for (u32 bdf = 0; (bdf = pci_next(bdf)) < 256; bdf++) {
        u8 pin = pci_read(bdf, 0x3C) >> 8;
        if ((pci_read(bdf, 0x0C) >> 16 & 0x7F) == 0 && pci_read(bdf, 0x08) >> 16 != CLASS_BRIDGE)
            size_bars(bdf);
        if (pin >= 1 && pin <= 4)
            pci_write8(bdf, 0x3C, lines[((bdf >> 3) + pin - 2) & 3]);
        chipset(bdf, pci_read(bdf, 0));
    }
    for (u32 i = 0; i < bar_count; i++)
        if (!bars[i].io) {
            total += bars[i].size;
            if (bars[i].size > largest)
                largest = bars[i].size;
        }
    u32 memory = (MEMORY_TOP - total) & -largest;
    for (u32 size = 0x80000000; size >= 4; size >>= 1)  /* largest first: everything is aligned then */
        for (u32 i = 0; i < bar_count; i++) {
            struct bar *b = &bars[i];
            if (b->size != size)
                continue;
            u32 *at = b->io ? &io : &memory;
            pci_write(b->bdf, b->reg, *at);
            if (b->wide)
                pci_write(b->bdf, b->reg + 4, 0);
            *at += size;
            pci_write16(b->bdf, 0x04, pci_read(b->bdf, 0x04) | (b->io ? 1 : 2) | 0x0100);
        }
}
