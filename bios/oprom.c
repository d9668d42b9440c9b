/* Option ROMs: of PCI devices, of the machine (genroms/), and such as lie in memory already. */
#include "post.h"

#define FIRST 0xC0000
#define END 0xE0000

static u32 next = FIRST;

static int valid(const u8 *rom, u32 room)
{
    u32 size = rom[2] * 512;
    return rom[0] == 0x55 && rom[1] == 0xAA && size && size <= room;
}

/* Registers as the PCI firmware and Plug and Play BIOS specifications have them. */
static void call(u16 segment, u16 offset, u16 bdf)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ax = bdf;
    r.bx = 0xFFFF;
    r.dx = 0xFFFF;
    r.es = 0xF000;
    r.di = shared.pnp_at;
    run_far(segment, offset, &r);
}

/* Run the initialisation, and look for something to boot in the expansion headers. */
static void run(u32 at, u16 bdf, const char *file)
{
    u8 *rom = (u8 *)at;
    call(at >> 4, 3, bdf);
    u32 size = rom[2] * 512, pnp = *(u16 *)(rom + 0x1A);
    u32 limit = (at + size + 2047) & -2048;
    if (limit > next)
        next = limit;
    for (u32 n = 0; n < 8 && pnp && pnp + 32 <= size && !memcmp(rom + pnp, "$PnP", 4); n++) {
        u16 connect = *(u16 *)(rom + pnp + 0x16), entry = *(u16 *)(rom + pnp + 0x1A), name = *(u16 *)(rom + pnp + 0x10);
        if (connect)                    /* it has disks for INT 13h */
            call(at >> 4, connect, bdf);
        if (entry)
            boot_add_rom(at >> 4, entry, name ? (char *)rom + name : "option ROM", bdf, file);
        pnp = *(u16 *)(rom + pnp + 0x06);
    }
}

static void place(const u8 *rom, u16 bdf)
{
    u32 size = rom[2] * 512;
    if (size > END - next) {
        print("no room for an option ROM of %d KiB\n", size >> 10);
        return;
    }
    u32 at = next;
    if ((u32)rom != at)
        memcpy((void *)at, rom, size);
    run(at, bdf, "");
}

/* The image for PCs in the expansion ROM of a function. */
static void pci_rom(u16 bdf)
{
    u32 bar = pci_read(bdf, 0x30), command = pci_read(bdf, 0x04), ids = pci_read(bdf, 0);
    if (!(bar & 0xFFFFF800))
        return;
    pci_write(bdf, 0x04, (command & 0xFFFF) | 2);
    pci_write(bdf, 0x30, bar | 1);
    const u8 *rom = (const u8 *)(bar & 0xFFFFF800);
    for (u32 i = 0; i < 8 && rom[0] == 0x55 && rom[1] == 0xAA; i++) {
        const u8 *data = rom + *(u16 *)(rom + 0x18);
        if (memcmp(data, "PCIR", 4)) {
            if (valid(rom, END - FIRST))
                place(rom, bdf);
            break;
        }
        if (data[0x14] == 0 && *(u32 *)(data + 4) == ids) {
            place(rom, bdf);
            break;
        }
        if (data[0x15] & 0x80)
            break;
        rom += *(u16 *)(data + 0x10) * 512;
    }
    pci_write(bdf, 0x30, bar);
    pci_write(bdf, 0x04, command & 0xFFFF);
}

/* PAM registers of C0000-DFFFF; 1 reads RAM, 2 writes it. */
static void pam(u8 nibble)
{
    for (u8 reg = 0x5A; reg < 0x5E; reg++)
        pci_write8(0, reg, nibble * 0x11);
}

/* Boards with ROMs on the bus: copy each to the RAM under it, and take from the RAM what a start before this one left. */
static void shadow_roms(void)
{
    u32 at = FIRST;
    pam(2);
    while (at < END) {
        u32 size = valid((u8 *)at, END - at) ? ((u8 *)at)[2] * 512 : 0;
        if (size)
            memcpy((void *)at, (void *)at, size);
        else
            *(volatile u16 *)at = 0;
        at += size ? (size + 2047) & -2048 : 2048;
    }
    pam(3);
}

static int is_vga(u16 bdf) { return pci_read(bdf, 0x08) >> 16 == 0x0300; }

static void each(int vga)
{
    for (u32 bdf = 0; (bdf = pci_next(bdf)) < 256; bdf++)
        if (is_vga(bdf) == vga && (pci_read(bdf, 0x0C) >> 16 & 0x7F) == 0)
            pci_rom(bdf);
}

static void files(const char *prefix)
{
    struct fw_file file;
    for (u32 i = 0; fw_cfg_next(i, &file); i++) {
        if (memcmp(file.name, prefix, strlen(prefix)) || file.size > END - next)
            continue;
        fw_cfg_read(file.key, (void *)next, file.size);
        if (valid((u8 *)next, file.size))
            run(next, 0, file.name);
    }
}

void vga_rom(void)
{
    shadow_roms();
    for (u32 bdf = 0; (bdf = pci_next(bdf)) < 256; bdf++)
        if (is_vga(bdf))                                        /* its ports are not in a base register */
            pci_write(bdf, 0x04, (u16)pci_read(bdf, 0x04) | 3);
    each(1);
    files("vgaroms/");
    if (next == FIRST && valid((u8 *)FIRST, END - FIRST))       /* a board that has it at C0000 itself */
        run(FIRST, 0, "");
    if (next != FIRST)
        screen_on();
}

void option_roms(void)
{
    for (u32 at = next; at < END; at += 2048)                   /* on the bus */
        if (valid((u8 *)at, END - at) && !checksum((u8 *)at, ((u8 *)at)[2] * 512)) {
            run(at, 0, "");
            at = next - 2048;
        }
    each(0);
    files("genroms/");
    /* ROM that is used stays as it is from here on: PAM without write enable. */
    for (u32 at = FIRST, n = 0; at + 0x4000 <= next; at += 0x4000, n++) {
        u8 reg = 0x5A + n / 2, old = pci_read(0, reg) >> (reg & 3) * 8;
        pci_write8(0, reg, n & 1 ? (old & 0x0F) | 0x10 : (old & 0xF0) | 0x01);
    }
}
