/* Where the pointer is drawn, for those who draw. */
#ifndef CURSOR_H
#define CURSOR_H
#include "core.h"
extern struct cursor { s32 x, y, w, h; int shown; } cursor;
void cursor_hide(void);
static inline void below_cursor(s32 x, s32 y, s32 w, s32 h)
{
    if (cursor.shown && x < cursor.x + cursor.w && x + w > cursor.x && y < cursor.y + cursor.h && y + h > cursor.y)
        cursor_hide();
}
#endif
