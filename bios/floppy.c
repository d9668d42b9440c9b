/* Floppy drives: the 82077AA, DMA channel 2 and IRQ 6. */
#include "services.h"

#define DOR 0x3F2
#define MSR 0x3F4
#define FIFO 0x3F5
#define DIR 0x3F7
#define CCR 0x3F7
#define MSR_RQM 0x80
#define MSR_DIO 0x40

#define IRQ_CAME 0x80

#define SPECIFY 0x03
#define RECALIBRATE 0x07
#define SENSE_INTERRUPT 0x08
#define READ_ID 0x4A
#define FORMAT 0x4D
#define SEEK 0x0F
#define READ 0xE6
#define WRITE 0xC5

#define FD_CRC 0x10
#define FD_NO_ADDRESS 0x02
#define FD_NO_SECTOR 0x04
#define FD_CHANGED 0x06
#define FD_OVERRUN 0x08
#define FD_BOUNDARY 0x09
#define FD_MEDIA_TYPE 0x0C
#define FD_CONTROLLER 0x20
#define FD_SEEK 0x40
#define FD_TIMEOUT 0x80

/* A drive's state in the BDA, 90h: rate in bits 6-7, and these; bits 0-2 say it in IBM's code. */
#define DOUBLE_STEP 0x20
#define KNOWN 0x10
#define DEFAULT_N 2

/* By CMOS drive type: last track, sectors, and the data rates to try (CCR), FFh: no more. */
static const struct { u8 last, spt, rates[3]; } kinds[7] = {
    { 0, 0, { 0xFF, 0xFF, 0xFF } },
    { 39, 9, { 2, 0xFF, 0xFF } },
    { 79, 15, { 0, 1, 0xFF } },
    { 79, 9, { 2, 0xFF, 0xFF } },
    { 79, 18, { 0, 2, 0xFF } },
    { 79, 36, { 3, 0, 2 } },
    { 79, 36, { 3, 0, 2 } },
};

/* Parameters as INT 1Eh has them: two bytes for SPECIFY, ticks until the motor stops, N, sectors, gap, data length, gap and
   fill byte of FORMAT, head settling in ms, motor start in 1/8 s. */
extern const u8 floppy_parameters[];            /* 1.44M, where the AT has its table */
static const u8 parameters_360k[11] = { 0xDF, 0x02, 0x25, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 15, 8 };
static const u8 parameters_1200k[11] = { 0xDF, 0x02, 0x25, 2, 15, 0x1B, 0xFF, 0x54, 0xF6, 15, 8 };
static const u8 parameters_720k[11] = { 0xAF, 0x02, 0x25, 2, 9, 0x2A, 0xFF, 0x50, 0xF6, 15, 8 };
static const u8 parameters_2880k[11] = { 0xAF, 0x02, 0x25, 2, 36, 0x1B, 0xFF, 0x53, 0xF6, 15, 8 };

/* The disks that INT 13h knows: kinds of drives (a bit each) that take them, last track, sectors, rate, state, parameters. */
static const struct { u8 drives, last, spt, rate, state; const u8 *parameters; } disks[6] = {
    { 1 << 1, 39, 9, 2, 3, parameters_360k },
    { 1 << 2, 39, 9, 1, 4 | DOUBLE_STEP, parameters_360k },
    { 1 << 2, 79, 15, 0, 5, parameters_1200k },
    { 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6, 79, 9, 2, 7, parameters_720k },
    { 1 << 4 | 1 << 5 | 1 << 6, 79, 18, 0, 7, floppy_parameters },
    { 1 << 5 | 1 << 6, 79, 36, 3, 7, parameters_2880k },
};

static u8 drive_kind(u8 unit)
{
    u8 types = cmos_read(0x10), kind = unit == 0 ? types >> 4 : unit == 1 ? types & 15 : 0;
    return kind < ARRAY_SIZE(kinds) ? kind : 0;
}

void HANDLER int0e(struct regs *r)
{
    (void)r;
    poke8(BDA, BDA_FD_RECAL, peek8(BDA, BDA_FD_RECAL) | IRQ_CAME);
    eoi_master();
}

void floppy_tick(void)
{
    u8 left = peek8(BDA, BDA_FD_TIMER);
    if (!left)
        return;
    poke8(BDA, BDA_FD_TIMER, --left);
    if (!left) {
        u8 motors = peek8(BDA, BDA_FD_MOTOR);
        if (motors & 0x0F) {
            poke8(BDA, BDA_FD_MOTOR, motors & 0xF0);
            outb(DOR, 0x0C);
        }
    }
}

static int wait_interrupt(void)
{
    u32 start = clock_now();
    while (!(peek8(BDA, BDA_FD_RECAL) & IRQ_CAME)) {
        if (clock_now() - start > 18 * 5)
            return 0;
        if (irq_open(6) && irq_open(0))
            wait_irq();
        else
            yield();
    }
    poke8(BDA, BDA_FD_RECAL, peek8(BDA, BDA_FD_RECAL) & ~IRQ_CAME);
    return 1;
}

static int wait_fifo(u8 direction)
{
    for (u32 i = 0; i < 200000; i++)
        if ((inb(MSR) & (MSR_RQM | MSR_DIO)) == (MSR_RQM | direction))
            return 1;
    return 0;
}

static int send(const u8 *bytes, u8 count)
{
    poke8(BDA, BDA_FD_RECAL, peek8(BDA, BDA_FD_RECAL) & ~IRQ_CAME);
    for (u8 i = 0; i < count; i++) {
        if (!wait_fifo(0))
            return 0;
        outb(FIFO, bytes[i]);
    }
    return 1;
}

static int take(u8 count)
{
    for (u8 i = 0; i < count; i++) {
        if (!wait_fifo(MSR_DIO))
            return 0;
        poke8(BDA, BDA_FD_RESULT + i, inb(FIFO));
    }
    return 1;
}

static int sense(void)
{
    static const u8 command[1] = { SENSE_INTERRUPT };
    return send(command, 1) && take(2);
}

/* INT 1Eh points at the parameters; programs change them. */
static u8 parameter(u8 n)
{
    u16 off = peek16(0, 0x1E * 4), seg = peek16(0, 0x1E * 4 + 2);
    return peek8(seg, off + n);
}

static int own_parameters(void)
{
    return peek16(0, 0x1E * 4 + 2) == 0xF000 && peek16(0, 0x1E * 4) == (u16)(u32)floppy_parameters;
}

static int specify(void)
{
    u8 command[3] = { SPECIFY, parameter(0), parameter(1) & 0xFE };
    return send(command, 3);
}

static int controller_reset(void)
{
    u8 flags = peek8(BDA, BDA_FD_RECAL), motors = peek8(BDA, BDA_FD_MOTOR);
    poke8(BDA, BDA_FD_RECAL, flags & ~(IRQ_CAME | 0x0F));
    outb(0x21, inb(0x21) & 0xBF);
    outb(DOR, 0x08 | (motors & 3) << 4);
    inb(0x61);                          /* a microsecond; MSR must not be read, or QEMU takes the reset back */
    outb(DOR, 0x0C | (motors & 3) << 4);
    if (!wait_interrupt())
        return 0;
    for (u8 i = 0; i < 4; i++)
        if (!sense())
            return 0;
    return specify();
}

/* Drive on and selected.  The drives of this board are up to speed at once. */
static void motor(u8 unit)
{
    u8 motors = peek8(BDA, BDA_FD_MOTOR);
    poke8(BDA, BDA_FD_TIMER, 0xFF);
    poke8(BDA, BDA_FD_MOTOR, (motors & 0x8C) | 1 << unit | unit << 4);
    outb(DOR, 0x0C | unit | 0x10 << unit);
}

static u8 seek(u8 unit, u8 head, u8 cylinder)
{
    if (peek8(BDA, BDA_FD_MEDIA + unit) & DOUBLE_STEP)
        cylinder *= 2;
    u8 recalibrate[2] = { RECALIBRATE, unit };
    if (!(peek8(BDA, BDA_FD_RECAL) >> unit & 1)) {
        for (u8 i = 0; ; i++) {
            if (!send(recalibrate, 2) || !wait_interrupt() || !sense())
                return FD_TIMEOUT;
            if (!(peek8(BDA, BDA_FD_RESULT) & 0xC0))
                break;
            if (i)
                return FD_SEEK;
        }
        poke8(BDA, BDA_FD_RECAL, peek8(BDA, BDA_FD_RECAL) | 1 << unit);
        poke8(BDA, BDA_FD_TRACK + unit, 0);
    }
    if (peek8(BDA, BDA_FD_TRACK + unit) != cylinder) {
        u8 command[3] = { SEEK, head << 2 | unit, cylinder };
        if (!send(command, 3) || !wait_interrupt() || !sense())
            return FD_TIMEOUT;
        if (peek8(BDA, BDA_FD_RESULT) & 0xC0)
            return FD_SEEK;
        poke8(BDA, BDA_FD_TRACK + unit, cylinder);
    }
    return 0;
}

static u8 result_code(void)
{
    u8 st0 = peek8(BDA, BDA_FD_RESULT), st1 = peek8(BDA, BDA_FD_RESULT + 1);
    if (!(st0 & 0xC0))
        return 0;
    if (st1 & 0x02)
        return DISK_PROTECTED;
    if (st1 & 0x01)
        return FD_NO_ADDRESS;
    if (st1 & 0x20)
        return FD_CRC;
    if (st1 & 0x10)
        return FD_OVERRUN;
    if (st1 & 0x84)
        return FD_NO_SECTOR;
    return FD_CONTROLLER;
}

static void set_rate(u8 rate)
{
    outb(CCR, rate);
    poke8(BDA, BDA_FD_RATE, rate << 6);
}

/* The disk, if there is one, that is written at this rate in this kind of drive. */
static u8 disk_at(u8 kind, u8 rate)
{
    u8 i = 0;
    while (i < ARRAY_SIZE(disks) && !(disks[i].drives >> kind & 1 && disks[i].rate == rate))
        i++;
    return i;
}

static void set_media(u8 unit, u8 disk)
{
    poke8(BDA, BDA_FD_MEDIA + unit, disks[disk].rate << 6 | KNOWN | disks[disk].state);
}

/* Find the data rate at which sectors show, wherever the head is. */
static u8 try_rates(u8 unit, u8 head)
{
    u8 kind = drive_kind(unit);
    for (u8 i = 0; i < 3 && kinds[kind].rates[i] != 0xFF; i++) {
        u8 command[2] = { READ_ID, head << 2 | unit }, rate = kinds[kind].rates[i];
        set_rate(rate);
        if (!send(command, 2))
            return FD_TIMEOUT;
        if (!wait_interrupt()) {        /* no disk, no index pulses: the command never ends */
            controller_reset();
            return FD_TIMEOUT;
        }
        if (!take(7))
            return FD_CONTROLLER;
        if (!result_code()) {
            set_media(unit, disk_at(kind, rate));
            return 0;
        }
    }
    return FD_NO_ADDRESS;
}

/* Have the rate set and the state of the drive known.  Past the last track of a disk nothing shows. */
static u8 find_media(u8 unit, u8 head)
{
    u8 state = peek8(BDA, BDA_FD_MEDIA + unit), status;
    if (state & KNOWN) {
        set_rate(state >> 6);
        return 0;
    }
    poke8(BDA, BDA_FD_MEDIA + unit, state & ~DOUBLE_STEP);
    status = try_rates(unit, head);
    if (status == FD_NO_ADDRESS && peek8(BDA, BDA_FD_TRACK + unit)) {
        status = seek(unit, head, 0);
        if (!status)
            status = try_rates(unit, head);
    }
    return status;
}

/* Sectors of a track: what a program's own parameters say, or what the disk has. */
static u8 sectors(u8 unit)
{
    u8 told = parameter(4), disk = disk_at(drive_kind(unit), peek8(BDA, BDA_FD_MEDIA + unit) >> 6);
    return disk == ARRAY_SIZE(disks) || (told && !own_parameters()) ? told : disks[disk].spt;
}

/* Channel 2; 0 or the boundary error. */
static u8 dma_setup(u32 address, u32 bytes, u8 mode)
{
    if ((address & 0xFFFF) + bytes > 0x10000)
        return FD_BOUNDARY;
    outb(0x0A, 0x06);
    outb(0x0C, 0);
    outb(0x0B, mode);
    outb(0x04, address);
    outb(0x04, address >> 8);
    outb(0x81, address >> 16);
    outb(0x05, bytes - 1);
    outb(0x05, (bytes - 1) >> 8);
    outb(0x0A, 0x02);
    return 0;
}

/* What the channel has not moved. */
static u16 dma_left(void)
{
    outb(0x0C, 0);
    u16 low = inb(0x05);
    return (inb(0x05) << 8 | low) + 1;
}

/* DOR says whether the controller runs at all; the disk change line makes everything be looked for anew. */
static u8 prepare(u8 unit)
{
    if (!(peek8(BDA, BDA_FD_MOTOR) & 0x80) || irq_open(6) == 0) {
        if (!controller_reset())
            return FD_TIMEOUT;
        poke8(BDA, BDA_FD_MOTOR, peek8(BDA, BDA_FD_MOTOR) | 0x80);
    }
    motor(unit);
    if (inb(DIR) & 0x80) {
        u8 known = peek8(BDA, BDA_FD_MEDIA + unit) & KNOWN;
        poke8(BDA, BDA_FD_MEDIA + unit, peek8(BDA, BDA_FD_MEDIA + unit) & ~(KNOWN | DOUBLE_STEP));
        /* A step takes the line back if there is a disk. */
        poke8(BDA, BDA_FD_TRACK + unit, 0xFF);
        u8 status = seek(unit, 0, 1);
        if (!status)
            status = seek(unit, 0, 0);
        if (status)
            return status;
        if (inb(DIR) & 0x80)
            return FD_TIMEOUT;
        if (known)
            return FD_CHANGED;
    }
    return 0;
}

static void forget_media(u8 unit)
{
    poke8(BDA, BDA_FD_MEDIA + unit, peek8(BDA, BDA_FD_MEDIA + unit) & ~KNOWN);
}

static u8 run(u8 unit, const u8 *command, u8 count)
{
    if (!send(command, count))
        return FD_TIMEOUT;
    if (!wait_interrupt()) {
        controller_reset();
        return FD_TIMEOUT;
    }
    u8 status = take(7) ? result_code() : FD_CONTROLLER;
    if (status)
        forget_media(unit);             /* the rate is looked for anew the next time */
    return status;
}

/* AL becomes the number of sectors moved. */
static u8 transfer(struct regs *r)
{
    u8 unit = r->dl, cylinder = r->ch, head = r->dh, sector = r->cl, count = r->al, n = parameter(3), status;
    r->al = 0;
    if (head > 1 || !sector || !count || count > 72 || n > 7)
        return DISK_BAD_COMMAND;
    status = prepare(unit);
    if (!status)
        status = find_media(unit, head);
    if (!status)
        status = seek(unit, head, cylinder);
    if (status)
        return status;
    u32 bytes = (u32)count * (128 << n);
    if (r->ah == 0x04)
        status = dma_setup(0, bytes, 0x42);             /* VERIFY has no buffer */
    else
        status = dma_setup((u32)r->es * 16 + r->bx, bytes, r->ah == 0x02 ? 0x46 : 0x4A);
    if (status)
        return status;
    u8 command[9] = { r->ah == 0x03 ? WRITE : READ, head << 2 | unit, cylinder, head, sector, n, sectors(unit), parameter(5),
                      parameter(6) };
    status = run(unit, command, 9);
    r->al = (bytes - dma_left()) / (128 << n);
    return status;
}

static u8 format(struct regs *r)
{
    u8 unit = r->dl, count = r->al, status;
    if (r->dh > 1)
        return DISK_BAD_COMMAND;
    status = prepare(unit);
    if (status)
        return status;
    if (find_media(unit, 0))                            /* not formatted yet: as the drive's own disks */
        set_media(unit, disk_at(drive_kind(unit), kinds[drive_kind(unit)].rates[0]));
    set_rate(peek8(BDA, BDA_FD_MEDIA + unit) >> 6);
    status = seek(unit, r->dh, r->ch);
    if (status)
        return status;
    if (!count || !own_parameters())
        count = sectors(unit);
    status = dma_setup((u32)r->es * 16 + r->bx, (u32)count * 4, 0x4A);
    if (status)
        return status;
    u8 command[6] = { FORMAT, r->dh << 2 | unit, parameter(3), count, parameter(7), parameter(8) };
    return run(unit, command, 6);
}

/* Say what disk is to be formatted, by its place in the table above. */
static u8 set_type(u8 unit, u8 disk)
{
    u8 status = prepare(unit);
    if (status && status != FD_CHANGED)
        return status;
    set_media(unit, disk);
    return 0;
}

void floppy_service(struct regs *r)
{
    u8 number = r->dl, status = DISK_OK, disk, kind;
    if (shared.emulation.active && shared.emulation.drive == 0)
        r->dl--;                        /* a CD took the first place */
    u8 unit = r->dl;
    kind = unit < 2 ? drive_kind(unit) : 0;
    switch (r->ah) {
    case 0x00:
        if (cmos_read(0x10) && !controller_reset())
            status = FD_TIMEOUT;
        break;
    case 0x01:
        status = peek8(BDA, BDA_FD_STATUS);
        break;
    case 0x02:
    case 0x03:
    case 0x04:
        if (kind) {
            status = transfer(r);
        } else {
            status = r->dl < 2 ? FD_TIMEOUT : DISK_BAD_COMMAND;
            r->al = 0;
        }
        poke8(BDA, BDA_FD_TIMER, parameter(2));
        break;
    case 0x05:
        status = kind ? format(r) : FD_TIMEOUT;
        poke8(BDA, BDA_FD_TIMER, parameter(2));
        break;
    case 0x08: {
        u16 equipment = peek16(BDA, BDA_EQUIPMENT);
        r->dx = equipment & 1 ? (equipment >> 6 & 3) + 1 : 0;
        r->ax = 0;
        r->bx = kind;
        r->cx = 0;
        r->es = 0;
        r->di = 0;
        if (kind) {
            r->ch = kinds[kind].last;
            r->cl = kinds[kind].spt;
            r->dh = 1;
            for (disk = ARRAY_SIZE(disks) - 1; !(disks[disk].drives >> kind & 1); disk--)
                ;
            r->es = 0xF000;
            r->di = (u16)(u32)disks[disk].parameters;
        }
        set_cf(r, unit > 1);
        if (unit > 1)
            r->ah = DISK_BAD_COMMAND;
        return;
    }
    case 0x15:
        r->dl = number;
        r->ah = kind ? 2 : 0;           /* with a change line */
        set_cf(r, 0);
        return;
    case 0x16:
        status = kind ? prepare(unit) : FD_TIMEOUT;
        poke8(BDA, BDA_FD_TIMER, parameter(2));
        break;
    case 0x17:                          /* 1: 360K, 2: 360K in a 1.2M drive, 3: 1.2M, 4: 720K; as in the table */
        disk = r->al - 1;
        if (!kind)
            status = FD_TIMEOUT;
        else if (disk > 3 || !(disks[disk].drives >> kind & 1))
            status = DISK_BAD_COMMAND;
        else
            status = set_type(unit, disk);
        break;
    case 0x18:
        for (disk = 0; disk < ARRAY_SIZE(disks); disk++)
            if (disks[disk].drives >> kind & 1 && disks[disk].last == r->ch && disks[disk].spt == r->cl)
                break;
        if (!kind) {
            status = FD_TIMEOUT;
        } else if (disk == ARRAY_SIZE(disks)) {
            status = FD_MEDIA_TYPE;
        } else {
            status = set_type(unit, disk);
            if (!status) {
                r->es = 0xF000;
                r->di = (u16)(u32)disks[disk].parameters;
            }
        }
        break;
    default:
        status = DISK_BAD_COMMAND;
    }
    r->dl = number;
    r->ah = status;
    set_cf(r, status);
    poke8(BDA, BDA_FD_STATUS, status);
}
