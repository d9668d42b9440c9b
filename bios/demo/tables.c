/* ACPI, SMBIOS and MP tables: found by their signatures, walked, their sums checked. */
#include "core.h"

#define ROM_AREA 0xF0000
#define ROM_END 0x100000
#define EBDA_SEGMENT (*(volatile u16 *)0x40E)

struct tables tables;

static u8 sum(u32 at, u32 bytes)
{
    u8 s = 0;
    for (u32 i = 0; i < bytes; i++)
        s += ((u8 *)at)[i];
    return s;
}

static u32 get32(u32 at) { return *(u32 *)at; }
static u16 get16(u32 at) { return *(u16 *)at; }
static u8 get8(u32 at) { return *(u8 *)at; }

static void text(char *to, u32 from, u32 bytes)
{
    memcpy(to, (void *)from, bytes);
    to[bytes] = 0;
    for (u32 i = 0; i < bytes; i++)
        if (to[i] < ' ' || to[i] > '~')
            to[i] = ' ';
}

/* Anchors lie on 16-byte boundaries. */
static void scan(u32 from, u32 to)
{
    for (; from < to; from += 16) {
        u32 word = get32(from);
        if (word == 0x20445352 && get32(from + 4) == 0x20525450 && !tables.rsdp && !sum(from, 20))      /* "RSD PTR " */
            tables.rsdp = from;
        else if (word == 0x5F4D535F && !tables.smbios && !sum(from, get8(from + 5)))                    /* "_SM_" */
            tables.smbios = from;
        else if (word == 0x5F504D5F && !tables.mp && !sum(from, get8(from + 8) * 16))                   /* "_MP_" */
            tables.mp = from;
    }
}

static void note(u32 at)
{
    if (tables.count == ARRAY_SIZE(tables.list))
        return;
    struct table *t = &tables.list[tables.count++];
    text(t->signature, at, 4);
    t->address = at;
    t->length = get32(at + 4);
    if (same(t->signature, "FACS"))
        return;                         /* has no sum and no maker */
    text(t->oem, at + 10, 6);
    if (sum(at, t->length))
        tables.sums_wrong++;
}

/* \_S5 in the DSDT or an SSDT: NameOp, "_S5_", PackageOp, length, count, then the sleep type as a byte constant, 0 or 1. */
static void find_s5(u32 at)
{
    u32 end = at + get32(at + 4);
    for (at += 36; at + 8 < end; at++)
        if (get8(at) == '_' && get32(at) == 0x5F35535F && get8(at + 4) == 0x12) {
            u32 value = at + 5 + (get8(at + 5) >> 6) + 2;
            tables.s5 = get8(value) == 0x0A ? get8(value + 1) : get8(value);
            tables.has_s5 = tables.s5 < 8;
            return;
        }
}

static void read_fadt(u32 at)
{
    tables.fadt = at;
    tables.dsdt = get32(at + 40);
    tables.smi_command = get32(at + 48);
    tables.acpi_enable = get8(at + 52);
    tables.pm1a_event = get32(at + 56);
    tables.pm1a_control = get32(at + 64);
    tables.pm_timer = get8(at + 91) == 4 ? get32(at + 76) : 0;
    if (get32(at + 36))
        note(get32(at + 36));
    if (tables.dsdt) {
        note(tables.dsdt);
        find_s5(tables.dsdt);
    }
}

static void read_madt(u32 at)
{
    u32 end = at + get32(at + 4);
    tables.madt = at;
    tables.local_apic = get32(at + 36);
    for (at += 44; at < end && get8(at + 1); at += get8(at + 1))
        if (get8(at) == 1)
            tables.io_apic = get32(at + 4);
}

static void walk_acpi(void)
{
    tables.rsdt = get32(tables.rsdp + 16);
    note(tables.rsdt);
    for (u32 at = tables.rsdt + 36; at < tables.rsdt + get32(tables.rsdt + 4); at += 4) {
        u32 table = get32(at);
        note(table);
        if (get32(table) == 0x50434146)         /* "FACP" */
            read_fadt(table);
        else if (get32(table) == 0x43495041)    /* "APIC" */
            read_madt(table);
        else if (get32(table) == 0x54445353)    /* "SSDT" */
            find_s5(table);
    }
}

/* String n of the structure at ``at``. */
static void smbios_string(char *to, u32 size, u32 at, u32 n)
{
    const char *s = (const char *)at + get8(at + 1);
    while (n > 1 && *s) {
        s += strlen(s) + 1;
        n--;
    }
    format(to, size, "%s", n ? s : "");
    trim(to);
}

static void walk_smbios(void)
{
    u32 at = get32(tables.smbios + 24), count = get16(tables.smbios + 28), end = at + get16(tables.smbios + 22);
    for (; count && at < end; count--) {
        tables.smbios_count++;
        if (get8(at) == 0) {
            smbios_string(tables.bios_vendor, sizeof tables.bios_vendor, at, get8(at + 4));
            smbios_string(tables.bios_version, sizeof tables.bios_version, at, get8(at + 5));
        } else if (get8(at) == 1) {
            smbios_string(tables.product, sizeof tables.product, at, get8(at + 5));
        }
        for (at += get8(at + 1); get16(at); at++)
            ;
        at += 2;
    }
}

/* For machines without a MADT. */
static void walk_mp(void)
{
    u32 at = get32(tables.mp + 4), count;
    if (!at || get32(at) != 0x504D4350)         /* "PCMP" */
        return;
    tables.local_apic = get32(at + 36);
    count = get16(at + 34);
    for (at += 44; count; count--, at += get8(at) ? 8 : 20)
        if (get8(at) == 2)
            tables.io_apic = get32(at + 4);
}

void tables_find(void)
{
    u32 ebda = EBDA_SEGMENT * 16;
    if (ebda >= 0x80000 && ebda < 0xA0000)
        scan(ebda, ebda + 1024);
    scan(ROM_AREA, ROM_END);
    if (tables.rsdp)
        walk_acpi();
    if (tables.mp && !tables.madt)
        walk_mp();
    if (tables.smbios)
        walk_smbios();
}

/* All that the memory map calls RAM. */
u32 memory_kib(void)
{
    u32 kib = 0;
    for (u32 i = 0; i < facts.e820_count; i++)
        if (e820[i].type == 1)
            kib += e820[i].length >> 10;
    return kib;
}
