/* INT 13h extensions 41h-49h, 4Eh: the BIOS Enhanced Disk Drive Specification 3.0, for disks and for CDs. */
#include "services.h"

#define NO_ADDRESS 0xFFFFFFFF

/* 42h, 43h, 44h, 47h; *done says how many blocks were transferred. */
static int transfer(struct regs *r, struct drive *d, u32 *done)
{
    u16 ds = r->ds, si = r->si;
    u16 off = peek16(ds, si + 4), seg = peek16(ds, si + 6);
    u32 count = peek16(ds, si + 2);
    u64 lba = peek32(ds, si + 8) | (u64)peek32(ds, si + 12) << 32;
    u64 sectors = d->sectors | (u64)d->sectors_high << 32;
    int status;
    if (peek8(ds, si) < 16)
        return DISK_BAD_COMMAND;
    if (!count)
        return DISK_OK;
    if (d->kind == DRIVE_CD) {
        if (r->ah == 0x43)
            return DISK_PROTECTED;
        if (lba >> 32)
            return DISK_NO_SECTOR;
        status = r->ah == 0x42 ? atapi_read(d, lba, count, seg, off, 0, count * 2048) : DISK_OK;
        *done = status ? 0 : count;
        return status;
    }
    if (lba >= sectors || count > sectors - lba)
        return DISK_NO_SECTOR;
    *done = count;
    if (r->ah == 0x44)
        return ata_verify(d, lba, count);
    if (r->ah == 0x47)
        return DISK_OK;
    return ata_transfer(d, lba, done, seg, off, r->ah == 0x43);
}

/* The device parameter table extension: how a driver would reach the drive itself.  One, for the drive asked about last. */
static u32 extension(const struct drive *d)
{
    u16 ebda = peek16(BDA, BDA_EBDA);
    u8 table[16], sum = 0;
    memset(table, 0, sizeof table);
    *(u16 *)&table[0] = d->base;
    *(u16 *)&table[2] = d->control;
    table[4] = 0xE0 | d->unit << 4;
    table[5] = 0xCB;                    /* the vendor's own */
    table[6] = 14 + d->channel;         /* IRQ */
    table[7] = 1;                       /* sectors a block */
    table[10] = d->translated ? 0x18 : 0x10;            /* LBA; the geometry is translated, */
    table[11] = d->translated && d->phys_cylinders * (u32)d->phys_heads > 131072 ? 0x02 : 0;    /* by LBA and not by bits */
    table[14] = 0x11;                   /* revision of the extension */
    for (u8 i = 0; i < 15; i++)
        sum += table[i];
    table[15] = -sum;
    for (u8 i = 0; i < 16; i++)
        poke8(ebda, EBDA_DISK_EXTENSION + i, table[i]);
    return (u32)ebda << 16 | EBDA_DISK_EXTENSION;
}

static void parameters(struct regs *r, struct drive *d)
{
    u16 ds = r->ds, si = r->si, size = peek16(ds, si);
    u32 field[7];
    if (size < 26) {
        disk_result(r, DISK_BAD_COMMAND);
        return;
    }
    if (d->kind == DRIVE_CD) {
        u8 packet[12], capacity[8];
        memset(packet, 0, sizeof packet);
        packet[0] = 0x25;
        memset(field, 0xFF, sizeof field);
        field[0] = 0x74;                /* removable, change line, lockable, no geometry */
        if (!atapi_ready(d) && !atapi_command(d, packet, 0xF000, (u32)capacity, 8)) {
            field[4] = ((u32)capacity[0] << 24 | (u32)capacity[1] << 16 | (u32)capacity[2] << 8 | capacity[3]) + 1;
            field[5] = 0;
        }
    } else {
        field[0] = 0x02;                /* geometry is valid */
        field[1] = d->phys_cylinders;
        field[2] = d->phys_heads;
        field[3] = d->phys_spt;
        field[4] = d->sectors;
        field[5] = d->sectors_high;
    }
    poke16(ds, si + 2, field[0]);
    for (u8 i = 1; i < 6; i++)
        poke32(ds, si + i * 4, field[i]);
    poke16(ds, si + 24, d->kind == DRIVE_CD ? 2048 : 512);
    if (size < 30) {
        poke16(ds, si, 26);
    } else {
        poke32(ds, si + 26, d->kind == DRIVE_CD ? NO_ADDRESS : extension(d));
        poke16(ds, si, size < 66 ? 30 : 66);
    }
    if (size >= 66) {                   /* device path: PCI 00:01.1, ATA or ATAPI */
        const char *path = d->kind == DRIVE_CD ? "PCI ATAPI   " : "PCI ATA     ";
        u8 sum = 0;
        for (u8 i = 30; i < 66; i++)
            poke8(ds, si + i, 0);
        poke16(ds, si + 30, 0xBEDD);
        poke8(ds, si + 32, 36);
        for (u8 i = 0; i < 12; i++)
            poke8(ds, si + 36 + i, path[i]);
        poke8(ds, si + 48 + 1, 1);
        poke8(ds, si + 48 + 2, 1);
        poke8(ds, si + 48 + 3, d->channel);
        poke8(ds, si + 56, d->unit);
        for (u8 i = 30; i < 65; i++)
            sum += peek8(ds, si + i);
        poke8(ds, si + 65, -sum);
    }
    disk_result(r, DISK_OK);
}

/* 45h, 46h: the door of a CD drive. */
static void door(struct regs *r, struct drive *d)
{
    u8 packet[12];
    if (d->kind != DRIVE_CD) {
        disk_result(r, r->ah == 0x45 && r->al <= 2 ? DISK_OK : DISK_NOT_REMOVABLE);
        if (r->ah == 0x45)
            r->al = 0;
        return;
    }
    memset(packet, 0, sizeof packet);
    if (r->ah == 0x45) {
        if (r->al > 2) {
            disk_result(r, DISK_BAD_COMMAND);
            return;
        }
        if (r->al == 2) {
            r->al = d->removable >> 7;
            disk_result(r, DISK_OK);
            return;
        }
        packet[0] = 0x1E;
        packet[4] = r->al == 0;
        d->removable = (d->removable & 1) | (r->al == 0) << 7;
        r->al = r->al == 0;
    } else {
        if (d->removable & 0x80) {
            disk_result(r, DISK_LOCKED);
            return;
        }
        packet[0] = 0x1B;
        packet[4] = 2;
    }
    atapi_ready(d);                     /* takes a unit attention away */
    disk_result(r, atapi_command(d, packet, 0, 0, 0) ? DISK_NOT_READY : DISK_OK);
}

void edd_service(struct regs *r, struct drive *d)
{
    switch (r->ah) {
    case 0x41:
        if (r->bx != 0x55AA)
            break;
        r->bx = 0xAA55;
        r->cx = d->kind == DRIVE_CD ? 7 : 5;
        r->ah = 0x30;
        set_cf(r, 0);
        return;
    case 0x42:
    case 0x43:
    case 0x44:
    case 0x47: {
        u32 done = 0;
        u8 status = transfer(r, d, &done);
        if (status)
            poke16(r->ds, r->si + 2, done);
        disk_result(r, status);
        return;
    }
    case 0x45:
    case 0x46:
        door(r, d);
        return;
    case 0x48:
        parameters(r, d);
        return;
    case 0x49:                          /* changed? */
        r->ah = d->kind == DRIVE_CD && atapi_ready(d) ? 6 : 0;
        set_cf(r, r->ah);
        return;
    case 0x4E:                          /* transfer modes: only what is the case already */
        disk_result(r, r->al == 1 || r->al == 4 || r->al == 6 ? DISK_OK : DISK_BAD_COMMAND);
        return;
    }
    disk_result(r, DISK_BAD_COMMAND);
}
