/* IDE: ATA disks and ATAPI CD-ROMs by PIO and by bus-master DMA (PIIX: SFF-8038i). */
#include "core.h"

enum { DATA, FEATURES, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, SELECT, COMMAND, STATUS = COMMAND, ERROR = FEATURES };
enum { ERR = 0x01, DRQ = 0x08, DRDY = 0x40, BSY = 0x80 };
enum { IDENTIFY = 0xEC, IDENTIFY_PACKET = 0xA1, PACKET = 0xA0, READ_SECTORS = 0x20, READ_DMA = 0xC8 };
enum { BM_COMMAND, BM_STATUS = 2, BM_TABLE = 4, BM_START = 1, BM_TO_MEMORY = 8, BM_ACTIVE = 1, BM_ERROR = 2, BM_INTERRUPT = 4 };
#define SECONDS(n) ((n) * TICKS_PER_SECOND)

static const u16 base[2] = { 0x1F0, 0x170 }, control[2] = { 0x3F6, 0x376 };
static volatile u32 seen[2];            /* interrupts of the channels */
static struct { u32 address, bytes; } table[2] __attribute__((aligned(8)));
struct drive drives[4];
u16 ide_bus_master;

static u16 identity[256];

static void interrupt_14(void) { inb(base[0] + STATUS); seen[0]++; }
static void interrupt_15(void) { inb(base[1] + STATUS); seen[1]++; }

static u8 status(u32 channel) { return inb(control[channel]); }         /* without taking the interrupt back */
static int idle(u32 channel) { return WAIT(!(status(channel) & BSY), SECONDS(5)); }

static void in16(u16 port, void *to, u32 words) { asm volatile("rep insw" : "+D"(to), "+c"(words) : "d"(port) : "memory"); }
static void out16(u16 port, const void *from, u32 words) { asm volatile("rep outsw" : "+S"(from), "+c"(words) : "d"(port) : "memory"); }

static void select(struct drive *d, u8 bits)
{
    outb(base[d->channel] + SELECT, 0xA0 | d->unit << 4 | bits);
    for (u32 i = 0; i < 4; i++)
        status(d->channel);             /* 400 ns */
}

static int identify(struct drive *d, u8 command)
{
    u32 c = d->channel;
    outb(base[c] + COMMAND, command);
    if (!status(c) || !idle(c) || (status(c) & (ERR | DRQ)) != DRQ)
        return 0;
    in16(base[c] + DATA, identity, 256);
    for (u32 i = 0; i < 40; i++)
        d->model[i] = identity[27 + i / 2] >> (i & 1 ? 0 : 8);
    d->model[40] = 0;
    trim(d->model);
    return 1;
}

static void look(struct drive *d)
{
    u16 b = base[d->channel];
    if (status(d->channel) == 0xFF)
        return;
    select(d, 0);
    outb(b + LBA_LOW, 0x55);
    outb(b + COUNT, 0xAA);
    if (inb(b + LBA_LOW) != 0x55 || inb(b + COUNT) != 0xAA || !idle(d->channel))
        return;
    if (identify(d, IDENTIFY)) {
        d->kind = ATA;
        d->sectors = identity[61] << 16 | identity[60];
    } else if (inb(b + LBA_MID) == 0x14 && inb(b + LBA_HIGH) == 0xEB && identify(d, IDENTIFY_PACKET)) {
        d->kind = ATAPI;
    }
}

void ide_find(void)
{
    struct pci *p = pci_class(0x010100, 0xFFFF00);
    if (p && (p->class & 0x80) && (p->bar[4] & 1)) {
        ide_bus_master = p->bar[4] & 0xFFF0;
        pci_write(p, 4, (pci_read(p, 4) & 0xFFFF) | 5);         /* I/O and bus master on */
    }
    irq_handle(14, interrupt_14);
    irq_handle(15, interrupt_15);
    outb(control[0], 0);                /* interrupts on, whatever the firmware left */
    outb(control[1], 0);
    for (u32 i = 0; i < 4; i++) {
        drives[i].channel = i >> 1;
        drives[i].unit = i & 1;
        look(&drives[i]);
    }
}

static void dma_prepare(u32 channel, void *to, u32 bytes)
{
    u16 bm = ide_bus_master + channel * 8;
    table[channel].address = (u32)to;
    table[channel].bytes = bytes | 0x80000000;
    outb(bm + BM_COMMAND, 0);
    outl(bm + BM_TABLE, (u32)&table[channel]);
    outb(bm + BM_STATUS, inb(bm + BM_STATUS) | BM_ERROR | BM_INTERRUPT);
    outb(bm + BM_COMMAND, BM_TO_MEMORY);
}

/* 0 when the transfer ended well */
static int dma_run(u32 channel, u32 before)
{
    u16 bm = ide_bus_master + channel * 8;
    outb(bm + BM_COMMAND, BM_TO_MEMORY | BM_START);
    int came = WAIT(seen[channel] != before && !(status(channel) & BSY), SECONDS(5));
    u8 s = inb(bm + BM_STATUS);
    outb(bm + BM_COMMAND, 0);
    outb(bm + BM_STATUS, s | BM_ERROR | BM_INTERRUPT);
    if (!came)
        return 1;
    if (s & BM_ERROR)
        return 2;
    return status(channel) & ERR ? 3 : 0;
}

int atapi_command(struct drive *d, const u8 *packet, void *to, u32 bytes, int dma)
{
    u32 c = d->channel;
    u16 b = base[c];
    u8 *at = to;
    select(d, 0);
    if (!idle(c))
        return 1;
    outb(b + FEATURES, dma);
    outb(b + LBA_MID, bytes < 0xFFFE ? bytes : 0xFE);
    outb(b + LBA_HIGH, (bytes < 0xFFFE ? bytes : 0xFFFE) >> 8);
    if (dma)
        dma_prepare(c, to, bytes);
    outb(b + COMMAND, PACKET);
    if (!idle(c) || !(status(c) & DRQ))
        return 4;
    u32 before = seen[c];
    out16(b + DATA, packet, 6);
    if (dma)
        return dma_run(c, before);
    for (;;) {
        if (!WAIT(!(status(c) & BSY) && seen[c] != before, SECONDS(10)))
            return 1;
        before = seen[c];
        if (status(c) & ERR)
            return 0x10 | inb(b + ERROR) >> 4;
        if (!(status(c) & DRQ))
            return at == (u8 *)to + bytes ? 0 : 5;
        u32 part = inb(b + LBA_MID) | inb(b + LBA_HIGH) << 8;
        if (at + part > (u8 *)to + bytes)
            return 6;
        in16(b + DATA, at, part / 2);
        at += part;
    }
}

static int read_disk(struct drive *d, u32 lba, u32 count, u8 *to, int dma)
{
    u32 c = d->channel;
    u16 b = base[c];
    select(d, 0x40 | (lba >> 24 & 15));
    if (!idle(c))
        return 1;
    outb(b + COUNT, count);
    outb(b + LBA_LOW, lba);
    outb(b + LBA_MID, lba >> 8);
    outb(b + LBA_HIGH, lba >> 16);
    u32 before = seen[c];
    if (dma) {
        dma_prepare(c, to, count * 512);
        outb(b + COMMAND, READ_DMA);
        return dma_run(c, before);
    }
    outb(b + COMMAND, READ_SECTORS);
    for (; count; count--, to += 512) {
        if (!WAIT(seen[c] != before && !(status(c) & BSY), SECONDS(5)))
            return 1;
        before = seen[c];
        if (status(c) & ERR)
            return 3;
        if (!(status(c) & DRQ))
            return 5;
        in16(b + DATA, to, 256);
    }
    return 0;
}

int ide_read(struct drive *d, u32 lba, u32 count, void *to, int dma)
{
    if (d->kind == ATA)
        return read_disk(d, lba, count, to, dma);
    u8 packet[12] = { 0x28, 0, lba >> 24, lba >> 16, lba >> 8, lba, 0, count >> 8, count };
    return atapi_command(d, packet, to, count * 2048, dma);
}

u32 sum32(const void *from, u32 bytes)
{
    const u32 *p = from;
    u32 sum = 0;
    for (; bytes; bytes -= 4)
        sum = (sum << 1 | sum >> 31) + *p++;
    return sum;
}
