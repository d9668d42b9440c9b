/* The screen: 800x600 in 256 colours of our own; all drawing does nothing where that is not to be had. */
#ifndef SCREEN_H
#define SCREEN_H
#include "core.h"

enum {
    C_BLACK, C_INK, C_DIM, C_FAINT, C_TILE, C_HOVER, C_EDGE, C_PASS, C_FAIL, C_ABSENT, C_SKY, C_YELLOW, C_ORANGE, C_PURPLE, C_BLUE,
    C_WHITE, C_DEEP, C_CANVAS, C_RUN, C_KEY, C_KEY_DOWN, C_UNUSED,
    C_GROUND = 32,                      /* the background, from top to bottom */
    C_FLOW = 96,                        /* colours that flow */
};
#define GROUND_STEPS 64
#define FLOW_STEPS 64

struct font { const u8 *bits; u32 height; };
extern struct font font8, font14, font16;
extern struct screen { u8 *base; u32 pitch, width, height; } screen;

/* draw.c */
void screen_start(void);
void fill(s32 x, s32 y, s32 w, s32 h, u32 colour);
void box(s32 x, s32 y, s32 w, s32 h, u32 colour);           /* with round corners */
void ground(s32 x, s32 y, s32 w, s32 h);                    /* the background again */
void point(s32 x, s32 y, u32 colour);
void draw_text(s32 x, s32 y, struct font font, u32 colour, const char *text);
void draw_format(s32 x, s32 y, struct font font, u32 colour, const char *f, ...);
void draw_bitmap(s32 x, s32 y, const u16 *rows, u32 height, u32 colour);

/* big.c: letters magnified with smooth edges */
void draw_big(s32 x, s32 y, u32 doublings, u32 colour, const char *text);      /* C_FLOW: in flowing colours */

/* theme.c */
void theme_start(void);
void theme_flow(void);

/* console.c: the text screen, where there are no graphics */
void console_line(const char *text);

/* ui.c */
#define CONTENT_Y 76
#define CONTENT_H 436
#define MARGIN 10
enum { B_LEFT = 1, B_RIGHT = 2, B_MIDDLE = 4 };
struct pointer { s32 x, y, wheel; u8 buttons, pressed, moved; };
struct page {
    const char *label;
    void (*draw)(void);
    void (*tick)(void);
    void (*key)(u32 code, char letter);                     /* code as key_read gives it; letter 0 for others and releases */
    void (*point)(const struct pointer *p);
    void (*leave)(void);
};
extern struct pointer pointer;
extern u32 ui_ready;
void ui_paint(void);
void ui_command(char *text);
void ui_run(void);
void ui_idle(void);
void ui_show(u32 page);
int ui_shows(const struct page *page);
void ui_info(const char *text);
void cursor_show(void);
void draw_tile(u32 index);
extern const struct page page_checks, page_pci, page_memory, page_tables, page_speed, page_draw, page_bricks, page_video;

/* page_video.c */
char *video_show(const char *name);     /* gives the line on COM1 that ended it, or NULL */

/* keymap.c */
char key_letter(u32 code, int shift, int caps);
const char *key_name(u32 code, char letter);
#endif
