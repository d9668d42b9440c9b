/* The VGA's modes: a list, and each of them on the whole screen until a key is pressed. */
#include "vga.h"
#include "cursor.h"

#define COLUMNS 4
#define WIDTH 189
#define HEIGHT 80
#define PITCH_X 197
#define PITCH_Y 87
#define STEP_TICKS 2
#define ENTER 0x1C
#define UP 0x148
#define LEFT 0x14B
#define RIGHT 0x14D
#define DOWN 0x150

static u32 chosen;

static u32 count(void) { return vga_mode_count + exhibit_count; }

static void tile(u32 i)
{
    s32 x = MARGIN + i % COLUMNS * PITCH_X, y = CONTENT_Y + i / COLUMNS * PITCH_Y;
    box(x, y, WIDTH, HEIGHT, i == chosen ? C_HOVER : C_TILE);
    fill(x, y + 3, 3, HEIGHT - 6, i == chosen ? C_SKY : C_EDGE);
    if (i < vga_mode_count) {
        const struct vga_mode *mode = &vga_modes[i];
        draw_format(x + 12, y + 12, font16, C_INK, "Mode %02xh", mode->number);
        draw_format(x + 12, y + 34, font14, C_DIM, "%ux%u %s", mode->width, mode->height, mode->kind == TEXT_MODE ? "characters" : "pixels");
        draw_format(x + 12, y + 52, font14, C_DIM, "%u colours", mode->colours);
    } else {
        const struct exhibit *exhibit = &exhibits[i - vga_mode_count];
        draw_text(x + 12, y + 12, font16, C_YELLOW, exhibit->title);
        draw_text(x + 12, y + 34, font14, C_DIM, exhibit->step ? "moves" : "stands");
    }
}

static void draw(void)
{
    if (!vga_modes_there()) {
        box(MARGIN, CONTENT_Y, 780, 60, C_TILE);
        draw_text(MARGIN + 12, CONTENT_Y + 22, font16, C_DIM, "There is no Bochs display interface, or the VGA BIOS has no table of modes.");
        return;
    }
    for (u32 i = 0; i < count(); i++)
        tile(i);
    ui_info("Arrows and Enter, or a click, show one; any key comes back.");
}

/* Shows one until a key, a button or a line on COM1 comes; gives the line. */
static char *show(u32 i)
{
    const struct exhibit *exhibit = i < vga_mode_count ? NULL : &exhibits[i - vga_mode_count];
    char *text = NULL;
    u32 last = ticks, n = 0, out = 0;
    if (!vga_modes_there())
        return NULL;
    chosen = i;
    cursor_hide();
    if (exhibit) {
        exhibit->start();
        if (exhibit->step)
            exhibit->step(n++);
    } else {
        vga_set(&vga_modes[i]);
        card(&vga_modes[i]);
    }
    if (exhibit)
        say("DEMO show: %s", exhibit->name);
    else
        say("DEMO show: %02x", vga_modes[i].number);
    mouse.buttons = 0;
    while (!out && !(text = serial_command())) {
        int code;
        halt();
        while ((code = key_read()) >= 0)
            out |= !(code & 0x80);
        out |= mouse.buttons;
        if (exhibit && exhibit->step && ticks - last >= STEP_TICKS) {
            last = ticks;
            exhibit->step(n++);
        }
    }
    vga_leave();
    ui_paint();
    say("DEMO shown");
    return text;
}

char *video_show(const char *name)
{
    char number[4];
    for (u32 i = 0; i < vga_mode_count; i++) {
        format(number, sizeof number, "%02x", vga_modes[i].number);
        if (same(name, number))
            return show(i);
    }
    for (u32 i = 0; i < exhibit_count; i++)
        if (same(name, exhibits[i].name))
            return show(vga_mode_count + i);
    say("DEMO show: unknown");
    return NULL;
}

static void choose(u32 i)
{
    u32 before = chosen;
    if (i >= count())
        return;
    chosen = i;
    tile(before);
    tile(i);
}

static void key(u32 code, char letter)
{
    (void)letter;
    if (!vga_modes_there())
        return;
    if (code == ENTER || code == (ENTER | 0x100))
        ui_command(show(chosen));
    else if (code == LEFT)
        choose(chosen - 1);
    else if (code == RIGHT)
        choose(chosen + 1);
    else if (code == UP)
        choose(chosen - COLUMNS);
    else if (code == DOWN)
        choose(chosen + COLUMNS);
}

static void point_(const struct pointer *p)
{
    s32 column = (p->x - MARGIN) / PITCH_X, row = (p->y - CONTENT_Y) / PITCH_Y;
    u32 i = row * COLUMNS + column;
    if (!vga_modes_there() || p->x < MARGIN || p->y < CONTENT_Y || column >= COLUMNS || i >= count())
        return;
    if (i != chosen)
        choose(i);
    if (p->pressed & B_LEFT)
        ui_command(show(i));
}

const struct page page_video = { "F9 Video", draw, NULL, key, point_, NULL };
