/* The real-time clock's driver (MC146818): once a second it interrupts, and the time is read. */
#ifndef RTC_H
#define RTC_H
#include "core.h"
struct moment { u32 year; u8 month, day, hour, minute, second; };
extern volatile struct moment now;
extern volatile u32 rtc_seconds;        /* interrupts since the start */
extern volatile u32 rtc_span;           /* ticks between the last two */
void rtc_start(void);
#endif
