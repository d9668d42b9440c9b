/* The VGA by its registers: its modes, and back to the picture of 800x600. */
#ifndef VGA_H
#define VGA_H
#include "screen.h"

/* As the VGA BIOS keeps a mode's registers; the first entry of its save pointer table leads to the table of them */
struct params { u8 columns, last_row, char_height; u16 page; u8 sequencer[4], misc, crtc[25], attribute[20], graphics[9]; } PACKED;

enum kind { TEXT_MODE, CGA_4, CGA_2, PLANAR, PACKED_256, UNCHAINED };
struct vga_mode { u8 number, kind; u16 width, height, colours; };
extern const struct vga_mode vga_modes[];
extern const u32 vga_mode_count;

/* vgamode.c */
int vga_modes_there(void);
void vga_set(const struct vga_mode *mode);
void vga_leave(void);                   /* to the 800x600 mode, whose picture has to be drawn anew */
void sequencer(u8 index, u8 value);
void graphics(u8 index, u8 value);
void crtc(u8 index, u8 value);
void attribute(u8 index, u8 value);
void dac(u8 index, u32 rgb);
u32 hue(u32 at);                        /* 0 to 255 around the circle of pure colours */
void vga_unchain(void);                 /* mode 13h becomes 320x240, four pixels an address */
void vga_start(u32 address);            /* taken at the next retrace */
void wait_retrace(void);

/* plot.c: a pixel, and what is made of pixels, in the mode in force */
void plot_mode(const struct vga_mode *mode);
void plot_page(u32 address, u32 pitch);         /* planar and unchained modes: where the picture is, and its line's addresses */
void plot(s32 x, s32 y, u32 colour);
void plot_fill(s32 x, s32 y, s32 w, s32 h, u32 colour);
void plot_line(s32 x0, s32 y0, s32 x1, s32 y1, u32 colour);
void plot_disc(s32 x, s32 y, s32 radius, u32 colour);
void plot_text(s32 x, s32 y, u32 colour, const char *text);

/* card.c: a still picture for each mode number */
void card(const struct vga_mode *mode);

/* motion.c */
struct exhibit { const char *name, *title; void (*start)(void); void (*step)(u32 n); };
extern const struct exhibit exhibits[];
extern const u32 exhibit_count;
#endif
