/* 82077AA floppy controller: version, recalibrate, and a sector by DMA if there is a disk in the drive. */
#include "core.h"

enum { DOR = 0x3F2, MSR = 0x3F4, FIFO = 0x3F5, DIR = 0x3F7, CCR = 0x3F7 };
enum { RQM = 0x80, DIO = 0x40, DISK_CHANGED = 0x80 };
enum { SPECIFY = 0x03, RECALIBRATE = 0x07, SENSE = 0x08, SEEK = 0x0F, VERSION = 0x10, READ = 0xE6 };
#define MOTOR_0 0x1C            /* motor and drive 0, interrupts and DMA on */
#define SPIN_UP 30              /* ticks */
#define DRIVES 0x10             /* CMOS */

static volatile u32 seen;

static void interrupt_6(void) { seen++; }

static int send(u8 byte)
{
    if (!WAIT((inb(MSR) & (RQM | DIO)) == RQM, 10))
        return 0;
    outb(FIFO, byte);
    return 1;
}

static int receive(void) { return WAIT((inb(MSR) & (RQM | DIO)) == (RQM | DIO), 10) ? inb(FIFO) : -1; }

static int sense(void)
{
    send(SENSE);
    int status = receive();
    receive();
    return status;
}

/* A command that ends with an interrupt and is then asked for its result. */
static int moved(const u8 *command, u32 bytes)
{
    u32 before = seen;
    while (bytes--)
        send(*command++);
    return WAIT(seen != before, 3 * TICKS_PER_SECOND) && (sense() & 0xF8) == 0x20;
}

static void dma(void *to, u32 bytes)
{
    outb(0x0A, 6);                      /* channel 2 masked */
    outb(0x0C, 0);
    outb(0x0B, 0x46);                   /* single, to memory */
    outb(0x04, (u32)to);
    outb(0x04, (u32)to >> 8);
    outb(0x81, (u32)to >> 16);
    outb(0x05, bytes - 1);
    outb(0x05, (bytes - 1) >> 8);
    outb(0x0A, 2);
}

/* The first sector; the first byte of the result, or -1. */
static int read_sector(void *to)
{
    static const u8 command[] = { READ, 0, 0, 0, 1, 2, 18, 0x1B, 0xFF };
    u8 result[7];
    u32 before = seen;
    dma(to, 512);
    for (u32 i = 0; i < sizeof command; i++)
        send(command[i]);
    if (!WAIT(seen != before, 3 * TICKS_PER_SECOND))
        return -1;
    for (u32 i = 0; i < 7; i++)
        result[i] = receive();
    return result[0];
}

static const char *drive_name(u32 kind)
{
    static const char *const names[] = { "no drive", "360K", "1.2M", "720K", "1.44M", "2.88M", "2.88M" };
    return kind < ARRAY_SIZE(names) ? names[kind] : "?";
}

void check_floppy(struct check *c)
{
    static const u8 recalibrate[] = { RECALIBRATE, 0 }, out[] = { SEEK, 0, 1 }, in[] = { SEEK, 0, 0 };
    u32 kind = cmos_read(DRIVES) >> 4, before;
    int version, good;
    if (inb(MSR) == 0xFF) {
        absent(c, "none");
        return;
    }
    irq_handle(6, interrupt_6);
    before = seen;
    outb(DOR, 0);
    for (u32 i = 0; i < 10; i++)
        inb(0x80);
    outb(DOR, 0x0C);
    good = WAIT(seen != before, TICKS_PER_SECOND);
    for (u32 i = 0; i < 4; i++)
        sense();
    send(VERSION);
    version = receive();
    if (!good || version < 0) {
        fail(c, good ? "no answer" : "no interrupt after reset");
        return;
    }
    const char *chip = version == 0x90 ? "82077AA" : "8272A";
    if (!kind) {
        pass(c, "%s, no drive", chip);
        return;
    }
    outb(DOR, MOTOR_0);
    outb(CCR, 0);
    send(SPECIFY);
    send(0xDF);
    send(0x02);
    sleep(SPIN_UP);
    good = moved(recalibrate, sizeof recalibrate) && moved(out, sizeof out) && moved(in, sizeof in);
    if (!good) {
        fail(c, "the drive does not move");
    } else if (inb(DIR) & DISK_CHANGED) {
        pass(c, "%s %s, no disk", chip, drive_name(kind));
    } else {
        int status = -1;
        for (u32 rate = 0; rate < 3 && (status & 0xC0); rate += 2) {    /* 500 kbit/s, then 250 for 720K */
            outb(CCR, rate);
            status = read_sector(buffer_a);
        }
        if (status & 0xC0)
            fail(c, "%s: read failed, %x", drive_name(kind), status);
        else
            pass(c, "%s %s, sector read", chip, drive_name(kind));
        detail(c, "first sector %08x", sum32(buffer_a, 512));
    }
    outb(DOR, 0x0C);
}
