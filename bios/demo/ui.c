/* Header, tabs, information bar, interrupt lights; what comes in, and who gets it. */
#include "screen.h"
#include "cursor.h"
#include "rtc.h"

#define STRIP_Y 66
#define INFO_Y 514
#define INFO_H 26
#define LIGHTS_Y 548
#define TABS_Y 570
#define TAB_H 24
#define TAB_PITCH (790 / TABS)
#define TAB_W (TAB_PITCH - 2)
#define TABS_X 5
#define CLOCK_X 662
#define FLOW_TICKS 8            /* between two steps of the flowing colours */
#define LIGHT_TICKS 12
#define REST_TICKS 20           /* a mouse that rests this long is reported */
#define F1 0x3B
#define F8 0x42
#define F9 0x43
#define F10 0x44
#define ESC 0x01

static const struct page *const pages[] = {
    &page_checks, &page_pci, &page_memory, &page_tables, &page_speed, &page_draw, &page_bricks, &page_video };
static const u8 page_keys[] = { F1, F1 + 1, F1 + 2, F1 + 3, F1 + 4, F1 + 5, F1 + 6, F9 };
#define PAGES ARRAY_SIZE(pages)
_Static_assert(ARRAY_SIZE(page_keys) == PAGES, "a key for each page");
#define RESET_TAB PAGES
#define OFF_TAB (PAGES + 1)
#define TABS (PAGES + 2)

struct pointer pointer = { 400, 300, 0, 0, 0, 0 };
u32 ui_ready;
static u32 current, shift, caps, ctrl, alt;
static u32 last_tick, last_second = ~0u, moved_at, to_report;
static u32 light_counts[16], lit, lights_drawn;
static char info[104];

static void tab(u32 i)
{
    static const char *const last[] = { "F8 Reset", "F10 Off" };
    const char *label = i < PAGES ? pages[i]->label : last[i - PAGES];
    s32 x = TABS_X + i * TAB_PITCH;
    box(x, TABS_Y, TAB_W, TAB_H, i == current ? C_BLUE : C_TILE);
    draw_text(x + (TAB_W - (s32)strlen(label) * 8) / 2, TABS_Y + 4, font16, i == current ? C_WHITE : C_DIM, label);
}

static char shown_time[9];
static u32 shown_day;

static void draw_clock(void)
{
    char text[9];
    format(text, sizeof text, "%02u:%02u:%02u", now.hour, now.minute, now.second);
    for (u32 i = 0; i < 8; i++) {
        char one[2] = { text[i], 0 };
        if (shown_time[i] == text[i])
            continue;
        ground(CLOCK_X + i * 16, 10, 16, 32);
        draw_big(CLOCK_X + i * 16, 10, 1, C_INK, one);
        shown_time[i] = text[i];
    }
}

static void draw_date(void)
{
    static const u8 offsets[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
    static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
    u32 y = now.year - (now.month < 3);
    if (shown_day == now.day)
        return;
    shown_day = now.day;
    char text[24];
    format(text, sizeof text, "%s %u-%02u-%02u", days[(y + y / 4 - y / 100 + y / 400 + offsets[(now.month + 11) % 12] + now.day) % 7],
           now.year, now.month, now.day);
    ground(600, 42, 190, 14);
    draw_text(790 - strlen(text) * 8, 42, font14, C_DIM, text);
}

static void lights(void)
{
    for (u32 i = 0; i < 16; i++) {
        u32 on = irq_count[i] != light_counts[i];
        light_counts[i] = irq_count[i];
        if (lights_drawn && (lit >> i & 1) == on)
            continue;
        box(44 + i * 20, LIGHTS_Y, 16, 12, on ? C_ORANGE : C_TILE);
        lit = (lit & ~(1 << i)) | on << i;
    }
    lights_drawn = 1;
}

void ui_info(const char *text)
{
    u32 i = 0;
    while (i < sizeof info - 1 && text[i] && info[i] == text[i])
        i++;
    if (!text[i] && !info[i] && i)
        return;
    format(info, sizeof info, "%s", text);
    box(MARGIN, INFO_Y, 780, INFO_H, C_DEEP);
    info[94] = 0;
    draw_text(MARGIN + 12, INFO_Y + 5, font16, C_INK, info);
}

/* All of it */
void ui_paint(void)
{
    theme_start();
    memset(shown_time, 0, sizeof shown_time);
    shown_day = lights_drawn = info[0] = 0;
    last_second = ~0u;
    ground(0, 0, 800, 600);
    draw_big(14, -2, 2, C_FLOW, "emu");
    draw_big(128, 10, 1, C_INK, "Demonstration");
    draw_format(130, 42, font14, C_DIM, "%s, %u MiB", processor.brand, (memory_kib() + 1023) / 1024);
    fill(0, STRIP_Y, 800, 3, C_FLOW);
    if (screen.base)
        for (u32 x = 0; x < 800; x++)
            for (u32 y = 0; y < 3; y++)
                screen.base[(STRIP_Y + y) * screen.pitch + x] = C_FLOW + (x >> 3 & (FLOW_STEPS - 1));
    draw_text(MARGIN + 4, LIGHTS_Y - 1, font14, C_FAINT, "IRQ");
    draw_format(400, LIGHTS_Y - 1, font14, C_FAINT, "Esc: back    COM1: page 1..%u, show 13, reset, off", PAGES);
    for (u32 i = 0; i < TABS; i++)
        tab(i);
    pages[current]->draw();
}

/* What lives by itself: flowing colours, lights, the clock. */
static void alive(void)
{
    static u32 flowed, lighted;
    if (!screen.base)
        return;
    if (ticks - flowed >= FLOW_TICKS) {
        flowed = ticks;
        theme_flow();
    }
    if (ticks - lighted >= LIGHT_TICKS) {
        lighted = ticks;
        lights();
    }
    if (rtc_seconds != last_second) {
        last_second = rtc_seconds;
        draw_clock();
        draw_date();
    }
}

void ui_idle(void) { alive(); }

int ui_shows(const struct page *page) { return pages[current] == page; }

void ui_show(u32 page)
{
    u32 before = current;
    if (page >= PAGES)
        return;
    if (pages[before]->leave)
        pages[before]->leave();
    current = page;
    tab(before);
    tab(current);
    ground(0, CONTENT_Y, 800, CONTENT_H);
    ui_info("");
    pages[page]->draw();
    say("DEMO page: %u", page + 1);
}

static void choose(u32 t)
{
    if (t < PAGES)
        ui_show(t);
    else if (t == RESET_TAB)
        reboot();
    else if (t == OFF_TAB)
        power_off();
}

static void lock(u32 code)
{
    u32 light = code == 0x3A ? LED_CAPS : code == 0x45 ? LED_NUM : code == 0x46 ? LED_SCROLL : 0;
    if (!light)
        return;
    keyboard_leds(leds ^ light);
    caps = (leds & LED_CAPS) != 0;
}

static void key(u32 code)
{
    u32 down = !(code & 0x80), plain = code & ~0x80u;
    if (plain == 0x2A || plain == 0x36)
        shift = down;
    if ((plain & 0xFF) == 0x1D)
        ctrl = down;
    if ((plain & 0xFF) == 0x38)
        alt = down;
    char letter = down ? key_letter(plain, shift, caps) : 0;
    if (down) {
        say("DEMO key: %s", key_name(plain, letter > ' ' ? letter : 0));
        lock(plain);
        if (ctrl && alt && (plain & 0xFF) == 0x53)
            reboot();
        for (u32 i = 0; i < PAGES; i++)
            if (plain == page_keys[i]) {
                choose(i);
                return;
            }
        if (plain == F8 || plain == F10) {
            choose(plain == F8 ? RESET_TAB : OFF_TAB);
            return;
        }
        if (plain == ESC && current) {
            ui_show(0);
            return;
        }
    }
    if (pages[current]->key)
        pages[current]->key(code, letter);
}

static s32 within(s32 v, s32 most) { return v < 0 ? 0 : v > most ? most : v; }

static void point_at(void)
{
    u8 before = pointer.buttons;
    CLI();
    s32 dx = mouse.dx, dy = mouse.dy, wheel = mouse.wheel;
    mouse.dx = mouse.dy = mouse.wheel = 0;
    pointer.buttons = mouse.buttons;
    STI();
    if (!dx && !dy && !wheel && pointer.buttons == before)
        return;
    if (dx || dy) {
        cursor_hide();
        pointer.x = within(pointer.x + dx, 799);
        pointer.y = within(pointer.y + dy, 599);
    }
    pointer.wheel = wheel;
    pointer.moved = dx || dy;
    pointer.pressed = pointer.buttons & ~before;
    moved_at = ticks;
    to_report = 1;
    if (wheel)
        say("DEMO wheel: %d", wheel);
    if (pointer.buttons != before)
        say("DEMO buttons: %u at %d,%d", pointer.buttons, pointer.x, pointer.y);
    if ((pointer.pressed & B_LEFT) && pointer.y >= TABS_Y && pointer.y < TABS_Y + TAB_H && pointer.x >= TABS_X)
        choose((pointer.x - TABS_X) / TAB_PITCH);
    else if (pages[current]->point)
        pages[current]->point(&pointer);
}

/* A line from COM1, or NULL; one that a picture on the whole screen has ended with comes next */
void ui_command(char *text)
{
    while (text && starts(text, "show "))
        text = video_show(text + 5);
    if (!text || !*text)
        return;
    if (same(text, "off"))
        power_off();
    else if (same(text, "reset"))
        reboot();
    else if (starts(text, "page ") && text[5] >= '1' && text[5] < '1' + (int)PAGES && !text[6])
        ui_show(text[5] - '1');
    else
        say("DEMO commands: page 1..%u, show 00..13, planes, unchained, panning, split or palette, reset, off", PAGES);
}

void ui_run(void)
{
    for (;;) {
        int code;
        CLI();
        if (ticks == last_tick)
            halt();
        STI();
        while ((code = key_read()) >= 0)
            key(code);
        point_at();
        ui_command(serial_command());
        if (ticks != last_tick) {
            last_tick = ticks;
            alive();
            if (pages[current]->tick)
                pages[current]->tick();
            if (to_report && ticks - moved_at >= REST_TICKS) {
                to_report = 0;
                say("DEMO mouse: %d,%d", pointer.x, pointer.y);
            }
        }
        cursor_show();
    }
}
