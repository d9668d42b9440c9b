/* INT 13h: which drive is meant, and hard disks by cylinder, head and sector. */
#include "services.h"

void disk_result(struct regs *r, u8 code)
{
    r->ah = code;
    set_cf(r, code != 0);
    if (r->dl < 0x80)
        poke8(BDA, BDA_FD_STATUS, code);
    else
        poke8(BDA, BDA_HD_STATUS, code);
}

static void hard_disk(struct regs *r, struct drive *d)
{
    u32 cylinder = r->ch | (u32)(r->cl & 0xC0) << 2, sector = r->cl & 0x3F, lba;
    switch (r->ah) {
    case 0x00:
    case 0x0D:
        disk_result(r, ata_reset(d));
        return;
    case 0x10:
    case 0x11:
    case 0x14:
    case 0x09:
        disk_result(r, DISK_OK);
        return;
    case 0x01:
        r->ah = peek8(BDA, BDA_HD_STATUS);
        poke8(BDA, BDA_HD_STATUS, 0);
        set_cf(r, r->ah);
        return;
    case 0x02:
    case 0x03:
    case 0x04:
    case 0x0C:
        if (!sector || sector > d->spt || r->dh >= d->heads || (r->ah != 0x0C && (!r->al || r->al > 128))) {
            disk_result(r, DISK_BAD_COMMAND);
            return;
        }
        lba = (cylinder * d->heads + r->dh) * d->spt + sector - 1;
        if (lba >= d->sectors && !d->sectors_high) {
            disk_result(r, DISK_NO_SECTOR);
            return;
        }
        if (r->ah == 0x0C)
            disk_result(r, DISK_OK);
        else if (r->ah == 0x04)
            disk_result(r, ata_verify(d, lba, r->al));
        else {
            u32 count = r->al;
            disk_result(r, ata_transfer(d, lba, &count, r->es, r->bx, r->ah == 0x03));
            r->al = count;
        }
        return;
    case 0x08: {
        u16 last = d->cylinders - 1;
        r->ch = last;
        r->cl = (last >> 2 & 0xC0) | d->spt;
        r->dh = d->heads - 1;
        r->dl = peek8(BDA, BDA_HD_COUNT);
        r->ax = 0;
        poke8(BDA, BDA_HD_STATUS, 0);
        set_cf(r, 0);
        return;
    }
    case 0x15: {
        u32 sectors = (u32)d->cylinders * d->heads * d->spt;
        r->cx = sectors >> 16;
        r->dx = sectors;
        r->ax = 0x0300;
        set_cf(r, 0);
        return;
    }
    }
    if (r->ah >= 0x41 && r->ah <= 0x4E)
        edd_service(r, d);
    else
        disk_result(r, DISK_BAD_COMMAND);
}

static void cd(struct regs *r, struct drive *d)
{
    if (r->ah >= 0x41 && r->ah <= 0x4E) {
        edd_service(r, d);
        return;
    }
    switch (r->ah) {
    case 0x00:
    case 0x09:
    case 0x0C:
    case 0x0D:
    case 0x11:
    case 0x14:
        disk_result(r, DISK_OK);
        return;
    case 0x01:
        r->ah = peek8(BDA, BDA_HD_STATUS);
        set_cf(r, r->ah);
        return;
    case 0x10:
        disk_result(r, atapi_ready(d) ? DISK_NOT_READY : DISK_OK);
        return;
    case 0x15:
        r->ah = 2;
        set_cf(r, 0);
        return;
    }
    disk_result(r, DISK_BAD_COMMAND);
}

void HANDLER int13(struct regs *r)
{
    u8 number = r->dl;
    r->flags |= F_IF;                   /* the copy-protection loader of Blackthorne waits for ticks after a read */
    if (r->ah >= 0x4A && r->ah <= 0x4D) {
        eltorito_status(r, number >= 0xE0 ? number - 0xE0 : 0xFF);
        return;
    }
    if (emulation_drive(number)) {
        emulation_service(r);
        return;
    }
    if (number < 0x80) {
        floppy_service(r);
        return;
    }
    if (number >= 0xE0) {
        if (number - 0xE0 < shared.cd_count)
            cd(r, &shared.drives[shared.cds[number - 0xE0]]);
        else
            disk_result(r, DISK_BAD_COMMAND);
        return;
    }
    number -= 0x80;
    if (shared.emulation.active && shared.emulation.drive == 0x80)
        number--;
    if (number < shared.disk_count)
        hard_disk(r, &shared.drives[shared.disks[number]]);
    else
        disk_result(r, r->ah == 0x15 ? 0 : DISK_BAD_COMMAND);
}

/* INT 40h: floppies, where the hard disk's INT 13h came on top of them. */
void HANDLER int40(struct regs *r)
{
    r->flags |= F_IF;
    floppy_service(r);
}
