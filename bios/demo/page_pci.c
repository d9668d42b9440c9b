/* PCI functions: who they are, where they decode. */
#include "screen.h"

#define ROW 22
#define FIRST_Y (CONTENT_Y + 34)
#define ROWS 17

static void draw(void)
{
    static const struct { s32 x; const char *text; } heads[] = {
        { 24, "Where" }, { 96, "Id" }, { 192, "What" }, { 330, "Which" }, { 466, "IRQ" }, { 514, "Addresses" } };
    box(MARGIN, CONTENT_Y, 780, 428, C_TILE);
    for (u32 i = 0; i < ARRAY_SIZE(heads); i++)
        draw_text(heads[i].x, CONTENT_Y + 10, font16, C_SKY, heads[i].text);
    if (!pci_count)
        draw_text(24, FIRST_Y, font16, C_DIM, "No PCI bus.");
    for (u32 i = 0; i < pci_count && i < ROWS; i++) {
        const struct pci *p = &pci[i];
        s32 y = FIRST_Y + i * ROW, x = 514;
        draw_format(24, y, font16, C_INK, "%02x:%02x.%u", p->bus, p->device, p->function);
        draw_format(96, y, font16, C_DIM, "%04x:%04x", p->vendor, p->id);
        draw_text(192, y, font16, C_INK, pci_class_name(p->class));
        draw_text(330, y, font16, C_INK, pci_name(p));
        if (p->pin)
            draw_format(466, y, font16, C_ORANGE, "%u", p->line);
        for (u32 b = 0; b < 6 && x < 700; b++)
            if (p->bar[b] & ~15u) {
                draw_format(x, y, font16, p->bar[b] & 1 ? C_YELLOW : C_PASS, p->bar[b] & 1 ? "%04x" : "%08x", p->bar[b] & ~(p->bar[b] & 1 ? 3u : 15u));
                x += p->bar[b] & 1 ? 48 : 80;
            }
    }
    draw_text(24, CONTENT_Y + 406, font14, C_YELLOW, "ports");
    draw_text(80, CONTENT_Y + 406, font14, C_PASS, "memory");
    draw_text(144, CONTENT_Y + 406, font14, C_ORANGE, "interrupt line");
}

const struct page page_pci = { "F2 PCI", draw, NULL, NULL, NULL, NULL };
