/* How much RAM there is, the map of INT 15h E820h, and room for tables. */
#include "post.h"

#define HIGH_LEAST 0x180000      /* tables at the end of RAM leave this much below them */
#define ROM_TOP 0xFFFC0000

static u32 high_at, high_end;
static u64 above;               /* RAM from 4 GiB on */
static struct e820_entry others[E820_MAX - 8];
static u32 other_count;

static void add(u64 base, u64 size, u32 type)
{
    if (size && shared.map_count < E820_MAX)
        shared.map[shared.map_count++] = (struct e820_entry){ base, size, type };
}

static u32 cmos_word(u8 index) { return cmos_read(index) | (u32)cmos_read(index + 1) << 8; }

/* RAM's size: from the machine's own map, else from the RTC's memory as set-up programs leave it. */
void memory_init(void)
{
    struct fw_file file;
    struct e820_entry entry[16];
    u32 low = cmos_word(0x34) ? (cmos_word(0x34) << 16) + 0x1000000 : (cmos_word(0x30) << 10) + 0x100000;
    above = (u64)(cmos_word(0x5B) | (u32)cmos_read(0x5D) << 16) << 16;
    if (fw_cfg_find("etc/e820", &file)) {
        u32 count = file.size / sizeof entry[0];
        if (count > ARRAY_SIZE(entry))
            count = ARRAY_SIZE(entry);
        fw_cfg_read(file.key, entry, count * sizeof entry[0]);
        for (u32 i = 0; i < count; i++)
            if (entry[i].type == E820_RAM && !entry[i].base)
                low = (u32)entry[i].size;
            else if (entry[i].type == E820_RAM && entry[i].base == 0x100000000ULL)
                above = entry[i].size;
            else if (entry[i].type != E820_RAM && other_count < ARRAY_SIZE(others))
                others[other_count++] = entry[i];
    }
    high_at = high_end = shared.ram_end = low;
}

/* Once all tables are placed: the map of INT 15h E820h, and the sizes of its older relatives. */
void memory_finish(void)
{
    u32 low = high_at & -4096;
    shared.ram_end = low;
    add(0, (u32)EBDA_SEGMENT * 16, E820_RAM);
    add((u32)EBDA_SEGMENT * 16, 0xA0000 - (u32)EBDA_SEGMENT * 16, E820_RESERVED);
    add(0xE0000, 0x20000, E820_RESERVED);
    add(0x100000, low - 0x100000, E820_RAM);
    add(low, high_end - low, E820_RESERVED);
    add(ROM_TOP, 0x40000, E820_RESERVED);
    add(0x100000000ULL, above, E820_RAM);
    for (u32 i = 0; i < other_count; i++)
        add(others[i].base, others[i].size, others[i].type);
}

/* At the end of RAM, from the top down. */
void *high_alloc(u32 size, u32 align)
{
    if (size > high_at || high_at - size < HIGH_LEAST)
        return NULL;
    high_at = (high_at - size) & -align;
    return (void *)high_at;
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
