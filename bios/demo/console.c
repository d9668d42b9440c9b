/* The text screen, for machines without the graphics mode: the report's lines, scrolling. */
#include "screen.h"

#define TEXT ((u16 *)0xB8000)
#define COLUMNS 80
#define ROWS 25
#define GREY 0x0700

void console_line(const char *text)
{
    if (screen.base)
        return;
    copy32(TEXT, TEXT + COLUMNS, COLUMNS * (ROWS - 1) / 2);
    for (u32 i = 0; i < COLUMNS; i++)
        TEXT[(ROWS - 1) * COLUMNS + i] = GREY | (u8)(*text ? *text++ : ' ');
}
