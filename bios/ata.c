/* ATA disks and ATAPI CD drives by programmed I/O. */
#include "services.h"

/* Task file, from the base */
#define DATA 0
#define ERROR 1
#define FEATURES 1
#define COUNT 2
#define LBA_LOW 3
#define LBA_MID 4
#define LBA_HIGH 5
#define DEVICE 6
#define STATUS 7

#define BSY 0x80
#define DF 0x20
#define DRQ 0x08
#define ERR 0x01

/* Error register */
#define UNC 0x40
#define ABRT 0x04

/* Device control */
#define NO_INTERRUPTS 0x0A
#define INTERRUPTS 0x08
#define SRST 0x04

#define READ_SECTORS 0x20
#define READ_SECTORS_EXT 0x24
#define WRITE_SECTORS 0x30
#define WRITE_SECTORS_EXT 0x34
#define READ_VERIFY 0x40
#define READ_VERIFY_EXT 0x42
#define PACKET 0xA0
#define IDENTIFY_PACKET 0xA1
#define FLUSH_CACHE 0xE7
#define IDENTIFY 0xEC

#define CD_BLOCK 2048

#define TIMEOUT (18 * 20)       /* ticks */

/* Status once the drive is not busy, and has raised one of the bits; -1 when it takes too long or is not there. */
static int wait_status(u16 base, u8 bits)
{
    u32 start = clock_now();
    for (u32 i = 1; i < 40000000; i++) {
        u8 status = inb(base + STATUS);
        if (status == 0xFF)
            return -1;
        if (!(status & BSY) && (!bits || status & (bits | ERR | DF)))
            return status;
        if (!(i & 0x3FF)) {
            yield();
            if (clock_now() - start > TIMEOUT)
                return -1;
        }
    }
    return -1;
}

/* A read of the port takes some 500 ns on a board. */
static void delay(u16 control, u16 reads)
{
    while (reads--)
        inb(control);
}

static void short_delay(u16 control)
{
    delay(control, 4);
}

static void data_in(u16 port, u16 seg, u32 off, u32 bytes)
{
    u32 to = off & 15, n = bytes & 3 ? bytes >> 1 : bytes >> 2;
    seg += off >> 4;
    if (bytes & 3)
        asm volatile("pushw %%es; movw %w3,%%es; rep insw; popw %%es" : "+D"(to), "+c"(n) : "d"(port), "r"(seg) : "memory");
    else
        asm volatile("pushw %%es; movw %w3,%%es; rep insl; popw %%es" : "+D"(to), "+c"(n) : "d"(port), "r"(seg) : "memory");
}

static void data_out(u16 port, u16 seg, u32 off, u32 bytes)
{
    u32 from = off & 15, n = bytes >> 1;
    seg += off >> 4;
    asm volatile("pushw %%ds; movw %w3,%%ds; rep outsw; popw %%ds" : "+S"(from), "+c"(n) : "d"(port), "r"(seg) : "memory");
}

static void drop(u16 port, u32 bytes)
{
    for (; bytes > 1; bytes -= 2)
        inw(port);
}

static int select(const struct drive *d, u8 bits)
{
    if (wait_status(d->base, 0) < 0)
        return -1;
    outb(d->base + DEVICE, 0xA0 | bits | d->unit << 4);
    short_delay(d->control);
    return wait_status(d->base, 0) < 0 ? -1 : 0;
}

/* Select, address and start a command on up to 256 sectors. */
static int start(const struct drive *d, u8 command, u8 command_ext, u64 lba, u32 count)
{
    if (select(d, 0x40))
        return -1;
    outb(d->control, NO_INTERRUPTS);
    if (lba + count > 0x0FFFFFFF) {
        outb(d->base + COUNT, count >> 8);
        outb(d->base + LBA_LOW, lba >> 24);
        outb(d->base + LBA_MID, lba >> 32);
        outb(d->base + LBA_HIGH, lba >> 40);
        command = command_ext;
    }
    outb(d->base + COUNT, (u8)count);
    outb(d->base + LBA_LOW, (u8)lba);
    outb(d->base + LBA_MID, (u8)(lba >> 8));
    outb(d->base + LBA_HIGH, (u8)(lba >> 16));
    if (command != command_ext)
        outb(d->base + DEVICE, 0xE0 | d->unit << 4 | (lba >> 24 & 0x0F));
    outb(d->base + STATUS, command);
    short_delay(d->control);
    return 0;
}

/* What INT 13h says of a status after which the drive does not go on; DISK_OK if it is none. */
static int outcome(const struct drive *d, int status, int write)
{
    if (status < 0)
        return DISK_TIMEOUT;
    if (!(status & (ERR | DF)))
        return DISK_OK;
    u8 error = inb(d->base + ERROR);
    if (status & DF)
        return write ? DISK_WRITE_FAULT : DISK_FAILED;
    if (write)
        return error & ABRT ? DISK_PROTECTED : error & UNC ? DISK_WRITE_FAULT : DISK_NO_SECTOR;
    return error & UNC ? DISK_BAD_DATA : error & ABRT ? DISK_FAILED : DISK_NO_SECTOR;
}

/* Have what was written on the medium. */
static int flush(const struct drive *d)
{
    outb(d->base + STATUS, FLUSH_CACHE);
    short_delay(d->control);
    int status = wait_status(d->base, 0);
    return status < 0 ? DISK_TIMEOUT : status & (ERR | DF) ? DISK_WRITE_FAULT : DISK_OK;
}

/* 512-byte sectors to or from seg:off; a result as INT 13h gives it, and in *count how many were transferred. */
int ata_transfer(const struct drive *d, u64 lba, u32 *count, u16 seg, u32 off, int write)
{
    u32 left = *count;
    int result = DISK_OK;
    *count = 0;
    while (left && !result) {
        u32 n = left > 128 ? 128 : left, i;
        if (start(d, write ? WRITE_SECTORS : READ_SECTORS, write ? WRITE_SECTORS_EXT : READ_SECTORS_EXT, lba, n))
            return DISK_TIMEOUT;
        for (i = 0; i < n; i++) {
            int status = wait_status(d->base, DRQ);
            result = outcome(d, status, write);
            if (!result && !(status & DRQ))
                result = DISK_FAILED;
            if (result)
                break;
            if (write)
                data_out(d->base + DATA, seg, off, 512);
            else
                data_in(d->base + DATA, seg, off, 512);
            off += 512;
            yield();
        }
        if (!result)
            result = outcome(d, wait_status(d->base, 0), write);
        if (write && result && i)
            i--;                                /* the drive had the data of the sector that failed */
        *count += i;
        lba += n;
        left -= n;
    }
    if (write && !result && (result = flush(d)))
        *count = 0;                             /* any of them may be lost */
    outb(d->control, INTERRUPTS);
    return result;
}

int ata_verify(const struct drive *d, u64 lba, u32 count)
{
    while (count) {
        u32 n = count > 256 ? 256 : count;
        if (start(d, READ_VERIFY, READ_VERIFY_EXT, lba, n))
            return DISK_TIMEOUT;
        int result = outcome(d, wait_status(d->base, 0), 0);
        outb(d->control, INTERRUPTS);
        if (result)
            return result;
        lba += n;
        count -= n;
    }
    return DISK_OK;
}

/* INT 13h, 00h and 0Dh: SRST, for both drives of the channel, whatever they were doing. */
int ata_reset(const struct drive *d)
{
    outb(d->control, NO_INTERRUPTS | SRST);
    delay(d->control, 20);
    outb(d->control, NO_INTERRUPTS);
    delay(d->control, 4000);             /* 2 ms */
    int result = wait_status(d->base, 0) < 0 || select(d, 0x40) ? DISK_TIMEOUT : DISK_OK;
    outb(d->control, INTERRUPTS);
    return result;
}

/* A packet; of what comes, `skip` bytes are dropped, `length` stored at seg:off, and the rest dropped. */
static int packet_in(struct drive *d, const u8 *packet, u16 seg, u32 off, u32 skip, u32 length)
{
    if (select(d, 0))
        return DISK_TIMEOUT;
    outb(d->control, NO_INTERRUPTS);
    outb(d->base + FEATURES, 0);
    outb(d->base + LBA_MID, (u8)CD_BLOCK);
    outb(d->base + LBA_HIGH, CD_BLOCK >> 8);
    outb(d->base + STATUS, PACKET);
    short_delay(d->control);
    int status = wait_status(d->base, DRQ);
    if (status < 0 || status & (ERR | DF) || !(status & DRQ))
        return status < 0 ? DISK_TIMEOUT : DISK_FAILED;
    data_out(d->base + DATA, 0xF000, (u32)packet, 12);
    short_delay(d->control);
    while ((status = wait_status(d->base, 0)) >= 0 && status & DRQ) {
        u32 bytes = inb(d->base + LBA_MID) | (u32)inb(d->base + LBA_HIGH) << 8, part;
        part = bytes < skip ? bytes : skip;
        drop(d->base, part);
        skip -= part;
        bytes -= part;
        part = bytes < length ? bytes : length;
        data_in(d->base + DATA, seg, off, part);
        off += part;
        length -= part;
        drop(d->base, bytes - part);
        yield();
    }
    outb(d->control, INTERRUPTS);
    if (status < 0)
        return DISK_TIMEOUT;
    if (status & (ERR | DF)) {
        d->sense_key = inb(d->base + ERROR) >> 4;
        return DISK_FAILED;
    }
    return length ? DISK_NO_SECTOR : DISK_OK;
}

int atapi_command(struct drive *d, const u8 *packet, u16 seg, u32 off, u32 length)
{
    return packet_in(d, packet, seg, off, 0, length);
}

/* Is a medium in?  A unit attention (2 in a row at most) is taken away. */
int atapi_ready(struct drive *d)
{
    u8 packet[12], sense[18];
    for (u8 i = 0; i < 5; i++) {
        memset(packet, 0, sizeof packet);
        int status = packet_in(d, packet, 0, 0, 0, 0);
        if (!status || status == DISK_TIMEOUT)
            return status;
        packet[0] = 0x03;
        packet[4] = sizeof sense;
        packet_in(d, packet, 0xF000, (u32)sense, 0, sizeof sense);
        d->sense_key = sense[2] & 0x0F;
        d->asc = sense[12];
        if (d->asc == 0x3A)
            return DISK_NO_MEDIA;
    }
    return DISK_NOT_READY;
}

/* Blocks of 2,048 bytes from lba; `length` bytes after the first `skip` go to seg:off. */
int atapi_read(struct drive *d, u32 lba, u32 blocks, u16 seg, u32 off, u32 skip, u32 length)
{
    u8 packet[12];
    for (u8 i = 0; ; i++) {
        memset(packet, 0, sizeof packet);
        packet[0] = 0x28;
        packet[2] = lba >> 24;
        packet[3] = lba >> 16;
        packet[4] = lba >> 8;
        packet[5] = lba;
        packet[7] = blocks >> 8;
        packet[8] = blocks;
        int status = packet_in(d, packet, seg, off, skip, length);
        if (!status || i == 2)
            return status;
        int ready = atapi_ready(d);
        if (ready)
            return ready == DISK_NO_MEDIA ? ready : status;
    }
}

/* The geometry that INT 13h shows for a disk too large for 1,024 cylinders. */
static void translate(struct drive *d)
{
    u32 cylinders = d->phys_cylinders, heads = d->phys_heads, spt = d->phys_spt;
    u32 sectors = d->sectors_high ? 0xFFFFFFFF : d->sectors;
    if (!cylinders || !heads || !spt) {
        heads = 16;
        spt = 63;
        cylinders = sectors / (16 * 63);
    }
    if (cylinders > 1024 && cylinders * heads <= 131072) {
        while (cylinders > 1024 && heads < 128) {
            cylinders >>= 1;
            heads <<= 1;
        }
    } else if (cylinders > 1024) {
        spt = 63;
        heads = 16;
        while (heads < 256 && sectors / 63 / heads > 1024)
            heads <<= 1;
        if (heads > 255)
            heads = 255;
        cylinders = sectors / 63 / heads;
    }
    d->translated = cylinders != d->phys_cylinders;
    d->cylinders = cylinders > 1024 ? 1024 : cylinders;
    d->heads = heads;
    d->spt = spt;
}

/* Fixed disk parameter table in the extended BIOS data area; INT 41h and 46h point at them. */
static void parameter_table(const struct drive *d, u8 number)
{
    u16 ebda = peek16(BDA, BDA_EBDA), at = EBDA_DISK_TABLES + 16 * number;
    u8 table[16];
    memset(table, 0, sizeof table);
    *(u16 *)&table[0] = d->cylinders;
    table[2] = d->heads;
    table[8] = d->phys_heads > 8 ? 0xC8 : 0xC0;
    table[14] = d->spt;
    if (d->translated) {
        table[3] = 0xA0;
        table[4] = d->phys_spt;
        *(u16 *)&table[9] = d->phys_cylinders;
        table[11] = d->phys_heads;
        u8 sum = 0;
        for (u8 i = 0; i < 15; i++)
            sum += table[i];
        table[15] = -sum;
    }
    for (u8 i = 0; i < 16; i++)
        poke8(ebda, at + i, table[i]);
    poke16(0, (number ? 0x46 : 0x41) * 4, at);
    poke16(0, (number ? 0x46 : 0x41) * 4 + 2, ebda);
}

static void identify(struct drive *d, u8 channel, u8 unit)
{
    u16 words[256];
    d->base = channel ? 0x170 : 0x1F0;
    d->control = channel ? 0x376 : 0x3F6;
    d->channel = channel;
    d->unit = unit;
    if (select(d, 0))
        return;
    outb(d->base + COUNT, 0x55);
    outb(d->base + LBA_LOW, 0xAA);
    if (inb(d->base + COUNT) != 0x55 || inb(d->base + LBA_LOW) != 0xAA || (inb(d->base + DEVICE) & 0x10) != unit << 4)
        return;
    outb(d->control, NO_INTERRUPTS);
    outb(d->base + LBA_MID, 0);
    outb(d->base + LBA_HIGH, 0);
    outb(d->base + STATUS, IDENTIFY);
    short_delay(d->control);
    if (!inb(d->base + STATUS))
        return;                                 /* a master answers for a slave that is not there */
    int status = wait_status(d->base, DRQ);
    u8 kind = DRIVE_DISK;
    if (status < 0)
        return;
    if (!(status & DRQ)) {
        if (inb(d->base + LBA_MID) != 0x14 || inb(d->base + LBA_HIGH) != 0xEB)
            return;
        kind = DRIVE_CD;
        outb(d->base + STATUS, IDENTIFY_PACKET);
        short_delay(d->control);
        status = wait_status(d->base, DRQ);
        if (status < 0 || !(status & DRQ))
            return;
    }
    data_in(d->base + DATA, 0xF000, (u32)words, 512);
    wait_status(d->base, 0);
    outb(d->control, INTERRUPTS);
    d->kind = kind;
    d->removable = words[0] >> 7 & 1;
    for (u8 i = 0; i < 20; i++) {
        d->model[2 * i] = words[27 + i] >> 8;
        d->model[2 * i + 1] = (u8)words[27 + i];
    }
    for (int i = 40; i >= 0 && (i == 40 || d->model[i] == ' '); i--)
        d->model[i] = 0;
    if (kind == DRIVE_CD)
        return;
    d->phys_cylinders = words[1];
    d->phys_heads = words[3];
    d->phys_spt = words[6];
    d->sectors = words[60] | (u32)words[61] << 16;
    if (words[83] & 0x0400) {
        d->lba48 = 1;
        d->sectors = words[100] | (u32)words[101] << 16;
        d->sectors_high = words[102] | (u32)words[103] << 16;
    }
    if (!d->sectors)
        d->sectors = (u32)d->phys_cylinders * d->phys_heads * d->phys_spt;
    translate(d);
}

/* Called once by the power-on code: find what is on the two channels. */
void HANDLER drives_init(struct regs *r)
{
    (void)r;
    for (u8 i = 0; i < MAX_DRIVES; i++) {
        struct drive *d = &shared.drives[i];
        identify(d, i >> 1, i & 1);
        if (d->kind == DRIVE_DISK) {
            if (shared.disk_count < 2)
                parameter_table(d, shared.disk_count);
            shared.disks[shared.disk_count++] = i;
        } else if (d->kind == DRIVE_CD) {
            shared.cds[shared.cd_count++] = i;
        }
    }
    poke8(BDA, BDA_HD_COUNT, shared.disk_count);
}
