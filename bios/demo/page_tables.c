/* What the firmware left in memory: ACPI, SMBIOS, MP. */
#include "screen.h"

#define RIGHT_X 408
#define HALF_W 382
#define ROW 21

static s32 y;

static void line(s32 x, const char *name, const char *f, ...)
{
    char text[40];
    __builtin_va_list args;
    __builtin_va_start(args, f);
    vformat(text, sizeof text, f, args);
    __builtin_va_end(args);
    draw_text(x, y, font16, C_DIM, name);
    draw_text(x + 112, y, font16, C_INK, text);
    y += ROW;
}

static void draw(void)
{
    s32 x = RIGHT_X + 14;
    box(MARGIN, CONTENT_Y, HALF_W, 428, C_TILE);
    box(RIGHT_X, CONTENT_Y, HALF_W, 428, C_TILE);
    draw_text(24, CONTENT_Y + 10, font16, C_SKY, "ACPI table   at        bytes  maker");
    for (u32 i = 0; i < tables.count; i++) {
        const struct table *t = &tables.list[i];
        draw_format(24, CONTENT_Y + 36 + i * ROW, font16, C_INK, "%s         %08x  %5u  %s", t->signature, t->address, t->length, t->oem);
    }
    if (!tables.count)
        draw_text(24, CONTENT_Y + 36, font16, C_DIM, "none");
    y = CONTENT_Y + 10;
    draw_text(x, y, font16, C_SKY, "Power");
    y += 26;
    line(x, "RSDP", "%08x", tables.rsdp);
    line(x, "PM1a event", "%04x", tables.pm1a_event);
    line(x, "PM1a control", "%04x", tables.pm1a_control);
    line(x, "PM timer", "%04x", tables.pm_timer);
    line(x, "Off is type", tables.has_s5 ? "%u" : "not told", tables.s5);
    y += 10;
    draw_text(x, y, font16, C_SKY, "Interrupts");
    y += 26;
    line(x, "Local APIC", tables.local_apic ? "%08x" : "none", tables.local_apic);
    line(x, "I/O APIC", tables.io_apic ? "%08x" : "none", tables.io_apic);
    line(x, "MP table", tables.mp ? "%08x" : "none", tables.mp);
    y += 10;
    draw_text(x, y, font16, C_SKY, "SMBIOS");
    y += 26;
    if (tables.smbios) {
        line(x, "At", "%08x, %u structures", tables.smbios, tables.smbios_count);
        line(x, "System", "%s", tables.product);
        line(x, "BIOS", "%s", tables.bios_vendor);
        line(x, "Version", "%s", tables.bios_version);
    } else {
        line(x, "none", "");
    }
}

const struct page page_tables = { "F4 Tables", draw, NULL, NULL, NULL, NULL };
