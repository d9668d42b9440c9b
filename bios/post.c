/* Power-on: chips, interrupt table, data areas, memory, PCI, tables, ROMs, drives; then boot. */
#include "post.h"

#define E(name) extern u8 name[];
E(int05_entry) E(int08_entry) E(int09_entry) E(int0e_entry) E(int10_absent_entry) E(int11_entry) E(int12_entry)
E(int13_entry) E(int14_entry) E(int16_entry) E(int17_entry) E(int1a_entry) E(int40_entry) E(int70_entry) E(int71_entry)
E(int74_entry) E(int75_entry) E(int76_entry) E(int77_entry) E(irq_unused_entry) E(iret_entry) E(int15_dispatch)
E(enter_boot) E(enter_next) E(floppy_parameters) E(drives_init_entry)

static void vector(u8 n, const u8 *entry)
{
    poke16(0, n * 4, (u32)entry);
    poke16(0, n * 4 + 2, 0xF000);
}

static void vectors(void)
{
    for (u32 n = 0; n < 0x78; n++)
        vector(n, iret_entry);
    memset((void *)(0x60 * 4), 0, 8 * 4);                       /* for programs' own use */
    for (u32 n = 0; n < 8; n++) {
        vector(0x08 + n, irq_unused_entry);
        vector(0x70 + n, irq_unused_entry);
    }
    vector(0x05, int05_entry);
    vector(0x08, int08_entry);
    vector(0x09, int09_entry);
    vector(0x0E, int0e_entry);
    vector(0x10, int10_absent_entry);
    vector(0x11, int11_entry);
    vector(0x12, int12_entry);
    vector(0x13, int13_entry);
    vector(0x14, int14_entry);
    vector(0x15, int15_dispatch);
    vector(0x16, int16_entry);
    vector(0x17, int17_entry);
    vector(0x18, enter_next);
    vector(0x19, enter_boot);
    vector(0x1A, int1a_entry);
    vector(0x1E, floppy_parameters);
    vector(0x40, int40_entry);
    vector(0x70, int70_entry);
    vector(0x71, int71_entry);
    vector(0x74, int74_entry);
    vector(0x75, int75_entry);
    vector(0x76, int76_entry);
    vector(0x77, int77_entry);
    memset((void *)(0x1D * 4), 0, 4);
    memset((void *)(0x1F * 4), 0, 4);
    memset((void *)(0x41 * 4), 0, 4);
    memset((void *)(0x46 * 4), 0, 4);
}

/* Data areas; the word at 40:72 lives through a warm start. */
static void data_areas(void)
{
    u16 warm = peek16(BDA, BDA_WARM);
    u8 floppies = cmos_read(0x10), present = (floppies >> 4 != 0) + ((floppies & 15) != 0);
    memset((void *)0x400, 0, 0x100);
    memset((void *)((u32)EBDA_SEGMENT * 16), 0, 0x400);
    poke8(EBDA_SEGMENT, 0, 1);
    poke16(BDA, BDA_WARM, warm);
    poke16(BDA, BDA_EBDA, EBDA_SEGMENT);
    poke16(BDA, BDA_MEMORY, (u32)EBDA_SEGMENT >> 6);
    poke16(BDA, BDA_KB_HEAD, BDA_KB_RING);
    poke16(BDA, BDA_KB_TAIL, BDA_KB_RING);
    poke16(BDA, BDA_KB_START, BDA_KB_RING);
    poke16(BDA, BDA_KB_END, 0x3E);
    poke8(BDA, BDA_KB_MODE, 0x10);
    u16 equipment = 0x26;                                       /* coprocessor, pointing device, 80 columns of colour */
    if (present)
        equipment |= 1 | (present - 1) << 6;
    poke16(BDA, BDA_EQUIPMENT, equipment);
}

static void chips(void)
{
    outb(0x0D, 0);                                              /* DMA: reset, cascade, all masked but channel 4 */
    outb(0xDA, 0);
    outb(0xD6, 0xC0);
    outb(0xD4, 0);
    outb(0x20, 0x11);
    outb(0xA0, 0x11);
    outb(0x21, 0x08);
    outb(0xA1, 0x70);
    outb(0x21, 0x04);
    outb(0xA1, 0x02);
    outb(0x21, 0x01);
    outb(0xA1, 0x01);
    outb(0x21, 0xB8);                                           /* timer, keyboard, cascade, floppy */
    outb(0xA1, 0x8E);                                           /* RTC, mouse, coprocessor, IDE 0 */
    outb(0x43, 0x34);                                           /* 18.2 Hz */
    outb(0x40, 0);
    outb(0x40, 0);
    outb(0x92, (inb(0x92) | 2) & 0xFE);                         /* address line 20 */
    cmos_write(0x0A, 0x26);
    cmos_write(0x0B, (cmos_read(0x0B) & 0x01) | 0x02);
    cmos_read(0x0C);
    outb(0x70, 0x0D);
    inb(0x71);
}

static int kbc_wait(u8 bit, u8 value)
{
    for (u32 i = 0; i < 30000; i++)
        if ((inb(0x64) & bit) == value)
            return 1;
    return 0;
}

/* Controller on with translation and IRQ 1; the keyboard's acknowledge comes as an interrupt later. */
static void keyboard(void)
{
    for (u32 i = 0; i < 32 && inb(0x64) & 1; i++)
        inb(0x60);
    outb(0x64, 0xAA);
    if (!kbc_wait(1, 1) || inb(0x60) != 0x55)
        return;
    kbc_wait(2, 0);
    outb(0x64, 0x60);
    kbc_wait(2, 0);
    outb(0x60, 0x61);
    kbc_wait(2, 0);
    outb(0x60, 0xF4);
}

static void ports(void)
{
    static const u16 serial[4] = { 0x3F8, 0x2F8, 0x3E8, 0x2E8 }, parallel[3] = { 0x378, 0x278, 0x3BC };
    u16 equipment = peek16(BDA, BDA_EQUIPMENT);
    u8 n = 0;
    for (u32 i = 0; i < 4; i++) {
        outb(serial[i] + 1, 0x02);
        if (inb(serial[i] + 1) != 0x02 || inb(serial[i] + 2) != 0x02)
            continue;
        outb(serial[i] + 1, 0);
        poke8(BDA, BDA_COM_TIMEOUT + n, 10);
        poke16(BDA, BDA_COM + 2 * n++, serial[i]);
    }
    equipment |= n << 9;
    n = 0;
    for (u32 i = 0; i < 3; i++) {
        outb(parallel[i] + 2, inb(parallel[i] + 2) & 0xDF);
        outb(parallel[i], 0xAA);
        if (inb(parallel[i]) != 0xAA)
            continue;
        poke8(BDA, BDA_LPT_TIMEOUT + n, 20);
        poke16(BDA, BDA_LPT + 2 * n++, parallel[i]);
    }
    poke16(BDA, BDA_EQUIPMENT, equipment | n << 14);
}

static u32 from_bcd(u8 v) { return (v >> 4) * 10 + (v & 15); }

/* The day's ticks at 1,193,182 / 65,536 Hz. */
static void clock(void)
{
    u32 seconds = (from_bcd(cmos_read(4)) * 60 + from_bcd(cmos_read(2))) * 60 + from_bcd(cmos_read(0));
    poke32(BDA, BDA_TICKS, seconds * 18 + seconds * 2065 / 10000);
}

/* What a set-up program would have stored of the first two disks (type 47: geometry by hand), and the checksum over it.
 * Windows 95 takes a disk without a type for one that needs the compatibility mode. */
static void cmos_disks(void)
{
    u8 types = 0;
    u16 sum = 0;
    for (u8 n = 0; n < 2; n++) {
        const struct drive *d = &shared.drives[shared.disks[n]];
        u8 at = n ? 0x24 : 0x1B, there = n < shared.disk_count;
        if (there)
            types |= n ? 0x0F : 0xF0;
        cmos_write(n ? 0x1A : 0x19, there ? 47 : 0);
        cmos_write(at, there ? (u8)d->phys_cylinders : 0);
        cmos_write(at + 1, there ? d->phys_cylinders >> 8 : 0);
        cmos_write(at + 2, there ? d->phys_heads : 0);
        cmos_write(at + 3, there ? 0xFF : 0);                   /* no write precompensation */
        cmos_write(at + 4, there ? 0xFF : 0);
        cmos_write(at + 5, !there ? 0 : d->phys_heads > 8 ? 0xC8 : 0xC0);
        cmos_write(at + 6, there ? (u8)d->phys_cylinders : 0);  /* landing zone */
        cmos_write(at + 7, there ? d->phys_cylinders >> 8 : 0);
        cmos_write(at + 8, there ? d->phys_spt : 0);
    }
    cmos_write(0x12, types);
    for (u8 i = 0x10; i < 0x2E; i++)
        sum += cmos_read(i);
    cmos_write(0x2E, sum >> 8);
    cmos_write(0x2F, (u8)sum);
}

CALL void post_main(void)
{
    struct regs r;
    chips();
    keyboard();
    vectors();
    data_areas();
    fw_cfg_init();
    memory_init();
    print("emu BIOS, %d KiB of RAM\n", shared.ram_end >> 10);
    ports();
    clock();
    pci_init();
    tables_init();
    acpi_load();
    smbios_load();
    memory_finish();
    vga_rom();
    memset(&r, 0, sizeof r);
    run_far(0xF000, (u32)drives_init_entry, &r);
    cmos_disks();
    option_roms();
    poke16(BDA, BDA_WARM, 0);
    boot_prepare();
    memset(&r, 0, sizeof r);
    service(0x19, &r);                                          /* option ROMs may have taken it */
}
