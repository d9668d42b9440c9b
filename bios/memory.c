/* How much RAM there is, the map of INT 15h E820h, and room for tables. */
#include "post.h"

#define HIGH_ROOM 0x40000       /* kept at the end of RAM for ACPI and SMBIOS tables */
#define ROM_TOP 0xFFFC0000

static u32 high_at, high_end;

static void add(u64 base, u64 size, u32 type)
{
    if (size && shared.map_count < E820_MAX)
        shared.map[shared.map_count++] = (struct e820_entry){ base, size, type };
}

void memory_reserve(u64 base, u64 size, u32 type) { add(base, size, type); }

static u32 cmos_word(u8 index) { return cmos_read(index) | (u32)cmos_read(index + 1) << 8; }

void memory_init(void)
{
    struct fw_file file;
    struct { u64 base, size; u32 type; } PACKED entry[16];
    u32 low = cmos_word(0x34) ? (cmos_word(0x34) << 16) + 0x1000000 : (cmos_word(0x30) << 10) + 0x100000;
    u64 above = (u64)(cmos_word(0x5B) | (u32)cmos_read(0x5D) << 16) << 16;
    u32 count = 0;
    if (fw_cfg_find("etc/e820", &file)) {
        count = file.size / 20 < 16 ? file.size / 20 : 16;
        fw_cfg_read(file.key, entry, count * 20);
        for (u32 i = 0; i < count; i++)
            if (entry[i].type == E820_RAM && !entry[i].base)
                low = (u32)entry[i].size;
            else if (entry[i].type == E820_RAM && entry[i].base == 0x100000000ULL)
                above = entry[i].size;
    }
    u32 room = low >= 0x800000 ? HIGH_ROOM : low >= 0x200000 ? 0x10000 : 0;
    high_at = low - room;
    high_end = low;
    shared.ram_end = high_at;
    add(0, (u32)EBDA_SEGMENT * 16, E820_RAM);
    add((u32)EBDA_SEGMENT * 16, 0xA0000 - (u32)EBDA_SEGMENT * 16, E820_RESERVED);
    add(0xE0000, 0x20000, E820_RESERVED);
    if (shared.ram_end > 0x100000)
        add(0x100000, shared.ram_end - 0x100000, E820_RAM);
    add(high_at, room, E820_RESERVED);
    add(ROM_TOP, 0x40000, E820_RESERVED);
    if (above)
        add(0x100000000ULL, above, E820_RAM);
    shared.high_kib64 = above >> 16;
    for (u32 i = 0; i < count; i++)
        if (entry[i].type != E820_RAM)
            add(entry[i].base, entry[i].size, entry[i].type);
}

void *high_alloc(u32 size, u32 align)
{
    u32 at = (high_at + align - 1) & -align;
    if (at + size > high_end || at + size < at)
        return NULL;
    high_at = at + size;
    return (void *)at;
}

/* In the F segment, where programs look for signatures. */
void *table_alloc(u32 size, u32 align)
{
    u32 start = (u32)shared.tables, at = (start + shared.tables_used + align - 1) & -align;
    if (at + size > start + TABLE_ROOM)
        return NULL;
    shared.tables_used = at + size - start;
    return (void *)at;
}

u8 checksum(const void *data, u32 size)
{
    const u8 *p = data;
    u8 sum = 0;
    while (size--)
        sum += *p++;
    return -sum;
}
