/* Scan codes of set 1 on a US keyboard. */
#include "screen.h"

static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

char key_letter(u32 code, int shift, int caps)
{
    if (code >= sizeof plain)
        return 0;
    char c = plain[code];
    if (c >= 'a' && c <= 'z' ? shift ^ caps : shift)
        c = shifted[code];
    return c;
}

const char *key_name(u32 code, char letter)
{
    static const struct { u16 code; const char *name; } names[] = {
        { 0x01, "Esc" }, { 0x0E, "Backspace" }, { 0x0F, "Tab" }, { 0x1C, "Enter" }, { 0x1D, "Ctrl" }, { 0x2A, "Shift" }, { 0x36, "Shift" },
        { 0x38, "Alt" }, { 0x39, "Space" }, { 0x3A, "CapsLock" }, { 0x45, "NumLock" }, { 0x46, "ScrollLock" }, { 0x11D, "RightCtrl" },
        { 0x138, "AltGr" }, { 0x147, "Home" }, { 0x148, "Up" }, { 0x149, "PageUp" }, { 0x14B, "Left" }, { 0x14D, "Right" }, { 0x14F, "End" },
        { 0x150, "Down" }, { 0x151, "PageDown" }, { 0x152, "Insert" }, { 0x153, "Delete" }, { 0x57, "F11" }, { 0x58, "F12" },
    };
    static char text[6];
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        if (names[i].code == code)
            return names[i].name;
    if (letter)
        format(text, sizeof text, "%c", letter);
    else if (code >= 0x3B && code <= 0x44)
        format(text, sizeof text, "F%u", code - 0x3A);
    else
        format(text, sizeof text, "%03x", code);
    return text;
}
