/* SMBIOS tables that the machine hands over; we place them and say where they are (DMTF DSP0134). */
#include "post.h"

#define BIOS_DATE 0xFFFF5       /* mm/dd/yy, where every PC has it */

/* Structure 0, where the machine leaves it to us: 128 KiB at E0000 with PCI, CD boot, selectable boot, EDD, ACPI. */
static u8 bios_information[] = {
    0, 24, 0, 0, 1, 2, 0x00, 0xE0, 3, 1, 0x80, 0x80, 0x09, 0, 0, 0, 0, 0, 0x01, 0x04, 0, 0, 0xFF, 0xFF,
    'e', 'm', 'u', 0, '1', 0, '0', '0', '/', '0', '0', '/', '0', '0', 0, 0,
};
#define DATE_AT (sizeof bios_information - 10)

/* Is there a structure of type 0? */
static int complete(const u8 *at, const u8 *end)
{
    while (at + 4 < end && at[1] >= 4) {
        if (!at[0])
            return 1;
        for (at += at[1]; at + 1 < end && (at[0] || at[1]); at++)
            ;
        at += 2;
    }
    return 0;
}

void smbios_load(void)
{
    struct fw_file anchor, tables;
    if (!fw_cfg_find("etc/smbios/smbios-anchor", &anchor) || !fw_cfg_find("etc/smbios/smbios-tables", &tables) || anchor.size > 64)
        return;
    u32 room = tables.size + sizeof bios_information;
    u8 *at = high_alloc(room, 16), *entry = table_alloc(anchor.size, 16);
    if (!at || !entry)
        return;
    fw_cfg_read(tables.key, at + sizeof bios_information, tables.size);
    fw_cfg_read(anchor.key, entry, anchor.size);
    if (complete(at + sizeof bios_information, at + room)) {
        at += sizeof bios_information;
        room = tables.size;
    } else {
        memcpy(bios_information + DATE_AT, (u8 *)BIOS_DATE, 8);
        memcpy(at, bios_information, sizeof bios_information);
    }
    if (!memcmp(entry, "_SM3_", 5)) {
        *(u32 *)(entry + 0x0C) = room;
        *(u32 *)(entry + 0x10) = (u32)at;
        *(u32 *)(entry + 0x14) = 0;
        entry[5] = 0;
        entry[5] = checksum(entry, entry[6]);
    } else {
        if (room != tables.size)
            ++*(u16 *)(entry + 0x1C);
        *(u16 *)(entry + 0x16) = room;
        *(u32 *)(entry + 0x18) = (u32)at;
        entry[0x15] = 0;
        entry[0x15] = checksum(entry + 0x10, 0x0F);
        entry[4] = 0;
        entry[4] = checksum(entry, entry[5]);
    }
}
