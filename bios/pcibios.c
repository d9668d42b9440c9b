/* PCI BIOS 2.1: INT 1Ah AH = B1h, and the same from protected mode (no memory but the caller's stack is touched there). */
#include "types.h"
#ifdef MODE16
#include "services.h"
#else
struct regs;
#endif

#define NOT_SUPPORTED 0x81
#define BAD_VENDOR 0x83
#define NOT_FOUND 0x86
#define BAD_REGISTER 0x87
#define SET_FAILED 0x88
#define BUFFER_SMALL 0x89

static inline u32 config_address(u16 bdf, u16 reg) { return 0x80000000 | (u32)bdf << 8 | (reg & 0xFC); }
static inline u32 config_read32(u16 bdf, u16 reg) { outl(0xCF8, config_address(bdf, reg)); return inl(0xCFC); }

/* The index-th function for which `value` shows under `mask` at `reg`; FFFFh: none. */
static u16 find(u32 mask, u32 value, u16 reg, u16 index)
{
    for (u32 bdf = 0; bdf < 256; bdf++) {
        u32 id = config_read32(bdf, 0);
        if ((u16)id == 0xFFFF || (u16)id == 0) {
            if (!(bdf & 7))
                bdf |= 7;
            continue;
        }
        if ((config_read32(bdf, reg) & mask) == value && !index--)
            return bdf;
        if (!(bdf & 7) && !(config_read32(bdf, 0x0C) & 0x800000))
            bdf |= 7;
    }
    return 0xFFFF;
}

#ifdef MODE16
static u8 routing(struct regs *r)
{
    u16 seg = r->es, at = r->di, room = peek16(seg, at), off = peek16(seg, at + 2), to = peek16(seg, at + 4);
    const u8 *pir = (const u8 *)shared.pir_at;
    u16 size = shared.pir_at ? *(const u16 *)(pir + 6) - 32 : 0;
    if (!size)
        return NOT_SUPPORTED;
    poke16(seg, at, size);
    if (room < size)
        return BUFFER_SMALL;
    for (u16 i = 0; i < size; i++)
        poke8(to, off + i, pir[32 + i]);
    r->bx = *(const u16 *)(pir + 8);
    return 0;
}
#endif

#ifdef MODE16
void HANDLER pci_service(struct regs *r)
#else
__attribute__((regparm(3))) void pci_service32(struct regs *r)
#endif
{
    u8 status = 0, function = r->al & 0x7F;
    u16 bdf;
    if (function == 0x01) {
        r->edx = 0x20494350;            /* "PCI " */
        r->ax = 0x0001;                 /* mechanism 1 */
        r->bx = 0x0210;
        r->cl = 0;
#ifdef MODE16
        r->edi = shared.pci_entry;
#endif
        r->flags &= ~F_CF;
        return;
    }
    if (function == 0x02 || function == 0x03) {
        if (function == 0x02 && r->dx == 0xFFFF)
            status = BAD_VENDOR;
        else
            bdf = function == 0x02 ? find(0xFFFFFFFF, (u32)r->cx << 16 | r->dx, 0x00, r->si) : find(0xFFFFFF00, r->ecx << 8, 0x08, r->si);
        if (!status && bdf == 0xFFFF)
            status = NOT_FOUND;
        if (!status)
            r->bx = bdf;
    } else if (function >= 0x08 && function <= 0x0D) {
        u8 size = function == 0x08 || function == 0x0B ? 1 : function == 0x09 || function == 0x0C ? 2 : 4;
        u16 port = 0xCFC + (r->di & 3 & -size);
        if (r->di > 0xFF || r->di & (size - 1)) {
            status = BAD_REGISTER;
        } else {
            outl(0xCF8, config_address(r->bx, r->di));
            if (function == 0x08)
                r->cl = inb(port);
            else if (function == 0x09)
                r->cx = inw(port);
            else if (function == 0x0A)
                r->ecx = inl(port);
            else if (function == 0x0B)
                outb(port, r->cl);
            else if (function == 0x0C)
                outw(port, r->cx);
            else
                outl(port, r->ecx);
        }
#ifdef MODE16
    } else if (function == 0x0E) {
        status = routing(r);
#endif
    } else if (function == 0x0F) {      /* route a line: CL the pin (0Ah is A), CH the IRQ, BX the function */
        u8 pin = r->cl - 0x0A, link = ((r->bl >> 3) + pin - 1) & 3;
        if (pin > 3 || r->ch > 15) {
            status = SET_FAILED;
        } else {
            outl(0xCF8, 0x80000860);
            outb(0xCFC + link, r->ch);
            u16 elcr = r->ch < 8 ? 0x4D0 : 0x4D1;
            outb(elcr, inb(elcr) | 1 << (r->ch & 7));
        }
    } else {
        status = NOT_SUPPORTED;
    }
    r->ah = status;
    r->flags = status ? r->flags | F_CF : r->flags & ~F_CF;
}
