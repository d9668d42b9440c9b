/* Timer tick (IRQ 0), real-time clock (IRQ 8), INT 1Ah time services, waits. */
#include "services.h"

#define TICKS_A_DAY 0x1800B0
#define RTC_PIE 0x40
#define RTC_AIE 0x20
#define PERIOD 976              /* microseconds of the RTC's 1024 Hz */

void pci_service(struct regs *r);

/* Ticks of the 1.19 MHz counter of channel 0 since this tick began are not needed here: ticks of 55 ms will do. */
u32 clock_now(void) { return peek32(BDA, BDA_TICKS); }

void HANDLER int08(struct regs *r)
{
    struct regs user;
    (void)r;
    u32 ticks = peek32(BDA, BDA_TICKS) + 1;
    if (ticks >= TICKS_A_DAY) {
        ticks = 0;
        poke8(BDA, BDA_MIDNIGHT, peek8(BDA, BDA_MIDNIGHT) + 1);
    }
    poke32(BDA, BDA_TICKS, ticks);
    floppy_tick();
    memset(&user, 0, sizeof user);
    user.ds = BDA;
    call_int(0x1C, &user);
    eoi_master();
}

static int rtc_updating(void)
{
    for (u16 i = 0; i < 5000; i++)
        if (!(cmos_read(0x0A) & 0x80))
            return 0;
    return 1;
}

static void wait_start(u16 seg, u16 off, u32 microseconds, u8 kind)
{
    poke16(BDA, BDA_WAIT_FLAG, off);
    poke16(BDA, BDA_WAIT_FLAG + 2, seg);
    poke32(BDA, BDA_WAIT_COUNT, microseconds);
    poke8(BDA, BDA_WAIT_ACTIVE, kind);
    outb(0xA1, inb(0xA1) & 0xFE);
    cmos_write(0x0A, 0x26);             /* 1024 Hz */
    cmos_read(0x0C);
    cmos_write(0x0B, cmos_read(0x0B) | RTC_PIE);
}

static void wait_stop(void)
{
    poke8(BDA, BDA_WAIT_ACTIVE, 0);
    cmos_write(0x0B, cmos_read(0x0B) & ~RTC_PIE);
}

/* INT 15h AH = 83h: a wait that ends by setting bit 7 of a byte. */
void event_wait(struct regs *r)
{
    if (r->al == 1) {
        wait_stop();
        set_cf(r, 0);
        return;
    }
    if (r->al || peek8(BDA, BDA_WAIT_ACTIVE) & 1) {
        r->ah = r->al ? 0x86 : 0x83;
        set_cf(r, 1);
        return;
    }
    wait_start(r->es, r->bx, (u32)r->cx << 16 | r->dx, 1);
    set_cf(r, 0);
}

/* INT 15h AH = 86h */
void delay(struct regs *r)
{
    if (peek8(BDA, BDA_WAIT_ACTIVE) & 1) {
        r->ah = 0x83;
        set_cf(r, 1);
        return;
    }
    wait_start(BDA, BDA_WAIT_ACTIVE, (u32)r->cx << 16 | r->dx, 1);
    while (!(peek8(BDA, BDA_WAIT_ACTIVE) & 0x80))
        wait_irq();
    poke8(BDA, BDA_WAIT_ACTIVE, 0);
    r->ah = 0;
    set_cf(r, 0);
}

void HANDLER int70(struct regs *r)
{
    (void)r;
    u8 enabled = cmos_read(0x0B);
    u8 why = cmos_read(0x0C) & enabled;
    if (why & RTC_AIE) {
        struct regs user;
        memset(&user, 0, sizeof user);
        call_int(0x4A, &user);
    }
    if (why & RTC_PIE && peek8(BDA, BDA_WAIT_ACTIVE)) {
        u32 left = peek32(BDA, BDA_WAIT_COUNT);
        if (left > PERIOD) {
            poke32(BDA, BDA_WAIT_COUNT, left - PERIOD);
        } else {
            u16 off = peek16(BDA, BDA_WAIT_FLAG), seg = peek16(BDA, BDA_WAIT_FLAG + 2);
            wait_stop();
            poke8(seg, off, peek8(seg, off) | 0x80);
        }
    }
    eoi_slave();
}

static void set_running(void)
{
    cmos_write(0x0A, 0x26);
    cmos_write(0x0B, cmos_read(0x0B) & 0x7F);
}

void HANDLER int1a(struct regs *r)
{
    set_cf(r, 0);
    switch (r->ah) {
    case 0x00:
        r->cx = peek16(BDA, BDA_TICKS + 2);
        r->dx = peek16(BDA, BDA_TICKS);
        r->ax = peek8(BDA, BDA_MIDNIGHT);
        poke8(BDA, BDA_MIDNIGHT, 0);
        return;
    case 0x01:
        poke16(BDA, BDA_TICKS + 2, r->cx);
        poke16(BDA, BDA_TICKS, r->dx);
        poke8(BDA, BDA_MIDNIGHT, 0);
        r->ah = 0;
        return;
    case 0x02:
        if (rtc_updating())
            break;
        r->dh = cmos_read(0x00);
        r->cl = cmos_read(0x02);
        r->ch = cmos_read(0x04);
        r->dl = cmos_read(0x0B) & 1;
        r->ax = r->ch;
        return;
    case 0x03:
        if (rtc_updating())
            set_running();
        cmos_write(0x00, r->dh);
        cmos_write(0x02, r->cl);
        cmos_write(0x04, r->ch);
        cmos_write(0x0B, (cmos_read(0x0B) & 0x60) | 2 | (r->dl & 1));
        r->ah = 0;
        return;
    case 0x04:
        if (rtc_updating())
            break;
        r->cl = cmos_read(0x09);
        r->ch = cmos_read(0x32);
        r->dh = cmos_read(0x08);
        r->dl = cmos_read(0x07);
        r->ax = r->ch;
        return;
    case 0x05:
        if (rtc_updating())
            set_running();
        cmos_write(0x09, r->cl);
        cmos_write(0x08, r->dh);
        cmos_write(0x07, r->dl);
        cmos_write(0x32, r->ch);
        cmos_write(0x0B, cmos_read(0x0B) & 0x7F);
        r->ah = 0;
        return;
    case 0x06:
        if (cmos_read(0x0B) & RTC_AIE)
            break;
        cmos_write(0x01, r->dh);
        cmos_write(0x03, r->cl);
        cmos_write(0x05, r->ch);
        outb(0xA1, inb(0xA1) & 0xFE);
        cmos_write(0x0B, (cmos_read(0x0B) & 0x7F) | RTC_AIE);
        return;
    case 0x07:
        cmos_write(0x0B, cmos_read(0x0B) & (0xFF ^ RTC_AIE ^ 0x80));
        return;
    case 0xB1:
        pci_service(r);
        return;
    }
    set_cf(r, 1);
}
