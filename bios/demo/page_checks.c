/* The first page: a tile for every check. */
#include "screen.h"

#define COLUMNS 5
#define WIDTH 151
#define HEIGHT 56
#define PITCH_X 157
#define PITCH_Y 62
#define TEXT_X 12
#define TEXT_CHARS 17
#define LINES 2

static const u16 good[] = { 0x0018, 0x0030, 0x0060, 0x80C0, 0xC180, 0x6300, 0x3600, 0x1C00, 0x0800 };
static const u16 missing[] = { 0, 0, 0, 0, 0xFF00, 0xFF00, 0, 0, 0 };
static const u16 bad[] = { 0xC180, 0x6300, 0x3600, 0x1C00, 0x1C00, 0x3600, 0x6300, 0xC180, 0 };
static const u16 busy[] = { 0, 0, 0, 0xC6C0, 0xC6C0, 0, 0, 0, 0 };
static u32 hovered = ~0u;

static const struct { const u16 *symbol; u8 colour; } looks[] = {
    [WAITING] = { NULL, C_EDGE }, [RUNNING] = { busy, C_RUN }, [PASS] = { good, C_PASS }, [ABSENT] = { missing, C_ABSENT }, [FAIL] = { bad, C_FAIL } };

/* Up to two lines, broken at a space where there is one. */
static void wrapped(s32 x, s32 y, u32 colour, const char *text)
{
    for (u32 line = 0; line < LINES && *text; line++, y += 14) {
        char part[TEXT_CHARS + 1];
        u32 n = strlen(text), skip = 0;
        if (n > TEXT_CHARS) {
            for (n = TEXT_CHARS; n && text[n] != ' '; n--)
                ;
            if (n)
                skip = 1;
            else
                n = TEXT_CHARS;
        }
        memcpy(part, text, n);
        part[n] = 0;
        draw_text(x, y, font14, colour, part);
        text += n + skip;
    }
}

void draw_tile(u32 i)
{
    const struct check *c = &checks[i];
    s32 x = MARGIN + i % COLUMNS * PITCH_X, y = CONTENT_Y + i / COLUMNS * PITCH_Y;
    u32 ground_colour = i == hovered ? C_HOVER : C_TILE, colour = looks[c->status].colour;
    if (!ui_shows(&page_checks))
        return;
    box(x, y, WIDTH, HEIGHT, ground_colour);
    fill(x, y + 3, 3, HEIGHT - 6, colour);
    draw_text(x + TEXT_X, y + 5, font16, c->status == ABSENT || c->status == WAITING ? C_DIM : C_INK, c->title);
    if (looks[c->status].symbol)
        draw_bitmap(x + WIDTH - 22, y + 8, looks[c->status].symbol, 9, colour);
    wrapped(x + TEXT_X, y + 23, c->status == FAIL ? C_FAIL : c->status == ABSENT ? C_FAINT : C_DIM, c->status == ABSENT && !c->text[0] ? "none" : c->text);
}

static void summary(void)
{
    char text[104];
    u32 failed = count_status(FAIL);
    if (!ui_ready)
        format(text, sizeof text, "Trying every part of this machine ...");
    else
        format(text, sizeof text, "%u parts work, %u are not there, %u fail%s", count_status(PASS), count_status(ABSENT), failed,
               failed ? "." : ".  Point at one to learn more.");
    ui_info(text);
}

static void draw(void)
{
    hovered = ~0u;
    for (u32 i = 0; i < check_count; i++)
        draw_tile(i);
    summary();
}

static void point_(const struct pointer *p)
{
    u32 over = ~0u, before = hovered;
    s32 column = (p->x - MARGIN) / PITCH_X, row = (p->y - CONTENT_Y) / PITCH_Y;
    if (p->x >= MARGIN && p->y >= CONTENT_Y && column < COLUMNS && (u32)(row * COLUMNS + column) < check_count)
        over = row * COLUMNS + column;
    if (over == before)
        return;
    hovered = over;
    if (before != ~0u)
        draw_tile(before);
    if (over == ~0u) {
        summary();
        return;
    }
    char text[104];
    const struct check *c = &checks[over];
    draw_tile(over);
    format(text, sizeof text, "%s: %s%s%s", c->title, c->status == ABSENT && !c->text[0] ? "none" : c->text, c->detail[0] ? "; " : "", c->detail);
    ui_info(text);
}

static void tick(void)
{
    static u32 shown;
    if (ui_ready != shown && hovered == ~0u) {
        shown = ui_ready;
        summary();
    }
}

const struct page page_checks = { "F1 Checks", draw, tick, NULL, point_, NULL };
