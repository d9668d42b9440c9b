/* PCI configuration space by mechanism 1, and names. */
#include "core.h"

#define ADDRESS 0xCF8
#define DATA 0xCFC
#define BUSES 4

struct pci pci[32];
u32 pci_count;

static u32 read_at(u32 bus, u32 device, u32 function, u32 at)
{
    outl(ADDRESS, 0x80000000 | bus << 16 | device << 11 | function << 8 | (at & 0xFC));
    return inl(DATA);
}

u32 pci_read(const struct pci *p, u32 at) { return read_at(p->bus, p->device, p->function, at); }

void pci_write(const struct pci *p, u32 at, u32 value)
{
    outl(ADDRESS, 0x80000000 | p->bus << 16 | p->device << 11 | p->function << 8 | (at & 0xFC));
    outl(DATA, value);
}

static void add(u32 bus, u32 device, u32 function, u32 id)
{
    if (pci_count == ARRAY_SIZE(pci))
        return;
    struct pci *p = &pci[pci_count++];
    p->bus = bus;
    p->device = device;
    p->function = function;
    p->vendor = id;
    p->id = id >> 16;
    p->class = pci_read(p, 8) >> 8;
    p->header = pci_read(p, 12) >> 16;
    p->line = pci_read(p, 60);
    p->pin = pci_read(p, 60) >> 8;
    for (u32 i = 0; i < (p->header & 0x7F ? 2 : 6); i++)
        p->bar[i] = pci_read(p, 16 + i * 4);
}

void pci_scan(void)
{
    outl(ADDRESS, 0x80000000);
    if (inl(ADDRESS) != 0x80000000)
        return;
    for (u32 bus = 0, last = 0; bus <= last; bus++)
        for (u32 device = 0; device < 32; device++)
            for (u32 function = 0; function < 8; function++) {
                u32 id = read_at(bus, device, function, 0);
                if ((u16)id != 0xFFFF) {
                    add(bus, device, function, id);
                    if (pci_count && pci[pci_count - 1].class >> 8 == 0x0604 && last < BUSES)
                        last++;
                }
                if (!function && ((u16)id == 0xFFFF || !(read_at(bus, device, 0, 12) & 0x800000)))
                    break;
            }
}

struct pci *pci_class(u32 class24, u32 mask)
{
    for (u32 i = 0; i < pci_count; i++)
        if ((pci[i].class & mask) == class24)
            return &pci[i];
    return NULL;
}

const char *pci_class_name(u32 class24)
{
    static const struct { u16 class; const char *name; } names[] = {
        { 0x0100, "SCSI controller" }, { 0x0101, "IDE controller" }, { 0x0106, "SATA controller" }, { 0x0108, "NVMe controller" },
        { 0x0200, "Ethernet" }, { 0x0300, "VGA display" }, { 0x0380, "display" }, { 0x0401, "sound" }, { 0x0403, "HD audio" },
        { 0x0600, "host bridge" }, { 0x0601, "ISA bridge" }, { 0x0604, "PCI bridge" }, { 0x0680, "bridge" },
        { 0x0C03, "USB controller" }, { 0x0C05, "SMBus" }, { 0x0500, "RAM" }, { 0x0700, "serial port" }, { 0x00FF, "other" },
    };
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].class == class24 >> 8)
            return names[i].name;
    return "other";
}

const char *pci_name(const struct pci *p)
{
    static const struct { u16 vendor, id; const char *name; } names[] = {
        { 0x8086, 0x1237, "Intel 440FX" }, { 0x8086, 0x7000, "PIIX3 ISA" }, { 0x8086, 0x7010, "PIIX3 IDE" },
        { 0x8086, 0x7110, "PIIX4 ISA" }, { 0x8086, 0x7111, "PIIX4 IDE" }, { 0x8086, 0x7113, "PIIX4 power" }, { 0x8086, 0x7020, "PIIX3 USB" },
        { 0x8086, 0x100E, "Intel 82540EM" }, { 0x1234, 0x1111, "Bochs VBE" }, { 0x10EC, 0x8029, "RTL8029 NE2000" },
        { 0x8086, 0x1110, "Intel" }, { 0x1013, 0x00B8, "Cirrus GD5446" },
    };
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].vendor == p->vendor && names[i].id == p->id)
            return names[i].name;
    return "";
}
