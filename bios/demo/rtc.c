/* The real-time clock's driver (MC146818). */
#include "rtc.h"

enum { SECONDS = 0, MINUTES = 2, HOURS = 4, DAY = 7, MONTH = 8, YEAR = 9, REGISTER_A, REGISTER_B, REGISTER_C, REGISTER_D, CENTURY = 0x32 };
#define B_24_HOURS 0x02
#define B_BINARY 0x04
#define B_UPDATE_INTERRUPT 0x10
#define UPDATE_ENDED 0x10
#define PM 0x80

volatile struct moment now;
volatile u32 rtc_seconds, rtc_span;

static u32 before;

static u32 number(u8 index, u8 b)
{
    u8 v = cmos_read(index);
    return b & B_BINARY ? v : (v >> 4) * 10 + (v & 15);
}

static void read(void)
{
    u8 b = cmos_read(REGISTER_B), pm = cmos_read(HOURS) & PM;
    u32 century = number(CENTURY, b);
    now.second = number(SECONDS, b);
    now.minute = number(MINUTES, b);
    now.hour = number(HOURS, b);
    if (!(b & B_24_HOURS)) {
        now.hour = (pm ? now.hour - (b & B_BINARY ? 128 : 80) : now.hour) % 12;
        now.hour += pm ? 12 : 0;
    }
    now.day = number(DAY, b);
    now.month = number(MONTH, b);
    now.year = number(YEAR, b) + (century >= 19 && century < 30 ? century : 20) * 100;
}

static void interrupt_8(void)
{
    if (!(cmos_read(REGISTER_C) & UPDATE_ENDED))
        return;
    rtc_span = ticks - before;
    before = ticks;
    rtc_seconds++;
    read();
}

void rtc_start(void)
{
    read();
    cmos_write(REGISTER_B, cmos_read(REGISTER_B) | B_UPDATE_INTERRUPT);
    cmos_read(REGISTER_C);
    irq_handle(8, interrupt_8);
}
