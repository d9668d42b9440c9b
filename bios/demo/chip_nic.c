/* NE2000, as a PCI or an ISA card: the address in its PROM. */
#include "core.h"

enum { CR = 0, ISR = 7, RSAR0 = 8, RSAR1, RBCR0, RBCR1, DCR = 14, REMOTE = 0x10, RESET = 0x1F };
enum { STOP = 1, START = 2, READ = 0x08, ABORT = 0x20, DCR_BYTES = 0x48, RESET_DONE = 0x80 };
#define ISA_BASE 0x300

static int read_prom(u16 base, u8 *prom)
{
    outb(base + RESET, inb(base + RESET));
    if (!WAIT(inb(base + ISR) & RESET_DONE, 5) || inb(base + ISR) == 0xFF)
        return 0;
    outb(base + CR, ABORT | STOP);
    outb(base + DCR, DCR_BYTES);
    outb(base + RBCR0, 32);
    outb(base + RBCR1, 0);
    outb(base + RSAR0, 0);
    outb(base + RSAR1, 0);
    outb(base + CR, READ | START);
    for (u32 i = 0; i < 32; i++)
        prom[i] = inb(base + REMOTE);
    outb(base + CR, ABORT | STOP);
    return 1;
}

void check_nic(struct check *c)
{
    struct pci *p = NULL;
    u8 prom[32];
    for (u32 i = 0; i < pci_count; i++)
        if (pci[i].vendor == 0x10EC && pci[i].id == 0x8029)
            p = &pci[i];
    u16 base = p ? p->bar[0] & 0xFFE0 : ISA_BASE;
    if (!p && inb(base) == 0xFF) {
        struct pci *other = pci_class(0x020000, 0xFF0000);
        absent(c, other ? "no NE2000" : "none");
        return;
    }
    if (!read_prom(base, prom))
        (p ? fail : absent)(c, p ? "no reset" : "none");
    else if (prom[28] != 0x57)
        fail(c, "no NE2000 mark");
    else
        pass(c, "%02x:%02x:%02x:%02x:%02x:%02x", prom[0], prom[2], prom[4], prom[6], prom[8], prom[10]);
    detail(c, "%s NE2000 at %x", p ? "PCI" : "ISA", base);
}
