/* Disks that a bootable CD emulates, and INT 13h 4Ah-4Dh: the "El Torito" specification 1.0. */
#include "services.h"

#define EMU (&shared.emulation)

struct shared shared;
u32 catalog_lba;

int emulation_drive(u8 dl) { return EMU->active && dl == EMU->drive; }

static void locate(struct regs *r, u32 *lba, int *bad)
{
    u32 cylinder = r->ch | (u32)(r->cl & 0xC0) << 2, sector = r->cl & 0x3F;
    *bad = !sector || sector > EMU->spt || r->dh >= EMU->heads || cylinder >= EMU->cylinders;
    *lba = (cylinder * EMU->heads + r->dh) * EMU->spt + sector - 1;
}

static u8 read(u32 lba, u32 count, u16 seg, u32 off)
{
    u32 skip = (lba & 3) * 512, length = count * 512;
    return atapi_read(&shared.drives[shared.cds[EMU->cd]], EMU->lba + (lba >> 2), (skip + length + 2047) >> 11, seg, off, skip, length);
}

void emulation_service(struct regs *r)
{
    u32 lba;
    int bad;
    u8 status = DISK_OK;
    switch (r->ah) {
    case 0x00:
    case 0x09:
    case 0x0C:
    case 0x0D:
    case 0x10:
    case 0x11:
    case 0x14:
        break;
    case 0x01:
        r->ah = peek8(BDA, r->dl < 0x80 ? BDA_FD_STATUS : BDA_HD_STATUS);
        set_cf(r, r->ah);
        return;
    case 0x02:
    case 0x04:
        locate(r, &lba, &bad);
        if (bad || !r->al)
            status = bad ? DISK_NO_SECTOR : DISK_BAD_COMMAND;
        else if (r->ah == 0x02)
            status = read(lba, r->al, r->es, r->bx);
        if (status)
            r->al = 0;
        break;
    case 0x03:
    case 0x05:
        status = DISK_PROTECTED;
        break;
    case 0x08: {
        u16 last = EMU->cylinders - 1;
        r->ch = last;
        r->cl = (last >> 2 & 0xC0) | EMU->spt;
        r->dh = EMU->heads - 1;
        r->ax = 0;
        r->bl = EMU->media == 4 ? 0 : EMU->media == 1 ? 2 : EMU->media == 2 ? 4 : 6;
        if (EMU->media == 4) {
            r->dl = peek8(BDA, BDA_HD_COUNT);
        } else {
            u16 equipment = peek16(BDA, BDA_EQUIPMENT);
            r->dl = equipment & 1 ? (equipment >> 6 & 3) + 1 : 0;
            r->di = peek16(0, 0x1E * 4);
            r->es = peek16(0, 0x1E * 4 + 2);
        }
        set_cf(r, 0);
        return;
    }
    case 0x15:
        if (EMU->media == 4) {
            u32 sectors = (u32)EMU->cylinders * EMU->heads * EMU->spt;
            r->cx = sectors >> 16;
            r->dx = sectors;
            r->ah = 3;
        } else {
            r->ah = 1;
        }
        set_cf(r, 0);
        return;
    case 0x16:
        break;
    case 0x41:
    case 0x42:
    case 0x48:
    default:
        status = DISK_BAD_COMMAND;
    }
    disk_result(r, status);
}

static void write_packet(u16 seg, u16 off)
{
    poke8(seg, off, 0x13);
    poke8(seg, off + 1, EMU->media);
    poke8(seg, off + 2, EMU->drive);
    poke8(seg, off + 3, EMU->controller);
    poke32(seg, off + 4, EMU->lba);
    poke16(seg, off + 8, EMU->device_spec);
    poke16(seg, off + 10, EMU->user_segment);
    poke16(seg, off + 12, EMU->load_segment);
    poke16(seg, off + 14, EMU->sector_count);
    u16 cylinder = EMU->active ? EMU->cylinders - 1 : 0;        /* as function 08h gives them in CH, CL and DH */
    poke8(seg, off + 16, cylinder);
    poke8(seg, off + 17, (cylinder >> 2 & 0xC0) | EMU->spt);
    poke8(seg, off + 18, EMU->active ? EMU->heads - 1 : 0);
}

/* 4Ah and 4Ch take the packet: an emulation starts. */
static u8 start(u16 seg, u16 off)
{
    u8 media = peek8(seg, off + 1) & 0x0F;
    if (media < 1 || media > 4 || EMU->active || !shared.cd_count)
        return DISK_BAD_COMMAND;
    EMU->media = media;
    EMU->drive = media == 4 ? 0x80 : 0x00;
    EMU->lba = peek32(seg, off + 4);
    EMU->device_spec = peek16(seg, off + 8);
    EMU->user_segment = peek16(seg, off + 10);
    EMU->load_segment = peek16(seg, off + 12);
    EMU->sector_count = peek16(seg, off + 14);
    EMU->cylinders = (peek8(seg, off + 16) | (u16)(peek8(seg, off + 17) & 0xC0) << 2) + 1;
    EMU->spt = peek8(seg, off + 17) & 0x3F;
    EMU->heads = peek8(seg, off + 18) + 1;
    if (media != 4) {
        EMU->cylinders = 80;
        EMU->heads = 2;
        EMU->spt = media == 1 ? 15 : media == 2 ? 18 : 36;
    }
    EMU->active = EMU->booted = 1;
    return DISK_OK;
}

static void counts(int by)
{
    if (EMU->drive == 0x80) {
        poke8(BDA, BDA_HD_COUNT, peek8(BDA, BDA_HD_COUNT) + by);
        return;
    }
    u16 equipment = peek16(BDA, BDA_EQUIPMENT);
    u8 floppies = (equipment & 1 ? (equipment >> 6 & 3) + 1 : 0) + by;
    equipment &= ~0xC1;
    if (floppies)
        equipment |= 1 | (floppies - 1) << 6;
    poke16(BDA, BDA_EQUIPMENT, equipment);
}

void eltorito_status(struct regs *r, u8 cd)
{
    u16 ds = r->ds, si = r->si;
    u8 status = DISK_OK;
    switch (r->ah) {
    case 0x4A:
        status = start(ds, si);
        if (!status)
            counts(1);
        break;
    case 0x4B:
        if (!EMU->booted || (r->dl != 0x7F && r->dl != EMU->drive && cd != EMU->cd)) {
            status = DISK_BAD_COMMAND;
            break;
        }
        write_packet(ds, si);
        if (r->al == 0 && EMU->active) {
            counts(-1);
            EMU->active = 0;
        }
        break;
    case 0x4C: {
        status = start(ds, si);
        if (status)
            break;
        counts(1);
        u16 segment = EMU->load_segment ? EMU->load_segment : 0x7C0;
        status = read(0, EMU->sector_count ? EMU->sector_count : 1, segment, 0);
        if (!status) {
            r->cs = segment == 0x7C0 ? 0 : segment;
            r->ip = segment == 0x7C0 ? 0x7C00 : 0;
            r->dl = EMU->drive;
            return;
        }
        break;
    }
    case 0x4D:
        if (!EMU->booted) {
            status = DISK_BAD_COMMAND;
            break;
        }
        status = atapi_read(&shared.drives[shared.cds[EMU->cd]], catalog_lba + peek16(ds, si + 6), peek8(ds, si + 1),
                            peek16(ds, si + 4), peek16(ds, si + 2), 0, (u32)peek8(ds, si + 1) * 2048);
        break;
    }
    disk_result(r, status);
}
