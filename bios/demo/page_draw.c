/* A sheet to draw on with the mouse, and the keyboard with the keys that are down, each with its note. */
#include "screen.h"
#include "cursor.h"

#define SHEET_X 10
#define SHEET_Y CONTENT_Y
#define SHEET_W 780
#define SHEET_H 268
#define SWATCH_Y (SHEET_Y + SHEET_H + 8)
#define SWATCH 24
#define KEYS_Y (SWATCH_Y + SWATCH + 12)
#define KEY_SIZE 24
#define KEY_PITCH 26
#define THICK_MOST 16

static const u8 colours[] = { C_WHITE, C_SKY, C_PASS, C_YELLOW, C_ORANGE, C_FAIL, C_PURPLE, C_BLUE, C_FLOW };
static u32 colour = C_SKY, thick = 3, hue, kept;
static s32 last_x, last_y;
static u8 down[16];             /* a bit a key */
static int by_fm;               /* notes are the synthesiser's, not the speaker's */

/* The sheet waits below the visible picture while another page is shown. */
static u8 *row(u32 y, int hidden) { return screen.base + (hidden ? screen.height + y : SHEET_Y + y) * screen.pitch + SHEET_X; }

static int can_keep(void) { return vbe_info.memory_64k * 65536 >= screen.pitch * (screen.height + SHEET_H); }

static void keep(void)
{
    for (u32 y = 0; y < SHEET_H && can_keep(); y++)
        copy32(row(y, 1), row(y, 0), SHEET_W / 4);
    kept = 1;
}

static void swatches(void)
{
    fill(SHEET_X, SWATCH_Y - 3, SHEET_W, SWATCH + 6, C_DEEP);
    for (u32 i = 0; i < ARRAY_SIZE(colours); i++) {
        s32 x = SHEET_X + 4 + i * 32;
        if (colours[i] == colour)
            box(x - 3, SWATCH_Y - 3, SWATCH + 6, SWATCH + 6, C_INK);
        if (colours[i] == C_FLOW)
            for (u32 k = 0; k < SWATCH; k++)
                fill(x + k, SWATCH_Y, 1, SWATCH, C_FLOW + k * 2);
        else
            fill(x, SWATCH_Y, SWATCH, SWATCH, colours[i]);
    }
    draw_format(SHEET_X + 304, SWATCH_Y + 4, font16, C_INK, "brush %u", thick);
    draw_text(SHEET_X + 392, SWATCH_Y + 5, font14, C_DIM, "left draws, right wipes, wheel: brush, Del: new");
}

/* --- keyboard --- */

static const struct { u8 x, y, code, width; const char *label; } keys[] = {
    { 0, 0, 0x29, 0, "`" }, { 1, 0, 2, 0, "1" }, { 2, 0, 3, 0, "2" }, { 3, 0, 4, 0, "3" }, { 4, 0, 5, 0, "4" }, { 5, 0, 6, 0, "5" },
    { 6, 0, 7, 0, "6" }, { 7, 0, 8, 0, "7" }, { 8, 0, 9, 0, "8" }, { 9, 0, 10, 0, "9" }, { 10, 0, 11, 0, "0" }, { 11, 0, 12, 0, "-" },
    { 12, 0, 13, 0, "=" }, { 13, 0, 14, 1, "Bksp" },
    { 0, 1, 15, 0, "Tab" }, { 1, 1, 16, 0, "Q" }, { 2, 1, 17, 0, "W" }, { 3, 1, 18, 0, "E" }, { 4, 1, 19, 0, "R" }, { 5, 1, 20, 0, "T" },
    { 6, 1, 21, 0, "Y" }, { 7, 1, 22, 0, "U" }, { 8, 1, 23, 0, "I" }, { 9, 1, 24, 0, "O" }, { 10, 1, 25, 0, "P" }, { 11, 1, 26, 0, "[" },
    { 12, 1, 27, 0, "]" }, { 13, 1, 43, 1, "\\" },
    { 0, 2, 58, 0, "Cap" }, { 1, 2, 30, 0, "A" }, { 2, 2, 31, 0, "S" }, { 3, 2, 32, 0, "D" }, { 4, 2, 33, 0, "F" }, { 5, 2, 34, 0, "G" },
    { 6, 2, 35, 0, "H" }, { 7, 2, 36, 0, "J" }, { 8, 2, 37, 0, "K" }, { 9, 2, 38, 0, "L" }, { 10, 2, 39, 0, ";" }, { 11, 2, 40, 0, "'" },
    { 12, 2, 28, 2, "Enter" },
    { 0, 3, 42, 1, "Shift" }, { 2, 3, 44, 0, "Z" }, { 3, 3, 45, 0, "X" }, { 4, 3, 46, 0, "C" }, { 5, 3, 47, 0, "V" }, { 6, 3, 48, 0, "B" },
    { 7, 3, 49, 0, "N" }, { 8, 3, 50, 0, "M" }, { 9, 3, 51, 0, "," }, { 10, 3, 52, 0, "." }, { 11, 3, 53, 0, "/" }, { 12, 3, 54, 2, "Shift" },
};
/* White and black keys of a piano from C on: the rows A..' and W..P */
static const struct { u8 code; u16 hz; } notes[] = {
    { 30, 262 }, { 17, 277 }, { 31, 294 }, { 18, 311 }, { 32, 330 }, { 33, 349 }, { 20, 370 }, { 34, 392 }, { 21, 415 }, { 35, 440 },
    { 22, 466 }, { 36, 494 }, { 37, 523 }, { 24, 554 }, { 38, 587 }, { 25, 622 }, { 39, 659 }, { 40, 698 } };

static u32 note(u32 code)
{
    for (u32 i = 0; i < ARRAY_SIZE(notes); i++)
        if (notes[i].code == code)
            return notes[i].hz;
    return 0;
}

static void draw_key(u32 i)
{
    int is_down = down[keys[i].code >> 3] >> (keys[i].code & 7) & 1;
    s32 x = SHEET_X + 4 + keys[i].x * KEY_PITCH, y = KEYS_Y + keys[i].y * KEY_PITCH, w = KEY_SIZE + keys[i].width * KEY_PITCH;
    const char *label = keys[i].label;
    box(x, y, w, KEY_SIZE, is_down ? C_KEY_DOWN : C_KEY);
    if (label[1])
        draw_text(x + (w - (s32)strlen(label) * 8) / 2 + (keys[i].width ? 0 : 1), y + 8, font8, is_down ? C_BLACK : C_DIM, label);
    else
        draw_text(x + 8, y + 5, font14, is_down ? C_BLACK : note(keys[i].code) ? C_YELLOW : C_INK, label);
}

static void lights(void)
{
    static const char *const labels[] = { "Scroll", "Num", "Caps" };
    for (u32 i = 0; i < 3; i++) {
        s32 x = 440 + i * 90;
        box(x, KEYS_Y + 4, 14, 14, leds >> i & 1 ? C_PASS : C_EDGE);
        draw_text(x + 20, KEYS_Y + 4, font14, C_DIM, labels[i]);
    }
}

static void instrument(void)
{
    ground(440, KEYS_Y + 34, 350, 32);
    draw_format(440, KEYS_Y + 34, font14, C_DIM, "Yellow keys play notes on the %s;", by_fm ? "FM chip" : "PC speaker");
    draw_text(440, KEYS_Y + 50, font14, C_DIM, fm_find() ? "Tab changes the instrument." : "the row above has the black keys.");
}

static void draw(void)
{
    if (kept && screen.base && can_keep())
        for (u32 y = 0; y < SHEET_H; y++)
            copy32(row(y, 0), row(y, 1), SHEET_W / 4);
    else
        fill(SHEET_X, SHEET_Y, SHEET_W, SHEET_H, C_CANVAS);
    swatches();
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        draw_key(i);
    lights();
    instrument();
}

static void dab(s32 x, s32 y, u32 c)
{
    s32 from_x = x - (s32)thick / 2, from_y = y - (s32)thick / 2, w = thick, h = thick;
    if (from_x < SHEET_X) {
        w -= SHEET_X - from_x;
        from_x = SHEET_X;
    }
    if (from_y < SHEET_Y) {
        h -= SHEET_Y - from_y;
        from_y = SHEET_Y;
    }
    if (from_x + w > SHEET_X + SHEET_W)
        w = SHEET_X + SHEET_W - from_x;
    if (from_y + h > SHEET_Y + SHEET_H)
        h = SHEET_Y + SHEET_H - from_y;
    if (w > 0 && h > 0)
        fill(from_x, from_y, w, h, c);
}

static s32 magnitude(s32 v) { return v < 0 ? -v : v; }

static void stroke(s32 x, s32 y, int wipe)
{
    s32 dx = x - last_x, dy = y - last_y, steps = magnitude(dx) > magnitude(dy) ? magnitude(dx) : magnitude(dy);
    for (s32 i = 0; i <= steps; i++) {
        s32 px = last_x + (steps ? dx * i / steps : 0), py = last_y + (steps ? dy * i / steps : 0);
        dab(px, py, wipe ? C_CANVAS : colour == C_FLOW ? C_FLOW + (hue++ >> 2) % FLOW_STEPS : colour);
    }
}

static void point_(const struct pointer *p)
{
    if (p->wheel) {
        s32 t = (s32)thick - p->wheel;
        thick = t < 1 ? 1 : t > THICK_MOST ? THICK_MOST : t;
        swatches();
    }
    if (p->pressed && p->y >= SWATCH_Y && p->y < SWATCH_Y + SWATCH) {
        u32 i = (p->x - SHEET_X - 4) / 32;
        if (p->x >= SHEET_X && i < ARRAY_SIZE(colours)) {
            colour = colours[i];
            swatches();
        }
    }
    if (p->pressed) {
        last_x = p->x;
        last_y = p->y;
    }
    if ((p->buttons & (B_LEFT | B_RIGHT)) && last_y >= SHEET_Y && last_y < SHEET_Y + SHEET_H) {
        stroke(p->x, p->y, p->buttons & B_RIGHT);
    } else if (p->buttons) {
        /* began elsewhere */
        return;
    }
    last_x = p->x;
    last_y = p->y;
}

static void key(u32 code, char letter)
{
    u32 plain = code & 0x7F, is_down = !(code & 0x80);
    if (is_down) {
        ground(440, KEYS_Y + 80, 350, 16);
        draw_format(440, KEYS_Y + 80, font16, C_INK, "%s, scan code %s%02x", key_name(code, letter > ' ' ? letter : 0),
                    code & 0x100 ? "E0 " : "", plain);
    }
    if (code == 0x153) {
        fill(SHEET_X, SHEET_Y, SHEET_W, SHEET_H, C_CANVAS);
        return;
    }
    if (code & 0x100)
        return;
    if (is_down)
        down[plain >> 3] |= 1 << (plain & 7);
    else
        down[plain >> 3] &= ~(1 << (plain & 7));
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        if (keys[i].code == plain)
            draw_key(i);
    if (is_down && plain == 15 && fm_find()) {
        by_fm = !by_fm;
        instrument();
    }
    if (note(plain)) {
        if (by_fm)
            (is_down ? fm_play : fm_release)(note(plain));
        else if (is_down)
            tone(note(plain), 20);
    }
    lights();
}

static void leave(void)
{
    memset(down, 0, sizeof down);
    cursor_hide();
    if (screen.base)
        keep();
}

const struct page page_draw = { "F6 Draw", draw, NULL, key, point_, leave };
