/* SMBIOS tables that the machine hands over; we place them and say where they are. */
#include "post.h"

void smbios_load(void)
{
    struct fw_file anchor, tables;
    if (!fw_cfg_find("etc/smbios/smbios-anchor", &anchor) || !fw_cfg_find("etc/smbios/smbios-tables", &tables) || anchor.size > 64)
        return;
    u8 *at = high_alloc(tables.size, 16), *entry = table_alloc(anchor.size, 16);
    if (!at || !entry)
        return;
    fw_cfg_read(tables.key, at, tables.size);
    fw_cfg_read(anchor.key, entry, anchor.size);
    if (!memcmp(entry, "_SM3_", 5)) {
        *(u32 *)(entry + 0x10) = (u32)at;
        *(u32 *)(entry + 0x14) = 0;
        entry[5] = 0;
        entry[5] = checksum(entry, entry[6]);
    } else {
        *(u32 *)(entry + 0x18) = (u32)at;
        entry[0x15] = 0;
        entry[0x15] = checksum(entry + 0x10, 0x0F);
        entry[4] = 0;
        entry[4] = checksum(entry, entry[5]);
    }
}
