/* What to boot, in which order, the menu, and the way into the boot sector. */
#include "post.h"

#define FLOPPY 1
#define DISK 2
#define CD 3
#define ROM 4
#define MAX 16
#define BOOT_AT 0x7C00
#define SCRATCH 0x8000          /* segment 800h */
#define KEY_F12 0x86
#define KEY_ESC 0x01
#define KEY_TICKS 4             /* how long the menu's key is waited for */
#define MENU_MS 2500            /* the same, where the machine wants the menu offered */

extern u8 rest_entry[];         /* entry.S */

struct entry { u8 kind, index; u16 segment, offset, bdf; const char *name; char file[57]; };    /* of a ROM: where it came from */
static struct entry entries[MAX], roms[4];
static u8 count, rom_count;

static const char *const kind_names[] = { "", "Floppy", "Hard disk", "CD", "ROM" };

void boot_add_rom(u16 segment, u16 offset, const char *name, u16 bdf, const char *file)
{
    if (rom_count == ARRAY_SIZE(roms))
        return;
    struct entry *e = &roms[rom_count++];
    *e = (struct entry){ .kind = ROM, .segment = segment, .offset = offset, .name = name, .bdf = bdf };
    memcpy(e->file, file, strlen(file));
}

static void add(u8 kind, u8 index)
{
    for (u32 i = 0; i < count; i++)
        if (entries[i].kind == kind && entries[i].index == index)
            return;
    if (count == MAX)
        return;
    entries[count] = (struct entry){ .kind = kind, .index = index, .name = "" };
    if (kind == DISK)
        entries[count].name = shared.drives[shared.disks[index]].model;
    else if (kind == CD)
        entries[count].name = shared.drives[shared.cds[index]].model;
    else if (kind == ROM) {
        entries[count] = roms[index];
        entries[count].index = index;
    }
    count++;
}

static u32 available(u8 kind)
{
    u16 equipment = peek16(BDA, BDA_EQUIPMENT);
    switch (kind) {
    case FLOPPY: return equipment & 1 ? (equipment >> 6 & 3) + 1 : 0;
    case DISK: return shared.disk_count;
    case CD: return shared.cd_count;
    case ROM: return rom_count;
    }
    return 0;
}

static void add_all(u8 kind)
{
    for (u32 i = 0; i < available(kind) && (kind != FLOPPY || i < 1); i++)
        add(kind, i);
}

static const char *contains(const char *text, const char *part)
{
    for (; *text; text++) {
        u32 i = 0;
        while (part[i] && text[i] == part[i])
            i++;
        if (!part[i])
            return text + i;
    }
    return NULL;
}

static u8 digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0xFF;
}

/* A line of the file "bootorder": an Open Firmware path. */
static void add_path(const char *path)
{
    const char *at;
    if ((at = contains(path, "/rom@"))) {
        for (u32 i = 0; i < rom_count; i++)
            if (!memcmp(at, roms[i].file, strlen(at) + 1))
                add(ROM, i);
    } else if ((at = contains(path, "/floppy@"))) {
        if ((u8)(*at - '0') < available(FLOPPY))
            add(FLOPPY, *at - '0');
    } else if ((at = contains(path, "/drive@"))) {
        u8 channel = *at - '0';
        at = contains(path, "/disk@");
        u8 place = channel * 2 + (at && *at == '1');
        for (u32 i = 0; i < shared.disk_count; i++)
            if (shared.disks[i] == place)
                add(DISK, i);
        for (u32 i = 0; i < shared.cd_count; i++)
            if (shared.cds[i] == place)
                add(CD, i);
    } else if ((at = contains(path, "/pci@i0cf8/")) && (at = contains(at, "@"))) {      /* NAME@SLOT[,FUNCTION] */
        u16 slot = digit(at[0]), function = 0;
        if (digit(at[1]) < 16)
            slot = slot << 4 | digit(*++at);
        if (at[1] == ',')
            function = digit(at[2]);
        for (u32 i = 0; i < rom_count; i++)
            if (roms[i].bdf && roms[i].bdf == (slot << 3 | function))
                add(ROM, i);
    }
}

/* Was the menu asked for?  Other keys stay in the ring: they are for what boots. */
static int menu_key(int esc_too)
{
    u16 at = peek16(BDA, BDA_KB_HEAD), end = peek16(BDA, BDA_KB_TAIL);
    while (at != end) {
        u8 scan = peek8(BDA, at + 1);
        if (scan == KEY_F12 || (esc_too && scan == KEY_ESC)) {
            poke16(BDA, BDA_KB_HEAD, end);
            return 1;
        }
        at += 2;
        if (at >= peek16(BDA, BDA_KB_END))
            at = peek16(BDA, BDA_KB_START);
    }
    return 0;
}

/* Sleep until an interrupt. */
static void rest(void)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.flags = F_IF;
    run_far(0xF000, (u32)rest_entry, &r);
}

static u16 key(void)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ah = 0x10;
    service(0x16, &r);
    return r.ax;
}

/* Says whether something was chosen; it is the first entry then. */
static int menu(void)
{
    print("\nBoot from:\n\n");
    for (u32 i = 0; i < count; i++)
        print("  %d. %s %d  %s\n", i + 1, kind_names[entries[i].kind], entries[i].index + 1, entries[i].name);
    print("\nPress a digit; Esc boots in the usual order.\n\n");
    for (;;) {
        u16 k = key();
        u32 n = (u8)k - '1';
        if (k >> 8 == KEY_ESC)
            return 0;
        if (n < count) {
            struct entry chosen = entries[n];
            for (; n; n--)
                entries[n] = entries[n - 1];
            entries[0] = chosen;
            return 1;
        }
    }
}

static void boot_order_file(void)
{
    struct fw_file file;
    char text[512];
    if (!fw_cfg_find("bootorder", &file))
        return;
    u32 size = file.size < sizeof text - 1 ? file.size : sizeof text - 1, from = 0;
    fw_cfg_read(file.key, text, size);
    text[size] = '\n';
    for (u32 i = 0; i <= size; i++)
        if (text[i] == '\n' || !text[i]) {
            text[i] = 0;
            add_path(text + from);
            from = i + 1;
        }
}

/* The order of the machine's file, then that of the RTC's memory; what neither names is for the menu alone. */
void boot_prepare(void)
{
    struct fw_file file;
    u16 show = 0, wait = 0;
    u8 order[3] = { cmos_read(0x3D) & 15, cmos_read(0x3D) >> 4, cmos_read(0x38) >> 4 };
    boot_order_file();
    for (u32 i = 0; i < 3; i++)
        add_all(order[i]);
    u8 usual = count;
    for (u8 kind = FLOPPY; kind <= ROM; kind++)
        add_all(kind);
    if (!usual)
        usual = count;
    if (fw_cfg_next(0, &file))
        fw_cfg_read(FW_CFG_BOOT_MENU, &show, 2);
    if (show) {
        wait = MENU_MS;
        if (fw_cfg_find("etc/boot-menu-wait", &file))
            fw_cfg_read(file.key, &wait, 2);
    }
    print("F12%s: boot menu\n", show ? " or Esc" : "");
    u32 start = peek32(BDA, BDA_TICKS), ticks = show ? (u32)wait * 182 / 10000 : KEY_TICKS;
    while (peek32(BDA, BDA_TICKS) - start < ticks) {
        if (menu_key(show)) {
            if (menu())
                return;
            break;
        }
        rest();
    }
    count = usual;
}

static void leave(u16 segment, u16 offset, u8 drive)
{
    struct regs r;
    memset(&r, 0, sizeof r);
    r.dl = drive;
    r.ax = 0xAA55;
    r.es = 0xF000;                      /* Plug and Play BIOS Specification: ES:DI has $PnP */
    r.di = shared.pnp_at;
    r.flags = F_IF;
    run_far(segment, offset, &r);
}

static int bad_signature(void) { return *(volatile u16 *)(BOOT_AT + 510) != 0xAA55; }

static void read_sector(struct regs *r, u8 drive)
{
    memset(r, 0, sizeof *r);
    r->ax = 0x0201;
    r->bx = BOOT_AT;
    r->cx = 1;
    r->dl = drive;
    service(0x13, r);
}

static void boot_sector(u8 drive, int check)
{
    struct regs r;
    for (u32 i = 0; i < 3; i++) {
        read_sector(&r, drive);
        if (!(r.flags & F_CF))
            break;
    }
    if (r.flags & F_CF)
        print("cannot read (%x)\n", r.ah);
    else if (check && bad_signature())
        print("no boot signature\n");
    else
        leave(0, BOOT_AT, drive);
}

/* 2,048-byte blocks by INT 13h 42h; the packet and the stack are below 64 KiB. */
static int cd_read(u8 index, u32 lba, u32 blocks, u16 segment, u16 offset)
{
    struct { u8 size, zero; u16 count, offset, segment; u32 lba, high; } packet = { 16, 0, blocks, offset, segment, lba, 0 };
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ah = 0x42;
    r.dl = 0xE0 + index;
    r.ds = (u32)&packet >> 4;
    r.si = (u32)&packet & 15;
    service(0x13, &r);
    return r.flags & F_CF ? -1 : 0;
}

static void boot_cd(u8 index)
{
    struct emulation *e = &shared.emulation;
    u8 *b = (u8 *)SCRATCH;
    if (cd_read(index, 17, 1, SCRATCH >> 4, 0)) {
        print("cannot read\n");
        return;
    }
    if (b[0] || memcmp(b + 1, "CD001\1EL TORITO SPECIFICATION", 30)) {
        print("not bootable\n");
        return;
    }
    catalog_lba = *(u32 *)(b + 0x47);
    if (cd_read(index, catalog_lba, 1, SCRATCH >> 4, 0))
        return;
    u16 sum = 0;
    for (u32 i = 0; i < 16; i++)
        sum += ((u16 *)b)[i];
    if (b[0] != 1 || b[30] != 0x55 || b[31] != 0xAA || sum || b[32] != 0x88) {
        print("bad boot catalog\n");
        return;
    }
    memset(e, 0, sizeof *e);
    e->media = b[33] & 0x0F;
    e->load_segment = *(u16 *)(b + 34) ? *(u16 *)(b + 34) : 0x07C0;
    e->sector_count = *(u16 *)(b + 38);
    e->lba = *(u32 *)(b + 40);
    e->cd = index;
    u8 drive = shared.cds[index];
    e->controller = drive >> 1;
    e->device_spec = drive & 1;
    if (e->media > 4)
        return;
    if (!e->media) {
        e->drive = 0xE0 + index;
        e->booted = 1;
        u32 blocks = (e->sector_count + 3) / 4, at = e->lba;
        u16 segment = e->load_segment;
        if (!blocks)
            blocks = 1;
        for (u32 n; blocks; blocks -= n, at += n, segment += n * 128) {
            n = blocks > 16 ? 16 : blocks;
            if (cd_read(index, at, n, segment, 0))
                return;
        }
        leave(e->load_segment == 0x07C0 ? 0 : e->load_segment, e->load_segment == 0x07C0 ? BOOT_AT : 0, e->drive);
        return;
    }
    e->drive = e->media == 4 ? 0x80 : 0;
    e->cylinders = 80;
    e->heads = 2;
    e->spt = e->media == 1 ? 15 : e->media == 2 ? 18 : 36;
    if (e->media == 4) {                                        /* geometry: the end of the first partition */
        if (cd_read(index, e->lba, 1, SCRATCH >> 4, 0))
            return;
        u8 *p = b + 446;
        e->heads = p[5] + 1;
        e->spt = p[6] & 0x3F;
        e->cylinders = (p[7] | (p[6] & 0xC0) << 2) + 1;
        poke8(BDA, BDA_HD_COUNT, shared.disk_count + 1);
    } else {
        u16 equipment = peek16(BDA, BDA_EQUIPMENT);
        equipment = equipment & 1 ? (equipment & ~0xC0) | (((equipment >> 6 & 3) + 1) & 3) << 6 : equipment | 1;
        poke16(BDA, BDA_EQUIPMENT, equipment);
    }
    e->active = e->booted = 1;
    struct regs r;
    memset(&r, 0, sizeof r);
    r.ah = 0x02;
    r.al = e->sector_count ? e->sector_count : 1;
    r.cx = 1;
    r.es = e->load_segment;
    r.dl = e->drive;
    service(0x13, &r);
    if (!(r.flags & F_CF))
        leave(e->load_segment == 0x07C0 ? 0 : e->load_segment, e->load_segment == 0x07C0 ? BOOT_AT : 0, e->drive);
    e->active = e->booted = 0;
}

/* INT 19h begins with the first entry, INT 18h (`next`) goes on. */
CALL void boot_main(u32 next)
{
    if (!next)
        shared.boot_at = 0;
    memory_manager_end();
    while (shared.boot_at < count) {
        struct entry *e = &entries[shared.boot_at++];
        print("Booting from %s %d ... ", kind_names[e->kind], e->index + 1);
        switch (e->kind) {
        case FLOPPY: boot_sector(e->index, !(cmos_read(0x38) & 1)); break;
        case DISK: boot_sector(0x80 + e->index, 1); break;
        case CD: boot_cd(e->index); break;
        case ROM: print("\n"); leave(e->segment, e->offset, 0); break;
        }
    }
    shared.boot_at = 0;
    print("\nNothing to boot from.\n");
    for (;;)
        key();
}
